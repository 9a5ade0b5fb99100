use std::{env, fmt, path::PathBuf, sync::Arc, time::Duration};

use http::HeaderValue;
use kube::{Client, Config, config::KubeConfigOptions};
use rustls::pki_types::{CertificateDer, pem::PemObject};
use secrecy::SecretString;
use tokio::time::Instant;
use url::{Host, Url};

use super::{Link, Rescue, RescueError, Trouble};

/// Which kubeconfig, and which context in it.
#[derive(Debug, Clone, Default)]
pub struct Kubeconfig {
    /// The file; without one, those of `$KUBECONFIG`, or `~/.kube/config`.
    pub file: Option<PathBuf>,
    /// The context; without one, the current context.
    pub context: Option<String>,
}

/// All that a connection needs, and all that it will use.
pub struct Credential {
    /// The address.
    pub server: Url,
    /// The only CA that is trusted, in PEM.
    pub ca_pem: String,
    /// The bearer token.
    pub token: SecretString,
}

/// How long things may take.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// One request.
    pub request: Duration,
    /// Everything together, repetitions and waiting included; see [`Rescue::within`].
    pub all: Duration,
}

impl Rescue {
    /// The API server of a kubeconfig, with everything that it says about the way there and the credential, programs
    /// that fetch one (`exec`) included.
    pub async fn from_kubeconfig(which: &Kubeconfig, limits: Limits, user_agent: &str) -> Result<Self, RescueError> {
        let doing = doing(which);
        let failed = |trouble| RescueError::new(&doing, trouble);
        let unusable = |error| failed(Trouble::kubeconfig(&error));
        let kubeconfig = match &which.file {
            Some(file) => kube::config::Kubeconfig::read_from(file),
            None => kube::config::Kubeconfig::read(),
        }
        .map_err(unusable)?;
        let context = which.context.clone().or_else(|| kubeconfig.current_context.clone());
        let Some(context) = context.filter(|context| !context.is_empty()) else {
            return Err(failed(Trouble::Kubeconfig("it has no current context".to_owned())));
        };
        let options = KubeConfigOptions { context: Some(context.clone()), ..KubeConfigOptions::default() };
        let config = Config::from_custom_kubeconfig(kubeconfig, &options).await.map_err(unusable)?;
        let address = config.cluster_url.to_string();
        let server = Url::parse(&address)
            .map_err(|error| failed(Trouble::Kubeconfig(format!("its server {address:?}: {error}"))))?;
        let verifies_tls = server.scheme() == "https" && !config.accept_invalid_certs;
        // A program that fetches the credential is run here, and may ask the person.
        let connected = tokio::task::spawn_blocking(move || client(config, limits)).await;
        let client = match connected {
            Ok(Ok(client)) => client,
            Ok(Err(error)) => return Err(failed(Trouble::setup(&error))),
            Err(error) => return Err(failed(Trouble::Credential(error.to_string()))),
        };
        Self::new(client, server, Some(context), verifies_tls, limits, user_agent).map_err(failed)
    }

    /// The API server at this address, if its certificate comes from this CA; nothing from around (kubeconfig, proxy,
    /// the system's certificates) has any influence, and redirects are not followed.
    pub fn with_token(credential: &Credential, limits: Limits, user_agent: &str) -> Result<Self, RescueError> {
        let Credential { server, ca_pem, token } = credential;
        let failed =
            |trouble| RescueError::new(format!("connecting to {}", server.origin().ascii_serialization()), trouble);
        let unusable = |why: String| failed(Trouble::Credential(why));
        if server.scheme() != "https" || server.host().is_none() || server.cannot_be_a_base() {
            return Err(unusable("the server is not an https:// address".to_owned()));
        }
        if !server.username().is_empty() || server.password().is_some() || server.query().is_some() {
            return Err(unusable("the server's address has parts that it must not have".to_owned()));
        }
        let certificates: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(ca_pem.as_bytes()).collect();
        let certificates = certificates.map_err(|error| unusable(format!("the CA is not PEM: {error}")))?;
        if certificates.is_empty() {
            return Err(unusable("the CA has no certificate in it".to_owned()));
        }
        let address = server.as_str().parse().map_err(|error| unusable(format!("the server's address: {error}")))?;
        let mut config = Config::new(address);
        config.root_cert = Some(certificates.into_iter().map(|one| one.to_vec()).collect());
        config.auth_info.token = Some(token.clone());
        let client = client(config, limits).map_err(|error| failed(Trouble::setup(&error)))?;
        Self::new(client, server.clone(), None, true, limits, user_agent).map_err(failed)
    }

    fn new(
        client: Client,
        server: Url,
        context: Option<String>,
        verifies_tls: bool,
        limits: Limits,
        user_agent: &str,
    ) -> Result<Self, Trouble> {
        let user_agent = HeaderValue::from_str(user_agent)
            .map_err(|error| Trouble::Credential(format!("the user agent {user_agent:?}: {error}")))?;
        let link = Link { client, server, context, verifies_tls, user_agent, request: limits.request };
        Ok(Self { link: Arc::new(link), deadline: Instant::now() + limits.all })
    }
}

fn client(mut config: Config, limits: Limits) -> Result<Client, kube::Error> {
    config.connect_timeout = Some(limits.request);
    // Repeating is decided where it is known what is repeated.
    config.default_retry = false;
    Client::try_from(config)
}

fn doing(which: &Kubeconfig) -> String {
    let files = match &which.file {
        Some(file) => file.display().to_string(),
        None => env::var("KUBECONFIG").ok().filter(|list| !list.is_empty()).unwrap_or("~/.kube/config".to_owned()),
    };
    match &which.context {
        Some(context) => format!("connecting by {files}, context {context}"),
        None => format!("connecting by {files}"),
    }
}

/// Whether an address means the very machine that asks, in any of the forms in which that can be said.
pub fn is_loopback(server: &Url) -> bool {
    match server.host() {
        Some(Host::Domain(name)) => {
            let name = name.trim_end_matches('.');
            name == "localhost" || name.ends_with(".localhost")
        }
        Some(Host::Ipv4(address)) => address.is_loopback() || address.is_unspecified(),
        Some(Host::Ipv6(address)) => {
            address.is_loopback()
                || address.is_unspecified()
                || address.to_ipv4_mapped().is_some_and(|address| address.is_loopback())
        }
        None => false,
    }
}

impl fmt::Debug for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credential").field("server", &self.server.as_str()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_of_this_very_machine_is_recognized_in_all_its_forms() {
        let read = |host| is_loopback(&Url::parse(&format!("https://{host}:6443")).expect("an address"));
        for here in ["127.0.0.1", "127.8.9.10", "0.0.0.0", "localhost", "LOCALHOST.", "[::1]", "[::ffff:127.0.0.1]"] {
            assert!(read(here), "{here}");
        }
        for elsewhere in ["10.0.0.1", "kube-api.example.com", "localhost.example.com", "[2001:db8::1]"] {
            assert!(!read(elsewhere), "{elsewhere}");
        }
    }

    #[test]
    fn a_credential_does_not_tell_its_token_when_it_is_printed() {
        let server = Url::parse("https://kube-api.example.com:6443").expect("an address");
        let credential = Credential { server, ca_pem: String::new(), token: SecretString::from("eyJhbGciOi") };
        assert!(!format!("{credential:?}").contains("eyJ"));
    }
}
