//! Which kinds are served, and at which version.

use std::collections::BTreeMap;

use fanlight_model::{Kind, Scope};
use serde::Deserialize;

use crate::{
    ApiServer, ReadError,
    api_server::{As, Errand, decode},
    lanes::LaneId,
};

/// How a kind is served.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Served {
    group: &'static str,
    plural: &'static str,
    version: String,
    namespaced: bool,
}

impl Served {
    /// The path of the kind's objects in a scope.
    pub(crate) fn path(&self, scope: &Scope) -> String {
        let Served { group, plural, version, .. } = self;
        match scope {
            Scope::Namespace(namespace) if self.namespaced => {
                format!("/apis/{group}/{version}/namespaces/{namespace}/{plural}")
            }
            _ => format!("/apis/{group}/{version}/{plural}"),
        }
    }
}

/// The answer of `/apis`: everything at once (`APIGroupDiscoveryList`, `apidiscovery.k8s.io/v2`), or, from an API
/// server that does not know how, the groups alone (`APIGroupList`).
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Answer {
    Whole { items: Vec<WholeGroup> },
    Groups { groups: Vec<Group> },
}

#[derive(Debug, Deserialize)]
struct WholeGroup {
    metadata: GroupName,
    versions: Vec<WholeVersion>,
}

#[derive(Debug, Deserialize)]
struct GroupName {
    name: String,
}

#[derive(Debug, Deserialize)]
struct WholeVersion {
    version: String,
    #[serde(default)]
    resources: Vec<WholeResource>,
}

#[derive(Debug, Deserialize)]
struct WholeResource {
    resource: String,
    scope: String,
}

#[derive(Debug, Deserialize)]
struct Group {
    name: String,
    versions: Vec<GroupVersion>,
}

#[derive(Debug, Deserialize)]
struct GroupVersion {
    version: String,
}

/// `APIResourceList` of `/apis/<group>/<version>`.
#[derive(Debug, Deserialize)]
struct Resources {
    resources: Vec<Resource>,
}

#[derive(Debug, Deserialize)]
struct Resource {
    name: String,
    namespaced: bool,
}

/// The kinds that are served, each with how.
pub(crate) type Kinds = BTreeMap<Kind, Served>;

impl ApiServer {
    /// Asks which of the known kinds are served. Versions are tried in the API server's own order of preference.
    ///
    /// An API server that is starting knows only some of them: that one of `known` is gone is believed only when the
    /// API server is ready and says it a second time.
    pub(crate) async fn discover(&self, known: &Kinds) -> Result<Kinds, ReadError> {
        let (found, lane) = self.discover_over(None).await?;
        match lane {
            Some(lane) if known.keys().any(|kind| !found.contains_key(kind)) => {
                self.prove(As::Itself, lane).await?;
                Ok(self.discover_over(Some(lane)).await?.0)
            }
            _ => Ok(found),
        }
    }

    async fn discover_over(&self, lane: Option<LaneId>) -> Result<(Kinds, Option<LaneId>), ReadError> {
        const WHAT: &str = "the API groups";
        /// The first form is preferred; an API server that does not know it takes the second.
        const ACCEPT: &str = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json";
        let errand = Errand { accept: ACCEPT, lane, ..Errand::read(As::Itself, WHAT, "/apis") };
        let answered = self.run(&errand).await?;
        let mut served = Kinds::new();
        match decode(WHAT, &answered.body)? {
            Answer::Whole { items } => {
                for group in items.into_iter().filter(|group| is_of_interest(&group.metadata.name)) {
                    for WholeVersion { version, resources } in group.versions {
                        let resources: Vec<_> = resources.into_iter().map(Resource::from).collect();
                        add(&mut served, &group.metadata.name, &version, &resources);
                    }
                }
            }
            Answer::Groups { groups } => {
                for group in groups.iter().filter(|group| is_of_interest(&group.name)) {
                    for GroupVersion { version } in &group.versions {
                        let path = format!("/apis/{}/{version}", group.name);
                        let errand = Errand { lane, ..Errand::read(As::Itself, &path, &path) };
                        let list: Resources = decode(&path, &self.run(&errand).await?.body)?;
                        add(&mut served, &group.name, version, &list.resources);
                    }
                }
            }
        }
        Ok((served, answered.lane))
    }
}

fn is_of_interest(group: &str) -> bool {
    Kind::all().any(|kind| kind.info().group == group)
}

impl From<WholeResource> for Resource {
    fn from(one: WholeResource) -> Self {
        Self { namespaced: one.scope == "Namespaced", name: one.resource }
    }
}

/// Notes the kinds that a version serves and no more preferred one did.
fn add(served: &mut Kinds, group: &str, version: &str, resources: &[Resource]) {
    for resource in resources {
        if let Some(kind) = Kind::by_resource(group, &resource.name) {
            let info = kind.info();
            served.entry(kind).or_insert_with(|| Served {
                group: info.group,
                plural: info.plural,
                version: version.to_owned(),
                namespaced: resource.namespaced,
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_preferred_version_that_serves_a_kind_is_taken() {
        let list = |names: &[&str]| -> Vec<_> {
            names.iter().map(|name| Resource { name: (*name).to_owned(), namespaced: true }).collect()
        };
        let group = "image.toolkit.fluxcd.io";
        let mut served = BTreeMap::new();
        add(&mut served, group, "v1", &list(&["imagepolicies", "imagepolicies/status"]));
        add(&mut served, group, "v1beta2", &list(&["imagepolicies", "imagerepositories"]));
        let path = |name| served[&Kind::by_name(name).expect("a kind")].path(&Scope::Namespace("apps".into()));
        assert_eq!(path("ImagePolicy"), "/apis/image.toolkit.fluxcd.io/v1/namespaces/apps/imagepolicies");
        assert_eq!(path("ImageRepository"), "/apis/image.toolkit.fluxcd.io/v1beta2/namespaces/apps/imagerepositories");
    }

    #[test]
    fn both_forms_of_the_answer_are_understood() {
        let whole = r#"{"kind": "APIGroupDiscoveryList", "metadata": {}, "items": [{"metadata": {"name": "apps"},
            "versions": [{"version": "v1", "freshness": "Current", "resources": [{"resource": "deployments",
            "responseKind": {"kind": "Deployment"}, "scope": "Namespaced", "verbs": ["list"]}]}]}]}"#;
        assert!(matches!(serde_json::from_str(whole), Ok(Answer::Whole { items }) if items.len() == 1));
        let groups = r#"{"kind": "APIGroupList", "groups": [{"name": "apps", "versions": [{"groupVersion": "apps/v1",
            "version": "v1"}], "preferredVersion": {"version": "v1"}}]}"#;
        assert!(matches!(serde_json::from_str(groups), Ok(Answer::Groups { groups }) if groups.len() == 1));
    }
}
