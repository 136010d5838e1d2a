//! Rule `answer-marker`: an answer marker that comes too early or a second time.
//!
//! Reads the whole solution. `markers` are the texts that announce the final answer, by default
//! `####`, `Answer:` and `\boxed{`. A marker counts
//! - at once where it ends with an opening bracket, as `\boxed{` does;
//! - else where an answer begins behind it on the same line: a digit or a backslash, after spaces,
//!   signs, currency, quotes, brackets and the like, but no letter. So Markdown headings
//!   (`#### Step 1`), section titles (`**Answer:**` and a new line) and sentences
//!   (`Answer: Ray takes 54 minutes`) do not count, nor do headings with a number of at most two
//!   digits (`#### 2. Find the cost`); whether they are one may take a few characters to see.
//!
//! Alarms when a marker counts that
//! - is premature: no digit or other numeral stands before it, so nothing was worked out;
//! - is a duplicate: the same text has counted before, whatever answer it gave. Different markers
//!   go together: `\boxed{5}` and then `Answer: 5` is usual in right solutions. What a thought
//!   that ends with `</think>` has announced does not count behind it.
//!
//! Alarms are final. What fools it: solutions without steps by design (half of the right solutions
//! to Game of 24 begin with `Answer:`), reasoning with numbers in words, a draft in JSON or code
//! before the solution proper; and it misses answers in words or letters (`#### B`), and answers
//! on the line after the marker.

use super::heading::{Behind, Next};
use super::marks::{Mark, Marks};
use super::scope::marker_texts;
use super::{Detector, MARKERS, Rule, Settings};

pub(super) const RULE: Rule = Rule {
    name: "answer-marker",
    meaning: "an answer marker that comes too early or a second time",
    parameters: &[MARKERS],
    build,
};

#[expect(clippy::unnecessary_wraps, reason = "the signature of all rules")]
fn build(settings: &Settings) -> Result<Box<dyn Detector>, String> {
    let texts = marker_texts(settings);
    Ok(Box::new(AnswerMarker {
        marks: Marks::new(&texts),
        opens: texts
            .iter()
            .map(|text| text.ends_with(['{', '(', '[']))
            .collect(),
        counted: vec![false; texts.len()],
        numeral: false,
        pending: None,
    }))
}

struct AnswerMarker {
    marks: Marks,
    /// Whether each marker ends with an opening bracket.
    opens: Vec<bool>,
    /// Whether each marker has counted.
    counted: Vec<bool>,
    /// Whether a numeral has been read.
    numeral: bool,
    /// The last marker, where it is not clear yet whether it counts.
    pending: Option<Pending>,
}

/// A marker that waits for what comes behind it.
struct Pending {
    /// Its place in the list.
    marker: usize,
    /// Whether no numeral stands before it.
    premature: bool,
    behind: Behind,
}

impl AnswerMarker {
    /// Notes that a marker counts; whether that is one too early or too many.
    fn count(&mut self, marker: usize, premature: bool) -> bool {
        premature || std::mem::replace(&mut self.counted[marker], true)
    }
}

impl Detector for AnswerMarker {
    fn start(&mut self, _: Option<&str>) -> bool {
        self.marks.restart();
        self.counted.fill(false);
        self.numeral = false;
        self.pending = None;
        false
    }

    fn read(&mut self, c: char) -> bool {
        let mark = self.marks.read(c);
        if mark == Some(Mark::ThoughtEnd) {
            self.counted.fill(false);
            self.pending = None;
            return false;
        }
        if let Some(pending) = self.pending.take() {
            match pending.behind.read(c) {
                Next::Open(behind) => self.pending = Some(Pending { behind, ..pending }),
                Next::Heading | Next::CountsNot => {}
                Next::Counts => {
                    if self.count(pending.marker, pending.premature) {
                        return true;
                    }
                }
            }
        }
        self.numeral |= c.is_numeric();
        let Some(Mark::Marker(marker)) = mark else {
            return false;
        };
        let premature = !self.numeral;
        if self.opens[marker] {
            self.pending = None;
            return self.count(marker, premature);
        }
        // A marker right behind one that is open, as in `#### Answer:` or `#####`, replaces it.
        self.pending = Some(Pending {
            marker,
            premature,
            behind: Behind::Nothing,
        });
        false
    }

    fn read_text(&mut self, text: &str) -> Option<usize> {
        let mut at = 0;
        loop {
            if self.pending.is_none() {
                let place = at + self.marks.idle(&text.as_bytes()[at..]);
                self.numeral = self.numeral || has_numeral(&text[at..place]);
                at = place;
            }
            let c = text[at..].chars().next()?;
            at += c.len_utf8();
            if self.read(c) {
                return Some(at);
            }
        }
    }

    fn finish(&mut self) -> bool {
        match self.pending.take() {
            Some(pending) if !matches!(pending.behind, Behind::Nothing) => {
                self.count(pending.marker, pending.premature)
            }
            _ => false,
        }
    }
}

/// Whether a text has a digit or another numeral.
fn has_numeral(text: &str) -> bool {
    let digit = |b: &u8| b.is_ascii_digit();
    // So many at a time that compilers look at them at once, and few enough that the first one ends it.
    let digits = |bytes: &[u8]| bytes.iter().fold(false, |any, b| any | digit(b));
    let other = || !text.is_ascii() && text.contains(char::is_numeric);
    text.as_bytes().chunks(32).any(digits) || other()
}

#[cfg(test)]
mod tests {
    use super::super::{Alarm, Reading, Setting};
    use super::*;

    fn alarm(markers: &[&str], text: &str) -> Option<Alarm> {
        let given = markers.iter().map(|&m| m.to_owned()).collect();
        let settings = (!markers.is_empty()).then_some(("markers", Setting::Texts(given)));
        let mut detector = build(&settings.into_iter().collect()).unwrap();
        Reading::start(detector.as_mut(), None).push(b"5 #### 5 \\boxed{5} Answer: 5\n");
        let mut reading = Reading::start(detector.as_mut(), None);
        reading.push(text.as_bytes());
        reading.finish()
    }

    /// Checks for an alarm where `¦` stands in `marked`, or at the end where `‖` does.
    fn check(markers: &[&str], marked: &str) {
        let expected = match (marked.find('¦'), marked.ends_with('‖')) {
            (Some(at), _) => Some(Alarm::After(at)),
            (None, true) => Some(Alarm::AtEnd),
            (None, false) => None,
        };
        let text = marked.replace(['¦', '‖'], "");
        assert_eq!(alarm(markers, &text), expected, "{marked}");
    }

    #[test]
    fn a_second_answer_behind_the_same_marker_alarms() {
        for text in [
            "He gets 21*2=42.\n#### 42\n\n#### 42\n¦\nThe number of",
            "He gets 21*2=42.\n#### 42\n\n#### 42‖",
            "Each gets 17/5=3.4\n#### 3.4\n\nHe has 3 friends.\n#### 6\n¦\nThis is",
            "2*750=1500.#### 1500\n#### 150¦0",
            "7\n#### $7\n#### -7 ¦dollars",
            "7\n#### **7**\n#### **7*¦*",
            "7\n#### 7.\n#### 7.\n¦",
            "7\n#### 7.5\n#### 7.5¦ and",
            "7\n#### \\frac12\n#### \\¦frac12",
            "2+3 is \\boxed{5}, no, \\boxed{¦6}",
            "5\nAnswer: 968\n\nAnswer: \"968¦\"",
            "7\n#### ½ \n#### ½¦x",
        ] {
            check(&[], text);
        }
    }

    #[test]
    fn an_answer_before_any_number_alarms() {
        for text in [
            "#### 42\n¦ He has",
            "Answer: (10 ¦- 6) * 4 = 24",
            "\\boxed{¦5}",
            "The answer is clear.\nAnswer: 5\n¦",
            "#### Solution\nAnswer: 500¦ since",
        ] {
            check(&[], text);
        }
    }

    #[test]
    fn one_answer_after_some_reasoning_is_what_is_wanted() {
        for text in [
            "48/2 = 24 clips.\n48+24 = 72.\n#### 72",
            "So it is 5: $\\boxed{5}$.\n\nAnswer: 5\n#### 5",
            "<think>2+3=5, so \\boxed{5}\n</think>\nIt is \\boxed{5}.",
            // Headings, titles and sentences.
            "#### Step 1\n3*4=12\n#### Step 2\n12+1=13\n#### 13",
            "#### 1. Cost\n3*4=12\n#### 2. Sum\n12+1=13\n#### 13",
            "#### 1) Cost\n3*4=12\n#### 2: Sum\n12+1=13\n#### 13",
            "##### Case\n3\n######## Case\n#### 13",
            "3*4\n4. **Answer:** Ray takes 54 minutes.\n\nAnswer: 54",
            "3*4\n**Answer:**\n12 eggs\n\nAnswer: 12",
            "#### Answer: It takes 5\n#### Answer: 5",
            "3\n#### \n\n#### 3",
            // What it misses.
            "three eggs, 2\n#### B\n#### C",
            "2\n####\n2\n####\n2\n",
            "2\n#### 2. He\n#### 2. He",
            "",
            "####",
        ] {
            assert_eq!(alarm(&[], text), None, "{text}");
        }
    }

    #[test]
    fn markers_may_be_chosen() {
        check(&["A:"], "1\nA: 26 \n#### 26\n#### 26\nA: 26\n¦");
        check(
            &["Answer:", "The Answer:"],
            "1\nThe Answer: 2\nAnswer: 2\nAnswer: 2\n¦",
        );
        check(&["final["], "1\nfinal[2] final[¦2]");
    }
}
