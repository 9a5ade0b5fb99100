//! What the API server says when it is asked by its administrator.

use std::{collections::HashMap, process::Command};

use anyhow::ensure;
use fanlight_model::Kind;
use fanlight_testbed::{ControlPlane, tool};
use futures_util::{StreamExt, TryStreamExt, stream};
use k8s_openapi::api::authorization::v1::{ResourceAttributes, SubjectAccessReview, SubjectAccessReviewSpec};
use kube::{Api, api::PostParams};

use super::{
    estate::{Garden, KINDS, NAMESPACES},
    people::Person,
};

pub(super) const VERBS: [&str; 4] = ["list", "watch", "get", "patch"];

/// What somebody might do: verb, kind, namespace (or everywhere), name (or any).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Deed {
    pub(super) verb: &'static str,
    pub(super) kind: Kind,
    pub(super) namespace: &'static str,
    pub(super) name: String,
}

/// What one person may do.
pub(super) struct Truth(HashMap<Deed, bool>);

impl Deed {
    /// Every verb on every object (for lists and watches: its namespace), each of these in all namespaces too.
    pub(super) fn all(garden: &Garden) -> Vec<Self> {
        let mut deeds = Vec::new();
        for kind in KINDS {
            for verb in VERBS {
                for namespace in NAMESPACES.into_iter().chain([""]) {
                    deeds.push(Self { verb, kind, namespace, name: String::new() });
                }
            }
        }
        for object in &garden.objects {
            let namespace = NAMESPACES.into_iter().find(|one| **one == *object.key.namespace).unwrap_or_default();
            for verb in ["get", "patch"] {
                deeds.push(Self { verb, kind: object.key.kind, namespace, name: object.key.name.to_string() });
            }
        }
        deeds
    }

    fn attributes(&self) -> ResourceAttributes {
        let info = self.kind.info();
        let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        ResourceAttributes {
            verb: Some(self.verb.to_owned()),
            group: some(info.group),
            resource: some(info.plural),
            namespace: some(self.namespace),
            name: some(&self.name),
            ..ResourceAttributes::default()
        }
    }
}

impl Truth {
    /// Asks everything about somebody.
    pub(super) async fn ask(plane: &ControlPlane, person: &Person, deeds: &[Deed]) -> anyhow::Result<Self> {
        let reviews: Api<SubjectAccessReview> = Api::all(plane.admin());
        let groups: Vec<_> = person.groups.iter().cloned().chain(["system:authenticated".to_owned()]).collect();
        let ask = |deed: &Deed| {
            let spec = SubjectAccessReviewSpec {
                user: Some(person.user.clone()),
                groups: Some(groups.clone()),
                resource_attributes: Some(deed.attributes()),
                ..SubjectAccessReviewSpec::default()
            };
            let (reviews, deed) = (reviews.clone(), deed.clone());
            async move {
                let review = SubjectAccessReview { spec, ..SubjectAccessReview::default() };
                let answered = reviews.create(&PostParams::default(), &review).await?;
                anyhow::Ok((deed, answered.status.is_some_and(|status| status.allowed)))
            }
        };
        let asked: Vec<_> = deeds.iter().map(ask).collect();
        Ok(Self(stream::iter(asked).buffer_unordered(16).try_collect().await?))
    }

    pub(super) fn may(&self, deed: &Deed) -> bool {
        self.0.get(deed).copied().unwrap_or_default()
    }

    /// The same for all objects of a kind in a namespace, or everywhere.
    pub(super) fn may_all(&self, verb: &'static str, kind: Kind, namespace: &str) -> bool {
        let place = NAMESPACES.into_iter().find(|one| *one == namespace).unwrap_or_default();
        self.may(&Deed { verb, kind, namespace: place, name: String::new() })
    }
}

/// Compares one answer with that of the command that people use.
pub(super) fn ask_kubectl(plane: &ControlPlane, person: &Person, deed: &Deed, expected: bool) -> anyhow::Result<()> {
    let info = deed.kind.info();
    let mut what = format!("{}.{}", info.plural, info.group);
    if !deed.name.is_empty() {
        what = format!("{what}/{}", deed.name);
    }
    let mut kubectl = Command::new(tool("kubectl")?);
    kubectl.args(["auth", "can-i", deed.verb, &what, "--as", &person.user, "--quiet"]);
    kubectl.args(person.groups.iter().flat_map(|group| ["--as-group", group.as_str()]));
    match deed.namespace {
        "" => kubectl.arg("--all-namespaces"),
        namespace => kubectl.args(["--namespace", namespace]),
    };
    let may = kubectl.arg("--kubeconfig").arg(plane.admin_kubeconfig()).status()?.success();
    ensure!(may == expected, "kubectl says {may}: {} {deed:?}", person.user);
    Ok(())
}
