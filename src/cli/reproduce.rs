//! `foldem reproduce`: every shipped experiment, evaluated into `results/` and `paper-figures/`.

use std::fs;
use std::path::{Path, PathBuf};

use clap::Args;
use serde::Serialize;

use super::error::{CliError, exit};
use super::output::write_file;
use super::{Context, progress};
use crate::input::Document;
use crate::plot::{self, Figure};
use crate::report::reproduction::{self, Experiment};
use crate::report::{self, Format, Provenance};
use crate::scenario::Scenario;
use crate::study::simulation::{Request, simulate};
use crate::study::verification::verify;

/// Root of all randomness, and how much is drawn for each experiment.
const SEED: u64 = 42;
const SIMULATED: u64 = 1_000_000;
const VERIFIED: u64 = 1_000_000;

/// Evaluate every experiment of a project: figures, claims, plots
///
/// Reads DIR/experiments/*.toml and writes DIR/results/<name>/ (tables, JSON, provenance) and
/// DIR/paper-figures/ (SVG and PNG). The same inputs give the same bytes.
#[derive(Debug, Args)]
pub(super) struct ReproduceArgs {
    /// Project folder: the one that holds experiments/
    #[arg(default_value = ".", value_name = "DIR")]
    directory: PathBuf,
}

/// What was written, and how it went.
#[derive(Debug, Serialize)]
struct ReproduceFindings {
    experiments: Vec<Summary>,
    written: Vec<String>,
}

#[derive(Debug, Serialize)]
struct Summary {
    name: String,
    ok: bool,
}

pub(super) fn run(args: &ReproduceArgs, context: &Context) -> Result<u8, CliError> {
    let specs = specs(&args.directory)?;
    // All inputs are read before the first result is written.
    let mut inputs = Vec::new();
    for path in &specs {
        let text = Document::read(path)?;
        let directory = path.parent().unwrap_or(Path::new("."));
        let scenario = Scenario::parse(&path.display().to_string(), &text, directory)?;
        inputs.push((path, text, scenario));
    }
    let bar = progress::attempts(
        context,
        (SIMULATED + VERIFIED) * specs.len() as u64,
        "reproduce",
    );
    let mut writer = Writer {
        root: &args.directory,
        written: Vec::new(),
    };
    let mut experiments = Vec::new();
    for (path, text, scenario) in &inputs {
        let before = bar.position();
        let request = Request {
            attempts: SIMULATED,
            seed: SEED,
            per_prompt: 1,
        };
        let simulation = simulate(
            scenario,
            request,
            &|done| bar.set_position(before + done),
            &context.interrupt,
        );
        let verification = verify(
            scenario,
            VERIFIED,
            SEED,
            &|done| bar.set_position(before + SIMULATED + done),
            &context.interrupt,
        );
        if simulation.partial || verification.partial {
            bar.finish_and_clear();
            context
                .output
                .tell("interrupted: the results of this experiment were not written");
            return Ok(exit::INTERRUPTED);
        }
        let experiment = Experiment {
            simulation,
            verification,
        };
        writer.experiment(path, text, &experiment)?;
        experiments.push(experiment);
    }
    bar.finish_and_clear();
    writer.figures(&experiments)?;

    let findings = ReproduceFindings {
        experiments: experiments
            .iter()
            .map(|e| Summary {
                name: e.simulation.scenario.clone(),
                ok: e.verification.ok,
            })
            .collect(),
        written: writer.written,
    };
    let sheet = reproduction::sheet(&experiments, &findings.written);
    context.output.emit(&findings, &sheet)?;
    Ok(if findings.experiments.iter().all(|e| e.ok) {
        exit::FINE
    } else {
        exit::CLAIM_FAILS
    })
}

/// The experiments of a project in alphabetical order.
fn specs(directory: &Path) -> Result<Vec<PathBuf>, CliError> {
    let folder = directory.join("experiments");
    let unusable = |why: String| {
        CliError::Usage(format!(
            "{}: {why}; give the project folder, the one that holds experiments/*.toml",
            folder.display()
        ))
    };
    let entries = fs::read_dir(&folder).map_err(|e| unusable(format!("cannot be read: {e}")))?;
    let mut specs: Vec<PathBuf> = entries
        .filter_map(|entry| entry.ok().map(|e| e.path()))
        .filter(|path| path.extension().is_some_and(|e| e == "toml"))
        .collect();
    specs.sort();
    if specs.is_empty() {
        return Err(unusable("holds no .toml file".to_owned()));
    }
    Ok(specs)
}

/// Writes results below the project folder and remembers what it wrote.
struct Writer<'d> {
    root: &'d Path,
    written: Vec<String>,
}

impl Writer<'_> {
    fn file(&mut self, relative: &Path, bytes: &[u8]) -> Result<(), CliError> {
        let path = self.root.join(relative);
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).map_err(CliError::write(folder))?;
        }
        write_file(&path, bytes)?;
        self.written.push(relative.display().to_string());
        Ok(())
    }

    fn experiment(
        &mut self,
        spec: &Path,
        text: &str,
        experiment: &Experiment,
    ) -> Result<(), CliError> {
        let stem = spec.file_stem().unwrap_or_default();
        let folder = Path::new("results").join(stem);
        let relative = format!("experiments/{}.toml", stem.display());
        let provenance = Provenance::new(&relative, text.as_bytes(), SEED, [SIMULATED, VERIFIED]);
        let json = serde_json::to_string_pretty(&provenance).map_err(report::RenderError::from)?;
        self.file(&folder.join("provenance.json"), (json + "\n").as_bytes())?;

        let simulation = &experiment.simulation;
        let sheet = report::simulation::sheet(simulation);
        for (name, format) in [
            ("simulation.txt", Format::Table),
            ("simulation.json", Format::Json),
        ] {
            let text = report::render(format, simulation, &sheet)?;
            self.file(&folder.join(name), text.as_bytes())?;
        }
        let verification = &experiment.verification;
        let sheet = report::verification::sheet(verification);
        for (name, format) in [
            ("verification.txt", Format::Table),
            ("verification.json", Format::Json),
        ] {
            let text = report::render(format, verification, &sheet)?;
            self.file(&folder.join(name), text.as_bytes())?;
        }
        let figure = plot::martingale_increments(verification)?;
        let name = format!("{}-{}", figure.name, stem.display());
        self.figure(&name, &figure)
    }

    fn figures(&mut self, experiments: &[Experiment]) -> Result<(), CliError> {
        let rows: Vec<_> = experiments
            .iter()
            .map(|e| plot::Row::simulated(&e.simulation))
            .collect();
        let figure = plot::savings_and_cost(&rows)?;
        self.figure(&figure.name.clone(), &figure)
    }

    fn figure(&mut self, name: &str, figure: &Figure) -> Result<(), CliError> {
        let folder = Path::new("paper-figures");
        self.file(&folder.join(format!("{name}.svg")), figure.svg.as_bytes())?;
        self.file(&folder.join(format!("{name}.png")), &figure.png)
    }
}
