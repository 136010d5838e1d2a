//! Negative controls: built-in processes in which a claim is violated on purpose. A control holds
//! when the violation is found; with the violation taken out it must fail.

use rand::{Rng, RngExt};

use super::martingale::{Martingale, Posterior};
use super::monotone::Paired;
use super::verdict::{Claim, Measured, Statement, Verdict};
use super::{CLAIMS, FAMILY_ALPHA, STAGE_BINS};
use crate::engine::Simulation;
use crate::estimate::{Column, Tally, retained_bias};
use crate::outcome::{Fold, OutcomeBatch};
use crate::rng::{Purpose, stream};
use crate::scenario::Scenario;
use crate::theory::{BayesFilter, Exact};

/// Generations drawn for each control.
const ATTEMPTS: u64 = 50_000;

/// A violation and the detector that has to find it.
pub struct Control {
    id: &'static str,
    statement: &'static str,
    violated: &'static str,
    /// With the violation planted or not: what is measured, what finding it means, and the value
    /// under the violation where theory knows it.
    detect: Box<dyn Fn(bool) -> Detection + Send + Sync>,
}

/// What a detector saw.
struct Detection {
    estimate: f64,
    half: f64,
    finding: Statement,
    exact: Option<f64>,
}

impl Detection {
    /// A mean over the generations of a control, each of which spans at most `range`.
    fn mean(mean: (f64, f64), range: f64, finding: Statement, exact: Option<f64>) -> Self {
        let measured = Measured::mean(mean, ATTEMPTS, range, FAMILY_ALPHA / CLAIMS as f64, 1.0);
        Self {
            estimate: measured.estimate,
            half: measured.half,
            finding,
            exact,
        }
    }
}

impl Control {
    /// The control's short name.
    pub fn id(&self) -> &'static str {
        self.id
    }

    /// The control as a claim; without the `planted` violation it has to fail.
    pub fn claim(&self, planted: bool) -> Claim {
        let seen = (self.detect)(planted);
        let measured = Measured {
            estimate: seen.estimate,
            half: seen.half,
            scale: 1.0,
        };
        let claim = Claim::judged(
            self.id,
            (self.statement, self.violated),
            measured,
            seen.finding,
            seen.exact,
        );
        Claim {
            // A violation that is not found is not "undecided": the detector has failed.
            verdict: match claim.verdict {
                Verdict::Holds => Verdict::Holds,
                _ => Verdict::Fails,
            },
            control: true,
            ..claim
        }
    }
}

/// All controls, drawn with `seed`.
pub fn controls(seed: u64) -> Vec<Control> {
    let control = |id, statement, violated, detect| Control {
        id,
        statement,
        violated,
        detect,
    };
    vec![
        control(
            "control-calibrated-not-martingale",
            "predictions calibrated at each stage that are no martingale are caught by stopping: \
             E[m_τ] = .7 is not E[U] = .5",
            "m_1 = E[U|Z] in {.9, .1}, m_2 = .5, stopped at 1 iff m_1 = .9",
            Box::new(move |planted| calibrated(seed, planted)),
        ),
        control(
            "control-increments-zero-yet-wrong",
            "zero mean increments in every bin do not make a martingale: E[m_τ] = .25 is not \
             E[U] = .5",
            "m_1 = .5, m_2 = U = Z known at stage 1, stopped at 1 iff Z = 1",
            Box::new(move |planted| increments_zero(seed, planted)),
        ),
        control(
            "control-miscalibrated-posterior",
            "a posterior that believes in a sixth of the false alarms is caught by its increments",
            "the filter's false-alarm rate is 0.02, the validator's 0.12",
            Box::new(move |planted| miscalibrated(seed, planted)),
        ),
        control(
            "control-difficulty-dependent-false-alarm",
            "a false alarm that rises with difficulty is seen in f by group: hardest less easiest \
             decile",
            "log-odds of the false alarm +1 per unit of difficulty",
            Box::new(move |planted| difficult_false_alarm(seed, planted)),
        ),
        control(
            "control-perturbed-column",
            "an outcome batch whose paid tokens are off by 1 % is caught by the savings identity",
            "paid tokens × 1.01",
            Box::new(move |planted| perturbed_column(seed, planted)),
        ),
        control(
            "control-moved-checkpoint",
            "MOVING a checkpoint earlier may save less: what starts in stage 2 is never caught at 1",
            "the fault starts in stage 2 and the checkpoint moves from 2 to 1",
            Box::new(move |planted| moved_checkpoint(seed, planted)),
        ),
        control(
            "control-equal-rates",
            "at equal rejection rates earlier need not save more: 10 % short runs rejected early \
             save less than 10 % runaways late",
            "the early checkpoint rejects short runs, the late one runaways",
            Box::new(move |planted| equal_rates(seed, planted)),
        ),
        control(
            "control-not-unbiased",
            "the martingale does not make retained data unbiased: bias = −(g/2)/(1−g/2)/4 with \
             g = 0.2",
            "of the accepted, hard ones (U = 1) are falsely rejected with probability g, easy \
             ones (U = .5) never",
            Box::new(move |planted| not_unbiased(seed, planted)),
        ),
    ]
}

fn scenario(text: &str) -> Scenario {
    Scenario::parse("built-in", text, std::path::Path::new("."))
        .expect("the built-in scenarios are valid: a test reads them")
}

fn tally(scenario: &Scenario, seed: u64, change: impl Fn(&mut OutcomeBatch)) -> Tally {
    let simulation = Simulation::new(scenario, ATTEMPTS, seed);
    let mut tally = Tally::new(&simulation.frame(0));
    for number in 0..simulation.batches() {
        let mut batches = simulation.draw(number);
        change(&mut batches[0]);
        Fold::<[OutcomeBatch]>::fold(&mut tally, &batches);
    }
    tally
}

/// `E[m_τ]` − `E[U]` of paths (m_1, m_2, U, stopped at 1) drawn by `draw`.
fn stopped_paths(
    seed: u64,
    number: u64,
    draw: impl Fn(&mut dyn Rng) -> ([f64; 2], f64, bool),
) -> Detection {
    let mut rng = stream(seed, Purpose::Control, number);
    let mut martingale = Martingale::new(2);
    for _ in 0..ATTEMPTS {
        let (path, utility, stopped) = draw(&mut rng);
        martingale.add(&path, utility, stopped.then_some(0));
    }
    Detection::mean(
        martingale.stopping_gap(),
        2.0,
        Statement::Differs(0.0),
        None,
    )
}

fn calibrated(seed: u64, planted: bool) -> Detection {
    let detection = stopped_paths(seed, 0, |rng| {
        let first = if rng.random::<bool>() { 0.9 } else { 0.1 };
        let utility = f64::from(u8::from(rng.random::<f64>() < first));
        let second = if planted { 0.5 } else { first };
        ([first, second], utility, first > 0.5)
    });
    Detection {
        exact: Some(0.2),
        ..detection
    }
}

fn increments_zero(seed: u64, planted: bool) -> Detection {
    let detection = stopped_paths(seed, 1, |rng| {
        let z = rng.random::<bool>();
        let utility = f64::from(u8::from(z));
        // Without the violation the stopping rule knows no more than m_1 does.
        let stopped = if planted { z } else { rng.random::<bool>() };
        ([0.5, utility], utility, stopped)
    });
    Detection {
        exact: Some(-0.25),
        ..detection
    }
}

fn miscalibrated(seed: u64, planted: bool) -> Detection {
    let with_false_alarm = |p: f64| {
        scenario(&format!(
            "schema = 'foldem.scenario/1'\nname = 'miscalibrated'\n\
             [[fault]]\nkind = 'wrong'\nhazard = [0.2, 0.2, 0.1]\n\
             [[stage]]\nname = 'a'\ntokens = {{ dist = 'fixed', value = 50 }}\n\
             [[stage]]\nname = 'b'\ntokens = {{ dist = 'fixed', value = 50 }}\n\
             [[stage]]\nname = 'c'\ntokens = {{ dist = 'fixed', value = 50 }}\n\
             [[validator]]\nname = 'v'\ndetects = {{ wrong = 0.5 }}\nfalse_alarm = {p}\n\
             [[policy.checkpoint]]\nat = 'a'\nvalidators = ['v']\n\
             [[policy.checkpoint]]\nat = 'b'\nvalidators = ['v']\n"
        ))
    };
    let world = with_false_alarm(0.12);
    let believed = with_false_alarm(if planted { 0.02 } else { 0.12 });
    let filter = BayesFilter::new(&believed);
    let posterior = Posterior::new(&believed, &filter);
    let simulation = Simulation::new(&world, ATTEMPTS, seed).traced();
    let mut martingale = Martingale::new(world.stages().len());
    for number in 0..simulation.batches() {
        martingale.follow(&posterior, &simulation.draw(number)[0]);
    }
    let bins = world.stages().len() * STAGE_BINS;
    let (worst, _) = martingale
        .worst(FAMILY_ALPHA / 2.0 / bins as f64)
        .expect("fifty thousand generations fill some bin");
    Detection {
        estimate: worst.mean,
        half: 0.5 * (worst.ci[1] - worst.ci[0]),
        finding: Statement::Differs(0.0),
        exact: None,
    }
}

fn difficult_false_alarm(seed: u64, planted: bool) -> Detection {
    let effect = if planted { 1.0 } else { 0.0 };
    let world = scenario(&format!(
        "schema = 'foldem.scenario/1'\nname = 'difficult'\n[difficulty]\nsd = 1.0\n\
         [[fault]]\nkind = 'wrong'\nhazard = [0.2, 0.2]\n\
         [[stage]]\nname = 'a'\ntokens = {{ dist = 'fixed', value = 50 }}\n\
         [[stage]]\nname = 'b'\ntokens = {{ dist = 'fixed', value = 50 }}\n\
         [[validator]]\nname = 'v'\ndetects = {{ wrong = 0.5 }}\nfalse_alarm = 0.05\n\
         difficulty_effect = {effect}\n\
         [[policy.checkpoint]]\nat = 'a'\nvalidators = ['v']\n"
    ));
    let tally = tally(&world, seed, |_| ());
    let deciles = tally.frame().covariates[1].levels.len();
    let f = |level: usize| {
        let kept = tally.mean(Column::RetainedAt(1, level));
        1.0 - kept / tally.mean(Column::AcceptedAt(1, level))
    };
    let difference = f(deciles - 1) - f(0);
    let exact = Exact::new(&world);
    let exact_accepted = exact.accepted_rate();
    let exact = exact.false_rejection_by_decile();
    // A decile holds about a tenth of the accepted.
    let range = 20.0 / exact_accepted;
    let mean = (difference.value, tally.stderr(&difference));
    Detection::mean(
        mean,
        range,
        Statement::Above(0.0),
        exact[deciles - 1]
            .zip(exact[0])
            .map(|(hard, easy)| hard - easy),
    )
}

const PLAIN: &str = "\
schema = 'foldem.scenario/1'
name = 'plain'
[[fault]]
kind = 'wrong'
hazard = [0.2, 0.2]
[[stage]]
name = 'a'
tokens = { dist = 'lognormal', mean = 50, cv = 0.4 }
[[stage]]
name = 'b'
tokens = { dist = 'lognormal', mean = 50, cv = 0.4 }
[[validator]]
name = 'v'
detects = { wrong = 0.5 }
false_alarm = 0.05
[[policy.checkpoint]]
at = 'a'
validators = ['v']
";

fn perturbed_column(seed: u64, planted: bool) -> Detection {
    let world = scenario(PLAIN);
    let tally = tally(&world, seed, |batch| {
        if planted {
            batch.tokens_paid.iter_mut().for_each(|t| *t *= 1.01);
        }
    });
    let mean = |column| tally.mean(column);
    let by_payment = mean(Column::Full) - mean(Column::Generated);
    let gap = (by_payment - mean(Column::Avoided(0))) / mean(Column::Full);
    let exact = Exact::new(&world);
    let range = 0.02 * tally.largest(Column::Full) / exact.tokens_full();
    let mean = (gap.value, tally.stderr(&gap));
    let expected = -0.01 * exact.tokens_paid() / exact.tokens_full();
    Detection::mean(mean, range, Statement::Differs(0.0), Some(expected))
}

/// Gross savings in tokens of the policy numbered 1 less those of policy 0, on common generations.
fn gross_difference(world: &Scenario, seed: u64) -> Detection {
    let (first, second) = world.checkpoints().split_at(1);
    let one = world.with_checkpoints(first.to_vec());
    let simulation = Simulation::new(&one, ATTEMPTS, seed).also(&one, vec![second]);
    let mut paired = Paired::new(simulation.frame(0).typical_tokens);
    for number in 0..simulation.batches() {
        let batches = simulation.draw(number);
        paired.add(&batches[1], &batches[0]);
    }
    let gross = |checkpoints: &[_]| {
        Exact::new(&world.with_checkpoints(checkpoints.to_vec())).gross_tokens()
    };
    // Lengths are fixed in these worlds: none exceeds the stages at the largest factor.
    let longest = 150.0 * 8.0;
    let exact = gross(second) - gross(first);
    Detection::mean(paired.mean(), longest, Statement::Above(0.0), Some(exact))
}

fn moved_checkpoint(seed: u64, planted: bool) -> Detection {
    let hazard = if planted {
        "[0.0, 0.3, 0.0]"
    } else {
        "[0.3, 0.0, 0.0]"
    };
    let world = scenario(&format!(
        "schema = 'foldem.scenario/1'\nname = 'moved'\n\
         [[fault]]\nkind = 'wrong'\nhazard = {hazard}\n\
         [[stage]]\nname = 'a'\ntokens = {{ dist = 'fixed', value = 50 }}\n\
         [[stage]]\nname = 'b'\ntokens = {{ dist = 'fixed', value = 50 }}\n\
         [[stage]]\nname = 'c'\ntokens = {{ dist = 'fixed', value = 50 }}\n\
         [[validator]]\nname = 'v'\ndetects = {{ wrong = 0.8 }}\nfalse_alarm = 0.01\n\
         [[policy.checkpoint]]\nat = 'a'\nvalidators = ['v']\n\
         [[policy.checkpoint]]\nat = 'b'\nvalidators = ['v']\n"
    ));
    gross_difference(&world, seed)
}

fn equal_rates(seed: u64, planted: bool) -> Detection {
    let (short, runaway) = if planted { (0.1, 8.0) } else { (1.0, 1.0) };
    let world = scenario(&format!(
        "schema = 'foldem.scenario/1'\nname = 'equal-rates'\n\
         [[fault]]\nkind = 'short'\nhazard = [0.1, 0.0, 0.0]\nlength_factor = {short}\n\
         [[fault]]\nkind = 'runaway'\nhazard = [0.1, 0.0, 0.0]\nlength_factor = {runaway}\n\
         [[stage]]\nname = 'a'\ntokens = {{ dist = 'fixed', value = 50 }}\n\
         [[stage]]\nname = 'b'\ntokens = {{ dist = 'fixed', value = 50 }}\n\
         [[stage]]\nname = 'c'\ntokens = {{ dist = 'fixed', value = 50 }}\n\
         [[validator]]\nname = 'sees-short'\ndetects = {{ short = 1.0 }}\nfalse_alarm = 0.0\n\
         [[validator]]\nname = 'sees-runaway'\ndetects = {{ runaway = 1.0 }}\nfalse_alarm = 0.0\n\
         [[policy.checkpoint]]\nat = 'a'\nvalidators = ['sees-short']\n\
         [[policy.checkpoint]]\nat = 'b'\nvalidators = ['sees-runaway']\n"
    ));
    gross_difference(&world, seed)
}

fn not_unbiased(seed: u64, planted: bool) -> Detection {
    let g = if planted { 0.2 } else { 0.0 };
    let world = scenario(&format!(
        "schema = 'foldem.scenario/1'\nname = 'biased'\n\
         [[fault]]\nkind = 'hard'\nhazard = [0.5, 0.0]\n\
         [[stage]]\nname = 'a'\ntokens = {{ dist = 'fixed', value = 50 }}\n\
         [[stage]]\nname = 'b'\ntokens = {{ dist = 'fixed', value = 50 }}\n\
         [[validator]]\nname = 'v'\ndetects = {{ hard = {g} }}\nfalse_alarm = 0.0\n\
         [final_filter]\naccepts = {{ clean = 1.0, hard = 1.0 }}\n\
         [utility]\nclean = 0.5\nhard = 1.0\n\
         [[policy.checkpoint]]\nat = 'a'\nvalidators = ['v']\n"
    ));
    let tally = tally(&world, seed, |_| ());
    let bias = retained_bias(&tally);
    let mean = (bias.value, tally.stderr(&bias));
    let expected = -(g / 2.0) / (1.0 - g / 2.0) * 0.25;
    Detection::mean(mean, 3.0, Statement::Differs(0.0), Some(expected))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every detector finds its violation and finds nothing once it is taken out.
    ///
    /// Fixed seed; at any seed the chance that a detector finds what is not there is at most 1 %
    /// over all controls. The effects caught are the ones that the controls state.
    #[test]
    fn controls_hold_when_planted_and_fail_when_not() {
        for control in controls(7) {
            let id = control.id();
            assert_eq!(control.claim(true).verdict, Verdict::Holds, "{id} planted");
            assert_eq!(
                control.claim(false).verdict,
                Verdict::Fails,
                "{id} not planted"
            );
        }
    }

    #[test]
    fn planted_values_are_the_ones_the_theory_gives() {
        for control in controls(8) {
            let claim = control.claim(true);
            if let (Some(exact), Some([lo, hi])) = (claim.exact, claim.ci) {
                assert!(lo <= exact && exact <= hi, "{}: {claim:?}", control.id());
            }
        }
    }

    /// What makes counterexample (b) one: the increments test must NOT see it.
    #[test]
    fn increments_alone_do_not_see_the_second_counterexample() {
        let mut rng = stream(3, Purpose::Control, 9);
        let mut martingale = Martingale::new(2);
        for _ in 0..ATTEMPTS {
            let z = rng.random::<bool>();
            let u = f64::from(u8::from(z));
            martingale.add(&[0.5, u], u, z.then_some(0));
        }
        for increment in martingale.increments(0.001 / (2 * STAGE_BINS) as f64) {
            let [lo, hi] = increment.ci;
            assert!(lo <= 0.0 && 0.0 <= hi, "{increment:?}");
        }
    }
}
