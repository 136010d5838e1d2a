//! What words do to a calculation that they stand beside.

use super::super::lexer::Word;

/// What a word does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// `x`: a times sign between two numbers, or else a variable.
    Cross,
    /// `of`: a times sign after a per cent or a fraction.
    Of,
    /// `and`: what goes on with a number ("2 and 1/2").
    And,
    /// Stands for a number that is not known here.
    Variable,
    /// Changes the number after it ("half of 10"), so that what follows is not read.
    Context,
    /// Says that an equation is not meant exactly, or not as ordinary arithmetic.
    Hedge,
    /// A unit that others convert to.
    Unit(Units),
    /// `a`, or a variable of that name.
    Article,
    /// `to`: after a verb of arithmetic it goes on, else it leads.
    To,
    /// Leads like `so`, unless the next word refutes: "is wrong".
    Is,
    /// Belongs to the sentence around calculations and never to what is counted.
    Lead,
    /// Anything else: what is counted, or the sentence that leads to the calculation.
    Plain,
}

/// A set of units that convert to others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Units(u64);

/// Words by what they do, in lower case.
const WORDS: &[(Kind, &[&str])] = &[
    (Kind::Cross, &["x"]),
    (Kind::Of, &["of"]),
    (Kind::And, &["and"]),
    (Kind::Article, &["a", "i"]),
    (Kind::To, &["to"]),
    (Kind::Is, &["is", "was"]),
    (
        Kind::Lead,
        &[
            "so",
            "then",
            "get",
            "gets",
            "we",
            "he",
            "she",
            "it",
            "they",
            "are",
            "were",
            "gives",
            "which",
            "if",
            "when",
            "since",
            "that",
            "because",
            "has",
            "have",
            "had",
            "therefore",
            "thus",
            "but",
            "this",
            "will",
            "would",
            "can",
        ],
    ),
    (
        Kind::Hedge,
        &[
            "about",
            "approximately",
            "approx",
            "roughly",
            "around",
            "nearly",
            "almost",
            "rounded",
            "rounding",
            "round",
            "rounds",
            "remainder",
            "mod",
            "modulo",
            "\\pmod",
            "\\bmod",
            "\\mod",
            "estimate",
            "estimated",
            "r",
            "base",
            "not",
            "incorrect",
            "wrong",
            "false",
            "least",
            "most",
            "over",
        ],
    ),
    (
        Kind::Context,
        &[
            "half",
            "halves",
            "third",
            "thirds",
            "fourth",
            "fourths",
            "fifth",
            "fifths",
            "sixth",
            "seventh",
            "eighth",
            "ninth",
            "tenth",
            "double",
            "doubled",
            "twice",
            "triple",
            "tripled",
            "thrice",
            "halved",
            "times",
            "plus",
            "minus",
            "negative",
            "factorial",
            "by",
            "from",
            "multiplied",
            "multiply",
            "multiplying",
            "divided",
            "divide",
            "dividing",
            "subtract",
            "subtracting",
            "adding",
            "add",
            "added",
            "less",
            "more",
            "fewer",
            "than",
            "many",
            "much",
            "square",
            "squared",
            "cubed",
            "root",
            "sum",
            "product",
            "difference",
            "average",
            "quotient",
            "sqrt",
        ],
    ),
    (
        Kind::Variable,
        &[
            "dozen",
            "dozens",
            "hundred",
            "hundreds",
            "thousand",
            "thousands",
            "million",
            "millions",
            "billion",
            "billions",
            "trillion",
            "percent",
            "k",
            "log",
            "ln",
            "sin",
            "cos",
            "tan",
            "gcd",
            "choose",
            "lcm",
            "floor",
            "ceil",
            "max",
            "am",
            "pm",
            "o'clock",
            "o’clock",
        ],
    ),
    // Money.
    (
        Kind::unit(0),
        &["dollar", "dollars", "usd", "euros", "euro"],
    ),
    (Kind::unit(1), &["cent", "cents", "pennies", "penny"]),
    (
        Kind::unit(2),
        &["quarter", "quarters", "dime", "dimes", "nickel", "nickels"],
    ),
    // Time.
    (Kind::unit(3), &["second", "seconds", "sec", "secs"]),
    (Kind::unit(4), &["minute", "minutes", "min", "mins"]),
    (Kind::unit(5), &["hour", "hours", "hr", "hrs"]),
    (Kind::unit(6), &["day", "days", "daily"]),
    (Kind::unit(7), &["week", "weeks", "weekly"]),
    (Kind::unit(8), &["month", "months", "monthly"]),
    (Kind::unit(9), &["year", "years", "yearly", "annually"]),
    (
        Kind::unit(10),
        &["decade", "decades", "century", "centuries"],
    ),
    // Speeds: which time they need is not said beside them.
    (Kind::unit(11), &["mph", "kmph", "kph"]),
    // Length.
    (Kind::unit(12), &["inch", "inches"]),
    (Kind::unit(13), &["foot", "feet", "ft"]),
    (Kind::unit(14), &["yard", "yards"]),
    (Kind::unit(15), &["mile", "miles"]),
    (Kind::unit(16), &["mm", "millimeters"]),
    (
        Kind::unit(17),
        &["cm", "centimeter", "centimeters", "centimetres"],
    ),
    (Kind::unit(18), &["meter", "meters", "metres"]),
    (
        Kind::unit(19),
        &["km", "kilometer", "kilometers", "kilometres"],
    ),
    // Weight.
    (Kind::unit(20), &["ounce", "ounces", "oz"]),
    (Kind::unit(21), &["pound", "pounds", "lb", "lbs"]),
    (Kind::unit(22), &["ton", "tons"]),
    (Kind::unit(23), &["mg", "milligrams"]),
    (Kind::unit(24), &["gram", "grams"]),
    (Kind::unit(25), &["kg", "kgs", "kilogram", "kilograms"]),
    // Volume.
    (Kind::unit(26), &["cup", "cups"]),
    (Kind::unit(27), &["pint", "pints"]),
    (Kind::unit(28), &["quart", "quarts"]),
    (Kind::unit(29), &["gallon", "gallons"]),
    (Kind::unit(30), &["ml", "milliliters"]),
    (Kind::unit(31), &["liter", "liters", "litre", "litres"]),
    (Kind::unit(32), &["teaspoon", "teaspoons", "tsp"]),
    (Kind::unit(33), &["tablespoon", "tablespoons", "tbsp"]),
];

/// The units of each quantity, which convert to each other.
const QUANTITIES: [u64; 5] = [
    (1 << 3) - 1,
    (1 << 12) - (1 << 3),
    (1 << 20) - (1 << 12),
    (1 << 26) - (1 << 20),
    (1 << 34) - (1 << 26),
];

/// Bytes of the longest of the words.
const LONGEST: usize = 13;

/// Places of the table by which words are found: a power of two, several times their number.
const PLACES: usize = 1024;

/// The words at the places that their hash names, or at the next ones that were free.
static TABLE: [Option<(&str, Kind)>; PLACES] = table();

const fn table() -> [Option<(&'static str, Kind)>; PLACES] {
    let mut table = [None; PLACES];
    let mut line = 0;
    while line < WORDS.len() {
        let (kind, words) = WORDS[line];
        let mut word = 0;
        while word < words.len() {
            let bytes = words[word].as_bytes();
            assert!(bytes.len() <= LONGEST);
            let mut place = hash(bytes);
            while table[place].is_some() {
                place = (place + 1) % PLACES;
            }
            table[place] = Some((words[word], kind));
            word += 1;
        }
        line += 1;
    }
    table
}

/// FNV-1a, folded to a place of the table.
const fn hash(bytes: &[u8]) -> usize {
    let mut hash: u32 = 0x811c_9dc5;
    let mut next = 0;
    while next < bytes.len() {
        hash = (hash ^ bytes[next] as u32).wrapping_mul(0x0100_0193);
        next += 1;
    }
    (hash ^ (hash >> 16)) as usize % PLACES
}

/// What a word does by its name alone; `None` for most.
fn listed(word: &[u8]) -> Option<Kind> {
    let mut lower = [0; LONGEST];
    let lower = lower.get_mut(..word.len())?;
    lower.copy_from_slice(word);
    lower.make_ascii_lowercase();
    let mut place = hash(lower);
    loop {
        let (name, kind) = TABLE[place]?;
        if name.as_bytes() == lower {
            return Some(kind);
        }
        place = (place + 1) % PLACES;
    }
}

impl Units {
    /// The first of them, which a currency sign stands for.
    pub(super) const DOLLAR: Self = Self(1);

    pub(super) fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    pub(super) fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Whether two of them measure the same.
    pub(super) fn convert(self) -> bool {
        QUANTITIES
            .iter()
            .any(|units| (self.0 & units).count_ones() > 1)
    }
}

impl Kind {
    const fn unit(number: u32) -> Self {
        Self::Unit(Units(1 << number))
    }

    /// What `word` does; `glued` where it follows a number without a space.
    pub(super) fn of(word: Word, glued: bool) -> Self {
        match listed(word.as_bytes()) {
            Some(Self::Article) if glued => Self::Variable,
            Some(kind) => kind,
            None => Self::unlisted(&word, glued),
        }
    }

    fn unlisted(word: &str, glued: bool) -> Self {
        // "two-thirds", "one-quarter"
        let changes = |part: &str| {
            matches!(part, "quarter" | "quarters") || listed(part.as_bytes()) == Some(Self::Context)
        };
        if word.contains('-') && word.split('-').skip(1).any(changes) {
            return Self::Context;
        }
        let sign = |c: char| c.is_numeric() || matches!(c, '_' | '\\');
        let letters = || word.chars().take(3).count();
        let capital = word.starts_with(char::is_uppercase);
        if letters() == 1 || (glued && (capital || letters() < 3)) || word.contains(sign) {
            Self::Variable
        } else {
            Self::Plain
        }
    }
}
