use std::time::Duration;

use askama::Template;
use fanlight_identity::Session;
use fanlight_model::{LogNews, LogQuery, LogStanding};
use futures_util::{StreamExt, stream::BoxStream};
use tokio::time::{Instant, sleep_until};

use super::{line::Lines, panel::Panel, standing::Standing};
use crate::{App, ObjectError, frame::Frame, stream::Told};

/// A log as a stream keeps it current. What comes faster than it is told waits in a ring of its own, and not here.
pub(in crate::page) struct Following {
    frame: Frame,
    query: LogQuery,
    news: BoxStream<'static, LogNews<ObjectError>>,
    /// What was not told so far.
    pending: Option<LogNews<ObjectError>>,
    standing: Option<LogStanding<ObjectError>>,
    /// The containers that are read, for the account.
    read: Vec<String>,
    /// Nothing is told before this moment.
    quiet_until: Instant,
}

impl Following {
    /// The least time between two tellings.
    const PACE: Duration = Duration::from_millis(300);

    pub(in crate::page) fn begin(
        app: &App,
        session: &Session,
        frame: Frame,
        query: LogQuery,
        after: Option<i64>,
    ) -> Self {
        let news = app.objects.follow_logs(&session.identity, &query, after);
        let (pending, standing, read, quiet_until) = (None, None, Vec::new(), Instant::now());
        Self { frame, query, news, pending, standing, read, quiet_until }
    }

    /// The containers that are read, as `namespace/pod/container`.
    pub(in crate::page) fn read(&self) -> &[String] {
        &self.read
    }

    /// What the browser was not told.
    pub(in crate::page) fn told(&mut self, told: &mut Told) -> String {
        let Some(LogNews { batch, standing }) = self.pending.take() else { return String::new() };
        let mut html = String::new();
        if let Some(standing) = standing {
            self.read = super::read(&standing);
            // The addresses of what else can be asked are those of the page.
            let panel = Panel::about(&self.frame, &self.query, &|_| String::new(), Some(&standing));
            let pieces = [("note", panel.as_note().render()), ("empty", panel.as_empty().render())];
            html.extend(pieces.into_iter().filter_map(|(id, piece)| told.piece(id, piece.unwrap_or_default())));
            if matches!(Standing::refusal(&standing), Some(ObjectError::Forbidden(_))) {
                // What may not be seen any more goes.
                html.push_str(
                    "<ol id=\"lines\" class=\"log\" tabindex=\"0\" aria-label=\"Lines, the newest last\"></ol>",
                );
            }
            self.standing = Some(standing);
        }
        if !batch.lines.is_empty() || batch.left_out > 0 {
            let places = self.standing.as_ref().map(|standing| &standing.places);
            let lines = Lines::new(&self.query, &batch, places).render().unwrap_or_default();
            html.extend(["<ol id=\"lines\" data-add>", &lines, "</ol>"]);
        }
        html
    }

    /// Waits until there is something to tell. Safe to cancel.
    pub(in crate::page) async fn changed(&mut self) {
        if self.pending.is_none() {
            match self.news.next().await {
                Some(news) => self.pending = Some(news),
                None => return std::future::pending().await,
            }
        }
        sleep_until(self.quiet_until).await;
        self.quiet_until = Instant::now() + Self::PACE;
    }
}
