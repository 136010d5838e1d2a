//! What a policy is certified for: one claim for the false rejection rate, and one for every other limit.
//!
//! A policy is certified if every claim is. TV and |retained bias| are at most f (design's theory, section 4), f
//! being the rate over generations – for the bias over those whose utility is known – so claims on them are tested
//! as claims on that f, whatever rate the first claim is about.
//!
//! Each claim has its own m, the most labelled generations that a prompt contributes to it, and with it its own
//! test: where m is 1 and labels are right, generations are independent and the exact test is valid.

use serde::Serialize;

use super::{Test, TuningError, TuningRequest};
use crate::replay::Table;

/// What the false rejection rate is a rate of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Estimand {
    /// Of accepted generations: `E[X]/E[N]`.
    Generation,
    /// Of the accepted generations of a prompt, prompts with any counting alike: `E[X/N | N > 0]`.
    Prompt,
}

/// Something that a policy must keep.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Claim {
    /// What is claimed.
    pub name: String,
    /// The largest value allowed, in (0, 1).
    pub limit: f64,
    /// What the rate is a rate of.
    pub estimand: Estimand,
    /// How it is tested.
    pub test: Test,
    /// m, the most labelled generations that a prompt contributes.
    pub per_prompt: u32,
    #[serde(skip)]
    pub(super) about: About,
}

/// The generations that a claim is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum About {
    All,
    /// Those of a level of a covariate.
    Level(usize, u32),
    /// Those whose utility is known.
    Valued,
}

impl About {
    pub(super) fn holds(self, table: &Table, row: usize) -> bool {
        match self {
            Self::All => true,
            Self::Level(covariate, level) => table.level(covariate, row) == level,
            Self::Valued => table.rows()[row].utility.is_some(),
        }
    }
}

/// The claims, that of the false rejection rate first; `strata` is the covariate whose levels have one each.
pub(super) fn claims(
    table: &Table,
    request: &TuningRequest,
    strata: Option<usize>,
) -> Result<Vec<Claim>, TuningError> {
    let rate = match request.estimand {
        Estimand::Generation => "false rejection rate",
        Estimand::Prompt => "false rejection rate of a prompt, on average,",
    };
    let by_generation = Estimand::Generation;
    let mut wanted = vec![(
        rate.to_owned(),
        request.max_frr,
        request.estimand,
        About::All,
    )];
    if let (Some(covariate), Some((name, limit))) = (strata, &request.limits.stratum) {
        let levels = table.covariates()[covariate].levels.iter().zip(0..);
        wanted.extend(levels.map(|(level, number)| {
            let name = format!("{rate} where {name} is {level}");
            (
                name,
                *limit,
                request.estimand,
                About::Level(covariate, number),
            )
        }));
    }
    if let Some((name, limit)) = &request.limits.shift {
        let name = format!("total variation in {name}, by f");
        wanted.push((name, *limit, by_generation, About::All));
    }
    if let Some(limit) = request.limits.bias {
        let name = "|retained bias|, by f where the utility is known".to_owned();
        wanted.push((name, limit, by_generation, About::Valued));
    }
    let claim = |(name, limit, estimand, about)| {
        let per_prompt = per_prompt(table, request, about)?;
        Ok(Claim {
            test: test(request, per_prompt)?,
            name,
            limit,
            estimand,
            per_prompt,
            about,
        })
    };
    wanted.into_iter().map(claim).collect()
}

/// m: as asked for, else the most that this log has.
fn per_prompt(table: &Table, request: &TuningRequest, about: About) -> Result<u32, TuningError> {
    let mut generations = vec![0_u32; table.prompts()];
    for (i, row) in table.rows().iter().enumerate() {
        generations[row.prompt] += u32::from(row.accepted.is_some() && about.holds(table, i));
    }
    let most = generations.into_iter().max().unwrap_or(0).max(1);
    match request.per_prompt {
        Some(cap) if most > cap => Err(TuningError::InvalidTest(format!(
            "--per-prompt {cap}: a prompt of this log has {most} labelled generations; give the most that a \
             prompt may have, at least as many"
        ))),
        Some(cap) => Ok(cap),
        None => Ok(most),
    }
}

/// The test asked for, where it is valid; else the exact one where that is, else betting.
fn test(request: &TuningRequest, per_prompt: u32) -> Result<Test, TuningError> {
    let exact = per_prompt == 1 && request.judge.is_none();
    match request.test {
        Some(Test::Binomial) if per_prompt > 1 => Err(TuningError::InvalidTest(format!(
            "the binomial test needs one generation per prompt, and a prompt of this log may have \
             {per_prompt}: they are not independent; use betting or hoeffding-bentkus"
        ))),
        Some(Test::Binomial) if !exact => Err(TuningError::InvalidTest(
            "the binomial test needs right labels; with the quality of a judge use betting or \
             hoeffding-bentkus"
                .to_owned(),
        )),
        Some(test) => Ok(test),
        None if exact => Ok(Test::Binomial),
        None => Ok(Test::Betting),
    }
}
