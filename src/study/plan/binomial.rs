//! The power of the exact binomial test with one generation per prompt, itself exact.
//!
//! Given n_A accepted generations the test certifies when at most c(n_A) of them are rejected, the most
//! for which P(Bin(n_A, α) ≤ c) ≤ delta. So the power is the mean, over n_A, of P(Bin(n_A, f) ≤ c(n_A)). Both
//! tails are carried along from n_A to n_A + 1: P(Bin(n+1, p) ≤ c) = P(Bin(n, p) ≤ c) − p P(Bin(n, p) = c).

/// P(certified | n_A) for n_A = 0, 1, …, `most`, at the true rate `frr`.
pub(super) fn given_accepted(most: u64, alpha: f64, delta: f64, frr: f64) -> Vec<f64> {
    let mut bound = Tail::new(alpha);
    let mut truth = Tail::new(frr);
    let count = usize::try_from(most).unwrap_or(usize::MAX - 1) + 1;
    let mut power = Vec::with_capacity(count);
    for _ in 0..count {
        while bound.with_one_more() <= delta {
            bound.allow();
            truth.allow();
        }
        power.push(truth.sum.clamp(0.0, 1.0));
        bound.trial();
        truth.trial();
    }
    power
}

/// P(Bin(n, p) ≤ c) as n and c grow; c begins at −1.
struct Tail {
    p: f64,
    n: f64,
    c: f64,
    /// P(Bin(n, p) ≤ c), and its last term.
    sum: f64,
    last: f64,
}

impl Tail {
    fn new(p: f64) -> Self {
        Self {
            p,
            n: 0.0,
            c: -1.0,
            sum: 0.0,
            last: 0.0,
        }
    }

    /// P(Bin(n, p) = c + 1).
    fn next(&self) -> f64 {
        if self.c < 0.0 {
            return (self.n * (-self.p).ln_1p()).exp();
        }
        self.last * (self.n - self.c) / (self.c + 1.0) * (self.p / (1.0 - self.p))
    }

    fn with_one_more(&self) -> f64 {
        self.sum + self.next()
    }

    fn allow(&mut self) {
        self.last = self.next();
        self.sum += self.last;
        self.c += 1.0;
    }

    fn trial(&mut self) {
        self.sum -= self.p * self.last;
        self.n += 1.0;
        if self.c >= 0.0 {
            self.last *= self.n / (self.n - self.c) * (1.0 - self.p);
        }
    }
}

/// The power with `prompts` prompts, each accepted with probability `accepted`.
pub(super) fn power(prompts: u64, accepted: f64, given_accepted: &[f64]) -> f64 {
    let n = prompts as f64;
    let odds = accepted / (1.0 - accepted);
    if !odds.is_finite() {
        return at(given_accepted, n);
    }
    // Weights relative to the mode's, outwards until nothing is added.
    let mode = ((n + 1.0) * accepted).floor().min(n);
    let (mut weights, mut sum) = (1.0, at(given_accepted, mode));
    let mut add = |k: f64, weight: f64| {
        weights += weight;
        sum += weight * at(given_accepted, k);
        weight > 1e-18
    };
    let (mut k, mut weight) = (mode, 1.0);
    while k < n {
        weight *= (n - k) / (k + 1.0) * odds;
        k += 1.0;
        if !add(k, weight) {
            break;
        }
    }
    (k, weight) = (mode, 1.0);
    while k > 0.0 {
        weight *= k / ((n - k + 1.0) * odds);
        k -= 1.0;
        if !add(k, weight) {
            break;
        }
    }
    sum / weights
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "k counts accepted prompts, of which there are no more than prompts"
)]
fn at(table: &[f64], k: f64) -> f64 {
    table[k as usize]
}

/// A number of prompts, at most `most`, that reaches `target` while one fewer does not; `None`
/// where `most` does not. Since the test counts whole events, power is not quite monotone.
pub(super) fn needed(most: u64, target: f64, power: impl Fn(u64) -> f64) -> Option<u64> {
    let mut enough = 1;
    while power(enough) < target {
        if enough >= most {
            return None;
        }
        enough = (2 * enough).min(most);
    }
    let mut short = enough / 2;
    while enough - short > 1 {
        let middle = short + (enough - short) / 2;
        if power(middle) < target {
            short = middle;
        } else {
            enough = middle;
        }
    }
    Some(enough)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::binomial_p;
    use approx::assert_relative_eq;

    /// By enumeration of accepted and rejected, with the p-value of `stats`.
    #[test]
    fn power_is_that_of_the_test() {
        let choose = |n: u64, k: u64| (1..=k).fold(1.0, |c, i| c * ((n - k + i) as f64) / i as f64);
        let mass = |k: u64, n: u64, p: f64| {
            let (k, rest) = (k as f64, (n - k) as f64);
            p.powf(k) * (1.0 - p).powf(rest)
        };
        for (n, accepted, alpha, delta, frr) in [
            (120, 0.6, 0.05, 0.1, 0.01),
            (90, 1.0, 0.1, 0.05, 0.03),
            (150, 0.8, 0.1, 0.2, 0.0),
            (60, 0.5, 0.3, 0.1, 0.3),
        ] {
            let mut expected = 0.0;
            for good in 0..=n {
                for x in 0..=good {
                    if binomial_p(x, good, alpha) <= delta {
                        let p_good = choose(n, good) * mass(good, n, accepted);
                        expected += p_good * choose(good, x) * mass(x, good, frr);
                    }
                }
            }
            let table = given_accepted(n, alpha, delta, frr);
            assert_relative_eq!(power(n, accepted, &table), expected, max_relative = 1e-9);
        }
    }

    /// On the boundary the power is the size: never above delta, over a hundred thousand steps.
    #[test]
    fn rounding_does_not_pile_up() {
        let table = given_accepted(100_000, 0.05, 0.1, 0.05);
        assert!(table.iter().all(|&p| (0.0..=0.1 + 1e-9).contains(&p)));
        assert!(table[99_990..].iter().all(|&p| p > 0.095));
        let direct = binomial_p(4_911, 100_000, 0.05);
        assert!(table[100_000] <= 0.1 && direct < 0.1);
    }

    #[test]
    fn with_no_false_rejection_the_fewest_possible_suffice() {
        let table = given_accepted(1000, 0.05, 0.05, 0.0);
        let found = needed(1000, 0.8, |n| power(n, 1.0, &table));
        // ln 0.05 / ln 0.95 = 58.4.
        assert_eq!(found, Some(59));
        assert_eq!(needed(58, 0.8, |n| power(n, 1.0, &table)), None);
    }
}
