use serde_json::json;

use super::*;
use crate::{State, tree::Yield};

const KUSTOMIZE: &str = "kustomize.toolkit.fluxcd.io";

fn kustomization(name: &str, applied: &[&str]) -> Value {
    let entries: Vec<_> = applied.iter().map(|id| json!({"id": id, "v": "v1"})).collect();
    json!({"metadata": {"namespace": "apps", "name": name, "uid": name}, "spec": {},
        "status": {"inventory": {"entries": entries}, "conditions": [{"type": "Ready", "status": "True"}]}})
}

fn owned(name: &str, by: &str) -> Value {
    json!({"metadata": {"name": name, "uid": name, "ownerReferences": [{"uid": by}]},
        "spec": {"replicas": 1}, "status": {"phase": "Running", "replicas": 1}})
}

/// Everything that is there, by kind and namespace; and what nobody may read.
struct World {
    objects: Vec<(&'static str, &'static str, &'static str, Value)>,
    lacks: Vec<(&'static str, Lack)>,
    asked: Vec<Want>,
}

impl World {
    fn new(objects: Vec<(&'static str, &'static str, &'static str, Value)>) -> Self {
        Self { objects, lacks: Vec::new(), asked: Vec::new() }
    }

    fn answer(&mut self, want: &Want) -> Yield {
        self.asked.push(want.clone());
        let Want::Objects { lot, .. } = want else { return want.lacking(Lack::Denied) };
        if let Some((_, lack)) = self.lacks.iter().find(|(kind, _)| *kind == lot.kind) {
            return want.lacking(*lack);
        }
        let of = self.objects.iter().filter(|(group, kind, namespace, _)| {
            *group == lot.group && *kind == lot.kind && *namespace == lot.namespace
        });
        let found = of.map(|(group, kind, _, object)| Found::read(group, kind, object)).collect();
        Yield::Objects {
            resource: format!("{}s", lot.kind.to_lowercase()),
            verb: "list",
            found,
            lacks: BTreeMap::new(),
            rest: Lack::Absent,
        }
    }

    fn tree(&mut self, key: &ObjectKey, object: &Value) -> Tree {
        let mut known = Known::default();
        for _ in 0..20 {
            match grow(key, object, &known) {
                Growth::Grown(tree) => return tree,
                Growth::Needs(wants) => {
                    for want in wants {
                        let answer = self.answer(&want);
                        known.add(want, answer);
                    }
                }
            }
        }
        panic!("it grows for ever: {:?}", self.asked);
    }
}

fn key(name: &str) -> ObjectKey {
    ObjectKey::new(Kind::KUSTOMIZATION, "apps", name)
}

/// Each part, indented, with its word.
fn drawn(tree: &Tree) -> Vec<String> {
    let line = |node: &TreeNode| format!("{}{} {}", " ".repeat(node.depth), node.thing, node.standing.word());
    tree.nodes.iter().map(line).collect()
}

#[test]
fn a_tree_goes_down_to_the_pods_and_says_what_is_missing() {
    let mut spent = owned("cart-old", "d");
    spent["spec"]["replicas"] = json!(0);
    spent["status"]["replicas"] = json!(0);
    let mut world = World::new(vec![
        ("apps", "Deployment", "shop", owned("cart", "")),
        ("apps", "ReplicaSet", "shop", owned("cart-7d9", "cart")),
        ("apps", "ReplicaSet", "shop", spent),
        ("", "Pod", "shop", owned("cart-7d9-x", "cart-7d9")),
        ("", "Pod", "shop", owned("stranger", "somebody")),
        ("batch", "CronJob", "shop", owned("night", "")),
        ("batch", "Job", "shop", owned("night-1", "night")),
        ("", "Pod", "shop", owned("night-1-x", "night-1")),
        ("", "Namespace", "", json!({"metadata": {"name": "shop"}, "status": {"phase": "Active"}})),
    ]);
    let applied = ["shop_cart_apps_Deployment", "shop_night_batch_CronJob", "_shop__Namespace", "shop_gone__ConfigMap"];
    let tree = world.tree(&key("store"), &kustomization("store", &applied));
    assert_eq!(
        drawn(&tree),
        [
            "Kustomization/apps/store Ready",
            " Deployment/shop/cart Progressing",
            "  ReplicaSet/shop/cart-7d9 Progressing",
            "   Pod/shop/cart-7d9-x Progressing",
            " CronJob/shop/night Ready",
            "  Job/shop/night-1 Progressing",
            "   Pod/shop/night-1-x Progressing",
            " ConfigMap/shop/gone Missing",
            " Namespace/shop Ready",
        ]
    );
    assert_eq!(tree.gaps, []);
    let parents: Vec<_> = tree.nodes.iter().map(|node| node.parent).collect();
    assert_eq!(parents, [None, Some(0), Some(1), Some(2), Some(0), Some(4), Some(5), Some(0), Some(0)]);
    let ids: BTreeSet<_> = tree.nodes.iter().map(|node| &node.id).collect();
    assert_eq!(ids.len(), tree.nodes.len());
    assert_eq!(world.asked.len(), 7, "each kind of each namespace is read once: {:?}", world.asked);
}

#[test]
fn what_applies_others_is_followed_once_and_a_circle_ends() {
    let mut world = World::new(vec![
        (
            KUSTOMIZE,
            "Kustomization",
            "apps",
            kustomization("fleet", &["apps_fleet_kustomize.toolkit.fluxcd.io_Kustomization"]),
        ),
        (
            KUSTOMIZE,
            "Kustomization",
            "apps",
            kustomization("one", &["apps_two_kustomize.toolkit.fluxcd.io_Kustomization"]),
        ),
        (
            KUSTOMIZE,
            "Kustomization",
            "apps",
            kustomization("two", &["apps_one_kustomize.toolkit.fluxcd.io_Kustomization", "shop_a__ConfigMap"]),
        ),
    ]);
    let fleet = ["fleet", "one", "two"].map(|name| format!("apps_{name}_kustomize.toolkit.fluxcd.io_Kustomization"));
    let tree = world.tree(&key("fleet"), &kustomization("fleet", &fleet.each_ref().map(String::as_str)));
    assert_eq!(
        drawn(&tree),
        [
            "Kustomization/apps/fleet Ready",
            " Kustomization/apps/fleet Ready",
            " Kustomization/apps/one Ready",
            "  Kustomization/apps/two Ready",
            "   Kustomization/apps/one Ready",
            "   ConfigMap/shop/a Missing",
            " Kustomization/apps/two Ready",
        ]
    );
    let again: Vec<_> = tree.nodes.iter().filter(|node| node.again).map(|node| &*node.note).collect();
    assert_eq!(again, ["it is applied by itself", "it is applied by itself", "what it applied is shown above"]);
}

#[test]
fn what_may_not_be_read_is_said_once_and_nothing_of_it_is_named() {
    let mut world = World::new(vec![
        ("apps", "Deployment", "shop", owned("cart", "")),
        ("apps", "ReplicaSet", "shop", owned("cart-7d9", "cart")),
    ]);
    world.lacks =
        vec![("Pod", Lack::Denied), ("Secret", Lack::NotLent), ("ConfigMap", Lack::Unread), ("Gizmo", Lack::NotServed)];
    let applied =
        ["shop_cart_apps_Deployment", "shop_a__Secret", "shop_b__Secret", "shop_c__ConfigMap", "shop_d_acme.io_Gizmo"];
    let tree = world.tree(&key("store"), &kustomization("store", &applied));
    let said: Vec<_> = tree.gaps.iter().map(|gap| &*gap.said).collect();
    assert_eq!(
        said,
        [
            "ConfigMap in `shop` could not be read",
            "Fanlight’s account may not read Secret in `shop` in your name",
            "the API server does not know Gizmo of acme.io",
            "you may not read Pod in `shop`",
        ]
    );
    let words: Vec<_> = tree.nodes[3..].iter().map(|node| node.standing.word()).collect();
    assert_eq!(
        words,
        ["Could not be read", "Not for Fanlight to see", "Not for Fanlight to see", "Kind not installed"]
    );
    assert_eq!(tree.unhealthy(), 3, "the two that are at work, and the kind that is not there");
    let right = tree.gaps[3].right.as_ref().map(|right| (&*right.verb, &*right.namespace));
    assert_eq!(right, Some(("list", "shop")));
}

#[test]
fn what_lies_in_another_cluster_is_named_and_not_looked_for_here() {
    let mut object = kustomization("edge", &["shop_cart_apps_Deployment"]);
    object["spec"]["kubeConfig"] = json!({"secretRef": {"name": "edge"}});
    let mut world = World::new(Vec::new());
    let tree = world.tree(&key("edge"), &object);
    assert_eq!(drawn(&tree), ["Kustomization/apps/edge Ready", " Deployment/shop/cart In another cluster"]);
    assert_eq!(world.asked, []);
}

#[test]
fn a_release_that_does_not_say_what_it_consists_of_says_what_is_needed_to_know() {
    let key = ObjectKey::new(Kind::HELM_RELEASE, "apps", "cart");
    let object = json!({"metadata": {"namespace": "apps", "name": "cart"}, "status": {"storageNamespace": "apps",
        "history": [{"name": "cart", "namespace": "shop", "version": 3}]}});
    let mut world = World::new(Vec::new());
    let tree = world.tree(&key, &object);
    assert_eq!(tree.nodes.len(), 1);
    assert_eq!(tree.gaps.len(), 1);
    assert!(
        tree.gaps[0].said.starts_with("not available")
            && tree.gaps[0].said.ends_with("it needs `get secrets` in `apps`")
    );
    assert_eq!(tree.gaps[0].right.as_ref().map(|right| &*right.resource), Some("secrets"));
    let mut known = Known::default();
    let entry = InventoryEntry::parse("shop_cart__ConfigMap", "v1").expect("an entry");
    known.add(world.asked[0].clone(), Yield::Release(Ok(vec![entry])));
    let Growth::Needs(wants) = grow(&key, &object, &known) else { panic!("its part has to be read") };
    assert!(matches!(&wants[..], [Want::Objects { lot, .. }] if lot.kind == "ConfigMap"));
}

#[test]
fn five_thousand_parts_grow_in_no_time() {
    let mut objects = Vec::new();
    let mut applied = Vec::new();
    for number in 0..1000 {
        applied.push(format!("shop_web-{number}_apps_Deployment"));
        applied.push(format!("shop_web-{number}__ConfigMap"));
        objects.push(("apps", "Deployment", "shop", owned(&format!("web-{number}"), "")));
        objects.push(("", "ConfigMap", "shop", json!({"metadata": {"name": format!("web-{number}")}})));
        objects.push(("apps", "ReplicaSet", "shop", owned(&format!("web-{number}-a"), &format!("web-{number}"))));
        objects.push(("", "Pod", "shop", owned(&format!("web-{number}-a-1"), &format!("web-{number}-a"))));
        objects.push(("", "Pod", "shop", owned(&format!("web-{number}-a-2"), &format!("web-{number}-a"))));
    }
    let mut world = World::new(objects);
    let applied: Vec<_> = applied.iter().map(String::as_str).collect();
    let begun = std::time::Instant::now();
    let tree = world.tree(&key("store"), &kustomization("store", &applied));
    assert_eq!(tree.nodes.len(), 5001);
    assert_eq!(world.asked.len(), 4);
    assert!(tree.nodes.iter().all(|node| !matches!(node.standing, Standing::There(State::Failed))));
    assert!(begun.elapsed().as_secs() < 5, "{:?}", begun.elapsed());
}
