//! The rows of a Parquet file as JSON objects, in their order.
//!
//! Texts, integers, floating point and truths become what they are; lists become arrays, structs
//! and maps objects. NaN is null: libraries of data frames write it where a number is missing.
//! Bytes that say nothing else are text if they are UTF-8. Assembly follows the levels of
//! the Dremel paper (Melnik et al. 2010); the forms of lists are those of the format's rules,
//! old ones included. Rows are decoded in small batches, so that memory holds pages, not files.

use std::fs::File;
use std::path::Path;

use parquet::basic::{ConvertedType, Repetition};
use parquet::file::reader::{FileReader as _, SerializedFileReader};
use parquet::schema::types::Type;
use serde_json::{Map, Value};

use super::guard::guarded;
use super::leaf::Leaf;
use super::{FileError, metadata, open};

/// Rows that are decoded at a time.
const BATCH: usize = 128;
/// Lists in structs in lists are read down to here.
const DEEPEST: usize = 16;

/// The rows of a Parquet file.
pub struct Rows {
    file: SerializedFileReader<File>,
    columns: Vec<(String, Node)>,
    /// By stored column; those that nothing is read of are absent.
    leaves: Vec<Option<Leaf>>,
    /// Number of row groups begun.
    groups: usize,
    /// Rows of the group that are not decoded yet.
    left: usize,
    /// Rows that are decoded and not taken yet.
    ready: usize,
    /// Rows taken of this group.
    taken: usize,
    failed: bool,
}

/// A part of the schema, with what its levels mean.
enum Node {
    /// Number of a stored column.
    Leaf(usize),
    /// Present from this definition level on.
    Optional(i16, Box<Node>),
    Struct(Vec<(String, Node)>),
    /// Has an element from the definition level on; a further element repeats at the other.
    List(i16, i16, Box<Node>),
    /// A list of keys and values.
    Map(Box<Node>),
}

impl Rows {
    /// Opens a file; all its columns are read.
    pub fn open(path: &Path) -> Result<Self, FileError> {
        let file = open(path)?;
        guarded(|| Self::of(file))
    }

    fn of(file: SerializedFileReader<File>) -> Result<Self, FileError> {
        let schema = file.metadata().file_metadata().schema_descr();
        let leaves = schema.columns().iter().cloned().map(Leaf::new);
        let leaves: Vec<Option<Leaf>> = leaves.map(Some).collect();
        let mut builder = Builder { next: 0 };
        let root = schema.root_schema();
        let columns = builder.children(root, 0, 0, 0)?;
        if builder.next != leaves.len() {
            return Err(FileError::Damaged("the schema is inconsistent".to_owned()));
        }
        Ok(Self {
            file,
            columns,
            leaves,
            groups: 0,
            left: 0,
            ready: 0,
            taken: 0,
            failed: false,
        })
    }

    /// Names of the columns, in their order.
    pub fn columns(&self) -> impl Iterator<Item = &str> {
        self.columns.iter().map(|(name, _)| name.as_str())
    }

    /// Reads the columns whose name is `wanted` alone; the others are not even decompressed.
    pub fn select(mut self, wanted: impl Fn(&str) -> bool) -> Self {
        self.columns.retain(|(name, _)| wanted(name));
        let mut used = vec![false; self.leaves.len()];
        for (_, node) in &self.columns {
            node.mark(&mut used);
        }
        for (leaf, used) in self.leaves.iter_mut().zip(used) {
            leaf.take_if(|_| !used);
        }
        self
    }

    /// The text about the file that stands under `key`.
    pub fn metadata(&self, key: &str) -> Option<&str> {
        metadata(&self.file, key)
    }

    /// Number of rows that the file says it has.
    pub fn count(&self) -> u64 {
        let rows = self.file.metadata().file_metadata().num_rows();
        u64::try_from(rows).unwrap_or(0)
    }

    /// Row group of the row taken last and its number in it, both from 1.
    pub fn place(&self) -> (usize, usize) {
        (self.groups, self.taken)
    }

    fn next_row(&mut self) -> Result<Option<Map<String, Value>>, FileError> {
        while self.ready == 0 {
            if self.left > 0 {
                self.ready = self.left.min(BATCH);
                self.left -= self.ready;
                let rows = self.ready;
                let mut leaves = self.leaves.iter_mut().flatten();
                guarded(|| leaves.try_for_each(|leaf| leaf.read(rows)))?;
            } else if !guarded(|| self.begin_group())? {
                return Ok(None);
            }
        }
        self.ready -= 1;
        self.taken += 1;
        let mut row = Map::new();
        for (name, node) in &self.columns {
            row.insert(name.clone(), node.assemble(&mut self.leaves)?);
        }
        Ok(Some(row))
    }

    /// Begins the next row group; whether there is one.
    fn begin_group(&mut self) -> Result<bool, FileError> {
        if self.groups == self.file.num_row_groups() {
            return Ok(false);
        }
        let group = self.file.get_row_group(self.groups)?;
        let rows = usize::try_from(group.metadata().num_rows());
        self.left =
            rows.map_err(|_| FileError::Damaged("a row group has less than no rows".to_owned()))?;
        for (i, leaf) in self.leaves.iter_mut().enumerate() {
            if let Some(leaf) = leaf {
                leaf.begin(group.get_column_reader(i)?);
            }
        }
        self.groups += 1;
        self.taken = 0;
        Ok(true)
    }
}

impl Iterator for Rows {
    type Item = Result<Map<String, Value>, FileError>;

    /// After an error there are no more rows.
    fn next(&mut self) -> Option<Self::Item> {
        if self.failed {
            return None;
        }
        let row = self.next_row();
        self.failed = row.is_err();
        row.transpose()
    }
}

impl Node {
    fn mark(&self, used: &mut [bool]) {
        match self {
            Self::Leaf(i) => used[*i] = true,
            Self::Optional(_, node) | Self::List(_, _, node) | Self::Map(node) => node.mark(used),
            Self::Struct(fields) => fields.iter().for_each(|(_, node)| node.mark(used)),
        }
    }

    /// Number of the first stored column: its levels tell what is there.
    fn first(&self) -> usize {
        match self {
            Self::Leaf(i) => *i,
            Self::Optional(_, node) | Self::List(_, _, node) | Self::Map(node) => node.first(),
            Self::Struct(fields) => fields[0].1.first(),
        }
    }

    fn skip(&self, leaves: &mut [Option<Leaf>]) -> Result<(), FileError> {
        match self {
            Self::Leaf(i) => leaf(leaves, *i).skip(),
            Self::Optional(_, node) | Self::List(_, _, node) | Self::Map(node) => node.skip(leaves),
            Self::Struct(fields) => fields.iter().try_for_each(|(_, node)| node.skip(leaves)),
        }
    }

    fn assemble(&self, leaves: &mut [Option<Leaf>]) -> Result<Value, FileError> {
        match self {
            Self::Leaf(i) => leaf(leaves, *i).value(),
            Self::Optional(level, node) => {
                if leaf(leaves, node.first()).level()? < *level {
                    node.skip(leaves)?;
                    return Ok(Value::Null);
                }
                node.assemble(leaves)
            }
            Self::Struct(fields) => {
                let mut object = Map::new();
                for (name, node) in fields {
                    object.insert(name.clone(), node.assemble(leaves)?);
                }
                Ok(Value::Object(object))
            }
            Self::List(level, repetition, node) => {
                let first = node.first();
                let mut list = Vec::new();
                if leaf(leaves, first).level()? < *level {
                    node.skip(leaves)?;
                    return Ok(Value::Array(list));
                }
                loop {
                    list.push(node.assemble(leaves)?);
                    if leaf(leaves, first).repetition() != Some(*repetition) {
                        return Ok(Value::Array(list));
                    }
                }
            }
            Self::Map(node) => Ok(match node.assemble(leaves)? {
                Value::Array(entries) => {
                    Value::Object(entries.into_iter().filter_map(entry).collect())
                }
                other => other,
            }),
        }
    }
}

/// A stored column that is read.
fn leaf(leaves: &mut [Option<Leaf>], i: usize) -> &mut Leaf {
    leaves[i].as_mut().expect("columns of nodes are kept")
}

/// Key and value of a map's entry.
fn entry(entry: Value) -> Option<(String, Value)> {
    let Value::Object(entry) = entry else {
        return None;
    };
    let mut parts = entry.into_iter().map(|(_, part)| part);
    let key = match parts.next()? {
        Value::String(text) => text,
        other => other.to_string(),
    };
    Some((key, parts.next().unwrap_or(Value::Null)))
}

/// Turns a schema into nodes; stored columns are numbered in its order.
struct Builder {
    next: usize,
}

impl Builder {
    fn children(
        &mut self,
        group: &Type,
        defined: i16,
        repeated: i16,
        depth: usize,
    ) -> Result<Vec<(String, Node)>, FileError> {
        let fields = group.get_fields().iter();
        fields
            .map(|field| {
                let node = self.node(field, defined, repeated, depth)?;
                Ok((field.name().to_owned(), node))
            })
            .collect()
    }

    /// The node of a field under so many definition and repetition levels.
    fn node(
        &mut self,
        field: &Type,
        defined: i16,
        repeated: i16,
        depth: usize,
    ) -> Result<Node, FileError> {
        if !field.get_basic_info().has_repetition() {
            return Err(strange(field, "has no repetition"));
        }
        Ok(match field.get_basic_info().repetition() {
            Repetition::REQUIRED => self.content(field, defined, repeated, depth)?,
            Repetition::OPTIONAL => {
                let content = self.content(field, defined + 1, repeated, depth)?;
                Node::Optional(defined + 1, Box::new(content))
            }
            // A list without an annotation.
            Repetition::REPEATED => {
                let element = self.content(field, defined + 1, repeated + 1, depth)?;
                Node::List(defined + 1, repeated + 1, Box::new(element))
            }
        })
    }

    fn content(
        &mut self,
        field: &Type,
        defined: i16,
        repeated: i16,
        depth: usize,
    ) -> Result<Node, FileError> {
        if depth > DEEPEST {
            return Err(strange(field, "is nested too deep to be read"));
        }
        if field.is_primitive() {
            self.next += 1;
            return Ok(Node::Leaf(self.next - 1));
        }
        if field.get_fields().is_empty() {
            return Err(strange(
                field,
                "is a struct without fields, which is not read",
            ));
        }
        let depth = depth + 1;
        let annotation = field.get_basic_info().converted_type();
        let list = annotation == ConvertedType::LIST;
        let map = matches!(
            annotation,
            ConvertedType::MAP | ConvertedType::MAP_KEY_VALUE
        );
        if !list && !map {
            let fields = self.children(field, defined, repeated, depth)?;
            return Ok(Node::Struct(fields));
        }
        let [inner] = field.get_fields() else {
            return Err(strange(field, "is a list of several things at once"));
        };
        let info = inner.get_basic_info();
        if !info.has_repetition() || info.repetition() != Repetition::REPEATED {
            return Err(strange(field, "is a list of what is not repeated"));
        }
        let (defined, repeated) = (defined + 1, repeated + 1);
        let element = if list && !is_element(field, inner) {
            self.node(&inner.get_fields()[0], defined, repeated, depth)?
        } else {
            self.content(inner, defined, repeated, depth)?
        };
        let elements = Node::List(defined, repeated, Box::new(element));
        Ok(if map {
            Node::Map(Box::new(elements))
        } else {
            elements
        })
    }
}

/// Whether what is repeated in a list is the element itself, as old writers have it, and not a
/// group around it.
fn is_element(list: &Type, repeated: &Type) -> bool {
    repeated.is_primitive()
        || repeated.get_fields().len() != 1
        || repeated.name() == "array"
        || repeated.name().strip_suffix("_tuple") == Some(list.name())
}

fn strange(field: &Type, message: &str) -> FileError {
    FileError::Column {
        column: field.name().to_owned(),
        message: message.to_owned(),
    }
}
