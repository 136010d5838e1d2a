//! A search where candidates are too many to look at all of them.
//!
//! It begins with every pair of one checkpoint and one validator. In each round the best candidates
//! seen so far, in each of four bands of the false rejection rate, are changed in all ways by one
//! checkpoint or one validator, added or taken away. It ends with a round that betters no band. Nothing
//! is drawn. The path of the greedy search – always the best single addition that keeps the limit –
//! is walked too, so what is found never loses to it.

use std::collections::BTreeMap;

use super::search::{Candidate, Choice, Found, Front, Space, preference};
use crate::replay::CandidatesError;
use crate::study::Interrupt;

/// Candidates that are changed in each round, by band.
const WIDTH: usize = 6;
/// Upper ends of the bands, as shares of the limit of the false rejection rate.
const BANDS: [f64; 4] = [0.25, 0.5, 1.0, f64::INFINITY];

struct Beam<'s> {
    space: &'s Space<'s>,
    seen: BTreeMap<Choice, Option<Candidate>>,
}

pub(super) fn search(
    space: &Space<'_>,
    step: &(dyn Fn(f64) + Sync),
    interrupt: &Interrupt,
) -> Result<Option<Found>, CandidatesError> {
    let mut beam = Beam {
        space,
        seen: BTreeMap::new(),
    };
    let bits = space.grid.len() + space.validators;
    let mut pairs = Vec::new();
    for c in 0..space.grid.len() {
        for v in 0..space.validators {
            pairs.push(Choice {
                checkpoints: 1 << c,
                validators: 1 << v,
            });
        }
    }
    beam.look_at(pairs)?;
    beam.greedy(interrupt)?;
    let mut bests = beam.bests();
    for round in 0.. {
        if interrupt.raised() {
            return Ok(None);
        }
        // How many rounds it takes is not known; each adds about one bit.
        step(f64::from(round) / (f64::from(round) + bits as f64));
        let of_bands = BANDS.iter().flat_map(|&band| beam.in_band(band));
        let changed: Vec<Choice> = of_bands.flat_map(|c| beam.neighbours(c.choice)).collect();
        beam.look_at(changed)?;
        let now = beam.bests();
        if now == bests {
            break;
        }
        bests = now;
    }
    let mut front = Front::default();
    for candidate in beam.seen.values() {
        front.push(*candidate, space);
    }
    Ok(Some(front.found(beam.seen.len() as u64, false)))
}

impl Beam<'_> {
    /// Evaluates those of `choices` that were not seen yet.
    fn look_at(&mut self, mut choices: Vec<Choice>) -> Result<(), CandidatesError> {
        choices.retain(|choice| !self.seen.contains_key(choice));
        choices.sort_unstable();
        choices.dedup();
        let grid = self.space.grid;
        let policies: Vec<_> = choices.iter().map(|c| c.checkpoints(grid)).collect();
        let figures = self.space.columns.evaluate(&policies)?;
        for (choice, figures) in choices.into_iter().zip(figures) {
            let candidate = self.space.candidate(choice, figures);
            self.seen.insert(choice, candidate);
        }
        Ok(())
    }

    /// All choices that differ in one bit, neither set empty.
    fn neighbours(&self, choice: Choice) -> Vec<Choice> {
        let checkpoints = (0..self.space.grid.len()).map(|c| Choice {
            checkpoints: choice.checkpoints ^ (1 << c),
            ..choice
        });
        let validators = (0..self.space.validators).map(|v| Choice {
            validators: choice.validators ^ (1 << v),
            ..choice
        });
        let all = checkpoints.chain(validators);
        all.filter(|c| c.checkpoints > 0 && c.validators > 0)
            .collect()
    }

    /// The best candidates whose false rejection rate is at most `band` of the limit.
    fn in_band(&self, band: f64) -> Vec<Candidate> {
        let most = band * self.space.max_frr;
        let all = self.seen.values().flatten();
        let mut within: Vec<Candidate> = all
            .filter(|c| c.false_rejection_rate <= most)
            .copied()
            .collect();
        within.sort_unstable_by(preference);
        within.truncate(WIDTH);
        within
    }

    fn bests(&self) -> Vec<Option<Choice>> {
        let best = |&band: &f64| self.in_band(band).first().map(|c| c.choice);
        BANDS.iter().map(best).collect()
    }

    /// Walks the path of the greedy search.
    fn greedy(&mut self, interrupt: &Interrupt) -> Result<(), CandidatesError> {
        let mut current = self.in_band(1.0).first().copied();
        while let Some(candidate) = current.filter(|_| !interrupt.raised()) {
            let size = |c: Choice| c.checkpoints.count_ones() + c.validators.count_ones();
            let mut additions = self.neighbours(candidate.choice);
            additions.retain(|c| size(*c) > size(candidate.choice));
            self.look_at(additions.clone())?;
            let seen = additions.iter().filter_map(|c| self.seen[c]);
            let allowed = seen.filter(|c| c.false_rejection_rate <= self.space.max_frr);
            let best = allowed.min_by(preference);
            current = best.filter(|best| best.objective < candidate.objective);
        }
        Ok(())
    }
}
