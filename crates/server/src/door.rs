//! Who may be connected, and for how long without asking for anything.
//!
//! ```text
//!   TcpStream ─► Door ── a place? ──► Seats        more than there are places: a few stand, and who asks nothing is cut for the next
//!                 ├─► Line: the connection, which ends when Activity says that nothing was asked for too long
//!                 ├─► Attended: the site, which tells Activity what is being answered
//!                 └─► Steward: gives those who stand one answer and ends the connection
//! ```

mod activity;
mod attended;
mod dressed;
mod line;
mod seats;
mod steward;

use std::{
    future::{Ready, ready},
    io,
    sync::Arc,
    time::Duration,
};

use axum_server::accept::Accept;
use fanlight_web::Proxies;
use hyper_util::{
    rt::{TokioExecutor, TokioTimer},
    server::conn::auto::Builder,
};
use nix::sys::socket::{setsockopt, sockopt::TcpUserTimeout};
use tokio::net::TcpStream;

use activity::Activity;
use attended::Attended;
pub(crate) use dressed::Dresser;
use line::Line;
pub(crate) use seats::Places;
use seats::Seats;
pub(crate) use steward::Steward;

/// How long connections may be quiet.
#[derive(Debug, Clone, Copy)]
struct Patience {
    /// Until the first request is there, with all its headers.
    first: Duration,
    /// From an answer to the next request.
    next: Duration,
    /// Without the other side taking anything of what is sent to it.
    stuck: Duration,
}

/// Lets connections in.
#[derive(Clone)]
pub(crate) struct Door {
    seats: Seats,
    proxies: Arc<Proxies>,
}

impl Door {
    /// Longer than nginx (60 s) and Traefik (90 s) keep connections in reserve: where they close them, no request is lost
    /// on its way into one that closes.
    const PATIENCE: Patience =
        Patience { first: Duration::from_secs(10), next: Duration::from_secs(120), stuck: Duration::from_secs(60) };
    /// For those who stand: there are few such places, and probes ask at once.
    const STANDING: Patience =
        Patience { first: Duration::from_secs(3), next: Duration::from_secs(1), stuck: Duration::from_secs(3) };
    /// Some keep them for ten minutes.
    const PROXIES: Duration = Duration::from_secs(660);

    /// A door with so many places.
    pub(crate) fn new(places: Places, proxies: Arc<Proxies>) -> Self {
        Self { seats: Seats::new(places, Arc::clone(&proxies)), proxies }
    }

    /// What is taken of a request before any of our own code sees it; what is allowed is less.
    pub(crate) fn limit(http: &mut Builder<TokioExecutor>) {
        const HEADERS: usize = 64 << 10;
        // A line is more patient with connections in reserve than with new ones, which this timer is not.
        http.http1().header_read_timeout(None).max_buf_size(HEADERS).max_headers(128);
        http.http2()
            .timer(TokioTimer::new())
            .max_header_list_size(64 << 10)
            .max_concurrent_streams(128)
            // A browser that is gone without a word is noticed.
            .keep_alive_interval(Duration::from_secs(20))
            .keep_alive_timeout(Duration::from_secs(20));
    }

    fn let_in<S>(&self, stream: TcpStream, service: S) -> io::Result<(Line<TcpStream>, Attended<S>)> {
        let peer = stream.peer_addr()?.ip();
        let activity = Arc::new(Activity::new());
        let Some((seat, full)) = self.seats.take(peer, &activity) else {
            return Err(io::Error::new(io::ErrorKind::ConnectionRefused, "there are too many connections"));
        };
        let next = if self.proxies.trusts(peer) { Self::PROXIES } else { Self::PATIENCE.next };
        let patience = if full.is_some() { Self::STANDING } else { Patience { next, ..Self::PATIENCE } };
        // Small events must leave at once, and the kernel would wait a quarter of an hour for a peer that is gone.
        stream.set_nodelay(true)?;
        let stuck = u32::try_from(patience.stuck.as_millis()).unwrap_or(u32::MAX);
        setsockopt(&stream, TcpUserTimeout, &stuck)?;
        let line = Line::new(stream, Arc::clone(&activity), patience, seat);
        Ok((line, Attended::new(service, activity, full)))
    }
}

impl<S> Accept<TcpStream, S> for Door {
    type Stream = Line<TcpStream>;
    type Service = Attended<S>;
    type Future = Ready<io::Result<(Self::Stream, Self::Service)>>;

    fn accept(&self, stream: TcpStream, service: S) -> Self::Future {
        ready(self.let_in(stream, service))
    }
}
