mod standing;

use std::{net::IpAddr, sync::Arc, time::Duration};

use fanlight_model::{Identity, UserName};
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use tokio::{
    sync::{Mutex, Semaphore},
    time::{Instant, timeout},
};

use crate::{
    Allowance, CredentialSource, Fingerprint, KeyRing, SourceError, StoredCredential,
    password::Hash,
    throttle::{Attempt, Throttle},
};

use standing::Memory;
pub use standing::Standing;

/// Where the one emergency user signs in.
///
/// The Secret is read again at each attempt, so a changed password works at once. Cheap to clone.
#[derive(Clone)]
pub struct EmergencyDesk(Arc<Inner>);

struct Inner {
    source: Arc<dyn CredentialSource>,
    keys: Arc<KeyRing>,
    throttle: Throttle,
    check: Box<Check>,
    /// Turns at running bcrypt, which takes a core for a while.
    turns: Arc<Semaphore>,
    /// Locked while the Secret is read for it, so that many requests cause one look.
    memory: Mutex<Memory>,
}

/// Compares a password with a hash.
type Check = dyn Fn(&Hash, &[u8]) -> bool + Send + Sync;

/// Somebody who was let in.
#[derive(Debug)]
pub struct Admitted {
    /// Who they are for Kubernetes.
    pub identity: Identity,
    /// What opened the door.
    pub fingerprint: Fingerprint,
}

/// Why somebody was not let in.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Too many attempts.
    #[error("too many attempts; wait {} seconds", retry_after.as_secs() + 1)]
    Throttled {
        /// How long to wait.
        retry_after: Duration,
    },
    /// There is no emergency user.
    #[error("no emergency user is set up")]
    NotSetUp,
    /// The Secret cannot be read.
    #[error("the emergency user’s Secret cannot be read: {0}")]
    Unreadable(String),
    /// Name or password are wrong, or the Secret is of no use: outside, these look alike.
    #[error("incorrect user name or password")]
    Wrong,
}

/// A Secret that was read; each part is there or is of no use, and why.
struct Found {
    credential: StoredCredential,
    user: Result<UserName, &'static str>,
    hash: Result<Hash, &'static str>,
    /// Whether Kubernetes would let Fanlight act for the user.
    can_be: bool,
}

impl EmergencyDesk {
    /// So many run bcrypt at once: guessing must not stop the pages.
    const TURNS: usize = 2;
    /// How long to wait for a turn.
    const QUEUE: Duration = Duration::from_secs(10);
    /// Longer passwords are not even looked at; in bytes.
    const PASSWORD: usize = 4096;
    /// How old the knowledge of the Secret may be. With [`GLANCE`](Self::GLANCE), a changed Secret ends its sessions
    /// within ten seconds.
    const RECHECK: Duration = Duration::from_secs(5);
    /// How old it may be when it is about to end a session: another replica may know a newer Secret.
    const DOUBT: Duration = Duration::from_secs(1);
    /// How long requests that only need to know how things stand wait for the API server.
    const GLANCE: Duration = Duration::from_secs(3);
    /// How long somebody who signs in waits for the API server.
    const PATIENCE: Duration = Duration::from_secs(10);

    /// A desk that reads the Secret through `source`.
    pub fn new(source: Arc<dyn CredentialSource>, keys: Arc<KeyRing>) -> Self {
        Self::with_check(source, keys, Box::new(Hash::verify))
    }

    fn with_check(source: Arc<dyn CredentialSource>, keys: Arc<KeyRing>, check: Box<Check>) -> Self {
        let turns = Arc::new(Semaphore::new(Self::TURNS));
        Self(Arc::new(Inner { source, keys, throttle: Throttle::new(), check, turns, memory: Mutex::default() }))
    }

    /// Lets somebody in, or not. An unknown name and a Secret of no use take the same work as the right ones, so nothing
    /// can be learned from how long an answer takes.
    pub async fn sign_in(&self, name: &str, password: SecretString, from: IpAddr) -> Result<Admitted, Refusal> {
        let attempt: Attempt = self
            .0
            .throttle
            .attempt(from, name, Instant::now())
            .map_err(|retry_after| Refusal::Throttled { retry_after })?;
        let admitted = self.examine(name, password).await;
        match &admitted {
            Ok(_) => self.0.throttle.give_back(attempt),
            Err(Refusal::Unreadable(_) | Refusal::Throttled { .. }) => self.0.throttle.excuse(attempt),
            Err(Refusal::NotSetUp | Refusal::Wrong) => {}
        }
        admitted
    }

    /// What `from` has left of its attempts.
    pub fn allowance(&self, from: IpAddr) -> Allowance {
        self.0.throttle.allowance(from, Instant::now())
    }

    /// Whether the emergency user could sign in, as of the last few seconds.
    pub async fn standing(&self) -> Standing {
        let mut memory = self.0.memory.lock().await;
        self.refresh(&mut memory, Self::RECHECK).await;
        memory.standing()
    }

    /// The emergency user's name, as of the last few seconds; nobody else may be called that. An error if there may be one
    /// and nobody has said so far.
    pub async fn name(&self) -> Result<Option<UserName>, SourceError> {
        let mut memory = self.0.memory.lock().await;
        self.refresh(&mut memory, Self::RECHECK).await;
        memory.user()
    }

    /// Whether the Secret that opened a session is still the same, as of the last ten seconds. While the API server does
    /// not answer, its last answer holds: without it nothing is shown anyway.
    pub async fn still_valid(&self, fingerprint: &Fingerprint) -> bool {
        let mut memory = self.0.memory.lock().await;
        self.refresh(&mut memory, Self::RECHECK).await;
        if !memory.stands_by(fingerprint) {
            self.refresh(&mut memory, Self::DOUBT).await;
        }
        memory.stands_by(fingerprint)
    }

    async fn examine(&self, name: &str, password: SecretString) -> Result<Admitted, Refusal> {
        let at = Instant::now();
        let found = self.look(Self::PATIENCE).await.map_err(|error| Refusal::Unreadable(error.to_string()))?;
        self.0.memory.lock().await.learn(at, found.as_ref(), &self.0.keys);
        let found = found.ok_or(Refusal::NotSetUp)?;
        if let Some(why) = found.flaw() {
            tracing::warn!(why, "the emergency user’s Secret is of no use");
        }
        if password.expose_secret().len() > Self::PASSWORD {
            return Err(Refusal::Wrong);
        }
        let Found { credential, user, hash, can_be } = found;
        let whole = hash.is_ok();
        let right = self.verify(hash.unwrap_or_else(|_| Hash::stand_in()), password).await?;
        let user = user.ok().filter(|user| Sha256::digest(name).ct_eq(&Sha256::digest(user.as_str())).into());
        match user {
            Some(user) if whole && right && can_be => {
                Ok(Admitted { identity: Identity::of(user), fingerprint: Fingerprint::of(&credential, &self.0.keys) })
            }
            _ => Err(Refusal::Wrong),
        }
    }

    async fn verify(&self, hash: Hash, password: SecretString) -> Result<bool, Refusal> {
        let turn = timeout(Self::QUEUE, Arc::clone(&self.0.turns).acquire_owned()).await;
        let Ok(Ok(turn)) = turn else { return Err(Refusal::Throttled { retry_after: Self::QUEUE }) };
        let desk = Arc::clone(&self.0);
        let run = tokio::task::spawn_blocking(move || {
            // Held by the run itself: whoever hangs up must not make room for a third one.
            let _turn = turn;
            (desk.check)(&hash, password.expose_secret().as_bytes())
        });
        Ok(run.await.unwrap_or(false))
    }

    async fn refresh(&self, memory: &mut Memory, age: Duration) {
        if memory.is_younger(age, &self.0.keys) {
            return;
        }
        let at = Instant::now();
        match self.look(Self::GLANCE).await {
            Ok(found) => memory.learn(at, found.as_ref(), &self.0.keys),
            // The moment of the failure: those who waited for it must not each wait again.
            Err(why) => memory.fail(Instant::now(), why, &self.0.keys),
        }
    }

    async fn look(&self, patience: Duration) -> Result<Option<Found>, SourceError> {
        let read = timeout(patience, self.0.source.read()).await;
        let silence = |_| SourceError::Unanswered(format!("no answer within {} seconds", patience.as_secs()));
        let Some(mut found) = read.map_err(silence)??.map(Found::new) else { return Ok(None) };
        if let Ok(user) = &found.user {
            found.can_be = timeout(patience, self.0.source.can_be(user)).await.unwrap_or(true);
        }
        Ok(Some(found))
    }
}

impl Found {
    fn new(credential: StoredCredential) -> Self {
        Self { user: Self::user(&credential), hash: Self::hash(&credential), credential, can_be: true }
    }

    fn user(credential: &StoredCredential) -> Result<UserName, &'static str> {
        let name = credential.username.as_ref().ok_or("its key “username” is missing")?;
        let name = std::str::from_utf8(name.expose_secret()).map_err(|_| "its user name is not text")?;
        if name.starts_with("fanlight:") {
            return Err("its user name begins with “fanlight:”, which is kept for Fanlight’s own users");
        }
        UserName::new(name).map_err(|_| "its user name is empty or cannot be impersonated")
    }

    fn hash(credential: &StoredCredential) -> Result<Hash, &'static str> {
        let hash = credential.password.as_ref().ok_or("its key “password” is missing")?;
        Hash::parse(hash.expose_secret()).ok_or("its password is no bcrypt hash of cost 4 to 16")
    }

    /// Why nobody can sign in with it, if nobody can.
    fn flaw(&self) -> Option<&'static str> {
        self.user.as_ref().err().or(self.hash.as_ref().err()).copied()
    }
}

#[cfg(test)]
mod tests;
