//! Which kinds are served, and at which version.

use std::collections::BTreeMap;

use fanlight_model::{Kind, Scope};
use serde::Deserialize;

use crate::{ApiServer, ReadError, api_server::As};

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

/// `APIGroupList` of `/apis`.
#[derive(Debug, Deserialize)]
struct Groups {
    groups: Vec<Group>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
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

impl ApiServer {
    /// Asks which of the known kinds are served. Versions are tried in the API server's own order of preference.
    pub(crate) async fn discover(&self) -> Result<BTreeMap<Kind, Served>, ReadError> {
        let all: Groups = self.get(As::Itself, "the API groups", "/apis").await?;
        let mut served = BTreeMap::new();
        let known = |group: &&Group| Kind::all().any(|kind| kind.info().group == group.name);
        for group in all.groups.iter().filter(known) {
            for GroupVersion { version } in &group.versions {
                let path = format!("/apis/{}/{version}", group.name);
                let list: Resources = self.get(As::Itself, &path, &path).await?;
                add(&mut served, &group.name, version, &list);
            }
        }
        Ok(served)
    }
}

/// Notes the kinds that a version serves and no more preferred one did.
fn add(served: &mut BTreeMap<Kind, Served>, group: &str, version: &str, list: &Resources) {
    for resource in &list.resources {
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
        let list = |names: &[&str]| Resources {
            resources: names.iter().map(|name| Resource { name: (*name).to_owned(), namespaced: true }).collect(),
        };
        let group = "image.toolkit.fluxcd.io";
        let mut served = BTreeMap::new();
        add(&mut served, group, "v1", &list(&["imagepolicies", "imagepolicies/status"]));
        add(&mut served, group, "v1beta2", &list(&["imagepolicies", "imagerepositories"]));
        let path = |name| served[&Kind::by_name(name).expect("a kind")].path(&Scope::Namespace("apps".into()));
        assert_eq!(path("ImagePolicy"), "/apis/image.toolkit.fluxcd.io/v1/namespaces/apps/imagepolicies");
        assert_eq!(path("ImageRepository"), "/apis/image.toolkit.fluxcd.io/v1beta2/namespaces/apps/imagerepositories");
    }
}
