//! A first-alarm table with its alarms and verdicts changed by chance: what [`Looks::expected`] sums
//! over, drawn, so that a replay of the drawn table can confirm the sums.

use super::alarms::Alarms;
use super::looks::{Change, Looks, count};
use super::{Expected, FirstAlarm, Look, Table};
use crate::policy::{Checkpoint, Position};

/// A table with changed alarms.
pub struct DrawnTable {
    /// The table: behind the columns of the validators there is one for each checkpoint, with the
    /// alarms out of nothing that are raised there.
    pub table: Table,
    /// The checkpoints of the policy, each of which consults its own of these columns, too.
    pub checkpoints: Vec<Checkpoint<Position>>,
}

impl Looks<'_> {
    /// Draws what `of` says of each generation. `uniform` gives independent numbers in [0, 1).
    pub fn draw<'m>(
        &self,
        of: impl Fn(usize) -> Expected<'m>,
        uniform: &mut impl FnMut() -> f64,
    ) -> DrawnTable {
        let from = self.replay().table();
        let validators = from.validators().len();
        let mut checkpoints = self.replay().checkpoints().to_vec();
        for (c, checkpoint) in checkpoints.iter_mut().enumerate() {
            checkpoint.validators.push(validators + c);
        }
        let rows: Vec<usize> = (0..from.rows().len()).collect();
        let mut table = from.select(&rows);
        table.alarms = Alarms::new(validators + checkpoints.len());
        for i in 0..rows.len() {
            let expected = of(i);
            let alarms = self.draw_alarms(i, &expected.change, uniform);
            table.alarms.push(alarms);
            if expected.accepted > 0.0 && expected.accepted < 1.0 {
                table.rows[i].accepted = Some(uniform() < expected.accepted);
            } else {
                table.rows[i].accepted = Some(expected.accepted > 0.5);
            }
        }
        for checkpoint in 0..checkpoints.len() {
            let mut definition = from.validators().first().cloned().unwrap_or_default();
            definition.name = format!("nothing at checkpoint {checkpoint}");
            table.validators.push(definition);
        }
        DrawnTable { table, checkpoints }
    }

    fn draw_alarms(
        &self,
        row: usize,
        change: &Change<'_>,
        uniform: &mut impl FnMut() -> f64,
    ) -> Vec<FirstAlarm> {
        let mut into = Vec::new();
        let looks = self.of(row);
        let withdrawn = change.withdrawn > 0.0 && uniform() < change.withdrawn;
        for (v, alarm) in self.replay().table().alarms(row).iter().enumerate() {
            let lost = change.lost.get(v).copied().unwrap_or(0.0);
            let silent = withdrawn || (lost > 0.0 && uniform() < lost);
            let mut drawn = if silent { FirstAlarm::Never } else { alarm };
            if let FirstAlarm::Tokens(first) = drawn {
                let later = first + count(change.delay_tokens.ceil());
                drawn = if later > self.replay().table().rows()[row].tokens {
                    FirstAlarm::AtEnd
                } else {
                    FirstAlarm::Tokens(later)
                };
            }
            if change.delay_looks > 0.0 {
                let further = uniform() < change.delay_looks.fract();
                let places = count(change.delay_looks.floor()) + u64::from(further);
                drawn = self.delayed(looks, v, drawn, places);
            }
            into.push(drawn);
        }
        // At each look an alarm out of nothing; the first of each checkpoint is what its column holds.
        let first = into.len();
        into.resize(first + self.replay().checkpoints().len(), FirstAlarm::Never);
        for (j, look) in looks.iter().enumerate() {
            let last = j + 1 == looks.len() && change.at_last > 0.0;
            let added = change.added > 0.0 && uniform() < change.added;
            if added || (last && uniform() < change.at_last) {
                let alarm = &mut into[first + look.checkpoint];
                *alarm = (*alarm).min(raised_at(*look));
            }
        }
        into
    }

    /// The alarm of a validator that is heard so many of its places later.
    fn delayed(
        &self,
        looks: &[Look],
        validator: usize,
        alarm: FirstAlarm,
        places: u64,
    ) -> FirstAlarm {
        let consults = |look: &&Look| {
            let checkpoint = &self.replay().checkpoints()[look.checkpoint];
            checkpoint.validators.contains(&validator)
        };
        let sees = |look: &&Look| match alarm {
            FirstAlarm::Tokens(_) if !look.complete => alarm.by(look.tokens),
            _ => look.complete && alarm < FirstAlarm::Never,
        };
        let mut heard: Vec<Look> = looks
            .iter()
            .filter(consults)
            .filter(sees)
            .copied()
            .collect();
        heard.dedup_by_key(|look| (look.complete, look.tokens));
        let later = usize::try_from(places).ok().and_then(|n| heard.get(n));
        later.map_or(FirstAlarm::Never, |look| raised_at(*look))
    }
}

fn raised_at(look: Look) -> FirstAlarm {
    if look.complete {
        FirstAlarm::AtEnd
    } else {
        FirstAlarm::Tokens(look.tokens)
    }
}
