use k8s_openapi::api::core::v1::Secret;

use super::{Rescue, RescueError};
use crate::SecretData;

impl Rescue {
    /// Any Secret that the credential may read; `None` if it does not exist.
    pub async fn read_secret(&self, namespace: &str, name: &str) -> Result<Option<SecretData>, RescueError> {
        let path = format!("/api/v1/namespaces/{namespace}/secrets/{name}");
        match self.get::<Secret>(&format!("reading Secret {namespace}/{name}"), &path).await {
            Ok(secret) => Ok(Some(SecretData::new(secret))),
            Err(error) if error.is_missing() => Ok(None),
            Err(error) => Err(error),
        }
    }
}
