//! `cargo bench --bench rules`: how fast each rule reads, on text like a chat's about school problems
//! (about 7 equals signs in 1,000 bytes) and on text full of equations (about 34).
//!
//! The texts are made up, the same ones every time, in records of about 1,000 bytes. The best of several
//! runs is shown: other work on the machine can only slow one down.

#![allow(
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a benchmark reads the clock and prints what it finds"
)]

use std::time::Instant;

use foldem::rules::{RULES, Setting, Settings};

const RUNS: usize = 5;

const RECORDS: u64 = 4000;

/// Sentences of a chat in which `A + B = C` stands for an equation.
const SENTENCES: [&str; 6] = [
    "To find out how much she makes at the market, we add what is left of the eggs she has. ",
    "So in the first week he has A + B = C dollars left.\n",
    "First, let's look at the number of miles that they drive each day, which is about the same. ",
    "The total cost of the tickets is $A * D = $E.\n\n",
    "Therefore, the answer depends on how many of the apples were given away before noon. ",
    "**Step 2:** He needs (A + B) * 2 = F more pages. ",
];

/// Numbers that look drawn, the same ones every time.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (self.0 >> 33) % limit
    }

    /// A sentence with its equation filled in, which holds.
    fn fill(&mut self, sentence: &str) -> String {
        let [a, b, d] = [2 + self.below(200), 2 + self.below(90), 2 + self.below(12)];
        let numbers = [
            ("A", a),
            ("B", b),
            ("C", a + b),
            ("D", d),
            ("E", a * d),
            ("F", 2 * (a + b)),
        ];
        let mut text = sentence.to_owned();
        for (name, number) in numbers {
            for (before, after) in [(" ", " "), ("$", " "), ("(", " "), (" ", ")"), ("$", ".")] {
                let named = format!("{before}{name}{after}");
                text = text.replace(&named, &format!("{before}{number}{after}"));
            }
        }
        text
    }
}

fn prose() -> Vec<String> {
    let mut numbers = Numbers(1);
    let mut record = |_| {
        let mut text = String::new();
        while text.len() < 1000 {
            let sentence = SENTENCES[usize::try_from(numbers.below(6)).unwrap_or(0)];
            text += &numbers.fill(sentence);
        }
        text
    };
    (0..RECORDS).map(&mut record).collect()
}

fn dense() -> Vec<String> {
    let mut numbers = Numbers(2);
    let mut record = |_| {
        let mut text = String::new();
        while text.len() < 1000 {
            text += &numbers.fill("So A + B = C eggs.\nThen he has $A * D = $E. ");
        }
        text
    };
    (0..RECORDS).map(&mut record).collect()
}

fn main() {
    for (name, texts) in [("prose", prose()), ("dense", dense())] {
        let bytes: usize = texts.iter().map(String::len).sum();
        let equals: usize = texts.iter().map(|text| text.matches('=').count()).sum();
        println!(
            "{name}: {:.1} equals signs in 1,000 bytes",
            1000.0 * equals as f64 / bytes as f64
        );
        for rule in RULES {
            let patterns = Setting::Texts(vec!["as an AI".to_owned()]);
            let settings: Settings = match rule.name {
                "literal" | "regex" => [("patterns", patterns)].into_iter().collect(),
                _ => Settings::default(),
            };
            let mut detector = (rule.build)(&settings).expect("settings that go together");
            let mut alarms = 0;
            let seconds = (0..RUNS).map(|_| {
                let start = Instant::now();
                alarms = 0;
                for text in &texts {
                    detector.start(None);
                    let found = detector.read_text(text).is_some() || detector.finish();
                    alarms += usize::from(found);
                }
                start.elapsed().as_secs_f64()
            });
            let best = seconds.fold(f64::INFINITY, f64::min);
            println!(
                "  {:22} {:7.0} MB/s, {alarms} alarms",
                rule.name,
                bytes as f64 / best / 1e6
            );
        }
    }
}
