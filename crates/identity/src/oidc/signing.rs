//! Tokens for tests.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use openidconnect::{
    JsonWebKeyId, PrivateSigningKey,
    core::{CoreEdDsaPrivateSigningKey, CoreJsonWebKeySet, CoreJwsSigningAlgorithm},
};
use rcgen::{KeyPair, PKCS_ED25519};
use serde_json::{Value, json};

/// A provider's key.
pub(super) struct Signer {
    key: CoreEdDsaPrivateSigningKey,
    name: String,
}

impl Signer {
    pub(super) fn new(name: &str) -> Self {
        let pem = KeyPair::generate_for(&PKCS_ED25519).expect("a key").serialize_pem();
        let id = JsonWebKeyId::new(name.to_owned());
        let key = CoreEdDsaPrivateSigningKey::from_ed25519_pem(&pem, Some(id)).expect("a key");
        Self { key, name: name.to_owned() }
    }

    /// What the provider publishes of it.
    pub(super) fn published(&self) -> Value {
        serde_json::to_value(self.key.as_verification_key()).expect("JSON")
    }

    pub(super) fn key_set(&self) -> CoreJsonWebKeySet {
        CoreJsonWebKeySet::new(vec![self.key.as_verification_key()])
    }

    pub(super) fn sign(&self, claims: &Value) -> String {
        let message = parts(&json!({"alg": "EdDSA", "typ": "JWT", "kid": self.name}), claims);
        let signature = self.key.sign(&CoreJwsSigningAlgorithm::EdDsa, message.as_bytes()).expect("a signature");
        format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature))
    }
}

/// A token without its signature.
pub(super) fn parts(header: &Value, claims: &Value) -> String {
    let [header, claims] = [header, claims].map(|part| URL_SAFE_NO_PAD.encode(part.to_string()));
    format!("{header}.{claims}")
}
