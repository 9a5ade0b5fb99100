//! An API server that misbehaves as told: real TLS, answers word by word.

use std::{
    net::SocketAddr,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
};

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::{
    ServerConfig,
    pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer},
};
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
};
use tokio_rustls::TlsAcceptor;

/// What it does with a request.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Fault {
    /// Answers with this status line, these headers and this body.
    Answer(&'static str, &'static str, &'static str),
    /// Answers with the object that was sent last.
    Echo,
    /// Closes the connection.
    HangUp,
    /// Never answers.
    Silence,
}

/// One server, on a port of its own.
pub(crate) struct Faulty {
    pub(crate) address: SocketAddr,
    pub(crate) ca_pem: String,
    seen: Arc<Seen>,
}

#[derive(Default)]
struct Seen {
    /// The requests with their headers, without the questions whether it is ready.
    requests: Mutex<Vec<String>>,
    /// The object that was sent last.
    object: Mutex<String>,
    faults: AtomicUsize,
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
        let server = Self { address: listener.local_addr()?, ca_pem, seen: Arc::default() };
        let (seen, faults) = (Arc::clone(&server.seen), faults.to_vec());
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(acceptor.clone(), stream, faults.clone(), Arc::clone(&seen)));
            }
        });
        Ok(server)
    }

    /// The requests with their headers, without the questions whether it is ready.
    pub(crate) fn requests(&self) -> Vec<String> {
        locked(&self.seen.requests).clone()
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn serve(acceptor: TlsAcceptor, stream: TcpStream, faults: Vec<Fault>, seen: Arc<Seen>) -> std::io::Result<()> {
    let mut stream = BufReader::new(acceptor.accept(stream).await?);
    let mut request = String::new();
    while !request.ends_with("\r\n\r\n") {
        if stream.read_line(&mut request).await? == 0 {
            return Ok(());
        }
    }
    let length = request.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse().ok());
    if let Some(length) = length {
        let mut object = vec![0; length];
        stream.read_exact(&mut object).await?;
        *locked(&seen.object) = String::from_utf8_lossy(&object).into_owned();
    }
    let (status, headers, body) = if request.starts_with("GET /readyz") {
        ("200 OK", "", "ok".to_owned())
    } else {
        locked(&seen.requests).push(request);
        let turn = seen.faults.fetch_add(1, Ordering::Relaxed).min(faults.len() - 1);
        match faults[turn] {
            Fault::Answer(status, headers, body) => (status, headers, body.to_owned()),
            Fault::Echo => ("200 OK", "", locked(&seen.object).clone()),
            Fault::HangUp => return Ok(()),
            Fault::Silence => std::future::pending().await,
        }
    };
    let length = body.len();
    let answer = format!("HTTP/1.1 {status}\r\nconnection: close\r\ncontent-length: {length}\r\n{headers}\r\n{body}");
    stream.write_all(answer.as_bytes()).await?;
    stream.shutdown().await
}
