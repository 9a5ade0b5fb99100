//! Where everything is in the drawing.

use std::{fmt::Write, time::SystemTime};

use fanlight_model::{Edge, Glimpse, Graph, Layout, Place, Side, Wire};

use super::status;
use crate::{
    frame::Frame,
    page::diagram::{Diagram, Line, Node},
    place, when,
};

/// Wider than elsewhere, since a line has kind, namespace and age.
const WIDTH: u32 = 276;
/// From one column to the next, and how far half a place is.
const COLUMN: u32 = WIDTH + 56;
const HALF: u32 = 31;
const MARGIN: u32 = 14;
/// What lines take at the sides that go back around everything.
const ROUND: u32 = 48;

/// What there is in the graph, from left to right.
pub(super) fn draw<'a>(frame: &'a Frame, graph: &Graph, now: SystemTime) -> Diagram<'a> {
    let layout = Layout::of(graph);
    let backs = layout.wires.iter().filter(|wire| wire.is_back).count();
    let grid = Grid { aside: if backs > 0 { ROUND } else { MARGIN }, floor: number(layout.height) * HALF + MARGIN };
    let nodes: Vec<_> = (0..graph.nodes.len()).map(|one| grid.node(frame, graph, &layout, one, now)).collect();
    let mut lines: Vec<_> = graph.edges.iter().zip(&layout.wires).collect();
    // Those that matter lie above the others.
    lines.sort_by_key(|(edge, _)| (edge.holds_up, edge.circular));
    let mut rounds = 0;
    let lines = lines.into_iter().map(|(edge, wire)| {
        let path = if wire.is_back {
            rounds += 1;
            grid.around(&nodes[edge.from], &nodes[edge.to], rounds)
        } else {
            grid.along(&nodes[edge.from], &nodes[edge.to], wire)
        };
        Line { path, class: class(edge) }
    });
    let lines = lines.collect();
    let key = &graph.nodes[0].key;
    Diagram {
        frame,
        id: format!("dependencies {key}"),
        title: format!("What {key} needs, to its left, and what needs it, to its right"),
        width: grid.aside * 2 + number(layout.columns) * COLUMN - (COLUMN - WIDTH),
        height: grid.floor + number(backs) * 6 + MARGIN,
        nodes,
        lines,
        list_open: false,
        has_list: false,
    }
}

fn class(edge: &Edge) -> &'static str {
    match (edge.holds_up, edge.circular) {
        (true, true) => "hot dashed",
        (true, false) => "hot",
        (false, true) => "dashed",
        (false, false) => "",
    }
}

/// Turns places into points.
struct Grid {
    aside: u32,
    /// Below every node.
    floor: u32,
}

impl Grid {
    fn point(&self, place: Place) -> (u32, u32) {
        (self.aside + number(place.column) * COLUMN, MARGIN + number(place.down) * HALF)
    }

    fn node(&self, frame: &Frame, graph: &Graph, layout: &Layout, index: usize, now: SystemTime) -> Node {
        let one = &graph.nodes[index];
        let (x, y) = self.point(layout.places[index]);
        let row = match &one.glimpse {
            Glimpse::Seen(row) => Some(row),
            _ => None,
        };
        let is_in_chain = graph.edges.iter().any(|edge| edge.holds_up && (edge.from == index || edge.to == index));
        Node {
            key: one.key.to_string(),
            x,
            y,
            w: WIDTH,
            h: Node::HEIGHT,
            depth: 0,
            href: place::object(&frame.base, &one.key, "dependencies"),
            kind: one.key.kind.info().name.to_owned(),
            name: one.key.name.to_string(),
            namespace: one.key.namespace.to_string(),
            state: status(one),
            note: row.and_then(|row| when::since(row.since, now)).map(|(_, age)| age).unwrap_or_default(),
            images: Vec::new(),
            class: match (one.side == Side::Own, is_in_chain, row.is_some()) {
                (true, true, _) => "own hot",
                (true, false, _) => "own",
                (false, true, true) => "hot",
                (false, true, false) => "hot dashed",
                (false, false, true) => "",
                (false, false, false) => "dashed",
            },
            fold: None,
        }
    }

    /// From the right side of a node to the left one of another, straight through the places on the way.
    fn along(&self, from: &Node, to: &Node, wire: &Wire) -> String {
        let (mut x, mut y) = (from.x + from.w, from.y + from.h / 2);
        let mut path = format!("M{x} {y}");
        let stops = wire.by.iter().map(|stop| self.point(*stop)).map(|(x, y)| (x, y + Node::HEIGHT / 2, WIDTH));
        for (next_x, next_y, goes_on) in stops.chain([(to.x, to.y + to.h / 2, 0)]) {
            let middle = u32::midpoint(x, next_x);
            let _ = write!(path, "C{middle} {y} {middle} {next_y} {next_x} {next_y}");
            if goes_on > 0 {
                let _ = write!(path, "h{goes_on}");
            }
            (x, y) = (next_x + goes_on, next_y);
        }
        path + ARROW
    }

    /// Below everything, back to the left: only circles have such lines.
    fn around(&self, from: &Node, to: &Node, round: u32) -> String {
        let floor = self.floor + 6 * round;
        let (right, y) = (from.x + from.w, from.y + from.h / 2);
        let (left, end) = (to.x, to.y + to.h / 2);
        let [out, back] = [right + ROUND - MARGIN, left.saturating_sub(ROUND - MARGIN)];
        format!(
            "M{right} {y}C{out} {y} {out} {floor} {right} {floor}H{left}C{back} {floor} {back} {end} {left} {end}{ARROW}"
        )
    }
}

/// The point of an arrow to the right, at the end of a line.
const ARROW: &str = "m-6 -4l6 4l-6 4";

fn number(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX / 1024)
}
