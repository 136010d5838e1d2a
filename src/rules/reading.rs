//! One generation on its way through a detector: bytes in pieces of any size in, the place of the
//! first alarm out.
//!
//! A character that is split between two pieces is read when its last byte has come. Bytes that
//! are no UTF-8 are read as U+FFFD.

use super::Detector;

/// Where a detector has alarmed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Alarm {
    /// When this many bytes of the solution had been read; 0 where the problem alone is enough.
    After(usize),
    /// Not before the solution was known to be complete.
    AtEnd,
}

/// A generation that is being read.
pub struct Reading<'d> {
    detector: &'d mut dyn Detector,
    /// Bytes whose characters the detector has seen.
    read: usize,
    /// The beginning of a character whose end has not come yet.
    pending: Vec<u8>,
    alarm: Option<Alarm>,
}

impl<'d> Reading<'d> {
    /// Begins a generation for `problem`, where that is known.
    pub fn start(detector: &'d mut dyn Detector, problem: Option<&str>) -> Self {
        let alarm = detector.start(problem).then_some(Alarm::After(0));
        Self {
            detector,
            read: 0,
            pending: Vec::new(),
            alarm,
        }
    }

    /// Reads on.
    pub fn push(&mut self, bytes: &[u8]) {
        if self.alarm.is_some() {
            return;
        }
        if self.pending.is_empty() {
            self.feed(bytes);
        } else {
            let mut joined = std::mem::take(&mut self.pending);
            joined.extend_from_slice(bytes);
            self.feed(&joined);
        }
    }

    fn feed(&mut self, bytes: &[u8]) {
        let mut chunks = bytes.utf8_chunks().peekable();
        while let Some(chunk) = chunks.next() {
            let valid = chunk.valid();
            if let Some(end) = self.detector.read_text(valid) {
                self.alarm = Some(Alarm::After(self.read + end));
                return;
            }
            self.read += valid.len();
            let invalid = chunk.invalid();
            let begun = std::str::from_utf8(invalid).is_err_and(|e| e.error_len().is_none());
            if begun && chunks.peek().is_none() {
                self.pending = invalid.to_vec();
            } else if !invalid.is_empty() {
                self.read += invalid.len();
                if self.detector.read(char::REPLACEMENT_CHARACTER) {
                    // That a character which has begun does not go on takes one byte more to see.
                    self.alarm = Some(Alarm::After(self.read + usize::from(begun)));
                    return;
                }
            }
        }
    }

    /// The first alarm so far.
    pub fn alarm(&self) -> Option<Alarm> {
        self.alarm
    }

    /// Ends the generation: its first alarm, if any.
    pub fn finish(mut self) -> Option<Alarm> {
        if self.alarm.is_none() {
            let cut = !self.pending.is_empty() && self.detector.read(char::REPLACEMENT_CHARACTER);
            if cut || self.detector.finish() {
                self.alarm = Some(Alarm::AtEnd);
            }
        }
        self.alarm
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Writes down what it reads and alarms at `!`.
    #[derive(Default)]
    struct Scribe(String);

    impl Detector for Scribe {
        fn start(&mut self, problem: Option<&str>) -> bool {
            self.0.clear();
            problem == Some("!")
        }

        fn read(&mut self, c: char) -> bool {
            self.0.push(c);
            c == '!'
        }

        fn finish(&mut self) -> bool {
            self.0.ends_with('?')
        }
    }

    fn read(pieces: &[&[u8]]) -> (String, Option<Alarm>) {
        let mut scribe = Scribe::default();
        let mut reading = Reading::start(&mut scribe, None);
        for piece in pieces {
            reading.push(piece);
        }
        let alarm = reading.finish();
        (scribe.0, alarm)
    }

    #[test]
    fn any_pieces_give_the_same_characters_and_alarm() {
        let text = "häß🙂!x".as_bytes();
        for a in 0..=text.len() {
            for b in a..=text.len() {
                let found = read(&[&text[..a], &text[a..b], &text[b..]]);
                assert_eq!(
                    found,
                    ("häß🙂!".to_owned(), Some(Alarm::After(10))),
                    "{a} {b}"
                );
            }
        }
    }

    #[test]
    fn what_is_no_text_is_replaced_wherever_it_is_cut() {
        let text = b"a\xf0\x9f\xffb\xe2\x82";
        let whole = read(&[text]);
        assert_eq!(whole, ("a\u{fffd}\u{fffd}b\u{fffd}".to_owned(), None));
        for a in 0..=text.len() {
            assert_eq!(read(&[&text[..a], &text[a..]]), whole, "{a}");
        }
    }

    /// Alarms at what is no text.
    struct Strict;

    impl Detector for Strict {
        fn start(&mut self, _: Option<&str>) -> bool {
            false
        }

        fn read(&mut self, c: char) -> bool {
            c == char::REPLACEMENT_CHARACTER
        }

        fn finish(&mut self) -> bool {
            false
        }
    }

    #[test]
    fn an_alarm_at_what_is_no_text_stands_after_the_byte_that_shows_it() {
        for (text, alarm) in [
            (b"a\xffbc".as_slice(), Alarm::After(2)),
            (b"a\x80bc", Alarm::After(2)),
            (b"a\xe2\x82bc", Alarm::After(4)),
            (b"a\xe0\x80bc", Alarm::After(3)),
            (b"a\xe2\x82", Alarm::AtEnd),
        ] {
            for cut in 0..=text.len() {
                let mut strict = Strict;
                let mut reading = Reading::start(&mut strict, None);
                reading.push(&text[..cut]);
                let early = reading.alarm();
                assert!(early.is_none_or(|early| early == alarm && alarm <= Alarm::After(cut)));
                reading.push(&text[cut..]);
                assert_eq!(reading.finish(), Some(alarm), "{text:?} {cut}");
            }
        }
    }

    #[test]
    fn an_alarm_knows_whether_the_end_was_needed() {
        assert_eq!(read(&[b"a?"]).1, Some(Alarm::AtEnd));
        assert_eq!(read(&[b"a?b"]).1, None);
        let mut scribe = Scribe::default();
        let mut reading = Reading::start(&mut scribe, Some("!"));
        reading.push(b"x");
        assert_eq!(reading.alarm(), Some(Alarm::After(0)));
        assert!(Alarm::After(usize::MAX) < Alarm::AtEnd);
    }
}
