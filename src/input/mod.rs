//! Reading what people write: a TOML text becomes a tree in which every value knows its line.
//!
//! Assumes that a file is small enough to be held in memory. Readers collect *all* mistakes of a
//! file, each with its line, its key and, for a misspelt name, the nearest valid one; nothing is
//! constructed from a file that has a mistake.

mod document;
mod mistake;
mod table;
pub mod written;

pub use document::Document;
pub use mistake::{InputError, Mistake, Mistakes, key_part, nearest, quoted_list};
pub use table::{Item, Table};
