//! What is too large, too slow or too much is answered before anything is done for it.

use std::{net::IpAddr, sync::Arc, time::Duration};

use axum::{
    body::{Body, Bytes, HttpBody},
    extract::{Request, State},
    http::{HeaderMap, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use futures_util::StreamExt;
use tokio::time::timeout;

use crate::{
    App,
    crowd::{Crowded, Presence},
    proxies::Caller,
};

/// The longest address, in bytes: a search among filters takes a few hundred.
const ADDRESS: usize = 8 << 10;
/// The most headers.
const HEADERS: usize = 100;
/// The most bytes of headers. Cookies of a session with many groups take 30 KiB.
const HEADER_BYTES: usize = 48 << 10;
/// The largest body that anybody has reason to send, in bytes.
const BODY: usize = 64 << 10;
/// How long a body may take to arrive.
const ARRIVAL: Duration = Duration::from_secs(10);

/// Marks requests that come over a connection too many.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Full {
    /// Of all.
    Everywhere,
    /// Of those from one address.
    Address,
}

/// A request that is refused for its size or its slowness.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Excess {
    Address,
    HeaderCount,
    HeaderBytes,
    Body,
    Slow,
    Broken,
    Crowded(Crowded),
}

/// Lets requests through that keep to the measure, with their bodies whole.
pub(crate) async fn keep(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    if is_probe(&app.base, &request) {
        return next.run(request).await;
    }
    if let Some(full) = request.extensions().get::<Full>() {
        return full.into_response();
    }
    let mut presence = match app.crowd.enter(caller(&app, &request)) {
        Ok(presence) => presence,
        Err(crowded) => return crowded.into_response(),
    };
    let answer = match whole(request, &mut presence).await {
        Ok(request) => next.run(request).await,
        Err(excess) => excess.into_response(),
    };
    presence.forget_body();
    presence.until_sent(answer)
}

/// Lets requests through whose answers last.
pub(crate) async fn follow(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    match app.crowd.follow(caller(&app, &request)) {
        Ok(presence) => presence.until_sent(next.run(request).await),
        Err(crowded) => crowded.into_response(),
    }
}

/// Whose share a request is of, if that is known.
fn caller(app: &App, request: &Request) -> Option<IpAddr> {
    let caller = request.extensions().get::<Caller>().map(|caller| caller.address);
    // Of a proxy that does not say for whom it asks nobody knows how many people are behind it.
    caller.filter(|address| !app.proxies.trusts(*address))
}

/// What asks whether the server is alive must be answered however many others there are: else it would be ended. There is
/// nothing else in it that would have to be waited for.
fn is_probe(base: &str, request: &Request) -> bool {
    let asks = matches!(request.uri().path().strip_prefix(base), Some("/health/" | "/ready"));
    asks && request.body().is_end_stream()
}

/// The request, once its body is there; `presence` has the room for it.
async fn whole(request: Request, presence: &mut Presence) -> Result<Request, Excess> {
    let (parts, body) = request.into_parts();
    let address = parts.uri.path_and_query().map_or(0, |address| address.as_str().len());
    if address > ADDRESS {
        return Err(Excess::Address);
    }
    weigh(&parts.headers)?;
    if body.is_end_stream() {
        return Ok(Request::from_parts(parts, body));
    }
    let body = timeout(ARRIVAL, arrive(body, presence)).await.map_err(|_| Excess::Slow)??;
    Ok(Request::from_parts(parts, Body::from(body)))
}

fn weigh(headers: &HeaderMap) -> Result<(), Excess> {
    if headers.len() > HEADERS {
        return Err(Excess::HeaderCount);
    }
    let bytes: usize = headers.iter().map(|(name, value)| name.as_str().len() + value.len()).sum();
    if bytes > HEADER_BYTES {
        return Err(Excess::HeaderBytes);
    }
    // Said beforehand: nothing of it has to be read.
    let announced = headers.get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok());
    if announced.is_some_and(|length: u64| length > BODY as u64) { Err(Excess::Body) } else { Ok(()) }
}

/// The body; there is made room for what has arrived, since what is announced may never come.
async fn arrive(body: Body, presence: &mut Presence) -> Result<Bytes, Excess> {
    let mut chunks = body.into_data_stream();
    let mut whole = Vec::new();
    while let Some(chunk) = chunks.next().await {
        let chunk = chunk.map_err(|_| Excess::Broken)?;
        if whole.len() + chunk.len() > BODY {
            return Err(Excess::Body);
        }
        presence.make_room(chunk.len()).map_err(Excess::Crowded)?;
        whole.extend_from_slice(&chunk);
    }
    Ok(whole.into())
}

impl IntoResponse for Full {
    fn into_response(self) -> Response {
        too_much(match self {
            Self::Everywhere => "There are too many connections to this server at this moment.",
            Self::Address => "There are too many connections from your address at this moment.",
        })
    }
}

impl IntoResponse for Crowded {
    fn into_response(self) -> Response {
        too_much(match self {
            Self::Everywhere => "Too much is sent to this server at this moment.",
            Self::Here => "There are too many requests from your address at this moment.",
        })
    }
}

fn too_much(what: &str) -> Response {
    let head = [(header::RETRY_AFTER, "5"), (header::CONNECTION, "close")];
    (StatusCode::SERVICE_UNAVAILABLE, head, format!("{what} Try again in a few seconds.\n")).into_response()
}

impl IntoResponse for Excess {
    fn into_response(self) -> Response {
        let (status, text) = match self {
            Self::Crowded(crowded) => return crowded.into_response(),
            Self::Address => {
                (StatusCode::URI_TOO_LONG, format!("The address is too long: {} KiB are the most.\n", ADDRESS >> 10))
            }
            Self::HeaderCount => (
                StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
                format!("The request has too many headers: {HEADERS} are the most.\n"),
            ),
            Self::HeaderBytes => (
                StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
                format!(
                    "The headers of the request are too large: {} KiB are the most. If a browser says this, delete its \
                     cookies for this host.\n",
                    HEADER_BYTES >> 10
                ),
            ),
            Self::Body => (
                StatusCode::PAYLOAD_TOO_LARGE,
                format!("The body of the request is too large: {} KiB are the most.\n", BODY >> 10),
            ),
            Self::Slow => (
                StatusCode::REQUEST_TIMEOUT,
                format!("The body of the request did not arrive within {} seconds.\n", ARRIVAL.as_secs()),
            ),
            Self::Broken => {
                (StatusCode::BAD_REQUEST, "The body of the request broke off, or is not well-formed.\n".to_owned())
            }
        };
        // What is left of the request will not be read.
        (status, [(header::CONNECTION, "close")], text).into_response()
    }
}

#[cfg(test)]
mod tests {
    use std::{convert::Infallible, task::Poll};

    use axum::http::HeaderValue;
    use futures_util::stream;

    use super::*;
    use crate::Crowd;

    fn request(address: &str, body: Body) -> Request {
        Request::builder().uri(address).body(body).expect("a request")
    }

    async fn whole(request: Request) -> Result<Request, Excess> {
        let mut presence = Crowd::new(1).enter(None).expect("a place");
        super::whole(request, &mut presence).await
    }

    async fn excess(request: Request) -> Option<Excess> {
        whole(request).await.err()
    }

    #[tokio::test]
    async fn what_keeps_to_the_measure_comes_through_unchanged() {
        let chunks = stream::iter([Ok::<_, Infallible>("user=a"), Ok("&b=c")]);
        let request = whole(request("/a?b=c", Body::from_stream(chunks))).await.expect("within the measure");
        assert_eq!(request.uri(), "/a?b=c");
        let body = axum::body::to_bytes(request.into_body(), BODY).await.expect("a body");
        assert_eq!(body, "user=a&b=c");
        assert!(whole(self::request("/", Body::from(vec![0; BODY]))).await.is_ok());
    }

    #[tokio::test]
    async fn what_is_too_large_is_named() {
        assert_eq!(excess(request(&format!("/{}", "a".repeat(ADDRESS)), Body::empty())).await, Some(Excess::Address));
        assert_eq!(excess(request("/", Body::from(vec![0; BODY + 1]))).await, Some(Excess::Body));
        let chunks = stream::iter((0..=BODY).map(|_| Ok::<_, Infallible>("x")));
        assert_eq!(excess(request("/", Body::from_stream(chunks))).await, Some(Excess::Body));
        let broken = stream::iter([Ok("x"), Err(std::io::Error::other("broken"))]);
        assert_eq!(excess(request("/", Body::from_stream(broken))).await, Some(Excess::Broken));
        let mut many = request("/", Body::empty());
        for _ in 0..=HEADERS {
            many.headers_mut().append("a", HeaderValue::from_static(""));
        }
        assert_eq!(excess(many).await, Some(Excess::HeaderCount));
        let mut large = request("/", Body::empty());
        large.headers_mut().insert("cookie", HeaderValue::from_str(&"x".repeat(HEADER_BYTES)).expect("a value"));
        assert_eq!(excess(large).await, Some(Excess::HeaderBytes));
    }

    #[tokio::test]
    async fn a_body_that_is_announced_as_too_large_is_not_waited_for() {
        let mut announced = request("/", Body::from_stream(stream::pending::<Result<Bytes, Infallible>>()));
        announced.headers_mut().insert(header::CONTENT_LENGTH, HeaderValue::from(BODY + 1));
        assert_eq!(excess(announced).await, Some(Excess::Body));
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_does_not_arrive_is_not_waited_for_longer_than_its_time() {
        let never = Body::from_stream(stream::pending::<Result<Bytes, Infallible>>());
        assert_eq!(excess(request("/", never)).await, Some(Excess::Slow));
    }

    #[tokio::test]
    async fn bodies_that_do_not_arrive_whole_take_only_the_share_of_who_sends_them_and_only_what_came() {
        let crowd = Crowd::new(1000);
        let from = |last: u8| Some([192, 0, 2, last].into());
        let stuck = |sent: usize| {
            let begun = (sent > 0).then(|| Ok::<_, Infallible>(Bytes::from(vec![0; sent])));
            Body::from_stream(stream::iter(begun).chain(stream::pending()))
        };
        let send = |sent: usize| {
            let mut presence = crowd.enter(from(1)).expect("a place");
            Box::pin(async move { super::whole(request("/", stuck(sent)), &mut presence).await.err() })
        };
        let mut held: Vec<_> = (0..100).map(|_| send(0)).collect();
        for waiting in &mut held {
            assert_eq!(futures_util::poll!(waiting), Poll::Pending, "nothing has come, and nothing is taken");
        }
        loop {
            let mut waiting = send(BODY);
            match futures_util::poll!(&mut waiting) {
                Poll::Pending => held.push(waiting),
                Poll::Ready(excess) => break assert_eq!(excess, Some(Excess::Crowded(Crowded::Here))),
            }
        }
        assert_eq!(held.len() - 100, Crowd::SHARE / BODY);
        let mut other = crowd.enter(from(2)).expect("a place");
        assert!(super::whole(request("/", Body::from("user=a")), &mut other).await.is_ok());
        drop(held);
        let mut again = crowd.enter(from(1)).expect("a place");
        assert!(super::whole(request("/", Body::from("user=a")), &mut again).await.is_ok());
    }

    #[test]
    fn only_those_who_ask_for_the_servers_life_are_let_through_when_it_is_full() {
        let is_probe = |base: &str, path: &str| super::is_probe(base, &request(path, Body::empty()));
        assert!(is_probe("", "/health/") && is_probe("/flux", "/flux/ready"));
        assert!(!is_probe("/flux", "/ready") && !is_probe("", "/applications") && !is_probe("", "/health/x"));
        assert!(!super::is_probe("", &request("/health/", Body::from("a"))), "a body would have to be waited for");
    }
}
