//! What a policy did to each generation, one by one.

use serde::{Serialize, Serializer};

use crate::policy::{PolicyFile, Position};
use crate::replay::{FirstAlarm, Replay, Table};
use crate::study::Named;
use crate::study::named::as_map;

/// The outcome of one generation.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct GenerationOutcome<'t> {
    /// Id of the record.
    pub id: &'t str,
    /// Its model, where it names one.
    pub model: Option<&'t str>,
    /// Its benchmark, where it names one.
    pub benchmark: Option<&'t str>,
    /// Tokens of the full generation.
    pub tokens_full: u64,
    /// Tokens paid, what checkpoints charge included.
    pub tokens_paid: f64,
    /// Solution tokens after which it was rejected; `None` if it survives.
    pub rejected_at: Option<u64>,
    /// The checkpoint that rejected it.
    pub checkpoint: Option<Position>,
    /// Whether the final filter accepts the full generation, where that is known.
    pub accepted: Option<bool>,
    /// First alarm of each validator of the policy, consulted or not.
    #[serde(with = "as_map")]
    pub first_alarms: Vec<Named<FirstAlarmOutcome>>,
}

/// A number of tokens, `"end"`, or null where there is no alarm.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FirstAlarmOutcome(pub FirstAlarm);

impl Serialize for FirstAlarmOutcome {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            FirstAlarm::Tokens(tokens) => serializer.serialize_u64(tokens),
            FirstAlarm::AtEnd => serializer.serialize_str("end"),
            FirstAlarm::Never => serializer.serialize_none(),
        }
    }
}

/// The outcomes of all generations of `table`, in their order.
pub fn outcomes<'t>(
    policy: &'t PolicyFile,
    table: &'t Table,
    replay: &'t Replay<'t>,
) -> impl Iterator<Item = GenerationOutcome<'t>> {
    table.rows().iter().enumerate().map(move |(i, row)| {
        let judgement = replay.judgement(i);
        let group = &table.groups()[row.group];
        let alarms = policy.validators().iter().zip(table.alarms(i).iter());
        GenerationOutcome {
            id: table.id(i),
            model: group.model.as_deref(),
            benchmark: group.benchmark.as_deref(),
            tokens_full: replay.tokens_full(i),
            tokens_paid: replay.tokens_generated(i) as f64 + judgement.cost,
            rejected_at: judgement.stop.map(|stop| stop.tokens),
            checkpoint: judgement
                .stop
                .map(|stop| policy.checkpoints()[stop.checkpoint].at),
            accepted: row.accepted,
            first_alarms: alarms
                .map(|(validator, alarm)| Named {
                    name: validator.name.clone(),
                    value: FirstAlarmOutcome(alarm),
                })
                .collect(),
        }
    })
}
