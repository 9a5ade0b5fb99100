use std::time::SystemTime;

use askama::Template;
use fanlight_model::{Row, State, short_revision};

use crate::{frame::Frame, when};

/// A row in words.
#[derive(Template)]
#[template(path = "applications/row.html")]
pub(super) struct RowView<'a> {
    key: String,
    version: u64,
    class: &'static str,
    word: &'static str,
    spins: bool,
    /// Whether the message stands on a line of its own, as the reason.
    explains: bool,
    name: &'a str,
    namespace: &'a str,
    kind: &'static str,
    source: String,
    revision: String,
    full_revision: &'a str,
    message: &'a str,
    since: Option<String>,
    age: String,
    icons: &'a str,
}

impl<'a> RowView<'a> {
    pub(super) fn new(row: &'a Row, frame: &'a Frame, now: SystemTime) -> Self {
        let class = class(row.state);
        let since = row.since.and_then(when::moment);
        Self {
            key: row.key.to_string(),
            version: row.version,
            class,
            word: row.state.word(),
            spins: row.state == State::Progressing,
            explains: matches!(class, "failed" | "waiting") && !row.message.is_empty(),
            name: &row.key.name,
            namespace: &row.key.namespace,
            kind: row.key.kind.info().name,
            source: row.source.as_ref().map(ToString::to_string).unwrap_or_default(),
            revision: short_revision(&row.revision),
            full_revision: &row.revision,
            message: &row.message,
            age: since.map(|since| when::age(now.duration_since(since).unwrap_or_default())).unwrap_or_default(),
            since: since.map(when::timestamp),
            icons: &frame.assets.icons,
        }
    }
}

/// The colour and shape of a state.
pub(super) fn class(state: State) -> &'static str {
    match state {
        State::Failed | State::Stalled => "failed",
        State::Waiting => "waiting",
        State::Progressing | State::Deleting => "moving",
        State::NotReconciled | State::Suspended | State::Configured => "quiet",
        State::Ready => "ready",
    }
}
