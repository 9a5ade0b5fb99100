//! One request and its answer, repeated where that can help and does no harm.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, Request, StatusCode, header};
use http_body_util::{BodyExt, Limited};
use jiff::{Timestamp, fmt::rfc2822::DateTimeParser};
use kube::client::Body;
use rand::RngExt;
use serde::{Serialize, de::DeserializeOwned};
use tokio::time::{Instant, sleep, timeout};

use super::{Rescue, RescueError, Silence, Trouble};

/// What is asked of the API server.
pub(super) struct Call<'a> {
    /// The operation with its object, for errors.
    pub(super) doing: &'a str,
    pub(super) method: Method,
    pub(super) path: &'a str,
    /// The form of the body, and the body.
    pub(super) body: Option<(&'static str, Bytes)>,
}

/// A successful answer.
pub(super) struct Answer {
    body: Bytes,
    /// The API server's clock: what its objects' times are compared with, so that this machine's may be wrong.
    pub(super) now: Timestamp,
}

/// Changing some fields of an object (RFC 7396).
pub(super) const MERGE_PATCH: &str = "application/merge-patch+json";
/// Server-side apply; JSON is YAML.
pub(super) const APPLY: &str = "application/apply-patch+yaml";
const JSON: &str = "application/json";

/// A failure, with the pause that the API server asks for.
struct Failure {
    trouble: Trouble,
    retry_after: Option<Duration>,
}

impl Rescue {
    /// How often a request is repeated that the API server could not handle.
    pub(super) const REPEATS: u32 = 4;
    /// The pause before the first repetition.
    const PAUSE: Duration = Duration::from_millis(200);
    /// The pause of a busy API server that does not say how long.
    const BUSY: Duration = Duration::from_secs(1);
    /// An answer longer than this is none that was asked for.
    const LONGEST: usize = 16 << 20;

    pub(super) async fn get<T: DeserializeOwned>(&self, doing: &str, path: &str) -> Result<T, RescueError> {
        self.call(&Call { doing, method: Method::GET, path, body: None }).await?.read(doing)
    }

    pub(super) async fn post<T: DeserializeOwned>(
        &self,
        doing: &str,
        path: &str,
        object: &impl Serialize,
    ) -> Result<T, RescueError> {
        let body = Some((JSON, encoded(doing, object)?));
        self.call(&Call { doing, method: Method::POST, path, body }).await?.read(doing)
    }

    pub(super) async fn put<T: DeserializeOwned>(
        &self,
        doing: &str,
        path: &str,
        object: &impl Serialize,
    ) -> Result<T, RescueError> {
        let body = Some((JSON, encoded(doing, object)?));
        self.call(&Call { doing, method: Method::PUT, path, body }).await?.read(doing)
    }

    pub(super) async fn patch<T: DeserializeOwned>(
        &self,
        doing: &str,
        path: &str,
        form: &'static str,
        changes: &impl Serialize,
    ) -> Result<T, RescueError> {
        let body = Some((form, encoded(doing, changes)?));
        self.call(&Call { doing, method: Method::PATCH, path, body }).await?.read(doing)
    }

    /// Deletes what is there under these conditions; what is gone is gone.
    pub(super) async fn delete(&self, doing: &str, path: &str, options: &impl Serialize) -> Result<(), RescueError> {
        let body = Some((JSON, encoded(doing, options)?));
        match self.call(&Call { doing, method: Method::DELETE, path, body }).await {
            Err(error) if !error.is_missing() => Err(error),
            _ => Ok(()),
        }
    }

    /// Makes a request, again if need be, until there is an answer that decides something or the time is up.
    pub(super) async fn call(&self, call: &Call<'_>) -> Result<Answer, RescueError> {
        let mut repeats = 0;
        loop {
            let failure = match self.attempt(call).await {
                Ok(answer) => return Ok(answer),
                Err(failure) => failure,
            };
            let is_doubtful = matches!(failure.trouble, Trouble::Forbidden(_)) && !self.is_ready().await;
            let pause = match pause_after(&failure, repeats, is_doubtful) {
                Some(pause) if pause < self.deadline.saturating_duration_since(Instant::now()) => pause,
                _ => return Err(RescueError::new(call.doing, failure.trouble)),
            };
            // Being busy may last: it is waited out, while a failure is asked about only so often.
            repeats += u32::from(!matches!(failure.trouble, Trouble::Busy(_)));
            tracing::debug!(doing = call.doing, trouble = %failure.trouble, ?pause, "asking again");
            sleep(pause).await;
        }
    }

    /// Whether the API server says that it is ready. One that is starting refuses what it will allow once it has loaded
    /// its roles.
    pub(super) async fn is_ready(&self) -> bool {
        let call = Call { doing: "asking whether it is ready", method: Method::GET, path: "/readyz", body: None };
        self.attempt(&call).await.is_ok()
    }

    async fn attempt(&self, call: &Call<'_>) -> Result<Answer, Failure> {
        let limit = self.link.request.min(self.deadline.saturating_duration_since(Instant::now()));
        let late = |_| Failure { trouble: Trouble::TimedOut(limit), retry_after: None };
        timeout(limit, self.exchange(call)).await.map_err(late)?
    }

    async fn exchange(&self, call: &Call<'_>) -> Result<Answer, Failure> {
        let unanswered = |error: &(dyn std::error::Error + 'static)| Failure {
            trouble: Trouble::unanswered(self.link.server.as_str(), error),
            retry_after: None,
        };
        let answer = self.link.client.send(self.request(call)).await.map_err(|error| unanswered(&error))?;
        let (head, body) = answer.into_parts();
        let body = Limited::new(body, Self::LONGEST).collect().await.map_err(|error| unanswered(&*error))?.to_bytes();
        if head.status.is_success() {
            return Ok(Answer { body, now: clock(&head.headers) });
        }
        let asked = head.headers.get(header::RETRY_AFTER).and_then(|value| value.to_str().ok()?.trim().parse().ok());
        Err(Failure { trouble: Trouble::answered(head.status, &body), retry_after: asked.map(Duration::from_secs) })
    }

    fn request(&self, call: &Call<'_>) -> Request<Body> {
        let mut request = Request::new(Body::empty());
        *request.method_mut() = call.method.clone();
        *request.uri_mut() = call.path.parse().unwrap_or_default();
        let headers = request.headers_mut();
        headers.insert(header::USER_AGENT, self.link.user_agent.clone());
        headers.insert(header::ACCEPT, HeaderValue::from_static(JSON));
        if let Some((form, body)) = &call.body {
            headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(form));
            *request.body_mut() = Body::from(body.clone());
        }
        request
    }
}

/// How long to wait before asking again; `None` if that is of no use.
fn pause_after(failure: &Failure, repeats: u32, is_doubtful: bool) -> Option<Duration> {
    let backoff = backoff(Rescue::PAUSE, repeats);
    match &failure.trouble {
        Trouble::Busy(_) => Some(failure.retry_after.unwrap_or(Rescue::BUSY).max(backoff)),
        Trouble::Broken { code, .. } if *code == StatusCode::NOT_IMPLEMENTED.as_u16() => None,
        Trouble::Broken { .. } => (repeats < Rescue::REPEATS).then(|| failure.retry_after.unwrap_or(backoff)),
        Trouble::Unreachable { why: Silence::Refused | Silence::Broken(_), .. } => {
            (repeats < Rescue::REPEATS).then_some(backoff)
        }
        _ => (is_doubtful && repeats < Rescue::REPEATS).then_some(backoff),
    }
}

/// Longer pauses, and not the same for all: many who were refused together should not come back together.
pub(super) fn backoff(first: Duration, repeats: u32) -> Duration {
    (first * 2_u32.pow(repeats.min(5))).mul_f64(rand::rng().random_range(0.75..1.25))
}

fn clock(headers: &HeaderMap) -> Timestamp {
    let date = headers.get(header::DATE).and_then(|date| date.to_str().ok());
    date.and_then(|date| DateTimeParser::new().parse_timestamp(date).ok()).unwrap_or_else(Timestamp::now)
}

fn encoded(doing: &str, object: &impl Serialize) -> Result<Bytes, RescueError> {
    serde_json::to_vec(object).map(Bytes::from).map_err(|error| malformed(doing, &error))
}

/// Where it stopped making sense; not the parser's own words, since they may quote a value.
fn malformed(doing: &str, error: &serde_json::Error) -> RescueError {
    let place = format!("{:?} error at line {}, column {}", error.classify(), error.line(), error.column());
    RescueError::new(doing, Trouble::Malformed(place))
}

impl Answer {
    /// The object in it.
    pub(super) fn read<T: DeserializeOwned>(&self, doing: &str) -> Result<T, RescueError> {
        serde_json::from_slice(&self.body).map_err(|error| malformed(doing, &error))
    }
}
