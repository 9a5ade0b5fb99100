//! Who looks: people whose rights are drawn by lot, and some whose rights are of a special kind.

use std::collections::BTreeSet;

use fanlight_model::Kind;
use fanlight_testbed::ControlPlane;
use rand::{RngExt, SeedableRng, rngs::StdRng};
use serde_json::{Value, json};

use super::{
    beside::BESIDE,
    estate::{Garden, KINDS, NAMESPACES},
};
use crate::shared::WATCH;

const RBAC: &str = "rbac.authorization.k8s.io/v1";

/// Somebody, and what they are bound to.
pub(super) struct Person {
    pub(super) user: String,
    pub(super) groups: Vec<String>,
    bonds: Vec<Bond>,
}

/// Rules in force in a namespace, or everywhere.
struct Bond {
    namespace: Option<&'static str>,
    rules: Vec<Value>,
    /// Whether it is a group of theirs that is bound.
    by_group: bool,
    /// Whether the rules are gathered by Kubernetes from another role.
    aggregated: bool,
}

impl Person {
    fn new(name: &str, bonds: Vec<Bond>) -> Self {
        Self {
            user: format!("{name}@matrix.example"),
            groups: vec![format!("{name}-team"), "everybody".to_owned()],
            bonds,
        }
    }

    pub(super) fn group_names(&self) -> Vec<&str> {
        self.groups.iter().map(String::as_str).collect()
    }

    /// Gives them their rights.
    pub(super) async fn bind(&self, plane: &ControlPlane) -> anyhow::Result<()> {
        for (number, bond) in self.bonds.iter().enumerate() {
            let name = format!("{}-{number}", self.groups[0]);
            let subject = if bond.by_group { ("Group", &self.groups[0]) } else { ("User", &self.user) };
            bond.tie(plane, &name, subject).await?;
        }
        Ok(())
    }
}

impl Bond {
    fn plain(namespace: Option<&'static str>, rules: Vec<Value>) -> Self {
        Self { namespace, rules, by_group: false, aggregated: false }
    }

    async fn tie(&self, plane: &ControlPlane, name: &str, (kind, whom): (&str, &String)) -> anyhow::Result<()> {
        let is_cluster_role = self.namespace.is_none() || self.aggregated;
        let prefix = |cluster: bool| if cluster { "Cluster" } else { "" };
        let role_kind = format!("{}Role", prefix(is_cluster_role));
        let mut metadata = json!({"name": name});
        if let Some(namespace) = self.namespace {
            metadata["namespace"] = json!(namespace);
        }
        let role_metadata = if is_cluster_role { json!({"name": name}) } else { metadata.clone() };
        let role = json!({"apiVersion": RBAC, "kind": role_kind, "metadata": role_metadata});
        if self.aggregated {
            let labels = json!({"gathered": name});
            let mut part = role.clone();
            part["metadata"] = json!({"name": format!("{name}-part"), "labels": labels});
            part["rules"] = json!(self.rules);
            plane.apply(&part).await?;
            let mut whole = role;
            whole["aggregationRule"] = json!({"clusterRoleSelectors": [{"matchLabels": labels}]});
            plane.apply(&whole).await?;
        } else {
            let mut role = role;
            role["rules"] = json!(self.rules);
            plane.apply(&role).await?;
        }
        let binding = json!({"apiVersion": RBAC, "kind": format!("{}RoleBinding", prefix(self.namespace.is_none())),
            "metadata": metadata,
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": role_kind, "name": name},
            "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": kind, "name": whom}]});
        plane.apply(&binding).await?;
        Ok(())
    }
}

/// People of every special kind, and `many` more whose rights are drawn.
pub(super) fn people(garden: &Garden, seed: u64, many: usize) -> Vec<Person> {
    let all = |verbs: &[&str]| vec![json!({"apiGroups": ["*"], "resources": ["*"], "verbs": verbs})];
    let one = |kind: Kind, verbs: &[&str]| json!({"apiGroups": [kind.info().group], "resources": [kind.info().plural], "verbs": verbs});
    let named = |names: &[&str]| {
        let mut rule = one(KINDS[0], &["get", "list", "watch", "patch"]);
        rule["resourceNames"] = json!(names);
        rule
    };
    let first = &*garden.objects[0].key.name;
    let apps: Vec<_> = KINDS[..2].iter().map(|kind| one(*kind, &WATCH)).collect();
    let by_group = |namespace, rules| Bond { by_group: true, ..Bond::plain(namespace, rules) };
    let gathered = |namespace, rules| Bond { aggregated: true, ..Bond::plain(namespace, rules) };
    let mut people = vec![
        Person::new("nobody", vec![]),
        Person::new("root", vec![Bond::plain(None, all(&["*"]))]),
        Person::new("viewer", vec![Bond::plain(None, all(&WATCH))]),
        Person::new("lister", vec![Bond::plain(None, all(&["list"]))]),
        Person::new("reader", vec![Bond::plain(None, all(&["get"]))]),
        Person::new("single", vec![Bond::plain(Some("amber"), vec![named(&[first])])]),
        Person::new("gathered", vec![gathered(Some("basil"), apps.clone()), gathered(Some("elm"), apps.clone())]),
        Person::new("team", vec![by_group(Some("cedar"), apps.clone()), by_group(None, vec![one(KINDS[1], &WATCH)])]),
        Person::new(
            "parts",
            vec![
                Bond::plain(Some("dune"), vec![one(KINDS[0], &["get"])]),
                Bond::plain(Some("dune"), vec![one(KINDS[0], &["list"])]),
                Bond::plain(Some("dune"), vec![one(KINDS[0], &["watch", "patch"])]),
            ],
        ),
        Person::new("status", vec![Bond::plain(None, vec![part_of(KINDS[0])])]),
    ];
    let mut lot = StdRng::seed_from_u64(seed);
    people.extend((0..many).map(|number| Person::new(&format!("drawn{number}"), bonds(garden, &mut lot))));
    people
}

fn bonds(garden: &Garden, lot: &mut StdRng) -> Vec<Bond> {
    let count = lot.random_range(1..=6);
    let bond = |_| {
        let namespace = lot.random_bool(0.8).then(|| NAMESPACES[lot.random_range(0..NAMESPACES.len())]);
        let rules = (0..lot.random_range(1..=2)).map(|_| rule(garden, namespace, lot)).collect();
        Bond { namespace, rules, by_group: lot.random_bool(0.3), aggregated: false }
    };
    (0..count).map(bond).collect()
}

fn rule(garden: &Garden, namespace: Option<&str>, lot: &mut StdRng) -> Value {
    if lot.random_bool(0.3) {
        let what = BESIDE[lot.random_range(0..BESIDE.len())];
        return json!({"apiGroups": [what.group], "resources": [what.resource], "verbs": WATCH});
    }
    let kind = KINDS[lot.random_range(0..KINDS.len())];
    let info = kind.info();
    let verbs: BTreeSet<_> = ["get", "list", "watch", "patch"].into_iter().filter(|_| lot.random_bool(0.6)).collect();
    let mut rule = json!({"apiGroups": [info.group], "resources": [info.plural], "verbs": verbs});
    if verbs.is_empty() {
        rule["verbs"] = json!(["delete"]);
    }
    match lot.random_range(0..8) {
        0 => rule["verbs"] = json!(["*"]),
        1 => rule["apiGroups"] = json!(["*"]),
        2 => rule["resources"] = json!(["*"]),
        3 => rule = part_of(kind),
        4 => {
            let mine = garden.objects.iter().filter(|one| one.key.kind == kind);
            let mine = mine.filter(|one| namespace.is_none_or(|namespace| *one.key.namespace == *namespace));
            rule["resourceNames"] = mine.map(|one| &*one.key.name).collect();
        }
        _ => {}
    }
    rule
}

/// Everything about a part of the kind's objects, which gives nothing on the objects.
fn part_of(kind: Kind) -> Value {
    let part = format!("{}/status", kind.info().plural);
    json!({"apiGroups": [kind.info().group], "resources": [part], "verbs": ["*"]})
}
