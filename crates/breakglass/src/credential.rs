//! What is sealed: where the cluster is, how to know it, and the token that opens it.

mod kubeconfig;
mod server_url;

use secrecy::{ExposeSecret, SecretString};

pub(crate) use kubeconfig::{Shape, read, write};
pub use server_url::ServerUrl;

use crate::{fingerprint::fingerprint, generations::TokenHash};

/// An emergency credential in the open, in memory only.
#[derive(Debug, Clone)]
pub struct Credential {
    /// The address of the API server.
    pub server: ServerUrl,
    /// The certificates, in PEM, that alone may have signed the API server's.
    pub ca: String,
    /// The token of `ServiceAccount/break-glass`.
    pub token: SecretString,
    /// Which cluster and Secret it belongs to; kube-dc's files do not say.
    pub origin: Option<Origin>,
}

/// Which cluster and which Secret a credential is from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// The uid of namespace `kube-system`, which is the cluster's identity.
    pub cluster_uid: String,
    /// The token Secret's name in `kube-system`.
    pub secret: String,
    /// Its uid.
    pub secret_uid: String,
    /// How many rotations it has seen.
    pub generation: u32,
    /// When it was sealed first.
    pub created: jiff::Timestamp,
}

impl Credential {
    /// The token's fingerprint: what may be compared and written down, since a token cannot be guessed from it.
    pub fn token_hash(&self) -> TokenHash {
        TokenHash::of(self.token.expose_secret())
    }

    /// The fingerprint of the CA certificates.
    pub fn ca_hash(&self) -> String {
        fingerprint(self.ca.trim().as_bytes())
    }

    /// The generation, where the file tells.
    pub fn generation(&self) -> Option<u32> {
        self.origin.as_ref().map(|origin| origin.generation)
    }
}
