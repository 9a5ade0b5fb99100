use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::{ClientConfig, ClientConnection, Connection, ServerConnection, pki_types::ServerName};

use super::*;

type Issuer = CertifiedIssuer<'static, KeyPair>;

fn issuer() -> Issuer {
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    CertifiedIssuer::self_signed(params, KeyPair::generate().expect("a key")).expect("an issuer")
}

/// A certificate for `localhost` as PEM, with its key.
fn issue(issuer: &Issuer) -> (String, String) {
    let key = KeyPair::generate().expect("a key");
    let params = CertificateParams::new(["localhost".to_owned()]).expect("a name");
    (params.signed_by(&key, issuer).expect("a certificate").pem(), key.serialize_pem())
}

/// A server's files: a certificate of `issuer`, followed by the issuer's own.
fn files(folder: &tempfile::TempDir, issuer: &Issuer, clients: Clients) -> Certificate {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let (certificate, key) = issue(issuer);
    let [certificate_file, key_file] = ["tls.crt", "tls.key"].map(|name| folder.path().join(name));
    std::fs::write(&certificate_file, certificate + issuer.pem().as_str()).expect("a file");
    std::fs::write(&key_file, key).expect("a file");
    Certificate { certificate: certificate_file, key: key_file, clients }
}

/// A file with the certificates of issuers.
fn issuers(folder: &tempfile::TempDir, issuers: &[&Issuer]) -> PathBuf {
    let file = folder.path().join("clients.crt");
    std::fs::write(&file, issuers.iter().map(|issuer| issuer.pem()).collect::<String>()).expect("a file");
    file
}

/// Whether a client that trusts `issuer`, and shows a certificate of `own` if there is one, is let in.
fn is_let_in(server: Arc<ServerConfig>, issuer: &Issuer, own: Option<&Issuer>) -> bool {
    let mut trusted = RootCertStore::empty();
    trusted.add(issuer.der().clone()).expect("an issuer");
    let client = ClientConfig::builder().with_root_certificates(trusted);
    let client = match own {
        None => client.with_no_client_auth(),
        Some(own) => {
            let (certificate, key) = issue(own);
            let certificate = CertificateDer::from_pem_slice(certificate.as_bytes()).expect("a certificate");
            let key = PrivateKeyDer::from_pem_slice(key.as_bytes()).expect("a key");
            client.with_client_auth_cert(vec![certificate], key).expect("they fit")
        }
    };
    let name = ServerName::try_from("localhost").expect("a name");
    let mut client: Connection = ClientConnection::new(client.into(), name).expect("a client").into();
    let mut server: Connection = ServerConnection::new(server).expect("a server").into();
    while client.is_handshaking() || server.is_handshaking() {
        if !carry(&mut client, &mut server) || !carry(&mut server, &mut client) {
            return false;
        }
    }
    true
}

/// Brings what one side has to say to the other; false if that breaks it off.
fn carry(from: &mut Connection, to: &mut Connection) -> bool {
    let mut wire = Vec::new();
    while from.wants_write() {
        from.write_tls(&mut wire).expect("memory is always writable");
    }
    let mut wire = wire.as_slice();
    while !wire.is_empty() {
        to.read_tls(&mut wire).expect("memory is always readable");
        if to.process_new_packets().is_err() {
            return false;
        }
    }
    true
}

#[test]
fn anybody_may_connect_unless_certificates_are_demanded_from_clients() {
    let (folder, ours, theirs) = (tempfile::tempdir().expect("a folder"), issuer(), issuer());
    let named = || Clients::IssuedBy(issuers(&folder, &[&issuer(), &theirs]));
    for (what, clients, own, expected) in [
        ("anybody", Clients::Anybody, None, true),
        ("own issuer, none shown", Clients::OfOurIssuers, None, false),
        ("own issuer, another's", Clients::OfOurIssuers, Some(&theirs), false),
        ("own issuer", Clients::OfOurIssuers, Some(&ours), true),
        ("named, none shown", named(), None, false),
        ("named, own issuer's", named(), Some(&ours), false),
        ("named", named(), Some(&theirs), true),
    ] {
        let files = files(&folder, &ours, clients);
        let config = files.config(&files.read().expect("files")).expect("a configuration");
        assert_eq!(is_let_in(config, &ours, own), expected, "{what}");
    }
}

#[test]
fn whose_certificates_clients_may_show_is_read_again_too() {
    let (folder, ours, old, new) = (tempfile::tempdir().expect("a folder"), issuer(), issuer(), issuer());
    let certificate = files(&folder, &ours, Clients::IssuedBy(issuers(&folder, &[&old])));
    let shown = certificate.read().expect("files");
    assert!(certificate.renew(&shown).expect("unchanged").is_none());
    issuers(&folder, &[&new]);
    let (_, config) = certificate.renew(&shown).expect("a certificate").expect("it changed");
    assert!(is_let_in(Arc::clone(&config), &ours, Some(&new)) && !is_let_in(config, &ours, Some(&old)));
}

#[test]
fn a_renewed_certificate_is_taken_up_once_both_files_are_there() {
    let (folder, old, new) = (tempfile::tempdir().expect("a folder"), issuer(), issuer());
    let certificate = files(&folder, &old, Clients::Anybody);
    let shown = certificate.read().expect("files");
    assert!(certificate.renew(&shown).expect("unchanged").is_none());
    let former_key = std::fs::read(&certificate.key).expect("a key");
    files(&folder, &new, Clients::Anybody);
    let key = std::fs::read(&certificate.key).expect("a key");
    std::fs::write(&certificate.key, former_key).expect("a file");
    assert!(certificate.renew(&shown).is_err(), "the key is still the old one");
    std::fs::write(&certificate.key, key).expect("a file");
    let (_, config) = certificate.renew(&shown).expect("they fit").expect("they changed");
    assert!(is_let_in(Arc::clone(&config), &new, None) && !is_let_in(config, &old, None));
}

#[test]
fn files_that_are_of_no_use_are_named() {
    let folder = tempfile::tempdir().expect("a folder");
    let certificate = files(&folder, &issuer(), Clients::Anybody);
    std::fs::write(&certificate.key, "nothing").expect("a file");
    let error = certificate.config(&certificate.read().expect("files")).expect_err("no key");
    assert!(format!("{error:#}").contains("tls.key is not a private key"), "{error:#}");
    std::fs::remove_file(&certificate.certificate).expect("a file");
    let error = certificate.read().err().expect("no file");
    assert!(format!("{error:#}").contains("tls.crt"), "{error:#}");

    for (content, why) in [
        ("", "clients.crt has no certificate"),
        ("nothing", "clients.crt has no certificate"),
        ("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "certificate 1 in "),
    ] {
        let file = issuers(&folder, &[]);
        std::fs::write(&file, content).expect("a file");
        let certificate = files(&folder, &issuer(), Clients::IssuedBy(file));
        let error = certificate.config(&certificate.read().expect("files")).expect_err("no issuer");
        assert!(format!("{error:#}").contains(why), "{error:#}");
    }
    let certificate = files(&folder, &issuer(), Clients::IssuedBy(folder.path().join("nowhere.crt")));
    let error = certificate.read().err().expect("no file");
    assert!(format!("{error:#}").contains("nowhere.crt"), "{error:#}");
}
