use std::{
    fmt,
    time::{Duration, SystemTime},
};

use fanlight_model::Identity;
use openidconnect::{
    AuthorizationCode, ErrorResponseType, OAuth2TokenResponse, PkceCodeVerifier, RefreshToken, RequestTokenError,
    StandardErrorResponse, TokenResponse,
    core::{CoreRevocableToken, CoreTokenResponse},
    http::{Request, StatusCode, header},
};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;

use super::{
    callback::ProviderWords,
    claims::{ClaimError, Claims, GroupNotice, Mapped},
    desk::Bearer,
    pending::Pending,
    provider::Provider,
    verify::{Verified, VerifyError},
    wire::WireError,
};

/// Somebody whom the provider has confirmed.
#[derive(Debug)]
pub struct SignedIn {
    /// Whom the API server is told.
    pub identity: Identity,
    /// What the person should know of their groups.
    pub notices: Vec<GroupNotice>,
    /// When the provider has to confirm it again.
    pub expires: SystemTime,
    /// How long the session lasts.
    pub lifetime: Duration,
    /// Buys the next identity.
    pub refresh_token: Option<SecretString>,
    /// Tells the provider at sign-out who leaves.
    pub id_token: SecretString,
}

/// What a provider has told of somebody, before it is decided what that means.
pub(super) struct Told {
    id_token: SecretString,
    pub(super) verified: Verified,
    /// `UserInfo`'s claims, if they had to be asked for; or why they are of no use.
    pub(super) user_info: Result<Option<Claims>, String>,
}

/// Why the provider did not hand out tokens.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// It cannot be reached.
    #[error("the identity provider cannot be reached: {0}")]
    Unreachable(WireError),
    /// It refuses.
    #[error("the identity provider refused: {0}")]
    Refused(ProviderWords),
    /// Its answer makes no sense.
    #[error("the identity provider’s answer makes no sense: {0}")]
    Unusable(String),
}

/// Why tokens do not tell who somebody is.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IdentityError {
    /// The one that says it is not there.
    #[error("the identity provider sent no ID token; is the scope “openid” allowed for this client?")]
    NoIdToken,
    /// It is not to be believed.
    #[error(transparent)]
    Verify(#[from] VerifyError),
    /// The groups have to be read from UserInfo, and it does not answer.
    #[error("the groups cannot be read from the provider’s UserInfo: {0}")]
    UserInfo(WireError),
    /// It describes nobody who may sign in.
    #[error(transparent)]
    Claims(#[from] ClaimError),
}

impl Provider {
    /// Exchanges the code that the browser brought for tokens.
    pub(super) async fn exchange(&self, code: &str, pending: &Pending) -> Result<CoreTokenResponse, TokenError> {
        let verifier = PkceCodeVerifier::new(pending.verifier.clone());
        let request = self.client.exchange_code(AuthorizationCode::new(code.to_owned())).set_pkce_verifier(verifier);
        request.request_async(&self.wire).await.map_err(|error| reason(error, &[code, &pending.verifier]))
    }

    /// Buys new tokens.
    pub(super) async fn refresh(&self, token: &SecretString) -> Result<CoreTokenResponse, TokenError> {
        let token = RefreshToken::new(token.expose_secret().to_owned());
        let answer = self.client.exchange_refresh_token(&token).request_async(&self.wire).await;
        answer.map_err(|error| reason(error, &[token.secret()]))
    }

    /// Tells the provider that a refresh token is no longer needed; `false` if it does not want to be told.
    pub(super) async fn revoke(&self, token: &SecretString) -> Result<bool, TokenError> {
        let Some(url) = self.revocation.clone() else { return Ok(false) };
        let client = self.client.clone().set_revocation_url(url);
        let revocable = CoreRevocableToken::RefreshToken(RefreshToken::new(token.expose_secret().to_owned()));
        // The standard wants https, so who offers something else does not offer it.
        let Ok(request) = client.revoke_token(revocable) else { return Ok(false) };
        let answer = request.request_async(&self.wire).await;
        answer.map(|()| true).map_err(|error| reason(error, &[token.expose_secret()]))
    }

    /// Who somebody is by the tokens that the provider handed out; `nonce` if they answer a sign-in of ours.
    pub(super) async fn identify(
        &self,
        tokens: &CoreTokenResponse,
        nonce: Option<&str>,
        emergency: Option<&str>,
        now: SystemTime,
    ) -> Result<SignedIn, IdentityError> {
        let told = self.told(tokens, nonce, now).await?;
        Ok(self.admit(tokens, told, emergency)?)
    }

    /// What the provider tells of whoever the tokens are about.
    pub(super) async fn told(
        &self,
        tokens: &CoreTokenResponse,
        nonce: Option<&str>,
        now: SystemTime,
    ) -> Result<Told, IdentityError> {
        let id_token = tokens.id_token().ok_or(IdentityError::NoIdToken)?.to_string();
        let verified = self.verify(&id_token, nonce, now).await?;
        let user_info = if self.settings.rules.needs_user_info(&verified.claims) {
            self.user_info(tokens.access_token().secret(), &verified.subject).await?
        } else {
            Ok(None)
        };
        Ok(Told { id_token: id_token.into(), verified, user_info })
    }

    /// Whom Kubernetes gets to see for what was told.
    pub(super) fn admit(
        &self,
        tokens: &CoreTokenResponse,
        told: Told,
        emergency: Option<&str>,
    ) -> Result<SignedIn, ClaimError> {
        let Told { id_token, verified, user_info } = told;
        let is_emergency = |name: &str| emergency == Some(name);
        let (user_info, trouble) = match user_info {
            Ok(user_info) => (user_info, None),
            Err(why) => (None, Some(GroupNotice::UserInfo(why))),
        };
        let rules = &self.settings.rules;
        let Mapped { identity, mut notices } = rules.map(&verified.claims, user_info.as_ref(), is_emergency)?;
        notices.extend(trouble);
        Ok(SignedIn {
            identity,
            notices,
            expires: verified.expires,
            lifetime: self.settings.session,
            refresh_token: tokens.refresh_token().map(|token| token.secret().clone().into()),
            id_token,
        })
    }

    /// Who an ID token of a script is about.
    pub(super) async fn identify_bearer(
        &self,
        token: &str,
        emergency: Option<&str>,
        now: SystemTime,
    ) -> Result<Bearer, IdentityError> {
        let verified = self.verify(token, None, now).await?;
        // No patience for clocks that differ: scripts get themselves another one.
        if verified.expires <= now {
            return Err(VerifyError::Expired.into());
        }
        let mapped = self.settings.rules.map(&verified.claims, None, |name| emergency == Some(name))?;
        Ok(Bearer { mapped, expires: verified.expires })
    }

    /// What UserInfo says of `subject`. If it cannot be reached, that is an error, since it may be reached in a moment;
    /// whatever else is wrong with it is told in words, since people without groups may still have rights.
    async fn user_info(
        &self,
        access_token: &str,
        subject: &str,
    ) -> Result<Result<Option<Claims>, String>, IdentityError> {
        let Some(url) = &self.user_info else { return Ok(Ok(None)) };
        let request = Request::get(url.as_str())
            .header(header::AUTHORIZATION, format!("Bearer {access_token}"))
            .header(header::ACCEPT, "application/json")
            .body(Vec::new());
        let Ok(request) = request else { return Ok(Err("the access token cannot be sent".to_owned())) };
        let answer = self.wire.send(request).await.map_err(IdentityError::UserInfo)?;
        if answer.status() != StatusCode::OK {
            return Ok(Err(format!("it answered {}", answer.status())));
        }
        Ok(match serde_json::from_slice::<Claims>(answer.body()) {
            Err(_) => Err("its answer is no JSON object".to_owned()),
            Ok(claims) if claims.get("sub").and_then(Value::as_str) != Some(subject) => {
                Err("its answer is about somebody else".to_owned())
            }
            Ok(claims) => Ok(Some(claims)),
        })
    }
}

/// What went wrong at the token endpoint. The provider's words are quoted without `secrets`; an answer that cannot be read
/// is not quoted at all.
pub(super) fn reason<K: ErrorResponseType + fmt::Display + 'static>(
    error: RequestTokenError<WireError, StandardErrorResponse<K>>,
    secrets: &[&str],
) -> TokenError {
    match error {
        RequestTokenError::Request(why) => TokenError::Unreachable(why),
        RequestTokenError::ServerResponse(error) => TokenError::Refused(ProviderWords {
            code: quote(&error.error().to_string(), secrets),
            description: error.error_description().map(|words| quote(words, secrets)),
        }),
        RequestTokenError::Parse(error, _) if error.inner().is_data() => {
            TokenError::Unusable(format!("something is missing or of the wrong kind at “{}”", error.path()))
        }
        RequestTokenError::Parse(..) => TokenError::Unusable("it is no JSON".to_owned()),
        RequestTokenError::Other(why) => TokenError::Unusable(why),
    }
}

/// Somebody else's words, short, printable and without `secrets`.
pub(super) fn quote(words: &str, secrets: &[&str]) -> String {
    let mut words = words.to_owned();
    for secret in secrets.iter().filter(|secret| !secret.is_empty()) {
        words = words.replace(secret, "…");
    }
    let words: String = words.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).collect();
    fanlight_model::cut(words.trim(), 300)
}
