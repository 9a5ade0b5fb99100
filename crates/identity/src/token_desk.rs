use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use fanlight_model::{Holder, Token};
use futures_util::future::BoxFuture;
use tokio::{
    sync::Semaphore,
    time::{Instant, timeout},
};

use crate::{SourceError, throttle::Strangers};

/// Who knows whose a token is: the API server, asked with that token.
pub trait TokenReviews: Send + Sync + 'static {
    /// Whom the bearer is taken for; `None` if for nobody.
    fn who_holds(&self, token: &Token) -> BoxFuture<'static, Result<Option<Holder>, SourceError>>;
}

/// Where those are known again who bring a token that the API server takes. Cheap to clone.
///
/// Answers are kept for half a minute, by the digests of the tokens.
#[derive(Clone)]
pub struct TokenDesk(Arc<Inner>);

struct Inner {
    reviews: Arc<dyn TokenReviews>,
    known: Mutex<HashMap<[u8; 32], Known>>,
    strangers: Strangers,
    /// Turns to ask; strangers need one of these few beside, so that they never take all.
    together: Semaphore,
    together_strangers: Semaphore,
}

/// What was said of a token.
#[derive(Clone)]
struct Known {
    said: Said,
    asked: Instant,
}

#[derive(Clone)]
enum Said {
    Held(Holder),
    Unknown,
    /// It found no place among those of its user, and one may be free at that time.
    Crowded {
        until: Instant,
    },
}

/// Why a token does not count.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotHeld {
    /// The API server takes its bearer for nobody.
    #[error("the API server does not know the token")]
    Unknown,
    /// There are too many other tokens of the same user.
    #[error("this user brings too many different tokens at a time; wait {} s", wait.as_secs().max(1))]
    Crowded {
        /// How long to wait.
        wait: Duration,
    },
    /// Too many unknown tokens have come from there.
    #[error("too many unknown tokens came from this address; wait {} s", wait.as_secs().max(1))]
    Throttled {
        /// How long to wait.
        wait: Duration,
    },
    /// The API server did not say; its words, or why there are none.
    #[error("{0}")]
    Unanswered(String),
}

impl NotHeld {
    fn too_late() -> Self {
        Self::Unanswered("the API server did not answer in time".to_owned())
    }
}

impl Known {
    /// How long it is believed whose a token is.
    const TRUST: Duration = Duration::from_secs(30);
    /// The same that a token is nobody's: it may just have been made.
    const DISTRUST: Duration = Duration::from_secs(10);
    /// For how long a token takes one of its user's places: longer than [`TRUST`](Self::TRUST), so that one which is in
    /// use, and asked about again and again, never loses it in between.
    const PLACE: Duration = Duration::from_secs(60);
    /// How long somebody is remembered as no stranger.
    const MEMORY: Duration = Duration::from_secs(600);

    fn is_fresh(&self, now: Instant) -> bool {
        let limit = match self.said {
            Said::Held(_) => Self::TRUST,
            Said::Unknown => Self::DISTRUST,
            // Not longer than a token is believed to be somebody's: it may be nobody's by then.
            Said::Crowded { until } => until.duration_since(self.asked).min(Self::TRUST),
        };
        now.duration_since(self.asked) < limit
    }

    fn is_of_use(&self, now: Instant) -> bool {
        if self.holder().is_some() { now.duration_since(self.asked) < Self::MEMORY } else { self.is_fresh(now) }
    }

    fn holder(&self) -> Option<&Holder> {
        match &self.said {
            Said::Held(holder) => Some(holder),
            Said::Unknown | Said::Crowded { .. } => None,
        }
    }

    fn verdict(self) -> Result<Holder, NotHeld> {
        match self.said {
            Said::Held(holder) => Ok(holder),
            Said::Unknown => Err(NotHeld::Unknown),
            Said::Crowded { until } => Err(NotHeld::Crowded { wait: until.duration_since(Instant::now()) }),
        }
    }
}

impl TokenDesk {
    /// How many tokens are remembered: some hundred kilobytes of them, and more where the tokens are large.
    const MOST: usize = 1000;
    /// How many tokens of one user may be in use at a time. Each is somebody of their own, with rights to be asked about,
    /// and who may make tokens makes as many as they like.
    const MOST_OF_ONE: usize = 50;
    /// How many questions at a time.
    const TOGETHER: usize = 8;
    /// How many of them about tokens that nobody has vouched for.
    const STRANGERS: usize = 4;
    /// How long an answer is waited for, the turn included.
    const PATIENCE: Duration = Duration::from_secs(10);

    /// A desk that asks `reviews`.
    pub fn new(reviews: Arc<dyn TokenReviews>) -> Self {
        Self(Arc::new(Inner {
            reviews,
            known: Mutex::default(),
            strangers: Strangers::new(),
            together: Semaphore::new(Self::TOGETHER),
            together_strangers: Semaphore::new(Self::STRANGERS),
        }))
    }

    /// Whose a token is that came from an address.
    pub async fn holder(&self, token: &Token, from: IpAddr) -> Result<Holder, NotHeld> {
        let was = self.recall(token);
        if let Some(known) = was.clone().filter(|known| known.is_fresh(Instant::now())) {
            return known.verdict();
        }
        let is_stranger = was.is_none_or(|known| known.holder().is_none());
        if !is_stranger {
            return self.ask(token).await;
        }
        self.0.strangers.attempt(from, Instant::now()).map_err(|wait| NotHeld::Throttled { wait })?;
        let verdict = self.ask_about_stranger(token).await;
        if !matches!(verdict, Err(NotHeld::Unknown | NotHeld::Crowded { .. })) {
            self.0.strangers.give_back(from);
        }
        verdict
    }

    /// Whose a token is that the identity provider has vouched for: it is not one of those that anybody makes up, so
    /// whatever such ones do does not hold it up.
    pub async fn holder_vouched_for(&self, token: &Token) -> Result<Holder, NotHeld> {
        self.lately(token).await
    }

    /// Whether a token that somebody had is still theirs; `true` while the API server does not say.
    pub async fn still_holds(&self, holder: &Holder) -> bool {
        match self.lately(holder.token()).await {
            Ok(now) => now == *holder,
            Err(NotHeld::Unknown) => false,
            Err(NotHeld::Throttled { .. } | NotHeld::Crowded { .. } | NotHeld::Unanswered(_)) => true,
        }
    }

    /// Somebody by the names that the API server has for them, or as they are, if it does not say.
    pub async fn known_again(&self, holder: &Holder) -> Holder {
        self.lately(holder.token()).await.unwrap_or_else(|_| holder.clone())
    }

    /// What was said of a token lately, or is said now.
    async fn lately(&self, token: &Token) -> Result<Holder, NotHeld> {
        match self.recall(token).filter(|known| known.is_fresh(Instant::now())) {
            Some(known) => known.verdict(),
            None => self.ask(token).await,
        }
    }

    async fn ask_about_stranger(&self, token: &Token) -> Result<Holder, NotHeld> {
        let asking = async {
            let _turn = self.0.together_strangers.acquire().await;
            self.ask_in_turn(token).await
        };
        timeout(Self::PATIENCE, asking).await.unwrap_or_else(|_| Err(NotHeld::too_late()))
    }

    async fn ask(&self, token: &Token) -> Result<Holder, NotHeld> {
        timeout(Self::PATIENCE, self.ask_in_turn(token)).await.unwrap_or_else(|_| Err(NotHeld::too_late()))
    }

    async fn ask_in_turn(&self, token: &Token) -> Result<Holder, NotHeld> {
        let _turn = self.0.together.acquire().await;
        // Somebody may have asked in the meantime.
        if let Some(known) = self.recall(token).filter(|known| known.is_fresh(Instant::now())) {
            return known.verdict();
        }
        let asked = Instant::now();
        let holder = self.0.reviews.who_holds(token).await.map_err(|error| NotHeld::Unanswered(error.to_string()))?;
        let said = match holder {
            None => Said::Unknown,
            Some(holder) => match self.wait_for_place(&holder, asked) {
                None => Said::Held(holder),
                Some(wait) => Said::Crowded { until: asked + wait },
            },
        };
        let known = Known { said, asked };
        self.remember(token, known.clone());
        known.verdict()
    }

    /// How long to wait for a place for one more token of a user; `None` if there is one, or it has one.
    fn wait_for_place(&self, holder: &Holder, now: Instant) -> Option<Duration> {
        let left = |known: &Known| Known::PLACE.saturating_sub(now.saturating_duration_since(known.asked));
        let known = self.known();
        if known.get(holder.token().digest()).is_some_and(|known| known.holder().is_some() && !left(known).is_zero()) {
            return None;
        }
        let of_user = |known: &&Known| known.holder().is_some_and(|other| other.user() == holder.user());
        let taken: Vec<_> = known.values().filter(of_user).map(left).filter(|left| !left.is_zero()).collect();
        taken.iter().min().copied().filter(|_| taken.len() >= Self::MOST_OF_ONE)
    }

    fn recall(&self, token: &Token) -> Option<Known> {
        self.known().get(token.digest()).cloned()
    }

    fn remember(&self, token: &Token, news: Known) {
        let mut known = self.known();
        if known.len() >= Self::MOST && !known.contains_key(token.digest()) {
            known.retain(|_, known| known.is_of_use(news.asked));
            if known.len() >= Self::MOST {
                let oldest = known.iter().min_by_key(|(_, known)| known.asked).map(|(digest, _)| *digest);
                oldest.map(|digest| known.remove(&digest));
            }
        }
        known.insert(*token.digest(), news);
    }

    fn known(&self) -> MutexGuard<'_, HashMap<[u8; 32], Known>> {
        self.0.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;
