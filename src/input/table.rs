//! Typed access to a TOML table that notes every mistake and every key that nobody asked for.

use toml::de::{DeTable, DeValue};

use super::document::join;
use super::{Mistakes, nearest, quoted_list};

/// A value with the path of its key.
#[derive(Debug, Clone)]
pub struct Item<'d, 't> {
    path: String,
    value: &'d DeValue<'t>,
}

/// A table that is being read: remembers which keys were asked for.
#[derive(Debug)]
pub struct Table<'d, 't> {
    path: String,
    entries: &'d DeTable<'t>,
    asked: Vec<String>,
    missing: Vec<String>,
}

impl<'d, 't> Item<'d, 't> {
    /// Path of the key, such as `stage[1].tokens`.
    pub fn path(&self) -> &str {
        &self.path
    }

    fn wrong_type(&self, wanted: &str, mistakes: &mut Mistakes) {
        let message = format!(
            "is {}; it must be {wanted}",
            match self.value {
                DeValue::String(s) => format!("the string \"{s}\""),
                DeValue::Integer(_) | DeValue::Float(_) | DeValue::Boolean(_) =>
                    self.number_or_bool(),
                DeValue::Datetime(_) => "a date".to_owned(),
                DeValue::Array(_) => "a list".to_owned(),
                DeValue::Table(_) => "a table".to_owned(),
            }
        );
        mistakes.push(&self.path, message);
    }

    fn number_or_bool(&self) -> String {
        match self.value {
            DeValue::Integer(i) => i.to_string(),
            DeValue::Float(x) => x.to_string(),
            DeValue::Boolean(b) => b.to_string(),
            _ => String::new(),
        }
    }

    /// A number; integers are numbers too. NaN and infinities are mistakes everywhere.
    pub fn number(&self, mistakes: &mut Mistakes) -> Option<f64> {
        let value = match self.value {
            DeValue::Integer(i) => {
                let Ok(i) = i64::from_str_radix(i.as_str(), i.radix()) else {
                    let message = format!("is {i}, beyond 64 bits; write it with a decimal point");
                    mistakes.push(&self.path, message);
                    return None;
                };
                Some(i as f64)
            }
            DeValue::Float(x) => x.as_str().parse::<f64>().ok(),
            _ => {
                self.wrong_type("a number", mistakes);
                return None;
            }
        };
        let value = value.filter(|x| x.is_finite());
        if value.is_none() {
            let shown = self.number_or_bool();
            mistakes.push(
                &self.path,
                format!("is {shown}; it must be a finite number"),
            );
        }
        value
    }

    /// A whole number, not negative.
    pub fn count(&self, mistakes: &mut Mistakes) -> Option<u64> {
        if let DeValue::Integer(i) = self.value
            && let Ok(n) = u64::from_str_radix(i.as_str(), i.radix())
        {
            return Some(n);
        }
        self.wrong_type("a whole number, 0 or more", mistakes);
        None
    }

    /// A string.
    pub fn string(&self, mistakes: &mut Mistakes) -> Option<String> {
        if let DeValue::String(s) = self.value {
            return Some(s.to_string());
        }
        self.wrong_type("a string", mistakes);
        None
    }

    /// `true` or `false`.
    pub fn boolean(&self, mistakes: &mut Mistakes) -> Option<bool> {
        if let DeValue::Boolean(b) = self.value {
            return Some(*b);
        }
        self.wrong_type("true or false", mistakes);
        None
    }

    /// The elements of a list.
    pub fn list(&self, wanted: &str, mistakes: &mut Mistakes) -> Option<Vec<Item<'d, 't>>> {
        let DeValue::Array(items) = self.value else {
            self.wrong_type(wanted, mistakes);
            return None;
        };
        let items = items.iter().enumerate().map(|(i, value)| Item {
            path: format!("{}[{i}]", self.path),
            value: value.get_ref(),
        });
        Some(items.collect())
    }

    /// A list of numbers, each finite; `None` when any is not.
    pub fn numbers(&self, mistakes: &mut Mistakes) -> Option<Vec<f64>> {
        let items = self.list("a list of numbers", mistakes)?;
        let numbers: Vec<Option<f64>> = items.iter().map(|i| i.number(mistakes)).collect();
        numbers.into_iter().collect()
    }

    /// A list of strings; `None` when any is not one.
    pub fn strings(&self, mistakes: &mut Mistakes) -> Option<Vec<String>> {
        let items = self.list("a list of strings", mistakes)?;
        let strings: Vec<Option<String>> = items.iter().map(|i| i.string(mistakes)).collect();
        strings.into_iter().collect()
    }

    /// A table.
    pub fn table(&self, wanted: &str, mistakes: &mut Mistakes) -> Option<Table<'d, 't>> {
        if let DeValue::Table(table) = self.value {
            return Some(Table::new(self.path.clone(), table));
        }
        self.wrong_type(wanted, mistakes);
        None
    }

    /// Whether the value is a list.
    pub fn is_list(&self) -> bool {
        matches!(self.value, DeValue::Array(_))
    }

    /// Whether the value is a string.
    pub fn is_string(&self) -> bool {
        matches!(self.value, DeValue::String(_))
    }
}

impl<'d, 't> Table<'d, 't> {
    pub(super) fn new(path: String, table: &'d DeTable<'t>) -> Self {
        Self {
            path,
            entries: table,
            asked: Vec::new(),
            missing: Vec::new(),
        }
    }

    /// Path of `key` in this table.
    pub fn key(&self, key: &str) -> String {
        join(&self.path, key)
    }

    /// The keys that stand in the table, sorted.
    pub fn keys(&self) -> Vec<String> {
        self.entries
            .keys()
            .map(|k| k.get_ref().to_string())
            .collect()
    }

    /// The value of an optional key.
    pub fn optional(&mut self, key: &str) -> Option<Item<'d, 't>> {
        self.asked.push(key.to_owned());
        self.entries.get(key).map(|value| Item {
            path: self.key(key),
            value: value.get_ref(),
        })
    }

    /// The value of a key that must be there.
    pub fn required(&mut self, key: &str) -> Option<Item<'d, 't>> {
        let item = self.optional(key);
        if item.is_none() {
            self.missing.push(key.to_owned());
        }
        item
    }

    /// An optional string.
    pub fn string(&mut self, key: &str, mistakes: &mut Mistakes) -> Option<String> {
        self.optional(key)?.string(mistakes)
    }

    /// A string that must be there; empty when it is not, with the mistake noted.
    pub fn required_string(&mut self, key: &str, mistakes: &mut Mistakes) -> String {
        self.required(key)
            .and_then(|item| item.string(mistakes))
            .unwrap_or_default()
    }

    /// An optional number; `default` when absent or, with the mistake noted, when wrong.
    pub fn number_or(&mut self, key: &str, default: f64, mistakes: &mut Mistakes) -> f64 {
        self.optional(key)
            .and_then(|item| item.number(mistakes))
            .unwrap_or(default)
    }

    /// A number that must be there; NaN when it is not, with the mistake noted.
    pub fn required_number(&mut self, key: &str, mistakes: &mut Mistakes) -> f64 {
        self.required(key)
            .and_then(|item| item.number(mistakes))
            .unwrap_or(f64::NAN)
    }

    /// The tables of an array of tables (`[[key]]`), none when absent.
    pub fn tables(&mut self, key: &str, mistakes: &mut Mistakes) -> Vec<Table<'d, 't>> {
        let Some(item) = self.optional(key) else {
            return Vec::new();
        };
        let header = format!("an array of tables, each headed [[{}]]", item.path());
        item.list(&header, mistakes)
            .unwrap_or_default()
            .iter()
            .filter_map(|item| item.table("a table", mistakes))
            .collect()
    }

    /// An optional table (`[key]`).
    pub fn table(&mut self, key: &str, mistakes: &mut Mistakes) -> Option<Table<'d, 't>> {
        let item = self.optional(key)?;
        let header = format!("a table, headed [{}]", item.path());
        item.table(&header, mistakes)
    }

    /// Notes every key that nobody asked for and every required one that is missing.
    ///
    /// A missing key that an unknown one resembles is reported once, as the misspelling.
    pub fn finish(self, mistakes: &mut Mistakes) {
        let unknown = self
            .keys()
            .into_iter()
            .filter(|key| !self.asked.contains(key));
        let mut misspelt = Vec::new();
        for key in unknown {
            // A key that is already there cannot be what a misspelt one was meant to be,
            // unless nothing else resembles it.
            let absent = self
                .asked
                .iter()
                .filter(|k| !self.entries.contains_key(k.as_str()));
            let meant = nearest(&key, absent.map(String::as_str))
                .or_else(|| nearest(&key, self.asked.iter().map(String::as_str)));
            let known = quoted_list(self.asked.iter().map(String::as_str));
            let message = match meant {
                Some(name) => format!("is not a known key; did you mean `{name}`? Known: {known}"),
                None => format!("is not a known key; known: {known}"),
            };
            mistakes.push(self.key(&key), message);
            misspelt.extend(meant.map(str::to_owned));
        }
        for key in &self.missing {
            let path = self.key(key);
            if misspelt.contains(key) {
                mistakes.spoil(path);
            } else {
                mistakes.push(path, format!("is missing; `{key}` is required here"));
            }
        }
    }
}
