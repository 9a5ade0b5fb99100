use std::fmt::Write;

use sha2::{Digest, Sha256};

/// The SHA-256 of something, as text: to be compared and shown.
pub(crate) fn fingerprint(of: &[u8]) -> String {
    Sha256::digest(of).iter().fold(String::with_capacity(64), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
