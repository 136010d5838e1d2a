//! How often the policy chosen breaks its limit, by the way of choosing.

use std::fmt::Write as _;

use plotters::style::text_anchor::HPos;

use super::axis::{Axis, grouped, number};
use super::scene::Scene;
use super::theme::{
    AXIS_TEXT, CONTRAST, FAINT, HAIRLINE, INK, LABEL, MARGIN, MARK, NOTE, REFERENCE, SUBJECT,
    SUBTITLE, TICK_TEXT, TITLE, WHISKER,
};
use super::{Figure, PlotError, draw};
use crate::study::guarantee::{GuaranteeFindings, Method, MethodFindings};

const NAME: &str = "violations-of-the-limit";
const WIDTH: f64 = 420.0;
const LINE: f64 = 27.0;
/// Room above the rows, between experiments, and below.
const HEAD: f64 = 68.0;
const BETWEEN: f64 = 40.0;
const BELOW: f64 = 62.0;
const MOST: usize = 12;

/// Draws the methods of each experiment below each other.
pub fn violations(experiments: &[GuaranteeFindings]) -> Result<Figure, PlotError> {
    if experiments.is_empty() {
        return Err(PlotError::Nothing("no experiment was run"));
    }
    if experiments.len() > MOST {
        return Err(PlotError::TooMany {
            what: "experiments",
            given: experiments.len(),
            most: MOST,
        });
    }
    draw::figure(NAME, &scene(experiments)?, &alt(experiments))
}

fn scene(experiments: &[GuaranteeFindings]) -> Result<Scene, PlotError> {
    let methods = || experiments.iter().flat_map(|e| &e.methods);
    let most = methods().fold(0.1_f64, |most, m| most.max(m.ci[1]));
    let across = Axis::linear(0.0, 104.0 * most, 6);
    let mut names: f64 = 0.0;
    for method in methods() {
        names = names.max(LABEL.width(method.method.describe())?);
    }
    let title = "How often the policy chosen breaks its limit";
    let hint =
        "Share of drawn logs, with exact 99 % intervals; the upright line is what is allowed.";
    let left = MARGIN + names + 16.0;
    let rows: usize = experiments.iter().map(|e| e.methods.len()).sum();
    let height = rows as f64 * LINE + experiments.len() as f64 * BETWEEN;
    let wide = TITLE.width(title)?.max(SUBTITLE.width(hint)?);
    let width = (left + WIDTH + 60.0).max(MARGIN + wide) + MARGIN;
    let mut scene = Scene::new(width, HEAD + height + BELOW + MARGIN);
    scene.text(title, (MARGIN, 36.0), TITLE);
    scene.text(hint, (MARGIN, 57.0), SUBTITLE);
    let bottom = HEAD + height;
    let x = |percent: f64| left + across.place(percent).clamped() * WIDTH;
    for (tick, text) in across.ticks() {
        scene.text(
            &text,
            (x(tick), bottom + TICK_TEXT),
            NOTE.anchored(HPos::Center),
        );
    }
    let label = "logs on which the limit is broken (%)";
    scene.text(
        label,
        (left + 0.5 * WIDTH, bottom + AXIS_TEXT),
        LABEL.anchored(HPos::Center),
    );
    let mut top = HEAD;
    for experiment in experiments {
        let about = format!(
            "{}: {} prompts × {}, false rejections at most {} %, on all but {} % of logs",
            experiment.name,
            grouped(experiment.prompts),
            experiment.per_prompt,
            number(100.0 * experiment.max_frr, 1),
            number(100.0 * (1.0 - experiment.confidence), 1)
        );
        let about = NOTE.shortened(&about, width - 2.0 * MARGIN)?;
        scene.text(&about, (MARGIN, top + 24.0), NOTE);
        top += BETWEEN;
        let end = top + experiment.methods.len() as f64 * LINE;
        for (tick, _) in across.ticks() {
            scene.upright(x(tick), (top - 6.0, end - 6.0), HAIRLINE, FAINT);
        }
        let allowed = x(100.0 * (1.0 - experiment.confidence));
        scene.upright(allowed, (top - 6.0, end - 6.0), WHISKER, REFERENCE);
        for method in &experiment.methods {
            let y = top + 8.0;
            let color = color(method);
            scene.text(
                method.method.describe(),
                (left - 12.0, y + 4.5),
                LABEL.anchored(HPos::Right),
            );
            scene.level(
                y,
                (x(100.0 * method.ci[0]), x(100.0 * method.ci[1])),
                WHISKER,
                color,
            );
            let at = (x(100.0 * method.rate), y);
            if is_certified(method) {
                scene.disc(at, MARK, color);
            } else {
                scene.ring(at, MARK, color);
            }
            top += LINE;
        }
    }
    Ok(scene)
}

fn is_certified(method: &MethodFindings) -> bool {
    matches!(
        method.method,
        Method::Certified | Method::CertifiedByHoeffdingBentkus
    )
}

fn color(method: &MethodFindings) -> plotters::style::RGBColor {
    match method.method {
        Method::Certified => SUBJECT,
        Method::CertifiedByHoeffdingBentkus => INK,
        _ => CONTRAST,
    }
}

fn alt(experiments: &[GuaranteeFindings]) -> String {
    let mut told = "Share of logs on which the policy chosen breaks its limit.".to_owned();
    for experiment in experiments {
        let _ = write!(
            told,
            " {} (at most {} % allowed):",
            experiment.name,
            number(100.0 * (1.0 - experiment.confidence), 1)
        );
        let methods = experiment.methods.iter().map(|method| {
            let rate = number(100.0 * method.rate, 1);
            format!(" {} {rate} %", method.method.describe())
        });
        told += &methods.collect::<Vec<_>>().join(";");
        told.push('.');
    }
    told
}
