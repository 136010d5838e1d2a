//! Two panels side by side, of the same rows: each row's name, then its policy and its coin in either
//! panel.

use super::PlotError;
use super::policy_and_coin::{self, ABOVE, BELOW, Panel, ROW, WIDTH};
use super::row::Row;
use super::scene::{Point, Scene};
use super::theme::{FAINT, HAIRLINE, LABEL, MARGIN, NOTE, SUBTITLE, TITLE};

/// More rows than this nobody reads.
const MOST_ROWS: usize = 100;
/// Room for the names of rows, at least and at most.
const NAMES: Point = (110.0, 300.0);
/// Between the names and the first panel, and between the panels.
const GAP: f64 = 20.0;
const BETWEEN: f64 = 52.0;
/// Where title and key end.
const HEAD: f64 = 104.0;

/// What is drawn.
pub(super) struct PairedPanels {
    pub(super) title: &'static str,
    /// What to look at.
    pub(super) hint: &'static str,
    /// The left and the right one, each with a value for every row.
    pub(super) panels: [Panel; 2],
}

impl PairedPanels {
    /// The picture of `rows`.
    pub(super) fn scene(&self, rows: &[Row]) -> Result<Scene, PlotError> {
        if rows.is_empty() {
            return Err(PlotError::Nothing("nothing was simulated or replayed"));
        }
        if rows.len() > MOST_ROWS {
            let given = rows.len();
            return Err(PlotError::TooMany {
                what: "rows",
                given,
                most: MOST_ROWS,
            });
        }
        let mut names = Vec::new();
        let mut room = NAMES.0;
        for row in rows {
            let name = LABEL.shortened(&row.name, NAMES.1)?;
            let note = NOTE.shortened(&row.note, NAMES.1)?;
            room = room.max(LABEL.width(&name)?).max(NOTE.width(&note)?);
            names.push((name, note));
        }
        let (left, top) = (MARGIN + room + GAP, HEAD + ABOVE);
        let width = left + 2.0 * WIDTH + BETWEEN + MARGIN;
        let mut scene = Scene::new(width, top + ROW * names.len() as f64 + BELOW + MARGIN);
        scene.text(self.title, (MARGIN, 36.0), TITLE);
        scene.text(self.hint, (MARGIN, 57.0), SUBTITLE);
        let exact = rows.iter().any(|row| row.exact);
        policy_and_coin::key(&mut scene, (MARGIN, 82.0), exact)?;
        for (i, (name, note)) in names.iter().enumerate() {
            let y = top + ROW * i as f64;
            scene.level(y, (MARGIN, width - MARGIN), HAIRLINE, FAINT);
            scene.text(name, (MARGIN, y + 0.5 * ROW - 2.0), LABEL);
            scene.text(note, (MARGIN, y + 0.5 * ROW + 14.0), NOTE);
        }
        let [first, second] = &self.panels;
        first.draw(&mut scene, (left, top))?;
        second.draw(&mut scene, (left + WIDTH + BETWEEN, top))?;
        Ok(scene)
    }
}
