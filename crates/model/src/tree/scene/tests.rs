use std::time::{Duration, Instant};

use super::*;
use crate::{
    State,
    tree::{Standing, Thing},
};

/// A tree by the depths of its parts; a name that begins with an exclamation mark is of something that failed.
fn tree(parts: &[(usize, &str, &str)]) -> Tree {
    let mut owners: Vec<usize> = Vec::new();
    let mut nodes = Vec::new();
    for (place, (depth, kind, name)) in parts.iter().enumerate() {
        owners.truncate(*depth);
        let parent = owners.last().copied();
        owners.push(place);
        let failed = name.starts_with('!');
        let standing = Standing::There(if failed { State::Failed } else { State::Ready });
        let (thing, note, again) = (Thing::new("", kind, "shop", name), String::new(), false);
        nodes.push(TreeNode {
            id: format!("{place}"),
            thing,
            standing,
            note,
            images: Vec::new(),
            parent,
            depth: *depth,
            again,
        });
    }
    Tree { nodes, ..Tree::default() }
}

/// Row, column and name of each.
fn drawn(scene: &Scene<'_>) -> Vec<(usize, usize, String)> {
    let name = |shown: &Shown<'_>| match shown {
        Shown::Node(node) => node.thing.name.clone(),
        Shown::Rest { kind, count, .. } => format!("{count} more {kind}"),
    };
    scene.placed.iter().map(|one| (one.row, one.column, name(&one.shown))).collect()
}

fn names(scene: &Scene<'_>) -> Vec<String> {
    drawn(scene).into_iter().map(|(_, _, name)| name).collect()
}

fn open(ids: &[(&str, usize)]) -> Folds {
    Folds { open: ids.iter().map(|(id, steps)| ((*id).to_owned(), *steps)).collect(), ..Folds::default() }
}

#[test]
fn an_owner_is_beside_the_first_of_what_it_owns() {
    let tree = tree(&[
        (0, "Kustomization", "shop"),
        (1, "Deployment", "cart"),
        (2, "Pod", "cart-1"),
        (2, "Pod", "cart-2"),
        (1, "Service", "cart"),
    ]);
    let scene = Scene::of(&tree, &Folds::default());
    let at = |row, column, name: &str| (row, column, name.to_owned());
    assert_eq!(
        drawn(&scene),
        [at(0, 0, "shop"), at(0, 1, "cart"), at(0, 2, "cart-1"), at(1, 2, "cart-2"), at(2, 1, "cart")]
    );
    assert_eq!((scene.rows, scene.columns), (3, 3));
    assert_eq!(scene.placed[4].owner, Some(0));
}

#[test]
fn what_somebody_closed_says_how_much_it_hides() {
    let tree = tree(&[(0, "Kustomization", "shop"), (1, "Deployment", "cart"), (2, "Pod", "!a"), (2, "Pod", "b")]);
    let folds = Folds { closed: ["1".to_owned()].into(), ..Folds::default() };
    let scene = Scene::of(&tree, &folds);
    assert_eq!(names(&scene), ["shop", "cart"]);
    let cart = &scene.placed[1];
    assert_eq!((cart.hidden, cart.hidden_unhealthy, cart.has_below), (2, 1, true));
}

#[test]
fn only_what_is_unhealthy_is_left_with_its_owners() {
    let tree = tree(&[
        (0, "Kustomization", "fleet"),
        (1, "Kustomization", "shop"),
        (2, "Deployment", "cart"),
        (3, "Pod", "!cart-1"),
        (3, "Pod", "cart-2"),
        (2, "Deployment", "till"),
        (1, "Kustomization", "blog"),
    ]);
    let folds = Folds { only_unhealthy: true, ..Folds::default() };
    assert_eq!(names(&Scene::of(&tree, &folds)), ["fleet", "shop", "cart", "!cart-1"]);
    let mut sound = tree;
    sound.nodes[3].standing = Standing::There(State::Ready);
    assert_eq!(names(&Scene::of(&sound, &folds)), ["fleet"]);
}

#[test]
fn of_many_of_one_kind_those_in_trouble_are_drawn_and_of_the_others_some() {
    let named: Vec<_> =
        (0..40).map(|number| if number == 37 { "!bad".to_owned() } else { format!("m{number}") }).collect();
    let mut parts = vec![(0, "Kustomization", "shop")];
    parts.extend(named.iter().map(|name| (1, "ConfigMap", &**name)));
    parts.push((1, "Service", "web"));
    let tree = tree(&parts);
    let scene = Scene::of(&tree, &Folds::default());
    let seen = names(&scene);
    assert_eq!(seen.len(), 1 + Scene::GROUP + 1 + 1);
    assert!(seen.contains(&"!bad".to_owned()) && seen.contains(&"web".to_owned()), "{seen:?}");
    assert_eq!(seen.last().map(String::as_str), Some("28 more ConfigMap"));
    let all = Scene::of(&tree, &open(&[("0-ConfigMap", 1)]));
    assert_eq!(names(&all).len(), tree.nodes.len());
}

#[test]
fn what_leads_to_trouble_is_open_before_what_does_not() {
    let mut parts = vec![(0, "Kustomization", "fleet".to_owned())];
    for app in 0..12 {
        parts.push((1, "Kustomization", format!("app-{app}")));
        for part in 0..12 {
            parts.push((2, "Deployment", format!("part-{app}-{part}")));
            let bad = app == 11 && part == 11;
            parts.push((3, "Pod", if bad { "!pod".to_owned() } else { format!("pod-{app}-{part}") }));
        }
    }
    let parts: Vec<_> = parts.iter().map(|(depth, kind, name)| (*depth, *kind, &**name)).collect();
    let tree = tree(&parts);
    let seen = Scene::of(&tree, &Folds::default());
    assert!(names(&seen).contains(&"!pod".to_owned()));
    assert!(seen.placed.len() <= Scene::USUAL);
    let hidden: usize = seen.placed.iter().map(|one| one.hidden).sum();
    assert_eq!(seen.placed.len() + hidden, tree.nodes.len(), "what is not drawn is counted");
}

#[test]
fn five_thousand_parts_are_placed_in_no_time_and_never_too_many_drawn() {
    let mut parts = vec![(0, "Kustomization", "fleet".to_owned())];
    for app in 0..50 {
        parts.push((1, "Kustomization", format!("app-{app}")));
        for part in 0..33 {
            parts.push((2, "Deployment", format!("part-{app}-{part}")));
            parts.push((3, "ReplicaSet", format!("set-{app}-{part}")));
            parts.push((4, "Pod", format!("{}pod-{app}-{part}", if part % 9 == 0 { "!" } else { "" })));
        }
    }
    assert!(parts.len() > 5000);
    let parts: Vec<_> = parts.iter().map(|(depth, kind, name)| (*depth, *kind, &**name)).collect();
    let tree = tree(&parts);
    let begun = Instant::now();
    let usual = Scene::of(&tree, &Folds::default());
    assert!(begun.elapsed() < Duration::from_secs(1), "{:?}", begun.elapsed());
    assert!(usual.placed.len() <= Scene::USUAL && usual.placed.len() > 50, "{}", usual.placed.len());
    let rests = |id: &str| ["Kustomization", "Deployment"].map(|kind| format!("{id}-{kind}"));
    let everything: Vec<_> = tree.nodes.iter().flat_map(|node| rests(&node.id)).collect();
    let everything: Vec<_> = everything.iter().map(|id| (&**id, 99)).collect();
    let opened = Scene::of(&tree, &open(&everything));
    assert!(opened.full && opened.placed.len() <= Scene::MOST, "{}", opened.placed.len());
}
