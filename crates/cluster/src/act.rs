//! Actions, in the person's name: one task for each object, so that what was asked for happens whoever is still looking.
//!
//! ```text
//!   act ── a task per object ──┬─ suspend, resume:  read ─► patch
//!                              └─ sync:  read ─► (its sources first, each once) ─► patch ─► read until handled
//!                                          │
//!                 at most 16 requests at once; repeated reads 25 a second at most, however many objects
//! ```
//!
//! The outcome is found by reading the object again, not by a watch: reading needs only the right that the action needs
//! anyway (`get`), and 500 watches would fill seven connections.

mod patience;
mod sync;
mod words;
mod workload;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use fanlight_model::{Action, Identity, ObjectKey, Plan, Stage, Step, Target};
use futures_util::{
    FutureExt, StreamExt,
    future::{BoxFuture, Shared},
    stream::{self, BoxStream},
};
use jiff::Timestamp;
use tokio::{
    sync::{Semaphore, mpsc},
    time::{Instant, Interval, MissedTickBehavior, interval},
};

use crate::ApiServer;
use sync::Synced;

/// One action on all its objects.
struct Deed {
    server: ApiServer,
    who: Identity,
    action: Action,
    by: String,
    /// The objects that the person named; others are only what these come from.
    named: BTreeSet<ObjectKey>,
    steps: mpsc::UnboundedSender<Step>,
    requests: Semaphore,
    /// When the next repeated read may be made.
    pace: tokio::sync::Mutex<Interval>,
    syncs: Mutex<BTreeMap<ObjectKey, Syncing>>,
}

/// A sync that is under way or over, for everybody who waits for it.
type Syncing = Shared<BoxFuture<'static, Synced>>;

/// The most objects of one action.
const OBJECTS: usize = 500;
/// The most requests of one action at a time.
const REQUESTS: usize = 16;
/// The pause between repeated reads, taking all objects of one action together.
const PACE: Duration = Duration::from_millis(40);

impl ApiServer {
    /// Does something to objects in the person's name and tells what becomes of each; ends when that is final for all.
    ///
    /// `by` is the name written down with a suspension. Dropping the stream ends only the watching: what was asked for
    /// happens nevertheless.
    pub fn act(&self, who: &Identity, action: &Action, keys: Vec<ObjectKey>, by: &str) -> BoxStream<'static, Step> {
        let named: BTreeSet<_> = keys.into_iter().collect();
        if named.len() > OBJECTS {
            let text =
                format!("Nothing was changed: {} objects are more than the {OBJECTS} of one action", named.len());
            let refused = move |key| Step { key, stage: Stage::Refused(text.clone()) };
            return stream::iter(named).map(refused).boxed();
        }
        let (steps, told) = mpsc::unbounded_channel();
        let mut pace = interval(PACE);
        pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let deed = Arc::new(Deed {
            server: self.clone(),
            who: who.clone(),
            action: action.clone(),
            by: by.to_owned(),
            named,
            steps,
            requests: Semaphore::new(REQUESTS),
            pace: tokio::sync::Mutex::new(pace),
            syncs: Mutex::default(),
        });
        for key in &deed.named {
            tokio::spawn(Arc::clone(&deed).settle(key.clone()));
        }
        stream::unfold(told, |mut told| async move { Some((told.recv().await?, told)) }).boxed()
    }
}

/// A value that no demand to reconcile had before: the time, as `flux` writes it.
fn demand_value() -> String {
    format!("{:.9}", Timestamp::now())
}

impl Deed {
    /// How long an API server that is away is waited for, before and while something is changed.
    const REACH: Duration = Duration::from_secs(30);

    async fn settle(self: Arc<Self>, key: ObjectKey) {
        let stage = match &self.action {
            Action::Sync { .. } | Action::Force { .. } | Action::Reset { .. } => self.synced(&key).await.into_stage(),
            Action::Suspend { comment } => {
                let plan = |target: &Target<'_>| target.suspend(&self.by, comment.as_deref());
                self.change(&key, plan, true).await
            }
            Action::Resume => self.change(&key, |target: &Target<'_>| target.resume(&demand_value()), false).await,
        };
        self.tell(&key, stage);
    }

    /// Suspends or resumes one object.
    async fn change(&self, key: &ObjectKey, plan: impl Fn(&Target<'_>) -> Plan, suspended: bool) -> Stage {
        let before = match self.read(key, Instant::now() + Self::REACH).await {
            Ok(object) => object,
            Err(failure) => return words::not_read(key, &failure.error),
        };
        let patch = match plan(&Target::new(key, &before)) {
            Plan::None(stage) => return stage,
            Plan::Patch(patch) => patch,
        };
        match self.write(key, &patch).await {
            // The API server drops fields that it does not know.
            Ok(now) if Target::new(key, &now).suspension().is_some() != suspended => {
                Stage::Failed("The API server accepted the change but the object stayed as it was".to_owned())
            }
            Ok(_) => {
                let done = if suspended { "Suspended" } else { "Resumed" };
                // Only before the change it can be told who sets the field.
                Stage::Done(match Target::new(key, &before).undoing() {
                    Some(undoing) => format!("{done}, but not for long. {undoing}"),
                    None => done.to_owned(),
                })
            }
            Err(failure) => words::not_written(key, &failure.error),
        }
    }

    /// The sync of one object, begun now unless it was before: what several objects come from is synced once.
    fn synced(self: &Arc<Self>, key: &ObjectKey) -> Syncing {
        let mut syncs = self.syncs.lock().unwrap_or_else(PoisonError::into_inner);
        let begin = || Arc::clone(self).sync(key.clone()).boxed().shared();
        syncs.entry(key.clone()).or_insert_with(begin).clone()
    }

    fn tell(&self, key: &ObjectKey, stage: Stage) {
        if self.named.contains(key) {
            // Nobody may be listening any more, and nothing depends on it.
            let _ = self.steps.send(Step { key: key.clone(), stage });
        }
    }
}

#[cfg(test)]
mod tests {
    use fanlight_model::{Kind, UserName};
    use kube::Config;

    use super::*;

    #[tokio::test]
    async fn more_objects_than_one_action_may_have_are_refused_without_asking_anybody() {
        let server = ApiServer::from_config(Config::new("https://127.0.0.1:1".parse().expect("an address")));
        let who = Identity::of(UserName::new("dana").expect("a plain name"));
        let key = |number| ObjectKey::new(Kind::KUSTOMIZATION, "apps", format!("shop-{number}"));
        let keys: Vec<_> = (0..=OBJECTS).map(key).collect();
        let steps = server.expect("a configuration").act(&who, &Action::Resume, keys, "dana");
        let steps: Vec<_> = steps.collect().await;
        assert_eq!(steps.len(), OBJECTS + 1);
        assert!(steps.iter().all(|step| matches!(step.stage, Stage::Refused(_))));
    }
}
