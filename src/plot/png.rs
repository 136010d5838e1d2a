//! A picture of red, green and blue bytes as PNG.
//!
//! Source: PNG specification (W3C, third edition), 8 bits per channel, no interlacing, each row
//! stored as its difference from the row above (filter type 2).

use std::io::{self, Write};

use flate2::write::ZlibEncoder;
use flate2::{Compression, Crc};

const SIGNATURE: [u8; 8] = *b"\x89PNG\r\n\x1a\n";
/// Eight bits, red-green-blue, the only compression, adaptive filters, not interlaced.
const FORMAT: [u8; 5] = [8, 2, 0, 0, 0];
/// Filter type of every row.
const UP: u8 = 2;
/// 192 dots per inch, so that a page shows the picture at the size of the SVG.
const DOTS_PER_METRE: u32 = 7559;

/// Encodes `pixels`, rows from the top, three bytes each, of a picture `width` pixels wide.
pub(super) fn encode(pixels: &[u8], width: u32) -> io::Result<Vec<u8>> {
    let stride = 3 * width as usize;
    let mut rows = ZlibEncoder::new(Vec::new(), Compression::best());
    let mut above = vec![0; stride];
    let mut height = 0_u32;
    for row in pixels.chunks_exact(stride) {
        let difference: Vec<u8> = row
            .iter()
            .zip(&above)
            .map(|(x, up)| x.wrapping_sub(*up))
            .collect();
        rows.write_all(&[UP])?;
        rows.write_all(&difference)?;
        above.copy_from_slice(row);
        height += 1;
    }
    let mut png = SIGNATURE.to_vec();
    let header = [&width.to_be_bytes()[..], &height.to_be_bytes(), &FORMAT].concat();
    chunk(&mut png, *b"IHDR", &header)?;
    let density = DOTS_PER_METRE.to_be_bytes();
    chunk(&mut png, *b"pHYs", &[&density[..], &density, &[1]].concat())?;
    chunk(&mut png, *b"IDAT", &rows.finish()?)?;
    chunk(&mut png, *b"IEND", &[])?;
    Ok(png)
}

fn chunk(png: &mut Vec<u8>, kind: [u8; 4], data: &[u8]) -> io::Result<()> {
    let length = u32::try_from(data.len()).map_err(io::Error::other)?;
    let mut check = Crc::new();
    check.update(&kind);
    check.update(data);
    png.extend(length.to_be_bytes());
    png.extend(kind);
    png.extend(data);
    png.extend(check.sum().to_be_bytes());
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read;

    /// The rows can be read back, and an empty last chunk has the check sum of every PNG.
    #[test]
    fn pixels_survive() {
        let pixels = [255, 0, 0, 0, 255, 0, 250, 1, 0, 0, 255, 9];
        let png = encode(&pixels, 2).unwrap();
        assert_eq!(png[..8], SIGNATURE);
        assert_eq!(png[16..24], [0, 0, 0, 2, 0, 0, 0, 2]);
        assert!(png.ends_with(b"\0\0\0\0IEND\xae\x42\x60\x82"));
        let at = png.windows(4).position(|w| w == b"IDAT").unwrap();
        let mut rows = Vec::new();
        flate2::read::ZlibDecoder::new(&png[at + 4..])
            .read_to_end(&mut rows)
            .unwrap();
        assert_eq!(rows, [2, 255, 0, 0, 0, 255, 0, 2, 251, 1, 0, 0, 0, 9]);
    }
}
