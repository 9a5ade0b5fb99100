use std::{
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use cookie::{Cookie, CookieJar, SameSite, time::Duration as CookieDuration};
use fanlight_model::{Identity, UserName};
use rand::Rng;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use sha2::{Digest, Sha256};

use crate::{Fingerprint, KeyRing, Method, NoSession, Session, SessionId};

/// Opens sessions and reads them again: they live in the browser, sealed (AES-256-GCM, bound to the cookie's name).
///
/// Two cookies: the identity, which is written once, and a small idle mark, which is written anew as pages are opened.
/// Cheap to clone.
#[derive(Clone)]
pub struct Sessions {
    keys: Arc<KeyRing>,
    limits: SessionLimits,
    secure: bool,
    identity: String,
    idle: String,
}

/// How long sessions last.
#[derive(Debug, Clone, Copy)]
pub struct SessionLimits {
    /// From sign-in to the end; more than 400 days count as 400, as browsers have it.
    pub absolute: Duration,
    /// Without any page being opened.
    pub idle: Duration,
}

/// How cookies are written.
#[derive(Debug, Clone)]
pub struct CookieRules {
    /// Whether the outside is https: then the cookies are `Secure` and bound to the host by their name.
    pub secure: bool,
    /// The route prefix: two Fanlights on one host have cookies of their own.
    pub base: String,
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
    /// Of [`Sealed`]: another release may write another one, and whoever brings that signs in again.
    const VERSION: u8 = 1;
    /// The longest cookie that browsers keep, name included, in bytes (RFC 6265 §6.1).
    const LONGEST: usize = 4096;
    /// The longest age that browsers grant a cookie (RFC 6265bis §5.5).
    const OLDEST: Duration = Duration::from_hours(400 * 24);

    /// Sessions sealed with `keys`.
    pub fn new(keys: Arc<KeyRing>, limits: SessionLimits, rules: &CookieRules) -> Self {
        let digest = Sha256::digest(rules.base.as_bytes());
        let [a, b, c, d, ..] = digest.0;
        // `__Host-` forces `Path=/`, so it is the name that tells two route prefixes apart.
        let prefix = if rules.secure { "__Host-" } else { "" };
        let identity = format!("{prefix}fanlight-{a:02x}{b:02x}{c:02x}{d:02x}");
        let idle = format!("{identity}-idle");
        let limits = SessionLimits { absolute: limits.absolute.min(Self::OLDEST), ..limits };
        Self { keys, limits, secure: rules.secure, identity, idle }
    }

    /// Opens a session; the values of the `Set-Cookie` headers are returned with it.
    pub fn open(
        &self,
        identity: Identity,
        method: Method,
        fingerprint: Option<Fingerprint>,
        now: SystemTime,
    ) -> (Session, Vec<String>) {
        let mut id = SessionId([0; 16]);
        rand::rng().fill_bytes(&mut id.0);
        let session = Session { id, identity, method, started: now, ends: now + self.limits.absolute, fingerprint };
        let sealed = Sealed {
            version: Self::VERSION,
            id,
            user: session.identity.user().as_str().to_owned(),
            groups: session.identity.groups().map(ToOwned::to_owned).collect(),
            method,
            started: seconds(now),
            ends: seconds(session.ends),
            fingerprint: session.fingerprint.clone(),
        };
        let mark = IdleMark { id, seen: seconds(now) };
        (session, vec![self.seal(&self.identity, &sealed), self.seal(&self.idle, &mark)])
    }

    /// The session that a request's `Cookie` header brings. Several such headers are joined with `; ` beforehand.
    pub fn read(&self, header: &str, now: SystemTime) -> Result<Session, NoSession> {
        let sealed: Sealed = self.unseal(header, &self.identity)?;
        let mark: IdleMark = self.unseal(header, &self.idle)?;
        if mark.id != sealed.id || sealed.version != Self::VERSION {
            return Err(NoSession::Broken);
        }
        if seconds(now) >= sealed.ends {
            return Err(NoSession::Ended);
        }
        if seconds(now) >= mark.seen.saturating_add(self.limits.idle.as_secs()) {
            return Err(NoSession::Idle);
        }
        let user = UserName::new(&sealed.user).map_err(|_| NoSession::Broken)?;
        let groups = sealed.groups.iter().map(String::as_str);
        Ok(Session {
            id: sealed.id,
            identity: Identity::new(user, groups).map_err(|_| NoSession::Broken)?,
            method: sealed.method,
            started: moment(sealed.started)?,
            ends: moment(sealed.ends)?,
            fingerprint: sealed.fingerprint,
        })
    }

    /// A new idle mark for somebody who opened a page, at most once a minute; `None` if the one they have will do. Not
    /// for what happens by itself, such as event streams.
    pub fn touch(&self, header: &str, session: &Session, now: SystemTime) -> Option<String> {
        let mark: IdleMark = self.unseal(header, &self.idle).ok()?;
        let due = seconds(now) >= mark.seen.saturating_add(Self::MARK);
        due.then(|| self.seal(&self.idle, &IdleMark { id: session.id, seen: seconds(now) }))
    }

    /// The values of the `Set-Cookie` headers that end the session in the browser.
    pub fn close(&self) -> Vec<String> {
        let empty = |name: &String| self.dress(Cookie::new(name.clone(), ""), Duration::ZERO);
        vec![empty(&self.identity), empty(&self.idle)]
    }

    fn seal(&self, name: &str, value: &impl Serialize) -> String {
        #[expect(clippy::expect_used, reason = "these are structures of numbers and texts, which JSON can express")]
        let text = serde_json::to_string(value).expect("JSON");
        let mut jar = CookieJar::new();
        jar.private_mut(self.keys.seals()).add(Cookie::new(name.to_owned(), text));
        let sealed = jar.get(name).map(Cookie::value).unwrap_or_default();
        self.dress(Cookie::new(name.to_owned(), sealed.to_owned()), self.limits.absolute)
    }

    fn dress(&self, mut cookie: Cookie<'static>, age: Duration) -> String {
        cookie.set_path("/");
        cookie.set_http_only(true);
        cookie.set_secure(self.secure);
        cookie.set_same_site(SameSite::Lax);
        cookie.set_max_age(CookieDuration::try_from(age).unwrap_or(CookieDuration::ZERO));
        cookie.to_string()
    }

    fn unseal<T: DeserializeOwned>(&self, header: &str, name: &str) -> Result<T, NoSession> {
        let sealed = Cookie::split_parse(header).flatten().find(|cookie| cookie.name() == name);
        let sealed = sealed.ok_or(NoSession::Absent)?;
        if name.len() + sealed.value().len() > Self::LONGEST {
            return Err(NoSession::Broken);
        }
        let mut jar = CookieJar::new();
        jar.add_original(sealed.into_owned());
        let opened = self.keys.opens().find_map(|key| jar.private(key).get(name));
        serde_json::from_str(opened.ok_or(NoSession::Broken)?.value()).map_err(|_| NoSession::Broken)
    }
}

fn seconds(time: SystemTime) -> u64 {
    time.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
}

fn moment(seconds: u64) -> Result<SystemTime, NoSession> {
    UNIX_EPOCH.checked_add(Duration::from_secs(seconds)).ok_or(NoSession::Broken)
}

#[cfg(test)]
mod tests;
