//! Which kinds are served, and at which version.

use std::collections::BTreeMap;

use fanlight_model::{Identity, Kind, OtherKind, Scope};
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

    /// At which version.
    pub(crate) fn version(&self) -> &str {
        &self.version
    }

    /// Whether its objects lie in namespaces.
    pub(crate) fn is_namespaced(&self) -> bool {
        self.namespaced
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
#[serde(rename_all = "camelCase")]
struct WholeResource {
    resource: String,
    scope: String,
    #[serde(default)]
    response_kind: ResponseKind,
    #[serde(default)]
    verbs: Vec<String>,
}

#[derive(Debug, Default, Deserialize)]
struct ResponseKind {
    #[serde(default)]
    kind: String,
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
pub(crate) struct Resource {
    pub(crate) name: String,
    pub(crate) namespaced: bool,
    #[serde(default)]
    pub(crate) kind: String,
    #[serde(default)]
    verbs: Vec<String>,
}

/// A version of a group, with what it serves; those of a group in the API server's order of preference.
pub(crate) struct ServedVersion {
    pub(crate) group: String,
    pub(crate) version: String,
    pub(crate) resources: Vec<Resource>,
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
        let (versions, lane) = self.served_versions(As::Itself, lane, is_of_interest).await?;
        let mut served = Kinds::new();
        for ServedVersion { group, version, resources } in versions {
            add(&mut served, &group, &version, &resources);
        }
        Ok((served, lane))
    }

    /// The kinds of Flux's API groups that are not in the table, as the person is told of them.
    pub async fn other_kinds(&self, who: &Identity) -> Result<Vec<OtherKind>, ReadError> {
        let (versions, _) = self.served_versions(As::Person(who), None, OtherKind::is_of_flux).await?;
        Ok(others(versions))
    }

    /// Everything that the groups of interest serve.
    pub(crate) async fn served_versions(
        &self,
        who: As<'_>,
        lane: Option<LaneId>,
        is_of_interest: fn(&str) -> bool,
    ) -> Result<(Vec<ServedVersion>, Option<LaneId>), ReadError> {
        const WHAT: &str = "the API groups";
        /// The first form is preferred; an API server that does not know it takes the second.
        const ACCEPT: &str = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json";
        let errand = Errand { accept: ACCEPT, lane, ..Errand::read(who, WHAT, "/apis") };
        let answered = self.run(&errand).await?;
        let mut served = Vec::new();
        match decode(WHAT, &answered.body)? {
            Answer::Whole { items } => {
                for group in items.into_iter().filter(|group| is_of_interest(&group.metadata.name)) {
                    for WholeVersion { version, resources } in group.versions {
                        let resources = resources.into_iter().map(Resource::from).collect();
                        served.push(ServedVersion { group: group.metadata.name.clone(), version, resources });
                    }
                }
            }
            Answer::Groups { groups } => {
                for group in groups.into_iter().filter(|group| is_of_interest(&group.name)) {
                    for GroupVersion { version } in group.versions {
                        let path = format!("/apis/{}/{version}", group.name);
                        let errand = Errand { lane, ..Errand::read(who, &path, &path) };
                        let list: Resources = decode(&path, &self.run(&errand).await?.body)?;
                        let resources = list.resources;
                        served.push(ServedVersion { group: group.name.clone(), version, resources });
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

/// What can be listed and has no page of its own, each at the first version that serves it; sorted.
fn others(versions: Vec<ServedVersion>) -> Vec<OtherKind> {
    let mut found = BTreeMap::new();
    for ServedVersion { group, version, resources } in versions {
        let is_other = |one: &Resource| one.offers("list") && OtherKind::is_other(&group, &one.name);
        for resource in resources.into_iter().filter(is_other) {
            let key = (group.clone(), resource.name.clone());
            found.entry(key).or_insert_with(|| OtherKind {
                group: group.clone(),
                version: version.clone(),
                plural: resource.name,
                name: resource.kind,
                namespaced: resource.namespaced,
            });
        }
    }
    found.into_values().collect()
}

impl Resource {
    /// Whether whole objects can be asked for like this.
    pub(crate) fn offers(&self, verb: &str) -> bool {
        // Subresources have a slash in their names.
        !self.name.contains('/') && self.verbs.iter().any(|one| one == verb)
    }
}

impl From<WholeResource> for Resource {
    fn from(one: WholeResource) -> Self {
        Self {
            namespaced: one.scope == "Namespaced",
            name: one.resource,
            kind: one.response_kind.kind,
            verbs: one.verbs,
        }
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

    fn resource(name: &str) -> Resource {
        let verbs = vec!["get".to_owned(), "list".to_owned()];
        Resource { name: name.to_owned(), namespaced: true, kind: "Gizmo".to_owned(), verbs }
    }

    #[test]
    fn what_has_no_page_of_its_own_is_found_once_at_the_preferred_version() {
        let version = |group: &str, version: &str, names: &[&str]| ServedVersion {
            group: group.to_owned(),
            version: version.to_owned(),
            resources: names.iter().map(|name| resource(name)).collect(),
        };
        let mut mute = version("acme.fluxcd.io", "v1", &["secrets"]);
        mute.resources[0].verbs.clear();
        let found = others(vec![
            version("source.toolkit.fluxcd.io", "v1", &["buckets", "gizmos", "gizmos/status"]),
            version("source.toolkit.fluxcd.io", "v1beta2", &["buckets", "gizmos", "widgets"]),
            mute,
        ]);
        let ids: Vec<_> = found.iter().map(|kind| (kind.id(), &*kind.version)).collect();
        let group = "source.toolkit.fluxcd.io";
        assert_eq!(ids, [(format!("gizmos.{group}"), "v1"), (format!("widgets.{group}"), "v1beta2")]);
    }

    #[test]
    fn the_preferred_version_that_serves_a_kind_is_taken() {
        let list = |names: &[&str]| -> Vec<_> { names.iter().map(|name| resource(name)).collect() };
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
