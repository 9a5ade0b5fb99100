//! Syncing one object: what it comes from first, then itself, then its controller's answer.

use std::{sync::Arc, time::Duration};

use fanlight_model::{Abilities, Action, Demand, Family, ObjectKey, Obstacle, Progress, Stage, Target};
use futures_util::future::join_all;
use http::StatusCode;
use tokio::time::{Instant, sleep};

use super::{Deed, demand_value, patience::Failure, words};

/// How the sync of an object ended.
#[derive(Debug, Clone)]
pub(super) enum Synced {
    /// It is not there.
    Missing(ObjectKey),
    /// Nobody answers requests about it; why.
    Mute(String),
    /// The controller has brought it up to date; in what words, and the artifact's revision if it has one.
    Done(String, Option<String>),
    /// Anything else.
    Not(Stage),
}

impl Synced {
    /// What has become of an object that a person named.
    pub(super) fn into_stage(self) -> Stage {
        match self {
            Synced::Missing(key) => Stage::Refused(format!("{key} does not exist")),
            Synced::Mute(why) => Stage::Refused(format!("Cannot be synced: {why}")),
            Synced::Done(text, _) => Stage::Done(text),
            Synced::Not(stage) => stage,
        }
    }
}

/// What the sources of an object brought.
#[derive(Default)]
struct Brought {
    /// The revision of the last one.
    revision: Option<String>,
    /// What should be said about them, beside that it worked.
    notes: Vec<String>,
}

impl Deed {
    /// What a controller may take beyond the object's own timeout: to notice, and to finish what it is at.
    const ANSWER: Duration = Duration::from_secs(60);
    /// The longest timeout of an object that is waited for.
    const TIMEOUT: Duration = Duration::from_secs(300);
    /// What each further object of the action adds: controllers work on a few at a time.
    const QUEUE: Duration = Duration::from_millis(250);
    /// How long something that should be there soon may keep an object back after its request was handled.
    const HELD_BACK: Duration = Duration::from_secs(40);

    pub(super) async fn sync(self: Arc<Self>, key: ObjectKey) -> Synced {
        if let Some(obstacle) = Obstacle::of_kind(key.kind) {
            return Synced::Mute(obstacle.to_string());
        }
        let before = match self.read(&key, Instant::now() + Self::REACH).await {
            Ok(object) => object,
            Err(failure) if failure.error.code() == Some(StatusCode::NOT_FOUND) => return Synced::Missing(key),
            Err(failure) => return Synced::Not(words::not_read(&key, &failure.error)),
        };
        let target = Target::new(&key, &before);
        match target.obstacle() {
            Some(Obstacle::Mute(why)) => return Synced::Mute(why.to_owned()),
            Some(obstacle) => return Synced::Not(Stage::Refused(format!("Cannot be synced: {obstacle}"))),
            None => {}
        }
        let is_for_helm = matches!(self.action, Action::Force { .. } | Action::Reset { .. });
        let obeys = Abilities::of(key.kind).force;
        if is_for_helm && !obeys && self.named.contains(&key) {
            return Synced::Not(Stage::Refused(format!("{} objects can be neither forced nor reset", key.kind)));
        }
        let brought = match self.sync_sources(&key, &target).await {
            Ok(brought) => brought,
            Err(stage) => return Synced::Not(stage),
        };
        let demand = Demand::new(&target, demand_value(), brought.revision);
        let demand = match self.action {
            // Of what a release comes from nothing more is asked than that it is up to date.
            _ if !obeys => demand,
            Action::Force { reset: true, .. } => demand.forcing().resetting(),
            Action::Force { .. } => demand.forcing(),
            Action::Reset { .. } => demand.resetting(),
            _ => demand,
        };
        if let Err(failure) = self.write(&key, &demand.patch()).await {
            return Synced::Not(words::not_written(&key, &failure.error));
        }
        self.tell(&key, Stage::Asked("Asked for; waiting for the controller".to_owned()));
        match self.follow(&key, &demand, self.patience(&target)).await {
            Synced::Done(text, revision) => Synced::Done(text + &brought.notes.concat(), revision),
            other => other,
        }
    }

    /// Syncs what the object comes from, if that was asked for; the error is what that means for the object.
    async fn sync_sources(self: &Arc<Self>, key: &ObjectKey, target: &Target<'_>) -> Result<Brought, Stage> {
        let mut brought = Brought::default();
        if !self.action.with_source() {
            return Ok(brought);
        }
        let sources =
            target.sources().map_err(|why| Stage::Refused(format!("Cannot be synced with its source: {why}")))?;
        if sources.is_empty() {
            return Ok(brought);
        }
        let names: Vec<_> = sources.iter().map(|source| source.key.to_string()).collect();
        self.tell(key, Stage::Asked(format!("Syncing first what it comes from: {}", names.join(", "))));
        let syncs = join_all(sources.iter().map(|source| self.synced(&source.key))).await;
        for (source, synced) in sources.iter().zip(syncs) {
            match synced {
                Synced::Done(_, revision) => brought.revision = revision,
                Synced::Mute(why) => brought.notes.push(format!(" (its source {} was not synced: {why})", source.key)),
                Synced::Missing(_) if source.made_on_demand => {}
                not => return Err(words::because_of(&source.key, not.into_stage())),
            }
        }
        Ok(brought)
    }

    /// How long the controller's answer is waited for.
    fn patience(&self, target: &Target<'_>) -> Duration {
        let others = u32::try_from(self.named.len()).unwrap_or(u32::MAX);
        Self::ANSWER + target.timeout().min(Self::TIMEOUT) + Self::QUEUE.saturating_mul(others)
    }

    /// Reads the object again and again until it is known how the request ended.
    async fn follow(&self, key: &ObjectKey, demand: &Demand, patience: Duration) -> Synced {
        let deadline = Instant::now() + patience;
        let mut pause = Self::SHORTEST;
        let mut said = String::new();
        let mut held_back_since = None;
        loop {
            sleep(pause).await;
            self.pace.lock().await.tick().await;
            if self.is_of_no_interest(key) {
                return Synced::Not(Stage::Unknown("Asked for; nobody waited for the answer".to_owned()));
            }
            pause = Self::longer(pause);
            let time_is_up = Instant::now() > deadline;
            let (news, verdict) = match self.read(key, Instant::now()).await {
                Err(Failure { error, is_certain: false }) => (Some(words::not_answering(&error)), words::away(&error)),
                Err(Failure { error, .. }) => return Synced::Not(words::lost_from_sight(key, &error)),
                Ok(object) => match demand.progress(&Target::new(key, &object)) {
                    Progress::Over(Stage::Done(text)) => {
                        let revision = Target::new(key, &object).artifact().map(str::to_owned);
                        return Synced::Done(text, revision);
                    }
                    Progress::Over(stage) => return Synced::Not(stage),
                    Progress::Open(doing) => (doing, words::unanswered(patience)),
                    Progress::Working(text) => (Some(text.clone()), words::unfinished(patience, &text)),
                    Progress::Waiting(text) => {
                        (Some(text.clone()), Stage::Failed(format!("Waits for a dependency: {text}")))
                    }
                    Progress::HeldBack(text) => {
                        let since = *held_back_since.get_or_insert_with(Instant::now);
                        if since.elapsed() > Self::HELD_BACK {
                            return Synced::Not(Stage::Failed(format!("Held back: {text}")));
                        }
                        (Some(text.clone()), Stage::Failed(format!("Held back: {text}")))
                    }
                },
            };
            if time_is_up {
                return Synced::Not(verdict);
            }
            if let Some(text) = news.filter(|text| *text != said) {
                said.clone_from(&text);
                self.tell(key, Stage::Asked(text));
            }
        }
    }

    /// Whether nobody listens any more, and nothing else that was asked for comes after it.
    fn is_of_no_interest(&self, key: &ObjectKey) -> bool {
        let others_wait = self.action.with_source() && key.kind.info().family == Family::Source;
        self.steps.is_closed() && !others_wait
    }
}
