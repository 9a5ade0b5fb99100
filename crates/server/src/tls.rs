//! The certificate that the server shows, and those that it demands.

use std::{path::PathBuf, sync::Arc, time::Duration};

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
    /// Whether clients must show a certificate, issued by one of those in the file of our own (as the predecessor has it).
    pub(crate) mutual: bool,
}

/// What the files held when they were read.
#[derive(PartialEq, Eq)]
struct Content {
    certificate: Vec<u8>,
    key: zeroize::Zeroizing<Vec<u8>>,
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
                    tracing::info!(file = %self.certificate.display(), "the certificate was renewed");
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
        Ok(Content { certificate: read(&self.certificate)?, key: read(&self.key)?.into() })
    }

    fn config(&self, content: &Content) -> anyhow::Result<Arc<ServerConfig>> {
        let chain = CertificateDer::pem_slice_iter(&content.certificate).collect::<Result<Vec<_>, _>>();
        let chain = chain.with_context(|| format!("{} is not a certificate", self.certificate.display()))?;
        let key = PrivateKeyDer::from_pem_slice(&content.key)
            .with_context(|| format!("{} is not a private key", self.key.display()))?;
        let builder = ServerConfig::builder();
        let builder = if self.mutual {
            let mut issuers = RootCertStore::empty();
            if issuers.add_parsable_certificates(chain.iter().cloned()).0 == 0 {
                bail!("{} has no certificate that could have issued those of clients", self.certificate.display());
            }
            builder.with_client_cert_verifier(WebPkiClientVerifier::builder(issuers.into()).build()?)
        } else {
            builder.with_no_client_auth()
        };
        let mut config = builder.with_single_cert(chain, key).with_context(|| {
            format!("{} and {} do not fit together", self.certificate.display(), self.key.display())
        })?;
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(Arc::new(config))
    }
}

#[cfg(test)]
mod tests;
