use hmac::{Hmac, KeyInit, Mac};
use secrecy::ExposeSecret;
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use subtle::ConstantTimeEq;

use crate::{KeyRing, StoredCredential};

/// What a session remembers of the Secret that opened it: a MAC of its uid, user name and hash. Another Secret, or
/// another password, has another one.
#[derive(Clone, Serialize, Deserialize)]
pub struct Fingerprint([u8; 32]);

impl Fingerprint {
    /// The fingerprint that a session opened at this moment gets.
    pub(crate) fn of(credential: &StoredCredential, keys: &KeyRing) -> Self {
        Self::under(keys.current().signing(), credential)
    }

    /// The fingerprints under all keys: a session opened before the keys were rotated has one under an older key.
    pub(crate) fn all(credential: &StoredCredential, keys: &KeyRing) -> Vec<Self> {
        keys.current().all_signing().map(|key| Self::under(key, credential)).collect()
    }

    fn under(key: &[u8], credential: &StoredCredential) -> Self {
        #[expect(clippy::expect_used, reason = "HMAC takes keys of any length (RFC 2104)")]
        let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("a key");
        let empty: &[u8] = &[];
        let username = credential.username.as_ref().map_or(empty, |name| name.expose_secret());
        let password = credential.password.as_ref().map_or(empty, |hash| hash.expose_secret());
        for part in [b"emergency user", credential.uid.as_bytes(), username, password] {
            mac.update(&(part.len() as u64).to_be_bytes());
            mac.update(part);
        }
        Self(mac.finalize().into_bytes().into())
    }
}

impl PartialEq for Fingerprint {
    fn eq(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

impl std::fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Fingerprint(…)")
    }
}
