//! When a validator first alarms on a generation, in tokens.

/// The first alarm of a validator on a full generation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum FirstAlarm {
    /// After this many tokens of the solution; 0 where the problem alone raises it.
    Tokens(u64),
    /// Not before the solution was known to be complete.
    AtEnd,
    /// It never alarms.
    Never,
}

impl FirstAlarm {
    /// Whether a checkpoint after `tokens` solution tokens sees the alarm.
    pub fn by(self, tokens: u64) -> bool {
        self <= Self::Tokens(tokens)
    }
}
