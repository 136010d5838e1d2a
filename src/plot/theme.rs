//! How every figure looks: colours, letters and sizes, in units of one SVG pixel.
//!
//! The two signal colours are from the palette of Okabe & Ito (2008, "Color Universal Design"),
//! distinct for every kind of colour vision; shapes tell the same apart without colour. The
//! letters are those of `DejaVu` Sans, which the crate carries.

use plotters::style::text_anchor::HPos;
use plotters::style::{FontDesc, FontFamily, FontStyle, RGBColor, register_font};

use super::PlotError;

/// Behind everything.
pub(super) const PAPER: RGBColor = RGBColor(255, 255, 255);
/// Text and axes.
pub(super) const INK: RGBColor = RGBColor(34, 34, 34);
/// Text of second rank; still has contrast 7 : 1 on paper.
pub(super) const MUTED: RGBColor = RGBColor(85, 85, 85);
/// Grid lines.
pub(super) const FAINT: RGBColor = RGBColor(228, 228, 228);
/// Lines that values are held against.
pub(super) const REFERENCE: RGBColor = RGBColor(120, 120, 120);
/// What the figure is about.
pub(super) const SUBJECT: RGBColor = RGBColor(0, 114, 178);
/// What it is compared with, or what stands out.
pub(super) const CONTRAST: RGBColor = RGBColor(213, 94, 0);
/// Lines of the same kind, told apart by their marks first; each has contrast 3 : 1 on paper.
pub(super) const LINES: [RGBColor; 6] = [
    SUBJECT,
    CONTRAST,
    INK,
    RGBColor(0, 128, 96),
    RGBColor(160, 80, 140),
    REFERENCE,
];
/// Dashes of the same lines, drawn and left out in turn, so that they are told apart without colour.
pub(super) const DASHES: [&[(f64, f64)]; 6] = [
    &[],
    &[(6.0, 2.5)],
    &[(2.0, 2.0)],
    &[(9.0, 2.0), (2.0, 2.0)],
    &[(12.0, 3.0)],
    &[(6.0, 2.0), (2.0, 2.0), (2.0, 2.0)],
];
/// Dashes of lines that lead from a name to its place: never those of a grid line or of a value.
pub(super) const LEADER: &[(f64, f64)] = &[(1.5, 3.0)];
/// Subjects of which too little is known.
pub(super) const PALE: RGBColor = RGBColor(150, 175, 195);

/// How much of what lies below a band of uncertainty hides.
pub(super) const VEIL: f64 = 0.18;

/// Space around a figure.
pub(super) const MARGIN: f64 = 24.0;
/// How far the baselines of the text at its ticks and of its name lie below an axis.
pub(super) const TICK_TEXT: f64 = 20.0;
pub(super) const AXIS_TEXT: f64 = 42.0;
/// Half the height of the cap at either end of an interval.
pub(super) const CAP: f64 = 4.0;
/// Radius of a mark.
pub(super) const MARK: f64 = 4.5;
/// Width of grid lines and axes.
pub(super) const HAIRLINE: f64 = 1.0;
/// Width of an interval.
pub(super) const WHISKER: f64 = 1.75;

/// Families that a reader of the SVG may use; the PNG uses the built-in one under this name.
pub(super) const FAMILY: &str = "DejaVu Sans, Verdana, sans-serif";
/// Ascent and descent of the built-in font in em: what plotters' bitmaps call the font size.
pub(super) const LINE_HEIGHT: f64 = 2384.0 / 2048.0;
/// Half an x-height of the built-in font in em.
pub(super) const HALF_X_HEIGHT: f64 = 0.5 * 1120.0 / 2048.0;
/// Text is measured this much larger than it is drawn: plotters measures in whole pixels.
const MEASURED_AT: f64 = 16.0;

/// How a piece of text is set. Its position is that of its baseline.
#[derive(Clone, Copy)]
pub(super) struct Face {
    pub(super) size: f64,
    pub(super) bold: bool,
    pub(super) color: RGBColor,
    pub(super) anchor: HPos,
    /// Whether it reads from below to above.
    pub(super) turned: bool,
}

const fn face(size: f64, bold: bool, color: RGBColor) -> Face {
    Face {
        size,
        bold,
        color,
        anchor: HPos::Left,
        turned: false,
    }
}

/// Of the figure.
pub(super) const TITLE: Face = face(18.0, true, INK);
/// Below the title.
pub(super) const SUBTITLE: Face = face(13.5, false, MUTED);
/// Of a panel.
pub(super) const HEADING: Face = face(14.5, true, INK);
/// Of rows, marks and axes.
pub(super) const LABEL: Face = face(14.0, false, INK);
/// Beside rows and ticks: the smallest text there is, so that half the size is still read.
pub(super) const NOTE: Face = face(13.0, false, MUTED);

impl Face {
    pub(super) const fn anchored(self, anchor: HPos) -> Self {
        Self { anchor, ..self }
    }

    pub(super) const fn turned(self) -> Self {
        Self {
            turned: true,
            ..self
        }
    }

    /// How wide `text` is.
    pub(super) fn width(self, text: &str) -> Result<f64, PlotError> {
        fonts()?;
        let size = self.size * LINE_HEIGHT * MEASURED_AT;
        let font = FontDesc::new(FontFamily::Name(FAMILY), size, self.style());
        let box_ = font
            .layout_box(text)
            .map_err(|e| PlotError::Font(e.to_string()))?;
        Ok(f64::from(box_.1.0) / MEASURED_AT)
    }

    /// `text`, cut short if it is wider than `room`.
    pub(super) fn shortened(self, text: &str, room: f64) -> Result<String, PlotError> {
        let mut shown = text.to_owned();
        while self.width(&shown)? > room {
            let kept = shown
                .trim_end_matches('…')
                .chars()
                .count()
                .saturating_sub(1);
            shown = shown.chars().take(kept).chain(['…']).collect();
            if kept == 0 {
                break;
            }
        }
        Ok(shown)
    }

    pub(super) fn style(self) -> FontStyle {
        if self.bold {
            FontStyle::Bold
        } else {
            FontStyle::Normal
        }
    }
}

/// Makes the built-in letters known to plotters; doing so again changes nothing.
pub(super) fn fonts() -> Result<(), PlotError> {
    for (style, bytes) in [
        (FontStyle::Normal, dejavu::sans::regular()),
        (FontStyle::Bold, dejavu::sans::bold()),
    ] {
        register_font(FAMILY, style, bytes)
            .map_err(|_| PlotError::Font("it is not a font".to_owned()))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use approx::assert_relative_eq;

    /// Advance widths of "H" (1540) and "i" (569) in units of 1/2048 em, from the font's table.
    #[test]
    fn text_is_as_wide_as_the_font_says() {
        let width = LABEL.width("Hi").unwrap();
        assert_relative_eq!(width, LABEL.size * (1540.0 + 569.0) / 2048.0, epsilon = 0.1);
        assert!(HEADING.width("Hi").unwrap() > width);
    }

    #[test]
    fn long_text_is_cut_short() {
        let name = "m".repeat(100);
        let shown = LABEL.shortened(&name, 200.0).unwrap();
        assert!(shown.ends_with("m…") && LABEL.width(&shown).unwrap() <= 200.0);
        assert_eq!(LABEL.shortened("short", 200.0).unwrap(), "short");
        assert_eq!(LABEL.shortened("none", 0.0).unwrap(), "…");
    }

    /// At half size, as in a column of a journal, that is 6.5 points; journals ask for 5 to 7.
    #[test]
    fn no_text_is_smaller_than_thirteen_units() {
        for face in [TITLE, SUBTITLE, HEADING, LABEL, NOTE] {
            assert!(face.size >= 13.0);
        }
    }
}
