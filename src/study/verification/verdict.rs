//! A claim, and how a simultaneous interval decides it.

use serde::{Deserialize, Serialize};

use crate::stats::bernstein_half_width;

/// An interval wider than this share of the claim's scale on each side decides nothing.
const RESOLUTION: f64 = 0.01;
/// Rounding of sums, as a share of the scale.
const ROUNDING: f64 = 1e-9;

/// How a claim fares.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// The interval agrees with the claim and is narrow enough to say so.
    Holds,
    /// The interval contradicts the claim.
    Fails,
    /// More attempts are needed.
    Undecided,
    /// The claim's assumption does not hold here.
    NotApplicable,
}

/// A claim of the theory and what the evidence says of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Claim {
    /// Stable short name.
    pub id: String,
    /// What is claimed.
    pub statement: String,
    /// Under which assumption.
    pub assumption: String,
    /// What the generations show.
    pub estimate: Option<f64>,
    /// Its simultaneous interval.
    pub ci: Option<[f64; 2]>,
    /// The exact value or bound.
    pub exact: Option<f64>,
    /// How the claim fares.
    pub verdict: Verdict,
    /// Whether it is a negative control, which holds when its planted violation is found.
    pub control: bool,
}

/// What kind of statement about a number is made.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Statement {
    /// It equals this.
    Equals(f64),
    /// It is at least this.
    AtLeast(f64),
    /// It is above this.
    Above(f64),
    /// It differs from this.
    Differs(f64),
}

/// A number with its simultaneous interval, to be held against a statement.
#[derive(Debug, Clone, Copy)]
pub(super) struct Measured {
    pub(super) estimate: f64,
    /// Half-width of the interval; infinite where nothing can be decided.
    pub(super) half: f64,
    /// What counts as large: the share or the tokens that the claim is about.
    pub(super) scale: f64,
}

impl Measured {
    /// The mean of `n` independent observations that span at most `range`; the interval misses
    /// with probability at most `delta`.
    pub(super) fn mean(
        (estimate, stderr): (f64, f64),
        n: u64,
        range: f64,
        delta: f64,
        scale: f64,
    ) -> Self {
        Self {
            estimate,
            half: bernstein_half_width(stderr, n, range, delta),
            scale,
        }
    }

    pub(super) fn interval(&self) -> [f64; 2] {
        [self.estimate - self.half, self.estimate + self.half]
    }

    pub(super) fn judge(&self, statement: Statement) -> Verdict {
        let [lo, hi] = self.interval();
        let (Statement::Equals(value)
        | Statement::AtLeast(value)
        | Statement::Above(value)
        | Statement::Differs(value)) = statement;
        if !lo.is_finite() || !hi.is_finite() || !value.is_finite() {
            return Verdict::Undecided;
        }
        let slack = ROUNDING * self.scale;
        let sharp = self.half <= RESOLUTION * self.scale;
        let consistent = |agrees: bool| match (agrees, sharp) {
            (false, _) => Verdict::Fails,
            (true, true) => Verdict::Holds,
            (true, false) => Verdict::Undecided,
        };
        match statement {
            Statement::Equals(value) => consistent(lo - slack <= value && value <= hi + slack),
            Statement::AtLeast(bound) if lo >= bound - slack => Verdict::Holds,
            Statement::AtLeast(bound) => consistent(hi >= bound - slack),
            Statement::Above(bound) if lo > bound + slack => Verdict::Holds,
            Statement::Above(bound) if hi < bound - slack => Verdict::Fails,
            Statement::Differs(value) if value < lo - slack || value > hi + slack => Verdict::Holds,
            Statement::Above(_) | Statement::Differs(_) => Verdict::Undecided,
        }
    }
}

impl Claim {
    /// A claim about a number.
    pub(super) fn judged(
        id: &str,
        (statement, assumption): (&str, &str),
        evidence: Measured,
        judged: Statement,
        exact: Option<f64>,
    ) -> Self {
        let [lo, hi] = evidence.interval();
        let finite = lo.is_finite() && hi.is_finite();
        Self {
            id: id.to_owned(),
            statement: statement.to_owned(),
            assumption: assumption.to_owned(),
            estimate: evidence.estimate.is_finite().then_some(evidence.estimate),
            ci: finite.then_some([lo, hi]),
            exact,
            verdict: evidence.judge(judged),
            control: false,
        }
    }

    /// A claim whose assumption does not hold here.
    pub(super) fn not_applicable(id: &str, (statement, assumption): (&str, &str)) -> Self {
        Self {
            id: id.to_owned(),
            statement: statement.to_owned(),
            assumption: assumption.to_owned(),
            estimate: None,
            ci: None,
            exact: None,
            verdict: Verdict::NotApplicable,
            control: false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn measured(estimate: f64, half: f64) -> Measured {
        Measured {
            estimate,
            half,
            scale: 1.0,
        }
    }

    #[test]
    fn each_verdict_can_be_reached() {
        let sharp = measured(0.10, 0.003);
        assert_eq!(sharp.judge(Statement::Equals(0.102)), Verdict::Holds);
        assert_eq!(sharp.judge(Statement::Equals(0.104)), Verdict::Fails);
        assert_eq!(
            measured(0.10, 0.03).judge(Statement::Equals(0.102)),
            Verdict::Undecided
        );
        assert_eq!(sharp.judge(Statement::AtLeast(0.102)), Verdict::Holds);
        assert_eq!(sharp.judge(Statement::AtLeast(0.104)), Verdict::Fails);
        assert_eq!(sharp.judge(Statement::Above(0.09)), Verdict::Holds);
        assert_eq!(sharp.judge(Statement::Above(0.101)), Verdict::Undecided);
        assert_eq!(sharp.judge(Statement::Above(0.2)), Verdict::Fails);
        assert_eq!(sharp.judge(Statement::Differs(0.2)), Verdict::Holds);
        assert_eq!(sharp.judge(Statement::Differs(0.1)), Verdict::Undecided);
        let blind = measured(0.1, f64::INFINITY);
        assert_eq!(blind.judge(Statement::Equals(0.1)), Verdict::Undecided);
        assert_eq!(sharp.judge(Statement::Equals(f64::NAN)), Verdict::Undecided);
    }
}
