//! How do rejection and early exit compose? Four arms on the same generations: full generation,
//! rejection alone, early exit alone, both.
//!
//! 1 − `s_both` = (1 − `s_reject`)(1 − e), with e what early exit still saves of what rejection leaves. If
//! it saved the same share of whatever is left, e would be its savings alone, `e_alone`; the overlap
//! coefficient 1 − e/`e_alone` is 0 then, and 1 where rejection leaves it nothing to save. In points of
//! savings `s_reject` + `s_exit` − `s_both` is the share of all tokens that either would save by itself.

use serde::{Deserialize, Serialize};

use super::Named;
use super::named::as_map;
use super::simulation::Compared;
use crate::engine::{Interrupt, Run, Simulation};
use crate::estimate::{ARM_FIGURES, ArmMeans, ArmsTally, COMPOSITION, Tally};
use crate::outcome::{self, ARMS, Fold, Frame, OutcomeBatch};
use crate::scenario::Scenario;
use crate::stats::Linear;
use crate::theory::Arms;

/// Names of the arms, by number.
pub const ARM_NAMES: [&str; ARMS] = ["full", "reject", "exit", "both"];

/// From fewer exits, or fewer retained generations, intervals are not reliable.
const FEW: u64 = 10;

/// One arm.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(bound(deserialize = "T: Serialize + Deserialize<'de>"))]
pub struct ArmFindings<T: Serialize> {
    /// One of [`ARM_NAMES`].
    pub name: String,
    /// In the order of [`ARM_FIGURES`].
    #[serde(flatten, with = "as_map")]
    pub figures: Vec<Named<T>>,
}

/// Exits at one probe.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ProbeFindings<T> {
    /// The stage after which it stands.
    pub stage: String,
    /// P(exit there) of early exit alone.
    pub alone: T,
    /// The same with rejection.
    pub with_rejection: T,
}

/// The four arms and how they compose.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EarlyExitFindings<T: Serialize> {
    /// In the order of [`ARM_NAMES`].
    pub arms: Vec<ArmFindings<T>>,
    /// In the order of [`COMPOSITION`].
    #[serde(with = "as_map")]
    pub composition: Vec<Named<T>>,
    /// Exits by probe, where probes stand after stages.
    pub exits_by_stage: Vec<ProbeFindings<T>>,
}

impl<T: Serialize + Copy> EarlyExitFindings<T> {
    /// The figures, each by its name and arm; exits by probe are not among them.
    pub(super) fn new(
        of_arm: impl Fn(usize, &str) -> T,
        of_composition: impl Fn(&str) -> T,
    ) -> Self {
        let named = |name: &str, value: T| Named {
            name: name.to_owned(),
            value,
        };
        let arm = |(arm, name): (usize, &&str)| ArmFindings {
            name: (*name).to_owned(),
            figures: ARM_FIGURES
                .iter()
                .map(|figure| named(figure, of_arm(arm, figure)))
                .collect(),
        };
        Self {
            arms: ARM_NAMES.iter().enumerate().map(arm).collect(),
            composition: COMPOSITION
                .iter()
                .map(|figure| named(figure, of_composition(figure)))
                .collect(),
            exits_by_stage: Vec::new(),
        }
    }

    /// The figure of an arm, one of [`ARM_NAMES`], called `name`.
    pub fn of_arm(&self, arm: &str, name: &str) -> Option<T> {
        let arm = self.arms.iter().find(|a| a.name == arm)?;
        find(&arm.figures, name)
    }

    /// The figure of the composition called `name`.
    pub fn composition(&self, name: &str) -> Option<T> {
        find(&self.composition, name)
    }
}

fn find<T: Copy>(figures: &[Named<T>], name: &str) -> Option<T> {
    let found = figures.iter().find(|figure| figure.name == name);
    found.map(|figure| figure.value)
}

/// The exact values of all figures of a scenario with early exit.
#[derive(Debug, Clone)]
pub struct ExactArms {
    arms: Arms,
    means: ArmMeans,
}

impl ExactArms {
    /// Evaluates `scenario`; `None` if it knows no early exit.
    pub fn new(scenario: &Scenario) -> Option<Self> {
        let arms = Arms::new(scenario)?;
        let known = |value: f64| Linear::constant(value, 0);
        let by_arm = |of: &dyn Fn(crate::theory::Arm) -> f64| -> [Linear; ARMS] {
            std::array::from_fn(|arm| known(of(arms.arm(arm))))
        };
        let means = ArmMeans {
            tokens: by_arm(&|arm| arm.tokens),
            delivered: by_arm(&|arm| arm.delivered),
            retained: by_arm(&|arm| arm.retained),
            utility: by_arm(&|arm| arm.utility),
            exited: by_arm(&|arm| arm.exited),
            falsely_rejected: by_arm(&|arm| arm.falsely_rejected),
            lost_and_gained: [known(arms.lost()), known(arms.gained())],
        };
        Some(Self { arms, means })
    }

    /// The figure of arm number `arm` called `name`, one of [`ARM_FIGURES`]; `None` where undefined.
    pub fn of_arm(&self, arm: usize, name: &str) -> Option<f64> {
        finite(&self.means.of_arm(arm, name))
    }

    /// The figure of the composition called `name`, one of [`COMPOSITION`]; likewise.
    pub fn composition(&self, name: &str) -> Option<f64> {
        finite(&self.means.composition(name))
    }
}

fn finite(figure: &Linear) -> Option<f64> {
    Some(figure.value).filter(|value| value.is_finite())
}

/// The four arms of a scenario with early exit, exact and as drawn; and what a reader has to know.
pub(super) fn compared(
    scenario: &Scenario,
    tally: &ArmsTally,
) -> Option<(EarlyExitFindings<Compared>, Vec<String>)> {
    let exact = ExactArms::new(scenario)?;
    let mut findings = EarlyExitFindings::new(
        |arm, name| Compared {
            estimate: tally.of_arm(arm, name),
            exact: exact.of_arm(arm, name),
        },
        |name| Compared {
            estimate: tally.composition(name),
            exact: exact.composition(name),
        },
    );
    let probes = scenario.probes().iter().enumerate();
    findings.exits_by_stage = probes
        .map(|(number, probe)| {
            let rate = |with_rejection| Compared {
                estimate: tally.exits_at(number, with_rejection),
                exact: exact.arms.exits(with_rejection).get(number).copied(),
            };
            ProbeFindings {
                stage: scenario.stage_name(probe.at).to_owned(),
                alone: rate(false),
                with_rejection: rate(true),
            }
        })
        .collect();
    let mut warnings = vec![
        "with early exit in the scenario, all figures but those of the four arms are of rejection \
         alone"
            .to_owned(),
    ];
    if exact.arms.quadrature_error() > 1e-10 {
        warnings.push(format!(
            "the exact values of the four arms are good to a relative {:.1e} only",
            exact.arms.quadrature_error()
        ));
    }
    warnings.extend(few_exits(tally));
    warnings.extend(few_retained(tally));
    Some((findings, warnings))
}

/// Says so where too few generations exit for intervals to be relied on.
pub(super) fn few_exits(tally: &ArmsTally) -> Option<String> {
    (tally.exits() < FEW).then(|| {
        format!(
            "only {} of {} generations exit early: the intervals of the four arms are not reliable",
            tally.exits(),
            tally.generations()
        )
    })
}

/// Says in which arms with early exit so few generations are retained that what they cost and are worth
/// is known from hardly any. Rejection alone has a warning of its own.
pub(super) fn few_retained(tally: &ArmsTally) -> Option<String> {
    let arms = ARM_NAMES.iter().enumerate();
    let few = arms.filter(|&(arm, _)| outcome::arm(arm).1);
    let few = few.filter(|&(arm, _)| (1..FEW).contains(&tally.retained(arm)));
    let few: Vec<String> = few
        .map(|(arm, name)| format!("{} in the arm `{name}`", tally.retained(arm)))
        .collect();
    (!few.is_empty()).then(|| {
        format!(
            "of {} generations only so many are retained: {}; the intervals of cost ratios, utility and \
             bias there are not reliable",
            tally.generations(),
            few.join(", ")
        )
    })
}

/// Nothing drawn yet of `scenario`, whose batches are of `frame`; `None` if it knows no early exit.
pub(super) fn empty(scenario: &Scenario, frame: &Frame) -> Option<ArmsTally> {
    let probes = scenario.probes();
    let looks: f64 = probes.iter().map(|probe| probe.cost_tokens).sum();
    let answers = probes.iter().map(|probe| probe.answer_tokens);
    let most = looks + answers.fold(0.0, f64::max);
    (!probes.is_empty()).then(|| ArmsTally::new(frame, probes.len(), most))
}

/// Draws what `simulation` is to draw, into `arms` too.
pub(super) fn draw(
    simulation: &Simulation<'_>,
    arms: &mut ArmsTally,
    progress: &(dyn Fn(u64) + Sync),
    interrupt: &Interrupt,
) -> Run<Tally> {
    let nothing = arms.emptied();
    let empty = || WithArms {
        tally: Tally::new(&simulation.frame(0)),
        arms: nothing.clone(),
    };
    let run = simulation.run(empty, progress, interrupt);
    arms.take_in(&run.fold.arms);
    Run {
        fold: run.fold.tally,
        attempts: run.attempts,
        partial: run.partial,
        batches: run.batches,
    }
}

/// The tally of rejection alone with that of the four arms, of the same generations.
struct WithArms {
    tally: Tally,
    arms: ArmsTally,
}

/// The first of several policies is tallied.
impl Fold<[OutcomeBatch]> for WithArms {
    fn fold(&mut self, under_each_policy: &[OutcomeBatch]) {
        self.tally.fold(under_each_policy);
        self.arms.fold(&under_each_policy[0]);
    }

    fn merge(&mut self, later: Self) {
        <Tally as Fold<[OutcomeBatch]>>::merge(&mut self.tally, later.tally);
        self.arms.take_in(&later.arms);
    }
}
