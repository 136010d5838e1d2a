//! foldem
pub mod input;
pub mod policy;
pub mod scenario;
pub mod stats;
