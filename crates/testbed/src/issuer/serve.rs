//! The way from a connection to an issuer's desk and back, and what goes wrong on it.

use std::{
    convert::Infallible,
    io,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use bytes::Bytes;
use futures_util::{StreamExt, stream};
use http::{
    Request, Response, StatusCode,
    header::{AUTHORIZATION, CONTENT_LENGTH, CONTENT_TYPE, LOCATION},
};
use http_body_util::{BodyExt, Full, StreamBody, combinators::BoxBody};
use hyper::{
    body::{Frame, Incoming},
    server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::TokioIo;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpListener,
    task::JoinSet,
};
use tokio_rustls::TlsAcceptor;

use super::{
    Asked,
    desk::{Answer, Desk},
    manners::{Endpoint, Trouble},
};

type Body = BoxBody<Bytes, io::Error>;

/// Takes connections until it is dropped, and they with it.
pub(super) async fn serve(listener: TcpListener, tls: Option<TlsAcceptor>, desk: Arc<Mutex<Desk>>) {
    let mut connections = JoinSet::new();
    loop {
        let Ok((stream, _)) = listener.accept().await else { continue };
        let (tls, desk) = (tls.clone(), Arc::clone(&desk));
        connections.spawn(async move {
            match tls {
                None => talk(stream, desk).await,
                Some(tls) => {
                    if let Ok(stream) = tls.accept(stream).await {
                        talk(stream, desk).await;
                    }
                }
            }
        });
        while connections.try_join_next().is_some() {}
    }
}

async fn talk(stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static, desk: Arc<Mutex<Desk>>) {
    let service = service_fn(move |request| answer(request, Arc::clone(&desk)));
    // A connection that is cut is what some tests are about.
    let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
}

async fn answer(request: Request<Incoming>, desk: Arc<Mutex<Desk>>) -> io::Result<Response<Body>> {
    let path = request.uri().path();
    let Some(endpoint) = Endpoint::ALL.into_iter().find(|endpoint| endpoint.path() == path) else {
        return page(StatusCode::NOT_FOUND);
    };
    let lock = || desk.lock().unwrap_or_else(PoisonError::into_inner);
    let trouble = lock().manners.troubles.get(&endpoint).cloned();
    let asked = read(endpoint, request).await?;
    match &trouble {
        // The delay is the behaviour under test, not a way of waiting for something.
        Some(Trouble::Late(delay)) => tokio::time::sleep(*delay).await,
        Some(Trouble::Lost) => {
            lock().asked.push(asked);
            return Err(io::ErrorKind::ConnectionAborted.into());
        }
        Some(Trouble::Redirect(to)) => {
            lock().asked.push(asked);
            return respond(Answer::Redirect(to.clone()));
        }
        Some(Trouble::Error(status)) => {
            lock().asked.push(asked);
            return page(StatusCode::from_u16(*status).map_err(io::Error::other)?);
        }
        Some(Trouble::Page) => {
            lock().asked.push(asked);
            return page(StatusCode::OK);
        }
        Some(Trouble::Endless) => {
            lock().asked.push(asked);
            return Ok(endless());
        }
        Some(Trouble::Half | Trouble::LostAfterwards | Trouble::Withheld) | None => {}
    }
    let answer = lock().answer(asked).map_err(io::Error::other)?;
    match trouble {
        Some(Trouble::LostAfterwards) => Err(io::ErrorKind::ConnectionAborted.into()),
        Some(Trouble::Withheld) => std::future::pending().await,
        Some(Trouble::Half) => half(respond(answer)?).await,
        _ => respond(answer),
    }
}

/// Parameters of the query and of the form, the form's first.
async fn read(endpoint: Endpoint, request: Request<Incoming>) -> io::Result<Asked> {
    let (head, body) = request.into_parts();
    let body = body.collect().await.map_err(io::Error::other)?.to_bytes();
    let query = head.uri.query().unwrap_or_default().as_bytes();
    let pairs = url::form_urlencoded::parse(query).chain(url::form_urlencoded::parse(&body));
    let parameters = pairs.map(|(name, value)| (name.into_owned(), value.into_owned())).collect();
    let authorization = head.headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok()).map(ToOwned::to_owned);
    Ok(Asked { endpoint, parameters, authorization })
}

fn respond(answer: Answer) -> io::Result<Response<Body>> {
    let response = match answer {
        Answer::Json(status, value) => {
            Response::builder().status(status).header(CONTENT_TYPE, "application/json").body(whole(value.to_string()))
        }
        Answer::Redirect(to) => {
            Response::builder().status(StatusCode::FOUND).header(LOCATION, to).body(whole(String::new()))
        }
        Answer::Nothing => Response::builder().body(whole(String::new())),
    };
    response.map_err(io::Error::other)
}

fn page(status: StatusCode) -> io::Result<Response<Body>> {
    let text = "<!doctype html><title>Something else</title><p>This is not what you asked for.";
    let response = Response::builder().status(status).header(CONTENT_TYPE, "text/html").body(whole(text.to_owned()));
    response.map_err(io::Error::other)
}

/// The first half of an answer that promises to be whole.
async fn half(response: Response<Body>) -> io::Result<Response<Body>> {
    let (mut head, body) = response.into_parts();
    let bytes = body.collect().await?.to_bytes();
    head.headers.insert(CONTENT_LENGTH, bytes.len().into());
    let frames = [Ok(Frame::data(bytes.slice(..bytes.len() / 2))), Err(io::ErrorKind::ConnectionAborted.into())];
    // The first half must have left before the connection is cut.
    let frames = stream::iter(frames).then(async |frame| {
        tokio::time::sleep(Duration::from_millis(20)).await;
        frame
    });
    Ok(Response::from_parts(head, BodyExt::boxed(StreamBody::new(Box::pin(frames)))))
}

fn endless() -> Response<Body> {
    let frames = stream::repeat_with(|| Ok(Frame::data(Bytes::from_static(&[b' '; 16 * 1024]))));
    Response::new(BodyExt::boxed(StreamBody::new(frames)))
}

fn whole(text: String) -> Body {
    Full::new(Bytes::from(text)).map_err(|never: Infallible| match never {}).boxed()
}
