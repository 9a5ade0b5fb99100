//! Signing in once to see whether, and as whom, people get in: by the steps of the desk, so that it ends as it would there.

use std::time::SystemTime;

use jiff::{Timestamp, fmt::rfc2822};
use openidconnect::{
    core::CoreTokenResponse,
    http::{Request, header},
};
use rand::Rng;
use serde_json::Value;
use url::Url;

use super::{
    callback::{CallbackQuery, FlowError},
    claims::Claims,
    desk::RefreshError,
    pending::Pending,
    provider::Provider,
    tokens::{IdentityError, SignedIn, TokenError},
    wire::WireError,
};

/// One sign-in that nobody's browser keeps.
pub struct Trial<'a> {
    pub(super) provider: &'a Provider,
    pub(super) pending: Pending,
    pub(super) emergency: Option<&'a str>,
}

/// An answer of the provider that belongs to a trial.
pub struct Returned(CallbackQuery);

/// What came out of a trial.
#[derive(Debug)]
pub struct Tried {
    /// Who got in, or why nobody did.
    pub outcome: Result<SignedIn, FlowError>,
    /// The names of the claims in the ID token, with dots into objects; empty if there was none to be believed.
    pub claims: Vec<String>,
    /// The same of UserInfo, if that was asked.
    pub user_info: Option<Vec<String>>,
}

/// Why the provider would not show its sign-in page.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KnockError {
    /// No answer comes.
    #[error("the provider’s sign-in page cannot be reached: {0}")]
    Unreachable(WireError),
    /// It shows something else.
    #[error("the provider answers {0} instead of showing its sign-in page")]
    Status(u16),
    /// It sends people back at once.
    #[error(transparent)]
    SentBack(#[from] FlowError),
}

impl Provider {
    /// Begins a trial; `emergency` is the emergency user's name, whom the provider must not bring.
    pub fn trial<'a>(&'a self, emergency: Option<&'a str>, random: &mut impl Rng, now: SystemTime) -> Trial<'a> {
        Trial { provider: self, pending: Pending::draw(String::new(), false, random, now), emergency }
    }
}

impl Trial<'_> {
    /// Where the browser goes.
    pub fn location(&self) -> Url {
        self.provider.authorization_url(&self.pending)
    }

    /// Looks, as a browser without a session would, whether the provider shows its sign-in page: it mostly does not if
    /// it does not know the client, the redirect URL or a scope. Returns what time it is there, if the provider says.
    pub async fn knock(&self) -> Result<Option<SystemTime>, KnockError> {
        let url = self.location();
        let request = Request::get(url.as_str()).header(header::ACCEPT, "text/html").body(Vec::new());
        let unsendable =
            |error: openidconnect::http::Error| KnockError::Unreachable(WireError::Broken(error.to_string()));
        let request = request.map_err(unsendable)?;
        let answer = self.provider.wire.send(request).await.map_err(KnockError::Unreachable)?;
        let status = answer.status();
        let text = |name| answer.headers().get(name).and_then(|value| value.to_str().ok());
        let back = text(header::LOCATION).and_then(|to| to.strip_prefix(&self.provider.settings.redirect_text));
        if let Some((_, query)) = back.and_then(|rest| rest.split_once('?')) {
            self.returned(query)?.0.code(self.provider.settings())?;
        } else if !status.is_success() && !status.is_redirection() {
            return Err(KnockError::Status(status.as_u16()));
        }
        Ok(text(header::DATE).and_then(|date| rfc2822::parse(date).ok()).map(|date| Timestamp::from(&date).into()))
    }

    /// Reads what a browser came back with (what stands behind the `?`); an error if it belongs to another sign-in.
    pub fn returned(&self, query: &str) -> Result<Returned, FlowError> {
        let query = CallbackQuery::parse(query)?;
        if self.pending.is_of(&query.state) { Ok(Returned(query)) } else { Err(FlowError::Unknown) }
    }

    /// Ends the trial with the answer that came.
    pub async fn finish(&self, returned: Returned, now: SystemTime) -> Tried {
        match self.exchange(returned).await {
            Ok(tokens) => self.judge(&tokens, Some(&self.pending.nonce), now).await,
            Err(error) => Tried::failed(error),
        }
    }

    /// Has the session confirmed once more, as happens while people are signed in; `None` if the provider gave nothing
    /// for that.
    pub async fn refresh(&self, signed: &mut SignedIn, now: SystemTime) -> Option<Result<(), RefreshError>> {
        let token = signed.refresh_token.clone()?;
        let renewed = async {
            let tokens = self.provider.refresh(&token).await?;
            Ok(self.provider.identify(&tokens, None, self.emergency, now).await?)
        };
        Some(renewed.await.map(|mut renewed: SignedIn| {
            renewed.refresh_token.get_or_insert(token);
            *signed = renewed;
        }))
    }

    /// Leaves nothing behind: `true` if the provider has revoked the refresh token.
    pub async fn revoke(&self, signed: &SignedIn) -> Result<bool, TokenError> {
        match &signed.refresh_token {
            Some(token) => self.provider.revoke(token).await,
            None => Ok(false),
        }
    }

    async fn exchange(&self, returned: Returned) -> Result<CoreTokenResponse, FlowError> {
        let code = returned.0.code(self.provider.settings())?;
        self.provider.exchange(&code, &self.pending).await.map_err(FlowError::Exchange)
    }

    pub(super) async fn judge(&self, tokens: &CoreTokenResponse, nonce: Option<&str>, now: SystemTime) -> Tried {
        let told = match self.provider.told(tokens, nonce, now).await {
            Ok(told) => told,
            Err(error) => return Tried::failed(error.into()),
        };
        let claims = names(&told.verified.claims);
        let user_info = told.user_info.as_ref().ok().and_then(Option::as_ref).map(names);
        let outcome = self.provider.admit(tokens, told, self.emergency);
        Tried { outcome: outcome.map_err(|error| IdentityError::from(error).into()), claims, user_info }
    }
}

impl Tried {
    pub(super) fn failed(error: FlowError) -> Self {
        Self { outcome: Err(error), claims: Vec::new(), user_info: None }
    }
}

/// The names of claims, as settings would name them.
fn names(claims: &Claims) -> Vec<String> {
    let mut names = Vec::new();
    let mut open: Vec<(String, &Value)> = claims.iter().map(|(name, value)| (name.clone(), value)).collect();
    while let Some((name, value)) = open.pop() {
        match value.as_object() {
            Some(object) => open.extend(object.iter().map(|(part, value)| (format!("{name}.{part}"), value))),
            None => names.push(name),
        }
    }
    names.sort_unstable();
    names
}
