//! The checksum over all values of a file: SHA-512 over their bytes one after the other, with nothing between them.

use sha2::{Digest, Sha512};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use crate::{cipher::plain_bytes, value::Value};

/// What a checksum begins with that covers encrypted values only: the SHA-256 of "sops".
const ONLY_ENCRYPTED: [u8; 32] = [
    0x8a, 0x3f, 0xd2, 0xad, 0x54, 0xce, 0x66, 0x52, 0x7b, 0x10, 0x34, 0xf3, 0xd1, 0x47, 0xbe, 0x0b, 0x0b, 0x97, 0x5b,
    0x3b, 0xf4, 0x4f, 0x72, 0xc6, 0xfd, 0xad, 0xec, 0x81, 0x76, 0xf2, 0x7d, 0x69,
];

/// The checksum while the values go by in the order of the document.
pub(crate) struct Mac {
    hash: Sha512,
    only_encrypted: bool,
}

impl Mac {
    /// A checksum over everything, or over what is encrypted.
    pub(crate) fn new(only_encrypted: bool) -> Self {
        let mut hash = Sha512::new();
        if only_encrypted {
            hash.update(ONLY_ENCRYPTED);
        }
        Self { hash, only_encrypted }
    }

    /// Takes in the next leaf.
    pub(crate) fn add(&mut self, leaf: &Value, encrypted: bool) {
        if let Some(bytes) = plain_bytes(leaf).filter(|_| encrypted || !self.only_encrypted) {
            self.hash.update(&*bytes);
        }
    }

    /// The checksum in the spelling of sops.
    pub(crate) fn finish(self) -> Zeroizing<String> {
        let mut text = Zeroizing::new(String::with_capacity(128));
        for byte in self.hash.finalize() {
            for digit in [byte >> 4, byte & 15] {
                text.push(char::from_digit(digit.into(), 16).unwrap_or('0').to_ascii_uppercase());
            }
        }
        text
    }

    /// Whether it is the expected one; the time that takes says nothing of where they differ.
    pub(crate) fn is(self, expected: &str) -> bool {
        self.finish().as_bytes().ct_eq(expected.as_bytes()).into()
    }
}
