//! Published numbers of arms of early exit, by the name of the scenario that is fitted to them.
//!
//! Source: arXiv 2605.14062v1, early-exit table, by published summaries: 109.09 M, 24.61 M, 25.14 M and 23.73 M
//! tokens, accuracies 0.720, 0.734, 0.738 and 0.735. That they are totals of 100,000 attempts is assumed, as
//! in the scenario.

/// What is published of an arm.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Published {
    /// Name of the arm.
    pub(super) arm: &'static str,
    /// Tokens per generation.
    pub(super) tokens: f64,
    /// Share of right answers, 0 to 1.
    pub(super) accuracy: f64,
}

const fn published(arm: &'static str, tokens: f64, accuracy: f64) -> Published {
    Published {
        arm,
        tokens,
        accuracy,
    }
}

const GSM8K: [Published; 4] = [
    published("full", 1090.9, 0.720),
    published("reject", 246.1, 0.734),
    published("exit", 251.4, 0.738),
    published("both", 237.3, 0.735),
];

/// What is published of the arms of `scenario`; nothing of most.
pub(super) fn published_arms(scenario: &str) -> &'static [Published] {
    match scenario {
        "gsm8k-published" => &GSM8K,
        _ => &[],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::study::early_exit::ARM_NAMES;

    /// Tokens in millions as published, over 100,000 attempts.
    #[test]
    fn every_arm_has_its_published_numbers() {
        let arms = published_arms("gsm8k-published");
        assert_eq!(arms.len(), ARM_NAMES.len());
        for (arm, millions) in arms.iter().zip([109.09, 24.61, 25.14, 23.73]) {
            assert!(ARM_NAMES.contains(&arm.arm), "{arm:?}");
            approx::assert_relative_eq!(arm.tokens, millions * 1e6 / 1e5, epsilon = 1e-9);
        }
        assert!(published_arms("probes").is_empty());
    }
}
