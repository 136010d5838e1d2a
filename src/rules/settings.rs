//! The parameters of a rule as a policy gives them.

use std::collections::BTreeMap;

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
