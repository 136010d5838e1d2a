//! A log under stress: its labelled generations under a policy, and the figures of any [`Perturbation`].

use super::findings::LogFigures;
use super::mode::Mode;
use super::worst::{MOST_LEVELS, Victims};
use crate::estimate::{Column, Estimate, Estimates, Tally};
use crate::outcome::{Fold as _, Frame};
use crate::replay::{Change, Expected, Looks, Replay, Selection};
use crate::scenario::shift_log_odds;
use crate::study::Named;

/// With fewer events there is no interval.
const FEW: f64 = 10.0;

/// What is other than in the log.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Perturbation {
    /// Alarms out of nothing per look at a refused and at an accepted generation.
    pub added: [f64; 2],
    /// Probability that all alarms on a refused and on an accepted generation are withdrawn.
    pub withdrawn: [f64; 2],
    /// Covariate and level of the generations to which these two are confined.
    pub level: Option<(usize, u32)>,
    /// Probability that an alarm is lost, by validator; empty for none.
    pub lost: Vec<f64>,
    /// Tokens by which alarms come later.
    pub delay_tokens: f64,
    /// Places by which alarms are heard later.
    pub delay_looks: f64,
    /// Probability that a label is turned round.
    pub turned: f64,
    /// Probability of a rejection at the last look, by generation; empty for none.
    pub at_last: Vec<f64>,
}

/// The labelled generations of a log under a policy.
pub struct Subject<'r> {
    looks: Looks<'r>,
    selection: Selection,
    frame: Frame,
    /// Most generations of a prompt.
    most: u64,
    /// Rejections per look at refused and at accepted generations.
    rates: [Option<f64>; 2],
    victims: Victims,
    bias_informative: bool,
}

impl<'r> Subject<'r> {
    /// The generations of `replay` that have a label, told apart by the covariates number
    /// `covariates`.
    pub fn new(replay: &'r Replay<'r>, covariates: Vec<usize>) -> Self {
        let table = replay.table();
        let labelled = |i: &usize| table.rows()[*i].accepted.is_some();
        let mut rows: Vec<usize> = (0..table.rows().len()).filter(labelled).collect();
        rows.sort_by_key(|&i| table.rows()[i].prompt);
        let known = rows.iter().all(|&i| table.rows()[i].utility.is_some());
        let accepted = rows.iter().map(|&i| &table.rows()[i]);
        let mut utilities = accepted
            .filter(|row| row.accepted == Some(true))
            .filter_map(|row| row.utility);
        let first = utilities.next();
        let differs = |first: f64| utilities.any(|u| (u - first).abs() > f64::EPSILON);
        let bias_informative = known && first.is_some_and(differs);
        let selection = Selection {
            rows,
            covariates,
            utility: known,
        };
        let looks = Looks::new(replay);
        let (mut most, mut run, mut before) = (0, 0, None);
        let mut counts = [[0_u64; 2]; 2];
        for &i in &selection.rows {
            let row = &table.rows()[i];
            run = if before == Some(row.prompt) {
                run + 1
            } else {
                1
            };
            before = Some(row.prompt);
            most = most.max(run);
            let [rejected, taken] = &mut counts[usize::from(row.accepted == Some(true))];
            *rejected += u64::from(replay.judgement(i).stop.is_some());
            *taken += looks.taken(i) as u64;
        }
        let rate =
            |[rejected, taken]: [u64; 2]| (taken > 0).then(|| rejected as f64 / taken as f64);
        Self {
            frame: looks.frame(&selection),
            victims: Victims::new(&looks, &selection),
            rates: counts.map(rate),
            looks,
            selection,
            most,
            bias_informative,
        }
    }

    /// The looks.
    pub fn looks(&self) -> &Looks<'r> {
        &self.looks
    }

    /// The generations.
    pub fn selection(&self) -> &Selection {
        &self.selection
    }

    /// Rejections per look at refused and at accepted generations, today.
    pub fn rates(&self) -> [Option<f64>; 2] {
        self.rates
    }

    /// Whether the bias of what is retained can be other than 0 while labels are as they are.
    pub fn bias_informative(&self) -> bool {
        self.bias_informative
    }

    /// Number of prompts.
    pub(super) fn prompts(&self) -> u64 {
        let rows = self.looks.replay().table().rows();
        let mut prompts: Vec<usize> = self
            .selection
            .rows
            .iter()
            .map(|&i| rows[i].prompt)
            .collect();
        prompts.dedup();
        prompts.len() as u64
    }

    /// Why the log cannot say what the mode would be; nothing where it can.
    pub(super) fn inexpressible(&self, mode: Mode) -> Option<String> {
        let stuck = |rate: Option<f64>, whom: &str| match rate {
            None => Some(format!("no {whom} generation is looked at")),
            Some(rate) if rate <= 0.0 => Some(format!(
                "no {whom} generation is rejected today, and log-odds of 0 do not move (added-alarms \
                 needs no alarms of today)"
            )),
            Some(rate) if rate >= 1.0 => Some(format!(
                "every look at {whom} generations rejects today, and log-odds of 1 do not move"
            )),
            Some(_) => None,
        };
        match mode {
            Mode::FalseAlarmShift | Mode::Attribute { .. } => stuck(self.rates[1], "accepted"),
            Mode::SensitivityShift => stuck(self.rates[0], "refused"),
            Mode::WorstCase(Some(v)) => {
                let levels = self.looks.replay().table().covariates()[v].levels.len();
                (levels > MOST_LEVELS)
                    .then(|| format!("it has {levels} levels, more than {MOST_LEVELS}"))
            }
            _ => None,
        }
    }

    /// The level of covariate number `covariate` that a stress of it is about by default: the hardest
    /// where levels are pass rates, else that with the fewest accepted generations that are looked at.
    pub(super) fn stressed_level(&self, covariate: usize) -> Option<u32> {
        let table = self.looks.replay().table();
        let of = &table.covariates()[covariate];
        let mut counts = vec![0_u64; of.levels.len()];
        for &i in &self.selection.rows {
            let looked_at = !self.looks.of(i).is_empty();
            if table.rows()[i].accepted == Some(true) && looked_at {
                counts[table.level(covariate, i) as usize] += 1;
            }
        }
        let occurs = (0_u32..).zip(counts).filter(|(_, n)| *n > 0);
        let level = if of.name == "prompt_pass_rate" {
            occurs.map(|(l, _)| l).next()
        } else {
            occurs.min_by_key(|(_, n)| *n).map(|(l, _)| l)
        };
        level.filter(|_| of.levels.len() > 1)
    }

    /// The accepted and the retained by level.
    fn by_level(&self, covariate: usize) -> [Vec<f64>; 2] {
        let replay = self.looks.replay();
        let table = replay.table();
        let levels = table.covariates()[covariate].levels.len();
        let mut counts = [vec![0.0; levels], vec![0.0; levels]];
        for &i in &self.selection.rows {
            if table.rows()[i].accepted == Some(true) {
                let level = table.level(covariate, i) as usize;
                counts[0][level] += 1.0;
                counts[1][level] += f64::from(replay.judgement(i).stop.is_none());
            }
        }
        counts
    }

    /// The generations that a worst case of this strength rejects, each with its probability, and the
    /// levels that lose them.
    pub(super) fn victims(
        &self,
        of: Option<usize>,
        strength: f64,
    ) -> (Vec<(usize, f64)>, Vec<usize>) {
        let Some(covariate) = of else {
            return (self.victims.costliest(strength), Vec::new());
        };
        let [accepted, retained] = self.by_level(covariate);
        let table = self.looks.replay().table();
        let level = |i: usize| table.level(covariate, i) as usize;
        self.victims
            .most_shifting(strength, &accepted, level, &retained)
    }

    /// Tokens that victims save, and how many of them are complete.
    pub(super) fn saved(&self, taken: &[(usize, f64)]) -> (f64, f64) {
        self.victims.saved(taken)
    }

    /// The perturbation that `mode` is at `strength`.
    pub fn under(&self, mode: Mode, strength: f64) -> Perturbation {
        let mut made = Perturbation::default();
        let mut shift = |accepted: usize| {
            let rate = self.rates[accepted].unwrap_or(0.0);
            let shifted = shift_log_odds(rate, strength).0;
            if strength > 0.0 {
                made.added[accepted] = (shifted - rate) / (1.0 - rate);
            } else if strength < 0.0 {
                made.withdrawn[accepted] = 1.0 - shifted / rate;
            }
        };
        match mode {
            Mode::FalseAlarmShift => shift(1),
            Mode::SensitivityShift => shift(0),
            Mode::Attribute { covariate, level } => {
                shift(1);
                made.level = Some((covariate, level));
            }
            Mode::AddedAlarms => made.added = [strength; 2],
            Mode::Drop(of) => {
                let validators = 0..self.looks.replay().table().validators().len();
                let lost = |v| {
                    if of.is_none_or(|of| of == v) {
                        strength
                    } else {
                        0.0
                    }
                };
                made.lost = validators.map(lost).collect();
            }
            Mode::Delay => made.delay_tokens = strength,
            Mode::LateLooks => made.delay_looks = strength,
            Mode::LabelNoise => made.turned = strength,
            Mode::WorstCase(of) => {
                made.at_last = vec![0.0; self.looks.replay().table().rows().len()];
                for (i, part) in self.victims(of, strength).0 {
                    made.at_last[i] = part;
                }
            }
        }
        made
    }

    /// Generation number `row` as `perturbation` makes it.
    pub fn expected<'m>(&self, perturbation: &'m Perturbation, row: usize) -> Expected<'m> {
        let table = self.looks.replay().table();
        let accepted = usize::from(table.rows()[row].accepted == Some(true));
        let meant = |(v, level): (usize, u32)| table.level(v, row) == level;
        let of_level = perturbation.level.is_none_or(meant);
        let confined = |p: [f64; 2]| if of_level { p[accepted] } else { 0.0 };
        let is = accepted as f64;
        Expected {
            change: Change {
                added: confined(perturbation.added),
                withdrawn: confined(perturbation.withdrawn),
                lost: &perturbation.lost,
                delay_tokens: perturbation.delay_tokens,
                delay_looks: perturbation.delay_looks,
                at_last: perturbation.at_last.get(row).copied().unwrap_or(0.0),
            },
            accepted: (1.0 - perturbation.turned) * is + perturbation.turned * (1.0 - is),
        }
    }

    /// The figures of the log under `perturbation`.
    pub fn figures(&self, perturbation: &Perturbation) -> LogFigures {
        let mut tally = Tally::of_prompts(&self.frame, self.most);
        let of = |row| self.expected(perturbation, row);
        tally.fold(&self.looks.expected(&self.selection, of));
        let estimates = Estimates::new(&tally);
        let sum = |column| tally.mean(column).value * tally.prompts() as f64;
        let rejected = sum(Column::Count) - sum(Column::Surviving);
        let falsely = sum(Column::Accepted) - sum(Column::Retained);
        // Who is rejected in the worst case depends on the sample.
        let fixed = perturbation.at_last.is_empty();
        let with = |estimate: Estimate, events: f64| Estimate {
            ci: estimate.ci.filter(|_| fixed && events >= FEW),
            stderr: estimate.stderr.filter(|_| fixed && events >= FEW),
            ..estimate
        };
        let get = |name: &str| estimates.by_name.get(name).copied().unwrap_or_default();
        let informative = self.bias_informative || perturbation.turned > 0.0;
        let bias = if informative {
            get("retained_bias")
        } else {
            Estimate::default()
        };
        let shift = |(name, value): &(String, Estimate)| Named {
            name: name.clone(),
            value: with(*value, falsely),
        };
        LogFigures {
            savings: with(get("savings"), rejected),
            false_rejection_rate: with(get("false_rejection_rate"), falsely),
            detection_rate: with(get("detection_rate"), rejected - falsely),
            cost_ratio: with(get("cost_ratio"), rejected),
            null_cost_ratio: with(get("null_cost_ratio"), 0.0),
            retained_bias: with(bias, falsely),
            shifts: estimates.shifts.iter().map(shift).collect(),
        }
    }
}
