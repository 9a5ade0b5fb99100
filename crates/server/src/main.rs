//! The dashboard server: arguments and wiring.

mod arguments;
mod seams;

use std::{
    net::SocketAddr,
    sync::Arc,
    time::{Duration, SystemTime},
};

use anyhow::Context;
use arguments::Arguments;
use axum_server::Handle;
use clap::Parser;
use fanlight_cluster::ApiServer;
use fanlight_identity::{CookieRules, EmergencyDesk, KeyRing, SessionLimits, Sessions};
use fanlight_live::{Live, Pace, Parts};
use fanlight_web::{App, Kubernetes, router};
use seams::{Eyes, SecretDrawer};
use tokio_util::sync::CancellationToken;

/// Many short-lived decodings fragment the system's allocator: measured, twice the memory stays resident.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let arguments = Arguments::parse();
    arguments.check()?;
    tracing_subscriber::fmt().with_env_filter(format!("warn,fanlight={}", arguments.log_level)).init();
    let shutdown = CancellationToken::new();
    let app = wire(&arguments, &shutdown).await?;
    serve(&arguments, app, shutdown).await
}

async fn wire(arguments: &Arguments, shutdown: &CancellationToken) -> anyhow::Result<App> {
    let server = ApiServer::from_environment().await.context("no way to the Kubernetes API server")?;
    tokio::spawn(server.clone().keep_informed());
    let keys = Arc::new(match &arguments.session_key_file {
        Some(path) => KeyRing::from_text(&std::fs::read_to_string(path).context("the session key file")?)?,
        None => {
            tracing::warn!("no --session-key-file: a restart signs everybody out, and replicas cannot share sessions");
            KeyRing::random()
        }
    });
    let https_outside = !arguments.insecure;
    let limits = SessionLimits { absolute: arguments.session_duration(), idle: Duration::from_secs(30 * 60) };
    let base = arguments.base();
    let rules = CookieRules { secure: https_outside, base: base.clone() };
    let eyes = Arc::new(Eyes(server.clone()));
    let parts = Parts {
        feeds: eyes.clone(),
        reviews: eyes.clone(),
        namespaces: server.namespaces(),
        installed: server.installed(),
        pace: Pace::default(),
    };
    let drawer = SecretDrawer { server: server.clone(), name: arguments.emergency_secret_name.clone() };
    let emergency = arguments.has_emergency_user().then(|| EmergencyDesk::new(Arc::new(drawer), Arc::clone(&keys)));
    Ok(App {
        live: Live::start(parts, shutdown.clone()),
        sessions: Sessions::new(keys, limits, &rules),
        emergency,
        objects: eyes,
        kubernetes: Kubernetes { version: server.kubernetes_version() },
        base,
        https_outside,
        shutdown: shutdown.clone(),
        clock: SystemTime::now,
    })
}

async fn serve(arguments: &Arguments, app: App, shutdown: CancellationToken) -> anyhow::Result<()> {
    let handle = Handle::new();
    tokio::spawn(stop(handle.clone(), shutdown));
    let listener = std::net::TcpListener::bind((arguments.host.as_str(), arguments.port)).context("cannot listen")?;
    listener.set_nonblocking(true)?;
    let address = listener.local_addr()?;
    tracing::info!(%address, "listening");
    if let Some(path) = &arguments.address_file {
        let draft = path.with_extension("draft");
        std::fs::write(&draft, address.to_string())?;
        std::fs::rename(&draft, path)?;
    }
    let service = router(app).into_make_service_with_connect_info::<SocketAddr>();
    match (&arguments.tls_cert_file, &arguments.tls_private_key_file) {
        (Some(certificate), Some(key)) if !arguments.insecure => {
            let tls = axum_server::tls_rustls::RustlsConfig::from_pem_file(certificate, key).await?;
            axum_server::from_tcp_rustls(listener, tls)?.handle(handle).serve(service).await?;
        }
        _ => axum_server::from_tcp(listener)?.handle(handle).serve(service).await?,
    }
    Ok(())
}

/// Ends streams, then waits a little for requests that run.
async fn stop(handle: Handle<SocketAddr>, shutdown: CancellationToken) {
    use tokio::signal::unix::{SignalKind, signal};
    let Ok(mut terminate) = signal(SignalKind::terminate()) else { return };
    tokio::select! {
        _ = terminate.recv() => {}
        _ = tokio::signal::ctrl_c() => {}
    }
    shutdown.cancel();
    handle.graceful_shutdown(Some(Duration::from_secs(5)));
}
