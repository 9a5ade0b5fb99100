//! The account of who signed in, did and saw what: one JSON line for each.
//!
//! ```text
//!   handler ── Origin, Who, Event ──► Audit ── one line ──► AuditLog (a thread) ──► stdout or a file
//!                                       └── counts sign-ins, actions and streams for the metrics
//! ```
//!
//! Kubernetes' own audit log names everybody who changes something or in whose name a watch runs; who *sees* what is
//! known here only. A secret cannot get here: events are made of fixed words, numbers, and [`Limited`] texts, which are
//! made from names, objects and outcomes, and from nothing else. A new event is one more variant of [`Event`].

mod event;
mod limited;
mod log;
mod stay;

use std::time::SystemTime;

use fanlight_identity::{Method, Session};
use jiff::Timestamp;
use serde::Serialize;

use crate::{metrics::Metrics, request::Origin};

pub(crate) use event::{Event, Outcome, Page, Reason, Revoked, Seen, Verb};
pub(crate) use limited::Limited;
pub use log::{AuditLog, AuditTarget};
pub(crate) use stay::Stay;

/// Writes events down.
#[derive(Clone)]
pub struct Audit {
    log: AuditLog,
    metrics: Metrics,
    clock: fn() -> SystemTime,
}

/// Whom an event is about.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Who {
    #[serde(skip_serializing_if = "Option::is_none")]
    user: Option<Limited>,
    /// How many groups they are in.
    #[serde(skip_serializing_if = "Option::is_none")]
    groups: Option<usize>,
    method: &'static str,
    /// The same for everything that happens in one session; the session cannot be found from it.
    #[serde(skip_serializing_if = "Option::is_none")]
    session: Option<String>,
}

impl Who {
    /// Somebody signed in.
    pub(crate) fn signed(session: &Session) -> Self {
        Self {
            user: Some(Limited::user(&session.identity)),
            groups: Some(session.identity.groups().count()),
            method: word(session.method),
            session: Some(session.id.mark()),
        }
    }

    /// Somebody who wants to be; under the name that they typed, if they typed one.
    pub(crate) fn stranger(method: Method, typed: Option<&str>) -> Self {
        Self { user: typed.map(Limited::typed), groups: None, method: word(method), session: None }
    }
}

/// What a way to sign in is called in the account and in metrics.
fn word(method: Method) -> &'static str {
    match method {
        Method::Emergency => "emergency",
        Method::Oidc => "oidc",
        Method::IdToken => "id-token",
        Method::Token => "token",
        Method::Anonymous => "anonymous",
    }
}

#[derive(Serialize)]
struct Line<'a> {
    time: Timestamp,
    #[serde(flatten)]
    event: &'a Event,
    request: crate::request::RequestId,
    address: std::net::IpAddr,
    #[serde(flatten)]
    who: &'a Who,
}

impl Audit {
    /// An account that is kept in `log`.
    pub fn new(log: AuditLog, metrics: Metrics, clock: fn() -> SystemTime) -> Self {
        Self { log, metrics, clock }
    }

    /// Writes an event down. Never waits.
    pub(crate) fn note(&self, origin: Origin, who: &Who, event: &Event) {
        self.metrics.happened(who.method, event);
        let time = Timestamp::try_from((self.clock)()).unwrap_or_default();
        let line = Line { time, event, request: origin.request, address: origin.address, who };
        match serde_json::to_vec(&line) {
            Ok(line) => self.log.write(line),
            Err(error) => tracing::error!(%error, "an event cannot be written down"),
        }
    }
}
