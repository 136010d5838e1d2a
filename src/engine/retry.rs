//! Retrying a prompt until it yields, with and without the policy, on the same attempts.

use super::kernel::{Generation, Kernel};
use crate::outcome::RetryBatch;
use crate::rng::Stream;

/// Prompts per batch; belongs to the meaning of a seed.
pub(super) const PROMPTS: u64 = 512;
/// A prompt that has not yielded after this many attempts is given up, and the batch with it.
const PATIENCE: u32 = 100_000;

/// Retries `prompts` prompts under the kernel's first policy.
pub(super) fn draw(kernel: &Kernel<'_>, prompts: u64, rng: &mut Stream) -> RetryBatch {
    let mut batch = RetryBatch::default();
    let mut generation = Generation::default();
    for _ in 0..prompts {
        let prompt = kernel.draw_prompt(rng);
        let (mut paid, mut full) = (0.0, 0.0);
        let mut accepted = false;
        let mut retained = false;
        for _ in 0..PATIENCE {
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
            batch.paid_until_retained.push(paid);
            batch.full_until_accepted.push(full);
        } else {
            batch.unfinished += 1;
            break;
        }
    }
    batch
}
