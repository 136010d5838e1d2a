//! Figures with right labels, from wrong ones: against a known truth, with errors that do not
//! depend on rejection and with errors that do.

use approx::assert_relative_eq;
use foldem::estimate::{Corrected, JudgeQuality, LabelNoise, Tally};
use foldem::outcome::{Fold, Frame, Knowledge, NEVER, OutcomeBatch};
use foldem::rng::{Purpose, stream};
use rand::RngExt as _;

const SENSITIVITY: f64 = 0.93;
const SPECIFICITY: f64 = 0.88;

/// Generations with their truth.
struct World {
    prompts: u64,
    /// P(label accepts), by truth (bad, good) and by rejection.
    accepts: [[f64; 2]; 2],
}

impl World {
    /// Labels that are wrong as often whether the policy rejects or not.
    fn indifferent(prompts: u64) -> Self {
        Self {
            prompts,
            accepts: [[1.0 - SPECIFICITY; 2], [SENSITIVITY; 2]],
        }
    }

    /// The same qualities on the whole, but all errors on bad generations are on survivors, and
    /// all errors on good ones on the rejected as far as these go. Of the bad, a share D is
    /// rejected, of the good F.
    fn depending(prompts: u64) -> Self {
        let good_rejected = ((1.0 - SENSITIVITY) / F).min(1.0);
        let good_surviving = (1.0 - SENSITIVITY - F * good_rejected) / (1.0 - F);
        Self {
            prompts,
            accepts: [
                [(1.0 - SPECIFICITY) / (1.0 - D), 0.0],
                [1.0 - good_surviving, 1.0 - good_rejected],
            ],
        }
    }

    fn tally(&self, seed: u64) -> Tally {
        let mut rng = stream(seed, Purpose::Control, 0);
        let mut batch = OutcomeBatch::default();
        for prompt in 0..self.prompts {
            // Half of the prompts are hard; on average A of the generations are good.
            let hard: bool = rng.random();
            for _ in 0..rng.random_range(1..=4) {
                let good = rng.random::<f64>() < A + if hard { -0.2 } else { 0.2 };
                let rejected = rng.random::<f64>() < if good { F } else { D };
                let accepts = self.accepts[usize::from(good)][usize::from(rejected)];
                push(&mut batch, prompt, rejected, rng.random::<f64>() < accepts);
            }
        }
        tally_of(&batch)
    }
}

/// A generation of 100 tokens, of which a rejected one is stopped after 40.
fn push(batch: &mut OutcomeBatch, prompt: u64, rejected: bool, accepted: bool) {
    batch.prompt.push(prompt);
    batch.tokens_full.push(100.0);
    batch.tokens_paid.push(if rejected { 40.0 } else { 100.0 });
    batch.checkpoint_cost.push(0.0);
    batch.rejected_at.push(if rejected { 0 } else { NEVER });
    batch.remaining.push(60.0);
    batch.accepted.push(accepted);
}

fn tally_of(batch: &OutcomeBatch) -> Tally {
    let frame = Frame {
        checkpoints: 1,
        covariates: Vec::new(),
        typical_tokens: 100.0,
        typical_cost: 1.0,
        knowledge: Knowledge {
            verdict: true,
            utility: false,
        },
    };
    let mut tally = Tally::new(&frame);
    tally.fold(batch);
    tally
}

/// Of all generations so many are good; the policy rejects these shares of the good and the bad.
const A: f64 = 0.6;
const F: f64 = 0.05;
const D: f64 = 0.4;

fn truth(name: &str) -> f64 {
    let retained = A * (1.0 - F);
    let surviving = retained + (1.0 - A) * (1.0 - D);
    match name {
        "accepted_rate" => A,
        "retained_rate" => retained,
        "false_rejection_rate" => F,
        "detection_rate" => D,
        "purity_after" => retained / surviving,
        "cost_ratio" => (0.4 * (1.0 - surviving) + surviving) / (1.0 - F),
        _ => f64::NAN,
    }
}

fn judge() -> JudgeQuality {
    JudgeQuality::new(SENSITIVITY, SPECIFICITY).unwrap()
}

fn figure<'n>(noise: &'n LabelNoise, name: &str) -> &'n Corrected {
    noise.figures.iter().find(|f| f.name == name).unwrap()
}

fn covers([low, high]: [f64; 2], value: f64) -> bool {
    low <= value && value <= high
}

/// Of 400 runs, 380 intervals are expected to hold the truth; fewer than 364 or more than 394 of
/// any of six figures would be seen in less than 1 % of test suites.
#[test]
fn corrected_intervals_hold_the_truth_as_often_as_they_say() {
    let world = World::indifferent(500);
    let mut held = [(0, 0); 6];
    let mut biased = 0;
    for seed in 0..400 {
        let noise = LabelNoise::new(&world.tally(seed), judge());
        for (held, figure) in held.iter_mut().zip(&noise.figures) {
            let value = truth(figure.name);
            held.0 += u32::from(covers(figure.corrected.ci.unwrap(), value));
            let [low, high] = &figure.bounds;
            held.1 += u32::from(covers([low.ci.unwrap()[0], high.ci.unwrap()[1]], value));
        }
        // The labels as they are: their false rejection rate is that of a mixture.
        let reported = figure(&noise, "false_rejection_rate").reported;
        biased += u32::from(!covers(reported.ci.unwrap(), F));
    }
    let names = LabelNoise::new(&world.tally(0), judge()).figures;
    for ((corrected, bounds), figure) in held.into_iter().zip(names) {
        assert!(
            (364..=394).contains(&corrected),
            "{}: {corrected}",
            figure.name
        );
        assert!(bounds >= 364, "bounds of {}: {bounds}", figure.name);
    }
    // The control: uncorrected, f does not pass.
    assert!(400 - biased < 364, "missed {biased} times");
}

/// The control: errors that depend on rejection break the correction, and bounds hold.
#[test]
fn errors_that_depend_on_rejection_break_the_correction_and_not_the_bounds() {
    let noise = LabelNoise::new(&World::depending(20_000).tally(7), judge());
    for name in [
        "false_rejection_rate",
        "detection_rate",
        "cost_ratio",
        "retained_rate",
    ] {
        let figure = figure(&noise, name);
        let value = truth(name);
        assert!(
            !covers(figure.corrected.ci.unwrap(), value),
            "{name}: {value} in {:?}",
            figure.corrected
        );
        let [low, high] = &figure.bounds;
        let bounds = [low.ci.unwrap()[0], high.ci.unwrap()[1]];
        assert!(covers(bounds, value), "{name}: {value} not in {bounds:?}");
    }
    // The qualities are what they were on the whole.
    let accepted = figure(&noise, "accepted_rate");
    assert!(covers(accepted.corrected.ci.unwrap(), A));
}

/// The bounds are attained: no truth beyond them has these labels, and one at them has. By trying
/// all ways to call twenty generations right or wrong.
#[test]
fn bounds_are_those_of_all_ways_to_be_wrong() {
    // Called accepted/refused, surviving/rejected: 8, 4, 2, 6 generations.
    let cells: [[usize; 2]; 2] = [[8, 2], [4, 6]];
    let mut batch = OutcomeBatch::default();
    for (refused, row) in cells.iter().enumerate() {
        for (rejected, &count) in row.iter().enumerate() {
            for _ in 0..count {
                batch.prompt.push(batch.len() as u64);
                batch.tokens_full.push(10.0);
                batch
                    .tokens_paid
                    .push(if rejected == 1 { 5.0 } else { 10.0 });
                batch.checkpoint_cost.push(0.0);
                batch
                    .rejected_at
                    .push(if rejected == 1 { 0 } else { NEVER });
                batch.remaining.push(5.0);
                batch.accepted.push(refused == 0);
            }
        }
    }
    let frame = Frame {
        checkpoints: 1,
        covariates: Vec::new(),
        typical_tokens: 10.0,
        typical_cost: 1.0,
        knowledge: Knowledge {
            verdict: true,
            utility: false,
        },
    };
    let mut tally = Tally::new(&frame);
    tally.fold(&batch);
    // 10 of 20 are good, of which 7 are called so, and 3 of the 10 bad ones as well.
    let judge = JudgeQuality::new(0.7, 0.7).unwrap();
    let noise = LabelNoise::new(&tally, judge);
    let accepted = figure(&noise, "accepted_rate").corrected;
    assert_relative_eq!(accepted.mean.unwrap(), 0.5, epsilon = 1e-9);
    let (mut least, mut most) = (f64::INFINITY, f64::NEG_INFINITY);
    // b survivors called accepted are bad, of 3; g survivors called refused are good, of 3.
    for b in (0..=3).filter(|b| *b <= cells[0][0] && 3 - b <= cells[0][1]) {
        for g in (0..=3).filter(|g| *g <= cells[1][0] && 3 - g <= cells[1][1]) {
            let retained = (cells[0][0] - b + g) as f64;
            least = least.min(retained / 20.0);
            most = most.max(retained / 20.0);
        }
    }
    let [low, high] = &figure(&noise, "retained_rate").bounds;
    assert_relative_eq!(low.mean.unwrap(), least, epsilon = 1e-9);
    assert_relative_eq!(high.mean.unwrap(), most, epsilon = 1e-9);
    let [low, high] = &figure(&noise, "false_rejection_rate").bounds;
    assert_relative_eq!(low.mean.unwrap(), 1.0 - 2.0 * most, epsilon = 1e-9);
    assert_relative_eq!(high.mean.unwrap(), 1.0 - 2.0 * least, epsilon = 1e-9);
}

/// Of 60 generations the policy rejects one: the bounds reach as far as the exact interval of what is
/// reported, stretched by what wrong labels do to it, where the delta method would not.
#[test]
fn bounds_are_as_wide_as_few_events_make_the_figures() {
    let mut batch = OutcomeBatch::default();
    for prompt in 0..60 {
        push(&mut batch, prompt, prompt == 0, prompt % 3 != 1);
    }
    let noise = LabelNoise::new(&tally_of(&batch), judge());
    let f = figure(&noise, "false_rejection_rate");
    // binom.test(1, 40) in R: [0.000633, 0.131586].
    let reported = f.reported.ci.unwrap();
    assert!((reported[1] - 0.131_586).abs() < 1e-5, "{reported:?}");
    let called = 40.0 / 60.0;
    let stretch = called / (called - (1.0 - SPECIFICITY));
    for bound in &f.bounds {
        let (mean, stderr) = (bound.mean.unwrap(), bound.stderr.unwrap());
        let [low, high] = bound.ci.unwrap();
        let middle = f.reported.mean.unwrap();
        assert!(high >= mean + stretch * (reported[1] - middle) - 1e-12);
        assert!(low <= mean + stretch * (reported[0] - middle) + 1e-12);
        // The control: the normal interval is not as wide.
        assert!(mean + 2.0 * stderr < high, "{mean} {stderr} {high}");
    }
}

#[test]
fn a_perfect_judge_changes_nothing() {
    let tally = World::indifferent(300).tally(3);
    let noise = LabelNoise::new(&tally, JudgeQuality::new(1.0, 1.0).unwrap());
    assert!(noise.infeasible.is_empty());
    for figure in &noise.figures {
        let reported = figure.reported.mean.unwrap();
        for value in [&figure.corrected, &figure.bounds[0], &figure.bounds[1]] {
            assert_relative_eq!(value.mean.unwrap(), reported, epsilon = 1e-9);
        }
        let (stderr, expected) = (figure.corrected.stderr, figure.reported.stderr);
        assert_relative_eq!(stderr.unwrap(), expected.unwrap(), epsilon = 1e-9);
    }
}

#[test]
fn what_no_truth_gives_is_explained_and_not_cut() {
    let tally = World::indifferent(2000).tally(5);
    // About 0.6 · 0.93 + 0.4 · 0.12 = 61 % are called accepted.
    let words = |sensitivity, specificity| {
        let judge = JudgeQuality::new(sensitivity, specificity).unwrap();
        LabelNoise::new(&tally, judge)
    };
    let noise = words(0.99, 0.2);
    assert!(noise.infeasible[0].contains("more specific"), "{noise:?}");
    assert!(figure(&noise, "accepted_rate").corrected.mean.unwrap() < 0.0);
    assert_eq!(figure(&noise, "cost_ratio").corrected.mean, None);
    let noise = words(0.5, 0.99);
    assert!(noise.infeasible[0].contains("more sensitive"), "{noise:?}");
    // Some of what is called accepted and rejected must be good; a specificity of 0.7 would have
    // more than all of it wrong.
    let noise = words(0.97, 0.7);
    let f = figure(&noise, "false_rejection_rate").corrected;
    assert!(f.mean.unwrap() < 0.0 && f.ci.unwrap()[0] < 0.0);
    assert!(
        noise
            .infeasible
            .iter()
            .any(|w| w.contains("false_rejection_rate") && w.contains("beyond chance")),
        "{:?}",
        noise.infeasible
    );
    for (sensitivity, specificity) in [(0.5, 0.5), (1.2, 0.9), (f64::NAN, 0.9), (0.3, 0.6)] {
        assert_eq!(JudgeQuality::new(sensitivity, specificity), None);
    }
}
