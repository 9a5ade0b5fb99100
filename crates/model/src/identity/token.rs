use std::{
    cmp::Ordering,
    fmt,
    hash::{Hash, Hasher},
    sync::Arc,
};

use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};

/// A bearer token (RFC 6750): never printed, wiped from memory with its last copy. Cheap to clone.
///
/// Tokens are compared and looked up by their digests, so that how long that takes says nothing of a token.
#[derive(Clone)]
pub struct Token(Arc<Parts>);

struct Parts {
    text: SecretString,
    digest: [u8; 32],
}

/// Why a text was not accepted as a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TokenRefused {
    /// There is none.
    #[error("there is no token")]
    Empty,
    /// Longer than [`Token::LIMIT`] bytes.
    #[error("the token is longer than {} bytes", Token::LIMIT)]
    TooLong,
    /// It has other characters than tokens have.
    #[error("the token has characters that no bearer token has")]
    NotAToken,
}

impl Token {
    /// The longest token accepted, in bytes: twice what the largest in practice take, with hundreds of groups in them.
    pub const LIMIT: usize = 16 << 10;

    /// Accepts `text` as it is: nothing is trimmed or changed.
    pub fn new(text: &str) -> Result<Self, TokenRefused> {
        // The letters of RFC 6750 §2.1.
        let is_letter = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~+/=".contains(&byte);
        match text.len() {
            0 => Err(TokenRefused::Empty),
            length if length > Self::LIMIT => Err(TokenRefused::TooLong),
            _ if !text.bytes().all(is_letter) => Err(TokenRefused::NotAToken),
            _ => Ok(Self(Arc::new(Parts { text: text.into(), digest: Sha256::digest(text).into() }))),
        }
    }

    /// The token itself, for the header of a request.
    pub fn expose(&self) -> &str {
        self.0.text.expose_secret()
    }

    /// A digest (SHA-256) from which the token cannot be found.
    pub fn digest(&self) -> &[u8; 32] {
        &self.0.digest
    }
}

impl PartialEq for Token {
    fn eq(&self, other: &Self) -> bool {
        self.0.digest == other.0.digest
    }
}

impl Eq for Token {}

impl PartialOrd for Token {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Token {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.digest.cmp(&other.0.digest)
    }
}

impl Hash for Token {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.digest.hash(state);
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_a_header_can_carry_and_a_server_will_read_is_a_token() {
        assert_eq!(Token::new("abc.DEF-_~+/=").map(|token| token.expose().to_owned()), Ok("abc.DEF-_~+/=".to_owned()));
        for (text, why) in [
            ("", TokenRefused::Empty),
            ("a b", TokenRefused::NotAToken),
            ("a\nb", TokenRefused::NotAToken),
            ("ä", TokenRefused::NotAToken),
        ] {
            assert_eq!(Token::new(text), Err(why), "{text:?}");
        }
        assert!(Token::new(&"x".repeat(Token::LIMIT)).is_ok());
        assert_eq!(Token::new(&"x".repeat(Token::LIMIT + 1)), Err(TokenRefused::TooLong));
    }
}
