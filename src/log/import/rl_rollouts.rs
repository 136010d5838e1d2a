//! Rollouts of reinforcement learning: verl's JSON Lines (`input`, `output`, `gts`, `score`,
//! `step`) and the completions of TRL's GRPO trainer (`step`, `prompt`, `completion`, a column per
//! reward function, `advantage`).
//!
//! A prompt comes back in later steps, where another state of the model answers it: it is one
//! prompt all the same, told by its text, and the step becomes an attribute.

use std::collections::BTreeSet;

use serde_json::Map;

use super::node::Label;
use super::prompt::{Prompt, completion_text};
use super::{Importer, Node, Out};
use crate::input::{Mistakes, quoted_list};
use crate::log::Record;

/// TRL's columns that are no rewards.
const NO_REWARD: [&str; 8] = [
    "step",
    "prompt",
    "completion",
    "advantage",
    "image",
    "images",
    "prompt_id",
    "id",
];

/// Reads rollouts.
pub(super) struct RlRollouts {
    label: Option<String>,
    /// Rewards of which none is the verdict.
    rewards: BTreeSet<String>,
    scores: u64,
    without_label: u64,
}

impl RlRollouts {
    pub(super) fn new(label: Option<String>) -> Self {
        Self {
            label,
            rewards: BTreeSet::new(),
            scores: 0,
            without_label: 0,
        }
    }

    /// Where the verdict stands.
    fn verdict<'v>(&mut self, row: &Node<'v>, trl: bool) -> Option<Node<'v>> {
        if let Some(label) = &self.label {
            let found = row.get(label);
            self.without_label += u64::from(found.is_none());
            return found;
        }
        if !trl {
            // A reward may have parts for form; `acc` is right or wrong alone.
            return row.get("acc").or_else(|| row.get("score"));
        }
        let keys = row.value().as_object().into_iter().flat_map(Map::keys);
        let rewards: Vec<&str> = keys
            .map(String::as_str)
            .filter(|key| !NO_REWARD.contains(key))
            .filter(|key| row.get(key).is_some_and(|node| node.value().is_number()))
            .collect();
        let of_answer: Vec<&str> = rewards
            .iter()
            .copied()
            .filter(|key| key.contains("acc") || key.contains("correct"))
            .collect();
        match (&rewards[..], &of_answer[..]) {
            ([one], _) | (_, [one]) => row.get(one),
            _ => {
                self.rewards.extend(rewards.into_iter().map(str::to_owned));
                None
            }
        }
    }
}

impl Importer for RlRollouts {
    fn read(&mut self, row: &Node<'_>, out: &mut Out, m: &mut Mistakes) {
        let trl = row.get("completion").is_some();
        let (prompt, completion) = if trl {
            (row.get("prompt"), row.get("completion"))
        } else {
            (row.get("input"), row.get("output"))
        };
        let Some(completion) = completion else {
            return out.leave_out("a rollout without text");
        };
        let solution = match completion_text(completion.value()) {
            Ok(text) => text,
            Err(_) if !completion.value().is_array() => {
                return completion.wrong("a string or a list of messages", m);
            }
            Err(why) => return out.leave_out(why),
        };
        let label = self.verdict(row, trl).and_then(|node| node.label(m));
        self.scores += u64::from(matches!(label, Some(Label::Score(_))));
        let (correct, utility) = Label::told(label);
        let prompt = prompt.and_then(|node| Prompt::of(node.value()));
        let mut attributes = Map::new();
        if let Some(step) = row.get("step") {
            attributes.insert("step".to_owned(), step.value().clone());
        }
        let gold = row.get("gts").filter(|node| !node.value().is_object());
        let gold = gold.map(|node| match node.items() {
            Some(items) if items.len() == 1 => items[0].clone(),
            _ => node,
        });
        out.records.push(Record {
            prompt_id: prompt.as_ref().map(|p| p.id.clone()),
            problem: prompt.and_then(|p| p.problem),
            solution,
            correct,
            utility,
            gold: gold
                .filter(|n| !n.value().is_array())
                .and_then(|n| n.word(m)),
            attributes: (!attributes.is_empty()).then_some(attributes),
            ..Record::default()
        });
    }

    fn remarks(&self) -> Vec<String> {
        let mut remarks = Vec::new();
        if !self.rewards.is_empty() {
            remarks.push(format!(
                "several rewards and none that says right or wrong by its name ({}): labels are \
                 left unknown; name one with --label",
                quoted_list(self.rewards.iter().map(String::as_str))
            ));
        }
        if self.without_label > 0 {
            remarks.push(format!(
                "{} rows do not have the key `{}` that --label names",
                self.without_label,
                self.label.as_deref().unwrap_or_default()
            ));
        }
        if self.scores > 0 {
            remarks.push(format!(
                "{} rollouts have a score that is neither 0, 1 nor −1: `correct` is left unknown, \
                 and the score is their utility where it lies in [0, 1]",
                self.scores
            ));
        }
        remarks
    }
}
