//! What the false-equation rule promises on any text: the alarm hangs neither on how the text is cut
//! nor on what comes behind, reading pieces means reading characters, and nothing panics.

use foldem::rules::{Alarm, Detector, RULES, Reading, Settings};

/// Checks it on a text whose first byte says how the others are cut.
pub(super) fn check(data: &[u8]) {
    let Some((&cut, text)) = data.split_first() else {
        return;
    };
    let rule = RULES.iter().find(|rule| rule.name == "false-equation");
    let rule = rule.expect("the rule is there");
    let mut detector = (rule.build)(&Settings::default()).expect("its defaults go together");
    let whole = alarm(&mut *detector, [text]);

    let size = usize::from(cut % 16) + 1;
    assert_eq!(
        alarm(&mut *detector, text.chunks(size)),
        whole,
        "cut every {size} bytes"
    );
    let middle = text.len() * usize::from(cut) / 256;
    let (before, after) = text.split_at(middle);
    assert_eq!(
        alarm(&mut *detector, [before, after]),
        whole,
        "cut at {middle}"
    );

    if let Ok(text) = std::str::from_utf8(text) {
        detector.start(None);
        let mut characters = text.char_indices();
        let by_character = characters.find(|&(_, c)| detector.read(c));
        let found = match by_character {
            Some((at, c)) => Some(Alarm::After(at + c.len_utf8())),
            None => detector.finish().then_some(Alarm::AtEnd),
        };
        assert_eq!(found, whole, "by characters");
    }
    if let Some(Alarm::After(n)) = whole {
        let mut alarm_within = |n: usize| {
            let mut reading = Reading::start(&mut *detector, None);
            reading.push(&text[..n]);
            reading.alarm()
        };
        assert_eq!(alarm_within(n), whole, "up to the alarm");
        assert_eq!(alarm_within(n - 1), None, "before the alarm");
    }
}

fn alarm<'t>(
    detector: &mut dyn Detector,
    pieces: impl IntoIterator<Item = &'t [u8]>,
) -> Option<Alarm> {
    let mut reading = Reading::start(detector, None);
    for piece in pieces {
        reading.push(piece);
    }
    reading.finish()
}
