//! One file per question. A study is pure: it returns typed findings and neither prints, draws
//! nor writes.

pub mod drawn_log;
pub mod simulation;
pub mod verification;

pub use crate::engine::Interrupt;
