//! Other policies replayed on a log that a live policy has cut, against the whole log.

use foldem::estimate::Estimate;
use foldem::log::Record;
use foldem::policy::PolicyFile;
use foldem::replay::{Replay, Table};
use foldem::rng::{Purpose, stream};
use foldem::study::Named;
use foldem::study::replay::{Intake, censored, findings};
use rand::RngExt as _;

use super::literal::{policy, record, table};

/// Generations of letters, in some of which a mark stands: likelier in those that are refused.
fn marked_log() -> Vec<Record> {
    let mut rng = stream(5, Purpose::Control, 0);
    let mut generation = |i: usize| {
        let n = 40 + rng.random_range(0..80);
        let accepted = rng.random::<f64>() < 0.7;
        let mut text = "a".repeat(n);
        for (mark, chance) in [("!", 0.15), ("?", 0.2)] {
            let chance = if accepted { chance } else { 2.5 * chance };
            if rng.random::<f64>() < chance {
                let at = rng.random_range(0..n);
                text.replace_range(at..=at, mark);
            }
        }
        record(i / 4, i % 4, &text, accepted)
    };
    (0..2400).map(&mut generation).collect()
}

/// Where a live policy that looks for "!" at every 20 tokens rejects each.
fn live_stops(records: &[Record]) -> Vec<Option<u64>> {
    let live = "[[checkpoint]]\nat = { every_tokens = 20 }\nvalidators = [\"bad\"]\n";
    let live = policy(&[("bad", "!")], live);
    let table = table(&live, records.to_vec());
    let replay = Replay::new(&table, &live, live.checkpoints(), false).unwrap();
    let stop = |i| replay.judgement(i).stop.map(|stop| stop.tokens);
    (0..records.len()).map(stop).collect()
}

/// The log as the live policy leaves it; who is rejected later is completed more often.
fn cut_at(records: &[Record], stops: &[Option<u64>], seed: u64) -> Vec<Record> {
    let mut rng = stream(seed, Purpose::Control, 1);
    let mut log = records.to_vec();
    for (record, stop) in log.iter_mut().zip(stops) {
        let Some(at) = *stop else { continue };
        let chance = if at <= 40 { 0.3 } else { 0.7 };
        record.rejected_at = Some(at);
        record.pass_through = Some(chance);
        record.finish_reason = Some("stop".to_owned());
        if rng.random::<f64>() >= chance {
            *record = Record {
                solution: record.solution[..at as usize].to_owned(),
                token_ends: Some((1..=at as usize).collect()),
                // What somebody says of a cut text is not said of the generation.
                accepted: Some(false),
                finish_reason: Some("abort".to_owned()),
                ..record.clone()
            };
        }
    }
    log
}

/// The weighted figures of a policy.
fn replayed(policy: &PolicyFile, table: &Table) -> Vec<Named<Estimate>> {
    let replay = Replay::new(table, policy, policy.checkpoints(), false).unwrap();
    censored(table, &replay, None).unwrap().replayed
}

/// The figures with everything completed, which are those of a plain replay.
fn true_figures(
    policy: &PolicyFile,
    records: &[Record],
    stops: &[Option<u64>],
) -> Vec<Named<Estimate>> {
    let everything = records.iter().zip(stops).map(|(record, stop)| Record {
        rejected_at: *stop,
        pass_through: Some(1.0),
        finish_reason: Some("stop".to_owned()),
        ..record.clone()
    });
    let table = table(policy, everything.collect());
    let truth = replayed(policy, &table);
    let replay = Replay::new(&table, policy, policy.checkpoints(), false).unwrap();
    let plain = findings(policy, &table, &replay, &Intake::default()).unwrap();
    for figure in &truth {
        let (whole, own) = (plain.get(&figure.name).unwrap(), figure.value);
        let gap = (whole.mean.unwrap() - own.mean.unwrap()).abs();
        assert!(gap < 1e-9, "{}", figure.name);
        // What never varies – a policy that looks at the end saves nothing – has no spread.
        let gap = (whole.stderr.unwrap() - own.stderr.unwrap()).abs();
        assert!(gap <= 1e-6 * own.stderr.unwrap(), "{}", figure.name);
    }
    truth
}

/// Of what is known to be accepted, the share that a policy rejects: f for whoever does not weigh.
fn unweighted_loss(policy: &PolicyFile, table: &Table) -> f64 {
    let replay = Replay::new(table, policy, policy.checkpoints(), false).unwrap();
    let rows = table.rows().iter().enumerate();
    let accepted = rows.filter(|(_, row)| row.accepted == Some(true));
    let lost = |(i, _)| f64::from(u8::from(replay.judgement(i).stop.is_some()));
    let lost: Vec<f64> = accepted.map(lost).collect();
    lost.iter().sum::<f64>() / lost.len() as f64
}

/// Unbiased over what was completed by chance, log by log: numerators and denominators, and so, but
/// for what a ratio adds (2e-4 at most), the figures. The mean over 300 draws lies within 4.5 of its
/// standard errors.
#[test]
fn whatever_policy_is_replayed_weights_recover_it() {
    const DRAWS: f64 = 300.0;
    let records = marked_log();
    let stops = live_stops(&records);
    // One is earlier than the live policy, one later, and one has nothing to do with it.
    for (name, rest) in [
        (
            "earlier",
            "at = { every_tokens = 3 }\nvalidators = [\"bad\"]\n",
        ),
        ("later", "at = \"solution\"\nvalidators = [\"bad\"]\n"),
        (
            "other",
            "at = { tokens = 30 }\nvalidators = [\"odd\"]\ncost_tokens = 2\n",
        ),
    ] {
        let rest = format!("[[checkpoint]]\n{rest}");
        let policy = policy(&[("bad", "!"), ("odd", "?")], &rest);
        let truth = true_figures(&policy, &records, &stops);
        let mut gaps = vec![Vec::new(); truth.len()];
        let mut claimed = vec![0.0; truth.len()];
        let mut unweighted = 0.0;
        for seed in 0..DRAWS as u64 {
            let table = table(&policy, cut_at(&records, &stops, seed));
            let estimates = replayed(&policy, &table);
            for (i, (estimate, truth)) in estimates.iter().zip(&truth).enumerate() {
                gaps[i].push(estimate.value.mean.unwrap() - truth.value.mean.unwrap());
                claimed[i] += estimate.value.stderr.unwrap() / DRAWS;
            }
            unweighted += unweighted_loss(&policy, &table) / DRAWS;
        }
        for ((gaps, truth), claimed) in gaps.iter().zip(&truth).zip(claimed) {
            let place = format!("{name} {}", truth.name);
            let mean = gaps.iter().sum::<f64>() / DRAWS;
            let squares: f64 = gaps.iter().map(|g| (g - mean).powi(2)).sum();
            let spread = (squares / (DRAWS - 1.0)).sqrt();
            let limit = 4.5 * spread / DRAWS.sqrt() + 2e-4;
            assert!(mean.abs() < limit, "{place}: {mean} {spread}");
            // What chance completes is part of the claimed error.
            assert!(
                claimed > spread || spread <= 0.0,
                "{place}: {claimed} {spread}"
            );
        }
        // The control: without weights, what was cut is missing among what the same rule loses.
        let loss = truth
            .iter()
            .find(|e| e.name == "false_rejection_rate")
            .unwrap();
        let gap = unweighted - loss.value.mean.unwrap();
        assert!(name == "other" || gap < -0.03, "{name}: {gap}");
    }
}
