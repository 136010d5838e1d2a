//! Names to the right of a plot, each led to its place by a dotted line; none overlaps another.
//!
//! Names of one place share a line, which ends in a bracket beside them.

use super::scene::{Point, Scene};
use super::theme::{Face, HAIRLINE, LEADER, REFERENCE};

/// Between the plot and the names, and from one name to the next.
pub(super) const GAP: f64 = 46.0;
pub(super) const LINE: f64 = 19.0;
/// Places as near as this look like one.
const ONE_PLACE: f64 = 3.0;
/// From a line to the name that it leads to, and how far a bracket reaches beyond the middle of a name.
const BEFORE: f64 = 7.0;
const REACH: f64 = 6.0;

/// Draws the names of places in the plot at (left, top, width, height).
pub(super) fn draw(
    scene: &mut Scene,
    (left, top, width, height): (f64, f64, f64, f64),
    mut names: Vec<(Point, String, Face)>,
) {
    names.sort_by(|(a, ..), (b, ..)| a.1.total_cmp(&b.1).then(a.0.total_cmp(&b.0)));
    let x = left + width + GAP;
    let mut free = top;
    let mut rest = names.len();
    let near = |a: Point, b: Point| libm::hypot(a.0 - b.0, a.1 - b.1) <= ONE_PLACE;
    for group in names.chunk_by(|(a, ..), (b, ..)| near(*a, *b)) {
        rest -= group.len();
        let place = group[0].0;
        let high = LINE * (group.len() - 1) as f64;
        // All that follow still find room below.
        let lowest = top + height - LINE * rest as f64 - high;
        let first = (place.1 - 0.5 * high).max(free).min(lowest);
        let middle = first + 0.5 * high;
        free = first + high + LINE;
        scene.dashed(
            vec![place, (x - BEFORE, middle)],
            HAIRLINE,
            REFERENCE,
            LEADER,
        );
        if group.len() > 1 {
            let ends = (first - REACH, first + high + REACH);
            scene.upright(x - BEFORE, ends, HAIRLINE, REFERENCE);
        }
        for (i, (_, name, face)) in group.iter().enumerate() {
            scene.text(name, (x, first + LINE * i as f64 + 4.5), *face);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plot::scene::Mark;
    use crate::plot::theme::LABEL;

    /// Lines that lead from places, and heights of the names, for names of `places`.
    fn drawn(places: &[Point]) -> (usize, Vec<f64>) {
        let mut scene = Scene::new(600.0, 300.0);
        let names = places
            .iter()
            .map(|&place| (place, "a name".to_owned(), LABEL));
        draw(&mut scene, (10.0, 10.0, 200.0, 200.0), names.collect());
        let starts = scene.marks.iter().filter_map(|mark| match mark {
            Mark::Line(points, ..) => points.first().copied(),
            _ => None,
        });
        let starts = starts.filter(|start| places.contains(start)).count();
        let heights = scene.marks.iter().filter_map(|mark| match mark {
            Mark::Text(_, at, _) => Some(at.1),
            _ => None,
        });
        (starts, heights.collect())
    }

    #[test]
    fn names_of_one_place_share_a_line_and_none_overlap() {
        let (lines, heights) = drawn(&[(20.0, 100.0), (20.5, 100.5), (20.0, 100.0)]);
        assert_eq!((lines, heights.len()), (1, 3));
        // Other places have lines of their own.
        let (lines, _) = drawn(&[(20.0, 100.0), (20.0, 108.0), (60.0, 100.0)]);
        assert_eq!(lines, 3);
        let crowded: Vec<Point> = (0..10)
            .map(|i| (20.0, 205.0 + 0.5 * f64::from(i)))
            .collect();
        let (_, heights) = drawn(&crowded);
        assert!(
            heights
                .windows(2)
                .all(|pair| pair[1] - pair[0] >= LINE - 1e-9)
        );
        assert!(heights.iter().all(|&y| y <= 215.0), "{heights:?}");
    }
}
