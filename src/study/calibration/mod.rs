//! Is what is predicted of generations right on average? Reliability, calibration error and Brier score of
//! the predictions that a log carries, or of a scenario's posterior and score validators, and whether
//! predictions are a martingale, which rejection at any time needs (theory.md §3).

mod martingale;
mod predicted;

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::engine::{Interrupt, Simulation};
pub use crate::estimate::ReliabilityTally;
use crate::estimate::{Calibration, Forecast};
use crate::scenario::{Response, Scenario};
use crate::study::verification::Posterior;
pub use crate::study::verification::Verdict;
use crate::theory::BayesFilter;
pub use martingale::{MartingaleFindings, Stopping, Stops, examine};
pub use predicted::{Predicted, Predictions, predictions};

/// Version of the JSON form of the findings.
pub const SCHEMA: &str = "foldem.calibration/1";
/// Predictions by their place that are told one by one.
const MOST_SERIES: usize = 20;
/// With fewer prompts intervals are rough.
const FEW_PROMPTS: u64 = 50;

/// Forecasts of one kind.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Series {
    /// What they are.
    pub name: String,
    /// How well they are calibrated.
    #[serde(flatten)]
    pub calibration: Calibration,
}

/// The result.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CalibrationFindings {
    /// [`SCHEMA`].
    pub schema: String,
    /// "log" or "scenario".
    pub source: String,
    /// Name of the scenario, or of the log's files.
    pub name: String,
    /// Generations that everything rests on.
    pub generations: u64,
    /// Their prompts.
    pub prompts: u64,
    /// Records without a prediction, which are left out.
    pub without_prediction: u64,
    /// Records with a prediction and without a utility, which are left out.
    pub without_utility: u64,
    /// Bins of equal width.
    pub bins: u32,
    /// Root seed of what was drawn; `None` for a log.
    pub seed: Option<u64>,
    /// By kind of forecast.
    pub series: Vec<Series>,
    /// The martingale test of a log; a posterior is one.
    pub martingale: Option<MartingaleFindings>,
    /// What to know before trusting the numbers.
    pub warnings: Vec<String>,
}

/// Why there are no findings.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The log or the scenario has nothing to examine.
    #[error("{0}")]
    Nothing(String),
    /// Ended before it was done.
    #[error("interrupted")]
    Interrupted,
}

/// A log with its predictions.
#[derive(Debug, Clone, Default)]
pub struct PredictedLog {
    /// Name of the log's files.
    pub name: String,
    /// Generations with predictions and a utility, in any order.
    pub generations: Vec<Predicted>,
    /// Records without a prediction.
    pub without_prediction: u64,
    /// Records with a prediction and without a utility.
    pub without_utility: u64,
}

impl PredictedLog {
    /// Puts generations of one prompt next to each other.
    pub fn sort(&mut self) {
        self.generations.sort_by_key(|g| (g.prompt, g.record));
    }

    /// Why its calibration cannot be told.
    fn obstacle(&self) -> Option<String> {
        let Some(first) = self.generations.first() else {
            return Some(if self.without_utility > 0 {
                format!(
                    "{} records carry predictions, but none has a utility (`utility`, or `correct`) to hold \
                     them against",
                    self.without_utility
                )
            } else {
                "no record carries a prediction; write them to attributes.predicted_utility, a list of \
                 numbers in [0, 1], one for each time that the utility was predicted"
                    .to_owned()
            });
        };
        let differs = |g: &Predicted| (g.utility - first.utility).abs() > f64::EPSILON;
        (!self.generations.iter().any(differs)).then(|| {
            format!(
                "all {} generations with predictions have the utility {}: with one outcome alone nothing can be \
                 told of calibration or of resolution; add records of the other kind",
                self.generations.len(),
                first.utility
            )
        })
    }
}

/// Examines the predictions of a log, sorted by prompt, in `bins` bins, at the stops of `policies` besides.
pub fn of_log(
    log: &PredictedLog,
    bins: u32,
    policies: &[Stops],
) -> Result<CalibrationFindings, Failure> {
    if let Some(obstacle) = log.obstacle() {
        return Err(Failure::Nothing(obstacle));
    }
    let generations = &log.generations;
    let longest = generations.iter().map(|g| g.path.len()).max().unwrap_or(0);
    let same_length = generations.iter().all(|g| g.path.len() == longest);
    let series = |name: String, of: &dyn Fn(&Predicted) -> Vec<Forecast>| {
        let mut tally = ReliabilityTally::new(bins as usize);
        for prompt in generations.chunk_by(|a, b| a.prompt == b.prompt) {
            tally.add_prompt(&prompt.iter().flat_map(of).collect::<Vec<_>>());
        }
        tally
            .calibration()
            .map(|calibration| Series { name, calibration })
    };
    let mut found = Vec::new();
    let all = |g: &Predicted| g.path.iter().map(|&m| (m, g.utility)).collect();
    if longest > 1 {
        found.extend(series("all predictions".to_owned(), &all));
        for k in (0..longest).take(MOST_SERIES) {
            let at = |g: &Predicted| g.path.get(k).map(|&m| (m, g.utility)).into_iter().collect();
            found.extend(series(format!("prediction {}", k + 1), &at));
        }
    } else {
        found.extend(series("prediction".to_owned(), &all));
    }
    if !same_length || longest > MOST_SERIES {
        let last = |g: &Predicted| g.path.last().map(|&m| (m, g.utility)).into_iter().collect();
        found.extend(series("last prediction".to_owned(), &last));
    }
    let prompts = found.first().map_or(0, |s| s.calibration.prompts);
    let mut warnings = Vec::new();
    if prompts < 2 {
        warnings.push("all generations are of one prompt: there are no intervals".to_owned());
    } else if prompts < FEW_PROMPTS {
        warnings.push(format!(
            "there are {prompts} prompts only: all intervals are rough"
        ));
    }
    if log.without_prediction + log.without_utility > 0 {
        warnings.push(format!(
            "left out: {} records without a prediction and {} without a utility",
            log.without_prediction, log.without_utility
        ));
    }
    warnings.push(CAVEAT.to_owned());
    Ok(CalibrationFindings {
        schema: SCHEMA.to_owned(),
        source: "log".to_owned(),
        name: log.name.clone(),
        generations: generations.len() as u64,
        prompts,
        without_prediction: log.without_prediction,
        without_utility: log.without_utility,
        bins,
        seed: None,
        series: found,
        martingale: Some(examine(generations, policies)),
        warnings,
    })
}

/// What a binned calibration error is not.
const CAVEAT: &str = "the binned calibration error is biased: upwards by chance (see what chance alone would \
                      bring), downwards by bins in which gaps cancel; its interval holds where gaps are large \
                      beside their errors, not near 0";

/// What is drawn of a scenario.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Request {
    /// Bins of equal width.
    pub bins: u32,
    /// Generations.
    pub attempts: u64,
    /// Generations of a prompt.
    pub per_prompt: u64,
    /// Root seed.
    pub seed: u64,
}

/// Examines the posterior expected utility of a scenario after each stage, and the scores of its
/// validators as predictions of utility.
pub fn of_scenario(
    scenario: &Scenario,
    request: Request,
    interrupt: &Interrupt,
) -> Result<CalibrationFindings, Failure> {
    let utilities = scenario.utility();
    if utilities
        .iter()
        .all(|u| (u - utilities[0]).abs() < f64::EPSILON)
    {
        return Err(Failure::Nothing(format!(
            "every state has the utility {}: there is nothing to predict",
            utilities[0]
        )));
    }
    let filter = BayesFilter::new(scenario);
    let posterior = Posterior::new(scenario, &filter);
    let stages = scenario.stages().len();
    let mut names: Vec<String> = (0..stages)
        .map(|k| format!("posterior after {}", scenario.stage_name(k)))
        .collect();
    // Place in the scores of a generation, of each that is a score.
    let mut scores = Vec::new();
    let consulted = scenario
        .checkpoints()
        .iter()
        .flat_map(|c| c.validators.iter().map(move |&v| (c.at, v)));
    let width = consulted.clone().count();
    for (place, (at, v)) in consulted.enumerate() {
        let validator = &scenario.validators()[v];
        if matches!(validator.response, Response::Score(_)) {
            scores.push(place);
            names.push(format!(
                "score of {} after {}",
                validator.name,
                scenario.stage_name(at)
            ));
        }
    }
    let simulation = Simulation::new(scenario, request.attempts, request.seed)
        .per_prompt(request.per_prompt)
        .traced();
    let parts: Option<Vec<Vec<ReliabilityTally>>> = (0..simulation.batches())
        .into_par_iter()
        .map(|number| {
            if interrupt.raised() {
                return None;
            }
            let batch = &simulation.draw(number)[0];
            let seen = batch.trace.as_ref().map_or(&[][..], |trace| &trace.scores);
            let mut tallies = vec![ReliabilityTally::new(request.bins as usize); names.len()];
            let mut of_prompt = vec![Vec::new(); names.len()];
            for i in 0..batch.len() {
                let utility = batch.utility[i];
                let seen = &seen[i * width..(i + 1) * width];
                let path = posterior.path(seen);
                let scored = scores.iter().map(|&place| seen[place]);
                for (series, m) in of_prompt.iter_mut().zip(path.iter().copied().chain(scored)) {
                    series.push((m, utility));
                }
                if batch.prompt.get(i + 1) != Some(&batch.prompt[i]) {
                    for (tally, series) in tallies.iter_mut().zip(&mut of_prompt) {
                        tally.add_prompt(series);
                        series.clear();
                    }
                }
            }
            Some(tallies)
        })
        .collect();
    let mut parts = parts.ok_or(Failure::Interrupted)?.into_iter();
    let mut tallies = parts.next().unwrap_or_default();
    for part in parts {
        tallies
            .iter_mut()
            .zip(&part)
            .for_each(|(tally, part)| tally.merge(part));
    }
    let series: Vec<Series> = names
        .into_iter()
        .zip(&tallies)
        .filter_map(|(name, tally)| {
            let calibration = tally.calibration()?;
            Some(Series { name, calibration })
        })
        .collect();
    let first = series.first().map(|s| &s.calibration);
    Ok(CalibrationFindings {
        schema: SCHEMA.to_owned(),
        source: "scenario".to_owned(),
        name: scenario.name().to_owned(),
        generations: first.map_or(0, |c| c.forecasts),
        prompts: first.map_or(0, |c| c.prompts),
        without_prediction: 0,
        without_utility: 0,
        bins: request.bins,
        seed: Some(request.seed),
        series,
        martingale: None,
        warnings: vec![CAVEAT.to_owned()],
    })
}
