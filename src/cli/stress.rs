//! `foldem stress`: what a policy does once its validators are not what the scenario says.

use std::path::PathBuf;

use clap::Args;

use super::error::{CliError, exit};
use super::{Context, output, progress};
use crate::plot;
use crate::report;
use crate::scenario::Scenario;
use crate::study::stress::{Choice, Failure, Request, stress};

/// Find out what a policy does once its validators are not what the scenario says
///
/// One thing at a time goes wrong, ever more: alarms are missed or raised too often, grow overconfident,
/// drift from stage to stage, are blind to a kind of fault, rise with difficulty; the final filter errs;
/// or everything is off at once, as badly as can be. Told is, exactly, where the policy ceases to pay
/// and where bias and total variation of what is retained pass a tolerance.
#[derive(Debug, Args)]
#[command(
    after_long_help = "Modes and their strengths (at 0 all is as the scenario says):\n  \
    sensitivity-shift   log-odds added to P(alarm | fault), -6:6\n  \
    false-alarm-shift   log-odds added to P(alarm | clean), -6:6\n  \
    temperature         ln of what divides all log-odds of alarms, -2:2\n  \
    drift               log-odds added per stage after the first checkpoint, -2:2\n  \
    blindness.KIND      share of faults of a kind that look clean, 0:1 (blindness: every kind)\n  \
    difficulty-effect   log-odds of false alarms per standard deviation of difficulty, -3:3\n  \
    correlation         share of looks at which fresh validators read one number, 0:1\n  \
    label-noise         share of the final filter's verdicts that are turned round, 0:0.5\n  \
    worst-case          how far every alarm probability may be off in log-odds, 0:3\n\n\
    Examples:\n  \
    foldem stress experiments/five-stage.toml\n  \
    foldem stress experiments/gsm8k-like.toml --mode false-alarm-shift=0:4 --mode blindness\n  \
    foldem stress experiments/gsm8k-like.toml --validator trace --tolerance 0.02 --figure stress.svg\n  \
    foldem stress experiments/five-stage.toml --steps 200 --format csv\n\n\
    Exit codes: 0 fine, 2 usage (also: a mode or a validator that the scenario does not have), 3 bad \
    input, 130 interrupted."
)]
pub(super) struct StressArgs {
    /// Scenario file (foldem.scenario/1); - is stdin
    scenario: PathBuf,
    /// A mode, and the strengths to examine; may be repeated [default: all modes]
    #[arg(long = "mode", value_name = "MODE[=FROM:TO]", value_parser = choice)]
    modes: Vec<Choice>,
    /// Move the alarms of this validator alone; may be repeated [default: all that are consulted]
    #[arg(long = "validator", value_name = "NAME")]
    validators: Vec<String>,
    /// Equal steps from the first strength to the last: what tips twice within a step is missed
    #[arg(long, default_value_t = 50, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=100_000))]
    steps: u32,
    /// How much bias and total variation is too much, in (0, 1)
    #[arg(long, default_value_t = 0.01, value_name = "D", value_parser = tolerance)]
    tolerance: f64,
    /// Also draw the cost ratio over the strength of each mode (.svg .png)
    #[arg(long, value_name = "FILE")]
    figure: Option<PathBuf>,
}

/// A mode with its range, as typed.
fn choice(text: &str) -> Result<Choice, String> {
    let Some((name, range)) = text.split_once('=') else {
        let name = text.to_owned();
        return Ok(Choice { name, range: None });
    };
    let number = |text: &str| text.trim().parse::<f64>().ok().filter(|x| x.is_finite());
    let ends = range.split_once(':');
    let ends = ends.and_then(|(from, to)| number(from).zip(number(to)));
    match ends {
        Some(range) => Ok(Choice {
            name: name.to_owned(),
            range: Some(range),
        }),
        None => Err(format!(
            "\"{range}\" is no range of strengths; write {name}=FROM:TO, such as {name}=0:1"
        )),
    }
}

fn tolerance(text: &str) -> Result<f64, String> {
    let value = text.parse::<f64>().ok().filter(|x| 0.0 < *x && *x < 1.0);
    value.ok_or_else(|| "must be a number above 0 and below 1, such as 0.01".to_owned())
}

pub(super) fn run(args: &StressArgs, context: &Context) -> Result<u8, CliError> {
    let scenario = Scenario::load_without_early_exit(&args.scenario, "`foldem stress`")?;
    // What cannot be written is told before the work, not after.
    let mut others = vec![args.scenario.as_path()];
    let figure = output::picture(args.figure.as_deref(), &others)?;
    others.extend(figure.iter().map(|(path, _)| *path));
    context.output.keeps(&others)?;
    let request = Request {
        modes: args.modes.clone(),
        validators: args.validators.clone(),
        steps: args.steps,
        tolerance: args.tolerance,
    };
    let bar = progress::points(context, 0, "stress");
    let moved = |done, total| {
        bar.set_length(total);
        bar.set_position(done);
    };
    let findings = stress(&scenario, &request, &moved, &context.interrupt);
    bar.finish_and_clear();
    let findings = findings.map_err(|failure| match failure {
        Failure::Interrupted => CliError::Interrupted,
        Failure::Mode(why) => CliError::Usage(format!("--mode {why}")),
        Failure::Validator(why) => CliError::Usage(format!("--validator {why}")),
    })?;
    // Where no mode is left there is nothing to draw.
    let drawn = match plot::stress_curves(&findings) {
        Ok(drawn) => Some(drawn),
        Err(plot::PlotError::Nothing(_)) => None,
        Err(error) => return Err(error.into()),
    };
    let sheet = report::stress::sheet(&findings, drawn.clone());
    // The figure is written even where nobody reads stdout to its end.
    let shown = context.output.emit(&findings, &sheet);
    match (figure, drawn) {
        (Some((path, form)), Some(drawn)) => output::write_file(path, form.bytes(&drawn))?,
        (Some(_), None) => context
            .output
            .tell("no mode was examined: no figure was drawn"),
        (None, _) => {}
    }
    shown?;
    Ok(exit::FINE)
}
