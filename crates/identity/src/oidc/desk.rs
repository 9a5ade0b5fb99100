use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

use fanlight_model::Identity;
use futures_util::future::BoxFuture;
use secrecy::SecretString;
use tokio::{
    sync::{Notify, watch},
    time::timeout,
};
use url::Url;

use super::{
    callback::{CallbackQuery, FlowError},
    claims::Mapped,
    pending::{NotPending, Pending, PendingFlows},
    provider::Provider,
    return_url::return_path,
    settings::{OidcFlags, OidcSecret},
    state::{Known, OidcStanding},
    tokens::{IdentityError, SignedIn, TokenError},
};
use crate::{CookieRules, EmergencyDesk, KeptTokens, KeyRing, SourceError};

/// Where the Secret that sets OIDC up is kept.
pub trait OidcSource: Send + Sync + 'static {
    /// Reads the Secret as it is at this moment; `None` if there is none.
    fn read(&self) -> BoxFuture<'static, Result<Option<OidcSecret>, SourceError>>;
}

/// Where people sign in through the identity provider. Cheap to clone.
///
/// Settings and provider are kept up to date by [`run`](Self::run), and everything else uses what is known at the
/// moment: no page waits for a provider that is down.
#[derive(Clone)]
pub struct OidcDesk(pub(super) Arc<Inner>);

pub(super) struct Inner {
    pub(super) source: Option<Arc<dyn OidcSource>>,
    pub(super) flags: OidcFlags,
    emergency: Option<EmergencyDesk>,
    flows: PendingFlows,
    outside: Outside,
    pub(super) pace: Pace,
    pub(super) known: watch::Sender<Known>,
    /// Told when the provider should be looked at soon.
    pub(super) look: Notify,
}

/// What a desk is made of.
pub struct OidcParts<'a> {
    /// The Secret; only the command line counts, if there is none.
    pub source: Option<Arc<dyn OidcSource>>,
    /// The command line.
    pub flags: OidcFlags,
    /// Whose name nobody may bring from the provider.
    pub emergency: Option<EmergencyDesk>,
    /// What seals the sign-ins that are going on.
    pub keys: Arc<KeyRing>,
    /// How cookies are written.
    pub cookies: &'a CookieRules,
    /// Our own address, if it is not that of the redirect URL.
    pub external_url: Option<Url>,
}

/// How we are reached.
struct Outside {
    external_url: Option<Url>,
    base: String,
}

/// How often the desk looks around.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pace {
    /// At the Secret.
    pub(super) settings: Duration,
    /// At the provider, while all is well.
    pub(super) provider: Duration,
    /// At the provider, after it failed; twice as long each time.
    pub(super) retry: Duration,
    /// At the provider, however often it failed.
    pub(super) slowest: Duration,
    /// At the provider before somebody is sent there, at the earliest.
    pub(super) fresh: Duration,
    /// How long somebody who wants to go there waits for that.
    pub(super) patience: Duration,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            settings: Duration::from_secs(10),
            provider: Duration::from_mins(5),
            retry: Duration::from_secs(1),
            slowest: Duration::from_mins(1),
            fresh: Duration::from_secs(15),
            patience: Duration::from_secs(3),
        }
    }
}

/// Whether the provider may ask the person anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Prompt {
    /// It may.
    Form,
    /// It may not: either it knows the person, or it says so.
    Silent,
}

/// Somebody is sent to the provider.
#[derive(Debug)]
pub struct Departure {
    /// Where the browser goes.
    pub location: Url,
    /// The values of the `Set-Cookie` headers that keep what has to be known when they come back.
    pub cookies: Vec<String>,
}

/// Somebody came back from the provider.
#[derive(Debug)]
pub struct Arrival {
    /// Who it is, or why nobody is signed in.
    pub outcome: Result<SignedIn, FlowError>,
    /// Where they wanted to go: a path of our own.
    pub page: String,
    /// Whether nobody was to be asked anything.
    pub silent: bool,
    /// The values of the `Set-Cookie` headers that end the sign-in, however it went.
    pub cookies: Vec<String>,
}

/// Why a session could not be confirmed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RefreshError {
    /// The provider says no: the session there is over, or the token was used already.
    #[error("the identity provider does not confirm the session: {0}")]
    Refused(String),
    /// The provider gives no answer that makes sense; it may in a moment.
    #[error("{0}")]
    Unreachable(String),
    /// What it answers does not tell who somebody is, or they may not sign in any more.
    #[error(transparent)]
    Identity(#[from] IdentityError),
}

impl From<TokenError> for RefreshError {
    fn from(error: TokenError) -> Self {
        match error {
            TokenError::Refused(why) => Self::Refused(why.to_string()),
            error => Self::Unreachable(error.to_string()),
        }
    }
}

/// Whom a script's ID token is about.
#[derive(Debug, Clone)]
pub struct Bearer {
    /// User and groups, with their prefixes, and what should be known of them.
    pub mapped: Mapped,
    /// Until when the token counts.
    pub expires: SystemTime,
}

/// Why a script's token does not count.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BearerError {
    /// OIDC is not set up, or the provider is not known yet.
    #[error("{0}")]
    NotReady(String),
    /// The token does not tell who somebody is.
    #[error(transparent)]
    Identity(#[from] IdentityError),
}

impl OidcDesk {
    /// A desk; nothing happens before [`run`](Self::run).
    pub fn new(parts: OidcParts<'_>) -> Self {
        Self::with_pace(parts, Pace::default())
    }

    pub(super) fn with_pace(parts: OidcParts<'_>, pace: Pace) -> Self {
        let OidcParts { source, flags, emergency, keys, cookies, external_url } = parts;
        let outside = Outside { external_url, base: cookies.base.clone() };
        let flows = PendingFlows::new(keys, cookies);
        let known = watch::Sender::new(Known::default());
        Self(Arc::new(Inner { source, flags, emergency, flows, outside, pace, known, look: Notify::new() }))
    }

    /// Whether people can sign in through the provider, and what is wrong if not.
    pub fn standing(&self) -> OidcStanding {
        self.0.known.borrow().standing()
    }

    /// Waits until the standing is as `wanted`.
    pub async fn until(&self, mut wanted: impl FnMut(&OidcStanding) -> bool) {
        let mut known = self.0.known.subscribe();
        // The sender is held here, so it never ends before the wish comes true.
        let _ = known.wait_for(|known| wanted(&known.standing())).await;
    }

    /// The same for somebody who wants to go there now: unless the provider was found well a moment ago, it is looked at
    /// anew. One that takes too long to answer is as it was when it was last looked at.
    pub async fn standing_now(&self) -> OidcStanding {
        let mut known = self.0.known.subscribe();
        let before = {
            let known = known.borrow_and_update();
            let standing = known.standing();
            let is_fresh = known.looked().is_some_and(|at| at.elapsed() < self.0.pace.fresh);
            if !known.is_set_up() || standing == OidcStanding::Ready && is_fresh {
                return standing;
            }
            known.looked()
        };
        self.look_soon();
        let _ = timeout(self.0.pace.patience, known.wait_for(|known| known.looked() != before)).await;
        self.standing()
    }

    /// Has the provider looked at soon, without waiting for it.
    pub fn look_soon(&self) {
        self.0.look.notify_one();
    }

    /// Waits until people come back from the provider to an address that is `wanted`.
    pub async fn until_back_at(&self, mut wanted: impl FnMut(&Url) -> bool) {
        let mut known = self.0.known.subscribe();
        let _ = known.wait_for(|known| known.redirect_url().is_some_and(&mut wanted)).await;
    }

    /// Sends somebody to the provider; `return_url` is where they want to go, `header` their `Cookie` header.
    pub fn start(
        &self,
        return_url: &str,
        prompt: Prompt,
        header: &str,
        now: SystemTime,
    ) -> Result<Departure, FlowError> {
        let provider = self.provider().map_err(FlowError::NotReady)?;
        let page = return_path(return_url, &self.home(&provider));
        let silent = prompt == Prompt::Silent;
        let (pending, cookies) = self.0.flows.begin(header, page, silent, &mut rand::rng(), now);
        Ok(Departure { location: provider.authorization_url(&pending), cookies })
    }

    /// Receives somebody who comes back with `query` (what stands behind the `?`) and the `Cookie` header `header`.
    pub async fn callback(&self, query: &str, header: &str, now: SystemTime) -> Arrival {
        let base = format!("{}/", self.0.outside.base);
        let lost = |error| Arrival { outcome: Err(error), page: base.clone(), silent: false, cookies: Vec::new() };
        let query = match CallbackQuery::parse(query) {
            Ok(query) => query,
            Err(error) => return lost(error),
        };
        let pending = match self.0.flows.find(header, &query.state, now) {
            Ok(pending) => pending,
            Err(NotPending::Unknown) => return lost(FlowError::Unknown),
            Err(NotPending::Expired) => return lost(FlowError::Expired),
        };
        let cookies = vec![self.0.flows.forget(&pending)];
        let outcome = self.receive(query, &pending, now).await;
        Arrival { outcome, page: pending.page, silent: pending.silent, cookies }
    }

    /// Has the provider confirm a session once more. A refresh token may be good only once: call this for one request
    /// at a time, and keep what it returns.
    pub async fn refresh(&self, token: &SecretString, now: SystemTime) -> Result<SignedIn, RefreshError> {
        let provider = self.provider().map_err(RefreshError::Unreachable)?;
        // Before the token is used, which may be possible only once.
        let emergency = self.emergency_name().await.map_err(RefreshError::Unreachable)?;
        let tokens = provider.refresh(token).await.map_err(|error| self.noticed(error))?;
        let mut signed = provider.identify(&tokens, None, emergency.as_deref(), now).await?;
        // Who returns none means that the old one is still good.
        signed.refresh_token.get_or_insert_with(|| token.clone());
        Ok(signed)
    }

    /// Whom a script's ID token is about. UserInfo is not asked: it wants another kind of token.
    pub async fn bearer(&self, token: &str, now: SystemTime) -> Result<Bearer, BearerError> {
        let provider = self.provider().map_err(BearerError::NotReady)?;
        let emergency = self.emergency_name().await.map_err(BearerError::NotReady)?;
        Ok(provider.identify_bearer(token, emergency.as_deref(), now).await?)
    }

    /// User and groups as the provider has them, without the prefixes that they have in Kubernetes.
    pub fn without_prefixes(&self, identity: &Identity) -> (String, Vec<String>) {
        let known = self.provider();
        let rules = known.as_ref().ok().map(|provider| &provider.settings().rules);
        let (user, group) = rules.map_or(("", ""), |rules| (&rules.username_prefix, &rules.groups_prefix));
        let without = |prefix: &str, name: &str| name.strip_prefix(prefix).unwrap_or(name).to_owned();
        let groups = identity.groups().map(|name| without(group, name));
        (without(user, identity.user().as_str()), groups.collect())
    }

    /// Where the browser goes to sign out at the provider too, if that is offered.
    pub fn sign_out_url(&self, tokens: Option<&KeptTokens>) -> Option<Url> {
        let provider = self.provider().ok()?;
        provider.sign_out_url(tokens.and_then(|tokens| tokens.hint.as_ref()), &self.home(&provider))
    }

    /// Tells the provider that a session's refresh token is no longer needed; `false` if there is none, or if the
    /// provider does not offer that.
    pub async fn revoke(&self, tokens: &KeptTokens) -> Result<bool, TokenError> {
        match (&tokens.refresh, self.provider()) {
            (Some(token), Ok(provider)) => provider.revoke(token).await,
            _ => Ok(false),
        }
    }

    async fn receive(&self, query: CallbackQuery, pending: &Pending, now: SystemTime) -> Result<SignedIn, FlowError> {
        let provider = self.provider().map_err(FlowError::NotReady)?;
        let code = query.code(provider.settings())?;
        let emergency = self.emergency_name().await.map_err(FlowError::NotReady)?;
        let tokens = provider.exchange(&code, pending).await;
        let tokens = tokens.map_err(|error| FlowError::Exchange(self.noticed(error)))?;
        Ok(provider.identify(&tokens, Some(&pending.nonce), emergency.as_deref(), now).await?)
    }

    /// The provider, or why there is none.
    fn provider(&self) -> Result<Arc<Provider>, String> {
        self.0.known.borrow().provider()
    }

    /// Whose name nobody may bring from the provider; why that is not known, if so.
    async fn emergency_name(&self) -> Result<Option<String>, String> {
        let Some(desk) = &self.0.emergency else { return Ok(None) };
        let name = desk.name().await;
        let name = name.map_err(|why| format!("it is not known yet which name is the emergency user’s: {why}"))?;
        Ok(name.map(|name| name.to_string()))
    }

    /// A provider that does not answer is looked at again soon.
    fn noticed(&self, error: TokenError) -> TokenError {
        if matches!(error, TokenError::Unreachable(_)) {
            self.look_soon();
        }
        error
    }

    /// Our own address, with the route prefix and a slash at the end.
    fn home(&self, provider: &Provider) -> Url {
        let mut home = self.0.outside.external_url.as_ref().unwrap_or(&provider.settings().redirect_url).clone();
        home.set_path(&format!("{}/", self.0.outside.base));
        home.set_query(None);
        home.set_fragment(None);
        home
    }
}

#[cfg(test)]
mod tests;
