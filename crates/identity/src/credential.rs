use fanlight_model::UserName;
use futures_util::{FutureExt, future::BoxFuture};
use secrecy::SecretSlice;

/// Where the emergency user is kept.
pub trait CredentialSource: Send + Sync + 'static {
    /// Reads the Secret as it is at this moment; `None` if there is none.
    fn read(&self) -> BoxFuture<'static, Result<Option<StoredCredential>, SourceError>>;

    /// Whether Kubernetes would let Fanlight act for a user of this name; `true` if that cannot be said.
    fn can_be(&self, user: &UserName) -> BoxFuture<'static, bool> {
        let _ = user;
        std::future::ready(true).boxed()
    }
}

/// The raw content of the Secret.
#[derive(Debug)]
pub struct StoredCredential {
    /// `metadata.uid`: a Secret made anew is another one.
    pub uid: String,
    /// Key `username`.
    pub username: Option<SecretSlice<u8>>,
    /// Key `password`: a bcrypt hash.
    pub password: Option<SecretSlice<u8>>,
}

/// Why something of the cluster could not be read or written, in the API server's words.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SourceError {
    /// The API server does not allow it: so it is until somebody changes that.
    #[error("{0}")]
    Refused(String),
    /// There is no answer, or none that is to be believed: there may be one in a moment.
    #[error("{0}")]
    Unanswered(String),
}
