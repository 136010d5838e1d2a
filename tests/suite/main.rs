//! One integration binary, a file per theme.

mod agreement;
mod broken;
mod cli;
mod coverage;
mod enumeration;
mod golden;
mod layering;
mod mixture;
mod posterior;
mod readme;
mod verification;
