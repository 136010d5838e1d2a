//! The stress test of a log: expectations by listing all that may happen, figures of today against a
//! replay's, drawn tables and their negative control, crossings in closed form, and whether intervals of
//! crossings hold.

use approx::assert_relative_eq;
use foldem::policy::{PolicyFile, Position};
use foldem::replay::{
    Change, Definition, Expected, FirstAlarm, Looks, Replay, Row, Selection, Table,
};
use foldem::rng::{Purpose, stream};
use foldem::study::Interrupt;
use foldem::study::log_stress::{LogStressFindings, Mode, Perturbation, Request, Subject, stress};
use foldem::study::replay::{Intake, findings};
use foldem::study::stress::Choice;
use rand_xoshiro::rand_core::Rng;
use rayon::prelude::*;

use super::literal_policy::literal_policy;

const LOOKS: &str = "[[checkpoint]]\nat = { tokens = 5 }\nvalidators = [\"a\"]\ncost_tokens = 0.25\n\
    [[checkpoint]]\nat = { every_tokens = 6 }\nvalidators = [\"a\", \"b\"]\ncost_tokens = 0.5\n\
    [[checkpoint]]\nat = \"solution\"\nvalidators = [\"b\"]\n";

fn policy(rest: &str) -> PolicyFile {
    literal_policy("", &[("a", "A"), ("b", "B")], rest)
}

fn uniform(stream: &mut impl Rng) -> f64 {
    (stream.next_u64() >> 11) as f64 / (1_u64 << 53) as f64
}

fn row(prompt: usize, tokens: u64, accepted: bool) -> Row {
    Row {
        prompt,
        group: 0,
        tokens,
        problem_tokens: 0,
        accepted: Some(accepted),
        utility: Some(f64::from(accepted)),
        rare: None,
    }
}

fn table(policy: &PolicyFile, rows: Vec<Row>, alarms: &[FirstAlarm]) -> Table {
    let validators = policy.validators().iter().map(Definition::of).collect();
    Table::of_alarms(validators, rows, alarms)
}

/// Generations of up to 20 tokens with any alarms.
fn anything(policy: &PolicyFile, generations: usize) -> Table {
    let mut stream = stream(5, Purpose::Control, 0);
    let (mut rows, mut alarms) = (Vec::new(), Vec::new());
    for i in 0..generations {
        let tokens = 1 + stream.next_u64() % 20;
        rows.push(row(i / 3, tokens, stream.next_u64().is_multiple_of(2)));
        for _ in 0..2 {
            alarms.push(match stream.next_u64() % 4 {
                0 => FirstAlarm::Never,
                1 => FirstAlarm::AtEnd,
                _ => FirstAlarm::Tokens(stream.next_u64() % (tokens + 1)),
            });
        }
    }
    table(policy, rows, &alarms)
}

/// Tokens paid, and whether a generation survives, where it is known of each look whether an alarm comes
/// out of nothing, and of each validator how many of its places later it is heard (`None`: never).
fn walked(
    replay: &Replay<'_>,
    i: usize,
    out_of_nothing: &[bool],
    heard: &[Option<usize>],
    later: u64,
) -> (f64, bool) {
    let (table, checkpoints) = (replay.table(), replay.checkpoints());
    let n = table.rows()[i].tokens;
    let mut seen: Vec<Vec<(bool, u64)>> = vec![Vec::new(); heard.len()];
    let (mut paid, mut look) = (0.0, 0);
    for t in 1..=n {
        for complete in [false, true] {
            if complete != (t == n) && complete {
                continue;
            }
            for checkpoint in checkpoints {
                let stands = match checkpoint.at {
                    Position::Tokens(p) => !complete && t < n && p == t,
                    Position::EveryTokens(m) => !complete && t < n && t % m == 0,
                    Position::Solution => complete,
                    _ => unreachable!("no such place here"),
                };
                if !stands {
                    continue;
                }
                paid += checkpoint.cost_tokens;
                let mut alarmed = out_of_nothing[look];
                look += 1;
                for &v in &checkpoint.validators {
                    let raised = match table.alarms(i).of(v) {
                        FirstAlarm::Never => false,
                        FirstAlarm::AtEnd => complete,
                        FirstAlarm::Tokens(first) => complete || first + later <= t,
                    };
                    if raised && seen[v].last() != Some(&(complete, t)) {
                        seen[v].push((complete, t));
                    }
                    alarmed |= heard[v].is_some_and(|places| seen[v].len() > places);
                }
                if alarmed {
                    return (paid + t as f64, false);
                }
            }
        }
    }
    (paid + n as f64, true)
}

/// The expectations of [`walked`] under `change`, by listing everything.
fn listed(replay: &Replay<'_>, looks: usize, i: usize, change: &Change<'_>) -> (f64, f64) {
    let mut expected = (0.0, 0.0);
    let (whole, further) = (change.delay_looks.floor(), change.delay_looks.fract());
    let mut of_validator = vec![Vec::new(); 2];
    for (v, ways) in of_validator.iter_mut().enumerate() {
        let lost = change.lost.get(v).copied().unwrap_or(0.0);
        ways.push((None, lost));
        for (places, p) in [(whole, 1.0 - further), (whole + 1.0, further)] {
            ways.push((Some(places as usize), (1.0 - lost) * p));
        }
    }
    for bits in 0..1_u32 << looks {
        let noise: Vec<bool> = (0..looks).map(|j| bits >> j & 1 == 1).collect();
        let mut weight = 1.0;
        for (j, &alarm) in noise.iter().enumerate() {
            let silent = 1.0 - change.added;
            let silent = if j + 1 == looks {
                silent * (1.0 - change.at_last)
            } else {
                silent
            };
            weight *= if alarm { 1.0 - silent } else { silent };
        }
        for &(a, p) in &of_validator[0] {
            for &(b, q) in &of_validator[1] {
                for (heard, r) in [
                    ([a, b], 1.0 - change.withdrawn),
                    ([None, None], change.withdrawn),
                ] {
                    let later = change.delay_tokens.ceil() as u64;
                    let (paid, survives) = walked(replay, i, &noise, &heard, later);
                    expected.0 += weight * p * q * r * paid;
                    expected.1 += weight * p * q * r * f64::from(survives);
                }
            }
        }
    }
    expected
}

#[test]
fn expectations_are_those_of_everything_that_may_happen() {
    let policy = policy(LOOKS);
    let table = anything(&policy, 60);
    let replay = Replay::new(&table, &policy, policy.checkpoints(), false).unwrap();
    let looks = Looks::new(&replay);
    let lost = [0.3, 0.6];
    let changes = [
        Change::default(),
        Change {
            added: 0.2,
            ..Change::default()
        },
        Change {
            withdrawn: 0.35,
            ..Change::default()
        },
        Change {
            lost: &lost,
            ..Change::default()
        },
        Change {
            delay_tokens: 2.5,
            ..Change::default()
        },
        Change {
            delay_looks: 1.4,
            ..Change::default()
        },
        Change {
            at_last: 0.7,
            ..Change::default()
        },
        Change {
            added: 0.1,
            withdrawn: 0.2,
            lost: &lost,
            delay_tokens: 1.0,
            delay_looks: 0.6,
            at_last: 0.4,
        },
    ];
    for change in changes {
        for i in 0..table.rows().len() {
            let selection = Selection {
                rows: vec![i],
                covariates: Vec::new(),
                utility: true,
            };
            let of = |_| Expected {
                change,
                accepted: 0.25,
            };
            let batch = looks.expected(&selection, of);
            let (paid, survives) = listed(&replay, looks.of(i).len(), i, &change);
            let found = batch.tokens_generated[0] + batch.checkpoint_cost[0];
            assert_relative_eq!(found, paid, max_relative = 1e-12);
            assert_relative_eq!(batch.surviving[0], survives, epsilon = 1e-12);
            assert_relative_eq!(batch.retained[0], 0.25 * survives, epsilon = 1e-12);
            let rejected: f64 = batch.at_checkpoint.iter().map(|c| c[0]).sum();
            assert_relative_eq!(rejected, 1.0 - survives, epsilon = 1e-12);
        }
    }
}

fn request(modes: &[(&str, Option<(f64, f64)>)]) -> Request {
    let choice = |(name, range): &(&str, Option<(f64, f64)>)| Choice {
        name: (*name).to_owned(),
        range: *range,
    };
    Request {
        modes: modes.iter().map(choice).collect(),
        steps: 12,
        tolerance: 0.01,
        problem_generated: false,
        draws: Some(0),
        seed: 42,
    }
}

fn found(policy: &PolicyFile, table: &Table, request: &Request) -> LogStressFindings {
    let (intake, interrupt) = (Intake::default(), Interrupt::default());
    stress(policy, table, request, &intake, &|_, _| (), &interrupt).unwrap()
}

#[test]
fn today_is_what_a_replay_says() {
    let policy = policy(LOOKS);
    let table = anything(&policy, 200);
    let replay = Replay::new(&table, &policy, policy.checkpoints(), false).unwrap();
    let of_replay = findings(&policy, &table, &replay, &Intake::default()).unwrap();
    let today = found(&policy, &table, &request(&[("drop", None)])).today;
    for (name, estimate) in today.named() {
        if let Some(same) = of_replay.get(&name)
            && name != "retained_bias"
        {
            assert_relative_eq!(
                estimate.mean.unwrap(),
                same.mean.unwrap(),
                max_relative = 1e-9
            );
            if let Some(stderr) = estimate.stderr {
                assert_relative_eq!(stderr, same.stderr.unwrap(), max_relative = 1e-6);
            }
        }
    }
    // Utility is acceptance here, so the bias is no news.
    assert_eq!(today.retained_bias.mean, None);
}

/// Drawn tables against the sums over all modes; that the check can fail is seen from planted curves, and
/// from a perturbation that is not the one drawn.
#[test]
fn drawn_tables_confirm_the_expectations_and_find_what_is_planted() {
    let policy = policy(LOOKS);
    let table = anything(&policy, 300);
    let request = Request {
        draws: Some(200),
        ..request(&[])
    };
    let findings = found(&policy, &table, &request);
    let confirmation = findings.confirmation.unwrap();
    assert_eq!(confirmation.disagreements, Vec::<String>::new());
    assert!(
        confirmation.holds() && confirmation.control.planted > 10,
        "{confirmation:?}"
    );
    assert!(confirmation.comparisons > 60);
    assert!(findings.modes.iter().all(|mode| !mode.points.is_empty()));
    let names: Vec<&str> = findings.modes.iter().map(|m| m.mode.as_str()).collect();
    assert!(
        names.contains(&"drop.b") && names.contains(&"late-looks"),
        "{names:?}"
    );
}

/// Half of each kind, one look half-way through: by h a look's rates become 1 − (1 − r)(1 − h), and the
/// cost ratio is 1 where q/2 = f, which is linear in h.
#[test]
fn the_crossing_is_where_the_closed_form_says() {
    let policy = literal_policy(
        "",
        &[("a", "A")],
        "[[checkpoint]]\nat = { tokens = 50 }\nvalidators = [\"a\"]\n",
    );
    let (mut rows, mut alarms) = (Vec::new(), Vec::new());
    for i in 0..200 {
        let accepted = i % 2 == 0;
        rows.push(row(i / 2, 100, accepted));
        let alarmed = if accepted { i % 40 == 0 } else { i % 10 < 6 };
        let alarm = FirstAlarm::Tokens(30);
        alarms.push(if alarmed { alarm } else { FirstAlarm::Never });
    }
    let table = table(&policy, rows, &alarms);
    let findings = found(
        &policy,
        &table,
        &request(&[("added-alarms", Some((0.0, 0.5)))]),
    );
    let (f, d) = (0.05, 0.6);
    let expected = (0.25 * (f + d) - f) / ((1.0 - f) - 0.25 * (1.0 - f + 1.0 - d));
    let crossing = &findings.modes[0].crossings[0];
    assert_eq!(crossing.quantity, "cost_ratio");
    assert!(crossing.rises);
    assert_relative_eq!(crossing.strength, expected, epsilon = 1e-6);
    let [lo, hi] = crossing.ci;
    assert!(lo.is_some_and(|lo| lo < expected) && hi.is_some_and(|hi| hi > expected));
    // In units of log-odds: added alarms of this rate are today's false alarms shifted.
    let shifted = found(
        &policy,
        &table,
        &request(&[("false-alarm-shift", Some((0.0, 4.0)))]),
    );
    let crossing = &shifted.modes[0].crossings[0];
    // Only the accepted are hit: q/2 = f with d as it is.
    let even = 0.25 * d / 0.75;
    assert_relative_eq!(
        crossing.strength,
        (even / (1.0 - even)).ln() - (f / (1.0 - f)).ln(),
        epsilon = 1e-5
    );
    assert!(
        crossing
            .meaning
            .starts_with(&format!("{:.2}x today's", even / f))
    );
}

/// A log of `prompts` prompts with twelve generations each. Prompts differ in how often generations are
/// accepted and in how well faults are seen, so that generations of one prompt depend on each other.
fn clustered(policy: &PolicyFile, prompts: usize, seed: u64, as_clusters: bool) -> Table {
    let mut stream = stream(seed, Purpose::Control, 7);
    let (mut rows, mut alarms) = (Vec::new(), Vec::new());
    for prompt in 0..prompts {
        let easy = uniform(&mut stream) < 0.5;
        let seen = uniform(&mut stream) < 0.5;
        for g in 0..12 {
            let accepted = uniform(&mut stream) < if easy { 0.95 } else { 0.05 };
            let rate = match (accepted, seen) {
                (true, _) => 0.05,
                (false, true) => 0.95,
                (false, false) => 0.25,
            };
            let alarmed = uniform(&mut stream) < rate;
            let cluster = if as_clusters { prompt } else { 12 * prompt + g };
            rows.push(row(cluster, 100, accepted));
            let alarm = FirstAlarm::Tokens(30);
            alarms.push(if alarmed { alarm } else { FirstAlarm::Never });
        }
    }
    table(policy, rows, &alarms)
}

/// Intervals of the tipping point over 200 drawn logs. Nominal misses are 5 %; more than 24 happen with
/// probability 5e-5. Taking generations for prompts is the negative control.
#[test]
fn intervals_of_crossings_hold_over_drawn_logs() {
    let policy = literal_policy(
        "",
        &[("a", "A")],
        "[[checkpoint]]\nat = { tokens = 50 }\nvalidators = [\"a\"]\n",
    );
    let (f, d) = (0.05, 0.6);
    let truth = (0.25 * (f + d) - f) / ((1.0 - f) - 0.25 * (1.0 - f + 1.0 - d));
    let misses = |as_clusters: bool| -> usize {
        let missed = (0..200_u64).into_par_iter().filter(|seed| {
            let table = clustered(&policy, 60, *seed, as_clusters);
            let asked = Request {
                steps: 8,
                ..request(&[("added-alarms", Some((0.0, 0.6)))])
            };
            let findings = found(&policy, &table, &asked);
            let crossing = findings.modes[0].crossings.first();
            crossing.is_none_or(|c| {
                c.ci[0].is_some_and(|lo| truth < lo) || c.ci[1].is_some_and(|hi| truth > hi)
            })
        });
        missed.count()
    };
    let right = misses(true);
    assert!((1..=24).contains(&right), "{right} of 200 missed");
    let naive = misses(false);
    assert!(naive > 40, "{naive} of 200 missed");
}

#[test]
fn the_worst_case_is_dearer_than_any_other_choice() {
    let policy = policy(LOOKS);
    let table = anything(&policy, 60);
    let replay = Replay::new(&table, &policy, policy.checkpoints(), false).unwrap();
    let subject = Subject::new(&replay, Vec::new());
    let candidates: Vec<usize> = (0..table.rows().len())
        .filter(|&i| table.rows()[i].accepted == Some(true))
        .filter(|&i| replay.judgement(i).stop.is_none() && !subject.looks().of(i).is_empty())
        .collect();
    let accepted = table
        .rows()
        .iter()
        .filter(|r| r.accepted == Some(true))
        .count();
    let cost = |at_last: Vec<f64>| {
        let made = Perturbation {
            at_last,
            ..Perturbation::default()
        };
        subject.figures(&made).cost_ratio.mean.unwrap()
    };
    let worst = subject.under(Mode::WorstCase(None), 3.0 / accepted as f64);
    assert_relative_eq!(worst.at_last.iter().sum::<f64>(), 3.0, epsilon = 1e-9);
    let highest = subject.figures(&worst).cost_ratio.mean.unwrap();
    let mut equal = 0;
    let count = candidates.len();
    for a in 0..count {
        for b in a..count {
            for c in b..count {
                let mut at_last = vec![0.0; table.rows().len()];
                for j in [a, b, c] {
                    at_last[candidates[j]] = 1.0;
                }
                let other = cost(at_last);
                assert!(other <= highest + 1e-9, "{other} > {highest}");
                equal += usize::from((other - highest).abs() < 1e-9);
            }
        }
    }
    assert!(equal > 0 && count > 4, "{equal} of {count}");
}
