//! Hashes of tarballs as npm writes them: `sha512-…`, several with spaces in between. The strongest counts, and one of its kind
//! has to be right.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha1::Sha1;
use sha2::{Digest, Sha256, Sha384, Sha512};
use tarbox_store::{Error, ErrorKind, Result};

/// The algorithms, weakest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Algorithm {
    Sha1,
    Sha256,
    Sha384,
    Sha512,
}

impl Algorithm {
    const ALL: [(Self, &'static str, usize); 4] = [
        (Self::Sha1, "sha1", 20),
        (Self::Sha256, "sha256", 32),
        (Self::Sha384, "sha384", 48),
        (Self::Sha512, "sha512", 64),
    ];

    fn of(self, bytes: &[u8]) -> Vec<u8> {
        match self {
            Self::Sha1 => Sha1::digest(bytes).to_vec(),
            Self::Sha256 => Sha256::digest(bytes).to_vec(),
            Self::Sha384 => Sha384::digest(bytes).to_vec(),
            Self::Sha512 => Sha512::digest(bytes).to_vec(),
        }
    }
}

/// What bytes have to be: at least one hash, all of the same algorithm.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Integrity {
    algorithm: Algorithm,
    hashes: Vec<Vec<u8>>,
}

impl Integrity {
    /// # Errors
    /// `Invalid` if there is no hash in it that is known here.
    pub(crate) fn parse(text: &str) -> Result<Self> {
        let mut known: Vec<(Algorithm, Vec<u8>)> = text.split_ascii_whitespace().filter_map(one).collect();
        let strongest = known.iter().map(|(algorithm, _)| *algorithm).max();
        let algorithm = strongest.ok_or_else(|| {
            Error::new(ErrorKind::Invalid).because("its integrity names no hash that is known: sha512, sha1")
        })?;
        known.retain(|(of, _)| *of == algorithm);
        let hashes = known.into_iter().map(|(_, hash)| hash).collect();
        Ok(Self { algorithm, hashes })
    }

    pub(crate) fn fits(&self, bytes: &[u8]) -> bool {
        self.hashes.contains(&self.algorithm.of(bytes))
    }

    /// Where such bytes are kept: the algorithm, and the first hash in hexadecimal.
    pub(crate) fn place(&self) -> (&'static str, String) {
        let name = Algorithm::ALL
            .iter()
            .find(|(algorithm, ..)| *algorithm == self.algorithm)
            .map_or("", |(_, name, _)| name);
        let hash = self.hashes.first().map(Vec::as_slice).unwrap_or_default();
        (name, hash.iter().map(|byte| format!("{byte:02x}")).collect())
    }
}

/// One hash; options behind `?` say nothing.
fn one(text: &str) -> Option<(Algorithm, Vec<u8>)> {
    let (name, hash) = text.split_once('-')?;
    let hash = hash.split('?').next().unwrap_or(hash);
    let (algorithm, _, length) = Algorithm::ALL.iter().find(|(_, known, _)| *known == name)?;
    let hash = STANDARD.decode(hash).ok()?;
    (hash.len() == *length).then_some((*algorithm, hash))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_strongest_hash_counts() {
        let sha512 =
            "sha512-3a81oZNherrMQXNJriBBMRLm+k6JqX6iCp7u5ktV05ohkpkqJ0/BqDa6PCOj/uu9RU1EI2Q86A4qmslPpUyknw==";
        let sha1 = "sha1-qZk+NkcGgWq6PiVxeFDCbJzQ2J0=";
        for text in [
            sha512,
            sha1,
            &format!("{sha1} {sha512}"),
            &format!("md5-x {sha1}?opt"),
        ] {
            assert!(Integrity::parse(text).unwrap().fits(b"abc"), "{text}");
            assert!(!Integrity::parse(text).unwrap().fits(b"abd"), "{text}");
        }
        let wrong = format!("{sha1} sha512-{}", &STANDARD.encode([0; 64]));
        assert!(!Integrity::parse(&wrong).unwrap().fits(b"abc"));
        for text in ["", "sha512", "sha512-", "sha512-AAAA", "md5-abc", "sha1-*"] {
            assert_eq!(
                Integrity::parse(text).unwrap_err().kind(),
                ErrorKind::Invalid,
                "{text}"
            );
        }
    }
}
