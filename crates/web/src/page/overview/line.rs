use std::time::SystemTime;

use fanlight_model::{Row, short_revision};

use crate::{
    frame::Frame,
    page::aside::Aside,
    place,
    prose::{Piece, pieces},
    status::StatusView,
    when,
};

/// An object as a line: state, name, reason, revision, age.
pub(super) struct Line {
    pub(super) key: String,
    pub(super) status: StatusView,
    pub(super) name: String,
    pub(super) namespace: String,
    pub(super) kind: &'static str,
    pub(super) link: Option<String>,
    /// What a person would say of it.
    pub(super) sentence: Vec<Piece>,
    /// What the controller says, if that is more.
    pub(super) message: String,
    pub(super) revision: String,
    pub(super) full_revision: String,
    /// Since when, and how long that is.
    pub(super) since: Option<(String, String)>,
}

impl Line {
    /// The line at `now`; without it, the age is left to the browser.
    pub(super) fn of(row: &Row, frame: &Frame, now: Option<SystemTime>) -> Self {
        Self::with(row, &Aside::default(), frame, now)
    }

    /// The same with what is said of its object besides.
    pub(super) fn with(row: &Row, aside: &Aside, frame: &Frame, now: Option<SystemTime>) -> Self {
        let (sentence, words) = match &aside.why {
            Some(why) => (pieces(why), if row.message.is_empty() { &row.sentence } else { &row.message }),
            None => (vec![Piece { text: row.sentence.to_string(), code: false }], &row.message),
        };
        let tried = if row.attempted.is_empty() { &row.revision } else { &row.attempted };
        let since = row.since.and_then(when::moment).map(|since| {
            let age = now.map(|now| when::age(now.duration_since(since).unwrap_or_default()));
            (when::timestamp(since), age.unwrap_or_default())
        });
        Self {
            key: row.key.to_string(),
            status: StatusView::of(row.state),
            name: row.key.name.to_string(),
            namespace: row.key.namespace.to_string(),
            kind: row.key.kind.info().name,
            link: place::object(&frame.base, &row.key, "details"),
            sentence,
            message: words.to_string(),
            revision: short_revision(tried),
            full_revision: tried.to_string(),
            since,
        }
    }
}
