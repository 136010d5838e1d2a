//! Findings by the names under which they are reported, in an order that is kept.

use serde::ser::{Serialize, SerializeMap, Serializer};

/// A finding with its name.
#[derive(Debug, Clone, PartialEq)]
pub struct Named<T> {
    /// Name.
    pub name: String,
    /// What it names.
    pub value: T,
}

/// Serializes named findings as an object.
pub(super) fn as_map<S: Serializer, T: Serialize>(
    named: &[Named<T>],
    serializer: S,
) -> Result<S::Ok, S::Error> {
    let mut map = serializer.serialize_map(Some(named.len()))?;
    for entry in named {
        map.serialize_entry(&entry.name, &entry.value)?;
    }
    map.end()
}
