//! An OIDC provider whose manners a test decides.
//!
//! ```text
//!   browser, server ──► serve: http or https, troubles on the way ──► Desk: codes, tokens, sessions, what was asked
//!                                     ▲                                ▲  │
//!   test ── behave ──► Manners ───────┴────────────────────────────────┘  └─► Key: signatures, good and bad
//! ```

mod desk;
mod keys;
mod manners;
mod serve;

use std::{
    collections::BTreeMap,
    net::{Ipv4Addr, SocketAddr},
    path::PathBuf,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use anyhow::Context;
use rustls::{ServerConfig, pki_types::pem::PemObject};
use tokio::{net::TcpListener, task::JoinHandle};
use tokio_rustls::TlsAcceptor;

use crate::{TrustedIssuer, certificates, secrets};
use desk::Desk;
pub use manners::{Endpoint, Flaw, Manners, Refreshing, Trouble};

/// A small OIDC provider in this process, on loopback, that can misbehave.
///
/// Whoever is sent to it is sent back at once, as [`Manners::claims`]; PKCE with S256 is demanded. It ends when it is
/// dropped.
pub struct Issuer {
    desk: Arc<Mutex<Desk>>,
    address: SocketAddr,
    tls: Option<TlsAcceptor>,
    serving: Mutex<Option<JoinHandle<()>>>,
    folder: tempfile::TempDir,
}

/// A request that an issuer got.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// Where.
    pub endpoint: Endpoint,
    /// Query and form.
    pub parameters: BTreeMap<String, String>,
    /// The header `Authorization`.
    pub authorization: Option<String>,
}

impl Issuer {
    /// The client that keeps a secret.
    pub const CLIENT: &str = "fanlight";
    /// Its secret.
    pub const SECRET: &str = "issuer-client-secret";
    /// In place of a server whose port is not known when it is set up: the test reads the address, and goes to the right one.
    pub const NOWHERE: &str = "http://127.0.0.1:9";
    /// The client without a secret.
    pub const PUBLIC_CLIENT: &str = "fanlight-public";

    /// Starts one that speaks https, by an authority of its own.
    pub async fn start() -> anyhow::Result<Self> {
        Self::with(true).await
    }

    /// Starts one that speaks plain http.
    pub async fn start_plain() -> anyhow::Result<Self> {
        Self::with(false).await
    }

    async fn with(https: bool) -> anyhow::Result<Self> {
        secrets::plant(Self::SECRET);
        let folder = tempfile::tempdir()?;
        let tls = if https { Some(acceptor(&folder)?) } else { None };
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let desk = Desk::new(format!("{}://{address}", if https { "https" } else { "http" }));
        let issuer = Self { desk: Arc::new(Mutex::new(desk)), address, tls, serving: Mutex::default(), folder };
        issuer.serve(listener);
        Ok(issuer)
    }

    /// Its address, which is its name too.
    pub fn url(&self) -> String {
        self.desk().url.clone()
    }

    /// The certificate of the authority that its own is by; there is none if it speaks plain http.
    pub fn ca(&self) -> PathBuf {
        self.folder.path().join("ca.crt")
    }

    /// How an API server is told to take the tokens of [`Issuer::CLIENT`].
    pub fn trusted(&self) -> TrustedIssuer {
        TrustedIssuer { url: self.url(), ca: self.ca(), client: Self::CLIENT.to_owned(), prefix: String::new() }
    }

    /// How a server is told to have people sign in here. They are sent back to [`Issuer::NOWHERE`].
    pub fn flags(&self) -> [String; 4] {
        [
            format!("--oidc-issuer-url={}", self.url()),
            format!("--oidc-client-id={}", Self::CLIENT),
            format!("--oidc-client-secret={}", Self::SECRET),
            format!("--oidc-redirect-url={}/oauth2/callback", Self::NOWHERE),
        ]
    }

    /// Changes its manners from now on.
    pub fn behave(&self, change: impl FnOnce(&mut Manners)) {
        change(&mut self.desk().manners);
    }

    /// Signs with another key from now on, and no longer publishes the last one.
    pub fn rotate_key(&self) {
        self.desk().rotations += 1;
    }

    /// Ends everybody's session: nothing can be refreshed any more.
    pub fn end_sessions(&self) {
        self.desk().end_sessions();
    }

    /// An ID token of [`Issuer::CLIENT`] as its manners are now, for whoever carries one without having signed in here.
    pub fn id_token(&self) -> anyhow::Result<String> {
        self.desk().id_token(Self::CLIENT, "session-of-a-script", None)
    }

    /// What an endpoint was asked, oldest first.
    pub fn asked(&self, endpoint: Endpoint) -> Vec<Asked> {
        self.desk().asked.iter().filter(|asked| asked.endpoint == endpoint).cloned().collect()
    }

    /// Is gone: connections are cut, and new ones refused.
    pub async fn stop(&self) {
        let serving = self.serving.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(serving) = serving {
            serving.abort();
            // Only then is the port closed.
            let _ = serving.await;
        }
    }

    /// Is there again, at the same address, and knows what it knew.
    pub async fn start_again(&self) -> anyhow::Result<()> {
        self.stop().await;
        self.serve(TcpListener::bind(self.address).await.context("the issuer’s port")?);
        Ok(())
    }

    fn serve(&self, listener: TcpListener) {
        let serving = tokio::spawn(serve::serve(listener, self.tls.clone(), Arc::clone(&self.desk)));
        *self.serving.lock().unwrap_or_else(PoisonError::into_inner) = Some(serving);
    }

    fn desk(&self) -> MutexGuard<'_, Desk> {
        self.desk.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Issuer {
    fn drop(&mut self) {
        if let Some(serving) = self.serving.get_mut().unwrap_or_else(PoisonError::into_inner).take() {
            serving.abort();
        }
    }
}

fn acceptor(folder: &tempfile::TempDir) -> anyhow::Result<TlsAcceptor> {
    let (_, pair) = certificates::of_server(folder.path())?;
    let chain = rustls::pki_types::CertificateDer::pem_file_iter(&pair.certificate)?.collect::<Result<_, _>>()?;
    let key = rustls::pki_types::PrivateKeyDer::from_pem_file(&pair.key)?;
    let config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(chain, key)?;
    Ok(TlsAcceptor::from(Arc::new(config)))
}
