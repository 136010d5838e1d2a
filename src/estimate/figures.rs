//! The figures by which policies are told apart, as functions of means over prompts.
//!
//! Each is written once. Whatever has the columns can evaluate it: the tally of one policy, either
//! side of two on the same generations, generations that carry weights.

use super::tally::Column;
use crate::stats::Linear;

/// Something that knows the means of columns over prompts.
pub(crate) trait Means {
    /// The mean of a column per prompt, with its gradient.
    fn mean(&self, column: Column) -> Linear;
}

/// Mean tokens paid per prompt, what checkpoints charge included.
pub(crate) fn paid(means: &impl Means) -> Linear {
    means.mean(Column::Generated) + means.mean(Column::Cost)
}

/// Net savings 1 − `E[T]`/`E[C_K]`.
pub(crate) fn savings(means: &impl Means) -> Linear {
    1.0 - paid(means) / means.mean(Column::Full)
}

/// q = P(τ < ∞).
pub(crate) fn rejection_rate(means: &impl Means) -> Linear {
    let count = means.mean(Column::Count);
    (&count - means.mean(Column::Surviving)) / count
}

/// f = P(τ < ∞ | A).
pub(crate) fn false_rejection_rate(means: &impl Means) -> Linear {
    1.0 - means.mean(Column::Retained) / means.mean(Column::Accepted)
}

/// d = P(τ < ∞ | not A).
pub(crate) fn detection_rate(means: &impl Means) -> Linear {
    let rejected = means.mean(Column::Count) - means.mean(Column::Surviving);
    let false_rejections = means.mean(Column::Accepted) - means.mean(Column::Retained);
    (rejected - false_rejections) / (means.mean(Column::Count) - means.mean(Column::Accepted))
}

/// Cost per retained sample relative to full generation.
pub(crate) fn cost_ratio(means: &impl Means) -> Linear {
    let policy = paid(means) / means.mean(Column::Retained);
    policy / (means.mean(Column::Full) / means.mean(Column::Accepted))
}

/// P(A | S).
pub(crate) fn purity_after(means: &impl Means) -> Linear {
    means.mean(Column::Retained) / means.mean(Column::Surviving)
}
