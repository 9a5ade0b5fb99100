//! Sessions that are ended before their time, in all replicas.
//!
//! ```text
//!   end ─► Ledger (here, at once) ─► record: one object ─► other replicas' ledgers ─► their streams and requests
//! ```

mod ledger;
mod record;

use std::{
    sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use fanlight_model::Name;
use futures_util::future::BoxFuture;
use tokio::{
    sync::{Mutex, Notify, watch},
    time::{Instant, sleep, timeout},
};

use crate::{
    Beginning, KeyRing, KnownSession, Session, SessionId, SourceError, cookies::seconds, key_ring::Keys, mark::Mark,
};
use ledger::{EndedSession, Entry, Ledger};
use record::Parsed;

/// Where the record of ended sessions is kept: one object that all replicas read and write.
pub trait RecordSource: Send + Sync + 'static {
    /// Reads the object; `None` if it is not there.
    fn read(&self) -> BoxFuture<'static, Result<Option<StoredRecord>, SourceError>>;

    /// Writes the object, unless it was changed since it was read; `false` if it was.
    fn write(&self, record: StoredRecord) -> BoxFuture<'static, Result<bool, SourceError>>;

    /// Ends when the object may be another one than the one read; within some minutes in any case.
    fn changed(&self, since: &StoredRecord) -> BoxFuture<'static, Result<(), SourceError>>;
}

/// The object as it was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredRecord {
    /// `metadata.uid`: an object made anew is another one.
    pub uid: String,
    /// Which state of it this is.
    pub version: String,
    /// What is written in it; empty at first.
    pub text: String,
}

/// Sessions that were ended before their time. Cheap to clone.
///
/// The sessions themselves are in browsers, so what is known of one that was ended is kept here until it would have ended
/// by itself. The record can be written by whoever may write the object, so each line is authenticated under the key ring,
/// and what was read once is remembered: lines that are taken out come back. If the object vanishes, what was in it is
/// not known any more, and everybody signs in again.
#[derive(Clone)]
pub struct Revocations(Arc<Inner>);

struct Inner {
    source: Option<Arc<dyn RecordSource>>,
    keys: Arc<KeyRing>,
    clock: fn() -> SystemTime,
    ledger: RwLock<Ledger>,
    news: watch::Sender<u64>,
    reach: watch::Sender<Reach>,
    /// Whether it is known what was ended before this replica began, as far as that can be known.
    known: watch::Sender<bool>,
    began: Instant,
    /// Which object was read last. Locked while it is read or written, so that one thing happens at a time.
    object: Mutex<Option<Object>>,
    /// Told when something could not be written down.
    again: Notify,
}

/// The object that was read last.
struct Object {
    uid: String,
    /// Whether it is known that it may be written.
    writable: bool,
    /// What was authenticated under older keys than these and has been written anew: once is enough for each thing, also
    /// where two replicas do not agree on which key is the older one.
    renewed: Option<(Arc<Keys>, Ledger)>,
}

/// How far the ending of a session reaches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reach {
    /// Every replica knows it in a moment.
    Everywhere,
    /// The other replicas do not know it; why.
    HereOnly(String),
}

/// What is ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ending {
    /// One session.
    Session {
        /// Its number.
        id: SessionId,
        /// Whose it is.
        user: Name,
        /// When it began.
        started: SystemTime,
        /// When it would end, whatever happens.
        ends: SystemTime,
    },
    /// Everything of one user that began up to this moment.
    User {
        /// Whose.
        user: Name,
        /// Up to which moment.
        before: SystemTime,
    },
}

impl Ending {
    /// The end of one session.
    pub fn of(session: &Session) -> Self {
        let user = session.identity.user().clone();
        Self::Session { id: session.id, user, started: session.started, ends: session.ends }
    }

    fn entry(&self) -> Entry {
        match self {
            Ending::Session { id, user, started, ends } => {
                let (started, ends) = (seconds(*started), seconds(*ends));
                Entry::Session(Mark::session(*id), EndedSession { user: Mark::user(user.as_str()), started, ends })
            }
            Ending::User { user, before } => Entry::User(Mark::user(user.as_str()), seconds(*before)),
        }
    }
}

impl Revocations {
    /// How long to wait after the object could not be watched, or something was not written down in time.
    const PAUSE: Duration = Duration::from_secs(1);
    /// How long to wait where there is no object, or it may not be read or written: ever longer, from this to that.
    const PATIENT: [Duration; 2] = [Duration::from_secs(5), Duration::from_secs(30)];
    /// The same where the API server gives no answer: sessions that were ended live on until it does.
    const HASTY: [Duration; 2] = [Duration::from_millis(500), Duration::from_secs(2)];
    /// How long a replica that just began counts as one that does not know what was ended. Not for ever: in an emergency
    /// an API server that answers everything else has to be looked at.
    const LENIENCE: Duration = Duration::from_secs(60);
    /// How long the one who ends a session waits for the API server.
    const PATIENCE: Duration = Duration::from_secs(3);
    /// How often to try again when others write at the same moment.
    const ATTEMPTS: usize = 8;
    /// By how much the clocks of replicas may differ, in seconds: what began on one that is ahead is ended as well.
    const SKEW: u64 = 5;

    /// Keeps the record through `source`; without one, what is ended is ended in this replica alone.
    pub fn new(source: Option<Arc<dyn RecordSource>>, keys: Arc<KeyRing>, clock: fn() -> SystemTime) -> Self {
        // Where there is no record, nothing is left to be read.
        let (is_known, reach) = match source {
            Some(_) => (false, "the record of ended sessions was not read so far"),
            None => (true, "no record of ended sessions is kept (--sessions-config-map is empty)"),
        };
        Self(Arc::new(Inner {
            source,
            keys,
            clock,
            ledger: RwLock::default(),
            news: watch::Sender::new(0),
            reach: watch::Sender::new(Reach::HereOnly(reach.to_owned())),
            known: watch::Sender::new(is_known),
            began: Instant::now(),
            object: Mutex::default(),
            again: Notify::new(),
        }))
    }

    /// Waits until the record was read for the first time or cannot be, but not for long: who was signed out should not be
    /// in again while a replica starts.
    pub async fn read_once(&self) {
        let _ = timeout(Self::PATIENCE, self.0.known.subscribe().wait_for(|known| *known)).await;
    }

    /// Whether it is known what was ended before this replica began. It counts as known, too, where nobody will say: there
    /// is no object or no right to it.
    pub fn is_known(&self) -> bool {
        *self.0.known.borrow()
    }

    /// Follows the record, for ever.
    pub async fn run(&self) {
        let Some(source) = &self.0.source else { return };
        let mut keys = self.0.keys.news();
        let mut pause = Duration::ZERO;
        loop {
            let stored = match self.look(&**source).await {
                Ok(Some(stored)) => stored,
                looked => {
                    let is_silent = matches!(looked, Err(SourceError::Unanswered(_)));
                    let [soon, late] = if is_silent { Self::HASTY } else { Self::PATIENT };
                    pause = (pause * 2).clamp(soon, late);
                    sleep(pause).await;
                    continue;
                }
            };
            pause = Duration::ZERO;
            tokio::select! {
                // Lines of an older key are written anew, before it is taken away.
                Ok(()) = keys.changed() => {}
                changed = source.changed(&stored) => {
                    if let Err(error) = changed {
                        tracing::debug!(%error, "the record of ended sessions cannot be watched");
                        sleep(Self::PAUSE).await;
                    }
                }
                () = self.0.again.notified() => sleep(Self::PAUSE).await,
            }
        }
    }

    /// Whether a session was ended.
    pub fn is_ended(&self, session: &Session) -> bool {
        self.ledger().covers(session.id, session.identity.user(), session.started)
    }

    /// Whether a session that was seen here was ended.
    pub fn is_known_to_be_over(&self, known: &KnownSession) -> bool {
        self.ledger().covers(known.id, &known.user, known.started)
    }

    /// How a user's session has to begin so that it is not ended already: dated with now, or a little later where clocks
    /// differ or where everything was ended this very second. It lasts no longer for that.
    pub fn beginning(&self, user: &Name, now: SystemTime) -> Beginning {
        let least = self.ledger().not_before(Mark::user(user.as_str())).saturating_add(1);
        let least = UNIX_EPOCH.checked_add(Duration::from_secs(least));
        Beginning { now, dated: least.map_or(now, |least| least.max(now)) }
    }

    /// Ends something: here at once, everywhere as soon as it is written down, which is waited for.
    pub async fn end(&self, ending: &Ending) -> Reach {
        self.add(match ending.entry() {
            Entry::User(user, before) => Entry::User(user, Self::past_all(before, self.ledger().not_before(user))),
            entry => entry,
        });
        let Some(source) = &self.0.source else { return self.reach() };
        match timeout(Self::PATIENCE, self.look(&**source)).await {
            Ok(Ok(_)) => {}
            // It has to be tried again soon, also while nobody else changes the record.
            Ok(Err(_)) => self.0.again.notify_one(),
            Err(_) => {
                let why = format!("the API server does not answer within {} seconds", Self::PATIENCE.as_secs());
                self.0.reach.send_replace(Reach::HereOnly(why));
                self.0.again.notify_one();
            }
        }
        self.reach()
    }

    /// How far the ending of a session would reach at this moment.
    pub fn reach(&self) -> Reach {
        self.0.reach.borrow().clone()
    }

    /// Wakes when more is ended than before.
    pub fn news(&self) -> watch::Receiver<u64> {
        self.0.news.subscribe()
    }

    /// Reads the record and takes in what it says; writes it, if it does not say all that is known here.
    async fn look(&self, source: &dyn RecordSource) -> Result<Option<StoredRecord>, SourceError> {
        let mut object = self.0.object.lock().await;
        let looked = self.exchange(source, &mut object).await;
        if let Err(SourceError::Unanswered(why)) = &looked {
            if !self.is_known() && self.0.began.elapsed() >= Self::LENIENCE {
                tracing::error!(
                    why,
                    "it is not known which sessions were ended: those may be used here until the record is read"
                );
                self.0.known.send_replace(true);
            }
        } else {
            self.0.known.send_replace(true);
        }
        let reach = match &looked {
            Ok(Some(_)) => Reach::Everywhere,
            Ok(None) => Reach::HereOnly("the object for the record of ended sessions is not there".to_owned()),
            Err(error) => Reach::HereOnly(error.to_string()),
        };
        self.0.reach.send_if_modified(|known| {
            let is_new = *known != reach;
            if let (true, Reach::HereOnly(why)) = (is_new, &reach) {
                tracing::warn!(why, "sessions can be ended in this replica only");
            }
            *known = reach;
            is_new
        });
        looked
    }

    async fn exchange(
        &self,
        source: &dyn RecordSource,
        object: &mut Option<Object>,
    ) -> Result<Option<StoredRecord>, SourceError> {
        for _ in 0..Self::ATTEMPTS {
            let Some(stored) = source.read().await? else {
                if object.take().is_some() {
                    self.vanished();
                }
                return Ok(None);
            };
            if object.take_if(|known| known.uid != stored.uid).is_some() {
                self.vanished();
            }
            let known =
                object.get_or_insert_with(|| Object { uid: stored.uid.clone(), writable: false, renewed: None });
            let parsed = record::parse(&stored.text, &self.0.keys, self.now());
            let keys = self.0.keys.current();
            known.renewed.take_if(|(under, _)| !Arc::ptr_eq(under, &keys));
            let (_, renewed) = known.renewed.get_or_insert_with(|| (keys, Ledger::default()));
            let is_old = !parsed.older.is_within(renewed);
            let text = self.take_in(&parsed, is_old, known.writable, &stored);
            self.0.known.send_replace(true);
            let Some(text) = text else { return Ok(Some(stored)) };
            // What was written is read back: then its version is known.
            if source.write(StoredRecord { text, ..stored }).await? {
                known.writable = true;
                renewed.join(&parsed.older);
                renewed.tidy(self.now());
            }
        }
        Err(SourceError::Unanswered("the record of ended sessions is written by others all the time".to_owned()))
    }

    /// The text that has to be written, if any: because something is missing, or its keys are old, or to see whether it may
    /// be written at all.
    fn take_in(&self, parsed: &Parsed, is_old: bool, writable: bool, stored: &StoredRecord) -> Option<String> {
        let now = self.now();
        let mut ledger = self.ledger_mut();
        let before = ledger.clone();
        ledger.join(&parsed.ledger);
        ledger.tidy(now);
        let (is_more, lacks) = (*ledger != before, is_old || !ledger.is_within(&parsed.ledger));
        let text = match (lacks, writable) {
            (true, _) => Some(record::write(&ledger, parsed, &self.0.keys)),
            (false, false) => Some(stored.text.clone()),
            (false, true) => None,
        };
        drop(ledger);
        if is_more {
            self.announce();
        }
        text
    }

    /// The object that was read before is gone, and with it what others have written there.
    fn vanished(&self) {
        tracing::warn!("the record of ended sessions has vanished: everybody has to sign in again");
        let latest = self.ledger().latest();
        self.add(Entry::All(Self::past_all(self.now(), latest)));
    }

    /// A moment past whatever has begun by `now`: also past what was dated after `ended`, see
    /// [`beginning`](Self::beginning).
    fn past_all(now: u64, ended: u64) -> u64 {
        now.saturating_add(Self::SKEW).max(ended.saturating_add(1))
    }

    fn add(&self, entry: Entry) {
        let now = self.now();
        {
            let mut ledger = self.ledger_mut();
            ledger.add(entry);
            ledger.tidy(now);
        }
        self.announce();
    }

    fn announce(&self) {
        self.0.news.send_modify(|count| *count += 1);
    }

    fn now(&self) -> u64 {
        seconds((self.0.clock)())
    }

    fn ledger(&self) -> RwLockReadGuard<'_, Ledger> {
        self.0.ledger.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn ledger_mut(&self) -> RwLockWriteGuard<'_, Ledger> {
        self.0.ledger.write().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;
