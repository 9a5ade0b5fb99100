//! Who gets in, by which way.

use std::str::FromStr;

use anyhow::bail;
use fanlight_model::{Identity, UserName};

use super::{Arguments, SignIn};

/// A way in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Method {
    UserAccount,
    Oidc,
    TokenPassthrough,
    Anonymous,
}

impl FromStr for Method {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.trim().to_ascii_lowercase().as_str() {
            "user-account" => Ok(Self::UserAccount),
            "oidc" => Ok(Self::Oidc),
            "token-passthrough" => Ok(Self::TokenPassthrough),
            "anonymous" => Ok(Self::Anonymous),
            "" => Err("no authentication methods set"),
            _ => Err("not one of user-account, oidc, token-passthrough, anonymous"),
        }
    }
}

impl SignIn {
    /// Finds out whether anybody could get in.
    pub(super) fn check(&self) -> anyhow::Result<()> {
        if self.insecure_no_authentication_user.is_some() {
            return self.everybody().map(drop);
        }
        if self.auth_methods.contains(&Method::Anonymous) {
            bail!("--auth-methods=anonymous needs --insecure-no-authentication-user, which says who everybody is");
        }
        if !self.auth_methods.iter().any(|method| matches!(method, Method::UserAccount | Method::Oidc)) {
            bail!(
                "OIDC auth, local auth or anonymous mode must be enabled, can't start \
                 (--auth-methods with user-account or oidc, or --insecure-no-authentication-user)"
            );
        }
        Ok(())
    }

    /// Who everybody is, where nobody has to sign in.
    pub(super) fn everybody(&self) -> anyhow::Result<Option<Identity>> {
        let Some(name) = &self.insecure_no_authentication_user else { return Ok(None) };
        if name.is_empty() {
            bail!("insecure-no-authentication-user flag set but no user specified");
        }
        let user = UserName::new(name).or_else(|error| UserName::service_account(name).map_err(|_| error));
        match user {
            Ok(user) => Ok(Some(Identity::of(user))),
            Err(why) => bail!("--insecure-no-authentication-user={name} cannot be impersonated: {why}"),
        }
    }

    fn offers(&self, method: Method) -> bool {
        self.insecure_no_authentication_user.is_none() && self.auth_methods.contains(&method)
    }
}

impl Arguments {
    /// Whether the emergency user may sign in.
    pub(crate) fn has_emergency_user(&self) -> bool {
        self.sign_in.offers(Method::UserAccount)
    }

    /// Whether people may sign in at an identity provider.
    pub(crate) fn has_single_sign_on(&self) -> bool {
        self.sign_in.offers(Method::Oidc)
    }

    /// Whether those get in who bring a token that Kubernetes takes.
    pub(crate) fn passes_tokens_on(&self) -> bool {
        self.sign_in.offers(Method::TokenPassthrough)
    }

    /// Who everybody is, where nobody has to sign in.
    pub(crate) fn everybody(&self) -> anyhow::Result<Option<Identity>> {
        self.sign_in.everybody()
    }
}
