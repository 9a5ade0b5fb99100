use fanlight_model::{FeedError, cut};
use http::StatusCode;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Status;

use std::time::Duration;

/// Why no connection could be configured.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// The kubeconfig could not be read or used.
    #[error("the kubeconfig cannot be used")]
    Kubeconfig(#[source] Box<kube::config::KubeconfigError>),
    /// The service account's files could not be read.
    #[error("the service account of the pod cannot be used")]
    InCluster(#[source] kube::config::InClusterError),
    /// TLS or credentials could not be set up.
    #[error("TLS or credentials for the API server cannot be set up")]
    Setup(#[source] Box<kube::Error>),
}

/// Why a single request failed.
#[derive(Debug, Clone, thiserror::Error)]
pub enum ReadError {
    /// The API server answered something other than success.
    #[error("reading {what}: the API server answered {code}: {message}")]
    Refused {
        /// What was to be read.
        what: String,
        /// The HTTP status.
        code: StatusCode,
        /// The API server's own words.
        message: String,
        /// How long it asks to wait.
        retry_after: Option<Duration>,
    },
    /// The server's own account may not impersonate the person in this way.
    #[error("reading {what}: the API server does not let Fanlight act for this person: {message}")]
    NotImpersonated {
        /// What was to be read.
        what: String,
        /// The API server's own words.
        message: String,
    },
    /// The server's own account may not impersonate the person at all, so nobody was asked.
    #[error(
        "reading {what}: Fanlight may not act for {user}: its account may impersonate neither them nor any of their groups"
    )]
    Nobody {
        /// What was to be read.
        what: String,
        /// The person.
        user: String,
    },
    /// The API server did not answer, or the connection broke.
    #[error("reading {what}: the API server cannot be reached: {why}")]
    Unreachable {
        /// What was to be read.
        what: String,
        /// The chain of causes.
        why: String,
    },
    /// The answer could not be understood.
    #[error("reading {what}: the answer cannot be understood: {why}")]
    Nonsense {
        /// What was to be read.
        what: String,
        /// Where it stopped making sense.
        why: String,
    },
    /// The kind is not installed.
    #[error("reading {what}: the API server does not serve this kind")]
    NotServed {
        /// What was to be read.
        what: String,
    },
    /// Nothing can have such a name, so nobody was asked.
    #[error("reading {what}: no object can be called that")]
    Misnamed {
        /// What was to be read.
        what: String,
    },
    /// The person follows so much already that nothing more is followed for them.
    #[error("following {what}: you follow Events in {most} places already, in other windows: close some of them")]
    TooMany {
        /// What was to be followed.
        what: String,
        /// How much may be followed.
        most: usize,
    },
    /// So many logs are read at the same time that no more are.
    #[error("reading {what}: {who} read {most} logs at the same time already: try again when some of them are closed")]
    LogsTaken {
        /// What was to be read.
        what: String,
        /// Whoever does.
        who: &'static str,
        /// How many may be read.
        most: usize,
    },
}

/// How much of the API server's words is kept, in bytes.
const WORDS: usize = 500;

impl ReadError {
    pub(crate) fn unreachable(what: &str, why: &(dyn std::error::Error + 'static)) -> Self {
        Self::Unreachable { what: what.to_owned(), why: cut(&chain(why), WORDS) }
    }

    pub(crate) fn refused(what: &str, code: StatusCode, retry_after: Option<Duration>, body: &[u8]) -> Self {
        let (what, message) = (what.to_owned(), words(body));
        // Both forms: “cannot impersonate resource …” and “cannot impersonate-on:user-info:list resource …”.
        if code == StatusCode::FORBIDDEN && message.contains("\" cannot impersonate") {
            return Self::NotImpersonated { what, message };
        }
        Self::Refused { what, code, message, retry_after }
    }

    /// Whether the server's own account may not do this in somebody's name, whoever that is (constrained impersonation).
    pub(crate) fn is_about_the_errand(&self) -> bool {
        matches!(self, Self::NotImpersonated { message, .. } if message.contains("\" cannot impersonate-on:"))
    }

    /// The HTTP status, if there was an answer.
    pub(crate) fn code(&self) -> Option<StatusCode> {
        match self {
            Self::Refused { code, .. } => Some(*code),
            Self::NotImpersonated { .. } | Self::Nobody { .. } => Some(StatusCode::FORBIDDEN),
            _ => None,
        }
    }

    /// Whether the same request may well succeed a little later: the API server is away, starting or busy, or too many
    /// changed the object at once.
    pub(crate) fn is_passing(&self) -> bool {
        let busy = |code: StatusCode| {
            code.is_server_error() || matches!(code, StatusCode::TOO_MANY_REQUESTS | StatusCode::CONFLICT)
        };
        matches!(self, Self::Unreachable { .. }) || self.code().is_some_and(busy)
    }

    /// What went wrong, without what was to be read: the API server's own words where there are some.
    pub fn reason(&self) -> String {
        match self {
            Self::Refused { code, message, .. } if message.is_empty() => format!("the API server answered {code}"),
            Self::Refused { message, .. } | Self::NotImpersonated { message, .. } => message.clone(),
            Self::Nobody { user, .. } => format!("Fanlight’s account may not impersonate {user}"),
            Self::Unreachable { why, .. } | Self::Nonsense { why, .. } => why.clone(),
            Self::NotServed { .. } => "the API server does not serve this kind".to_owned(),
            Self::Misnamed { .. } => "no object can be called that".to_owned(),
            Self::TooMany { .. } => "too much is followed already".to_owned(),
            Self::LogsTaken { who, most, .. } => {
                format!("{who} read {most} logs at the same time already: try again when some of them are closed")
            }
        }
    }

    /// The same failure as a feed sees it.
    pub(crate) fn for_feed(self) -> FeedError {
        match self {
            Self::Refused { code, message, retry_after, .. } => feed_error(code.as_u16(), message, retry_after),
            Self::NotImpersonated { message, .. } => FeedError::Forbidden(message),
            Self::Nobody { .. } => FeedError::Forbidden(self.reason()),
            Self::Unreachable { why, .. } => FeedError::Unreachable(why),
            Self::Nonsense { why, .. } => FeedError::Unexpected(why),
            Self::NotServed { .. } => FeedError::NotServed,
            Self::Misnamed { what } | Self::TooMany { what, .. } | Self::LogsTaken { what, .. } => {
                FeedError::Unexpected(what)
            }
        }
    }
}

/// What an HTTP status, or the code of a `Status` object in a watch, means for a feed.
pub(crate) fn feed_error(code: u16, message: String, retry_after: Option<Duration>) -> FeedError {
    const PAUSE: Duration = Duration::from_secs(1);
    /// What asks for more (a proxy that is being maintained, say) may be well long before: somebody waits for news.
    const LONGEST: Duration = Duration::from_secs(30);
    match code {
        410 => FeedError::Gone,
        401 | 403 => FeedError::Forbidden(message),
        404 => FeedError::NotServed,
        429 | 503 => FeedError::Busy(retry_after.unwrap_or(PAUSE).min(LONGEST)),
        _ => FeedError::Unexpected(message),
    }
}

/// The message of a `Status` object, or the text itself.
fn words(body: &[u8]) -> String {
    let said = serde_json::from_slice::<Status>(body).ok().and_then(|status| status.message);
    cut(&said.unwrap_or_else(|| String::from_utf8_lossy(body).trim().to_owned()), WORDS)
}

/// An error with all its causes, in one line.
pub(crate) fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(next) = cause {
        text.push_str(": ");
        text.push_str(&next.to_string());
        cause = next.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_feed_comes_back_when_it_is_asked_to_but_does_not_stay_away_for_long() {
        for (asked, pause) in [(None, 1), (Some(5), 5), (Some(3600), 30), (Some(u64::MAX), 30)] {
            let error = feed_error(503, String::new(), asked.map(Duration::from_secs));
            assert_eq!(error, FeedError::Busy(Duration::from_secs(pause)), "{asked:?}");
        }
    }
}
