//! Workloads that Flux applies, and what they make: read when somebody looks, in their name, and kept nowhere.

mod family;
mod happened;

use std::collections::BTreeSet;

use fanlight_model::{Identity, Listed, Workload, WorkloadKey, WorkloadPlace, Workloads};
use futures_util::{StreamExt, stream};
use http::StatusCode;
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use crate::{
    ApiServer, ReadError,
    api_server::As,
    evidence::{encoded, root},
    object::is_name,
    pages,
};

type Page = pages::Page<Pared>;

/// An object without what may be long and is not shown.
struct Pared(Value);

impl<'de> Deserialize<'de> for Pared {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Value::deserialize(deserializer).map(|object| Self(pared(object)))
    }
}

fn pared(mut object: Value) -> Value {
    if let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut) {
        metadata.remove("managedFields");
        metadata.remove("annotations");
    }
    for template in ["/spec", "/spec/template/spec", "/spec/jobTemplate/spec/template/spec"] {
        for list in ["initContainers", "containers"] {
            let containers = object.pointer_mut(&format!("{template}/{list}")).and_then(Value::as_array_mut);
            for container in containers.into_iter().flatten().filter_map(Value::as_object_mut) {
                for field in ["env", "envFrom", "command", "args", "volumeMounts"] {
                    container.remove(field);
                }
            }
        }
        if let Some(pods) = object.pointer_mut(template).and_then(Value::as_object_mut) {
            pods.remove("volumes");
        }
    }
    object
}

impl ApiServer {
    /// How many workloads of a kind are read in one place at most, of each tool of Flux.
    const WORKLOADS: usize = 1000;
    /// How many objects a page of a list has.
    const LIST_PAGE: usize = 250;

    /// The workloads that Flux applies in these places. Where they may not be listed is told; an error is whatever else
    /// goes wrong.
    pub async fn workloads(&self, who: &Identity, places: &[WorkloadPlace]) -> Result<Workloads, ReadError> {
        const AT_ONCE: usize = 8;
        let places: BTreeSet<_> = places.iter().cloned().collect();
        let reads = places.into_iter().map(async |place| {
            let read = self.workloads_in(who, &place).await;
            (place, read)
        });
        let mut reads = stream::iter(reads).buffered(AT_ONCE);
        let mut found = Workloads::default();
        while let Some((place, read)) = reads.next().await {
            match read {
                Ok(workloads) => found.add(workloads),
                Err(error) if error.code() == Some(StatusCode::FORBIDDEN) => {
                    found.refused.insert(place, error.reason());
                }
                Err(error) => return Err(error),
            }
        }
        Ok(found)
    }

    async fn workloads_in(&self, who: &Identity, place: &WorkloadPlace) -> Result<Workloads, ReadError> {
        let kind = place.kind;
        let namespace = place.namespace.as_deref();
        let what = format!("{} in {}", kind.plural(), namespace.unwrap_or("the cluster"));
        let folder = folder(kind.group(), kind.plural(), namespace)?;
        let mut found = Workloads::default();
        for selector in Workload::selectors(kind, |applier| self.served(applier).is_some()) {
            let read = |object: &Value| Workload::read(kind, object);
            let listed = self.listed(who, &what, &folder, &selector, Self::WORKLOADS, read).await?;
            found.more |= listed.more;
            found.rows.extend(listed.items.into_iter().map(|row| (row.key.clone(), row)));
        }
        Ok(found)
    }

    /// One whole workload.
    pub async fn workload(&self, who: &Identity, key: &WorkloadKey) -> Result<Value, ReadError> {
        self.get(As::Person(who), &key.to_string(), &workload_path(key)?).await
    }

    /// The objects with certain labels, page by page, each as it is read.
    async fn listed<T>(
        &self,
        who: &Identity,
        what: &str,
        folder: &str,
        selector: &str,
        most: usize,
        read: impl Fn(&Value) -> T,
    ) -> Result<Listed<T>, ReadError> {
        let selector = encoded(selector);
        let (mut all, mut token) = (Listed::default(), String::new());
        loop {
            let limit = Self::LIST_PAGE.min(most - all.items.len());
            let path = format!("{folder}?limit={limit}&labelSelector={selector}");
            let Page { metadata, items } = self.page_at(who, what, path, &token, self.long_lists()).await?;
            all.items.extend(items.iter().map(|Pared(object)| read(object)));
            token = metadata.next;
            if token.is_empty() {
                return Ok(all);
            }
            if all.items.len() >= most {
                return Ok(all.with_more(true));
            }
        }
    }
}

/// Where a workload is.
pub(crate) fn workload_path(key: &WorkloadKey) -> Result<String, ReadError> {
    let WorkloadKey { kind, namespace, name } = key;
    object_path(kind.group(), kind.plural(), namespace, name)
}

/// Where an object is. Names come from people: one with a slash would be another path.
pub(crate) fn object_path(group: &str, plural: &str, namespace: &str, name: &str) -> Result<String, ReadError> {
    if !is_name(name) {
        return Err(ReadError::Misnamed { what: format!("{plural}/{namespace}/{name}") });
    }
    Ok(format!("{}/{name}", folder(group, plural, Some(namespace))?))
}

/// Where the objects of a kind are, in a namespace or everywhere.
pub(crate) fn folder(group: &str, plural: &str, namespace: Option<&str>) -> Result<String, ReadError> {
    folder_under(&root(group, "v1"), plural, namespace)
}

/// The same in a version of an API.
pub(crate) fn folder_under(root: &str, plural: &str, namespace: Option<&str>) -> Result<String, ReadError> {
    match namespace {
        None => Ok(format!("{root}/{plural}")),
        Some(namespace) if is_name(namespace) => Ok(format!("{root}/namespaces/{namespace}/{plural}")),
        Some(namespace) => Err(ReadError::Misnamed { what: format!("{plural} in {namespace}") }),
    }
}

/// A list without a selector would be of everything: what looks for nothing has nothing.
fn nothing<T>() -> Listed<T> {
    Listed::default()
}

#[cfg(test)]
mod tests {
    use fanlight_model::WorkloadKind;
    use serde_json::json;

    use super::*;

    #[test]
    fn names_stay_within_their_segment() {
        let path = |namespace: &str, name: &str| {
            workload_path(&WorkloadKey::new(WorkloadKind::Deployment, namespace, name)).ok()
        };
        assert_eq!(path("shop", "cart").as_deref(), Some("/apis/apps/v1/namespaces/shop/deployments/cart"));
        for (namespace, name) in [("", "cart"), ("shop", ""), ("a/b", "c"), ("shop", "../x"), ("shop", "a?b")] {
            assert_eq!(path(namespace, name), None, "{namespace} {name}");
        }
        assert_eq!(folder("", "pods", None).ok().as_deref(), Some("/api/v1/pods"));
    }

    #[test]
    fn of_what_is_listed_neither_environment_nor_annotations_are_kept() {
        let container =
            json!({"name": "web", "image": "web:1", "env": [{"name": "PASSWORD", "value": "x"}], "args": ["-p"]});
        let pods = json!({"containers": [container], "volumes": [{"name": "v"}]});
        let kept = json!({"containers": [{"name": "web", "image": "web:1"}]});
        let metadata = json!({"name": "cart", "annotations": {"a": "b"}, "managedFields": []});
        let list = json!({"metadata": {"continue": "x"}, "items": [
            {"metadata": metadata, "spec": {"template": {"spec": pods}}},
            {"metadata": metadata, "spec": {"jobTemplate": {"spec": {"template": {"spec": pods}}}}},
            {"metadata": metadata, "spec": pods},
            7,
        ]});
        let page: Page = serde_json::from_value(list).expect("a page");
        let objects: Vec<_> = page.items.into_iter().map(|Pared(object)| object).collect();
        let metadata = json!({"name": "cart"});
        assert_eq!(
            objects,
            [
                json!({"metadata": metadata, "spec": {"template": {"spec": kept}}}),
                json!({"metadata": metadata, "spec": {"jobTemplate": {"spec": {"template": {"spec": kept}}}}}),
                json!({"metadata": metadata, "spec": kept}),
                json!(7),
            ]
        );
        assert_eq!(page.metadata.next, "x");
    }
}
