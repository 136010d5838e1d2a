//! Some generations of a table as a table of their own.

use super::alarms::Alarms;
use super::table::Ids;
use super::{Caveats, Table};

impl Table {
    /// The generations number `rows`, in that order. Prompts are numbered anew, and groups without
    /// a generation are left out; levels of covariates stay as they are. What is to be said of the log as
    /// a whole is not said of a part of it.
    pub fn select(&self, rows: &[usize]) -> Self {
        let mut prompts = vec![None; self.prompts];
        let mut next = 0;
        let mut groups: Vec<Option<usize>> = vec![None; self.groups.len()];
        for &i in rows {
            groups[self.rows[i].group] = Some(0);
        }
        for (place, group) in groups.iter_mut().flatten().enumerate() {
            *group = place;
        }
        let mut ids = Ids::default();
        let mut selected = Vec::with_capacity(rows.len());
        let mut alarms = Alarms::new(self.validators.len());
        for &i in rows {
            let mut row = self.rows[i].clone();
            row.prompt = *prompts[row.prompt].get_or_insert_with(|| {
                next += 1;
                next - 1
            });
            row.group = groups[row.group].unwrap_or(0);
            ids.push(self.ids.get(i));
            alarms.push_row(self.alarms(i));
            selected.push(row);
        }
        let kept = self.groups.iter().zip(&groups);
        let levels = self.levels.iter();
        Self {
            rows: selected,
            ids,
            alarms,
            validators: self.validators.clone(),
            groups: kept
                .filter(|(_, kept)| kept.is_some())
                .map(|(group, _)| group.clone())
                .collect(),
            prompts: next,
            covariates: self.covariates.clone(),
            levels: levels
                .map(|of_rows| rows.iter().map(|&i| of_rows[i]).collect())
                .collect(),
            caveats: Caveats::default(),
            excerpts: Vec::new(),
        }
    }
}
