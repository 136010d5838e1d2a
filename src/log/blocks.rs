//! A source of text, cut into blocks of whole lines that can be read side by side.
//!
//! Lines end with LF or CR LF; the last one may do without. A byte-order mark at the start is passed
//! over. What a source gave before it failed is still handed out, as far as its lines are whole.

use std::io::{self, BufRead as _, Read as _};

use memchr::{memchr, memchr_iter, memrchr};

use super::source::Source;

/// Bytes of a block, unless a line is longer.
const BLOCK: usize = 1 << 19;

/// More than what may stand around a line: its end and a byte-order mark.
const AROUND: usize = 8;

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// Consecutive whole lines.
#[derive(Debug, Default)]
pub(super) struct Block {
    text: Vec<u8>,
    /// Where the first line begins.
    start: usize,
    /// Number of the first line, from 1.
    first: usize,
}

/// A line of a block, without its end.
#[derive(Debug, Clone, Copy)]
pub(super) struct BlockLine<'b> {
    /// From 1.
    pub(super) number: usize,
    pub(super) text: &'b [u8],
    /// Where the next line of the block begins.
    pub(super) next: usize,
}

impl Block {
    /// Where the first line begins.
    pub(super) fn start(&self) -> usize {
        self.start
    }

    /// Number of the first line, from 1.
    pub(super) fn first(&self) -> usize {
        self.first
    }

    /// The line that begins at `at` and has this number; `None` at the end of the block.
    pub(super) fn line(&self, at: usize, number: usize) -> Option<BlockLine<'_>> {
        let rest = self.text.get(at..).filter(|rest| !rest.is_empty())?;
        let (text, next) = match memchr(b'\n', rest) {
            Some(end) => (&rest[..end], at + end + 1),
            None => (rest, self.text.len()),
        };
        Some(BlockLine {
            number,
            text: text.strip_suffix(b"\r").unwrap_or(text),
            next,
        })
    }

    /// All its lines.
    pub(super) fn lines(&self) -> impl Iterator<Item = BlockLine<'_>> {
        let mut next = (self.start, self.first);
        std::iter::from_fn(move || {
            let line = self.line(next.0, next.1)?;
            next = (line.next, next.1 + 1);
            Some(line)
        })
    }
}

/// Cuts a source into blocks.
pub(super) struct Blocks {
    source: Source,
    block: usize,
    /// The beginning of a line whose end has not been read yet.
    rest: Vec<u8>,
    /// Memory of blocks that are read.
    spare: Vec<Vec<u8>>,
    /// Number of the next line, from 1.
    number: usize,
    /// Longest line that is handed out whole.
    longest: usize,
    ended: bool,
    failed: Option<io::Error>,
}

impl Blocks {
    pub(super) fn new(source: Source, longest: usize) -> Self {
        Self {
            source,
            block: BLOCK,
            rest: Vec::new(),
            spare: Vec::new(),
            number: 1,
            longest,
            ended: false,
            failed: None,
        }
    }

    /// Hands out lines of at most so many bytes whole, and of longer ones only a beginning that is
    /// longer, too.
    pub(super) fn longest(&mut self, bytes: usize) {
        self.longest = bytes;
    }

    /// Cuts blocks of so many bytes or a line.
    #[cfg(test)]
    pub(super) fn of_bytes(mut self, bytes: usize) -> Self {
        self.block = bytes;
        self
    }

    /// Number of the next line, from 1.
    pub(super) fn number(&self) -> usize {
        self.number
    }

    /// Takes back blocks that are read: their memory is warm.
    pub(super) fn take_back(&mut self, blocks: impl IntoIterator<Item = Block>) {
        let texts = blocks.into_iter().map(|block| block.text);
        // That of a very long line is not kept.
        let most = 4 * self.block;
        self.spare
            .extend(texts.filter(|text| text.capacity() <= most));
    }

    /// The next block; `None` at the end. After an error nothing follows.
    pub(super) fn next(&mut self) -> io::Result<Option<Block>> {
        let mut text = self.spare.pop().unwrap_or_default();
        text.clear();
        text.append(&mut self.rest);
        while !self.ended {
            let wanted = self
                .block
                .saturating_sub(text.len())
                .max(self.block / 2)
                .max(1);
            let known = text.len();
            text.reserve(wanted);
            match self
                .source
                .by_ref()
                .take(wanted as u64)
                .read_to_end(&mut text)
            {
                Ok(read) => self.ended = read < wanted,
                Err(error) => self.fail(error),
            }
            let whole = memrchr(b'\n', &text[known..]).map(|end| known + end + 1);
            if self.failed.is_some() {
                text.truncate(whole.unwrap_or(0));
            } else if self.ended {
            } else if let Some(end) = whole {
                self.rest.extend_from_slice(&text[end..]);
                text.truncate(end);
            } else if text.len() > self.longest + AROUND {
                text.truncate(self.longest + AROUND);
                text.push(b'\n');
                if let Err(error) = self.source.skip_until(b'\n') {
                    self.fail(error);
                }
            } else {
                continue;
            }
            break;
        }
        if text.is_empty() {
            return self.failed.take().map_or(Ok(None), Err);
        }
        let first = self.number;
        let unended = usize::from(text.last() != Some(&b'\n'));
        self.number += memchr_iter(b'\n', &text).count() + unended;
        let marked = first == 1 && text.starts_with(BYTE_ORDER_MARK);
        Ok(Some(Block {
            start: if marked { BYTE_ORDER_MARK.len() } else { 0 },
            text,
            first,
        }))
    }

    fn fail(&mut self, error: io::Error) {
        self.failed = Some(error);
        self.ended = true;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{BufReader, Cursor, Read};

    fn blocks(bytes: &[u8], block: usize) -> Blocks {
        Blocks::new(Box::new(Cursor::new(bytes.to_vec())), 40).of_bytes(block)
    }

    fn lines(mut blocks: Blocks) -> Vec<(usize, Vec<u8>)> {
        let mut lines = Vec::new();
        while let Ok(Some(block)) = blocks.next() {
            lines.extend(block.lines().map(|line| (line.number, line.text.to_vec())));
        }
        lines
    }

    #[test]
    fn blocks_of_any_size_hold_the_same_lines() {
        let text = "\u{feff}one\r\n\ntwo€\n \r\n\n\nthree\n\nend";
        for text in [text.to_owned(), format!("{text}\n"), format!("{text}\r\n")] {
            let expected = ["one", "", "two€", " ", "", "", "three", "", "end"];
            for size in 1..=text.len() + 1 {
                let found = lines(blocks(text.as_bytes(), size));
                let texts: Vec<&str> = found
                    .iter()
                    .map(|(_, line)| std::str::from_utf8(line).unwrap())
                    .collect();
                assert_eq!(texts, expected, "{size}");
                assert!(found.iter().map(|(n, _)| *n).eq(1..=9), "{size}");
            }
        }
        assert_eq!(lines(blocks(b"", 8)), []);
    }

    #[test]
    fn blocks_that_were_taken_back_leave_nothing_behind() {
        let line = |i: usize| format!("{i}{}\n", "x".repeat(i * 7 % 31));
        let text: String = (0..200).map(line).collect();
        for size in 1..=40 {
            let mut blocks = blocks(text.as_bytes(), size);
            let (mut read, mut reused) = (Vec::new(), 0);
            while let Some(block) = blocks.next().unwrap() {
                for line in block.lines() {
                    read.extend_from_slice(line.text);
                    read.push(b'\n');
                }
                blocks.take_back([block]);
                reused += blocks.spare.len();
                let most = blocks.spare.iter().map(Vec::capacity).max();
                assert!(most.is_none_or(|most| most <= 4 * size), "{size}");
            }
            assert_eq!(String::from_utf8(read).unwrap(), text, "{size}");
            assert!(size < 20 || reused > 0, "{size}");
        }
    }

    #[test]
    fn of_a_line_that_is_too_long_a_beginning_comes_that_is_too_long() {
        let long = "x".repeat(1000);
        for size in 1..60 {
            for end in ["\n", "\r\n", ""] {
                let text = format!("{}\n{long}\nb\n{long}{end}", "y".repeat(40));
                let found = lines(blocks(text.as_bytes(), size));
                assert_eq!(found.len(), 4, "{size}");
                assert_eq!(found[0].1.len(), 40);
                assert!(found[1].1.len() > 40 && found[3].1.len() > 40, "{size}");
                assert_eq!(found[2], (3, b"b".to_vec()));
            }
        }
    }

    #[test]
    fn what_a_failing_source_gave_is_handed_out_in_whole_lines() {
        struct Failing;
        impl Read for Failing {
            fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
                Err(io::Error::other("gone"))
            }
        }
        for (given, whole) in [("", 0), ("a", 0), ("a\n", 1), ("a\nb\nc", 2)] {
            for size in 1..9 {
                let source = Cursor::new(given.as_bytes().to_vec()).chain(Failing);
                let mut blocks = Blocks::new(Box::new(BufReader::new(source)), 40).of_bytes(size);
                let mut lines = 0;
                let error = loop {
                    match blocks.next() {
                        Ok(Some(block)) => lines += block.lines().count(),
                        Ok(None) => panic!("the error is lost"),
                        Err(error) => break error,
                    }
                };
                assert_eq!((error.to_string().as_str(), lines), ("gone", whole));
                assert_eq!(blocks.number(), whole + 1);
                assert!(matches!(blocks.next(), Ok(None)));
            }
        }
    }
}
