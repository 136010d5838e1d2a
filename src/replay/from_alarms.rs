//! A first-alarm table without a text: for generations that were drawn instead of written.

use super::alarms::Alarms;
use super::table::Ids;
use super::{Caveats, Definition, FirstAlarm, Group, Row, Table};

impl Table {
    /// Generations with their first alarms, one value per validator and row. All are of one group
    /// without a name, and have no attributes; prompts are numbered from 0 without gaps.
    pub fn of_alarms(validators: Vec<Definition>, rows: Vec<Row>, alarms: &[FirstAlarm]) -> Self {
        assert_eq!(
            alarms.len(),
            validators.len() * rows.len(),
            "one alarm per validator and row"
        );
        let (mut ids, mut by_row) = (Ids::default(), Alarms::new(validators.len()));
        for i in 0..rows.len() {
            ids.push(&i.to_string());
            by_row.push(
                alarms[i * validators.len()..][..validators.len()]
                    .iter()
                    .copied(),
            );
        }
        let prompts = rows.iter().map(|row| row.prompt + 1).max().unwrap_or(0);
        Self {
            rows,
            ids,
            alarms: by_row,
            validators,
            groups: vec![Group {
                model: None,
                benchmark: None,
            }],
            prompts,
            covariates: Vec::new(),
            levels: Vec::new(),
            caveats: Caveats::default(),
            excerpts: Vec::new(),
        }
    }
}
