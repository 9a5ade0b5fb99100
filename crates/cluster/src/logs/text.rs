//! Logs to take away.

use std::{fmt::Write, time::Duration};

use bytes::Bytes;
use fanlight_model::{Identity, LogCursor, LogLine, LogPlaces, LogQuery, LogSource};
use futures_util::{
    StreamExt,
    stream::{self, BoxStream},
};
use http::StatusCode;
use http_body_util::BodyExt;
use jiff::Timestamp;
use tokio::{
    sync::mpsc,
    time::{Instant, timeout, timeout_at},
};

use super::{Part, cutter::LogCutter};
use crate::{ApiServer, ReadError, seats::Seat};

/// Somebody who takes logs away.
struct Taker {
    server: ApiServer,
    who: Identity,
    query: LogQuery,
    places: LogPlaces,
    text: mpsc::Sender<Bytes>,
    _seat: Seat,
}

/// Why no more is taken.
enum Stop {
    /// There is no more room, or time.
    Full(&'static str),
    /// Nobody takes it.
    Gone,
}

impl ApiServer {
    /// The logs that somebody asks for as text, one container after the other, and where they are from. Whoever takes them
    /// slowly is waited for.
    pub async fn log_text(
        &self,
        who: &Identity,
        query: &LogQuery,
    ) -> Result<(LogPlaces, BoxStream<'static, Bytes>), ReadError> {
        let places = self.log_places(who, query).await?;
        if let Some(source) = places.sources.first() {
            // Who may not read one may hardly read others, and is told so before there is a file.
            let part = Part { previous: query.previous, tail: Some(1), ..Part::default() };
            if let Err(error) = self.open_log(who, source, part).await
                && !error.is_passing()
                && !is_of_kubelet(&error)
            {
                return Err(error);
            }
        }
        let seat = self.log_desk().take_away(who, || super::of_all(&places))?;
        let (text, told) = mpsc::channel(4);
        let taker = Taker {
            server: self.clone(),
            who: who.clone(),
            query: query.clone(),
            places: places.clone(),
            text,
            _seat: seat,
        };
        tokio::spawn(taker.run());
        Ok((places, stream::unfold(told, async |mut told| Some((told.recv().await?, told))).boxed()))
    }
}

/// Whether it is the kubelet that says no, of a container that has not started, say.
fn is_of_kubelet(error: &ReadError) -> bool {
    error.code() == Some(StatusCode::BAD_REQUEST)
}

impl Taker {
    /// The most bytes of all containers together.
    const BYTES: usize = 10 << 20;
    /// How long it may take.
    const PATIENCE: Duration = Duration::from_secs(120);
    /// How long one of them is read before it is asked anew whether it may be: whoever takes it slowly may lose the right.
    const TERM: Duration = Duration::from_secs(25);
    /// How long what is said at the end waits to be taken.
    const LAST: Duration = Duration::from_secs(5);

    async fn run(self) {
        let end = Instant::now() + Self::PATIENCE;
        let mut room = Self::BYTES;
        let mut last = String::new();
        for source in &self.places.sources {
            match self.pass_on(source, &mut room, end).await {
                Ok(Ok(())) => {}
                Ok(Err(error)) => drop(writeln!(last, "# {}: {}", source.id(), error.reason())),
                Err(Stop::Gone) => return,
                Err(Stop::Full(why)) => {
                    let _ = writeln!(last, "# There is more, which is left out: {why}.");
                    break;
                }
            }
        }
        for unknown in &self.places.unknown {
            let _ = writeln!(last, "# Not looked for: {unknown}");
        }
        if self.places.left_out > 0 || self.places.more {
            last.push_str("# Not all pods were read: there are too many.\n");
        }
        if !last.is_empty() {
            let _ = timeout(Self::LAST, self.text.send(last.into())).await;
        }
    }

    async fn pass_on(&self, source: &LogSource, room: &mut usize, end: Instant) -> Result<Result<(), ReadError>, Stop> {
        let mut cursor = LogCursor::default();
        loop {
            match self.pass_on_some(source, &mut cursor, room, end).await? {
                Ok(false) => {}
                Ok(true) => return Ok(Ok(())),
                Err(error) => return Ok(Err(error)),
            }
        }
    }

    /// Passes on what comes within a term, and says whether that is all.
    async fn pass_on_some(
        &self,
        source: &LogSource,
        cursor: &mut LogCursor,
        room: &mut usize,
        end: Instant,
    ) -> Result<Result<bool, ReadError>, Stop> {
        const LATE: Stop = Stop::Full("it took too long");
        let term = end.min(Instant::now() + Self::TERM);
        // What of a term was not read is read in the next one, if there is one.
        let over = || if term < end { Ok(Ok(false)) } else { Err(LATE) };
        let (previous, seconds, from) = (self.query.previous, self.query.since, cursor.last());
        let part = Part { previous, seconds, from, ..Part::default() };
        let opened = timeout_at(end, self.server.open_log(&self.who, source, part)).await.map_err(|_| LATE)?;
        let mut body = match opened {
            Ok(response) => response.into_body(),
            Err(error) => return Ok(Err(error)),
        };
        cursor.open_again();
        let (mut cutter, mut text) = (LogCutter::default(), String::new());
        loop {
            let Ok(frame) = timeout_at(term, body.frame()).await else { return over() };
            let is_over = frame.is_none();
            let each = |line: &[u8], surplus| self.write(source, cursor, &mut text, line, surplus);
            match frame {
                None => cutter.rest(each),
                Some(Err(error)) => return Ok(Err(ReadError::unreachable(&super::what(source), &error))),
                Some(Ok(frame)) => {
                    if let Some(bytes) = frame.data_ref() {
                        cutter.push(bytes, each);
                    }
                }
            }
            if text.len() > *room {
                return Err(Stop::Full("it would be more than 10 MiB"));
            }
            *room -= text.len();
            if !text.is_empty() {
                let sent = timeout_at(end, self.text.send(std::mem::take(&mut text).into())).await;
                sent.map_err(|_| LATE)?.map_err(|_| Stop::Gone)?;
            }
            if is_over {
                return Ok(Ok(true));
            }
            // What waits to be taken would be there at once, however long that has been.
            if Instant::now() >= term {
                return over();
            }
        }
    }

    fn write(&self, source: &LogSource, cursor: &mut LogCursor, text: &mut String, line: &[u8], surplus: usize) {
        if !cursor.is_new(LogLine::moment(line)) {
            return;
        }
        let Some(line) = self.query.picks(LogLine::read(line, surplus)) else { return };
        let time = line.time.and_then(|time| Timestamp::from_nanosecond(i128::from(time)).ok());
        if let Some(time) = time {
            let _ = write!(text, "{time} ");
        }
        let _ = write!(text, "{}/{} {}", source.pod, source.container, line.text);
        if line.cut > 0 {
            let _ = write!(text, " … and {} bytes more", line.cut);
        }
        text.push('\n');
    }
}
