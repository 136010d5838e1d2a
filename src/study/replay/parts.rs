//! Many policies on one table: what a validator cannot change is tallied once.
//!
//! Prompts are parted by the validators that alarm on any of their generations. On a part on which
//! a validator is silent, a policy that consults it alone rejects nothing, and one that leaves it
//! out does what the whole policy does; where it is the only one that alarms, it is the other way
//! round. Tallies are exact sums: those of such a part are computed
//! once and merged with those of the parts on which the policies differ, to the same bits.
//!
//! Assumes that checkpoints charge nothing and stand at one place of each generation: else what they
//! do to one generation depends on others.

use std::collections::BTreeMap;

use rayon::prelude::*;

use super::by_prompt;
use super::estimation::{known, tally, tally_of};
use crate::estimate::{Estimates, Tally};
use crate::outcome::{Fold, Frame, Knowledge, MOST_VALIDATORS, OutcomeBatch, Validators};
use crate::policy::{Checkpoint, Position};
use crate::replay::{Replay, Table};

/// Parts that are kept apart. Prompts of others, the smallest, make up one on which nobody is
/// taken to be silent.
const MOST_PARTS: usize = 64;

/// Levels of all covariates that are tallied by part; the size of a tally grows with their square.
const MOST_LEVELS: usize = 100;

/// The prompts of a table, parted.
pub(super) struct Parts {
    /// All generations, those of one prompt next to each other.
    rows: Vec<usize>,
    parts: Vec<Part>,
}

/// Generations on which the same validators alarm.
struct Part {
    alarming: Validators,
    rows: Vec<usize>,
}

/// What a policy does, by part.
pub(super) struct Tallies {
    frame: Frame,
    parts: Vec<Tally>,
}

/// What a policy does to all generations together, and by part without covariates.
pub(super) struct Known {
    /// With the table's covariates.
    pub(super) tally: Tally,
    pub(super) whole: Tallies,
    /// What its checkpoints do if nobody rejects anything at them.
    pub(super) nobody: Tallies,
}

impl Parts {
    /// The parts of `table`; `None` where not everything is known of all its generations, or there
    /// are too many validators.
    pub(super) fn new(table: &Table) -> Option<Self> {
        Self::at_most(MOST_PARTS, table)
    }

    fn at_most(most: usize, table: &Table) -> Option<Self> {
        let rows = by_prompt(table);
        let complete = rows.iter().all(|&i| known(table, i) == Knowledge::FULL);
        if !complete || table.validators().len() > MOST_VALIDATORS {
            return None;
        }
        let prompt = |i: usize| table.rows()[i].prompt;
        let mut parts: BTreeMap<Validators, Vec<usize>> = BTreeMap::new();
        for generations in rows.chunk_by(|&i, &j| prompt(i) == prompt(j)) {
            let alarming = generations
                .iter()
                .fold(0, |set, &i| set | table.alarms(i).raising());
            parts.entry(alarming).or_default().extend(generations);
        }
        let mut parts: Vec<Part> = parts
            .into_iter()
            .map(|(alarming, rows)| Part { alarming, rows })
            .collect();
        if parts.len() > most {
            parts.sort_by_key(|part| std::cmp::Reverse(part.rows.len()));
            let rest = parts.split_off(most - 1);
            parts.push(Part {
                alarming: Validators::MAX,
                rows: rest.into_iter().flat_map(|part| part.rows).collect(),
            });
        }
        Some(Self { rows, parts })
    }

    /// Whether policies with these checkpoints can be compared part by part.
    pub(super) fn suit(checkpoints: &[Checkpoint<Position>]) -> bool {
        checkpoints.iter().all(|checkpoint| {
            checkpoint.cost_tokens <= 0.0 && !matches!(checkpoint.at, Position::EveryTokens(_))
        })
    }

    /// What is known of `replay`, whose checkpoints suit.
    pub(super) fn known(&self, table: &Table, replay: &Replay<'_>) -> Known {
        let levels: usize = table.covariates().iter().map(|c| c.levels.len()).sum();
        if levels > MOST_LEVELS {
            let whole = self.tallies(replay, false);
            return Known {
                tally: tally(table, replay, &self.rows, Knowledge::FULL, true),
                nobody: whole.of_nobody(),
                whole,
            };
        }
        let with_covariates = self.tallies(replay, true);
        let whole = with_covariates.without_covariates();
        Known {
            tally: with_covariates.merged(),
            nobody: whole.of_nobody(),
            whole,
        }
    }

    /// What `replay` does on each part, with the table's covariates or without any.
    pub(super) fn tallies(&self, replay: &Replay<'_>, covariates: bool) -> Tallies {
        let frame = replay.frame(&self.rows, Knowledge::FULL, covariates);
        let parts = self.parts.par_iter();
        let tally = |part: &Part| tally_of(&replay.of_prompts(part.rows.clone(), frame.clone()));
        Tallies {
            parts: parts.map(tally).collect(),
            frame,
        }
    }

    /// Estimates of what `replay` does, which is what is known of as many checkpoints: where
    /// validator number `validator` is `silent`, and perhaps where it is the `only` one that alarms.
    pub(super) fn estimates(
        &self,
        replay: &Replay<'_>,
        validator: usize,
        silent: &Tallies,
        only: Option<&Tallies>,
    ) -> Estimates {
        let known = |part: &Part| {
            if part.alarming >> validator & 1 == 0 {
                Some(silent)
            } else {
                only.filter(|_| part.alarming == 1 << validator)
            }
        };
        let open = self.parts.iter().filter(|part| known(part).is_none());
        let rows = open.flat_map(|part| &part.rows).copied().collect();
        for known in [Some(silent), only].into_iter().flatten() {
            let checkpoints = replay.checkpoints().len();
            assert_eq!(checkpoints, known.frame.checkpoints, "as many checkpoints");
        }
        let mut tally = tally_of(&replay.of_prompts(rows, silent.frame.clone()));
        for (p, part) in self.parts.iter().enumerate() {
            if let Some(known) = known(part) {
                <Tally as Fold<OutcomeBatch>>::merge(&mut tally, known.parts[p].clone());
            }
        }
        Estimates::new(&tally)
    }
}

impl Tallies {
    /// What the policy does on all parts together.
    fn merged(&self) -> Tally {
        let mut merged = Tally::new(&self.frame);
        for tally in &self.parts {
            <Tally as Fold<OutcomeBatch>>::merge(&mut merged, tally.clone());
        }
        merged
    }

    /// The same without covariates.
    fn without_covariates(&self) -> Self {
        Self {
            frame: Frame {
                covariates: Vec::new(),
                ..self.frame.clone()
            },
            parts: self.parts.iter().map(Tally::without_covariates).collect(),
        }
    }

    /// What the same checkpoints do if nobody rejects anything at them, see [`Tally::of_nobody`].
    fn of_nobody(&self) -> Self {
        Self {
            frame: self.frame.clone(),
            parts: self.parts.iter().map(Tally::of_nobody).collect(),
        }
    }

    /// The same at checkpoints number `kept` alone, for parts on which nobody rejects anything at
    /// others.
    pub(super) fn of(&self, kept: &[usize]) -> Self {
        let parts: Vec<Tally> = self.parts.iter().map(|tally| tally.at(kept)).collect();
        Self {
            frame: Frame {
                checkpoints: kept.len(),
                ..self.frame.clone()
            },
            parts,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::plain_estimates;
    use super::*;
    use crate::log::Record;
    use crate::policy::{Parameter, ParameterKind, PolicyFile, Rule};
    use crate::replay::{Auditor, TableBuilder};

    const LETTERS: [&str; 3] = ["x", "y", "z"];

    fn policy() -> PolicyFile {
        let rule = Rule {
            name: "literal",
            parameters: vec![Parameter {
                name: "patterns",
                kind: ParameterKind::Texts,
                required: true,
            }],
        };
        let head = "schema = \"foldem.policy/1\"\nname = \"p\"\nexpected_tokens = 12\n";
        let validators = LETTERS.map(|x| {
            format!("[[validator]]\nname = \"{x}\"\nrule = \"literal\"\npatterns = [\"{x}\"]\n")
        });
        let checkpoints = [
            ("{ tokens = 4 }", "\"x\", \"y\""),
            ("{ expected_fraction = 0.5 }", "\"y\", \"x\""),
            ("\"solution\"", "\"x\", \"y\", \"z\""),
        ]
        .map(|(at, of)| format!("[[checkpoint]]\nat = {at}\nvalidators = [{of}]\n"));
        let text = [head.to_owned(), validators.concat(), checkpoints.concat()].concat();
        PolicyFile::parse("p.toml", &text, &[rule]).unwrap()
    }

    /// Three generations to a prompt, not next to each other, with several sets of letters.
    fn table(policy: &PolicyFile) -> Table {
        let auditor = Auditor::new(policy).unwrap();
        let mut builder = TableBuilder::new(&auditor);
        for i in 0..150_usize {
            let length = 5 + i * 7 % 13;
            let mut solution = ".".repeat(length).into_bytes();
            for (v, letter) in LETTERS.iter().enumerate() {
                if i % [7, 11, 13][v] == 0 {
                    solution[(i * (v + 2)) % length] = letter.as_bytes()[0];
                }
            }
            builder.push(Record {
                id: i.to_string(),
                prompt_id: Some((i % 50).to_string()),
                solution: String::from_utf8(solution).unwrap(),
                token_ends: Some((1..=length).collect()),
                correct: Some(i % 4 > 0),
                ..Record::default()
            });
        }
        builder.finish()
    }

    #[test]
    fn parts_add_up_to_the_whole() {
        let policy = policy();
        let table = table(&policy);
        let replay = Replay::new(&table, &policy, policy.checkpoints(), false).unwrap();
        assert!(Parts::suit(replay.checkpoints()));
        let all: Vec<usize> = (0..table.rows().len()).collect();
        let silent = |parts: &Parts, kept: &[usize]| {
            let mut nobody: Vec<_> = kept
                .iter()
                .map(|&c| policy.checkpoints()[c].clone())
                .collect();
            for checkpoint in &mut nobody {
                checkpoint.validators.clear();
            }
            parts.tallies(&replay.at(&nobody), false).parts
        };
        for most in [1, 3, MOST_PARTS] {
            let parts = Parts::at_most(most, &table).unwrap();
            assert!(parts.parts.len() <= most && parts.parts.len() > most.min(3) - 1);
            let Known {
                tally,
                whole,
                nobody,
            } = parts.known(&table, &replay);
            assert_eq!(
                tally,
                super::tally(&table, &replay, &all, Knowledge::FULL, true)
            );
            assert!(!tally.frame().covariates.is_empty());
            for v in 0..LETTERS.len() {
                let left_out = replay.checkpoints_of(|w| w != v);
                assert_eq!(left_out.len(), replay.checkpoints().len());
                let left_out = replay.at(&left_out);
                let expected = plain_estimates(&table, &left_out, &all);
                assert_eq!(parts.estimates(&left_out, v, &whole, None), expected);
                assert_eq!(
                    parts.estimates(&left_out, v, &whole, Some(&nobody)),
                    expected
                );
                let alone = replay.checkpoints_of(|w| w == v);
                let consults = |c: &usize| policy.checkpoints()[*c].validators.contains(&v);
                let consulting: Vec<usize> = (0..3).filter(consults).collect();
                let only = whole.of(&consulting);
                let nobody = nobody.of(&consulting);
                assert_eq!(nobody.parts, silent(&parts, &consulting));
                let alone = replay.at(&alone);
                let expected = plain_estimates(&table, &alone, &all);
                assert_eq!(parts.estimates(&alone, v, &nobody, None), expected);
                assert_eq!(parts.estimates(&alone, v, &nobody, Some(&only)), expected);
            }
            // Of one that alarms, the whole policy is not what is left.
            let alone = replay.checkpoints_of(|w| w == 0);
            let alone = replay.at(&alone);
            let wrong = parts.estimates(&alone, 0, &whole, None);
            let expected = plain_estimates(&table, &alone, &all);
            // Large parts may hide that, smaller ones must not.
            assert!(most < MOST_PARTS || wrong != expected);
        }
    }

    #[test]
    fn what_depends_on_other_generations_is_not_parted() {
        let mut checkpoints = policy().checkpoints().to_vec();
        checkpoints[0].cost_tokens = 0.5;
        assert!(!Parts::suit(&checkpoints));
        checkpoints[0].cost_tokens = 0.0;
        checkpoints[0].at = Position::EveryTokens(2);
        assert!(!Parts::suit(&checkpoints));
    }
}
