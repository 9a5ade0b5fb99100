//! Listening: from the first connection to the last answer.

use std::{
    net::{SocketAddr, TcpListener},
    sync::Arc,
    time::Duration,
};

use anyhow::Context;
use axum_server::{Handle, tls_rustls::RustlsAcceptor};
use fanlight_web::{App, answer_headers, router};
use tokio::{
    signal::unix::{Signal, SignalKind, signal},
    time::sleep,
};

use crate::{
    arguments::{Arguments, Listening},
    door::{Door, Dresser, Steward},
    tls::Certificate,
};

/// How the server ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Farewell {
    /// How long people are let in who were not sent elsewhere yet.
    pub(crate) delay: Duration,
    /// How long requests that run are waited for.
    pub(crate) patience: Duration,
}

/// Serves until the process is told to end.
pub(crate) async fn serve(arguments: &Arguments, app: App) -> anyhow::Result<()> {
    let listening = &arguments.listening;
    let listener = TcpListener::bind((listening.host.as_str(), listening.port))
        .with_context(|| format!("cannot listen on {}, port {}", listening.host, listening.port))?;
    listener.set_nonblocking(true)?;
    let address = listener.local_addr()?;
    let certificate = listening.certificate().map(Certificate::serve).transpose()?;
    let handle = Handle::new();
    let signals = Signals::new()?;
    let (streams, underway) = (app.shutdown.clone(), app.underway.clone());
    let (ending, giving_up) = (handle.clone(), app.underway.clone());
    let farewell = arguments.limits.farewell();
    tokio::spawn(async move {
        farewell.say(signals, &ending, || streams.cancel()).await;
        giving_up.give_up();
    });
    let headers = answer_headers(app.https_outside);
    let door = Door::new(arguments.limits.places(), Arc::clone(&app.proxies));
    let service = router(app).into_make_service_with_connect_info::<SocketAddr>();
    let mut server = axum_server::from_tcp(listener)?.handle(handle);
    Door::limit(server.http_builder());
    tell(listening, address)?;
    match certificate {
        Some(certificate) => {
            let door = RustlsAcceptor::new(certificate).acceptor(door);
            server.acceptor(Steward::new(Dresser::new(door, &headers))).serve(service).await?;
        }
        None => server.acceptor(Steward::new(Dresser::new(door, &headers))).serve(service).await?,
    }
    // Who asked for them may be gone, and they are done nevertheless, as far as the time allows.
    if underway.count() > 0 {
        tracing::info!(actions = underway.count(), "nobody is connected any more; actions are under way");
    }
    underway.ended().await;
    Ok(())
}

/// Tells people and scripts where the server is reached, once it is.
fn tell(listening: &Listening, address: SocketAddr) -> anyhow::Result<()> {
    tracing::info!(%address, "listening");
    if let Some(path) = &listening.address_file {
        let draft = path.with_extension("draft");
        std::fs::write(&draft, address.to_string())?;
        std::fs::rename(&draft, path)?;
    }
    Ok(())
}

/// What tells the process to end.
struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Told {
    /// By whatever runs it, which sends people elsewhere now.
    Terminate,
    /// By somebody at the keyboard.
    Interrupt,
}

impl Signals {
    fn new() -> anyhow::Result<Self> {
        Ok(Self { terminate: signal(SignalKind::terminate())?, interrupt: signal(SignalKind::interrupt())? })
    }

    async fn next(&mut self) -> Told {
        tokio::select! {
            _ = self.terminate.recv() => Told::Terminate,
            _ = self.interrupt.recv() => Told::Interrupt,
        }
    }
}

impl Farewell {
    /// At the first signal ends what lasts and says so to whoever asks; then lets nobody in any more and waits for the
    /// rest. At the second ends at once. When this returns the time is over.
    async fn say(self, mut signals: Signals, handle: &Handle<SocketAddr>, end_streams: impl FnOnce()) {
        let told = signals.next().await;
        end_streams();
        let delay = if told == Told::Terminate { self.delay } else { Duration::ZERO };
        tracing::info!(
            connections = handle.connection_count(),
            "about to end: in {} seconds nobody is let in any more, then requests and actions have {} seconds",
            delay.as_secs(),
            self.patience.as_secs()
        );
        let ending = async {
            sleep(delay).await;
            handle.graceful_shutdown(Some(self.patience));
            sleep(self.patience).await;
        };
        tokio::select! {
            () = ending => {}
            _ = signals.next() => {
                tracing::warn!(connections = handle.connection_count(), "told again: ending at once");
                handle.shutdown();
            }
        }
    }
}
