//! `foldem new`: a commented template, for a start.

use clap::{Args, ValueEnum};

use super::error::{CliError, exit};
use super::output::{self, CANDIDATES, PAPER_POLICY};

/// Print a commented template to start from
///
/// The template is valid as it stands: redirect it to a file and edit it.
#[derive(Debug, Args)]
#[command(after_long_help = "Examples:\n  \
    foldem new scenario > my.toml\n  \
    foldem new policy > policy.toml\n  \
    foldem new candidates > candidates.toml\n  \
    foldem new log > log.jsonl")]
pub(super) struct NewArgs {
    /// What to start
    #[arg(value_enum)]
    kind: Kind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Kind {
    /// A generation process with its policy (foldem.scenario/1)
    Scenario,
    /// A policy for replay (foldem.policy/1)
    Policy,
    /// Rules and places for tuning to choose from (foldem.policy/1)
    Candidates,
    /// Three generations of two prompts in the log format (JSON Lines)
    Log,
}

pub(super) fn run(args: &NewArgs) -> Result<u8, CliError> {
    output::print(match args.kind {
        Kind::Scenario => include_str!("templates/scenario.toml"),
        Kind::Policy => PAPER_POLICY,
        Kind::Candidates => CANDIDATES,
        Kind::Log => include_str!("templates/log.jsonl"),
    })?;
    Ok(exit::FINE)
}
