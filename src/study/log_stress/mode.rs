//! The ways in which the alarms and labels of a log may be other than they are: each has a name and one
//! strength, and at strength 0 the log is as it is.

use crate::input::{nearest, quoted_list};
use crate::replay::Table;
use crate::study::stress::Choice;

/// Furthest shift of log-odds: beyond it every probability is 0 or 1 for all that matters.
const FURTHEST: f64 = 50.0;
/// Furthest delay.
const LATEST: f64 = 1e9;
/// Covariates whose levels get a mode without being asked for.
const BY_ITSELF: [&str; 3] = ["model", "benchmark", "prompt_pass_rate"];

/// A way in which a log may be otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Strength is added to the log-odds of an alarm at a look at an accepted generation.
    FalseAlarmShift,
    /// The same at a refused one.
    SensitivityShift,
    /// Each look at any generation alarms out of nothing with this probability.
    AddedAlarms,
    /// This share of alarms is lost: of all validators, or of one by its number.
    Drop(Option<usize>),
    /// Alarms are raised so many tokens later.
    Delay,
    /// Alarms are heard so many of their validator's places later.
    LateLooks,
    /// As [`Mode::FalseAlarmShift`], at the accepted of one level of a covariate alone.
    Attribute {
        /// Number of the covariate of the table.
        covariate: usize,
        /// Number of the level.
        level: u32,
    },
    /// Each label is turned round with this probability.
    LabelNoise,
    /// This share of the accepted is rejected besides, so that the cost ratio is the greatest, or the
    /// total variation of a covariate is.
    WorstCase(Option<usize>),
}

/// A mode with its first and last strength.
pub(super) type WithRange = (Mode, (f64, f64));

impl Mode {
    /// All modes that are examined without being asked for; `hardest` gives the level of a covariate
    /// that is put under stress, if it has one.
    pub(super) fn all(
        table: &Table,
        covariates: &[usize],
        hardest: impl Fn(usize) -> Option<u32>,
    ) -> Vec<Self> {
        let mut all = vec![
            Self::FalseAlarmShift,
            Self::SensitivityShift,
            Self::AddedAlarms,
            Self::Drop(None),
        ];
        if table.validators().len() > 1 {
            all.extend((0..table.validators().len()).map(|v| Self::Drop(Some(v))));
        }
        all.extend([Self::Delay, Self::LateLooks]);
        for &covariate in covariates {
            if BY_ITSELF.contains(&table.covariates()[covariate].name.as_str()) {
                let level = hardest(covariate);
                all.extend(level.map(|level| Self::Attribute { covariate, level }));
            }
        }
        all.extend([Self::LabelNoise, Self::WorstCase(None)]);
        all.extend(covariates.iter().map(|&v| Self::WorstCase(Some(v))));
        all
    }

    /// The modes that `choices` name with their ranges, in their order; `all` where none is named.
    pub(super) fn chosen(
        table: &Table,
        all: &[Self],
        choices: &[Choice],
    ) -> Result<Vec<WithRange>, String> {
        if choices.is_empty() {
            return Ok(all.iter().map(|mode| (*mode, mode.range())).collect());
        }
        let mut chosen: Vec<WithRange> = Vec::new();
        for choice in choices {
            let mode = match choice.name.strip_prefix("attribute.") {
                Some(group) => Self::of_group(table, group)?,
                None => *all
                    .iter()
                    .find(|mode| mode.name(table) == choice.name)
                    .ok_or_else(|| unknown(&choice.name, table, all))?,
            };
            if chosen.iter().any(|(other, _)| *other == mode) {
                return Err(format!("{} is named twice; name it once", mode.name(table)));
            }
            let range = choice.range.unwrap_or(mode.range());
            mode.check(table, range)?;
            chosen.push((mode, range));
        }
        Ok(chosen)
    }

    /// The mode of `NAME=LEVEL`.
    fn of_group(table: &Table, group: &str) -> Result<Self, String> {
        let covariates = || table.covariates().iter();
        let is_name = |name: &str| group.strip_prefix(name)?.strip_prefix('=');
        let found = covariates()
            .enumerate()
            .find_map(|(v, c)| is_name(&c.name).map(|level| (v, level)));
        let Some((covariate, level)) = found else {
            let names = || covariates().map(|c| c.name.as_str());
            let name = group.split('=').next().unwrap_or(group);
            let hint = nearest(name, names()).map_or_else(
                || ".".to_owned(),
                |near| format!("; did you mean `{near}`?"),
            );
            return Err(format!(
                "is \"attribute.{group}\", and the log tells no generations apart by that; write \
                 attribute.NAME=LEVEL{hint} Known names: {}",
                quoted_list(names())
            ));
        };
        let levels = &table.covariates()[covariate].levels;
        let place = levels.iter().position(|l| l == level);
        let level = place.and_then(|place| u32::try_from(place).ok());
        let level = level.ok_or_else(|| {
            format!(
                "is \"attribute.{group}\", and no generation has that value. Known: {}",
                quoted_list(levels.iter().map(String::as_str))
            )
        })?;
        Ok(Self::Attribute { covariate, level })
    }

    /// Its name.
    pub fn name(&self, table: &Table) -> String {
        let covariate = |v: usize| &table.covariates()[v];
        match *self {
            Self::FalseAlarmShift => "false-alarm-shift".to_owned(),
            Self::SensitivityShift => "sensitivity-shift".to_owned(),
            Self::AddedAlarms => "added-alarms".to_owned(),
            Self::Drop(None) => "drop".to_owned(),
            Self::Drop(Some(v)) => format!("drop.{}", table.validators()[v].name),
            Self::Delay => "delay".to_owned(),
            Self::LateLooks => "late-looks".to_owned(),
            Self::Attribute {
                covariate: v,
                level,
            } => {
                let covariate = covariate(v);
                format!(
                    "attribute.{}={}",
                    covariate.name, covariate.levels[level as usize]
                )
            }
            Self::LabelNoise => "label-noise".to_owned(),
            Self::WorstCase(None) => "worst-case".to_owned(),
            Self::WorstCase(Some(v)) => format!("worst-case.{}", covariate(v).name),
        }
    }

    /// What its strength is.
    pub fn unit(&self) -> &'static str {
        match self {
            Self::FalseAlarmShift => "log-odds added to false alarms",
            Self::SensitivityShift => "log-odds added to detection",
            Self::AddedAlarms => "alarms out of nothing per look",
            Self::Drop(_) => "share of alarms lost",
            Self::Delay => "tokens later",
            Self::LateLooks => "places later",
            Self::Attribute { .. } => "log-odds added at this value",
            Self::LabelNoise => "share of labels turned round",
            Self::WorstCase(_) => "share of the accepted",
        }
    }

    /// The strengths over which it is examined unless others are asked for.
    fn range(&self) -> (f64, f64) {
        match self {
            Self::FalseAlarmShift | Self::SensitivityShift => (-6.0, 6.0),
            Self::AddedAlarms | Self::WorstCase(_) => (0.0, 0.2),
            Self::Drop(_) => (0.0, 1.0),
            Self::Delay => (0.0, 250.0),
            Self::LateLooks => (0.0, 5.0),
            Self::Attribute { .. } => (0.0, 6.0),
            Self::LabelNoise => (0.0, 0.5),
        }
    }

    fn check(&self, table: &Table, (from, to): (f64, f64)) -> Result<(), String> {
        let (least, most) = match self {
            Self::AddedAlarms | Self::Drop(_) | Self::LabelNoise | Self::WorstCase(_) => (0.0, 1.0),
            Self::Delay | Self::LateLooks => (0.0, LATEST),
            _ => (-FURTHEST, FURTHEST),
        };
        if least <= from && from < to && to <= most {
            return Ok(());
        }
        Err(format!(
            "{}={from}:{to} is no range for it; it needs FROM:TO with {least} <= FROM < TO <= {most}",
            self.name(table)
        ))
    }
}

fn unknown(name: &str, table: &Table, all: &[Mode]) -> String {
    let names: Vec<String> = all.iter().map(|mode| mode.name(table)).collect();
    let names = || names.iter().map(String::as_str);
    let hint = nearest(name, names()).map_or_else(
        || ".".to_owned(),
        |near| format!("; did you mean `{near}`?"),
    );
    format!(
        "is \"{name}\", which is no mode of this log{hint} Known: {}, and attribute.NAME=LEVEL",
        quoted_list(names())
    )
}
