//! What is wrong with a line of a log, or with all that follows it, in words.

use std::io::{self, ErrorKind};

use super::Compression;
use crate::input::{Mistake, Mistakes};

/// Why there is no record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReadError {
    /// A line is malformed; the lines after it can still be read.
    Line(Vec<Mistake>),
    /// The rest of the file cannot be read; nothing follows.
    Rest(Mistake),
}

impl ReadError {
    /// The mistakes, all of one line.
    pub fn into_mistakes(self) -> Vec<Mistake> {
        match self {
            Self::Line(mistakes) => mistakes,
            Self::Rest(mistake) => vec![mistake],
        }
    }
}

/// The mistakes of one line.
pub(super) fn at_line(number: usize, mistakes: Mistakes) -> Vec<Mistake> {
    let at_line = |(key, message)| Mistake {
        line: Some(number),
        key,
        message,
    };
    mistakes.into_list().into_iter().map(at_line).collect()
}

/// Why a file that is one JSON array is read no further: its lines are no records, even where one
/// looks like one.
pub(super) fn array() -> io::Error {
    io::Error::new(
        ErrorKind::InvalidData,
        "the file is a JSON array; write one object per line, for example with `jq -c '.[]'`",
    )
}

/// Why the rest of a file cannot be read, from line `number` on.
pub(super) fn broken(compression: Compression, number: usize, error: &io::Error) -> ReadError {
    let packed = match compression {
        Compression::Plain => None,
        Compression::Gzip => Some("gzip"),
        Compression::Zstandard => Some("zstd"),
    };
    let message = match (packed, error.kind()) {
        (Some(packed), ErrorKind::UnexpectedEof) => format!(
            "cannot be read: the {packed} data stop before their end, so the file is truncated or \
             still being written"
        ),
        (Some(packed), _) => format!("cannot be read: the {packed} data are damaged: {error}"),
        (None, _) => format!("cannot be read: {error}"),
    };
    ReadError::Rest(mistake(number, &message))
}

/// A number of bytes, in MiB where that is a whole number.
pub(super) fn in_words(bytes: usize) -> String {
    const MEBIBYTE: usize = 1 << 20;
    if bytes >= MEBIBYTE && bytes.is_multiple_of(MEBIBYTE) {
        format!("{} MiB", bytes / MEBIBYTE)
    } else {
        format!("{bytes} bytes")
    }
}

pub(super) fn mistake(line: usize, message: &str) -> Mistake {
    Mistake {
        line: Some(line),
        key: String::new(),
        message: message.to_owned(),
    }
}
