//! What does a policy save in money? The same generations, with a price for each kind of token.
//!
//! A prompt is read before anything can be rejected, so every attempt pays for it, and the share of money
//! saved is smaller than that of tokens. A retained sample costs (1 − s)/(1 − f) of what it costs in full,
//! s being the share of money saved per attempt.

mod prices;

use std::collections::BTreeMap;

use serde::Serialize;

use super::Named;
use super::named::as_map;
use super::simulation::Compared;
use crate::estimate::{Estimate, Rates, Tally, money};
use crate::outcome::{Fold as _, Knowledge, OutcomeBatch};
use crate::replay::{Replay, Table};
use crate::scenario::Scenario;
use crate::theory::Exact;
pub use prices::{Discount, On, Prices, SCHEMA as PRICES_SCHEMA};

/// Names of the figures, in the order in which they are shown.
pub const FIGURES: [&str; 12] = [
    "full",
    "paid",
    "saved",
    "savings",
    "null_savings",
    "full_per_retained",
    "paid_per_retained",
    "saved_per_million",
    "cost_ratio",
    "null_cost_ratio",
    "break_even_check",
    "break_even_prompt",
];

/// Figures in money.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct MoneyFindings {
    /// As they were given.
    pub prices: Prices,
    /// In the order of [`FIGURES`]; those that are not shares are in money.
    #[serde(with = "as_map")]
    pub figures: Vec<Named<Compared>>,
    /// What a reader has to know before trusting the numbers.
    pub warnings: Vec<String>,
}

/// Findings with those in money.
#[derive(Debug, Serialize)]
pub struct WithMoney<'f, F> {
    /// In tokens.
    #[serde(flatten)]
    pub findings: &'f F,
    /// In money.
    pub money: &'f MoneyFindings,
}

/// Figures of `scenario`, exactly and from the `tally` of a simulation. Prices by stage are known to the
/// theory alone. Fails where the prices name a stage that the scenario does not have, or where a full
/// generation costs nothing.
pub fn of_scenario(
    scenario: &Scenario,
    prices: &Prices,
    tally: &Tally,
) -> Result<MoneyFindings, String> {
    let stages: Vec<&str> = (0..scenario.stages().len())
        .map(|k| scenario.stage_name(k))
        .collect();
    let unknown = prices.stages.keys();
    if let Some(name) = unknown
        .into_iter()
        .find(|name| !stages.contains(&name.as_str()))
    {
        let known = crate::input::quoted_list(stages.iter().copied());
        return Err(format!(
            "`stages.{name}` is no stage of this scenario. Known: {known}"
        ));
    }
    let exact = exact(&Exact::new(scenario), &stages, prices);
    if exact[0].1.is_none_or(|full| full <= 0.0) {
        return Err(NOTHING.to_owned());
    }
    let mut warnings = Vec::new();
    let estimates = if prices.stages.is_empty() {
        let rates = Rates {
            generated: prices.generated(None),
            check: prices.check(),
            prompt: prices.prompt(0.0),
        };
        money(tally, rates)
    } else {
        warnings.push(
            "prices by stage: money is exact alone, since a simulation does not keep tokens by stage"
                .to_owned(),
        );
        BTreeMap::new()
    };
    if prices.prompt > 0.0 && prices.prompt_tokens <= 0.0 {
        warnings.push(
            "`prompt` has a price, but a scenario has no prompts: set `prompt_tokens`".to_owned(),
        );
    }
    let estimate = |name| estimates.get(name).copied().unwrap_or_default();
    Ok(MoneyFindings {
        prices: prices.clone(),
        figures: exact
            .into_iter()
            .map(|(name, exact)| Named {
                name: name.to_owned(),
                value: Compared {
                    estimate: estimate(name),
                    exact,
                },
            })
            .collect(),
        warnings,
    })
}

const NOTHING: &str = "a full generation costs nothing at these prices, so no share of it can be \
    saved; give `generated` a price above 0, or `prompt` one and `prompt_tokens` a number";

/// The figures by theory.
fn exact(
    exact: &Exact,
    stages: &[&str],
    prices: &Prices,
) -> [(&'static str, Option<f64>); FIGURES.len()] {
    let price: Vec<f64> = stages.iter().map(|s| prices.generated(Some(s))).collect();
    let priced = |tokens: &[f64]| price.iter().zip(tokens).map(|(p, t)| p * t).sum::<f64>();
    let tokens = exact.stage_tokens();
    let full = priced(tokens) + prices.prompt(0.0);
    let saved = priced(exact.avoided_by_stage()) - prices.check() * exact.checkpoint_cost();
    let paid = full - saved;
    let rejections = exact.rejections_by_stage().iter().enumerate();
    let null: f64 = rejections
        .map(|(k, q)| {
            q * (k + 1..tokens.len())
                .map(|i| price[i] * tokens[i])
                .sum::<f64>()
        })
        .sum();
    let ratio = |a: f64, b: f64| (b.abs() > 0.0 && (a / b).is_finite()).then(|| a / b);
    let full_per_retained = ratio(full, exact.accepted_rate());
    let paid_per_retained = ratio(paid, exact.retained_rate());
    let both = full_per_retained.zip(paid_per_retained);
    let savings = ratio(saved, full);
    let null_savings = ratio(null, full);
    let f = exact.false_rejection_rate();
    let spare = f.map(|f| (1.0 - f) * full - paid);
    [
        ("full", Some(full)),
        ("paid", Some(paid)),
        ("saved", Some(saved)),
        ("savings", savings),
        ("null_savings", null_savings),
        ("full_per_retained", full_per_retained),
        ("paid_per_retained", paid_per_retained),
        (
            "saved_per_million",
            both.map(|(full, paid)| 1e6 * (full - paid)),
        ),
        (
            "cost_ratio",
            both.and_then(|(full, paid)| ratio(paid, full)),
        ),
        (
            "null_cost_ratio",
            null_savings.and_then(|s| ratio(1.0 - s, 1.0 - exact.rejection_rate())),
        ),
        ("break_even_check", spare),
        (
            "break_even_prompt",
            spare.zip(f).and_then(|(spare, f)| ratio(spare, f)),
        ),
    ]
}

/// Figures of `replay`, of the generations in `table`. Fails where prices are by stage, where a live
/// policy has cut generations, or where full generations cost nothing.
pub fn of_log(
    table: &Table,
    replay: &Replay<'_>,
    prices: &Prices,
) -> Result<MoneyFindings, String> {
    if let Some(stage) = prices.stages.keys().next() {
        return Err(format!(
            "`stages.{stage}`: a log has no stages; give one price for generated tokens"
        ));
    }
    if table.is_censored() {
        return Err(
            "the log was written under a live policy, and what it cut has no price in full; \
             leave prices out"
                .to_owned(),
        );
    }
    let mut warnings = Vec::new();
    let estimated = table.caveats().problems_estimated;
    if prices.prompt > 0.0 && !replay.problem_generated() && estimated > 0 {
        warnings.push(format!(
            "the tokens of {estimated} of {} problems are estimated from their texts (a quarter of the \
             bytes), and so is what prompts cost",
            table.rows().len()
        ));
    }
    let rows = super::replay::by_prompt(table);
    let mut figures = in_money(table, replay, prices, &rows, false);
    if figures["full"].mean.is_none_or(|full| full <= 0.0) {
        return Err(NOTHING.to_owned());
    }
    // What a retained sample costs is known of generations with a verdict alone.
    let judged: Vec<usize> = rows
        .iter()
        .copied()
        .filter(|&i| table.rows()[i].accepted.is_some())
        .collect();
    if !judged.is_empty() {
        for (name, estimate) in in_money(table, replay, prices, &judged, true) {
            figures.entry(name).or_insert(estimate);
        }
    }
    Ok(MoneyFindings {
        prices: prices.clone(),
        figures: FIGURES
            .iter()
            .map(|name| Named {
                name: (*name).to_owned(),
                value: Compared {
                    estimate: figures.get(name).copied().unwrap_or_else(Estimate::default),
                    exact: None,
                },
            })
            .collect(),
        warnings,
    })
}

/// Figures of generations number `rows`, those of a prompt next to each other.
fn in_money(
    table: &Table,
    replay: &Replay<'_>,
    prices: &Prices,
    rows: &[usize],
    verdict: bool,
) -> BTreeMap<&'static str, Estimate> {
    let knowledge = Knowledge {
        verdict,
        utility: false,
    };
    let (frame, mut batch) = replay.outcomes(rows, knowledge, false);
    let prompt = |&i: &usize| {
        // A problem that was generated is paid as such.
        let problem = table.rows()[i].problem_tokens as f64;
        prices.prompt(if replay.problem_generated() {
            0.0
        } else {
            problem
        })
    };
    // A tally counts in steps that suit tokens, so money is counted in amounts of which a dear attempt
    // has as many as a long one has tokens.
    let dearest = frame.typical_tokens * prices.generated(None)
        + rows.iter().map(prompt).fold(0.0, f64::max)
        + frame.typical_cost * prices.check();
    let amount = dearest / frame.typical_tokens;
    if amount <= 0.0 {
        return BTreeMap::from([("full", Estimate::default())]);
    }
    let each = [prices.generated(None), prices.check()].map(|price| price / amount);
    to_money(&mut batch, rows.iter().map(|i| prompt(i) / amount), each);
    let mut tally = Tally::new(&frame);
    tally.fold(&batch);
    let rates = Rates {
        generated: amount,
        check: amount,
        prompt: 0.0,
    };
    money(&tally, rates)
}

/// Tokens of `batch` as money, with what each prompt costs.
fn to_money(
    batch: &mut OutcomeBatch,
    prompts: impl Iterator<Item = f64>,
    [generated, check]: [f64; 2],
) {
    for (i, prompt) in prompts.enumerate() {
        let text = batch.tokens_paid[i] - batch.checkpoint_cost[i];
        batch.checkpoint_cost[i] *= check;
        batch.tokens_full[i] = batch.tokens_full[i] * generated + prompt;
        batch.tokens_paid[i] = text * generated + prompt + batch.checkpoint_cost[i];
    }
    for tokens in batch.remaining.iter_mut().chain(&mut batch.place_excess) {
        *tokens *= generated;
    }
}
