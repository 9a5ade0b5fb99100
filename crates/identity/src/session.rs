//! Sessions that live in the browser, sealed.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use cookie::{Cookie, CookieJar, SameSite, time::Duration as CookieDuration};
use fanlight_model::{Identity, UserName};
use rand::Rng;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use std::sync::Arc;

use crate::{Fingerprint, KeyRing};

/// The number of a session.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct SessionId(pub [u8; 16]);

/// How somebody signed in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Method {
    /// As the emergency user.
    Emergency,
}

/// Somebody who is signed in.
#[derive(Debug, Clone)]
pub struct Session {
    /// Its number.
    pub id: SessionId,
    /// Whom the API server is told.
    pub identity: Identity,
    /// How they signed in.
    pub method: Method,
    /// When it ends, whatever happens.
    pub ends: SystemTime,
    /// The Secret that opened it, for the emergency user.
    pub fingerprint: Option<Fingerprint>,
}

/// How long sessions last.
#[derive(Debug, Clone)]
pub struct SessionLimits {
    /// From sign-in to the end.
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

/// Why a request has no session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NoSession {
    /// It brings none.
    #[error("not signed in")]
    Absent,
    /// What it brings was not sealed here.
    #[error("the session was not opened here")]
    Broken,
    /// Its time is over.
    #[error("the session has ended")]
    Ended,
    /// Nothing was done for too long.
    #[error("the session was idle for too long")]
    Idle,
}

/// Opens and seals sessions.
#[derive(Clone)]
pub struct Sessions {
    keys: Arc<KeyRing>,
    limits: SessionLimits,
    secure: bool,
    name: String,
}

#[derive(Serialize, Deserialize)]
struct Sealed {
    id: SessionId,
    user: String,
    groups: Vec<String>,
    method: Method,
    ends: u64,
    fingerprint: Option<Fingerprint>,
}

#[derive(Serialize, Deserialize)]
struct IdleMark {
    id: SessionId,
    seen: u64,
}

impl Sessions {
    /// How often the idle mark is written anew.
    const MARK: u64 = 60;

    /// Sessions sealed with `keys`.
    pub fn new(keys: Arc<KeyRing>, limits: SessionLimits, rules: &CookieRules) -> Self {
        let digest = Sha256::digest(rules.base.as_bytes());
        let [a, b, c, d, ..] = digest.0;
        let prefix = if rules.secure { "__Host-" } else { "" };
        let name = format!("{prefix}fanlight-{a:02x}{b:02x}{c:02x}{d:02x}");
        Self { keys, limits, secure: rules.secure, name }
    }

    /// Opens a session; the cookies to set are returned with it.
    pub fn open(
        &self,
        identity: Identity,
        method: Method,
        fingerprint: Option<Fingerprint>,
        now: SystemTime,
    ) -> (Session, Vec<String>) {
        let mut id = SessionId([0; 16]);
        rand::rng().fill_bytes(&mut id.0);
        let ends = now + self.limits.absolute;
        let sealed = Sealed {
            id,
            user: identity.user().as_str().to_owned(),
            groups: identity.groups().map(ToOwned::to_owned).collect(),
            method,
            ends: seconds(ends),
            fingerprint: fingerprint.clone(),
        };
        let mark = IdleMark { id, seen: seconds(now) };
        let cookies =
            [self.seal(&self.name, &sealed), self.seal(&self.idle_name(), &mark)].into_iter().flatten().collect();
        (Session { id, identity, method, ends, fingerprint }, cookies)
    }

    /// The session that a request's `Cookie` header brings.
    pub fn read(&self, header: &str, now: SystemTime) -> Result<Session, NoSession> {
        let sealed: Sealed = self.unseal(header, &self.name)?;
        let mark: IdleMark = self.unseal(header, &self.idle_name())?;
        if mark.id != sealed.id {
            return Err(NoSession::Broken);
        }
        if seconds(now) >= sealed.ends {
            return Err(NoSession::Ended);
        }
        if seconds(now) >= mark.seen + self.limits.idle.as_secs() {
            return Err(NoSession::Idle);
        }
        let user = UserName::new(&sealed.user).map_err(|_| NoSession::Broken)?;
        let groups = sealed.groups.iter().map(String::as_str);
        Ok(Session {
            id: sealed.id,
            identity: Identity::new(user, groups).map_err(|_| NoSession::Broken)?,
            method: sealed.method,
            ends: UNIX_EPOCH + Duration::from_secs(sealed.ends),
            fingerprint: sealed.fingerprint,
        })
    }

    /// A new idle mark for somebody who opened a page, once a minute.
    pub fn touch(&self, header: &str, session: &Session, now: SystemTime) -> Option<String> {
        let mark: IdleMark = self.unseal(header, &self.idle_name()).ok()?;
        let due = seconds(now) >= mark.seen + Self::MARK;
        due.then(|| self.seal(&self.idle_name(), &IdleMark { id: session.id, seen: seconds(now) }))?
    }

    /// Cookies that end the session in the browser.
    pub fn close(&self) -> Vec<String> {
        [self.name.clone(), self.idle_name()]
            .map(|name| self.dress(Cookie::new(name, ""), CookieDuration::ZERO).to_string())
            .to_vec()
    }

    fn idle_name(&self) -> String {
        format!("{}-idle", self.name)
    }

    fn seal(&self, name: &str, value: &impl Serialize) -> Option<String> {
        let mut jar = CookieJar::new();
        let text = serde_json::to_string(value).ok()?;
        jar.private_mut(self.keys.keys().first()?).add(Cookie::new(name.to_owned(), text));
        let age = CookieDuration::try_from(self.limits.absolute).ok()?;
        Some(self.dress(jar.get(name)?.clone(), age).to_string())
    }

    fn dress(&self, mut cookie: Cookie<'static>, age: CookieDuration) -> Cookie<'static> {
        cookie.set_path("/");
        cookie.set_http_only(true);
        cookie.set_secure(self.secure);
        cookie.set_same_site(SameSite::Lax);
        cookie.set_max_age(age);
        cookie
    }

    fn unseal<T: for<'a> Deserialize<'a>>(&self, header: &str, name: &str) -> Result<T, NoSession> {
        let sealed = Cookie::split_parse(header).flatten().find(|cookie| cookie.name() == name);
        let mut jar = CookieJar::new();
        jar.add_original(sealed.ok_or(NoSession::Absent)?.into_owned());
        let opened = self.keys.keys().iter().find_map(|key| jar.private(key).get(name));
        serde_json::from_str(opened.ok_or(NoSession::Broken)?.value()).map_err(|_| NoSession::Broken)
    }
}

impl std::fmt::Debug for SessionId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SessionId(…)")
    }
}

fn seconds(time: SystemTime) -> u64 {
    time.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sessions(keys: KeyRing, base: &str) -> Sessions {
        let limits = SessionLimits { absolute: Duration::from_secs(3600), idle: Duration::from_secs(1800) };
        Sessions::new(Arc::new(keys), limits, &CookieRules { secure: true, base: base.to_owned() })
    }

    fn dana() -> Identity {
        Identity::new(UserName::new("dana").expect("a name"), ["dev"]).expect("a group")
    }

    /// What a browser would send back.
    fn header(cookies: &[String]) -> String {
        cookies.iter().filter_map(|cookie| cookie.split(';').next()).collect::<Vec<_>>().join("; ")
    }

    #[test]
    fn a_session_comes_back_as_it_was_sealed_until_it_ends() {
        let sessions = sessions(KeyRing::random(), "");
        let now = UNIX_EPOCH + Duration::from_secs(1_000_000);
        let (_, cookies) = sessions.open(dana(), Method::Emergency, None, now);
        assert!(
            cookies.iter().all(|cookie| cookie.starts_with("__Host-")
                && cookie.contains("Secure")
                && cookie.contains("HttpOnly"))
        );
        let header = header(&cookies);
        assert_eq!(sessions.read(&header, now).expect("a session").identity, dana());
        assert_eq!(sessions.read(&header, now + Duration::from_secs(1800)).err(), Some(NoSession::Idle));
        assert_eq!(sessions.read(&header, now + Duration::from_secs(3600)).err(), Some(NoSession::Ended));
        assert_eq!(sessions.read("", now).err(), Some(NoSession::Absent));
    }

    #[test]
    fn what_was_not_sealed_here_does_not_open() {
        let now = UNIX_EPOCH + Duration::from_secs(1_000_000);
        let ours = sessions(KeyRing::random(), "");
        let (_, cookies) = ours.open(dana(), Method::Emergency, None, now);
        let header = header(&cookies);
        assert_eq!(sessions(KeyRing::random(), "").read(&header, now).err(), Some(NoSession::Broken));
        assert_eq!(sessions(KeyRing::random(), "/other").read(&header, now).err(), Some(NoSession::Absent));
        for place in header.find('=').expect("a value") + 1..header.find(';').expect("two cookies") {
            let mut bytes = header.clone().into_bytes();
            bytes[place] = if bytes[place] == b'A' { b'B' } else { b'A' };
            let tampered = String::from_utf8(bytes).expect("ASCII");
            assert!(tampered == header || ours.read(&tampered, now).is_err(), "at {place}");
        }
    }

    #[test]
    fn a_key_that_was_rotated_out_of_first_place_still_opens() {
        use base64::{Engine, engine::general_purpose::STANDARD};
        let now = UNIX_EPOCH + Duration::from_secs(1_000_000);
        let [old, new] = [STANDARD.encode([1; 32]), STANDARD.encode([2; 32])];
        let before = sessions(KeyRing::from_text(&old).expect("a key"), "");
        let (_, cookies) = before.open(dana(), Method::Emergency, None, now);
        let after = sessions(KeyRing::from_text(&format!("{new}\n{old}")).expect("two keys"), "");
        assert!(after.read(&header(&cookies), now).is_ok());
    }
}
