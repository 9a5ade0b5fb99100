//! Objects of any kind, as far as an operator's tools need them: read, listed, applied.

use std::{collections::BTreeMap, fmt};

use http::Method;
use serde::Deserialize;
use serde_json::Value;

use super::{
    May, Question, Rescue, RescueError, Who,
    call::{APPLY, Call},
    objects::FIELD_MANAGER,
    proof::AccessReview,
};
use crate::evidence::encoded;

/// Where an object is, or all objects of its kind if it has no name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Spot<'a> {
    /// The kind, for people: `Deployment`.
    pub kind: &'a str,
    /// Group and version: `apps/v1`, or `v1`.
    pub api: &'a str,
    /// The resource in URLs: `deployments`.
    pub plural: &'a str,
    /// The namespace; `""` is none, or all of them.
    pub namespace: &'a str,
    /// The name; `""` is all of them.
    pub name: &'a str,
}

impl Spot<'_> {
    fn path(&self) -> String {
        let Self { api, plural, namespace, name, .. } = self;
        let mut path = if api.contains('/') { format!("/apis/{api}") } else { format!("/api/{api}") };
        if !namespace.is_empty() {
            path = format!("{path}/namespaces/{namespace}");
        }
        path = format!("{path}/{plural}");
        if name.is_empty() { path } else { format!("{path}/{name}") }
    }
}

impl fmt::Display for Spot<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.namespace, self.name) {
            ("", "") => write!(f, "the {}", self.plural),
            (namespace, "") => write!(f, "the {} in {namespace}", self.plural),
            ("", name) => write!(f, "{} {name}", self.kind),
            (namespace, name) => write!(f, "{} {namespace}/{name}", self.kind),
        }
    }
}

#[derive(Deserialize)]
struct List {
    #[serde(default)]
    metadata: ListMeta,
    items: Vec<Value>,
}

#[derive(Default, Deserialize)]
struct ListMeta {
    #[serde(default, rename = "continue")]
    next: String,
}

#[derive(Deserialize)]
struct Group {
    versions: Vec<GroupVersion>,
}

#[derive(Deserialize)]
struct GroupVersion {
    version: String,
}

#[derive(Deserialize)]
struct Resources {
    resources: Vec<Resource>,
}

#[derive(Deserialize)]
struct Resource {
    name: String,
}

impl Rescue {
    /// The object; `None` if it does not exist, or its kind is not served.
    pub async fn object(&self, spot: &Spot<'_>) -> Result<Option<Value>, RescueError> {
        match self.get(&format!("reading {spot}"), &spot.path()).await {
            Ok(object) => Ok(Some(object)),
            Err(error) if error.is_missing() => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The objects with these labels (`""` for all), none if their kind is not served.
    pub async fn objects(&self, spot: &Spot<'_>, labels: &str) -> Result<Vec<Value>, RescueError> {
        let doing = format!("listing {spot}");
        let mut path = format!("{}?limit=500&labelSelector={}", spot.path(), encoded(labels));
        let base = path.clone();
        let mut objects = Vec::new();
        loop {
            let list: List = match self.get(&doing, &path).await {
                Err(error) if error.is_missing() => return Ok(objects),
                list => list?,
            };
            objects.extend(list.items);
            if list.metadata.next.is_empty() {
                return Ok(objects);
            }
            path = format!("{base}&continue={}", encoded(&list.metadata.next));
        }
    }

    /// Creates or changes an object (server-side apply); fields that others have set differently are a conflict.
    pub async fn apply(&self, spot: &Spot<'_>, object: &Value) -> Result<Value, RescueError> {
        let path = format!("{}?fieldManager={FIELD_MANAGER}", spot.path());
        self.patch(&format!("applying {spot}"), &path, APPLY, object).await
    }

    /// Each resource of an API group with the versions that serve it, the preferred one first; nothing if there is no such
    /// group.
    pub async fn served(&self, group: &str) -> Result<BTreeMap<String, Vec<String>>, RescueError> {
        let doing = format!("asking for the resources of {group}");
        let call = Call { doing: &doing, method: Method::GET, path: &format!("/apis/{group}"), body: None };
        let versions = match self.call(&call).await {
            Err(error) if error.is_missing() => return Ok(BTreeMap::new()),
            answer => answer?.read::<Group>(&doing)?.versions,
        };
        let mut served = BTreeMap::<String, Vec<String>>::new();
        for GroupVersion { version } in versions {
            let list: Resources = self.get(&doing, &format!("/apis/{group}/{version}")).await?;
            for Resource { name } in list.resources.into_iter().filter(|resource| !resource.name.contains('/')) {
                served.entry(name).or_default().push(version.clone());
            }
        }
        Ok(served)
    }

    /// Whether somebody else may do something; asking takes the right to create `SubjectAccessReview`s.
    pub async fn may_other(&self, who: &Who, question: &Question<'_>) -> Result<May, RescueError> {
        let review = serde_json::json!({
            "apiVersion": "authorization.k8s.io/v1", "kind": "SubjectAccessReview",
            "spec": {"user": who.user, "groups": who.groups, "resourceAttributes": question.attributes()},
        });
        let doing = format!("asking whether {} may {question}", who.user);
        let path = "/apis/authorization.k8s.io/v1/subjectaccessreviews";
        Ok(self.post::<AccessReview>(&doing, path, &review).await?.answer())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_spot_is_a_path_for_the_api_server_and_a_name_for_people() {
        let one = Spot { kind: "Deployment", api: "apps/v1", plural: "deployments", namespace: "apps", name: "shop" };
        assert_eq!(one.path(), "/apis/apps/v1/namespaces/apps/deployments/shop");
        assert_eq!(one.to_string(), "Deployment apps/shop");
        let all = Spot { name: "", namespace: "", ..one };
        assert_eq!(
            (all.path(), all.to_string()),
            ("/apis/apps/v1/deployments".to_owned(), "the deployments".to_owned())
        );
        let core = Spot { kind: "Namespace", api: "v1", plural: "namespaces", namespace: "", name: "apps" };
        assert_eq!(core.path(), "/api/v1/namespaces/apps");
    }
}
