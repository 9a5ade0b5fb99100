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
    pub(crate) fn of(credential: &StoredCredential, keys: &KeyRing) -> Self {
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(keys.signing()) else { return Self([0; 32]) };
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
