//! A scenario prepared for drawing by columns.

use rand_distr::Beta;

use super::alias::single;
use super::chance::{ByState, Chance};
use super::gamma::Betas;
use super::law::{Factors, Law, most};
use super::normal::LARGEST;
use crate::engine::sampler::score_laws;
use crate::policy::Checkpoint;
use crate::scenario::{CLEAN, Response, Scenario};

/// A scenario on its grid.
#[derive(Debug)]
pub(super) struct World {
    pub(super) stages: Vec<Stage>,
    pub(super) accepts: ByState<Chance>,
    /// Exponents, base 2 and per standard deviation of difficulty, of the factors by which
    /// difficulty tilts odds.
    pub(super) tilts: Vec<f32>,
    /// The same of the factor on token draws, where there is one.
    pub(super) length: Option<f32>,
    /// Validators with one verdict per fault that some policy consults.
    pub(super) sticky: Vec<usize>,
    pub(super) alarms: usize,
    pub(super) scores: usize,
}

/// A part of a generation.
#[derive(Debug)]
pub(super) struct Stage {
    pub(super) hazard: Hazard,
    /// P(back to clean), by state; the clean state's is of no meaning.
    pub(super) recovery: Option<ByState<Chance>>,
    /// Whether a fault that starts here may be a generation's second: sticky verdicts are drawn anew.
    pub(super) again: bool,
    pub(super) law: Law,
    pub(super) factors: Factors,
    pub(super) looks: Vec<Look>,
}

/// How faults start.
#[derive(Debug)]
pub(super) enum Hazard {
    None,
    /// Cumulative over the faults: (state, P(this or an earlier one starts)).
    Same(Vec<(i32, Chance)>),
    /// Odds against `clean`: (state, odds, index of the tilt).
    Tilted {
        clean: f32,
        faults: Vec<(i32, f32, usize)>,
    },
}

/// A validator that is consulted after a stage.
#[derive(Debug)]
pub(super) struct Look {
    pub(super) validator: usize,
    /// Index of its column among the alarms, or among the scores.
    pub(super) column: usize,
    pub(super) kind: LookKind,
}

#[derive(Debug)]
pub(super) enum LookKind {
    Alarm {
        chance: ByState<Chance>,
        /// Odds of the false alarm (for, against) and index of the tilt.
        tilted: Option<(f32, f32, usize)>,
        /// Index of the word that decides while a fault lasts.
        sticky: Option<usize>,
    },
    Score(Betas),
    /// One draw at a time: laws by state.
    SingleScore(Vec<Beta<f64>>),
}

/// Largest exponent by which difficulty may tilt odds.
const STEEPEST: f64 = 60.0;
/// Most cells that are counted apart, and most products of segments that are summed.
const MOST_CELLS: usize = 1 << 14;
/// What happens more seldom than this, or fails to, would feel the rounding of thresholds.
const RAREST: f64 = 1e-7;
/// Sums hold generations up to 2^50 units, 2^32 steps.
const MOST_STEPS: f64 = 4_294_967_296.0;

impl World {
    /// The scenario on a grid of step `step`, with the validators in `consulted` after each stage;
    /// none if it has early exit or correlated validators, is too steep, its tails too heavy, or the grid
    /// too coarse for it.
    pub(super) fn new(scenario: &Scenario, consulted: &[Vec<usize>], step: f64) -> Option<Self> {
        // Early exit and correlated validators are drawn by the plain kernel alone.
        if !scenario.probes().is_empty() || !scenario.correlated().is_empty() {
            return None;
        }
        let states = scenario.states().len();
        let sd = scenario.difficulty_sd();
        let per_sd = sd * std::f64::consts::LOG2_E;
        let mut tilts = Vec::new();
        let mut tilt = |effect: f64| {
            tilts.push(single(effect * per_sd));
            tilts.len() - 1
        };
        let faults = &scenario.spec().faults;
        let fault_tilts: Vec<usize> = faults
            .iter()
            .map(|f| {
                if sd > 0.0 {
                    tilt(f.difficulty_effect)
                } else {
                    0
                }
            })
            .collect();
        let mut sticky = Vec::new();
        let mut columns = (0, 0);
        let mut stages = Vec::new();
        for (k, validators) in consulted.iter().enumerate() {
            let looks = validators
                .iter()
                .map(|&v| look(scenario, v, &mut columns, &mut sticky, &mut tilt))
                .collect();
            let recovery: Vec<f64> = (0..faults.len()).map(|f| scenario.recovery(k, f)).collect();
            let recovers = |k: usize| (0..faults.len()).any(|f| scenario.recovery(k, f) > 0.0);
            let by_state: Vec<Chance> = std::iter::once(Chance::NEVER)
                .chain(recovery.iter().map(|&p| Chance::new(p)))
                .collect();
            stages.push(Stage {
                hazard: hazard(scenario, k, &fault_tilts),
                recovery: (k > 0 && recovers(k)).then(|| ByState::new(&by_state)),
                again: (1..k).any(recovers),
                law: Law::new(scenario, k, step)?,
                factors: Factors::new(scenario, k),
                looks,
            });
        }
        let steepest = tilts
            .iter()
            .fold(0.0, |top: f64, &t| top.max(f64::from(t).abs()));
        let longest: f64 = (0..stages.len()).map(|k| most(scenario, k)).sum();
        let cells = states * 2 * 10 * consulted.len();
        let products = consulted.len().pow(3) / 2;
        if steepest * LARGEST > STEEPEST
            || longest / step > MOST_STEPS
            || cells.max(products) > MOST_CELLS
            || has_rare_chances(scenario)
        {
            return None;
        }
        let chances: Vec<Chance> = scenario.accepts().iter().map(|&p| Chance::new(p)).collect();
        let length = scenario.length_effect() * per_sd;
        Some(Self {
            stages,
            accepts: ByState::new(&chances),
            tilts,
            length: (length != 0.0).then(|| single(length)),
            sticky,
            alarms: columns.0,
            scores: columns.1,
        })
    }
}

/// Whether some chance is so close to 0 or 1, and neither, that thresholds are too coarse for it.
fn has_rare_chances(scenario: &Scenario) -> bool {
    let at_zero = scenario.conditions(0.0);
    let stages = 0..scenario.stages().len();
    let recoveries = stages.flat_map(|k| {
        (0..scenario.spec().faults.len()).map(move |fault| scenario.recovery(k, fault))
    });
    let detections = scenario
        .validators()
        .iter()
        .flat_map(|v| match &v.response {
            Response::Alarm { detects, .. } => detects.clone(),
            Response::Score(_) => Vec::new(),
        });
    at_zero
        .hazard
        .iter()
        .flatten()
        .chain(&at_zero.false_alarm)
        .chain(scenario.accepts())
        .copied()
        .chain(recoveries)
        .chain(detections)
        .any(|p| p > 0.0 && p < RAREST || p < 1.0 && p > 1.0 - RAREST)
}

fn hazard(scenario: &Scenario, k: usize, tilts: &[usize]) -> Hazard {
    let at_mean = scenario.conditions(0.0);
    let hazard = &at_mean.hazard[k];
    let starting: Vec<usize> = (0..hazard.len()).filter(|&f| hazard[f] > 0.0).collect();
    let state = |f: usize| i32::try_from(f + 1).expect("few states");
    let effect = |f: &usize| scenario.spec().faults[*f].difficulty_effect;
    if starting.is_empty() {
        Hazard::None
    } else if scenario.difficulty_sd() > 0.0 && starting.iter().any(|f| effect(f) != 0.0) {
        let faults = starting.iter();
        Hazard::Tilted {
            clean: single(at_mean.stays_clean[k]),
            faults: faults
                .map(|&f| (state(f), single(hazard[f]), tilts[f]))
                .collect(),
        }
    } else {
        let mut sum = 0.0;
        let cumulative = starting.iter().map(|&f| {
            sum += hazard[f];
            // Hazards that are to sum to 1 do so whatever their rounding.
            let certain = at_mean.stays_clean[k] <= 0.0 && Some(&f) == starting.last();
            (state(f), Chance::new(if certain { 1.0 } else { sum }))
        });
        Hazard::Same(cumulative.collect())
    }
}

fn look(
    scenario: &Scenario,
    v: usize,
    columns: &mut (usize, usize),
    sticky: &mut Vec<usize>,
    tilt: &mut dyn FnMut(f64) -> usize,
) -> Look {
    let validator = &scenario.validators()[v];
    let (column, kind) = match &validator.response {
        Response::Score(laws) => {
            columns.1 += 1;
            let shapes: Vec<(f64, f64)> = laws.iter().map(|law| (law.a, law.b)).collect();
            let single = || LookKind::SingleScore(score_laws(&validator.response));
            let kind = Betas::new(&shapes).map_or_else(single, LookKind::Score);
            (columns.1 - 1, kind)
        }
        Response::Alarm {
            detects,
            false_alarm,
            sticky: is_sticky,
            difficulty_effect,
        } => {
            let moves = scenario.difficulty_sd() * difficulty_effect != 0.0;
            let between = *false_alarm > 0.0 && *false_alarm < 1.0;
            let chances: Vec<Chance> = std::iter::once(false_alarm)
                .chain(detects)
                .map(|&p| Chance::new(p))
                .collect();
            debug_assert_eq!(CLEAN, 0, "the clean state comes first");
            columns.0 += 1;
            let slot = is_sticky.then(|| {
                sticky.iter().position(|&s| s == v).unwrap_or_else(|| {
                    sticky.push(v);
                    sticky.len() - 1
                })
            });
            let kind = LookKind::Alarm {
                chance: ByState::new(&chances),
                tilted: (moves && between).then(|| {
                    (
                        single(*false_alarm),
                        single(1.0 - false_alarm),
                        tilt(*difficulty_effect),
                    )
                }),
                sticky: slot,
            };
            (columns.0 - 1, kind)
        }
    };
    Look {
        validator: v,
        column,
        kind,
    }
}

/// A policy in terms of the columns that its checkpoints read.
#[derive(Debug)]
pub(super) struct Judge(Vec<Vec<Seat>>);

/// What a checkpoint reads of one validator.
#[derive(Debug, Clone, Copy)]
pub(super) enum Seat {
    Alarm(usize),
    Score(usize),
}

impl Judge {
    pub(super) fn new(world: &World, policy: &[Checkpoint<usize>]) -> Self {
        let seat = |at: usize, v: usize| {
            let look = world.stages[at].looks.iter().find(|l| l.validator == v);
            let look = look.expect("every policy's validators are consulted");
            match look.kind {
                LookKind::Alarm { .. } => Seat::Alarm(look.column),
                LookKind::Score(_) | LookKind::SingleScore(_) => Seat::Score(look.column),
            }
        };
        Self(
            policy
                .iter()
                .map(|c| c.validators.iter().map(|&v| seat(c.at, v)).collect())
                .collect(),
        )
    }

    /// What each checkpoint reads.
    pub(super) fn checkpoints(&self) -> &[Vec<Seat>] {
        &self.0
    }
}
