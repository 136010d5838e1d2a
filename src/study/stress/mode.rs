//! The ways in which a validator, or the final filter, may be miscalibrated: each has a name and one
//! strength, and at strength 0 everything is as the scenario says.

use crate::input::{nearest, quoted_list};
use crate::scenario::Scenario;

/// Furthest shift of log-odds: beyond it every probability is 0 or 1 for all that matters.
const FURTHEST: f64 = 50.0;

/// A way of being miscalibrated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Mode {
    /// Strength is added to the log-odds of every P(alarm | fault kind).
    SensitivityShift,
    /// Strength is added to the log-odds of every P(alarm | clean), at each difficulty.
    FalseAlarmShift,
    /// All log-odds of alarms are divided by the temperature exp(strength).
    Temperature,
    /// Log-odds of all alarms grow by the strength with each stage after the first checkpoint.
    Drift,
    /// The strength is the share of faults of this kind that look clean.
    Blindness(String),
    /// The strength is added to the log-odds of false alarms per standard deviation of difficulty.
    DifficultyEffect,
    /// With this probability all fresh validators of a checkpoint read one common number.
    Correlation,
    /// The final filter turns each of its verdicts round with this probability.
    LabelNoise,
    /// Each alarm probability is off by up to the strength in log-odds, to the greatest cost ratio.
    WorstCase,
}

/// A mode and the strengths over which it is examined; nothing for its own range.
#[derive(Debug, Clone, PartialEq)]
pub struct Choice {
    /// Name of the mode; `blindness` stands for all kinds.
    pub name: String,
    /// First and last strength.
    pub range: Option<(f64, f64)>,
}

/// A mode with its first and last strength.
pub(super) type WithRange = (Mode, (f64, f64));

impl Mode {
    /// All modes of `scenario`, a blindness for each fault kind.
    pub fn all(scenario: &Scenario) -> Vec<Self> {
        let kinds = scenario.states()[1..].iter();
        let first = [
            Self::SensitivityShift,
            Self::FalseAlarmShift,
            Self::Temperature,
            Self::Drift,
        ];
        let last = [
            Self::DifficultyEffect,
            Self::Correlation,
            Self::LabelNoise,
            Self::WorstCase,
        ];
        let blind = kinds.map(|kind| Self::Blindness(kind.clone()));
        first.into_iter().chain(blind).chain(last).collect()
    }

    /// The modes that `choices` name with their ranges, in their order; all where none is named.
    pub(super) fn chosen(
        scenario: &Scenario,
        choices: &[Choice],
    ) -> Result<Vec<WithRange>, String> {
        let all = Self::all(scenario);
        if choices.is_empty() {
            let with_range = |mode: Self| (mode.range(), mode);
            let all = all.into_iter().map(with_range);
            return Ok(all.map(|(range, mode)| (mode, range)).collect());
        }
        let mut chosen: Vec<WithRange> = Vec::new();
        for choice in choices {
            let named = |mode: &&Self| {
                mode.name() == choice.name
                    || (choice.name == "blindness" && matches!(mode, Self::Blindness(_)))
            };
            let found: Vec<&Self> = all.iter().filter(named).collect();
            if found.is_empty() {
                return Err(unknown(&choice.name, &all));
            }
            for mode in found {
                if chosen.iter().any(|(other, _)| other == mode) {
                    return Err(format!("{} is named twice; name it once", mode.name()));
                }
                let range = choice.range.unwrap_or(mode.range());
                mode.check(range)?;
                chosen.push((mode.clone(), range));
            }
        }
        Ok(chosen)
    }

    /// Its name; a blindness has that of its kind behind a dot.
    pub fn name(&self) -> String {
        match self {
            Self::SensitivityShift => "sensitivity-shift".to_owned(),
            Self::FalseAlarmShift => "false-alarm-shift".to_owned(),
            Self::Temperature => "temperature".to_owned(),
            Self::Drift => "drift".to_owned(),
            Self::Blindness(kind) => format!("blindness.{kind}"),
            Self::DifficultyEffect => "difficulty-effect".to_owned(),
            Self::Correlation => "correlation".to_owned(),
            Self::LabelNoise => "label-noise".to_owned(),
            Self::WorstCase => "worst-case".to_owned(),
        }
    }

    /// What its strength is.
    pub fn unit(&self) -> &'static str {
        match self {
            Self::SensitivityShift => "log-odds added to detection",
            Self::FalseAlarmShift => "log-odds added to false alarms",
            Self::Temperature => "ln of the temperature",
            Self::Drift => "log-odds per stage",
            Self::Blindness(_) => "share that looks clean",
            Self::DifficultyEffect => "log-odds per sd of difficulty",
            Self::Correlation => "share of looks in common",
            Self::LabelNoise => "share of verdicts turned round",
            Self::WorstCase => "radius in log-odds",
        }
    }

    /// The strengths over which it is examined unless others are asked for.
    fn range(&self) -> (f64, f64) {
        match self {
            Self::SensitivityShift | Self::FalseAlarmShift => (-6.0, 6.0),
            Self::Temperature | Self::Drift => (-2.0, 2.0),
            Self::Blindness(_) | Self::Correlation => (0.0, 1.0),
            Self::DifficultyEffect => (-3.0, 3.0),
            Self::LabelNoise => (0.0, 0.5),
            Self::WorstCase => (0.0, 3.0),
        }
    }

    fn check(&self, (from, to): (f64, f64)) -> Result<(), String> {
        let (least, most) = match self {
            Self::Blindness(_) | Self::Correlation | Self::LabelNoise => (0.0, 1.0),
            Self::WorstCase => (0.0, FURTHEST),
            _ => (-FURTHEST, FURTHEST),
        };
        if least <= from && from < to && to <= most {
            return Ok(());
        }
        Err(format!(
            "{}={from}:{to} is no range for it; it needs FROM:TO with {least} <= FROM < TO <= {most}",
            self.name()
        ))
    }
}

fn unknown(name: &str, all: &[Mode]) -> String {
    let mut names: Vec<String> = all.iter().map(Mode::name).collect();
    if all.iter().any(|mode| matches!(mode, Mode::Blindness(_))) {
        names.push("blindness".to_owned());
    }
    let names = || names.iter().map(String::as_str);
    let hint = nearest(name, names()).map_or_else(
        || ".".to_owned(),
        |near| format!("; did you mean `{near}`?"),
    );
    format!(
        "is \"{name}\", which is no mode of this scenario{hint} Known: {}",
        quoted_list(names())
    )
}
