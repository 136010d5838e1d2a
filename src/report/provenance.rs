//! Where a result comes from: what it was computed from and by which version.

use serde::Serialize;

use crate::digest;

/// Stands beside every stored result.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Provenance {
    /// The scenario or policy, relative to the project.
    pub spec: String,
    /// SHA-256 of its bytes, in hexadecimal.
    pub spec_sha256: String,
    /// What was drawn; absent where nothing was.
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    pub drawn: Option<Drawn>,
    /// The logs that were replayed.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub logs: Vec<LogFile>,
    /// Other files: those that the spec names, and further specs.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub inputs: Vec<LogFile>,
    /// Version of foldem.
    pub foldem: &'static str,
}

/// Generations drawn from a scenario.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Drawn {
    /// Root seed.
    pub seed: u64,
    /// Generations drawn to simulate.
    pub simulated: u64,
    /// Generations drawn to verify.
    pub verified: u64,
}

/// A file, with its hash.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LogFile {
    /// The file, relative to the project.
    pub file: String,
    /// SHA-256 of its bytes, in hexadecimal.
    pub sha256: String,
}

impl Provenance {
    /// The provenance of results computed from `bytes`, the content of the scenario `spec`, with
    /// so many generations to simulate and to verify.
    pub fn of_scenario(
        spec: &str,
        bytes: &[u8],
        seed: u64,
        [simulated, verified]: [u64; 2],
    ) -> Self {
        let drawn = Drawn {
            seed,
            simulated,
            verified,
        };
        Self::new(spec, bytes, Some(drawn), Vec::new())
    }

    /// The provenance of results computed from `bytes`, the content of `spec`, and from the file
    /// that it names, if any, by name and content.
    pub fn of_spec(spec: &str, bytes: &[u8], named: Option<(&str, &[u8])>) -> Self {
        let inputs = named.into_iter().map(|(file, content)| LogFile {
            file: file.to_owned(),
            sha256: digest::of_bytes(content),
        });
        Self {
            inputs: inputs.collect(),
            ..Self::new(spec, bytes, None, Vec::new())
        }
    }

    /// The provenance of results computed from logs, by name and content, under the policy `spec`,
    /// whose content is `bytes`.
    pub fn of_replay<'l>(
        spec: &str,
        bytes: &[u8],
        logs: impl Iterator<Item = (String, &'l [u8])>,
    ) -> Self {
        let logs = logs.map(|(file, bytes)| LogFile {
            file,
            sha256: digest::of_bytes(bytes),
        });
        Self::new(spec, bytes, None, logs.collect())
    }

    /// The same, computed from further `inputs`, too, by name and content.
    pub fn with_inputs<'l>(mut self, inputs: impl Iterator<Item = (String, &'l [u8])>) -> Self {
        self.inputs.extend(inputs.map(|(file, bytes)| LogFile {
            file,
            sha256: digest::of_bytes(bytes),
        }));
        self
    }

    fn new(spec: &str, bytes: &[u8], drawn: Option<Drawn>, logs: Vec<LogFile>) -> Self {
        Self {
            spec: spec.to_owned(),
            spec_sha256: digest::of_bytes(bytes),
            drawn,
            logs,
            inputs: Vec::new(),
            foldem: env!("CARGO_PKG_VERSION"),
        }
    }
}
