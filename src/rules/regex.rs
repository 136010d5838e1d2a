//! Rule `regex`: a match of any of the given regular expressions.
//!
//! Reads the solution, or the part of it that `scope` names. `patterns` are expressions in the
//! syntax of the `regex` crate, each with its own flags; they match anywhere unless anchored. The
//! alarm is raised by the first character at which a match stands that no further text can undo:
//! its last character – or the next one, where the expression ends with an assertion such as `\b`
//! or `(?m)$` that looks ahead. What only the end of the text makes a match, such as `\z`, alarms
//! at the end. The alarm is final.
//!
//! Expressions that match the empty text would alarm always and are refused, as are expressions
//! too large to compile.
//!
//! What fools it: word boundaries know ASCII letters, digits and `_` alone, so `\bun\b` is found
//! in `brüun`; all else is Unicode. Text that is quoted or denied matches like any other.
//!
//! Walks the lazy DFA of `regex-automata` byte by byte. Its cache of states is bounded; expressions
//! that overflow it make the walk slow, never wrong.

use regex_automata::Input;
use regex_automata::hybrid::LazyStateID;
use regex_automata::hybrid::dfa::{Cache, DFA};
use regex_automata::nfa::thompson::{self, NFA, WhichCaptures};
use regex_automata::{Anchored, MatchKind};
use regex_syntax::hir::{Capture, Hir, HirKind, Look, Repetition};

use super::scope::scoped;
use super::{Detector, Kind, Rule, SCOPE, Settings, required};

/// Most memory of a compiled set of expressions, in bytes; the limit of the `regex` crate.
const LARGEST: usize = 10 << 20;

pub(super) const RULE: Rule = Rule {
    name: "regex",
    meaning: "a match of any of the given regular expressions",
    parameters: &[
        required("patterns", "regular expressions to look for", Kind::Regexes),
        SCOPE,
    ],
    build,
};

fn build(settings: &Settings) -> Result<Box<dyn Detector>, String> {
    let patterns = settings.texts("patterns").unwrap_or_default();
    Ok(scoped(settings, Box::new(Matches::new(patterns)?)))
}

/// Looks for matches of any of several expressions.
struct Matches {
    dfa: DFA,
    cache: Cache,
    state: LazyStateID,
    /// What was read: the way back to the state where the cache has lost it.
    read: Vec<u8>,
}

impl Matches {
    fn new(patterns: &[String]) -> Result<Self, String> {
        let mut expressions = Vec::new();
        for (k, pattern) in patterns.iter().enumerate() {
            let expression = regex_syntax::parse(pattern).map_err(|error| {
                format!("pattern {} is not a regular expression: {error}", k + 1)
            })?;
            let expression = with_ascii_words(expression);
            let nfa = compile(std::slice::from_ref(&expression))
                .ok_or_else(|| format!("pattern {} is too large to compile", k + 1))?;
            if Self::walking(nfa)?.finish() {
                return Err(format!(
                    "pattern {} matches the empty text, so it would always alarm",
                    k + 1
                ));
            }
            expressions.push(expression);
        }
        let nfa = compile(&expressions)
            .ok_or("the patterns together are too large to compile; give them to several rules")?;
        Self::walking(nfa)
    }

    fn walking(nfa: NFA) -> Result<Self, String> {
        let dfa = DFA::builder()
            .configure(
                DFA::config()
                    // No match may hide another one that ends earlier.
                    .match_kind(MatchKind::All)
                    // A cache that holds a few states only is slow, but right.
                    .skip_cache_capacity_check(true)
                    // Never give up, however often the cache is full.
                    .minimum_cache_clear_count(None),
            )
            .build_from_nfa(nfa)
            .map_err(|error| format!("the patterns cannot be searched for: {error}"))?;
        let mut matches = Self {
            cache: dfa.create_cache(),
            dfa,
            state: LazyStateID::default(),
            read: Vec::new(),
        };
        matches.begin();
        Ok(matches)
    }

    /// To the state before any text.
    fn begin(&mut self) {
        self.state = self
            .dfa
            .start_state_forward(&mut self.cache, &Input::new("").anchored(Anchored::No))
            .expect(NEVER_STOPS);
    }

    fn step(&mut self, byte: u8) {
        self.state = self
            .dfa
            .next_state(&mut self.cache, self.state, byte)
            .expect(NEVER_STOPS);
    }

    /// Whether a match stands if this byte comes next, or nothing.
    fn matches_before(&mut self, next: Option<u8>) -> bool {
        let clears = self.cache.clear_count();
        let state = match next {
            Some(byte) => self.dfa.next_state(&mut self.cache, self.state, byte),
            None => self.dfa.next_eoi_state(&mut self.cache, self.state),
        };
        let found = state.expect(NEVER_STOPS).is_match();
        // Looking ahead may fill the cache; clearing it forgets the state that was left.
        if self.cache.clear_count() != clears {
            let read = std::mem::take(&mut self.read);
            self.begin();
            for &byte in &read {
                self.step(byte);
            }
            self.read = read;
        }
        found
    }
}

/// Why a step cannot fail.
const NEVER_STOPS: &str = "without quit bytes or a limit on clearing, a lazy DFA goes on";

impl Detector for Matches {
    fn start(&mut self, _: Option<&str>) -> bool {
        self.read.clear();
        self.begin();
        false
    }

    fn read(&mut self, c: char) -> bool {
        let mut buffer = [0; 4];
        let bytes = c.encode_utf8(&mut buffer).as_bytes();
        self.read.extend_from_slice(bytes);
        for &byte in bytes {
            self.step(byte);
            // The DFA reports a match one byte late, since assertions may look at that byte.
            if self.state.is_match() {
                return true;
            }
        }
        // A match that no next byte undoes need not wait for one. Few states pass the first test.
        if !self.matches_before(None) {
            return false;
        }
        let classes = *self.dfa.byte_classes();
        let mut next = classes.representatives(0..=u8::MAX);
        next.all(|unit| {
            unit.as_u8()
                .is_none_or(|byte| self.matches_before(Some(byte)))
        })
    }

    fn finish(&mut self) -> bool {
        self.matches_before(None)
    }
}

/// `None` where the result would be larger than [`LARGEST`].
fn compile(expressions: &[Hir]) -> Option<NFA> {
    thompson::Compiler::new()
        .configure(
            thompson::Config::new()
                .which_captures(WhichCaptures::None)
                .nfa_size_limit(Some(LARGEST)),
        )
        .build_many_from_hir(expressions)
        .ok()
}

/// The expression with Unicode word boundaries replaced by ASCII ones, which alone a DFA can
/// decide by the next byte. Groups capture nothing any more.
fn with_ascii_words(expression: Hir) -> Hir {
    let boxed = |inner: Box<Hir>| Box::new(with_ascii_words(*inner));
    match expression.into_kind() {
        HirKind::Empty => Hir::empty(),
        HirKind::Literal(literal) => Hir::literal(literal.0),
        HirKind::Class(class) => Hir::class(class),
        HirKind::Look(look) => Hir::look(match look {
            Look::WordUnicode => Look::WordAscii,
            Look::WordUnicodeNegate => Look::WordAsciiNegate,
            Look::WordStartUnicode => Look::WordStartAscii,
            Look::WordEndUnicode => Look::WordEndAscii,
            Look::WordStartHalfUnicode => Look::WordStartHalfAscii,
            Look::WordEndHalfUnicode => Look::WordEndHalfAscii,
            other => other,
        }),
        HirKind::Repetition(repetition) => Hir::repetition(Repetition {
            sub: boxed(repetition.sub),
            ..repetition
        }),
        HirKind::Capture(Capture { sub, .. }) => *boxed(sub),
        HirKind::Concat(parts) => Hir::concat(parts.into_iter().map(with_ascii_words).collect()),
        HirKind::Alternation(parts) => {
            Hir::alternation(parts.into_iter().map(with_ascii_words).collect())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Alarm, Reading, Setting};
    use super::*;
    use proptest::prelude::*;

    fn rule(patterns: &[&str]) -> Result<Box<dyn Detector>, String> {
        let patterns = patterns.iter().map(|&p| p.to_owned()).collect();
        build(
            &[("patterns", Setting::Texts(patterns))]
                .into_iter()
                .collect(),
        )
    }

    fn alarm(detector: &mut dyn Detector, text: &str) -> Option<Alarm> {
        let mut reading = Reading::start(detector, None);
        reading.push(text.as_bytes());
        reading.finish()
    }

    #[test]
    fn a_match_alarms_as_soon_as_nothing_can_undo_it() {
        let (at, end) = (|n| Some(Alarm::After(n)), Some(Alarm::AtEnd));
        let cases: [(&[&str], &str, Option<Alarm>); 25] = [
            (&["abc"], "xxabcx", at(5)),
            (&["abc"], "xxab", None),
            (&["^abc"], "abc", at(3)),
            (&["^abc"], "xabc", None),
            (&["(?m)^abc"], "x\nabc", at(5)),
            // Assertions wait for the next character, or for the end.
            (&["abc$"], "abc", end),
            (&["abc$"], "abcd", None),
            (&["(?m)abc$"], "abc\nd", at(4)),
            (&["\\bas an AI\\b"], "as an AI.", at(9)),
            (&["\\bas an AI\\b"], "as an AIx", None),
            (&["\\bas an AI\\b"], "as an AI", end),
            (&["a\\b|b"], "xb", at(2)),
            (&["a\\b|b"], "a-", at(2)),
            (&["a(\\b|\\B)"], "a-", at(1)),
            (&["a\\b", "a\\B"], "a-", at(1)),
            // Flags are those of the pattern; the rest is Unicode.
            (&["x", "(?i)STRASSE|größe"], "GRÖSSE GRÖßE", at(15)),
            (&["x", "(?i)a", "B"], "bAx", at(2)),
            (&["\\p{Greek}{2}"], "aαβγ", at(5)),
            (&["x.y"], "x🙂y", at(6)),
            (&["(?s)x.y"], "x\ny", at(3)),
            (&["\\d+ = \\d+"], "so 12 = 345", at(9)),
            (&["ab.*cd|b"], "abxcd", at(2)),
            (&["\\bun\\b"], "brüun", end),
            (&["\\bun\\b"], "brun", None),
            (&[r"(\d)\.(\d)"], "1.5", at(3)),
        ];
        for (patterns, text, expected) in cases {
            let mut detector = rule(patterns).unwrap();
            for _ in 0..2 {
                assert_eq!(
                    alarm(detector.as_mut(), text),
                    expected,
                    "{patterns:?} {text:?}"
                );
            }
        }
    }

    #[test]
    fn what_cannot_work_is_refused_with_the_number_of_the_pattern() {
        let cases: [(&[&str], &str); 5] = [
            (&["a", "(b"], "pattern 2 is not a regular expression"),
            (&["a*"], "pattern 1 matches the empty text"),
            (&["a", "b", "(?m)^$"], "pattern 3 matches the empty text"),
            (&["a", r"\w{1000}{20}"], "pattern 2 is too large"),
            (&[r"\w{80}"; 12], "the patterns together are too large"),
        ];
        for (patterns, message) in cases {
            let error = rule(patterns).err().expect(message);
            assert!(error.starts_with(message), "{error}");
        }
    }

    #[test]
    fn a_cache_that_overflows_changes_nothing() {
        // About 2^18 states, one for each of the last digits that a match could begin with.
        let mut detector = rule(&["1[01]{17}(x|y\\b)"]).unwrap();
        let mut bits = 1_u32;
        let mut text: String = (0..100_000)
            .map(|_| {
                bits = bits.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                if bits >> 31 == 0 { '0' } else { '1' }
            })
            .collect();
        assert_eq!(alarm(detector.as_mut(), &text), None);
        text.push_str("100000000000000000");
        assert_eq!(alarm(detector.as_mut(), &format!("{text}yy")), None);
        assert_eq!(
            alarm(detector.as_mut(), &format!("{text}y")),
            Some(Alarm::AtEnd)
        );
        let expected = Some(Alarm::After(text.len() + 1));
        assert_eq!(alarm(detector.as_mut(), &format!("{text}xx")), expected);
    }

    /// Whether every continuation leaves a match of any of `patterns` that ends within `read`: one
    /// further character decides all assertions, and these stand for all kinds of them. One pattern may
    /// match before some of them and another before the others.
    fn is_certain(patterns: &[&str], read: &str) -> bool {
        let matches = |text: &str, rest: usize| {
            patterns.iter().any(|pattern| {
                let ends_within = format!("\\A(?s:.*)(?:{pattern})(?s:.{{{rest},}})\\z");
                regex::Regex::new(&ends_within).unwrap().is_match(text)
            })
        };
        matches(read, 0)
            && ["a", "Z", "0", "_", " ", "\n", "\r", "-", "é"]
                .iter()
                .all(|next| matches(&format!("{read}{next}"), 1))
    }

    fn pattern() -> impl Strategy<Value = String> {
        let leaf = prop::sample::select(vec![
            "a",
            "b",
            "é",
            "-",
            "[ab]",
            "[^a]",
            ".",
            "(?i:A)",
            r"\d",
            r"\n",
            r"(?-u:\b)",
            "^",
            "$",
            "(?m:^)",
            "(?m:$)",
            "(?mR:$)",
            r"(?-u:\B)",
            r"\z",
            r"(?-u:\b{end})",
        ]);
        leaf.prop_map(str::to_owned)
            .prop_recursive(3, 12, 3, |inner| {
                prop_oneof![
                    prop::collection::vec(inner.clone(), 2..4).prop_map(|p| p.concat()),
                    prop::collection::vec(inner.clone(), 2..3)
                        .prop_map(|p| format!("(?:{})", p.join("|"))),
                    (inner, prop::sample::select(vec!["?", "*", "+", "{2}"]))
                        .prop_map(|(p, times)| format!("(?:{p}){times}")),
                ]
            })
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn alarms_are_those_of_brute_force(
            patterns in prop::collection::vec(pattern(), 1..3),
            text in "[abA0é\n\r-]{0,8}",
        ) {
            let given: Vec<&str> = patterns.iter().map(String::as_str).collect();
            let whole: Vec<regex::Regex> =
                given.iter().map(|p| regex::Regex::new(p).unwrap()).collect();
            let Ok(mut detector) = rule(&given) else {
                prop_assert!(whole.iter().any(|p| p.is_match("")), "{patterns:?} refused");
                return Ok(());
            };
            let ends = text.char_indices().map(|(at, c)| at + c.len_utf8());
            let expected = ends
                .map(|n| (n, is_certain(&given, &text[..n])))
                .find(|&(_, certain)| certain)
                .map(|(n, _)| Alarm::After(n))
                .or_else(|| whole.iter().any(|p| p.is_match(&text)).then_some(Alarm::AtEnd));
            prop_assert_eq!(alarm(detector.as_mut(), &text), expected);
        }
    }
}
