//! A picture before it is drawn: rectangles, polygons, lines, discs and text at exact places.

use plotters::style::RGBColor;

use super::theme::{self, Face, PAPER};

/// A place: to the right, and downwards.
pub(super) type Point = (f64, f64);

/// Something to draw.
pub(super) enum Mark {
    /// Filled, from its upper left to its lower right.
    Rectangle(Point, Point, RGBColor),
    /// Filled, by its corners.
    Polygon(Vec<Point>, RGBColor),
    /// Like a polygon; what lies below shows through.
    Veil(Vec<Point>, RGBColor),
    /// From point to point, of some width.
    Line(Vec<Point>, f64, RGBColor),
    /// Centre and radius.
    Disc(Point, f64, RGBColor),
    /// Text with its baseline at a place.
    Text(String, Point, Face),
}

/// Marks, the later ones over the earlier ones.
pub(super) struct Scene {
    /// In whole units.
    pub(super) width: f64,
    /// In whole units.
    pub(super) height: f64,
    pub(super) marks: Vec<Mark>,
}

impl Scene {
    /// An empty picture of at least this size.
    pub(super) fn new(width: f64, height: f64) -> Self {
        let (width, height) = (width.ceil(), height.ceil());
        let paper = Mark::Rectangle((0.0, 0.0), (width, height), PAPER);
        Self {
            width,
            height,
            marks: vec![paper],
        }
    }

    /// A filled rectangle, from its upper left to its lower right.
    pub(super) fn rectangle(&mut self, from: Point, to: Point, color: RGBColor) {
        self.marks.push(Mark::Rectangle(from, to, color));
    }

    /// A level line.
    pub(super) fn level(&mut self, y: f64, (from, to): Point, width: f64, color: RGBColor) {
        self.rectangle((from, y - 0.5 * width), (to, y + 0.5 * width), color);
    }

    /// An upright line.
    pub(super) fn upright(&mut self, x: f64, (from, to): Point, width: f64, color: RGBColor) {
        self.rectangle((x - 0.5 * width, from), (x + 0.5 * width, to), color);
    }

    /// A level interval: a line with a cap at either end, so that it is told from a line of any other kind;
    /// nothing where it is narrower than a cap is wide.
    pub(super) fn interval(&mut self, y: f64, (from, to): Point, color: RGBColor) {
        if to - from < theme::WHISKER {
            return;
        }
        self.level(y, (from, to), theme::WHISKER, color);
        for x in [from, to] {
            self.upright(x, (y - theme::CAP, y + theme::CAP), theme::WHISKER, color);
        }
    }

    /// A line through at least two points.
    pub(super) fn line(&mut self, points: Vec<Point>, width: f64, color: RGBColor) {
        self.marks.push(Mark::Line(points, width, color));
    }

    /// A line through at least two points, drawn for `on` units, then not for `off`, and so on; a full line where
    /// nothing is left out.
    pub(super) fn dashed(
        &mut self,
        points: Vec<Point>,
        width: f64,
        color: RGBColor,
        dashes: &[(f64, f64)],
    ) {
        if dashes.is_empty() {
            self.line(points, width, color);
            return;
        }
        for dash in super::dashes::dashes(&points, dashes) {
            self.line(dash, width, color);
        }
    }

    /// The area between two lines with as many points, which do not cross.
    pub(super) fn band(&mut self, above: &[Point], below: &[Point], color: RGBColor) {
        let corners = above.iter().chain(below.iter().rev()).copied().collect();
        self.marks.push(Mark::Veil(corners, color));
    }

    /// The head of an arrow along `(dx, dy)`, one of them 0 and the other 1 or −1.
    pub(super) fn arrow(&mut self, (x, y): Point, (dx, dy): Point, color: RGBColor) {
        let (back, side) = (8.0, 4.0);
        let corner = |s: f64| (x - back * dx + s * dy, y - back * dy + s * dx);
        self.marks.push(Mark::Polygon(
            vec![(x, y), corner(side), corner(-side)],
            color,
        ));
    }

    pub(super) fn disc(&mut self, centre: Point, radius: f64, color: RGBColor) {
        self.marks.push(Mark::Disc(centre, radius, color));
    }

    pub(super) fn ring(&mut self, centre: Point, radius: f64, color: RGBColor) {
        self.disc(centre, radius, color);
        self.disc(centre, radius - theme::WHISKER, PAPER);
    }

    pub(super) fn diamond(&mut self, (x, y): Point, radius: f64, color: RGBColor) {
        let r = radius;
        let corners = vec![(x, y - r), (x + r, y), (x, y + r), (x - r, y)];
        self.marks.push(Mark::Polygon(corners, color));
    }

    pub(super) fn hollow_diamond(&mut self, centre: Point, radius: f64, color: RGBColor) {
        self.diamond(centre, radius, color);
        self.diamond(
            centre,
            radius - theme::WHISKER * std::f64::consts::SQRT_2,
            PAPER,
        );
    }

    /// A square with sides of 2 × `half`.
    pub(super) fn hollow_square(&mut self, (x, y): Point, half: f64, color: RGBColor) {
        let mut square = |half: f64, color| {
            self.rectangle((x - half, y - half), (x + half, y + half), color);
        };
        square(half, color);
        square(half - theme::WHISKER, PAPER);
    }

    /// Text with its baseline at `at`.
    pub(super) fn text(&mut self, text: &str, at: Point, face: Face) {
        self.marks.push(Mark::Text(printable(text), at, face));
    }
}

/// `text` without the characters that XML does not allow or that have no shape.
pub(super) fn printable(text: &str) -> String {
    let allowed = |c: char| !c.is_control() && !matches!(c, '\u{FFFE}' | '\u{FFFF}');
    text.chars()
        .map(|c| if allowed(c) { c } else { '\u{FFFD}' })
        .collect()
}

/// `text` with a capital first, as a title begins.
pub(crate) fn capitalised(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().into_iter().flat_map(char::to_uppercase);
    first.chain(letters).collect()
}

#[cfg(test)]
impl Scene {
    /// Left, top, right and bottom of a mark.
    fn extent(mark: &Mark) -> [f64; 4] {
        use plotters::style::text_anchor::HPos;
        match mark {
            Mark::Rectangle((left, top), (right, bottom), _) => [*left, *top, *right, *bottom],
            Mark::Polygon(points, _) | Mark::Veil(points, _) | Mark::Line(points, ..) => {
                points.iter().fold(
                    [f64::MAX, f64::MAX, f64::MIN, f64::MIN],
                    |[l, t, r, b], (x, y)| [l.min(*x), t.min(*y), r.max(*x), b.max(*y)],
                )
            }
            Mark::Disc((x, y), radius, _) => [x - radius, y - radius, x + radius, y + radius],
            Mark::Text(text, (x, y), face) => {
                let width = face.width(text).unwrap();
                let before = match face.anchor {
                    HPos::Left => 0.0,
                    HPos::Center => 0.5 * width,
                    HPos::Right => width,
                };
                let (up, down) = (0.76 * face.size, 0.24 * face.size);
                if face.turned {
                    [x - up, y + before - width, x + down, y + before]
                } else {
                    [x - before, y - up, x - before + width, y + down]
                }
            }
        }
    }

    /// Nothing is cut off, and no text lies over another or under a later mark.
    pub(super) fn assert_tidy(&self) {
        let extents: Vec<_> = self
            .marks
            .iter()
            .map(|mark| (mark, Self::extent(mark)))
            .collect();
        for (i, (mark, [left, top, right, bottom])) in extents.iter().enumerate() {
            let inside =
                *left >= 0.0 && *top >= 0.0 && *right <= self.width && *bottom <= self.height;
            assert!(inside, "mark {i} at {left}, {top} is cut off");
            assert!(
                left <= right && top <= bottom,
                "mark {i} at {left}, {top} is inside out"
            );
            let Mark::Text(text, ..) = mark else { continue };
            for (_, [l, t, r, b]) in &extents[i + 1..] {
                let apart = right < l || r < left || bottom < t || b < top;
                assert!(apart, "something at {l}, {t} lies over {text:?}");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::theme::{INK, LABEL};
    use super::{Scene, capitalised};

    /// A tidy picture, and the same with a fault.
    fn with(fault: impl FnOnce(&mut Scene)) -> Scene {
        let mut scene = Scene::new(200.0, 60.0);
        scene.text("a name", (20.0, 30.0), LABEL);
        scene.line(vec![(20.0, 40.0), (180.0, 40.0)], 1.0, INK);
        fault(&mut scene);
        scene
    }

    #[test]
    fn a_tidy_picture_is_tidy() {
        with(|_| ()).assert_tidy();
        with(|scene| scene.interval(50.0, (10.0, 190.0), INK)).assert_tidy();
    }

    #[test]
    #[should_panic(expected = "is cut off")]
    fn what_is_cut_off_is_seen() {
        with(|scene| scene.text("a long name", (150.0, 30.0), LABEL)).assert_tidy();
    }

    #[test]
    #[should_panic(expected = "lies over \"a name\"")]
    fn text_under_a_mark_is_seen() {
        with(|scene| scene.disc((30.0, 26.0), 4.0, INK)).assert_tidy();
    }

    #[test]
    #[should_panic(expected = "lies over \"a name\"")]
    fn text_over_text_is_seen() {
        with(|scene| scene.text("another", (40.0, 34.0), LABEL)).assert_tidy();
    }

    #[test]
    fn titles_begin_with_a_capital() {
        for (text, title) in [
            ("one look", "One look"),
            ("ß", "SS"),
            ("", ""),
            ("A b", "A b"),
        ] {
            assert_eq!(capitalised(text), title);
        }
    }
}
