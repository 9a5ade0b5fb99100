//! The pieces of the page: links that change the question, and rows.

use std::{
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use fanlight_live::List;
use fanlight_model::{Query, Row, State, short_revision};
use url::form_urlencoded;

use super::SORTS;

/// A part of the state strip.
pub(super) struct Part {
    pub(super) class: &'static str,
    pub(super) word: &'static str,
    pub(super) count: usize,
    pub(super) link: String,
    pub(super) chosen: bool,
}

/// A menu of filters.
pub(super) struct Menu {
    pub(super) name: &'static str,
    pub(super) choices: Vec<Link>,
}

/// A link that asks another question.
pub(super) struct Link {
    pub(super) word: String,
    pub(super) count: usize,
    pub(super) link: String,
}

/// The head of a column.
pub(super) struct Head {
    pub(super) class: &'static str,
    pub(super) word: &'static str,
    pub(super) link: String,
    pub(super) sorted: &'static str,
}

/// A row in words.
pub(super) struct RowView {
    pub(super) key: String,
    pub(super) version: u64,
    pub(super) class: &'static str,
    pub(super) word: &'static str,
    pub(super) spins: bool,
    /// Whether the message stands on a line of its own, as the reason.
    pub(super) explains: bool,
    pub(super) name: Arc<str>,
    pub(super) namespace: Arc<str>,
    pub(super) kind: &'static str,
    pub(super) source: String,
    pub(super) revision: String,
    pub(super) full_revision: String,
    pub(super) message: String,
    pub(super) since: Option<String>,
    pub(super) age: String,
}

impl RowView {
    pub(super) fn new(row: &Row, now: SystemTime) -> Self {
        let class = class(row.state);
        let since =
            row.since.and_then(|since| u64::try_from(since).ok()).map(|since| UNIX_EPOCH + Duration::from_secs(since));
        Self {
            key: row.key.to_string(),
            version: row.version,
            class,
            word: row.state.word(),
            spins: row.state == State::Progressing,
            explains: matches!(class, "failed" | "waiting") && !row.message.is_empty(),
            name: Arc::clone(&row.key.name),
            namespace: Arc::clone(&row.key.namespace),
            kind: row.key.kind.info().name,
            source: row.source.as_ref().map(ToString::to_string).unwrap_or_default(),
            revision: short_revision(&row.revision),
            full_revision: row.revision.to_string(),
            message: row.message.to_string(),
            age: since.map(|since| age(now.duration_since(since).unwrap_or_default())).unwrap_or_default(),
            since: since.map(timestamp),
        }
    }
}

/// The colour and shape of a state.
fn class(state: State) -> &'static str {
    match state {
        State::Failed | State::Stalled => "failed",
        State::Waiting => "waiting",
        State::Progressing | State::Deleting => "moving",
        State::NotReconciled | State::Suspended | State::Configured => "quiet",
        State::Ready => "ready",
    }
}

/// The state strip: every state that is there or chosen, as a switch.
pub(super) fn strip(query: &Query, list: &List, to: &impl Fn(&Query) -> String) -> Vec<Part> {
    let there = State::ALL.into_iter().filter(|state| list.states[state.index()] > 0 || query.states.contains(state));
    there
        .map(|state| {
            let chosen = query.states.contains(&state);
            let mut other = first_page(query);
            toggle(&mut other.states, state);
            Part {
                class: class(state),
                word: state.word(),
                count: list.states[state.index()],
                link: to(&other),
                chosen,
            }
        })
        .collect()
}

/// The menus of kinds and namespaces.
pub(super) fn menus(query: &Query, list: &List, to: &impl Fn(&Query) -> String) -> Vec<Menu> {
    let kinds = list.kinds.iter().map(|(kind, count)| {
        let mut other = first_page(query);
        toggle(&mut other.kinds, *kind);
        Link { word: kind.to_string(), count: *count, link: to(&other) }
    });
    let namespaces = list.namespaces.iter().map(|(namespace, count)| {
        let mut other = first_page(query);
        toggle(&mut other.namespaces, namespace.to_string());
        Link { word: namespace.to_string(), count: *count, link: to(&other) }
    });
    vec![Menu { name: "Kind", choices: kinds.collect() }, Menu { name: "Namespace", choices: namespaces.collect() }]
}

/// The active filters, each a link that removes it.
pub(super) fn chips(query: &Query, to: &impl Fn(&Query) -> String) -> Vec<Link> {
    let mut chips = Vec::new();
    let mut chip = |word: String, other: &Query| chips.push(Link { word, count: 0, link: to(other) });
    for kind in &query.kinds {
        let mut other = first_page(query);
        toggle(&mut other.kinds, *kind);
        chip(format!("kind: {kind}"), &other);
    }
    for namespace in &query.namespaces {
        let mut other = first_page(query);
        toggle(&mut other.namespaces, namespace.clone());
        chip(format!("namespace: {namespace}"), &other);
    }
    for state in &query.states {
        let mut other = first_page(query);
        toggle(&mut other.states, *state);
        chip(format!("status: {state}"), &other);
    }
    if !query.words.is_empty() {
        chip(format!("search: {}", query.words.join(" ")), &Query { words: Vec::new(), ..first_page(query) });
    }
    chips
}

/// The heads of the columns; a second click on the sorted one turns the order around.
pub(super) fn heads(query: &Query, to: &impl Fn(&Query) -> String) -> Vec<Head> {
    let sortable = SORTS.map(|(sort, word, class)| {
        let current = query.sort == sort;
        let reversed = current && !query.reversed;
        let sorted = match (current, query.reversed) {
            (false, _) => "none",
            (true, false) => "ascending",
            (true, true) => "descending",
        };
        Head { class, word, link: to(&Query { sort, reversed, ..first_page(query) }), sorted }
    });
    let plain = |class, word| Head { class, word, link: String::new(), sorted: "none" };
    let [status, name, kind, since] = sortable;
    vec![status, name, kind, plain("source", "Source and revision"), plain("message", "Message"), since]
}

/// The address of the answer to a question.
pub(super) fn address(base: &str, query: &Query) -> String {
    let pairs = query.pairs();
    if pairs.is_empty() {
        return format!("{base}/applications");
    }
    let encoded = form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
    format!("{base}/applications?{encoded}")
}

/// RFC 3339, in UTC, to the second.
pub(super) fn timestamp(time: SystemTime) -> String {
    let seconds = time.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    let stamp = i64::try_from(seconds).ok().and_then(|seconds| jiff::Timestamp::from_second(seconds).ok());
    stamp.map(|stamp| stamp.to_string()).unwrap_or_default()
}

/// As `kubectl` says it, in the largest unit.
fn age(age: Duration) -> String {
    let seconds = age.as_secs();
    match seconds {
        0..60 => format!("{seconds}s"),
        60..3600 => format!("{}m", seconds / 60),
        3600..86400 => format!("{}h", seconds / 3600),
        _ => format!("{}d", seconds / 86400),
    }
}

fn first_page(query: &Query) -> Query {
    Query { page: 0, ..query.clone() }
}

fn toggle<T: PartialEq>(list: &mut Vec<T>, value: T) {
    match list.iter().position(|entry| *entry == value) {
        Some(index) => drop(list.remove(index)),
        None => list.push(value),
    }
}
