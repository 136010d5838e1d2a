//! A policy as people read it: what it does after which verdicts.

use super::experiment::{Experiment, Verdict};
use super::price::Policy;
use super::tree::{Branch, Next, Sights, Tree, verdicts_of};
use crate::scenario::{Response, Scenario};
use crate::theory::joint;

/// What one validator said, or how long a stage was.
#[derive(Debug, Clone, PartialEq)]
pub enum Answer {
    /// An alarm of this validator.
    Alarm(usize),
    /// Silence of this validator.
    Silence(usize),
    /// A score of this validator in a range.
    Score(usize, f64, f64),
    /// A number of tokens in a range.
    Tokens(f64, f64),
}

/// What was seen of one stage.
#[derive(Debug, Clone, PartialEq)]
pub struct Seen {
    /// The stage, from 0.
    pub stage: usize,
    /// Its length, where it tells anything, and what the validators said if they were asked.
    pub answers: Vec<Answer>,
}

/// What is done after one set of verdicts.
#[derive(Debug, Clone, PartialEq)]
pub struct Choice {
    /// The verdicts of the checkpoint; empty where it is not consulted.
    pub answers: Vec<Answer>,
    /// P(verdicts, what was seen before, alive).
    pub probability: f64,
    /// Whether the generation is rejected.
    pub rejects: bool,
}

/// What is done after a stage, given all that was seen before.
#[derive(Debug, Clone, PartialEq)]
pub struct Rule {
    /// After this stage, from 0.
    pub stage: usize,
    /// What was seen, in order.
    pub seen: Vec<Seen>,
    /// P(seen and alive).
    pub probability: f64,
    /// Whether the checkpoint is consulted.
    pub looks: bool,
    /// What follows, in the order of the verdicts.
    pub choices: Vec<Choice>,
}

/// Where a walk along a policy is.
struct Walk {
    place: usize,
    probability: f64,
    seen: Vec<Seen>,
}

/// All rules of the stages whose rules are together at most `most`, and whether these are all.
pub(super) fn rules(
    scenario: &Scenario,
    sights: &Sights,
    tree: &Tree,
    policy: &Policy,
    most: usize,
) -> (Vec<Rule>, bool) {
    let mut rules: Vec<Rule> = Vec::new();
    let mut walks = Vec::new();
    on(sights, 0, 1.0, &[], &tree.root.next, &mut walks);
    for (k, layer) in tree.layers.iter().enumerate() {
        if rules.len() + walks.len() > most {
            return (rules, false);
        }
        let mut next = Vec::new();
        for walk in walks {
            let place = &layer.places[walk.place];
            let looks = policy.looks[k][walk.place];
            let branches = if looks {
                place.looked.clone()
            } else {
                vec![Branch {
                    probability: 1.0,
                    verdict: 0,
                    to: place.unlooked,
                }]
            };
            let mut choices = Vec::new();
            for branch in branches {
                let answers = if looks {
                    answers(scenario, sights, k, branch.verdict)
                } else {
                    Vec::new()
                };
                let probability = walk.probability * branch.probability;
                let rejects = policy.rejects[k][branch.to as usize];
                if !rejects {
                    let seen = with(&walk.seen, k, &answers);
                    let after = &layer.posts[branch.to as usize].next;
                    on(sights, k + 1, probability, &seen, after, &mut next);
                }
                choices.push(Choice {
                    answers,
                    probability,
                    rejects,
                });
            }
            rules.push(Rule {
                stage: k,
                seen: walk.seen,
                probability: walk.probability,
                looks,
                choices: joined(choices),
            });
        }
        walks = next;
    }
    (rules, true)
}

/// The places after a stage, with its length if that is seen.
fn on(
    sights: &Sights,
    k: usize,
    probability: f64,
    seen: &[Seen],
    next: &Next,
    walks: &mut Vec<Walk>,
) {
    let Next::Places(branches) = next else { return };
    for branch in branches {
        let length = match &sights.length[k] {
            Some(Experiment::Table(verdicts)) => verdicts[branch.verdict as usize].range,
            _ => None,
        };
        let answers: Vec<Answer> = length
            .map(|(lo, hi)| Answer::Tokens(lo, hi))
            .into_iter()
            .collect();
        walks.push(Walk {
            place: branch.to as usize,
            probability: probability * branch.probability,
            seen: with(seen, k, &answers),
        });
    }
}

/// `seen` and, if there are any, further answers of stage `k`.
fn with(seen: &[Seen], k: usize, answers: &[Answer]) -> Vec<Seen> {
    let mut seen = seen.to_vec();
    match seen.last_mut().filter(|last| last.stage == k) {
        Some(last) => last.answers.extend_from_slice(answers),
        None if answers.is_empty() => {}
        None => seen.push(Seen {
            stage: k,
            answers: answers.to_vec(),
        }),
    }
    seen
}

/// The answers of the validators of the checkpoint after stage `k`.
fn answers(scenario: &Scenario, sights: &Sights, k: usize, verdict: u32) -> Vec<Answer> {
    let experiments = &sights.checkpoint[k];
    let checkpoint = scenario.checkpoints().iter().find(|c| c.at == k);
    let validators = checkpoint.map_or(&[][..], |c| &c.validators);
    let numbers = verdicts_of(experiments, verdict);
    let alarm = |v, alarmed| {
        if alarmed {
            Answer::Alarm(v)
        } else {
            Answer::Silence(v)
        }
    };
    let mut answers = Vec::new();
    let looks = joint::looks(scenario, validators);
    for ((look, experiment), number) in looks.iter().zip(experiments).zip(numbers) {
        let asked = look.validators().iter().enumerate();
        answers.extend(asked.map(|(i, &v)| match experiment {
            Experiment::Alarm { .. } => alarm(v, number == Verdict::ALARM),
            Experiment::Together(_) => alarm(v, Verdict::alarms(number, i)),
            Experiment::Table(verdicts) => {
                debug_assert!(matches!(
                    scenario.validators()[v].response,
                    Response::Score(_)
                ));
                let (lo, hi) = verdicts[number].range.unwrap_or((0.0, 1.0));
                Answer::Score(v, lo, hi)
            }
        }));
    }
    answers
}

/// Neighbouring cells of one score, all else being equal, after which the same is done, as one.
fn joined(choices: Vec<Choice>) -> Vec<Choice> {
    // Alarms have no neighbours, and of many there are far too many verdicts to hold each against all.
    let scores = |choice: &Choice| {
        let mut answers = choice.answers.iter();
        answers.any(|answer| matches!(answer, Answer::Score(..)))
    };
    if !choices.iter().any(scores) {
        return choices;
    }
    let mut joined: Vec<Choice> = Vec::new();
    for choice in choices {
        // Cells of the first score come in order only among choices that agree in all others, so
        // the one to join may lie further back.
        let found = joined.iter_mut().rev().find_map(|before| {
            let same = before.rejects == choice.rejects;
            let answers = same.then(|| union(&before.answers, &choice.answers))??;
            Some((before, answers))
        });
        match found {
            Some((before, answers)) => {
                before.answers = answers;
                before.probability += choice.probability;
            }
            None => joined.push(choice),
        }
    }
    joined
}

/// Answers that differ in one range alone, which touch, as one.
fn union(a: &[Answer], b: &[Answer]) -> Option<Vec<Answer>> {
    let different: Vec<usize> = (0..a.len()).filter(|&i| a[i] != b[i]).collect();
    let &[i] = different.as_slice() else {
        return None;
    };
    let (Answer::Score(v, lo, middle), Answer::Score(_, from, hi)) = (&a[i], &b[i]) else {
        return None;
    };
    (middle.to_bits() == from.to_bits()).then(|| {
        let mut answers = a.to_vec();
        answers[i] = Answer::Score(*v, *lo, *hi);
        answers
    })
}
