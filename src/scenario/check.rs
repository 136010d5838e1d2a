//! Ranges, names and lengths of a [`ScenarioSpec`]: every mistake at its own key.

use std::collections::BTreeMap;

use super::spec::{BetaSpec, CheckpointSpec, PerStage, ResponseSpec, ScenarioSpec, TokenSpec};
use crate::input::{Mistakes, key_part, nearest, quoted_list};

/// Rounding allowed when hazards written in decimals are added up.
const SUM_TOLERANCE: f64 = 1e-12;
/// Largest shape parameter of a score's law for which the product of scores is computed safely.
const LARGEST_SHAPE: f64 = 1e6;

/// Notes everything that is wrong with `spec`.
pub(super) fn check(spec: &ScenarioSpec, mistakes: &mut Mistakes) {
    if spec.name.trim().is_empty() {
        mistakes.push("name", "is empty; give the scenario a short name");
    }
    if let Some(difficulty) = spec.difficulty {
        within("difficulty.sd", difficulty.sd, (0.0, STEEPEST), mistakes);
        let effect = difficulty.length_effect;
        finite("difficulty.length_effect", effect, mistakes);
        if effect.abs() * difficulty.sd > MOST_SPREAD {
            let message = format!(
                "is {effect}; times sd it is the spread of ln length between prompts, which must \
                 be at most {MOST_SPREAD}"
            );
            mistakes.push("difficulty.length_effect", message);
        }
    }
    stages(spec, mistakes);
    faults(spec, mistakes);
    validators(spec, mistakes);
    super::correlated::check(spec, mistakes);
    by_state("final_filter.accepts", &spec.accepts, spec, mistakes);
    by_state("utility", &spec.utility, spec, mistakes);
    checkpoints(spec, mistakes);
    super::early_exit::check(spec, mistakes);
}

pub(super) fn probability(key: impl Into<String>, p: f64, mistakes: &mut Mistakes) {
    if !(0.0..=1.0).contains(&p) {
        mistakes.push(key, format!("is {p}; a probability must lie in [0, 1]"));
    }
}

/// Tokens beyond this are no text, and their squares no longer add up.
pub(super) const MOST_TOKENS: f64 = 1e12;
/// Spread of ln length between prompts beyond which means are those of a few monsters.
const MOST_SPREAD: f64 = 10.0;
/// Steepest effect, in log-odds per unit of difficulty, and largest spread of difficulty.
pub(super) const STEEPEST: f64 = 1e3;
/// Coefficients of variation: 0, or in this range.
const CV: (f64, f64) = (1e-6, 1e3);
/// Largest length factor.
const MOST_LONGER: f64 = 1e6;

pub(super) fn within(
    key: impl Into<String>,
    x: f64,
    (lo, hi): (f64, f64),
    mistakes: &mut Mistakes,
) {
    if !(lo..=hi).contains(&x) {
        mistakes.push(key, format!("is {x}; it must lie in [{lo:?}, {hi:?}]"));
    }
}

fn above_zero(key: impl Into<String>, x: f64, most: f64, mistakes: &mut Mistakes) {
    if !(x > 0.0 && x <= most) {
        mistakes.push(key, format!("is {x}; it must lie in (0, {most:?}]"));
    }
}

fn finite(key: impl Into<String>, x: f64, mistakes: &mut Mistakes) {
    if !x.is_finite() {
        mistakes.push(key, format!("is {x}; it must be a finite number"));
    }
}

/// Names must not be empty and must not repeat.
fn unique<'a>(
    names: impl Iterator<Item = &'a str>,
    key: impl Fn(usize) -> String,
    what: &str,
    mistakes: &mut Mistakes,
) {
    let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
    for (i, name) in names.enumerate() {
        if name.trim().is_empty() {
            mistakes.push(key(i), format!("is empty; every {what} needs a name"));
        } else if let Some(first) = seen.get(name) {
            let message = format!(
                "is \"{name}\", the name of {what} {} already; names must differ",
                first + 1
            );
            mistakes.push(key(i), message);
        } else {
            seen.insert(name, i);
        }
    }
}

/// The message for a name that does not exist, with the nearest that does.
pub(super) fn unknown<'a>(
    name: &str,
    what: &str,
    known: impl Iterator<Item = &'a str> + Clone,
) -> String {
    let hint = nearest(name, known.clone())
        .map_or_else(|| ".".to_owned(), |n| format!("; did you mean `{n}`?"));
    let list = quoted_list(known);
    if list.is_empty() {
        format!("`{name}` is not a known {what}; there is none in this scenario")
    } else {
        format!("`{name}` is not a known {what}{hint} Known: {list}")
    }
}

/// Whether a list of named tables can be trusted: a wrong name there makes others seem unknown.
pub(super) fn trusted(list: &str, name: &str, length: usize, mistakes: &Mistakes) -> bool {
    (0..length).all(|i| !mistakes.covers(&format!("{list}[{i}].{name}")))
}

fn stages(spec: &ScenarioSpec, mistakes: &mut Mistakes) {
    if spec.stages.is_empty() {
        mistakes.push("stage", "is missing; a scenario has at least one [[stage]]");
        return;
    }
    unique(
        spec.stages.iter().map(|s| s.name.as_str()),
        |i| format!("stage[{i}].name"),
        "stage",
        mistakes,
    );
    for (i, stage) in spec.stages.iter().enumerate() {
        tokens(&format!("stage[{i}].tokens"), &stage.tokens, mistakes);
    }
    let any_token = spec.stages.iter().any(|s| match &s.tokens {
        TokenSpec::Fixed(value) => *value > 0.0,
        TokenSpec::Empirical(values) => values.iter().any(|v| *v > 0.0),
        _ => true,
    });
    if !any_token && !mistakes.touches("stage") {
        let message = "has no tokens in any stage; the expected full length must be above 0";
        mistakes.push("stage", message);
    }
}

fn tokens(key: &str, law: &TokenSpec, mistakes: &mut Mistakes) {
    match *law {
        TokenSpec::Fixed(value) => {
            within(format!("{key}.value"), value, (0.0, MOST_TOKENS), mistakes);
        }
        TokenSpec::LogNormal { mean, cv }
        | TokenSpec::Gamma { mean, cv }
        | TokenSpec::NegativeBinomial { mean, cv } => {
            above_zero(format!("{key}.mean"), mean, MOST_TOKENS, mistakes);
            if cv != 0.0 && !(CV.0..=CV.1).contains(&cv) {
                let message = format!("is {cv}; it must be 0 or lie in [{:?}, {:?}]", CV.0, CV.1);
                mistakes.push(format!("{key}.cv"), message);
            }
            let negative_binomial = matches!(law, TokenSpec::NegativeBinomial { .. });
            if negative_binomial && mean > 0.0 && cv > 0.0 && cv * cv <= 1.0 / mean {
                let message = format!(
                    "is {cv}; a negative binomial law with mean {mean} needs cv above \
                     1/sqrt(mean) = {:.6} (cv = 0 means fixed)",
                    1.0 / mean.sqrt()
                );
                mistakes.push(format!("{key}.cv"), message);
            }
        }
        TokenSpec::Empirical(ref values) => {
            if values.is_empty() {
                let message = "is empty; an empirical law needs at least one value";
                mistakes.push(format!("{key}.values"), message);
            }
            for (i, &value) in values.iter().enumerate() {
                let key = format!("{key}.values[{i}]");
                within(key, value, (0.0, MOST_TOKENS), mistakes);
            }
        }
    }
}

fn faults(spec: &ScenarioSpec, mistakes: &mut Mistakes) {
    unique(
        spec.faults.iter().map(|f| f.kind.as_str()),
        |i| format!("fault[{i}].kind"),
        "fault",
        mistakes,
    );
    let stages = spec.stages.len();
    let whole = |list: &[f64], key: &str, mistakes: &mut Mistakes| {
        if list.len() != stages && stages > 0 {
            let message = format!(
                "has {} values; it needs one per stage, {stages} in all",
                list.len()
            );
            mistakes.push(key, message);
        }
        for (k, &p) in list.iter().enumerate() {
            probability(format!("{key}[{k}]"), p, mistakes);
        }
    };
    for (i, fault) in spec.faults.iter().enumerate() {
        let key = format!("fault[{i}]");
        if matches!(fault.kind.as_str(), "clean" | "faulty") {
            let message = format!(
                "is \"{}\", a reserved name; call the fault kind something else",
                fault.kind
            );
            mistakes.push(format!("{key}.kind"), message);
        }
        whole(&fault.hazard, &format!("{key}.hazard"), mistakes);
        match &fault.recovery {
            PerStage::Same(p) => probability(format!("{key}.recovery"), *p, mistakes),
            PerStage::Each(list) => whole(list, &format!("{key}.recovery"), mistakes),
        }
        within(
            format!("{key}.difficulty_effect"),
            fault.difficulty_effect,
            (-STEEPEST, STEEPEST),
            mistakes,
        );
        above_zero(
            format!("{key}.length_factor"),
            fault.length_factor,
            MOST_LONGER,
            mistakes,
        );
    }
    for k in 0..stages {
        let at_stage = |f: &super::spec::FaultSpec| f.hazard.get(k).copied().unwrap_or(0.0);
        let sum: f64 = spec.faults.iter().map(at_stage).sum();
        let involved = |i: &usize| at_stage(&spec.faults[*i]) > 0.0;
        if sum > 1.0 + SUM_TOLERANCE
            && let Some(last) = (0..spec.faults.len()).rfind(involved)
            && !(0..spec.faults.len()).any(|i| mistakes.covers(&format!("fault[{i}].hazard[{k}]")))
        {
            let message = format!(
                "brings the hazards of stage {} (`{}`) to {sum}; over all fault kinds they must \
                 sum to at most 1",
                k + 1,
                spec.stages[k].name
            );
            mistakes.push(format!("fault[{last}].hazard[{k}]"), message);
        }
    }
}

fn validators(spec: &ScenarioSpec, mistakes: &mut Mistakes) {
    unique(
        spec.validators.iter().map(|v| v.name.as_str()),
        |i| format!("validator[{i}].name"),
        "validator",
        mistakes,
    );
    let kinds = || spec.faults.iter().map(|f| f.kind.as_str());
    let trusted = trusted("fault", "kind", spec.faults.len(), mistakes);
    for (i, validator) in spec.validators.iter().enumerate() {
        let key = format!("validator[{i}]");
        match &validator.response {
            ResponseSpec::Alarm {
                detects,
                false_alarm,
                difficulty_effect,
                ..
            } => {
                for (kind, &p) in detects {
                    let key = format!("{key}.detects.{}", key_part(kind));
                    if kind == "clean" && !kinds().any(|k| k == "clean") {
                        let message = "names the state `clean`; P(alarm | clean) is `false_alarm`";
                        mistakes.push(key, message);
                        continue;
                    }
                    if trusted && !kinds().any(|k| k == kind) {
                        mistakes.push(key.clone(), unknown(kind, "fault kind", kinds()));
                    }
                    probability(key, p, mistakes);
                }
                probability(format!("{key}.false_alarm"), *false_alarm, mistakes);
                within(
                    format!("{key}.difficulty_effect"),
                    *difficulty_effect,
                    (-STEEPEST, STEEPEST),
                    mistakes,
                );
            }
            ResponseSpec::Score {
                clean,
                faulty,
                kinds: by_kind,
            } => {
                let laws = (*clean, *faulty, by_kind);
                score(&format!("{key}.score"), laws, spec, mistakes);
            }
        }
    }
}

/// The laws of a score: clean, any fault, by kind.
pub(super) fn score(
    key: &str,
    (clean, faulty, by_kind): (BetaSpec, Option<BetaSpec>, &BTreeMap<String, BetaSpec>),
    spec: &ScenarioSpec,
    mistakes: &mut Mistakes,
) {
    let kinds = || spec.faults.iter().map(|f| f.kind.as_str());
    let trusted = trusted("fault", "kind", spec.faults.len(), mistakes);
    beta(&format!("{key}.clean"), clean, mistakes);
    if let Some(law) = faulty {
        beta(&format!("{key}.faulty"), law, mistakes);
    }
    for (kind, law) in by_kind {
        let key = format!("{key}.{}", key_part(kind));
        if trusted && !kinds().any(|k| k == kind) {
            let known = kinds().chain(["clean", "faulty"]);
            mistakes.push(key.clone(), unknown(kind, "fault kind", known));
        }
        beta(&key, *law, mistakes);
    }
    let uncovered = kinds().find(|kind| {
        !by_kind.contains_key(*kind) && !mistakes.covers(&format!("{key}.{}", key_part(kind)))
    });
    if let (None, Some(kind)) = (faulty, uncovered) {
        let message = format!(
            "is missing, and the fault kind `{kind}` has no law of its own; add `faulty` or `{kind}`"
        );
        mistakes.push(format!("{key}.faulty"), message);
    }
}

fn beta(key: &str, law: BetaSpec, mistakes: &mut Mistakes) {
    for (name, shape) in [("a", law.a), ("b", law.b)] {
        if !(shape > 0.0 && shape <= LARGEST_SHAPE) {
            let message = format!("is {shape}; a shape parameter must lie in (0, 1e6]");
            mistakes.push(format!("{key}.{name}"), message);
        }
    }
}

pub(super) fn by_state(
    key: &str,
    values: &BTreeMap<String, f64>,
    spec: &ScenarioSpec,
    mistakes: &mut Mistakes,
) {
    let states = || std::iter::once("clean").chain(spec.faults.iter().map(|f| f.kind.as_str()));
    let trusted = trusted("fault", "kind", spec.faults.len(), mistakes);
    for (state, &value) in values {
        let key = format!("{key}.{}", key_part(state));
        if trusted && !states().any(|s| s == state) {
            mistakes.push(key.clone(), unknown(state, "state", states()));
        }
        if !(0.0..=1.0).contains(&value) {
            mistakes.push(key, format!("is {value}; it must lie in [0, 1]"));
        }
    }
}

fn checkpoints(spec: &ScenarioSpec, mistakes: &mut Mistakes) {
    let mut taken: BTreeMap<usize, usize> = BTreeMap::new();
    for (i, checkpoint) in spec.checkpoints.iter().enumerate() {
        let key = format!("policy.checkpoint[{i}]");
        let at = format!("{key}.at");
        let names = || spec.stages.iter().map(|s| s.name.as_str());
        match names().position(|name| name == checkpoint.at) {
            None if !trusted("stage", "name", spec.stages.len(), mistakes) => {}
            None => mistakes.push(at, unknown(&checkpoint.at, "stage", names())),
            Some(k) if k + 1 == spec.stages.len() => {
                let message = format!(
                    "is \"{}\", the last stage, which ends at the final filter; a checkpoint \
                     stands after an earlier stage{}",
                    checkpoint.at,
                    earlier(&spec.stages[..k])
                );
                mistakes.push(at, message);
            }
            Some(k) => {
                if let Some(first) = taken.get(&k) {
                    let message = format!(
                        "is \"{}\", where checkpoint {} stands already; merge the two",
                        checkpoint.at,
                        first + 1
                    );
                    mistakes.push(at, message);
                }
                taken.entry(k).or_insert(i);
            }
        }
        consulted(spec, checkpoint, &key, mistakes);
        within(
            format!("{key}.cost_tokens"),
            checkpoint.cost_tokens,
            (0.0, MOST_TOKENS),
            mistakes,
        );
    }
}

pub(super) fn earlier(stages: &[super::spec::StageSpec]) -> String {
    if stages.is_empty() {
        return "; this scenario has only one stage, so it can have none".to_owned();
    }
    format!(": {}", quoted_list(stages.iter().map(|s| s.name.as_str())))
}

fn consulted(spec: &ScenarioSpec, checkpoint: &CheckpointSpec, key: &str, mistakes: &mut Mistakes) {
    let names = || spec.validators.iter().map(|v| v.name.as_str());
    if checkpoint.validators.is_empty() {
        let message = "is empty; a checkpoint consults at least one validator";
        mistakes.push(format!("{key}.validators"), message);
    }
    let mut scored = None;
    for (n, name) in checkpoint.validators.iter().enumerate() {
        let item = format!("{key}.validators[{n}]");
        if checkpoint.validators[..n].contains(name) {
            mistakes.push(item, format!("repeats `{name}`; name each validator once"));
            continue;
        }
        match spec.validators.iter().find(|v| v.name == *name) {
            None if !trusted("validator", "name", spec.validators.len(), mistakes) => {}
            None => mistakes.push(item, unknown(name, "validator", names())),
            Some(v) if matches!(v.response, ResponseSpec::Score { .. }) => scored = Some(name),
            Some(_) => {}
        }
    }
    let path = format!("{key}.threshold");
    match (checkpoint.threshold, scored) {
        (None, Some(name)) => {
            let message = format!(
                "is missing; `{name}` gives a score, so the checkpoint needs a threshold in [0, 1)"
            );
            mistakes.push(path, message);
        }
        (Some(threshold), _) if !(0.0..1.0).contains(&threshold) => {
            let message = format!("is {threshold}; a threshold must lie in [0, 1)");
            mistakes.push(path, message);
        }
        _ => {}
    }
}
