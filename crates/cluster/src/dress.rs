use std::sync::Arc;

use fanlight_model::{Guise, Identity, Token};
use futures_util::{FutureExt, future::BoxFuture};
use http::{HeaderMap, HeaderValue, header};

use crate::{ApiServer, ReadError, api_server::As, impersonation};

/// What a request wears, by which the API server knows in whose name it is made.
#[derive(Debug, Clone)]
pub(crate) enum Dress {
    /// Nothing: the connection says who the server itself is.
    Plain,
    /// The headers that impersonate somebody.
    Guise(Arc<Guise>),
    /// Somebody's own token.
    Token(Token),
}

impl Dress {
    /// Writes it into the headers of a request.
    pub(crate) fn put_on(&self, headers: &mut HeaderMap) {
        match self {
            Dress::Plain => {}
            Dress::Guise(guise) => {
                if let Some(face) = &guise.face {
                    impersonation::write(headers, face);
                }
            }
            Dress::Token(token) => {
                headers.insert(header::AUTHORIZATION, bearer(token));
            }
        }
    }
}

#[expect(clippy::expect_used, reason = "a Token holds only letters that headers can carry")]
fn bearer(token: &Token) -> HeaderValue {
    let mut value = HeaderValue::from_str(&format!("Bearer {}", token.expose())).expect("visible ASCII");
    value.set_sensitive(true);
    value
}

impl ApiServer {
    /// What a request in somebody's name has to wear.
    ///
    /// Boxed, since asking takes requests of the server's own.
    pub(crate) fn dress<'a>(&'a self, who: As<'a>, what: &'a str) -> BoxFuture<'a, Result<Dress, ReadError>> {
        async move {
            match who {
                As::Itself | As::Beside => Ok(Dress::Plain),
                As::Bearer(token) => Ok(Dress::Token(token.clone())),
                As::Person(Identity::Holder(holder)) => Ok(Dress::Token(holder.token().clone())),
                As::Person(Identity::Impersonated(persona)) => self.guise_of(persona, what).await.map(Dress::Guise),
            }
        }
        .boxed()
    }

    /// What to wear for a second attempt after a request was refused, if there is anything else.
    pub(crate) fn another_dress<'a>(
        &'a self,
        who: As<'a>,
        worn: &'a Dress,
        refused: ReadError,
    ) -> BoxFuture<'a, Result<Dress, ReadError>> {
        async move {
            match (who.persona(), worn) {
                (Some(persona), Dress::Guise(guise)) => {
                    self.another_guise(persona, guise, refused).await.map(Dress::Guise)
                }
                _ => Err(refused),
            }
        }
        .boxed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn by_their_own_token_nobody_is_impersonated_and_no_log_sees_it() {
        let token = Token::new("s3cret-token").expect("a token");
        let mut headers = HeaderMap::new();
        Dress::Token(token).put_on(&mut headers);
        assert_eq!(headers.len(), 1, "{headers:?}");
        assert_eq!(headers[header::AUTHORIZATION], "Bearer s3cret-token");
        assert!(headers[header::AUTHORIZATION].is_sensitive() && !format!("{headers:?}").contains("s3cret"));
    }
}
