//! The plain kernel as twin of the fast one: on the same words both draw the same generation.

use std::collections::BTreeMap;

use super::column::{Column, ROWS};
use super::law::Law;
use super::normal::unit;
use super::world::{Hazard, Look, LookKind, Stage};
use crate::engine::draws::{Draw, Draws};
use crate::engine::sampler::TokenSampler;

/// What the last block has drawn, row by row, as the plain kernel asks for it.
#[derive(Debug, Default)]
pub(super) struct Record {
    drawn: BTreeMap<Draw, Vec<f64>>,
    /// Words of each alarm column.
    words: BTreeMap<usize, Vec<u32>>,
}

/// A word as the number that a [`Chance`](super::chance::Chance) makes of it.
fn rank(word: u32) -> f64 {
    (f64::from(word ^ (1 << 31)) + 0.5) / 4_294_967_296.0
}

/// A word as the number that is compared with tilted odds.
fn tilted(word: u32) -> f64 {
    f64::from(unit(word)) - 1e-10
}

impl Record {
    fn note(&mut self, draw: Draw, values: impl Iterator<Item = f64>) {
        self.drawn.insert(draw, values.collect());
    }

    pub(super) fn verdicts(&mut self, stage: usize, validators: &[usize], words: &[Column<u32>]) {
        for (&validator, words) in validators.iter().zip(words) {
            self.note(
                Draw::Verdict { stage, validator },
                words.iter().map(|&w| rank(w)),
            );
        }
    }

    pub(super) fn change(&mut self, stage: usize, what: &Stage, words: &Column<u32>) {
        let is_tilted = matches!(what.hazard, Hazard::Tilted { .. });
        let onset = |&w: &u32| if is_tilted { tilted(w) } else { rank(w) };
        self.note(Draw::Onset { stage }, words.iter().map(onset));
        self.note(Draw::Recovery { stage }, words.iter().map(|&w| rank(w)));
    }

    pub(super) fn tokens(&mut self, stage: usize, law: &Law, normal: &Column<f32>) {
        if matches!(law, Law::LogNormal { .. }) {
            self.note(Draw::Tokens { stage }, normal.iter().map(|&z| f64::from(z)));
        }
    }

    pub(super) fn words(&mut self, column: usize, words: &Column<u32>) {
        self.words.insert(column, words.to_vec());
    }

    pub(super) fn look(&mut self, stage: usize, look: &Look, scores: &[Column<f64>]) {
        let validator = look.validator;
        match &look.kind {
            LookKind::Score(_) | LookKind::SingleScore(_) => {
                let scores = scores[look.column].iter().copied();
                self.note(Draw::Score { stage, validator }, scores);
            }
            LookKind::Alarm { tilted: moves, .. } => {
                let words = self.words[&look.column].clone();
                let falsely = |&w: &u32| if moves.is_some() { tilted(w) } else { rank(w) };
                self.note(
                    Draw::FalseAlarm { stage, validator },
                    words.iter().map(falsely),
                );
                self.note(
                    Draw::Detection { stage, validator },
                    words.iter().map(|&w| rank(w)),
                );
            }
        }
    }

    pub(super) fn acceptance(&mut self, words: &Column<u32>) {
        self.note(Draw::Acceptance, words.iter().map(|&w| rank(w)));
    }
}

/// One row of a record.
struct Row<'r> {
    record: &'r Record,
    row: usize,
}

impl Row<'_> {
    fn get(&self, draw: Draw) -> Option<f64> {
        self.record.drawn.get(&draw).map(|column| column[self.row])
    }
}

impl Draws for Row<'_> {
    fn uniform(&mut self, draw: Draw) -> f64 {
        let first = match draw {
            // The words of a first fault are drawn before the first stage.
            Draw::Verdict { validator, .. } => self.get(Draw::Verdict {
                stage: 0,
                validator,
            }),
            _ => None,
        };
        // What nobody consults may be anything.
        self.get(draw).or(first).unwrap_or(0.5)
    }

    fn tokens(&mut self, draw: Draw, law: &TokenSampler) -> f64 {
        match law {
            TokenSampler::Fixed(value) => *value,
            TokenSampler::LogNormal { mu, sigma } => {
                libm::exp(mu + sigma * self.get(draw).expect("drawn"))
            }
            _ => panic!("the test's laws are fixed or log-normal"),
        }
    }

    fn score(&mut self, draw: Draw, _law: &rand_distr::Beta<f64>) -> f64 {
        self.get(draw).expect("drawn")
    }
}

use std::path::Path;

use super::{Batch, Block, Drawing, Lanes, Sink, dispatch};
use crate::engine::kernel::{Generation, Kernel};
use crate::outcome::OutcomeBatch;
use crate::scenario::Scenario;

/// Draws every row once more by the plain kernel.
struct Twin<'a, 's> {
    kernel: &'a Kernel<'s>,
    /// What the fast kernel wrote down of the same batch.
    fast: &'a OutcomeBatch,
    plain: OutcomeBatch,
}

impl Sink for Twin<'_, '_> {
    fn take(&mut self, block: &mut Block, first: usize, rows: usize) {
        let mut generation = Generation::default();
        for row in 0..rows {
            let prompt = self.kernel.prompt(f64::from(block.z[row]));
            let record = &block.record;
            self.kernel
                .draw(&prompt, &mut generation, &mut Row { record, row });
            let number = self.fast.prompt[first + row];
            self.kernel
                .record(0, number, &prompt, &generation, &mut self.plain);
        }
    }
}

const SCENARIO: &str = "
schema = 'foldem.scenario/1'
name = 'twin'
[difficulty]
sd = DIFFICULTY
length_effect = 0.1
[[fault]]
kind = 'x'
hazard = [0.08, 0.15, 0.1, 0.3]
difficulty_effect = 0.7
length_factor = 1.5
recovery = RECOVERY
[[fault]]
kind = 'y'
hazard = [0.1, 0.1, 0.05, 0.7]
difficulty_effect = -0.4
[[stage]]
name = 'a'
tokens = { dist = 'fixed', value = 30 }
[[stage]]
name = 'b'
tokens = { dist = 'lognormal', mean = 60, cv = 0.5 }
[[stage]]
name = 'c'
tokens = { dist = 'lognormal', mean = 90, cv = 1.1 }
[[stage]]
name = 'd'
tokens = { dist = 'lognormal', mean = 20, cv = 0.2 }
[[validator]]
name = 'sticky'
detects = { x = 0.4, y = 0.2 }
false_alarm = 0.1
sticky = true
difficulty_effect = 0.9
[[validator]]
name = 'sure'
detects = { x = 0.0, y = 1.0 }
false_alarm = 0.02
sticky = true
[[validator]]
name = 'score'
score = { clean = { dist = 'beta', a = 8, b = 2 }, faulty = { dist = 'beta', a = 3, b = 3 } }
[final_filter]
accepts = { clean = 0.9, x = 0.3 }
[utility]
clean = 0.9
[[policy.checkpoint]]
at = 'a'
validators = ['sticky']
cost_tokens = 0.5
[[policy.checkpoint]]
at = 'b'
validators = ['sure', 'score']
threshold = 0.3
[[policy.checkpoint]]
at = 'c'
validators = ['sticky', 'sure']
";

/// Tokens agree to within the grid and single precision, everything else exactly.
fn assert_twins(scenario: &Scenario, per_prompt: usize) {
    let kernel = Kernel::new(scenario, vec![scenario.checkpoints()]);
    let frame = kernel.frame(0);
    let lanes = Lanes::new(
        scenario,
        kernel.policies().to_vec(),
        kernel.consulted(),
        &frame,
    )
    .expect("within reach of the fast kernel");
    let batch = Batch {
        seed: 3,
        number: 5,
        rows: 40 * ROWS - 17,
        per_prompt,
        first_prompt: 1000,
    };
    let fast = lanes
        .outcomes(batch, vec![kernel.empty_batch(0, true)])
        .remove(0);
    let mut twin = Twin {
        kernel: &kernel,
        fast: &fast,
        plain: kernel.empty_batch(0, true),
    };
    dispatch::run(Drawing {
        lanes: &lanes,
        batch,
        block: &mut Block::new(&lanes.world),
        sink: &mut twin,
    });
    let plain = twin.plain;
    assert_eq!(fast.prompt, plain.prompt);
    assert_eq!(fast.rejected_at, plain.rejected_at);
    assert_eq!(fast.accepted, plain.accepted);
    assert_eq!(fast.covariates, plain.covariates);
    assert_eq!(fast.utility, plain.utility);
    assert_eq!(fast.checkpoint_cost, plain.checkpoint_cost);
    let close = |fast: &[f64], plain: &[f64]| {
        assert_eq!(fast.len(), plain.len());
        for (f, p) in fast.iter().zip(plain) {
            assert!((f - p).abs() < 0.03 + 1e-6 * p, "{f} {p}");
        }
    };
    close(&fast.tokens_full, &plain.tokens_full);
    close(&fast.tokens_paid, &plain.tokens_paid);
    close(&fast.remaining, &plain.remaining);
    let (fast, plain) = (fast.trace.expect("traced"), plain.trace.expect("traced"));
    assert_eq!(fast.final_state, plain.final_state);
    assert_eq!(fast.scores, plain.scores);
    close(&fast.difficulty, &plain.difficulty);
    close(&fast.stage_tokens, &plain.stage_tokens);
}

#[test]
fn the_same_words_give_the_same_outcomes() {
    for (difficulty, recovery) in [
        ("0.0", "0.0"),
        ("0.0", "0.3"),
        ("0.8", "0.0"),
        ("0.8", "0.3"),
    ] {
        let text = SCENARIO
            .replace("DIFFICULTY", difficulty)
            .replace("RECOVERY", recovery);
        let scenario = Scenario::parse("twin", &text, Path::new(".")).expect("valid");
        for per_prompt in [1, 7] {
            assert_twins(&scenario, per_prompt);
        }
    }
}
