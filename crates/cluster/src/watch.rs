//! Lists and watches, as the sponsor.

use std::time::Duration;

use fanlight_model::{Change, FeedError, Identity, Kind, Listing, Scope, Version};
use futures_util::{
    StreamExt,
    stream::{self, BoxStream},
};
use http_body_util::BodyExt;
use kube::client::Body;
use tokio::time::timeout;

use crate::{
    ApiServer, ReadError,
    api_server::As,
    discover::Served,
    error::{chain, feed_error},
    lines::Lines,
    wire::{self, Event},
};

/// Where a watch machine stands.
enum Step {
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
}

struct Machine {
    server: ApiServer,
    who: Identity,
    kind: Kind,
    served: Served,
    scope: Scope,
    step: Step,
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
        let step = from.map_or(Step::Page(None), Step::Open);
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
        let answered = self
            .short(As::Person(who), &what, http::Method::GET, &path, bytes::Bytes::new(), None)
            .await
            .map_err(ReadError::for_feed)?;
        wire::page(kind, &answered.body).map_err(|error| FeedError::Unexpected(format!("{what}: {error}")))
    }
}

impl Machine {
    /// The API server writes a bookmark every minute or so: a watch that is silent for longer is dead.
    const SILENCE: Duration = Duration::from_secs(180);

    async fn advance(mut self) -> Option<(Told, Self)> {
        let step = std::mem::replace(&mut self.step, Step::Ended);
        let told = match step {
            Step::Ended => return None,
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

    async fn open(&mut self, version: Version) -> Result<Told, FeedError> {
        // 50–60 minutes: long enough to be cheap, spread so that watches opened together do not end together.
        let seconds = rand::random_range(3000..3600);
        let path = format!(
            "{}?watch=true&allowWatchBookmarks=true&resourceVersion={version}&timeoutSeconds={seconds}",
            self.served.path(&self.scope)
        );
        let what = format!("a watch of {} in {}", self.kind, self.scope);
        let response = self.server.stream(&self.who, &what, &path).await.map_err(ReadError::for_feed)?;
        let reading = Reading { body: response.into_body(), lines: Lines::default() };
        self.step = Step::Read(Box::new(reading));
        Ok(vec![Ok(Change::Opened)])
    }

    /// The changes of one frame; `None` at the end of the watch.
    async fn read(&mut self, mut reading: Box<Reading>) -> Option<Result<Told, FeedError>> {
        let frame = match timeout(Self::SILENCE, reading.body.frame()).await {
            Err(_) => return Some(Err(FeedError::Unreachable(format!("no word for {:?}", Self::SILENCE)))),
            Ok(None) => return None,
            Ok(Some(Err(error))) => return Some(Err(FeedError::Unreachable(chain(&error)))),
            Ok(Some(Ok(frame))) => frame,
        };
        if let Some(bytes) = frame.data_ref() {
            reading.lines.push(bytes);
        }
        let mut told = Told::new();
        loop {
            match reading.lines.next() {
                Ok(Some(line)) if line.is_empty() => {}
                Ok(Some(line)) => match self.understand(&line) {
                    Some(Err(error)) => {
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
