//! Logs as they are written, for somebody who looks at them.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use fanlight_model::{Identity, LogCursor, LogLine, LogNews, LogPlaces, LogQuery, LogRing, LogSource, LogStanding};
use futures_util::{
    StreamExt,
    stream::{self, BoxStream},
};
use http_body_util::BodyExt;
use tokio::{
    sync::Notify,
    task::{AbortHandle, JoinSet},
    time::{Instant, sleep, timeout_at},
};

use super::{Part, cutter::LogCutter, tail};
use crate::{ApiServer, ReadError, seats::Seat};

/// Somebody who follows logs.
struct Follower {
    server: ApiServer,
    who: Identity,
    query: LogQuery,
    /// The time of the last line that they have.
    after: Option<i64>,
    known: Mutex<Known>,
    news: Notify,
}

/// What they were not told so far, and how it stands.
struct Known {
    ring: LogRing,
    places: LogPlaces,
    troubles: BTreeMap<LogSource, ReadError>,
    lost: Option<ReadError>,
    /// They were not told how it stands.
    stands_anew: bool,
}

/// Ends all of it when nobody looks any more.
struct Looking {
    follower: Arc<Follower>,
    task: AbortHandle,
}

impl Drop for Looking {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl ApiServer {
    /// All logs that somebody asks for, as they are written, until the stream is dropped. What was written up to a little
    /// before `after` is left out; without it, they begin with their ends.
    ///
    /// Each log is opened anew, and so allowed anew, every 25 seconds. Nobody is waited for: of what is not taken in time
    /// the oldest lines are left out, and counted.
    pub fn follow_logs(
        &self,
        who: &Identity,
        query: &LogQuery,
        after: Option<i64>,
    ) -> BoxStream<'static, LogNews<ReadError>> {
        let follower = Arc::new(Follower {
            server: self.clone(),
            who: who.clone(),
            query: query.clone(),
            after,
            known: Mutex::new(Known::nothing()),
            news: Notify::new(),
        });
        let task = tokio::spawn(Arc::clone(&follower).run()).abort_handle();
        stream::unfold(Looking { follower, task }, async |looking| Some((looking.follower.next().await, looking)))
            .boxed()
    }
}

impl Follower {
    /// How long a log is read: nothing is shown that was allowed more than half a minute ago.
    const TERM: Duration = Duration::from_secs(25);
    /// How often it is asked which pods there are.
    const PODS: Duration = Duration::from_secs(10);
    /// How much of what somebody has already is read again, in nanoseconds: what one container wrote may be told later than
    /// what another one wrote after it.
    const OVERLAP: i64 = 5_000_000_000;
    /// A log that ends sooner has nothing to follow: its container does not run.
    const BRIEF: Duration = Duration::from_secs(5);
    const SHORTEST: Duration = Duration::from_secs(1);
    const LONGEST: Duration = Duration::from_secs(15);

    /// What is new.
    async fn next(&self) -> LogNews<ReadError> {
        loop {
            if let Some(news) = self.known().take() {
                return news;
            }
            self.news.notified().await;
        }
    }

    async fn run(self: Arc<Self>) {
        let mut pause = Self::SHORTEST;
        let _seat = loop {
            match self.seat() {
                Ok(seat) => break seat,
                Err(error) => self.stands(|known| known.lost = Some(error)),
            }
            wait(&mut pause).await;
        };
        let mut tasks = JoinSet::new();
        let mut running: BTreeMap<LogSource, AbortHandle> = BTreeMap::new();
        let mut pause = Self::SHORTEST;
        loop {
            match self.server.log_places(&self.who, &self.query).await {
                Ok(places) => {
                    let wanted: BTreeSet<_> = places.sources.iter().cloned().collect();
                    running.retain(|source, task| {
                        wanted.contains(source) || {
                            task.abort();
                            false
                        }
                    });
                    while tasks.try_join_next().is_some() {}
                    let new: Vec<_> = wanted.iter().filter(|source| !running.contains_key(source)).cloned().collect();
                    for source in new {
                        let task = tasks.spawn(Arc::clone(&self).follow_on(Arc::new(source.clone())));
                        running.insert(source, task);
                    }
                    self.stands(|known| {
                        known.troubles.retain(|source, _| wanted.contains(source));
                        (known.places, known.lost) = (places, None);
                    });
                    pause = Self::SHORTEST;
                    sleep(jitter(Self::PODS)).await;
                }
                Err(error) => {
                    if !error.is_passing() {
                        // Not there any more, or not to be seen: then neither are the logs.
                        running = BTreeMap::new();
                        tasks.abort_all();
                        self.stands(|known| (known.places, known.troubles) = Default::default());
                    }
                    self.stands(|known| known.lost = Some(error));
                    wait(&mut pause).await;
                }
            }
        }
    }

    fn seat(&self) -> Result<Seat, ReadError> {
        self.server.log_desk().follow(&self.who, || super::of_all(&self.known().places))
    }

    /// Follows one log for ever, through all starts of its container.
    async fn follow_on(self: Arc<Self>, source: Arc<LogSource>) {
        let mut cursor = LogCursor::default();
        let mut pause = Self::SHORTEST;
        loop {
            let began = Instant::now();
            if let Err(error) = self.follow(&source, &mut cursor).await {
                self.stands(|known| drop(known.troubles.insert(LogSource::clone(&source), error)));
            }
            if began.elapsed() < Self::BRIEF {
                wait(&mut pause).await;
            } else {
                pause = Self::SHORTEST;
            }
        }
    }

    async fn follow(&self, source: &Arc<LogSource>, cursor: &mut LogCursor) -> Result<(), ReadError> {
        let first = cursor.last().is_none();
        let part = Part {
            follow: true,
            tail: Some(if first { tail::lines(&self.query) } else { LogRing::LINES }),
            from: cursor.last().or_else(|| Some(self.after?.saturating_sub(Self::OVERLAP))),
            seconds: self.query.since,
            ..Part::default()
        };
        let _leave = self.server.log_desk().open(|| super::what(source))?;
        let end = Instant::now() + jitter(Self::TERM);
        let mut body = self.server.open_log(&self.who, source, part).await?.into_body();
        cursor.open_again();
        self.stands(|known| drop(known.troubles.remove(source)));
        let mut cutter = LogCutter::default();
        loop {
            match timeout_at(end, body.frame()).await {
                // A line that was begun comes again.
                Err(_) | Ok(Some(Err(_))) => return Ok(()),
                Ok(None) => {
                    cutter.rest(|line, surplus| self.take(source, cursor, line, surplus));
                    return Ok(());
                }
                Ok(Some(Ok(frame))) => {
                    let Some(bytes) = frame.data_ref() else { continue };
                    cutter.push(bytes, |line, surplus| self.take(source, cursor, line, surplus));
                }
            }
        }
    }

    /// Takes a line in, if it is new and is shown.
    fn take(&self, source: &Arc<LogSource>, cursor: &mut LogCursor, line: &[u8], surplus: usize) {
        let time = LogLine::moment(line);
        let skips = cursor.skips(time) && !self.query.is_narrow();
        if !cursor.is_new(time) || !self.query.may_show(line) {
            return;
        }
        let Some(line) = self.query.shows(LogLine::read(line, surplus)) else { return };
        let mut known = self.known();
        if skips {
            known.ring.skip(1);
        }
        known.ring.push(source, line);
        drop(known);
        self.news.notify_one();
    }

    /// Notes how it stands.
    fn stands(&self, note: impl FnOnce(&mut Known)) {
        let mut known = self.known();
        let before = known.standing();
        note(&mut known);
        if !known.is_told_like(&before) {
            known.stands_anew = true;
        }
        drop(known);
        self.news.notify_one();
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Known {
    fn nothing() -> Self {
        let (places, troubles, lost) = (LogPlaces::default(), BTreeMap::new(), None);
        Self { ring: LogRing::for_stream(), places, troubles, lost, stands_anew: false }
    }

    fn take(&mut self) -> Option<LogNews<ReadError>> {
        if self.ring.is_empty() && !self.stands_anew {
            return None;
        }
        let standing = std::mem::take(&mut self.stands_anew).then(|| self.standing());
        Some(LogNews { batch: self.ring.take(), standing })
    }

    fn standing(&self) -> LogStanding<ReadError> {
        let troubles = self.troubles.iter().map(|(source, error)| (source.clone(), error.clone())).collect();
        LogStanding { places: self.places.clone(), troubles, lost: self.lost.clone() }
    }

    /// Whether people would be told the same.
    fn is_told_like(&self, before: &LogStanding<ReadError>) -> bool {
        let words = |error: &ReadError| error.to_string();
        let troubles = self.troubles.iter().map(|(source, error)| (source.clone(), words(error)));
        self.places == before.places
            && self.lost.as_ref().map(words) == before.lost.as_ref().map(words)
            && troubles.eq(before.troubles.iter().map(|(source, error)| (source.clone(), words(error))))
    }
}

/// A pause, and a longer one the next time.
async fn wait(pause: &mut Duration) {
    sleep(jitter(*pause)).await;
    *pause = (*pause * 2).min(Follower::LONGEST);
}

/// About as long: those who began together do not go on together. Never much longer.
fn jitter(pause: Duration) -> Duration {
    pause.mul_f64(0.9 + rand::random::<f64>() / 5.0)
}
