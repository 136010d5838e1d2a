//! A share of generations with its interval over prompts, for what no policy's tally counts.

use super::estimates::Estimate;
use super::proportion::Proportion;
use crate::stats::{CrossProducts, Scale};

/// Events and trials among generations, prompt by prompt.
#[derive(Debug, Clone)]
pub struct PromptShare {
    /// Columns: events, trials.
    moments: CrossProducts,
    prompts: Proportion,
}

impl Default for PromptShare {
    fn default() -> Self {
        Self {
            moments: CrossProducts::new(vec![Scale::COUNT; 2]),
            prompts: Proportion::default(),
        }
    }
}

impl PromptShare {
    /// Takes in a prompt with so many `events` in `trials`; one without trials says nothing, but
    /// it is a prompt.
    pub fn add(&mut self, events: u32, trials: u32) {
        let (events, trials) = (i64::from(events), i64::from(trials));
        let row = [(0, events), (1, trials)];
        let zeros = row.iter().take_while(|(_, x)| *x == 0).count();
        self.moments.add(&row[zeros..]);
        self.prompts.add_alike(1, events, trials);
    }

    /// Events as a share of trials.
    pub fn estimate(&self) -> Estimate {
        let ratio = self.moments.mean(0) / self.moments.mean(1);
        let stderr = self.moments.stderr(&ratio);
        Estimate::proportion(self.prompts, stderr, self.moments.clusters())
    }
}

/// The median of a value of generations, given as pairs of prompt and value in the order of the
/// prompts, of which there are so many, with the 95 % interval of Woodruff (1952): the quantiles at
/// the ends of the interval of the share below the median. `None` without values; no interval from
/// fewer than ten prompts with values.
pub fn median(values: &[(usize, f64)], prompts: usize) -> Option<(f64, Option<[f64; 2]>)> {
    const FEW: usize = 10;
    let mut sorted: Vec<f64> = values.iter().map(|(_, x)| *x).collect();
    sorted.sort_unstable_by(f64::total_cmp);
    let upper = *sorted.get(sorted.len() / 2)?;
    let median = 0.5 * (sorted[(sorted.len() - 1) / 2] + upper);
    let by_prompt = || values.chunk_by(|(a, _), (b, _)| a == b);
    let with_values = by_prompt().count();
    if with_values < FEW {
        return Some((median, None));
    }
    let mut below = PromptShare::default();
    for values in by_prompt() {
        let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        let low = values.iter().filter(|(_, x)| *x <= median).count();
        below.add(count(low), count(values.len()));
    }
    for _ in with_values..prompts {
        below.add(0, 0);
    }
    let stderr = below.estimate().stderr;
    let interval = stderr.and_then(|stderr| {
        let prompts = below.moments.clusters();
        let [low, high] = Estimate::around(0.5, stderr, prompts).ci?;
        Some([quantile(&sorted, low), quantile(&sorted, high)])
    });
    Some((median, interval))
}

/// The smallest of the sorted `values`, at least one, with a share `p` of them up to it.
fn quantile(values: &[f64], p: f64) -> f64 {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "clamped to the indices of the values"
    )]
    let rank = (p * values.len() as f64)
        .ceil()
        .clamp(1.0, values.len() as f64) as usize;
    values[rank - 1]
}

#[cfg(test)]
mod tests {
    use super::*;
    use approx::assert_relative_eq;

    #[test]
    fn a_share_is_a_ratio_of_sums_over_prompts() {
        let mut share = PromptShare::default();
        let prompts = [(3, 4), (0, 2), (5, 5), (4, 8), (0, 0), (2, 3)];
        for (events, trials) in prompts {
            share.add(events, trials);
        }
        let found = share.estimate();
        let (events, trials) = (14.0, 22.0);
        let p: f64 = events / trials;
        assert_relative_eq!(found.mean.unwrap(), p, epsilon = 1e-12);
        // Cochran (1977), eq. 6.13.
        let squares: f64 = prompts
            .iter()
            .map(|&(e, t)| (f64::from(e) - p * f64::from(t)).powi(2))
            .sum();
        let stderr = (squares / 5.0 * 6.0).sqrt() / trials;
        assert_relative_eq!(found.stderr.unwrap(), stderr, epsilon = 1e-12);
        assert_eq!(PromptShare::default().estimate().mean, None);
    }

    #[test]
    fn the_median_has_the_interval_of_the_order_statistics() {
        assert_eq!(median(&[], 3), None);
        assert_eq!(median(&[(0, 3.0), (0, 1.0)], 2), Some((2.0, None)));
        // 100 prompts of one value: the exact interval from order statistics is 40 to 61.
        let single: Vec<(usize, f64)> = (1..=100_u8).map(|x| (x.into(), x.into())).collect();
        let (value, interval) = median(&single, 100).unwrap();
        let [low, high] = interval.unwrap();
        assert_relative_eq!(value, 50.5);
        assert!((40.0..=41.0).contains(&low) && (60.0..=61.0).contains(&high));
        // Ten equal values a prompt are one value.
        let copied: Vec<(usize, f64)> = single.iter().flat_map(|&value| [value; 10]).collect();
        let (_, again) = median(&copied, 100).unwrap();
        assert!((again.unwrap()[0] - low).abs() <= 1.0 && (again.unwrap()[1] - high).abs() <= 1.0);
    }
}
