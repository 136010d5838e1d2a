//! What would one checkpoint save, by where it stands?
//!
//! The validators that a policy consults while the solution is being written are consulted once
//! instead, after a share of the expected tokens. An early checkpoint saves more of what it
//! rejects, a late one sees more; the coin that rejects as often there tells how much of the
//! savings is the place alone.

use serde::{Deserialize, Serialize};

use super::plain_estimates;
use crate::estimate::{Estimate, Estimates};
use crate::policy::{Checkpoint, PolicyFile, Position};
use crate::replay::{Group, Replay, ScheduleError, Table};

/// Version of the JSON form.
pub const SCHEMA: &str = "foldem.positions/1";

/// Shares of the expected tokens at which a checkpoint is tried unless others are asked for; the
/// paper tried 0.3 to 0.8.
pub const FRACTIONS: [f64; 19] = [
    0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9,
    0.95, 1.0,
];

/// Groups with curves of their own: those with the most records.
const MOST_GROUPS: usize = 20;

/// One checkpoint at each of several places.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PositionSweep {
    /// [`SCHEMA`].
    pub schema: String,
    /// Name of the policy.
    pub policy: String,
    /// Names of the validators that the checkpoint consults.
    pub validators: Vec<String>,
    /// Pairs of benchmark and prompt.
    pub prompts: u64,
    /// All generations, then those of each model and benchmark.
    pub curves: Vec<PositionCurve>,
}

/// What happens to some generations, by where the checkpoint stands.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PositionCurve {
    /// Their model and benchmark; `None` for all generations.
    pub group: Option<Group>,
    /// Generations.
    pub records: u64,
    /// One per place, in the order asked for.
    pub points: Vec<PositionPoint>,
}

/// What happens to some generations with the checkpoint at one place.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct PositionPoint {
    /// Share, in (0, 1], of the expected number of solution tokens.
    pub fraction: f64,
    /// Share of the tokens saved per attempt.
    pub savings: Estimate,
    /// The same by a coin that rejects as often.
    pub null_savings: Estimate,
    /// f, the share of the accepted that is rejected.
    pub false_rejection_rate: Estimate,
    /// d, the share of the refused that is rejected.
    pub detection_rate: Estimate,
    /// Cost per retained sample relative to full generation.
    pub cost_ratio: Estimate,
    /// The same by the coin.
    pub null_cost_ratio: Estimate,
    /// Share of all generations that is accepted; the coin leaves it as it is.
    pub purity_before: Estimate,
    /// Share of the survivors that is accepted.
    pub purity_after: Estimate,
}

impl PositionPoint {
    fn new(fraction: f64, estimates: &Estimates) -> Self {
        let of = |name: &str| estimates.by_name.get(name).copied().unwrap_or_default();
        Self {
            fraction,
            savings: of("savings"),
            null_savings: of("null_savings"),
            false_rejection_rate: of("false_rejection_rate"),
            detection_rate: of("detection_rate"),
            cost_ratio: of("cost_ratio"),
            null_cost_ratio: of("null_cost_ratio"),
            purity_before: of("purity_before"),
            purity_after: of("purity_after"),
        }
    }
}

/// Moves one checkpoint through `fractions`, each in (0, 1], of the expected tokens.
///
/// It consults what `policy` consults while the solution is being written, or all validators
/// where that is none, rejects at any alarm and costs nothing.
pub fn sweep(
    policy: &PolicyFile,
    table: &Table,
    fractions: &[f64],
) -> Result<PositionSweep, ScheduleError> {
    let validators = in_flight(policy);
    let all: Vec<usize> = (0..table.rows().len()).collect();
    let mut members = vec![(None, all)];
    for (g, group) in largest(table) {
        let rows = table.rows().iter().enumerate();
        let rows = rows.filter(|(_, row)| row.group == g).map(|(i, _)| i);
        members.push((Some(group.clone()), rows.collect()));
    }
    let mut curves: Vec<PositionCurve> = members
        .iter()
        .map(|(group, rows)| PositionCurve {
            group: group.clone(),
            records: rows.len() as u64,
            points: Vec::with_capacity(fractions.len()),
        })
        .collect();
    for &fraction in fractions {
        let checkpoint = [Checkpoint {
            at: Position::ExpectedFraction(fraction),
            validators: validators.clone(),
            threshold: 0.0,
            cost_tokens: 0.0,
        }];
        let replay = Replay::new(table, policy, &checkpoint, false)?;
        for (curve, (_, rows)) in curves.iter_mut().zip(&members) {
            let estimates = plain_estimates(table, &replay, rows);
            curve.points.push(PositionPoint::new(fraction, &estimates));
        }
    }
    let name = |&v: &usize| policy.validators()[v].name.clone();
    Ok(PositionSweep {
        schema: SCHEMA.to_owned(),
        policy: policy.name().to_owned(),
        validators: validators.iter().map(name).collect(),
        prompts: table.prompts() as u64,
        curves,
    })
}

/// The groups with the most records, at most [`MOST_GROUPS`], in their order.
fn largest(table: &Table) -> Vec<(usize, &Group)> {
    let mut records = vec![0_u64; table.groups().len()];
    for row in table.rows() {
        records[row.group] += 1;
    }
    let mut groups: Vec<(usize, &Group)> = table.groups().iter().enumerate().collect();
    groups.sort_by_key(|&(g, _)| (std::cmp::Reverse(records[g]), g));
    groups.truncate(MOST_GROUPS);
    groups.sort_by_key(|&(g, _)| g);
    groups
}

/// Validators that are consulted after some tokens of the solution; all, where none is.
fn in_flight(policy: &PolicyFile) -> Vec<usize> {
    let in_flight = |at: Position| !matches!(at, Position::Problem | Position::Solution);
    let checkpoints = policy.checkpoints().iter().filter(|c| in_flight(c.at));
    let consulted: Vec<usize> = checkpoints.flat_map(|c| c.validators.clone()).collect();
    let all = 0..policy.validators().len();
    if consulted.is_empty() {
        all.collect()
    } else {
        all.filter(|v| consulted.contains(v)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::log::Record;
    use crate::policy::Rule;
    use crate::replay::{Auditor, TableBuilder};
    use approx::assert_relative_eq;

    const HEAD: &str = "schema = \"foldem.policy/1\"\nname = \"p\"\n";
    const VALIDATORS: &str = "\
        [[validator]]\nname = \"x\"\nrule = \"literal\"\npatterns = [\"x\"]\n\
        [[validator]]\nname = \"y\"\nrule = \"literal\"\npatterns = [\"y\"]\n";

    fn policy(rest: &str) -> PolicyFile {
        let rules: Vec<Rule> = vec![Rule {
            name: "literal",
            parameters: vec![crate::policy::Parameter {
                name: "patterns",
                kind: crate::policy::ParameterKind::Texts,
                required: true,
            }],
        }];
        let text = format!("{HEAD}{rest}{VALIDATORS}");
        PolicyFile::parse("p.toml", &text, &rules).unwrap()
    }

    /// One character is one token; `x` and `y` alarm.
    fn record(id: usize, model: &str, solution: &str, accepted: Option<bool>) -> Record {
        Record {
            id: id.to_string(),
            model: Some(model.to_owned()),
            solution: solution.to_owned(),
            token_ends: Some((1..=solution.len()).collect()),
            accepted,
            ..Record::default()
        }
    }

    fn table(policy: &PolicyFile, records: &[(&str, &str, Option<bool>)]) -> Table {
        let auditor = Auditor::new(policy).unwrap();
        let mut builder = TableBuilder::new(&auditor);
        for (i, (model, solution, accepted)) in records.iter().enumerate() {
            builder.push(record(i, model, solution, *accepted));
        }
        builder.finish()
    }

    const RECORDS: [(&str, &str, Option<bool>); 6] = [
        ("a", "..x.......", Some(false)),
        ("a", "......x...", Some(false)),
        ("a", "....x.....", Some(true)),
        ("a", "..........", Some(true)),
        ("b", "..........", Some(true)),
        ("b", "y...............", Some(true)),
    ];

    const CHECKPOINT: &str = "[[checkpoint]]\nat = { tokens = 4 }\nvalidators = [\"x\"]\n\
                              [[checkpoint]]\nat = \"solution\"\nvalidators = [\"y\"]\n";

    fn means(curve: &PositionCurve, of: impl Fn(&PositionPoint) -> Estimate) -> Vec<Option<f64>> {
        curve.points.iter().map(|p| of(p).mean).collect()
    }

    /// 10 tokens are expected; by hand: 1 of 40 tokens is a savings of 0.025.
    #[test]
    fn later_checkpoints_see_more_and_save_less_of_it() {
        let policy = policy(&format!("expected_tokens = 10\n{CHECKPOINT}"));
        let table = table(&policy, &RECORDS);
        let sweep = sweep(&policy, &table, &[0.2, 0.3, 0.5, 0.7, 1.0]).unwrap();
        assert_eq!(sweep.validators, ["x"]);
        assert_eq!((sweep.policy.as_str(), sweep.prompts), ("p", 6));
        let models: Vec<_> = sweep
            .curves
            .iter()
            .map(|c| (c.group.as_ref().and_then(|g| g.model.as_deref()), c.records))
            .collect();
        assert_eq!(models, [(None, 6), (Some("a"), 4), (Some("b"), 2)]);

        let a = &sweep.curves[1];
        let some = |values: [f64; 5]| values.map(Some).to_vec();
        assert_eq!(
            means(a, |p| p.detection_rate),
            some([0.0, 0.5, 0.5, 1.0, 0.0])
        );
        assert_eq!(
            means(a, |p| p.false_rejection_rate),
            some([0.0, 0.0, 0.5, 0.5, 0.0])
        );
        for (point, savings) in a.points.iter().zip([0.0, 0.175, 0.25, 0.225, 0.0]) {
            // All are 10 tokens long, so the coin saves as much.
            assert_relative_eq!(point.savings.mean.unwrap(), savings, epsilon = 1e-12);
            assert_relative_eq!(point.null_savings.mean.unwrap(), savings, epsilon = 1e-12);
        }
        // At 0.5, 30 tokens are paid for 1 retained, instead of 40 for 2.
        assert_relative_eq!(a.points[2].cost_ratio.mean.unwrap(), 1.5, epsilon = 1e-12);
        assert_relative_eq!(a.points[2].purity_after.mean.unwrap(), 0.5, epsilon = 1e-12);
        // Nothing of model b is refused.
        assert_eq!(means(&sweep.curves[2], |p| p.detection_rate), [None; 5]);
    }

    #[test]
    fn a_policy_without_checkpoints_in_flight_has_all_its_validators_tried() {
        let policy = policy("expected_tokens = 10\n");
        let table = table(&policy, &RECORDS);
        let sweep = sweep(&policy, &table, &[0.1]).unwrap();
        assert_eq!(sweep.validators, ["x", "y"]);
        // The last record is rejected after one of its 16 tokens.
        let saved = sweep.curves[2].points[0].savings.mean.unwrap();
        assert_relative_eq!(saved, 15.0 / 26.0, epsilon = 1e-12);
    }

    #[test]
    fn what_needs_a_verdict_is_undefined_without() {
        let policy = policy("expected_tokens = 10\n");
        let table = table(
            &policy,
            &RECORDS.map(|(model, text, _)| (model, text, None)),
        );
        let sweep = sweep(&policy, &table, &FRACTIONS).unwrap();
        let all = &sweep.curves[0];
        assert_eq!(all.points.len(), FRACTIONS.len());
        assert!(means(all, |p| p.savings).iter().all(Option::is_some));
        assert!(means(all, |p| p.cost_ratio).iter().all(Option::is_none));
        assert!(means(all, |p| p.detection_rate).iter().all(Option::is_none));
    }

    #[test]
    fn a_length_that_cannot_be_expected_is_refused() {
        let policy = policy(CHECKPOINT);
        let table = table(&policy, &RECORDS[..1]);
        assert!(matches!(
            sweep(&policy, &table, &FRACTIONS),
            Err(ScheduleError::NoOtherPrompt { .. })
        ));
    }
}
