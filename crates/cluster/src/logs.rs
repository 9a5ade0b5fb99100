//! What containers write, read and followed in the person's name.
//!
//! ```text
//!   LogQuery ──► places: which pods ──► one read for each container ──► LogCutter ──► LogQuery::shows ──► LogRing ──► LogNews
//! ```
//!
//! Nothing of it is kept: lines live in a ring for as long as it takes to tell them, and who takes them slowly is told that
//! some are missing.

mod cutter;
mod desk;
mod follow;
mod places;
mod tail;
mod text;

use std::fmt::Write;

use fanlight_model::{Identity, LogPlaces, LogSource};
use http::Response;
use jiff::{RoundMode, Timestamp, TimestampRound, Unit};
use kube::client::Body;

pub(crate) use desk::LogDesk;

use crate::{
    ApiServer, ReadError,
    api_server::As,
    evidence::{encoded, segment},
    lanes::Class,
};

/// What of a log is asked for.
#[derive(Debug, Clone, Copy, Default)]
struct Part {
    /// Of the one before the container was last started.
    previous: bool,
    /// What comes, too.
    follow: bool,
    /// How many lines from its end.
    tail: Option<usize>,
    /// How many seconds back.
    seconds: Option<u32>,
    /// From the second of this moment on, in nanoseconds since 1970.
    from: Option<i64>,
}

impl ApiServer {
    /// Opens a log.
    async fn open_log(&self, who: &Identity, source: &LogSource, part: Part) -> Result<Response<Body>, ReadError> {
        let what = what(source);
        let path = path(source, part)?;
        self.open(As::Person(who), &what, &path, Class::Log).await
    }
}

/// What is read, for errors.
fn what(source: &LogSource) -> String {
    format!("the log of {}", source.id())
}

fn path(source: &LogSource, part: Part) -> Result<String, ReadError> {
    let LogSource { namespace, pod, container } = source;
    let mut path = format!("/api/v1/namespaces/{}/pods/{}/log?timestamps=true", segment(namespace)?, segment(pod)?);
    if !container.is_empty() {
        let _ = write!(path, "&container={}", encoded(container));
    }
    for (name, is_set) in [("previous", part.previous), ("follow", part.follow)] {
        if is_set {
            let _ = write!(path, "&{name}=true");
        }
    }
    if let Some(lines) = part.tail {
        let _ = write!(path, "&tailLines={lines}");
    }
    // The API server takes one of both.
    if let Some(from) = part.from.and_then(second) {
        let _ = write!(path, "&sinceTime={from}");
    } else if let Some(seconds) = part.seconds {
        let _ = write!(path, "&sinceSeconds={seconds}");
    }
    Ok(path)
}

/// The second of a moment: the API server knows no finer ones here.
fn second(moment: i64) -> Option<Timestamp> {
    let moment = Timestamp::from_nanosecond(i128::from(moment)).ok()?;
    moment.round(TimestampRound::new().smallest(Unit::Second).mode(RoundMode::Floor)).ok()
}

/// Everything that is asked about together, by the first of it.
fn of_all(places: &LogPlaces) -> String {
    places.sources.first().map_or_else(|| "logs".to_owned(), what)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(pod: &str, container: &str) -> LogSource {
        LogSource { namespace: "shop".to_owned(), pod: pod.to_owned(), container: container.to_owned() }
    }

    #[test]
    fn a_log_is_asked_for_in_one_way_and_names_stay_within_their_segment() {
        let part = Part { previous: true, tail: Some(100), seconds: Some(300), ..Part::default() };
        assert_eq!(
            path(&source("cart-1", "web"), part).expect("a path"),
            "/api/v1/namespaces/shop/pods/cart-1/log?timestamps=true&container=web&previous=true&tailLines=100&sinceSeconds=300"
        );
        let part = Part { follow: true, from: Some(1_796_031_662_987_654_321), seconds: Some(300), ..Part::default() };
        assert_eq!(
            path(&source("cart-1", ""), part).expect("a path"),
            "/api/v1/namespaces/shop/pods/cart-1/log?timestamps=true&follow=true&sinceTime=2026-11-30T09:41:02Z"
        );
        assert!(path(&source("../secrets/x", "web"), Part::default()).is_err());
        assert!(path(&source("cart", "a&b=c"), Part::default()).expect("a path").ends_with("container=a%26b%3Dc"));
    }
}
