use fanlight_model::{Folds, ObjectKey, Placed, Scene, Shown, Standing, State, Tree, TreeNode};

use super::folding::address;
use crate::{
    frame::Frame,
    page::{
        diagram::{Diagram, Fold, Line, Node},
        object::reason::Blank,
    },
    place,
    status::StatusView,
};

/// The tree of an object, as its tab shows it.
pub(in crate::page::object) struct TreeView<'a> {
    pub(in crate::page::object) diagram: Option<Diagram<'a>>,
    pub(in crate::page::object) total: usize,
    pub(in crate::page::object) unhealthy: usize,
    pub(in crate::page::object) only_unhealthy: bool,
    /// Where everything is shown, and where only what is unhealthy.
    pub(in crate::page::object) all: String,
    pub(in crate::page::object) only: String,
    /// What could not be seen.
    pub(in crate::page::object) gaps: Vec<Blank>,
    /// Whether more was opened than is drawn.
    pub(in crate::page::object) full: bool,
    /// What there is to say in place of a tree; may be empty.
    pub(in crate::page::object) note: &'static str,
}

/// How far apart the nodes are.
const GAP: u32 = 60;
const COLUMN: u32 = Node::WIDTH + GAP;
const ROW: u32 = Node::HEIGHT + 12;
const EDGE: u32 = 12;

impl<'a> TreeView<'a> {
    pub(in crate::page::object) fn new(frame: &'a Frame, key: &ObjectKey, tree: &Tree, folds: &Folds) -> Self {
        let to = |only_unhealthy| address(&frame.base, key, &Folds { only_unhealthy, ..folds.clone() });
        let scene = Scene::of(tree, folds);
        let total = tree.nodes.len().saturating_sub(1);
        let unhealthy = tree.nodes.iter().skip(1).filter(|node| node.standing.is_unhealthy()).count();
        let note = match () {
            () if total == 0 && tree.gaps.is_empty() => "It has applied nothing, as far as its status says.",
            () if folds.only_unhealthy && unhealthy == 0 => "Nothing of it is unhealthy, as far as it can be seen.",
            () => "",
        };
        Self {
            diagram: note.is_empty().then(|| diagram(frame, key, &scene, folds)),
            total,
            unhealthy,
            only_unhealthy: folds.only_unhealthy,
            all: to(false),
            only: to(true),
            gaps: tree.gaps.iter().map(|gap| Blank::new(frame, gap)).collect(),
            full: scene.full,
            note,
        }
    }
}

fn diagram<'a>(frame: &'a Frame, key: &ObjectKey, scene: &Scene<'_>, folds: &Folds) -> Diagram<'a> {
    let nodes: Vec<_> = scene.placed.iter().map(|placed| node(frame, key, placed, folds)).collect();
    // What leads to something that failed stands out.
    let mut hot: Vec<bool> = nodes.iter().map(|node| node.class == "hot").collect();
    for place in (0..nodes.len()).rev() {
        if let Some(owner) = scene.placed[place].owner {
            hot[owner] |= hot[place];
        }
    }
    let line = |(place, placed): (usize, &Placed<'_>)| {
        let class = match (nodes[place].class, hot[place]) {
            (_, true) => "hot",
            ("dashed", _) => "dashed",
            _ => "",
        };
        Some(Line::elbow(&nodes[placed.owner?], &nodes[place], class))
    };
    let mut lines: Vec<_> = scene.placed.iter().enumerate().filter_map(line).collect();
    // What is drawn last lies above.
    lines.sort_by_key(|line| line.class == "hot");
    Diagram {
        frame,
        id: format!("tree {key}"),
        title: format!("What {key} applied, drawn"),
        width: at(scene.columns, COLUMN).saturating_sub(GAP) + 2 * EDGE,
        height: at(scene.rows, ROW),
        nodes,
        lines,
        list_open: false,
        has_list: true,
    }
}

/// Where a column or a row begins.
fn at(count: usize, each: u32) -> u32 {
    u32::try_from(count).unwrap_or_default().saturating_mul(each).saturating_add(EDGE)
}

fn node(frame: &Frame, key: &ObjectKey, placed: &Placed<'_>, folds: &Folds) -> Node {
    let (x, y) = (at(placed.column, COLUMN), at(placed.row, ROW));
    let blank = |key: String, kind: String, name: String, state: StatusView| Node {
        key,
        x,
        y,
        w: Node::WIDTH,
        h: Node::HEIGHT,
        depth: placed.column,
        href: None,
        kind,
        name,
        namespace: String::new(),
        state,
        note: String::new(),
        images: Vec::new(),
        class: "",
        fold: None,
    };
    match &placed.shown {
        Shown::Node(one) => Node {
            href: leads_on(one).then(|| place::thing(&frame.base, &one.thing)),
            namespace: one.thing.namespace.clone(),
            note: note(one, placed),
            images: one.images.clone(),
            class: class(one.standing),
            fold: fold(frame, key, one, placed, folds),
            ..blank(one.id.clone(), one.thing.kind.clone(), one.thing.name.clone(), status(one.standing))
        },
        Shown::Rest { id, kind, count, opened } => {
            let mut more = folds.clone();
            more.open.insert(id.clone(), opened + 1);
            let link = address(&frame.base, key, &more);
            let state = if placed.hidden_unhealthy > 0 { State::Progressing } else { State::Configured };
            let state = StatusView { word: "Not drawn", ..StatusView::of(state) };
            Node {
                href: Some(link.clone()),
                note: hidden_note(placed),
                class: "dashed",
                fold: Some(Fold { href: link, hidden: placed.hidden }),
                ..blank(id.clone(), (*kind).to_owned(), format!("{count} more"), state)
            }
        }
    }
}

/// Whether a part is another one than the page is about, and of this cluster: in another there may be one of the same name.
fn leads_on(node: &TreeNode) -> bool {
    node.parent.is_some() && node.standing != Standing::Elsewhere
}

fn note(node: &TreeNode, placed: &Placed<'_>) -> String {
    let parts = [node.note.clone(), hidden_note(placed)];
    parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("; ")
}

fn hidden_note(placed: &Placed<'_>) -> String {
    match placed.hidden_unhealthy {
        0 => String::new(),
        unhealthy => format!("{unhealthy} unhealthy of {} below", placed.hidden),
    }
}

/// The object itself is never closed.
fn fold(frame: &Frame, key: &ObjectKey, node: &TreeNode, placed: &Placed<'_>, folds: &Folds) -> Option<Fold> {
    if node.parent.is_none() || !placed.has_below {
        return None;
    }
    let mut turned = folds.clone();
    if placed.hidden > 0 {
        turned.closed.remove(&node.id);
        turned.open.insert(node.id.clone(), 1);
    } else {
        turned.open.remove(&node.id);
        turned.closed.insert(node.id.clone());
    }
    Some(Fold { href: address(&frame.base, key, &turned), hidden: placed.hidden })
}

fn status(standing: Standing) -> StatusView {
    let state = match standing {
        Standing::There(state) => state,
        standing if standing.is_unhealthy() => State::Failed,
        _ => State::Configured,
    };
    StatusView { word: standing.word(), ..StatusView::of(state) }
}

fn class(standing: Standing) -> &'static str {
    match standing {
        Standing::There(State::Failed | State::Stalled) | Standing::Missing => "hot",
        Standing::There(_) => "",
        Standing::Elsewhere | Standing::Unseen(_) => "dashed",
    }
}
