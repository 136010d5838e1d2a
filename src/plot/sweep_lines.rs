//! Which points of a grid become the lines of a figure: the first axis runs to the right, or the
//! policies where nothing else was varied; the second axis or the policies tell lines apart, and
//! everything else stays where it begins.

use super::axis::Axis;
use super::key_words::in_words;
use super::value::Value;
use crate::study::sweep::{Point, SweepFindings};

/// More lines than this nobody tells apart.
const MOST_LINES: usize = 6;
/// Ticks of the horizontal axes.
const TICKS_ACROSS: usize = 3;

/// What tells lines apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum By {
    Nothing,
    SecondAxis,
    Policy,
}

/// The lines of a sweep.
pub(super) struct Lines<'f> {
    findings: &'f SweepFindings,
    by: By,
    /// Numbers of the values or policies that are shown.
    shown: Vec<usize>,
}

impl<'f> Lines<'f> {
    pub(super) fn new(findings: &'f SweepFindings) -> Self {
        let policies = findings.policies.len();
        let second = findings.axes.get(1).map_or(0, |axis| axis.values.len());
        let (by, of) = if second > 1 {
            (By::SecondAxis, second)
        } else if policies > 1 && !findings.axes.is_empty() {
            (By::Policy, policies)
        } else {
            (By::Nothing, 1)
        };
        let count = of.min(MOST_LINES);
        let shown = (0..count).map(|i| i * (of - 1) / (count - 1).max(1));
        Self {
            findings,
            by,
            shown: shown.collect(),
        }
    }

    pub(super) fn count(&self) -> usize {
        self.shown.len()
    }

    /// What line number `i` is called; nothing where there is only one.
    pub(super) fn name(&self, i: usize) -> Option<String> {
        let which = self.shown[i];
        match self.by {
            By::Nothing => None,
            By::SecondAxis => Some(self.findings.axes[1].values[which].to_string()),
            By::Policy => Some(self.findings.policies[which].clone()),
        }
    }

    /// What tells lines apart, and where everything else stays.
    pub(super) fn about(&self) -> String {
        let findings = self.findings;
        let mut parts = Vec::new();
        match self.by {
            By::Nothing => {}
            By::SecondAxis => parts.push(format!("Lines: {}", in_words(&findings.axes[1].key))),
            By::Policy => parts.push("Lines: policies".to_owned()),
        }
        if let Some(policy) = findings.policies.first()
            && self.by != By::Policy
            && !findings.axes.is_empty()
        {
            parts.push(format!("policy {policy}"));
        }
        let moved = if self.by == By::SecondAxis { 2 } else { 1 };
        let fixed = findings.axes.iter().skip(moved);
        parts.extend(fixed.map(|axis| format!("{} = {}", in_words(&axis.key), axis.values[0])));
        parts.join("; ")
    }

    /// What runs to the right. Of policies the name of the sweep tells in what they differ.
    pub(super) fn over(&self) -> String {
        let first = self.findings.axes.first();
        first.map_or_else(|| self.findings.name.clone(), |axis| in_words(&axis.key))
    }

    /// What stands at `x` of what runs to the right.
    pub(super) fn place(&self, x: f64) -> String {
        let named = self.findings.policies.iter().enumerate();
        let mut named = named.filter(|(i, _)| self.findings.axes.is_empty() && *i as f64 >= x);
        named
            .next()
            .map_or_else(|| x.to_string(), |(_, name)| name.clone())
    }

    fn points(&self, i: usize) -> impl Iterator<Item = (f64, &'f Point)> {
        let (findings, by, which) = (self.findings, self.by, self.shown[i]);
        let across_policies = findings.axes.is_empty();
        let on_line = move |point: &&Point| {
            let policy = if by == By::Policy { which } else { 0 };
            let second = if by == By::SecondAxis { which } else { 0 };
            let mut rest = point.at.iter().skip(1);
            (across_policies || point.policy.unwrap_or(0) == policy)
                && rest.next().is_none_or(|&at| at == second)
                && rest.all(|&at| at == 0)
        };
        let place = |point: &Point| match findings.axes.first() {
            Some(axis) => axis.values[point.at[0]],
            None => point.policy.unwrap_or(0) as f64,
        };
        let points = findings.points.iter().filter(on_line);
        points.map(move |point| (place(point), point))
    }

    /// The exact values of an estimate along line number `i`, in units of 1/`unit`.
    pub(super) fn values(&self, i: usize, estimate: &str, unit: f64) -> Vec<(f64, Value)> {
        let value = |point: &Point| {
            let exact = Value {
                mean: point.get(estimate).exact,
                ..Value::default()
            };
            exact.scaled(unit)
        };
        let mut values: Vec<_> = self.points(i).map(|(x, p)| (x, value(p))).collect();
        values.sort_by(|a, b| a.0.total_cmp(&b.0));
        values
    }

    /// The axis of what was varied, on the scale on which its values lie most evenly.
    pub(super) fn across(&self) -> Axis {
        let Some(first) = self.findings.axes.first() else {
            return Axis::named(&self.findings.policies);
        };
        let mut values = first.values.clone();
        values.sort_by(f64::total_cmp);
        let (lo, hi) = (values[0], values[values.len() - 1]);
        if lo >= hi {
            let half = 0.5 * lo.abs().max(1.0);
            return Axis::linear(lo - half, hi + half, TICKS_ACROSS);
        }
        let middle = values[values.len() / 2];
        let from = |mean: f64| libm::log(middle / mean).abs();
        if lo > 0.0 && from(libm::sqrt(lo) * libm::sqrt(hi)) < from(0.5 * lo + 0.5 * hi) {
            Axis::logarithmic(lo, hi)
        } else {
            Axis::linear(lo, hi, TICKS_ACROSS)
        }
    }
}
