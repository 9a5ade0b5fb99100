//! Certificates of clients.

use std::path::{Path, PathBuf};

use anyhow::ensure;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use reqwest::{Certificate, Client, Identity};

use crate::shared::{in_namespace, start};

type Issuer = CertifiedIssuer<'static, KeyPair>;

fn issuer() -> anyhow::Result<Issuer> {
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    Ok(CertifiedIssuer::self_signed(params, KeyPair::generate()?)?)
}

/// Certificate and key, as PEM.
fn issue(issuer: &Issuer) -> anyhow::Result<(String, String)> {
    let key = KeyPair::generate()?;
    let params = CertificateParams::new(["127.0.0.1".to_owned()])?;
    Ok((params.signed_by(&key, issuer)?.pem(), key.serialize_pem()))
}

fn write(folder: &Path, name: &str, text: &str) -> anyhow::Result<PathBuf> {
    let file = folder.join(name);
    std::fs::write(&file, text)?;
    Ok(file)
}

#[test]
fn only_who_shows_a_certificate_of_the_issuer_that_was_named_is_served() {
    in_namespace("mutual", async |plane| {
        let (servers, clients) = (issuer()?, issuer()?);
        let (certificate, key) = issue(&servers)?;
        let certificate = write(plane.folder(), "mutual.crt", &[certificate, servers.pem()].concat())?;
        let key = write(plane.folder(), "mutual.key", &key)?;
        let issuers = write(plane.folder(), "mutual-clients.crt", &clients.pem())?;
        let flags = [
            "--insecure=false".to_owned(),
            "--mtls".to_owned(),
            format!("--tls-cert-file={}", certificate.display()),
            format!("--tls-private-key-file={}", key.display()),
            format!("--mtls-ca-file={}", issuers.display()),
        ];
        let server = start(plane, "mutual", &flags.each_ref().map(String::as_str)).await?;
        let url = server.url().replace("http:", "https:") + "/health/";
        let trusted = Certificate::from_pem(servers.pem().as_bytes())?;
        let shown = async |own: Option<&Issuer>| -> anyhow::Result<bool> {
            let client = Client::builder().no_proxy().tls_certs_only([trusted.clone()]);
            let client = match own {
                None => client,
                Some(issuer) => {
                    let (certificate, key) = issue(issuer)?;
                    client.identity(Identity::from_pem([certificate, key].concat().as_bytes())?)
                }
            };
            Ok(client.build()?.get(&url).send().await.is_ok_and(|answer| answer.status() == 200))
        };
        ensure!(shown(Some(&clients)).await?);
        ensure!(!shown(None).await?, "none");
        ensure!(!shown(Some(&servers)).await?, "of the server's own issuer, which is not named");
        Ok(())
    });
}
