//! Lists and watches, as the sponsor.

use std::time::Duration;

use fanlight_model::{Change, FeedError, Identity, Kind, Listing, Scope, Version};
use futures_util::{
    StreamExt,
    stream::{self, BoxStream},
};
use http::StatusCode;
use http_body_util::BodyExt;
use kube::client::Body;
use tokio::time::timeout;

use crate::{
    ApiServer, ReadError,
    api_server::{As, Errand},
    discover::Served,
    error::{chain, feed_error},
    lines::Lines,
    wire::{self, Event},
};

/// The API server writes a bookmark every minute or so: a watch that is silent for longer is dead.
pub(crate) const SILENCE: Duration = Duration::from_secs(180);

/// For how many seconds a watch is asked: 50–60 minutes, long enough to be cheap, spread so that watches opened together
/// do not end together.
pub(crate) fn watch_time() -> u32 {
    rand::random_range(3000..3600)
}

/// Where a watch machine stands.
enum Step {
    /// The watch has to be opened, with every object as its beginning.
    Stream,
    /// The next page of the first list, with the API server's token for it.
    Page(Option<String>),
    /// The watch has to be opened from this version.
    Open(Version),
    /// Events arrive.
    Read(Box<Reading>),
    /// Nothing more comes.
    Ended,
}

struct Reading {
    body: Body,
    lines: Lines,
    /// The watch resumed, and it has not been told so far that it is open.
    untold: bool,
}

struct Machine {
    server: ApiServer,
    who: Identity,
    kind: Kind,
    served: Served,
    scope: Scope,
    step: Step,
}

impl Step {
    fn reading(body: Body, untold: bool) -> Self {
        Step::Read(Box::new(Reading { body, lines: Lines::default(), untold }))
    }
}

type Told = Vec<Result<Change, FeedError>>;

impl ApiServer {
    /// Lists `kind` in `scope` (unless there is a version to resume from) and then watches it, in the person's name.
    ///
    /// Ends cleanly when the API server closes the watch in due course: resume from the last version then.
    pub fn watch(
        &self,
        who: &Identity,
        kind: Kind,
        scope: &Scope,
        from: Option<Version>,
    ) -> BoxStream<'static, Result<Change, FeedError>> {
        let Some(served) = self.served(kind) else {
            return stream::iter([Err(FeedError::NotServed)]).boxed();
        };
        let first = if self.facts().streams_lists() { Step::Stream } else { Step::Page(None) };
        let step = from.map_or(first, Step::Open);
        let machine = Machine { server: self.clone(), who: who.clone(), kind, served, scope: scope.clone(), step };
        stream::unfold(machine, Machine::advance).flat_map(stream::iter).boxed()
    }

    /// Lists `kind` in `scope` once, in the person's name.
    pub async fn list(&self, who: &Identity, kind: Kind, scope: &Scope) -> Result<Listing, FeedError> {
        let served = self.served(kind).ok_or(FeedError::NotServed)?;
        let mut rows = Vec::new();
        let mut next = None;
        loop {
            let page = self.page(who, kind, &served, scope, next.as_deref()).await?;
            rows.extend(page.rows);
            match page.next {
                Some(token) => next = Some(token),
                None => return Ok(Listing { rows, version: page.version }),
            }
        }
    }

    async fn page(
        &self,
        who: &Identity,
        kind: Kind,
        served: &Served,
        scope: &Scope,
        token: Option<&str>,
    ) -> Result<wire::Page, FeedError> {
        /// Objects a page: large enough for few requests, small enough for little memory.
        const LIMIT: usize = 500;
        let what = format!("{kind} in {scope}");
        let mut path = format!("{}?limit={LIMIT}", served.path(scope));
        if let Some(token) = token {
            path.push_str("&continue=");
            path.push_str(token);
        }
        let answered = self.run(&Errand::read(As::Person(who), &what, &path)).await;
        let answered = answered.map_err(|error| self.failed(error))?;
        wire::page(kind, &answered.body).map_err(|error| FeedError::Unexpected(format!("{what}: {error}")))
    }

    /// What a failed request means for a feed. A kind that is not found makes the server look at the kinds again.
    fn failed(&self, error: ReadError) -> FeedError {
        let error = error.for_feed();
        if error == FeedError::NotServed {
            self.facts().doubt_kinds();
        }
        error
    }
}

impl Machine {
    /// How long after the head of an answer the API server may still say that it cannot resume: it answers 200 first and
    /// puts that into the stream, in the next moment.
    const SECOND_THOUGHT: Duration = Duration::from_millis(250);

    async fn advance(mut self) -> Option<(Told, Self)> {
        let step = std::mem::replace(&mut self.step, Step::Ended);
        let told = match step {
            Step::Ended => return None,
            Step::Stream => self.stream().await,
            Step::Page(token) => self.list(token).await,
            Step::Open(version) => self.open(version).await,
            Step::Read(reading) => self.read(reading).await?,
        };
        let told = told.unwrap_or_else(|error| vec![Err(error)]);
        Some((told, self))
    }

    async fn list(&mut self, token: Option<String>) -> Result<Told, FeedError> {
        let page = self.server.page(&self.who, self.kind, &self.served, &self.scope, token.as_deref()).await?;
        let mut told: Told = page.rows.into_iter().map(|row| Ok(Change::Applied(row))).collect();
        self.step = match page.next {
            Some(token) => Step::Page(Some(token)),
            None => {
                told.push(Ok(Change::Synced(page.version)));
                Step::Open(page.version)
            }
        };
        Ok(told)
    }

    /// Opens a watch that begins with every object (`sendInitialEvents`): cheaper for the API server than pages, and it
    /// needs no memory for them. Where that is refused, pages it is from then on.
    async fn stream(&mut self) -> Result<Told, FeedError> {
        const BEGINNING: &str = "sendInitialEvents=true&resourceVersionMatch=NotOlderThan";
        match self.request(BEGINNING).await {
            Ok(body) => self.step = Step::reading(body, false),
            Err(ReadError::Refused {
                code: StatusCode::BAD_REQUEST | StatusCode::UNPROCESSABLE_ENTITY,
                message,
                ..
            }) => {
                if self.server.facts().note_refused_stream() {
                    tracing::info!(message, "the API server does not stream lists; they are read in pages");
                }
                self.step = Step::Page(None);
            }
            Err(error) => return Err(self.server.failed(error)),
        }
        Ok(Told::new())
    }

    async fn open(&mut self, version: Version) -> Result<Told, FeedError> {
        let body = self.request(&format!("resourceVersion={version}")).await;
        self.step = Step::reading(body.map_err(|error| self.server.failed(error))?, true);
        Ok(Told::new())
    }

    async fn request(&mut self, from: &str) -> Result<Body, ReadError> {
        let (path, seconds) = (self.served.path(&self.scope), watch_time());
        let path = format!("{path}?watch=true&allowWatchBookmarks=true&{from}&timeoutSeconds={seconds}");
        let what = format!("a watch of {} in {}", self.kind, self.scope);
        Ok(self.server.stream(As::Person(&self.who), &what, &path).await?.into_body())
    }

    /// The changes of one frame; `None` at the end of the watch.
    async fn read(&mut self, mut reading: Box<Reading>) -> Option<Result<Told, FeedError>> {
        let untold = std::mem::take(&mut reading.untold);
        let mut told: Told = untold.then_some(Ok(Change::Opened)).into_iter().collect();
        let patience = if untold { Self::SECOND_THOUGHT } else { SILENCE };
        let frame = match timeout(patience, reading.body.frame()).await {
            Err(_) if untold => {
                self.step = Step::Read(reading);
                return Some(Ok(told));
            }
            Err(_) => return Some(Err(FeedError::Unreachable(format!("no word for {SILENCE:?}")))),
            Ok(None) => return None,
            Ok(Some(Err(error))) => return Some(Err(FeedError::Unreachable(chain(&error)))),
            Ok(Some(Ok(frame))) => frame,
        };
        if let Some(bytes) = frame.data_ref() {
            reading.lines.push(bytes);
        }
        loop {
            match reading.lines.next() {
                Ok(Some(line)) if line.is_empty() => {}
                Ok(Some(line)) => match self.understand(&line) {
                    Some(Err(error)) => {
                        // Refused as the first thing it says: it was never open.
                        told.retain(|told| !matches!(told, Ok(Change::Opened)));
                        told.push(Err(error));
                        return Some(Ok(told));
                    }
                    Some(change) => told.push(change),
                    None => {}
                },
                Ok(None) => break,
                Err(_) => {
                    let what = format!("an event of {} is larger than {} bytes", self.kind, Lines::LIMIT);
                    return Some(Err(FeedError::Unexpected(what)));
                }
            }
        }
        self.step = Step::Read(reading);
        Some(Ok(told))
    }

    fn understand(&self, line: &[u8]) -> Option<Result<Change, FeedError>> {
        match wire::event(self.kind, line) {
            Ok(Event::Change(change)) => Some(Ok(change)),
            Ok(Event::Error { code, message }) => Some(Err(feed_error(code, message, None))),
            // One odd object must not end the feed for all the others.
            Err(error) => {
                tracing::warn!(kind = %self.kind, scope = %self.scope, %error, "an object cannot be understood");
                None
            }
        }
    }
}
