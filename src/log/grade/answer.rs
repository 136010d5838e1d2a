//! The answer that a solution marks, and the one number in it.
//!
//! Marked is what stands in the last `\boxed{…}`, behind the last `####`, or behind the last
//! `answer:` or `answer is`; of these the one that begins last. Its text must be one number, with
//! words, a currency or a unit around it, or behind an equals sign.

use super::exact::Exact;

/// A number as it was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Number {
    pub(super) value: Exact,
    /// Whether a per-cent sign followed.
    pub(super) percent: bool,
}

impl Number {
    /// The value with a per-cent sign taken for a hundredth.
    pub(super) fn of_one(&self) -> Option<Exact> {
        if self.percent {
            self.value.shifted(-2)
        } else {
            Some(self.value)
        }
    }
}

/// What a solution says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reading {
    Number(Number),
    /// An answer is marked and is not one number.
    Unread,
    /// No answer is marked.
    Absent,
}

/// Longest text in which a number is looked for.
const LONGEST: usize = 400;

/// The answer of a solution.
pub(super) fn of_solution(text: &str) -> Reading {
    match marked(text) {
        None => Reading::Absent,
        Some(answer) => number(answer).map_or(Reading::Unread, Reading::Number),
    }
}

/// The text of the answer that is marked last.
fn marked(text: &str) -> Option<&str> {
    let boxed = text
        .rfind("\\boxed{")
        .map(|at| (at, inside(&text[at + 6..])));
    let line = |at: usize, after: usize| {
        let rest = text[after..].trim_start_matches([' ', '\t', ':', '*']);
        (at, Some(rest.lines().next().unwrap_or_default()))
    };
    let hashes = text.rfind("####").map(|at| line(at, at + 4));
    let words = last_word(text).map(|(at, after)| line(at, after));
    // `The answer is \boxed{5}` marks once.
    let found = [boxed, hashes, words].into_iter().flatten();
    let (_, answer) = found.max_by_key(|(at, answer)| {
        let opens_box = answer.is_some_and(|a| a.contains("\\boxed{")) && boxed.is_some();
        (!opens_box, *at)
    })?;
    // A box that never closes marks an answer that was cut off.
    Some(answer.unwrap_or_default())
}

/// Where the last `answer:` or `answer is` begins and ends, in any case.
fn last_word(text: &str) -> Option<(usize, usize)> {
    const WORD: &[u8] = b"answer";
    let bytes = text.as_bytes();
    let mut end = bytes.len();
    while let Some(at) = memchr::memrchr2(b'a', b'A', &bytes[..end]) {
        end = at;
        let Some(word) = bytes.get(at..at + WORD.len()) else {
            continue;
        };
        if !word.eq_ignore_ascii_case(WORD) {
            continue;
        }
        let after = at + WORD.len();
        let rest = text[after..].trim_start_matches(['*', ' ']);
        let skipped = text.len() - after - rest.len();
        if rest.starts_with(':') {
            return Some((at, after + skipped + 1));
        }
        if rest.len() >= 3 && rest.as_bytes()[..3].eq_ignore_ascii_case(b"is ") {
            return Some((at, after + skipped + 3));
        }
        if rest.starts_with("is:") {
            return Some((at, after + skipped + 3));
        }
    }
    None
}

/// What stands in the braces that a text begins with; `None` if they are not closed.
fn inside(text: &str) -> Option<&str> {
    if !text.starts_with('{') {
        return None;
    }
    let mut depth = 0_usize;
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'{' => depth += 1,
            b'}' => {
                depth -= 1;
                if depth == 0 {
                    return Some(&text[1..at]);
                }
            }
            _ => {}
        }
    }
    None
}

/// The one number in a text; `None` if there is none, or anything else that matters.
pub(super) fn number(text: &str) -> Option<Number> {
    if text.len() > LONGEST {
        return None;
    }
    let text = plain(text);
    // What an equation says is on its right.
    let text = text.rsplit('=').next()?;
    let start = text.find(|c: char| c.is_ascii_digit() || c == '\\')?;
    let start = if text[..start].ends_with('.') {
        start - 1
    } else {
        start
    };
    let (before, rest) = text.split_at(start);
    let before = before.trim_end_matches(' ');
    let unsigned = before.trim_end_matches(['-', '+']);
    let negative = before.ends_with('-');
    let glued = before.len() == start && unsigned.ends_with(char::is_alphanumeric);
    if glued || before.len() > unsigned.len() + 1 || !harmless(unsigned) {
        return None;
    }
    let (value, rest) = magnitude(rest)?;
    let trimmed = rest.trim_start();
    let lower = trimmed.to_ascii_lowercase();
    let percent = ["%", "percent", "per cent"]
        .iter()
        .any(|sign| lower.starts_with(sign));
    if !percent && !unit(rest) {
        return None;
    }
    let value = if negative { value.negative() } else { value };
    (harmless(trimmed)).then_some(Number { value, percent })
}

/// Without what only looks: spacing, text commands, currencies, emphasis, powers of units.
fn plain(text: &str) -> String {
    const REPLACED: [(&str, &str); 29] = [
        ("{,}", ","),
        ("\u{2212}", "-"),
        ("\\left", ""),
        ("\\right", ""),
        ("\\displaystyle", ""),
        ("\\!", ""),
        ("\\$", ""),
        ("\\%", "%"),
        ("\\,", " "),
        ("\\;", " "),
        ("\\:", " "),
        ("\\ ", " "),
        ("~", " "),
        ("\u{a0}", " "),
        ("\\text{", " {"),
        ("\\textbf{", " {"),
        ("\\mathrm{", " {"),
        ("\\mathbf{", " {"),
        ("\\mbox{", " {"),
        ("^\\circ", " degrees"),
        ("^{\\circ}", " degrees"),
        ("\u{b0}", " degrees"),
        ("\u{b2}", "^2"),
        ("\u{b3}", "^3"),
        ("\\dfrac", "\\frac"),
        ("\\tfrac", "\\frac"),
        ("\\times", "\u{d7}"),
        ("\\cdot", "\u{d7}"),
        ("**", ""),
    ];
    let mut text = text.to_owned();
    for (written, meant) in REPLACED {
        if text.contains(written) {
            text = text.replace(written, meant);
        }
    }
    for power in ["^2", "^3", "^{2}", "^{3}"] {
        let mut from = 0;
        while let Some(at) = text[from..].find(power).map(|at| from + at) {
            from = at + 1;
            if text[..at].ends_with(|c: char| c.is_alphabetic() || c == '}') {
                text.replace_range(at..at + power.len(), "");
                from = at;
            }
        }
    }
    text.retain(|c| !matches!(c, '$' | '\u{20ac}' | '\u{a3}'));
    text.trim().to_owned()
}

/// Words, brackets and points that change nothing of a number: no digit, no operator, no command,
/// no variable.
fn harmless(text: &str) -> bool {
    const MATTERS: [&str; 38] = [
        "or",
        "and",
        "to",
        "times",
        "plus",
        "minus",
        "not",
        "x",
        "y",
        "z",
        "n",
        // Numerals, and words that make another number of the one beside them.
        "hundred",
        "hundreds",
        "thousand",
        "thousands",
        "million",
        "millions",
        "billion",
        "billions",
        "trillion",
        "trillions",
        "dozen",
        "dozens",
        "half",
        "third",
        "quarter",
        "double",
        "twice",
        "triple",
        "squared",
        "cubed",
        "negative",
        "less",
        "more",
        "over",
        "than",
        // A hundredth of what the other side may count.
        "cent",
        "cents",
    ];
    let idle = |c: char| {
        c.is_alphabetic()
            || c.is_whitespace()
            || matches!(c, '.' | '{' | '}' | '!' | '\'' | '"' | '%' | ':' | '`')
    };
    let matters = |word: &str| MATTERS.contains(&word.to_lowercase().as_str());
    text.chars().all(idle) && !words(text).any(matters)
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_alphabetic())
}

/// Whether what follows a number can be a unit: a single letter right behind it is a variable.
fn unit(rest: &str) -> bool {
    let letters: String = rest.chars().take_while(|c| c.is_alphabetic()).collect();
    letters.chars().count() != 1 && !rest.starts_with(['!', ':', '-'])
}

/// A number without sign at the beginning of a text, and what follows.
fn magnitude(text: &str) -> Option<(Exact, &str)> {
    if text.starts_with("\\frac") {
        return fraction(text);
    }
    let (whole, rest) = decimal(text)?;
    let next = rest.trim_start();
    if let Some(denominator) = next.strip_prefix('/') {
        let (denominator, rest) = decimal(denominator.trim_start())?;
        return Some((whole.over(denominator)?, rest));
    }
    if next.starts_with("\\frac") {
        let (part, rest) = fraction(next)?;
        return Some((whole.plus(part)?, rest));
    }
    if next.len() < rest.len() && next.starts_with(|c: char| c.is_ascii_digit()) {
        let (numerator, rest) = decimal(next)?;
        let (denominator, rest) = decimal(rest.strip_prefix('/')?)?;
        return Some((whole.plus(numerator.over(denominator)?)?, rest));
    }
    if let Some(power) = next.strip_prefix('\u{d7}') {
        let power = power.trim_start().strip_prefix("10^")?;
        let (exponent, rest) = exponent(power)?;
        return Some((whole.shifted(exponent)?, rest));
    }
    if let Some(power) = rest.strip_prefix(['e', 'E'])
        && power.starts_with(|c: char| c.is_ascii_digit() || c == '-' || c == '+')
    {
        let (exponent, rest) = exponent(power)?;
        return Some((whole.shifted(exponent)?, rest));
    }
    Some((whole, rest))
}

fn exponent(text: &str) -> Option<(i32, &str)> {
    let (inner, rest) = if let Some(inner) = inside(text) {
        (inner, &text[inner.len() + 2..])
    } else {
        let sign = usize::from(text.starts_with(['-', '+']));
        let digits = text[sign..].bytes().take_while(u8::is_ascii_digit).count();
        text.split_at(sign + digits)
    };
    Some((inner.trim().parse().ok()?, rest))
}

/// `\frac{a}{b}` or `\frac12`.
fn fraction(text: &str) -> Option<(Exact, &str)> {
    let part = |text: &'_ str| -> Option<(Exact, usize)> {
        let text = text.trim_start();
        if text.starts_with('{') {
            let inner = inside(text)?;
            let (value, rest) = decimal(inner.trim())?;
            return rest.trim().is_empty().then_some((value, inner.len() + 2));
        }
        let digit = text
            .get(..1)
            .filter(|d| d.bytes().all(|b| b.is_ascii_digit()))?;
        Some((Exact::decimal(digit)?, 1))
    };
    let rest = text.strip_prefix("\\frac")?.trim_start();
    let (numerator, length) = part(rest)?;
    let rest = rest[length..].trim_start();
    let (denominator, length) = part(rest)?;
    Some((numerator.over(denominator)?, &rest[length..]))
}

/// Digits with a point, and with commas before each three from the end or none.
fn decimal(text: &str) -> Option<(Exact, &str)> {
    let of_number = |c: char| c.is_ascii_digit() || c == ',' || c == '.';
    let end = text.find(|c| !of_number(c)).unwrap_or(text.len());
    let written = text[..end].trim_end_matches([',', '.']);
    let rest = &text[written.len()..];
    let (whole, decimals) = written.split_once('.').unwrap_or((written, ""));
    let mut groups = whole.split(',');
    let first = groups.next().unwrap_or_default();
    let grouped = whole.contains(',');
    let well_grouped = !grouped || ((1..=3).contains(&first.len()) && groups.all(|g| g.len() == 3));
    let is_number = !written.is_empty() && decimals.bytes().all(|b| b.is_ascii_digit());
    if !is_number || !well_grouped {
        return None;
    }
    Some((Exact::decimal(&written.replace(',', ""))?, rest))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_last_marker_marks() {
        for (text, answer) in [
            ("a #### 3\nb", Some("3")),
            ("#### 3\nThe answer is 4.", Some("4.")),
            ("Answer: 4\n#### 3", Some("3")),
            ("**Answer:** 7 cm", Some("7 cm")),
            ("ANSWER IS 9", Some("9")),
            ("\\boxed{\\frac{1}{2}} ok", Some("\\frac{1}{2}")),
            ("The answer is $\\boxed{5}$.", Some("5")),
            ("answers vary; answering", None),
            ("\\boxed{5", Some("")),
            ("the answer", None),
            ("", None),
        ] {
            assert_eq!(marked(text), answer, "{text}");
        }
    }

    proptest! {
        /// Whatever is marked is read or not, and never a panic.
        #[test]
        fn no_text_is_too_strange(text in "[0-9a-cxé{}\\\\^./,$%=+×⅓ #-]{0,30}") {
            of_solution(&format!("#### {text}"));
            of_solution(&format!("\\boxed{{{text}}}"));
            of_solution(&format!("answer is \\frac{text}"));
            of_solution(&format!("answer: 3 × 10^{text}"));
            of_solution(&text);
        }
    }

    #[test]
    fn work_is_bounded_by_the_text() {
        let text = "answer ".repeat(1 << 17) + &"a".repeat(1 << 20) + &"{".repeat(1 << 20);
        assert_eq!(of_solution(&text), Reading::Absent);
        let deep = format!("\\boxed{}", "{".repeat(1 << 20));
        assert_eq!(of_solution(&deep), Reading::Unread);
        assert_eq!(
            of_solution(&format!("#### {}", "1+".repeat(1 << 20))),
            Reading::Unread
        );
    }
}
