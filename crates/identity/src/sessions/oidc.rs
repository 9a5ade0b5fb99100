//! Sessions of those who signed in at the provider.

use std::time::SystemTime;

use fanlight_model::cut;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};

use super::{Sessions, fresh, left};
use crate::{Beginning, Method, Session, SessionId, SignedIn};

/// The provider's tokens that a session keeps.
#[derive(Debug)]
pub struct KeptTokens {
    /// Buys the next identity.
    pub refresh: Option<SecretString>,
    /// The last ID token, which tells the provider at sign-out who leaves; kept only where there is room, or where it
    /// goes with requests.
    pub hint: Option<SecretString>,
    /// What the person should know of their groups, in sentences; so many of them as there is room for.
    pub notices: Vec<String>,
}

/// Why a session was not kept in cookies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotKept {
    /// The names of the groups are too long together.
    #[error(
        "the names of {groups} groups do not fit into the session’s cookies (about 9,000 bytes fit); the provider should \
         send only the groups that matter here"
    )]
    Groups {
        /// How many there are.
        groups: usize,
    },
    /// The tokens are too long together, and the ID token is needed for every request.
    #[error(
        "the provider’s tokens do not fit into the session’s cookies (about 5,900 bytes fit), and the ID token is needed \
         for every request; the provider should put less into it"
    )]
    IdToken,
    /// The provider confirmed somebody else.
    #[error("the provider answered for another user than the one who is signed in")]
    SomebodyElse,
}

#[derive(Clone, Serialize, Deserialize)]
struct SealedTokens {
    id: SessionId,
    refresh: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    hint: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    notices: Vec<String>,
}

impl Sessions {
    /// How many cookies the tokens may fill.
    pub(super) const TOKEN_PARTS: usize = 2;
    /// How many bytes of what the person should know of their groups are kept.
    const NOTICES: usize = 600;

    /// Opens a session for somebody who came back from the provider, with a new number; the values of the `Set-Cookie`
    /// headers are returned with it.
    pub fn open_oidc(
        &self,
        signed: &SignedIn,
        begins: impl Into<Beginning>,
    ) -> Result<(Session, Vec<String>), NotKept> {
        let Beginning { now, dated } = begins.into();
        let lifetime = signed.lifetime.min(Self::OLDEST);
        let session = Session {
            id: fresh(),
            identity: signed.identity.clone(),
            method: Method::Oidc,
            started: dated,
            ends: now + lifetime,
            idle_ends: now + self.limits.idle,
            expires: Some(signed.expires),
            stale: false,
            fingerprint: None,
        };
        let mut cookies = self.seal_signed(&session, signed, now)?;
        cookies.push(self.seal_mark(&session, now));
        Ok((session, cookies))
    }

    /// Gives a session the identity that a refresh or a silent round brought; its number and when it ends do not change,
    /// and neither is any activity. The values of the `Set-Cookie` headers are returned with it.
    pub fn renew(
        &self,
        session: &Session,
        signed: &SignedIn,
        now: SystemTime,
    ) -> Result<(Session, Vec<String>), NotKept> {
        if session.identity.user() != signed.identity.user() {
            return Err(NotKept::SomebodyElse);
        }
        let renewed = Session {
            identity: signed.identity.clone(),
            expires: Some(signed.expires),
            stale: false,
            ..session.clone()
        };
        let cookies = self.seal_signed(&renewed, signed, now)?;
        Ok((renewed, cookies))
    }

    /// The provider's tokens that a request's `Cookie` header brings for `session`.
    pub fn tokens(&self, header: &str, session: &Session) -> Option<KeptTokens> {
        let kept: SealedTokens = self.cookies.unseal(header, &self.tokens).ok()?;
        (kept.id == session.id).then(|| KeptTokens {
            refresh: kept.refresh.map(Into::into),
            hint: kept.hint.map(Into::into),
            notices: kept.notices,
        })
    }

    fn seal_signed(&self, session: &Session, signed: &SignedIn, now: SystemTime) -> Result<Vec<String>, NotKept> {
        let groups = session.identity.groups().count();
        let mut cookies = self.seal_identity(session, now).ok_or(NotKept::Groups { groups })?;
        cookies.extend(self.cookies.forget_parts(&self.identity, cookies.len(), Self::PARTS));
        let tokens = self.seal_tokens(session, signed, now)?;
        let used = tokens.len();
        cookies.extend(tokens);
        cookies.extend(self.cookies.forget_parts(&self.tokens, used, Self::TOKEN_PARTS));
        Ok(cookies)
    }

    /// The hint only if both fit into one cookie, unless it is needed; a refresh token that is too long even for itself is
    /// left out, and the identity is confirmed by silent rounds instead.
    fn seal_tokens(&self, session: &Session, signed: &SignedIn, now: SystemTime) -> Result<Vec<String>, NotKept> {
        let refresh = signed.refresh_token.as_ref().map(|token| token.expose_secret().to_owned());
        let hint = Some(signed.id_token.expose_secret().to_owned());
        let mut kept = SealedTokens { id: session.id, refresh, hint, notices: notices(signed) };
        let seal = |kept: &SealedTokens, parts| self.cookies.seal(&self.tokens, kept, left(session, now), parts);
        if let Ok(cookies) = seal(&kept, 1) {
            return Ok(cookies);
        }
        if self.keeps_id_tokens {
            let without_refresh = |_| seal(&SealedTokens { refresh: None, ..kept.clone() }, Self::TOKEN_PARTS);
            return seal(&kept, Self::TOKEN_PARTS).or_else(without_refresh).map_err(|_| NotKept::IdToken);
        }
        kept.hint = None;
        if let Ok(cookies) = seal(&kept, Self::TOKEN_PARTS) {
            return Ok(cookies);
        }
        kept.refresh = None;
        Ok(if kept.notices.is_empty() { Vec::new() } else { seal(&kept, 1).unwrap_or_default() })
    }
}

/// The first ones in full, and how many more there are.
fn notices(signed: &SignedIn) -> Vec<String> {
    let mut room = Sessions::NOTICES;
    let all = signed.notices.iter().map(|notice| cut(&notice.to_string(), Sessions::NOTICES / 2));
    let mut kept: Vec<_> = all
        .take_while(|notice| {
            let fits = notice.len() <= room;
            room = room.saturating_sub(notice.len());
            fits
        })
        .collect();
    let more = signed.notices.len() - kept.len();
    if more > 0 {
        kept.push(format!("{more} more like this"));
    }
    kept
}

#[cfg(test)]
mod tests;
