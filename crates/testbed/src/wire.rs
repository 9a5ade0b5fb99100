use std::{
    net::SocketAddr,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use anyhow::Context;
use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream},
    sync::watch,
    task::JoinHandle,
};

use crate::ControlPlane;

/// The way to the API server of a control plane, by another address: it can be cut.
#[derive(Debug)]
pub struct Wire {
    address: SocketAddr,
    shared: Arc<Shared>,
    accepting: JoinHandle<()>,
}

#[derive(Debug)]
struct Shared {
    upstream: String,
    /// Whether new connections are refused.
    closed: AtomicBool,
    /// How often all connections were cut.
    cuts: watch::Sender<u64>,
}

impl Wire {
    /// Lays one to this control plane.
    pub async fn to(plane: &ControlPlane) -> anyhow::Result<Self> {
        let upstream = plane.url().trim_start_matches("https://").to_owned();
        let shared = Arc::new(Shared { upstream, closed: AtomicBool::new(false), cuts: watch::Sender::new(0) });
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let serving = Arc::clone(&shared);
        let accepting = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(carry(stream, Arc::clone(&serving)));
            }
        });
        Ok(Self { address, shared, accepting })
    }

    /// Breaks every connection; new ones can be made.
    pub fn cut(&self) {
        self.shared.cuts.send_modify(|cuts| *cuts += 1);
    }

    /// Breaks every connection and lets nobody through any more.
    pub fn close(&self) {
        self.shared.closed.store(true, Ordering::SeqCst);
        self.cut();
    }

    /// Lets connections through again.
    pub fn open(&self) {
        self.shared.closed.store(false, Ordering::SeqCst);
    }

    /// The kubeconfig of an account that goes this way.
    pub async fn kubeconfig_for(
        &self,
        plane: &ControlPlane,
        namespace: &str,
        account: &str,
    ) -> anyhow::Result<PathBuf> {
        let direct = plane.kubeconfig_for(namespace, account).await?;
        let text = std::fs::read_to_string(&direct)?.replace(&plane.url(), &format!("https://{}", self.address));
        let path = direct.with_extension("wire");
        std::fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))?;
        Ok(path)
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        self.accepting.abort();
        self.cut();
    }
}

async fn carry(mut stream: TcpStream, shared: Arc<Shared>) {
    let mut cuts = shared.cuts.subscribe();
    if shared.closed.load(Ordering::SeqCst) {
        return;
    }
    let Ok(mut upstream) = TcpStream::connect(&shared.upstream).await else { return };
    // It ends with an error when either side breaks: that is what it is for.
    tokio::select! {
        _ = copy_bidirectional(&mut stream, &mut upstream) => {}
        _ = cuts.changed() => {}
    }
}
