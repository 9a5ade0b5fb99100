use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use rand::Rng;
use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq;

use crate::{
    KeyRing,
    cookies::{CookieRules, Cookies, seconds},
};

/// A sign-in that is going on: what the browser keeps, sealed, while its user is at the provider.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Pending {
    version: u8,
    pub(crate) state: String,
    pub(crate) nonce: String,
    /// Of PKCE: proves that who has the code also started the sign-in.
    pub(crate) verifier: String,
    /// Where to go afterwards: a path of our own.
    pub(crate) page: String,
    /// Whether nobody is to be asked anything.
    pub(crate) silent: bool,
    started: u64,
}

/// Keeps the sign-ins that are going on in cookies of their own, so that several tabs may sign in at once.
#[derive(Clone)]
pub(crate) struct PendingFlows {
    cookies: Cookies,
    stem: String,
}

/// Why nothing is known of a sign-in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NotPending {
    Unknown,
    Expired,
}

impl PendingFlows {
    /// So many are kept; the oldest make room.
    const MOST: usize = 8;
    /// Nor do they take more bytes than this together: proxies limit a request's headers.
    const ROOM: usize = 6000;
    /// How long somebody may take at the provider.
    const LIFETIME: Duration = Duration::from_mins(15);
    const VERSION: u8 = 1;
    /// The part of the state that names the cookie.
    const NAME: usize = 12;

    pub(crate) fn new(keys: Arc<KeyRing>, rules: &CookieRules) -> Self {
        let cookies = Cookies::new(keys, rules);
        let stem = format!("{}-flow-", cookies.stem());
        Self { cookies, stem }
    }

    /// Begins a sign-in; the values of the `Set-Cookie` headers that keep it, and make room for it, are returned too.
    pub(crate) fn begin(
        &self,
        header: &str,
        page: String,
        silent: bool,
        random: &mut impl Rng,
        now: SystemTime,
    ) -> (Pending, Vec<String>) {
        let pending = Pending::draw(page, silent, random, now);
        let name = self.name(&pending.state);
        // A page address is limited, so one cookie always has room.
        let kept = self.cookies.seal(&name, &pending, Self::LIFETIME, 1).unwrap_or_default();
        let size = kept.iter().map(String::len).sum();
        let mut cookies = self.make_room(header, size, now);
        cookies.extend(kept);
        (pending, cookies)
    }

    /// The sign-in that a callback's `state` belongs to.
    pub(crate) fn find(&self, header: &str, state: &str, now: SystemTime) -> Result<Pending, NotPending> {
        if !state.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte)) {
            return Err(NotPending::Unknown);
        }
        let pending = self.open(header, &self.name(state)).ok_or(NotPending::Unknown)?;
        if !pending.is_of(state) {
            return Err(NotPending::Unknown);
        }
        if pending.is_over(now) { Err(NotPending::Expired) } else { Ok(pending) }
    }

    /// The value of the `Set-Cookie` header that ends a sign-in: its state is valid once.
    pub(crate) fn forget(&self, pending: &Pending) -> String {
        self.cookies.forget(&self.name(&pending.state))
    }

    /// Drops what is over, and the oldest, until one more of `size` bytes fits.
    fn make_room(&self, header: &str, size: usize, now: SystemTime) -> Vec<String> {
        let names = Cookies::names(header, &self.stem);
        let mut live: Vec<(u64, &str)> = Vec::new();
        let mut dropped = Vec::new();
        for name in names {
            match self.open(header, name).filter(|pending| !pending.is_over(now)) {
                Some(pending) => live.push((pending.started, name)),
                None => dropped.push(self.cookies.forget(name)),
            }
        }
        live.sort_unstable_by(|one, other| other.cmp(one));
        let mut room = Self::ROOM.saturating_sub(size);
        for (place, (_, name)) in live.into_iter().enumerate() {
            let taken = Cookies::size(header, name);
            if place + 1 >= Self::MOST || taken > room {
                room = 0;
                dropped.push(self.cookies.forget(name));
            } else {
                room -= taken;
            }
        }
        dropped
    }

    fn open(&self, header: &str, name: &str) -> Option<Pending> {
        let pending: Pending = self.cookies.unseal(header, name).ok()?;
        (pending.version == Self::VERSION).then_some(pending)
    }

    fn name(&self, state: &str) -> String {
        format!("{}{}", self.stem, state.get(..Self::NAME).unwrap_or(state))
    }
}

impl Pending {
    /// A new one.
    pub(crate) fn draw(page: String, silent: bool, random: &mut impl Rng, now: SystemTime) -> Self {
        let mut draw = || {
            let mut bytes = [0; 32];
            random.fill_bytes(&mut bytes);
            URL_SAFE_NO_PAD.encode(bytes)
        };
        let [state, nonce, verifier] = [draw(), draw(), draw()];
        Self { version: PendingFlows::VERSION, state, nonce, verifier, page, silent, started: seconds(now) }
    }

    /// Whether an answer with this state belongs to it.
    pub(crate) fn is_of(&self, state: &str) -> bool {
        self.state.as_bytes().ct_eq(state.as_bytes()).into()
    }

    fn is_over(&self, now: SystemTime) -> bool {
        seconds(now) >= self.started.saturating_add(PendingFlows::LIFETIME.as_secs())
    }
}

#[cfg(test)]
mod tests;
