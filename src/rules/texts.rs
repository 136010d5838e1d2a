//! Texts found in a stream of characters.

/// Looks for any of several texts, none of them empty.
#[derive(Debug, Clone)]
pub(super) struct Texts {
    texts: Vec<String>,
    /// Bytes of the longest.
    longest: usize,
    /// The last characters read, at least as many bytes as the longest has.
    tail: String,
}

impl Texts {
    pub(super) fn new(texts: Vec<String>) -> Self {
        let longest = texts.iter().map(String::len).max().unwrap_or(0);
        Self {
            texts,
            longest,
            tail: String::new(),
        }
    }

    /// Forgets what was read.
    pub(super) fn restart(&mut self) {
        self.tail.clear();
    }

    /// Reads the next character; whether one of the texts ends with it.
    pub(super) fn read(&mut self, c: char) -> bool {
        // Cutting seldom keeps the cost per character constant.
        if self.tail.len() > 4 * self.longest {
            let mut cut = self.tail.len() - self.longest;
            while !self.tail.is_char_boundary(cut) {
                cut -= 1;
            }
            self.tail.drain(..cut);
        }
        self.tail.push(c);
        self.texts.iter().any(|text| self.tail.ends_with(text.as_str()))
    }
}
