use jiff::Timestamp;
use zeroize::Zeroizing;

/// Where a session's token comes from: kept in memory, and renewed there before it expires.
///
/// It is asked each time a program needs the token, so a source that renews does so when it is asked.
pub trait TokenSource: Send + Sync + 'static {
    /// The token to use now; if there is none, why, in words for people.
    fn token(&self) -> impl Future<Output = Result<Token, String>> + Send;
}

/// A bearer token.
#[derive(Clone)]
pub struct Token {
    /// What is presented to the API server.
    pub bearer: Zeroizing<String>,
    /// Until when it is accepted, if it ends by itself.
    pub expires: Option<Timestamp>,
}

impl std::fmt::Debug for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Token").field("expires", &self.expires).finish_non_exhaustive()
    }
}
