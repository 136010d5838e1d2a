//! Ids that are given once: a repeated one gets a number.

use std::collections::BTreeMap;

/// The ids given so far.
#[derive(Debug, Default)]
pub(super) struct Ids {
    /// How often each was asked for.
    given: BTreeMap<String, u64>,
    repeated: u64,
}

impl Ids {
    /// Appends `~2`, `~3`, … to an id that was given before, the least number that is free.
    pub(super) fn make_unique(&mut self, id: &mut String) {
        let Some(count) = self.given.get_mut(id.as_str()) else {
            self.given.insert(id.clone(), 1);
            return;
        };
        self.repeated += 1;
        let mut number = *count;
        let unique = loop {
            number += 1;
            let candidate = format!("{id}~{number}");
            if !self.given.contains_key(&candidate) {
                break candidate;
            }
        };
        self.given.insert(id.clone(), number);
        self.given.insert(unique.clone(), 1);
        *id = unique;
    }

    pub(super) fn remark(&self) -> Option<String> {
        (self.repeated > 0).then(|| {
            format!(
                "{} records have an id that stood before; ~2, ~3, … were appended",
                self.repeated
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_given_once_and_in_order() {
        let mut ids = Ids::default();
        let given = ["a", "a~2", "a", "b", "a"].map(|id| {
            let mut id = id.to_owned();
            ids.make_unique(&mut id);
            id
        });
        assert_eq!(given, ["a", "a~2", "a~3", "b", "a~4"]);
        assert!(ids.remark().is_some_and(|r| r.starts_with("2 records")));
    }
}
