//! What holds for every request: its number, where it comes from, and the line in the log once it is answered.

use std::{
    convert::Infallible,
    fmt,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    sync::Arc,
};

use axum::{
    extract::{ConnectInfo, FromRequestParts, MatchedPath, Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, request::Parts},
    middleware::Next,
    response::Response,
};
use serde::{Serialize, Serializer};
use tokio::time::Instant;

use crate::{App, metrics::Answered, proxies::Caller};

const HEADER: HeaderName = HeaderName::from_static("x-request-id");

/// The number of a request: drawn here, the same in the response, on its page, in the log and in the audit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct RequestId(u64);

impl RequestId {
    /// The number of the request with these headers; [`tell`] has put it there.
    pub(crate) fn of(headers: &HeaderMap) -> Self {
        let number = headers.get(HEADER).and_then(|value| value.to_str().ok());
        Self(number.and_then(|number| u64::from_str_radix(number, 16).ok()).unwrap_or_default())
    }

    fn header(self) -> HeaderValue {
        HeaderValue::from_str(&self.to_string()).unwrap_or(HeaderValue::from_static("0"))
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

impl Serialize for RequestId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Which request, and from where.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Origin {
    pub(crate) request: RequestId,
    pub(crate) address: IpAddr,
    /// Whether a proxy says that it was asked by plain HTTP.
    pub(crate) is_plain: bool,
}

impl<S: Sync> FromRequestParts<S> for Origin {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let nobody = Caller { address: Ipv4Addr::UNSPECIFIED.into(), is_plain: false };
        // [`tell`] has put it there.
        let Caller { address, is_plain } = parts.extensions.get().copied().unwrap_or(nobody);
        Ok(Self { request: RequestId::of(&parts.headers), address, is_plain })
    }
}

/// Who makes a request: whoever is connected, or somebody behind a proxy of ours.
fn caller(app: &App, request: &Request) -> Caller {
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>();
    let peer = peer.map_or(Ipv4Addr::UNSPECIFIED.into(), |ConnectInfo(peer)| peer.ip());
    app.proxies.caller(peer, request.headers())
}

/// Numbers a request, and tells log and metrics how it was answered: refusals at `info`, our own failures at `error`,
/// the rest at `debug`. Of the address only the path is told, since what follows it may hold codes.
pub(crate) async fn tell(State(app): State<Arc<App>>, mut request: Request, next: Next) -> Response {
    let theirs = request.headers_mut().insert(HEADER, RequestId((app.draw)()).header());
    let id = RequestId::of(request.headers());
    let theirs = theirs.as_ref().and_then(well_formed).unwrap_or_default().to_owned();
    let method = request.method().clone();
    let uri = fanlight_model::cut(request.uri().path(), 256);
    let handler = template(&app.base, request.extensions().get::<MatchedPath>()).to_owned();
    let caller = caller(&app, &request);
    request.extensions_mut().insert(caller);
    let address = caller.address;
    let began = Instant::now();
    let mut response = next.run(request).await;
    response.headers_mut().insert(HEADER, id.header());
    let (took, status) = (began.elapsed(), response.status());
    app.metrics.answered(&Answered { handler: &handler, method: &method, status, took });
    let milliseconds = took.as_millis();
    macro_rules! line {
        ($level:ident) => {
            tracing::$level!(%method, uri, status = status.as_u16(), request = %id, theirs, %address, milliseconds, "answered")
        };
    }
    match status {
        status if status.is_server_error() => line!(error),
        status if status.is_client_error() => line!(info),
        _ => line!(debug),
    }
    response
}

/// The number that somebody before us has given, if it looks like one: it is told beside ours, and not believed.
fn well_formed(value: &HeaderValue) -> Option<&str> {
    let is_plain = |text: &&str| {
        text.len() <= 64 && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
    };
    value.to_str().ok().filter(is_plain)
}

/// The route that answers, without the prefix; one word for all that have none.
fn template<'a>(base: &str, matched: Option<&'a MatchedPath>) -> &'a str {
    let route = matched.and_then(|matched| matched.as_str().strip_prefix(base));
    match route {
        Some("") => "/",
        // What leads to the page that says there is no such page, below a prefix.
        Some(route) if !route.contains("__private__") => route,
        _ => "other",
    }
}
