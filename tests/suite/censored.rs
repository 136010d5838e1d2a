//! Logs that were written under a live policy, against the truth that was cut out of them.

use std::fs;
use std::path::Path;

use foldem::estimate::{Estimate, LIVE_FIGURES};
use foldem::log::Record;
use foldem::policy::PolicyFile;
use foldem::replay::Replay;
use foldem::rng::{Purpose, Stream, stream};
use foldem::scenario::Scenario;
use foldem::study::drawn_log;
use foldem::study::replay::{CensoredFindings, censored};
use foldem::study::simulation::{Request, exact_value};
use foldem::theory::Exact;
use rand::RngExt as _;
use serde_json::Value;

use super::cli::{code, foldem, stderr, stdout};
use super::literal::{policy, table};

/// A clustered world under a live policy; of right generations a share is rejected as well.
fn world(false_alarm: f64) -> Scenario {
    let text = format!(
        "schema = 'foldem.scenario/1'\nname = 'live'\n\
         [difficulty]\nsd = 1.0\nlength_effect = 0.3\n\
         [[fault]]\nkind = 'x'\nhazard = [0.15, 0.2, 0.1]\ndifficulty_effect = 0.8\nlength_factor = 1.4\n\
         [[stage]]\nname = 'a'\ntokens = {{ dist = 'lognormal', mean = 60, cv = 0.5 }}\n\
         [[stage]]\nname = 'b'\ntokens = {{ dist = 'gamma', mean = 60, cv = 0.5 }}\n\
         [[stage]]\nname = 'c'\ntokens = {{ dist = 'fixed', value = 50 }}\n\
         [[validator]]\nname = 'v'\ndetects = {{ x = 0.5 }}\nfalse_alarm = {false_alarm}\n\
         difficulty_effect = 0.5\n\
         [final_filter]\naccepts = {{ clean = 0.8, x = 0.3 }}\n\
         [[policy.checkpoint]]\nat = 'a'\nvalidators = ['v']\n\
         [[policy.checkpoint]]\nat = 'b'\nvalidators = ['v']\n"
    );
    Scenario::parse("live", &text, Path::new(".")).unwrap_or_else(|e| panic!("{e}"))
}

fn drawn(scenario: &Scenario, attempts: u64, per_prompt: u64, seed: u64) -> Vec<Record> {
    let request = Request {
        attempts,
        seed,
        per_prompt,
    };
    drawn_log::batches(scenario, request).flatten().collect()
}

/// The token after which the live policy rejected a drawn generation, and the stage.
fn rejection(record: &Record) -> Option<(u64, String)> {
    let attributes = record.attributes.as_ref().unwrap();
    let stage = attributes["rejected_after"].as_str()?;
    let stages = if stage == "a" { 1 } else { 2 };
    let tokens = attributes["stage_tokens"].as_array().unwrap().iter();
    let at: f64 = tokens.take(stages).map(|t| t.as_f64().unwrap()).sum();
    Some((at.round() as u64, stage.to_owned()))
}

/// What is left of a record that was rejected at token `at` and had `chance` of being completed.
fn censor(record: &mut Record, at: u64, chance: f64, rng: &mut Stream) {
    record.rejected_at = Some(at);
    record.pass_through = Some(chance);
    if rng.random::<f64>() >= chance {
        record.solution_tokens = Some(at);
        record.accepted = None;
        record.utility = None;
        record.finish_reason = Some("abort".to_owned());
    }
}

/// A drawn log as the live policy leaves it; after the first stage fewer are completed.
fn left(mut records: Vec<Record>, seed: u64) -> Vec<Record> {
    let mut rng = stream(seed, Purpose::Control, 0);
    for record in &mut records {
        if let Some((at, stage)) = rejection(record) {
            let chance = if stage == "a" { 0.2 } else { 0.6 };
            censor(record, at, chance, &mut rng);
        }
    }
    records
}

/// The same log for whoever does not know of weights: the completed count as one each, and what was
/// cut is not there.
fn naive(records: Vec<Record>) -> Vec<Record> {
    let whole = records.into_iter().filter(|r| r.accepted.is_some());
    whole
        .map(|record| Record {
            pass_through: record.rejected_at.map(|_| 1.0),
            ..record
        })
        .collect()
}

fn nothing() -> PolicyFile {
    policy(&[("never", "\\u0007")], "")
}

fn found(records: Vec<Record>, limit: Option<u64>) -> CensoredFindings {
    let policy = nothing();
    let table = table(&policy, records);
    let replay = Replay::new(&table, &policy, policy.checkpoints(), false).unwrap();
    censored(&table, &replay, limit).unwrap()
}

fn live(findings: &CensoredFindings, name: &str) -> Estimate {
    findings.live.iter().find(|e| e.name == name).unwrap().value
}

fn holds(estimate: Estimate, truth: f64) -> bool {
    let [low, high] = estimate.ci.unwrap();
    low <= truth && truth <= high
}

const SEEDS: u64 = 400;

/// Of 400 logs of 250 prompts, six generations each, 95 % of the intervals hold the truth: a count
/// below 364 or above 394 for any of seven figures would be seen in one of 100 suites. The control:
/// without weights, figures that hang on the cut miss it far more often.
#[test]
fn weighted_intervals_hold_the_truth_as_often_as_they_say() {
    let world = world(0.06);
    let exact = Exact::new(&world);
    let mut held = [0; LIVE_FIGURES.len()];
    let mut held_naively = [0; LIVE_FIGURES.len()];
    let mut surprised = 0;
    for seed in 0..SEEDS {
        let records = left(drawn(&world, 1500, 6, seed), seed);
        let weighted = found(records.clone(), None);
        let unweighted = found(naive(records), None);
        surprised += u32::from(weighted.remarks.len() > 1);
        for (i, name) in LIVE_FIGURES.into_iter().enumerate() {
            let truth = exact_value(&exact, name).unwrap();
            held[i] += u32::from(holds(live(&weighted, name), truth));
            held_naively[i] += u32::from(holds(live(&unweighted, name), truth));
        }
    }
    // The number of the completed seldom seems to contradict its chances: once in 1,000 logs.
    assert!(surprised <= 3, "{surprised}");
    for (name, held) in LIVE_FIGURES.iter().zip(held) {
        assert!((364..=394).contains(&held), "{name}: {held}");
    }
    for name in [
        "savings",
        "rejection_rate",
        "false_rejection_rate",
        "detection_rate",
    ] {
        let i = LIVE_FIGURES.iter().position(|n| *n == name).unwrap();
        assert!(held_naively[i] < 40, "{name}: {}", held_naively[i]);
    }
}

/// Two or three false rejections are seen in such a log: the interval is the exact one.
#[test]
fn few_audits_leave_a_wide_interval() {
    let world = world(0.01);
    let truth = exact_value(&Exact::new(&world), "false_rejection_rate").unwrap();
    for (attempts, per_prompt) in [(250, 1), (400, 4)] {
        let hold = |seed: &u64| {
            let found = found(
                left(drawn(&world, attempts, per_prompt, *seed), *seed),
                None,
            );
            holds(live(&found, "false_rejection_rate"), truth)
        };
        // Fewer than 184 of 200 would be seen once in 20 suites at exactly 95 %, and hardly ever at
        // what exact intervals hold.
        let held = (0..200).filter(hold).count();
        assert!(held >= 184, "{attempts}: {held}");
    }
}

/// With nothing completed, f lies between 0 and q/(q + P(R)), and all bounds hold the truth.
#[test]
fn without_audits_there_are_bounds() {
    let world = world(0.06);
    let full = drawn(&world, 3000, 6, 9);
    let limit = full
        .iter()
        .map(|r| r.solution_tokens.unwrap())
        .max()
        .unwrap();
    let mut rng = stream(9, Purpose::Control, 0);
    let mut cut = full.clone();
    for record in &mut cut {
        if let Some((at, _)) = rejection(record) {
            censor(record, at, 0.0, &mut rng);
        }
    }
    let bounded = found(cut.clone(), Some(limit));
    assert!(bounded.live.is_empty() && bounded.price.is_empty() && bounded.replayed.is_empty());
    assert!(
        bounded.remarks[0].contains("no known chance"),
        "{:?}",
        bounded.remarks
    );
    let truth = found(
        full.into_iter()
            .map(|record| {
                let at = rejection(&record).map(|(at, _)| at);
                Record {
                    rejected_at: at,
                    pass_through: at.map(|_| 1.0),
                    ..record
                }
            })
            .collect(),
        None,
    );
    let bounds = |findings: &CensoredFindings, name: &str| {
        findings
            .bounds
            .iter()
            .find(|b| b.name == name)
            .unwrap()
            .value
    };
    for name in [
        "savings",
        "false_rejection_rate",
        "detection_rate",
        "cost_ratio",
    ] {
        let found = bounds(&bounded, name);
        let (low, high) = (found.lo.unwrap(), found.hi.unwrap());
        let value = live(&truth, name).mean.unwrap();
        assert!(
            low < value && value < high,
            "{name}: {value} in [{low}, {high}]"
        );
        assert!(
            found.ci[0].unwrap() <= low && high <= found.ci[1].unwrap(),
            "{name}"
        );
        // Where nothing was cut there is nothing to bound.
        let exact = bounds(&truth, name);
        for end in [exact.lo.unwrap(), exact.hi.unwrap()] {
            assert!((end - value).abs() < 1e-9, "{name}: {end} {value}");
        }
    }
    let rejected = cut.iter().filter(|r| r.rejected_at.is_some()).count() as f64;
    let retained = cut.iter().filter(|r| r.accepted == Some(true)).count() as f64;
    let found_bounds = bounds(&bounded, "false_rejection_rate");
    assert!(found_bounds.lo.unwrap().abs() < 1e-12);
    let expected = rejected / (rejected + retained);
    assert!((found_bounds.hi.unwrap() - expected).abs() < 1e-12);
    assert_eq!(bounds(&found(cut, None), "savings").hi, None);
}

/// With one π for all, audits leave (1 − π) of the savings and, if what they find accepted is kept, of
/// f; the completed are as good as they are many.
#[test]
fn audits_have_their_price() {
    let mut rng = stream(3, Purpose::Control, 0);
    let mut records = drawn(&world(0.06), 3000, 6, 3);
    for record in &mut records {
        if let Some((at, _)) = rejection(record) {
            censor(record, at, 0.4, &mut rng);
        }
    }
    let found = found(records, None);
    let price = |name: &str| found.price.iter().find(|e| e.name == name).unwrap().value;
    for name in ["savings", "false_rejection_rate"] {
        let expected = 0.6 * live(&found, name).mean.unwrap();
        assert!(
            (price(name).mean.unwrap() - expected).abs() < 1e-9,
            "{name}"
        );
    }
    let effective = found.effective_completed.unwrap();
    assert!(
        (effective - found.completed as f64).abs() < 1e-6,
        "{effective}"
    );
    assert!(price("tokens").mean.unwrap() > 0.0);
}

/// Half of the completed are missing from the log: their number contradicts the chances.
#[test]
fn wrong_chances_are_found_out() {
    let mut rng = stream(4, Purpose::Control, 0);
    let mut records = drawn(&world(0.06), 3000, 6, 4);
    for record in &mut records {
        if let Some((at, _)) = rejection(record) {
            censor(record, at, 0.2, &mut rng);
            record.pass_through = Some(0.4);
        }
    }
    let remarks = found(records, None).remarks;
    assert!(remarks[0].contains("is not the probability"), "{remarks:?}");
}

/// From the command line: a table keeps what a live policy did, and a limit must be one.
#[test]
fn the_command_tells_the_same_from_a_table() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).display().to_string();
    let records = left(drawn(&world(0.06), 600, 3, 8), 8);
    let lines: Vec<String> = records
        .iter()
        .map(|r| serde_json::to_string(r).unwrap())
        .collect();
    fs::write(path("live.jsonl"), lines.join("\n") + "\n").unwrap();
    let policy = "schema = 'foldem.policy/1'\nname = 'p'\n[[validator]]\nname = 'v'\n\
                  rule = 'literal'\npatterns = ['c: 50']\n[[checkpoint]]\nat = { tokens = 40 }\n\
                  validators = ['v']\n";
    fs::write(path("p.toml"), policy).unwrap();
    let (log, table, policy) = (path("live.jsonl"), path("t.parquet"), path("p.toml"));
    let json = [
        "--policy",
        &policy,
        "--format",
        "json",
        "--token-limit",
        "5000",
    ];
    let run = |more: &[&str]| {
        let run = foldem(&[&["replay"], more, &json].concat());
        assert_eq!(code(&run), 0, "{}", stderr(&run));
        stdout(&run)
    };
    let from_log = run(&[&log, "--save-table", &table]);
    assert!(from_log == run(&["--table", &table]));
    let result: Value = serde_json::from_str(&from_log).unwrap();
    let section = &result["censored"];
    let library = found(records, Some(5000));
    assert_eq!(section["rejected"], library.rejected);
    let mean = section["live"]["false_rejection_rate"]["mean"]
        .as_f64()
        .unwrap();
    let expected = live(&library, "false_rejection_rate").mean.unwrap();
    assert!((mean - expected).abs() < 1e-12);
    for form in ["table", "html", "csv", "markdown"] {
        let arguments = ["replay", &log, "--policy", &policy, "--format", form];
        let shown = stdout(&foldem(&arguments));
        assert!(
            shown.contains("live") && shown.contains("detection_rate"),
            "{form}"
        );
    }
    for (log, limit, says) in [
        (log.as_str(), "20", "at least as much"),
        (
            "experiments/logs/qwen2.5-coder-1.5b.jsonl.zst",
            "100000",
            "nothing to bound",
        ),
    ] {
        let refused = foldem(&["replay", log, "--policy", &policy, "--token-limit", limit]);
        assert_eq!(code(&refused), 2);
        assert!(stderr(&refused).contains(says), "{}", stderr(&refused));
    }
}
