//! What the chart lets the server's account do, against what is documented that it does.

use std::collections::BTreeSet;

use anyhow::ensure;
use fanlight_testbed::{PrivilegedPath, Target};

use crate::{
    helm::{find, objects, template},
    rules::{Right, rights},
};

/// What Kubernetes lets everybody do who is signed in (`system:basic-user`).
const ANYBODY: [&str; 3] = ["selfsubjectaccessreviews", "selfsubjectrulesreviews", "selfsubjectreviews"];

/// What the predecessor's account had, and this one has for that reason alone.
const PROMISED: [[&str; 4]; 3] = [
    ["", "namespaces", "get", "*"],
    ["", "secrets", "list", "cluster-user-auth"],
    ["", "secrets", "list", "oidc-auth"],
];

/// The right that it takes.
fn taken(path: &PrivilegedPath) -> Vec<Right> {
    let right = |kind: &str, verb: &str, name: &str| {
        let (resource, group) = kind.split_once('.').unwrap_or((kind, ""));
        [group, resource, verb, name].map(ToOwned::to_owned)
    };
    let of = |verb: &String| {
        let rights = path.targets.iter().filter_map(|target| match target {
            Target::Path(_) => None,
            Target::Kind(kind) => Some(right(kind, verb, "*")),
            Target::Object(kind, name) => Some(right(kind, verb, name)),
        });
        rights.collect::<Vec<_>>()
    };
    path.verbs.iter().flat_map(of).collect()
}

#[test]
fn the_chart_grants_what_the_server_is_documented_to_do_in_its_own_name_and_what_was_promised() -> anyhow::Result<()> {
    let objects = objects(&template("{}")?)?;
    let roles = ["ClusterRole", "Role"].map(|kind| find(&objects, kind, "fanlight").cloned().unwrap_or_default());
    let granted: BTreeSet<_> = rights(&roles).into_iter().filter(|[_, _, verb, _]| verb != "impersonate").collect();
    let taken: BTreeSet<_> = PrivilegedPath::documented().iter().flat_map(taken).collect();
    let taken: BTreeSet<_> = taken.into_iter().filter(|[_, kind, ..]| !ANYBODY.contains(&kind.as_str())).collect();
    let missing: Vec<_> = taken.difference(&granted).collect();
    ensure!(missing.is_empty(), "documented and not granted: {missing:?}");
    let more: BTreeSet<_> = granted.difference(&taken).cloned().collect();
    let promised = PROMISED.map(|right| right.map(ToOwned::to_owned)).into();
    ensure!(more == promised, "granted and not documented: {more:?}");
    Ok(())
}
