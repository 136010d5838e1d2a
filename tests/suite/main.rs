//! One integration binary, a file per theme.
#![allow(
    clippy::unwrap_used,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::format_push_string,
    reason = "a test that cannot go on should end where it stands; its inputs are small"
)]

mod agreement;
mod broken;
mod broken_logs;
mod cli;
mod coverage;
mod enumeration;
mod golden;
mod jackknife;
mod judging;
mod lanes;
mod layering;
mod mixture;
mod page;
mod parts;
mod posterior;
mod properties;
mod readme;
mod real_text;
mod replay;
mod rule_pages;
mod sweep;
mod verification;
