//! `foldem plan`: how much labelled data certifies a bound on the false rejection rate.

use std::path::PathBuf;

use clap::Args;

use super::error::{CliError, exit};
use super::{Context, output, progress};
use crate::plot;
use crate::report;
use crate::study::plan::{Expectation, Question, plan, steps};

/// Plan how many prompts to label before a bound on the false rejection rate can be certified
///
/// For each number of generations per prompt and each test: how many prompts certify the bound with the
/// power asked for, and the power by number of prompts. The exact binomial test is for one generation
/// per prompt; betting and Hoeffding–Bentkus hold however generations of a prompt depend on each other.
#[derive(Debug, Args)]
#[command(after_long_help = "Examples:\n  \
    foldem plan --max-frr 0.05 --frr 0.01 --accepted 0.6\n  \
    foldem plan --max-frr 0.05 --frr 0.02 --accepted 0.5 --per-prompt 1,8 --icc 0.3 --figure power.svg\n  \
    foldem plan --max-frr 0.02 --confidence 0.9 --frr 0 --accepted 0.8 --format json")]
pub(super) struct PlanArgs {
    /// The bound on the false rejection rate that is to be certified, in (0, 1)
    #[arg(long, value_name = "A")]
    max_frr: f64,
    /// Confidence of the certificate, in (0, 1)
    #[arg(long, value_name = "C", default_value_t = 0.95)]
    confidence: f64,
    /// False rejection rate that the policy is expected to have, below the bound
    #[arg(long, value_name = "F")]
    frr: f64,
    /// Share of the generations that the final filter accepts, in (0, 1]
    #[arg(long, value_name = "SHARE")]
    accepted: f64,
    /// Generations per prompt; several numbers, separated by commas, are compared
    #[arg(long, value_name = "M", value_delimiter = ',', default_value = "1,4",
          value_parser = clap::value_parser!(u32).range(1..=256))]
    per_prompt: Vec<u32>,
    /// Correlation, in [0, 1), of the rejections of two accepted generations of one prompt
    #[arg(long, value_name = "R", default_value_t = 0.1)]
    icc: f64,
    /// Probability, in (0, 1), with which the certificate is to be reached
    #[arg(long, value_name = "P", default_value_t = 0.8)]
    power: f64,
    /// Logs drawn for each simulated design
    #[arg(long, value_name = "N", default_value_t = 1000,
          value_parser = clap::value_parser!(u64).range(100..=1_000_000))]
    replications: u64,
    /// The largest log considered, in prompts
    #[arg(long, value_name = "N", default_value_t = 20_000,
          value_parser = clap::value_parser!(u64).range(1..=10_000_000))]
    most_prompts: u64,
    /// Root seed
    #[arg(long, value_name = "S", default_value_t = 42)]
    seed: u64,
    /// Also draw the power over the number of prompts (.svg .png)
    #[arg(long, value_name = "FILE")]
    figure: Option<PathBuf>,
}

pub(super) fn run(args: &PlanArgs, context: &Context) -> Result<u8, CliError> {
    let figure = output::picture(args.figure.as_deref(), &[])?;
    let written: Vec<_> = figure.iter().map(|(path, _)| *path).collect();
    context.output.keeps(&written)?;
    check(args)?;
    let question = Question {
        max_frr: args.max_frr,
        delta: 1.0 - args.confidence,
        power: args.power,
        replications: args.replications,
        most_prompts: args.most_prompts,
        seed: args.seed,
    };
    let mut per_prompt = args.per_prompt.clone();
    per_prompt.sort_unstable();
    per_prompt.dedup();
    let total = per_prompt.len() as u64 * steps(&question);
    let expectation = Expectation {
        frr: args.frr,
        accepted: args.accepted,
        icc: args.icc,
        per_prompt,
    };
    let bar = progress::points(context, total, "plan");
    let told = |done| bar.set_position(done);
    let plan = plan(&question, &expectation, &told, &context.interrupt);
    bar.finish_and_clear();
    let plan = plan.ok_or_else(|| CliError::Internal("a checked value is invalid".to_owned()))?;
    let mut sheet = report::plan::sheet(&plan);
    let drawn = (figure.is_some() || context.output.has_page())
        .then(|| plot::power_curves(&plan))
        .transpose()?;
    if context.output.has_page() {
        sheet.figures.extend(drawn.clone());
    }
    let shown = context.output.emit(&plan, &sheet);
    if let (Some((path, form)), Some(drawn)) = (figure, &drawn) {
        output::write_file(path, form.bytes(drawn))?;
    }
    shown?;
    Ok(if plan.partial {
        exit::INTERRUPTED
    } else {
        exit::FINE
    })
}

/// All that is out of range, at once.
fn check(args: &PlanArgs) -> Result<(), CliError> {
    let inside = |x: f64| x > 0.0 && x < 1.0;
    let mut wrong = Vec::new();
    for (option, value) in [
        ("--max-frr", args.max_frr),
        ("--confidence", args.confidence),
        ("--power", args.power),
    ] {
        if !inside(value) {
            wrong.push(format!(
                "{option} {value}: must lie between 0 and 1, and be neither"
            ));
        }
    }
    if !(0.0..1.0).contains(&args.frr) {
        wrong.push(format!("--frr {}: must lie in [0, 1)", args.frr));
    } else if inside(args.max_frr) && args.frr >= args.max_frr {
        wrong.push(format!(
            "--frr {}: is not below --max-frr {}; a policy that breaks the bound is not certified by \
             any amount of data. Give a larger bound or a smaller rate",
            args.frr, args.max_frr
        ));
    }
    if !(args.accepted > 0.0 && args.accepted <= 1.0) {
        wrong.push(format!(
            "--accepted {}: must lie in (0, 1]; without accepted generations there are no false rejections",
            args.accepted
        ));
    }
    if !(0.0..1.0).contains(&args.icc) {
        wrong.push(format!("--icc {}: must lie in [0, 1)", args.icc));
    }
    if wrong.is_empty() {
        Ok(())
    } else {
        Err(CliError::Usage(wrong.join("\n")))
    }
}
