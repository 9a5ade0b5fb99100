//! What an object needs, and what needs it: a drawing, and the same as a list.

mod drawing;
mod entry;
pub(super) mod reading;

use std::{collections::BTreeSet, time::SystemTime};

use fanlight_model::{Glimpse, Graph, Node, Side, State};
use serde_json::Value;

use super::Shown;
use crate::{frame::Frame, page::diagram::Diagram};
use entry::{Entry, name, status};

/// The tab.
pub(super) struct Dependencies<'a> {
    /// `None` where there is nothing but the object.
    pub(super) drawing: Option<Diagram<'a>>,
    /// Why it waits, in a sentence; empty if it does not.
    pub(super) waits: String,
    /// The way to what it waits for in the end.
    pub(super) chain: Vec<Entry>,
    /// Who waits for each other; empty if nobody does.
    pub(super) circle: String,
    pub(super) sides: [SideView; 2],
    /// What it depends on of kinds that have no pages here.
    pub(super) others: Vec<String>,
    /// What else is to be known of all that.
    pub(super) notes: Vec<String>,
}

/// One direction.
pub(super) struct SideView {
    pub(super) title: &'static str,
    pub(super) entries: Vec<Entry>,
    /// How many more there are at least.
    pub(super) more: usize,
    /// What stands in the place of entries.
    pub(super) nothing: &'static str,
}

impl<'a> Dependencies<'a> {
    pub(super) fn of(frame: &'a Frame, shown: &Shown, now: SystemTime) -> Option<Self> {
        let graph = shown.around.graph.as_ref()?;
        let entry = |number: usize| Entry::of(frame, graph, number, now);
        let side = |side, title, nothing, more| {
            let mut numbers: Vec<_> = graph.on(side).map(|(number, _)| number).collect();
            numbers.sort_by_key(|number| (graph.nodes[*number].steps, !Entry::is_held(graph, *number)));
            SideView { title, entries: numbers.into_iter().map(entry).collect(), more, nothing }
        };
        let others = other_kinds(&shown.object);
        let nothing = if shown.around.is_partial { "Nothing that you may see." } else { "Nothing." };
        Some(Self {
            drawing: (graph.nodes.len() > 1).then(|| drawing::draw(frame, graph, now)),
            waits: waits(graph),
            chain: graph.chain.iter().map(|number| entry(*number)).collect(),
            circle: circle(graph),
            sides: [
                side(Side::Needed, "What it needs", "Nothing: it can be reconciled by itself.", graph.more_needed),
                side(Side::Needing, "What needs it", nothing, graph.more_needing),
            ],
            notes: notes(shown),
            others,
        })
    }
}

fn notes(shown: &Shown) -> Vec<String> {
    let mut notes = Vec::new();
    if shown.around.is_partial {
        notes.push("What you may not see can need it too: it is not listed here.".to_owned());
    }
    match shown.unread_expressions() {
        0 => {}
        1 => notes.push("Of one object it was not read whether it says what ready means (readyExpr).".to_owned()),
        many => {
            notes.push(format!("Of {many} objects it was not read whether they say what ready means (readyExpr)."));
        }
    }
    notes
}

/// Why the object waits, as far as the graph shows it.
fn waits(graph: &Graph) -> String {
    let [.., last] = &*graph.chain else {
        let own = graph.nodes.first().and_then(Node::state);
        let is_waiting = own == Some(State::Waiting);
        return if is_waiting {
            "It waits, and nothing in sight that it needs holds it up.".to_owned()
        } else {
            String::new()
        };
    };
    let between = match graph.chain.len().saturating_sub(2) {
        0 => String::new(),
        1 => ", by way of one other".to_owned(),
        many => format!(", by way of {many} others"),
    };
    let end = &graph.nodes[*last];
    let goes_round = graph.edges.iter().any(|edge| edge.to == *last && edge.from == 0 && edge.holds_up);
    format!("It waits for {} {}{between}, {}.", end.key.kind, name(&end.key), which(end, goes_round))
}

fn which(node: &Node, goes_round: bool) -> &'static str {
    match (&node.glimpse, node.state()) {
        (Glimpse::Absent, _) => "which is not there",
        (Glimpse::NotInstalled, _) => "whose kind is not installed",
        (Glimpse::Hidden, _) => "which you may not see",
        (Glimpse::Unknown, _) => "of which nothing is known so far",
        (_, Some(State::Failed)) => "which failed",
        (_, Some(State::Stalled)) => "which gave up",
        (_, Some(State::Waiting)) if goes_round => "which waits for it in turn",
        (_, Some(State::Waiting)) => "which waits too",
        (_, Some(State::Progressing)) => "which is at work",
        (_, Some(State::Deleting)) => "which is being deleted",
        (_, Some(State::NotReconciled)) => "which no controller has looked at yet",
        (_, Some(State::Suspended)) => "which is suspended",
        (_, Some(State::Ready | State::Configured) | None) => "which is ready",
    }
}

/// Who is in a circle with whom: `a/b and c/d need each other`.
fn circle(graph: &Graph) -> String {
    let mut left: Vec<_> = graph.edges.iter().filter(|edge| edge.circular).collect();
    let mut sentences = Vec::new();
    while !left.is_empty() {
        let first = left.remove(0);
        // What is connected by such edges is in circles with each other.
        let mut members = BTreeSet::from([first.from, first.to]);
        while let Some(at) = left.iter().position(|edge| members.contains(&edge.from) || members.contains(&edge.to)) {
            let edge = left.swap_remove(at);
            members.extend([edge.from, edge.to]);
        }
        let names: Vec<_> = members.iter().map(|number| name(&graph.nodes[*number].key)).collect();
        sentences.push(circle_of(&names));
    }
    sentences.join(" ")
}

fn circle_of(names: &[String]) -> String {
    /// More say nothing more.
    const MOST: usize = 8;
    match names {
        [] => String::new(),
        [one] => format!("{one} depends on itself: it can never become ready."),
        [first @ .., last] if names.len() <= MOST => {
            format!("{} and {last} need each other in a circle: none of them can become ready.", first.join(", "))
        }
        names => {
            let (said, rest) = (names[..MOST].join(", "), names.len() - MOST);
            format!("{said} and {rest} more need each other in circles: none of them can become ready.")
        }
    }
}

/// What a `ResourceSet` depends on that is not Flux's.
fn other_kinds(object: &Value) -> Vec<String> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let entries = object["spec"]["dependsOn"].as_array().into_iter().flatten();
    let foreign = entries.filter(|entry| {
        let kind = entry["kind"].as_str();
        kind.is_some_and(|kind| fanlight_model::Kind::by_name(kind).is_none())
    });
    let named = foreign.map(|entry| {
        let [kind, namespace, name] = ["kind", "namespace", "name"].map(|part| text(&entry[part]));
        if namespace.is_empty() { format!("{kind} {name}") } else { format!("{kind} {namespace}/{name}") }
    });
    named.take(50).collect()
}

#[cfg(test)]
mod tests;
