//! A small identity provider over https on loopback: it publishes itself and its keys, and answers what it is told to.

use std::{
    collections::BTreeMap,
    convert::Infallible,
    sync::{Arc, Mutex, MutexGuard},
};

use http_body_util::{BodyExt, Full};
use hyper::{Request, Response, body::Bytes, body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use rcgen::{CertificateParams, KeyPair};
use rustls::{ServerConfig, pki_types::PrivatePkcs8KeyDer};
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

use crate::oidc::signing::Signer;

pub(super) struct Issuer {
    pub(super) url: String,
    /// What a client has to trust.
    pub(super) ca: String,
    play: Arc<Mutex<Play>>,
}

/// What it publishes, answers and was asked.
pub(super) struct Play {
    pub(super) keys: Vec<Value>,
    /// By path: status and body, instead of what would be answered otherwise.
    pub(super) answers: BTreeMap<&'static str, (u16, String)>,
    pub(super) requests: Vec<Asked>,
}

pub(super) struct Asked {
    pub(super) path: String,
    pub(super) authorization: Option<String>,
    pub(super) body: String,
}

impl Issuer {
    /// In place of a status: there is no answer.
    pub(super) const NEVER: u16 = 0;

    pub(super) async fn start(signer: &Signer) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let key = KeyPair::generate().expect("a key");
        let params = CertificateParams::new(vec!["localhost".to_owned()]).expect("a name");
        let certificate = params.self_signed(&key).expect("a certificate");
        let secret = PrivatePkcs8KeyDer::from(key.serialize_der()).into();
        let config = ServerConfig::builder().with_no_client_auth();
        let config = config.with_single_cert(vec![certificate.der().clone()], secret).expect("a pair");
        let listener = TcpListener::bind("localhost:0").await.expect("a port");
        let url = format!("https://localhost:{}", listener.local_addr().expect("an address").port());
        let play = Play { keys: vec![signer.published()], answers: BTreeMap::new(), requests: Vec::new() };
        let play = Arc::new(Mutex::new(play));
        tokio::spawn(accept(listener, TlsAcceptor::from(Arc::new(config)), Arc::clone(&play), url.clone()));
        Self { url, ca: certificate.pem(), play }
    }

    pub(super) fn play(&self) -> MutexGuard<'_, Play> {
        self.play.lock().expect("no panic before")
    }

    #[expect(clippy::needless_pass_by_value, reason = "texts and JSON alike, without ceremony at each call")]
    pub(super) fn answer(&self, path: &'static str, status: u16, body: impl ToString) {
        self.play().answers.insert(path, (status, body.to_string()));
    }

    pub(super) fn asked(&self, path: &str) -> usize {
        self.play().requests.iter().filter(|asked| asked.path == path).count()
    }
}

async fn accept(listener: TcpListener, tls: TlsAcceptor, play: Arc<Mutex<Play>>, url: String) {
    while let Ok((stream, _)) = listener.accept().await {
        tokio::spawn(serve(stream, tls.clone(), Arc::clone(&play), url.clone()));
    }
}

async fn serve(stream: TcpStream, tls: TlsAcceptor, play: Arc<Mutex<Play>>, url: String) {
    let Ok(stream) = tls.accept(stream).await else { return };
    let service = service_fn(|request| answer(request, &play, &url));
    let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
}

async fn answer(
    request: Request<Incoming>,
    play: &Mutex<Play>,
    url: &str,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let path = request.uri().path().to_owned();
    let authorization = request.headers().get("authorization").and_then(|value| value.to_str().ok().map(str::to_owned));
    let body = request.into_body().collect().await.map(http_body_util::Collected::to_bytes).unwrap_or_default();
    let body = String::from_utf8_lossy(&body).into_owned();
    let (status, body) = {
        let mut play = play.lock().expect("no panic before");
        play.requests.push(Asked { path: path.clone(), authorization, body });
        match (play.answers.get(path.as_str()), path.as_str()) {
            (Some(answer), _) => answer.clone(),
            (None, "/.well-known/openid-configuration") => (200, description(url).to_string()),
            (None, "/keys") => (200, json!({"keys": play.keys}).to_string()),
            (None, _) => (404, String::new()),
        }
    };
    if status == Issuer::NEVER {
        return std::future::pending().await;
    }
    let response = Response::builder().status(status).header("content-type", "application/json");
    let response = response.header("location", format!("{url}/elsewhere"));
    Ok(response.body(Full::from(body)).expect("a response"))
}

fn description(url: &str) -> Value {
    json!({
        "issuer": url,
        "authorization_endpoint": format!("{url}/authorize"),
        "token_endpoint": format!("{url}/token"),
        "jwks_uri": format!("{url}/keys"),
        "userinfo_endpoint": format!("{url}/userinfo"),
        "end_session_endpoint": format!("{url}/logout"),
        "revocation_endpoint": format!("{url}/revoke"),
        "response_types_supported": ["code"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["EdDSA"],
    })
}
