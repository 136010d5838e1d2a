//! Statistics that know nothing of generations: exact mergeable moments, linearised functions of
//! means, intervals, tests, and the special functions that the exact theory shares.

mod bernstein;
mod beta_product;
mod betting;
mod binomial;
mod column;
mod hoeffding_bentkus;
mod linear;
mod moments;
mod normal;
mod paired;
mod pick_freeze;
mod ratio_sequence;
mod scale;

pub use bernstein::bernstein_half_width;
pub use beta_product::{BetaShape, product_tails};
pub use betting::{Stakes, Wealth, betting, betting_upper_bound};
pub use binomial::{binomial_p, binomial_upper_bound, clopper_pearson};
pub use hoeffding_bentkus::{hoeffding_bentkus, hoeffding_bentkus_upper_bound};
pub use linear::Linear;
pub use moments::{CrossProducts, Stored};
pub use normal::{normal_quantile, student_quantile};
pub use paired::paired_difference;
pub use pick_freeze::{
    PickFreeze, REPLICATES, Replicated, SobolIndices, jackknifed, sobol_indices,
};
pub use ratio_sequence::RatioSequence;
pub use scale::Scale;
