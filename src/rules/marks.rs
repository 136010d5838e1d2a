//! Answer markers and the end of a thought in a stream of characters, looked for together.

use super::scope::THOUGHT_END;
use super::texts::Texts;

/// What has been complete with the last character.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mark {
    /// A marker, by its place in the list; of those that end alike the longest.
    Marker(usize),
    /// What a thought ends with; markers that end alike do not count.
    ThoughtEnd,
}

/// Looks for any of several markers and for `</think>`.
pub(super) struct Marks {
    /// The markers, and behind them the end of a thought.
    texts: Texts,
    markers: usize,
}

impl Marks {
    pub(super) fn new(markers: &[String]) -> Self {
        let texts = markers.iter().map(String::as_str);
        Self {
            texts: Texts::new(&texts.chain([THOUGHT_END]).collect::<Vec<_>>()),
            markers: markers.len(),
        }
    }

    /// Forgets what was read.
    pub(super) fn restart(&mut self) {
        self.texts.restart();
    }

    /// Reads the next character: the mark that ends with it.
    pub(super) fn read(&mut self, c: char) -> Option<Mark> {
        self.texts.read(c).then(|| self.ending())?
    }

    /// The mark that ends with the last character.
    fn ending(&self) -> Option<Mark> {
        let marker = self.texts.ending().next()?;
        let thought = self.texts.ending().any(|text| text == self.markers);
        Some(if thought {
            Mark::ThoughtEnd
        } else {
            Mark::Marker(marker)
        })
    }

    /// How many bytes at the beginning of `text` can be left unread: no mark has begun, and none that
    /// begins there is found or may go on behind `text`. They are whole characters.
    pub(super) fn idle(&self, text: &[u8]) -> usize {
        self.texts.idle(text)
    }

    /// Reads a text from a restart on, up to its first mark: that, and where it ends.
    pub(super) fn read_to_first(&mut self, text: &str) -> Option<(Mark, usize)> {
        let found = self.texts.find(text)?;
        Some((self.ending()?, found.end))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_a_thought_goes_before_markers_that_end_alike() {
        let markers = ["#", "##", "k>", "so</think>", "</"].map(str::to_owned);
        let mut marks = Marks::new(&markers);
        let text = "ab## so</think>k>";
        let found: Vec<(usize, Mark)> = text
            .char_indices()
            .filter_map(|(at, c)| marks.read(c).map(|mark| (at + 1, mark)))
            .collect();
        let expected = [
            (3, Mark::Marker(0)),
            (4, Mark::Marker(1)),
            (9, Mark::Marker(4)),
            (15, Mark::ThoughtEnd),
            (17, Mark::Marker(2)),
        ];
        assert_eq!(found, expected);
        assert_eq!(marks.read_to_first(text), Some((Mark::Marker(0), 3)));
        assert_eq!(
            marks.read_to_first("a</think>"),
            Some((Mark::Marker(4), 3)),
            "what was read before is forgotten"
        );
        assert_eq!(marks.read_to_first("a < b"), None);
    }
}
