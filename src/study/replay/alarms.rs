//! Where in the text alarms fall, and which validators alarm on the same generations. Both are
//! about complete generations, whatever the policy's checkpoints.

use serde::{Deserialize, Serialize};

use super::{ByVerdict, by_prompt};
use crate::estimate::{Estimate, PromptShare, median};
use crate::policy::PolicyFile;
use crate::replay::{FirstAlarm, Table};

/// Places of a validator's first alarms.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Places {
    /// The problem alone raises it.
    pub problem: ByVerdict,
    /// By tenths of the generation's tokens.
    pub tenths: [ByVerdict; 10],
    /// Only the complete text shows it.
    pub end: ByVerdict,
}

/// Numbers of the generations on which each validator alarms.
pub(super) fn alarmed(table: &Table) -> Vec<Vec<usize>> {
    let mut alarmed = vec![Vec::new(); table.validators().len()];
    for i in 0..table.rows().len() {
        for (v, _) in table.alarms(i).raised() {
            alarmed[v].push(i);
        }
    }
    alarmed
}

/// Places of all first alarms of validator number `validator`, which alarms on generations number
/// `alarmed`.
pub(super) fn places(table: &Table, validator: usize, alarmed: &[usize]) -> Places {
    let mut places = Places::default();
    for &i in alarmed {
        let row = &table.rows()[i];
        let counts = match table.alarms(i).of(validator) {
            FirstAlarm::Tokens(0) => &mut places.problem,
            FirstAlarm::Tokens(tokens) => &mut places.tenths[tenth(tokens, row.tokens)],
            FirstAlarm::AtEnd => &mut places.end,
            FirstAlarm::Never => continue,
        };
        counts.add(row.accepted);
    }
    places
}

/// The tenth, from 0, in which token number `token` ≥ 1 of `tokens` ends.
fn tenth(token: u64, tokens: u64) -> usize {
    let tenth = (10 * u128::from(token)).div_ceil(u128::from(tokens.max(1)));
    usize::try_from(tenth).map_or(9, |tenth| tenth.clamp(1, 10) - 1)
}

/// Median of the validator's first alarm as a share of the tokens, of those on which it alarms,
/// with its interval.
pub(super) fn median_place(
    table: &Table,
    validator: usize,
    alarmed: &[usize],
) -> (Option<f64>, Option<[f64; 2]>) {
    let place = |&i: &usize| {
        let row = &table.rows()[i];
        let place = match table.alarms(i).of(validator) {
            FirstAlarm::Tokens(tokens) => tokens as f64 / row.tokens.max(1) as f64,
            FirstAlarm::AtEnd => 1.0,
            FirstAlarm::Never => return None,
        };
        Some((row.prompt, place))
    };
    let mut places: Vec<(usize, f64)> = alarmed.iter().filter_map(place).collect();
    places.sort_by_key(|(prompt, _)| *prompt);
    median(&places, table.prompts()).map_or((None, None), |(median, ci)| (Some(median), ci))
}

/// Two validators and the generations on which they alarm.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Overlap {
    /// Names of the two.
    pub validators: [String; 2],
    /// Generations on which both alarm.
    pub both: ByVerdict,
    /// Those on which only the first does.
    pub first_only: ByVerdict,
    /// Those on which only the second does.
    pub second_only: ByVerdict,
    /// Both as a share of those on which any of the two alarms.
    pub share: Estimate,
}

/// Overlaps of all pairs of which any alarms, in the policy's order.
pub(super) fn overlaps(policy: &PolicyFile, table: &Table) -> Vec<Overlap> {
    let count = policy.validators().len();
    let mut pairs: Vec<Pair> = Vec::new();
    for first in 0..count {
        pairs.extend((first + 1..count).map(|second| Pair::new(first, second)));
    }
    let rows = by_prompt(table);
    let mut raising = vec![false; count];
    for prompt in rows.chunk_by(|&i, &j| table.rows()[i].prompt == table.rows()[j].prompt) {
        let silent = |&&i: &&usize| table.alarms(i).are_silent();
        let alarmed: Vec<usize> = prompt.iter().filter(|i| !silent(i)).copied().collect();
        raising.fill(false);
        for (v, _) in alarmed.iter().flat_map(|&i| table.alarms(i).raised()) {
            raising[v] = true;
        }
        for pair in &mut pairs {
            if pair.validators.iter().any(|&v| raising[v]) {
                pair.prompt(table, &alarmed);
            }
        }
    }
    let any = |pair: &Pair| pair.overlap.iter().map(ByVerdict::total).sum::<u64>() > 0;
    let name = |v: usize| policy.validators()[v].name.clone();
    let overlap = |pair: Pair| {
        let [both, first_only, second_only] = pair.overlap;
        Overlap {
            validators: pair.validators.map(name),
            both,
            first_only,
            second_only,
            share: pair.share.estimate(),
        }
    };
    pairs.into_iter().filter(any).map(overlap).collect()
}

/// Two validators while generations are counted.
struct Pair {
    validators: [usize; 2],
    /// Both, only the first, only the second.
    overlap: [ByVerdict; 3],
    share: PromptShare,
}

impl Pair {
    fn new(first: usize, second: usize) -> Self {
        Self {
            validators: [first, second],
            overlap: [ByVerdict::default(); 3],
            share: PromptShare::default(),
        }
    }

    /// Takes in the generations of one prompt on which any validator alarms.
    fn prompt(&mut self, table: &Table, rows: &[usize]) {
        let (mut both, mut any) = (0, 0);
        for &i in rows {
            let alarms = |v: usize| table.alarms(i).raises(v);
            let place = match self.validators.map(alarms) {
                [true, true] => 0,
                [true, false] => 1,
                [false, true] => 2,
                [false, false] => continue,
            };
            self.overlap[place].add(table.rows()[i].accepted);
            any += 1;
            both += u32::from(place == 0);
        }
        if any > 0 {
            self.share.add(both, any);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tenths_hold_the_token_that_ends_in_them() {
        let of = |token: u64, tokens: u64| tenth(token, tokens);
        assert_eq!([of(1, 10), of(2, 10), of(10, 10)], [0, 1, 9]);
        assert_eq!([of(1, 3), of(2, 3), of(3, 3)], [3, 6, 9]);
        assert_eq!([of(1, 100), of(10, 100), of(11, 100)], [0, 0, 1]);
        assert_eq!(of(1, 1), 9);
    }
}
