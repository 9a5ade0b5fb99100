use bytes::Bytes;
use http::StatusCode;
use http_body_util::BodyExt;
use serde_json::{Map, Value};
use tokio::time::timeout;

use crate::{
    ApiServer, ReadError,
    api_server::{As, Errand, Order, decode},
    error::chain,
    watch::{SILENCE, watch_time},
};

/// One `ConfigMap` of the server's own namespace, as it was read.
#[derive(Debug, Clone, PartialEq)]
pub struct ConfigMapData(Value);

impl ConfigMapData {
    /// `metadata.uid`: one that was deleted and made again is another one.
    pub fn uid(&self) -> &str {
        self.meta("uid")
    }

    /// `metadata.resourceVersion`.
    pub fn version(&self) -> &str {
        self.meta("resourceVersion")
    }

    /// The text under a key; empty if there is none.
    pub fn text(&self, key: &str) -> &str {
        self.0["data"][key].as_str().unwrap_or_default()
    }

    /// The same with this text under a key.
    #[must_use]
    pub fn with_text(mut self, key: &str, text: String) -> Self {
        if !self.0["data"].is_object() {
            self.0["data"] = Value::Object(Map::new());
        }
        self.0["data"][key] = Value::String(text);
        self
    }

    fn meta(&self, key: &str) -> &str {
        self.0["metadata"][key].as_str().unwrap_or_default()
    }
}

impl ApiServer {
    /// A `ConfigMap` of the server's own namespace, read as the server itself; `None` if it does not exist.
    pub async fn config_map(&self, name: &str) -> Result<Option<ConfigMapData>, ReadError> {
        let (what, path) = self.config_map_place(name);
        match self.run_beyond_doubt(&Errand::read(As::Itself, &what, &path)).await {
            Ok(answered) => match decode::<Value>(&what, &answered.body)? {
                object if object["metadata"].is_object() => Ok(Some(ConfigMapData(object))),
                _ => Err(ReadError::Nonsense { what, why: "it has no metadata".to_owned() }),
            },
            Err(ReadError::Refused { code, .. }) if code == StatusCode::NOT_FOUND => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Writes a `ConfigMap` as the server itself; `false` if it is no longer the one that was read.
    pub async fn replace_config_map(&self, name: &str, object: &ConfigMapData) -> Result<bool, ReadError> {
        let (what, path) = self.config_map_place(name);
        let order = Order::Replace(Bytes::from(object.0.to_string()));
        match self.run_beyond_doubt(&Errand { order, ..Errand::read(As::Itself, &what, &path) }).await {
            Ok(_) => Ok(true),
            Err(ReadError::Refused { code, .. }) if code == StatusCode::CONFLICT || code == StatusCode::NOT_FOUND => {
                Ok(false)
            }
            Err(error) => Err(error),
        }
    }

    /// Ends when a `ConfigMap` may be another one than that of this version; within some minutes in any case.
    pub async fn config_map_changed(&self, name: &str, version: &str) -> Result<(), ReadError> {
        let (what, _) = self.config_map_place(name);
        let path = format!(
            "/api/v1/namespaces/{}/configmaps?watch=true&fieldSelector=metadata.name%3D{name}\
             &resourceVersion={version}&timeoutSeconds={}",
            self.namespace(),
            watch_time()
        );
        let mut body = self.stream(As::Itself, &what, &path).await?.into_body();
        loop {
            let frame = match timeout(SILENCE, body.frame()).await {
                // Nothing is said where nothing happens.
                Err(_) | Ok(None) => return Ok(()),
                Ok(Some(Err(error))) => return Err(ReadError::Unreachable { what, why: chain(&error) }),
                Ok(Some(Ok(frame))) => frame,
            };
            // Whichever event it is: an error is answered by looking, too.
            if frame.data_ref().is_some_and(|bytes| !bytes.is_empty()) {
                return Ok(());
            }
        }
    }

    fn config_map_place(&self, name: &str) -> (String, String) {
        let namespace = self.namespace();
        (format!("ConfigMap {namespace}/{name}"), format!("/api/v1/namespaces/{namespace}/configmaps/{name}"))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_text_is_put_in_beside_what_is_there() {
        let empty = ConfigMapData(json!({"metadata": {"uid": "1", "resourceVersion": "7", "labels": {"a": "b"}}}));
        assert_eq!((empty.uid(), empty.version(), empty.text("ended")), ("1", "7", ""));
        let full = empty.with_text("other", "x".to_owned()).with_text("ended", "y".to_owned());
        assert_eq!((full.text("other"), full.text("ended"), full.version()), ("x", "y", "7"));
        assert_eq!(full.0["metadata"]["labels"]["a"], "b");
    }
}
