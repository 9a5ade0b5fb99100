//! What the API server says when it is asked by its administrator.

use std::{collections::HashMap, fmt, process::Command};

use anyhow::ensure;
use fanlight_model::Kind;
use fanlight_testbed::{ControlPlane, tool};
use futures_util::{StreamExt, TryStreamExt, stream};
use k8s_openapi::api::authorization::v1::{ResourceAttributes, SubjectAccessReview, SubjectAccessReviewSpec};
use kube::{Api, api::PostParams};

use super::{
    beside::BESIDE,
    estate::{Garden, KINDS, NAMESPACES},
    people::Person,
};

pub(super) const VERBS: [&str; 4] = ["list", "watch", "get", "patch"];

/// What rights are about: an API group, and the plural of a kind or a part of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct What {
    pub(super) group: &'static str,
    pub(super) resource: &'static str,
}

/// What somebody might do: verb, kind, namespace (or everywhere), name (or any).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Deed {
    pub(super) verb: &'static str,
    pub(super) what: What,
    pub(super) namespace: &'static str,
    pub(super) name: String,
}

/// What one person may do.
pub(super) struct Truth(HashMap<Deed, bool>);

impl From<Kind> for What {
    fn from(kind: Kind) -> Self {
        Self { group: kind.info().group, resource: kind.info().plural }
    }
}

impl fmt::Display for What {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let point = if self.group.is_empty() { "" } else { "." };
        write!(f, "{}{point}{}", self.resource, self.group)
    }
}

impl Deed {
    /// Every verb on every object (for lists and watches: its namespace), each of these in all namespaces too.
    pub(super) fn all(garden: &Garden) -> Vec<Self> {
        let mut deeds = Vec::new();
        for kind in KINDS {
            for verb in VERBS {
                for namespace in NAMESPACES.into_iter().chain([""]) {
                    deeds.push(Self { verb, what: kind.into(), namespace, name: String::new() });
                }
            }
        }
        for object in &garden.objects {
            let namespace = NAMESPACES.into_iter().find(|one| **one == *object.key.namespace).unwrap_or_default();
            for verb in ["get", "patch"] {
                deeds.push(Self { verb, what: object.key.kind.into(), namespace, name: object.key.name.to_string() });
            }
        }
        deeds
    }

    /// What it takes to see what is not Flux's.
    pub(super) fn beside() -> Vec<Self> {
        let places = || NAMESPACES.into_iter().chain([""]);
        let of = |what| move |verb| places().map(move |namespace| Self { verb, what, namespace, name: String::new() });
        BESIDE.into_iter().flat_map(|what| ["list", "get"].into_iter().flat_map(of(what))).collect()
    }

    fn attributes(&self) -> ResourceAttributes {
        let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        let (resource, part) = self.what.resource.split_once('/').unwrap_or((self.what.resource, ""));
        ResourceAttributes {
            verb: Some(self.verb.to_owned()),
            group: some(self.what.group),
            resource: some(resource),
            subresource: some(part),
            namespace: some(self.namespace),
            name: some(&self.name),
            ..ResourceAttributes::default()
        }
    }
}

impl Truth {
    /// Asks everything about somebody.
    pub(super) async fn ask<'a>(
        plane: &ControlPlane,
        person: &Person,
        deeds: impl IntoIterator<Item = &'a Deed>,
    ) -> anyhow::Result<Self> {
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
        let asked: Vec<_> = deeds.into_iter().map(ask).collect();
        Ok(Self(stream::iter(asked).buffer_unordered(16).try_collect().await?))
    }

    pub(super) fn may(&self, deed: &Deed) -> bool {
        self.0.get(deed).copied().unwrap_or_default()
    }

    /// The same for all objects of a kind in a namespace, or everywhere.
    pub(super) fn may_all(&self, verb: &'static str, what: impl Into<What>, namespace: &str) -> bool {
        let place = NAMESPACES.into_iter().find(|one| *one == namespace).unwrap_or_default();
        self.may(&Deed { verb, what: what.into(), namespace: place, name: String::new() })
    }
}

/// Compares one answer with that of the command that people use.
pub(super) fn ask_kubectl(plane: &ControlPlane, person: &Person, deed: &Deed, expected: bool) -> anyhow::Result<()> {
    let mut what = deed.what.to_string();
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
