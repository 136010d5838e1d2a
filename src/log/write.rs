//! A log written to a temporary file beside its target, which takes the target's place when done.
//!
//! Nothing is left behind by a writer that is dropped, and a log that stood there before stays
//! until the new one is whole. The same records give the same bytes: compressed files carry
//! neither time nor name.

use std::fs;
use std::io::{self, BufWriter, Write as _};
use std::path::{Path, PathBuf};

use flate2::write::GzEncoder;
use serde::Serialize;
use tempfile::NamedTempFile;

use super::parquet::{ParquetSink, is_parquet};
use super::{Compression, Record};
use crate::input::Mistakes;

/// Why a log was not written.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// The file system refused; the log is not there.
    #[error("{}: cannot be written: {source}", path.display())]
    File {
        /// The log.
        path: PathBuf,
        /// What went wrong.
        source: io::Error,
    },
    /// A record is not valid and was left out; others can still be written.
    #[error("{}: record \"{id}\" cannot be written: {message}", path.display())]
    Record {
        /// The log.
        path: PathBuf,
        /// The record's id.
        id: String,
        /// What is wrong with it, by key.
        message: String,
    },
}

/// Writes records, or other JSON lines, to a file.
pub struct Writer {
    path: PathBuf,
    sink: Sink,
}

type File = BufWriter<NamedTempFile>;

enum Sink {
    Plain(File),
    Gzip(GzEncoder<File>),
    Zstandard(zstd::Encoder<'static, File>),
    Parquet(Box<ParquetSink<File>>),
}

impl Sink {
    fn new(target: &Path) -> io::Result<Self> {
        let file = BufWriter::new(temporary_beside(target)?);
        if is_parquet(target) {
            return Ok(Self::Parquet(Box::new(ParquetSink::new(file)?)));
        }
        Ok(match Compression::of(target) {
            Compression::Plain => Self::Plain(file),
            Compression::Gzip => Self::Gzip(GzEncoder::new(file, flate2::Compression::default())),
            Compression::Zstandard => {
                let mut encoder = zstd::Encoder::new(file, zstd::DEFAULT_COMPRESSION_LEVEL)?;
                encoder.include_checksum(true)?;
                Self::Zstandard(encoder)
            }
        })
    }

    fn write_line(&mut self, line: &impl Serialize) -> io::Result<()> {
        let mut bytes = serde_json::to_vec(line)?;
        bytes.push(b'\n');
        match self {
            Self::Plain(file) => file.write_all(&bytes),
            Self::Gzip(encoder) => encoder.write_all(&bytes),
            Self::Zstandard(encoder) => encoder.write_all(&bytes),
            Self::Parquet(_) => Err(io::Error::other(
                "a Parquet file holds records of a log alone; use .jsonl",
            )),
        }
    }

    fn finish(self) -> io::Result<NamedTempFile> {
        let file = match self {
            Self::Plain(file) => file,
            Self::Gzip(encoder) => encoder.finish()?,
            Self::Zstandard(encoder) => encoder.finish()?,
            Self::Parquet(sink) => sink.finish()?,
        };
        file.into_inner().map_err(io::IntoInnerError::into_error)
    }
}

fn temporary_beside(target: &Path) -> io::Result<NamedTempFile> {
    let folder = match target.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let mut builder = tempfile::Builder::new();
    builder.prefix(".foldem-").suffix(".part");
    // A temporary file is for its owner alone, but this one becomes an ordinary file.
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    builder.tempfile_in(folder)
}

impl Writer {
    /// Starts a log; a name that ends in `.gz` or `.zst` makes it a compressed one, one that ends in
    /// `.parquet` makes it Parquet.
    pub fn create(path: &Path) -> Result<Self, WriteError> {
        let failed = |source| WriteError::File {
            path: path.to_owned(),
            source,
        };
        // A device or a folder must not be replaced by a file.
        if fs::metadata(path).is_ok_and(|there| !there.is_file()) {
            let message = "it exists and is not a file; give another name";
            return Err(failed(io::Error::other(message)));
        }
        // A link stays, and what it points to is replaced.
        let target = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        let sink = Sink::new(&target).map_err(failed)?;
        Ok(Self { path: target, sink })
    }

    /// Adds a record. It must be valid; that its id is new is up to the caller.
    pub fn write(&mut self, record: &Record) -> Result<(), WriteError> {
        let mut mistakes = Mistakes::default();
        record.check(&mut mistakes);
        if !mistakes.is_empty() {
            let messages: Vec<String> = mistakes
                .into_list()
                .into_iter()
                .map(|(key, message)| format!("{key} {message}"))
                .collect();
            return Err(WriteError::Record {
                path: self.path.clone(),
                id: record.id.clone(),
                message: messages.join("; "),
            });
        }
        if let Sink::Parquet(sink) = &mut self.sink {
            let written = sink.write(record);
            return written.map_err(|source| self.failed(source));
        }
        self.write_line(record)
    }

    /// Adds a line that is not a record, but of a file in the same form; Parquet has no lines.
    pub fn write_line(&mut self, line: &impl Serialize) -> Result<(), WriteError> {
        let written = self.sink.write_line(line);
        written.map_err(|source| self.failed(source))
    }

    fn failed(&self, source: io::Error) -> WriteError {
        WriteError::File {
            path: self.path.clone(),
            source,
        }
    }

    /// Puts the log in its place.
    pub fn finish(self) -> Result<(), WriteError> {
        let Self { path, sink } = self;
        let done = sink
            .finish()
            .and_then(|file| file.persist(&path).map_err(|e| e.error));
        match done {
            Ok(_) => Ok(()),
            Err(source) => Err(WriteError::File { path, source }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::log::Reader;

    fn record(id: &str) -> Record {
        Record {
            id: id.to_owned(),
            solution: "2 + 2 = 4\n#### 4".to_owned(),
            utility: Some(0.1),
            ..Record::default()
        }
    }

    fn names(folder: &Path) -> Vec<String> {
        let entries = fs::read_dir(folder).expect("a folder");
        let name = |entry: io::Result<fs::DirEntry>| entry.expect("an entry").file_name();
        entries
            .map(|entry| name(entry).into_string().expect("UTF-8"))
            .collect()
    }

    #[test]
    fn what_is_written_is_read_back_whatever_the_compression() {
        let starts: [(&str, &[u8]); 3] = [
            ("log.jsonl", b"{\"id\""),
            ("log.jsonl.gz", b"\x1f\x8b"),
            ("log.jsonl.zst", b"\x28\xb5\x2f\xfd"),
        ];
        for (name, start) in starts {
            let folder = tempfile::tempdir().expect("a folder");
            let path = folder.path().join(name);
            let records: Vec<Record> = (0..1000).map(|i| record(&i.to_string())).collect();
            let mut writer = Writer::create(&path).expect("created");
            for record in &records {
                writer.write(record).expect("written");
            }
            writer.finish().expect("finished");
            assert!(fs::read(&path).expect("bytes").starts_with(start), "{name}");
            assert_eq!(names(folder.path()), [name]);
            let read: Result<Vec<Record>, _> = Reader::open(&path).expect("opened").collect();
            assert_eq!(read.expect("valid records"), records);
        }
    }

    #[test]
    fn a_dropped_writer_leaves_everything_as_it_was() {
        for name in ["log.jsonl", "log.jsonl.gz", "log.jsonl.zst"] {
            let folder = tempfile::tempdir().expect("a folder");
            let path = folder.path().join(name);
            fs::write(&path, "before").expect("written");
            let mut writer = Writer::create(&path).expect("created");
            writer.write(&record("a")).expect("written");
            assert_eq!(names(folder.path()).len(), 2);
            drop(writer);
            assert_eq!(names(folder.path()), [name]);
            assert_eq!(fs::read(&path).expect("bytes"), b"before");
        }
    }

    #[test]
    fn an_invalid_record_and_an_impossible_target_are_refused() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("log.jsonl");
        let mut writer = Writer::create(&path).expect("created");
        let bad = Record {
            utility: Some(f64::NAN),
            ..record("a")
        };
        let error = writer.write(&bad).expect_err("not a number");
        assert!(error.to_string().contains("utility is NaN"), "{error}");
        writer.write(&record("b")).expect("the writer survives");
        assert!(Writer::create(folder.path()).is_err());
        assert!(Writer::create(&folder.path().join("missing/log.jsonl")).is_err());
    }

    #[cfg(unix)]
    #[test]
    fn a_log_is_an_ordinary_file_and_a_link_to_it_stays() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().expect("a folder");
        let [ordinary, log, link] = ["ordinary", "log", "link"].map(|n| folder.path().join(n));
        fs::write(&ordinary, "").expect("written");
        fs::write(&log, "before").expect("written");
        std::os::unix::fs::symlink(&log, &link).expect("linked");
        let writer = Writer::create(&link).expect("created");
        writer.finish().expect("finished");
        assert!(fs::symlink_metadata(&link).expect("there").is_symlink());
        assert_eq!(fs::read(&log).expect("bytes"), b"");
        let mode = |path| fs::metadata(path).expect("there").permissions().mode();
        assert_eq!(mode(&log), mode(&ordinary));
    }
}
