//! Which false rejections, at most a share ε of the accepted, hurt most.
//!
//! All are at the last look at a generation, where the least is saved. The cost ratio is greatest when
//! those are rejected that save least: with m rejected it is (T − what they save)/(R − m) times a constant,
//! so they are taken in the order of what they save, as long as that is less than T/R, what a retained
//! sample costs.
//! Total variation is the largest gap P(B | A) − P(B | R) over sets B of levels; whatever is rejected
//! outside of B narrows that gap, and inside only the number counts, so each B has a closed form and all of
//! them are looked at. The budget is a real number of generations, the last of which may be rejected in part.

use crate::replay::{Looks, Selection};

/// Levels of which all sets are looked at.
pub(super) const MOST_LEVELS: usize = 22;

/// Accepted generations that survive and could be rejected, those first that save least.
#[derive(Debug)]
pub(super) struct Victims {
    /// Number and tokens saved.
    rows: Vec<(usize, f64)>,
    /// T and R today.
    paid: f64,
    retained: f64,
    accepted: f64,
}

impl Victims {
    pub(super) fn new(looks: &Looks<'_>, selection: &Selection) -> Self {
        let replay = looks.replay();
        let table = replay.table();
        let (mut rows, mut paid, mut retained, mut accepted) = (Vec::new(), 0.0, 0.0, 0.0);
        for &i in &selection.rows {
            paid += replay.tokens_generated(i) as f64 + replay.judgement(i).cost;
            if table.rows()[i].accepted != Some(true) {
                continue;
            }
            accepted += 1.0;
            if replay.judgement(i).stop.is_some() {
                continue;
            }
            retained += 1.0;
            if let Some(last) = looks.of(i).last() {
                rows.push((i, (table.rows()[i].tokens - last.tokens) as f64));
            }
        }
        rows.sort_by(|a, b| a.1.total_cmp(&b.1).then(a.0.cmp(&b.0)));
        Self {
            rows,
            paid,
            retained,
            accepted,
        }
    }

    /// The victims of a share `epsilon` that raise the cost ratio most, with the probability that each
    /// is rejected.
    pub(super) fn costliest(&self, epsilon: f64) -> Vec<(usize, f64)> {
        let mut budget = epsilon * self.accepted;
        let (mut paid, mut retained) = (self.paid, self.retained);
        let mut taken = Vec::new();
        for &(i, saved) in &self.rows {
            let part = budget.min(1.0);
            if part <= 0.0 || saved * retained >= paid {
                break;
            }
            taken.push((i, part));
            budget -= part;
            paid -= part * saved;
            retained -= part;
        }
        taken
    }

    /// The victims that move the law of a covariate most, of whose levels generation number i is at
    /// `level(i)`, of so many; and the levels that lose them. `accepted` is the number of accepted
    /// generations by level.
    pub(super) fn most_shifting(
        &self,
        epsilon: f64,
        accepted: &[f64],
        level: impl Fn(usize) -> usize,
        surviving: &[f64],
    ) -> (Vec<(usize, f64)>, Vec<usize>) {
        let budget = epsilon * self.accepted;
        let mut eligible = vec![0.0; accepted.len()];
        for &(i, _) in &self.rows {
            eligible[level(i)] += 1.0;
        }
        // Sets in the order of Gray's code: one level comes or goes at a time.
        let (mut a, mut r, mut e) = (0.0, 0.0, 0.0);
        let (mut set, mut best, mut widest) = (0_u32, 0_u32, f64::NEG_INFINITY);
        for step in 1_u32..1 << accepted.len() {
            let l = step.trailing_zeros() as usize;
            set ^= 1 << l;
            let sign = if set >> l & 1 == 1 { 1.0 } else { -1.0 };
            a += sign * accepted[l];
            r += sign * surviving[l];
            e += sign * eligible[l];
            let lost = budget.min(e);
            let left = self.retained - lost;
            if left <= 0.0 {
                continue;
            }
            let gap = a / self.accepted - (r - lost) / left;
            // Rounding is no reason to prefer another set.
            if gap > widest + 1e-12 {
                (widest, best) = (gap, set);
            }
        }
        let chosen = |l: usize| best >> l & 1 == 1;
        let mut budget = budget;
        let mut taken = Vec::new();
        for &(i, _) in self.rows.iter().filter(|(i, _)| chosen(level(*i))) {
            let part = budget.min(1.0);
            if part <= 0.0 {
                break;
            }
            taken.push((i, part));
            budget -= part;
        }
        (taken, (0..accepted.len()).filter(|&l| chosen(l)).collect())
    }

    /// Tokens saved by rejecting generation number `row` at its last look.
    pub(super) fn saved(&self, taken: &[(usize, f64)]) -> (f64, f64) {
        let parts: std::collections::BTreeMap<usize, f64> = taken.iter().copied().collect();
        let mut sums = (0.0, 0.0);
        for (i, saved) in &self.rows {
            if let Some(part) = parts.get(i) {
                sums.0 += part * saved;
                sums.1 += if *saved > 0.0 { 0.0 } else { *part };
            }
        }
        sums
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Total variation between accepted and retained after `lost` rejections by level.
    fn variation(accepted: &[f64], retained: &[f64], lost: &[f64]) -> f64 {
        let all: f64 = accepted.iter().sum();
        let left: f64 = retained.iter().sum::<f64>() - lost.iter().sum::<f64>();
        let levels = accepted.iter().zip(retained).zip(lost);
        let gap = |((a, r), l): ((&f64, &f64), &f64)| (a / all - (r - l) / left).abs();
        0.5 * levels.map(gap).sum::<f64>()
    }

    /// No way of losing at most four of the eligible shifts levels more, however unequal they are.
    #[test]
    fn no_other_choice_shifts_more() {
        for (accepted, retained, eligible) in [
            ([9.0, 5.0, 2.0], [9.0, 5.0, 2.0], [9, 5, 2]),
            ([9.0, 5.0, 2.0], [8.0, 5.0, 1.0], [8, 3, 1]),
            ([6.0, 6.0, 6.0], [6.0, 3.0, 5.0], [2, 3, 5]),
            ([3.0, 8.0, 4.0], [1.0, 8.0, 4.0], [1, 0, 4]),
        ] {
            let level_of: Vec<usize> = (0..3).flat_map(|l| vec![l; eligible[l]]).collect();
            let victims = Victims {
                rows: (0..level_of.len()).map(|i| (i, 0.0)).collect(),
                paid: 100.0,
                retained: retained.iter().sum(),
                accepted: accepted.iter().sum(),
            };
            let epsilon = 4.0 / victims.accepted;
            let (taken, _) = victims.most_shifting(epsilon, &accepted, |i| level_of[i], &retained);
            let mut lost = [0.0; 3];
            for (i, part) in taken {
                lost[level_of[i]] += part;
            }
            assert!(lost.iter().sum::<f64>() <= 4.0 + 1e-9);
            let worst = variation(&accepted, &retained, &lost);
            for a in 0..=eligible[0].min(4) {
                for b in 0..=eligible[1].min(4 - a) {
                    for c in 0..=eligible[2].min(4 - a - b) {
                        let other = [a, b, c].map(|n| n as f64);
                        let shift = variation(&accepted, &retained, &other);
                        assert!(shift <= worst + 1e-9, "{other:?} beats {lost:?}");
                    }
                }
            }
        }
    }
}
