use std::{
    collections::HashMap,
    future::Future,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use anyhow::Context;
use jiff::Timestamp;
use kube::{Api, Client, api::DynamicObject, discovery::ApiResource};
use serde_json::Value;
use tokio::task::JoinSet;

use super::{
    Options,
    case::{Case, Verdict},
    desk::{Desk, Mark, recipe},
    perform::{Outcome, perform},
    plan::{Plan, REQUEUE, Step},
    recorder::Recorder,
    status::{Change, condition},
    watch::{self, Found},
    world::{Key, World, is_suspended},
};

/// Where everything that the stand-in knows and does comes together.
pub(super) struct Office {
    pub(super) client: Client,
    pub(super) recorder: Recorder,
    pace: f64,
    resources: HashMap<&'static str, ApiResource>,
    files: Mutex<Files>,
    tasks: Mutex<JoinSet<()>>,
}

/// What is known.
#[derive(Default)]
pub(super) struct Files {
    pub(super) world: World,
    desks: HashMap<Key, Desk>,
}

impl Office {
    /// Learns what is there, and attends to it from then on.
    pub(super) async fn open(client: Client, options: &Options) -> anyhow::Result<Arc<Self>> {
        let found = watch::discover(&client).await?;
        let resources = found.iter().map(|found| (found.kind, found.resource.clone())).collect();
        let office = Arc::new(Self {
            recorder: Recorder::new(client.clone()),
            client,
            pace: options.pace,
            resources,
            files: Mutex::default(),
            tasks: Mutex::default(),
        });
        let mut versions = Vec::new();
        for Found { resource, objects, version, .. } in found {
            let objects = objects.into_iter().map(|object| (Key::of(&object), Arc::new(object)));
            office.files().world.objects.extend(objects);
            versions.push((resource, version));
        }
        let (all, waiting) = office.files().begin();
        for (resource, version) in versions {
            office.spawn(watch::follow(Arc::clone(&office), resource, version));
        }
        for key in all {
            Self::consider(&office, &key);
        }
        for key in waiting {
            office.spawn(Self::remind(Arc::clone(&office), key, REQUEUE, 0));
        }
        Ok(office)
    }

    /// Ends everything that goes on.
    pub(super) fn close(&self) {
        self.tasks.lock().unwrap_or_else(PoisonError::into_inner).abort_all();
    }

    /// Runs something until the office closes.
    pub(super) fn spawn(&self, work: impl Future<Output = ()> + Send + 'static) {
        let mut tasks = self.tasks.lock().unwrap_or_else(PoisonError::into_inner);
        while tasks.try_join_next().is_some() {}
        tasks.spawn(work);
    }

    pub(super) fn files(&self) -> MutexGuard<'_, Files> {
        self.files.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn api(&self, key: &Key) -> anyhow::Result<Api<DynamicObject>> {
        let resource = self.resources.get(key.kind.as_str()).with_context(|| format!("no kind {}", key.kind))?;
        Ok(Api::namespaced_with(self.client.clone(), &key.namespace, resource))
    }

    /// Waits, as long as the pace says.
    pub(super) async fn pause(&self, time: Duration) {
        tokio::time::sleep(time.mul_f64(self.pace)).await;
    }

    /// Takes in how an object is now, and attends to what that concerns.
    pub(super) fn learn(office: &Arc<Self>, object: Value) {
        let key = Key::of(&object);
        let concerned = office.files().replace(key.clone(), object);
        for key in concerned {
            Self::consider(office, &key);
        }
        Self::consider(office, &key);
    }

    /// Takes in that an object is gone.
    pub(super) fn forget(&self, object: &Value) {
        let key = Key::of(object);
        let mut files = self.files();
        files.world.objects.remove(&key);
        files.desks.remove(&key);
    }

    /// Has an object attended to, whatever it looks like; the verdicts are about its next reconciliations.
    pub(super) fn poke(office: &Arc<Self>, key: &Key, verdicts: impl IntoIterator<Item = Verdict>) {
        office.files().expect(key, verdicts).poked = true;
        Self::consider(office, key);
    }

    /// Attends to an object if it needs that and nobody is at it.
    fn consider(office: &Arc<Self>, key: &Key) {
        if office.files().take(key) {
            let (office, key) = (Arc::clone(office), key.clone());
            let tasks = Arc::clone(&office);
            tasks.spawn(async move { Self::attend(&office, &key).await });
        }
    }

    async fn attend(office: &Arc<Self>, key: &Key) {
        loop {
            let Some((object, plan, mark)) = office.files().plan(key) else { return };
            let acted = plan.steps.iter().any(|step| {
                matches!(step, Step::Write(changes) if changes
                .iter()
                .any(|change| matches!(change, Change::Set("lastAttemptedGeneration", _))))
            });
            let again = plan.again;
            let outcome = perform(office, key, &object, plan.steps).await.unwrap_or_else(|error| {
                tracing::debug!(%key, error = format!("{error:#}"), "cannot go on");
                Outcome::Ended
            });
            let again = if matches!(outcome, Outcome::Waits) { Some(REQUEUE) } else { again };
            let turn = office.files().done(key, mark, acted.then(|| recipe(&object)));
            if let Some(time) = again {
                office.spawn(Self::remind(Arc::clone(office), key.clone(), time, turn));
            }
            if !office.files().goes_on(key) {
                return;
            }
        }
    }

    /// Pokes an object later, unless it was attended to in between.
    async fn remind(office: Arc<Self>, key: Key, time: Duration, turn: u64) {
        office.pause(time).await;
        let same = office.files().desks.get(&key).is_some_and(|desk| desk.turn == turn);
        if same {
            Self::poke(&office, &key, None);
        }
    }
}

impl Files {
    /// Opens a file for everything that is there; says what that is, and what of it waits for others.
    fn begin(&mut self) -> (Vec<Key>, Vec<Key>) {
        let world = &self.world;
        let found = |(key, object): (&Key, &Arc<Value>)| (key.clone(), Desk::found(object, world));
        self.desks = world.objects.iter().map(found).collect();
        let waits = |(_, object): &(&Key, &Arc<Value>)| {
            let ready = condition(&object["status"], "Ready");
            ready.is_some_and(|ready| {
                matches!(ready["reason"].as_str(), Some("DependencyNotReady" | "SourceNotReady"))
                    || ready["message"].as_str().is_some_and(|message| message.ends_with("retrying in 30s"))
            })
        };
        let waiting = world.objects.iter().filter(waits).map(|(key, _)| key.clone()).collect();
        (self.desks.keys().cloned().collect(), waiting)
    }

    /// Says how the next reconciliations of an object end.
    pub(super) fn expect(&mut self, key: &Key, verdicts: impl IntoIterator<Item = Verdict>) -> &mut Desk {
        let desk = self.desks.entry(key.clone()).or_default();
        desk.verdicts.extend(verdicts);
        desk
    }

    /// Puts a newer state in the place of an older one; says who takes its contents from there.
    fn replace(&mut self, key: Key, object: Value) -> Vec<Key> {
        let version = |object: &Value| {
            let version = object["metadata"]["resourceVersion"].as_str();
            version.and_then(|version| version.parse::<u64>().ok()).unwrap_or(0)
        };
        let old = self.world.objects.get(&key);
        if old.is_some_and(|old| version(old) >= version(&object)) {
            return Vec::new();
        }
        let revision = |object: &Value| object["status"]["artifact"]["revision"].clone();
        let same = old.map_or(Value::Null, |old| revision(old)) == revision(&object);
        let concerned = self.world.objects.iter().filter(|_| !same);
        let concerned = concerned.filter(|(_, other)| World::source_key(other).as_ref() == Some(&key));
        let concerned = concerned.map(|(key, _)| key.clone()).collect();
        self.world.objects.insert(key, Arc::new(object));
        concerned
    }

    /// Whether the object is to be attended to now; if so it is busy.
    fn take(&mut self, key: &Key) -> bool {
        let Some(object) = self.world.get(key) else { return false };
        let now = Mark::of(object, &self.world);
        let desk = self.desks.entry(key.clone()).or_default();
        let begins = !desk.busy && desk.is_due(&now);
        desk.busy |= begins;
        begins
    }

    /// What is to be done; `None` when the object is gone.
    fn plan(&mut self, key: &Key) -> Option<(Arc<Value>, Plan, Mark)> {
        let object = Arc::clone(self.world.objects.get(key)?);
        let mark = Mark::of(&object, &self.world);
        let desk = self.desks.get_mut(key)?;
        desk.poked = false;
        let resting = is_suspended(&object);
        let verdict = if resting { None } else { desk.verdicts.pop_front() };
        let edited = key.kind == "HelmRelease" && desk.ingredients != Some(recipe(&object));
        let now = Timestamp::now();
        let case = Case { object: &object, world: &self.world, verdict: verdict.as_ref(), edited, now };
        let plan = case.plan();
        Some((object, plan, mark))
    }

    /// Notes that a state was dealt with; says which turn that was.
    fn done(&mut self, key: &Key, mark: Mark, made_from: Option<u64>) -> u64 {
        let Some(desk) = self.desks.get_mut(key) else { return 0 };
        desk.handled = Some(mark);
        desk.ingredients = made_from.or(desk.ingredients);
        desk.turn += 1;
        desk.turn
    }

    /// Whether there is more to do at once; if not, nobody is at it any more.
    fn goes_on(&mut self, key: &Key) -> bool {
        if let Some(desk) = self.desks.get_mut(key) {
            desk.busy = false;
        }
        self.take(key)
    }
}
