use std::{error::Error, io, time::Duration};

use fanlight_model::cut;
use http::StatusCode;
use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Status;
use kube::{client::AuthError, config::KubeconfigError};
use rustls::CertificateError;

use crate::error::chain;

/// Why something could not be done over a [`crate::rescue::Rescue`]: what was being done, and what came in between.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{doing}: {trouble}")]
pub struct RescueError {
    /// The operation with its object, for example `reading Secret kube-system/break-glass-token`.
    pub doing: String,
    /// What came in between.
    pub trouble: Trouble,
}

/// What can come in between, by what one would do about it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Trouble {
    /// The kubeconfig cannot be read, or has no such context.
    #[error("the kubeconfig cannot be used: {0}")]
    Kubeconfig(String),
    /// The address, CA or token cannot be used for a connection.
    #[error("no connection can be made of this: {0}")]
    Credential(String),
    /// No answer came.
    #[error("{server} cannot be reached: {why}")]
    Unreachable {
        /// The address.
        server: String,
        /// Why not.
        why: Silence,
    },
    /// No complete answer came in time, or the time for everything is used up.
    #[error("no answer within {0:?}")]
    TimedOut(Duration),
    /// The credential is not accepted (401).
    #[error("the API server does not accept the credential: {0}")]
    Rejected(String),
    /// The credential is accepted but this is not allowed (403); with the API server's own words.
    #[error("not allowed: {0}")]
    Forbidden(String),
    /// There is no such object (404).
    #[error("it does not exist: {0}")]
    Missing(String),
    /// The object exists already, or is not what it was when it was read (409).
    #[error("it is not as it was: {0}")]
    Conflict(String),
    /// The API server was too busy all the time (429).
    #[error("the API server is too busy: {0}")]
    Busy(String),
    /// The API server failed, also when asked again (5xx).
    #[error("the API server answered {code}: {words}")]
    Broken {
        /// The HTTP status.
        code: u16,
        /// The API server's own words.
        words: String,
    },
    /// The API server refused for another reason.
    #[error("the API server refused ({code}): {words}")]
    Refused {
        /// The HTTP status.
        code: u16,
        /// The API server's own words.
        words: String,
    },
    /// The answer cannot be understood.
    #[error("the answer cannot be understood: {0}")]
    Malformed(String),
    /// An object of that name is there but is something else; nothing was changed.
    #[error("it is something else: {0}; nothing was changed")]
    Foreign(String),
    /// Nobody filled the Secret.
    #[error("no token after {0:?}: the token controller of kube-controller-manager does not answer")]
    NotIssued(Duration),
    /// Somebody else holds the lock.
    #[error("{holder} holds it since {since}")]
    Locked {
        /// Who.
        holder: String,
        /// Since when.
        since: Timestamp,
    },
}

/// Why no answer came.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Silence {
    /// There is no such host.
    #[error("the name cannot be resolved ({0})")]
    NoSuchHost(String),
    /// Nobody listens there.
    #[error("connection refused")]
    Refused,
    /// Nobody answered in time.
    #[error("no answer in time")]
    TimedOut,
    /// The server's certificate does not come from the CA that is trusted.
    #[error("its certificate is not signed by the expected CA")]
    ForeignCa,
    /// The server's certificate is for other names.
    #[error("its certificate is for other names ({})", .0.join(", "))]
    WrongName(Vec<String>),
    /// The server's certificate is not valid at this time.
    #[error("its certificate is expired or not valid yet ({0})")]
    NotInForce(String),
    /// TLS could not be agreed upon for another reason.
    #[error("TLS failed ({0})")]
    Tls(String),
    /// The connection broke, or could not be made for another reason.
    #[error("{0}")]
    Broken(String),
}

/// How much of the API server's words is kept, in bytes.
const WORDS: usize = 800;

impl RescueError {
    pub(super) fn new(doing: impl Into<String>, trouble: Trouble) -> Self {
        Self { doing: doing.into(), trouble }
    }

    pub(super) fn is_missing(&self) -> bool {
        matches!(self.trouble, Trouble::Missing(_))
    }
}

impl Trouble {
    /// What an answer other than success means.
    pub(super) fn answered(code: StatusCode, body: &[u8]) -> Self {
        let said = serde_json::from_slice::<Status>(body).ok().and_then(|status| status.message);
        let words = cut(&said.unwrap_or_else(|| String::from_utf8_lossy(body).trim().to_owned()), WORDS);
        match code {
            StatusCode::UNAUTHORIZED => Self::Rejected(words),
            StatusCode::FORBIDDEN => Self::Forbidden(words),
            StatusCode::NOT_FOUND => Self::Missing(words),
            StatusCode::CONFLICT => Self::Conflict(words),
            StatusCode::TOO_MANY_REQUESTS => Self::Busy(words),
            code if code.is_server_error() => Self::Broken { code: code.as_u16(), words },
            code => Self::Refused { code: code.as_u16(), words },
        }
    }

    /// Why a kubeconfig is of no use; without the parser's own words, which quote what stands there.
    pub(super) fn kubeconfig(error: &KubeconfigError) -> Self {
        let KubeconfigError::Parse(error) = error else {
            return Self::Kubeconfig(cut(&chain(error), WORDS));
        };
        let place = error.location().map(|place| format!(" (line {}, column {})", place.line(), place.column()));
        Self::Kubeconfig(format!("it is not what a kubeconfig should be{}", place.unwrap_or_default()))
    }

    /// Why there could be no connection, before anything was sent.
    pub(super) fn setup(error: &kube::Error) -> Self {
        match error {
            kube::Error::Auth(error) => Self::Credential(not_fetched(error)),
            error => Self::Credential(cut(&chain(error), WORDS)),
        }
    }

    /// What a request that got no answer means.
    pub(super) fn unanswered(server: &str, error: &(dyn Error + 'static)) -> Self {
        let mut silence = None;
        let mut cause = Some(error);
        while let Some(error) = cause {
            if let Some(kube::Error::Auth(error)) = error.downcast_ref() {
                return Self::Credential(not_fetched(error));
            }
            silence = silence.or_else(|| recognized(error));
            cause = error.source();
        }
        let why = silence.unwrap_or_else(|| Silence::Broken(cut(&chain(error), WORDS)));
        Self::Unreachable { server: server.to_owned(), why }
    }
}

/// Why a credential could not be fetched; without what its program printed, which may be the credential.
fn not_fetched(error: &AuthError) -> String {
    match error {
        AuthError::AuthExecRun { out, .. } => {
            let said = cut(String::from_utf8_lossy(&out.stderr).trim(), WORDS);
            format!("the program that fetches the credential failed ({}): {said}", out.status)
        }
        AuthError::AuthExecParse(_) => "the program that fetches the credential printed something else".to_owned(),
        error => cut(&chain(error), WORDS),
    }
}

/// The link of a chain of causes that says what happened, if this is it.
fn recognized(error: &(dyn Error + 'static)) -> Option<Silence> {
    if let Some(error) = error.downcast_ref::<rustls::Error>() {
        return Some(tls(error));
    }
    if let Some(error) = error.downcast_ref::<io::Error>() {
        // What an `io::Error` carries is not its source: its source is the source of that.
        let carried = error.get_ref().and_then(|inner| recognized(inner));
        return carried.or_else(|| match error.kind() {
            io::ErrorKind::ConnectionRefused => Some(Silence::Refused),
            io::ErrorKind::TimedOut => Some(Silence::TimedOut),
            _ => None,
        });
    }
    // The type that says so is private to hyper-util.
    (error.to_string() == "dns error").then(|| Silence::NoSuchHost(error.source().map(chain).unwrap_or_default()))
}

fn tls(error: &rustls::Error) -> Silence {
    let rustls::Error::InvalidCertificate(certificate) = error else {
        return Silence::Tls(error.to_string());
    };
    match certificate {
        CertificateError::UnknownIssuer | CertificateError::BadSignature => Silence::ForeignCa,
        CertificateError::NotValidForName => Silence::WrongName(Vec::new()),
        CertificateError::NotValidForNameContext { presented, .. } => Silence::WrongName(presented.clone()),
        CertificateError::Expired
        | CertificateError::ExpiredContext { .. }
        | CertificateError::NotValidYet
        | CertificateError::NotValidYetContext { .. } => Silence::NotInForce(error.to_string()),
        _ => Silence::Tls(error.to_string()),
    }
}
