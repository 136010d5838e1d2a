//! Standard errors of replay against leaving out one prompt after the other.

use foldem::estimate::{Estimate, Estimates, Tally};
use foldem::log::Record;
use foldem::outcome::{Fold, Knowledge};
use foldem::replay::Replay;
use foldem::rng::{Purpose, stream};
use rand::RngExt as _;

use super::literal::{policy, table};

/// Generations of a hundred prompts, six each at most, whose lengths differ by prompt; the longer,
/// the likelier BAD stands in one, early or late.
fn clustered_log() -> Vec<Record> {
    let mut rng = stream(11, Purpose::Control, 0);
    let mut records = Vec::new();
    for prompt in 0..100 {
        let typical = rng.random_range(20..200);
        for sample in 0..rng.random_range(1..=6) {
            let n = typical + rng.random_range(0..60);
            let bad = rng.random_range(0..250) < n;
            let at = rng.random_range(0..n);
            let mut solution = "a".repeat(n);
            if bad {
                solution.replace_range(at..=at, "!");
            }
            records.push(Record {
                id: format!("{prompt}/{sample}"),
                prompt_id: Some(prompt.to_string()),
                solution,
                token_ends: Some((1..=n).collect()),
                correct: Some(rng.random_range(0..4) > usize::from(bad)),
                ..Record::default()
            });
        }
    }
    records
}

/// With checkpoints at many places the coin's figures depend on where the policy rejects as well;
/// the standard errors agree with those of leaving out one prompt after the other (relative error
/// of the jackknife with a hundred prompts about 7 %; 1.2 is beyond its reach).
#[test]
fn standard_errors_agree_with_the_jackknife() {
    let policy = policy(
        &[("bad", "!")],
        "[[checkpoint]]\nat = { every_tokens = 7 }\nvalidators = [\"bad\"]\ncost_tokens = 0.3\n",
    );
    let table = table(&policy, clustered_log());
    let replay = Replay::new(&table, &policy, policy.checkpoints(), false).unwrap();
    let evaluate = |left_out: Option<usize>, with_places: bool| {
        let rows = (0..table.rows().len()).filter(|&i| Some(table.rows()[i].prompt) != left_out);
        let (frame, mut batch) = replay.outcomes(&rows.collect::<Vec<_>>(), Knowledge::FULL, true);
        if !with_places {
            batch.place_excess.clear();
        }
        let mut tally = Tally::new(&frame);
        tally.fold(&batch);
        Estimates::new(&tally)
    };
    let all = evaluate(None, true);
    let without: Vec<Estimates> = (0..table.prompts())
        .map(|p| evaluate(Some(p), true))
        .collect();
    let named = |name: &'static str| {
        let get = move |e: &Estimates| e.by_name[name];
        (name, Box::new(get) as Box<dyn Fn(&Estimates) -> Estimate>)
    };
    let names = [
        "savings",
        "null_savings",
        "null_cost_ratio",
        "savings_bound",
        "cost_ratio",
    ];
    let mut compared: Vec<_> = names.map(named).into_iter().collect();
    compared.push((
        "covariance_slack",
        Box::new(|e: &Estimates| e.covariance_slack),
    ));
    compared.push((
        "cost_beyond_coin",
        Box::new(|e: &Estimates| e.cost_beyond_coin),
    ));
    for (name, get) in compared {
        let values: Vec<f64> = without.iter().map(|e| get(e).mean.unwrap()).collect();
        let count = values.len() as f64;
        let mean = values.iter().sum::<f64>() / count;
        let squares: f64 = values.iter().map(|x| (x - mean).powi(2)).sum();
        let jackknife = (squares * (count - 1.0) / count).sqrt();
        let agrees = |estimates: &Estimates| {
            let ratio = get(estimates).stderr.unwrap() / jackknife;
            (1.0 / 1.2..1.2).contains(&ratio)
        };
        assert!(agrees(&all), "{name}");
        // The control: without what varies with the places this is caught.
        if name == "covariance_slack" {
            assert!(!agrees(&evaluate(None, false)), "{name} without places");
        }
    }
}
