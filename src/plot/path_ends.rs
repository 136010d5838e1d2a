//! Where paths of a prediction end, and how: what marks and texts there look like, and which ends share a text.

use plotters::style::RGBColor;

use super::scene::{Point, Scene};
use super::theme::{CONTRAST, MARK, REFERENCE, SUBJECT};
use crate::study::martingale_paths::Fate;

/// From one text to the next.
const LINE: f64 = 17.0;

/// From below to above among those of one path.
pub(super) fn rank(fate: Fate) -> u8 {
    match fate {
        Fate::Retained => 2,
        Fate::Refused => 1,
        Fate::Rejected(_) => 0,
    }
}

pub(super) fn color(fate: Fate) -> RGBColor {
    match fate {
        Fate::Retained => SUBJECT,
        Fate::Refused => REFERENCE,
        Fate::Rejected(_) => CONTRAST,
    }
}

/// What is written at the end of paths of this fate.
pub(super) fn in_words(fate: Fate) -> &'static str {
    match fate {
        Fate::Retained => "retained",
        Fate::Refused => "refused",
        Fate::Rejected(_) => "rejected",
    }
}

pub(super) fn mark(scene: &mut Scene, at: Point, fate: Fate) {
    let radius = MARK - 1.5;
    match fate {
        Fate::Retained => scene.disc(at, radius, SUBJECT),
        Fate::Refused => scene.ring(at, radius, REFERENCE),
        Fate::Rejected(_) => scene.diamond(at, radius + 1.0, CONTRAST),
    }
}

/// Where so many paths of one fate end.
#[derive(Clone, Copy)]
pub(super) struct End {
    pub(super) column: usize,
    pub(super) at: Point,
    pub(super) fate: Fate,
    pub(super) count: usize,
}

/// Neighbours of one column and fate as one end in their middle, by column and from above, so far apart between
/// `top` and `bottom` that texts beside them do not overlap.
pub(super) fn gathered(ends: &[End], (top, bottom): Point) -> Vec<End> {
    let mut ends = ends.to_vec();
    let place = |end: &End| (end.column, rank(end.fate));
    ends.sort_by(|a, b| place(a).cmp(&place(b)).then(a.at.1.total_cmp(&b.at.1)));
    let near = |a: &End, b: &End| place(a) == place(b) && b.at.1 - a.at.1 < 2.0 * LINE;
    let mut groups: Vec<End> = Vec::new();
    for group in ends.chunk_by(near) {
        let count: usize = group.iter().map(|end| end.count).sum();
        let weighed = group.iter().map(|end| end.at.1 * end.count as f64);
        let at = (group[0].at.0, weighed.sum::<f64>() / count as f64);
        groups.push(End {
            at,
            count,
            ..group[0]
        });
    }
    groups.sort_by(|a, b| a.column.cmp(&b.column).then(a.at.1.total_cmp(&b.at.1)));
    for column in groups.chunk_by_mut(|a, b| a.column == b.column) {
        let mut least = top;
        for end in column.iter_mut() {
            end.at.1 = end.at.1.max(least);
            least = end.at.1 + LINE;
        }
        let mut most = bottom;
        for end in column.iter_mut().rev() {
            end.at.1 = end.at.1.min(most);
            most = end.at.1 - LINE;
        }
    }
    groups
}
