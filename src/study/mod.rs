//! One file per question. A study is pure: it returns typed findings and neither prints, draws
//! nor writes.

pub mod simulation;
pub mod verification;
