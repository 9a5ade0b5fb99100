//! An authorizer behind the API server's own, as webhooks are: it answers single questions and cannot list its rules.

use std::{
    convert::Infallible,
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::Arc,
};

use anyhow::Context;
use bytes::Bytes;
use http::{Request, Response, StatusCode, header::CONTENT_TYPE};
use http_body_util::{BodyExt, Collected, Full};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::{
    net::TcpListener,
    task::{JoinHandle, JoinSet},
};

/// A webhook authorizer in this process, on loopback; it ends when it is dropped.
#[derive(Debug)]
pub struct Authorizer {
    address: SocketAddr,
    serving: JoinHandle<()>,
}

/// What an [`Authorizer`] says to a question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ruling {
    /// It is allowed.
    Allowed,
    /// Others may decide; nobody does.
    NoOpinion,
    /// No answer that could be understood.
    Broken,
}

type Decide = dyn Fn(&Value) -> Ruling + Send + Sync;

impl Authorizer {
    /// One that is asked with the `spec` of a `SubjectAccessReview`.
    pub async fn start(decide: impl Fn(&Value) -> Ruling + Send + Sync + 'static) -> anyhow::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let address = listener.local_addr()?;
        Ok(Self { address, serving: tokio::spawn(serve(listener, Arc::new(decide))) })
    }

    /// Its address.
    pub fn url(&self) -> String {
        format!("http://{}/authorize", self.address)
    }
}

impl Drop for Authorizer {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn serve(listener: TcpListener, decide: Arc<Decide>) {
    let mut connections = JoinSet::new();
    loop {
        let Ok((stream, _)) = listener.accept().await else { continue };
        let decide = Arc::clone(&decide);
        let service = service_fn(move |request| answer(request, Arc::clone(&decide)));
        connections.spawn(async move {
            let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
        });
        while connections.try_join_next().is_some() {}
    }
}

async fn answer(request: Request<Incoming>, decide: Arc<Decide>) -> Result<Response<Full<Bytes>>, Infallible> {
    let body = request.into_body().collect().await.map(Collected::to_bytes).unwrap_or_default();
    let review: Value = serde_json::from_slice(&body).unwrap_or_default();
    let ruling = decide(&review["spec"]);
    let answer = json!({"apiVersion": review["apiVersion"], "kind": review["kind"],
        "status": {"allowed": ruling == Ruling::Allowed}});
    let mut response = Response::new(Full::new(Bytes::from(answer.to_string())));
    response.headers_mut().insert(CONTENT_TYPE, http::HeaderValue::from_static("application/json"));
    if ruling == Ruling::Broken {
        // Of a server's own errors the API server would wait for better ones.
        *response.status_mut() = StatusCode::BAD_REQUEST;
    }
    Ok(response)
}

/// How an API server with its things in `folder` decides: by its rules alone, or with an authorizer behind them.
pub(crate) fn arguments(folder: &Path, with_authorizer: bool) -> Vec<String> {
    if !with_authorizer {
        return vec!["--authorization-mode=RBAC".to_owned()];
    }
    vec![
        "--authorization-mode=RBAC,Webhook".to_owned(),
        "--authorization-webhook-version=v1".to_owned(),
        format!("--authorization-webhook-config-file={}", kubeconfig(folder).display()),
        "--authorization-webhook-cache-authorized-ttl=1s".to_owned(),
        "--authorization-webhook-cache-unauthorized-ttl=1s".to_owned(),
    ]
}

/// Writes down for the API server where the authorizer is.
pub(crate) fn write_kubeconfig(folder: &Path, url: &str) -> anyhow::Result<()> {
    let config = json!({
        "apiVersion": "v1", "kind": "Config", "current-context": "authorizer",
        "clusters": [{"name": "authorizer", "cluster": {"server": url}}],
        "users": [{"name": "api-server", "user": {}}],
        "contexts": [{"name": "authorizer", "context": {"cluster": "authorizer", "user": "api-server"}}],
    });
    std::fs::write(kubeconfig(folder), config.to_string()).context("cannot say where the authorizer is")
}

fn kubeconfig(folder: &Path) -> PathBuf {
    folder.join("authorizer.kubeconfig")
}
