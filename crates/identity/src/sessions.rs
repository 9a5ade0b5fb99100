mod oidc;

use std::{
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use fanlight_model::{Identity, UserName};
use rand::Rng;
use serde::{Deserialize, Serialize};

use crate::{
    Beginning, Fingerprint, KeyRing, Method, NoSession, Session, SessionId,
    cookies::{CookieRules, Cookies, seconds},
};

pub use oidc::{KeptTokens, NotKept};

/// Opens sessions and reads them again: they live in the browser, sealed (AES-256-GCM, bound to the cookie's name).
///
/// The identity is one value and a small idle mark, which is written anew as pages are opened, another; who signed in at
/// the provider has a third one with the tokens, which only signing in and refreshing write. Cheap to clone.
#[derive(Clone)]
pub struct Sessions {
    cookies: Cookies,
    limits: SessionLimits,
    identity: String,
    idle: String,
    tokens: String,
    keeps_id_tokens: bool,
}

/// How long sessions last.
#[derive(Debug, Clone, Copy)]
pub struct SessionLimits {
    /// From the emergency user's sign-in to the end; more than 400 days count as 400, as browsers have it. How long
    /// the provider's users stay is a matter of its settings.
    pub emergency: Duration,
    /// Without any page being opened.
    pub idle: Duration,
}

/// What the identity cookie says. Times in seconds since 1970.
#[derive(Serialize, Deserialize)]
struct Sealed {
    version: u8,
    id: SessionId,
    user: String,
    groups: Vec<String>,
    method: Method,
    started: u64,
    ends: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    expires: Option<u64>,
    fingerprint: Option<Fingerprint>,
}

/// What the idle mark says: when something was last done in which session.
#[derive(Serialize, Deserialize)]
struct IdleMark {
    id: SessionId,
    seen: u64,
}

impl Sessions {
    /// How often the idle mark is written anew, in seconds.
    const MARK: u64 = 60;
    /// How much longer than the provider said an identity is accepted: enough for a page to come back with a confirmed
    /// one.
    pub const GRACE: Duration = Duration::from_secs(60);
    /// Of [`Sealed`]: another release may write another one, and whoever brings that signs in again.
    const VERSION: u8 = 1;
    /// The longest age that browsers grant a cookie (RFC 6265bis §5.5).
    const OLDEST: Duration = Duration::from_hours(400 * 24);
    /// How many cookies an identity may fill: about nine thousand bytes of group names. All cookies of a request
    /// together must pass the proxies on the way.
    const PARTS: usize = 3;

    /// Sessions sealed with `keys`.
    pub fn new(keys: Arc<KeyRing>, limits: SessionLimits, rules: &CookieRules) -> Self {
        let cookies = Cookies::new(keys, rules);
        let identity = cookies.stem().to_owned();
        let [idle, tokens] = ["idle", "tokens"].map(|what| format!("{identity}-{what}"));
        let limits = SessionLimits { emergency: limits.emergency.min(Self::OLDEST), ..limits };
        Self { cookies, limits, identity, idle, tokens, keeps_id_tokens: false }
    }

    /// The same, and nobody comes in from the provider whose ID token cannot be kept: it goes with their requests.
    #[must_use]
    pub fn keeping_id_tokens(self) -> Self {
        Self { keeps_id_tokens: true, ..self }
    }

    /// Opens a session with a new number; the values of the `Set-Cookie` headers are returned with it.
    pub fn open(
        &self,
        identity: Identity,
        method: Method,
        fingerprint: Option<Fingerprint>,
        begins: impl Into<Beginning>,
    ) -> (Session, Vec<String>) {
        let Beginning { now, dated } = begins.into();
        let session = Session {
            id: fresh(),
            identity,
            method,
            started: dated,
            ends: now + self.limits.emergency,
            idle_ends: now + self.limits.idle,
            expires: None,
            stale: false,
            fingerprint,
        };
        // Nobody but the provider's users has so many groups that they would not fit.
        let mut cookies = self.seal_identity(&session, now).unwrap_or_default();
        cookies.push(self.seal_mark(&session, now));
        (session, cookies)
    }

    /// The session that a request's `Cookie` header brings. Several such headers are joined with `; ` beforehand.
    pub fn read(&self, header: &str, now: SystemTime) -> Result<Session, NoSession> {
        let session = self.read_run_out(header, now)?;
        let over = session.expires.and_then(|expires| now.duration_since(expires).ok());
        let run_out = over.is_some_and(|over| over >= Self::GRACE);
        if run_out { Err(NoSession::RunOut) } else { Ok(session) }
    }

    /// As [`read`](Self::read), though the identity may have run out: what a silent round at the provider goes on with.
    pub fn read_run_out(&self, header: &str, now: SystemTime) -> Result<Session, NoSession> {
        let sealed: Sealed = self.cookies.unseal(header, &self.identity)?;
        let mark: IdleMark = self.cookies.unseal(header, &self.idle)?;
        if mark.id != sealed.id || sealed.version != Self::VERSION {
            return Err(NoSession::Broken);
        }
        let idle_ends = mark.seen.saturating_add(self.limits.idle.as_secs());
        if seconds(now) >= sealed.ends {
            return Err(NoSession::Ended);
        }
        if seconds(now) >= idle_ends {
            return Err(NoSession::Idle);
        }
        sealed.open(moment(idle_ends)?, now)
    }

    /// A new idle mark for somebody who opened a page, at most once a minute; `None` if the one they have will do. Not
    /// for what happens by itself, such as event streams.
    pub fn touch(&self, header: &str, session: &Session, now: SystemTime) -> Option<String> {
        let mark: IdleMark = self.cookies.unseal(header, &self.idle).ok()?;
        // Who brings a token besides is somebody else: their mark would not fit the session in the browser.
        let due = mark.id == session.id && seconds(now) >= mark.seen.saturating_add(Self::MARK);
        due.then(|| self.seal_mark(session, now))
    }

    /// The values of the `Set-Cookie` headers that end the session in the browser.
    pub fn close(&self) -> Vec<String> {
        let mut cookies = vec![self.cookies.forget(&self.identity), self.cookies.forget(&self.idle)];
        cookies.extend(self.cookies.forget_parts(&self.identity, 1, Self::PARTS));
        cookies.extend(self.cookies.forget_parts(&self.tokens, 0, Self::TOKEN_PARTS));
        cookies
    }

    fn seal_identity(&self, session: &Session, now: SystemTime) -> Option<Vec<String>> {
        let sealed = Sealed {
            version: Self::VERSION,
            id: session.id,
            user: session.identity.user().as_str().to_owned(),
            groups: session.identity.groups().map(ToOwned::to_owned).collect(),
            method: session.method,
            started: seconds(session.started),
            ends: seconds(session.ends),
            expires: session.expires.map(seconds),
            fingerprint: session.fingerprint.clone(),
        };
        self.cookies.seal(&self.identity, &sealed, left(session, now), Self::PARTS).ok()
    }

    fn seal_mark(&self, session: &Session, now: SystemTime) -> String {
        let mark = IdleMark { id: session.id, seen: seconds(now) };
        let sealed = self.cookies.seal(&self.idle, &mark, left(session, now), 1);
        sealed.ok().and_then(|mut cookies| cookies.pop()).unwrap_or_default()
    }
}

impl Sealed {
    fn open(self, idle_ends: SystemTime, now: SystemTime) -> Result<Session, NoSession> {
        if !self.method.is_session() {
            return Err(NoSession::Broken);
        }
        let user = UserName::new(&self.user);
        // The provider's users may be service accounts, where that was allowed when they signed in.
        let user =
            if self.method == Method::Oidc { user.or_else(|_| UserName::service_account(&self.user)) } else { user };
        let user = user.map_err(|_| NoSession::Broken)?;
        let groups = self.groups.iter().map(String::as_str);
        let expires = self.expires.map(moment).transpose()?;
        Ok(Session {
            id: self.id,
            identity: Identity::new(user, groups).map_err(|_| NoSession::Broken)?,
            method: self.method,
            started: moment(self.started)?,
            ends: moment(self.ends)?,
            idle_ends,
            expires,
            stale: expires.is_some_and(|expires| now >= expires),
            fingerprint: self.fingerprint,
        })
    }
}

fn fresh() -> SessionId {
    let mut id = SessionId([0; 16]);
    rand::rng().fill_bytes(&mut id.0);
    id
}

/// How long the browser keeps the cookies of a session.
fn left(session: &Session, now: SystemTime) -> Duration {
    session.ends.duration_since(now).unwrap_or_default()
}

fn moment(seconds: u64) -> Result<SystemTime, NoSession> {
    UNIX_EPOCH.checked_add(Duration::from_secs(seconds)).ok_or(NoSession::Broken)
}

#[cfg(test)]
mod tests;
