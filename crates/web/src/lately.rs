use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use fanlight_model::{Controller, Identity};
use futures_util::future::BoxFuture;
use tokio::time::{Instant, timeout};

use crate::{ObjectError, Objects};

/// What was read a moment ago, for those in whose name it was read and for nobody else: so that the page which everybody
/// opens first costs the API server nothing when it is opened again.
#[derive(Default)]
pub struct Lately(Mutex<HashMap<Identity, (Instant, Controllers)>>);

type Controllers = Result<Arc<[Controller]>, ObjectError>;

impl Lately {
    /// How long an answer is used, or that there was none: like a grant, with whatever time it is shown never for half a
    /// minute.
    pub(crate) const HOLDS: Duration = Duration::from_secs(14);
    /// How long a refusal is believed, which shows nothing.
    const REFUSED: Duration = Duration::from_secs(60);
    /// How long an answer is waited for: everything else on the page is in memory.
    pub(crate) const PATIENCE: Duration = Duration::from_secs(2);
    /// For how many people at most anything is kept.
    const MOST: usize = 256;

    /// Flux's controllers, as this person may see them.
    pub(crate) async fn controllers(&self, objects: &dyn Objects, who: &Identity) -> Controllers {
        self.held_or(who, || objects.controllers(who)).await
    }

    async fn held_or(
        &self,
        who: &Identity,
        read: impl FnOnce() -> BoxFuture<'static, Result<Vec<Controller>, ObjectError>>,
    ) -> Controllers {
        let now = Instant::now();
        if let Some(held) = self.held(who, now) {
            return held;
        }
        let read = timeout(Self::PATIENCE, read()).await.unwrap_or_else(|_| {
            let within = Self::PATIENCE.as_secs();
            Err(ObjectError::Unanswered(format!("the API server did not answer within {within} seconds")))
        });
        let read: Controllers = read.map(Into::into);
        self.keep(who, now, read.clone());
        read
    }

    fn held(&self, who: &Identity, now: Instant) -> Option<Controllers> {
        let held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        held.get(who).filter(|(read, controllers)| is_good(*read, controllers, now)).map(|(_, held)| held.clone())
    }

    fn keep(&self, who: &Identity, now: Instant, controllers: Controllers) {
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        held.retain(|_, (read, controllers)| is_good(*read, controllers, now));
        if held.len() < Self::MOST || held.contains_key(who) {
            held.insert(who.clone(), (now, controllers));
        }
    }
}

fn is_good(read: Instant, controllers: &Controllers, now: Instant) -> bool {
    let holds = match controllers {
        Ok(_) | Err(ObjectError::Unanswered(_)) => Lately::HOLDS,
        Err(_) => Lately::REFUSED,
    };
    now.duration_since(read) < holds
}

#[cfg(test)]
mod tests {
    use fanlight_model::{Persona, UserName};
    use futures_util::{FutureExt, future::pending};

    use super::*;

    fn somebody(name: &str) -> Identity {
        let name = UserName::new(name).expect("a name");
        Identity::Impersonated(Persona::of(name))
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_is_used_for_a_moment_and_for_nobody_else() {
        let lately = Lately::default();
        let now = Instant::now();
        lately.keep(&somebody("ada"), now, Ok(Arc::from([])));
        lately.keep(&somebody("ben"), now, Err(ObjectError::Forbidden("no".to_owned())));
        assert!(lately.held(&somebody("ada"), now).is_some_and(|held| held.is_ok()));
        assert!(lately.held(&somebody("cleo"), now).is_none());
        let later = now + Lately::HOLDS;
        assert!(lately.held(&somebody("ada"), later).is_none());
        assert!(lately.held(&somebody("ben"), later).is_some_and(|held| held.is_err()));
    }

    #[tokio::test(start_paused = true)]
    async fn a_server_that_hangs_is_waited_for_once_and_not_for_long() {
        let lately = Lately::default();
        let began = Instant::now();
        let hung = lately.held_or(&somebody("ada"), || pending().boxed()).await;
        assert!(matches!(hung, Err(ObjectError::Unanswered(_))), "{hung:?}");
        assert_eq!(began.elapsed().as_secs(), Lately::PATIENCE.as_secs());
        let again = lately.held_or(&somebody("ada"), || unreachable!("it is remembered")).await;
        assert!(again.is_err());
        tokio::time::sleep(Lately::HOLDS).await;
        let later = lately.held_or(&somebody("ada"), || async { Ok(Vec::new()) }.boxed()).await;
        assert!(later.is_ok(), "and asked again");
    }

    #[tokio::test(start_paused = true)]
    async fn of_very_many_people_not_all_are_remembered() {
        let lately = Lately::default();
        let now = Instant::now();
        for number in 0..Lately::MOST + 5 {
            lately.keep(&somebody(&format!("user-{number}")), now, Ok(Arc::from([])));
        }
        assert_eq!(lately.0.lock().expect("unpoisoned").len(), Lately::MOST);
        lately.keep(&somebody("late"), now + Lately::HOLDS, Ok(Arc::from([])));
        assert_eq!(lately.0.lock().expect("unpoisoned").len(), 1);
    }
}
