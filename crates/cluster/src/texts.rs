//! The texts in a `ConfigMap`, read in the person's name.

use std::collections::BTreeMap;

use fanlight_model::Identity;
use serde::Deserialize;

use crate::{ApiServer, ReadError, api_server::As, object::is_name};

#[derive(Deserialize)]
struct ConfigMap {
    #[serde(default)]
    data: BTreeMap<String, String>,
}

impl ApiServer {
    /// The texts in a `ConfigMap`.
    pub async fn config_map_texts(
        &self,
        who: &Identity,
        namespace: &str,
        name: &str,
    ) -> Result<BTreeMap<String, String>, ReadError> {
        let what = format!("ConfigMap {namespace}/{name}");
        if !is_name(name) || !is_name(namespace) {
            return Err(ReadError::Misnamed { what });
        }
        let path = format!("/api/v1/namespaces/{namespace}/configmaps/{name}");
        Ok(self.get::<ConfigMap>(As::Person(who), &what, &path).await?.data)
    }
}
