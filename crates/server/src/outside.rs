//! How browsers reach the server.

use std::time::Duration;

use fanlight_cluster::ApiServer;
use fanlight_identity::OidcDesk;
use secrecy::ExposeSecret;
use tokio::time::timeout;
use url::Url;

use crate::arguments::{Arguments, origin};

/// How browsers reach the server.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Outside {
    /// The address, if it is known; without the route prefix.
    pub(crate) url: Option<Url>,
    /// Whether it is by https.
    pub(crate) https: bool,
}

impl Outside {
    /// Finds out, once: a session's cookies must keep their names.
    pub(crate) async fn look(arguments: &Arguments, server: &ApiServer) -> Self {
        let serves_https = !arguments.listening.insecure;
        if let Some(url) = &arguments.outside.external_url {
            return Self::given(url.origin());
        }
        if !arguments.has_single_sign_on() {
            return Self::guessed(None, serves_https);
        }
        let redirect = match redirect_of_secret(server, &arguments.single_sign_on.oidc_secret_name).await {
            Some(url) => Some(url),
            None => arguments.single_sign_on.redirect_url(),
        };
        Self::guessed(redirect.as_deref(), serves_https)
    }

    fn given(url: Url) -> Self {
        Self { https: url.scheme() == "https", url: Some(url) }
    }

    /// Where people come back to from the identity provider, browsers reach the server. Whoever serves https is reached
    /// by it.
    fn guessed(redirect: Option<&str>, serves_https: bool) -> Self {
        let url = redirect.and_then(|url| url.parse::<Url>().ok()).filter(Url::has_host).map(|url| origin(&url));
        let https = serves_https || url.as_ref().is_some_and(|url| url.scheme() == "https");
        Self { url, https }
    }
}

/// Says it when single sign-on comes back by https only after the start: what was found out there holds until the next
/// one, since other names for the cookies would sign everybody out.
pub(crate) async fn notice_https(desk: OidcDesk) {
    desk.until_back_at(|redirect| redirect.scheme() == "https").await;
    tracing::warn!(
        "single sign-on is set up for https, and was not when the server started: cookies are kept for https alone from \
         the next start on, or at once by --external-url"
    );
}

/// What the Secret that sets single sign-on up says of it.
async fn redirect_of_secret(server: &ApiServer, name: &str) -> Option<String> {
    /// The server starts whether or not Kubernetes answers.
    const PATIENCE: Duration = Duration::from_secs(5);
    let secret = timeout(PATIENCE, server.secret(name)).await.ok()?.ok()??;
    let url = secret.data.get("redirectURL")?;
    Some(std::str::from_utf8(url.expose_secret()).ok()?.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn guessed(redirect: Option<&str>, serves_https: bool) -> (Option<String>, bool) {
        let Outside { url, https } = Outside::guessed(redirect, serves_https);
        (url.map(Url::into), https)
    }

    #[test]
    fn without_an_address_given_the_redirect_url_tells() {
        let flux = Some("https://flux.example.com/".to_owned());
        let redirect = Some("https://flux.example.com/flux/oauth2/callback");
        assert_eq!(guessed(redirect, false), (flux.clone(), true), "TLS ends before the server");
        assert_eq!(guessed(redirect, true), (flux, true));
        let local = Some("http://127.0.0.1:9001/oauth2/callback");
        assert_eq!(guessed(local, false), (Some("http://127.0.0.1:9001/".to_owned()), false));
        for nothing in [None, Some(""), Some("flux.example.com"), Some("mailto:ada@example.com")] {
            assert_eq!(guessed(nothing, false), (None, false), "{nothing:?}");
            assert_eq!(guessed(nothing, true), (None, true), "{nothing:?}");
        }
    }

    #[test]
    fn an_address_that_is_given_decides() {
        for (given, https) in [("https://flux.example.com/", true), ("http://flux.example.com/", false)] {
            let url: Url = given.parse().expect("a URL");
            assert_eq!(Outside::given(url.clone()), Outside { url: Some(url), https });
        }
    }
}
