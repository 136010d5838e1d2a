//! Two panels side by side, of the same rows: each row's name, then its policy and its coin in either
//! panel.

use super::PlotError;
use super::policy_and_coin::{self, ABOVE, BELOW, Panel, ROW, SIDES, WIDTH};
use super::row::Row;
use super::scene::{Point, Scene};
use super::theme::{FAINT, HAIRLINE, LABEL, MARGIN, NOTE, SUBTITLE, TITLE};

/// More rows than this nobody reads.
const MOST_ROWS: usize = 100;
/// Room for the names of rows, at least and at most.
const NAMES: Point = (110.0, 300.0);
/// What the key takes more where there is a ceiling.
const CEILING: f64 = 40.0;
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
        let ceilings = self.panels.iter().flat_map(|panel| &panel.ceilings);
        let ceiling = ceilings.into_iter().any(|value| value.mean.is_some());
        let mut room = NAMES.0 + if ceiling { CEILING } else { 0.0 };
        for row in rows {
            let name = LABEL.shortened(&row.name, NAMES.1)?;
            let note = NOTE.shortened(&row.note, NAMES.1)?;
            room = room.max(LABEL.width(&name)?).max(NOTE.width(&note)?);
            names.push((name, note));
        }
        // Where no panel says what its sides mean, headings stand right above the rows.
        let sides = self.panels.iter().any(|panel| panel.sides.is_some());
        let above = if sides { ABOVE } else { ABOVE - SIDES };
        let (left, top) = (MARGIN + room + GAP, HEAD + above);
        let width = left + 2.0 * WIDTH + BETWEEN + MARGIN;
        let mut scene = Scene::new(width, top + ROW * names.len() as f64 + BELOW + MARGIN);
        scene.text(self.title, (MARGIN, 36.0), TITLE);
        scene.text(self.hint, (MARGIN, 57.0), SUBTITLE);
        let exact = rows.iter().any(|row| row.exact);
        policy_and_coin::key(&mut scene, (MARGIN, 82.0), ceiling, exact)?;
        for (i, (name, note)) in names.iter().enumerate() {
            let y = top + ROW * i as f64;
            scene.level(y, (MARGIN, width - MARGIN), HAIRLINE, FAINT);
            scene.text(name, (MARGIN, y + 0.5 * ROW - 2.0), LABEL);
            scene.text(note, (MARGIN, y + 0.5 * ROW + 16.0), NOTE);
        }
        let [first, second] = &self.panels;
        first.draw(&mut scene, (left, top), above)?;
        second.draw(&mut scene, (left + WIDTH + BETWEEN, top), above)?;
        Ok(scene)
    }
}
