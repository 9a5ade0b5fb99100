use base64::{Engine, engine::general_purpose::STANDARD};
use cookie::Key;
use rand::Rng;
use zeroize::Zeroizing;

/// The keys that seal sessions: the first seals, all open, so a key is rotated by putting a new one before it. Replicas
/// share them by mounting the same file.
pub struct KeyRing {
    seals: Key,
    older: Vec<Key>,
}

/// Why a key file was not accepted. Never says anything of its content.
#[derive(Debug, thiserror::Error)]
pub enum KeyRingError {
    /// A line is not base64 of at least 32 bytes.
    #[error("line {0} of the session key file is not base64 of at least 32 bytes")]
    Line(usize),
    /// There is no key at all.
    #[error("the session key file has no key")]
    Empty,
}

impl KeyRing {
    const LEAST: usize = 32;

    /// A ring with one new key, good for as long as the process lives.
    pub fn random() -> Self {
        let mut key = Zeroizing::new([0; 64]);
        rand::rng().fill_bytes(&mut *key);
        Self { seals: Key::derive_from(&*key), older: Vec::new() }
    }

    /// Reads one base64 key a line; the first seals.
    pub fn from_text(text: &str) -> Result<Self, KeyRingError> {
        let mut keys = Vec::new();
        for (line, number) in text.lines().map(str::trim).zip(1..).filter(|(line, _)| !line.is_empty()) {
            let key = Zeroizing::new(STANDARD.decode(line).map_err(|_| KeyRingError::Line(number))?);
            if key.len() < Self::LEAST {
                return Err(KeyRingError::Line(number));
            }
            keys.push(Key::derive_from(&key));
        }
        let mut keys = keys.into_iter();
        let seals = keys.next().ok_or(KeyRingError::Empty)?;
        Ok(Self { seals, older: keys.collect() })
    }

    /// The key that seals.
    pub(crate) fn seals(&self) -> &Key {
        &self.seals
    }

    /// The keys that open: all of them, the one that seals first.
    pub(crate) fn opens(&self) -> impl Iterator<Item = &Key> {
        std::iter::once(&self.seals).chain(&self.older)
    }

    /// A key for message authentication that all replicas derive alike.
    pub(crate) fn signing(&self) -> &[u8] {
        self.seals.signing()
    }

    /// The keys under which messages may have been authenticated.
    pub(crate) fn all_signing(&self) -> impl Iterator<Item = &[u8]> {
        self.opens().map(Key::signing)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bad_key_file_is_refused_by_its_line_and_never_quoted() {
        let good = STANDARD.encode([7; 32]);
        assert!(KeyRing::from_text(&format!("{good}\n\n{good}\n")).is_ok_and(|ring| ring.opens().count() == 2));
        let error = KeyRing::from_text(&format!("{good}\nc2VjcmV0\n")).err().expect("a short key");
        assert!(matches!(error, KeyRingError::Line(2)) && !error.to_string().contains("c2VjcmV0"));
        assert!(matches!(KeyRing::from_text("\n"), Err(KeyRingError::Empty)));
    }
}
