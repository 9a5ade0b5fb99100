//! The certificate that the server shows, and those that it demands.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use anyhow::{Context, bail};
use axum_server::tls_rustls::RustlsConfig;
use rustls::{
    RootCertStore, ServerConfig,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
    server::WebPkiClientVerifier,
};

/// The files behind HTTPS.
pub(crate) struct Certificate {
    pub(crate) certificate: PathBuf,
    pub(crate) key: PathBuf,
    pub(crate) clients: Clients,
}

/// Who may connect.
pub(crate) enum Clients {
    Anybody,
    /// Who shows a certificate that was issued by one of those in the file of our own, as the predecessor has it.
    OfOurIssuers,
    /// Who shows one that was issued by one of those in this file.
    IssuedBy(PathBuf),
}

/// What the files held when they were read.
#[derive(PartialEq, Eq)]
struct Content {
    certificate: Vec<u8>,
    key: zeroize::Zeroizing<Vec<u8>>,
    issuers: Option<Vec<u8>>,
}

impl Certificate {
    /// How often the files are looked at.
    const LOOK: Duration = Duration::from_secs(30);

    /// Reads the files, and follows them for as long as the program runs: a certificate that is renewed is shown
    /// without a restart.
    pub(crate) fn serve(self) -> anyhow::Result<RustlsConfig> {
        let content = self.read()?;
        let config = RustlsConfig::from_config(self.config(&content)?);
        tokio::spawn(self.follow(content, config.clone()));
        Ok(config)
    }

    async fn follow(self, mut shown: Content, config: RustlsConfig) {
        loop {
            tokio::time::sleep(Self::LOOK).await;
            match self.renew(&shown) {
                Ok(None) => {}
                Ok(Some((content, renewed))) => {
                    config.reload_from_config(renewed);
                    shown = content;
                    tracing::info!(file = %self.certificate.display(), "the certificates were read again");
                }
                // Two files are seldom replaced at one moment: the next look may find them matching.
                Err(error) => tracing::warn!("the certificate cannot be renewed, the former stays: {error:#}"),
            }
        }
    }

    /// What is in the files if it is something else than is shown.
    fn renew(&self, shown: &Content) -> anyhow::Result<Option<(Content, Arc<ServerConfig>)>> {
        let content = self.read()?;
        if content == *shown {
            return Ok(None);
        }
        let config = self.config(&content)?;
        Ok(Some((content, config)))
    }

    fn read(&self) -> anyhow::Result<Content> {
        let read = |path: &PathBuf| std::fs::read(path).with_context(|| format!("cannot read {}", path.display()));
        let issuers = match &self.clients {
            Clients::IssuedBy(file) => Some(read(file)?),
            Clients::Anybody | Clients::OfOurIssuers => None,
        };
        Ok(Content { certificate: read(&self.certificate)?, key: read(&self.key)?.into(), issuers })
    }

    fn config(&self, content: &Content) -> anyhow::Result<Arc<ServerConfig>> {
        let chain = certificates(&self.certificate, &content.certificate)?;
        let key = PrivateKeyDer::from_pem_slice(&content.key)
            .with_context(|| format!("{} is not a private key", self.key.display()))?;
        let builder = ServerConfig::builder();
        let builder = match self.issuers(content, &chain)? {
            Some(issuers) => builder.with_client_cert_verifier(WebPkiClientVerifier::builder(issuers.into()).build()?),
            None => builder.with_no_client_auth(),
        };
        let mut config = builder.with_single_cert(chain, key).with_context(|| {
            format!("{} and {} do not fit together", self.certificate.display(), self.key.display())
        })?;
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(Arc::new(config))
    }

    /// Those who issue clients' certificates; `None` if clients need none.
    fn issuers(&self, content: &Content, chain: &[CertificateDer<'_>]) -> anyhow::Result<Option<RootCertStore>> {
        let mut issuers = RootCertStore::empty();
        match &self.clients {
            Clients::Anybody => return Ok(None),
            Clients::OfOurIssuers => {
                if issuers.add_parsable_certificates(chain.iter().map(|one| one.clone().into_owned())).0 == 0 {
                    let file = self.certificate.display();
                    bail!(
                        "{file} has no certificate that could have issued those of clients: name one by --mtls-ca-file"
                    );
                }
            }
            Clients::IssuedBy(file) => {
                let found = certificates(file, content.issuers.as_deref().unwrap_or_default())?;
                for (number, issuer) in found.into_iter().enumerate() {
                    let what = || format!("certificate {} in {} cannot issue others", number + 1, file.display());
                    issuers.add(issuer).with_context(what)?;
                }
            }
        }
        Ok(Some(issuers))
    }
}

/// The certificates in a file; there must be one.
fn certificates(file: &Path, content: &[u8]) -> anyhow::Result<Vec<CertificateDer<'static>>> {
    let found = CertificateDer::pem_slice_iter(content).collect::<Result<Vec<_>, _>>();
    let found = found.with_context(|| format!("{} is not a certificate", file.display()))?;
    if found.is_empty() {
        bail!("{} has no certificate", file.display());
    }
    Ok(found)
}

#[cfg(test)]
mod tests;
