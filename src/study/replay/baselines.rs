//! What a policy is to be held against: no policy, the coin, a coin that strikes only what still
//! runs, a length cap, the first wrong step
//! where people have labelled it, and judges that know which generations will be refused.

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::attribution::Figures;
use super::{FIGURES, plain_estimates};
use crate::estimate::{Estimate, Estimates, RunningCoin};
use crate::policy::{Checkpoint, PolicyFile, Position};
use crate::replay::{FirstAlarm, FirstError, Replay, ScheduleError, Table};
use crate::study::Named;

/// Name of the coin that strikes only what still runs.
pub const COIN_ON_RUNNING: &str = "coin-on-running";

/// Name of the oracle that knows verdicts and wrong steps.
const ORACLE_AT_STEP: &str = "oracle-at-first-wrong-step";

/// Something else that could have been done to the same generations.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Baseline {
    /// Its name, one of those in the documentation of results.
    pub name: String,
    /// What it does.
    pub description: String,
    /// Of a length cap: the cap in solution tokens.
    pub cap_tokens: Option<u64>,
    /// Generations that its figures rest on.
    pub records: u64,
    /// Its figures.
    #[serde(flatten)]
    pub figures: Figures,
}

/// A baseline that stops generations at given tokens.
struct Stopping {
    name: &'static str,
    description: String,
    cap_tokens: Option<u64>,
    /// Whether it rejects nothing that is accepted, by definition.
    spares_accepted: bool,
    /// Generations that it is about.
    rows: Vec<usize>,
    /// By generation of the table.
    stops: Vec<Option<u64>>,
}

impl Stopping {
    /// Its figures, where problems count as they do in `replay`.
    fn evaluated(
        self,
        policy: &PolicyFile,
        table: &Table,
        replay: &Replay<'_>,
    ) -> Result<Baseline, ScheduleError> {
        let generated = replay.problem_generated();
        let replay = Replay::stopping(table, policy, &self.stops, generated)?;
        let mut figures = Figures::new(&plain_estimates(table, &replay, &self.rows));
        if self.spares_accepted {
            figures.set("false_rejection_rate", exactly(0.0));
        }
        Ok(Baseline {
            name: self.name.to_owned(),
            description: self.description,
            cap_tokens: self.cap_tokens,
            records: self.rows.len() as u64,
            figures,
        })
    }
}

/// The baselines of what `replay`, of `policy` on `table`, did; it `rejected` so many generations,
/// and its estimates are `estimates`.
pub(super) fn baselines(
    policy: &PolicyFile,
    table: &Table,
    replay: &Replay<'_>,
    rejected: u64,
    estimates: &Estimates,
    running: &RunningCoin,
) -> Result<Vec<Baseline>, ScheduleError> {
    let records = table.rows().len() as u64;
    let mut baselines = vec![
        full(table, records),
        coin(estimates, records),
        coin_on_running(estimates, running, records),
    ];
    let mut stopping = vec![length_cap(table, rejected)];
    stopping.extend(oracle_at_first_alarm(table, replay));
    let labelled_steps = with_steps(table);
    stopping.extend(first_error(table, &labelled_steps));
    let evaluated = stopping.into_par_iter();
    let evaluated = evaluated.map(|baseline| baseline.evaluated(policy, table, replay));
    baselines.extend(evaluated.collect::<Result<Vec<_>, _>>()?);
    if !labelled_steps.is_empty() && labelled_steps.len() < table.rows().len() {
        baselines.push(Baseline {
            name: "policy-where-steps-are-labelled".to_owned(),
            description: "the policy itself, on the generations whose steps are labelled"
                .to_owned(),
            cap_tokens: None,
            records: labelled_steps.len() as u64,
            figures: Figures::new(&plain_estimates(table, replay, &labelled_steps)),
        });
    }
    Ok(baselines)
}

/// Generations whose steps are labelled.
fn with_steps(table: &Table) -> Vec<usize> {
    let labelled = |i: usize| table.rows()[i].first_error() != FirstError::Unlabelled;
    rows(table, labelled)
}

/// The oracle that stops exactly the refused, at the end of their first wrong step, and the figures of
/// `replay` on the same generations; `None` where none with a verdict has labelled steps.
pub(super) fn oracle_at_first_wrong_step(
    policy: &PolicyFile,
    table: &Table,
    replay: &Replay<'_>,
) -> Result<Option<(Baseline, Figures)>, ScheduleError> {
    let stopping = first_error(table, &with_steps(table));
    let oracle = stopping.into_iter().find(|s| s.name == ORACLE_AT_STEP);
    let beside = |oracle: Stopping| {
        let own = Figures::new(&plain_estimates(table, replay, &oracle.rows));
        Ok((oracle.evaluated(policy, table, replay)?, own))
    };
    oracle.map(beside).transpose()
}

fn rows(table: &Table, which: impl Fn(usize) -> bool) -> Vec<usize> {
    (0..table.rows().len()).filter(|&i| which(i)).collect()
}

/// A figure that is so by definition.
fn exactly(value: f64) -> Estimate {
    Estimate {
        mean: Some(value),
        stderr: Some(0.0),
        ci: Some([value; 2]),
    }
}

fn figures(of: impl Fn(&str) -> Estimate, cost_beyond_coin: Estimate) -> Figures {
    let named = |&name: &&str| Named {
        name: name.to_owned(),
        value: of(name),
    };
    Figures {
        estimates: FIGURES.iter().map(named).collect(),
        charged_tokens: exactly(0.0),
        cost_beyond_coin,
    }
}

/// Nothing is ever rejected.
fn full(table: &Table, records: u64) -> Baseline {
    let accepted = table.rows().iter().any(|row| row.accepted == Some(true));
    let refused = table.rows().iter().any(|row| row.accepted == Some(false));
    let when = |known: bool, value| {
        if known {
            exactly(value)
        } else {
            Estimate::default()
        }
    };
    let of = |name: &str| match name {
        "cost_ratio" => when(accepted, 1.0),
        "null_cost_ratio" => exactly(1.0),
        "false_rejection_rate" => when(accepted, 0.0),
        "detection_rate" => when(refused, 0.0),
        "purity_after" => Estimate::default(),
        _ => exactly(0.0),
    };
    Baseline {
        name: "full-generation".to_owned(),
        description: "nothing is rejected before the final filter; so by definition".to_owned(),
        cap_tokens: None,
        records,
        figures: figures(of, when(accepted, 0.0)),
    }
}

/// The coin at the policy's rates.
fn coin(estimates: &Estimates, records: u64) -> Baseline {
    let get = |name: &str| estimates.by_name.get(name).copied().unwrap_or_default();
    let known = |name: &str| get(name).mean.is_some();
    let of = |name: &str| match name {
        "savings" | "null_savings" => get("null_savings"),
        "cost_ratio" if known("accepted_rate") => get("null_cost_ratio"),
        "null_cost_ratio" => get("null_cost_ratio"),
        "rejection_rate" => get("rejection_rate"),
        "false_rejection_rate" | "detection_rate" if known(name) => get("rejection_rate"),
        "purity_after" => get("purity_before"),
        _ => Estimate::default(),
    };
    Baseline {
        name: "coin".to_owned(),
        description: "a coin that rejects as often as the policy at each checkpoint, without \
                      looking and without paying for checks"
            .to_owned(),
        cap_tokens: None,
        records,
        figures: figures(of, exactly(0.0)),
    }
}

/// The coin that strikes only what still runs, see [`RunningCoin`].
fn coin_on_running(estimates: &Estimates, running: &RunningCoin, records: u64) -> Baseline {
    let of = |name: &str| match name {
        "null_savings" | "null_cost_ratio" => {
            estimates.by_name.get(name).copied().unwrap_or_default()
        }
        _ => running.by_name.get(name).copied().unwrap_or_default(),
    };
    Baseline {
        name: COIN_ON_RUNNING.to_owned(),
        description: "a coin that strikes, at each place, of the generations that still run there \
                      as many as the policy rejects, without looking and without paying for checks: \
                      what is better than it knows more than that a generation still runs"
            .to_owned(),
        cap_tokens: None,
        records,
        figures: figures(of, Estimate::default()),
    }
}

/// The coin that strikes only what still runs, at the rates of what `replay` did.
pub(super) fn running_coin(table: &Table, replay: &Replay<'_>) -> RunningCoin {
    let all = rows(table, |_| true);
    let labelled = rows(table, |i| table.rows()[i].accepted.is_some());
    let of = |rows: &[usize]| {
        let beside = replay.beside_running_coin(rows);
        RunningCoin::new(beside.most_tokens(), beside.outcomes())
    };
    if labelled.len() == all.len() {
        return of(&all);
    }
    of(&all).or(of(&labelled))
}

/// Whoever is longer than so many tokens is stopped there; as many as the policy has `rejected`, or
/// as nearly as ties allow.
fn length_cap(table: &Table, rejected: u64) -> Stopping {
    let all = rows(table, |_| true);
    let mut lengths: Vec<u64> = table.rows().iter().map(|row| row.tokens).collect();
    let place = usize::try_from(rejected)
        .ok()
        .filter(|n| *n < lengths.len());
    let longest_first = |a: &u64, b: &u64| b.cmp(a);
    let cap = place.map_or(0, |n| *lengths.select_nth_unstable_by(n, longest_first).1);
    let stop = |tokens: u64| (tokens > cap).then_some(cap);
    Stopping {
        name: "length-cap",
        description: format!(
            "whatever exceeds {cap} tokens is stopped there: the least cap for the whole log that \
             rejects no more than the policy; found on this log from lengths and the number of \
             rejections, not from verdicts, and taken as given in the intervals"
        ),
        cap_tokens: Some(cap),
        spares_accepted: false,
        stops: table.rows().iter().map(|row| stop(row.tokens)).collect(),
        rows: all,
    }
}

/// Exactly the refused on which a validator alarms, at the first alarm. `None` without verdicts.
fn oracle_at_first_alarm(table: &Table, replay: &Replay<'_>) -> Option<Stopping> {
    let generated = replay.problem_generated();
    let applies = |c: &&Checkpoint<Position>| c.at != Position::Problem || generated;
    let consulted = replay.checkpoints().iter().filter(applies);
    let mut validators = vec![false; table.validators().len()];
    for &v in consulted.flat_map(|c| &c.validators) {
        validators[v] = true;
    }
    let stop = |i: usize| {
        let row = &table.rows()[i];
        if row.accepted != Some(false) {
            return None;
        }
        let alarms = table.alarms(i).raised();
        let consulted = alarms.filter(|(v, _)| validators[*v]);
        match consulted.map(|(_, alarm)| alarm).min() {
            Some(FirstAlarm::Tokens(tokens)) => Some(tokens),
            Some(FirstAlarm::AtEnd) => Some(row.tokens),
            Some(FirstAlarm::Never) | None => None,
        }
    };
    let rows = rows(table, |i| table.rows()[i].accepted.is_some());
    (!rows.is_empty()).then(|| Stopping {
        name: "oracle-at-first-alarm",
        description: "somebody who knows the verdict beforehand stops a generation at the first \
                      alarm of a consulted validator if, and only if, it will be refused; not to \
                      be had"
            .to_owned(),
        cap_tokens: None,
        spares_accepted: true,
        stops: (0..table.rows().len()).map(stop).collect(),
        rows,
    })
}

/// Stops at the end of the first wrong step: of everybody, and of the refused alone.
fn first_error(table: &Table, labelled: &[usize]) -> Vec<Stopping> {
    if labelled.is_empty() {
        return Vec::new();
    }
    let stops = |who: &dyn Fn(Option<bool>) -> bool| {
        let stop = |row: &crate::replay::Row| match row.first_error() {
            FirstError::After(tokens) if who(row.accepted) => Some(tokens),
            _ => None,
        };
        table.rows().iter().map(stop).collect()
    };
    let mut stopping = vec![Stopping {
        name: "first-wrong-step",
        description: "every generation is stopped at the end of its first wrong step as people \
                      labelled it, whatever its verdict"
            .to_owned(),
        cap_tokens: None,
        spares_accepted: false,
        rows: labelled.to_vec(),
        stops: stops(&|_| true),
    }];
    let known: Vec<usize> = labelled
        .iter()
        .copied()
        .filter(|&i| table.rows()[i].accepted.is_some())
        .collect();
    if !known.is_empty() {
        stopping.push(Stopping {
            name: ORACLE_AT_STEP,
            description: "somebody who knows verdicts and wrong steps stops a generation at the \
                          end of its first wrong step if, and only if, it will be refused; not to \
                          be had"
                .to_owned(),
            cap_tokens: None,
            spares_accepted: true,
            rows: known,
            stops: stops(&|accepted| accepted == Some(false)),
        });
    }
    stopping
}
