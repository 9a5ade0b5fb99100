use std::{
    collections::HashMap,
    time::{Duration, SystemTime},
};

use askama::Template;
use fanlight_identity::Session;
use fanlight_live::Visit;
use fanlight_model::{EventFilter, EventNews, Identity, Version};
use futures_util::{
    StreamExt,
    stream::{self, BoxStream, SelectAll},
};
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

use super::{EventRow, EventsPage, Happened, Places};
use crate::{
    App, ObjectError,
    frame::Frame,
    signed::visitor,
    stream::{Told, View},
};

/// The page as its stream keeps it current: it follows the Events for as long as the stream is open, and no longer.
pub(super) struct EventsView {
    frame: Frame,
    filter: EventFilter,
    user: String,
    happened: Happened,
    news: SelectAll<BoxStream<'static, (usize, EventNews<ObjectError>)>>,
    /// Of no kind: it is what ends with the session.
    visit: Visit,
    /// The rows that the browser has, in their order.
    sent: Option<Vec<(String, Version)>>,
    /// Something has been told that the browser was not told yet.
    pending: bool,
    /// Nothing is told before this moment.
    quiet_until: Instant,
}

impl EventsView {
    /// The least time between two tellings.
    const PACE: Duration = Duration::from_millis(250);

    pub(super) async fn open(app: &App, session: &Session, frame: Frame, filter: EventFilter) -> Self {
        let visit = app.live.visit(&visitor(app, session), &[]).await;
        let places = Places::find(app, session, &filter).await;
        let who = &session.identity;
        let follow = places.namespaces.iter().enumerate().map(|(number, place)| {
            let news = app.objects.follow_events(who, place.as_deref(), &filter);
            news.map(move |news| (number, news)).boxed()
        });
        Self {
            news: stream::select_all(follow),
            frame,
            user: who.user().to_string(),
            happened: Happened::nothing(places),
            visit,
            sent: None,
            pending: false,
            quiet_until: Instant::now(),
            filter,
        }
    }

    /// Where it follows them.
    pub(super) fn places(&self) -> impl Iterator<Item = Option<&str>> {
        self.happened.places()
    }

    /// The rows that the browser does not have as they are, in a table that says the order of all.
    fn rows(&mut self, order: &str, now: SystemTime) -> String {
        let shown: Vec<_> = self.happened.shown(&self.filter).collect();
        let versions: Vec<_> = shown.iter().map(|event| (event.id.clone(), event.version)).collect();
        if self.sent.as_ref() == Some(&versions) {
            return String::new();
        }
        let before: HashMap<_, _> = self.sent.iter().flatten().map(|(id, version)| (&**id, *version)).collect();
        let news = shown.iter().filter(|event| before.get(&*event.id) != Some(&event.version));
        let rows: String = news.filter_map(|event| EventRow::of(event, &self.frame, now).render().ok()).collect();
        self.sent = Some(versions);
        format!("<table id=\"rows\" data-order=\"{order}\">{rows}</table>")
    }
}

impl View for EventsView {
    async fn news(&mut self, _: &Identity, now: SystemTime, told: &mut Told) -> String {
        if self.happened.is_loading() && self.happened.has_places() {
            // The page that is open has it all already.
            return String::new();
        }
        let page = EventsPage::new(&self.frame, &self.filter, &self.happened, &self.user);
        let pieces = [
            ("note", page.as_note().render()),
            ("strip", page.as_strip().render()),
            ("filters", page.as_filters().render()),
            ("empty", page.as_empty().render()),
        ];
        let mut news = told.pieces(pieces);
        let order = page.order;
        news.push_str(&self.rows(&order, now));
        news
    }

    async fn changed(&mut self) {
        while !self.pending {
            let expires = self.happened.expires();
            tokio::select! {
                Some((place, news)) = self.news.next() => self.happened.take(place, news, Instant::now()),
                () = sleep_until(expires.unwrap_or_else(Instant::now)), if expires.is_some() => {
                    self.happened.expire(Instant::now());
                }
                else => return std::future::pending().await,
            }
            self.pending = true;
        }
        // What comes meanwhile is told with it.
        loop {
            tokio::select! {
                biased;
                () = sleep_until(self.quiet_until) => break,
                Some((place, news)) = self.news.next() => self.happened.take(place, news, Instant::now()),
            }
        }
        self.quiet_until = Instant::now() + Self::PACE;
        self.pending = false;
    }

    fn over(&self) -> CancellationToken {
        self.visit.over()
    }
}
