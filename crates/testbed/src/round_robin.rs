use std::{
    net::{Ipv4Addr, SocketAddr},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use futures_util::stream;
use http::{HeaderName, Request, Response, StatusCode, header};
use http_body_util::{BodyExt, StreamBody, combinators::UnsyncBoxBody};
use hyper::body::{Bytes, Frame, Incoming};
use hyper_util::rt::TokioIo;
use reqwest::Client;
use tokio::{
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};

/// A proxy on loopback that gives each request to the next of several servers, as a Service with several replicas may.
/// A server that is not there is passed over.
pub struct RoundRobin {
    address: SocketAddr,
    shared: Arc<Shared>,
    accepting: JoinHandle<()>,
}

struct Shared {
    client: Client,
    round: Mutex<Round>,
}

#[derive(Default)]
struct Round {
    servers: Vec<String>,
    turn: usize,
    served: Vec<(usize, String)>,
}

type Body = UnsyncBoxBody<Bytes, reqwest::Error>;

impl RoundRobin {
    /// Starts one that has no servers so far.
    pub async fn start() -> anyhow::Result<Self> {
        let client = Client::builder().redirect(reqwest::redirect::Policy::none()).no_proxy().build()?;
        let shared = Arc::new(Shared { client, round: Mutex::default() });
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let serving = Arc::clone(&shared);
        let accepting = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, Arc::clone(&serving)));
            }
        });
        Ok(Self { address, shared, accepting })
    }

    /// Its address, without a slash at its end.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Stands before these servers from now on.
    pub fn before(&self, servers: &[&str]) {
        self.shared.round().servers = servers.iter().map(ToString::to_string).collect();
    }

    /// The requests that were answered, or are about to be: which server, and method and path.
    pub fn served(&self) -> Vec<(usize, String)> {
        self.shared.round().served.clone()
    }
}

impl Drop for RoundRobin {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

impl Shared {
    fn round(&self) -> MutexGuard<'_, Round> {
        self.round.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whose turn it is.
    fn next(&self, what: &str) -> Option<(usize, String)> {
        let mut round = self.round();
        let place = round.turn.checked_rem(round.servers.len())?;
        round.turn += 1;
        round.served.push((place, what.to_owned()));
        Some((place, round.servers.get(place)?.clone()))
    }

    async fn answer(&self, request: Request<Incoming>) -> anyhow::Result<Response<Body>> {
        let (head, body) = request.into_parts();
        let body = body.collect().await?.to_bytes();
        let path = head.uri.path_and_query().map_or("/", |path| path.as_str());
        let what = format!("{} {}", head.method, head.uri.path());
        let servers = self.round().servers.len();
        for _ in 0..servers {
            let Some((_, server)) = self.next(&what) else { break };
            let mut headers = head.headers.clone();
            headers.remove(header::CONNECTION);
            let sent = self.client.request(head.method.clone(), format!("{server}{path}")).headers(headers);
            match sent.body(body.clone()).send().await {
                Ok(answer) => return respond(answer),
                Err(error) if error.is_connect() => {}
                Err(_) => break,
            }
        }
        let nothing = http_body_util::Empty::new().map_err(|never| match never {});
        Ok(Response::builder().status(StatusCode::BAD_GATEWAY).body(BodyExt::boxed_unsync(nothing))?)
    }
}

fn respond(answer: reqwest::Response) -> anyhow::Result<Response<Body>> {
    const OWN: [HeaderName; 3] = [header::CONNECTION, header::TRANSFER_ENCODING, header::CONTENT_LENGTH];
    let mut response = Response::builder().status(answer.status());
    for (name, value) in answer.headers().iter().filter(|(name, _)| !OWN.contains(name)) {
        response = response.header(name, value);
    }
    let chunks = stream::try_unfold(answer, |mut answer| async {
        Ok(answer.chunk().await?.map(|bytes| (Frame::data(bytes), answer)))
    });
    Ok(response.body(BodyExt::boxed_unsync(StreamBody::new(chunks)))?)
}

async fn serve(stream: TcpStream, shared: Arc<Shared>) {
    let service = hyper::service::service_fn(move |request| {
        let shared = Arc::clone(&shared);
        async move { shared.answer(request).await }
    });
    // An error here is a connection that breaks because the client went or a server died.
    let _ = hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
}
