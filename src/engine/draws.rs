//! What a generation draws, by name: so that the plain kernel can be driven by a stream, or by
//! the very words that the fast kernel has drawn.

use rand::RngExt;
use rand_distr::{Beta, Distribution};

use super::sampler::TokenSampler;
use crate::rng::Stream;

/// A draw of a generation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Draw {
    /// Which fault starts in a stage, if any.
    Onset { stage: usize },
    /// Whether a fault ends in a stage.
    Recovery { stage: usize },
    /// What a sticky validator will say of the fault that starts in a stage.
    Verdict { stage: usize, validator: usize },
    /// Whether a validator alarms after a stage in which nothing is wrong.
    FalseAlarm { stage: usize, validator: usize },
    /// Whether a validator alarms after a stage in which something is.
    Detection { stage: usize, validator: usize },
    /// Whether a probe ends the reasoning after a stage.
    Exit { stage: usize },
    /// How confident a probe is after a stage.
    Confidence { stage: usize },
    /// Whether a group of validators reads a common number after a stage.
    Common { stage: usize, group: usize },
    /// The number that it then reads.
    Shared { stage: usize, group: usize },
    /// Whether the final filter accepts.
    Acceptance,
    /// The tokens of a stage.
    Tokens { stage: usize },
    /// The score that a validator gives after a stage.
    Score { stage: usize, validator: usize },
}

/// Where draws come from.
pub(super) trait Draws {
    /// A number in [0, 1): the event of probability p happens if it is below p.
    fn uniform(&mut self, draw: Draw) -> f64;
    /// Tokens by a law, before factors.
    fn tokens(&mut self, draw: Draw, law: &TokenSampler) -> f64;
    /// A score by a law.
    fn score(&mut self, draw: Draw, law: &Beta<f64>) -> f64;
}

/// One draw after the other, whatever it is for.
impl Draws for Stream {
    fn uniform(&mut self, _draw: Draw) -> f64 {
        self.random()
    }

    fn tokens(&mut self, _draw: Draw, law: &TokenSampler) -> f64 {
        law.draw(self)
    }

    fn score(&mut self, _draw: Draw, law: &Beta<f64>) -> f64 {
        law.sample(self)
    }
}
