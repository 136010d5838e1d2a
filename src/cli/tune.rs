//! `foldem tune`: the cheapest policy that can be shown to keep its limits on a log.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};

use super::error::{CliError, exit};
use super::filling::Filling;
use super::foreign::{ForeignArgs, FormatName};
use super::preparation::{Preparation, PreparationArgs};
use super::replay::{IntakeArgs, JudgeArgs, ProblemArg, once_stdin};
use super::table_file::{has_parquet_ending, saved_table};
use super::{Context, catalogue, output, progress, replay_page};
use crate::input::InputError;
use crate::log::import::Import;
use crate::policy::PolicyFile;
use crate::replay::{Auditor, SavedTable, SourceLog};
use crate::report;
use crate::study::tuning::{
    self, Estimand, Limits, Objective, Prices, Shares, Test, TuningError, TuningRequest,
};

/// The name under which the candidates that ship are built in.
const CANDIDATES: &str = "candidates";

/// Find the cheapest policy whose false rejection rate can be certified, or learn why none can
///
/// The log is split by prompt: on the first part every set of the candidates' rules at every set of
/// their places is looked at, on the second the best are tested, the safest first, until one fails, and the
/// third reports what the policy chosen does to generations that nobody has looked at. With the confidence asked
/// for, the false rejection rate of the certified policy is at most what was asked for, on logs of the same
/// model, task and labels. Where nothing can be certified no policy is written.
#[derive(Debug, Args)]
#[command(after_long_help = "Examples:\n  \
    foldem tune log.jsonl --max-frr 0.05 --confidence 0.95 -o policy.toml\n  \
    foldem tune log.jsonl --candidates my-candidates.toml --max-frr 0.02 -o policy.toml --report tuning.html\n  \
    foldem tune log.jsonl --max-frr 0.05 --stratum model --max-stratum-frr 0.1 -o policy.toml\n  \
    foldem replay log.jsonl --policy my-candidates.toml --save-table alarms.parquet\n  \
    foldem tune --table alarms.parquet --candidates my-candidates.toml --max-frr 0.05\n  \
    foldem tune log.jsonl --max-frr 0.1 --confidence 0.9 --save-reporting part.parquet -o policy.toml\n  \
    foldem replay --table part.parquet --policy policy.toml   # prints the very figures of the report\n\n\
    foldem new candidates prints the candidates that ship, to edit.")]
pub(super) struct TuneArgs {
    /// Logs of generations (JSON Lines; .gz and .zst are decompressed; or .parquet); - is stdin
    #[arg(required_unless_present = "table", value_name = "LOG")]
    logs: Vec<PathBuf>,
    /// Tune on a first-alarm table (`foldem replay --save-table`) instead of reading logs
    #[arg(long, value_name = "FILE", conflicts_with_all = ["logs", "input_format", "grade", "tokenizer"])]
    table: Option<PathBuf>,
    /// Policy file whose validators are the rules, and whose checkpoints the places, to choose
    /// from; - is stdin; `candidates` is the one that ships
    #[arg(long, value_name = "FILE", default_value = CANDIDATES)]
    candidates: PathBuf,
    /// Largest false rejection rate, in (0, 1)
    #[arg(long, value_name = "A", value_parser = open_share)]
    max_frr: f64,
    /// Probability, in (0, 1), that the certificate is right
    #[arg(long, value_name = "C", default_value_t = 0.95, value_parser = open_share)]
    confidence: f64,
    /// Write the certified policy (foldem.policy/1)
    #[arg(short = 'o', value_name = "POLICY")]
    output: Option<PathBuf>,
    /// Shares of the prompts for choosing, testing and reporting
    #[arg(long, value_name = "T,C,R", default_value = "0.3,0.5,0.2", value_parser = shares)]
    split: Shares,
    /// Seed of the split
    #[arg(long, value_name = "S", default_value_t = 42)]
    seed: u64,
    /// What is made as small as possible
    #[arg(long, value_enum, default_value_t = ObjectiveArg::CostRatio)]
    objective: ObjectiveArg,
    /// Price of a token, in any currency (with --objective value)
    #[arg(long, value_name = "P", requires = "sample_value", value_parser = positive)]
    token_price: Option<f64>,
    /// Value of a retained sample, in the same currency (with --objective value)
    #[arg(long, value_name = "P", requires = "token_price", value_parser = positive)]
    sample_value: Option<f64>,
    /// A covariate (`model`, `benchmark`, an attribute) whose levels must each keep --max-stratum-frr
    #[arg(long, value_name = "NAME", requires = "max_stratum_frr")]
    stratum: Option<String>,
    /// Largest false rejection rate of each level of --stratum, in (0, 1)
    #[arg(long, value_name = "A", requires = "stratum", value_parser = open_share)]
    max_stratum_frr: Option<f64>,
    /// A covariate whose law among the retained must stay near that among the accepted
    #[arg(long, value_name = "NAME", requires = "max_shift")]
    shift: Option<String>,
    /// Largest total variation between the two, in (0, 1)
    #[arg(long, value_name = "TV", requires = "shift", value_parser = open_share)]
    max_shift: Option<f64>,
    /// Largest |E[utility | retained] − E[utility | accepted]|, in (0, 1)
    #[arg(long, value_name = "B", value_parser = open_share)]
    max_bias: Option<f64>,
    /// What the false rejection rate is a rate of
    #[arg(long, value_enum, default_value_t = EstimandArg::Generation)]
    estimand: EstimandArg,
    /// How claims are tested [default: binomial with one generation per prompt and right labels, else
    /// betting]
    #[arg(long, value_enum)]
    test: Option<TestArg>,
    /// The most labelled generations that a prompt may have [default: as many as this log has]
    #[arg(long, value_name = "M", value_parser = clap::value_parser!(u32).range(1..=100_000))]
    per_prompt: Option<u32>,
    /// Whether problems were generated, too: their tokens then count, and checkpoints at the
    /// problem apply
    #[arg(long, value_enum, default_value_t = ProblemArg::Given)]
    problem: ProblemArg,
    /// Also save the reporting part as a first-alarm table, for `foldem replay --table` (.parquet)
    #[arg(long, value_name = "FILE")]
    save_reporting: Option<PathBuf>,
    /// Read logs of another tool, as `foldem import` does
    #[arg(long, value_enum, value_name = "FORMAT")]
    input_format: Option<FormatName>,
    #[command(flatten)]
    foreign: ForeignArgs,
    #[command(flatten)]
    preparation: PreparationArgs,
    #[command(flatten)]
    judge: JudgeArgs,
    #[command(flatten)]
    intake: IntakeArgs,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum ObjectiveArg {
    /// Cost of a retained sample
    CostRatio,
    /// Tokens per attempt
    Savings,
    /// Cost of a unit of retained utility
    UtilityCost,
    /// Loss per attempt at --token-price and --sample-value
    Value,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum EstimandArg {
    /// Of accepted generations
    Generation,
    /// Of a prompt's accepted generations, averaged over prompts
    Prompt,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum TestArg {
    /// Exact; one generation per prompt and right labels alone
    Binomial,
    /// On prompts, from their average
    HoeffdingBentkus,
    /// On prompts, one by one
    Betting,
}

fn number(text: &str) -> Result<f64, String> {
    text.parse().map_err(|_| "it must be a number".to_owned())
}

fn open_share(text: &str) -> Result<f64, String> {
    let share = number(text)?;
    let inside = share > 0.0 && share < 1.0;
    inside
        .then_some(share)
        .ok_or_else(|| "it must lie between 0 and 1, such as 0.05".to_owned())
}

fn positive(text: &str) -> Result<f64, String> {
    let price = number(text)?;
    let fits = (1e-12..=1e12).contains(&price);
    fits.then_some(price)
        .ok_or_else(|| "it must lie between 1e-12 and 1e12".to_owned())
}

fn shares(text: &str) -> Result<Shares, String> {
    let parts: Result<Vec<f64>, String> = text.split(',').map(|part| number(part.trim())).collect();
    let parts: Option<[f64; 3]> = parts?.try_into().ok();
    parts.and_then(Shares::new).ok_or_else(|| {
        "give three numbers above 0, for tuning, calibration and reporting, such as 0.3,0.5,0.2"
            .to_owned()
    })
}

impl TuneArgs {
    fn request(&self) -> Result<TuningRequest, CliError> {
        let prices = self.token_price.zip(self.sample_value);
        let objective = match (self.objective, prices) {
            (ObjectiveArg::CostRatio, None) => Objective::CostRatio,
            (ObjectiveArg::Savings, None) => Objective::Savings,
            (ObjectiveArg::UtilityCost, None) => Objective::UtilityCost,
            (ObjectiveArg::Value, Some((token, sample))) => {
                Objective::Value(Prices { token, sample })
            }
            (ObjectiveArg::Value, None) => {
                let message = "--objective value needs --token-price and --sample-value";
                return Err(CliError::Usage(message.to_owned()));
            }
            (_, Some(_)) => {
                let message = "--token-price and --sample-value go with --objective value alone";
                return Err(CliError::Usage(message.to_owned()));
            }
        };
        Ok(TuningRequest {
            max_frr: self.max_frr,
            confidence: self.confidence,
            shares: self.split,
            seed: self.seed,
            objective,
            limits: Limits {
                stratum: self.stratum.clone().zip(self.max_stratum_frr),
                shift: self.shift.clone().zip(self.max_shift),
                bias: self.max_bias,
            },
            estimand: match self.estimand {
                EstimandArg::Generation => Estimand::Generation,
                EstimandArg::Prompt => Estimand::Prompt,
            },
            test: self.test.map(|test| match test {
                TestArg::Binomial => Test::Binomial,
                TestArg::HoeffdingBentkus => Test::HoeffdingBentkus,
                TestArg::Betting => Test::Betting,
            }),
            per_prompt: self.per_prompt,
            judge: self.judge.quality()?,
            problem_generated: self.problem == ProblemArg::Generated,
        })
    }

    fn check_files(&self, context: &Context) -> Result<(), CliError> {
        let read = self
            .logs
            .iter()
            .chain(&self.table)
            .chain([&self.candidates]);
        let mut files: Vec<&Path> = read
            .chain(self.foreign.files())
            .map(PathBuf::as_path)
            .collect();
        once_stdin(&files)?;
        if self.table.is_some() && self.intake.skip_malformed {
            let message = "--skip-malformed: with --table no log is read; leave it out";
            return Err(CliError::Usage(message.to_owned()));
        }
        if let Some(file) = &self.output {
            output::product("-o", file, &files)?;
            files.push(file);
        }
        if let Some(file) = &self.save_reporting {
            if !has_parquet_ending(file) {
                return Err(CliError::Usage(format!(
                    "--save-reporting {}: a table is Parquet; let its name end in .parquet",
                    file.display()
                )));
            }
            output::product("--save-reporting", file, &files)?;
            files.push(file);
        }
        context.output.keeps(&files)
    }

    /// The policy of candidates.
    fn policy(&self) -> Result<PolicyFile, InputError> {
        if self.candidates == Path::new(CANDIDATES) {
            PolicyFile::parse(CANDIDATES, output::CANDIDATES, &catalogue::rules())
        } else {
            PolicyFile::load(&self.candidates, &catalogue::rules())
        }
    }
}

/// Says which files were not written, whatever stands there from before: also where nothing but results is to be
/// printed, for a certificate of yesterday must not be taken for one of today.
fn not_written(args: &TuneArgs) {
    for file in args.output.iter().chain(&args.save_reporting) {
        let before = if file.exists() {
            "; what stands there is from before"
        } else {
            ""
        };
        // A lost remark is no reason to fail.
        let _ = writeln!(
            std::io::stderr().lock(),
            "nothing is certified: {} was not written{before}",
            file.display()
        );
    }
}

pub(super) fn run(args: &TuneArgs, context: &Context) -> Result<u8, CliError> {
    let request = args.request()?;
    args.check_files(context)?;
    let format = args.input_format.map(|name| name.0);
    let options = args.foreign.options(format, args.intake.max_line)?;
    let mut preparation = Preparation::new(&args.preparation)?;
    let candidates = args.policy()?;
    let name = args.candidates.display().to_string();
    let auditor =
        Auditor::new(&candidates).map_err(|e| InputError::whole_file(&name, e.to_string()))?;
    let filling = Filling::new(&auditor, args.intake, &mut preparation, context);
    let (table, intake) = match (&args.table, format) {
        (Some(file), _) => saved_table(file, &candidates, &args.candidates, context)?,
        (None, Some(format)) => {
            filling.import(Import::new(format, &args.logs, options)?, &args.logs)?
        }
        (None, None) => filling.logs(&args.logs)?,
    };
    if intake.partial {
        // Half of a log is another log: nothing is certified on it.
        return Err(CliError::Interrupted);
    }
    let bar = progress::share(context, "tune");
    let step = |share| progress::to_share(&bar, share);
    let tuned = tuning::tune(&table, &candidates, &request, &step, &context.interrupt);
    bar.finish_and_clear();
    let mut findings = tuned.map_err(|e| match e {
        TuningError::Interrupted => CliError::Interrupted,
        TuningError::UnknownCovariate { .. } | TuningError::InvalidTest(_) => {
            CliError::Usage(e.to_string())
        }
        _ => InputError::whole_file(&name, e.to_string()).into(),
    })?;
    findings.warnings.extend(intake.remarks.iter().cloned());
    let mut sheet = report::tuning::sheet(&findings);
    let read = args.logs.iter().chain(&args.table);
    let sources =
        replay_page::provenance(read, std::slice::from_ref(&args.candidates), CANDIDATES)?;
    if context.output.has_page() {
        sheet
            .figures
            .extend(crate::plot::cost_against_false_rejections(&findings).ok());
        sheet.provenance.clone_from(&sources);
    }
    context.output.emit(&findings, &sheet)?;
    if let (Some(file), Some(policy)) = (&args.output, &findings.policy_file) {
        let certificate = report::tuning::certificate(&findings, &sources);
        output::write_file(file, policy.to_toml(&certificate).as_bytes())?;
    }
    if let (Some(file), Some(policy), Some(_)) = (
        &args.save_reporting,
        &findings.policy_file,
        &findings.reporting,
    ) {
        let reporting = tuning::reporting_part(&table, &request);
        let reporting = reporting
            .for_policy(policy)
            .map_err(|e| CliError::Internal(e.to_string()))?;
        let bytes = SavedTable::new(reporting, 0, Vec::new(), Vec::<SourceLog>::new())
            .to_parquet()
            .map_err(|e| CliError::Internal(format!("the table cannot be saved: {e}")))?;
        output::write_file(file, &bytes)?;
    }
    if !findings.certified {
        not_written(args);
    }
    Ok(exit::FINE)
}
