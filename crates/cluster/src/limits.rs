//! What the server's own account may impersonate, and as whom people go before the API server because of that.
//!
//! Kubernetes refuses a request if one impersonated group is not allowed. So the server asks about its own rights: once
//! for its rules, which say at a glance that somebody is *not* allowed, and then about each name that is left.

mod disguise;
mod lore;
mod trial;

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError},
    time::Duration,
};

use fanlight_model::{Answer, Deed, Form, Guise, Identity, Kind, Persona, Rules, UserName, Verb};
use tokio::time::{Instant, sleep_until};

use crate::{ApiServer, ReadError, api_server::As};
use lore::Lore;

/// What is known of the server's own rights.
#[derive(Default)]
pub(crate) struct Limits {
    /// Locked while it is learnt.
    lore: tokio::sync::Mutex<Option<Arc<Lore>>>,
    guises: Mutex<HashMap<Persona, Known>>,
    told: OnceLock<Told>,
}

type Told = Box<dyn Fn(&Identity) + Send + Sync>;

#[derive(Clone)]
struct Known {
    guise: Arc<Guise>,
    /// When that was learnt which it rests on.
    learnt: Instant,
}

impl Limits {
    /// How long own rights are believed.
    const TRUST: Duration = Duration::from_secs(120);
    /// The same while somebody is kept out by them.
    const HOPE: Duration = Duration::from_secs(20);
    /// How soon they are asked again because a request was refused.
    const DOUBT: Duration = Duration::from_secs(2);
    /// How long a guise is remembered that nobody needs.
    const FORGET: Duration = Duration::from_secs(600);

    /// How long own rights are believed after a request was refused. Where the errand is what may not be done in anybody's
    /// name, other rights to be somebody would not help, and whoever repeats it must not have all of them asked anew.
    fn belief_after(refused: &ReadError) -> Duration {
        if refused.is_about_the_errand() { Self::TRUST } else { Self::DOUBT }
    }

    fn guises(&self) -> MutexGuard<'_, HashMap<Persona, Known>> {
        self.guises.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn known(&self, who: &Persona) -> Option<Known> {
        self.guises().get(who).cloned()
    }

    /// Notes a guise; who it changes for is told of, since their rights are others now.
    fn note(&self, who: &Persona, guise: &Arc<Guise>, learnt: Instant) {
        let known = Known { guise: Arc::clone(guise), learnt };
        let before = {
            let mut guises = self.guises();
            guises.retain(|_, known| known.learnt.elapsed() < Self::FORGET);
            guises.insert(who.clone(), known)
        };
        if before.as_ref().is_some_and(|before| before.guise == *guise) {
            return;
        }
        match &guise.face {
            None => {
                tracing::warn!(user = %who.user(), "the server’s account may impersonate neither this user nor any group of theirs");
            }
            Some(_) if !guise.left_out.is_empty() => {
                tracing::warn!(user = %who.user(), groups = ?guise.left_out, "groups are left out: the server’s account may not impersonate them");
            }
            Some(_) if before.is_some() => {
                tracing::info!(user = %who.user(), "nothing of this user is left out any more");
            }
            Some(_) => {}
        }
        if let (Some(_), Some(told)) = (before, self.told.get()) {
            told(&Identity::Impersonated(who.clone()));
        }
    }
}

impl ApiServer {
    /// Has `told` called with everybody who goes before the API server as somebody else than before, because the server's
    /// own rights have changed. To be set once.
    pub fn tell_of_new_guises(&self, told: impl Fn(&Identity) + Send + Sync + 'static) {
        let _ = self.limits().told.set(Box::new(told));
    }

    /// As whom somebody who is impersonated goes before the API server.
    pub async fn guise(&self, who: &Persona) -> Result<Arc<Guise>, ReadError> {
        let known = self.limits().known(who);
        let hopes = known.as_ref().is_some_and(|known| known.guise.face.is_none());
        let asked = Instant::now();
        let learnt = self.guise_by(who, asked, if hopes { Limits::HOPE } else { Limits::TRUST }).await;
        match (learnt, known) {
            (Ok(guise), _) => Ok(guise),
            // While the API server does not answer, the last answer holds.
            (Err(_), Some(known)) => Ok(known.guise),
            (Err(error), None) => Err(error),
        }
    }

    /// The same from what holds now, for somebody who was told that rights have been added. The server's own rights are
    /// asked about anew for that, which costs everybody who is here a few questions: so many who want it at once share the
    /// answer, and it is not had more often than doubt allows.
    pub async fn guise_anew(&self, who: &Persona) -> Result<Arc<Guise>, ReadError> {
        let asked = Instant::now();
        let learnt = self.limits().lore.lock().await.as_ref().map(|lore| lore.learnt);
        if let Some(learnt) = learnt {
            sleep_until(learnt + Limits::DOUBT).await;
        }
        self.guise_by(who, asked, Duration::ZERO).await
    }

    /// Whether a user of this name, without groups, may be impersonated; if that cannot be said, trying will tell.
    pub async fn may_impersonate(&self, user: &UserName) -> bool {
        let guise = self.guise(&Persona::of(user.clone())).await;
        guise.map_or(true, |guise| guise.face.as_ref().is_some_and(|face| face.person.is_none()))
    }

    /// In which form the server's own account may act for people, as far as its rules can be listed.
    pub async fn form(&self) -> Form {
        let lore = self.lore(Limits::TRUST).await;
        if lore.is_ok_and(|lore| lore.is_constrained()) { Form::UserInfo } else { Form::Classic }
    }

    /// The guise for a request.
    pub(crate) async fn guise_of(&self, who: &Persona, what: &str) -> Result<Arc<Guise>, ReadError> {
        let guise = self.guise(who).await?;
        if guise.face.is_none() {
            return Err(ReadError::Nobody { what: what.to_owned(), user: who.user().to_string() });
        }
        Ok(guise)
    }

    /// The guise in which a refused request may be tried again, if there is another one than that which was `worn`.
    pub(crate) async fn another_guise(
        &self,
        who: &Persona,
        worn: &Guise,
        refused: ReadError,
    ) -> Result<Arc<Guise>, ReadError> {
        let is_other = |guise: &Guise| guise.face.is_some() && guise.face != worn.face;
        match self.guise_by(who, Instant::now(), Limits::belief_after(&refused)).await {
            Ok(guise) if is_other(&guise) => return Ok(guise),
            Err(_) => return Err(refused),
            Ok(_) => {}
        }
        let Some(face) = &worn.face else { return Err(refused) };
        // What reviews cannot tell, trying does.
        let lore = self.lore(Limits::TRUST).await?;
        if !self.try_on(&lore, face).await? {
            return Err(refused);
        }
        let guise = Arc::new(self.disguise(&lore, who).await?);
        self.limits().note(who, &guise, lore.learnt);
        if is_other(&guise) { Ok(guise) } else { Err(refused) }
    }

    /// From what was learnt after somebody `asked`, or is not older than this.
    async fn guise_by(&self, who: &Persona, asked: Instant, oldest: Duration) -> Result<Arc<Guise>, ReadError> {
        let lore = self.lore_since(asked, oldest).await?;
        let known = || self.limits().known(who).filter(|known| known.learnt == lore.learnt).map(|known| known.guise);
        if let Some(guise) = known() {
            return Ok(guise);
        }
        // One after the other: what is asked for one is known for the others.
        let _turn = lore.turn.lock().await;
        if let Some(guise) = known() {
            return Ok(guise);
        }
        let guise = Arc::new(self.disguise(&lore, who).await?);
        self.limits().note(who, &guise, lore.learnt);
        Ok(guise)
    }

    async fn lore(&self, oldest: Duration) -> Result<Arc<Lore>, ReadError> {
        self.lore_since(Instant::now(), oldest).await
    }

    async fn lore_since(&self, asked: Instant, oldest: Duration) -> Result<Arc<Lore>, ReadError> {
        let mut slot = self.limits().lore.lock().await;
        let young = |lore: &&Arc<Lore>| lore.learnt >= asked || lore.learnt.elapsed() < oldest;
        if let Some(lore) = slot.as_ref().filter(young) {
            return Ok(Arc::clone(lore));
        }
        let learnt = Instant::now();
        let rules = match self.rules_review(As::Itself, self.namespace()).await {
            Ok(Rules::Complete(rules)) => Some(rules),
            Ok(_) | Err(ReadError::Refused { code: http::StatusCode::FORBIDDEN, .. }) => None,
            Err(error) => return Err(error),
        };
        let lore = Arc::new(Lore::new(learnt, rules));
        *slot = Some(Arc::clone(&lore));
        Ok(lore)
    }

    /// The right that the server's own account lacks to do this in the person's name, if it lacks one.
    pub(crate) async fn lacks(&self, who: &Identity, deed: &Deed) -> Option<Deed> {
        let guise = self.guise(As::Person(who).persona()?).await.ok()?;
        // Who cannot be impersonated is told so elsewhere, and has no answer to be doubted.
        self.lacks_in(guise.face.as_ref()?.form, deed).await
    }

    async fn lacks_in(&self, form: Form, deed: &Deed) -> Option<Deed> {
        let verb = form.verb_on(&deed.verb)?;
        let lore = self.lore(Limits::TRUST).await.ok()?;
        // In force everywhere or not at all: the chart binds such rights to the whole cluster.
        let own = Deed { verb, namespace: String::new(), name: String::new(), ..deed.clone() };
        let answer = self.own(&lore, own.clone()).await.ok()?;
        (answer == Answer::No).then_some(own)
    }

    /// What is left of a person's rules within the server's own rights.
    pub(crate) async fn usable(&self, who: &Identity, rules: Rules) -> Rules {
        let Some(persona) = As::Person(who).persona() else { return rules };
        let guise = self.guise(persona).await;
        let form = guise.as_ref().ok().and_then(|guise| guise.face.as_ref()).map(|face| face.form);
        let Some(form) = form.filter(|form| *form != Form::Classic) else { return rules };
        let mut usable = Vec::new();
        for kind in Kind::all().filter(|kind| self.served(*kind).is_some()) {
            let info = kind.info();
            for verb in Verb::ALL {
                let (group, resource) = (info.group.to_owned(), info.plural.to_owned());
                let deed = Deed { verb: verb.as_str().to_owned(), group, resource, ..Deed::default() };
                if self.lacks_in(form, &deed).await.is_none() {
                    usable.push((verb, kind));
                }
            }
        }
        rules.limited(|verb, kind| usable.contains(&(verb, kind)))
    }
}

#[cfg(test)]
mod tests {
    use http::StatusCode;

    use super::*;

    #[test]
    fn own_rights_are_doubted_if_somebody_cannot_be_impersonated_and_not_if_an_errand_cannot_be_run() {
        let refused = |verb: &str| {
            let account = "system:serviceaccount:fanlight:fanlight";
            let said = format!(
                r#"{{"message":"kustomizations.kustomize.toolkit.fluxcd.io is forbidden: User \"{account}\" cannot {verb} resource"}}"#
            );
            ReadError::refused("a list", StatusCode::FORBIDDEN, None, said.as_bytes())
        };
        for errand in ["impersonate-on:user-info:list", "impersonate-on:serviceaccount:patch"] {
            assert_eq!(Limits::belief_after(&refused(errand)), Limits::TRUST, "{errand}");
        }
        for face in ["impersonate", "impersonate:user-info", "list"] {
            assert_eq!(Limits::belief_after(&refused(face)), Limits::DOUBT, "{face}");
        }
    }
}
