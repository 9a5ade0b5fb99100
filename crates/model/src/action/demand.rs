//! One demand to reconcile: how it is made, and how to tell what came of it.

use serde_json::{Value, json};

use super::{Stage, Target};
use crate::Kind;

/// What asks a controller to reconcile: any new value counts.
pub(super) const REQUESTED: &str = "reconcile.fluxcd.io/requestedAt";
/// What, with the same value, asks helm-controller for an action although nothing changed.
const FORCED: &str = "reconcile.fluxcd.io/forceAt";
/// What, with the same value, asks helm-controller to forget failed attempts.
const RESET: &str = "reconcile.fluxcd.io/resetAt";
/// Where the controller writes the value down when it has.
const HANDLED: &str = "/status/lastHandledReconcileAt";

/// One demand to reconcile an object.
///
/// Its value is compared, never read: other writers use other formats. `forceAt` and `resetAt` are touched only where that
/// is asked for: without being equal to this value they mean nothing.
#[derive(Debug, Clone)]
pub struct Demand {
    value: String,
    /// The annotations that ask for more than a reconciliation.
    besides: Vec<&'static str>,
    /// The last demand before this one.
    demanded_before: Option<String>,
    /// What had been handled before.
    handled_before: Option<String>,
    /// What had been applied before.
    applied_before: Option<String>,
    /// What the synced source offers.
    offered: Option<String>,
}

/// How far a [`Demand`] has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Progress {
    /// The controller has not finished the demand; with what it says it is doing.
    Open(Option<String>),
    /// The controller has finished the demand and is still (or again) at work.
    Working(String),
    /// The controller has finished the demand and waits until a dependency is ready, as happens whenever a new revision
    /// rolls through; it looks again every 30 s.
    Waiting(String),
    /// The controller has finished the demand and lacks something else that should be there soon, such as a chart.
    HeldBack(String),
    /// It is over.
    Over(Stage),
}

impl Demand {
    /// A demand with this value, which must be another one each time; `offered` is the revision of the source that was
    /// synced for it.
    pub fn new(before: &Target<'_>, value: String, offered: Option<String>) -> Self {
        let owned = |text: Option<&str>| text.map(str::to_owned);
        Self {
            value,
            besides: Vec::new(),
            demanded_before: owned(before.annotation(REQUESTED)),
            handled_before: owned(before.text(HANDLED)),
            applied_before: owned(before.text("/status/lastAppliedRevision")),
            offered,
        }
    }

    /// The same, and that Helm acts although nothing changed.
    #[must_use]
    pub fn forcing(mut self) -> Self {
        self.besides.push(FORCED);
        self
    }

    /// The same, and that failed attempts are forgotten.
    #[must_use]
    pub fn resetting(mut self) -> Self {
        self.besides.push(RESET);
        self
    }

    /// The JSON merge patch (RFC 7396) that makes the demand.
    pub fn patch(&self) -> Value {
        let mut patch = json!({"metadata": {"annotations": {REQUESTED: self.value}}});
        for name in &self.besides {
            patch["metadata"]["annotations"][*name] = json!(self.value);
        }
        patch
    }

    /// How far it has come, by the object as it is now.
    pub fn progress(&self, now: &Target<'_>) -> Progress {
        if now.is_deleting() {
            return Progress::Over(Stage::Failed("It is being deleted meanwhile".to_owned()));
        }
        // A suspended object copies the demand and does nothing: being handled proves nothing then.
        if let Some(suspension) = now.suspension() {
            let text = format!(
                "It was suspended meanwhile{suspension}: not known whether it was reconciled before. \
                 Resuming it reconciles it"
            );
            return Progress::Over(Stage::Unknown(text));
        }
        if !self.is_handled(now) {
            let at_work =
                now.condition("Reconciling").filter(|one| one.status == "True" && one.reason == "Progressing");
            return Progress::Open(at_work.map(|one| one.sentence()));
        }
        self.outcome(now)
    }

    /// Controllers copy the value that they saw when they began, so its appearance proves a reconcile after the demand.
    ///
    /// Somebody else's demand may have taken the place of this one; then theirs, being later, proves it as well. And the
    /// annotation may have been removed (a parent Kustomization does that to some); then any value that is not older
    /// proves it.
    fn is_handled(&self, now: &Target<'_>) -> bool {
        let Some(handled) = now.text(HANDLED) else { return false };
        if handled == self.value {
            return true;
        }
        let is_older = |older: &Option<String>| older.as_deref() == Some(handled);
        let demanded = now.annotation(REQUESTED);
        demanded != Some(&*self.value)
            && demanded.is_none_or(|demanded| demanded == handled)
            && !is_older(&self.handled_before)
            && !is_older(&self.demanded_before)
    }

    fn outcome(&self, now: &Target<'_>) -> Progress {
        if let Some(stalled) = now.condition("Stalled").filter(|one| one.status == "True") {
            return Progress::Over(Stage::Failed(format!("Stalled: {}", stalled.sentence())));
        }
        let Some(ready) = now.condition("Ready") else {
            let text = "Reconciled; the controller says nothing about how it went";
            return Progress::Over(Stage::Done(text.to_owned()));
        };
        let at_work =
            now.condition("Reconciling").is_some_and(|one| one.status == "True" && one.reason == "Progressing");
        match ready.status {
            "True" if self.is_behind(now) => Progress::Working("The new revision is not applied yet".to_owned()),
            "True" => Progress::Over(Stage::Done(format!("Reconciled: {}", ready.sentence()))),
            // Between retries Reconciling stays beside Ready=False with another reason, ProgressingWithRetry.
            "False" if ready.reason == "DependencyNotReady" => Progress::Waiting(ready.sentence()),
            "False" if at_work => Progress::HeldBack(ready.sentence()),
            "False" => Progress::Over(Stage::Failed(ready.sentence())),
            _ => Progress::Working(ready.sentence()),
        }
    }

    /// Whether a Kustomization answered before it had heard of the artifact that its source offers: the news of it
    /// reaches the controller separately, and makes it reconcile again.
    fn is_behind(&self, now: &Target<'_>) -> bool {
        let applied = now.text("/status/lastAppliedRevision");
        now.key.kind == Kind::KUSTOMIZATION
            && self.offered.is_some()
            && applied != self.offered.as_deref()
            && applied == self.applied_before.as_deref()
    }
}

#[cfg(test)]
mod tests;
