//! bcrypt, as the predecessor's Go library understands it.

use zeroize::Zeroizing;

/// Why a password cannot be hashed.
#[derive(Debug, thiserror::Error)]
pub enum PasswordError {
    /// There is none.
    #[error("the password is empty")]
    Empty,
    /// bcrypt looks at 72 bytes only.
    #[error("the password is longer than {LIMIT} bytes, and bcrypt would ignore the rest")]
    TooLong,
    /// The hash could not be made.
    #[error("the password cannot be hashed")]
    Hash(#[source] bcrypt::BcryptError),
}

/// How much of a password bcrypt looks at, in bytes.
const LIMIT: usize = 72;

/// Hashes a password, byte for byte, for the Secret: `$2a$…`.
pub fn hash_password(password: &[u8], cost: u32) -> Result<String, PasswordError> {
    match password.len() {
        0 => return Err(PasswordError::Empty),
        1..=LIMIT => {}
        _ => return Err(PasswordError::TooLong),
    }
    let parts = bcrypt::hash_with_result(password, cost).map_err(PasswordError::Hash)?;
    Ok(parts.format_for_version(bcrypt::Version::TwoA))
}

/// A hash that can be verified at a bearable cost.
pub(crate) struct Hash(Zeroizing<String>);

impl Hash {
    /// The highest cost that is run: each step doubles the time, and 16 takes about three seconds.
    const DEAREST: u32 = 16;

    /// Accepts the families 2, 2a, 2b, 2x and 2y. One line end after it is forgiven: editors add one.
    pub(crate) fn parse(text: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(text).ok()?;
        let text = text.strip_suffix('\n').unwrap_or(text);
        let mut parts = text.strip_prefix('$')?.splitn(3, '$');
        let (family, cost, rest) = (parts.next()?, parts.next()?, parts.next()?);
        let known = matches!(family, "2" | "2a" | "2b" | "2x" | "2y");
        let cost: u32 = (cost.len() == 2).then(|| cost.parse().ok())??;
        if !known || !(4..=Self::DEAREST).contains(&cost) || rest.len() != 53 {
            return None;
        }
        // Go's library computes all families alike, so hashes that it accepted so far are accepted here.
        Some(Self(Zeroizing::new(format!("$2b${cost:02}${rest}"))))
    }

    /// Whether the password is the one. Looks at its first 72 bytes, as Go's library does.
    pub(crate) fn verify(&self, password: &[u8]) -> bool {
        bcrypt::verify(&password[..password.len().min(LIMIT)], &self.0).unwrap_or(false)
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
    fn hashes_that_are_malformed_or_too_dear_are_refused_before_they_are_run() {
        let hash = hash_password(b"x", 4).expect("a hash");
        for bad in [
            hash.replace("$04$", "$17$"),
            hash.replace("$04$", "$03$"),
            hash.replace("2a", "3"),
            hash[..59].to_owned(),
            String::new(),
        ] {
            assert!(Hash::parse(bad.as_bytes()).is_none(), "{bad}");
        }
        assert!(Hash::parse(format!("{hash}\n").as_bytes()).is_some());
    }

    #[test]
    fn a_password_that_bcrypt_would_cut_is_not_hashed() {
        assert!(hash_password(&[b'x'; 72], 4).is_ok());
        assert!(matches!(hash_password(&[b'x'; 73], 4), Err(PasswordError::TooLong)));
        assert!(matches!(hash_password(b"", 4), Err(PasswordError::Empty)));
    }
}
