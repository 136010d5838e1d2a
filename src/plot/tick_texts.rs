//! The texts at the ticks of a level axis: all that have room beside the one before.

use plotters::style::text_anchor::HPos;

use super::PlotError;
use super::scene::Scene;
use super::theme::{NOTE, TICK_TEXT};

/// Between two texts, at least.
const APART: f64 = 4.0;

/// Draws `texts` by their places, from left to right, below an axis at `bottom`.
pub(super) fn draw(
    scene: &mut Scene,
    texts: impl Iterator<Item = (f64, String)>,
    bottom: f64,
) -> Result<(), PlotError> {
    let mut free = f64::MIN;
    for (x, text) in texts {
        let half = 0.5 * NOTE.width(&text)?;
        if x - half > free {
            scene.text(&text, (x, bottom + TICK_TEXT), NOTE.anchored(HPos::Center));
            free = x + half + APART;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plot::scene::Mark;

    #[test]
    fn what_has_no_room_is_left_out() {
        let drawn = |apart: f64| {
            let mut scene = Scene::new(900.0, 40.0);
            let texts = (0..6).map(|i| (50.0 + apart * f64::from(i), format!("−12500{i}")));
            draw(&mut scene, texts, 10.0).unwrap();
            scene.assert_tidy();
            let texts = scene.marks.iter();
            texts.filter(|mark| matches!(mark, Mark::Text(..))).count()
        };
        assert_eq!([100.0, 40.0].map(drawn), [6, 3]);
    }
}
