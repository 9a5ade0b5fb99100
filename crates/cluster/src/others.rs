//! Objects of kinds that are not in the table: read when somebody looks, in their name, and kept nowhere.

use std::{collections::BTreeSet, sync::Arc};

use fanlight_model::{Identity, OtherKind, OtherObject, OtherObjects};
use futures_util::{StreamExt, stream};
use http::StatusCode;
use serde::Deserialize;
use serde_json::Value;

use crate::{ApiServer, ReadError, api_server::As, evidence::segment, object::is_name};

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

/// What was found namespace by namespace so far.
#[derive(Default)]
struct Gathered {
    found: OtherObjects,
    /// How many namespaces have answered, in whichever way.
    answers: usize,
    refused: BTreeSet<Arc<str>>,
    refusal: Option<ReadError>,
}

impl Gathered {
    fn take(&mut self, namespace: Arc<str>, read: Result<OtherObjects, ReadError>) -> Result<(), ReadError> {
        match read {
            Ok(objects) => {
                self.found.more |= objects.more;
                self.found.objects.extend(objects.objects);
            }
            Err(error) if error.code() == Some(StatusCode::FORBIDDEN) => {
                self.refused.insert(namespace);
                self.refusal.get_or_insert(error);
            }
            Err(error) => return Err(error),
        }
        self.answers += 1;
        Ok(())
    }

    /// All of it, of these namespaces.
    fn of(self, namespaces: &[Arc<str>]) -> Result<OtherObjects, ReadError> {
        let Self { mut found, answers, refused, refusal } = self;
        match refusal {
            Some(error) if refused.len() == answers => Err(error),
            _ => {
                found.more |= answers < namespaces.len();
                found.namespaces =
                    namespaces.iter().filter(|namespace| !refused.contains(*namespace)).cloned().collect();
                Ok(found)
            }
        }
    }
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

    /// The objects of a kind in those of the namespaces in which the person may list them, until there are enough; an error
    /// only where not one of them can be read.
    pub async fn others_among(
        &self,
        who: &Identity,
        kind: &OtherKind,
        namespaces: &[Arc<str>],
    ) -> Result<OtherObjects, ReadError> {
        const AT_ONCE: usize = 8;
        let looked_into: Vec<_> = namespaces.iter().take(Self::OTHER_NAMESPACES).cloned().collect();
        let reads = looked_into.into_iter().map(async |namespace| {
            let read = self.others_in(who, kind, &namespace).await;
            (namespace, read)
        });
        let mut reads = stream::iter(reads).buffered(AT_ONCE);
        let mut gathered = Gathered::default();
        while gathered.found.objects.len() < Self::OTHERS
            && let Some((namespace, read)) = reads.next().await
        {
            gathered.take(namespace, read)?;
        }
        gathered.of(namespaces)
    }

    async fn others_in(&self, who: &Identity, kind: &OtherKind, namespace: &str) -> Result<OtherObjects, ReadError> {
        let what = format!("{} in {}", kind.id(), if namespace.is_empty() { "the cluster" } else { namespace });
        if !(namespace.is_empty() || is_name(namespace)) {
            return Err(ReadError::Misnamed { what });
        }
        let path = format!("{}?limit={}", kind.path(namespace), Self::OTHERS);
        let list: List = self.get(As::Person(who), &what, &path).await?;
        let mut objects: Vec<_> =
            list.items.iter().map(|object| OtherObject::read(&kind.group, &kind.name, object)).collect();
        objects.sort_by(|a, b| (&a.namespace, &a.name).cmp(&(&b.namespace, &b.name)));
        Ok(OtherObjects { objects, more: !list.metadata.next.is_empty(), ..OtherObjects::default() })
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
        if !place || segment(name).is_err() {
            return Err(ReadError::Misnamed { what });
        }
        self.get(As::Person(who), &what, &format!("{}/{name}", kind.path(namespace))).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(code: StatusCode) -> ReadError {
        ReadError::Refused { what: "gizmos".to_owned(), code, message: "no".to_owned(), retry_after: None }
    }

    #[test]
    fn where_listing_was_refused_nobody_need_ask_again_and_what_was_not_looked_into_counts_as_more() {
        let all: Vec<Arc<str>> = ["apps", "data", "edge"].map(Arc::from).into();
        let mut gathered = Gathered::default();
        gathered.take(Arc::clone(&all[0]), Err(refused(StatusCode::FORBIDDEN))).expect("it goes on");
        gathered.take(Arc::clone(&all[1]), Ok(OtherObjects::default())).expect("it goes on");
        let found = gathered.of(&all).expect("one answered");
        assert_eq!((&found.namespaces[..], found.more), (&all[1..], true));

        let mut gathered = Gathered::default();
        for namespace in &all {
            gathered.take(Arc::clone(namespace), Err(refused(StatusCode::FORBIDDEN))).expect("it goes on");
        }
        assert_eq!(gathered.of(&all).map_err(|error| error.code()), Err(Some(StatusCode::FORBIDDEN)));
        let busy = Gathered::default().take(Arc::clone(&all[0]), Err(refused(StatusCode::TOO_MANY_REQUESTS)));
        assert!(busy.is_err(), "what is no refusal is not passed over");
    }
}
