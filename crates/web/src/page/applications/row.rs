use std::time::SystemTime;

use askama::Template;
use fanlight_model::{Row, short_revision};

use crate::{frame::Frame, place, status::StatusView, when};

/// A row in words.
#[derive(Template)]
#[template(path = "applications/row.html")]
pub(super) struct RowView<'a> {
    key: String,
    version: u64,
    status: StatusView,
    name: &'a str,
    namespace: &'a str,
    link: Option<String>,
    kind: &'static str,
    source: String,
    revision: String,
    full_revision: String,
    /// One line: what a person would say of it, or the controller's own words where the reason stands below.
    message: &'a str,
    /// The reason, on a line of its own.
    reason: Option<&'a str>,
    syncing: bool,
    next_try: Option<(String, String)>,
    since: Option<String>,
    age: String,
    icons: &'a str,
}

impl<'a> RowView<'a> {
    pub(super) fn new(row: &'a Row, frame: &'a Frame, now: SystemTime) -> Self {
        let status = StatusView::of(row.state);
        let since = row.since.and_then(when::moment);
        let next_try = row.next_try.and_then(when::moment).filter(|time| *time > now);
        let explains = matches!(status.class, "failed" | "waiting") && !row.sentence.is_empty();
        Self {
            key: row.key.to_string(),
            version: row.version,
            status,
            name: &row.key.name,
            namespace: &row.key.namespace,
            link: place::object(&frame.base, &row.key, "details"),
            kind: row.key.kind.info().name,
            source: row.source.as_ref().map(ToString::to_string).unwrap_or_default(),
            revision: revision(row, short_revision),
            full_revision: revision(row, str::to_owned),
            message: if explains { &row.message } else { &row.sentence },
            reason: explains.then_some(&row.sentence),
            syncing: row.syncing && !status.spins,
            next_try: next_try.map(|time| (when::timestamp(time), when::clock_with_seconds(time))),
            age: since.map(|since| when::age(now.duration_since(since).unwrap_or_default())).unwrap_or_default(),
            since: since.map(when::timestamp),
            icons: &frame.assets.icons,
        }
    }
}

/// What is applied, and what is tried instead.
fn revision(row: &Row, say: impl Fn(&str) -> String) -> String {
    match (&*row.revision, &*row.attempted) {
        (applied, "") => say(applied),
        ("", attempted) => format!("→ {}", say(attempted)),
        (applied, attempted) => format!("{} → {}", say(applied), say(attempted)),
    }
}
