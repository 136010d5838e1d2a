//! `replay --time-rules`: what the rules of a policy cost to run, on this machine.
//!
//! A second reading of the logs takes evenly spaced records, and each rule reads them alone, on one
//! thread. The figures depend on the machine and on the moment, so they stand in what people read
//! and never in the JSON or CSV of a result.

use std::path::PathBuf;

use clap::Args;

use super::error::CliError;
use super::preparation::Preparation;
use super::replay::IntakeArgs;
use crate::log::import::Import;
use crate::log::{ReadError, Reader, Record};
use crate::policy::PolicyFile;
use crate::replay::Auditor;
use crate::report::{Section, replay::rule_times};
use crate::study::Interrupt;

/// Records that are read by each rule, at most.
const SAMPLE: u64 = 1000;

/// Whether and against what rules are timed.
#[derive(Debug, Clone, Copy, Args)]
pub(super) struct RuleTimeArgs {
    /// Also measure what each rule costs to run on this machine: a table in what people read, not in
    /// JSON or CSV. Reads the logs a second time
    #[arg(long, conflicts_with = "table")]
    pub(super) time_rules: bool,
    /// Nanoseconds that generating one token takes, to say what rules cost in tokens; the default is
    /// 50 tokens a second
    #[arg(long, value_name = "NS", default_value_t = 20_000_000.0, value_parser = price, requires = "time_rules")]
    token_price_ns: f64,
}

fn price(text: &str) -> Result<f64, String> {
    let price = text.parse::<f64>().ok();
    let price = price.filter(|ns| (1e-3..=1e15).contains(ns));
    price.ok_or_else(|| {
        "it must lie in [0.001, 1e15] nanoseconds, such as 20000000 for 50 tokens a second"
            .to_owned()
    })
}

impl RuleTimeArgs {
    /// What cannot be read twice cannot be timed.
    pub(super) fn check(self, logs: &[PathBuf]) -> Result<(), CliError> {
        if self.time_rules && logs.iter().any(|log| log.as_os_str() == "-") {
            let message = "--time-rules reads the logs a second time, which stdin cannot be; name a \
                           file";
            return Err(CliError::Usage(message.to_owned()));
        }
        Ok(())
    }

    /// The table of what the rules of `policy`, made ready in `auditor`, cost on `sample`.
    pub(super) fn section(
        self,
        policy: &PolicyFile,
        auditor: &Auditor,
        sample: &[Record],
    ) -> Section {
        let validators = policy.validators().iter().zip(auditor.times(sample));
        let validators: Vec<_> = validators
            .map(|(validator, time)| (validator.name.as_str(), validator.rule, time))
            .collect();
        rule_times(&validators, self.token_price_ns)
    }
}

/// Evenly spaced ones of the records of a source that holds so many good ones.
struct Sample<'s> {
    step: u64,
    next: u64,
    records: Vec<Record>,
    preparation: &'s mut Preparation,
    interrupt: &'s Interrupt,
}

impl Sample<'_> {
    fn take(
        &mut self,
        records: impl Iterator<Item = Result<Record, ReadError>>,
    ) -> Result<(), CliError> {
        // What is malformed was counted, or ended the command, at the first reading.
        for mut record in records.flatten() {
            if self.interrupt.raised() {
                return Err(CliError::InterruptedWork);
            }
            if self.next == 0 {
                self.next = self.step;
                self.preparation.prepare(&mut record);
                self.records.push(record);
            }
            self.next -= 1;
        }
        Ok(())
    }
}

/// The records of `logs`, or of `import`, that rules are timed on; `count` is how many there are.
pub(super) fn sample(
    logs: &[PathBuf],
    import: Option<Import>,
    intake: IntakeArgs,
    count: u64,
    preparation: &mut Preparation,
    interrupt: &Interrupt,
) -> Result<Vec<Record>, CliError> {
    let mut sample = Sample {
        step: count.div_ceil(SAMPLE).max(1),
        next: 0,
        records: Vec::new(),
        preparation,
        interrupt,
    };
    if let Some(import) = import {
        sample.take(import)?;
        return Ok(sample.records);
    }
    for path in logs {
        sample.take(Reader::open(path)?.longest_line(intake.max_line()))?;
    }
    Ok(sample.records)
}
