//! Behind a balancer two API servers: one is ready, and one is starting and so knows nobody.

use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicUsize, Ordering},
};

use anyhow::{Context, ensure};
use bytes::Bytes;
use fanlight_cluster::ApiServer;
use fanlight_model::Token;
use http::{Request, Response, StatusCode, header};
use http_body_util::Full;
use hyper::{body::Incoming, server::conn::http2, service::service_fn};
use hyper_util::rt::{TokioExecutor, TokioIo};
use kube::Config;
use rcgen::{CertificateParams, KeyPair};
use rustls::{
    ServerConfig,
    pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer},
};
use secrecy::SecretString;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

/// The credential of the server's own account.
const OWN: &str = "own";

/// What the two API servers have in common: connections lead to one and the other by turns.
#[derive(Default)]
struct Pair {
    connections: AtomicUsize,
    /// Whether the second one is ready, too.
    both_ready: AtomicBool,
    /// Whether requests without a credential are refused, whatever they are for.
    names_wanted: AtomicBool,
}

impl Pair {
    /// What the API server at the other end of a connection answers.
    fn answer(&self, connection: usize, request: &Request<Incoming>) -> anyhow::Result<Response<Full<Bytes>>> {
        let is_ready = connection.is_multiple_of(2) || self.both_ready.load(Ordering::SeqCst);
        let by = request.headers().get(header::AUTHORIZATION).and_then(|by| by.to_str().ok()?.strip_prefix("Bearer "));
        let is_known = match by {
            Some(token) => is_ready && [OWN, "good"].contains(&token),
            None => !self.names_wanted.load(Ordering::SeqCst),
        };
        let (status, body) = match request.uri().path() {
            _ if !is_known => (401, json!({"kind": "Status", "code": 401, "message": "Unauthorized"})),
            "/readyz" if is_ready => (200, Value::Null),
            "/readyz" => (500, Value::Null),
            _ => (201, json!({"status": {"userInfo": {"username": by.unwrap_or("system:anonymous")}}})),
        };
        let response = Response::builder().status(StatusCode::from_u16(status)?);
        Ok(response.body(Full::new(Bytes::from(body.to_string())))?)
    }
}

/// Serves the two, and the way there.
async fn start() -> anyhow::Result<(Arc<Pair>, ApiServer)> {
    let key = KeyPair::generate()?;
    let certificate = CertificateParams::new(vec!["localhost".to_owned()])?.self_signed(&key)?;
    let der = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let config = ServerConfig::builder().with_no_client_auth();
    let mut config = config.with_single_cert(vec![certificate.der().clone()], der)?;
    config.alpn_protocols = vec![b"h2".to_vec()];
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let port = listener.local_addr()?.port();
    let pair = Arc::new(Pair::default());
    let serving = Arc::clone(&pair);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let connection = serving.connections.fetch_add(1, Ordering::SeqCst);
            let (acceptor, pair) = (acceptor.clone(), Arc::clone(&serving));
            tokio::spawn(async move {
                let Ok(stream) = acceptor.accept(stream).await else { return };
                let service = service_fn(move |request| {
                    let answer = pair.answer(connection, &request);
                    async move { answer }
                });
                let _ = http2::Builder::new(TokioExecutor::new()).serve_connection(TokioIo::new(stream), service).await;
            });
        }
    });
    let mut config = Config::new(format!("https://localhost:{port}").parse()?);
    config.root_cert = Some(vec![certificate.der().to_vec()]);
    config.auth_info.token = Some(SecretString::from(OWN));
    Ok((pair, ApiServer::from_config(config)?))
}

async fn holder(server: &ApiServer, token: &str) -> anyhow::Result<Option<String>> {
    let holder = server.who_holds(&Token::new(token)?).await?;
    Ok(holder.map(|holder| holder.user().to_string()))
}

#[tokio::test]
async fn a_token_is_unknown_only_by_the_word_of_an_api_server_that_is_ready_itself() -> anyhow::Result<()> {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let (pair, server) = start().await?;
    ensure!(server.own_name().await? == OWN, "the own connection leads to the one that is ready");
    let unsaid = holder(&server, "good").await.err().context("a starting API server was believed")?;
    ensure!(unsaid.to_string().contains("/readyz"), "{unsaid}");
    ensure!(pair.connections.load(Ordering::SeqCst) == 2, "who brings a token has a connection of their own");
    pair.both_ready.store(true, Ordering::SeqCst);
    ensure!(holder(&server, "good").await? == Some("good".to_owned()));
    ensure!(holder(&server, "bad").await?.is_none());
    Ok(())
}

#[tokio::test]
async fn where_nobody_may_ask_without_a_name_a_bad_token_is_still_told_from_an_outage() -> anyhow::Result<()> {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let (pair, server) = start().await?;
    pair.names_wanted.store(true, Ordering::SeqCst);
    pair.both_ready.store(true, Ordering::SeqCst);
    ensure!(holder(&server, "bad").await?.is_none());
    ensure!(holder(&server, "good").await? == Some("good".to_owned()));
    Ok(())
}
