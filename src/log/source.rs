//! Where the lines of a log come from: a file or stdin, decompressed.

use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::path::Path;

use flate2::bufread::MultiGzDecoder;

use super::Compression;
use crate::input::InputError;

/// Decompressed bytes.
pub(super) type Source = Box<dyn BufRead + Send>;

/// Opens a file of lines, see [`Reader::open`].
pub(super) fn open_source(path: &Path) -> Result<(Source, Compression), InputError> {
    let failed = |message: String| InputError::whole_file(&path.display().to_string(), message);
    if path == Path::new("-") {
        let mut source = BufReader::new(std::io::stdin());
        return Compression::of_stream(&mut source)
            .and_then(|compression| Ok((decompressed(source, compression)?, compression)))
            .map_err(|e| failed(format!("cannot be read: {e}")));
    }
    if path.is_dir() {
        return Err(failed("is a directory; a file is needed".to_owned()));
    }
    let file = File::open(path).map_err(|e| failed(format!("cannot be read: {e}")))?;
    let compression = Compression::of(path);
    decompressed(BufReader::new(file), compression)
        .map(|source| (source, compression))
        .map_err(|e| failed(format!("cannot be decompressed: {e}")))
}

pub(super) fn decompressed(
    source: impl BufRead + Send + 'static,
    compression: Compression,
) -> io::Result<Source> {
    Ok(match compression {
        Compression::Plain => Box::new(source),
        Compression::Gzip => Box::new(BufReader::new(MultiGzDecoder::new(source))),
        Compression::Zstandard => {
            let decoder = zstd::stream::read::Decoder::with_buffer(source)?;
            Box::new(BufReader::new(decoder))
        }
    })
}
