use super::*;
use crate::rng::{Purpose, stream};
use approx::assert_relative_eq;
use rand::RngExt;

fn settings() -> Settings {
    Settings {
        max_frr: 0.05,
        confidence: 0.9,
        per_prompt: 2,
        pass_through: 0.5,
        max_tokens: Some(100),
        open: 3,
    }
}

fn record(id: u64, prompt: u64) -> Record {
    Record {
        id: id.to_string(),
        prompt_id: Some(prompt.to_string()),
        solution_tokens: Some(80),
        accepted: Some(true),
        ..Record::default()
    }
}

fn rejected(id: u64, prompt: u64, verdict: Option<bool>) -> Record {
    Record {
        accepted: verdict,
        rejected_at: Some(20),
        pass_through: Some(0.5),
        ..record(id, prompt)
    }
}

/// By hand: 4 prompts of two. Σ w A 1{rejected} = 2 + 2, Σ w A = 1 + 2 + 1 + 1 + 2 + 1; tokens saved
/// 2 · 60 by each of three audits, of 5 · 80 + 3 · 160 in full.
#[test]
fn audits_are_weighted() {
    let mut monitor = Monitor::new(settings());
    let log = [
        record(1, 1),
        rejected(2, 1, Some(true)),
        record(3, 2),
        record(4, 2),
        rejected(5, 3, None),
        rejected(6, 3, Some(false)),
        rejected(7, 4, Some(true)),
        record(8, 4),
        record(9, 5),
    ];
    for record in &log {
        monitor.add(record).expect("valid");
    }
    let findings = monitor.findings();
    assert_eq!((findings.prompts, findings.open_prompts), (4, 1));
    assert_eq!((findings.rejected, findings.audited), (4, 3));
    assert_eq!(findings.false_rejections, 2);
    let frr = findings.false_rejection_rate.estimate.expect("accepted");
    assert_relative_eq!(frr, 4.0 / 8.0);
    let savings = findings.savings.estimate.expect("completed");
    assert_relative_eq!(savings, 360.0 / (4.0 * 80.0 + 3.0 * 160.0));
    assert_eq!(findings.verdict, Verdict::Undecided);
    assert!(findings.warnings.is_empty(), "{:?}", findings.warnings);
}

#[test]
fn generations_of_a_prompt_may_lie_apart_and_late_ones_are_left_out() {
    let mut monitor = Monitor::new(settings());
    // Three prompts may be open: the first one is counted when the fourth begins.
    for (id, prompt) in [1, 2, 3, 2, 4, 5, 1, 4].into_iter().enumerate() {
        monitor.add(&record(id as u64, prompt)).expect("valid");
    }
    let findings = monitor.findings();
    // Complete: 2, 4 with two, 1 with one; open: 3, 5.
    assert_eq!((findings.prompts, findings.open_prompts), (3, 2));
    assert!(findings.warnings[0].starts_with("1 generations came after"));
}

/// A log of 600 records with a rate above the bound, or below it.
fn log(frr: f64, seed: u64) -> Vec<Record> {
    let mut rng = stream(seed, Purpose::Control, 0);
    let records = (0..600).map(|id| {
        let good = rng.random_bool(0.8);
        let rejects = rng.random_bool(if good { frr } else { 0.7 });
        let audited = rng.random_bool(0.5);
        match (rejects, audited) {
            (false, _) => Record {
                accepted: Some(good),
                ..record(id, id / 2)
            },
            (true, true) => rejected(id, id / 2, Some(good)),
            (true, false) => rejected(id, id / 2, None),
        }
    });
    records.collect()
}

#[test]
fn a_bound_is_found_exceeded_kept_or_open() {
    let verdict = |frr, max_frr| {
        let mut monitor = Monitor::new(Settings {
            max_frr,
            ..settings()
        });
        for record in &log(frr, 3) {
            monitor.add(record).expect("valid");
        }
        let findings = monitor.findings();
        assert_eq!(
            findings.established_at.is_some(),
            findings.verdict != Verdict::Undecided
        );
        assert!(findings.warnings.is_empty(), "{:?}", findings.warnings);
        findings.verdict
    };
    assert_eq!(verdict(0.4, 0.05), Verdict::Exceeded);
    assert_eq!(verdict(0.01, 0.2), Verdict::Kept);
    assert_eq!(verdict(0.05, 0.05), Verdict::Undecided);
}

/// Written down after every seventh record and read again: the same state, to the last bit.
#[test]
fn restarts_change_nothing() {
    let log = log(0.1, 5);
    let mut whole = Monitor::new(settings());
    let mut parts = Monitor::new(settings());
    for (i, record) in log.iter().enumerate() {
        whole.add(record).expect("valid");
        parts.add(record).expect("valid");
        if i % 7 == 0 {
            let text = serde_json::to_string(&parts).expect("finite");
            parts = Monitor::resume(&text, settings()).expect("the same settings");
        }
    }
    assert_eq!(whole, parts);
    assert_eq!(
        serde_json::to_string(&whole).expect("finite"),
        serde_json::to_string(&parts).expect("finite")
    );
}

#[test]
fn what_contradicts_the_settings_is_refused_and_changes_nothing() {
    let mut monitor = Monitor::new(settings());
    let before = monitor.clone();
    let long = Record {
        solution_tokens: Some(101),
        ..record(1, 1)
    };
    let rarely = Record {
        pass_through: Some(0.4),
        ..rejected(1, 1, Some(true))
    };
    let beyond = Record {
        rejected_at: Some(81),
        ..rejected(1, 1, Some(true))
    };
    for (wrong, key) in [
        (long, "solution_tokens"),
        (rarely, "pass_through"),
        (beyond, "rejected_at"),
    ] {
        let error = monitor.add(&wrong).expect_err("refused").to_string();
        assert!(error.starts_with(key), "{error}");
        assert_eq!(monitor, before);
    }
    let text = serde_json::to_string(&monitor).expect("finite");
    let other = Settings {
        max_frr: 0.1,
        ..settings()
    };
    let error = Monitor::resume(&text, other).expect_err("other settings");
    assert!(error.to_string().contains("\"max_frr\":0.05"), "{error}");
    for broken in [
        "",
        "{}",
        &text.replace("monitor-state/1", "monitor-state/9"),
    ] {
        assert!(matches!(
            Monitor::resume(broken, settings()),
            Err(MonitorError::Form(_))
        ));
    }
}

/// A pipeline that calls rejected generations wrong without completing them would hide every false
/// rejection.
#[test]
fn verdicts_without_audits_are_remarked_upon() {
    let mut monitor = Monitor::new(settings());
    for mut record in log(0.1, 9) {
        if record.rejected_at.is_some() && record.accepted.is_none() {
            record.accepted = Some(false);
        }
        monitor.add(&record).expect("valid");
    }
    let warnings = monitor.findings().warnings;
    assert!(warnings[0].contains("were to be audited"), "{warnings:?}");
}
