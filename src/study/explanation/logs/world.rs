//! What of a log decides savings and cost ratio under a policy: functionals of its empirical law.
//!
//! A generation is good or bad, as the final filter says, and rejected or not; it has a length in full and,
//! if rejected, tokens until it was stopped. Savings and cost ratio are functions of the quantities below and of
//! nothing else, so that worlds put together from quantities of two logs are evaluated exactly. Any values
//! go with any others. The scale of lengths cancels.

use serde::{Deserialize, Serialize};

/// A part in which two logs may differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LogFactor {
    /// Share of bad generations.
    HowOften,
    /// Where rejected generations are stopped, as a share of their length.
    HowEarly,
    /// Share of the bad that is rejected.
    Detection,
    /// Share of the good that is rejected.
    FalseAlarms,
    /// Lengths of the rejected beside those of survivors of the same verdict.
    LengthShape,
    /// Mean length of the bad beside that of the good.
    LengthFaultCovariance,
    /// What checkpoints charge, beside the lengths.
    Charges,
}

/// All parts.
pub const LOG_FACTORS: [LogFactor; 7] = [
    LogFactor::HowOften,
    LogFactor::HowEarly,
    LogFactor::Detection,
    LogFactor::FalseAlarms,
    LogFactor::LengthShape,
    LogFactor::LengthFaultCovariance,
    LogFactor::Charges,
];

impl LogFactor {
    /// In words.
    pub fn describe(self) -> &'static str {
        match self {
            Self::HowOften => "how often things go wrong",
            Self::HowEarly => "how early it shows",
            Self::Detection => "how well it is detected",
            Self::FalseAlarms => "false alarms",
            Self::LengthShape => "lengths of the rejected among their like",
            Self::LengthFaultCovariance => "lengths of the bad beside the good",
            Self::Charges => "charges of the checks",
        }
    }

    /// Its name in JSON and CSV.
    pub fn key(self) -> &'static str {
        match self {
            Self::HowOften => "how_often",
            Self::HowEarly => "how_early",
            Self::Detection => "detection",
            Self::FalseAlarms => "false_alarms",
            Self::LengthShape => "length_shape",
            Self::LengthFaultCovariance => "length_fault_covariance",
            Self::Charges => "charges",
        }
    }
}

/// Good and bad, as indices.
pub(super) const GOOD: usize = 0;
pub(super) const BAD: usize = 1;
/// Surviving and rejected, as indices.
pub(super) const SURVIVING: usize = 0;
pub(super) const REJECTED: usize = 1;

/// Sums over generations.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(super) struct Sums {
    /// Generations, `[verdict][rejected]`.
    pub(super) count: [[f64; 2]; 2],
    /// Their tokens in full.
    pub(super) full: [[f64; 2]; 2],
    /// Tokens of the rejected until they were stopped, by verdict.
    pub(super) stopped: [f64; 2],
    /// What checkpoints charged.
    pub(super) charges: f64,
}

impl Sums {
    pub(super) fn add(&mut self, other: &Self) {
        for verdict in [GOOD, BAD] {
            for fate in [SURVIVING, REJECTED] {
                self.count[verdict][fate] += other.count[verdict][fate];
                self.full[verdict][fate] += other.full[verdict][fate];
            }
            self.stopped[verdict] += other.stopped[verdict];
        }
        self.charges += other.charges;
    }
}

/// The quantities, in the order in which they are shown.
pub(super) const QUANTITIES: [(&str, LogFactor); 9] = [
    ("share_bad", LogFactor::HowOften),
    ("stop_share_bad", LogFactor::HowEarly),
    ("stop_share_good", LogFactor::HowEarly),
    ("detection_rate", LogFactor::Detection),
    ("false_rejection_rate", LogFactor::FalseAlarms),
    ("rejected_to_surviving_length_bad", LogFactor::LengthShape),
    ("rejected_to_surviving_length_good", LogFactor::LengthShape),
    ("bad_to_good_length", LogFactor::LengthFaultCovariance),
    ("charges_per_token", LogFactor::Charges),
];

/// Index of the false rejection rate.
pub(super) const FALSE_REJECTION_RATE: usize = 4;

/// The quantities of a log; `None` where it has no generation to tell.
pub(super) type World = [Option<f64>; QUANTITIES.len()];

/// The quantities behind sums; nothing where a verdict does not occur or texts are empty.
pub(super) fn world(sums: &Sums) -> Option<World> {
    let count = sums.count.map(|fates| fates[SURVIVING] + fates[REJECTED]);
    let full = sums.full.map(|fates| fates[SURVIVING] + fates[REJECTED]);
    if count.iter().chain(&full).any(|&x| x <= 0.0) {
        return None;
    }
    let rate = |verdict: usize| sums.count[verdict][REJECTED] / count[verdict];
    let mean = |verdict: usize, fate: usize| {
        let count = sums.count[verdict][fate];
        (count > 0.0).then(|| sums.full[verdict][fate] / count)
    };
    let stop = |verdict: usize| {
        let full = sums.full[verdict][REJECTED];
        (full > 0.0).then(|| sums.stopped[verdict] / full)
    };
    let ratio = |verdict: usize| {
        let surviving = mean(verdict, SURVIVING).filter(|&mean| mean > 0.0);
        mean(verdict, REJECTED).zip(surviving).map(|(r, s)| r / s)
    };
    Some([
        Some(count[BAD] / (count[GOOD] + count[BAD])),
        stop(BAD),
        stop(GOOD),
        Some(rate(BAD)),
        Some(rate(GOOD)),
        ratio(BAD),
        ratio(GOOD),
        Some((full[BAD] / count[BAD]) / (full[GOOD] / count[GOOD])),
        Some(sums.charges / (full[GOOD] + full[BAD])),
    ])
}

/// The world with the parts of `b` that are in `set`, bit by bit in the order of [`LOG_FACTORS`], and the others of
/// `a`. What one log cannot tell is as in the other.
pub(super) fn mixed(a: &World, b: &World, set: usize) -> World {
    let mut mixed = *a;
    for (i, (_, factor)) in QUANTITIES.iter().enumerate() {
        mixed[i] = if set >> *factor as usize & 1 == 1 {
            b[i].or(a[i])
        } else {
            a[i].or(b[i])
        };
    }
    mixed
}

/// Savings and cost ratio of a world; the latter only where something is retained.
pub(super) fn figures(world: &World) -> [Option<f64>; 2] {
    // What neither log can tell does not matter: nothing is rejected, or everything is.
    let [
        bad,
        stop_bad,
        stop_good,
        detected,
        rejected,
        shape_bad,
        shape_good,
        longer,
        charges,
    ] = world.map(|x| x.unwrap_or(1.0));
    // Share of a verdict's tokens that belong to rejected generations.
    let weight = |rate: f64, shape: f64| {
        if rate >= 1.0 {
            1.0
        } else {
            rate * shape / (rate * shape + 1.0 - rate)
        }
    };
    let (good_tokens, bad_tokens) = (1.0 - bad, bad * longer);
    let saved = good_tokens * weight(rejected, shape_good) * (1.0 - stop_good)
        + bad_tokens * weight(detected, shape_bad) * (1.0 - stop_bad);
    let savings = saved / (good_tokens + bad_tokens) - charges;
    let retained = 1.0 - rejected;
    [
        Some(savings),
        (retained > 0.0).then(|| (1.0 - savings) / retained),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sums() -> Sums {
        Sums {
            count: [[40.0, 3.0], [20.0, 11.0]],
            full: [[4_100.0, 280.0], [2_900.0, 3_300.0]],
            stopped: [110.0, 900.0],
            charges: 64.0,
        }
    }

    /// Savings and cost ratio straight from the sums.
    fn direct(sums: &Sums) -> [f64; 2] {
        let all = |of: [[f64; 2]; 2]| of.iter().flatten().sum::<f64>();
        let paid = sums.full[0][0] + sums.full[1][0] + sums.stopped[0] + sums.stopped[1];
        let savings = 1.0 - (paid + sums.charges) / all(sums.full);
        let accepted = sums.count[0][0] + sums.count[0][1];
        let cost = (paid + sums.charges) / sums.count[0][0] / (all(sums.full) / accepted);
        [savings, cost]
    }

    fn figures_of(sums: &Sums) -> [Option<f64>; 2] {
        figures(&world(sums).unwrap())
    }

    #[test]
    fn figures_are_functions_of_the_quantities() {
        let none_rejected = Sums {
            count: [[43.0, 0.0], [31.0, 0.0]],
            full: [[4_380.0, 0.0], [6_200.0, 0.0]],
            stopped: [0.0, 0.0],
            charges: 0.0,
        };
        let all_bad_rejected = Sums {
            count: [[43.0, 0.0], [0.0, 31.0]],
            full: [[4_380.0, 0.0], [0.0, 6_200.0]],
            stopped: [0.0, 1_000.0],
            charges: 5.0,
        };
        for sums in [sums(), none_rejected, all_bad_rejected] {
            let found = figures_of(&sums).map(Option::unwrap);
            for (found, direct) in found.iter().zip(direct(&sums)) {
                assert!((found - direct).abs() < 1e-14, "{found} {direct}");
            }
        }
    }

    #[test]
    fn one_verdict_tells_no_world_and_the_scale_of_lengths_cancels() {
        let mut one = sums();
        one.count[BAD] = [0.0; 2];
        assert_eq!(world(&one), None);
        let mut longer = sums();
        longer.full = longer.full.map(|of| of.map(|x| 8.0 * x));
        longer.stopped = longer.stopped.map(|x| 8.0 * x);
        longer.charges *= 8.0;
        assert_eq!(world(&longer), world(&sums()));
    }

    /// A population that has the quantities of a world: as many generations as need be.
    fn realised(world: &World) -> Sums {
        let [
            bad,
            stop_bad,
            stop_good,
            detected,
            rejected,
            shape_bad,
            shape_good,
            longer,
            charges,
        ] = world.map(Option::unwrap);
        let mut sums = Sums::default();
        for (verdict, share, rate, shape, stop, mean) in [
            (GOOD, 1.0 - bad, rejected, shape_good, stop_good, 1.0),
            (BAD, bad, detected, shape_bad, stop_bad, longer),
        ] {
            let surviving = mean / (1.0 - rate + rate * shape);
            sums.count[verdict] = [share * (1.0 - rate), share * rate];
            sums.full[verdict] = [
                share * (1.0 - rate) * surviving,
                share * rate * surviving * shape,
            ];
            sums.stopped[verdict] = stop * sums.full[verdict][REJECTED];
        }
        sums.charges = charges * sums.full.iter().flatten().sum::<f64>();
        sums
    }

    /// Every mixture is a population: its figures are those of one that has its quantities.
    #[test]
    fn mixtures_are_populations() {
        let other = Sums {
            count: [[10.0, 6.0], [70.0, 20.0]],
            full: [[2_000.0, 900.0], [4_900.0, 9_000.0]],
            stopped: [20.0, 4_500.0],
            charges: 300.0,
        };
        let [a, b] = [sums(), other].map(|sums| world(&sums).unwrap());
        for set in 0..1 << LOG_FACTORS.len() {
            let mixture = mixed(&a, &b, set);
            let population = realised(&mixture);
            for (found, wanted) in world(&population).unwrap().iter().zip(mixture) {
                assert!((found.unwrap() - wanted.unwrap()).abs() < 1e-12);
            }
            for (found, wanted) in figures(&mixture).iter().zip(direct(&population)) {
                assert!((found.unwrap() - wanted).abs() < 1e-12, "{set}");
            }
        }
        assert_eq!(QUANTITIES[FALSE_REJECTION_RATE].0, "false_rejection_rate");
    }

    /// Where everything good is rejected nothing is retained.
    #[test]
    fn a_cost_ratio_of_nothing_is_undefined() {
        let mut all = sums();
        all.count[GOOD] = [0.0, 43.0];
        all.full[GOOD] = [0.0, 4_380.0];
        assert_eq!(figures_of(&all)[1], None);
    }
}
