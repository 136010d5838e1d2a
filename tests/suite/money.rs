//! Money: figures by hand, exact against drawn, logs generation by generation, what prompts do to savings,
//! and what is refused.

use std::fs;
use std::path::Path;

use approx::assert_relative_eq;
use foldem::estimate::Estimate;
use foldem::policy::PolicyFile;
use foldem::replay::{Definition, FirstAlarm, Replay, Row, Table};
use foldem::scenario::Scenario;
use foldem::stats::normal_quantile;
use foldem::study::Interrupt;
use foldem::study::money::{FIGURES, MoneyFindings, Prices, of_log, of_scenario};
use foldem::study::part::Part;
use foldem::study::simulation::{Compared, Request};
use foldem::theory::Exact;
use serde_json::Value;

use super::cli::{code, foldem, root, stderr, stdout};

fn prices(rest: &str) -> Prices {
    let text = format!("schema = 'foldem.prices/1'\nname = 'p'\ncurrency = 'EUR'\n{rest}");
    Prices::parse("p.toml", &text).unwrap_or_else(|e| panic!("{e}"))
}

fn scenario(name: &str) -> Scenario {
    let path = root().join(format!("experiments/{name}.toml"));
    Scenario::load(&path).unwrap()
}

fn part(scenario: &Scenario, seed: u64) -> Part {
    let request = Request {
        attempts: 150_000,
        seed,
        per_prompt: 2,
    };
    let mut part = Part::planned(scenario, request, [0, 1]);
    part.draw(scenario, &|_| (), &Interrupt::default());
    part
}

fn figure(findings: &MoneyFindings, name: &str) -> Compared {
    let found = findings.figures.iter().find(|f| f.name == name);
    found.unwrap_or_else(|| panic!("{name} is missing")).value
}

fn exact(findings: &MoneyFindings, name: &str) -> f64 {
    figure(findings, name).exact.unwrap()
}

/// Generated tokens at a price and nothing else: shares and ratios are those of tokens.
#[test]
fn one_price_for_everything_changes_no_share() {
    let scenario = scenario("calibrated");
    let part = part(&scenario, 1);
    let found = of_scenario(&scenario, &prices("generated = 0.002"), &part.tally).unwrap();
    let tokens = Exact::new(&scenario);
    for (name, value) in [
        ("savings", tokens.savings()),
        ("null_savings", tokens.null_savings()),
        ("cost_ratio", tokens.cost_ratio()),
        ("null_cost_ratio", tokens.null_cost_ratio()),
        ("full", Some(0.002 * tokens.tokens_full())),
        ("paid", Some(0.002 * tokens.tokens_paid())),
    ] {
        assert_relative_eq!(exact(&found, name), value.unwrap(), max_relative = 1e-13);
    }
}

/// Two stages, one checkpoint, one kind of fault: every figure from three probabilities.
#[test]
fn figures_are_those_by_hand() {
    let text = "schema = 'foldem.scenario/1'\nname = 'hand'\n\
        [[fault]]\nkind = 'x'\nhazard = [0.3, 0.0]\n\
        [[stage]]\nname = 'a'\ntokens = { dist = 'fixed', value = 30 }\n\
        [[stage]]\nname = 'b'\ntokens = { dist = 'fixed', value = 70 }\n\
        [[validator]]\nname = 'v'\ndetects = { x = 0.6 }\nfalse_alarm = 0.02\n\
        [[policy.checkpoint]]\nat = 'a'\nvalidators = ['v']\ncost_tokens = 5\n";
    let scenario = Scenario::parse("hand", text, Path::new(".")).unwrap();
    let prices = prices(
        "per_tokens = 10\ngenerated = 2\nprompt = 1\nprompt_tokens = 40\ncheck = 4\n\
         [stages]\nb = 3\n\
         [[discount]]\nname = 'cache'\non = 'prompt'\nfactor = 0.2\nshare = 0.5\n\
         [[discount]]\nname = 'speculation'\non = 'generated'\nfactor = 0.5\n\
         [[discount]]\nname = 'batch'\non = 'everything'\nfactor = 0.5\n",
    );
    let tally = part(&scenario, 2).tally;
    let found = of_scenario(&scenario, &prices, &tally).unwrap();
    // Discounts: generated 0.25, prompt (1 − 0.5 · 0.8) 0.5 = 0.3, checks 0.5.
    let (a, b) = (30.0 * 0.2 * 0.25, 70.0 * 0.3 * 0.25);
    let (prompt, check) = (40.0 * 0.1 * 0.3, 5.0 * 0.4 * 0.5);
    let (f, q) = (0.02, 0.3 * 0.6 + 0.7 * 0.02);
    let (full, paid) = (a + b + prompt, a + b * (1.0 - q) + prompt + check);
    let ratio = paid / 0.7 / 0.98 / (full / 0.7);
    for (name, value) in [
        ("full", full),
        ("paid", paid),
        ("saved", full - paid),
        ("savings", 1.0 - paid / full),
        ("null_savings", q * b / full),
        ("full_per_retained", full / 0.7),
        ("paid_per_retained", paid / (0.7 * 0.98)),
        (
            "saved_per_million",
            1e6 * (full / 0.7 - paid / (0.7 * 0.98)),
        ),
        ("cost_ratio", ratio),
        ("null_cost_ratio", (1.0 - q * b / full) / (1.0 - q)),
        ("break_even_check", (1.0 - f) * full - paid),
        ("break_even_prompt", ((1.0 - f) * full - paid) / f),
    ] {
        assert_relative_eq!(exact(&found, name), value, max_relative = 1e-12);
        // By stage, a simulation tells nothing and says so.
        assert_eq!(figure(&found, name).estimate, Estimate::default());
    }
    assert!(found.warnings[0].contains("by stage"));
    // At the break-even the ratio is 1.
    let added = exact(&found, "break_even_prompt");
    assert_relative_eq!(
        (paid + added) / (full + added) / (1.0 - f),
        1.0,
        max_relative = 1e-12
    );
}

/// Probability that any of the comparisons below would fail by chance.
const FALSE_ALARM: f64 = 1e-3;

#[test]
fn drawn_figures_agree_with_the_exact_ones() {
    let dear = prices(
        "per_tokens = 1e6\ngenerated = 0.6\nprompt = 0.15\nprompt_tokens = 900\ncheck = 1.5\n",
    );
    let mut compared = Vec::new();
    for (seed, name) in [
        (3, "calibrated"),
        (4, "hard-prompts"),
        (5, "runaway"),
        (6, "redundant"),
    ] {
        let scenario = scenario(name);
        let found = of_scenario(&scenario, &dear, &part(&scenario, seed).tally).unwrap();
        compared.extend(
            found
                .figures
                .into_iter()
                .map(|f| (format!("{name}: {}", f.name), f.value)),
        );
    }
    assert_eq!(compared.len(), 4 * FIGURES.len());
    let z = -normal_quantile(FALSE_ALARM / (2.0 * compared.len() as f64));
    let off = |c: &Compared, exact: f64| {
        let (mean, stderr) = (c.estimate.mean.unwrap(), c.estimate.stderr.unwrap());
        (mean - exact).abs() / (stderr + 1e-9 * exact.abs())
    };
    for (name, c) in &compared {
        let off = off(c, c.exact.unwrap());
        assert!(off <= z, "{name}: {off} standard errors");
    }
    // The comparison can fail: who forgets that the rejected pay for their prompts, too, is caught.
    let scenario = scenario("runaway");
    let free = prices("per_tokens = 1e6\ngenerated = 0.6\n");
    let free = of_scenario(&scenario, &free, &part(&scenario, 5).tally).unwrap();
    let (_, savings) = compared
        .iter()
        .find(|(n, _)| n == "runaway: savings")
        .unwrap();
    assert!(off(savings, exact(&free, "savings")) > z);
    assert!(exact(&free, "savings") > savings.exact.unwrap() + 0.01);
}

/// A table of generations with prompts of many lengths, three to a prompt.
fn table() -> Table {
    let mut word: u64 = 11;
    let mut next = move |n: u64| {
        word = word.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (word >> 33) % n
    };
    let policy = policy();
    let (mut rows, mut alarms) = (Vec::new(), Vec::new());
    for prompt in 0..200 {
        let problem_tokens = 20 + next(900);
        for _ in 0..3 {
            let tokens = 40 + next(200);
            rows.push(Row {
                prompt,
                group: 0,
                tokens,
                problem_tokens,
                accepted: Some(next(10) < 7),
                utility: None,
                rare: None,
            });
            alarms.push(match next(4) {
                0 => FirstAlarm::Tokens(next(60)),
                _ => FirstAlarm::Never,
            });
        }
    }
    let validators = policy.validators().iter().map(Definition::of);
    Table::of_alarms(validators.collect(), rows, &alarms)
}

fn policy() -> PolicyFile {
    let text = "schema = 'foldem.policy/1'\nname = 'p'\n\
        [[validator]]\nname = 'v'\nrule = 'drawn'\n\
        [[checkpoint]]\nat = { tokens = 30 }\nvalidators = ['v']\ncost_tokens = 2\n\
        [[checkpoint]]\nat = { every_tokens = 50 }\nvalidators = ['v']\n";
    let rule = foldem::policy::Rule {
        name: "drawn",
        parameters: Vec::new(),
    };
    PolicyFile::parse("p", text, &[rule]).unwrap()
}

/// Generation by generation, with the tokens of each problem; the standard error by the jackknife over
/// prompts.
#[test]
fn a_log_pays_for_each_prompt_whatever_becomes_of_it() {
    let (table, policy) = (table(), policy());
    let replay = Replay::new(&table, &policy, policy.checkpoints(), false).unwrap();
    let prices = prices("generated = 0.5\nprompt = 0.25\nprompt_tokens = 10\ncheck = 2\n");
    let found = of_log(&table, &replay, &prices).unwrap();
    // (full, paid, accepted, retained) by prompt.
    let mut sums = vec![[0.0; 4]; 200];
    for (i, row) in table.rows().iter().enumerate() {
        let prompt = 0.25 * (row.problem_tokens as f64 + 10.0);
        let judgement = replay.judgement(i);
        let good = row.accepted == Some(true);
        let sum = &mut sums[row.prompt];
        sum[0] += 0.5 * row.tokens as f64 + prompt;
        sum[1] += 0.5 * replay.tokens_generated(i) as f64 + prompt + 2.0 * judgement.cost;
        sum[2] += f64::from(u8::from(good));
        sum[3] += f64::from(u8::from(good && judgement.stop.is_none()));
    }
    let total = |skip: Option<usize>, j: usize| -> f64 {
        let kept = sums.iter().enumerate().filter(|(i, _)| Some(*i) != skip);
        kept.map(|(_, sum)| sum[j]).sum()
    };
    let figures = |skip| {
        let [full, paid, accepted, retained] = [0, 1, 2, 3].map(|j| total(skip, j));
        [
            1.0 - paid / full,
            paid / retained / (full / accepted),
            1e6 * (full / accepted - paid / retained),
        ]
    };
    let all = figures(None);
    for (j, name) in ["savings", "cost_ratio", "saved_per_million"]
        .iter()
        .enumerate()
    {
        let estimate = figure(&found, name).estimate;
        assert_relative_eq!(estimate.mean.unwrap(), all[j], max_relative = 1e-8);
        let without: Vec<f64> = (0..200).map(|i| figures(Some(i))[j]).collect();
        let mean = without.iter().sum::<f64>() / 200.0;
        let variance: f64 = without.iter().map(|x| (x - mean).powi(2)).sum::<f64>() * 199.0 / 200.0;
        assert_relative_eq!(
            estimate.stderr.unwrap(),
            variance.sqrt(),
            max_relative = 0.03
        );
    }
    // Tokens are as they were: without prompts and at one price the shares are those of tokens.
    let plain = of_log(&table, &replay, &self::prices("generated = 1e-6\n")).unwrap();
    let tokens: f64 = table.rows().iter().map(|row| row.tokens as f64).sum();
    let paid: f64 = (0..table.rows().len())
        .map(|i| replay.tokens_generated(i) as f64 + replay.judgement(i).cost)
        .sum();
    let savings = figure(&plain, "savings").estimate.mean.unwrap();
    assert_relative_eq!(savings, 1.0 - paid / tokens, max_relative = 1e-8);
    assert!(all[0] < savings);
    // A problem that was generated is paid as such, not once more as a prompt.
    let generated = Replay::new(&table, &policy, policy.checkpoints(), true).unwrap();
    let found = of_log(
        &table,
        &generated,
        &self::prices("generated = 0.5\nprompt = 9\n"),
    )
    .unwrap();
    let problems: f64 = table
        .rows()
        .iter()
        .map(|row| row.problem_tokens as f64)
        .sum();
    let full = figure(&found, "full").estimate.mean.unwrap();
    assert_relative_eq!(full, 0.5 * (tokens + problems) / 600.0, max_relative = 1e-8);
}

const HOSTED: &str = "experiments/prices/hosted.toml";

#[test]
fn every_form_has_the_money_and_none_without_prices() {
    let run = |command: &[&str], format: &str| {
        let output = foldem(&[command, &["--format", format]].concat());
        assert_eq!(code(&output), 0, "{}", stderr(&output));
        stdout(&output)
    };
    let scenario = ["simulate", "experiments/runaway.toml", "--attempts", "5000"];
    let log = [
        "replay",
        "tests/fixtures/golden/replay.jsonl",
        "--policy",
        "tests/fixtures/golden/replay.policy.toml",
    ];
    for command in [&scenario[..], &log] {
        let priced = [command, &["--prices", HOSTED]].concat();
        for (format, mark) in [
            ("table", "saved per million retained"),
            ("markdown", "| saved per million retained |"),
            ("csv", "money,saved_per_million,"),
            ("html", "saved per million retained"),
        ] {
            assert!(run(&priced, format).contains(mark), "{format}");
        }
        let with: Value = serde_json::from_str(&run(&priced, "json")).unwrap();
        let without: Value = serde_json::from_str(&run(command, "json")).unwrap();
        assert!(with["money"]["figures"]["full"]["mean"].as_f64().unwrap() > 0.0);
        assert_eq!(with["money"]["prices"]["currency"], "USD");
        assert_eq!(with["estimates"], without["estimates"]);
        assert!(without.get("money").is_none());
    }
    assert!(run(&["check", HOSTED], "table").contains("2.7750e-8 a token of the prompt"));
}

#[test]
fn what_is_wrong_with_prices_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("p.toml");
    let head = "schema = 'foldem.prices/1'\nname = 'p'\ncurrency = 'EUR'\n";
    for (text, why) in [
        ("", "generated: is missing"),
        ("generated = -1\n", "a price must lie in"),
        ("generated = 1\nper_tokens = 0\n", "per_tokens"),
        ("generated = 1\npromt = 1\n", "did you mean `prompt`?"),
        (
            "generated = 1\n[[discount]]\nname = 'd'\non = 'promt'\nfactor = 0.5\n",
            "did you mean `prompt`?",
        ),
        (
            "generated = 1\n[[discount]]\nname = 'd'\non = 'prompt'\nfactor = 1.5\n",
            "what is left of the price",
        ),
        ("generated = 0\n", "a full generation costs nothing"),
        (
            "generated = 0\ncheck = 1\nprompt = 1\n",
            "a full generation costs nothing at these prices",
        ),
        (
            "generated = 1\n[stages]\nnowhere = 1\n",
            "`stages.nowhere` is no stage",
        ),
    ] {
        fs::write(&path, head.to_owned() + text).unwrap();
        let path = path.to_str().unwrap();
        let output = foldem(&[
            "simulate",
            "experiments/runaway.toml",
            "--attempts",
            "100",
            "--prices",
            path,
        ]);
        assert_eq!(code(&output), 3, "{text}: {}", stderr(&output));
        assert!(stderr(&output).contains(why), "{text}: {}", stderr(&output));
    }
    fs::write(&path, head.to_owned() + "generated = 1\n[stages]\na = 1\n").unwrap();
    let output = foldem(&[
        "replay",
        "tests/fixtures/golden/replay.jsonl",
        "--policy",
        "paper",
        "--prices",
        path.to_str().unwrap(),
    ]);
    assert_eq!(code(&output), 3, "{}", stderr(&output));
    assert!(stderr(&output).contains("a log has no stages"));
    let output = foldem(&[
        "simulate",
        "experiments/runaway.toml",
        "--prices",
        HOSTED,
        "--conditional",
    ]);
    assert_eq!(code(&output), 2);
}
