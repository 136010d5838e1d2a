//! What tuning found: the certificate or why there is none, the front, and the policy's figures on
//! generations that neither its choice nor its test has seen.

use serde::Serialize;
use serde_json::Value;

use super::certificate::{Sequence, p_value};
use super::search::{Candidate, Found};
use super::{
    Claim, Estimand, Objective, PARTS, SCHEMA, Test, TestedClaim, TuningError, TuningRequest,
};
use crate::policy::{PolicyFile, Position};
use crate::replay::{Replay, Table};
use crate::study::replay::{self, Figures, Intake, ReplayFindings};

/// One part of the log.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Part {
    /// One of [`PARTS`].
    pub name: &'static str,
    /// Generations.
    pub records: u64,
    /// Prompts.
    pub prompts: u64,
    /// Generations that the final filter accepts.
    pub accepted: u64,
    /// Generations that it refuses.
    pub refused: u64,
}

impl Part {
    pub(super) fn all(tables: [&Table; 3]) -> [Self; 3] {
        std::array::from_fn(|k| {
            let rows = tables[k].rows();
            let count = |wanted| rows.iter().filter(|r| r.accepted == wanted).count() as u64;
            Self {
                name: PARTS[k],
                records: rows.len() as u64,
                prompts: tables[k].prompts() as u64,
                accepted: count(Some(true)),
                refused: count(Some(false)),
            }
        })
    }
}

/// A policy that the search found, with its figures on the tuning part.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FrontPoint {
    /// Names of its validators.
    pub validators: Vec<String>,
    /// Where it looks.
    pub checkpoints: Vec<Position>,
    /// What was made small.
    pub objective: f64,
    /// f.
    pub false_rejection_rate: f64,
    /// s.
    pub savings: Option<f64>,
    /// (1 − s)/(1 − f).
    pub cost_ratio: Option<f64>,
    /// q.
    pub rejection_rate: f64,
    /// Its p-value on the calibration part, where it was tested.
    pub p_value: Option<f64>,
    /// Whether that certifies it, where it was tested.
    pub certified: Option<bool>,
}

/// The figures of the tuned policy on some generations.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PolicyFigures {
    /// Generations.
    pub records: u64,
    /// The figures.
    #[serde(flatten)]
    pub figures: Figures,
}

/// How often the labels are right.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Judge {
    /// Probability that a good generation is labelled so.
    pub sensitivity: f64,
    /// Probability that a bad one is.
    pub specificity: f64,
}

/// What a certificate would take.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct DataNeeded {
    /// Which policy.
    pub policy: String,
    /// Its false rejection rate on the tuning part.
    pub false_rejection_rate: f64,
    /// Its objective on the tuning part.
    pub objective: Option<f64>,
    /// Calibration prompts with which prompts like those seen would certify it in four logs of five;
    /// null if more than a hundred thousand, or not known.
    pub calibration_prompts: Option<u64>,
}

/// What tuning found.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TuningFindings {
    /// [`SCHEMA`].
    pub schema: &'static str,
    /// Whether a policy is certified.
    pub certified: bool,
    /// What the certificate says, or why there is none.
    pub reason: String,
    /// False rejection rate of the policy on the reporting part.
    pub frr: Option<f64>,
    /// Upper confidence bound of the false rejection rate, from the calibration part, as if the policy had
    /// been fixed beforehand. At most `max_frr` where the policy is certified.
    pub frr_bound: Option<f64>,
    /// The largest p-value of its claims on the calibration part.
    pub p_value: Option<f64>,
    /// Savings on the reporting part.
    pub savings: Option<f64>,
    /// Cost ratio on the reporting part.
    pub cost_ratio: Option<f64>,
    /// The coin's cost ratio on the reporting part.
    pub null_cost_ratio: Option<f64>,
    /// Prompts of the calibration part.
    pub prompts: u64,
    /// Accepted generations of the calibration part.
    pub good: u64,
    /// The certified policy, as in its file; null where none is.
    pub policy: Option<Value>,
    /// The largest false rejection rate asked for.
    pub max_frr: f64,
    /// The confidence asked for.
    pub confidence: f64,
    /// Seed of the split.
    pub seed: u64,
    /// What was made small.
    pub objective: Objective,
    /// What the false rejection rate is a rate of.
    pub estimand: Estimand,
    /// How claims were tested.
    pub test: Test,
    /// The most labelled generations of a prompt that the claim on the false rejection rate allows for.
    pub per_prompt: u32,
    /// Shares of the prompts that were asked for, in the order of [`PARTS`].
    pub split: [f64; 3],
    /// The judge whose errors were corrected.
    pub judge: Option<Judge>,
    /// Whether problems count as generated.
    pub problem_generated: bool,
    /// The parts of the log.
    pub parts: [Part; 3],
    /// Validators to choose from.
    pub candidate_validators: u64,
    /// Checkpoints to choose from.
    pub candidate_checkpoints: u64,
    /// Policies looked at.
    pub examined: u64,
    /// Whether these were all.
    pub exhaustive: bool,
    /// The front on the tuning part, by rising false rejection rate.
    pub front: Vec<FrontPoint>,
    /// Which point of the front is certified and chosen.
    pub chosen: Option<u64>,
    /// The best whatever it rejects.
    pub best_of_any_rate: Option<FrontPoint>,
    /// What was claimed of the policy chosen, or of the first that failed.
    pub claims: Vec<TestedClaim>,
    /// What more data would certify.
    pub more_data: Vec<DataNeeded>,
    /// The policy on the reporting part: what `replay` prints of it there.
    pub reporting: Option<ReplayFindings>,
    /// The policy on the whole log: what `replay` prints of it. Flattered by the choice.
    pub whole_log: Option<PolicyFigures>,
    /// What to know before trusting the numbers.
    pub warnings: Vec<String>,
    /// The certified policy.
    #[serde(skip)]
    pub policy_file: Option<PolicyFile>,
}

impl TuningFindings {
    pub(super) fn new(
        candidates: &PolicyFile,
        request: &TuningRequest,
        claim: &Claim,
        parts: [Part; 3],
    ) -> Self {
        Self {
            schema: SCHEMA,
            certified: false,
            reason: String::new(),
            frr: None,
            frr_bound: None,
            p_value: None,
            savings: None,
            cost_ratio: None,
            null_cost_ratio: None,
            prompts: parts[1].prompts,
            good: parts[1].accepted,
            policy: None,
            max_frr: request.max_frr,
            confidence: request.confidence,
            seed: request.seed,
            objective: request.objective,
            estimand: request.estimand,
            test: claim.test,
            per_prompt: claim.per_prompt,
            split: request.shares.parts(),
            judge: request.judge.map(|judge| Judge {
                sensitivity: judge.sensitivity(),
                specificity: judge.specificity(),
            }),
            problem_generated: request.problem_generated,
            parts,
            candidate_validators: candidates.validators().len() as u64,
            candidate_checkpoints: candidates.checkpoints().len() as u64,
            examined: 0,
            exhaustive: false,
            front: Vec::new(),
            chosen: None,
            best_of_any_rate: None,
            claims: Vec::new(),
            more_data: Vec::new(),
            reporting: None,
            whole_log: None,
            warnings: Vec::new(),
            policy_file: None,
        }
    }

    /// Notes what was found, of which the first were tested.
    pub(super) fn note_search(
        &mut self,
        candidates: &PolicyFile,
        found: &Found,
        sequence: &Sequence,
    ) {
        self.examined = found.examined;
        self.exhaustive = found.exhaustive;
        let point = |candidate: &Candidate| {
            let checkpoints = candidate.choice.checkpoints(candidates.checkpoints());
            let consulted = |v: &usize| checkpoints.iter().any(|c| c.validators.contains(v));
            let names = candidates.validators().iter().enumerate();
            FrontPoint {
                validators: names
                    .filter(|(v, _)| consulted(v))
                    .map(|(_, validator)| validator.name.clone())
                    .collect(),
                checkpoints: checkpoints.iter().map(|c| c.at).collect(),
                objective: candidate.objective,
                false_rejection_rate: candidate.false_rejection_rate,
                savings: candidate.figures.savings,
                cost_ratio: candidate.figures.cost_ratio,
                rejection_rate: candidate.figures.rejection_rate,
                p_value: None,
                certified: None,
            }
        };
        self.front = found.front.iter().map(point).collect();
        self.best_of_any_rate = found.best.as_ref().map(point);
        let tested = self.front.iter_mut().zip(&sequence.tested);
        for (i, (point, claims)) in tested.enumerate() {
            point.p_value = Some(p_value(claims));
            point.certified = Some(i < sequence.certified);
        }
        let shown = sequence.certified.saturating_sub(1);
        self.claims = sequence.tested.get(shown).cloned().unwrap_or_default();
        self.chosen = sequence.certified.checked_sub(1).map(|i| i as u64);
    }

    /// Notes the certified policy, with what its reporting part says.
    pub(super) fn certify(
        &mut self,
        policy: PolicyFile,
        bound: f64,
        (table, reporting): (&Table, Table),
        request: &TuningRequest,
    ) -> Result<(), TuningError> {
        self.certified = true;
        self.frr_bound = Some(bound);
        self.p_value = Some(p_value(&self.claims));
        let judge = self.judge.map_or_else(String::new, |judge| {
            format!(
                ", if labels are right with probability {} for the good and {} for the bad",
                judge.sensitivity, judge.specificity
            )
        });
        let rate = self
            .claims
            .first()
            .map_or("", |tested| tested.claim.name.as_str());
        self.reason = format!(
            "with confidence {} over logs like the calibration part, of at most {} labelled generations per prompt{judge}, \
             the {rate} is at most {} ({} prompts, {} accepted generations, p = {:.1e})",
            request.confidence,
            self.per_prompt,
            request.max_frr,
            self.prompts,
            self.good,
            p_value(&self.claims)
        );
        let generated = request.problem_generated;
        let known = "the policy's validators are among the candidates'";
        let checkpoints = table.checkpoints_of(&policy).expect(known);
        let replay = Replay::new(table, &policy, &checkpoints, generated)?;
        self.whole_log = Some(PolicyFigures {
            records: table.rows().len() as u64,
            figures: replay::figures(table, &replay),
        });
        if reporting.rows().is_empty() {
            self.warnings.push(
                "the reporting part is empty: what the policy does to generations that the choice has not seen is \
                 not known; give it a share of the prompts (--split)"
                    .to_owned(),
            );
        } else {
            let reporting = reporting.for_policy(&policy).expect(known);
            let replay = Replay::new(&reporting, &policy, policy.checkpoints(), generated)?;
            let mut findings = replay::findings(&policy, &reporting, &replay, &Intake::default())?;
            let judge = request.judge;
            findings.label_noise =
                judge.and_then(|judge| replay::label_noise(&reporting, &replay, judge));
            let mean = |name: &str| findings.get(name).and_then(|e| e.mean);
            self.frr = mean("false_rejection_rate");
            self.savings = mean("savings");
            self.cost_ratio = mean("cost_ratio");
            self.null_cost_ratio = mean("null_cost_ratio");
            self.reporting = Some(findings);
        }
        self.policy =
            Some(toml::from_str(&policy.to_toml("")).expect("a written policy can be read"));
        self.policy_file = Some(policy);
        Ok(())
    }
}
