//! bcrypt, as Go's `golang.org/x/crypto/bcrypt` understands it.

use std::ops::RangeInclusive;

use base64::{
    Engine,
    alphabet::BCRYPT,
    engine::{GeneralPurpose, GeneralPurposeConfig},
};
use zeroize::Zeroizing;

/// The bcrypt costs that are run. Each step doubles the time, and 16 takes some seconds.
pub const COSTS: RangeInclusive<u32> = 4..=16;

/// How much of a password bcrypt looks at, in bytes.
pub const LIMIT: usize = 72;

/// Why a password cannot be hashed.
#[derive(Debug, thiserror::Error)]
pub enum PasswordError {
    /// There is none.
    #[error("the password is empty")]
    Empty,
    /// bcrypt looks at [`LIMIT`] bytes only.
    #[error("the password is longer than {LIMIT} bytes, and bcrypt would ignore the rest")]
    TooLong,
    /// A cost outside [`COSTS`] would make a hash that nobody can sign in with.
    #[error("bcrypt’s cost must be {} to {}, not {cost}", COSTS.start(), COSTS.end())]
    Cost {
        /// What was asked for.
        cost: u32,
    },
    /// The hash could not be made.
    #[error("the password cannot be hashed")]
    Hash(#[source] bcrypt::BcryptError),
}

/// Hashes a password, byte for byte, for the Secret: `$2a$…`.
pub fn hash_password(password: &[u8], cost: u32) -> Result<String, PasswordError> {
    match password.len() {
        0 => return Err(PasswordError::Empty),
        1..=LIMIT => {}
        _ => return Err(PasswordError::TooLong),
    }
    if !COSTS.contains(&cost) {
        return Err(PasswordError::Cost { cost });
    }
    let parts = bcrypt::hash_with_result(password, cost).map_err(PasswordError::Hash)?;
    Ok(parts.format_for_version(bcrypt::Version::TwoA))
}

/// Whether a hash is one that is accepted, and this password's.
pub fn is_hash_of(hash: &str, password: &[u8]) -> bool {
    Hash::parse(hash.as_bytes()).is_some_and(|hash| hash.verify(password))
}

/// A hash that can be verified at a bearable cost.
#[derive(Clone)]
pub(crate) struct Hash(Zeroizing<String>);

impl Hash {
    /// The last character of a salt carries bits that mean nothing; some programs set them, and Go does not mind.
    const LENIENT: GeneralPurpose = GeneralPurpose::new(
        &BCRYPT,
        GeneralPurposeConfig::new()
            .with_decode_allow_trailing_bits(true)
            .with_encode_padding(false)
            .with_decode_padding_mode(base64::engine::DecodePaddingMode::RequireNone),
    );

    /// Accepts the families 2, 2a, 2b, 2x and 2y. One line end after the hash is forgiven, since editors add one.
    ///
    /// The families name mistakes that other programs once made with long or non-ASCII passwords. Go's library computes
    /// them all alike, without the mistakes, so whoever could sign in with such a hash so far can do so here.
    pub(crate) fn parse(text: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(text).ok()?;
        let mut parts = text.strip_suffix('\n').unwrap_or(text).strip_prefix('$')?.splitn(3, '$');
        let (family, cost, rest) = (parts.next()?, parts.next()?, parts.next()?);
        if !matches!(family, "2" | "2a" | "2b" | "2x" | "2y") || cost.len() != 2 || rest.len() != 53 {
            return None;
        }
        let cost = cost.bytes().all(|digit| digit.is_ascii_digit()).then(|| cost.parse().ok())??;
        let (salt, digest) = rest.split_at_checked(22)?;
        let [salt, digest] = [Self::LENIENT.decode(salt).ok()?, Self::LENIENT.decode(digest).ok()?];
        COSTS.contains(&cost).then(|| {
            let [salt, digest] = [Self::LENIENT.encode(salt), Self::LENIENT.encode(digest)];
            Self(Zeroizing::new(format!("$2b${cost:02}${salt}{digest}")))
        })
    }

    /// A hash that takes the usual time and that nothing is ever let in by: for a Secret that has none of use.
    pub(crate) fn stand_in() -> Self {
        // Cost 10, a salt of zeros, a digest of zeros.
        Self(Zeroizing::new(format!("$2b$10${}", ".".repeat(53))))
    }

    /// Whether the password is the one. Looks at its first [`LIMIT`] bytes, as Go's library does. Takes a core for a
    /// while: never on a thread that serves others.
    pub(crate) fn verify(&self, password: &[u8]) -> bool {
        bcrypt::verify(password, &self.0).unwrap_or(false)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_family_is_accepted_and_passwords_are_taken_byte_for_byte() {
        let hash = hash_password(b"secret\n", 4).expect("a hash");
        assert!(hash.starts_with("$2a$04$"), "{hash}");
        for family in ["2", "2a", "2b", "2x", "2y"] {
            let hash = hash.replacen("2a", family, 1);
            let parsed = Hash::parse(hash.as_bytes()).expect("a known family");
            assert!(parsed.verify(b"secret\n") && !parsed.verify(b"secret"), "{family}");
        }
    }

    #[test]
    fn a_hash_that_another_program_made_is_accepted() {
        // From OpenBSD's and jBCrypt's published test vectors; the last has bits set in its salt that mean nothing.
        for (password, hash) in [
            ("a", "$2a$06$m0CrhHm10qJ3lXRY.5zDGO3rS2KdeeWLuGmsfGlMfOxih58VYVfxe"),
            ("U*U", "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW"),
            ("U*U", "$2y$05$CCCCCCCCCCCCCCCCCCCCC/E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW"),
        ] {
            assert!(Hash::parse(hash.as_bytes()).is_some_and(|hash| hash.verify(password.as_bytes())), "{hash}");
        }
    }

    #[test]
    fn hashes_that_are_malformed_or_too_dear_are_refused_before_they_are_run() {
        let hash = hash_password(b"x", 4).expect("a hash");
        for bad in [
            hash.replace("$04$", "$17$"),
            hash.replace("$04$", "$03$"),
            hash.replace("$04$", "$+4$"),
            hash.replace("2a", "3"),
            hash[..59].to_owned(),
            format!("{}!", &hash[..59]),
            format!("{}é", &hash[..58]),
            format!("{hash}\n\n"),
            String::new(),
        ] {
            assert!(Hash::parse(bad.as_bytes()).is_none(), "{bad}");
        }
        assert!(Hash::parse(format!("{hash}\n").as_bytes()).is_some());
    }

    #[test]
    fn the_stand_in_is_run_like_any_hash() {
        assert!(Hash::parse(Hash::stand_in().0.as_bytes()).is_some());
        assert!(bcrypt::verify("", &Hash::stand_in().0).is_ok_and(|right| !right));
    }

    #[test]
    fn what_bcrypt_would_cut_is_not_hashed_but_is_verified_by_its_beginning() {
        let hash = hash_password(&[b'x'; LIMIT], 4).expect("72 bytes are hashed");
        assert!(matches!(hash_password(&[b'x'; LIMIT + 1], 4), Err(PasswordError::TooLong)));
        assert!(matches!(hash_password(b"", 4), Err(PasswordError::Empty)));
        assert!(matches!(hash_password(b"x", 17), Err(PasswordError::Cost { cost: 17 })));
        let hash = Hash::parse(hash.as_bytes()).expect("our own hash");
        assert!(hash.verify(&[b'x'; LIMIT + 1]) && !hash.verify(&[b'x'; LIMIT - 1]));
    }
}
