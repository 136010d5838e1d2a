//! A log in three parts that share no prompt: one to choose on, one to test on, one to report from.
//!
//! Prompts of a benchmark with and without an accepted generation are spread evenly. Within such a
//! stratum they are shuffled, and each goes to the part that is furthest behind its share.

use std::collections::BTreeMap;

use rand::seq::SliceRandom as _;

use crate::replay::Table;
use crate::rng::{Purpose, stream};

/// Names of the parts.
pub const PARTS: [&str; 3] = ["tuning", "calibration", "reporting"];

/// Shares of the prompts that go to tuning, calibration and reporting.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Shares([f64; 3]);

impl Shares {
    /// Three numbers above 0, in any unit; `None` if one is not.
    pub fn new(parts: [f64; 3]) -> Option<Self> {
        let total: f64 = parts.iter().sum();
        let valid = total.is_finite() && parts.iter().all(|&part| part > 0.0);
        valid.then(|| Self(parts.map(|part| part / total)))
    }

    /// The shares, which add up to 1.
    pub fn parts(self) -> [f64; 3] {
        self.0
    }
}

/// Most of the prompts test, since that is what a certificate is made of.
impl Default for Shares {
    fn default() -> Self {
        Self([0.3, 0.5, 0.2])
    }
}

/// Numbers of the generations of each part, those of a prompt next to each other.
///
/// The order of the prompts of a part is drawn, too: it depends on no outcome.
pub(super) fn split(table: &Table, shares: Shares, seed: u64) -> [Vec<usize>; 3] {
    let mut prompts: Vec<Vec<usize>> = vec![Vec::new(); table.prompts()];
    for (i, row) in table.rows().iter().enumerate() {
        prompts[row.prompt].push(i);
    }
    let mut strata: BTreeMap<(Option<&str>, bool), Vec<usize>> = BTreeMap::new();
    for (prompt, rows) in prompts.iter().enumerate() {
        let Some(&first) = rows.first() else {
            continue;
        };
        let benchmark = table.groups()[table.rows()[first].group]
            .benchmark
            .as_deref();
        let good = rows.iter().any(|&i| table.rows()[i].accepted == Some(true));
        strata.entry((benchmark, good)).or_default().push(prompt);
    }
    let mut parts: [Vec<usize>; 3] = Default::default();
    let mut dealt = 0;
    let mut draws = stream(seed, Purpose::Split, 0);
    for stratum in strata.values_mut() {
        stratum.shuffle(&mut draws);
        for &prompt in stratum.iter() {
            dealt += 1;
            let behind = |k: usize| shares.0[k] * f64::from(dealt) - parts[k].len() as f64;
            let furthest = (0..3).max_by(|&a, &b| behind(a).total_cmp(&behind(b)));
            parts[furthest.unwrap_or(0)].push(prompt);
        }
    }
    parts.map(|mut of_part| {
        of_part.shuffle(&mut draws);
        of_part.iter().flat_map(|&p| prompts[p].clone()).collect()
    })
}

#[cfg(test)]
mod tests {
    use super::super::made_up::{PLACES, candidates, table};
    use super::*;

    #[test]
    fn parts_share_no_prompt_and_get_their_shares_of_every_stratum() {
        let policy = candidates(2, &PLACES[..1]);
        let table = table(&policy, 1000, 2, 1);
        let parts = split(&table, Shares::default(), 7);
        let mut of_row = vec![Vec::new(); table.rows().len()];
        for (k, part) in parts.iter().enumerate() {
            for &i in part {
                of_row[i].push(k);
            }
        }
        assert!(
            of_row.iter().all(|parts| parts.len() == 1),
            "each row in one part"
        );
        for (i, row) in table.rows().iter().enumerate() {
            let first = table.rows().iter().position(|r| r.prompt == row.prompt);
            assert_eq!(
                of_row[i],
                of_row[first.expect("itself")],
                "prompts stay whole"
            );
        }
        let without_good = |rows: &[usize]| {
            let prompts = rows.chunks(2).filter(|rows| {
                rows.iter()
                    .all(|&i| table.rows()[i].accepted == Some(false))
            });
            prompts.count() as f64
        };
        let everywhere = without_good(&parts.concat());
        assert!(everywhere > 100.0);
        for (part, share) in parts.iter().zip(Shares::default().parts()) {
            assert!((part.len() as f64 - 2000.0 * share).abs() <= 4.0);
            assert!((without_good(part) - everywhere * share).abs() <= 2.0);
        }
    }

    #[test]
    fn the_seed_alone_decides_who_goes_where() {
        let policy = candidates(1, &PLACES[..1]);
        let (one, other) = (table(&policy, 300, 1, 1), table(&policy, 300, 1, 1));
        let shares = Shares::new([1.0, 1.0, 2.0]).expect("valid");
        assert_eq!(split(&one, shares, 5), split(&other, shares, 5));
        assert_ne!(split(&one, shares, 5), split(&one, shares, 6));
        assert_eq!(Shares::new([1.0, 0.0, 1.0]), None);
        assert_eq!(Shares::new([1.0, f64::NAN, 1.0]), None);
    }
}
