//! Tokens and accuracy of full generation, rejection, early exit and both, exactly.
//!
//! Below the four arms stands what both would leave to pay if early exit saved the same share of whatever
//! rejection leaves. What is fitted, published or assumed the description of the scenario says, which stands
//! below the title; published numbers of the arms are rings.

use plotters::style::RGBColor;
use plotters::style::text_anchor::HPos;

use super::axis::{Axis, number};
use super::published_arms::{Published, published_arms};
use super::scene::{Point, Scene};
use super::theme::{
    AXIS_TEXT, CONTRAST, FAINT, HAIRLINE, HEADING, INK, LABEL, MARGIN, MARK, MUTED, NOTE, PAPER,
    REFERENCE, SUBJECT, SUBTITLE, TICK_TEXT, TITLE, WHISKER,
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
/// What the key of published numbers takes.
const KEY: f64 = 24.0;
/// Radius of what is published: room for a mark within.
const RING: f64 = 8.5;
/// From the end of a bar or a mark to what is written beside it.
const BESIDE: f64 = 15.0;
/// Of the two strokes that break an axis: how high, how far apart.
const BREAK: Point = (7.0, 5.0);
const ABOVE: f64 = 34.0;
const BELOW: f64 = 62.0;
/// Accuracy shown at least, in per cent.
const LEAST: f64 = 2.0;

/// An arm's exact values: tokens per generation, savings and accuracy.
struct Arm {
    name: &'static str,
    color: RGBColor,
    tokens: Option<f64>,
    savings: Option<f64>,
    accuracy: Option<f64>,
    /// Tokens per generation and accuracy that somebody published.
    published: Option<(f64, f64)>,
}

/// Draws the arms of a scenario with early exit.
pub fn early_exit_arms(findings: &SimulationFindings) -> Result<Figure, PlotError> {
    let Some(early_exit) = &findings.early_exit else {
        return Err(PlotError::Nothing("the scenario knows no early exit"));
    };
    let SimulationFindings {
        scenario,
        description,
        ..
    } = findings;
    let arms = arms(early_exit, published_arms(scenario));
    let about = format!("{scenario}: exact values. {description}");
    draw::figure(NAME, &scene(&arms, &about)?, &alt(&arms, &about))
}

fn arms(findings: &EarlyExitFindings<Compared>, published: &[Published]) -> Vec<Arm> {
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
            published: published
                .iter()
                .find(|known| known.arm == arm)
                .map(|known| (known.tokens, known.accuracy)),
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
        published: None,
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
    let second = left + WIDTH + values + BESIDE + BETWEEN;
    let width = second + NARROW + LABEL.width("100.0 %")? + BESIDE + MARGIN;
    let ringed = arms.iter().any(|arm| arm.published.is_some());
    let head = if ringed { HEAD + KEY } else { HEAD };
    let top = head + ABOVE;
    let bottom = top + ROW * arms.len() as f64;
    let mut scene = Scene::new(width, bottom + BELOW);
    let title = "Rejection and early exit: tokens and accuracy, alone and together";
    let room = width - 2.0 * MARGIN;
    scene.text(&TITLE.shortened(title, room)?, (MARGIN, 36.0), TITLE);
    let about = SUBTITLE.shortened(about, room)?;
    scene.text(&about, (MARGIN, 57.0), SUBTITLE);
    if ringed {
        published(&mut scene, (MARGIN + RING, 77.5));
        let text = "published; bars and points are a model fitted to it";
        scene.text(text, (MARGIN + 2.0 * RING + 8.0, 82.0), LABEL);
    }
    for (row, arm) in arms.iter().enumerate() {
        let at = (left - 12.0, middle(top, row) + 4.5);
        scene.text(arm.name, at, LABEL.anchored(HPos::Right));
    }
    scene.text("Tokens", (left, head + 18.0), HEADING);
    let tokens = Panel {
        axis: Axis::linear(0.0, greatest(most, arms), 5),
        left,
        width: WIDTH,
        top,
        bottom,
    };
    tokens.draw_axis(&mut scene, "tokens per generation");
    tokens.draw_bars(&mut scene, arms);
    scene.text(
        "Accuracy of what is delivered",
        (second, head + 18.0),
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
    accuracy.draw_accuracies(&mut scene, arms)?;
    Ok(scene)
}

/// The most tokens that are drawn.
fn greatest(most: f64, arms: &[Arm]) -> f64 {
    let published = arms.iter().filter_map(|arm| Some(arm.published?.0));
    published.fold(most, f64::max)
}

fn middle(top: f64, row: usize) -> f64 {
    top + ROW * (row as f64 + 0.5)
}

/// Not from 0: differences between the arms are what there is to see.
fn accuracies(arms: &[Arm]) -> Axis {
    let published = arms.iter().filter_map(|arm| Some(arm.published?.1));
    let shown = arms.iter().filter_map(|arm| arm.accuracy);
    let shown = shown.chain(published).map(|x| 100.0 * x);
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
            scene.text(
                &text,
                (x, self.bottom + TICK_TEXT),
                NOTE.anchored(HPos::Center),
            );
        }
        let ends = (self.left, self.left + self.width);
        scene.level(self.bottom, ends, HAIRLINE, REFERENCE);
        if self.axis.start() > 0.0 {
            self.draw_break(scene);
        }
        let at = (self.left + 0.5 * self.width, self.bottom + AXIS_TEXT);
        scene.text(label, at, LABEL.anchored(HPos::Center));
    }

    /// Shows that the axis does not begin at 0.
    fn draw_break(&self, scene: &mut Scene) {
        let (high, apart) = BREAK;
        let x = self.left - apart;
        scene.level(self.bottom, (x - apart, self.left), HAIRLINE, REFERENCE);
        scene.rectangle(
            (x - 0.5 * apart, self.bottom - 1.0),
            (x + 0.5 * apart, self.bottom + 1.0),
            PAPER,
        );
        for at in [x - 0.5 * apart, x + 0.5 * apart] {
            let stroke = vec![
                (at - 0.25 * high, self.bottom + 0.5 * high),
                (at + 0.25 * high, self.bottom - 0.5 * high),
            ];
            scene.line(stroke, HAIRLINE, INK);
        }
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
            if let Some((tokens, _)) = arm.published {
                published(scene, (self.x(tokens), y));
            }
            let text = arm.told();
            scene.text(&text, (end + BESIDE, y + 4.5), LABEL);
        }
    }

    fn draw_accuracies(&self, scene: &mut Scene, arms: &[Arm]) -> Result<(), PlotError> {
        for (row, arm) in arms.iter().enumerate() {
            let y = middle(self.top, row);
            let text = match arm.accuracy {
                Some(accuracy) => format!("{} %", number(100.0 * accuracy, 1)),
                None if arm.name == INDEPENDENT => continue,
                None => "undefined".to_owned(),
            };
            let x = self.x(arm.accuracy.map_or(0.0, |accuracy| 100.0 * accuracy));
            // From end to end: the axis need not begin at 0, so that no length means anything.
            let ends = (self.left, self.left + self.width);
            scene.level(y, ends, HAIRLINE, FAINT);
            if let Some((_, accuracy)) = arm.published {
                published(scene, (self.x(100.0 * accuracy), y));
            }
            if arm.accuracy.is_some() {
                scene.disc((x, y), MARK, arm.color);
            }
            let (from, to) = (
                (x + BESIDE - 2.0, y - 8.0),
                (x + BESIDE + LABEL.width(&text)?, y + 8.0),
            );
            scene.rectangle(from, to, PAPER);
            scene.text(&text, (x + BESIDE, y + 4.5), LABEL);
        }
        Ok(())
    }
}

/// Marks what is published, apart from whatever it lies on.
fn published(scene: &mut Scene, at: Point) {
    scene.disc(at, RING + HAIRLINE, PAPER);
    scene.ring(at, RING, INK);
}

fn alt(arms: &[Arm], about: &str) -> String {
    let told = arms.iter().map(|arm| {
        let accuracy = arm.accuracy.map_or(String::new(), |accuracy| {
            format!(", accuracy {} %", number(100.0 * accuracy, 1))
        });
        let published = arm.published.map_or(String::new(), |(tokens, accuracy)| {
            format!(
                "; published {} and {} %",
                number(tokens, 1),
                number(100.0 * accuracy, 1)
            )
        });
        format!(
            " {}: {} tokens per generation{accuracy}{published}.",
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
    use crate::plot::scene::Mark;
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
            let mut arms = arms(&findings.early_exit.unwrap(), &[]);
            scene(&arms, &"m".repeat(300)).unwrap().assert_tidy();
            arms[1].published = Some((1e6, 1.0));
            arms[3].published = Some((0.0, 0.0));
            scene(&arms, "").unwrap().assert_tidy();
            arms[2].accuracy = None;
            arms[4].tokens = None;
            scene(&arms, "").unwrap().assert_tidy();
        }
    }

    /// Of the scenario that is fitted to published numbers, and of no other; the axis of accuracies is broken
    /// where it does not begin at 0.
    #[test]
    fn published_numbers_are_rings_and_a_broken_axis_is_seen_to_be() {
        let key = "published; bars and points are a model fitted to it";
        let mut fitted = two()[0].clone();
        let plain = early_exit_arms(&fitted).unwrap();
        assert!(!plain.svg.contains(key) && !plain.alt.contains("published"));
        fitted.scenario = "gsm8k-published".to_owned();
        let ringed = early_exit_arms(&fitted).unwrap();
        assert!(ringed.svg.contains(key));
        let told = "rejection: 300.0 (saves 25.0 %) tokens per generation, accuracy 80.0 %; published 246.1 and \
                    73.4 %.";
        assert!(ringed.alt.contains(told), "{}", ringed.alt);
        let strokes = |findings: &SimulationFindings| {
            let arms = arms(findings.early_exit.as_ref().unwrap(), &[]);
            let drawn = scene(&arms, "").unwrap();
            let lines = drawn
                .marks
                .iter()
                .filter(|mark| matches!(mark, Mark::Line(..)));
            lines.count()
        };
        assert_eq!(two().map(|findings| strokes(&findings)), [2, 0]);
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
