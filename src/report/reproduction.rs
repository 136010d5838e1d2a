//! All experiments on one page.

use super::number::optional;
use super::{Section, Sheet, replay};
use crate::study::fit::recovery::RecoveryFindings;
use crate::study::guarantee::GuaranteeFindings;
use crate::study::log_stress::LogStressFindings;
use crate::study::replay::ReplayFindings;
use crate::study::sensitivity::SensitivityFindings;
use crate::study::simulation::SimulationFindings;
use crate::study::stress::{Confirmation, StressFindings};
use crate::study::verification::{Verdict, VerificationFindings};

/// One experiment's findings.
#[derive(Debug)]
pub struct Experiment {
    /// Exact and simulated figures.
    pub simulation: SimulationFindings,
    /// Claims and controls.
    pub verification: VerificationFindings,
    /// What tips where when validators are not as they say.
    pub stress: StressFindings,
}

/// What of a stress test stands on the page.
#[derive(Debug)]
pub struct Stressed<'f> {
    /// The scenario, or the policy on logs.
    pub of: String,
    /// Modes with their verdicts.
    verdicts: Vec<(&'f str, &'f str)>,
    confirmation: Option<&'f Confirmation>,
}

impl<'f> Stressed<'f> {
    /// Of a scenario.
    pub fn of_scenario(findings: &'f StressFindings) -> Self {
        let modes = findings.modes.iter();
        Self {
            of: findings.scenario.clone(),
            verdicts: modes
                .map(|m| (m.mode.as_str(), m.verdict.as_str()))
                .collect(),
            confirmation: findings.confirmation.as_ref(),
        }
    }

    /// Of a policy on logs.
    pub fn of_log(findings: &'f LogStressFindings) -> Self {
        let modes = findings.modes.iter();
        Self {
            of: format!("{} on the logs", findings.policy),
            verdicts: modes
                .map(|m| (m.mode.as_str(), m.verdict.as_str()))
                .collect(),
            confirmation: findings.confirmation.as_ref(),
        }
    }

    /// Whether the curves agree with what was drawn, and planted wrong ones do not.
    pub fn ok(&self) -> bool {
        self.confirmation.is_none_or(Confirmation::holds)
    }
}

/// The stress tests: what more false alarms do, and how far drawing agrees.
pub fn stresses(stressed: &[Stressed<'_>]) -> Section {
    let header = [
        "",
        "if false alarms are more or fewer",
        "compared with drawing",
        "planted and found",
    ];
    let mut section = Section::new("Stress: when policies cease to pay", &header);
    section.rows = stressed
        .iter()
        .map(|s| {
            let verdict = s
                .verdicts
                .iter()
                .find(|(mode, _)| *mode == "false-alarm-shift");
            let verdict = verdict.map_or("left out", |(_, verdict)| *verdict);
            let compared = s.confirmation.map(|c| {
                let off = c.disagreements.len();
                format!("{} of {} agree", c.comparisons - off as u64, c.comparisons)
            });
            let planted = s
                .confirmation
                .map(|c| format!("{} of {}", c.control.found, c.control.planted));
            let told = |text: Option<String>| text.unwrap_or_else(|| "–".to_owned());
            vec![
                s.of.clone(),
                verdict.to_owned(),
                told(compared),
                told(planted),
            ]
        })
        .collect();
    section
}

/// The page: a row per experiment and per replay.
pub fn sheet(
    experiments: &[Experiment],
    replays: &[ReplayFindings],
    guarantees: &[GuaranteeFindings],
    sensitivities: &[SensitivityFindings],
    recoveries: &[RecoveryFindings],
    written: &[String],
) -> Sheet {
    let mut figures = Section::new(
        "Exact figures by scenario",
        &[
            "",
            "savings %",
            "coin's savings %",
            "false rejections %",
            "detected %",
            "cost ratio",
            "coin's cost ratio",
            "retry cost ratio",
            "claims",
        ],
    );
    figures.rows = experiments.iter().map(row).collect();
    let failing = experiments.iter().filter(|e| !e.verification.ok).count();
    let verdict = if failing == 0 {
        "Every checked claim holds or is undecided, and every planted violation was found."
            .to_owned()
    } else {
        format!("In {failing} experiments a checked claim FAILS; see their verification.txt.")
    };
    Sheet {
        title: format!(
            "{} scenarios and {} replays evaluated, {} files written",
            experiments.len(),
            replays.len(),
            written.len()
        ),
        summary: vec![
            "savings: tokens saved per ATTEMPT, net of what checking costs; the coin rejects as \
             often as the policy at each checkpoint, blindly."
                .to_owned(),
            "cost ratio: tokens per RETAINED sample relative to full generation; below 1 the \
             policy pays, and below the coin's its validators know something. The retry ratio \
             holds when every prompt is retried until it yields."
                .to_owned(),
            verdict,
        ],
        sections: [replay::summary(replays), figures]
            .into_iter()
            .chain(guarantees.iter().map(super::guarantee::titled))
            .chain(sensitivities.iter().filter_map(super::sensitivity::titled))
            .chain(recoveries.iter().map(super::recovery::titled))
            .collect(),
        ..Sheet::default()
    }
}

fn row(experiment: &Experiment) -> Vec<String> {
    let exact = |name: &str| experiment.simulation.get(name).and_then(|c| c.exact);
    let percent = |name: &str| optional(exact(name).map(|x| 100.0 * x), 0.01);
    let ratio = |name: &str| optional(exact(name), 1e-3);
    let claims = experiment.verification.claims.iter();
    let claims: Vec<_> = claims.filter(|c| !c.control).collect();
    let count = |verdict: Verdict| claims.iter().filter(|c| c.verdict == verdict).count();
    vec![
        experiment.simulation.scenario.clone(),
        percent("savings"),
        percent("null_savings"),
        percent("false_rejection_rate"),
        percent("detection_rate"),
        ratio("cost_ratio"),
        ratio("null_cost_ratio"),
        ratio("cost_ratio_retry"),
        format!(
            "{} hold, {} undecided, {} fail",
            count(Verdict::Holds),
            count(Verdict::Undecided),
            count(Verdict::Fails)
        ),
    ]
}
