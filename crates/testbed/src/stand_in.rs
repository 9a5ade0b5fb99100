//! A stand-in for Flux's controllers: it answers people and reports progress as the real ones do, and fetches, builds
//! and installs nothing.
//!
//! ```text
//!   watch ──► Office: World (what is there), Desks (what was dealt with) ──► attend, one object at a time
//!                                                                              │
//!      pure: Case ── kustomization, helm_release, source, other ──► Plan ──────┘──► perform: statuses, Events
//!   life: now and then something happens
//! ```
//!
//! The order of writes follows recordings of the real controllers. Two things go further than what was recorded: kinds
//! other than Kustomization are taken to copy a request while suspended, too, and kinds of source-watcher, the image
//! controllers, tofu-controller and the Flux Operator follow one simple pattern.

mod case;
mod desk;
mod helm_action;
mod helm_release;
mod kustomization;
mod life;
mod office;
mod other;
mod perform;
mod plan;
mod recorder;
mod source;
mod status;
mod watch;
mod world;

#[cfg(test)]
mod tests;

use std::{sync::Arc, time::Duration};

use kube::Client;

use case::Verdict;
use office::Office;
use world::Key;

/// The running stand-in; dropped, it stops where it is.
#[must_use = "it stops when it is dropped"]
pub struct StandIn {
    office: Arc<Office>,
}

/// How the stand-in works.
#[derive(Debug, Clone)]
pub struct Options {
    /// How long everything takes, compared with the real controllers.
    pub pace: f64,
    /// How often something happens by itself; never without it.
    pub every: Option<Duration>,
    /// Decides what happens.
    pub seed: u64,
}

impl Options {
    /// For tests: quick, and nothing happens by itself.
    pub fn quick() -> Self {
        Self { pace: 0.02, every: None, seed: 0 }
    }

    /// For demonstrations: as slow as the real ones, and every few seconds something happens.
    pub fn lively() -> Self {
        Self { pace: 1.0, every: Some(Duration::from_secs(6)), seed: 7 }
    }
}

impl StandIn {
    /// Starts it; returns when it knows every Flux object. What is settled then is left alone, so an estate is applied
    /// before. Kinds that are not installed are left out.
    pub async fn start(client: Client, options: Options) -> anyhow::Result<Self> {
        let office = Office::open(client, &options).await?;
        let stand_in = Self { office };
        if let Some(every) = options.every {
            let office = Arc::clone(&stand_in.office);
            stand_in.office.spawn(life::live(office, every, options.seed));
        }
        Ok(stand_in)
    }

    /// A commit with this subject reaches a GitRepository; false if there is none with a commit before it.
    pub fn push(&self, namespace: &str, name: &str, subject: &str) -> bool {
        let pushed = self.commit(namespace, name, subject).is_some();
        if pushed {
            Office::poke(&self.office, &Key::new("GitRepository", namespace, name), []);
        }
        pushed
    }

    /// A commit with this subject is made, which nobody notices before the GitRepository is reconciled next; its
    /// revision, or `None` if there is no GitRepository with a commit before it.
    pub fn commit(&self, namespace: &str, name: &str, subject: &str) -> Option<String> {
        let key = Key::new("GitRepository", namespace, name);
        let mut files = self.office.files();
        let before = files.world.get(&key)?["status"]["artifact"]["revision"].clone();
        let commit = source::commit_after(&before, &format!("{before}{subject}"))?;
        files.expect(&key, [Verdict::Found(commit.clone(), subject.to_owned())]);
        Some(commit)
    }

    /// The object is reconciled at once and fails, with this reason and message; so it does until it is mended.
    pub fn break_down(&self, kind: &str, namespace: &str, name: &str, reason: &str, message: &str) {
        let verdict = Verdict::Broken(reason.to_owned(), message.to_owned());
        Office::poke(&self.office, &Key::new(kind, namespace, name), [verdict]);
    }

    /// The object is reconciled at once and succeeds.
    pub fn mend(&self, kind: &str, namespace: &str, name: &str) {
        Office::poke(&self.office, &Key::new(kind, namespace, name), [Verdict::Well]);
    }
}

impl Drop for StandIn {
    fn drop(&mut self) {
        self.office.close();
    }
}
