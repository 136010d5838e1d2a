//! Draws a [`Scene`] as SVG and as PNG.
//!
//! plotters places everything on whole numbers, so a scene is drawn on a grid of quarter units:
//! the SVG shows that grid at a quarter of its size, the PNG at half of it with four grid points
//! averaged into one pixel.

use plotters::backend::{BitMapBackend, SVGBackend};
use plotters::coord::Shift;
use plotters::drawing::{DrawingArea, DrawingAreaErrorKind, IntoDrawingArea};
use plotters::element::{Circle, PathElement, Polygon, Rectangle};
use plotters::prelude::DrawingBackend;
use plotters::style::text_anchor::{Pos, VPos};
use plotters::style::{Color, FontDesc, FontFamily, FontTransform, TextStyle};

use super::scene::{Mark, Point, Scene, printable};
use super::theme::{self, Face};
use super::{Figure, PlotError, png};

/// Grid points per unit.
const GRID: u32 = 4;
/// Pixels of the PNG per unit.
const PIXELS: u32 = 2;

/// How a backend of plotters sets text: each takes another size for the same letters and puts
/// another point of them at the given place.
struct Setting {
    /// What the backend calls the size of letters of 1 em.
    em: f64,
    /// Anchor whose height is known.
    anchor: VPos,
    /// How far the baseline lies below that anchor, in em.
    below: f64,
}

const IN_SVG: Setting = Setting {
    em: 1.24,
    anchor: VPos::Center,
    below: theme::HALF_X_HEIGHT,
};
const IN_PNG: Setting = Setting {
    em: theme::LINE_HEIGHT,
    anchor: VPos::Top,
    below: 0.5 * theme::LINE_HEIGHT,
};

/// Draws `scene` in both forms.
pub(super) fn figure(name: &str, scene: &Scene, alt: &str) -> Result<Figure, PlotError> {
    theme::fonts()?;
    let alt = printable(alt);
    Ok(Figure {
        name: name.to_owned(),
        svg: svg(scene, &alt)?,
        png: png(scene)?,
        alt,
    })
}

fn svg(scene: &Scene, alt: &str) -> Result<String, PlotError> {
    let (width, height) = grid(scene);
    let mut drawn = String::new();
    paint(
        scene,
        SVGBackend::with_string(&mut drawn, (width, height)),
        &IN_SVG,
    )?;
    // plotters opens with a line that knows neither our units nor what the picture shows.
    let (_, marks) = drawn.split_once('\n').unwrap_or_default();
    let title = alt.replace('&', "&amp;").replace('<', "&lt;");
    Ok(format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{}\" height=\"{}\" \
         viewBox=\"0 0 {width} {height}\" role=\"img\">\n<title>{title}</title>\n{marks}",
        width / GRID,
        height / GRID
    ))
}

fn png(scene: &Scene) -> Result<Vec<u8>, PlotError> {
    let (width, height) = grid(scene);
    let stride = 3 * width as usize;
    let mut fine = vec![0; stride * height as usize];
    paint(
        scene,
        BitMapBackend::with_buffer(&mut fine, (width, height)),
        &IN_PNG,
    )?;
    let coarse = averaged(&fine, stride, (GRID / PIXELS) as usize);
    Ok(png::encode(&coarse, width * PIXELS / GRID)?)
}

/// Grid points to the right and downwards.
fn grid(scene: &Scene) -> (u32, u32) {
    (
        on_grid(scene.width).unsigned_abs(),
        on_grid(scene.height).unsigned_abs(),
    )
}

fn paint<DB: DrawingBackend>(
    scene: &Scene,
    backend: DB,
    setting: &Setting,
) -> Result<(), PlotError> {
    let area = backend.into_drawing_area();
    let point = |&(x, y): &Point| (on_grid(x), on_grid(y));
    for mark in &scene.marks {
        match mark {
            Mark::Rectangle(from, to, color) => {
                area.draw(&Rectangle::new([point(from), point(to)], color.filled()))
            }
            Mark::Polygon(corners, color) => {
                let corners: Vec<_> = corners.iter().map(point).collect();
                area.draw(&Polygon::new(corners, color.filled()))
            }
            Mark::Veil(corners, color) => {
                let corners: Vec<_> = corners.iter().map(point).collect();
                area.draw(&Polygon::new(corners, color.mix(theme::VEIL).filled()))
            }
            Mark::Line(points, width, color) => {
                let points: Vec<_> = points.iter().map(point).collect();
                let width = on_grid(*width).unsigned_abs();
                area.draw(&PathElement::new(points, color.stroke_width(width)))
            }
            Mark::Disc(centre, radius, color) => area.draw(&Circle::new(
                point(centre),
                on_grid(*radius),
                color.filled(),
            )),
            Mark::Text(text, at, face) => set(&area, text, *at, *face, setting),
        }
        .map_err(|e| PlotError::Drawing(e.to_string()))?;
    }
    area.present()
        .map_err(|e| PlotError::Drawing(e.to_string()))
}

/// Sets `text` with its baseline at `at`.
fn set<DB: DrawingBackend>(
    area: &DrawingArea<DB, Shift>,
    text: &str,
    (x, y): Point,
    face: Face,
    setting: &Setting,
) -> Result<(), DrawingAreaErrorKind<DB::ErrorType>> {
    let size = face.size * setting.em * f64::from(GRID);
    let font = FontDesc::new(FontFamily::Name(theme::FAMILY), size, face.style());
    let below = setting.below * face.size;
    let (at, turn) = if face.turned {
        ((x - below, y), FontTransform::Rotate270)
    } else {
        ((x, y - below), FontTransform::None)
    };
    let style = TextStyle::from(font)
        .transform(turn)
        .color(&face.color)
        .pos(Pos::new(face.anchor, setting.anchor));
    area.draw_text(text, &style, (on_grid(at.0), on_grid(at.1)))
}

/// The nearest grid point.
#[expect(
    clippy::cast_possible_truncation,
    reason = "figures are far smaller than i32; places are finite (asserted) and a cast saturates"
)]
fn on_grid(length: f64) -> i32 {
    debug_assert!(length.is_finite(), "something is drawn at no place");
    (length * f64::from(GRID)).round() as i32
}

/// Each square of `ratio` × `ratio` pixels becomes their mean; `stride` is bytes per row.
fn averaged(fine: &[u8], stride: usize, ratio: usize) -> Vec<u8> {
    let count = ratio * ratio;
    let mut coarse = Vec::with_capacity(fine.len() / count);
    for rows in fine.chunks_exact(ratio * stride) {
        for x in (0..stride).step_by(3 * ratio) {
            for channel in 0..3 {
                let sum: usize = (0..count)
                    .map(|i| {
                        usize::from(rows[(i / ratio) * stride + x + 3 * (i % ratio) + channel])
                    })
                    .sum();
                coarse.push(u8::try_from((sum + count / 2) / count).unwrap_or(u8::MAX));
            }
        }
    }
    coarse
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scene() -> Scene {
        let mut scene = Scene::new(60.0, 30.0);
        scene.ring((10.0, 10.0), 5.0, theme::SUBJECT);
        scene.hollow_diamond((30.0, 10.0), 5.0, theme::CONTRAST);
        scene.line(vec![(2.0, 2.0), (30.0, 9.0), (58.0, 2.0)], 1.5, theme::INK);
        let (above, below) = ([(2.0, 3.0), (58.0, 3.0)], [(2.0, 6.0), (58.0, 6.0)]);
        scene.band(&above, &below, theme::SUBJECT);
        scene.text("a < b", (5.0, 25.0), theme::NOTE);
        scene.text("\u{7}", (50.0, 25.0), theme::NOTE.turned());
        scene
    }

    #[test]
    fn both_forms_show_the_same_size() {
        let figure = figure("tiny", &scene(), "ring & diamond").unwrap();
        assert!(
            figure
                .svg
                .contains("width=\"60\" height=\"30\" viewBox=\"0 0 240 120\"")
        );
        assert_eq!(figure.png[16..24], [0, 0, 0, 120, 0, 0, 0, 60]);
    }

    #[test]
    fn lines_have_their_width_and_bands_show_what_lies_below() {
        let svg = figure("tiny", &scene(), "").unwrap().svg;
        let line = svg.lines().find(|l| l.starts_with("<polyline")).unwrap();
        assert!(line.contains("stroke-width=\"6\"") && line.contains("8,8 120,36 232,8"));
        let band = svg
            .lines()
            .find(|l| l.contains("opacity=\"0.18\""))
            .unwrap();
        assert!(band.starts_with("<polygon") && band.contains("8,12 232,12 232,24 8,24"));
    }

    #[test]
    fn text_stays_text_and_is_escaped() {
        let figure = figure("tiny", &scene(), "ring & diamond").unwrap();
        assert!(figure.svg.contains("a &lt; b"));
        assert!(figure.svg.contains("<title>ring &amp; diamond</title>"));
        assert!(!figure.svg.contains('\u{7}'));
    }

    #[test]
    fn grid_points_are_averaged() {
        let fine = [[0, 4, 8], [4, 4, 8], [0, 4, 9], [4, 4, 9]].concat();
        assert_eq!(averaged(&fine, 6, 2), [2, 4, 9]);
    }
}
