use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::Secret;
use secrecy::SecretSlice;

/// One Secret: its values cannot be printed and are wiped from memory when dropped.
#[derive(Debug)]
pub struct SecretData {
    /// `metadata.uid`: a Secret that was deleted and made again is another one.
    pub uid: String,
    /// `data`, decoded.
    pub data: BTreeMap<String, SecretSlice<u8>>,
}

impl SecretData {
    pub(crate) fn new(secret: Secret) -> Self {
        let data = secret.data.unwrap_or_default();
        Self {
            uid: secret.metadata.uid.unwrap_or_default(),
            data: data.into_iter().map(|(key, value)| (key, SecretSlice::from(value.0))).collect(),
        }
    }
}
