//! The published GSM8K rows of early exit, and the scenario that is fitted to them.
//!
//! Published: arXiv 2605.14062v1, early-exit table, by published summaries.

use std::path::Path;

use approx::assert_relative_eq;
use foldem::plot::early_exit_arms;
use foldem::scenario::Scenario;
use foldem::scenario::spec::{ExitSpec, TokenSpec};
use foldem::study::Interrupt;
use foldem::study::early_exit::ExactArms;
use foldem::study::simulation::{Request, simulate};
use foldem::theory::Arms;

/// Tokens in millions, by arm: full generation, rejection, early exit, both.
const TOKENS: [f64; 4] = [109.09, 24.61, 25.14, 23.73];
/// Accuracies, likewise.
const ACCURACY: [f64; 4] = [0.720, 0.734, 0.738, 0.735];
/// False positives of the error analysis.
const FALSE_POSITIVES: f64 = 0.032;

/// What the rows imply for a scenario in which all that differs in length are runaways.
#[derive(Debug)]
struct Fit {
    /// Share of runaways.
    runaways: f64,
    /// Their share of all tokens.
    tokens: f64,
    /// How many times as long as others they are.
    factor: f64,
    /// P(exit) of others, and of runaways.
    exits: [f64; 2],
    /// P(accepted after an exit) of wrong ones and of runaways.
    accepted: [f64; 2],
}

/// The solution of a system of two equations.
fn solve([a, b]: [f64; 2], [c, d]: [f64; 2], [x, y]: [f64; 2]) -> [f64; 2] {
    let determinant = a * d - b * c;
    [(x * d - b * y) / determinant, (a * y - c * x) / determinant]
}

/// Fits the rows, where checkpoint and probe stand after the share `paid` of every generation and the
/// checkpoint catches the share `caught` of the runaways.
fn fit(paid: f64, caught: f64) -> Fit {
    let f = FALSE_POSITIVES;
    let [full, reject, exit, both] = TOKENS;
    let share = |tokens: f64| tokens / full / (1.0 - paid);
    let good = ACCURACY[0];
    // q = 1 − a(1 − f)/p', and what is rejected is f of the others and `caught` of the runaways.
    let rejected = 1.0 - good * (1.0 - f) / ACCURACY[1];
    let runaways = (rejected - f) / (caught - f);
    let tokens = (share(full - reject) - f) / (caught - f);
    let exits = solve(
        [1.0 - tokens, tokens],
        [(1.0 - tokens) * (1.0 - f), tokens * (1.0 - caught)],
        [share(full - exit), share(reject - both)],
    );
    let wrong = 1.0 - good - runaways;
    let accepted = solve(
        [wrong * exits[0], runaways * exits[1]],
        [
            wrong * (1.0 - f) * exits[0],
            runaways * (1.0 - caught) * exits[1],
        ],
        [
            ACCURACY[2] - good,
            ACCURACY[3] * (1.0 - rejected) - good * (1.0 - f),
        ],
    );
    Fit {
        runaways,
        tokens,
        factor: tokens * (1.0 - runaways) / ((1.0 - tokens) * runaways),
        exits,
        accepted,
    }
}

fn shipped() -> Scenario {
    let path = "experiments/early-exit/gsm8k-published.toml";
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    Scenario::load(&path).unwrap_or_else(|e| panic!("{e}"))
}

#[test]
fn the_shipped_scenario_is_the_fit() {
    let (scenario, fit) = (shipped(), fit(0.1, 1.0));
    let spec = scenario.spec();
    let close = |x: f64, y: f64| assert_relative_eq!(x, y, max_relative = 1e-10);
    let [wrong, runaway] = &spec.faults[..] else {
        panic!("two kinds");
    };
    close(runaway.hazard[0], fit.runaways);
    close(wrong.hazard[0], 1.0 - ACCURACY[0] - fit.runaways);
    close(runaway.length_factor, fit.factor);
    let mean = |k: usize| match spec.stages[k].tokens {
        TokenSpec::Gamma { mean, .. } => mean,
        _ => f64::NAN,
    };
    close(mean(0), 0.1 * (mean(0) + mean(1)));
    let probe = &spec.early_exit.as_ref().unwrap().probes[0];
    let ExitSpec::Probability { exits, .. } = &probe.exits else {
        panic!("probabilities");
    };
    close(exits["clean"], fit.exits[0]);
    close(exits["wrong"], fit.exits[0]);
    close(exits["runaway"], fit.exits[1]);
    close(probe.accepts["wrong"], fit.accepted[0]);
    close(probe.accepts["runaway"], fit.accepted[1]);
}

/// All eight published numbers and the false positives, by the exact theory.
#[test]
fn the_shipped_scenario_has_the_published_numbers() {
    let scenario = shipped();
    let (arms, exact) = (
        Arms::new(&scenario).unwrap(),
        ExactArms::new(&scenario).unwrap(),
    );
    for arm in 0..4 {
        // In hundred thousand generations.
        assert_relative_eq!(arms.arm(arm).tokens * 0.1, TOKENS[arm], max_relative = 1e-9);
        let purity = exact.of_arm(arm, "purity").unwrap();
        assert_relative_eq!(purity, ACCURACY[arm], max_relative = 1e-9);
    }
    let f = exact.of_arm(1, "false_rejection_rate").unwrap();
    assert_relative_eq!(f, FALSE_POSITIVES, max_relative = 1e-9);
}

/// What the documentation says of the rows.
#[test]
fn what_the_rows_imply() {
    let exact = ExactArms::new(&shipped()).unwrap();
    let composition = |name: &str| exact.composition(name).unwrap();
    let near = |x: f64, y: f64, digits: f64| assert!((x - y).abs() <= 0.5 * digits, "{x} {y}");
    // Early exit saves 77.0 % alone and 3.6 % of what rejection leaves; independent, 94.8 % together.
    near(composition("exit_of_what_rejection_leaves"), 0.036, 1e-3);
    near(composition("savings_if_independent"), 0.948, 1e-3);
    near(composition("overlap_coefficient"), 0.954, 1e-3);
    near(composition("overlap_points"), 0.761, 1e-3);
    near(composition("cost_ratio_on_exit"), 0.998, 1e-3);
    near(
        exact.of_arm(3, "false_rejection_rate").unwrap(),
        0.054,
        1e-3,
    );
    // How the fit depends on what is assumed of the place.
    for (paid, row) in [
        (0.0, [0.767, 169.0, 0.036, 0.993]),
        (0.1, [0.856, 305.0, 0.064, 0.988]),
        (0.2, [0.967, 1505.0, 0.315, 0.984]),
    ] {
        let fit = fit(paid, 1.0);
        near(fit.runaways, 0.0191, 1e-4);
        near(fit.tokens, row[0], 1e-3);
        near(fit.factor, row[1], 1.0);
        near(fit.exits[0], row[2], 1e-3);
        near(fit.exits[1], row[3], 1e-3);
    }
    // Below this share of runaways caught, early exit would have to lengthen the others.
    let [full, reject, exit, both] = TOKENS;
    let least = 1.0 - (reject - both) / (full - exit);
    near(least, 0.9895, 1e-4);
    for paid in [0.0, 0.1, 0.2] {
        assert!(fit(paid, least + 1e-6).exits[0] > 0.0);
        assert!(fit(paid, least - 1e-6).exits[0] < 0.0);
    }
}

/// The negative control: a fit to other rows is not the shipped scenario, and independent methods would have
/// left 5.67 M tokens instead of 23.73 M.
#[test]
fn other_rows_are_told_apart() {
    assert!((fit(0.1, 0.995).factor / fit(0.1, 1.0).factor - 1.0).abs() > 0.01);
    let [full, reject, exit, both] = TOKENS;
    let independent = reject * exit / full;
    assert!((independent - 5.67).abs() < 0.005 && independent < both / 4.0);
}

/// The figure tells the published table, in tokens of 100,000 generations; independent, both would leave
/// 24.61 · 25.14 / 109.09 = 5.67 million.
#[test]
fn the_figure_tells_the_published_rows() {
    let scenario = shipped();
    let request = Request {
        attempts: 1000,
        seed: 1,
        per_prompt: 1,
    };
    let findings = simulate(&scenario, request, &|_| (), &Interrupt::default());
    let figure = early_exit_arms(&findings).unwrap();
    for text in [
        "1090.9",
        "246.1 (saves 77.4 %)",
        "251.4 (saves 77.0 %)",
        "237.3 (saves 78.2 %)",
        "56.7 (saves 94.8 %)",
        "72.0 %",
        "73.4 %",
        "73.8 %",
        "73.5 %",
    ] {
        let set = format!(">\n{text}\n</text>");
        assert!(figure.svg.contains(&set), "{text}");
    }
    assert!(figure.alt.contains("fitted"), "{}", figure.alt);
}
