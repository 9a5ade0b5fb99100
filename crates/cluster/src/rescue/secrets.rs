//! Secrets as they come over the wire: only the fields that matter here, and values in memory that is wiped.

use std::collections::BTreeMap;

use base64::{Engine, engine::general_purpose::STANDARD};
use jiff::Timestamp;
use rand::RngExt;
use secrecy::SecretString;
use serde::{Deserialize, Deserializer, de};
use serde_json::{Value, json};
use zeroize::Zeroizing;

use super::{NAMESPACE, Rescue, RescueError, Trouble, objects::FIELD_MANAGER};

#[derive(Deserialize)]
pub(super) struct WireSecret {
    pub(super) metadata: WireMetadata,
    #[serde(default, rename = "type")]
    pub(super) kind: String,
    #[serde(default)]
    pub(super) data: WireData,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct WireMetadata {
    pub(super) name: String,
    #[serde(default)]
    pub(super) uid: String,
    #[serde(default)]
    pub(super) resource_version: String,
    pub(super) creation_timestamp: Option<Timestamp>,
    #[serde(default)]
    pub(super) labels: BTreeMap<String, String>,
    #[serde(default)]
    pub(super) annotations: BTreeMap<String, String>,
}

#[derive(Default, Deserialize)]
pub(super) struct WireData {
    #[serde(default, deserialize_with = "decoded")]
    pub(super) token: Option<SecretString>,
    #[serde(default, rename = "ca.crt", deserialize_with = "decoded")]
    pub(super) ca: Option<SecretString>,
}

#[derive(Deserialize)]
pub(super) struct WireSecrets {
    pub(super) items: Vec<WireSecret>,
}

/// The annotation by which a creation is recognized again whose answer got lost.
const ATTEMPT: &str = "fanlight.dev/attempt";

impl Rescue {
    /// Creates a Secret. If the answer gets lost and the second try finds it there, it is the one that was created.
    pub(super) async fn create_secret(&self, mut object: Value, dry_run: bool) -> Result<WireSecret, RescueError> {
        let name = object["metadata"]["name"].as_str().unwrap_or_default().to_owned();
        let attempt = format!("{:016x}", rand::rng().random::<u64>());
        object["metadata"]["annotations"][ATTEMPT] = json!(attempt);
        let doing = format!("creating Secret {NAMESPACE}/{name}");
        let dry = if dry_run { "&dryRun=All" } else { "" };
        let path = format!("/api/v1/namespaces/{NAMESPACE}/secrets?fieldManager={FIELD_MANAGER}{dry}");
        let conflict = match self.post(&doing, &path, &object).await {
            Err(error) if matches!(error.trouble, Trouble::Conflict(_)) => error,
            outcome => return outcome,
        };
        match self.get::<WireSecret>(&format!("reading Secret {NAMESPACE}/{name}"), &path_of(&name)).await {
            Ok(there) if there.metadata.annotations.get(ATTEMPT) == Some(&attempt) => Ok(there),
            _ => Err(conflict),
        }
    }

    /// Deletes a Secret if it is still this one, and this version of it where one is given.
    pub(super) async fn delete_secret(&self, name: &str, uid: &str, version: Option<&str>) -> Result<(), RescueError> {
        let mut conditions = json!({"uid": uid});
        if let Some(version) = version {
            conditions["resourceVersion"] = json!(version);
        }
        let options = json!({"apiVersion": "v1", "kind": "DeleteOptions", "preconditions": conditions});
        self.delete(&format!("deleting Secret {NAMESPACE}/{name}"), &path_of(name), &options).await
    }
}

pub(super) fn path_of(name: &str) -> String {
    format!("/api/v1/namespaces/{NAMESPACE}/secrets/{name}")
}

/// Base64 of text. Errors do not quote it.
fn decoded<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<SecretString>, D::Error> {
    let Some(encoded) = Option::<String>::deserialize(deserializer)?.map(Zeroizing::new) else { return Ok(None) };
    // As long as it can get, so that it never moves and leaves a copy behind.
    let mut bytes = Zeroizing::new(Vec::with_capacity(encoded.len()));
    STANDARD.decode_vec(encoded.as_bytes(), &mut bytes).map_err(|_| de::Error::custom("a value is not base64"))?;
    let text = std::str::from_utf8(&bytes).map_err(|_| de::Error::custom("a value is not text"))?;
    Ok(Some(SecretString::from(text)).filter(|_| !text.is_empty()))
}
