use std::{
    collections::HashSet,
    fmt,
    net::SocketAddr,
    sync::{Arc, Mutex, PoisonError},
};

use anyhow::Context;
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use http::{Method, Request, Response, StatusCode, header};
use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper_util::rt::TokioIo;
use reqwest::{Certificate, Client};
use rustls::{
    ServerConfig,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
};
use serde_json::{Value, json};
use tokio::{
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};
use tokio_rustls::TlsAcceptor;

use crate::ControlPlane;

/// The API server of a control plane at another address, with a certificate of the same CA, where one request goes wrong.
///
/// Unlike an API server, which takes a deleted token for ten seconds more, it refuses one at once, so that tests of what
/// comes after need not wait.
pub struct FaultProxy {
    address: SocketAddr,
    shared: Arc<Shared>,
    accepting: JoinHandle<()>,
}

/// What goes wrong with a request.
#[derive(Clone)]
pub enum Fault {
    /// The connection breaks, and the API server never hears of it.
    Lost,
    /// The API server does it, and the connection breaks before the answer.
    Unanswered,
    /// There is never an answer.
    Silence,
    /// Something else is answered in the API server's place: this status.
    Answer(u16),
    /// This happens, and the API server never hears of the request.
    Instead(Arc<dyn Fn() + Send + Sync>),
    /// The API server does it, then this happens, and there is no answer.
    After(Arc<dyn Fn() + Send + Sync>),
}

/// Which requests go wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When {
    /// The one of this number, counted from zero.
    At(usize),
    /// That one, and all after it.
    From(usize),
}

struct Shared {
    upstream: String,
    client: Client,
    script: Mutex<Script>,
}

#[derive(Default)]
struct Script {
    planned: Option<(When, Fault)>,
    requests: Vec<String>,
    struck: bool,
    /// The token Secrets that were deleted.
    gone: HashSet<String>,
}

impl fmt::Debug for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Lost => f.write_str("Lost"),
            Self::Unanswered => f.write_str("Unanswered"),
            Self::Silence => f.write_str("Silence"),
            Self::Answer(status) => write!(f, "Answer({status})"),
            Self::Instead(_) => f.write_str("Instead"),
            Self::After(_) => f.write_str("After"),
        }
    }
}

impl FaultProxy {
    /// Starts one before this control plane; nothing goes wrong yet.
    pub async fn start(plane: &ControlPlane) -> anyhow::Result<Self> {
        let file = |name: &str| plane.folder().join(name);
        let ca = Certificate::from_pem(&std::fs::read(file("ca.crt"))?)?;
        let certificate = CertificateDer::from_pem_file(file("server.crt")).context("the certificate")?;
        let key = PrivateKeyDer::from_pem_file(file("server.key")).context("its key")?;
        let config = ServerConfig::builder().with_no_client_auth().with_single_cert(vec![certificate], key)?;
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let shared = Arc::new(Shared {
            upstream: plane.url(),
            client: Client::builder().tls_certs_only([ca]).build()?,
            script: Mutex::default(),
        });
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let serving = Arc::clone(&shared);
        let accepting = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(acceptor.clone(), stream, Arc::clone(&serving)));
            }
        });
        Ok(Self { address, shared, accepting })
    }

    /// Its address.
    pub fn url(&self) -> String {
        format!("https://{}", self.address)
    }

    /// Counts anew, and lets this go wrong.
    pub fn plan(&self, when: When, fault: Fault) {
        *self.shared.script() = Script { planned: Some((when, fault)), gone: self.shared.gone(), ..Script::default() };
    }

    /// Counts anew, and lets nothing go wrong.
    pub fn calm(&self) {
        *self.shared.script() = Script { gone: self.shared.gone(), ..Script::default() };
    }

    /// Whether what was planned has happened.
    pub fn struck(&self) -> bool {
        self.shared.script().struck
    }

    /// The requests since counting began, each as method and path.
    pub fn requests(&self) -> Vec<String> {
        self.shared.script().requests.clone()
    }
}

impl Drop for FaultProxy {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

impl Shared {
    fn script(&self) -> std::sync::MutexGuard<'_, Script> {
        self.script.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn gone(&self) -> HashSet<String> {
        self.script().gone.clone()
    }

    /// Counts a request; what goes wrong with it.
    fn count(&self, request: &Request<Incoming>) -> Option<Fault> {
        let mut script = self.script();
        let number = script.requests.len();
        script.requests.push(format!("{} {}", request.method(), request.uri()));
        let fault = script.planned.clone().and_then(|(when, fault)| match when {
            When::At(at) => (at == number).then_some(fault),
            When::From(at) => (at <= number).then_some(fault),
        });
        script.struck |= fault.is_some();
        fault
    }

    async fn answer(&self, request: Request<Incoming>) -> anyhow::Result<Response<Full<Bytes>>> {
        let fault = self.count(&request);
        match fault {
            None => self.forward(request).await,
            Some(Fault::Lost) => anyhow::bail!("lost, as planned"),
            Some(Fault::Silence) => std::future::pending().await,
            Some(Fault::Answer(status)) => says(status, "as planned"),
            Some(Fault::Instead(what)) => {
                what();
                anyhow::bail!("lost, as planned")
            }
            Some(Fault::Unanswered) => {
                self.forward(request).await?;
                anyhow::bail!("not answered, as planned")
            }
            Some(Fault::After(what)) => {
                self.forward(request).await?;
                what();
                anyhow::bail!("not answered, as planned")
            }
        }
    }

    async fn forward(&self, request: Request<Incoming>) -> anyhow::Result<Response<Full<Bytes>>> {
        let (head, body) = request.into_parts();
        let by = head.headers.get(header::AUTHORIZATION).and_then(|value| secret_of(value.to_str().ok()?));
        if by.is_some_and(|secret| self.script().gone.contains(&secret)) {
            return says(401, "Unauthorized");
        }
        let body = body.collect().await?.to_bytes();
        let path = head.uri.path_and_query().map_or("/", |path| path.as_str());
        let mut headers = head.headers;
        headers.remove(header::HOST);
        let sent = self.client.request(head.method.clone(), format!("{}{path}", self.upstream));
        let answer = sent.headers(headers).body(body).send().await?;
        let secret = head.uri.path().strip_prefix("/api/v1/namespaces/kube-system/secrets/");
        if let Some(secret) = secret.filter(|_| head.method == Method::DELETE && answer.status().is_success()) {
            self.script().gone.insert(secret.to_owned());
        }
        let mut response = Response::builder().status(answer.status());
        for name in [header::CONTENT_TYPE, header::DATE, header::RETRY_AFTER] {
            if let Some(value) = answer.headers().get(&name) {
                response = response.header(name, value);
            }
        }
        Ok(response.body(Full::new(answer.bytes().await?))?)
    }
}

async fn serve(acceptor: TlsAcceptor, stream: TcpStream, shared: Arc<Shared>) {
    let Ok(stream) = acceptor.accept(stream).await else { return };
    let service = hyper::service::service_fn(move |request| {
        let shared = Arc::clone(&shared);
        async move { shared.answer(request).await }
    });
    // An error here is a connection that breaks, as planned or because the client went.
    let _ = hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
}

/// An answer as the API server words its refusals.
fn says(status: u16, words: &str) -> anyhow::Result<Response<Full<Bytes>>> {
    let body = json!({"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": status, "message": words});
    let response =
        Response::builder().status(StatusCode::from_u16(status)?).header(header::CONTENT_TYPE, "application/json");
    Ok(response.body(Full::new(Bytes::from(body.to_string())))?)
}

/// The Secret that a bearer token is from, as it says itself.
fn secret_of(authorization: &str) -> Option<String> {
    let claims = authorization.strip_prefix("Bearer ")?.split('.').nth(1)?;
    let claims: Value = serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(claims).ok()?).ok()?;
    Some(claims["kubernetes.io/serviceaccount/secret.name"].as_str()?.to_owned())
}
