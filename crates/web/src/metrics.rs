//! What Prometheus is told of requests, sign-ins, actions and streams. Labels are words of ours and route templates: no
//! name of a person or an object is in any, and there are only so many.

use std::{sync::Arc, time::Duration};

use axum::{
    Router,
    extract::State,
    http::{Method, StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};
use prometheus_client::{
    encoding::{EncodeLabelSet, text::encode},
    metrics::{counter::Counter, family::Family, gauge::Gauge, histogram::Histogram},
    registry::Registry,
};

use crate::audit::Event;

/// The counters. Cheap to clone.
#[derive(Clone)]
pub struct Metrics {
    sign_ins: Family<SignIn, Counter>,
    refreshes: Family<Ended, Counter>,
    actions: Family<Acted, Counter>,
    streams: Family<Page, Gauge>,
    requests: Family<Handled, Histogram, fn() -> Histogram>,
    lost: Counter,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct SignIn {
    method: &'static str,
    outcome: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Ended {
    outcome: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Acted {
    verb: &'static str,
    outcome: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Page {
    page: &'static str,
}

/// The predecessor's labels.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Handled {
    service: &'static str,
    handler: String,
    method: &'static str,
    code: u16,
}

/// A request that was answered.
pub(crate) struct Answered<'a> {
    pub(crate) handler: &'a str,
    pub(crate) method: &'a Method,
    pub(crate) status: StatusCode,
    pub(crate) took: Duration,
}

impl Metrics {
    /// Counters that `registry` tells of.
    pub fn new(registry: &mut Registry) -> Self {
        let metrics = Self {
            sign_ins: Family::default(),
            refreshes: Family::default(),
            actions: Family::default(),
            streams: Family::default(),
            requests: Family::new_with_constructor(histogram),
            lost: Counter::default(),
        };
        registry.register("fanlight_sign_ins", "Attempts to sign in", metrics.sign_ins.clone());
        registry.register(
            "fanlight_refreshes",
            "Attempts to have the identity provider confirm a session",
            metrics.refreshes.clone(),
        );
        registry.register("fanlight_action_objects", "Objects that actions ended for", metrics.actions.clone());
        registry.register("fanlight_streams_open", "Pages that are kept current", metrics.streams.clone());
        registry.register("fanlight_audit_lines_lost", "Lines of the audit log not written", metrics.lost.clone());
        registry.register(
            "http_request_duration_seconds",
            "Time to an answer; of a stream, to its beginning",
            metrics.requests.clone(),
        );
        metrics
    }

    /// The counter of lost lines, for the audit log.
    pub fn lost(&self) -> Counter {
        self.lost.clone()
    }

    pub(crate) fn answered(&self, answered: &Answered<'_>) {
        let labels = Handled {
            service: "fanlight",
            handler: answered.handler.to_string(),
            method: known(answered.method),
            code: answered.status.as_u16(),
        };
        self.requests.get_or_create(&labels).observe(answered.took.as_secs_f64());
    }

    /// Counts what is written down.
    pub(crate) fn happened(&self, method: &'static str, event: &Event) {
        match event {
            Event::SignIn { outcome, .. } => {
                self.sign_ins.get_or_create(&SignIn { method, outcome: outcome.word() }).inc();
            }
            Event::Refresh { outcome, .. } => {
                self.refreshes.get_or_create(&Ended { outcome: outcome.word() }).inc();
            }
            Event::ActionOutcome { verb, outcome, .. } => {
                self.actions.get_or_create(&Acted { verb: verb.word(), outcome: outcome.word() }).inc();
            }
            Event::StreamOpened { page, .. } => {
                self.streams.get_or_create(&Page { page: page.word() }).inc();
            }
            Event::StreamClosed { page, .. } => {
                self.streams.get_or_create(&Page { page: page.word() }).dec();
            }
            _ => {}
        }
    }
}

/// From a page out of memory to a request that waits for its time limit.
fn histogram() -> Histogram {
    Histogram::new([0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0])
}

/// Clients may call a method what they like.
fn known(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        _ => "other",
    }
}

/// The site that Prometheus reads: one page, in the text form of `OpenMetrics` 1.0.
pub fn metrics_router(registry: Registry) -> Router {
    Router::new().route("/metrics", get(tell)).with_state(Arc::new(registry))
}

async fn tell(State(registry): State<Arc<Registry>>) -> Response {
    const FORM: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    let mut text = String::new();
    match encode(&mut text, &registry) {
        Ok(()) => ([(header::CONTENT_TYPE, FORM)], text).into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}
