//! Keys and signatures of an issuer.

use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Context;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit, Mac};
use rcgen::{KeyPair, PKCS_RSA_SHA256, SigningKey};
use rsa::{
    RsaPrivateKey,
    pkcs8::{EncodePrivateKey, EncodePublicKey, LineEnding},
    rand_core::OsRng,
    traits::PublicKeyParts,
};
use serde_json::{Value, json};
use sha2::Sha256;

/// An RSA key: what every provider signs with unless told otherwise.
pub(super) struct Key {
    pair: KeyPair,
    public: String,
    modulus: String,
    exponent: String,
}

/// Made once in a process and shared: making one takes a moment.
static MADE: Mutex<Vec<Arc<Key>>> = Mutex::new(Vec::new());

impl Key {
    /// The key of this number.
    pub(super) fn number(number: usize) -> anyhow::Result<Arc<Self>> {
        let mut made = MADE.lock().unwrap_or_else(PoisonError::into_inner);
        while made.len() <= number {
            made.push(Arc::new(Self::make()?));
        }
        Ok(Arc::clone(&made[number]))
    }

    fn make() -> anyhow::Result<Self> {
        let key = RsaPrivateKey::new(&mut OsRng, 2048)?;
        let text = key.to_pkcs8_pem(LineEnding::LF).context("cannot write an RSA key")?;
        Ok(Self {
            pair: KeyPair::from_pkcs8_pem_and_sign_algo(&text, &PKCS_RSA_SHA256)?,
            public: key.to_public_key().to_public_key_pem(LineEnding::LF).context("cannot write an RSA key")?,
            modulus: URL_SAFE_NO_PAD.encode(key.n().to_bytes_be()),
            exponent: URL_SAFE_NO_PAD.encode(key.e().to_bytes_be()),
        })
    }

    /// As it is published under a name.
    pub(super) fn published(&self, name: &str) -> Value {
        json!({"kty": "RSA", "use": "sig", "alg": "RS256", "kid": name, "n": self.modulus, "e": self.exponent})
    }

    /// A token with its signature.
    pub(super) fn sign(&self, name: &str, claims: &Value) -> anyhow::Result<String> {
        let body = body(&json!({"alg": "RS256", "typ": "JWT", "kid": name}), claims);
        let signature = self.pair.sign(body.as_bytes())?;
        Ok(format!("{body}.{}", URL_SAFE_NO_PAD.encode(signature)))
    }

    /// A token that whoever knows the public key can make.
    pub(super) fn sign_as_secret(&self, name: &str, claims: &Value) -> anyhow::Result<String> {
        let body = body(&json!({"alg": "HS256", "typ": "JWT", "kid": name}), claims);
        let mut mac = Hmac::<Sha256>::new_from_slice(self.public.as_bytes()).context("HMAC takes any key")?;
        mac.update(body.as_bytes());
        Ok(format!("{body}.{}", URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes())))
    }
}

/// A token that nobody has signed.
pub(super) fn unsigned(claims: &Value) -> String {
    format!("{}.", body(&json!({"alg": "none", "typ": "JWT"}), claims))
}

fn body(header: &Value, claims: &Value) -> String {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    format!("{}.{}", part(header), part(claims))
}
