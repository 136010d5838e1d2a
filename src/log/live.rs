//! What a log tells of the policy under which it was written.
//!
//! A live policy rejects a generation after some tokens (`rejected_at`). What is rejected is cut
//! there, or, with a known probability (`pass_through`), completed all the same: an audit. Which of
//! the two happened no field says; what shows it is that the text goes on to its end.

use super::View;

/// Why generations end that nobody ends from outside.
const ENDED: [&str; 3] = ["stop", "eos", "length"];
/// A smaller chance of completion is as good as none: one such generation would stand for more than
/// a million.
const LEAST_CHANCE: f64 = 1e-6;

/// A rejection by a live policy.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LiveRejection {
    /// Tokens of the solution after which it was rejected.
    pub at: u64,
    /// Probability with which it was completed all the same, in [1e-6, 1]; `None` where it is not
    /// given, or is next to nothing.
    pub pass_through: Option<f64>,
    /// Whether it was completed.
    pub completed: bool,
}

impl View<'_> {
    /// What a live policy did to the generation, whose solution has so many `tokens`; `None` if it
    /// was not rejected.
    ///
    /// It was completed if its text goes beyond the rejection and there is a verdict, or a
    /// `finish_reason` of `stop`, `eos` or `length`. If it was rejected at its very end, both must
    /// be there. A `finish_reason` that tells of an end from outside tells of a cut.
    pub fn live_rejection(&self, tokens: u64) -> Option<LiveRejection> {
        let at = self.rejected_at?;
        let judged = self.verdict().is_some();
        let ended = self.finish_reason.is_some_and(|why| ENDED.contains(&why));
        let completed = match tokens.cmp(&at) {
            std::cmp::Ordering::Less => false,
            std::cmp::Ordering::Equal => judged && ended,
            std::cmp::Ordering::Greater => judged || ended,
        };
        Some(LiveRejection {
            at,
            pass_through: self.pass_through.filter(|p| *p >= LEAST_CHANCE),
            completed: completed && !self.is_interrupted(),
        })
    }
}

#[cfg(test)]
mod tests {
    use crate::log::Record;

    #[test]
    fn what_goes_on_to_its_end_was_completed() {
        let of = |tokens, verdict: Option<bool>, reason: Option<&str>| {
            let record = Record {
                rejected_at: Some(10),
                pass_through: Some(0.25),
                correct: verdict,
                finish_reason: reason.map(str::to_owned),
                ..Record::default()
            };
            record.view().live_rejection(tokens)
        };
        for (tokens, verdict, reason, completed) in [
            (30, Some(true), None, true),
            (30, None, Some("stop"), true),
            (30, None, Some("length"), true),
            // A few tokens more than the rejection, as servers let them run on.
            (13, None, None, false),
            (13, Some(false), Some("abort"), false),
            (10, Some(false), None, false),
            (10, None, Some("stop"), false),
            (10, Some(false), Some("stop"), true),
            (7, Some(true), Some("stop"), false),
        ] {
            let found = of(tokens, verdict, reason).unwrap();
            assert_eq!(
                found.completed, completed,
                "{tokens} {verdict:?} {reason:?}"
            );
            assert_eq!((found.at, found.pass_through), (10, Some(0.25)));
        }
        assert_eq!(Record::default().view().live_rejection(3), None);
        let never = Record {
            rejected_at: Some(1),
            pass_through: Some(0.0),
            ..Record::default()
        };
        assert_eq!(never.view().live_rejection(5).unwrap().pass_through, None);
    }
}
