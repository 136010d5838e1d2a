//! Findings that were never found, for the tests of figures.

use crate::study::replay::{AttributionFindings, ByVerdict, ReplayFindings};
use crate::study::simulation::{Compared, Drawn, SimulationFindings};
use crate::study::{Estimate, Named};

/// Name, value and half the width of its interval.
pub(super) type Shown = (&'static str, Option<f64>, Option<f64>);

/// An estimate with an interval around it.
pub(super) fn estimate(mean: Option<f64>, half: Option<f64>) -> Estimate {
    let ci = mean.zip(half);
    Estimate {
        mean,
        ci: ci.map(|(mean, half)| [mean - half, mean + half]),
        ..Estimate::default()
    }
}

/// An estimate that theory agrees with.
pub(super) fn compared(mean: Option<f64>, half: Option<f64>) -> Compared {
    Compared {
        estimate: estimate(mean, half),
        exact: mean,
    }
}

/// A simulation that found `values`.
pub(super) fn simulation(scenario: &str, values: &[Shown]) -> SimulationFindings {
    let estimates = values.iter().map(|&(name, mean, half)| Named {
        name: name.to_owned(),
        value: compared(mean, half),
    });
    SimulationFindings {
        schema: "test".to_owned(),
        scenario: scenario.to_owned(),
        description: String::new(),
        drawn: Drawn::Generations,
        attempts: 1_000_000,
        per_prompt: 1,
        seed: 1,
        partial: false,
        estimates: estimates.collect(),
        covariance_slack: compared(None, None),
        rejections_by_stage: Vec::new(),
        shifts: Vec::new(),
        groups: Vec::new(),
        early_exit: None,
        warnings: Vec::new(),
    }
}

/// A replay of 1000 records that found `values`.
pub(super) fn replay(policy: &str, values: &[Shown]) -> ReplayFindings {
    let estimates = values.iter().map(|&(name, mean, half)| Named {
        name: name.to_owned(),
        value: estimate(mean, half),
    });
    ReplayFindings {
        schema: "test".to_owned(),
        policy: policy.to_owned(),
        records: 1000,
        prompts: 1000,
        skipped: 0,
        seed: None,
        partial: false,
        estimated: crate::study::replay::Estimated::default(),
        problem_generated: false,
        estimates: estimates.collect(),
        covariance_slack: Estimate::default(),
        cost_beyond_coin: Estimate::default(),
        cost_beyond_running_coin: Estimate::default(),
        charged_tokens: Estimate::default(),
        rejections_by_stage: Vec::new(),
        surviving: ByVerdict::default(),
        shifts: Vec::new(),
        shift_shares: Vec::new(),
        groups: Vec::new(),
        strata: Vec::new(),
        validators: Vec::new(),
        overlaps: Vec::new(),
        attribution: AttributionFindings::default(),
        baselines: Vec::new(),
        label_noise: None,
        censored: None,
        early_exit: None,
        warnings: Vec::new(),
    }
}
