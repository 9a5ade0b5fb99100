use std::{net::IpAddr, sync::Arc, time::Duration};

use fanlight_model::{Identity, UserName};
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use tokio::{
    sync::{Mutex, Semaphore},
    time::{Instant, timeout},
};

use crate::{CredentialSource, Fingerprint, KeyRing, StoredCredential, password::Hash, throttle::Throttle};

/// Where the one emergency user signs in.
///
/// The Secret is read again at each attempt, so a changed password works at once. Cheap to clone.
#[derive(Clone)]
pub struct EmergencyDesk(Arc<Inner>);

struct Inner {
    source: Arc<dyn CredentialSource>,
    keys: Arc<KeyRing>,
    throttle: Throttle,
    /// bcrypt takes a core for a while: two at once, so that guessing does not stop the pages.
    bcrypts: Arc<Semaphore>,
    known: Mutex<Option<Known>>,
}

/// What the Secret was when last looked at.
struct Known {
    at: Instant,
    standing: Standing,
    fingerprint: Option<Fingerprint>,
}

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

/// Whether the emergency user could sign in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// Yes.
    Ready,
    /// There is no Secret.
    NotSetUp,
    /// The Secret is of no use; why, without its content.
    Unusable(&'static str),
    /// The Secret cannot be read; why.
    Unreadable(String),
}

impl EmergencyDesk {
    /// How old the knowledge of the Secret may be for sessions that it opened.
    const RECHECK: Duration = Duration::from_secs(9);
    const QUEUE: Duration = Duration::from_secs(10);
    /// Longer passwords are not even looked at.
    const PASSWORD: usize = 4096;

    /// A desk that reads the Secret through `source`.
    pub fn new(source: Arc<dyn CredentialSource>, keys: Arc<KeyRing>) -> Self {
        let bcrypts = Arc::new(Semaphore::new(2));
        Self(Arc::new(Inner { source, keys, throttle: Throttle::new(), bcrypts, known: Mutex::default() }))
    }

    /// Lets somebody in, or not. An unknown name takes the same work as a known one.
    pub async fn sign_in(&self, name: &str, password: SecretString, from: IpAddr) -> Result<Admitted, Refusal> {
        self.0.throttle.attempt(from, name).map_err(|retry_after| Refusal::Throttled { retry_after })?;
        let known = self.look().await;
        let (credential, standing) = match known {
            Ok(Some(credential)) => credential,
            Ok(None) => return Err(Refusal::NotSetUp),
            Err(why) => return Err(Refusal::Unreadable(why)),
        };
        let user = match standing {
            Ok((user, hash)) if password.expose_secret().len() <= Self::PASSWORD => {
                let right = self.verify(hash, password).await?;
                let same_name = Sha256::digest(name).ct_eq(&Sha256::digest(user.as_str()));
                (right && bool::from(same_name)).then_some(user).ok_or(Refusal::Wrong)?
            }
            Ok(_) => return Err(Refusal::Wrong),
            Err(why) => {
                tracing::warn!(why, "the emergency user’s Secret is of no use");
                return Err(Refusal::Wrong);
            }
        };
        Ok(Admitted { identity: Identity::of(user), fingerprint: Fingerprint::of(&credential, &self.0.keys) })
    }

    /// Whether the emergency user could sign in, as of the last few seconds.
    pub async fn standing(&self) -> Standing {
        let mut known = self.0.known.lock().await;
        self.refresh(&mut known, Duration::from_secs(4)).await;
        known.as_ref().map_or(Standing::NotSetUp, |known| known.standing.clone())
    }

    /// Whether the Secret that opened a session is still the same, as of the last ten seconds. While the API server does
    /// not answer, the last answer holds: without it nothing is shown anyway.
    pub async fn still_valid(&self, fingerprint: &Fingerprint) -> bool {
        let mut known = self.0.known.lock().await;
        self.refresh(&mut known, Self::RECHECK).await;
        known.as_ref().is_none_or(|known| match known.standing {
            Standing::Unreadable(_) if known.fingerprint.is_none() => true,
            _ => known.fingerprint.as_ref() == Some(fingerprint),
        })
    }

    async fn refresh(&self, known: &mut Option<Known>, age: Duration) {
        if known.as_ref().is_some_and(|known| known.at.elapsed() < age) {
            return;
        }
        let at = Instant::now();
        let (standing, fingerprint) = match self.look().await {
            Ok(None) => (Standing::NotSetUp, None),
            Ok(Some((credential, usable))) => {
                let standing = usable.map_or_else(Standing::Unusable, |_| Standing::Ready);
                (standing, Some(Fingerprint::of(&credential, &self.0.keys)))
            }
            Err(why) => (Standing::Unreadable(why), known.take().and_then(|known| known.fingerprint)),
        };
        *known = Some(Known { at, standing, fingerprint });
    }

    async fn look(&self) -> Result<Option<(StoredCredential, Usable)>, String> {
        let credential = self.0.source.read().await.map_err(|error| error.to_string())?;
        Ok(credential.map(|credential| {
            let usable = usable(&credential);
            (credential, usable)
        }))
    }

    async fn verify(&self, hash: Hash, password: SecretString) -> Result<bool, Refusal> {
        let busy = Refusal::Throttled { retry_after: Self::QUEUE };
        let turn = timeout(Self::QUEUE, Arc::clone(&self.0.bcrypts).acquire_owned()).await;
        let Ok(Ok(turn)) = turn else { return Err(busy) };
        let run = tokio::task::spawn_blocking(move || {
            let _turn = turn;
            hash.verify(password.expose_secret().as_bytes())
        });
        Ok(run.await.unwrap_or(false))
    }
}

type Usable = Result<(UserName, Hash), &'static str>;

fn usable(credential: &StoredCredential) -> Usable {
    let name = credential.username.as_ref().ok_or("its key “username” is missing")?;
    let name = std::str::from_utf8(name.expose_secret()).map_err(|_| "its user name is not text")?;
    let user = UserName::new(name).map_err(|_| "its user name is empty or cannot be impersonated")?;
    let hash = credential.password.as_ref().ok_or("its key “password” is missing")?;
    let hash = Hash::parse(hash.expose_secret()).ok_or("its password is no bcrypt hash of cost 4 to 16")?;
    Ok((user, hash))
}

#[cfg(test)]
mod tests;
