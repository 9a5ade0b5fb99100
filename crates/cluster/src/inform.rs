//! What the server itself keeps itself informed about: kinds, namespaces, version.

use std::{
    collections::BTreeSet,
    sync::{
        Arc, PoisonError, RwLock,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use fanlight_model::Kind;
use serde::Deserialize;
use tokio::{
    sync::{Notify, watch},
    time::{Instant, sleep_until},
};

use crate::{
    ApiServer, ReadError,
    api_server::As,
    discover::{Kinds, Served},
};

/// The facts, each `None` until first known. A failed round keeps the last good answer.
#[derive(Debug)]
pub(crate) struct Facts {
    pub(crate) installed: watch::Sender<Option<Arc<BTreeSet<Kind>>>>,
    pub(crate) namespaces: watch::Sender<Option<Arc<[Arc<str>]>>>,
    pub(crate) version: watch::Sender<Option<Arc<str>>>,
    /// When the API server last answered anything that makes sense.
    pub(crate) heard: watch::Sender<Option<Instant>>,
    served: RwLock<Kinds>,
    /// Something contradicts what is known of the kinds.
    doubt: Notify,
    /// The API server has refused a streaming list.
    refuses_streams: AtomicBool,
}

impl Facts {
    pub(crate) fn new() -> Self {
        Self {
            installed: watch::Sender::new(None),
            namespaces: watch::Sender::new(None),
            version: watch::Sender::new(None),
            heard: watch::Sender::new(None),
            served: RwLock::default(),
            doubt: Notify::new(),
            refuses_streams: AtomicBool::new(false),
        }
    }

    pub(crate) fn served(&self, kind: Kind) -> Option<Served> {
        self.served.read().unwrap_or_else(PoisonError::into_inner).get(&kind).cloned()
    }

    /// A kind was not where it should be: looks at the kinds again soon.
    pub(crate) fn doubt_kinds(&self) {
        self.doubt.notify_one();
    }

    /// Whether lists can be had as the beginning of a watch: from Kubernetes 1.34 on, unless that is switched off.
    pub(crate) fn streams_lists(&self) -> bool {
        let new_enough = self.version.borrow().as_deref().and_then(minor).is_some_and(|version| version >= (1, 34));
        new_enough && !self.refuses_streams.load(Ordering::Relaxed)
    }

    /// Notes that a streaming list was refused; says whether that is new.
    pub(crate) fn note_refused_stream(&self) -> bool {
        !self.refuses_streams.swap(true, Ordering::Relaxed)
    }

    fn kinds(&self) -> Kinds {
        self.served.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn set_kinds(&self, served: Kinds) {
        let kinds: BTreeSet<Kind> = served.keys().copied().collect();
        *self.served.write().unwrap_or_else(PoisonError::into_inner) = served;
        publish(&self.installed, Arc::new(kinds));
    }

    /// Another version is another API server, which may have learned to stream.
    fn set_version(&self, version: Arc<str>) {
        if publish(&self.version, version) {
            self.refuses_streams.store(false, Ordering::Relaxed);
        }
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
            let outcome = self.look_at_kinds().await;
            rounds.note(outcome);
            rounds.pause(self.facts().doubt.notified()).await;
        }
    }

    async fn look_at_kinds(&self) -> Result<(), ReadError> {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Version {
            git_version: String,
        }
        // The version first: feeds start as soon as the kinds are known, and it decides how they list.
        let version: Version = self.get(As::Itself, "the version", "/version").await?;
        self.facts().set_version(Arc::from(version.git_version));
        let known = self.facts().kinds();
        self.facts().set_kinds(self.discover(&known).await?);
        Ok(())
    }
}

/// Rounds at a steady pace, quicker until the first success; a failure is logged when it begins and when it ends.
pub(crate) struct Rounds {
    what: &'static str,
    every: Duration,
    failing: bool,
    succeeded: bool,
}

impl Rounds {
    /// The shortest pause.
    const LEAST: Duration = Duration::from_secs(1);

    pub(crate) fn new(what: &'static str, every: Duration) -> Self {
        Self { what, every, failing: false, succeeded: false }
    }

    /// Waits for the next round, which `sooner` brings forward.
    pub(crate) async fn pause(&self, sooner: impl Future<Output = ()>) {
        let began = Instant::now();
        sleep_until(began + Self::LEAST).await;
        if self.succeeded {
            tokio::select! {
                () = sooner => {}
                () = sleep_until(began + self.every) => {}
            }
        }
    }

    pub(crate) fn note(&mut self, outcome: Result<(), ReadError>) {
        match outcome {
            Ok(()) => {
                if self.failing {
                    tracing::info!("{} can be read again", self.what);
                }
                self.succeeded = true;
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

/// Wakes receivers only if the value is another one; says whether it is.
pub(crate) fn publish<T: PartialEq>(sender: &watch::Sender<Option<T>>, value: T) -> bool {
    sender.send_if_modified(|known| {
        let new = known.as_ref() != Some(&value);
        if new {
            *known = Some(value);
        }
        new
    })
}

/// Major and minor number of `v1.36.3`.
fn minor(version: &str) -> Option<(u32, u32)> {
    let mut parts = version.strip_prefix('v')?.split('.');
    let major = parts.next()?.parse().ok()?;
    // Some distributions write `v1.36+`.
    let minor = parts.next()?.trim_end_matches(|letter: char| !letter.is_ascii_digit()).parse().ok()?;
    Some((major, minor))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_streamed_from_1_34_on_until_that_is_refused_by_this_very_version() {
        let facts = Facts::new();
        assert!(!facts.streams_lists(), "not known yet");
        facts.set_version("v1.33.9".into());
        assert!(!facts.streams_lists());
        facts.set_version("v1.36.3+k3s1".into());
        assert!(facts.streams_lists());
        assert!(facts.note_refused_stream() && !facts.note_refused_stream(), "said once");
        facts.set_version("v1.36.3+k3s1".into());
        assert!(!facts.streams_lists());
        facts.set_version("v1.37.0".into());
        assert!(facts.streams_lists());
    }

    #[test]
    fn versions_are_read_as_distributions_write_them() {
        assert_eq!(minor("v1.36.3"), Some((1, 36)));
        assert_eq!(minor("v1.36+"), Some((1, 36)));
        assert_eq!(minor("v2.0.0-alpha.1"), Some((2, 0)));
        assert_eq!(minor("1.36"), None);
    }
}
