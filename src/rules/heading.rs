//! What stands behind an answer marker: an answer, or a heading of Markdown such as
//! `#### 2. Find the cost`.

/// What has come behind a marker on its line.
#[derive(Debug, Clone, Copy)]
pub(super) enum Behind {
    /// Nothing that decides.
    Nothing,
    /// So many digits, 1 or 2.
    Digits(u8),
    /// One or two digits and `.`, `)` or `:`.
    Numbering,
    /// The same and then a space.
    NumberingAndSpace,
}

/// What a further character makes of it.
#[derive(Debug)]
pub(super) enum Next {
    Open(Behind),
    /// An answer is announced.
    Counts,
    /// A heading with a number.
    Heading,
    /// Words, or nothing on the line.
    CountsNot,
}

impl Behind {
    /// Reads on.
    pub(super) fn read(self, c: char) -> Next {
        match (self, c) {
            (_, '\n' | '\r') => match self {
                Self::Nothing => Next::CountsNot,
                _ => Next::Counts,
            },
            (Self::Nothing, '\\') => Next::Counts,
            (Self::Nothing, _) if c.is_ascii_digit() => Next::Open(Self::Digits(1)),
            (Self::Nothing, _) if c.is_numeric() => Next::Counts,
            (Self::Nothing, _) if c.is_alphabetic() => Next::CountsNot,
            (Self::Nothing, _) => Next::Open(Self::Nothing),
            (Self::Digits(1), _) if c.is_ascii_digit() => Next::Open(Self::Digits(2)),
            (Self::Digits(_), '.' | ')' | ':') => Next::Open(Self::Numbering),
            (Self::Numbering | Self::NumberingAndSpace, ' ' | '\t') => {
                Next::Open(Self::NumberingAndSpace)
            }
            (Self::NumberingAndSpace, _) => Next::Heading,
            (Self::Digits(_) | Self::Numbering, _) => Next::Counts,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What `text` turns out to be, and the character that shows it.
    fn decided(text: &str) -> String {
        let mut behind = Behind::Nothing;
        for c in text.chars() {
            match behind.read(c) {
                Next::Open(next) => behind = next,
                decided => return format!("{decided:?} at {c:?}"),
            }
        }
        "open".to_owned()
    }

    #[test]
    fn headings_are_told_from_answers() {
        for (text, expected) in [
            (" 2. Cost", "Heading at 'C'"),
            (" 12) 3 eggs", "Heading at '3'"),
            (" 2: Sum", "Heading at 'S'"),
            (" 2.\n", "Counts at '\\n'"),
            (" 2.5", "Counts at '5'"),
            (" 123. So", "Counts at '3'"),
            (" $\\frac", "Counts at '\\\\'"),
            (" Step 1", "CountsNot at 'S'"),
            ("\n2", "CountsNot at '\\n'"),
            (" **2", "open"),
        ] {
            assert_eq!(decided(text), expected, "{text}");
        }
    }
}
