use std::time::SystemTime;

use askama::Template;
use fanlight_model::Row;

use super::{
    ListPage,
    column::{Bit, Cell},
};
use crate::{
    frame::Frame,
    page::aside::Aside,
    place,
    prose::{Piece, pieces},
    status::StatusView,
    when,
};

/// A row in words.
#[derive(Template)]
#[template(path = "list/row.html")]
pub(super) struct RowView<'a> {
    key: String,
    version: u64,
    status: StatusView,
    name: &'a str,
    namespace: &'a str,
    /// The tenant that it belongs to, if a label says so.
    tenant: Option<&'a str>,
    kind: &'static str,
    link: Option<String>,
    cells: Vec<Cell>,
    /// The reason, on a line of its own, in pieces; none if there is no such line.
    reason: Vec<Piece>,
    /// What is to be opened below it: what a person would say of the controller's words, if the reason says more, and those.
    below: [&'a str; 2],
    syncing: bool,
    next_try: Option<(String, String)>,
    since: Option<String>,
    age: String,
    icons: &'a str,
}

impl<'a> RowView<'a> {
    pub(super) fn new(page: &ListPage, row: &'a Row, aside: &Aside, frame: &'a Frame, now: SystemTime) -> Self {
        let status = StatusView::of(row.state);
        let since = row.since.and_then(when::moment);
        let next_try = row.next_try.and_then(when::moment).filter(|time| *time > now);
        // Without a column for it, whatever is not as usual has its line.
        let unusual = match status.class {
            "failed" | "waiting" => true,
            "moving" | "quiet" | "suspended" => !page.has_message() && row.state != fanlight_model::State::Configured,
            _ => false,
        };
        let explains = unusual && !row.sentence.is_empty() && *row.sentence != *status.word;
        // One line: what a person would say of it, or the controller's own words where the reason stands below.
        let message = if explains { &row.message } else { &row.sentence };
        let (reason, below) = match &aside.why {
            Some(why) => (pieces(why), [&*row.sentence, &*row.message]),
            // As the controller says it, which knows of no pieces.
            None if explains => (vec![Piece { text: row.sentence.to_string(), code: false }], ["", &*row.message]),
            None => (Vec::new(), [""; 2]),
        };
        Self {
            key: row.key.to_string(),
            version: row.version,
            status,
            name: &row.key.name,
            namespace: &row.key.namespace,
            tenant: row.tenant(),
            kind: row.key.kind.info().name,
            link: place::object(&frame.base, &row.key, "details"),
            cells: page.columns.iter().map(|column| column.cell(row, message, aside.verified, frame, now)).collect(),
            reason,
            below,
            syncing: row.syncing && !status.spins,
            next_try: next_try.map(|time| (when::timestamp(time), when::clock_with_seconds(time))),
            age: since.map(|since| when::age(now.duration_since(since).unwrap_or_default())).unwrap_or_default(),
            since: since.map(when::timestamp),
            icons: &frame.assets.icons,
        }
    }

    /// How many columns the reason spans.
    fn span(&self) -> usize {
        self.cells.len() + 3
    }
}
