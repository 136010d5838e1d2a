//! Rule `well-posed`: the problem has no question mark, too few or too many words, or is not
//! English.
//!
//! Reads the problem alone and so alarms, finally, before the solution begins, or never; silent
//! where the problem is not known. Words are what stands between white space: at least `min_words`
//! (default 8), at most `max_words` (default 100). English is what
//! - has at least four fifths of its letters, Greek ones aside, from the Latin alphabet, and
//! - where it has words of two and more letters, has at least a twentieth of them among common
//!   words of English problems. Words that other languages or programs use (`of` is Dutch, `if` is
//!   code) are not on that list.
//!
//! What fools it: problems that ask without a question mark ("Find x."), as two in five of MATH
//! level 5 and one in twenty-five of GSM8K do; problems that are mostly code of a drawing; and
//! another language that quotes a little English. It does not see whether a problem can be solved.

use memchr::memchr;

use super::of_problem::OfProblem;
use super::{Alarm, Detector, Kind, Rule, Settings, optional};

pub(super) const RULE: Rule = Rule {
    name: "well-posed",
    meaning: "the problem has no question mark, too few or too many words, or is not English",
    parameters: &[
        optional(
            "min_words",
            "fewest words of a problem; default 8",
            Kind::Count,
        ),
        optional(
            "max_words",
            "most words of a problem; default 100",
            Kind::Count,
        ),
    ],
    build,
};

/// Bytes of the longest of the common words.
const LONGEST: usize = 9;

/// Common in English problems and hardly anywhere else.
const ENGLISH: [&str; 55] = [
    "ago",
    "are",
    "been",
    "by",
    "calculate",
    "can",
    "compute",
    "cost",
    "did",
    "does",
    "each",
    "equal",
    "evaluate",
    "find",
    "gets",
    "has",
    "have",
    "his",
    "how",
    "it",
    "its",
    "many",
    "more",
    "much",
    "number",
    "old",
    "one",
    "only",
    "she",
    "simplify",
    "solve",
    "than",
    "that",
    "the",
    "their",
    "them",
    "there",
    "these",
    "they",
    "this",
    "times",
    "to",
    "twice",
    "two",
    "value",
    "were",
    "what",
    "when",
    "which",
    "who",
    "will",
    "would",
    "year",
    "years",
    "you",
];

fn build(settings: &Settings) -> Result<Box<dyn Detector>, String> {
    let least = settings.number("min_words").unwrap_or(8.0);
    let most = settings.number("max_words").unwrap_or(100.0);
    if least > most {
        return Err(format!(
            "`min_words` is {least} and `max_words` {most}, so no problem would pass"
        ));
    }
    Ok(Box::new(WellPosed {
        least,
        most,
        ill_posed: OfProblem::new(),
    }))
}

struct WellPosed {
    least: f64,
    most: f64,
    ill_posed: OfProblem<bool>,
}

impl Detector for WellPosed {
    fn start(&mut self, problem: Option<&str>) -> bool {
        let number_of_words = self.least..=self.most;
        problem.is_some_and(|problem| {
            self.ill_posed.get(problem, |problem| {
                let words = words(problem) as f64;
                !asks(problem) || !number_of_words.contains(&words) || !is_english(problem)
            })
        })
    }

    fn read(&mut self, _: char) -> bool {
        false
    }

    fn finish(&mut self) -> bool {
        false
    }

    fn read_all(&mut self, _: &str) -> Option<Alarm> {
        None
    }
}

/// Whether a text has a question mark.
fn asks(text: &str) -> bool {
    memchr(b'?', text.as_bytes()).is_some() || (!text.is_ascii() && text.contains('？'))
}

/// Number of words of a text.
fn words(text: &str) -> usize {
    if !text.is_ascii() {
        return text.split_whitespace().count();
    }
    let is_space = |b: u8| (b == b' ') | (b.wrapping_sub(b'\t') < 5);
    let bytes = text.as_bytes();
    // Where white space, or the beginning, comes before something else.
    let first = bytes.first().is_some_and(|&b| !is_space(b));
    let begins = |(&a, &b): (&u8, &u8)| u8::from(is_space(a) & !is_space(b));
    // So few at a time that a byte counts them, and compilers look at many at once.
    let behind = bytes.get(1..).unwrap_or_default();
    let parts = bytes.chunks(128).zip(behind.chunks(128));
    let words = parts.map(|(a, b)| usize::from(a.iter().zip(b).map(begins).sum::<u8>()));
    usize::from(first) + words.sum::<usize>()
}

fn is_english(text: &str) -> bool {
    is_latin(text) && has_english_words(text)
}

/// Whether four in five letters are Latin; Greek ones are not counted.
fn is_latin(text: &str) -> bool {
    if text.is_ascii() {
        return true;
    }
    let (mut letters, mut latin) = (0, 0);
    for c in text.chars().filter(|c| c.is_alphabetic()) {
        let greek = ('\u{370}'..='\u{3ff}').contains(&c);
        letters += usize::from(!greek);
        latin += usize::from(c <= '\u{24f}');
    }
    5 * latin >= 4 * letters
}

/// Whether one in twenty words is among the commonest English ones.
fn has_english_words(text: &str) -> bool {
    // A word takes two letters and what ends it.
    let most_words = text.len() / 3 + 1;
    let (mut words, mut english) = (0, 0);
    // An underscore joins the words of a name in a program.
    for word in text.split(|c: char| !c.is_alphanumeric() && c != '_') {
        if word.chars().filter(|c| c.is_alphabetic()).nth(1).is_some() {
            words += 1;
            english += usize::from(is_common(word));
            if 20 * english >= most_words {
                return true;
            }
        }
    }
    20 * english >= words
}

/// Whether a word is among the commonest, in letters of any size.
fn is_common(word: &str) -> bool {
    // Letters that are no ASCII may have small ones that are.
    if !word.is_ascii() {
        return ENGLISH.binary_search(&word.to_lowercase().as_str()).is_ok();
    }
    word.len() <= LONGEST && KEYS.binary_search(&key(word.as_bytes())).is_ok()
}

/// The common words as numbers, in the same order.
const KEYS: [u128; ENGLISH.len()] = {
    let mut keys = [0; ENGLISH.len()];
    let mut i = 0;
    while i < keys.len() {
        keys[i] = key(ENGLISH[i].as_bytes());
        i += 1;
    }
    keys
};

/// An ASCII word of at most 16 bytes in small letters, as a number that is ordered as the words are.
const fn key(word: &[u8]) -> u128 {
    let mut bytes = [0; 16];
    let mut i = 0;
    while i < word.len() {
        bytes[i] = word[i].to_ascii_lowercase();
        i += 1;
    }
    u128::from_be_bytes(bytes)
}

#[cfg(test)]
mod tests {
    use super::super::{Alarm, Reading, Setting};
    use super::*;

    #[test]
    fn words_are_counted_and_known_as_all_of_unicode_has_them() {
        for text in [
            "",
            " ",
            "a",
            " two\twords\r\n",
            "a\u{b}b\u{c}c\u{1c}d",
            "é\u{2003}è ?",
            "a  b ",
        ] {
            assert_eq!(words(text), text.split_whitespace().count(), "{text:?}");
        }
        assert!(ENGLISH.iter().all(|word| word.len() <= LONGEST));
        for word in [
            "The",
            "HOW",
            "\u{212a}",
            "calculates",
            "Evaluated!",
            "ſhe",
            "x",
        ] {
            let lower = word.to_lowercase();
            assert_eq!(is_common(word), ENGLISH.contains(&lower.as_str()), "{word}");
        }
        assert!(asks("？") && asks("a?") && !asks("no"));
    }

    fn alarms(least: f64, most: f64, problem: Option<&str>) -> bool {
        let settings = [
            ("min_words", Setting::Number(least)),
            ("max_words", Setting::Number(most)),
        ];
        let mut detector = build(&settings.into_iter().collect()).unwrap();
        let mut reading = Reading::start(detector.as_mut(), problem);
        reading.push("Four? Quatre œufs, 4 яйца".as_bytes());
        let alarm = reading.finish();
        assert!(matches!(alarm, None | Some(Alarm::After(0))), "{alarm:?}");
        alarm.is_some()
    }

    #[test]
    fn english_questions_of_the_right_length_pass() {
        for problem in [
            "A pole is 20 meters long. It got cut in a way that left it 30% shorter. How long is \
             the pole?",
            "What is the value of $\\sqrt{36 \\times \\sqrt{16}}$ in simplest form?",
            "If $f(x) = x^2 + 3x - 5$, then what is $f(-2)$?",
            "José’s café sells 12 crêpes à 3 €. How much does he get?",
            "How many degrees are in angle α if β = 30° and γ = 2α?",
            "小明 (Xiao Ming) has 5 apples. How many apples does he have left?",
        ] {
            assert!(!alarms(8.0, 100.0, Some(problem)), "{problem}");
        }
        for short in [
            "What is 15% of 80?",
            "Compute 3 + 4?",
            "3 + 4 = ?",
            "Evaluate $2^{10}$?",
            "?",
        ] {
            assert!(!alarms(0.0, 100.0, Some(short)), "{short}");
            assert!(alarms(8.0, 100.0, Some(short)), "{short}");
        }
    }

    #[test]
    fn what_is_no_english_question_alarms() {
        for problem in [
            "",
            "Find the value of x that solves the equation 3x + 4 = 19.",
            "Anna hat 12 Eier und gibt ihrer Schwester 4 davon. Wie viele Eier hat sie noch?",
            "In einer Klasse war die Zahl der Kinder 24. Wie viele kamen im Mai her, an was lag es?",
            "Julie a 12 pommes et en donne 4 à son frère. Combien de pommes a-t-elle encore ?",
            "María tiene 12 manzanas y le da 4 a su hermano. ¿Cuántas manzanas le quedan?",
            "Jan had 12 appels of peren en was op tijd. Hoeveel appels had hij half mei over?",
            "Jan heeft 12 appels en geeft er 4 aan zijn broer. Hoeveel appels heeft hij over?",
            "小 明 有 十 二 个 苹 果 给 了 妹 妹 四 个 还 剩 多 少 个 ？",
            "У Маши было 12 яблок, она отдала 4 брату. Сколько яблок у неё осталось?",
            "def f(x, y):\n    for i in range(10):\n        x += y if i else 1  # ok?\n    return x",
            "int main(void) { int n = read(); return n > 0 ? n * 2 : n - 1; }",
        ] {
            assert!(alarms(0.0, 1e9, Some(problem)), "{problem}");
        }
    }

    #[test]
    fn the_bounds_themselves_pass() {
        let problem = "How many eggs are there?";
        assert!(!alarms(5.0, 5.0, Some(problem)));
        assert!(alarms(6.0, 9.0, Some(problem)));
        assert!(alarms(0.0, 4.0, Some(problem)));
        let long = "How many ".repeat(50) + "?";
        assert!(alarms(8.0, 100.0, Some(&long)));
        assert!(!alarms(8.0, 101.0, Some(&long)));
    }

    #[test]
    fn an_unknown_problem_is_not_judged() {
        assert!(!alarms(8.0, 100.0, None));
    }

    #[test]
    fn bounds_that_exclude_everything_are_refused() {
        let settings = [("min_words", Setting::Number(101.0))];
        let error = build(&settings.into_iter().collect()).err().unwrap();
        assert_eq!(
            error,
            "`min_words` is 101 and `max_words` 100, so no problem would pass"
        );
    }

    #[test]
    fn the_list_can_be_searched() {
        assert!(ENGLISH.is_sorted());
    }
}
