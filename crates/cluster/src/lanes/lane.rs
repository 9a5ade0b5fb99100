use std::{
    fmt,
    future::poll_fn,
    pin::pin,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use http::{Request, Response};
use hyper::{body::Incoming, client::conn::http2};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use kube::{Config, client::ConfigExt};
use rustls::pki_types::ServerName;
use tokio::{
    net::TcpStream,
    time::{Instant, timeout},
};
use tokio_rustls::TlsConnector;
use tower::BoxError;

use super::{Class, LaneId, Load, Sent};

/// One HTTP/2 connection.
pub(super) struct Lane {
    pub(super) id: LaneId,
    pub(super) class: Class,
    sender: http2::SendRequest<Sent>,
    used: AtomicUsize,
    /// What the API server allows, published by the task that drives the connection.
    allowed: Arc<AtomicUsize>,
    retired: AtomicBool,
    proven: AtomicBool,
    idle_since: Mutex<Instant>,
}

/// Why a lane did not deliver an answer.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub(crate) struct LaneFailed(hyper::Error);

impl LaneFailed {
    /// Whether the API server certainly did nothing: it said so (GOAWAY without error, `REFUSED_STREAM`; RFC 9113 §8.7),
    /// or the request never left.
    pub(super) fn is_unhandled(&self) -> bool {
        let mut cause: Option<&(dyn std::error::Error + 'static)> = std::error::Error::source(&self.0);
        while let Some(error) = cause {
            if let Some(error) = error.downcast_ref::<h2::Error>() {
                let reason = error.reason();
                return reason == Some(h2::Reason::REFUSED_STREAM)
                    || (error.is_go_away() && reason == Some(h2::Reason::NO_ERROR));
            }
            cause = error.source();
        }
        self.0.is_canceled() || self.0.is_closed()
    }
}

impl Lane {
    /// Below the API server's 100, so that requests which race for the last places never hang.
    const STREAMS: u32 = 80;
    /// An idle lane is closed after this time, as the API server would do itself.
    const IDLE: Duration = Duration::from_secs(90);

    pub(super) async fn open(config: &Config, id: LaneId, class: Class) -> Result<Self, BoxError> {
        let limit = config.connect_timeout.unwrap_or(Duration::from_secs(5));
        let (sender, connection) = timeout(limit, handshake(config, class)).await??;
        let allowed = Arc::new(AtomicUsize::new(connection.current_max_send_streams()));
        let publish = Arc::clone(&allowed);
        tokio::spawn(async move {
            let mut connection = pin!(connection);
            let ended = poll_fn(|context| {
                let polled = connection.as_mut().poll(context);
                publish.store(connection.current_max_send_streams(), Ordering::Relaxed);
                polled
            });
            if let Err(error) = ended.await {
                tracing::debug!(lane = id.0, %error, "connection to the API server ended");
            }
        });
        Ok(Self {
            id,
            class,
            sender,
            used: AtomicUsize::new(0),
            allowed,
            retired: AtomicBool::new(false),
            proven: AtomicBool::new(false),
            idle_since: Mutex::new(Instant::now()),
        })
    }

    pub(super) async fn send(&self, request: Request<Sent>) -> Result<Response<Incoming>, LaneFailed> {
        self.sender.clone().send_request(request).await.map_err(LaneFailed)
    }

    pub(super) fn load(&self) -> Load {
        Load {
            used: self.used.load(Ordering::Relaxed),
            limit: self.allowed.load(Ordering::Relaxed).min(Self::STREAMS as usize),
            usable: !self.retired.load(Ordering::Relaxed) && !self.sender.is_closed(),
        }
    }

    /// Takes a place; `false` if there is none.
    pub(super) fn enter(&self) -> bool {
        let Load { limit, usable, .. } = self.load();
        let room = |used| (used < limit).then_some(used + 1);
        usable && self.used.fetch_update(Ordering::Relaxed, Ordering::Relaxed, room).is_ok()
    }

    pub(super) fn leave(&self) {
        if self.used.fetch_sub(1, Ordering::Relaxed) == 1 {
            *self.idle_since.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
        }
    }

    /// Takes no more requests; those that run may finish.
    pub(super) fn retire(&self) {
        self.retired.store(true, Ordering::Relaxed);
    }

    /// Whether the list of lanes may forget it.
    pub(super) fn is_spent(&self) -> bool {
        let load = self.load();
        let idle_since = *self.idle_since.lock().unwrap_or_else(PoisonError::into_inner);
        !load.usable || (load.used == 0 && idle_since.elapsed() > Self::IDLE)
    }

    pub(super) fn is_proven(&self) -> bool {
        self.proven.load(Ordering::Relaxed)
    }

    pub(super) fn prove(&self) {
        self.proven.store(true, Ordering::Relaxed);
    }
}

impl fmt::Debug for Lane {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Lane {} ({:?}, {:?})", self.id.0, self.class, self.load())
    }
}

type Connection<T> = http2::Connection<T, Sent, TokioExecutor>;
type Tls = TokioIo<tokio_rustls::client::TlsStream<TcpStream>>;

/// A new connection; certificates and the CA are read again for each.
async fn handshake(config: &Config, class: Class) -> Result<(http2::SendRequest<Sent>, Connection<Tls>), BoxError> {
    let host = config.cluster_url.host().ok_or("the API server's address has no host")?;
    let host = host.trim_start_matches('[').trim_end_matches(']');
    let port = config.cluster_url.port_u16().unwrap_or(443);
    let tcp = TcpStream::connect((host, port)).await?;
    tcp.set_nodelay(true)?;
    let mut tls = config.rustls_client_config()?;
    tls.alpn_protocols = vec![b"h2".to_vec()];
    let name = config.tls_server_name.as_deref().unwrap_or(host).to_owned();
    let tls = TlsConnector::from(Arc::new(tls)).connect(ServerName::try_from(name)?, tcp).await?;
    // Windows: 256 KiB keep a first list flowing; larger ones only cost memory with many watches. What is not read of some logs
    // must never leave the others without room.
    let (window, all) = match class {
        Class::Short | Class::Watch => (256 << 10, 1 << 20),
        Class::Log => (64 << 10, (64 << 10) * (Lane::STREAMS + 1)),
    };
    Ok(http2::Builder::new(TokioExecutor::new())
        .timer(TokioTimer::new())
        .initial_stream_window_size(window)
        .initial_connection_window_size(all)
        .keep_alive_interval(Duration::from_secs(20))
        .keep_alive_timeout(Duration::from_secs(10))
        .keep_alive_while_idle(true)
        .handshake(TokioIo::new(tls))
        .await?)
}
