//! The parameters of a rule as a policy gives them.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

/// A value of a parameter, of the kind that the parameter asks for.
#[derive(Debug, Clone, PartialEq)]
pub enum Setting {
    /// A number, or a count.
    Number(f64),
    /// Texts or regular expressions.
    Texts(Vec<String>),
    /// One of the names that the parameter knows.
    Name(&'static str),
}

/// Values by the names of parameters; those that are missing have the rule's default.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Settings(BTreeMap<&'static str, Setting>);

impl Settings {
    /// The number called `name`.
    pub(super) fn number(&self, name: &str) -> Option<f64> {
        match self.0.get(name) {
            Some(Setting::Number(x)) => Some(*x),
            _ => None,
        }
    }

    /// The whole number called `name`, or `default`; an error where it is out of range.
    pub(super) fn whole(
        &self,
        name: &str,
        default: usize,
        range: RangeInclusive<u32>,
    ) -> Result<usize, String> {
        let Some(x) = self.number(name) else {
            return Ok(default);
        };
        let (least, most) = range.into_inner();
        if !(f64::from(least)..=f64::from(most)).contains(&x) || x.fract() > 0.0 {
            return Err(format!(
                "{name} must be a whole number from {least} to {most}"
            ));
        }
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a whole number in the range of u32"
        )]
        Ok(x as usize)
    }

    /// The texts called `name`.
    pub(super) fn texts(&self, name: &str) -> Option<&[String]> {
        match self.0.get(name) {
            Some(Setting::Texts(texts)) => Some(texts),
            _ => None,
        }
    }

    /// The choice called `name`.
    pub(super) fn name(&self, name: &str) -> Option<&'static str> {
        match self.0.get(name) {
            Some(Setting::Name(choice)) => Some(choice),
            _ => None,
        }
    }
}

impl FromIterator<(&'static str, Setting)> for Settings {
    fn from_iter<I: IntoIterator<Item = (&'static str, Setting)>>(settings: I) -> Self {
        Self(settings.into_iter().collect())
    }
}
