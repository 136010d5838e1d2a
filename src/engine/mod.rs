//! Draws outcomes of a scenario: the Monte Carlo side, which knows no formula of the theory.
//!
//! Every generation is drawn in full; each policy is then applied to the same generation, so that
//! policies (and full generation) are compared on common random numbers. Batches have a fixed
//! size and a stream of their own, and are reduced in their order: results do not depend on the
//! number of threads.

mod draws;
mod early_exit;
mod kernel;
mod lanes;
mod reduce;
mod retry;
mod run;
mod sampler;

pub(crate) use reduce::reduce;
pub(crate) use retry::draw_weighted;
pub use run::{Interrupt, Retried, Run, Simulation};
