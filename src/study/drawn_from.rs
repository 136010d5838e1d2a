//! The scenario that an experiment draws its logs from, as its file names it.

use std::path::Path;

use crate::input::{Document, InputError, Item, Mistakes};
use crate::scenario::Scenario;

/// The file's name, its text, and what `accept` makes of the scenario in it, or says why that will not do. The
/// file is looked for in `directory`.
pub(super) fn drawn_from<T>(
    item: &Item<'_, '_>,
    directory: &Path,
    mistakes: &mut Mistakes,
    accept: impl FnOnce(Scenario) -> Result<T, String>,
) -> Option<(String, String, T)> {
    let name = item.string(mistakes)?;
    let path = directory.join(&name);
    let read = || -> Result<(String, T), String> {
        let in_one_line = |e: InputError| {
            let all: Vec<String> = e.to_string().lines().map(str::to_owned).collect();
            all.join("; ")
        };
        let text = Document::read(&path).map_err(in_one_line)?;
        let folder = path.parent().unwrap_or(directory);
        let scenario = Scenario::parse(&path.display().to_string(), &text, folder);
        let accepted = accept(scenario.map_err(in_one_line)?)?;
        Ok((text, accepted))
    };
    match read() {
        Ok((text, accepted)) => Some((name, text, accepted)),
        Err(reason) => {
            let message = format!("is \"{name}\", which cannot be used: {reason}");
            mistakes.push(item.path(), message);
            None
        }
    }
}
