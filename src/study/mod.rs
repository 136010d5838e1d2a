//! One file per question. A study is pure: it returns typed findings and neither prints, draws
//! nor writes.

pub mod audit;
pub mod calibration;
pub mod comparison;
pub mod conditional;
pub mod drawn_log;
pub mod early_exit;
pub mod explanation;
pub mod figures;
pub mod fit;
pub mod guarantee;
pub mod log_stress;
pub mod martingale_paths;
pub mod money;
pub mod monitor;
mod named;
pub mod optimal;
pub mod part;
pub mod part_file;
pub mod plan;
pub mod precision;
pub mod replay;
pub mod sensitivity;
pub mod simulation;
pub mod stress;
pub mod surface;
pub mod sweep;
pub mod tuning;
pub mod verification;

pub use crate::engine::Interrupt;
pub use crate::estimate::Estimate;
pub use named::Named;

/// Version of the JSON form of what an evaluation found.
pub const RESULT_SCHEMA: &str = "foldem.result/1";
