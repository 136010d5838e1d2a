//! `results/`: what stands there, whether it is current, and findings read back from it.
//!
//! A file is read as findings only if this version would write the very same of them: nothing is missing,
//! unknown or another number. So a figure is that of the findings which the file was written from.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::cli::error::CliError;
use crate::digest;
use crate::input::InputError;
use crate::study::figures::{ResultFindings, ResultState};

/// What to do about a file that cannot be used.
const MEND: &str = "run `foldem reproduce` to write it anew, or delete its folder if it is left over from \
                    an experiment that is gone";

/// Where a result comes from.
const PROVENANCE: &str = "provenance";

/// A folder below `results/`.
#[derive(Debug)]
pub(super) struct Stored {
    /// Its name.
    pub(super) name: String,
    folder: PathBuf,
    /// The file that it was computed from, relative to the project, where it says so.
    spec: Option<String>,
    state: ResultState,
    /// Its findings: names of JSON files without ending, in alphabetical order.
    pub(super) kinds: Vec<String>,
}

/// The results of a project, in the order of the files that they were computed from; a project may have none.
pub(super) fn results(directory: &Path) -> Result<Vec<Stored>, CliError> {
    let mut results = Vec::new();
    for folder in entries(&directory.join("results"))? {
        if !folder.is_dir() {
            continue;
        }
        let files = entries(&folder)?;
        let json = files
            .iter()
            .filter(|file| file.extension().is_some_and(|e| e == "json"));
        let (provenance, kinds): (Vec<String>, Vec<String>) = json
            .map(|file| named(file.file_stem()))
            .partition(|stem| stem == PROVENANCE);
        // A folder without findings is none of ours.
        if provenance.is_empty() && kinds.is_empty() {
            continue;
        }
        let text = fs::read_to_string(folder.join("provenance.json")).ok();
        let provenance = text.and_then(|text| serde_json::from_str::<Value>(&text).ok());
        let spec = provenance.as_ref().and_then(|p| p["spec"].as_str());
        results.push(Stored {
            name: named(folder.file_name()),
            spec: spec.map(str::to_owned),
            state: provenance
                .as_ref()
                .map_or(ResultState::Missing, |p| state(p, directory)),
            folder,
            kinds,
        });
    }
    results.sort_by(|a, b| (&a.spec, &a.name).cmp(&(&b.spec, &b.name)));
    Ok(results)
}

/// What is in a folder, in alphabetical order; nothing where there is no such folder.
pub(super) fn entries(folder: &Path) -> Result<Vec<PathBuf>, CliError> {
    if !folder.exists() {
        return Ok(Vec::new());
    }
    let unreadable = |e: std::io::Error| {
        InputError::whole_file(
            &folder.display().to_string(),
            format!("cannot be read: {e}"),
        )
    };
    let entries = fs::read_dir(folder).map_err(unreadable)?;
    let paths = entries.map(|entry| entry.map(|entry| entry.path()));
    let mut paths: Vec<PathBuf> = paths.collect::<Result<_, _>>().map_err(unreadable)?;
    paths.sort();
    Ok(paths)
}

pub(super) fn named(name: Option<&OsStr>) -> String {
    name.unwrap_or_default().to_string_lossy().into_owned()
}

/// Whether every file that a result was computed from has the hash that it had.
fn state(provenance: &Value, directory: &Path) -> ResultState {
    let others = ["logs", "inputs"].map(|key| provenance[key].as_array());
    let others = others.into_iter().flatten().flatten();
    let others = others.map(|other| (&other["file"], &other["sha256"]));
    let spec = (&provenance["spec"], &provenance["spec_sha256"]);
    let mut state = ResultState::Current;
    for (file, hash) in std::iter::once(spec).chain(others) {
        let (Some(file), Some(hash)) = (file.as_str(), hash.as_str()) else {
            return ResultState::Missing;
        };
        match fs::read(directory.join(file)) {
            Ok(bytes) if digest::of_bytes(&bytes) == hash => {}
            Ok(_) => state = ResultState::Changed,
            Err(_) => return ResultState::Orphaned,
        }
    }
    state
}

impl Stored {
    /// How it stands.
    pub(super) fn findings(&self) -> ResultFindings {
        ResultFindings {
            name: self.name.clone(),
            state: self.state,
        }
    }

    /// One of its kinds as a file below `results/`.
    pub(super) fn file(&self, kind: &str) -> String {
        format!("{}/{kind}.json", self.name)
    }

    /// The name of the file that it was computed from, without folder and ending.
    pub(super) fn stem(&self) -> Result<String, CliError> {
        let Some(spec) = &self.spec else {
            return Err(self.unusable(PROVENANCE, "does not say what it was computed from"));
        };
        let file = named(Path::new(spec).file_name());
        let of_log = file.split(".jsonl").next().unwrap_or_default();
        Ok(file.strip_suffix(".toml").unwrap_or(of_log).to_owned())
    }

    /// Its findings of `kind`, whose JSON has this `schema`.
    pub(super) fn read<T: Serialize + DeserializeOwned>(
        &self,
        kind: &str,
        schema: &str,
    ) -> Result<T, CliError> {
        let text = fs::read_to_string(self.path(kind))
            .map_err(|e| self.unusable(kind, &format!("cannot be read: {e}")))?;
        let stored: Value = serde_json::from_str(&text)
            .map_err(|e| self.unusable(kind, &format!("is no JSON: {e}")))?;
        if stored["schema"] != schema {
            let message = format!(
                "has the schema {}; this version of foldem writes \"{schema}\"",
                stored["schema"]
            );
            return Err(self.unusable(kind, &message));
        }
        let another = |what: String| {
            self.unusable(
                kind,
                &format!("is not what this version of foldem writes: {what}"),
            )
        };
        let findings: T = serde_json::from_str(&text).map_err(|e| another(e.to_string()))?;
        let written = serde_json::to_value(&findings).map_err(|e| another(e.to_string()))?;
        match difference(&stored, &written, String::new()) {
            None => Ok(findings),
            Some(place) => Err(another(format!("`{place}` differs"))),
        }
    }

    /// That its file of `kind` cannot be used, and what to do about it.
    pub(super) fn unusable(&self, kind: &str, why: &str) -> CliError {
        let path = self.path(kind).display().to_string();
        InputError::whole_file(&path, format!("{why}; {MEND}")).into()
    }

    fn path(&self, kind: &str) -> PathBuf {
        self.folder.join(format!("{kind}.json"))
    }
}

/// The first place where two documents differ.
fn difference(one: &Value, other: &Value, place: String) -> Option<String> {
    match (one, other) {
        (Value::Object(one), Value::Object(other)) => {
            let below = |key: &String| {
                if place.is_empty() {
                    key.clone()
                } else {
                    format!("{place}.{key}")
                }
            };
            let keys = one
                .keys()
                .chain(other.keys().filter(|key| !one.contains_key(*key)));
            keys.map(|key| (below(key), one.get(key), other.get(key)))
                .find_map(|(place, one, other)| match (one, other) {
                    (Some(one), Some(other)) => difference(one, other, place),
                    _ => Some(place),
                })
        }
        (Value::Array(one), Value::Array(other)) if one.len() == other.len() => {
            let mut pairs = one.iter().zip(other).enumerate();
            pairs.find_map(|(i, (one, other))| difference(one, other, format!("{place}[{i}]")))
        }
        _ => (one != other).then_some(place),
    }
}
