use std::{
    sync::{Arc, PoisonError, RwLock},
    time::{Duration, SystemTime},
};

use openidconnect::{
    AdditionalProviderMetadata, AuthType, AuthenticationFlow, ClientId, ClientSecret, CsrfToken,
    DeviceAuthorizationUrl, DiscoveryError, EndSessionUrl, EndpointMaybeSet, EndpointNotSet, EndpointSet, IdToken,
    IssuerUrl, JsonWebKeySetUrl, LogoutRequest, Nonce, PkceCodeChallenge, PkceCodeVerifier, PostLogoutRedirectUrl,
    ProviderMetadata, RedirectUrl, RevocationUrl, Scope,
    core::{
        CoreAuthDisplay, CoreAuthPrompt, CoreClaimName, CoreClaimType, CoreClient, CoreClientAuthMethod, CoreGrantType,
        CoreIdToken, CoreJsonWebKey, CoreJsonWebKeySet, CoreJweContentEncryptionAlgorithm,
        CoreJweKeyManagementAlgorithm, CoreResponseMode, CoreResponseType, CoreSubjectIdentifierType,
    },
};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use tokio::{sync::Mutex, time::Instant};
use url::Url;

use super::{
    offers::Offers,
    pending::Pending,
    settings::OidcSettings,
    verify::{Check, Verified, VerifyError},
    wire::{Wire, WireError},
};

/// The identity provider, as its discovery document describes it.
pub struct Provider {
    pub(super) settings: Arc<OidcSettings>,
    pub(super) wire: Wire,
    pub(super) client: Client,
    pub(super) user_info: Option<Url>,
    pub(super) revocation: Option<RevocationUrl>,
    pub(super) device: Option<DeviceAuthorizationUrl>,
    offers: Offers,
    end_session: Option<EndSessionUrl>,
    issuer: IssuerUrl,
    keys_at: JsonWebKeySetUrl,
    keys: RwLock<Arc<CoreJsonWebKeySet>>,
    /// When the keys were last looked up because a token named an unknown one; locked while that goes on.
    looked_up: Mutex<Option<Instant>>,
}

pub(super) type Client =
    CoreClient<EndpointSet, EndpointNotSet, EndpointNotSet, EndpointNotSet, EndpointSet, EndpointMaybeSet>;

pub(super) type Metadata = ProviderMetadata<
    Extras,
    CoreAuthDisplay,
    CoreClientAuthMethod,
    CoreClaimName,
    CoreClaimType,
    CoreGrantType,
    CoreJweContentEncryptionAlgorithm,
    CoreJweKeyManagementAlgorithm,
    CoreJsonWebKey,
    CoreResponseMode,
    CoreResponseType,
    CoreSubjectIdentifierType,
>;

/// What providers may offer beyond the core of OIDC.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Extras {
    pub(super) end_session_endpoint: Option<EndSessionUrl>,
    pub(super) revocation_endpoint: Option<RevocationUrl>,
    pub(super) device_authorization_endpoint: Option<DeviceAuthorizationUrl>,
    pub(super) code_challenge_methods_supported: Option<Vec<String>>,
}

impl AdditionalProviderMetadata for Extras {}

/// Why the provider is of no use at the moment.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProviderError {
    /// A setting cannot be used.
    #[error("{0} cannot be used: {1}")]
    Setting(&'static str, String),
    /// No connection comes about.
    #[error("the identity provider {issuer} cannot be reached: {why}")]
    Unreachable {
        /// Its address.
        issuer: String,
        /// Why.
        why: WireError,
    },
    /// It calls itself otherwise than it was called.
    #[error("the identity provider {issuer} has another name for itself: {why}")]
    OtherIssuer {
        /// As it was called.
        issuer: String,
        /// What it says.
        why: String,
    },
    /// What it publishes cannot be used.
    #[error("the identity provider {issuer} does not describe itself in a way that can be used: {why}")]
    Unusable {
        /// Its address.
        issuer: String,
        /// Why.
        why: String,
    },
}

impl Provider {
    /// How often a token with an unknown key may make us look up the keys.
    const LOOKUPS: Duration = Duration::from_secs(10);

    /// Reads the provider's discovery document and its keys.
    pub async fn discover(settings: Arc<OidcSettings>) -> Result<Self, ProviderError> {
        let wire = Wire::new(settings.ca_bundle.as_deref());
        let wire = wire.map_err(|why| ProviderError::Unreachable { issuer: settings.issuer_text.clone(), why })?;
        let setting = |name: &'static str| move |why: url::ParseError| ProviderError::Setting(name, why.to_string());
        let issuer = IssuerUrl::new(settings.issuer_text.clone()).map_err(setting("the issuer’s URL"))?;
        let redirect = RedirectUrl::new(settings.redirect_text.clone()).map_err(setting("the redirect URL"))?;
        let metadata = Metadata::discover_async(issuer.clone(), &wire).await;
        let metadata = metadata.map_err(|error| reason(&settings, error))?;
        let token_url = metadata.token_endpoint().cloned().ok_or_else(|| ProviderError::Unusable {
            issuer: settings.issuer_text.clone(),
            why: "it has no token endpoint".to_owned(),
        })?;
        let secret = settings.client_secret.as_ref();
        let secret = secret.map(|secret| ClientSecret::new(secret.expose_secret().to_owned()));
        let client =
            CoreClient::from_provider_metadata(metadata.clone(), ClientId::new(settings.client_id.clone()), secret)
                .set_token_uri(token_url)
                .set_redirect_uri(redirect)
                .set_auth_type(auth_type(&metadata));
        let extras = metadata.additional_metadata();
        Ok(Self {
            client,
            user_info: metadata.userinfo_endpoint().map(|url| url.url().clone()),
            revocation: extras.revocation_endpoint.clone(),
            device: extras.device_authorization_endpoint.clone(),
            offers: Offers::of(&metadata),
            end_session: extras.end_session_endpoint.clone(),
            issuer,
            keys_at: metadata.jwks_uri().clone(),
            keys: RwLock::new(Arc::new(metadata.jwks().clone())),
            looked_up: Mutex::default(),
            settings,
            wire,
        })
    }

    /// The settings it was found with.
    pub fn settings(&self) -> &OidcSettings {
        &self.settings
    }

    /// What it offers.
    pub fn offers(&self) -> &Offers {
        &self.offers
    }

    /// The same provider, but it sends people back to `redirect`.
    pub fn coming_back_to(self, redirect: &str) -> Result<Self, ProviderError> {
        let name = "the redirect URL";
        let settings = self.settings.coming_back_to(redirect);
        let settings = settings.map_err(|error| ProviderError::Setting(name, error.to_string()))?;
        let url = RedirectUrl::new(redirect.to_owned());
        let url = url.map_err(|error| ProviderError::Setting(name, error.to_string()))?;
        Ok(Self { settings: Arc::new(settings), client: self.client.set_redirect_uri(url), ..self })
    }

    /// Where the browser goes to sign in.
    pub(super) fn authorization_url(&self, pending: &Pending) -> Url {
        let verifier = PkceCodeVerifier::new(pending.verifier.clone());
        let [state, nonce] = [pending.state.clone(), pending.nonce.clone()];
        let flow = AuthenticationFlow::<CoreResponseType>::AuthorizationCode;
        let scopes = self.settings.scopes.iter().filter(|scope| *scope != "openid").cloned().map(Scope::new);
        let request = self
            .client
            .authorize_url(flow, || CsrfToken::new(state), || Nonce::new(nonce))
            .add_scopes(scopes)
            .set_pkce_challenge(PkceCodeChallenge::from_code_verifier_sha256(&verifier));
        let request = if pending.silent { request.add_prompt(CoreAuthPrompt::None) } else { request };
        request.url().0
    }

    /// Where the browser goes to sign out at the provider, if that is offered; `hint` is the last ID token.
    pub fn sign_out_url(&self, hint: Option<&SecretString>, back: &Url) -> Option<Url> {
        let request = LogoutRequest::from(self.end_session.clone()?)
            .set_client_id(ClientId::new(self.settings.client_id.clone()))
            .set_post_logout_redirect_uri(PostLogoutRedirectUrl::from_url(back.clone()));
        let hint: Option<CoreIdToken> = hint.and_then(|hint| hint.expose_secret().parse().ok());
        let request = match &hint {
            Some(hint) => request.set_id_token_hint(hint as &IdToken<_, _, _, _>),
            None => request,
        };
        Some(request.http_get_url())
    }

    /// Checks an ID token. If it names a key that is not known, the keys are looked up again, though not often.
    pub(super) async fn verify(
        &self,
        token: &str,
        nonce: Option<&str>,
        now: SystemTime,
    ) -> Result<Verified, VerifyError> {
        let check = |keys: &CoreJsonWebKeySet| {
            Check { issuer: &self.issuer, client_id: &self.settings.client_id, keys, now }.verify(token, nonce)
        };
        let keys = self.keys();
        match check(&keys) {
            Err(VerifyError::UnknownKey) => match self.newer_keys(&keys).await {
                Some(keys) => check(&keys),
                None => Err(VerifyError::UnknownKey),
            },
            result => result,
        }
    }

    fn keys(&self) -> Arc<CoreJsonWebKeySet> {
        Arc::clone(&self.keys.read().unwrap_or_else(PoisonError::into_inner))
    }

    async fn newer_keys(&self, than: &Arc<CoreJsonWebKeySet>) -> Option<Arc<CoreJsonWebKeySet>> {
        let mut looked_up = self.looked_up.lock().await;
        let known = self.keys();
        if !Arc::ptr_eq(&known, than) {
            return Some(known);
        }
        if looked_up.is_some_and(|at| at.elapsed() < Self::LOOKUPS) {
            return None;
        }
        *looked_up = Some(Instant::now());
        let keys = CoreJsonWebKeySet::fetch_async(&self.keys_at, &self.wire).await;
        let keys = keys.inspect_err(|error| tracing::warn!(%error, "the identity provider’s keys cannot be read")).ok();
        let keys = Arc::new(keys?);
        *self.keys.write().unwrap_or_else(PoisonError::into_inner) = Arc::clone(&keys);
        Some(keys)
    }
}

/// How we show the client's secret: in the header, as every provider must accept it, unless this one says otherwise.
fn auth_type(metadata: &Metadata) -> AuthType {
    let methods = metadata.token_endpoint_auth_methods_supported();
    let only_post = methods.is_some_and(|methods| {
        !methods.contains(&CoreClientAuthMethod::ClientSecretBasic)
            && methods.contains(&CoreClientAuthMethod::ClientSecretPost)
    });
    if only_post { AuthType::RequestBody } else { AuthType::BasicAuth }
}

fn reason(settings: &OidcSettings, error: DiscoveryError<WireError>) -> ProviderError {
    let issuer = settings.issuer_text.clone();
    let why = match error {
        DiscoveryError::Request(why) => return ProviderError::Unreachable { issuer, why },
        DiscoveryError::Response(status, _, _) if !status.is_success() => {
            format!("it answered {status}; is the issuer’s URL right?")
        }
        DiscoveryError::Response(_, _, why) | DiscoveryError::Other(why) => why,
        DiscoveryError::Validation(why) => return ProviderError::OtherIssuer { issuer, why },
        DiscoveryError::Parse(error) => format!("{} (at {})", error.inner(), error.path()),
        error => error.to_string(),
    };
    ProviderError::Unusable { issuer, why }
}
