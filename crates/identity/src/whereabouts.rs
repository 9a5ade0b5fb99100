use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::SystemTime,
};

use fanlight_model::Name;

use crate::{Ending, Method, Session, SessionId};

/// Where people are signed in, as far as this replica has seen them lately. Cheap to clone.
///
/// Sessions are in browsers, and nothing depends on this list: it lets people see their other sessions, and end one.
/// There is room for so many; who was not seen for longest makes place.
#[derive(Clone, Default)]
pub struct Whereabouts(Arc<Mutex<HashMap<SessionId, KnownSession>>>);

/// A session that was seen.
#[derive(Debug, Clone)]
pub struct KnownSession {
    /// Its number.
    pub id: SessionId,
    /// Whose it is.
    pub user: Name,
    /// How they signed in.
    pub method: Method,
    /// When they signed in.
    pub started: SystemTime,
    /// When it ends, whatever happens.
    pub ends: SystemTime,
    /// When it was last seen, and from where.
    pub seen: SystemTime,
    /// From where it was last seen.
    pub address: IpAddr,
    /// By which program, in words.
    pub browser: Arc<str>,
}

impl KnownSession {
    /// Its end.
    pub fn ending(&self) -> Ending {
        let Self { id, user, started, ends, .. } = self.clone();
        Ending::Session { id, user, started, ends }
    }
}

impl Whereabouts {
    /// So many are kept: a few hundred kilobytes.
    const MOST: usize = 1000;
    /// So many of one user.
    const MOST_OF_ONE: usize = 50;

    /// Takes down that a session was seen, from where and by which program.
    pub fn note(&self, session: &Session, address: IpAddr, browser: impl FnOnce() -> Arc<str>, now: SystemTime) {
        let mut all = self.lock();
        if let Some(known) = all.get_mut(&session.id) {
            (known.seen, known.address) = (now, address);
            return;
        }
        let user = session.identity.user();
        all.retain(|_, known| known.ends > now);
        let is_full = all.values().filter(|known| known.user == *user).count() >= Self::MOST_OF_ONE;
        if is_full || all.len() >= Self::MOST {
            let leaving = all.values().filter(|known| !is_full || known.user == *user).min_by_key(|known| known.seen);
            let leaving = leaving.map(|known| known.id);
            leaving.and_then(|id| all.remove(&id));
        }
        let known = KnownSession {
            id: session.id,
            user: user.clone(),
            method: session.method,
            started: session.started,
            ends: session.ends,
            seen: now,
            address,
            browser: browser(),
        };
        all.insert(session.id, known);
    }

    /// The sessions of a user, the one seen last first.
    pub fn of(&self, user: &Name, now: SystemTime) -> Vec<KnownSession> {
        let all = self.lock();
        let mut theirs: Vec<_> =
            all.values().filter(|known| known.user == *user && known.ends > now).cloned().collect();
        theirs.sort_by_key(|known| std::cmp::Reverse(known.seen));
        theirs
    }

    /// The session of a user that has this mark.
    pub fn find(&self, user: &Name, mark: &str) -> Option<KnownSession> {
        self.lock().values().find(|known| known.user == *user && known.id.mark() == mark).cloned()
    }

    /// Strikes out those that have ended.
    pub fn strike(&self, ended: impl Fn(&KnownSession) -> bool) -> Vec<SessionId> {
        self.lock().extract_if(|_, known| ended(known)).map(|(id, _)| id).collect()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<SessionId, KnownSession>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::{
        net::Ipv4Addr,
        time::{Duration, UNIX_EPOCH},
    };

    use fanlight_model::{Identity, UserName};

    use super::*;
    use crate::{CookieRules, KeyRing, SessionLimits, Sessions};

    fn at(seconds: u64) -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(1_000_000 + seconds)
    }

    fn sessions() -> Sessions {
        let limits = SessionLimits { emergency: Duration::from_secs(10_000), idle: Duration::from_secs(10_000) };
        let rules = CookieRules { secure: true, base: String::new() };
        Sessions::new(Arc::new(KeyRing::random()), limits, &rules)
    }

    fn name(user: &str) -> Name {
        UserName::new(user).expect("a name").name().clone()
    }

    fn open(user: &str, started: SystemTime) -> Session {
        sessions().open(Identity::of(UserName::new(user).expect("a name")), Method::Emergency, None, started).0
    }

    fn see(whereabouts: &Whereabouts, session: &Session, now: SystemTime) {
        whereabouts.note(session, Ipv4Addr::LOCALHOST.into(), || "Firefox".into(), now);
    }

    #[test]
    fn people_find_their_own_sessions_and_nobody_elses() {
        let whereabouts = Whereabouts::default();
        let [one, two, bob] = ["ann", "ann", "bob"].map(|user| open(user, at(0)));
        [&one, &two, &bob].into_iter().for_each(|session| see(&whereabouts, session, at(1)));
        see(&whereabouts, &one, at(2));
        let mine: Vec<_> = whereabouts.of(&name("ann"), at(3)).iter().map(|known| known.id).collect();
        assert_eq!(mine, [one.id, two.id], "the one seen last first");
        assert!(whereabouts.find(&name("ann"), &two.id.mark()).is_some());
        assert!(whereabouts.find(&name("ann"), &bob.id.mark()).is_none());
        assert_eq!(whereabouts.strike(|known| known.id == one.id), [one.id]);
        assert_eq!(whereabouts.of(&name("ann"), at(3)).len(), 1);
        assert!(whereabouts.of(&name("ann"), at(10_000)).is_empty(), "they are over");
    }

    #[test]
    fn there_is_room_for_so_many_and_nobody_takes_all_of_it() {
        let whereabouts = Whereabouts::default();
        let bob = open("bob", at(0));
        see(&whereabouts, &bob, at(0));
        for number in 0..200 {
            see(&whereabouts, &open("script", at(1)), at(1 + number));
        }
        assert_eq!(whereabouts.of(&name("script"), at(300)).len(), Whereabouts::MOST_OF_ONE);
        assert_eq!(whereabouts.of(&name("bob"), at(300)).len(), 1);
        for number in 0..2 * Whereabouts::MOST {
            see(&whereabouts, &open(&format!("user-{number}"), at(1)), at(400));
        }
        assert_eq!(whereabouts.lock().len(), Whereabouts::MOST);
    }
}
