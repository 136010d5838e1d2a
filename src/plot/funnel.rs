//! Where generations are lost: all of them, what each checkpoint leaves, and what the final filter
//! retains.
//!
//! Each bar is split by what the final filter says of the full generations, so a step shows what
//! it loses of the good and of the bad. Checkpoints stand in the order of the policy, which need
//! not be that of time.

use super::axis::grouped;
use super::funnel_bar::{self, HEIGHT, WIDTH};
use super::funnel_steps::{Step, steps};
use super::scene::Scene;
use super::theme::{FAINT, HAIRLINE, LABEL, MARGIN, NOTE, SUBTITLE, TITLE};
use super::{Figure, PlotError, draw};
use crate::study::replay::ReplayFindings;

const NAME: &str = "rejection-funnel";
/// Room for the names of steps, at most.
const NAMES: f64 = 280.0;
const TOP: f64 = 104.0;
const ROW: f64 = 56.0;
const GAP: f64 = 20.0;

/// Draws what each checkpoint rejects and leaves, by what the final filter says of it.
pub fn rejection_funnel(findings: &ReplayFindings) -> Result<Figure, PlotError> {
    let steps = steps(findings)?;
    draw::figure(NAME, &scene(findings, &steps)?, &alt(findings, &steps))
}

fn scene(findings: &ReplayFindings, steps: &[Step]) -> Result<Scene, PlotError> {
    let (mut names, mut room, mut telling) = (Vec::new(), 0.0_f64, 0.0_f64);
    for step in steps {
        let name = LABEL.shortened(&step.name, NAMES)?;
        room = room.max(LABEL.width(&name)?).max(NOTE.width(&step.note)?);
        let told = LABEL.width(&step.told[0])?.max(NOTE.width(&step.told[1])?);
        telling = telling.max(told);
        names.push(name);
    }
    let bars: Vec<_> = steps.iter().map(|step| (step.left, step.before)).collect();
    let left = MARGIN + room + GAP;
    let beside = left + WIDTH + GAP;
    let title = "What each checkpoint rejects, and what is left for the final filter";
    let least = MARGIN + TITLE.width(title)?.max(funnel_bar::key_width(&bars)?);
    let width = (beside + telling).max(least) + MARGIN;
    let mut scene = Scene::new(width, TOP + ROW * steps.len() as f64 + MARGIN);
    scene.text(title, (MARGIN, 36.0), TITLE);
    let interrupted = if findings.partial {
        ", interrupted"
    } else {
        ""
    };
    let about = format!(
        ": {} records of {} prompts{interrupted}; checkpoints in the order of the policy",
        grouped(findings.records),
        grouped(findings.prompts)
    );
    let name_room = width - 2.0 * MARGIN - SUBTITLE.width(&about)?;
    let policy = SUBTITLE.shortened(&findings.policy, name_room)?;
    scene.text(&(policy + &about), (MARGIN, 57.0), SUBTITLE);
    funnel_bar::key(&mut scene, (MARGIN, 82.0), &bars)?;

    let all = steps.first().map_or(0, |step| step.before);
    for (i, (step, name)) in steps.iter().zip(&names).enumerate() {
        let top = TOP + ROW * i as f64;
        let middle = top + 0.5 * ROW;
        scene.level(top, (MARGIN, width - MARGIN), HAIRLINE, FAINT);
        scene.text(name, (MARGIN, middle - 3.0), LABEL);
        scene.text(&step.note, (MARGIN, middle + 15.0), NOTE);
        let corner = (left, middle - 0.5 * HEIGHT);
        funnel_bar::draw(&mut scene, corner, step.left, (step.before, all))?;
        let [first, second] = &step.told;
        let single = if second.is_empty() { 7.0 } else { 0.0 };
        scene.text(first, (beside, middle - 3.0 + single), LABEL);
        if !second.is_empty() {
            scene.text(second, (beside, middle + 15.0), NOTE);
        }
    }
    Ok(scene)
}

fn alt(findings: &ReplayFindings, steps: &[Step]) -> String {
    let told = steps.iter().map(|step| {
        let [first, second] = &step.told;
        let told = if second.is_empty() || first.ends_with(':') {
            format!("{first} {second}")
        } else {
            format!("{first}, {second}")
        };
        format!(" {}: {}; {}.", step.name, step.note, told.trim_end())
    });
    let what = format!("What is left of the generations under {}.", findings.policy);
    what + &told.collect::<String>()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plot::made_up::{estimate, replay};
    use crate::study::replay::{ByVerdict, CheckpointRejections, Position};

    fn by(accepted: u64, refused: u64, unknown: u64) -> ByVerdict {
        ByVerdict {
            accepted,
            refused,
            unknown,
        }
    }

    fn checkpoint(at: Position, rejected: ByVerdict) -> CheckpointRejections {
        let rate = estimate(Some(0.1), None);
        CheckpointRejections { at, rate, rejected }
    }

    fn findings(rejected: &[ByVerdict], surviving: ByVerdict) -> ReplayFindings {
        let checkpoints = (1..).zip(rejected);
        ReplayFindings {
            rejections_by_stage: checkpoints
                .map(|(i, by)| checkpoint(Position::Tokens(8 * i), *by))
                .collect(),
            surviving,
            ..replay("p & q", &[])
        }
    }

    fn assert_tidy(findings: &ReplayFindings) {
        let steps = steps(findings).unwrap();
        scene(findings, &steps).unwrap().assert_tidy();
    }

    #[test]
    fn every_step_says_what_it_loses() {
        let mut findings = findings(&[by(4, 119, 0), by(0, 0, 0), by(1, 2, 3)], by(80, 20, 7));
        findings.rejections_by_stage[1].at = Position::Solution;
        assert_tidy(&findings);
        let figure = rejection_funnel(&findings).unwrap();
        for text in [
            "after 8 tokens",
            "rejects 123:",
            "4 that the final filter would accept (false), 119 it would refuse",
            "113 left (47.9 %)",
            "at the complete solution",
            "rejects nothing",
            "rejects 6:",
            "1 that the final filter would accept (false), 2 it would refuse, 3 without verdict",
            "107 survive (45.3 %)",
            "80 retained (33.9 %)",
            "refuses 20",
            "accepts 80.0 % of the survivors with a verdict; 7 have none",
        ] {
            assert!(
                figure.svg.contains(&format!(">\n{text}\n</text>")),
                "{text}"
            );
        }
        let text = "final filter: 80 retained (33.9 %); refuses 20, accepts 80.0 %";
        assert!(figure.alt.contains(text), "{}", figure.alt);
        assert_eq!(rejection_funnel(&findings).unwrap(), figure);
    }

    #[test]
    fn nothing_is_cut_off_or_hidden() {
        for count in [0, 1, 2, 5, 12_u32] {
            let rejected: Vec<_> = (0..count)
                .map(|i| by(1 << i, 7 * u64::from(i), 3))
                .collect();
            assert_tidy(&findings(&rejected, by(5000, 1, 0)));
            assert_tidy(&findings(&rejected, by(0, 0, 1)));
            assert_tidy(&findings(&rejected, by(1_000_000_000, 7, 10_000_000_000)));
        }
        let long = ReplayFindings {
            policy: "m".repeat(300),
            partial: true,
            ..findings(&[by(1, 0, 0)], by(0, 0, 0))
        };
        assert_tidy(&long);
    }

    #[test]
    fn what_is_undefined_is_said() {
        let mut findings = findings(&[by(0, 0, 0), by(0, 0, 9)], by(0, 0, 5));
        findings.rejections_by_stage[0] = CheckpointRejections {
            rate: estimate(None, None),
            ..checkpoint(Position::Problem, by(0, 0, 0))
        };
        assert_tidy(&findings);
        let svg = rejection_funnel(&findings).unwrap().svg;
        for text in [
            "does not apply",
            "no generation has a verdict",
            "9 without verdict",
            "retained: undefined",
            "no survivor has a verdict",
        ] {
            assert!(svg.contains(&format!(">\n{text}\n</text>")), "{text}");
        }
        assert!(!svg.contains("NaN"));
    }

    /// The key explains what is there, and nothing else.
    #[test]
    fn the_key_names_the_parts_that_are_drawn() {
        let names = [
            "the final filter would accept",
            "would refuse",
            "without verdict",
            "lost in this step",
        ];
        for (rejected, surviving, shown) in [
            (by(4, 9, 0), by(80, 20, 0), [true, true, false, true]),
            (by(4, 9, 1), by(80, 20, 0), [true, true, true, true]),
            (by(0, 0, 0), by(80, 0, 0), [true, false, false, false]),
            (by(0, 0, 2), by(0, 0, 7), [false, false, true, true]),
        ] {
            let svg = rejection_funnel(&findings(&[rejected], surviving))
                .unwrap()
                .svg;
            let found = names.map(|name| svg.contains(&format!(">\n{name}\n</text>")));
            assert_eq!(found, shown, "{rejected:?} {surviving:?}");
        }
    }

    #[test]
    fn no_generation_and_too_many_checkpoints_are_refused() {
        let none = rejection_funnel(&findings(&[], by(0, 0, 0))).unwrap_err();
        assert_eq!(
            none.to_string(),
            "there is nothing to draw: no generation was replayed"
        );
        let many = findings(&[by(1, 1, 0); 51], by(1, 1, 1));
        assert!(matches!(
            rejection_funnel(&many),
            Err(PlotError::TooMany { given: 51, .. })
        ));
    }
}
