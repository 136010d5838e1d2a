//! Is a log's predicted utility a martingale, and does stopping keep its mean (theory.md §3)?
//!
//! On full generations increments `m_{k+1} − m_k`, with `m_{K+1}` = U, must average 0 in every bin of
//! `m_k`, and `E[m_τ]` must equal `E[U]` for each policy that is examined: stop as soon as a prediction is
//! at most, or at least, one of nine levels, and the stops of policies that are given. Both are necessary,
//! neither is sufficient. Intervals are empirical Bernstein of what a prompt adds up to, so they hold for any
//! dependence within prompts, all of them together with probability 1 − 1 %: half for the bins, half for the
//! policies.

use serde::{Deserialize, Serialize};

use super::predicted::Predicted;
use crate::stats::{CrossProducts, Scale, bernstein_half_width};
use crate::study::verification::{FAMILY_ALPHA, Increment, Martingale, SHARP, Verdict};

/// Levels at which predictions stop.
const LEVELS: u32 = 9;

/// Where each generation is stopped: the number of the last prediction before; `None` if it is not.
#[derive(Debug, Clone, PartialEq)]
pub struct Stops {
    /// Name of the policy.
    pub policy: String,
    /// By generation.
    pub at: Vec<Option<usize>>,
}

/// No difference of numbers in [0, 1] is larger.
fn possible(difference: f64) -> f64 {
    difference.clamp(-1.0, 1.0)
}

/// What an interval for something that should be 0 says.
fn verdict_of([lo, hi]: [f64; 2]) -> Verdict {
    if lo > 0.0 || hi < 0.0 {
        Verdict::Fails
    } else if 0.5 * (hi - lo) <= SHARP {
        Verdict::Holds
    } else {
        Verdict::Undecided
    }
}

/// `E[m_τ]` − `E[U]` of one policy.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Stopping {
    /// The policy.
    pub policy: String,
    /// Share of the generations that it stops.
    pub stopped: f64,
    /// The difference; 0 for a martingale.
    pub gap: f64,
    /// Simultaneous interval.
    pub ci: [f64; 2],
    /// What it says.
    pub verdict: Verdict,
}

/// What the martingale test says.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MartingaleFindings {
    /// Probability that anything is said to fail although all holds.
    pub false_alarm_rate: f64,
    /// The whole.
    pub verdict: Verdict,
    /// In words.
    pub in_words: String,
    /// By stage and bin.
    pub increments: Vec<Increment>,
    /// By policy.
    pub stopping: Vec<Stopping>,
}

/// Tests `generations`, those of a prompt next to each other, and the stops of `policies` besides.
pub fn examine(generations: &[Predicted], policies: &[Stops]) -> MartingaleFindings {
    let longest = generations.iter().map(|g| g.path.len()).max().unwrap_or(0);
    let mut martingale = Martingale::new(longest);
    for prompt in generations.chunk_by(|a, b| a.prompt == b.prompt) {
        let paths: Vec<(&[f64], f64)> = prompt.iter().map(|g| (&*g.path, g.utility)).collect();
        martingale.add_prompt(&paths);
    }
    let half = 0.5 * FAMILY_ALPHA;
    let mut increments = martingale.increments(half / martingale.filled().max(1) as f64);
    for increment in &mut increments {
        increment.ci = increment.ci.map(possible);
    }
    let mut all: Vec<Stops> = (1..=LEVELS)
        .flat_map(|tenth| at_level(generations, tenth))
        .collect();
    all.extend(policies.iter().cloned());
    let delta = half / all.len() as f64;
    let stopping: Vec<Stopping> = all.iter().map(|s| gap(generations, s, delta)).collect();
    let bins = increments.iter().map(|i| verdict_of(i.ci));
    let verdicts: Vec<Verdict> = bins.chain(stopping.iter().map(|s| s.verdict)).collect();
    let verdict = if verdicts.contains(&Verdict::Fails) {
        Verdict::Fails
    } else if verdicts.contains(&Verdict::Holds) {
        Verdict::Holds
    } else {
        Verdict::Undecided
    };
    MartingaleFindings {
        false_alarm_rate: FAMILY_ALPHA,
        in_words: in_words(verdict, &increments, &stopping),
        verdict,
        increments,
        stopping,
    }
}

/// Stops as soon as a prediction is at most, and at least, so many tenths.
fn at_level(generations: &[Predicted], tenth: u32) -> [Stops; 2] {
    let level = f64::from(tenth) / f64::from(LEVELS + 1);
    let stops = |sign: &str, is: &dyn Fn(f64) -> bool| Stops {
        policy: format!("m {sign} {level}"),
        at: generations
            .iter()
            .map(|g| g.path.iter().position(|&m| is(m)))
            .collect(),
    };
    [stops("<=", &|m| m <= level), stops(">=", &|m| m >= level)]
}

fn gap(generations: &[Predicted], stops: &Stops, delta: f64) -> Stopping {
    let value = Scale::for_values_near(1.0);
    let mut moments = CrossProducts::new(vec![value]);
    let (mut stopped, mut most, mut first) = (0_u64, 0_usize, 0);
    for prompt in generations.chunk_by(|a, b| a.prompt == b.prompt) {
        let mut sum = 0;
        for (i, g) in (first..).zip(prompt) {
            let at = stops.at[i];
            stopped += u64::from(at.is_some());
            let last = g.path.len() - 1;
            sum += value.round(g.path[at.unwrap_or(last)] - g.utility);
        }
        first += prompt.len();
        most = most.max(prompt.len());
        let row = [(0, sum)];
        moments.add(if sum == 0 { &[] } else { &row });
    }
    let mean = moments.mean(0);
    let prompts = moments.clusters();
    let per_prompt = generations.len() as f64 / prompts as f64;
    let range = 2.0 * most as f64;
    let half = bernstein_half_width(moments.stderr(&mean), prompts, range, delta) / per_prompt;
    let gap = mean.value / per_prompt;
    // With one prompt there is nothing to go by.
    let half = if half.is_finite() { half } else { 1.0 };
    let ci = [gap - half, gap + half].map(possible);
    Stopping {
        policy: stops.policy.clone(),
        stopped: stopped as f64 / generations.len() as f64,
        gap,
        ci,
        verdict: verdict_of(ci),
    }
}

fn in_words(verdict: Verdict, increments: &[Increment], stopping: &[Stopping]) -> String {
    let distance = |ci: [f64; 2]| (ci[0] + ci[1]).abs() / (ci[1] - ci[0]);
    let bin = increments
        .iter()
        .max_by(|a, b| distance(a.ci).total_cmp(&distance(b.ci)));
    let policy = stopping
        .iter()
        .max_by(|a, b| distance(a.ci).total_cmp(&distance(b.ci)));
    match verdict {
        Verdict::Fails => {
            let bin = bin.filter(|b| verdict_of(b.ci) == Verdict::Fails).map(|b| {
                format!(
                    "from {:.3} at prediction {} the next one is {:+.4} on average",
                    b.predicted, b.stage, b.mean
                )
            });
            let policy = policy.filter(|p| p.verdict == Verdict::Fails).map(|p| {
                format!(
                    "stopping at {} the mean prediction is off by {:+.4}",
                    p.policy, p.gap
                )
            });
            let both: Vec<String> = bin.into_iter().chain(policy).collect();
            format!("is no martingale: {}", both.join("; "))
        }
        Verdict::Holds => {
            "passes: no increment and no stopping rule examined is off by more than chance \
                           allows; that proves nothing, other stopping rules may be"
                .to_owned()
        }
        Verdict::Undecided | Verdict::NotApplicable => {
            "cannot be judged: there is too little to tell".to_owned()
        }
    }
}
