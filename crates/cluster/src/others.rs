//! Objects of kinds that are not in the table: read when somebody looks, in their name, and kept nowhere.

use std::sync::Arc;

use fanlight_model::{Identity, OtherKind, OtherObject, OtherObjects};
use futures_util::{StreamExt, stream};
use http::StatusCode;
use serde::Deserialize;
use serde_json::Value;

use crate::{ApiServer, ReadError, api_server::As, object::is_name};

#[derive(Deserialize)]
struct List {
    metadata: Meta,
    items: Vec<Value>,
}

#[derive(Deserialize)]
struct Meta {
    #[serde(rename = "continue", default)]
    next: String,
}

impl ApiServer {
    /// How many objects of an unknown kind are read at most.
    const OTHERS: usize = 250;
    /// How many namespaces are looked into at most, where somebody may not look into all at once.
    const OTHER_NAMESPACES: usize = 100;

    /// The objects of a kind in the whole cluster.
    pub async fn others(&self, who: &Identity, kind: &OtherKind) -> Result<OtherObjects, ReadError> {
        self.others_in(who, kind, "").await
    }

    /// The objects of a kind in those of the namespaces in which the person may list them; an error only where not one
    /// of them can be read.
    pub async fn others_among(
        &self,
        who: &Identity,
        kind: &OtherKind,
        namespaces: &[Arc<str>],
    ) -> Result<OtherObjects, ReadError> {
        const AT_ONCE: usize = 8;
        let looked_into: Vec<_> = namespaces.iter().take(Self::OTHER_NAMESPACES).cloned().collect();
        let reads = looked_into.into_iter().map(async |namespace| self.others_in(who, kind, &namespace).await);
        let mut reads = stream::iter(reads).buffered(AT_ONCE);
        let mut found = OtherObjects { more: namespaces.len() > Self::OTHER_NAMESPACES, ..OtherObjects::default() };
        let (mut failure, mut any) = (None, false);
        while let Some(read) = reads.next().await {
            match read {
                Ok(objects) if found.objects.len() < Self::OTHERS => {
                    any = true;
                    found.more |= objects.more;
                    found.objects.extend(objects.objects);
                }
                Ok(objects) => found.more |= !objects.objects.is_empty(),
                Err(error) if error.code() == Some(StatusCode::FORBIDDEN) => failure = failure.or(Some(error)),
                Err(error) => return Err(error),
            }
        }
        match failure {
            Some(error) if !any => Err(error),
            _ => Ok(found),
        }
    }

    async fn others_in(&self, who: &Identity, kind: &OtherKind, namespace: &str) -> Result<OtherObjects, ReadError> {
        let what = format!("{} in {}", kind.id(), if namespace.is_empty() { "the cluster" } else { namespace });
        if !(namespace.is_empty() || is_name(namespace)) {
            return Err(ReadError::Misnamed { what });
        }
        let path = format!("{}?limit={}", kind.path(namespace), Self::OTHERS);
        let list: List = self.get(As::Person(who), &what, &path).await?;
        let mut objects: Vec<_> = list.items.iter().map(OtherObject::read).collect();
        objects.sort_by(|a, b| (&a.namespace, &a.name).cmp(&(&b.namespace, &b.name)));
        Ok(OtherObjects { objects, more: !list.metadata.next.is_empty() })
    }

    /// One whole object.
    pub async fn other_object(
        &self,
        who: &Identity,
        kind: &OtherKind,
        namespace: &str,
        name: &str,
    ) -> Result<Value, ReadError> {
        let what = format!("{}/{namespace}/{name}", kind.name);
        // Names come from people: one with a slash would be another path.
        let place = if kind.namespaced { is_name(namespace) } else { namespace.is_empty() };
        if !place || !is_name(name) {
            return Err(ReadError::Misnamed { what });
        }
        self.get(As::Person(who), &what, &format!("{}/{name}", kind.path(namespace))).await
    }
}
