use std::{cell::Cell, convert::Infallible, io, net::Ipv4Addr};

use bytes::Bytes;
use fanlight_identity::{Returned, Trial};
use futures_util::{StreamExt, stream::FuturesUnordered};
use http::{Method, Request, Response, StatusCode, header};
use http_body_util::Full;
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use url::{Host, Url};

use super::tell;

/// An http address of this machine, as it is to be registered.
#[derive(Debug, Clone)]
pub(super) struct Address {
    text: String,
    port: u16,
    path: String,
}

/// Where the browser comes back to.
pub(super) struct Listener {
    socket: TcpListener,
    path: String,
    /// What the provider is told.
    pub(super) redirect: String,
}

/// Reads an address of this machine.
pub(super) fn address(text: &str) -> Result<Address, String> {
    let why = || format!("{text:?} is no address of this machine, such as http://localhost:9876");
    let url = Url::parse(text).map_err(|_| why())?;
    let here = match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address == Ipv4Addr::LOCALHOST,
        _ => false,
    };
    if url.scheme() != "http" || !here || url.query().is_some() || url.fragment().is_some() {
        return Err(why());
    }
    Ok(Address { text: text.to_owned(), port: url.port().unwrap_or(80), path: url.path().to_owned() })
}

impl Listener {
    /// The predecessor's port: clients may know it already.
    const PORT: u16 = 9876;

    /// Listens, on this machine alone.
    pub(super) async fn open(address: Option<&Address>, port: Option<u16>) -> io::Result<Self> {
        let port = address.map(|address| address.port).or(port).unwrap_or(Self::PORT);
        let socket = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
        let port = socket.local_addr()?.port();
        let (redirect, path) = match address {
            Some(address) => (address.text.clone(), address.path.clone()),
            None => (format!("http://localhost:{port}"), "/".to_owned()),
        };
        Ok(Self { socket, path, redirect })
    }

    /// Waits for the browser that comes back from `trial`; whatever else comes is turned away. Connections are served side by
    /// side: browsers open some that they do not use.
    pub(super) async fn wait(self, trial: &Trial<'_>) -> io::Result<Returned> {
        let got = Cell::new(None);
        let over = Cell::new(false);
        let mut connections = FuturesUnordered::new();
        loop {
            tokio::select! {
                accepted = self.socket.accept() => connections.push(self.serve(accepted?.0, trial, &got, &over)),
                Some(()) = connections.next() => {
                    if let Some(returned) = got.take() {
                        return Ok(returned);
                    }
                }
            }
        }
    }

    async fn serve(&self, stream: TcpStream, trial: &Trial<'_>, got: &Cell<Option<Returned>>, over: &Cell<bool>) {
        let answer = async |request: Request<Incoming>| Ok::<_, Infallible>(self.answer(&request, trial, got, over));
        // Who hangs up in between has not come back.
        let _ =
            http1::Builder::new().keep_alive(false).serve_connection(TokioIo::new(stream), service_fn(answer)).await;
    }

    fn answer(
        &self,
        request: &Request<Incoming>,
        trial: &Trial<'_>,
        got: &Cell<Option<Returned>>,
        over: &Cell<bool>,
    ) -> Response<Full<Bytes>> {
        if request.uri().path() != self.path {
            return page(StatusCode::NOT_FOUND, "There is nothing here.");
        }
        if request.method() != Method::GET {
            return page(StatusCode::METHOD_NOT_ALLOWED, "Only a browser that signs in is expected here.");
        }
        if over.get() {
            return page(StatusCode::BAD_REQUEST, "This sign-in was finished before.");
        }
        match trial.returned(request.uri().query().unwrap_or_default()) {
            Ok(returned) => {
                over.set(true);
                got.set(Some(returned));
                page(StatusCode::OK, "You can close this window. The terminal says how it went.")
            }
            Err(error) => {
                tell(&format!("A browser came that does not belong to this sign-in: {error}"));
                page(StatusCode::BAD_REQUEST, "This does not belong to the sign-in that is going on.")
            }
        }
    }
}

fn page(status: StatusCode, text: &'static str) -> Response<Full<Bytes>> {
    let html = format!("<!doctype html>\n<html lang=\"en\">\n<title>Fanlight</title>\n<p>{text}</p>\n");
    let mut response = Response::new(Full::new(Bytes::from(html)));
    *response.status_mut() = status;
    for (name, value) in [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CACHE_CONTROL, "no-store"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::CONTENT_SECURITY_POLICY, "default-src 'none'"),
    ] {
        response.headers_mut().insert(name, header::HeaderValue::from_static(value));
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_addresses_of_this_machine_are_listened_at() {
        for text in ["http://localhost:9876", "http://127.0.0.1:8000/callback", "http://localhost/"] {
            assert_eq!(address(text).expect(text).text, text);
        }
        for text in [
            "https://localhost:1",
            "http://fanlight.example.com/",
            "http://10.0.0.1:1",
            "localhost:1",
            "http://localhost:1/?a",
        ] {
            assert!(address(text).is_err(), "{text}");
        }
    }
}
