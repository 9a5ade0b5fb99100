use fanlight_model::State;

use super::{Diagram, Fold, Line, Node};
use crate::{frame::Frame, status::StatusView};

/// A drawing for the style guide: each sort of node and of line.
pub(in crate::page) fn specimens(frame: &Frame) -> Vec<(&'static str, String)> {
    let status = StatusView::of;
    let at = |x: u32, y: u32, depth, node: Node| Node { x, y, depth, key: format!("{x}-{y}"), ..node };
    let here = format!("{}/styleguide", frame.base);
    let fold = |hidden| Some(Fold { href: here.clone(), hidden });
    let link = Some(here.clone());
    let nodes = vec![
        at(8, 76, 0, Node { fold: fold(0), href: link, ..Node::specimen("Kustomization", "orders") }),
        at(
            304,
            8,
            1,
            Node {
                state: status(State::Failed),
                note: "0 of 2 replicas available".to_owned(),
                class: "hot",
                fold: fold(2),
                ..Node::specimen("Deployment", "a-name-that-is-longer-than-its-node-is-wide")
            },
        ),
        at(304, 76, 1, Node { namespace: String::new(), ..Node::specimen("Namespace", "styleguide") }),
        at(
            304,
            144,
            1,
            Node {
                state: StatusView { word: "Missing", ..status(State::Failed) },
                class: "dashed",
                ..Node::specimen("ConfigMap", "settings")
            },
        ),
    ];
    let connect = |to: usize, class| Line::between(&nodes[0], &nodes[to], class);
    let lines = vec![connect(1, "hot"), connect(2, ""), connect(3, "dashed")];
    let (id, title) = ("specimen".to_owned(), "What Kustomization orders applies".to_owned());
    let diagram = Diagram { frame, id, title, width: 544, height: 196, nodes, lines, list_open: true, has_list: true };
    vec![("A drawing", diagram.to_string())]
}

impl Node {
    pub(super) fn specimen(kind: &str, name: &str) -> Self {
        Self {
            key: name.to_owned(),
            x: 0,
            y: 0,
            w: Self::WIDTH,
            h: Self::HEIGHT,
            depth: 0,
            href: None,
            kind: kind.to_owned(),
            name: name.to_owned(),
            namespace: "styleguide".to_owned(),
            state: StatusView::of(State::Ready),
            note: String::new(),
            images: Vec::new(),
            class: "",
            fold: None,
        }
    }
}
