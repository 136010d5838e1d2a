//! Attributes of records as covariates: those that sort the records into a few groups.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::early_exit::PREFIX;
use crate::outcome::Covariate;

/// What has more values sorts nothing.
pub(super) const MOST_LEVELS: usize = 20;
/// What stands for a name or an attribute that a record does not have.
pub(super) const MISSING: &str = "(none)";

/// The attributes of records, in their order.
#[derive(Debug, Default)]
pub(super) struct Attributes {
    records: usize,
    columns: BTreeMap<String, Column>,
}

#[derive(Debug, Default)]
struct Column {
    /// Values in the order of their first appearance; too many are not remembered.
    levels: Vec<String>,
    /// Record and level.
    cells: Vec<(usize, usize)>,
    numeric: bool,
}

impl Attributes {
    /// Takes in the attributes of the next record.
    pub(super) fn push(&mut self, attributes: Option<&Map<String, Value>>) {
        for (name, value) in attributes.into_iter().flatten() {
            // What would have become of a generation sorts no generations.
            if name.starts_with(PREFIX) {
                continue;
            }
            let level = match value {
                // Not to be taken for those that lack it.
                Value::String(text) if text == MISSING => format!("\"{MISSING}\""),
                Value::String(text) => text.clone(),
                Value::Number(number) => number.to_string(),
                Value::Bool(truth) => truth.to_string(),
                Value::Null | Value::Array(_) | Value::Object(_) => continue,
            };
            let column = self.columns.entry(name.clone()).or_insert_with(|| Column {
                numeric: true,
                ..Column::default()
            });
            column.numeric &= value.is_number();
            column.push(self.records, level);
        }
        self.records += 1;
    }

    /// The attributes with a few values and the level of each record in each of them. Numbers are
    /// in their order, texts in the alphabet's.
    pub(super) fn finish(self) -> (Vec<Covariate>, Vec<Vec<u32>>) {
        let records = self.records;
        self.columns
            .into_iter()
            .filter_map(|(name, column)| column.finish(name, records))
            .unzip()
    }
}

impl Column {
    fn push(&mut self, record: usize, level: String) {
        if self.levels.len() > MOST_LEVELS {
            return;
        }
        let known = self.levels.iter().position(|known| *known == level);
        let level = known.unwrap_or_else(|| {
            self.levels.push(level);
            self.levels.len() - 1
        });
        self.cells.push((record, level));
    }

    fn finish(self, name: String, records: usize) -> Option<(Covariate, Vec<u32>)> {
        let missing = self.cells.len() < records;
        let levels = self.levels.len();
        if levels > MOST_LEVELS || levels + usize::from(missing) < 2 {
            return None;
        }
        let mut order: Vec<usize> = (0..levels).collect();
        let number = |level: usize| self.levels[level].parse::<f64>().unwrap_or(0.0);
        if self.numeric {
            order.sort_by(|&a, &b| number(a).total_cmp(&number(b)));
        } else {
            order.sort_by_key(|&level| &self.levels[level]);
        }
        let mut names: Vec<String> = order.iter().map(|&l| self.levels[l].clone()).collect();
        let mut rank = vec![0_u32; levels];
        for (place, &level) in (0..).zip(&order) {
            rank[level] = place;
        }
        // The level of those that lack it is the last.
        let mut column = vec![u32::try_from(levels).ok()?; records];
        for (record, level) in self.cells {
            column[record] = rank[level];
        }
        names.extend(missing.then(|| MISSING.to_owned()));
        Some((
            Covariate {
                name,
                levels: names,
            },
            column,
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gathered(records: &[&str]) -> Vec<(String, Vec<String>, Vec<u32>)> {
        let mut attributes = Attributes::default();
        for record in records {
            let map: Map<String, Value> = serde_json::from_str(record).unwrap();
            attributes.push(Some(&map).filter(|m| !m.is_empty()));
        }
        let (covariates, columns) = attributes.finish();
        covariates
            .into_iter()
            .zip(columns)
            .map(|(c, column)| (c.name, c.levels, column))
            .collect()
    }

    #[test]
    fn attributes_that_sort_are_kept_in_order() {
        let found = gathered(&[
            "{\"steps\":10,\"kind\":\"b\",\"same\":1}",
            "{\"steps\":2,\"same\":1,\"list\":[1]}",
            "{\"steps\":2,\"kind\":\"a\",\"same\":1}",
        ]);
        let texts = |texts: &[&str]| texts.iter().map(|&t| t.to_owned()).collect::<Vec<_>>();
        assert_eq!(
            found,
            [
                (
                    "kind".to_owned(),
                    texts(&["a", "b", "(none)"]),
                    vec![1, 2, 0]
                ),
                ("steps".to_owned(), texts(&["2", "10"]), vec![1, 0, 0]),
            ]
        );
    }

    #[test]
    fn attributes_that_differ_everywhere_are_not() {
        let records: Vec<String> = (0..30).map(|i| format!("{{\"seed\":{i}}}")).collect();
        let records: Vec<&str> = records.iter().map(String::as_str).collect();
        assert_eq!(gathered(&records), []);
        assert_eq!(gathered(&records[..20]).len(), 1);
        assert_eq!(gathered(&["{}", "{}"]), []);
    }
}
