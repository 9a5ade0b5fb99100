//! The ends of logs, read once.

use std::{pin::pin, sync::Arc, time::Duration};

use fanlight_model::{
    Identity, LogBatch, LogLine, LogNews, LogPlaces, LogQuery, LogRing, LogSource, LogStanding, LogSubject,
};
use futures_util::{StreamExt, stream};
use http_body_util::BodyExt;
use tokio::time::timeout;

use super::{Part, cutter::LogCutter};
use crate::{ApiServer, ReadError};

impl ApiServer {
    /// How many containers of one page are read at the same time.
    const TAILS_OF_A_PAGE: usize = 4;
    /// How long reading the end of one log may take, with waiting for others.
    const TAIL: Duration = Duration::from_secs(12);

    /// The ends of all logs that somebody asks for, as one.
    pub async fn read_logs(&self, who: &Identity, query: &LogQuery) -> LogNews<ReadError> {
        let places = match self.log_places(who, query).await {
            Ok(places) => places,
            Err(lost) => {
                let standing = LogStanding { places: LogPlaces::default(), troubles: Vec::new(), lost: Some(lost) };
                return LogNews { batch: LogBatch::default(), standing: Some(standing) };
            }
        };
        let read = places.sources.clone().into_iter().map(|source| async move {
            let read = timeout(Self::TAIL, self.log_tail(who, query, &source)).await;
            let why = || format!("no answer within {:?}", Self::TAIL);
            let late = || ReadError::Unreachable { what: super::what(&source), why: why() };
            let read = read.unwrap_or_else(|_| Err(late()));
            (source, read)
        });
        let mut read = pin!(stream::iter(read).buffered(Self::TAILS_OF_A_PAGE));
        let (mut batch, mut troubles) = (LogBatch::default(), Vec::new());
        while let Some((source, read)) = read.next().await {
            match read {
                Ok(more) => batch = batch.and(more, query.lines),
                Err(error) => troubles.push((source, error)),
            }
        }
        LogNews { batch, standing: Some(LogStanding { places, troubles, lost: None }) }
    }

    /// Reads to the end of the log and keeps the last lines that are shown.
    #[expect(clippy::expect_used, reason = "the semaphore is never closed")]
    async fn log_tail(&self, who: &Identity, query: &LogQuery, source: &LogSource) -> Result<LogBatch, ReadError> {
        let _turn = self.log_desk().tails.acquire().await.expect("never closed");
        let part = Part { previous: query.previous, tail: Some(lines(query)), seconds: query.since, ..Part::default() };
        let mut body = self.open_log(who, source, part).await?.into_body();
        let (mut ring, mut cutter) = (LogRing::for_page(query.lines), LogCutter::default());
        let source = Arc::new(source.clone());
        let mut take = |line: &[u8], surplus: usize| {
            if let Some(line) = Some(line).filter(|line| query.may_show(line))
                && let Some(line) = query.shows(LogLine::read(line, surplus))
            {
                ring.push(&source, line);
            }
        };
        while let Some(frame) = body.frame().await {
            let frame = frame.map_err(|error| ReadError::unreachable(&super::what(&source), &error))?;
            if let Some(bytes) = frame.data_ref() {
                cutter.push(bytes, &mut take);
            }
        }
        cutter.rest(&mut take);
        Ok(ring.take())
    }
}

/// How many lines are read, so that there are some to show.
pub(super) fn lines(query: &LogQuery) -> usize {
    const SEARCHED: usize = 10_000;
    match query.subject {
        _ if query.is_narrow() => SEARCHED,
        LogSubject::Pods { .. } | LogSubject::Flux(_) => query.lines,
    }
}
