//! What is wrong, in the words of the crate that found it, and what to do about it.

use std::time::Duration;

use fanlight_cluster::rescue::RescueError;
use fanlight_identity::{
    ClaimError, FlowError, GroupNotice, IdentityError, KnockError, OidcSettings, ProviderError, ProviderWords,
    TokenError, VerifyError, WireError,
};
use serde::Serialize;

/// Something that is not as it should be.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Finding {
    pub(super) severity: Severity,
    /// A word for scripts, which stays.
    pub(super) code: &'static str,
    pub(super) says: String,
    pub(super) remedy: String,
}

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Severity {
    /// Nobody, or not this person, can sign in.
    Mistake,
    /// People can sign in.
    Warning,
}

/// What is known of the place where something went wrong.
pub(super) struct Place<'a> {
    pub(super) redirect: &'a str,
    pub(super) client: &'a str,
    pub(super) scopes: &'a [String],
    /// The claims that there are.
    pub(super) claims: &'a [String],
}

const CLOCKS: &str = "set the clocks of provider, cluster and this machine by NTP; they may differ by a minute";

#[expect(clippy::needless_pass_by_value, reason = "most that is said is a reference, some a text made for it")]
impl Finding {
    fn mistake(code: &'static str, says: impl ToString, remedy: impl Into<String>) -> Self {
        Self { severity: Severity::Mistake, code, says: says.to_string(), remedy: remedy.into() }
    }

    pub(super) fn warning(code: &'static str, says: impl ToString, remedy: impl Into<String>) -> Self {
        Self { severity: Severity::Warning, ..Self::mistake(code, says, remedy) }
    }

    pub(super) fn settings(says: String) -> Self {
        Self::mistake("settings", says, "correct the Secret, or give the flag of that name")
    }

    pub(super) fn unknown_key(key: &str) -> Self {
        let says = format!("the Secret has the key {key}, which means nothing");
        let remedy = format!("keys are {}, with these letters large and small", OidcSettings::KEYS.join(", "));
        Self::warning("unknown-key", says, remedy)
    }

    pub(super) fn token_duration(text: &str) -> Self {
        let says = format!("tokenDuration {text:?} is no duration: sessions last an hour");
        Self::warning("token-duration", says, "write one such as 8h or 1h30m")
    }

    pub(super) fn redirect_path(url: &str) -> Self {
        let says = format!("redirectURL {url} does not lead to where the server expects people: /oauth2/callback");
        let remedy = "write https://HOST/oauth2/callback, with the route prefix before /oauth2, and register the same at the provider";
        Self::warning("redirect-path", says, remedy)
    }

    pub(super) fn cluster(error: &RescueError) -> Self {
        let remedy =
            "name the kubeconfig and context with which you may read that Secret, or give --skip-secret and flags";
        Self::mistake("cluster", error, remedy)
    }

    pub(super) fn no_secret(namespace: &str, name: &str) -> Self {
        let says = format!("there is no Secret {namespace}/{name}");
        Self::mistake("no-secret", says, "name it by --namespace and --from-secret, or give --skip-secret and flags")
    }

    pub(super) fn listener(error: &std::io::Error) -> Self {
        let says = format!("this machine cannot be listened at: {error}");
        Self::mistake("listener", says, "choose another --port and register its redirect URL, or sign in by --device")
    }

    pub(super) fn nobody_came(after: Option<Duration>, place: &Place<'_>) -> Self {
        let says = match after {
            Some(limit) => format!("nobody had signed in after {limit:?}"),
            None => "interrupted before anybody had signed in".to_owned(),
        };
        let remedy = format!(
            "if the browser showed an error of the provider: register the redirect URL {} letter by letter for the client {}, \
             and look whether that client exists and may use the code flow; if the browser is on another machine: forward \
             the port to it (ssh -L), or sign in by --device",
            place.redirect, place.client
        );
        Self::mistake("nobody-came", says, remedy)
    }

    pub(super) fn provider(error: &ProviderError) -> Self {
        match error {
            ProviderError::Setting(..) => Self::settings(error.to_string()),
            ProviderError::Unreachable { why, .. } => Self::wire(error, why),
            ProviderError::OtherIssuer { .. } => Self::mistake(
                "other-issuer",
                error,
                "write into issuerURL exactly the name that it gives, with or without a slash at the end as there",
            ),
            ProviderError::Unusable { .. } => Self::mistake(
                "not-a-provider",
                error,
                "open issuerURL with /.well-known/openid-configuration behind it: JSON must appear there, without a redirect",
            ),
        }
    }

    fn wire(says: &dyn ToString, why: &WireError) -> Self {
        let says = says.to_string();
        match why {
            WireError::Untrusted(_) => Self::mistake(
                "untrusted-certificate",
                says,
                "put the certificate of the authority into caBundle of the Secret (here also --ca-file); if the name is wrong, \
                 use the name that the certificate is for",
            ),
            WireError::CaBundle(_) => {
                Self::mistake("ca-bundle", says, "caBundle must hold certificates as PEM (-----BEGIN CERTIFICATE-----)")
            }
            _ => Self::mistake(
                "unreachable",
                says,
                "look at name, port, firewall and HTTPS_PROXY, from this machine and from the server’s pod",
            ),
        }
    }

    pub(super) fn knock(error: &KnockError, place: &Place<'_>) -> Self {
        match error {
            KnockError::SentBack(error) => Self::flow(error, place),
            KnockError::Unreachable(why) => Self::wire(error, why),
            KnockError::Status(400 | 401 | 404) => {
                let says = format!("{error}; it was to send people back to {}", place.redirect);
                let remedy = format!(
                    "register the redirect URL {} letter by letter for the client {}, and look whether that client exists and \
                     may use the code flow",
                    place.redirect, place.client
                );
                Self::mistake("redirect-or-client", says, remedy)
            }
            KnockError::Status(_) => {
                Self::warning("sign-in-page", error, "open the address in a browser; the provider’s log says more")
            }
        }
    }

    pub(super) fn flow(error: &FlowError, place: &Place<'_>) -> Self {
        match error {
            FlowError::Provider(words) | FlowError::Exchange(TokenError::Refused(words)) => {
                Self::refused(error, words, place)
            }
            FlowError::Exchange(TokenError::Unreachable(why)) | FlowError::Identity(IdentityError::UserInfo(why)) => {
                Self::wire(error, why)
            }
            FlowError::Identity(IdentityError::Verify(why)) => Self::verify(why),
            FlowError::Identity(IdentityError::Claims(why)) => Self::claims(why, place),
            FlowError::Identity(IdentityError::NoIdToken) => {
                Self::mistake("no-id-token", error, "allow the scope openid for this client at the provider")
            }
            FlowError::OtherIssuer => {
                Self::mistake("other-issuer", error, "write into issuerURL the provider’s own name, letter by letter")
            }
            _ => Self::mistake("sign-in", error, "try again; the provider’s log says more"),
        }
    }

    fn refused(says: &FlowError, words: &ProviderWords, place: &Place<'_>) -> Self {
        let Place { redirect, client, scopes, .. } = place;
        let (code, remedy) = match words.code.as_str() {
            "invalid_scope" => {
                let scopes = scopes.join(",");
                (
                    "unknown-scope",
                    format!("leave out of customScopes what the provider does not know; asked for was {scopes}"),
                )
            }
            "invalid_client" | "unauthorized_client" => (
                "client-refused",
                format!(
                    "compare clientID and clientSecret with the client {client} at the provider; a public client has no \
                     secret; the client must be allowed this way of signing in"
                ),
            ),
            "invalid_grant" => (
                "code-refused",
                format!(
                    "the redirect URL must be {redirect} on both sides; if it is, the code was used twice or too late: try again"
                ),
            ),
            "access_denied" => (
                "access-denied",
                format!("assign the person, or a group of theirs, to the client {client} at the provider"),
            ),
            "expired_token" => ("nobody-came", "type the code in before it runs out".to_owned()),
            _ => ("refused", "the provider’s log says more".to_owned()),
        };
        Self::mistake(code, says, remedy)
    }

    fn verify(error: &VerifyError) -> Self {
        let (code, remedy) = match error {
            VerifyError::Issuer(_) => {
                ("other-issuer", "write into issuerURL the provider’s own name, letter by letter")
            }
            VerifyError::Audience(_) => ("other-client", "clientID must be the client that the tokens are for"),
            VerifyError::Expired | VerifyError::NotYet => ("clock-skew", CLOCKS),
            VerifyError::Algorithm(_) => (
                "unsupported-algorithm",
                "have the provider sign this client’s ID tokens with RS256, ES256 or EdDSA; shared secrets (HS256) are not accepted",
            ),
            VerifyError::UnknownKey | VerifyError::Signature => (
                "signature",
                "look whether something stands between this machine and the provider, or keys were changed just now",
            ),
            _ => ("id-token", "the provider’s log says more; is it OpenID Connect (not OAuth alone)?"),
        };
        Self::mistake(code, error, remedy)
    }

    fn claims(error: &ClaimError, place: &Place<'_>) -> Self {
        let there = if place.claims.is_empty() { "none".to_owned() } else { place.claims.join(", ") };
        let (code, remedy) = match error {
            ClaimError::NoUserName(_) => (
                "no-user-name",
                format!(
                    "set claimUsername to one of the claims that there are ({there}), or ask for the scope that brings it"
                ),
            ),
            ClaimError::Unverified(_) => (
                "email-unverified",
                "have the address verified at the provider, or set claimUsername to another claim".to_owned(),
            ),
            ClaimError::Groups(_) => {
                ("groups-claim", format!("set claimGroups to a claim with a list of names; there are {there}"))
            }
            ClaimError::NotAdmitted { .. } => (
                "not-admitted",
                "put the person into one of these groups (with prefix), or change allowedGroups".to_owned(),
            ),
            ClaimError::User { .. } | ClaimError::Ours(_) | ClaimError::Emergency(_) => (
                "user-name-refused",
                "set oidcUsernamePrefix, or take the name from another claim by claimUsername".to_owned(),
            ),
        };
        Self::mistake(code, error, remedy)
    }

    pub(super) fn notice(notice: &GroupNotice) -> Self {
        let (code, remedy) = match notice {
            GroupNotice::Dropped { .. } => {
                ("group-dropped", "set oidcGroupsPrefix if the group is meant to count, or rename it at the provider")
            }
            GroupNotice::Overage => (
                "groups-overage",
                "at the app registration emit only “groups assigned to the application”, or use app roles and claimGroups=roles",
            ),
            GroupNotice::UserInfo(_) => ("user-info", "have the provider put the groups into the ID token"),
        };
        Self::warning(code, notice, remedy)
    }

    pub(super) fn no_groups(claim: &str, place: &Place<'_>) -> Self {
        let says =
            format!("neither the ID token nor UserInfo has the groups claim {claim:?}: the person has no groups");
        let remedy = format!(
            "have the provider add it, set claimGroups to one that there is ({}), or grant rights to the user’s name",
            place.claims.join(", ")
        );
        Self::warning("no-groups", says, remedy)
    }

    pub(super) fn clocks(apart: Duration) -> Self {
        let says = format!("the clocks of the provider and of this machine differ by {} seconds", apart.as_secs());
        Self::warning("clock-skew", says, CLOCKS)
    }
}
