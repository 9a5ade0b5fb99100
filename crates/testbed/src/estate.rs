//! What a company keeps in its cluster: Flux objects as the real controllers leave them, and what they applied.
//!
//! ```text
//!   recorded ── objects written by real controllers ──┐
//!   company ─── the rest of the same company ─────────┼─► Estate ── apply ──► ControlPlane
//!   large ───── as many as wanted ────────────────────┤
//!   heavy ───── what is most work to explain ─────────┤
//!   odd ─────── what nobody expects ──────────────────┘
//!      └── built from: kinds (constructors of FluxObject), unknown (kinds that nobody knows), workload (what runs)
//! ```

mod apply;
mod company;
mod flux_object;
mod heavy;
mod kinds;
mod large;
mod odd;
mod recorded;
mod unknown;
mod workload;

use serde_json::Value;

pub use apply::Summary;
pub(crate) use apply::controller;
pub use flux_object::FluxObject;
pub use kinds::{
    git_repository, helm_chart, helm_release, helm_repository, image_policy, image_repository, image_update_automation,
    kustomization, oci_repository, resource_set, terraform,
};
pub use unknown::{definition, unknown};
pub use workload::{config_map, deployment};

/// A cluster's worth of objects, ready to be applied.
#[derive(Debug, Clone, Default)]
pub struct Estate {
    items: Vec<Item>,
}

/// One object and what happens to it on the way to its state.
#[derive(Debug, Clone)]
struct Item {
    object: Value,
    /// Its spec was changed after its conditions were written: it is applied unsuspended first.
    edited: bool,
    /// Somebody has asked to delete it.
    deleted: bool,
}

impl Estate {
    /// A plausible company: twelve namespaces and about 120 Flux objects of every kind, many of them in trouble, with
    /// what they applied; the newest of its dates is now.
    pub fn company() -> anyhow::Result<Self> {
        let mut items = recorded::items(jiff::Timestamp::now())?;
        items.extend(company::objects().into_iter().map(Item::from));
        Ok(Self { items })
    }

    /// `objects` Flux objects spread over `namespaces` namespaces and `flux-system`, most of them ready; nothing runs.
    pub fn large(objects: usize, namespaces: usize) -> Self {
        Self { items: large::objects(objects, namespaces).into_iter().map(Item::from).collect() }
    }

    /// A Kustomization `heavy-0/platform` with a tree of so many parts, and so many others that fail, each by a pod that
    /// cannot start; where there are machines and controllers, all of it runs as far as it can.
    pub fn heavy(parts: usize, failing: usize) -> Self {
        Self { items: heavy::objects(parts, failing).into_iter().map(Item::from).collect() }
    }

    /// What nobody expects, in the namespace `odd`. Of every kind one object that is nearly empty, named `empty`, and one
    /// with odd texts in all places, named as long as names may be; a Kustomization and a HelmRelease that are huge, and a
    /// ConfigMap that one of them applied; Events about them; the same of a kind that nobody knows.
    pub fn odd() -> anyhow::Result<Self> {
        Ok(Self { items: odd::objects()?.into_iter().map(Item::from).collect() })
    }

    /// Every object, in no particular order.
    pub fn objects(&self) -> impl Iterator<Item = &Value> {
        self.items.iter().map(|item| &item.object)
    }
}

impl From<Value> for Item {
    fn from(object: Value) -> Self {
        Self { object, edited: false, deleted: false }
    }
}

/// The object with another `Ready` condition.
pub fn with_ready(object: FluxObject, status: &str, reason: &str, message: &str) -> FluxObject {
    object.with_conditions(&[("Ready", status, reason, message)])
}

/// The dates that Kubernetes writes: whole seconds.
fn date(time: jiff::Timestamp) -> String {
    time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}
