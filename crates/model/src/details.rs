//! What the page of one object shows, read from the whole object.
//!
//! Every field may be missing or of another type than expected: what cannot be understood is left out.

mod badge;
mod facts;
mod history;
mod inventory;
mod other;
mod properties;
pub(crate) mod reading;
mod values;

use serde_json::Value;

use crate::{Applier, ConditionStatus, Kind, Links, ObjectKey, Particulars, Row, State};
pub use badge::Badge;
pub use history::{BuildEntry, History, ReleaseEntry};
pub use inventory::InventoryEntry;
pub use other::{OtherObject, OtherObjects};
pub use properties::{About, Entry, Properties, Property, PropertyValue, Roster};
pub use reading::{Dependency, Settings};
use reading::{each, seconds, settings, strings, text};
pub use values::ValuesFrom;

/// Everything about one object that its page shows. Times are seconds since 1970, absent texts are empty.
#[derive(Debug, Clone, PartialEq)]
pub struct Details {
    /// What a list shows of it.
    pub row: Row,
    /// When it was created.
    pub created: Option<i64>,
    /// `metadata.generation`.
    pub generation: i64,
    /// Every condition, as the controller ordered them.
    pub conditions: Vec<ConditionEntry>,
    /// What its specification asks for.
    pub settings: Settings,
    /// The newest revision that is known to have worked.
    pub last_good: String,
    /// The revision in Git from which an applied OCI artifact was made.
    pub origin_revision: String,
    /// When the controller looks at it next, where that can be told: give or take a twentieth of the interval, which
    /// controllers vary so that not all objects come at once.
    pub next_run: Option<i64>,
    /// Who suspended it, if it is suspended.
    pub suspended_by: String,
    /// Why it is suspended.
    pub suspended_comment: String,
    /// `reconcile.fluxcd.io/requestedAt`, in whatever form it was written.
    pub requested: String,
    /// `status.lastHandledReconcileAt`, in the same form.
    pub handled: String,
    /// Labels, in the order of their keys.
    pub labels: Vec<(String, String)>,
    /// Annotations, in the order of their keys, without the copy of the object that `kubectl apply` keeps there.
    pub annotations: Vec<(String, String)>,
    /// What was applied or released before, newest first.
    pub history: History,
    /// What the maker of its artifact wrote into it, such as where an OCI artifact was made from.
    pub artifact_metadata: Vec<(String, String)>,
    /// The objects that it applied.
    pub inventory: Vec<InventoryEntry>,
    /// From where a HelmRelease takes values, in the order in which later ones win over earlier ones.
    pub values_from: Vec<ValuesFrom>,
    /// What other kinds do not have.
    pub properties: Properties,
    /// How it is treated apart from others.
    pub badges: Vec<Badge>,
}

/// One condition in full.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConditionEntry {
    /// `Ready`, `Reconciling`, …
    pub kind: String,
    /// Whether it holds.
    pub status: ConditionStatus,
    /// One word on why.
    pub reason: String,
    /// The controller's sentence, whole.
    pub message: String,
    /// When the status changed last.
    pub since: Option<i64>,
    /// The generation it was written for; 0 if it does not say.
    pub generation: i64,
}

impl Details {
    /// Reads an object of `kind` as the API server sends it.
    pub fn read(kind: Kind, object: &Value) -> Self {
        let metadata = &object["metadata"];
        let (spec, status) = (&object["spec"], &object["status"]);
        let facts = facts::facts(kind, object);
        let key = ObjectKey::new(kind, text(&metadata["namespace"]), text(&metadata["name"]));
        let label = |name| text(&metadata["labels"][name]);
        let links = Links { applier: Applier::of(&key, label), ..Links::read(kind, spec, &key.namespace) };
        let particulars = Particulars::read(kind, spec, status, &key.namespace);
        let version = text(&metadata["resourceVersion"]).parse().unwrap_or_default();
        let suspension = facts.suspension.unwrap_or_default();
        let history = History::read(kind, status);
        let settings = settings(spec, &key.namespace);
        let labels = strings(&metadata["labels"]);
        let searched = Row::labels(labels.iter().map(|(key, value)| (&**key, &**value)));
        let row = Row { particulars, labels: searched, ..Row::new(key, version, links, &facts) };
        Self {
            created: facts.created,
            generation: facts.generation,
            conditions: each(&status["conditions"])
                .filter(|entry| entry.is_object())
                .map(ConditionEntry::read)
                .collect(),
            last_good: history.last_good().unwrap_or(facts.last_applied).to_owned(),
            origin_revision: text(&status["lastAppliedOriginRevision"]).to_owned(),
            next_run: next_run(&row, &history, &settings, facts.condition("Ready").and_then(|ready| ready.since)),
            suspended_by: suspension.by.to_owned(),
            suspended_comment: suspension.comment.to_owned(),
            requested: facts.request.requested.to_owned(),
            handled: facts.request.handled.to_owned(),
            labels,
            annotations: strings(&metadata["annotations"]),
            artifact_metadata: strings(&status["artifact"]["metadata"]),
            values_from: each(&spec["valuesFrom"]).filter_map(ValuesFrom::read).collect(),
            properties: Properties::read(kind, object, &row.key.namespace),
            badges: Badge::all(metadata),
            inventory: each(&status["inventory"]["entries"]).filter_map(InventoryEntry::read).collect(),
            history,
            settings,
            row,
        }
    }
}

/// Only kustomize-controller writes down every look at an object, and so when the last one was: where source-controller
/// and helm-controller find nothing new, no date in the status changes (`Reconciling` is there for an instant and gone).
fn next_run(row: &Row, history: &History, settings: &Settings, ready_since: Option<i64>) -> Option<i64> {
    if row.key.kind != Kind::KUSTOMIZATION || row.state != State::Ready {
        return None;
    }
    let History::Builds(builds) = history else { return None };
    let last = ready_since.max(builds.first().and_then(|build| build.last))?;
    last.checked_add(i64::try_from(settings.interval?.as_secs()).ok()?)
}

impl ConditionEntry {
    fn read(entry: &Value) -> Self {
        Self {
            kind: text(&entry["type"]).to_owned(),
            status: ConditionStatus::read(text(&entry["status"])),
            reason: text(&entry["reason"]).to_owned(),
            message: text(&entry["message"]).to_owned(),
            since: seconds(&entry["lastTransitionTime"]),
            generation: entry["observedGeneration"].as_i64().unwrap_or_default(),
        }
    }
}

#[cfg(test)]
mod tests;
