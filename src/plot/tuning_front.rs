//! Cost against false rejections: the front that tuning found, what it chose, and what that is to be
//! held against.
//!
//! Each step of the front is a policy; to the right one loses more good generations and pays less for
//! a retained sample. Below the line at 1 a policy pays. The coin of the policy chosen loses as many good
//! generations as it rejects; where that lies beyond the others it ends in an arrow.

use std::fmt::Write as _;

use plotters::style::text_anchor::HPos;

use super::axis::{Axis, Place, number};
use super::scene::{Point, Scene};
use super::side_names::{self, GAP};
use super::theme::{
    AXIS_TEXT, CONTRAST, FAINT, HAIRLINE, INK, LABEL, MARGIN, MARK, NOTE, REFERENCE, SUBJECT,
    SUBTITLE, TICK_TEXT, TITLE, WHISKER,
};
use super::{Figure, PlotError, draw};
use crate::study::tuning::TuningFindings;

const NAME: &str = "cost-against-false-rejections";
const WIDTH: f64 = 440.0;
const HEIGHT: f64 = 300.0;
const HEAD: f64 = 84.0;
const TICKS: f64 = 72.0;
const BELOW: f64 = 44.0;

/// Something with a name and a place: false rejections in per cent, cost ratio.
struct Mark {
    name: String,
    kind: Kind,
    at: (f64, f64),
}

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Chosen,
    Reported,
    Best,
    Coin,
    Oracle,
}

/// Draws the front of `findings`.
pub fn cost_against_false_rejections(findings: &TuningFindings) -> Result<Figure, PlotError> {
    let front: Vec<(f64, f64)> = findings
        .front
        .iter()
        .filter_map(|p| Some((100.0 * p.false_rejection_rate, p.cost_ratio?)))
        .collect();
    if front.is_empty() {
        return Err(PlotError::Nothing("no candidate beats full generation"));
    }
    let marks = marks(findings);
    let limit = 100.0 * findings.max_frr;
    draw::figure(
        NAME,
        &scene(&front, &marks, limit)?,
        &alt(&front, &marks, limit),
    )
}

fn marks(findings: &TuningFindings) -> Vec<Mark> {
    let mut marks = Vec::new();
    let chosen = findings
        .chosen
        .and_then(|i| findings.front.get(usize::try_from(i).ok()?));
    let best = findings.best_of_any_rate.as_ref();
    let best = best.filter(|best| chosen.is_none_or(|c| c.objective > best.objective));
    let points = [
        ("chosen and certified", Kind::Chosen, chosen),
        ("best of any rate", Kind::Best, best),
    ];
    for (name, kind, point) in points {
        let at = point.and_then(|p| Some((100.0 * p.false_rejection_rate, p.cost_ratio?)));
        marks.extend(at.map(|at| Mark {
            name: name.to_owned(),
            kind,
            at,
        }));
    }
    let Some(reporting) = &findings.reporting else {
        return marks;
    };
    let mean = |name: &str| reporting.get(name).and_then(|e| e.mean);
    if let (Some(f), Some(cost)) = (mean("false_rejection_rate"), mean("cost_ratio")) {
        marks.push(Mark {
            name: "the same, reported".to_owned(),
            kind: Kind::Reported,
            at: (100.0 * f, cost),
        });
    }
    if let (Some(q), Some(cost)) = (mean("rejection_rate"), mean("null_cost_ratio")) {
        marks.push(Mark {
            name: "coin that rejects as often".to_owned(),
            kind: Kind::Coin,
            at: (100.0 * q, cost),
        });
    }
    let oracles = [
        ("oracle-at-first-alarm", "oracle at the first alarm"),
        ("first-wrong-step", "first wrong step, as labelled"),
    ];
    for (baseline, name) in oracles {
        let found = reporting.baselines.iter().find(|b| b.name == baseline);
        let at = found.and_then(|b| {
            let get = |name: &str| b.figures.get(name).mean;
            Some((100.0 * get("false_rejection_rate")?, get("cost_ratio")?))
        });
        marks.extend(at.map(|at| Mark {
            name: name.to_owned(),
            kind: Kind::Oracle,
            at,
        }));
    }
    marks
}

fn scene(front: &[(f64, f64)], marks: &[Mark], limit: f64) -> Result<Scene, PlotError> {
    let most = front.iter().fold(limit, |most, (f, _)| most.max(*f));
    let costs = front
        .iter()
        .chain(marks.iter().map(|m| &m.at))
        .map(|(_, cost)| *cost);
    let (lo, hi) = costs.fold((1.0_f64, 1.0_f64), |(lo, hi), c| (lo.min(c), hi.max(c)));
    let room = (0.08 * (hi - lo)).max(0.005);
    let across = Axis::linear(0.0, 1.1 * most, 6);
    let up = Axis::linear(lo - room, hi + room, 6);
    let mut names = vec![("full generation".to_owned(), NOTE)];
    names.extend(
        marks
            .iter()
            .map(|mark| (mark.label(&across), mark.kind.face())),
    );
    let mut widest: f64 = 0.0;
    for (name, face) in &names {
        widest = widest.max(face.width(name)?);
    }
    let title = "What a retained sample costs, and which good generations that loses";
    let hint = "Steps and what is chosen from them: tuning part. What is reported, coin and oracles: reporting part.";
    let (left, top) = (MARGIN + TICKS, HEAD);
    let width = (left + WIDTH + GAP + widest).max(MARGIN + TITLE.width(title)?) + MARGIN;
    let mut scene = Scene::new(width, top + HEIGHT + BELOW + MARGIN);
    scene.text(title, (MARGIN, 36.0), TITLE);
    scene.text(hint, (MARGIN, 57.0), SUBTITLE);
    let plot = Plot {
        across,
        up,
        corner: (left, top),
    };
    plot.draw_axes(&mut scene, limit)?;
    plot.draw_front(&mut scene, front);
    let places = marks.iter().map(|m| plot.at(m.at.0, m.at.1));
    let line = plot.at(plot.across.end(), 1.0);
    let named = std::iter::once(line).chain(places).zip(names);
    let named = named.map(|(at, (name, face))| (at, name, face)).collect();
    side_names::draw(&mut scene, (left, top, WIDTH, HEIGHT), named);
    for mark in marks {
        plot.draw_mark(&mut scene, mark);
    }
    Ok(scene)
}

struct Plot {
    across: Axis,
    up: Axis,
    corner: Point,
}

impl Plot {
    fn at(&self, false_rejections: f64, cost: f64) -> Point {
        let across = self.across.place(false_rejections).clamped();
        let up = self.up.place(cost).clamped();
        let (left, top) = self.corner;
        (left + across * WIDTH, top + (1.0 - up) * HEIGHT)
    }

    fn draw_axes(&self, scene: &mut Scene, limit: f64) -> Result<(), PlotError> {
        let (left, top) = self.corner;
        let bottom = top + HEIGHT;
        for (tick, text) in self.up.ticks() {
            let (_, y) = self.at(0.0, tick);
            scene.level(y, (left, left + WIDTH), HAIRLINE, FAINT);
            scene.text(&text, (left - 7.0, y + 4.5), NOTE.anchored(HPos::Right));
        }
        for (tick, text) in self.across.ticks() {
            let (x, _) = self.at(tick, 1.0);
            scene.upright(x, (bottom, bottom + 4.0), HAIRLINE, REFERENCE);
            scene.text(&text, (x, bottom + TICK_TEXT), NOTE.anchored(HPos::Center));
        }
        scene.level(bottom, (left, left + WIDTH), HAIRLINE, REFERENCE);
        let (_, even) = self.at(0.0, 1.0);
        scene.level(even, (left, left + WIDTH), WHISKER, REFERENCE);
        let (x, _) = self.at(limit, 1.0);
        scene.upright(x, (top, bottom), WHISKER, REFERENCE);
        let text = format!("at most {} %", number(limit, 1));
        let half = 0.5 * NOTE.width(&text)?;
        scene.text(
            &text,
            (x.min(left + WIDTH - half), top - 6.0),
            NOTE.anchored(HPos::Center),
        );
        let label = "false rejections (% of what the final filter accepts)";
        let middle = (left + 0.5 * WIDTH, bottom + AXIS_TEXT);
        scene.text(label, middle, LABEL.anchored(HPos::Center));
        let label = "cost of a retained sample (full generation = 1)";
        let middle = (left - 58.0, top + 0.5 * HEIGHT);
        scene.text(label, middle, LABEL.turned().anchored(HPos::Center));
        Ok(())
    }

    fn draw_front(&self, scene: &mut Scene, front: &[(f64, f64)]) {
        let mut line = Vec::new();
        for (i, &(f, cost)) in front.iter().enumerate() {
            if i > 0 {
                line.push(self.at(f, front[i - 1].1));
            }
            line.push(self.at(f, cost));
        }
        if let Some(&(_, cost)) = front.last() {
            line.push(self.at(self.across.end(), cost));
        }
        scene.line(line, WHISKER, SUBJECT);
    }

    fn draw_mark(&self, scene: &mut Scene, mark: &Mark) {
        let (x, y) = self.at(mark.at.0, mark.at.1);
        let color = mark.kind.color();
        if self.across.place(mark.at.0) == Place::Beyond {
            scene.arrow((x + 12.0, y), (1.0, 0.0), color);
            return;
        }
        match mark.kind {
            Kind::Chosen => scene.disc((x, y), MARK + 1.0, color),
            Kind::Reported | Kind::Best | Kind::Oracle => scene.ring((x, y), MARK, color),
            Kind::Coin => scene.hollow_diamond((x, y), MARK + 1.5, color),
        }
    }
}

impl Mark {
    /// Its name; with the rate of false rejections where the plot does not reach so far.
    fn label(&self, across: &Axis) -> String {
        if across.place(self.at.0) == Place::Beyond {
            format!("{}: {} % →", self.name, number(self.at.0, 1))
        } else {
            self.name.clone()
        }
    }
}

impl Kind {
    fn color(self) -> plotters::style::RGBColor {
        match self {
            Self::Chosen | Self::Reported => SUBJECT,
            Self::Best | Self::Oracle => INK,
            Self::Coin => CONTRAST,
        }
    }

    fn face(self) -> super::theme::Face {
        super::theme::Face {
            color: self.color(),
            bold: self == Self::Chosen,
            ..LABEL
        }
    }
}

fn alt(front: &[(f64, f64)], marks: &[Mark], limit: f64) -> String {
    let mut told = format!(
        "Cost of a retained sample against false rejections: a front of {} policies, limit {} %.",
        front.len(),
        number(limit, 2)
    );
    for mark in marks {
        let _ = write!(
            told,
            " {}: false rejections {} %, cost ratio {}.",
            mark.name,
            number(mark.at.0, 2),
            number(mark.at.1, 3)
        );
    }
    told
}
