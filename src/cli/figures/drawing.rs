//! Which figures results give: each file of `results/` is drawn by its kind, and some together.
//!
//! The one way of drawing `paper-figures/`: `reproduce` writes its results and then draws them as
//! `figures` would later.

use std::sync::Arc;

use rayon::prelude::*;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::stored::Stored;
use crate::cli::error::CliError;
use crate::cli::surface::rows;
use crate::input::InputError;
use crate::plot::{self, Figure, PlotError, Row};
use crate::study::explanation::{self, logs::LOG_SCHEMA};
use crate::study::figures::LeftOut;
use crate::study::guarantee::{self, GuaranteeFindings};
use crate::study::replay::{ReplayFindings, positions};
use crate::study::simulation::SimulationFindings;
use crate::study::surface::{self, SurfaceFindings};
use crate::study::{
    Interrupt, RESULT_SCHEMA, audit, calibration, martingale_paths, sensitivity, sweep,
    verification,
};

/// A figure and what it is drawn from.
pub(super) struct Drawing {
    /// Its file below `paper-figures/`, without ending.
    pub(super) name: String,
    /// Files below `results/`.
    pub(super) results: Vec<String>,
    pub(super) figure: Figure,
}

type Draw = Box<dyn Fn() -> Result<Figure, PlotError> + Send + Sync>;

/// A figure to be drawn.
struct Job {
    results: Vec<String>,
    name: Name,
    draw: Draw,
}

/// What a figure is called here.
enum Name {
    /// As it calls itself.
    Own,
    /// That, with a word after it.
    With(String),
    /// Otherwise.
    Other(String),
}

impl Name {
    fn of(&self, figure: &Figure) -> String {
        match self {
            Self::Own => figure.name.clone(),
            Self::With(word) => format!("{}-{word}", figure.name),
            Self::Other(name) => name.clone(),
        }
    }
}

/// Draws all figures that `results` give, by name; and tells what was left out.
pub(super) fn draw(
    results: &[Stored],
    interrupt: &Interrupt,
) -> Result<(Vec<Drawing>, Vec<LeftOut>), CliError> {
    let mut jobs = Jobs::default();
    for result in results {
        for kind in &result.kinds {
            jobs.add(result, kind)?;
        }
    }
    let drawn = jobs.all().into_par_iter().map(|job| {
        if interrupt.raised() {
            return Err(CliError::Interrupted);
        }
        match (job.draw)() {
            Ok(figure) => Ok(Ok(Drawing {
                name: job.name.of(&figure),
                results: job.results,
                figure,
            })),
            Err(why @ (PlotError::Nothing(_) | PlotError::TooMany { .. })) => Ok(Err(LeftOut {
                results: job.results,
                why: why.to_string(),
            })),
            Err(why) => Err(why.into()),
        }
    });
    let (mut drawings, mut left_out) = (Vec::new(), Vec::new());
    for drawn in drawn.collect::<Result<Vec<_>, CliError>>()? {
        match drawn {
            Ok(drawing) => drawings.push(drawing),
            Err(left) => left_out.push(left),
        }
    }
    drawings.sort_by(|a, b| a.name.cmp(&b.name));
    match drawings
        .windows(2)
        .find(|pair| pair[0].name == pair[1].name)
    {
        None => Ok((drawings, left_out)),
        Some(pair) => {
            let message = format!(
                "gives the same figure, {}, as results/{}; delete the folder that is left over from an \
                 experiment that is gone",
                pair[0].name,
                pair[1].results.join(", results/")
            );
            let file = format!("results/{}", pair[0].results.join(", results/"));
            Err(InputError::whole_file(&file, message).into())
        }
    }
}

/// What is to be drawn.
#[derive(Default)]
struct Jobs {
    of_one: Vec<Job>,
    /// What is drawn together, with the files that it is from.
    replayed: (Vec<Row>, Vec<String>),
    simulated: (Vec<Row>, Vec<String>),
    violations: (Vec<GuaranteeFindings>, Vec<String>),
}

impl Jobs {
    /// What is to be drawn of one file; nothing of kinds that have no figure here.
    fn add(&mut self, result: &Stored, kind: &str) -> Result<(), CliError> {
        match kind {
            "verification" => self.one(
                result,
                kind,
                verification::SCHEMA,
                plot::martingale_increments,
            ),
            "paths" => self.one(
                result,
                kind,
                martingale_paths::SCHEMA,
                plot::martingale_paths,
            ),
            "positions" => {
                let draw = plot::savings_by_checkpoint_position;
                self.one(result, kind, positions::SCHEMA, draw)
            }
            "explanation" => self.one(
                result,
                kind,
                explanation::SCHEMA,
                plot::waterfall_of_scenarios,
            ),
            "sensitivity" => self.one(result, kind, sensitivity::SCHEMA, plot::sensitivity_bars),
            "calibration" => self.one(result, kind, calibration::SCHEMA, plot::reliability),
            "audit" => self.one(result, kind, audit::SCHEMA, plot::feasible_region),
            "simulation" => self.simulation(result, kind),
            "replay" => self.replay(result, kind),
            "sweep" => {
                let found = result.read(kind, sweep::RESULT_SCHEMA)?;
                let name = Name::Other(result.name.clone());
                self.job(
                    result.file(kind),
                    name,
                    &Arc::new(found),
                    plot::sweep_curves,
                );
                Ok(())
            }
            "surface" => {
                let found: Arc<SurfaceFindings> = Arc::new(result.read(kind, surface::SCHEMA)?);
                let by_group = Name::With("by-group".to_owned());
                self.job(result.file(kind), by_group, &found, |found| {
                    plot::savings_and_cost(&rows(found))
                });
                self.job(result.file(kind), Name::Own, &found, |found| {
                    plot::errors_by_group(&rows(found))
                });
                Ok(())
            }
            "violations" => {
                let (experiments, files) = &mut self.violations;
                experiments.push(result.read(kind, guarantee::SCHEMA)?);
                files.push(result.file(kind));
                Ok(())
            }
            _ => {
                if let Some(log) = kind.strip_prefix("explanation-") {
                    let found = Arc::new(result.read(kind, LOG_SCHEMA)?);
                    let name = Name::With(format!("{}-{log}", result.name));
                    self.job(result.file(kind), name, &found, plot::waterfall_of_logs);
                }
                Ok(())
            }
        }
    }

    /// A file with one figure, which is called after what the result was computed from.
    fn one<T: Serialize + DeserializeOwned + Send + Sync + 'static>(
        &mut self,
        result: &Stored,
        kind: &str,
        schema: &str,
        draw: fn(&T) -> Result<Figure, PlotError>,
    ) -> Result<(), CliError> {
        let found = Arc::new(result.read(kind, schema)?);
        self.job(result.file(kind), Name::With(result.stem()?), &found, draw);
        Ok(())
    }

    fn simulation(&mut self, result: &Stored, kind: &str) -> Result<(), CliError> {
        let found: SimulationFindings = result.read(kind, RESULT_SCHEMA)?;
        if found.early_exit.is_some() {
            let name = Name::With(result.stem()?);
            self.job(
                result.file(kind),
                name,
                &Arc::new(found),
                plot::early_exit_arms,
            );
        } else {
            let (rows, files) = &mut self.simulated;
            rows.push(Row::simulated(&found));
            files.push(result.file(kind));
        }
        Ok(())
    }

    fn replay(&mut self, result: &Stored, kind: &str) -> Result<(), CliError> {
        let found: Arc<ReplayFindings> = Arc::new(result.read(kind, RESULT_SCHEMA)?);
        let name = || Ok::<_, CliError>(Name::With(result.stem()?));
        self.job(result.file(kind), name()?, &found, plot::rejection_funnel);
        self.job(result.file(kind), name()?, &found, |found| {
            plot::savings_against_false_rejections(&Row::with_validators(&found.policy, found))
        });
        let (rows, files) = &mut self.replayed;
        rows.push(Row::replayed(&found.policy, &found));
        files.push(result.file(kind));
        Ok(())
    }

    fn job<T: Send + Sync + 'static>(
        &mut self,
        file: String,
        name: Name,
        found: &Arc<T>,
        draw: fn(&T) -> Result<Figure, PlotError>,
    ) {
        let found = Arc::clone(found);
        self.of_one.push(Job {
            results: vec![file],
            name,
            draw: Box::new(move || draw(&found)),
        });
    }

    /// All of them, those of several results last.
    fn all(self) -> Vec<Job> {
        let (replayed, replays) = self.replayed;
        let (simulated, simulations) = self.simulated;
        let (experiments, guarantees) = self.violations;
        let both = [replayed, simulated.clone()].concat();
        let of_both = [replays, simulations.clone()].concat();
        let together = |results: Vec<String>, draw: Draw| Job {
            results,
            name: Name::Own,
            draw,
        };
        let together = [
            together(of_both, Box::new(move || plot::savings_and_cost(&both))),
            together(
                simulations,
                Box::new(move || plot::bound_and_truth(&simulated)),
            ),
            together(guarantees, Box::new(move || plot::violations(&experiments))),
        ];
        let some = together.into_iter().filter(|job| !job.results.is_empty());
        self.of_one.into_iter().chain(some).collect()
    }
}
