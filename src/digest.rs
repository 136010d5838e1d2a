//! SHA-256 in hexadecimal (FIPS 180-4): by it files and contents are told apart wherever a result says
//! what it comes from.

use std::io::{self, Read};

use sha2::{Digest as _, Sha256};

/// SHA-256 of `bytes`, in hexadecimal.
pub fn of_bytes(bytes: &[u8]) -> String {
    finished(Sha256::new_with_prefix(bytes))
}

/// SHA-256 of all that `source` holds, in hexadecimal.
pub fn of_source(mut source: impl Read) -> io::Result<String> {
    let mut hasher = Sha256::new();
    io::copy(&mut source, &mut hasher)?;
    Ok(finished(hasher))
}

/// The digest of what `hasher` was given, in hexadecimal.
pub fn finished(hasher: Sha256) -> String {
    let digest = hasher.finalize();
    digest
        .iter()
        .fold(String::new(), |hex, byte| hex + &format!("{byte:02x}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// FIPS 180-2, appendix B.1.
    #[test]
    fn a_digest_is_sha_256_in_hexadecimal() {
        let known = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(of_bytes(b"abc"), known);
        assert_eq!(of_source(&b"abc"[..]).expect("read"), known);
        let mut pieces = Sha256::new_with_prefix(b"a");
        pieces.update(b"bc");
        assert_eq!(finished(pieces), known);
        assert_ne!(of_bytes(b"abd"), known);
    }
}
