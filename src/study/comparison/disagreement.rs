//! On which generations do two policies disagree?

use serde::Serialize;

use crate::replay::Replay;
use crate::study::replay::ByVerdict;

/// Generations by what two policies do to them and by what the final filter says of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Disagreement {
    /// Neither rejects them.
    pub neither: ByVerdict,
    /// The first policy alone rejects them.
    pub first_only: ByVerdict,
    /// The second alone does.
    pub second_only: ByVerdict,
    /// Both do.
    pub both: ByVerdict,
    /// Of these, the first does so after fewer tokens.
    pub first_earlier: ByVerdict,
    /// Of these, the second does.
    pub second_earlier: ByVerdict,
}

impl Disagreement {
    /// All generations under two policies.
    pub(super) fn new(replays: [&Replay<'_>; 2]) -> Self {
        let mut found = Self::default();
        for (i, row) in replays[0].table().rows().iter().enumerate() {
            let stops = replays.map(|replay| replay.judgement(i).stop);
            let cell = match stops {
                [None, None] => &mut found.neither,
                [Some(_), None] => &mut found.first_only,
                [None, Some(_)] => &mut found.second_only,
                [Some(_), Some(_)] => &mut found.both,
            };
            cell.add(row.accepted);
            if let [Some(first), Some(second)] = stops {
                match first.tokens.cmp(&second.tokens) {
                    std::cmp::Ordering::Less => found.first_earlier.add(row.accepted),
                    std::cmp::Ordering::Greater => found.second_earlier.add(row.accepted),
                    std::cmp::Ordering::Equal => {}
                }
            }
        }
        found
    }
}
