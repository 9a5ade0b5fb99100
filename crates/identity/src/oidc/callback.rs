use std::fmt;

use url::form_urlencoded;

use super::{
    settings::OidcSettings,
    tokens::{IdentityError, TokenError, quote},
};

/// What the provider sent the browser back with.
pub(super) struct CallbackQuery {
    pub(super) state: String,
    code: Option<String>,
    error: Option<String>,
    description: Option<String>,
    issuer: Option<String>,
}

/// Why nobody is signed in after having been sent to the provider.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FlowError {
    /// OIDC is not set up, or the provider is not known yet.
    #[error("{0}")]
    NotReady(String),
    /// The callback lacks a parameter, or has it twice.
    #[error("the identity provider sent an incomplete answer: {0}")]
    Incomplete(&'static str),
    /// The sign-in was not begun in this browser, or it is finished.
    #[error("this sign-in was not begun in this browser, or it was finished before")]
    Unknown,
    /// The sign-in was begun too long ago.
    #[error("this sign-in was begun too long ago")]
    Expired,
    /// The provider would have to ask the person something, which was not allowed.
    #[error("the identity provider needs you to sign in there")]
    NeedsForm,
    /// The provider says no.
    #[error("the identity provider did not let you in: {0}")]
    Provider(ProviderWords),
    /// Another provider answered.
    #[error("the answer comes from another identity provider than the one that was asked")]
    OtherIssuer,
    /// The code was not exchanged for tokens.
    #[error("the sign-in could not be completed: {0}")]
    Exchange(TokenError),
    /// The tokens do not tell who it is, or it is somebody who may not sign in.
    #[error(transparent)]
    Identity(#[from] IdentityError),
}

/// An error in a provider's own words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProviderWords {
    /// The standard's word for it, such as `access_denied`.
    pub code: String,
    /// The provider's sentence.
    pub description: Option<String>,
}

impl fmt::Display for ProviderWords {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.description {
            Some(description) => write!(f, "{description} ({})", self.code),
            None => f.write_str(&self.code),
        }
    }
}

impl CallbackQuery {
    /// What `prompt=none` is answered with if the person would have to do something (OIDC core §3.1.2.6).
    const NEEDS_FORM: [&str; 4] =
        ["login_required", "interaction_required", "consent_required", "account_selection_required"];

    pub(super) fn parse(query: &str) -> Result<Self, FlowError> {
        let [mut state, mut code, mut error, mut description, mut issuer] = [const { None }; 5];
        for (key, value) in form_urlencoded::parse(query.as_bytes()) {
            let place = match key.as_ref() {
                "state" => &mut state,
                "code" => &mut code,
                "error" => &mut error,
                "error_description" => &mut description,
                "iss" => &mut issuer,
                _ => continue,
            };
            if place.replace(value.into_owned()).is_some() {
                return Err(FlowError::Incomplete("it has a parameter twice"));
            }
        }
        let state = state.ok_or(FlowError::Incomplete("it has no state"))?;
        Ok(Self { state, code, error, description, issuer })
    }

    /// The code, if the provider `settings` describe gave one.
    pub(super) fn code(self, settings: &OidcSettings) -> Result<String, FlowError> {
        if self.issuer.is_some_and(|issuer| issuer != settings.issuer_text) {
            return Err(FlowError::OtherIssuer);
        }
        match (self.error, self.code) {
            (Some(code), _) if Self::NEEDS_FORM.contains(&code.as_str()) => Err(FlowError::NeedsForm),
            (Some(code), given) => {
                let secret = given.unwrap_or_default();
                let description = self.description.map(|words| quote(&words, &[&secret]));
                Err(FlowError::Provider(ProviderWords { code: quote(&code, &[&secret]), description }))
            }
            (None, Some(code)) if !code.is_empty() => Ok(code),
            (None, _) => Err(FlowError::Incomplete("it has no code")),
        }
    }
}

#[cfg(test)]
mod tests;
