//! A drawing of objects and of what connects them, with the same as a nested list.
//!
//! Whoever draws one says where each node is. Looking at a part of it and making it larger is `diagram.js`; without scripts, it
//! is scrolled.

mod line;
mod node;
mod specimen;

use askama::Template;

pub(crate) use line::Line;
pub(crate) use node::{Fold, Node};
pub(super) use specimen::specimens;

use crate::frame::Frame;

/// A drawing.
#[derive(Template)]
#[template(path = "diagram.html")]
pub(crate) struct Diagram<'a> {
    pub(crate) frame: &'a Frame,
    /// Tells it from others on all pages: the browser remembers by it which part somebody looked at.
    pub(crate) id: String,
    /// What is drawn, for those who do not see it.
    pub(crate) title: String,
    pub(crate) width: u32,
    pub(crate) height: u32,
    /// In the order in which the list has them.
    pub(crate) nodes: Vec<Node>,
    pub(crate) lines: Vec<Line>,
    /// Whether the list is open from the beginning.
    pub(crate) list_open: bool,
    /// Whether the list is part of it: who says the same beside it with more words has none.
    pub(crate) has_list: bool,
}

/// A node in the list, and how the list goes on after it.
struct Entry<'a> {
    node: &'a Node,
    /// Whether a list of what is below it begins.
    opens: bool,
    /// How many lists end with it.
    closes: usize,
}

impl Entry<'_> {
    fn ends(&self) -> String {
        "</ul></li>".repeat(self.closes)
    }
}

impl Diagram<'_> {
    /// The nodes by their depth, as lists in lists.
    fn entries(&self) -> Vec<Entry<'_>> {
        let mut entries = Vec::with_capacity(self.nodes.len());
        let mut depth = 0;
        for (index, node) in self.nodes.iter().enumerate() {
            let next = self.nodes.get(index + 1).map_or(0, |next| next.depth.min(depth + 1));
            entries.push(Entry { node, opens: next > depth, closes: depth.saturating_sub(next) });
            depth = next;
        }
        entries
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(depths: &[usize]) -> String {
        let frame = Frame::specimen();
        let nodes = depths.iter().map(|depth| Node { depth: *depth, ..Node::specimen("Pod", "cart") }).collect();
        let (id, title) = (String::new(), String::new());
        Diagram {
            frame: &frame,
            id,
            title,
            width: 1,
            height: 1,
            nodes,
            lines: Vec::new(),
            list_open: true,
            has_list: true,
        }
        .to_string()
    }

    #[test]
    fn every_list_that_begins_ends_however_deep_it_goes() {
        for depths in [&[][..], &[0], &[0, 1, 2, 1, 0], &[0, 1, 2, 3, 0], &[0, 5, 5], &[3, 0], &[0, 0, 1]] {
            let html = drawn(depths);
            for tag in ["ul", "li", "details", "g", "a"] {
                let (opening, closing) = (format!("<{tag}"), format!("</{tag}>"));
                let opened = html.match_indices(&opening);
                let opened = opened.filter(|(at, _)| html[at + opening.len()..].starts_with([' ', '>']));
                assert_eq!(opened.count(), html.matches(&closing).count(), "{tag} in {depths:?}:\n{html}");
            }
        }
    }
}
