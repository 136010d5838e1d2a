//! Where the checkpoints of a policy stand in each generation of a table.

use std::sync::Arc;

use super::{Group, Row, Table};
use crate::policy::{PolicyFile, Position};

/// Where a checkpoint stands in one generation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// Nowhere: the problem was not generated.
    Nowhere,
    /// After this many solution tokens; 0 is after the problem.
    After(u64),
    /// After each multiple of this many solution tokens, ≥ 1.
    Every(u64),
    /// At the complete solution.
    End,
}

/// Why a checkpoint has no place.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ScheduleError {
    /// There is no other prompt to expect a length from.
    #[error(
        "the expected number of tokens of {group} is unknown: the log holds no prompt of this model \
         and benchmark but that of record `{id}`, and a record's own length is not known while it is \
         written; give the policy `expected_tokens`, the mean you expect (a number for all, or \
         `[expected_tokens.{model}]` with `{benchmark} = 300`), use a position in tokens, or leave \
         the record out"
    )]
    NoOtherPrompt {
        /// The model and benchmark.
        group: Group,
        /// Id of the first record of its only prompt.
        id: String,
        /// The model as a key of a policy file, `""` if none is named.
        model: String,
        /// The benchmark likewise.
        benchmark: String,
    },
}

/// The places of all checkpoints in all generations.
#[derive(Debug)]
pub struct Schedule {
    checkpoints: Vec<Stand>,
    from_log: Vec<usize>,
}

/// Where one checkpoint stands.
#[derive(Debug, Clone)]
enum Stand {
    /// At the same place of every generation.
    Same(Place),
    /// After a number of tokens of its own in each.
    After(Arc<[u64]>),
}

impl Stand {
    fn place(&self, row: usize) -> Place {
        match self {
            Self::Same(place) => *place,
            Self::After(tokens) => Place::After(tokens[row]),
        }
    }
}

impl Schedule {
    /// Where the checkpoints at `positions` stand in the generations of `table`; E comes from
    /// `policy`, else from the other prompts of the same model and benchmark.
    pub fn new(
        table: &Table,
        policy: &PolicyFile,
        positions: &[Position],
        problem_generated: bool,
    ) -> Result<Self, ScheduleError> {
        let expects = |p: &Position| matches!(p, Position::ExpectedFraction(_));
        let (expected, from_log) = if positions.iter().any(expects) {
            expected_tokens(table, policy)?
        } else {
            (Vec::new(), Vec::new())
        };
        let rows = table.rows();
        let stand = |position: &Position| match *position {
            Position::Problem if problem_generated => Stand::Same(Place::After(0)),
            Position::Problem => Stand::Same(Place::Nowhere),
            Position::Tokens(tokens) => Stand::Same(Place::After(tokens)),
            Position::EveryTokens(tokens) => Stand::Same(Place::Every(tokens)),
            Position::Solution => Stand::Same(Place::End),
            Position::ExpectedFraction(x) => {
                Stand::After(expected.iter().map(|&e| fraction(x, e)).collect())
            }
            Position::FinalFractionLookahead(x) => {
                let place = |row: &Row| fraction(x, row.tokens as f64);
                Stand::After(rows.iter().map(place).collect())
            }
        };
        Ok(Self {
            checkpoints: positions.iter().map(stand).collect(),
            from_log,
        })
    }

    /// The schedule of the checkpoints number `kept` alone.
    pub(super) fn of(&self, kept: &[usize]) -> Self {
        Self {
            checkpoints: kept.iter().map(|&c| self.checkpoints[c].clone()).collect(),
            from_log: self.from_log.clone(),
        }
    }

    /// Number of checkpoints.
    pub fn checkpoints(&self) -> usize {
        self.checkpoints.len()
    }

    /// Where checkpoint number `checkpoint` stands in generation number `row`.
    pub fn place(&self, checkpoint: usize, row: usize) -> Place {
        self.checkpoints[checkpoint].place(row)
    }

    /// Groups whose expected number of tokens was taken from the log itself.
    pub fn expected_from_log(&self) -> &[usize] {
        &self.from_log
    }
}

/// max(1, round(x · tokens)).
fn fraction(x: f64, tokens: f64) -> u64 {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "at least 1, and a larger number than u64 holds is as good as its largest"
    )]
    let rounded = (x * tokens).round().max(1.0) as u64;
    rounded
}

/// E for each generation, and the groups in which it comes from the log.
fn expected_tokens(
    table: &Table,
    policy: &PolicyFile,
) -> Result<(Vec<f64>, Vec<usize>), ScheduleError> {
    let given = |group: &Group| {
        let name = |name: &Option<String>| name.clone().unwrap_or_default();
        let expected = policy.expected_tokens()?;
        expected.of(&name(&group.model), &name(&group.benchmark))
    };
    let given: Vec<Option<f64>> = table.groups().iter().map(given).collect();
    // Sum and number of tokens, by group and by group and prompt.
    let mut by_group = vec![(0_u128, 0_u64); table.groups().len()];
    let mut by_prompt = std::collections::BTreeMap::new();
    for row in table.rows() {
        let of_prompt = by_prompt
            .entry((row.group, row.prompt))
            .or_insert((0_u128, 0_u64));
        for (sum, count) in [of_prompt, &mut by_group[row.group]] {
            *sum += u128::from(row.tokens);
            *count += 1;
        }
    }
    let key = |name: &Option<String>| format!("\"{}\"", name.as_deref().unwrap_or_default());
    let expected = table.rows().iter().enumerate().map(|(i, row)| {
        if let Some(tokens) = given[row.group] {
            return Ok(tokens);
        }
        let (all, own) = (by_group[row.group], by_prompt[&(row.group, row.prompt)]);
        let others = all.1 - own.1;
        if others == 0 {
            let group = table.groups()[row.group].clone();
            return Err(ScheduleError::NoOtherPrompt {
                id: table.id(i).to_owned(),
                model: key(&group.model),
                benchmark: key(&group.benchmark),
                group,
            });
        }
        Ok((all.0 - own.0) as f64 / others as f64)
    });
    let expected = expected.collect::<Result<_, _>>()?;
    let from_log = (0..given.len()).filter(|&g| given[g].is_none()).collect();
    Ok((expected, from_log))
}
