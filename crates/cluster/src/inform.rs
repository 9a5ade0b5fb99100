//! What the server itself keeps itself informed about: kinds, namespaces, version.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use fanlight_model::Kind;
use serde::Deserialize;
use tokio::{
    sync::watch,
    time::{MissedTickBehavior, interval},
};

use crate::{ApiServer, ReadError, api_server::As, discover::Served};

/// The facts, each `None` until first known. A failed round keeps the last good answer.
#[derive(Debug)]
pub(crate) struct Facts {
    pub(crate) installed: watch::Sender<Option<Arc<BTreeSet<Kind>>>>,
    pub(crate) namespaces: watch::Sender<Option<Arc<[Arc<str>]>>>,
    pub(crate) version: watch::Sender<Option<Arc<str>>>,
    served: RwLock<BTreeMap<Kind, Served>>,
}

impl Facts {
    pub(crate) fn new() -> Self {
        Self {
            installed: watch::Sender::new(None),
            namespaces: watch::Sender::new(None),
            version: watch::Sender::new(None),
            served: RwLock::default(),
        }
    }

    pub(crate) fn served(&self, kind: Kind) -> Option<Served> {
        self.served.read().unwrap_or_else(PoisonError::into_inner).get(&kind).cloned()
    }

    fn set_served(&self, served: BTreeMap<Kind, Served>) {
        let kinds: BTreeSet<Kind> = served.keys().copied().collect();
        *self.served.write().unwrap_or_else(PoisonError::into_inner) = served;
        publish(&self.installed, Arc::new(kinds));
    }
}

impl ApiServer {
    /// Keeps kinds, namespaces and version current, for ever. To be spawned once.
    pub async fn keep_informed(self) {
        tokio::join!(self.keep_kinds(), self.keep_namespaces());
    }

    async fn keep_kinds(&self) {
        const EVERY: Duration = Duration::from_secs(20);
        let mut rounds = Rounds::new("the kinds that are installed", EVERY);
        loop {
            rounds.next().await;
            rounds.note(self.look_at_kinds().await);
        }
    }

    async fn look_at_kinds(&self) -> Result<(), ReadError> {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Version {
            git_version: String,
        }
        self.facts().set_served(self.discover().await?);
        let version: Version = self.get(As::Itself, "the version", "/version").await?;
        publish(&self.facts().version, Arc::from(version.git_version));
        Ok(())
    }

    async fn keep_namespaces(&self) {
        const EVERY: Duration = Duration::from_secs(10);
        let mut rounds = Rounds::new("the namespaces", EVERY);
        loop {
            rounds.next().await;
            rounds.note(self.look_at_namespaces().await);
        }
    }

    async fn look_at_namespaces(&self) -> Result<(), ReadError> {
        #[derive(Deserialize)]
        struct List {
            items: Vec<Item>,
        }
        #[derive(Deserialize)]
        struct Item {
            metadata: Metadata,
        }
        #[derive(Deserialize)]
        struct Metadata {
            name: Arc<str>,
        }
        let list: List = self.get(As::Itself, "the namespaces", "/api/v1/namespaces").await?;
        let mut names: Vec<_> = list.items.into_iter().map(|item| item.metadata.name).collect();
        names.sort_unstable();
        publish(&self.facts().namespaces, Arc::from(names));
        Ok(())
    }
}

/// Rounds at a steady pace, quicker until the first success; a failure is logged when it begins and when it ends.
struct Rounds {
    what: &'static str,
    ticks: tokio::time::Interval,
    every: Duration,
    failing: bool,
    succeeded: bool,
}

impl Rounds {
    fn new(what: &'static str, every: Duration) -> Self {
        let mut ticks = interval(Duration::from_secs(1));
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Self { what, ticks, every, failing: false, succeeded: false }
    }

    async fn next(&mut self) {
        self.ticks.tick().await;
    }

    fn note(&mut self, outcome: Result<(), ReadError>) {
        match outcome {
            Ok(()) => {
                if self.failing {
                    tracing::info!("{} can be read again", self.what);
                }
                if !std::mem::replace(&mut self.succeeded, true) {
                    self.ticks = interval(self.every);
                    self.ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
                    self.ticks.reset();
                }
                self.failing = false;
            }
            Err(error) => {
                if !std::mem::replace(&mut self.failing, true) {
                    tracing::warn!(%error, "{} cannot be read; the last answer is kept", self.what);
                }
            }
        }
    }
}

/// Wakes receivers only if the value is another one.
fn publish<T: PartialEq>(sender: &watch::Sender<Option<T>>, value: T) {
    sender.send_if_modified(|known| {
        let new = known.as_ref() != Some(&value);
        if new {
            *known = Some(value);
        }
        new
    });
}
