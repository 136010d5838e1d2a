//! A scenario that another file names, such as that of a sweep.

use std::path::Path;

use super::Scenario;
use crate::input::{Document, InputError, Item, Mistakes};

/// A scenario with the file that it was read from.
#[derive(Debug, Clone)]
pub struct Referred {
    /// The file, relative to the one that names it.
    pub file: String,
    /// What it holds.
    pub text: String,
    /// The scenario.
    pub scenario: Scenario,
}

impl Referred {
    /// Reads the scenario that `item` names for `study`, which knows no early exit; it is looked for in
    /// `directory`. Its mistakes become one of `item`.
    pub fn read(
        item: &Item<'_, '_>,
        (directory, study): (&Path, &str),
        mistakes: &mut Mistakes,
    ) -> Option<Self> {
        let file = item.string(mistakes)?;
        let path = directory.join(&file);
        let read = || -> Result<(String, Scenario), InputError> {
            let text = Document::read(&path)?;
            let folder = path.parent().unwrap_or(directory);
            let shown = path.display().to_string();
            let scenario = Scenario::parse_without_early_exit(&shown, &text, folder, study)?;
            Ok((text, scenario))
        };
        match read() {
            Ok((text, scenario)) => Some(Self {
                file,
                text,
                scenario,
            }),
            Err(error) => {
                let all: Vec<String> = error.to_string().lines().map(str::to_owned).collect();
                Self::refuse(item, &file, &all.join("; "), mistakes);
                None
            }
        }
    }

    /// The file, its text, and what `accept` makes of the scenario in it, or says why that will not do;
    /// otherwise as [`read`](Self::read).
    pub fn accepted<T>(
        item: &Item<'_, '_>,
        place: (&Path, &str),
        mistakes: &mut Mistakes,
        accept: impl FnOnce(Scenario) -> Result<T, String>,
    ) -> Option<(String, String, T)> {
        let Self {
            file,
            text,
            scenario,
        } = Self::read(item, place, mistakes)?;
        match accept(scenario) {
            Ok(accepted) => Some((file, text, accepted)),
            Err(why) => {
                Self::refuse(item, &file, &why, mistakes);
                None
            }
        }
    }

    /// Notes why the scenario of `file`, named by `item`, cannot be used.
    fn refuse(item: &Item<'_, '_>, file: &str, why: &str, mistakes: &mut Mistakes) {
        let message = format!("is \"{file}\", which cannot be used: {why}");
        mistakes.push(item.path(), message);
    }
}
