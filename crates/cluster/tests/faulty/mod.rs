//! An API server that misbehaves as told: real TLS, answers word by word.

use std::{
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::{
    ServerConfig,
    pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};
use tokio_rustls::TlsAcceptor;

/// What it does with a request.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Fault {
    /// Answers with this status line, these headers and this body.
    Answer(&'static str, &'static str, &'static str),
    /// Closes the connection.
    HangUp,
    /// Never answers.
    Silence,
}

/// One server, on a port of its own.
pub(crate) struct Faulty {
    pub(crate) address: SocketAddr,
    pub(crate) ca_pem: String,
    requests: Arc<Mutex<Vec<String>>>,
    asked: Arc<AtomicUsize>,
}

impl Faulty {
    /// Serves this certificate (signed by a CA of its own) and does these things in turn, the last for ever.
    pub(crate) async fn start(certificate: CertificateParams, faults: &[Fault]) -> anyhow::Result<Self> {
        let key = KeyPair::generate()?;
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let ca_pem = params.self_signed(&key)?.pem();
        let issuer = Issuer::new(params, key);
        let key = KeyPair::generate()?;
        let certificate = certificate.signed_by(&key, &issuer)?;
        let config = ServerConfig::builder().with_no_client_auth().with_single_cert(
            vec![certificate.der().clone()],
            PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der())),
        )?;
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let (requests, asked) = (Arc::default(), Arc::new(AtomicUsize::new(0)));
        let server = Self { address: listener.local_addr()?, ca_pem, requests, asked };
        let (requests, asked, faults) = (Arc::clone(&server.requests), Arc::clone(&server.asked), faults.to_vec());
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (requests, asked) = (Arc::clone(&requests), Arc::clone(&asked));
                tokio::spawn(serve(acceptor.clone(), stream, faults.clone(), requests, asked));
            }
        });
        Ok(server)
    }

    /// The requests with their headers, without the questions whether it is ready.
    pub(crate) fn requests(&self) -> Vec<String> {
        self.requests.lock().map(|requests| requests.clone()).unwrap_or_default()
    }
}

async fn serve(
    acceptor: TlsAcceptor,
    stream: TcpStream,
    faults: Vec<Fault>,
    requests: Arc<Mutex<Vec<String>>>,
    asked: Arc<AtomicUsize>,
) -> std::io::Result<()> {
    let mut stream = acceptor.accept(stream).await?;
    let mut request = Vec::new();
    while !request.windows(4).any(|end| end == b"\r\n\r\n") {
        if stream.read_buf(&mut request).await? == 0 {
            return Ok(());
        }
    }
    let request = String::from_utf8_lossy(&request).into_owned();
    let fault = if request.starts_with("GET /readyz") {
        Fault::Answer("200 OK", "", "ok")
    } else {
        if let Ok(mut requests) = requests.lock() {
            requests.push(request);
        }
        let turn = asked.fetch_add(1, Ordering::Relaxed).min(faults.len() - 1);
        faults[turn]
    };
    match fault {
        Fault::Answer(status, headers, body) => {
            let length = body.len();
            let answer =
                format!("HTTP/1.1 {status}\r\nconnection: close\r\ncontent-length: {length}\r\n{headers}\r\n{body}");
            stream.write_all(answer.as_bytes()).await?;
            stream.shutdown().await
        }
        Fault::HangUp => Ok(()),
        Fault::Silence => std::future::pending().await,
    }
}
