//! foldem
pub mod cli;
pub mod engine;
pub mod estimate;
pub mod input;
pub mod outcome;
pub mod policy;
pub mod report;
pub mod rng;
pub mod scenario;
pub mod stats;
pub mod study;
pub mod theory;
