//! Tokens and accuracy of full generation, rejection, early exit and both, exactly.
//!
//! Below the four arms stands what both would leave to pay if early exit saved the same share of whatever
//! rejection leaves. What is fitted, published or assumed the description of the scenario says, which stands
//! below the title.

use plotters::style::RGBColor;
use plotters::style::text_anchor::HPos;

use super::axis::{Axis, number};
use super::scene::{Point, Scene};
use super::theme::{
    CONTRAST, FAINT, HAIRLINE, HEADING, INK, LABEL, MARGIN, MARK, MUTED, NOTE, PAPER, REFERENCE,
    SUBJECT, SUBTITLE, TITLE, WHISKER,
};
use super::{Figure, PlotError, draw};
use crate::study::early_exit::EarlyExitFindings;
use crate::study::simulation::{Compared, SimulationFindings};

const NAME: &str = "early-exit-arms";
/// Arm, what it is called, and its colour.
const ARMS: [(&str, &str, RGBColor); 4] = [
    ("full", "full generation", MUTED),
    ("reject", "rejection", SUBJECT),
    ("exit", "early exit", CONTRAST),
    ("both", "both", INK),
];
const INDEPENDENT: &str = "both, if independent";
/// Of the panels of tokens and of accuracy, and between them beside the values in the first one.
const WIDTH: f64 = 300.0;
const NARROW: f64 = 220.0;
const BETWEEN: f64 = 40.0;
const ROW: f64 = 36.0;
const BAR: f64 = 20.0;
const HEAD: f64 = 76.0;
const ABOVE: f64 = 34.0;
const BELOW: f64 = 56.0;
/// Accuracy shown at least, in per cent.
const LEAST: f64 = 2.0;

/// An arm's exact values: tokens per generation, savings and accuracy.
struct Arm {
    name: &'static str,
    color: RGBColor,
    tokens: Option<f64>,
    savings: Option<f64>,
    accuracy: Option<f64>,
}

/// Draws the arms of a scenario with early exit.
pub fn early_exit_arms(findings: &SimulationFindings) -> Result<Figure, PlotError> {
    let Some(early_exit) = &findings.early_exit else {
        return Err(PlotError::Nothing("the scenario knows no early exit"));
    };
    let arms = arms(early_exit);
    let SimulationFindings {
        scenario,
        description,
        ..
    } = findings;
    let about = format!("{scenario}: exact values. {description}");
    draw::figure(NAME, &scene(&arms, &about)?, &alt(&arms, &about))
}

fn arms(findings: &EarlyExitFindings<Compared>) -> Vec<Arm> {
    let exact = |arm: &str, name: &str| {
        let value = findings.of_arm(arm, name)?.exact?;
        Some(value).filter(|value| value.is_finite())
    };
    let mut arms: Vec<Arm> = ARMS
        .iter()
        .map(|&(arm, name, color)| Arm {
            name,
            color,
            tokens: exact(arm, "tokens"),
            savings: exact(arm, "savings").filter(|_| arm != "full"),
            accuracy: exact(arm, "purity"),
        })
        .collect();
    let savings = findings.composition("savings_if_independent");
    let savings = savings.and_then(|savings| savings.exact);
    arms.push(Arm {
        name: INDEPENDENT,
        color: REFERENCE,
        tokens: savings
            .zip(arms[0].tokens)
            .map(|(saved, full)| (1.0 - saved) * full),
        savings,
        accuracy: None,
    });
    arms
}

impl Arm {
    /// What stands beside its bar.
    fn told(&self) -> String {
        let Some(tokens) = self.tokens else {
            return "undefined".to_owned();
        };
        let tokens = number(tokens, 1);
        match self.savings {
            Some(savings) => format!("{tokens} (saves {} %)", number(100.0 * savings, 1)),
            None => tokens,
        }
    }
}

fn scene(arms: &[Arm], about: &str) -> Result<Scene, PlotError> {
    let most = arms.iter().filter_map(|arm| arm.tokens).fold(0.0, f64::max);
    if most <= 0.0 {
        return Err(PlotError::Nothing("no arm has tokens"));
    }
    let (mut names, mut values): (f64, f64) = (0.0, 0.0);
    for arm in arms {
        names = names.max(LABEL.width(arm.name)?);
        values = values.max(LABEL.width(&arm.told())?);
    }
    let left = MARGIN + names + 16.0;
    let second = left + WIDTH + values + 10.0 + BETWEEN;
    let width = second + NARROW + LABEL.width("00.0 %")? + 14.0 + MARGIN;
    let top = HEAD + ABOVE;
    let bottom = top + ROW * arms.len() as f64;
    let mut scene = Scene::new(width, bottom + BELOW);
    let title = "Rejection and early exit: tokens and accuracy, alone and together";
    let room = width - 2.0 * MARGIN;
    scene.text(&TITLE.shortened(title, room)?, (MARGIN, 36.0), TITLE);
    let about = SUBTITLE.shortened(about, room)?;
    scene.text(&about, (MARGIN, 57.0), SUBTITLE);
    for (row, arm) in arms.iter().enumerate() {
        let at = (left - 12.0, middle(top, row) + 4.5);
        scene.text(arm.name, at, LABEL.anchored(HPos::Right));
    }
    scene.text("Tokens", (left, HEAD + 18.0), HEADING);
    let tokens = Panel {
        axis: Axis::linear(0.0, most, 5),
        left,
        width: WIDTH,
        top,
        bottom,
    };
    tokens.draw_axis(&mut scene, "tokens per generation");
    tokens.draw_bars(&mut scene, arms);
    scene.text(
        "Accuracy of what is delivered",
        (second, HEAD + 18.0),
        HEADING,
    );
    let accuracy = Panel {
        axis: accuracies(arms),
        left: second,
        width: NARROW,
        top,
        bottom,
    };
    accuracy.draw_axis(&mut scene, "accepted by the final filter (%)");
    accuracy.draw_accuracies(&mut scene, arms);
    Ok(scene)
}

fn middle(top: f64, row: usize) -> f64 {
    top + ROW * (row as f64 + 0.5)
}

/// Not from 0: differences between the arms are what there is to see.
fn accuracies(arms: &[Arm]) -> Axis {
    let shown = arms
        .iter()
        .filter_map(|arm| arm.accuracy)
        .map(|x| 100.0 * x);
    let (lo, hi) = shown.fold((100.0_f64, 0.0_f64), |(lo, hi), x| (lo.min(x), hi.max(x)));
    let (lo, hi) = if lo > hi { (0.0, 100.0) } else { (lo, hi) };
    let free = 0.5 * (LEAST - (hi - lo)).max(0.2 * (hi - lo));
    Axis::linear((lo - free).max(0.0), hi + free, 4)
}

struct Panel {
    axis: Axis,
    left: f64,
    width: f64,
    top: f64,
    bottom: f64,
}

impl Panel {
    fn x(&self, value: f64) -> f64 {
        self.left + self.axis.place(value).clamped() * self.width
    }

    fn draw_axis(&self, scene: &mut Scene, label: &str) {
        for (tick, text) in self.axis.ticks() {
            let x = self.x(tick);
            // Values stand beside the marks, so lines across would only be in their way.
            scene.upright(x, (self.bottom, self.bottom + 4.0), HAIRLINE, REFERENCE);
            scene.text(&text, (x, self.bottom + 17.0), NOTE.anchored(HPos::Center));
        }
        let ends = (self.left, self.left + self.width);
        scene.level(self.bottom, ends, HAIRLINE, REFERENCE);
        let at = (self.left + 0.5 * self.width, self.bottom + 38.0);
        scene.text(label, at, LABEL.anchored(HPos::Center));
    }

    fn draw_bars(&self, scene: &mut Scene, arms: &[Arm]) {
        for (row, arm) in arms.iter().enumerate() {
            let y = middle(self.top, row);
            let end = self.x(arm.tokens.unwrap_or(0.0));
            let (from, to): (Point, Point) = ((self.left, y - 0.5 * BAR), (end, y + 0.5 * BAR));
            scene.rectangle(from, to, arm.color);
            // What is no arm is hollow.
            if arm.name == INDEPENDENT && to.0 - from.0 > 2.0 * WHISKER {
                let (from, to) = (
                    (from.0 + WHISKER, from.1 + WHISKER),
                    (to.0 - WHISKER, to.1 - WHISKER),
                );
                scene.rectangle(from, to, PAPER);
            }
            let text = arm.told();
            scene.text(&text, (end + 10.0, y + 4.5), LABEL);
        }
    }

    fn draw_accuracies(&self, scene: &mut Scene, arms: &[Arm]) {
        for (row, arm) in arms.iter().enumerate() {
            let y = middle(self.top, row);
            let text = match arm.accuracy {
                Some(accuracy) => format!("{} %", number(100.0 * accuracy, 1)),
                None if arm.name == INDEPENDENT => continue,
                None => "undefined".to_owned(),
            };
            let x = self.x(arm.accuracy.map_or(0.0, |accuracy| 100.0 * accuracy));
            scene.level(y, (self.left, x), HAIRLINE, FAINT);
            if arm.accuracy.is_some() {
                scene.disc((x, y), MARK, arm.color);
            }
            scene.text(&text, (x + 10.0, y + 4.5), LABEL);
        }
    }
}

fn alt(arms: &[Arm], about: &str) -> String {
    let told = arms.iter().map(|arm| {
        let accuracy = arm.accuracy.map_or(String::new(), |accuracy| {
            format!(", accuracy {} %", number(100.0 * accuracy, 1))
        });
        format!(
            " {}: {} tokens per generation{accuracy}.",
            arm.name,
            arm.told()
        )
    });
    format!("{about} Tokens and accuracy of the arms.") + &told.collect::<String>()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plot::made_up::{compared, simulation};
    use crate::study::Named;
    use crate::study::early_exit::{ARM_NAMES, ArmFindings};

    /// Four arms with these tokens and accuracies; independent, both would save `independent`.
    fn found(tokens: [f64; 4], accuracies: [f64; 4], independent: f64) -> SimulationFindings {
        let named = |name: &str, value: f64| Named {
            name: name.to_owned(),
            value: compared(Some(value), None),
        };
        let arm = |i: usize| ArmFindings {
            name: ARM_NAMES[i].to_owned(),
            figures: vec![
                named("tokens", tokens[i]),
                named("savings", 1.0 - tokens[i] / tokens[0]),
                named("purity", accuracies[i]),
            ],
        };
        SimulationFindings {
            early_exit: Some(EarlyExitFindings {
                arms: (0..4).map(arm).collect(),
                composition: vec![named("savings_if_independent", independent)],
                exits_by_stage: Vec::new(),
            }),
            description: "Assumed.".to_owned(),
            ..simulation("arms & such", &[])
        }
    }

    fn two() -> [SimulationFindings; 2] {
        [
            found([400.0, 300.0, 200.0, 180.0], [0.7, 0.8, 0.75, 0.8], 0.625),
            found([1e6, 1e6, 1e-3, 1e-3], [1.0, 1.0, 0.0, 0.5], 1.0),
        ]
    }

    /// Savings are 25 %, 50 % and 55 %; independent, both would leave 400 · (1 − 0.625) = 150 tokens.
    #[test]
    fn each_arm_is_told_beside_its_bar() {
        let figure = early_exit_arms(&two()[0]).unwrap();
        for text in [
            "400.0",
            "300.0 (saves 25.0 %)",
            "200.0 (saves 50.0 %)",
            "180.0 (saves 55.0 %)",
            "150.0 (saves 62.5 %)",
            "75.0 %",
            "arms &amp; such: exact values. Assumed.",
        ] {
            let set = format!(">\n{text}\n</text>");
            assert!(figure.svg.contains(&set), "{text}");
        }
    }

    #[test]
    fn the_same_findings_give_the_same_bytes() {
        let findings = two()[0].clone();
        let again = early_exit_arms(&findings).unwrap();
        assert_eq!(early_exit_arms(&findings).unwrap(), again);
    }

    #[test]
    fn nothing_is_cut_off_or_hidden() {
        for findings in two() {
            let mut arms = arms(&findings.early_exit.unwrap());
            scene(&arms, &"m".repeat(300)).unwrap().assert_tidy();
            arms[2].accuracy = None;
            arms[4].tokens = None;
            scene(&arms, "").unwrap().assert_tidy();
        }
    }

    #[test]
    fn a_scenario_without_early_exit_has_no_arms() {
        let mut findings = two()[0].clone();
        findings.early_exit = None;
        assert!(matches!(
            early_exit_arms(&findings),
            Err(PlotError::Nothing(_))
        ));
    }
}
