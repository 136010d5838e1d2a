//! Retrying a prompt until it yields, with and without the policy, on the same attempts.
//!
//! What a prompt costs is heavy-tailed: the few hardest carry much of the mean. Prompts are
//! therefore drawn more often from both ends of difficulty and weighted back (importance sampling
//! from a mixture, weights at most 2), which leaves the means as they are.

use rand::RngExt;
use rand_distr::{Distribution, StandardNormal};

use super::kernel::{Generation, Kernel};
use crate::outcome::RetryBatch;
use crate::rng::Stream;

/// Prompts per batch; belongs to the meaning of a seed.
pub(super) const PROMPTS: u64 = 512;
/// A prompt that has not yielded after this many attempts is given up, and the batch with it.
pub(super) const PATIENCE: u32 = 1_000_000;

/// How far out to either side the mixture draws a quarter, in standard deviations; the other half
/// is drawn as is.
const END: f64 = 1.5;

/// A difficulty from the mixture, in standard deviations, and its weight.
pub(crate) fn draw_weighted(rng: &mut Stream) -> (f64, f64) {
    let shift = match rng.random_range(0..4) {
        0 => -END,
        1 => END,
        _ => 0.0,
    };
    let normal: f64 = StandardNormal.sample(rng);
    let z = normal + shift;
    // φ(z − e)/φ(z) = exp(e z − e²/2), at both ends
    let up = libm::exp(END * z);
    let ends = libm::exp(-0.5 * END * END) * (up + 1.0 / up);
    (z, 1.0 / (0.5 + 0.25 * ends))
}

/// Retries `prompts` prompts under the kernel's first policy; `None` if told to `stop` before all
/// have yielded.
pub(super) fn draw(
    kernel: &Kernel<'_>,
    prompts: u64,
    rng: &mut Stream,
    stop: &dyn Fn() -> bool,
) -> Option<RetryBatch> {
    let mut batch = RetryBatch::default();
    let mut generation = Generation::default();
    for _ in 0..prompts {
        let (z, weight) = draw_weighted(rng);
        let prompt = kernel.prompt(z);
        let (mut paid, mut full) = (0.0, 0.0);
        let mut accepted = false;
        let mut retained = false;
        for _ in 0..PATIENCE {
            if stop() {
                return None;
            }
            kernel.draw(&prompt, &mut generation, rng);
            let judgement = kernel.judge(0, &generation);
            paid += judgement.paid;
            if !accepted {
                full += generation.full();
                accepted = generation.accepted;
            }
            // What is retained is accepted, so full generation has yielded by then.
            if generation.accepted && judgement.survives() {
                retained = true;
                break;
            }
        }
        if retained {
            batch.paid_until_retained.push(weight * paid);
            batch.full_until_accepted.push(weight * full);
        } else {
            batch.unfinished += 1;
            break;
        }
    }
    Some(batch)
}
