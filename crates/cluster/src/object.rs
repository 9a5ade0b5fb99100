//! Single objects, in the person's name: read, and changed if they may be.

use bytes::Bytes;
use fanlight_model::{Answer, Deed, Identity, ObjectKey, Scope, Version};
use http::StatusCode;
use serde_json::Value;

use crate::{
    ApiServer, ReadError,
    api_server::{As, Errand, Order, decode},
};

impl ApiServer {
    /// The name under which Kubernetes notes who owns a changed field.
    ///
    /// Not `kubectl…`: kustomize-controller undoes what such managers change in objects that it applies.
    pub(crate) const FIELD_MANAGER: &str = "fanlight";

    /// One whole object, read in the person's name.
    pub async fn object(&self, who: &Identity, key: &ObjectKey) -> Result<Value, ReadError> {
        self.get(As::Person(who), &key.to_string(), &self.path(key)?).await
    }

    /// The same as it was at this version, or later.
    ///
    /// That the API server has in memory: a large object, which it else would have to decode, costs it a tenth of the work.
    /// One that has not heard of the version is asked for the object as it is now.
    pub async fn object_since(&self, who: &Identity, key: &ObjectKey, version: Version) -> Result<Value, ReadError> {
        if version == 0 {
            // To the API server this is any version, however old.
            return self.object(who, key).await;
        }
        let path = format!("{}?resourceVersion={version}", self.path(key)?);
        match self.get(As::Person(who), &key.to_string(), &path).await {
            Err(error) if error.code() == Some(StatusCode::GATEWAY_TIMEOUT) => self.object(who, key).await,
            read => read,
        }
    }

    /// Whether the person may change this object (`SelfSubjectAccessReview` for `patch`, with the object's name).
    pub async fn may_change(&self, who: &Identity, key: &ObjectKey) -> Answer {
        let info = key.kind.info();
        let deed = Deed {
            verb: "patch".to_owned(),
            group: info.group.to_owned(),
            resource: info.plural.to_owned(),
            namespace: key.namespace.to_string(),
            name: key.name.to_string(),
            ..Deed::default()
        };
        self.verdict(who, &deed).await.answer
    }

    /// Changes an object by a JSON merge patch (RFC 7396) in the person's name; returns it as it is then.
    pub(crate) async fn patch(&self, who: &Identity, key: &ObjectKey, patch: &Value) -> Result<Value, ReadError> {
        let what = key.to_string();
        let uri = format!("{}?fieldManager={}", self.path(key)?, Self::FIELD_MANAGER);
        let body = Bytes::from(patch.to_string());
        let answered =
            self.run(&Errand { order: Order::Patch(body), ..Errand::read(As::Person(who), &what, &uri) }).await?;
        decode(&what, &answered.body)
    }

    /// Fails unless an API server says that it is ready.
    pub(crate) async fn ready(&self) -> Result<(), ReadError> {
        self.run(&Errand::read(As::Itself, "/readyz", "/readyz")).await.map(drop)
    }

    fn path(&self, key: &ObjectKey) -> Result<String, ReadError> {
        let served = self.served(key.kind).ok_or_else(|| ReadError::NotServed { what: key.to_string() })?;
        // Names come from people: one with a slash would be another path.
        if !is_name(&key.name) || !(key.namespace.is_empty() || is_name(&key.namespace)) {
            return Err(ReadError::Misnamed { what: key.to_string() });
        }
        let scope = match &*key.namespace {
            "" => Scope::Cluster,
            _ => Scope::Namespace(key.namespace.clone()),
        };
        Ok(format!("{}/{}", served.path(&scope), key.name))
    }
}

/// Whether the text has only what names of custom resources have (RFC 1123 subdomains), and so is one segment of a path.
pub(crate) fn is_name(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_alphanumeric())
        && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'.'))
}

#[cfg(test)]
mod tests {
    use super::is_name;

    #[test]
    fn only_what_can_be_one_segment_of_a_path_is_a_name() {
        assert!(["shop", "shop.v2-1", "7"].into_iter().all(is_name));
        assert!(!["", ".", "..", "a/b", "a%2fb", "a?b", "a b", "Shop", "ä", "-a"].into_iter().any(is_name));
    }
}
