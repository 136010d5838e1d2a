//! Logs and candidates for the tests of this module, made up the same way every time.

use rand_xoshiro::rand_core::Rng as _;

use crate::policy::{PolicyFile, Rule};
use crate::replay::{Definition, FirstAlarm, Row, Table};
use crate::rng::{Purpose, stream};

/// Candidates with so many validators, at a grid of `places`, each of which consults all of them.
pub(super) fn candidates(validators: usize, places: &[&str]) -> PolicyFile {
    let names: Vec<String> = (0..validators).map(|v| format!("\"v{v}\"")).collect();
    let each = names
        .iter()
        .map(|name| format!("[[validator]]\nname = {name}\nrule = \"drawn\"\n"));
    let list = names.join(", ");
    let grid = places.iter().zip(0..).map(|(at, i)| {
        // Some places charge.
        let cost = f64::from(i % 3) * 0.5;
        format!("[[checkpoint]]\nat = {at}\nvalidators = [{list}]\ncost_tokens = {cost}\n")
    });
    let text = format!(
        "schema = \"foldem.policy/1\"\nname = \"made-up\"\n{}{}",
        each.collect::<String>(),
        grid.collect::<String>()
    );
    let rule = Rule {
        name: "drawn",
        parameters: Vec::new(),
    };
    PolicyFile::parse("made-up", &text, &[rule]).expect("valid")
}

/// `prompts` prompts of `per_prompt` generations. Validator v finds the bad with a chance that rises with v, and
/// so does the chance that it strikes the good.
pub(super) fn table(
    candidates: &PolicyFile,
    prompts: usize,
    per_prompt: usize,
    seed: u64,
) -> Table {
    let mut draws = stream(seed, Purpose::Control, 0);
    let mut below = |n: u64| draws.next_u64() % n;
    let validators = candidates.validators().len();
    let (mut rows, mut alarms) = (Vec::new(), Vec::new());
    for prompt in 0..prompts {
        for _ in 0..per_prompt {
            let good = below(10) < 6;
            let tokens = 20 + below(100);
            for v in 0..validators as u64 {
                let per_mille = if good { 5 + 8 * v } else { 150 + 60 * v };
                alarms.push(match (below(1000) < per_mille, below(8)) {
                    (true, 0) => FirstAlarm::AtEnd,
                    (true, _) => FirstAlarm::Tokens(1 + below(tokens)),
                    (false, _) => FirstAlarm::Never,
                });
            }
            rows.push(Row {
                prompt,
                group: 0,
                tokens,
                problem_tokens: 0,
                accepted: Some(good),
                utility: Some(f64::from(u8::from(good))),
                rare: None,
            });
        }
    }
    let definitions = candidates.validators().iter().map(Definition::of);
    Table::of_alarms(definitions.collect(), rows, &alarms)
}

/// Places for grids.
pub(super) const PLACES: [&str; 5] = [
    "{ tokens = 30 }",
    "{ every_tokens = 25 }",
    "\"solution\"",
    "{ expected_fraction = 0.5 }",
    "{ tokens = 60 }",
];
