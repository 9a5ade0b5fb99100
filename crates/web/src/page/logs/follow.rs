use std::{collections::BTreeSet, time::Duration};

use askama::Template;
use fanlight_identity::Session;
use fanlight_model::{LogBatch, LogNews, LogQuery, LogStanding};
use futures_util::{StreamExt, stream::BoxStream};
use tokio::time::{Instant, sleep_until};

use super::{line::Lines, panel::Panel, standing::Standing};
use crate::{App, ObjectError, frame::Frame, stream::Told};

/// What somebody may not read.
#[derive(Debug, Default, PartialEq, Eq)]
enum Refused {
    #[default]
    Nothing,
    /// Some containers of several, as `namespace/pod/container`.
    Some(BTreeSet<String>),
    All,
}

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
    /// Of what nothing may be shown at this moment.
    refused: Refused,
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
        Self { frame, query, news, pending, standing, read, refused: Refused::Nothing, quiet_until }
    }

    /// The containers that are read, as `namespace/pod/container`.
    pub(in crate::page) fn read(&self) -> &[String] {
        &self.read
    }

    /// What the browser was not told.
    pub(in crate::page) fn told(&mut self, told: &mut Told) -> String {
        let Some(LogNews { mut batch, standing }) = self.pending.take() else { return String::new() };
        let mut html = String::new();
        if let Some(standing) = standing {
            self.read = super::read(&standing);
            // The addresses of what else can be asked are those of the page.
            let panel = Panel::about(&self.frame, &self.query, &|_| String::new(), Some(&standing));
            let pieces = [("note", panel.as_note().render()), ("empty", panel.as_empty().render())];
            html.extend(pieces.into_iter().filter_map(|(id, piece)| told.piece(id, piece.unwrap_or_default())));
            self.refused = Refused::of(&standing);
            html.push_str(&self.refused.taken_away());
            self.standing = Some(standing);
        }
        // They may have been gathered before the right was lost, and be told with that.
        self.refused.keep(&mut batch);
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

impl Refused {
    fn of(standing: &LogStanding<ObjectError>) -> Self {
        if matches!(Standing::refusal(standing), Some(ObjectError::Forbidden(_))) {
            return Self::All;
        }
        let forbidden = standing.troubles.iter().filter(|(_, error)| matches!(error, ObjectError::Forbidden(_)));
        let forbidden: BTreeSet<_> = forbidden.map(|(source, _)| source.id()).collect();
        if forbidden.is_empty() { Self::Nothing } else { Self::Some(forbidden) }
    }

    /// The piece by which what may not be seen any more goes from the page.
    fn taken_away(&self) -> String {
        match self {
            Self::Nothing => String::new(),
            // Names in Kubernetes have neither spaces nor what would have to be escaped.
            Self::Some(sources) => {
                let sources = sources.iter().map(String::as_str).collect::<Vec<_>>().join(" ");
                format!("<ol id=\"lines\" data-drop=\"{sources}\"></ol>")
            }
            Self::All => {
                "<ol id=\"lines\" class=\"log\" tabindex=\"0\" aria-label=\"Lines, the newest last\"></ol>".to_owned()
            }
        }
    }

    /// Keeps of some lines those that may be seen.
    fn keep(&self, batch: &mut LogBatch) {
        match self {
            Self::Nothing => {}
            Self::Some(sources) => batch.lines.retain(|(source, _)| !sources.contains(&source.id())),
            Self::All => *batch = LogBatch::default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use fanlight_model::{LogLine, LogPlaces, LogSource, LogSubject};

    use super::*;

    fn source(container: &str) -> LogSource {
        LogSource { namespace: "shop".to_owned(), pod: "cart".to_owned(), container: container.to_owned() }
    }

    fn news(forbidden: &[&str]) -> LogNews<ObjectError> {
        let lines = ["web", "proxy"]
            .map(|name| (Arc::new(source(name)), LogLine::read(format!("said by {name}").as_bytes(), 0)));
        let places = LogPlaces { sources: ["web", "proxy"].map(source).to_vec(), pods: 1, ..LogPlaces::default() };
        let troubles = forbidden.iter().map(|name| (source(name), ObjectError::Forbidden("no".to_owned()))).collect();
        let standing = Some(LogStanding { places, troubles, lost: None });
        LogNews { batch: LogBatch { lines: lines.to_vec(), left_out: 0 }, standing }
    }

    fn following() -> Following {
        let subject = LogSubject::of_address("pod", "shop", "cart").expect("a kind with logs");
        Following {
            frame: Frame::specimen(),
            query: LogQuery::new(subject),
            news: futures_util::stream::pending().boxed(),
            pending: None,
            standing: None,
            read: Vec::new(),
            refused: Refused::Nothing,
            quiet_until: Instant::now(),
        }
    }

    #[tokio::test]
    async fn lines_that_come_with_the_loss_of_a_right_or_after_it_are_not_shown() {
        let (mut following, mut told) = (following(), Told::default());
        let mut tell = |news| {
            following.pending = Some(news);
            following.told(&mut told)
        };
        assert!(tell(news(&[])).contains("said by web"));
        let html = tell(news(&["web", "proxy"]));
        assert!(html.contains("class=\"log\"") && !html.contains("data-add"), "{html}");
        let html = tell(LogNews { standing: None, ..news(&[]) });
        assert_eq!(html, "", "the right is still missing");
        let html = tell(news(&[]));
        assert!(html.contains("said by web") && !html.contains("class=\"log\""), "{html}");
    }

    #[tokio::test]
    async fn of_several_containers_the_lines_of_those_that_may_not_be_read_any_more_go() {
        let (mut following, mut told) = (following(), Told::default());
        following.pending = Some(news(&["web"]));
        let html = following.told(&mut told);
        assert!(html.contains("<ol id=\"lines\" data-drop=\"shop/cart/web\"></ol>"), "{html}");
        assert!(html.contains("said by proxy") && !html.contains("said by web"), "{html}");
    }
}
