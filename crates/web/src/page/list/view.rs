use std::{sync::Arc, time::SystemTime};

use askama::Template;
use fanlight_identity::Session;
use fanlight_live::{List, Visit};
use fanlight_model::{Identity, Query, Row};
use tokio_util::sync::CancellationToken;

use super::{Beside, ListPage, Listed, RowView, asides};
use crate::{
    App,
    causes::Seeker,
    frame::Frame,
    page::aside::Aside,
    stream::{Told, View},
};

/// A list as its stream keeps it current.
pub(super) struct ListView {
    app: Arc<App>,
    session: Session,
    page: &'static ListPage,
    frame: Frame,
    query: Query,
    visit: Visit,
    beside: Beside,
    seeker: Seeker,
    /// What was told last.
    shown: Option<List>,
}

impl ListView {
    pub(super) fn new(app: Arc<App>, session: Session, page: &'static ListPage, opened: super::Opened) -> Self {
        let super::Opened { frame, query, visit, beside } = opened;
        let seeker = Seeker::new(&app.causes, &app.objects, &session.identity);
        Self { app, session, page, frame, query, visit, beside, seeker, shown: None }
    }

    /// The rows that the browser does not have as they are, in a table that says the order of all.
    fn rows(&self, list: &List, asides: Vec<Aside>, now: SystemTime, told: &mut Told) -> String {
        let shown: Vec<(Arc<Row>, Aside)> = list.rows.iter().cloned().zip(asides).collect();
        let Some(changed) = told.rows(&shown) else { return String::new() };
        let views = changed.iter().map(|(row, aside)| RowView::new(self.page, row, aside, &self.frame, now));
        let rows: String = views.filter_map(|row| row.render().ok()).collect();
        format!("<table id=\"rows\" data-order=\"{}\">{rows}</table>", super::order(list))
    }
}

impl View for ListView {
    async fn news(&mut self, viewer: &Identity, now: SystemTime, told: &mut Told) -> String {
        self.beside.look_around(&self.app, &self.session, &self.visit.sights()).await;
        let list = self.visit.list(&self.query);
        let asides = asides(&self.app, viewer, self.page, &list.rows, &self.visit, &self.beside);
        self.seeker.want(asides.unexplained, asides.found);
        let mut news = String::new();
        // Most that happens to objects changes nothing around them, and that is dear to write: it names every namespace.
        if !self.shown.as_ref().is_some_and(|shown| shown.differs_in_rows_only(&list)) {
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
            news = told.pieces(pieces);
        }
        news.push_str(&self.rows(&list, asides.all, now, told));
        self.shown = Some(list);
        news
    }

    async fn changed(&mut self) {
        tokio::select! {
            () = self.visit.changed() => {}
            () = self.beside.changed() => {}
            () = self.seeker.next() => {}
        }
    }

    fn over(&self) -> CancellationToken {
        self.visit.over()
    }
}
