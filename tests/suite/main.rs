//! One integration binary, a file per theme.
#![allow(
    clippy::unwrap_used,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::format_push_string,
    reason = "a test that cannot go on should end where it stands; its inputs are small"
)]

mod agreement;
mod attribution;
mod audit;
mod audit_command;
mod audit_ranges;
mod baselines;
mod broken;
mod broken_imports;
mod broken_logs;
mod calibrate;
mod candidates;
mod captions;
mod censored;
mod cli;
mod compare;
mod conditional;
mod correlated;
mod correlated_studies;
mod coverage;
mod early_exit;
mod early_exit_command;
mod early_exit_drawn;
mod early_exit_published;
mod early_exit_replay;
mod enumeration;
mod equation_rates;
mod every_policy;
mod explain;
mod explain_logs;
mod figures;
mod fit;
mod fuzz_corpus;
mod golden;
mod guarantee;
mod held_out;
mod help;
mod import;
mod jackknife;
mod judging;
mod label_noise;
mod lanes;
mod layering;
mod links;
mod literal;
mod literal_policy;
mod log_stress;
mod log_stress_command;
mod mixture;
mod money;
mod optimal;
mod optimal_command;
mod page;
mod parquet;
mod parts;
mod posterior;
mod precision;
mod promises;
mod properties;
mod readme;
mod real_text;
mod replay;
mod reproduce;
mod reweighted;
mod round_trip;
mod rule_pages;
mod rule_times;
mod running_coin;
mod sensitivity;
mod stress;
mod stress_command;
mod stressed;
mod surface;
mod sweep;
mod sweep_output;
mod table;
mod tokenizer;
mod tuning;
mod tuning_conditions;
mod verification;
mod watch;
