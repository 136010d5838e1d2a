//! The log reader on arbitrary files.
#![no_main]

#[path = "../checks/log.rs"]
mod log;

libfuzzer_sys::fuzz_target!(|data: &[u8]| log::check(data));
