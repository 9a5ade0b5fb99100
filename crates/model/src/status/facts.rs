use std::time::Duration;

use super::{Condition, ConditionStatus, helm, kustomization, source};
use crate::{Family, Kind};

/// What an object and its controller say, as far as its status goes. Times are seconds since 1970.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facts<'a> {
    /// What it is.
    pub kind: Kind,
    /// `metadata.creationTimestamp`.
    pub created: Option<i64>,
    /// `metadata.deletionTimestamp`.
    pub deleting_since: Option<i64>,
    /// Set while `spec.suspend`, or the kind's own way of saying it, holds.
    pub suspension: Option<Suspension<'a>>,
    /// Whether this one object, unlike its kind, never gets a status: a HelmRepository of type `oci`.
    pub passive: bool,
    /// `metadata.generation`; 0 if missing.
    pub generation: i64,
    /// `status.observedGeneration`, which moves only at a success, a final failure or a suspension; 0 if missing.
    pub observed_generation: i64,
    /// `status.conditions`.
    pub conditions: Vec<Condition<'a>>,
    /// What somebody asked of the controller by annotation.
    pub request: Request<'a>,
    /// After how long a failed attempt is repeated, where the object itself says so.
    pub retry: Option<Duration>,
    /// `spec.chart.spec.chart` of a HelmRelease.
    pub chart: &'a str,
    /// `status.artifact.revision`.
    pub artifact: &'a str,
    /// `status.lastAppliedRevision`.
    pub last_applied: &'a str,
    /// `status.lastAttemptedRevision`.
    pub last_attempted: &'a str,
    /// `status.history` of a Kustomization, newest first.
    pub builds: Vec<Build<'a>>,
    /// `status.history` of a HelmRelease, newest first.
    pub releases: Vec<Release<'a>>,
}

/// Who told the controller to leave an object alone, and why; empty where nobody wrote it down.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Suspension<'a> {
    /// `metadata.weave.works/suspended-by` or `fluxcd.controlplane.io/suspendedBy`.
    pub by: &'a str,
    /// `metadata.weave.works/suspended-comment`.
    pub comment: &'a str,
}

/// A reconciliation asked for by annotation. The values are only ever compared: Receivers write them in a form that
/// is no valid time.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Request<'a> {
    /// `reconcile.fluxcd.io/requestedAt`.
    pub requested: &'a str,
    /// `reconcile.fluxcd.io/forceAt`, which counts if it equals `requested`.
    pub forced: &'a str,
    /// `reconcile.fluxcd.io/resetAt`, which counts if it equals `requested`.
    pub reset: &'a str,
    /// `status.lastHandledReconcileAt`, written at the end of the reconciliation.
    pub handled: &'a str,
}

/// One set of manifests that a Kustomization built, with what became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Build<'a> {
    /// `lastReconciledStatus`: a reason such as `ReconciliationSucceeded`.
    pub status: &'a str,
    /// The last source revision that gave these manifests.
    pub revision: &'a str,
    /// When this came about first.
    pub first: Option<i64>,
    /// When it came about last.
    pub last: Option<i64>,
}

/// One revision of a Helm release.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Release<'a> {
    /// The chart.
    pub chart: &'a str,
    /// Its version.
    pub version: &'a str,
    /// Helm's word for its state: `deployed`, `superseded`, `failed`, …
    pub status: &'a str,
}

impl Request<'_> {
    /// Whether a reconciliation was asked for and has not ended.
    ///
    /// The annotation may be gone while the handled value stays: it is taken away when another Kustomization applies
    /// the object again.
    pub fn pending(&self) -> bool {
        !self.requested.is_empty() && self.requested != self.handled
    }

    /// Whether the pending request asks for a Helm action although nothing changed.
    pub fn forces(&self) -> bool {
        self.pending() && self.forced == self.requested
    }

    /// Whether the pending request clears the failure counters.
    pub fn resets(&self) -> bool {
        self.pending() && self.reset == self.requested
    }
}

impl Build<'_> {
    /// Whether these manifests were applied.
    pub fn succeeded(&self) -> bool {
        self.status == "ReconciliationSucceeded"
    }
}

impl<'a> Facts<'a> {
    /// The facts on an object of `kind` that says nothing.
    pub fn new(kind: Kind) -> Self {
        Self {
            kind,
            created: None,
            deleting_since: None,
            suspension: None,
            passive: false,
            generation: 0,
            observed_generation: 0,
            conditions: Vec::new(),
            request: Request::default(),
            retry: None,
            chart: "",
            artifact: "",
            last_applied: "",
            last_attempted: "",
            builds: Vec::new(),
            releases: Vec::new(),
        }
    }

    /// The condition of this type.
    pub fn condition(&self, kind: &str) -> Option<&Condition<'a>> {
        self.conditions.iter().find(|condition| condition.kind == kind)
    }

    /// The condition of this type, if it is `True`.
    pub(super) fn holding(&self, kind: &str) -> Option<&Condition<'a>> {
        self.condition(kind).filter(|condition| condition.holds())
    }

    /// The controller is at work (and not between two attempts, which it also calls reconciling).
    pub(super) fn busy(&self) -> Option<&Condition<'a>> {
        self.holding("Reconciling").filter(|condition| condition.reason != "ProgressingWithRetry")
    }

    pub(super) fn ready(&self) -> Option<&Condition<'a>> {
        self.condition("Ready")
    }

    /// Whether it is a source, apart from those whose artifacts others make.
    pub(super) fn is_source(&self) -> bool {
        self.kind.info().family == Family::Source
    }

    /// Whether a controller will act on a request for this object.
    fn answers(&self) -> bool {
        self.kind.info().has_status && !self.passive && self.suspension.is_none() && self.deleting_since.is_none()
    }

    /// Whether a reconciliation was asked for and is under way or about to begin.
    ///
    /// A suspended Kustomization marks a request as handled without doing anything, others never answer: theirs do
    /// not count.
    pub fn syncing(&self) -> bool {
        self.answers() && self.request.pending()
    }

    /// The revision that is in effect: applied, installed or stored. Empty if none is.
    ///
    /// A success is told in the `Ready` message one write before it is in the other fields.
    pub fn applied(&self) -> &'a str {
        let told = self.ready().filter(|ready| ready.holds()).and_then(|ready| match self.kind {
            Kind::KUSTOMIZATION => kustomization::applied(ready.message),
            Kind::HELM_RELEASE => helm::Chart::named_in(ready.message).map(|chart| chart.version),
            _ if self.is_source() => source::stored(ready.message),
            _ => None,
        });
        let recorded = match self.kind {
            Kind::HELM_RELEASE => helm::deployed(self).map_or("", |release| release.version),
            _ if self.artifact.is_empty() => self.last_applied,
            _ => self.artifact,
        };
        told.unwrap_or(recorded)
    }

    /// The revision that is being or was last tried, if it is another than the applied one; else empty.
    pub fn attempted(&self) -> &'a str {
        let done = self.ready().is_some_and(|ready| ready.status == ConditionStatus::True);
        let under_way = self.holding("Reconciling").and_then(|condition| match self.kind {
            Kind::KUSTOMIZATION => kustomization::Phase::told(condition.message).map(|phase| phase.revision),
            _ if self.is_source() => source::upstream(condition.message),
            _ => None,
        });
        let attempted = under_way.unwrap_or(self.last_attempted);
        if done || attempted == self.applied() { "" } else { attempted }
    }
}
