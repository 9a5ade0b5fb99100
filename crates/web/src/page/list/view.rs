use std::time::SystemTime;

use askama::Template;
use fanlight_live::{List, Visit};
use fanlight_model::{Identity, Query};

use super::{ListPage, Listed, RowView};
use tokio_util::sync::CancellationToken;

use crate::{
    frame::Frame,
    stream::{Told, View},
};

/// A list as its stream keeps it current.
pub(super) struct ListView {
    page: &'static ListPage,
    frame: Frame,
    query: Query,
    visit: Visit,
}

impl ListView {
    pub(super) fn new(page: &'static ListPage, frame: Frame, query: Query, visit: Visit) -> Self {
        Self { page, frame, query, visit }
    }
}

impl View for ListView {
    async fn news(&mut self, viewer: &Identity, now: SystemTime, told: &mut Told) -> String {
        let list = self.visit.list(&self.query);
        let page = Listed::new(self.page, &self.frame, viewer, &self.query, &list, now);
        let pieces = [
            ("count", page.as_count().render()),
            ("note", page.as_note().render()),
            ("strip", page.as_strip().render()),
            ("filters", page.as_filters().render()),
            ("empty", page.as_empty().render()),
            ("pages", page.as_pages().render()),
            ("act", page.as_bar().render()),
        ];
        let mut news: String =
            pieces.into_iter().filter_map(|(id, html)| told.piece(id, html.unwrap_or_default())).collect();
        news.push_str(&rows(&page, &list, now, told));
        news
    }

    async fn changed(&mut self) {
        self.visit.changed().await;
    }

    fn over(&self) -> CancellationToken {
        self.visit.over()
    }
}

/// The rows that the browser does not have as they are, in a table that says the order of all.
fn rows(page: &Listed<'_>, list: &List, now: SystemTime, told: &mut Told) -> String {
    let Some(changed) = told.rows(&list.rows) else { return String::new() };
    let rows: String =
        changed.iter().filter_map(|row| RowView::new(page.page, row, page.frame, now).render().ok()).collect();
    format!("<table id=\"rows\" data-order=\"{}\">{rows}</table>", page.order)
}
