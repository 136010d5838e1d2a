//! Early exit and rejection in four arms: full generation, rejection alone, early exit alone, both.
//!
//! All arms are those of the same generations, so that figures that compare them are paired. Each
//! figure is written once, over means per attempt; whoever knows these exactly gives them as constants.

use serde::{Deserialize, Serialize};

use super::estimates::Estimate;
use super::proportion::Proportion;
use crate::outcome::{self, ARMS, EarlyExitBatch, Fold, Frame, Knowledge, NEVER, OutcomeBatch};
use crate::stats::{CrossProducts, Linear, Scale, Stored};

/// Names of the figures of each arm, in the order in which they are shown.
pub const ARM_FIGURES: [&str; 11] = [
    "tokens",
    "savings",
    "delivered_rate",
    "exited_rate",
    "retained_rate",
    "purity",
    "false_rejection_rate",
    "utility_retained",
    "retained_bias",
    "tokens_per_retained",
    "cost_ratio",
];

/// Names of the figures of how early exit and rejection compose, likewise.
pub const COMPOSITION: [&str; 9] = [
    "exit_of_what_rejection_leaves",
    "rejection_of_what_exit_leaves",
    "savings_if_independent",
    "overlap_coefficient",
    "overlap_points",
    "cost_ratio_on_exit",
    "cost_ratio_on_rejection",
    "lost_by_exit",
    "gained_by_exit",
];

const FULL: usize = 0;
const REJECT: usize = 1;
const EXIT: usize = 2;
const BOTH: usize = 3;

/// Means per attempt of what the arms come to, by arm; tokens and shares in [0, 1].
#[derive(Debug, Clone)]
pub struct ArmMeans {
    /// Tokens paid.
    pub tokens: [Linear; ARMS],
    /// Not rejected.
    pub delivered: [Linear; ARMS],
    /// Delivered and accepted.
    pub retained: [Linear; ARMS],
    /// Value of what is retained.
    pub utility: [Linear; ARMS],
    /// Exited early.
    pub exited: [Linear; ARMS],
    /// Rejected, but accepted by the same arm without rejection.
    pub falsely_rejected: [Linear; ARMS],
    /// Accepted in full, but not after the early exit; and the reverse.
    pub lost_and_gained: [Linear; 2],
}

impl ArmMeans {
    /// The figure of arm number `arm` called `name`, one of [`ARM_FIGURES`]; not finite where it is
    /// undefined.
    pub fn of_arm(&self, arm: usize, name: &str) -> Linear {
        // What is compared with: the same arm without rejection.
        let before = arm & EXIT;
        let certain = |value| Linear::constant(value, self.tokens[arm].gradient.len());
        let any = self.retained[arm].value > 0.0;
        match name {
            // Exactly, whatever the rounding of a quotient.
            "savings" if arm == FULL => certain(0.0),
            "cost_ratio" if arm == FULL && any => certain(1.0),
            "retained_bias" if arm == before && any => certain(0.0),
            "tokens" => self.tokens[arm].clone(),
            "savings" => 1.0 - &self.tokens[arm] / &self.tokens[FULL],
            "delivered_rate" => self.delivered[arm].clone(),
            "exited_rate" => self.exited[arm].clone(),
            "retained_rate" => self.retained[arm].clone(),
            "purity" => &self.retained[arm] / &self.delivered[arm],
            "false_rejection_rate" => &self.falsely_rejected[arm] / &self.retained[before],
            "utility_retained" => &self.utility[arm] / &self.retained[arm],
            "retained_bias" => {
                &self.utility[arm] / &self.retained[arm]
                    - &self.utility[before] / &self.retained[before]
            }
            "tokens_per_retained" => self.per_retained(arm),
            _ => self.cost_relative_to(arm, FULL),
        }
    }

    /// The figure of the composition called `name`, one of [`COMPOSITION`]; likewise.
    pub fn composition(&self, name: &str) -> Linear {
        let left = |arm: usize, of: usize| &self.tokens[arm] / &self.tokens[of];
        match name {
            "exit_of_what_rejection_leaves" => 1.0 - &left(BOTH, REJECT),
            "rejection_of_what_exit_leaves" => 1.0 - &left(BOTH, EXIT),
            "savings_if_independent" => 1.0 - &(left(REJECT, FULL) * left(EXIT, FULL)),
            "overlap_coefficient" => {
                1.0 - &((1.0 - &left(BOTH, REJECT)) / (1.0 - &left(EXIT, FULL)))
            }
            "overlap_points" => 1.0 - &(left(REJECT, FULL) + left(EXIT, FULL) - left(BOTH, FULL)),
            "cost_ratio_on_exit" => self.cost_relative_to(BOTH, EXIT),
            "cost_ratio_on_rejection" => self.cost_relative_to(BOTH, REJECT),
            "lost_by_exit" => self.lost_and_gained[0].clone(),
            _ => self.lost_and_gained[1].clone(),
        }
    }

    fn per_retained(&self, arm: usize) -> Linear {
        &self.tokens[arm] / &self.retained[arm]
    }

    /// Tokens per retained sample of `arm` relative to those of `other`. Where `other` retains nothing there
    /// is nothing to compare with: an infinite cost would make any arm look free.
    fn cost_relative_to(&self, arm: usize, other: usize) -> Linear {
        if self.retained[other].value > 0.0 {
            self.per_retained(arm) / self.per_retained(other)
        } else {
            Linear::constant(f64::NAN, self.tokens[arm].gradient.len())
        }
    }
}

/// What a generation must be known by to take part in a figure.
fn needs(name: &str) -> Knowledge {
    let utility = matches!(name, "utility_retained" | "retained_bias");
    let verdict = matches!(
        name,
        "retained_rate"
            | "purity"
            | "false_rejection_rate"
            | "tokens_per_retained"
            | "cost_ratio"
            | "cost_ratio_on_exit"
            | "cost_ratio_on_rejection"
            | "lost_by_exit"
            | "gained_by_exit"
    );
    Knowledge {
        verdict: verdict || utility,
        utility,
    }
}

/// Columns of each arm: tokens, delivered, retained, utility, exited.
const PER_ARM: usize = 5;
/// Columns before those of probes: the number of generations, the arms, lost and gained.
const SINGLE: usize = 1 + PER_ARM * ARMS + 2;

/// Shares of each arm that have an exact interval: delivered, exited, retained, purity, false
/// rejections.
const SHARES: usize = 5;

/// Exact sums over generations of what becomes of them in the four arms, mergeable in any order.
#[derive(Debug, Clone, PartialEq)]
pub struct ArmsTally {
    knowledge: Knowledge,
    probes: usize,
    moments: CrossProducts,
    /// By arm, then lost and gained.
    shares: Vec<Proportion>,
    /// Exits by probe of early exit alone, and with rejection.
    exits: Vec<Proportion>,
}

/// The integers of an [`ArmsTally`], as a file holds them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredArms {
    moments: Stored,
    shares: Vec<Proportion>,
    exits: Vec<Proportion>,
}

impl ArmsTally {
    /// No generations yet, of batches of `frame` with so many probes. An early answer and all looks at a
    /// generation come to at most `most_tokens`.
    pub fn new(frame: &Frame, probes: usize, most_tokens: f64) -> Self {
        let value = Scale::for_values_near(1.0);
        let mut scales = vec![Scale::COUNT; SINGLE + 2 * probes];
        for arm in 0..ARMS {
            // What an arm does not pay must not coarsen what it pays.
            let (rejects, exits) = outcome::arm(arm);
            let checks = if rejects { frame.typical_cost } else { 0.0 };
            let answers = if exits { most_tokens } else { 0.0 };
            let typical = frame.typical_tokens + checks + answers;
            scales[1 + PER_ARM * arm] = Scale::for_values_near(typical);
            scales[1 + PER_ARM * arm + 3] = value;
        }
        Self {
            knowledge: frame.knowledge,
            probes,
            moments: CrossProducts::new(scales),
            shares: vec![Proportion::default(); SHARES * ARMS + 2],
            exits: vec![Proportion::default(); 2 * probes],
        }
    }

    /// A tally of the same batches that has gathered nothing.
    pub fn emptied(&self) -> Self {
        let scales = (0..self.moments.width()).map(|j| self.moments.scale(j));
        Self {
            moments: CrossProducts::new(scales.collect()),
            shares: vec![Proportion::default(); self.shares.len()],
            exits: vec![Proportion::default(); self.exits.len()],
            ..*self
        }
    }

    /// The sums without their units, to be stored.
    pub fn stored(&self) -> StoredArms {
        StoredArms {
            moments: self.moments.stored(),
            shares: self.shares.clone(),
            exits: self.exits.clone(),
        }
    }

    /// The tally of batches such as those of `self` that was stored; `None` if it does not fit.
    pub fn restored(&self, stored: StoredArms) -> Option<Self> {
        let mut tally = self.emptied();
        let fits = stored.shares.len() == tally.shares.len()
            && stored.exits.len() == tally.exits.len()
            && tally.moments.restore(stored.moments);
        tally.shares = stored.shares;
        tally.exits = stored.exits;
        fits.then_some(tally)
    }

    /// Number of generations.
    pub fn generations(&self) -> u64 {
        u64::try_from(self.moments.sum(0)).unwrap_or(0)
    }

    /// Generations that arm number `arm` delivers and the final filter accepts.
    pub fn retained(&self, arm: usize) -> u64 {
        u64::try_from(self.moments.sum(1 + PER_ARM * arm + 2)).unwrap_or(0)
    }

    /// Generations that early exit alone ends.
    pub fn exits(&self) -> u64 {
        u64::try_from(self.moments.sum(1 + PER_ARM * EXIT + 4)).unwrap_or(0)
    }

    /// The estimate called `name` of arm number `arm`; undefined where too little is known.
    pub fn of_arm(&self, arm: usize, name: &str) -> Estimate {
        let share = match name {
            "delivered_rate" => Some(0),
            "exited_rate" => Some(1),
            "retained_rate" => Some(2),
            "purity" => Some(3),
            "false_rejection_rate" => Some(4),
            _ => None,
        };
        let (rejects, exits) = outcome::arm(arm);
        // What an arm does not do is certain, however few generations there are.
        let certain = match name {
            "delivered_rate" | "false_rejection_rate" => !rejects,
            "exited_rate" => !exits,
            _ => false,
        };
        let share = share.filter(|_| !certain);
        let share = share.map(|i| self.shares[SHARES * arm + i]);
        self.estimate(name, &self.means().of_arm(arm, name), share)
    }

    /// The estimate of the composition called `name`; likewise.
    pub fn composition(&self, name: &str) -> Estimate {
        let share = match name {
            "lost_by_exit" => Some(self.shares[SHARES * ARMS]),
            "gained_by_exit" => Some(self.shares[SHARES * ARMS + 1]),
            _ => None,
        };
        self.estimate(name, &self.means().composition(name), share)
    }

    /// P(exit at probe number `probe`) of early exit alone, or with rejection.
    pub fn exits_at(&self, probe: usize, with_rejection: bool) -> Estimate {
        let number = usize::from(with_rejection) * self.probes + probe;
        let rate = self.moments.mean(SINGLE + number) / self.moments.mean(0);
        let stderr = self.moments.stderr(&rate);
        Estimate::proportion(self.exits[number], stderr, self.moments.clusters())
    }

    fn estimate(&self, name: &str, figure: &Linear, share: Option<Proportion>) -> Estimate {
        let (needs, known) = (needs(name), self.knowledge);
        if (needs.verdict && !known.verdict) || (needs.utility && !known.utility) {
            return Estimate::default();
        }
        let stderr = self.moments.stderr(figure);
        let prompts = self.moments.clusters();
        match share {
            Some(share) => Estimate::proportion(share, stderr, prompts),
            None => Estimate::around(figure.value, stderr, prompts),
        }
    }

    fn means(&self) -> ArmMeans {
        let mean = |column: usize| self.moments.mean(column) / self.moments.mean(0);
        let by_arm = |i: usize| std::array::from_fn(|arm| mean(1 + PER_ARM * arm + i));
        let retained: [Linear; ARMS] = by_arm(2);
        ArmMeans {
            tokens: by_arm(0),
            delivered: by_arm(1),
            falsely_rejected: std::array::from_fn(|arm| &retained[arm & EXIT] - &retained[arm]),
            retained,
            utility: by_arm(3),
            exited: by_arm(4),
            lost_and_gained: [SINGLE - 2, SINGLE - 1].map(mean),
        }
    }

    /// The columns of generation number `i`, and its events and trials by share.
    fn row(&self, i: usize, batch: &OutcomeBatch, exits: &EarlyExitBatch, row: &mut Row) {
        let known = self.knowledge;
        let verdicts = known
            .verdict
            .then(|| [batch.accepted[i], exits.accepted[i]]);
        let tokens = [
            batch.tokens_full[i],
            batch.tokens_paid[i],
            exits.tokens_exit[i],
            exits.tokens_both[i],
        ];
        let probe = exits.exited_at[i];
        row.columns[0] += 1;
        let mut retained = [false; ARMS];
        for number in 0..ARMS {
            let (rejects, exits_early) = outcome::arm(number);
            let rejected = match (rejects, exits_early) {
                (false, _) => false,
                (true, false) => batch.rejected_at[i] != NEVER,
                (true, true) => exits.rejected_first[i],
            };
            let exited = exits_early && !rejected && probe != NEVER;
            retained[number] = !rejected && verdicts.is_some_and(|of| of[usize::from(exits_early)]);
            let utility = match (known.utility && retained[number], exits_early) {
                (false, _) => 0.0,
                (true, false) => batch.utility[i],
                (true, true) => exits.utility[i],
            };
            let start = 1 + PER_ARM * number;
            let scale = |column: usize| self.moments.scale(start + column);
            let columns = &mut row.columns[start..start + PER_ARM];
            columns[0] += scale(0).round(tokens[number]);
            columns[1] += i64::from(!rejected);
            columns[2] += i64::from(retained[number]);
            columns[3] += scale(3).round(utility);
            columns[4] += i64::from(exited);
            // A log has places of its own for each generation, and no probes to be told apart.
            if exited && (probe as usize) < self.probes {
                let number = usize::from(rejects) * self.probes + probe as usize;
                row.columns[SINGLE + number] += 1;
            }
        }
        if let Some([full, early]) = verdicts {
            row.columns[SINGLE - 2] += i64::from(full && !early);
            row.columns[SINGLE - 1] += i64::from(early && !full);
        }
    }

    /// Takes in the sums of a prompt.
    fn close(&mut self, row: &mut Row) {
        let column = |arm: usize, i: usize| row.columns[1 + PER_ARM * arm + i];
        let count = row.columns[0];
        for arm in 0..ARMS {
            let [delivered, retained, exited] = [1, 2, 4].map(|i| column(arm, i));
            let before = column(arm & EXIT, 2);
            let pairs = [
                (delivered, count),
                (exited, count),
                (retained, count),
                (retained, delivered),
                (before - retained, before),
            ];
            for (i, (events, trials)) in pairs.into_iter().enumerate() {
                self.shares[SHARES * arm + i].add_alike(1, events, trials);
            }
        }
        for i in 0..2 {
            let events = row.columns[SINGLE - 2 + i];
            self.shares[SHARES * ARMS + i].add_alike(1, events, count);
        }
        for (exits, &events) in self.exits.iter_mut().zip(&row.columns[SINGLE..]) {
            exits.add_alike(1, events, count);
        }
        row.nonzero.clear();
        let columns = row.columns.iter().copied().enumerate();
        row.nonzero.extend(columns.filter(|(_, x)| *x != 0));
        self.moments.add(&row.nonzero);
        row.columns.fill(0);
    }

    /// Takes in what another tally of the same frame has gathered.
    pub fn take_in(&mut self, later: &Self) {
        self.moments.merge(&later.moments);
        let shares = self.shares.iter_mut().chain(&mut self.exits);
        for (share, other) in shares.zip(later.shares.iter().chain(&later.exits)) {
            share.merge(*other);
        }
    }
}

/// Sums of the prompt that is read.
struct Row {
    columns: Vec<i64>,
    nonzero: Vec<(usize, i64)>,
}

/// Batches without early exit bring nothing.
impl Fold<OutcomeBatch> for ArmsTally {
    fn fold(&mut self, batch: &OutcomeBatch) {
        let Some(exits) = &batch.early_exit else {
            return;
        };
        let mut row = Row {
            columns: vec![0; self.moments.width()],
            nonzero: Vec::new(),
        };
        for i in 0..batch.len() {
            self.row(i, batch, exits, &mut row);
            if batch.prompt.get(i + 1) != Some(&batch.prompt[i]) {
                self.close(&mut row);
            }
        }
    }

    fn merge(&mut self, later: Self) {
        self.take_in(&later);
    }
}
