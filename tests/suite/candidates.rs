//! Very many policies on one table, against the replay of each.

use foldem::estimate::{Estimates, Tally};
use foldem::log::Record;
use foldem::outcome::{Fold as _, Knowledge};
use foldem::policy::{Checkpoint, PolicyFile, Position};
use foldem::replay::{Auditor, CandidateFigures, Candidates, CandidatesError, Lattices, Replay};
use foldem::replay::{Table, TableBuilder};

use super::literal_policy::literal_policy;

/// Three validators, of which each alarms on a letter.
fn policy() -> PolicyFile {
    literal_policy("", &[("x", "x"), ("y", "y"), ("z", "z")], "")
}

/// Numbers that look random, the same ones always.
pub(crate) struct Numbers(pub(crate) u64);

impl Numbers {
    pub(crate) fn below(&mut self, n: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % n
    }
}

/// A character is a token; a third of the letters are some validator's.
fn table(policy: &PolicyFile, records: u64, labelled: bool) -> Table {
    let auditor = Auditor::new(policy).unwrap();
    let mut builder = TableBuilder::new(&auditor);
    let mut numbers = Numbers(7);
    for i in 0..records {
        let length = numbers.below(60);
        let mut letter =
            || b"xyz......................................"[numbers.below(41) as usize];
        let solution: Vec<u8> = (0..length).map(|_| letter()).collect();
        builder.push(Record {
            id: i.to_string(),
            prompt_id: Some((i / 3).to_string()),
            model: Some(["m", "n"][numbers.below(2) as usize].to_owned()),
            solution_tokens: Some(length),
            problem_tokens: Some(numbers.below(30)),
            solution: String::from_utf8(solution).unwrap(),
            accepted: (labelled && numbers.below(9) > 0).then(|| numbers.below(3) > 0),
            utility: (numbers.below(5) > 0).then(|| 0.1 * numbers.below(11) as f64),
            ..Record::default()
        });
    }
    builder.finish()
}

fn candidates(numbers: &mut Numbers) -> Vec<Vec<Checkpoint<Position>>> {
    let mut checkpoint = || Checkpoint {
        at: match numbers.below(7) {
            0 => Position::Problem,
            1 => Position::Tokens(1 + numbers.below(50)),
            2 => Position::EveryTokens(1 + numbers.below(20)),
            3 | 4 => Position::ExpectedFraction(0.1 * (1 + numbers.below(10)) as f64),
            5 => Position::FinalFractionLookahead(0.25 * (1 + numbers.below(4)) as f64),
            _ => Position::Solution,
        },
        validators: (0..3).filter(|_| numbers.below(2) == 0).collect(),
        threshold: 0.0,
        cost_tokens: [0.0, 0.0, 0.5, 3.0][numbers.below(4) as usize],
    };
    // More than are summed together; the first rejects nothing.
    let mut all: Vec<Vec<_>> = (0..300)
        .map(|i| (0..i % 5).map(|_| checkpoint()).collect())
        .collect();
    all.push(vec![Checkpoint {
        at: Position::Tokens(u64::MAX),
        validators: vec![0, 1, 2],
        threshold: 0.0,
        cost_tokens: 1.0,
    }]);
    all
}

/// The estimates of a replay, each from the generations that enough is known of.
fn by_replay(replay: &Replay<'_>, table: &Table) -> [Option<f64>; 5] {
    let estimates = |verdict: bool| {
        let rows = table.rows().iter().enumerate();
        let rows = rows.filter(|(_, row)| !verdict || row.accepted.is_some());
        let rows: Vec<usize> = rows.map(|(i, _)| i).collect();
        let knowledge = Knowledge {
            verdict,
            utility: false,
        };
        let (frame, batch) = replay.outcomes(&rows, knowledge, false);
        let mut tally = Tally::new(&frame);
        tally.fold(&batch);
        (!rows.is_empty()).then(|| Estimates::new(&tally))
    };
    let (all, known) = (estimates(false), estimates(true));
    let get = |estimates: &Option<Estimates>, name| estimates.as_ref()?.by_name.get(name)?.mean;
    [
        get(&all, "rejection_rate"),
        get(&all, "savings"),
        get(&known, "false_rejection_rate"),
        get(&known, "detection_rate"),
        get(&known, "cost_ratio"),
    ]
}

fn listed(figures: &CandidateFigures) -> [Option<f64>; 5] {
    [
        Some(figures.rejection_rate),
        figures.savings,
        figures.false_rejection_rate,
        figures.detection_rate,
        figures.cost_ratio,
    ]
}

/// More rows than a block holds, and a rest.
#[test]
fn figures_are_those_of_a_replay_each() {
    let policy = policy();
    for (records, labelled) in [(5000, true), (100, false)] {
        let table = table(&policy, records, labelled);
        let all = candidates(&mut Numbers(records));
        for generated in [false, true] {
            let prepared = Candidates::new(&table, &policy, generated).unwrap();
            let figures = prepared.evaluate(&all).unwrap();
            let mut rejecting = 0;
            for (candidate, figures) in all.iter().zip(&figures) {
                let replay = Replay::new(&table, &policy, candidate, generated).unwrap();
                let expected = by_replay(&replay, &table);
                for (found, expected) in listed(figures).into_iter().zip(expected) {
                    match (found, expected) {
                        (Some(a), Some(b)) => {
                            assert!((a - b).abs() < 1e-9, "{candidate:?}: {a} {b}");
                        }
                        _ => assert_eq!(found, expected, "{candidate:?} {figures:?}"),
                    }
                }
                rejecting += usize::from(figures.rejection_rate > 0.0);
            }
            assert!(rejecting > 100, "{rejecting}");
            let one_thread = rayon_of_one(|| prepared.evaluate(&all).unwrap());
            assert_eq!(figures, one_thread, "any number of threads, the same bits");
        }
    }
}

/// Every subset at once, against each policy by itself; and what becomes of the accepted, against
/// the estimates of a replay.
#[test]
fn a_lattice_holds_the_figures_of_every_subset() {
    let policy = policy();
    let table = table(&policy, 3000, true);
    assert!(table.covariates().len() >= 3, "model, length and pass rate");
    let prepared = Candidates::new(&table, &policy, true).unwrap();
    let prepared = prepared.watching(Some(0), Some(1));
    let mut compared = 0;
    for grid in candidates(&mut Numbers(11)).iter().take(60) {
        let lattices = Lattices::new(&prepared, grid).unwrap();
        let chosen: Vec<usize> = (0..grid.len()).filter(|c| c % 3 != 2).collect();
        let lattice = lattices.at(&chosen);
        assert_eq!(lattice.subsets(), 8);
        let policies: Vec<_> = (0..8).map(|present| lattice.checkpoints(present)).collect();
        let each = prepared.evaluate(&policies).unwrap();
        for (present, (expected, policy)) in each.iter().zip(&policies).enumerate() {
            assert_eq!(lattice.figures(present), *expected, "{policy:?}");
            let rejected = prepared.rejected(policy).unwrap();
            let share = rejected.iter().filter(|&&r| r).count() as f64 / rejected.len() as f64;
            assert!((share - expected.rejection_rate).abs() < 1e-12);
            compared += usize::from(expected.rejection_rate > 0.0);
        }
    }
    assert!(compared > 100, "{compared}");
}

#[test]
fn what_is_watched_is_what_a_replay_estimates() {
    let policy = policy();
    let table = table(&policy, 3000, true);
    let models = table.covariates().iter().position(|c| c.name == "model");
    let prepared = Candidates::new(&table, &policy, false).unwrap();
    let prepared = prepared.watching(models, models);
    let valued = |verdict: bool| -> Vec<usize> {
        let rows = table.rows().iter().enumerate();
        let rows = rows.filter(|(_, r)| r.accepted.is_some() && (verdict || r.utility.is_some()));
        rows.map(|(i, _)| i).collect()
    };
    for candidate in candidates(&mut Numbers(5)).iter().skip(1).step_by(7) {
        let figures = prepared.evaluate(&[candidate]).unwrap()[0];
        let worth = figures.worth.expect("watched");
        let replay = Replay::new(&table, &policy, candidate, false).unwrap();
        let estimates = |rows: &[usize], utility: bool| {
            let knowledge = Knowledge {
                verdict: true,
                utility,
            };
            let (frame, batch) = replay.outcomes(rows, knowledge, true);
            let mut tally = Tally::new(&frame);
            tally.fold(&batch);
            Estimates::new(&tally)
        };
        let with_verdict = estimates(&valued(true), false);
        let groups = with_verdict
            .groups
            .iter()
            .filter(|g| g.covariate == "model");
        let rates = groups.filter_map(|g| g.false_rejection_rate.mean);
        assert_same(worth.largest_stratum_rate, rates.reduce(f64::max));
        let shifts = with_verdict.shifts.iter().find(|(name, _)| name == "model");
        assert_same(worth.shift, shifts.unwrap().1.mean);
        let with_utility = estimates(&valued(false), true);
        assert_same(
            worth.retained_bias,
            with_utility.by_name["retained_bias"].mean,
        );
    }
}

fn assert_same(found: Option<f64>, expected: Option<f64>) {
    match (found, expected) {
        (Some(a), Some(b)) => assert!((a - b).abs() < 1e-8, "{a} {b}"),
        _ => assert_eq!(found, expected),
    }
}

fn rayon_of_one<T: Send>(work: impl FnOnce() -> T + Send) -> T {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build();
    pool.unwrap().install(work)
}

#[test]
fn lengths_that_do_not_fit_are_told() {
    let policy = policy();
    let auditor = Auditor::new(&policy).unwrap();
    for (tokens, fits) in [(2_147_483_645, true), (2_147_483_646, false)] {
        let mut builder = TableBuilder::new(&auditor);
        builder.push(Record {
            id: "a".to_owned(),
            solution: "..z".to_owned(),
            solution_tokens: Some(tokens),
            ..Record::default()
        });
        let table = builder.finish();
        let prepared = Candidates::new(&table, &policy, false);
        assert_eq!(prepared.is_ok(), fits);
        match prepared {
            Err(e) => assert_eq!(e, CandidatesError::TooLong(tokens)),
            Ok(prepared) => {
                // Nothing overflows: the alarm is at the last token, the next multiple beyond.
                let every = [Checkpoint {
                    at: Position::EveryTokens(2_000_000_000),
                    validators: vec![2],
                    threshold: 0.0,
                    cost_tokens: 1.0,
                }];
                let figures = prepared.evaluate(&[every]).unwrap();
                assert!(figures[0].rejection_rate.abs() < f64::EPSILON);
            }
        }
    }
}
