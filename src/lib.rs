//! foldem
pub mod cli;
pub mod engine;
pub mod estimate;
pub mod input;
pub mod log;
pub mod outcome;
pub mod policy;
pub mod report;
pub mod rng;
pub mod rules;
pub mod scenario;
pub mod stats;
pub mod study;
pub mod theory;
