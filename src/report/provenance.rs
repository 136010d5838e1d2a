//! Where a result comes from: what it was computed from and by which version.

use serde::Serialize;
use sha2::{Digest, Sha256};

/// Stands beside every stored result.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Provenance {
    /// The input file, relative to the project.
    pub spec: String,
    /// SHA-256 of its bytes, in hexadecimal.
    pub spec_sha256: String,
    /// Root seed.
    pub seed: u64,
    /// Generations drawn to simulate.
    pub simulated: u64,
    /// Generations drawn to verify.
    pub verified: u64,
    /// Version of foldem.
    pub foldem: &'static str,
}

impl Provenance {
    /// The provenance of results computed from `bytes`, the content of `spec`, with so many
    /// generations to simulate and to verify.
    pub fn new(spec: &str, bytes: &[u8], seed: u64, [simulated, verified]: [u64; 2]) -> Self {
        let digest = Sha256::digest(bytes);
        Self {
            spec: spec.to_owned(),
            spec_sha256: digest
                .iter()
                .fold(String::new(), |hex, byte| hex + &format!("{byte:02x}")),
            seed,
            simulated,
            verified,
            foldem: env!("CARGO_PKG_VERSION"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// FIPS 180-2, appendix B.1.
    #[test]
    fn hash_is_sha_256_in_hexadecimal() {
        let hash = Provenance::new("x", b"abc", 1, [1, 1]).spec_sha256;
        assert_eq!(
            hash,
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
    }
}
