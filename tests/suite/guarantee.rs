//! Tests of a false rejection rate on logs whose true rate is exactly the bound: how often each
//! certifies. Valid ones do so with probability at most delta, whatever generations of a prompt have to
//! do with each other; the binomial test by generation does not, and is the negative control.

use foldem::estimate::{FrrHypothesis, JudgeQuality, PromptEvidence};
use foldem::rng::{Purpose, Stream, stream};
use foldem::stats::{betting, binomial_p, hoeffding_bentkus};
use rand::RngExt;
use rand_distr::{Beta, Distribution};

const ALPHA: f64 = 0.05;
const DELTA: f64 = 0.1;
const LOGS: u64 = 2000;
const PROMPTS: usize = 100;
const PER_PROMPT: u32 = 8;

/// Draws of one prompt: the probabilities that a generation is accepted, and rejected if it is.
type Prompts = fn(&mut Stream) -> (f64, f64);

/// Rejections of a prompt go together: intraclass correlation 0.3 around the rate.
fn overdispersed(rng: &mut Stream) -> (f64, f64) {
    // (1 − 0.3)/0.3 is the sum of the parameters.
    let sum = 0.7 / 0.3;
    let law = Beta::new(sum * ALPHA, sum * (1.0 - ALPHA)).expect("positive");
    (0.7, law.sample(rng))
}

/// All accepted generations of a prompt are rejected, or none.
fn all_or_none(rng: &mut Stream) -> (f64, f64) {
    (0.7, f64::from(u8::from(rng.random_bool(ALPHA))))
}

/// A fifth of the prompts is hard: few are accepted, and half of them rejected. In all,
/// (0.2 · 0.2 · 0.5 + 0.8 · 0.9 · 0.025)/(0.2 · 0.2 + 0.8 · 0.9) = 0.05.
fn hard_and_easy(rng: &mut Stream) -> (f64, f64) {
    if rng.random_bool(0.2) {
        (0.2, 0.5)
    } else {
        (0.9, 0.025)
    }
}

/// The shares of logs that each test certifies: betting, Hoeffding–Bentkus, binomial by generation.
fn certified(seed: u64, prompts: Prompts, judge: Option<JudgeQuality>) -> [f64; 3] {
    let hypothesis = FrrHypothesis::new(ALPHA, PER_PROMPT, judge).expect("valid");
    let (eta, theta) = judge.map_or((1.0, 1.0), |j| (j.sensitivity(), j.specificity()));
    let mut counts = [0.0; 3];
    for log in 0..LOGS {
        let mut rng = stream(seed, Purpose::Control, log);
        let mut z = Vec::with_capacity(PROMPTS);
        let (mut rejected, mut accepted) = (0, 0);
        for _ in 0..PROMPTS {
            let (accepts, rejects) = prompts(&mut rng);
            let mut evidence = PromptEvidence::default();
            for _ in 0..PER_PROMPT {
                let good = rng.random_bool(accepts);
                let rejection = rng.random_bool(if good { rejects } else { 0.6 });
                let called = rng.random_bool(if good { eta } else { 1.0 - theta });
                evidence.add(rejection, called);
            }
            z.push(hypothesis.z(&evidence).expect("within the cap"));
            rejected += u64::from(evidence.false_rejections);
            accepted += u64::from(evidence.accepted);
        }
        let mean = z.iter().sum::<f64>() / PROMPTS as f64;
        let mu0 = hypothesis.mu0();
        let p = [
            betting(&z, mu0),
            hoeffding_bentkus(mean, PROMPTS as u64, mu0),
            binomial_p(rejected, accepted, ALPHA),
        ];
        for (count, p) in counts.iter_mut().zip(p) {
            *count += f64::from(u8::from(p <= DELTA));
        }
    }
    counts.map(|count| count / LOGS as f64)
}

/// Four standard deviations of a share around delta: 3 in 100,000 for each check.
fn margin() -> f64 {
    4.0 * (DELTA * (1.0 - DELTA) / LOGS as f64).sqrt()
}

#[test]
fn tests_by_prompt_keep_their_level_and_the_one_by_generation_does_not() {
    for (seed, prompts) in [overdispersed as Prompts, all_or_none, hard_and_easy]
        .into_iter()
        .enumerate()
    {
        let [by_betting, by_mean, naive] = certified(seed as u64, prompts, None);
        assert!(by_betting <= DELTA + margin(), "law {seed}: {by_betting}");
        assert!(by_mean <= DELTA + margin(), "law {seed}: {by_mean}");
        // The third law violates it by little: 12 % in a simulation with NumPy.
        assert!(
            seed == 2 || naive > DELTA + 2.0 * margin(),
            "law {seed}: only {naive}"
        );
    }
}

#[test]
fn a_judge_that_errs_does_not_break_the_level() {
    let judge = JudgeQuality::new(0.9, 0.85);
    let [by_betting, by_mean, _] = certified(7, overdispersed, judge);
    assert!(by_betting <= DELTA + margin(), "{by_betting}");
    assert!(by_mean <= DELTA + margin(), "{by_mean}");
}

/// With one generation per prompt and no clusters the binomial test is right, and nearly exact.
#[test]
fn by_generation_is_right_without_clusters() {
    let certified = (0..LOGS).filter(|&log| {
        let mut rng = stream(11, Purpose::Control, log);
        let events = (0..600).filter(|_| rng.random_bool(ALPHA)).count() as u64;
        binomial_p(events, 600, ALPHA) <= DELTA
    });
    let share = certified.count() as f64 / LOGS as f64;
    assert!(share <= DELTA + margin() && share > 0.5 * DELTA, "{share}");
}
