//! Names to the right of a plot, each led to its place by a dotted line; none overlaps another.

use super::scene::{Point, Scene};
use super::theme::{Face, HAIRLINE, LEADER, REFERENCE};

/// Between the plot and the names, and from one name to the next.
pub(super) const GAP: f64 = 46.0;
pub(super) const LINE: f64 = 18.0;

/// Draws the names of places in the plot at (left, top, width, height).
pub(super) fn draw(
    scene: &mut Scene,
    (left, top, width, height): (f64, f64, f64, f64),
    mut names: Vec<(Point, String, Face)>,
) {
    names.sort_by(|(a, ..), (b, ..)| a.1.total_cmp(&b.1).then(a.0.total_cmp(&b.0)));
    let x = left + width + GAP;
    let mut free = top;
    let count = names.len();
    for (n, (place, name, face)) in names.into_iter().enumerate() {
        let rest = LINE * (count - 1 - n) as f64;
        let y = place.1.max(free).min(top + height - rest);
        free = y + LINE;
        scene.dashed(vec![place, (x - 6.0, y)], HAIRLINE, REFERENCE, LEADER);
        scene.text(&name, (x, y + 4.5), face);
    }
}
