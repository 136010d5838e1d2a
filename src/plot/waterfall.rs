//! From one figure to another, part by part: a waterfall of Shapley shares for savings and cost ratio.
//!
//! Each bar begins where the one above ends; arrows tell its direction, whiskers, where there are any,
//! the 95 % interval of its share around its end. Parts in which the two do not differ are left out.

use plotters::style::text_anchor::HPos;

use super::axis::{Axis, number};
use super::log_name::log_name;
use super::scene::{Point, Scene};
use super::theme::{
    AXIS_TEXT, CONTRAST, FAINT, HAIRLINE, HEADING, INK, LABEL, MARGIN, MARK, NOTE, REFERENCE,
    SUBJECT, SUBTITLE, TICK_TEXT, TITLE,
};
use super::{Figure, PlotError, draw};
use crate::study::explanation::ExplanationFindings;
use crate::study::explanation::logs::LogExplanation;

const NAME: &str = "explanation";
const WIDTH: f64 = 260.0;
/// Room for the value beside each row, and between panels.
const VALUES: f64 = 70.0;
const BETWEEN: f64 = 30.0;
const ROW: f64 = 28.0;
const BAR: f64 = 14.0;
const HEAD: f64 = 78.0;
const ABOVE: f64 = 30.0;
const BELOW: f64 = 62.0;
/// Most room for the names of the two ends.
const NAMES: f64 = 260.0;
const TICKS: usize = 4;
/// An axis shows at least this much: less is no difference to look at.
const LEAST: f64 = 0.01;

/// A part with its share and the interval of the share.
struct Step {
    share: f64,
    ci: Option<[f64; 2]>,
}

/// A figure from its first to its second value; nothing where it is undefined.
struct Panel {
    heading: &'static str,
    /// What its axis says.
    label: &'static str,
    ends: Option<(f64, f64, Vec<Step>)>,
}

/// What is drawn.
struct Waterfall {
    title: String,
    about: &'static str,
    /// Names of the two ends.
    ends: [String; 2],
    parts: Vec<&'static str>,
    panels: Vec<Panel>,
}

/// Its heading and its axis.
fn heading(name: &str) -> [&'static str; 2] {
    if name == "savings" {
        ["Savings per attempt", "share of the tokens saved (0 to 1)"]
    } else {
        [
            "Cost per retained sample",
            "relative to full generation (= 1)",
        ]
    }
}

/// A figure by name, with its ends and its parts.
type Named<'f> = (&'f str, Option<(f64, f64)>, Vec<Part>);

/// A part of one figure.
struct Part {
    differs: bool,
    name: &'static str,
    step: Option<Step>,
}

/// Draws the shares of the parts in which two scenarios differ.
pub fn waterfall_of_scenarios(findings: &ExplanationFindings) -> Result<Figure, PlotError> {
    let figures = findings.figures.iter().map(|figure| {
        let parts = figure.parts.iter().map(|part| Part {
            differs: part.differs,
            name: part.factor.describe(),
            step: part.shapley.map(|share| Step { share, ci: None }),
        });
        let ends = figure.of_first.zip(figure.of_second);
        (figure.name.as_str(), ends, parts.collect())
    });
    let ends = [&findings.first, &findings.second].map(String::clone);
    let about =
        "Shapley shares of the difference, exact; means over all orders of exchanging parts.";
    drawn(&waterfall("", about, ends, figures.collect()))
}

/// Draws the shares of the parts in which two logs differ.
pub fn waterfall_of_logs(findings: &LogExplanation) -> Result<Figure, PlotError> {
    let figures = findings.figures.iter().map(|figure| {
        let parts = figure.parts.iter().map(|part| Part {
            differs: part.differs,
            name: part.factor.describe(),
            step: part.shapley.mean.map(|share| Step {
                share,
                ci: part.shapley.ci,
            }),
        });
        let ends = figure.of_first.mean.zip(figure.of_second.mean);
        (figure.name.as_str(), ends, parts.collect())
    });
    let ends = [&findings.first.name, &findings.second.name];
    let ends = ends.map(|name| log_name(name).to_owned());
    let about =
        "Shapley shares of the difference, with 95 % intervals over prompts where there are any.";
    let under = format!(" under {}", findings.policy);
    drawn(&waterfall(&under, about, ends, figures.collect()))
}

/// The panels of figures, each by name with its ends and parts, without parts in which the two are the same.
fn waterfall(
    under: &str,
    about: &'static str,
    ends: [String; 2],
    mut figures: Vec<Named<'_>>,
) -> Waterfall {
    for (.., parts) in &mut figures {
        parts.retain(|part| part.differs);
    }
    let parts = figures
        .first()
        .map(|(.., parts)| parts.iter().map(|part| part.name));
    let parts = parts.map(Iterator::collect).unwrap_or_default();
    let panels = figures.into_iter().map(|(name, ends, parts)| {
        let steps = parts.into_iter().map(|part| part.step);
        let steps: Option<Vec<Step>> = steps.collect();
        let [heading, label] = heading(name);
        Panel {
            heading,
            label,
            ends: ends
                .zip(steps)
                .map(|((first, second), steps)| (first, second, steps)),
        }
    });
    Waterfall {
        title: format!("From {} to {}{under}", ends[0], ends[1]),
        about,
        ends,
        parts,
        panels: panels.collect(),
    }
}

fn drawn(waterfall: &Waterfall) -> Result<Figure, PlotError> {
    draw::figure(NAME, &scene(waterfall)?, &alt(waterfall))
}

fn scene(waterfall: &Waterfall) -> Result<Scene, PlotError> {
    if waterfall.parts.is_empty() {
        return Err(PlotError::Nothing("the two do not differ in any part"));
    }
    let mut names = vec![LABEL.shortened(&waterfall.ends[0], NAMES)?];
    names.extend(waterfall.parts.iter().map(|&part| part.to_owned()));
    names.push(LABEL.shortened(&waterfall.ends[1], NAMES)?);
    let mut room: f64 = 90.0;
    for name in &names {
        room = room.max(LABEL.width(name)?);
    }
    let left = MARGIN + room + 16.0;
    let each = WIDTH + VALUES;
    let panels = waterfall.panels.len() as f64;
    let width = left + panels * each + (panels - 1.0).max(0.0) * BETWEEN + MARGIN;
    let top = HEAD + ABOVE;
    let bottom = top + ROW * names.len() as f64;
    let mut scene = Scene::new(width.max(640.0), bottom + BELOW);
    let across = scene.width - 2.0 * MARGIN;
    scene.text(
        &TITLE.shortened(&waterfall.title, across)?,
        (MARGIN, 36.0),
        TITLE,
    );
    scene.text(waterfall.about, (MARGIN, 57.0), SUBTITLE);
    for (row, name) in names.iter().enumerate() {
        scene.text(name, (MARGIN, middle(top, row) + 4.5), LABEL);
    }
    for (i, panel) in waterfall.panels.iter().enumerate() {
        let x = left + i as f64 * (each + BETWEEN);
        scene.text(panel.heading, (x, HEAD + 14.0), HEADING);
        match &panel.ends {
            Some((first, second, steps)) => {
                steps_of(&mut scene, (*first, *second, steps), (x, top), bottom);
                let at = (x + 0.5 * WIDTH, bottom + AXIS_TEXT);
                scene.text(panel.label, at, LABEL.anchored(HPos::Center));
            }
            None => scene.text("undefined", (x + 8.0, middle(top, 0) + 4.5), NOTE),
        }
    }
    Ok(scene)
}

fn middle(top: f64, row: usize) -> f64 {
    top + ROW * (row as f64 + 0.5)
}

/// An axis that holds all ends of bars and their intervals.
fn axis(first: f64, second: f64, steps: &[Step]) -> Axis {
    let (mut lo, mut hi) = (first.min(second), first.max(second));
    let mut at = first;
    for step in steps {
        let end = at + step.share;
        let [a, b] = step.ci.map_or([end; 2], |ci| ci.map(|x| at + x));
        (lo, hi) = (lo.min(end).min(a), hi.max(end).max(b));
        at = end;
    }
    let free = (0.06 * (hi - lo)).max(0.5 * (LEAST - (hi - lo)));
    Axis::linear(lo - free, hi + free, TICKS)
}

fn steps_of(
    scene: &mut Scene,
    (first, second, steps): (f64, f64, &[Step]),
    (left, top): Point,
    bottom: f64,
) {
    let axis = axis(first, second, steps);
    let x = |value: f64| left + axis.place(value).clamped() * WIDTH;
    for (tick, text) in axis.ticks() {
        scene.upright(x(tick), (top, bottom + 5.0), HAIRLINE, FAINT);
        scene.text(
            &text,
            (x(tick), bottom + TICK_TEXT),
            NOTE.anchored(HPos::Center),
        );
    }
    scene.level(bottom, (left, left + WIDTH), HAIRLINE, REFERENCE);
    let value = |scene: &mut Scene, row: usize, text: &str| {
        let at = (left + WIDTH + VALUES, middle(top, row) + 4.5);
        scene.text(text, at, NOTE.anchored(HPos::Right));
    };
    value(scene, 0, &number(first, 4));
    value(scene, steps.len() + 1, &number(second, 4));
    let mut at = first;
    for (i, step) in steps.iter().enumerate() {
        let (y, end) = (middle(top, i + 1), at + step.share);
        // What joins the bar to the row above.
        scene.upright(x(at), (y - ROW, y), HAIRLINE, REFERENCE);
        let color = if step.share < 0.0 { CONTRAST } else { SUBJECT };
        let (from, to) = (x(at.min(end)), x(at.max(end)));
        scene.rectangle((from, y - 0.5 * BAR), (to, y + 0.5 * BAR), color);
        if let Some([lo, hi]) = step.ci {
            scene.interval(y, (x(at + lo), x(at + hi)), INK);
        }
        if step.share != 0.0 {
            scene.arrow(
                (x(end), y + 0.5 * BAR + 4.0),
                (step.share.signum(), 0.0),
                color,
            );
        }
        let sign = if step.share > 0.0 { "+" } else { "" };
        value(scene, i + 1, &format!("{sign}{}", number(step.share, 4)));
        at = end;
    }
    let last = middle(top, steps.len() + 1);
    scene.upright(x(at), (last - ROW, last), HAIRLINE, REFERENCE);
    scene.disc((x(first), middle(top, 0)), MARK, INK);
    scene.disc((x(second), last), MARK, INK);
}

fn alt(waterfall: &Waterfall) -> String {
    let panels = waterfall.panels.iter().map(|panel| {
        let Some((first, second, steps)) = &panel.ends else {
            return format!(" {}: undefined.", panel.heading);
        };
        let steps = waterfall.parts.iter().zip(steps);
        let steps = steps.map(|(part, step)| format!("{part} {}", number(step.share, 4)));
        format!(
            " {}: from {} to {}; {}.",
            panel.heading,
            number(*first, 4),
            number(*second, 4),
            steps.collect::<Vec<_>>().join(", ")
        )
    });
    format!("{}. {}", waterfall.title, waterfall.about) + &panels.collect::<String>()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made_up(shares: &[f64], ci: f64) -> Waterfall {
        let steps = || {
            let steps = shares.iter().map(|&share| Step {
                share,
                ci: (ci > 0.0).then_some([share - ci, share + ci]),
            });
            steps.collect::<Vec<Step>>()
        };
        let second = 0.2 + shares.iter().sum::<f64>();
        Waterfall {
            title: "from a < b to a name that goes on and on and on and on ".repeat(4),
            about: "made up",
            ends: ["a < b".to_owned(), "a name that goes on and on ".repeat(5)],
            parts: vec!["false alarms"; shares.len()],
            panels: vec![
                Panel {
                    heading: "Savings per attempt",
                    label: "share of the tokens saved (0 to 1)",
                    ends: Some((0.2, second, steps())),
                },
                Panel {
                    heading: "Cost per retained sample",
                    label: "share of the tokens saved (0 to 1)",
                    ends: None,
                },
            ],
        }
    }

    #[test]
    fn nothing_is_cut_off_or_hidden() {
        for (shares, ci) in [
            (vec![0.1], 0.0),
            (vec![0.1, -0.3, 0.0, 1e-9], 0.05),
            (vec![0.0], 0.0),
            (vec![5.0, -7.0, 3.0], 20.0),
        ] {
            scene(&made_up(&shares, ci)).unwrap().assert_tidy();
        }
        assert!(scene(&made_up(&[], 0.0)).is_err());
    }

    #[test]
    fn words_are_text_and_the_same_findings_give_the_same_bytes() {
        let figure = drawn(&made_up(&[0.1, -0.25], 0.05)).unwrap();
        assert_eq!(drawn(&made_up(&[0.1, -0.25], 0.05)).unwrap(), figure);
        for text in ["a &lt; b", "+0.1000", "−0.2500", "undefined"] {
            assert!(
                figure.svg.contains(&format!(">\n{text}\n</text>")),
                "{text}"
            );
        }
        assert!(
            figure
                .alt
                .contains("from 0.2000 to 0.0500; false alarms 0.1000")
        );
    }
}
