use std::{
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use cookie::{Cookie, CookieJar, SameSite, time::Duration as CookieDuration};
use serde::{Serialize, de::DeserializeOwned};
use sha2::{Digest, Sha256};

use crate::{KeyRing, NoSession};

/// How cookies are written.
#[derive(Debug, Clone)]
pub struct CookieRules {
    /// Whether the outside is https: then the cookies are `Secure` and bound to the host by their name.
    pub secure: bool,
    /// The route prefix: two Fanlights on one host have cookies of their own.
    pub base: String,
}

/// Writes values into sealed cookies (AES-256-GCM, bound to the cookie's name) and reads them again.
///
/// What is too long for one cookie goes into several: the first says how many there are (`3.…`; a sealed value itself
/// has no dot), the others are numbered by name. They are sealed as one, so parts of two values never make a third.
#[derive(Clone)]
pub(crate) struct Cookies {
    keys: Arc<KeyRing>,
    secure: bool,
    stem: String,
}

/// A value does not fit into the cookies it may fill.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TooLong;

impl Cookies {
    /// The longest cookie that browsers keep, name included, in bytes (RFC 6265 §6.1).
    const LONGEST: usize = 4096;

    pub(crate) fn new(keys: Arc<KeyRing>, rules: &CookieRules) -> Self {
        let digest = Sha256::digest(rules.base.as_bytes());
        let [a, b, c, d, ..] = digest.0;
        // `__Host-` forces `Path=/`, so it is the name that tells two route prefixes apart.
        let prefix = if rules.secure { "__Host-" } else { "" };
        Self { keys, secure: rules.secure, stem: format!("{prefix}fanlight-{a:02x}{b:02x}{c:02x}{d:02x}") }
    }

    /// How the names of all these cookies begin.
    pub(crate) fn stem(&self) -> &str {
        &self.stem
    }

    /// `value` sealed into at most `parts` cookies; the values of the `Set-Cookie` headers.
    pub(crate) fn seal(
        &self,
        name: &str,
        value: &impl Serialize,
        age: Duration,
        parts: usize,
    ) -> Result<Vec<String>, TooLong> {
        #[expect(clippy::expect_used, reason = "these are structures of numbers and texts, which JSON can express")]
        let text = serde_json::to_string(value).expect("JSON");
        let mut jar = CookieJar::new();
        jar.private_mut(self.keys.current().seals()).add(Cookie::new(name.to_owned(), text));
        let sealed = jar.get(name).map(Cookie::value).unwrap_or_default();
        if name.len() + sealed.len() <= Self::LONGEST {
            return Ok(vec![self.dress(name.to_owned(), sealed.to_owned(), age)]);
        }
        // Room for the number of parts in the first value and for the number in the others' names.
        let room = Self::LONGEST - name.len() - 3;
        let count = sealed.len().div_ceil(room);
        if count > parts.min(9) {
            return Err(TooLong);
        }
        let mut cookies = Vec::with_capacity(count);
        let mut rest = sealed;
        for number in 0..count {
            let (part, tail) = rest.split_at(rest.len().min(room));
            let part = if number == 0 { format!("{count}.{part}") } else { part.to_owned() };
            cookies.push(self.dress(part_name(name, number), part, age));
            rest = tail;
        }
        Ok(cookies)
    }

    /// The value that a `Cookie` header brings under `name`.
    pub(crate) fn unseal<T: DeserializeOwned>(&self, header: &str, name: &str) -> Result<T, NoSession> {
        let first = find(header, name).ok_or(NoSession::Absent)?;
        let (count, start) = match first.split_once('.') {
            Some((count, start)) => (count.parse().map_err(|_| NoSession::Broken)?, start),
            None => (1, first),
        };
        if !(1..=9).contains(&count) {
            return Err(NoSession::Broken);
        }
        let mut sealed = start.to_owned();
        for number in 1..count {
            sealed.push_str(find(header, &part_name(name, number)).ok_or(NoSession::Broken)?);
        }
        if sealed.len() > count * Self::LONGEST {
            return Err(NoSession::Broken);
        }
        let mut jar = CookieJar::new();
        jar.add_original(Cookie::new(name.to_owned(), sealed));
        let keys = self.keys.current();
        let opened = keys.opens().find_map(|key| jar.private(key).get(name));
        serde_json::from_str(opened.ok_or(NoSession::Broken)?.value()).map_err(|_| NoSession::Broken)
    }

    /// The names in a `Cookie` header that begin with `start`.
    pub(crate) fn names<'a>(header: &'a str, start: &str) -> Vec<&'a str> {
        pairs(header).map(|(name, _)| name).filter(|name| name.starts_with(start)).collect()
    }

    /// How many bytes a `Cookie` header spends on `name`.
    pub(crate) fn size(header: &str, name: &str) -> usize {
        find(header, name).map_or(0, |value| name.len() + value.len() + 3)
    }

    /// The value of the `Set-Cookie` header that makes the browser forget `name`.
    pub(crate) fn forget(&self, name: &str) -> String {
        self.dress(name.to_owned(), String::new(), Duration::ZERO)
    }

    /// As [`forget`](Self::forget), for each of the parts numbered `from` to `parts`.
    pub(crate) fn forget_parts(&self, name: &str, from: usize, parts: usize) -> Vec<String> {
        (from..parts).map(|number| self.forget(&part_name(name, number))).collect()
    }

    fn dress(&self, name: String, value: String, age: Duration) -> String {
        let mut cookie = Cookie::new(name, value);
        cookie.set_path("/");
        cookie.set_http_only(true);
        cookie.set_secure(self.secure);
        cookie.set_same_site(SameSite::Lax);
        cookie.set_max_age(CookieDuration::try_from(age).unwrap_or(CookieDuration::ZERO));
        cookie.to_string()
    }
}

/// A moment as sealed values have it.
pub(crate) fn seconds(time: SystemTime) -> u64 {
    time.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
}

fn part_name(name: &str, number: usize) -> String {
    if number == 0 { name.to_owned() } else { format!("{name}-{number}") }
}

fn find<'a>(header: &'a str, name: &str) -> Option<&'a str> {
    pairs(header).find(|(found, _)| *found == name).map(|(_, value)| value)
}

fn pairs(header: &str) -> impl Iterator<Item = (&str, &str)> {
    header.split(';').filter_map(|pair| pair.trim().split_once('=')).map(|(name, value)| (name.trim(), value.trim()))
}
