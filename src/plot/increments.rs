//! Does the predicted utility keep its mean? One panel per stage.
//!
//! For a martingale the mean increment is 0 in every bin of the prediction. Panels have their own
//! vertical scales: what an early stage adds is often a hundredth of what the last one adds.

use plotters::style::text_anchor::HPos;

use super::axis::{grouped, number};
use super::increment_panel::{Kind, Panel};
use super::scene::Scene;
use super::theme::{LABEL, MARGIN, SUBTITLE, TITLE, WHISKER};
use super::{Figure, PlotError, draw};
use crate::study::verification::{Increment, VerificationFindings};

const NAME: &str = "martingale-increments";
/// More panels than this nobody reads.
const MOST_STAGES: usize = 100;
const WIDTH: f64 = 960.0;
/// Panels in a row, at most.
const COLUMNS: usize = 4;
const TOP: f64 = 102.0;
/// Height of a panel.
const PANEL: f64 = 220.0;
/// Room for the label of the vertical axes, and within a panel for its ticks.
const AXIS_LABEL: f64 = 22.0;
const TICKS: f64 = 66.0;
const BELOW: f64 = 28.0;
/// Label of the vertical axes: shorter than one panel is high.
const CHANGE: &str = "mean change (utility)";

/// Draws the mean increments of the predicted utility with their simultaneous intervals, one
/// panel per stage.
pub fn martingale_increments(findings: &VerificationFindings) -> Result<Figure, PlotError> {
    draw::figure(NAME, &scene(findings)?, &alt(findings))
}

/// The increments that can be drawn.
fn finite(findings: &VerificationFindings) -> impl Iterator<Item = &Increment> {
    findings.increments.iter().filter(|i| {
        [i.predicted, i.mean, i.ci[0], i.ci[1]]
            .iter()
            .all(|x| x.is_finite())
    })
}

fn scene(findings: &VerificationFindings) -> Result<Scene, PlotError> {
    let stages = finite(findings).map(|i| i.stage).max().unwrap_or(0);
    if stages == 0 {
        return Err(PlotError::Nothing(
            "no generation was followed from stage to stage",
        ));
    }
    if stages > MOST_STAGES {
        return Err(PlotError::TooMany {
            what: "stages",
            given: stages,
            most: MOST_STAGES,
        });
    }
    let rows = stages.div_ceil(COLUMNS);
    let columns = stages.div_ceil(rows);
    let bottom = TOP + PANEL * rows as f64;
    let mut scene = Scene::new(WIDTH, bottom + BELOW);
    head(&mut scene, findings)?;
    let left = MARGIN + AXIS_LABEL;
    let width = (WIDTH - MARGIN - left) / columns as f64;
    for stage in 1..=stages {
        let (row, column) = ((stage - 1) / columns, (stage - 1) % columns);
        let panel = Panel {
            left: left + column as f64 * width + TICKS,
            right: left + (column + 1) as f64 * width - 8.0,
            top: TOP + row as f64 * PANEL + 28.0,
            heading: if stage == stages {
                format!("stage {stage} → utility")
            } else {
                format!("stage {stage} → {}", stage + 1)
            },
            values: finite(findings).filter(|i| i.stage == stage).collect(),
        };
        panel.draw(&mut scene);
    }
    let centred = LABEL.anchored(HPos::Center);
    let middle = 0.5 * (left + TICKS + WIDTH - MARGIN);
    scene.text(
        "predicted utility after the stage (0 to 1)",
        (middle, bottom + 6.0),
        centred,
    );
    let height = 0.5 * (TOP + bottom);
    scene.text(CHANGE, (MARGIN + 10.0, height), centred.turned());
    Ok(scene)
}

fn head(scene: &mut Scene, findings: &VerificationFindings) -> Result<(), PlotError> {
    let title = "If predictions were no martingale, intervals would miss the zero line";
    scene.text(title, (MARGIN, 36.0), TITLE);
    let interrupted = if findings.partial {
        ", interrupted"
    } else {
        ""
    };
    let attempts = grouped(findings.attempts);
    let result = format!(
        ", {attempts} generations{interrupted}: {}. Panels have vertical scales of their own.",
        answer(findings)
    );
    let room = WIDTH - 2.0 * MARGIN - SUBTITLE.width(&result)?;
    let name = SUBTITLE.shortened(&findings.scenario, room)?;
    scene.text(&(name + &result), (MARGIN, 57.0), SUBTITLE);
    // Half of the family's error is for the claims, half for these bins.
    let confidence = number(100.0 * (1.0 - 0.5 * findings.family_alpha), 1);
    let (mut x, y) = (MARGIN, 82.0);
    let interval = format!("simultaneous {confidence} % interval");
    let drifts = match count(findings, Kind::Agrees) {
        0 => format!("{interval} misses 0"),
        _ => "misses 0".to_owned(),
    };
    let kinds = [
        (Kind::Agrees, format!("{interval} includes 0")),
        (Kind::Drifts, drifts),
        (Kind::Untested, "too few generations to tell".to_owned()),
    ];
    // What is not in the figure needs no explanation.
    let shown = kinds
        .into_iter()
        .filter(|(kind, _)| count(findings, *kind) > 0);
    for (kind, text) in shown {
        let middle = y - 4.5;
        scene.upright(
            x + 6.0,
            (middle - 10.0, middle + 10.0),
            WHISKER,
            kind.color(),
        );
        kind.mark(scene, (x + 6.0, middle));
        scene.text(&text, (x + 20.0, y), LABEL);
        x += 20.0 + LABEL.width(&text)? + 26.0;
    }
    Ok(())
}

fn count(findings: &VerificationFindings, kind: Kind) -> usize {
    finite(findings).filter(|i| Kind::of(i) == kind).count()
}

/// The answer in a few words.
fn answer(findings: &VerificationFindings) -> String {
    let missing = count(findings, Kind::Drifts);
    let all = missing + count(findings, Kind::Agrees);
    match (missing, all) {
        (_, 0) => "no bin holds enough generations to tell".to_owned(),
        (0, 1) => "the one interval includes 0".to_owned(),
        (0, _) => format!("all {all} intervals include 0"),
        _ => format!("{missing} of {all} intervals miss 0"),
    }
}

fn alt(findings: &VerificationFindings) -> String {
    let untested = count(findings, Kind::Untested);
    format!(
        "Mean change of the predicted utility from each stage to the next, by the prediction, with \
         simultaneous intervals. {}: {}; bins with too few generations to tell: {untested}.",
        findings.scenario,
        answer(findings),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bin(stage: usize, predicted: f64, mean: f64, half: f64, tested: bool) -> Increment {
        let ci = [mean - half, mean + half];
        Increment {
            stage,
            predicted,
            generations: 1000,
            mean,
            ci,
            sharp: tested,
        }
    }

    fn findings(increments: Vec<Increment>) -> VerificationFindings {
        VerificationFindings {
            schema: "test".to_owned(),
            scenario: "five & more".to_owned(),
            attempts: 200_000,
            seed: 1,
            partial: false,
            family_alpha: 0.01,
            ok: true,
            claims: Vec::new(),
            increments,
        }
    }

    fn stages(count: usize) -> VerificationFindings {
        let bins = |stage: usize| {
            (0..10).map(move |i| bin(stage, 0.1 * f64::from(i) + 0.05, 0.001, 0.002, i != 3))
        };
        findings((1..=count).flat_map(bins).collect())
    }

    #[test]
    fn stages_and_axes_are_text() {
        let figure = martingale_increments(&stages(2)).unwrap();
        for text in [
            "stage 1 → 2",
            "stage 2 → utility",
            "predicted utility after the stage (0 to 1)",
            "mean change (utility)",
            "five &amp; more, 200,000 generations: all 18 intervals include 0. Panels have \
             vertical scales of their own.",
        ] {
            assert!(
                figure.svg.contains(&format!(">\n{text}\n</text>")),
                "{text}"
            );
        }
    }

    #[test]
    fn the_same_findings_give_the_same_bytes() {
        let findings = stages(3);
        let again = martingale_increments(&findings).unwrap();
        assert_eq!(martingale_increments(&findings).unwrap(), again);
    }

    #[test]
    fn nothing_is_cut_off_or_hidden() {
        for count in [1, 2, 3, 4, 5, 7, 12] {
            scene(&stages(count)).unwrap().assert_tidy();
        }
        let mut long = findings(vec![
            bin(1, 1.0, -0.9, 0.3, true),
            bin(1, 0.0, 0.0, 0.9, false),
        ]);
        long.scenario = "m".repeat(300);
        long.partial = true;
        long.attempts = u64::MAX;
        scene(&long).unwrap().assert_tidy();
    }

    #[test]
    fn a_drift_is_counted_and_rounding_is_none() {
        let drift = vec![
            bin(1, 0.5, 0.01, 0.002, true),
            bin(1, 0.9, 1e-17, 0.0, true),
        ];
        let figure = martingale_increments(&findings(drift)).unwrap();
        assert!(
            figure.alt.contains("1 of 2 intervals miss 0"),
            "{}",
            figure.alt
        );
    }

    /// The key explains what is there, and nothing else.
    #[test]
    fn the_key_names_the_kinds_that_are_drawn() {
        let agrees = bin(1, 0.2, 0.0, 0.1, true);
        let drifts = bin(1, 0.5, 0.1, 0.02, true);
        let untested = bin(1, 0.9, 0.0, 0.9, false);
        let names = [
            "simultaneous 99.5 % interval includes 0",
            "misses 0",
            "simultaneous 99.5 % interval misses 0",
            "too few generations to tell",
        ];
        for (bins, shown) in [
            (vec![agrees], [true, false, false, false]),
            (vec![agrees, drifts], [true, true, false, false]),
            (vec![drifts, untested], [false, false, true, true]),
        ] {
            let svg = martingale_increments(&findings(bins)).unwrap().svg;
            let found = names.map(|name| svg.contains(&format!(">\n{name}\n</text>")));
            assert_eq!(found, shown);
        }
    }

    #[test]
    fn the_label_of_the_vertical_axes_is_no_longer_than_a_plot_is_high() {
        assert!(LABEL.width(CHANGE).unwrap() <= super::super::increment_panel::PLOT);
        // Its long form was.
        assert!(LABEL.width("mean change of predicted utility").unwrap() > 150.0);
    }

    #[test]
    fn what_is_not_finite_is_left_out() {
        let odd = vec![
            bin(1, 0.5, f64::NAN, 0.1, true),
            bin(1, 0.2, 0.0, f64::INFINITY, true),
        ];
        assert!(matches!(
            martingale_increments(&findings(odd.clone())),
            Err(PlotError::Nothing(_))
        ));
        let some = [odd, vec![bin(1, 0.7, 0.0, 0.1, true)]].concat();
        let svg = martingale_increments(&findings(some)).unwrap().svg;
        assert!(!svg.contains("NaN") && !svg.contains("inf"));
    }
}
