//! `foldem replay`: what a policy would have done to logged generations.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};

use super::error::{CliError, exit};
use super::evaluation::evaluated;
use super::filling::Filling;
use super::foreign::{ForeignArgs, FormatName};
use super::preparation::{Preparation, PreparationArgs};
use super::rule_times::{self, RuleTimeArgs};
use super::simulate::read_prices;
use super::table_file::{has_parquet_ending, save_table, saved_table};
use super::{Context, catalogue, output, replay_page};
use crate::input::InputError;
use crate::log::import::Import;
use crate::log::{LONGEST_LINE, Writer};
use crate::policy::PolicyFile;
use crate::replay::{Auditor, Replay, ScheduleError, Table};
use crate::report;
use crate::report::Sheet;
use crate::study::money::{self, MoneyFindings, Prices, WithMoney};
use crate::study::replay::{self, Intake, JudgeQuality, ReplayFindings};

/// The name under which the policy of the paper is built in.
pub(super) const PAPER: &str = "paper";

/// Replay logged generations under a policy: what it would have saved, cost and done to the data
///
/// Rules read every logged generation as it was written and stop it where the policy would have.
/// Prints the same estimates as `simulate`, with intervals over prompts, beside a coin that rejects
/// as often, for all records and for each model and benchmark. Records without a verdict take part
/// in savings and rejection rates.
#[derive(Debug, Args)]
#[command(after_long_help = "Examples:\n  \
    foldem replay log.jsonl --policy paper\n  \
    foldem replay a.jsonl.gz b.jsonl.zst --policy my-policy.toml --format json\n  \
    foldem replay log.jsonl --policy my-policy.toml --outcomes outcomes.jsonl\n  \
    foldem replay log.jsonl --policy paper --judge-sensitivity 0.97 --judge-specificity 0.9\n  \
    foldem replay log.jsonl --policy all-rules.toml --save-table alarms.parquet\n  \
    foldem replay --table alarms.parquet --policy old-policy.toml\n  \
    foldem replay samples_gsm8k.jsonl --input-format lm-eval --policy paper\n  \
    foldem replay log.jsonl --policy my-policy.toml --time-rules --token-price-ns 12000000\n\n\
    foldem new policy prints the policy of the paper, commented, to start from.")]
pub(super) struct ReplayArgs {
    /// Logs of generations (JSON Lines; .gz and .zst are decompressed; or .parquet); - is stdin
    #[arg(required_unless_present = "table", value_name = "LOG")]
    logs: Vec<PathBuf>,
    /// Replay the generations of a first-alarm table instead of reading logs: under any policy
    /// whose validators have the rules and parameters of the table's
    #[arg(long, value_name = "FILE", conflicts_with_all = ["logs", "save_table", "input_format", "grade", "tokenizer"])]
    table: Option<PathBuf>,
    /// Also save the first alarms of the policy's validators, for --table (.parquet)
    #[arg(long, value_name = "FILE")]
    save_table: Option<PathBuf>,
    /// Policy file (foldem.policy/1); - is stdin; `paper` is the paper's policy
    #[arg(long, value_name = "FILE")]
    policy: PathBuf,
    /// Whether problems were generated, too: their tokens then count, and checkpoints at the
    /// problem apply
    #[arg(long, value_enum, default_value_t = ProblemArg::Given)]
    problem: ProblemArg,
    /// Also write what happened to each generation (JSON Lines; .gz and .zst compress)
    #[arg(long, value_name = "FILE")]
    outcomes: Option<PathBuf>,
    /// Read logs of another tool, as `foldem import` does
    #[arg(long, value_enum, value_name = "FORMAT")]
    input_format: Option<FormatName>,
    #[command(flatten)]
    foreign: ForeignArgs,
    #[command(flatten)]
    preparation: PreparationArgs,
    #[command(flatten)]
    judge: JudgeArgs,
    /// The most tokens that a solution may have (the limit it was generated with): bounds what a
    /// live policy cut, in a log that was written under one
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=1_000_000_000_000))]
    token_limit: Option<u64>,
    /// Also show what would have been saved in money, at these prices (foldem.prices/1)
    #[arg(long, value_name = "FILE")]
    prices: Option<PathBuf>,
    #[command(flatten)]
    times: RuleTimeArgs,
    #[command(flatten)]
    intake: IntakeArgs,
}

/// How often labels are right.
#[derive(Debug, Clone, Copy, Args)]
pub(super) struct JudgeArgs {
    /// Probability, in [0, 1], that the label (`accepted`, else `correct`) of a good generation says
    /// so: also print what the figures would be with right labels
    #[arg(long, value_name = "P", requires = "judge_specificity")]
    judge_sensitivity: Option<f64>,
    /// Probability, in [0, 1], that the label of a bad generation says so
    #[arg(long, value_name = "P", requires = "judge_sensitivity")]
    judge_specificity: Option<f64>,
}

impl JudgeArgs {
    /// The judge that the labels are from, where its quality is given.
    pub(super) fn quality(self) -> Result<Option<JudgeQuality>, CliError> {
        let given = self.judge_sensitivity.zip(self.judge_specificity);
        let Some((sensitivity, specificity)) = given else {
            return Ok(None);
        };
        let quality = JudgeQuality::new(sensitivity, specificity);
        quality.map(Some).ok_or_else(|| {
            CliError::Usage(format!(
                "--judge-sensitivity {sensitivity} --judge-specificity {specificity}: both must lie \
                 in [0, 1] and add up to more than 1; otherwise the labels say nothing, or the \
                 opposite"
            ))
        })
    }
}

/// How logs are read.
#[derive(Debug, Clone, Copy, Args)]
pub(super) struct IntakeArgs {
    /// Leave malformed lines out and count them, instead of ending with an error
    #[arg(long)]
    pub(super) skip_malformed: bool,
    /// Longest line allowed, in bytes; KiB, MiB and GiB may follow the number
    #[arg(long, value_name = "BYTES", default_value = "64MiB", value_parser = bytes)]
    pub(super) max_line: usize,
}

impl IntakeArgs {
    pub(super) fn skips_malformed(self) -> bool {
        self.skip_malformed
    }

    pub(super) fn max_line(self) -> usize {
        self.max_line
    }
}

impl Default for IntakeArgs {
    fn default() -> Self {
        Self {
            skip_malformed: false,
            max_line: LONGEST_LINE,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum ProblemArg {
    /// Problems were there before
    Given,
    /// Problems were generated by the pipeline
    Generated,
}

fn bytes(text: &str) -> Result<usize, String> {
    let digits = text.trim_end_matches(|c: char| !c.is_ascii_digit());
    let shift = match &text[digits.len()..] {
        "" | "B" => 0,
        "KiB" => 10,
        "MiB" => 20,
        "GiB" => 30,
        _ => {
            return Err(format!(
                "give a number of bytes such as {LONGEST_LINE} or 64MiB"
            ));
        }
    };
    let number: usize = digits
        .parse()
        .map_err(|_| format!("give a number of bytes such as {LONGEST_LINE} or 64MiB"))?;
    let bytes = number
        .checked_mul(1 << shift)
        .filter(|b| (1..=1 << 40).contains(b));
    bytes.ok_or_else(|| "it must lie between 1 byte and 1024 GiB".to_owned())
}

pub(super) fn run(args: &ReplayArgs, context: &Context) -> Result<u8, CliError> {
    let judge = args.judge.quality()?;
    check_files(args, context)?;
    let format = args.input_format.map(|name| name.0);
    let options = args.foreign.options(format, args.intake.max_line)?;
    let mut preparation = Preparation::new(&args.preparation)?;
    let policy = policy(&args.policy)?;
    let prices = args.prices.as_deref().map(read_prices).transpose()?;
    let page = context.output.has_page();
    let shown = if page { replay_page::EXAMPLES } else { 0 };
    let auditor = auditor(&policy, &args.policy)?.showing(shown);
    let writer = args.outcomes.as_deref().map(Writer::create).transpose()?;
    let import = || format.map(|format| Import::new(format, &args.logs, options.clone()));
    let filling = Filling::new(&auditor, args.intake, &mut preparation, context);
    let (table, intake) = match (&args.table, import().transpose()?) {
        (Some(file), _) => saved_table(file, &policy, &args.policy, context)?,
        (None, Some(import)) => filling.import(import, &args.logs)?,
        (None, None) => filling.logs(&args.logs)?,
    };
    if intake.partial && table.rows().is_empty() {
        context.output.tell("interrupted before the first record");
        return Ok(exit::INTERRUPTED);
    }
    let partial = intake.partial;
    // What was interrupted is not read again.
    let times = if args.times.time_rules && !partial {
        let (count, interrupt) = (table.rows().len() as u64, &*context.interrupt);
        let import = import().transpose()?;
        let sample = rule_times::sample(
            &args.logs,
            import,
            args.intake,
            count,
            &mut preparation,
            interrupt,
        )?;
        Some(args.times.section(&policy, &auditor, &sample))
    } else {
        None
    };
    check_token_limit(&table, args.token_limit)?;
    let evaluation = Evaluation {
        policy,
        path: args.policy.clone(),
        table,
        intake,
        generated: args.problem == ProblemArg::Generated,
        judge,
        token_limit: args.token_limit,
        prices,
        page,
    };
    let (evaluation, findings) = evaluated(&context.interrupt, move || {
        let findings = evaluation.findings();
        (evaluation, findings)
    })?;
    let (findings, mut sheet, money) = findings?;
    sheet.sections.extend(times);
    if page {
        let read = args.logs.iter().chain(&args.table);
        let policies = std::slice::from_ref(&args.policy);
        sheet.provenance = replay_page::provenance(read, policies, PAPER)?;
    }
    match &money {
        None => context.output.emit(&findings, &sheet)?,
        Some(money) => {
            let findings = &findings;
            context
                .output
                .emit(&WithMoney { findings, money }, &sheet)?;
        }
    }
    if let Some(writer) = writer {
        evaluation.write_outcomes(writer, context)?;
    }
    if let Some(file) = &args.save_table {
        save_table(
            file,
            evaluation.table,
            evaluation.intake,
            &args.logs,
            context,
        )?;
    }
    Ok(if partial {
        exit::INTERRUPTED
    } else {
        exit::FINE
    })
}

/// A limit of tokens must be one that the log's generations kept, and there must be something to bound.
fn check_token_limit(table: &Table, limit: Option<u64>) -> Result<(), CliError> {
    let Some(limit) = limit else {
        return Ok(());
    };
    if limit < table.longest() {
        return Err(CliError::Usage(format!(
            "--token-limit {limit}: the log holds a solution of {} tokens; give the limit that \
             generations had, at least as much",
            table.longest()
        )));
    }
    if !table.is_censored() {
        return Err(CliError::Usage(format!(
            "--token-limit {limit}: no record of the log was rejected by a live policy \
             (`rejected_at`), so there is nothing to bound; leave it out"
        )));
    }
    Ok(())
}

/// What was read, ready to be evaluated.
struct Evaluation {
    policy: PolicyFile,
    /// Where the policy came from.
    path: PathBuf,
    table: Table,
    intake: Intake,
    /// Whether problems were generated.
    generated: bool,
    judge: Option<JudgeQuality>,
    /// Most tokens that a solution could have had.
    token_limit: Option<u64>,
    /// Prices, with the name of their file.
    prices: Option<(String, Prices)>,
    /// Whether a page is asked for.
    page: bool,
}

impl Evaluation {
    fn replay(&self) -> Result<Replay<'_>, InputError> {
        let checkpoints = self.policy.checkpoints();
        Replay::new(&self.table, &self.policy, checkpoints, self.generated)
            .map_err(|error| self.wrong_policy(&error))
    }

    fn wrong_policy(&self, error: &ScheduleError) -> InputError {
        let hint = if self.path == Path::new(PAPER) {
            " (`foldem new policy` prints this one, to edit)"
        } else {
            ""
        };
        InputError::whole_file(&self.path.display().to_string(), format!("{error}{hint}"))
    }

    fn findings(&self) -> Result<(ReplayFindings, Sheet, Option<MoneyFindings>), InputError> {
        let wrong = |error: ScheduleError| self.wrong_policy(&error);
        let (policy, table) = (&self.policy, &self.table);
        let replay = self.replay()?;
        let mut findings = replay::findings(policy, table, &replay, &self.intake).map_err(wrong)?;
        let judge = self.judge;
        findings.label_noise = judge.and_then(|judge| replay::label_noise(table, &replay, judge));
        findings.censored = replay::censored(table, &replay, self.token_limit);
        if judge.is_some() && findings.label_noise.is_none() {
            let message = "no record has a verdict, so --judge-sensitivity and --judge-specificity \
                           have nothing to correct";
            findings.warnings.push(message.to_owned());
        }
        let mut sheet = report::replay::sheet(&findings);
        if self.page {
            replay_page::complete(&mut sheet, policy, table, &findings).map_err(wrong)?;
        }
        let money = self.prices.as_ref().map(|(path, prices)| {
            money::of_log(table, &replay, prices).map_err(|why| InputError::whole_file(path, why))
        });
        let money = money.transpose()?;
        if let Some(money) = &money {
            report::add_money(&mut sheet, money);
        }
        Ok((findings, sheet, money))
    }

    /// Writes what happened to each generation.
    fn write_outcomes(&self, mut writer: Writer, context: &Context) -> Result<(), CliError> {
        let replay = self.replay()?;
        for outcome in replay::outcomes(&self.policy, &self.table, &replay) {
            if context.interrupt.raised() && !self.intake.partial {
                // Dropping the writer leaves nothing behind.
                return Err(CliError::InterruptedWork);
            }
            writer.write_line(&outcome)?;
        }
        writer.finish()?;
        Ok(())
    }
}

/// No file is read twice that can be read once, and none is written over another.
fn check_files(args: &ReplayArgs, context: &Context) -> Result<(), CliError> {
    let inputs: Vec<&Path> = args
        .logs
        .iter()
        .chain(&args.table)
        .chain([&args.policy])
        .chain(args.foreign.files())
        .chain(&args.prices)
        .map(PathBuf::as_path)
        .collect();
    once_stdin(&inputs)?;
    args.times.check(&args.logs)?;
    if args.table.is_some() && args.intake.skip_malformed {
        let message = "--skip-malformed: with --table no log is read; leave it out";
        return Err(CliError::Usage(message.to_owned()));
    }
    let mut others = inputs;
    if let Some(file) = &args.outcomes {
        if has_parquet_ending(file) {
            return Err(CliError::Usage(format!(
                "--outcomes {}: outcomes are JSON Lines; use .jsonl, .jsonl.gz or .jsonl.zst",
                file.display()
            )));
        }
        output::product("--outcomes", file, &others)?;
        others.push(file);
    }
    if let Some(file) = &args.save_table {
        if !has_parquet_ending(file) {
            return Err(CliError::Usage(format!(
                "--save-table {}: a table is Parquet; let its name end in .parquet",
                file.display()
            )));
        }
        output::product("--save-table", file, &others)?;
        others.push(file);
    }
    context.output.keeps(&others)
}

/// Stdin can be read once.
pub(super) fn once_stdin(inputs: &[&Path]) -> Result<(), CliError> {
    if inputs
        .iter()
        .filter(|path| **path == Path::new("-"))
        .count()
        > 1
    {
        let message = "- (stdin) is named twice; it can be read once".to_owned();
        return Err(CliError::Usage(message));
    }
    Ok(())
}

/// Behind `--` stand logs alone; an option there would be taken for one.
pub(super) fn options_stand_before(logs: &[PathBuf]) -> Result<(), CliError> {
    let option = |path: &&PathBuf| path.to_string_lossy().starts_with("--") && !path.exists();
    match logs.iter().find(option) {
        None => Ok(()),
        Some(option) => Err(CliError::Usage(format!(
            "{}: what stands behind -- is read as a log; options stand before it",
            option.display()
        ))),
    }
}

/// The policy of a file, or the built-in one.
pub(super) fn policy(path: &Path) -> Result<PolicyFile, InputError> {
    if path == Path::new(PAPER) {
        PolicyFile::parse(PAPER, output::PAPER_POLICY, &catalogue::rules())
    } else {
        PolicyFile::load(path, &catalogue::rules())
    }
}

/// The validators of a policy, made ready.
pub(super) fn auditor(policy: &PolicyFile, path: &Path) -> Result<Auditor, InputError> {
    let name = path.display().to_string();
    Auditor::new(policy).map_err(|e| InputError::whole_file(&name, e.to_string()))
}
