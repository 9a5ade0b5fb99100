//! The listener that Prometheus reads from. It serves nothing else, and nobody has to sign in there.

use std::{
    net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, ToSocketAddrs},
    sync::Arc,
};

use anyhow::Context;
use fanlight_web::metrics_router;
use prometheus_client::registry::Registry;

use crate::door::{Door, Places};

/// Opens it; without a host on all addresses, of both families where there are both.
pub(crate) fn listen((host, port): &(String, u16)) -> anyhow::Result<TcpListener> {
    let addresses = if host.is_empty() {
        [SocketAddr::from((Ipv6Addr::UNSPECIFIED, *port)), SocketAddr::from((Ipv4Addr::UNSPECIFIED, *port))].into()
    } else {
        (host.as_str(), *port).to_socket_addrs().map(Vec::from_iter).unwrap_or_default()
    };
    // The first that works.
    let listener = TcpListener::bind(addresses.as_slice());
    let listener = listener.with_context(|| format!("cannot listen for Prometheus on {host}, port {port}"))?;
    listener.set_nonblocking(true)?;
    Ok(listener)
}

/// Serves until the process ends.
pub(crate) fn serve(listener: TcpListener, registry: Registry) -> anyhow::Result<()> {
    let address = listener.local_addr()?;
    // A few of them read from here, and nobody else should.
    let door = Door::new(Places { all: 64, each: 64, standing: 0, standing_each: 0, kept: 0 }, Arc::default());
    let mut server = axum_server::from_tcp(listener)?.acceptor(door);
    Door::limit(server.http_builder());
    tokio::spawn(server.serve(metrics_router(registry).into_make_service()));
    tracing::info!(%address, "listening for Prometheus");
    Ok(())
}
