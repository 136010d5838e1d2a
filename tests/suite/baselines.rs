//! What a policy is held against, by hand on a small log and on human-labelled steps.

use approx::assert_relative_eq;
use foldem::log::Record;
use foldem::replay::Replay;
use foldem::study::replay::{Baseline, Intake, ReplayFindings, findings};
use serde_json::json;

use super::literal::{policy, record, table};

/// By hand: lengths 10, 20, 20, 40; x in the first and the last; those two and the third are
/// refused, the second is accepted.
fn four_records() -> Vec<Record> {
    let text = |n: usize, at: Option<usize>| {
        let mut text = "a".repeat(n);
        if let Some(at) = at {
            text.replace_range(at - 1..at, "x");
        }
        text
    };
    let records = [
        (text(10, Some(3)), false),
        (text(20, Some(20)), true),
        (text(20, None), false),
        (text(40, Some(5)), false),
    ];
    let records = records.iter().enumerate();
    records
        .map(|(i, (text, accepted))| record(i, 0, text, *accepted))
        .collect()
}

fn replayed(records: Vec<Record>) -> ReplayFindings {
    let policy = policy(
        &[("x", "x")],
        "[[checkpoint]]\nat = { tokens = 8 }\nvalidators = [\"x\"]\ncost_tokens = 0.5\n",
    );
    let table = table(&policy, records);
    let replay = Replay::new(&table, &policy, policy.checkpoints(), false).unwrap();
    findings(&policy, &table, &replay, &Intake::default()).unwrap()
}

fn baseline<'f>(findings: &'f ReplayFindings, name: &str) -> &'f Baseline {
    findings.baselines.iter().find(|b| b.name == name).unwrap()
}

fn expect(baseline: &Baseline, savings: f64, rejected: f64, f: f64, d: f64, cost: Option<f64>) {
    let mean = |name: &str| baseline.figures.get(name).mean;
    let expected = [
        ("savings", Some(savings)),
        ("rejection_rate", Some(rejected)),
        ("false_rejection_rate", Some(f)),
        ("detection_rate", Some(d)),
        ("cost_ratio", cost),
    ];
    for (name, value) in expected {
        let found = mean(name);
        let same = match (found, value) {
            (Some(found), Some(value)) => (found - value).abs() < 1e-9,
            (found, value) => found == value,
        };
        assert!(same, "{} {name}: {found:?} is not {value:?}", baseline.name);
    }
}

#[test]
fn four_records_by_hand() {
    let found = replayed(four_records());
    expect(
        baseline(&found, "full-generation"),
        0.0,
        0.0,
        0.0,
        0.0,
        Some(1.0),
    );
    // Two of four are rejected at 8; a coin saves (2 + 12 + 12 + 32)/4 at rate 1/2 of 22.5.
    let coin = 0.5 * 14.5 / 22.5;
    expect(
        baseline(&found, "coin"),
        coin,
        0.5,
        0.5,
        0.5,
        Some((1.0 - coin) / 0.5),
    );
    // All four are longer than 8, so the coin on what still runs strikes half of them, too, and
    // saves the same.
    let running = 0.5 * (2.0 + 12.0 + 12.0 + 32.0) / 90.0;
    expect(
        baseline(&found, "coin-on-running"),
        running,
        0.5,
        0.5,
        0.5,
        Some((1.0 - running) / 0.5),
    );
    // The third longest is 20 long: only the last is longer, and loses 20 tokens. Ties keep it
    // from rejecting two.
    let cap = baseline(&found, "length-cap");
    assert_eq!(cap.cap_tokens, Some(20));
    expect(cap, 20.0 / 90.0, 0.25, 0.0, 1.0 / 3.0, Some(70.0 / 90.0));
    // The refused with an alarm, at the alarm: 7 of the first, 35 of the last.
    expect(
        baseline(&found, "oracle-at-first-alarm"),
        42.0 / 90.0,
        0.5,
        0.0,
        2.0 / 3.0,
        Some(48.0 / 90.0),
    );
    assert_eq!(found.baselines.len(), 5, "no steps are labelled");
    // Checks cost the policy half a token each, for four generations.
    assert_relative_eq!(found.charged_tokens.mean.unwrap(), 0.5, epsilon = 1e-9);
}

#[test]
fn labelled_steps_stop_at_the_end_of_the_wrong_one() {
    let mut records = four_records();
    // The first is wrong in its second step, which ends with 6; the second is accepted with a
    // wrong first step, up to 5; the third has no wrong step; the last is not labelled.
    let labels = [json!(1), json!(0), json!(null)];
    for (record, step) in records.iter_mut().zip(labels) {
        let attributes = json!({"step_byte_starts": [0, 5, 6], "first_error_step": step});
        record.attributes = attributes.as_object().cloned();
    }
    let found = replayed(records);
    let stop = baseline(&found, "first-wrong-step");
    assert_eq!(stop.records, 3);
    let paid = 6.0 + 5.0 + 20.0;
    expect(stop, 1.0 - paid / 50.0, 2.0 / 3.0, 1.0, 0.5, None);
    let oracle = baseline(&found, "oracle-at-first-wrong-step");
    expect(oracle, 4.0 / 50.0, 1.0 / 3.0, 0.0, 0.5, Some(46.0 / 50.0));
    // The policy on the same three.
    let policy = baseline(&found, "policy-where-steps-are-labelled");
    let paid = 8.0 + 40.0 + 1.5;
    expect(
        policy,
        1.0 - paid / 50.0,
        1.0 / 3.0,
        0.0,
        0.5,
        Some(paid / 50.0),
    );
}

/// With few records a warning counts the rejected in plain words, and no length is below 0 whatever
/// an interval of two prompts says.
#[test]
fn few_records_are_told_in_words() {
    let warned = |alarms: &[Option<usize>]| {
        let records = alarms.iter().enumerate().map(|(i, alarm)| {
            let text = format!("{}aaaaaaaaaa", if alarm.is_some() { "x" } else { "a" });
            record(i, 0, &text.repeat(alarm.map_or(1, |n| n)), true)
        });
        let found = replayed(records.collect());
        let lengths = found.get("tokens_full").unwrap().ci.unwrap();
        assert!(lengths[0] >= 0.0 && lengths[1] > 0.0, "{lengths:?}");
        let sentence = found.warnings.iter().find(|w| w.contains("rejected"));
        sentence.cloned().unwrap_or_default()
    };
    assert!(warned(&[None, None]).starts_with("none of 2 records is rejected"));
    assert!(warned(&[None, Some(9)]).starts_with("only 1 of 2 records is rejected"));
    assert!(warned(&[None, Some(1), Some(3)]).starts_with("only 2 of 3 records are rejected"));
    let all = warned(&[Some(1), Some(3)]);
    assert!(all.starts_with("all 2 records of the log, few as they are, are rejected"));
}

/// Without verdicts, what needs none is there.
#[test]
fn nothing_that_needs_a_verdict_is_made_up() {
    let mut records = four_records();
    for record in &mut records {
        (record.accepted, record.utility) = (None, None);
    }
    let found = replayed(records);
    let names: Vec<&str> = found.baselines.iter().map(|b| b.name.as_str()).collect();
    assert_eq!(
        names,
        ["full-generation", "coin", "coin-on-running", "length-cap"]
    );
    for baseline in &found.baselines {
        for name in ["false_rejection_rate", "detection_rate", "cost_ratio"] {
            assert_eq!(
                baseline.figures.get(name).mean,
                None,
                "{} {name}",
                baseline.name
            );
        }
        assert!(baseline.figures.get("savings").mean.is_some());
    }
    let validator = &found.attribution.validators[0];
    assert!(validator.shapley.savings.mean.is_some());
    assert_eq!(validator.shapley.cost_ratio.mean, None);
    assert_eq!(validator.rejected.unknown, 2);
}
