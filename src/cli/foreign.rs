//! Logs of other tools on the command line: which format, and what it needs to know.

use std::path::PathBuf;

use clap::builder::PossibleValue;
use clap::{Args, ValueEnum};

use super::error::CliError;
use crate::log::import::{ColumnMap, Format, Options, PRESETS};

/// A format by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct FormatName(pub(super) Format);

impl ValueEnum for FormatName {
    fn value_variants<'a>() -> &'a [Self] {
        const ALL: [FormatName; 7] = {
            let mut all = [FormatName(Format::Map); 7];
            let mut i = 0;
            while i < all.len() {
                all[i] = FormatName(Format::ALL[i]);
                i += 1;
            }
            all
        };
        &ALL
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        let help = match self.0 {
            Format::OpenAiBatch => "output of OpenAI's Batch API or of vllm run-batch",
            Format::VllmOffline => "RequestOutput objects of vLLM as JSON",
            Format::LmEval => "samples_*.jsonl of lm-evaluation-harness",
            Format::ParquetGenerations => "tables of generations, by --columns",
            Format::Distilabel => "rows of a distilabel pipeline",
            Format::RlRollouts => "rollouts of verl or of TRL's GRPO trainer",
            Format::Map => "anything else in JSON Lines, a JSON array or Parquet, by --map",
        };
        Some(PossibleValue::new(self.0.name()).help(help))
    }
}

/// What a format needs to know.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Logs of other tools")]
pub(super) struct ForeignArgs {
    /// openai-batch: file of the requests, from which prompts are joined by custom_id
    #[arg(long, value_name = "FILE")]
    prompts: Vec<PathBuf>,
    /// lm-eval, rl-rollouts: key that says right or wrong (a metric, a reward)
    #[arg(long, value_name = "KEY")]
    label: Option<String>,
    /// lm-eval: the filter whose verdicts are taken [default: each document's first]
    #[arg(long, value_name = "NAME")]
    filter: Option<String>,
    /// parquet-generations: preset or TOML file that says where fields stand
    #[arg(long, value_name = "PRESET|FILE")]
    columns: Option<PathBuf>,
    /// map: where fields stand, such as solution=response.text,correct=eval.ok,prompt_id=q[0].id
    #[arg(long, value_name = "FIELD=PATH,…", value_delimiter = ',')]
    map: Vec<String>,
}

impl ForeignArgs {
    /// Files that are read beside the logs.
    pub(super) fn files(&self) -> &[PathBuf] {
        &self.prompts
    }

    /// The options that are given, each with the formats that it is for.
    fn given(&self) -> Vec<(&'static str, &'static [Format])> {
        let options: [(bool, &'static str, &'static [Format]); 5] = [
            (
                !self.prompts.is_empty(),
                "--prompts",
                &[Format::OpenAiBatch],
            ),
            (
                self.label.is_some(),
                "--label",
                &[Format::LmEval, Format::RlRollouts],
            ),
            (self.filter.is_some(), "--filter", &[Format::LmEval]),
            (
                self.columns.is_some(),
                "--columns",
                &[Format::ParquetGenerations],
            ),
            (!self.map.is_empty(), "--map", &[Format::Map]),
        ];
        let given = options.into_iter().filter(|(given, _, _)| *given);
        given.map(|(_, name, formats)| (name, formats)).collect()
    }

    /// What the importer of `format` is told; without a format there must be nothing to tell.
    pub(super) fn options(
        &self,
        format: Option<Format>,
        longest_line: usize,
    ) -> Result<Options, CliError> {
        for (option, formats) in self.given() {
            if format.is_none_or(|format| !formats.contains(&format)) {
                let names: Vec<&str> = formats.iter().map(|f| f.name()).collect();
                return Err(CliError::Usage(format!(
                    "{option} is for logs in the format {}",
                    names.join(" or ")
                )));
            }
        }
        let columns = match format {
            Some(Format::ParquetGenerations) => {
                let Some(columns) = &self.columns else {
                    let presets: Vec<&str> = PRESETS.iter().map(|(name, _)| *name).collect();
                    return Err(CliError::Usage(format!(
                        "parquet-generations needs --columns, a TOML file or one of {}",
                        presets.join(", ")
                    )));
                };
                Some(ColumnMap::load(columns)?)
            }
            Some(Format::Map) => {
                let map = ColumnMap::of_pairs(self.map.iter().map(String::as_str));
                Some(map.map_err(|message| CliError::Usage(format!("--map: {message}")))?)
            }
            _ => None,
        };
        Ok(Options {
            prompts: self.prompts.clone(),
            label: self.label.clone(),
            filter: self.filter.clone(),
            columns,
            longest_line: Some(longest_line),
        })
    }
}
