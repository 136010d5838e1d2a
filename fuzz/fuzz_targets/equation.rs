//! The false-equation rule on arbitrary text.
#![no_main]

#[path = "../checks/equation.rs"]
mod equation;

libfuzzer_sys::fuzz_target!(|data: &[u8]| equation::check(data));
