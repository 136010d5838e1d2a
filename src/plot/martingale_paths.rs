//! The prediction along single generations, and its mean among all and among those that still run.
//!
//! Many generations have the same path where validators only alarm or are silent. Those of one fate then share
//! a line, and lines of one path but of different fates lie side by side; how many generations end where and
//! how is written there. Where a path ends, its mark tells its fate without colour.

use std::cmp::Ordering;

use plotters::style::RGBColor;
use plotters::style::text_anchor::HPos;

use super::axis::{Axis, grouped, number};
use super::path_ends::{End, color, gathered, in_words, mark, rank};
use super::scene::{Point, Scene};
use super::side_names::{self, GAP};
use super::theme::{
    AXIS_TEXT, FAINT, Face, HAIRLINE, INK, LABEL, LINES, MARGIN, MARK, NOTE, PAPER, REFERENCE,
    SUBJECT, SUBTITLE, TICK_TEXT, TITLE,
};
use super::{Figure, PlotError, draw};
use crate::study::martingale_paths::{Fate, Path, PathsFindings};

const NAME: &str = "martingale-paths";
/// More stages than this nobody reads.
const MOST_STAGES: usize = 24;
/// Size of the plot: from M₀ to the last stage, and on to the utility.
const WIDTH: f64 = 520.0;
const HEIGHT: f64 = 330.0;
const HEAD: f64 = 104.0;
const TICKS: f64 = 58.0;
const BELOW: f64 = 56.0;
/// How far lines of one path but of different fates lie apart.
const APART: f64 = 9.0;
/// Width of a path and of a mean, and of the paper around a mean.
const THIN: f64 = 1.25;
const THICK: f64 = 2.5;
const AROUND: f64 = 1.25;
/// Half a side of the mark of the mean of the survivors.
const SQUARE: f64 = 3.5;
/// From the end of a path to what is written there.
const BESIDE: f64 = 7.5;
/// Height of a text above and below the middle of its line.
const HALF_LINE: f64 = 8.0;
/// The mean of those that still run.
const SURVIVORS: RGBColor = LINES[3];
/// What the vertical axis shows at least, and what stays free above and below.
const LEAST: f64 = 0.02;
const FREE: f64 = 0.06;

/// Draws the paths of `findings` and their means.
pub fn martingale_paths(findings: &PathsFindings) -> Result<Figure, PlotError> {
    draw::figure(NAME, &scene(findings)?, &alt(findings))
}

fn scene(findings: &PathsFindings) -> Result<Scene, PlotError> {
    let of_each = findings.paths.iter().map(|path| path.predicted.len());
    let mut lengths = of_each.chain([findings.of_all.len()]);
    if findings.paths.is_empty() || !lengths.all(|length| length == findings.stages.len() + 1) {
        return Err(PlotError::Nothing("no generation was followed"));
    }
    if findings.stages.len() > MOST_STAGES {
        return Err(PlotError::TooMany {
            what: "stages",
            given: findings.stages.len(),
            most: MOST_STAGES,
        });
    }
    let plot = Plot {
        up: up(findings),
        columns: findings.stages.len() + 1,
        corner: (MARGIN + TICKS, HEAD),
    };
    let names = plot.names(findings);
    let mut room: f64 = 0.0;
    for (_, name, face) in &names {
        room = room.max(face.width(name)?);
    }
    let (left, top) = plot.corner;
    let title = "Predictions keep their mean over all generations, not over the survivors";
    let hint = format!(
        "{}: first {} of {} generations, one line a path; numbers: how many end there; thick: means.",
        findings.scenario,
        findings.paths.len(),
        grouped(findings.generations),
    );
    let width = (left + WIDTH + GAP + room).max(MARGIN + TITLE.width(title)?) + MARGIN;
    let mut scene = Scene::new(width, top + HEIGHT + BELOW);
    scene.text(title, (MARGIN, 36.0), TITLE);
    let hint = SUBTITLE.shortened(&hint, width - 2.0 * MARGIN)?;
    scene.text(&hint, (MARGIN, 57.0), SUBTITLE);
    key(&mut scene, &findings.paths)?;
    plot.draw_axes(&mut scene, &findings.stages)?;
    let mut paths: Vec<&Path> = findings.paths.iter().collect();
    paths.sort_by(|a, b| order(a, b).then(rank(a.fate).cmp(&rank(b.fate))));
    let mut ends = Vec::new();
    for same in paths.chunk_by(|a, b| order(a, b).is_eq()) {
        let fates: Vec<&[&Path]> = same.chunk_by(|a, b| a.fate == b.fate).collect();
        for (i, alike) in fates.iter().enumerate() {
            let moved = APART * (i as f64 - 0.5 * (fates.len() - 1) as f64);
            if let Some(at) = plot.draw_path(&mut scene, alike[0], moved) {
                ends.push(End {
                    column: end(alike[0]),
                    at,
                    fate: alike[0].fate,
                    count: alike.len(),
                });
            }
        }
    }
    side_names::draw(&mut scene, (left, top, WIDTH, HEIGHT), names);
    plot.draw_means(&mut scene, findings);
    for end in &ends {
        mark(&mut scene, end.at, end.fate);
    }
    plot.draw_counts(&mut scene, &ends)?;
    Ok(scene)
}

/// What fits all that is drawn.
fn up(findings: &PathsFindings) -> Axis {
    let paths = findings.paths.iter().flat_map(|p| &p.predicted).copied();
    let surviving = findings.of_surviving.iter().copied().flatten();
    let ends = [findings.retained, findings.accepted];
    let values = paths
        .chain(surviving)
        .chain(findings.of_all.iter().copied())
        .chain(ends.into_iter().flatten())
        .filter(|value| value.is_finite());
    let (lo, hi) = values.fold((f64::MAX, f64::MIN), |(lo, hi), x| (lo.min(x), hi.max(x)));
    let width = (hi - lo).max(LEAST);
    Axis::linear(lo - FREE * width, lo + (1.0 + FREE) * width, 6)
}

/// By where paths end, then along them; equal paths are neighbours, whatever their fate. What ends early is
/// rejected and comes first, so that what runs on lies over it.
fn order(a: &Path, b: &Path) -> Ordering {
    let shown = a.predicted.iter().zip(&b.predicted).take(end(a) + 1);
    let along = shown.map(|(x, y)| x.total_cmp(y));
    along.fold(end(a).cmp(&end(b)), Ordering::then)
}

/// The stage at which a path ends.
fn end(path: &Path) -> usize {
    match path.fate {
        Fate::Rejected(stage) => stage,
        _ => path.predicted.len() - 1,
    }
}

/// Explains the marks of `paths`, on one line.
fn key(scene: &mut Scene, paths: &[Path]) -> Result<(), PlotError> {
    let (mut x, y) = (MARGIN, 82.0);
    for (fate, text) in [
        (Fate::Retained, "retained"),
        (Fate::Rejected(1), "rejected at the mark"),
        (Fate::Refused, "refused by the final filter"),
    ] {
        if paths.iter().all(|path| rank(path.fate) != rank(fate)) {
            continue;
        }
        let middle = y - 4.5;
        scene.level(middle, (x, x + 20.0), 2.0 * THIN, color(fate));
        mark(scene, (x + 20.0, middle), fate);
        scene.text(text, (x + 31.0, y), LABEL);
        x += 31.0 + LABEL.width(text)? + 24.0;
    }
    Ok(())
}

struct Plot {
    up: Axis,
    /// Before the first stage, and after each.
    columns: usize,
    corner: Point,
}

impl Plot {
    /// Column `k` of all, the utility being the one after the last.
    fn x(&self, k: usize) -> f64 {
        self.corner.0 + 12.0 + (WIDTH - 24.0) * k as f64 / self.columns as f64
    }

    fn y(&self, value: f64) -> f64 {
        self.corner.1 + (1.0 - self.up.place(value).clamped()) * HEIGHT
    }

    fn draw_axes(&self, scene: &mut Scene, stages: &[String]) -> Result<(), PlotError> {
        let (left, top) = self.corner;
        let bottom = top + HEIGHT;
        for (tick, text) in self.up.ticks() {
            let y = self.y(tick);
            scene.level(y, (left, left + WIDTH), HAIRLINE, FAINT);
            scene.text(&text, (left - 7.0, y + 4.5), NOTE.anchored(HPos::Right));
        }
        scene.level(bottom, (left, left + WIDTH), HAIRLINE, REFERENCE);
        let room = self.x(1) - self.x(0) - 10.0;
        let names = std::iter::once("start")
            .chain(stages.iter().map(String::as_str))
            .chain(["utility"]);
        for (k, name) in names.enumerate() {
            let x = self.x(k);
            scene.upright(x, (bottom, bottom + 4.0), HAIRLINE, REFERENCE);
            let name = NOTE.shortened(name, room)?;
            scene.text(&name, (x, bottom + TICK_TEXT), NOTE.anchored(HPos::Center));
        }
        let centred = LABEL.anchored(HPos::Center);
        let middle = (left + 0.5 * WIDTH, bottom + AXIS_TEXT);
        scene.text("what has been seen: all up to this stage", middle, centred);
        let middle = (MARGIN + 10.0, top + 0.5 * HEIGHT);
        scene.text(
            "expected utility (0 to 1) of the generation",
            middle,
            centred.turned(),
        );
        Ok(())
    }

    /// The path until it is rejected or ends, and where that is.
    fn draw_path(&self, scene: &mut Scene, path: &Path, moved: f64) -> Option<Point> {
        let shown = path.predicted.iter().take(end(path) + 1).enumerate();
        let shown = shown.filter(|(_, value)| value.is_finite());
        // All begin at one place.
        let mut points: Vec<Point> = shown
            .map(|(k, &m)| (self.x(k), self.y(m) + if k == 0 { 0.0 } else { -moved }))
            .collect();
        let &at = points.last()?;
        // The last stage has the marks of the means, too.
        let whole = end(path) + 1 == self.columns;
        let at = if whole { (at.0 + BESIDE, at.1) } else { at };
        points.push(at);
        if points.len() > 1 {
            scene.line(points, THIN, color(path.fate));
        }
        Some(at)
    }

    /// How many paths end at a stage in the same way, beside their ends: the number alone where the stages are
    /// too close for words, as marks tell the fate; nothing where they are too close for that.
    fn draw_counts(&self, scene: &mut Scene, ends: &[End]) -> Result<(), PlotError> {
        let top = self.corner.1;
        let room = self.x(1) - self.x(0) - 2.0 * BESIDE - 2.0;
        let ends = gathered(ends, (top + HALF_LINE, top + HEIGHT - HALF_LINE));
        let told = |end: &End| format!("{} {}", end.count, in_words(end.fate));
        let mut words = true;
        for end in &ends {
            words &= NOTE.width(&told(end))? <= room;
        }
        for end in ends {
            let text = if words {
                told(&end)
            } else {
                end.count.to_string()
            };
            let face = Face {
                color: color(end.fate),
                ..NOTE
            };
            let width = face.width(&text)?;
            if width > room {
                continue;
            }
            let (x, y) = (end.at.0 + BESIDE, end.at.1);
            let (from, to) = ((x - 2.0, y - HALF_LINE), (x + width + 2.0, y + HALF_LINE));
            scene.rectangle(from, to, PAPER);
            scene.text(&text, (x, y + 4.5), face);
        }
        Ok(())
    }

    /// The means, those of all flat within the noise of the draws, and where they lead.
    fn draw_means(&self, scene: &mut Scene, findings: &PathsFindings) {
        let all = findings.of_all.iter().map(|&mean| Some(mean));
        let all = self.line(all);
        let surviving = self.line(findings.of_surviving.iter().copied());
        for (points, color) in [(&surviving, SURVIVORS), (&all, INK)] {
            // Paper around it keeps it apart from the paths without colour, too.
            if points.len() > 1 {
                scene.line(points.clone(), THICK + 2.0 * AROUND, PAPER);
                scene.line(points.clone(), THICK, color);
            }
        }
        for &at in surviving.iter().skip(1) {
            for (radius, color) in [(SQUARE + AROUND, PAPER), (SQUARE, SURVIVORS)] {
                let (from, to) = (
                    (at.0 - radius, at.1 - radius),
                    (at.0 + radius, at.1 + radius),
                );
                scene.rectangle(from, to, color);
            }
        }
        let x = self.x(self.columns);
        if let Some(accepted) = findings.accepted {
            scene.ring((x, self.y(accepted)), MARK + 2.0, INK);
        }
        if let Some(retained) = findings.retained {
            scene.disc((x, self.y(retained)), MARK, SUBJECT);
        }
    }

    fn line(&self, means: impl Iterator<Item = Option<f64>>) -> Vec<Point> {
        let known = means.enumerate().filter_map(|(k, mean)| Some((k, mean?)));
        known.map(|(k, mean)| (self.x(k), self.y(mean))).collect()
    }

    /// What stands to the right, each with the place that it names.
    fn names(&self, findings: &PathsFindings) -> Vec<(Point, String, Face)> {
        let last = self.columns - 1;
        let surviving = findings.of_surviving.last().copied().flatten();
        let means = [
            ("mean of all", last, findings.of_all.last().copied(), INK),
            ("mean of the survivors", last, surviving, SURVIVORS),
            ("retained", last + 1, findings.retained, SUBJECT),
            (
                "accepted if none were rejected",
                last + 1,
                findings.accepted,
                INK,
            ),
        ];
        let named = means.into_iter().filter_map(|(name, k, mean, color)| {
            let mean = mean?;
            let face = Face { color, ..LABEL };
            let name = format!("{name}: {}", number(mean, 3));
            Some(((self.x(k), self.y(mean)), name, face))
        });
        named.collect()
    }
}

fn alt(findings: &PathsFindings) -> String {
    let count = |wanted: fn(Fate) -> bool| {
        let paths = findings.paths.iter();
        paths.filter(|p| wanted(p.fate)).count()
    };
    let shown = |mean: Option<f64>| mean.map_or_else(|| "–".to_owned(), |mean| number(mean, 3));
    format!(
        "Expected utility along {} generations of {}, of which {} are rejected, {} refused and {} \
         retained. Mean over all: {} at the start and {} after the last stage; over the survivors {}. \
         Mean utility of what is retained: {}; of what would be accepted if none were rejected: {}.",
        findings.paths.len(),
        findings.scenario,
        count(|fate| matches!(fate, Fate::Rejected(_))),
        count(|fate| fate == Fate::Refused),
        count(|fate| fate == Fate::Retained),
        shown(findings.of_all.first().copied()),
        shown(findings.of_all.last().copied()),
        shown(findings.of_surviving.last().copied().flatten()),
        shown(findings.retained),
        shown(findings.accepted),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plot::scene::Mark;

    fn findings(stages: usize) -> PathsFindings {
        let fate = |i: usize| match i % 3 {
            0 => Fate::Rejected(1 + i % stages),
            1 => Fate::Refused,
            _ => Fate::Retained,
        };
        let path = |i: usize| Path {
            predicted: (0..=stages)
                .map(|k| if k == 0 { 0.5 } else { (i % 5) as f64 / 4.0 })
                .collect(),
            fate: fate(i),
        };
        PathsFindings {
            schema: "test".to_owned(),
            seed: 1,
            scenario: "made & up".to_owned(),
            stages: (1..=stages).map(|k| format!("stage number {k}")).collect(),
            generations: 100_000,
            partial: false,
            paths: (0..60).map(path).collect(),
            of_all: vec![0.5; stages + 1],
            of_surviving: (0..=stages).map(|k| Some(0.5 + 0.01 * k as f64)).collect(),
            retained: Some(0.7),
            accepted: Some(0.8),
        }
    }

    /// Whether a line of this width is a path.
    fn is_path(width: f64) -> bool {
        (width - THIN).abs() < 0.01
    }

    #[test]
    fn means_and_axes_are_text() {
        let figure = martingale_paths(&findings(2)).unwrap();
        for text in [
            "mean of all: 0.500",
            "mean of the survivors: 0.520",
            "retained: 0.700",
            "accepted if none were rejected: 0.800",
            "stage number 2",
        ] {
            let set = format!(">\n{text}\n</text>");
            assert!(figure.svg.contains(&set), "{text}");
        }
        let told = "of which 20 are rejected, 20 refused and 20 retained";
        assert!(figure.alt.contains(told), "{}", figure.alt);
    }

    #[test]
    fn the_same_findings_give_the_same_bytes() {
        let findings = findings(3);
        let again = martingale_paths(&findings).unwrap();
        assert_eq!(martingale_paths(&findings).unwrap(), again);
    }

    #[test]
    fn nothing_is_cut_off_or_hidden() {
        for stages in [1, 2, 5, 24] {
            scene(&findings(stages)).unwrap().assert_tidy();
        }
        let mut odd = findings(2);
        odd.scenario = "m".repeat(300);
        odd.generations = u64::MAX;
        odd.paths.truncate(1);
        (odd.retained, odd.of_surviving) = (None, vec![Some(0.5), None, None]);
        scene(&odd).unwrap().assert_tidy();
    }

    /// As many lines as there are paths and fates, and the number of generations beside their ends.
    #[test]
    fn generations_of_one_path_and_fate_share_a_line_that_says_how_many() {
        let mut alike = findings(2);
        let ends = [Fate::Retained, Fate::Refused, Fate::Rejected(1)];
        let fate = |i: usize| ends[if i < 7 { 0 } else { i % 3 }];
        for (i, path) in alike.paths.iter_mut().enumerate() {
            *path = Path {
                predicted: vec![0.5, 0.6, 0.6],
                fate: fate(i),
            };
        }
        let count = |wanted: Fate| alike.paths.iter().filter(|p| p.fate == wanted).count();
        let drawn = scene(&alike).unwrap();
        let lines = drawn.marks.iter().filter(|mark| match mark {
            Mark::Line(_, width, color) => is_path(*width) && *color != REFERENCE,
            _ => false,
        });
        assert_eq!(lines.count(), 2, "retained and rejected ones, once each");
        let svg = martingale_paths(&alike).unwrap().svg;
        for fate in ends {
            let told = format!(">\n{} {}\n</text>", count(fate), in_words(fate));
            assert!(svg.contains(&told), "{told}");
        }
        // Another path has another line.
        alike.paths[0].predicted[1] = 0.7;
        let more = scene(&alike).unwrap();
        let lines = more.marks.iter().filter(|mark| match mark {
            Mark::Line(_, width, color) => is_path(*width) && *color != REFERENCE,
            _ => false,
        });
        assert_eq!(lines.count(), 3);
    }

    /// Two generations that look alike, one refused and one retained: neither hides the other.
    #[test]
    fn equal_paths_of_different_fates_lie_apart() {
        let mut alike = findings(2);
        alike.paths.truncate(2);
        for (path, fate) in alike.paths.iter_mut().zip([Fate::Refused, Fate::Retained]) {
            *path = Path {
                predicted: vec![0.5, 0.6, 0.6],
                fate,
            };
        }
        let ends: Vec<f64> = scene(&alike)
            .unwrap()
            .marks
            .iter()
            .filter_map(|mark| match mark {
                Mark::Line(points, width, _) if is_path(*width) => Some(points.last()?.1),
                _ => None,
            })
            .collect();
        assert_eq!(ends.len(), 2);
        // The refused one is drawn first, and lower.
        approx::assert_abs_diff_eq!(ends[0] - ends[1], APART, epsilon = 1e-9);
    }

    #[test]
    fn what_cannot_be_drawn_is_said() {
        let mut none = findings(2);
        none.paths.clear();
        assert!(matches!(
            martingale_paths(&none),
            Err(PlotError::Nothing(_))
        ));
        assert!(matches!(
            martingale_paths(&findings(25)),
            Err(PlotError::TooMany { given: 25, .. })
        ));
    }
}
