//! Strata that a log defines by itself: how long a generation is, and how hard its prompt.
//!
//! Length is that of the full solution, cut at the deciles of the log. Difficulty is the pass rate
//! of the prompt's *other* generations, by whatever model: were a generation's own verdict among
//! them, it would define its own stratum, and the accepted would stand among the easy prompts
//! because they are accepted.

use super::Row;
use crate::outcome::Covariate;

/// Covariate: tokens of the full solution, in tenths of the log.
pub(super) const LENGTH: &str = "length";
/// Covariate: share of the prompt's other generations that the final filter accepts.
pub(super) const PASS_RATE: &str = "prompt_pass_rate";

/// Levels of [`PASS_RATE`]: nothing, everything and quarters between them; last, where no other
/// generation of the prompt has a verdict.
const RATES: [&str; 7] = [
    "0",
    "(0, 0.25]",
    "(0.25, 0.5]",
    "(0.5, 0.75]",
    "(0.75, 1)",
    "1",
    "(no other generation)",
];
const NO_OTHER: usize = RATES.len() - 1;

/// The strata that tell `rows`, of so many `prompts`, apart, with the level of each row.
pub(super) fn covariates(rows: &[Row], prompts: usize) -> Vec<(Covariate, Vec<u32>)> {
    let (length, rate) = rayon::join(|| by_length(rows), || by_pass_rate(rows, prompts));
    let covariates = [(LENGTH, length), (PASS_RATE, rate)];
    let covariates = covariates.into_iter().map(|(name, (levels, of_rows))| {
        let name = name.to_owned();
        (Covariate { name, levels }, of_rows)
    });
    covariates.filter(|(c, _)| c.levels.len() > 1).collect()
}

/// Tenths of the generations by length; those of equal length stay together, so that there may be
/// fewer than ten.
fn by_length(rows: &[Row]) -> (Vec<String>, Vec<u32>) {
    let mut lengths: Vec<u64> = rows.iter().map(|row| row.tokens).collect();
    lengths.sort_unstable();
    // The longest of each tenth.
    let mut tops: Vec<u64> = (1..=10)
        .filter_map(|tenth| lengths.get((tenth * lengths.len()).div_ceil(10).checked_sub(1)?))
        .copied()
        .collect();
    tops.dedup();
    let mut names = Vec::new();
    let mut first = lengths.first().copied().unwrap_or(0);
    for &top in &tops {
        names.push(if first == top {
            format!("{top} tokens")
        } else {
            format!("{first}–{top} tokens")
        });
        let above = lengths.partition_point(|n| *n <= top);
        first = lengths.get(above).copied().unwrap_or(top);
    }
    let level = |row: &Row| tops.partition_point(|top| *top < row.tokens);
    (names, rows.iter().map(|row| number(level(row))).collect())
}

fn by_pass_rate(rows: &[Row], prompts: usize) -> (Vec<String>, Vec<u32>) {
    // Generations with a verdict, and the accepted among them, by prompt.
    let mut known = vec![(0_u64, 0_u64); prompts];
    for row in rows {
        if let Some(accepted) = row.accepted {
            known[row.prompt].0 += 1;
            known[row.prompt].1 += u64::from(accepted);
        }
    }
    let level = |row: &Row| {
        let (all, accepted) = known[row.prompt];
        let others = all - u64::from(row.accepted.is_some());
        let passed = accepted - u64::from(row.accepted == Some(true));
        match (others, passed) {
            (0, _) => NO_OTHER,
            (_, 0) => 0,
            (others, passed) if passed == others => RATES.len() - 2,
            // ⌈4x⌉ for x in (0, 1).
            (others, passed) => usize::try_from((4 * passed).div_ceil(others)).unwrap_or(0),
        }
    };
    let levels: Vec<usize> = rows.iter().map(level).collect();
    let occurs: Vec<usize> = (0..RATES.len()).filter(|l| levels.contains(l)).collect();
    let names = occurs.iter().map(|&l| RATES[l].to_owned()).collect();
    let place = |level: &usize| occurs.partition_point(|l| l < level);
    (names, levels.iter().map(|l| number(place(l))).collect())
}

fn number(level: usize) -> u32 {
    u32::try_from(level).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(prompt: usize, tokens: u64, accepted: Option<bool>) -> Row {
        Row {
            prompt,
            group: 0,
            tokens,
            problem_tokens: 0,
            accepted,
            utility: None,
            rare: None,
        }
    }

    /// Level names of each row in the covariate called `name`.
    fn levels(rows: &[Row], name: &str) -> Vec<String> {
        let prompts = rows.iter().map(|r| r.prompt + 1).max().unwrap();
        let found = covariates(rows, prompts);
        let found = found.iter().find(|(covariate, _)| covariate.name == name);
        let (covariate, of_rows) = found.unwrap();
        let name = |l: &u32| covariate.levels[usize::try_from(*l).unwrap()].clone();
        of_rows.iter().map(name).collect()
    }

    #[test]
    fn a_generation_does_not_define_its_own_stratum() {
        let (yes, no) = (Some(true), Some(false));
        let rows = [
            // One of two: the other is refused, or accepted.
            row(0, 1, yes),
            row(0, 1, no),
            row(1, 1, yes),
            row(2, 1, None),
            // Its verdict is not known, those of two others are.
            row(3, 1, None),
            row(3, 1, yes),
            row(3, 1, no),
        ];
        let (alone, half) = ("(no other generation)", "(0.25, 0.5]");
        assert_eq!(
            levels(&rows, PASS_RATE),
            ["0", "1", alone, alone, half, "0", "1"]
        );
        // Of five, the others passed 0 to 4 of 4.
        let many: Vec<Row> = (0..5).map(|i| row(0, 1, Some(i < 2))).collect();
        let found = levels(&many, PASS_RATE);
        assert_eq!(found[0], "(0, 0.25]");
        assert_eq!(found[4], "(0.25, 0.5]");
    }

    #[test]
    fn lengths_are_cut_at_their_deciles_and_ties_stay_together() {
        let rows: Vec<Row> = (1..=20).map(|n| row(0, n, None)).collect();
        let found = levels(&rows, LENGTH);
        assert_eq!(found[..3], ["1–2 tokens", "1–2 tokens", "3–4 tokens"]);
        assert_eq!(found[19], "19–20 tokens");
        let tied: Vec<Row> = [5, 5, 5, 5, 5, 5, 5, 9, 9, 9]
            .map(|n| row(0, n, None))
            .to_vec();
        assert_eq!(covariates(&tied, 1).len(), 1);
        assert_eq!(levels(&tied, LENGTH)[0], "5 tokens");
        assert_eq!(levels(&tied, LENGTH)[9], "9 tokens");
        assert!(covariates(&tied[..7], 1).is_empty(), "all alike");
    }
}
