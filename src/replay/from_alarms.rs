//! A first-alarm table without a text: for generations that were drawn instead of written.

use super::table::{Caveats, Group, Ids, Row, Table};
use super::{Definition, FirstAlarm};

impl Table {
    /// Generations with their first alarms, one value per validator and row. All are of one group
    /// without a name, and have no attributes; prompts are numbered from 0 without gaps.
    pub fn of_alarms(validators: Vec<Definition>, rows: Vec<Row>, alarms: Vec<FirstAlarm>) -> Self {
        assert_eq!(
            alarms.len(),
            validators.len() * rows.len(),
            "one alarm per validator and row"
        );
        let mut ids = Ids::default();
        for i in 0..rows.len() {
            ids.push(&i.to_string());
        }
        let prompts = rows.iter().map(|row| row.prompt + 1).max().unwrap_or(0);
        Self {
            rows,
            ids,
            alarms,
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
