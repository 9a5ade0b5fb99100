//! The ends of logs, read once.

use std::{pin::pin, sync::Arc, time::Duration};

use fanlight_model::{
    Identity, LogBatch, LogLine, LogNews, LogPlaces, LogQuery, LogRing, LogSource, LogStanding, LogSubject,
};
use futures_util::{StreamExt, stream};
use http_body_util::BodyExt;
use tokio::time::{Instant, timeout, timeout_at};

use super::{Part, cutter::LogCutter};
use crate::{ApiServer, ReadError};

impl ApiServer {
    /// How many containers of one page are read at the same time.
    const TAILS_OF_A_PAGE: usize = 4;
    /// How long reading the ends of all logs of a page may take: what is read by then is shown.
    const TAILS_IN: Duration = Duration::from_secs(12);
    /// How long opening one of them may take, once it is its turn: a node that does not answer costs the others no more.
    const TAIL_OPENS_IN: Duration = Duration::from_secs(5);

    /// The ends of all logs that somebody asks for, as one.
    pub async fn read_logs(&self, who: &Identity, query: &LogQuery) -> LogNews<ReadError> {
        let places = match self.log_places(who, query).await {
            Ok(places) => places,
            Err(lost) => {
                let standing = LogStanding { places: LogPlaces::default(), troubles: Vec::new(), lost: Some(lost) };
                return LogNews { batch: LogBatch::default(), standing: Some(standing) };
            }
        };
        let end = Instant::now() + Self::TAILS_IN;
        let read = places.sources.clone().into_iter().enumerate().map(|(place, source)| async move {
            let late = || late(&source, Self::TAILS_IN);
            let read = if Instant::now() < end {
                timeout_at(end, self.log_tail(who, query, &source)).await.unwrap_or_else(|_| Err(late()))
            } else {
                Err(late())
            };
            (place, source, read)
        });
        // In whichever order they answer, so that one that does not keeps none of the others.
        let mut read = pin!(stream::iter(read).buffer_unordered(Self::TAILS_OF_A_PAGE));
        let (mut batch, mut troubles) = (LogBatch::default(), Vec::new());
        while let Some((place, source, read)) = read.next().await {
            match read {
                Ok(more) => batch = batch.and(more, query.lines),
                Err(error) => troubles.push((place, source, error)),
            }
        }
        troubles.sort_by_key(|(place, ..)| *place);
        let troubles = troubles.into_iter().map(|(_, source, error)| (source, error)).collect();
        LogNews { batch, standing: Some(LogStanding { places, troubles, lost: None }) }
    }

    /// Reads to the end of the log and keeps the last lines that are shown.
    async fn log_tail(&self, who: &Identity, query: &LogQuery, source: &LogSource) -> Result<LogBatch, ReadError> {
        let _turn = self.log_desk().turn(who).await;
        let part = Part { previous: query.previous, tail: Some(lines(query)), seconds: query.since, ..Part::default() };
        let opened = timeout(Self::TAIL_OPENS_IN, self.open_log(who, source, part)).await;
        let mut body = opened.map_err(|_| late(source, Self::TAIL_OPENS_IN))??.into_body();
        let (mut ring, mut cutter) = (LogRing::for_page(query.lines), LogCutter::default());
        let source = Arc::new(source.clone());
        let mut take = |line: &[u8], surplus: usize| {
            if query.may_show(line)
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

fn late(source: &LogSource, patience: Duration) -> ReadError {
    ReadError::Unreachable { what: super::what(source), why: format!("no answer within {patience:?}") }
}

/// How many lines are read, so that there are some to show.
pub(super) fn lines(query: &LogQuery) -> usize {
    const SEARCHED: usize = 10_000;
    match query.subject {
        _ if query.is_narrow() => SEARCHED,
        LogSubject::Pods { .. } | LogSubject::Flux(_) => query.lines,
    }
}
