use std::{collections::HashMap, time::SystemTime};

use fanlight_model::Name;

use crate::{SessionId, cookies::seconds, mark::Mark};

/// Which sessions were ended before their time. Times in seconds since 1970.
///
/// It only ever grows, apart from what is over anyway: two of them are joined, in whichever order, and say what either said.
/// Where there is too much of it, sessions that were ended one by one become a moment before which everything of their
/// user is ended: rather somebody signs in once more than that an ended session comes to life again.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Ledger {
    sessions: HashMap<Mark, EndedSession>,
    /// Up to which moment everything of a user is ended.
    users: HashMap<Mark, u64>,
    /// Up to which moment everything is ended; 0 for never.
    all: u64,
}

/// A session that was ended by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct EndedSession {
    pub(super) user: Mark,
    pub(super) started: u64,
    /// When it would have ended, whatever happens.
    pub(super) ends: u64,
}

/// One thing that it says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Entry {
    /// This session is ended.
    Session(Mark, EndedSession),
    /// Everything is ended that this user began up to this moment.
    User(Mark, u64),
    /// Everything is ended that anybody began up to this moment.
    All(u64),
}

impl Ledger {
    /// So many sessions, and so many users, are named at most: some 150 kB of text.
    pub(super) const MOST: usize = 1000;
    /// So many sessions of one user.
    pub(super) const MOST_OF_ONE: usize = 100;
    /// How long the ending of everything of a user is remembered: no cookie is older (RFC 6265bis §5.5).
    const KEPT: u64 = 400 * 24 * 3600;

    /// Whether a session is ended.
    pub(super) fn covers(&self, id: SessionId, user: &Name, started: SystemTime) -> bool {
        let nothing = self.all == 0 && self.users.is_empty() && self.sessions.is_empty();
        !nothing
            && (seconds(started) <= self.not_before(Mark::user(user.as_str()))
                || self.sessions.contains_key(&Mark::session(id)))
    }

    /// Up to which moment everything of a user is ended.
    pub(super) fn not_before(&self, user: Mark) -> u64 {
        self.users.get(&user).copied().unwrap_or_default().max(self.all)
    }

    /// The last moment up to which everything of anybody is ended.
    pub(super) fn latest(&self) -> u64 {
        self.users.values().copied().max().unwrap_or_default().max(self.all)
    }

    /// Takes in one more thing.
    pub(super) fn add(&mut self, entry: Entry) {
        match entry {
            Entry::Session(mark, session) => drop(self.sessions.insert(mark, session)),
            Entry::User(mark, before) => {
                let known = self.users.entry(mark).or_default();
                *known = before.max(*known);
            }
            Entry::All(before) => self.all = before.max(self.all),
        }
    }

    /// Takes in what another one says.
    pub(super) fn join(&mut self, other: &Ledger) {
        other.entries().for_each(|entry| self.add(entry));
    }

    /// Whether `other` says all of this, too.
    pub(super) fn is_within(&self, other: &Ledger) -> bool {
        self.entries().all(|entry| match entry {
            Entry::Session(mark, session) => {
                other.sessions.contains_key(&mark) || session.started <= other.not_before(session.user)
            }
            Entry::User(mark, before) => before <= other.not_before(mark),
            Entry::All(before) => before <= other.all,
        })
    }

    /// All that it says, in no order.
    pub(super) fn entries(&self) -> impl Iterator<Item = Entry> {
        let sessions = self.sessions.iter().map(|(mark, session)| Entry::Session(*mark, *session));
        let users = self.users.iter().map(|(mark, before)| Entry::User(*mark, *before));
        let all = (self.all > 0).then_some(Entry::All(self.all));
        sessions.chain(users).chain(all)
    }

    /// Forgets what is over or said twice, and makes room where there is too much.
    pub(super) fn tidy(&mut self, now: u64) {
        let all = self.all;
        self.users.retain(|_, before| *before > all && before.saturating_add(Self::KEPT) > now);
        self.drop_covered(now);
        while let Some(user) = self.overflowing() {
            self.collapse(user);
            self.drop_covered(now);
        }
        if self.users.len() > Self::MOST {
            let mut moments: Vec<_> = self.users.values().copied().collect();
            moments.sort_unstable();
            self.all = moments[moments.len() / 2];
            self.tidy(now);
        }
    }

    fn drop_covered(&mut self, now: u64) {
        let mut sessions = std::mem::take(&mut self.sessions);
        sessions.retain(|_, session| session.ends > now && session.started > self.not_before(session.user));
        self.sessions = sessions;
    }

    /// Whose sessions take too much room.
    fn overflowing(&self) -> Option<Mark> {
        let mut counts: HashMap<Mark, usize> = HashMap::new();
        for session in self.sessions.values() {
            *counts.entry(session.user).or_default() += 1;
        }
        let most = counts.into_iter().max_by_key(|(user, count)| (*count, *user));
        most.filter(|(_, count)| *count > Self::MOST_OF_ONE || self.sessions.len() > Self::MOST).map(|(user, _)| user)
    }

    /// The older half of a user's sessions becomes a moment.
    fn collapse(&mut self, user: Mark) {
        let mut starts: Vec<_> =
            self.sessions.values().filter(|session| session.user == user).map(|session| session.started).collect();
        starts.sort_unstable();
        if let Some(before) = starts.get(starts.len() / 2) {
            self.add(Entry::User(user, *before));
        }
    }
}

#[cfg(test)]
mod tests;
