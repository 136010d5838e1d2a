//! What people read of what rules cost to run: measured, so never part of a result's data.

use super::super::Section;
use super::super::number::number;
use crate::study::replay::RuleTime;

/// Validators, each a name, a rule and what it takes, where generating a token takes `token_price`
/// nanoseconds.
pub fn rule_times(validators: &[(&str, &str, RuleTime)], token_price: f64) -> Section {
    let header = [
        "",
        "rule",
        "ns per token",
        "tokens' worth per 1000 tokens",
        "tokens' worth per generation",
    ];
    let records = validators.first().map_or(0, |(_, _, time)| time.records);
    let title = format!(
        "What rules cost to run, measured on THIS machine on {records} records of the log, one \
         thread; not reproducible. A token is taken to last {token_price} ns (--token-price-ns)"
    );
    let mut section = Section::new(&title, &header);
    let shown = |value: Option<f64>| {
        value.map_or_else(|| "–".to_owned(), |x| number(x, 0.05 * x.abs().max(1e-12)))
    };
    section.rows = validators
        .iter()
        .map(|(name, rule, time)| {
            let per_token = time.per_token();
            let per_generation = time.nanoseconds / time.records.max(1) as f64 / token_price;
            vec![
                (*name).to_owned(),
                (*rule).to_owned(),
                shown(per_token),
                shown(per_token.map(|ns| 1000.0 * ns / token_price)),
                shown(per_token.map(|_| per_generation)),
            ]
        })
        .collect();
    section
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_becomes_tokens_at_the_price_of_one() {
        // 10 generations of 40 tokens, 20 ns each; a token lasts 1000 ns.
        let time = RuleTime {
            records: 10,
            tokens: 400,
            nanoseconds: 8000.0,
        };
        let section = rule_times(&[("mine", "script", time)], 1000.0);
        let row = &section.rows[0];
        assert_eq!(row[..2], ["mine", "script"]);
        let value = |cell: &str| cell.parse::<f64>().expect("a number");
        let found: Vec<f64> = row[2..].iter().map(|cell| value(cell)).collect();
        for (found, expected) in found.iter().zip([20.0, 20.0, 0.8]) {
            assert!((found - expected).abs() < 0.051 * expected, "{row:?}");
        }
        // Texts without tokens have no price per token.
        let nothing = RuleTime { tokens: 0, ..time };
        assert_eq!(
            rule_times(&[("mine", "script", nothing)], 1000.0).rows[0][2],
            "–"
        );
    }
}
