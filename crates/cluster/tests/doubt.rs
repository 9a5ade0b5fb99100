//! Behind a balancer two API servers: one is ready, and one is starting and so knows nobody.

use std::{
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use anyhow::{Context, ensure};
use bytes::Bytes;
use fanlight_cluster::ApiServer;
use fanlight_model::Token;
use futures_util::future::join_all;
use http::{Request, Response, StatusCode, header};
use http_body_util::Full;
use hyper::{body::Incoming, server::conn::http2, service::service_fn};
use hyper_util::rt::{TokioExecutor, TokioIo};
use kube::{Config, config::AuthInfo};
use rcgen::{CertificateParams, KeyPair};
use rustls::{
    ServerConfig,
    pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer},
};
use secrecy::SecretString;
use serde_json::{Value, json};
use tokio::{
    net::TcpListener,
    sync::Notify,
    time::{sleep, timeout},
};
use tokio_rustls::TlsAcceptor;

/// The credential of the server's own account.
const OWN: &str = "own";

/// What the two API servers have in common.
#[derive(Default)]
struct Pair {
    /// To which one new connections lead: the first is ready, the second is starting.
    leads_to: AtomicUsize,
    /// Whether requests without a token count as those of the server's own account, as by a client certificate.
    knows_everybody: AtomicBool,
}

impl Pair {
    fn lead_to(&self, number: usize) {
        self.leads_to.store(number, Ordering::SeqCst);
    }

    /// What the API server of this number answers.
    fn answer(&self, number: usize, request: &Request<Incoming>) -> anyhow::Result<Response<Full<Bytes>>> {
        let is_ready = number == 0;
        let by = request.headers().get(header::AUTHORIZATION).and_then(|by| by.to_str().ok()?.strip_prefix("Bearer "));
        let is_known = match by {
            Some(token) => token == OWN || is_ready && token == "good",
            None => self.knows_everybody.load(Ordering::SeqCst),
        };
        let (status, body) = match request.uri().path() {
            _ if !is_known => (401, json!({"kind": "Status", "code": 401, "message": "Unauthorized"})),
            "/readyz" if is_ready => (200, Value::Null),
            "/readyz" => (500, Value::Null),
            _ => (201, json!({"status": {"userInfo": {"username": by}}})),
        };
        let response = Response::builder().status(StatusCode::from_u16(status)?);
        Ok(response.body(Full::new(Bytes::from(body.to_string())))?)
    }
}

/// Serves the two, and the way there.
async fn start(auth_info: AuthInfo) -> anyhow::Result<(Arc<Pair>, ApiServer)> {
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
            let number = serving.leads_to.load(Ordering::SeqCst);
            let (acceptor, pair) = (acceptor.clone(), Arc::clone(&serving));
            tokio::spawn(async move {
                let Ok(stream) = acceptor.accept(stream).await else { return };
                // As Kubernetes does, the connection of whoever is not known is closed.
                let unknown = Arc::new(Notify::new());
                let refused = Arc::clone(&unknown);
                let service = service_fn(move |request| {
                    let answer = pair.answer(number, &request);
                    if answer.as_ref().is_ok_and(|answer| answer.status() == 401) {
                        refused.notify_one();
                    }
                    async move { answer }
                });
                let served = http2::Builder::new(TokioExecutor::new()).serve_connection(TokioIo::new(stream), service);
                let mut served = pin!(served);
                tokio::select! {
                    _ = served.as_mut() => {}
                    () = unknown.notified() => {
                        served.as_mut().graceful_shutdown();
                        let _ = served.await;
                    }
                }
            });
        }
    });
    let mut config = Config::new(format!("https://localhost:{port}").parse()?);
    config.root_cert = Some(vec![certificate.der().to_vec()]);
    config.auth_info = auth_info;
    Ok((pair, ApiServer::from_config(config)?))
}

async fn holder(server: &ApiServer, token: &str) -> anyhow::Result<Option<String>> {
    let holder = server.who_holds(&Token::new(token)?).await?;
    Ok(holder.map(|holder| holder.user().to_string()))
}

#[tokio::test]
async fn a_token_is_unknown_only_by_the_word_of_an_api_server_that_is_ready_itself() -> anyhow::Result<()> {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let (pair, server) = start(AuthInfo { token: Some(SecretString::from(OWN)), ..AuthInfo::default() }).await?;
    ensure!(server.own_name().await? == OWN, "the own connection leads to the one that is ready");
    pair.lead_to(1);
    let unsaid = holder(&server, "good").await.err().context("a starting API server was believed")?;
    ensure!(unsaid.to_string().contains("/readyz"), "{unsaid}");
    pair.lead_to(0);
    // The connection to the one that is starting ends a moment later.
    let told = async {
        loop {
            match holder(&server, "good").await {
                Err(_) => sleep(Duration::from_millis(5)).await,
                told => return told,
            }
        }
    };
    ensure!(timeout(Duration::from_secs(60), told).await?? == Some("good".to_owned()));
    ensure!(holder(&server, "bad").await?.is_none());
    let many = join_all((0..20).map(|number| holder(&server, if number % 2 == 0 { "good" } else { "bad" }))).await;
    for (number, found) in many.into_iter().enumerate() {
        let expected = (number % 2 == 0).then(|| "good".to_owned());
        ensure!(found.as_ref().is_ok_and(|found| *found == expected), "{number}: {found:?}");
    }
    Ok(())
}

#[tokio::test]
async fn who_goes_by_a_certificate_still_tells_a_bad_token_from_an_outage() -> anyhow::Result<()> {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let (pair, server) = start(AuthInfo::default()).await?;
    pair.knows_everybody.store(true, Ordering::SeqCst);
    ensure!(holder(&server, "bad").await?.is_none());
    ensure!(holder(&server, "good").await? == Some("good".to_owned()));
    Ok(())
}
