//! Statistics that know nothing of generations: exact mergeable moments, linearised functions of
//! means, intervals, and the special functions that the exact theory shares.

mod bernstein;
mod beta_product;
mod binomial;
mod column;
mod linear;
mod moments;
mod normal;

pub use bernstein::bernstein_half_width;
pub use beta_product::{BetaShape, product_tails};
pub use binomial::clopper_pearson;
pub use linear::Linear;
pub use moments::{CrossProducts, Scale, Stored};
pub use normal::{normal_quantile, student_quantile};
