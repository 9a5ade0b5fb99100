//! A private certificate authority, and the few certificates of one control plane.

use std::path::{Path, PathBuf};

use anyhow::Context;
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose,
};

/// Files of one control plane.
#[derive(Debug)]
pub(crate) struct Certificates {
    pub(crate) ca: PathBuf,
    pub(crate) server: Pair,
    pub(crate) admin: Pair,
    /// The key that signs service accounts' tokens; its public half lies beside it as `.pub`.
    pub(crate) service_accounts: PathBuf,
}

/// A certificate and its key.
#[derive(Debug)]
pub(crate) struct Pair {
    pub(crate) certificate: PathBuf,
    pub(crate) key: PathBuf,
}

impl Certificates {
    pub(crate) fn write(folder: &Path) -> anyhow::Result<Self> {
        let (ca, issuer) = authority(folder)?;
        let accounts = KeyPair::generate()?;
        write(folder, "service-accounts.pub", &accounts.public_key_pem())?;
        let service_accounts = write(folder, "service-accounts.key", &accounts.serialize_pem())?;
        Ok(Self {
            ca,
            server: pair(folder, "server", &issuer, None, ExtendedKeyUsagePurpose::ServerAuth)?,
            admin: pair(folder, "admin", &issuer, Some("system:masters"), ExtendedKeyUsagePurpose::ClientAuth)?,
            service_accounts,
        })
    }
}

/// The certificate of an authority of one's own, and that of a server on loopback.
pub(crate) fn of_server(folder: &Path) -> anyhow::Result<(PathBuf, Pair)> {
    let (ca, issuer) = authority(folder)?;
    Ok((ca, pair(folder, "server", &issuer, None, ExtendedKeyUsagePurpose::ServerAuth)?))
}

fn authority(folder: &Path) -> anyhow::Result<(PathBuf, Issuer<'static, KeyPair>)> {
    let key = KeyPair::generate()?;
    let mut params = CertificateParams::default();
    params.distinguished_name = name("testbed", None);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::DigitalSignature];
    let ca = write(folder, "ca.crt", &params.self_signed(&key)?.pem())?;
    Ok((ca, Issuer::new(params, key)))
}

fn pair(
    folder: &Path,
    who: &str,
    issuer: &Issuer<'_, KeyPair>,
    group: Option<&str>,
    usage: ExtendedKeyUsagePurpose,
) -> anyhow::Result<Pair> {
    let mut params = CertificateParams::new(vec!["127.0.0.1".to_owned(), "localhost".to_owned()])?;
    params.distinguished_name = name(who, group);
    params.extended_key_usages = vec![usage];
    let key = KeyPair::generate()?;
    let certificate = params.signed_by(&key, issuer)?;
    Ok(Pair {
        certificate: write(folder, &format!("{who}.crt"), &certificate.pem())?,
        key: write(folder, &format!("{who}.key"), &key.serialize_pem())?,
    })
}

fn name(common: &str, organization: Option<&str>) -> DistinguishedName {
    let mut name = DistinguishedName::new();
    name.push(DnType::CommonName, common);
    if let Some(organization) = organization {
        name.push(DnType::OrganizationName, organization);
    }
    name
}

fn write(folder: &Path, name: &str, text: &str) -> anyhow::Result<PathBuf> {
    let path = folder.join(name);
    std::fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))?;
    Ok(path)
}
