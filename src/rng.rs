//! Random streams: one root seed, and from it a named, numbered stream for every batch of work.
//!
//! A stream is xoshiro256++ (Blackman & Vigna 2021, ACM Trans. Math. Softw. 47, 36), its 256-bit
//! state filled by SplitMix64 from the seed, the purpose and the batch. Streams depend on nothing
//! else, so neither the number of threads nor the order of work can change a draw.

use rand_xoshiro::Xoshiro256PlusPlus;
use rand_xoshiro::rand_core::{Rng, SeedableRng};

/// The generator of every stream.
pub type Stream = Xoshiro256PlusPlus;

/// What a stream is for. Streams of different purposes are independent at the same seed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// Generations and what the validators say of them.
    Outcomes,
    /// Prompts that are retried until they yield.
    Retry,
    /// Processes with a planted violation.
    Control,
    /// Difficulties of prompts of which only expectations are taken.
    Difficulty,
    /// Which part of a log a prompt belongs to.
    Split,
    /// Seeds of logs that are drawn to be tuned.
    Guarantee,
    /// Logs that might be collected.
    Planning,
    /// Points of a scenario's ranges.
    Sensitivity,
    /// Prompts drawn anew from a log.
    Bootstrap,
    /// First-alarm tables with their alarms changed.
    Stress,
    /// Logs drawn to be fitted.
    Recovery,
    /// Seeds of generations whose predictions are followed one by one.
    Paths,
}

/// The stream of `purpose` for batch number `batch` under the root `seed`.
pub fn stream(seed: u64, purpose: Purpose, batch: u64) -> Stream {
    let tag = match purpose {
        Purpose::Outcomes => 0x6f75_7463_6f6d_6573,
        Purpose::Retry => 0x7265_7472_7900_0000,
        Purpose::Control => 0x636f_6e74_726f_6c00,
        Purpose::Difficulty => 0x6469_6666_6963_756c,
        Purpose::Split => 0x7370_6c69_7400_0000,
        Purpose::Guarantee => 0x6775_6172_616e_7465,
        Purpose::Planning => 0x706c_616e_6e69_6e67,
        Purpose::Sensitivity => 0x7365_6e73_6974_6976,
        Purpose::Bootstrap => 0x626f_6f74_7374_7261,
        Purpose::Stress => 0x7374_7265_7373_0000,
        Purpose::Recovery => 0x7265_636f_7665_7279,
        Purpose::Paths => 0x7061_7468_7300_0000,
    };
    let mut state = mix(mix(mix(seed) ^ tag) ^ batch);
    let mut bytes = [0_u8; 32];
    for word in bytes.chunks_exact_mut(8) {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        word.copy_from_slice(&mix(state).to_le_bytes());
    }
    Stream::from_seed(bytes)
}

/// A number below `count` > 0; each has the same probability but for `count`/2^64.
pub fn below(draws: &mut Stream, count: usize) -> usize {
    let at = (u128::from(draws.next_u64()) * count as u128) >> 64;
    usize::try_from(at).unwrap_or(0)
}

/// Number of generators that a [`LaneStream`] runs side by side.
pub const LANES: usize = 16;

/// Sixteen xoshiro128++ generators (Blackman & Vigna 2021) in step, for kernels that draw whole
/// columns: word `i` of a column comes from lane `i % 16`, on every machine.
#[derive(Debug, Clone)]
pub struct LaneStream([[u32; LANES]; 4]);

impl LaneStream {
    /// Lanes whose states are the next 32 words of `stream`.
    pub fn new(stream: &mut Stream) -> Self {
        let mut state = [[0; LANES]; 4];
        for pair in state.as_flattened_mut().chunks_exact_mut(2) {
            let word = stream.next_u64();
            pair[0] = (word & 0xffff_ffff) as u32;
            pair[1] = (word >> 32) as u32;
        }
        Self(state)
    }

    /// The next words, as many as `words` holds in whole groups of [`LANES`].
    #[expect(
        clippy::inline_always,
        reason = "compiled anew within each instruction set's kernel"
    )]
    #[inline(always)]
    pub fn fill(&mut self, words: &mut [u32]) {
        let [mut s0, mut s1, mut s2, mut s3] = self.0;
        for group in words.chunks_exact_mut(LANES) {
            for l in 0..LANES {
                group[l] = s0[l].wrapping_add(s3[l]).rotate_left(7).wrapping_add(s0[l]);
                let t = s1[l] << 9;
                s2[l] ^= s0[l];
                s3[l] ^= s1[l];
                s1[l] ^= s2[l];
                s0[l] ^= s3[l];
                s2[l] ^= t;
                s3[l] = s3[l].rotate_left(11);
            }
        }
        self.0 = [s0, s1, s2, s3];
    }
}

/// The root seed of a pilot for runs under `seed`: none of its streams is one of theirs.
pub fn pilot_seed(seed: u64) -> u64 {
    mix(mix(seed) ^ 0x7069_6c6f_7400_0000)
}

/// The output function of SplitMix64, a bijection of 64-bit words.
fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Pins the streams to values of an independent implementation (Python): a change here moves
    /// every number at a fixed seed.
    #[test]
    fn streams_are_stable() {
        let first = |purpose, batch| stream(42, purpose, batch).next_u64();
        assert_eq!(first(Purpose::Outcomes, 0), 0x8a8b_2eda_b614_702b);
        assert_eq!(first(Purpose::Outcomes, 1), 0xa039_3f07_4e3d_f8a2);
        assert_eq!(first(Purpose::Retry, 0), 0x5947_d6f9_f07d_3239);
    }

    /// The first outputs of xoshiro128++ from the state 1, 2, 3, 4, as published with `rand_xoshiro`
    /// and the authors' C code.
    #[test]
    fn every_lane_is_xoshiro128_plus_plus() {
        let mut lanes = LaneStream([[1; LANES], [2; LANES], [3; LANES], [4; LANES]]);
        let mut words = [0; 4 * LANES];
        lanes.fill(&mut words);
        for (n, expected) in [641, 1_573_767, 3_222_811_527, 3_517_856_514]
            .into_iter()
            .enumerate()
        {
            assert_eq!(words[n * LANES..(n + 1) * LANES], [expected; LANES]);
        }
    }

    #[test]
    fn seed_purpose_and_batch_each_change_the_stream() {
        let mut firsts: Vec<u64> = Vec::new();
        for seed in 0..20 {
            for batch in 0..20 {
                for purpose in [
                    Purpose::Outcomes,
                    Purpose::Retry,
                    Purpose::Control,
                    Purpose::Difficulty,
                    Purpose::Split,
                    Purpose::Guarantee,
                    Purpose::Planning,
                    Purpose::Sensitivity,
                    Purpose::Bootstrap,
                    Purpose::Stress,
                    Purpose::Recovery,
                    Purpose::Paths,
                ] {
                    firsts.push(stream(seed, purpose, batch).next_u64());
                }
            }
        }
        let drawn = firsts.len();
        firsts.sort_unstable();
        firsts.dedup();
        assert_eq!(firsts.len(), drawn);
    }
}
