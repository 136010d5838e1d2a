//! What words do to a calculation that they stand beside.

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
    /// Belongs to the sentence around calculations and never to what is counted.
    Lead,
    /// Anything else: what is counted, or the sentence that leads to the calculation.
    Plain,
}

/// A set of units that convert to others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Units(u64);

/// Units by what they measure; within a line they convert to each other.
const UNITS: [&[&[&str]]; 5] = [
    &[
        &["dollar", "dollars", "usd", "euros", "euro"],
        &["cent", "cents", "pennies", "penny", "¢"],
        &["quarter", "quarters", "dime", "dimes", "nickel", "nickels"],
    ],
    &[
        &["second", "seconds", "sec", "secs"],
        &["minute", "minutes", "min", "mins", "mph"],
        &["hour", "hours", "hr", "hrs", "kmph"],
        &["day", "days", "daily"],
        &["week", "weeks", "weekly"],
        &["month", "months", "monthly"],
        &["year", "years", "yearly", "annually"],
        &["decade", "decades", "century", "centuries"],
    ],
    &[
        &["inch", "inches"],
        &["foot", "feet", "ft"],
        &["yard", "yards"],
        &["mile", "miles"],
        &["mm", "millimeters"],
        &["cm", "centimeter", "centimeters", "centimetres"],
        &["meter", "meters", "metres"],
        &["km", "kilometer", "kilometers", "kilometres"],
    ],
    &[
        &["ounce", "ounces", "oz"],
        &["pound", "pounds", "lb", "lbs"],
        &["ton", "tons"],
        &["mg", "milligrams"],
        &["gram", "grams"],
        &["kg", "kgs", "kilogram", "kilograms"],
    ],
    &[
        &["cup", "cups"],
        &["pint", "pints"],
        &["quart", "quarts"],
        &["gallon", "gallons"],
        &["ml", "milliliters"],
        &["liter", "liters", "litre", "litres"],
        &["teaspoon", "teaspoons", "tsp"],
        &["tablespoon", "tablespoons", "tbsp"],
    ],
];

impl Units {
    fn named(word: &str) -> Option<Self> {
        UNITS
            .iter()
            .flat_map(|line| line.iter())
            .position(|names| names.contains(&word))
            .map(|bit| Self(1 << bit))
    }

    pub(super) fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    pub(super) fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Whether two of them measure the same.
    pub(super) fn convert(self) -> bool {
        let mut shift = 0;
        UNITS.iter().any(|line| {
            let mask = ((1_u64 << line.len()) - 1) << shift;
            shift += line.len();
            (self.0 & mask).count_ones() > 1
        })
    }
}

impl Kind {
    /// What `word` does; `glued` where it follows a number without a space.
    pub(super) fn of(word: &str, glued: bool) -> Self {
        let capital = word.starts_with(char::is_uppercase);
        let word = word.to_lowercase();
        if let Some(unit) = Units::named(&word) {
            return Self::Unit(unit);
        }
        match word.as_str() {
            "x" => Self::Cross,
            "of" => Self::Of,
            "and" => Self::And,
            "a" | "i" if !glued => Self::Article,
            "to" | "so" | "then" | "get" | "gets" | "we" | "he" | "she" | "it" | "they" | "is"
            | "are" | "was" | "were" | "gives" | "which" | "if" | "when" | "since" | "that"
            | "because" | "has" | "have" | "had" | "therefore" | "thus" | "but" | "this"
            | "will" | "would" | "can" => Self::Lead,
            "about" | "approximately" | "approx" | "roughly" | "around" | "nearly" | "almost"
            | "rounded" | "rounding" | "round" | "rounds" | "remainder" | "mod" | "modulo"
            | "\\pmod" | "\\bmod" | "\\mod" | "estimate" | "estimated" | "r" | "base" | "not"
            | "incorrect" | "wrong" | "false" | "least" | "most" | "over" => Self::Hedge,
            "half" | "halves" | "third" | "thirds" | "fourth" | "fourths" | "fifth" | "fifths"
            | "sixth" | "tenth" | "double" | "twice" | "triple" | "thrice" | "times" | "plus"
            | "minus" | "multiplied" | "multiply" | "multiplying" | "divided" | "divide"
            | "dividing" | "subtract" | "subtracting" | "adding" | "add" | "added" | "less"
            | "more" | "fewer" | "than" | "many" | "much" | "square" | "squared" | "cubed"
            | "root" | "sum" | "product" | "difference" | "average" | "quotient" | "sqrt" => {
                Self::Context
            }
            "dozen" | "dozens" | "hundred" | "hundreds" | "thousand" | "thousands" | "million"
            | "millions" | "billion" | "billions" | "trillion" | "percent" | "k" | "log" | "ln"
            | "sin" | "cos" | "tan" | "gcd" | "choose" | "lcm" | "floor" | "ceil" | "max"
            | "min" => Self::Variable,
            _ => {
                let mut letters = word.chars();
                let short = letters.next().is_some() && letters.next().is_none();
                let named = word.contains(|c: char| c.is_numeric() || matches!(c, '_' | '\\'));
                let product = glued && (capital || word.chars().count() < 3);
                if short || named || product {
                    Self::Variable
                } else {
                    Self::Plain
                }
            }
        }
    }
}
