//! One object that needs its controller's attention; pure.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{
    plan::Plan,
    status::{Change, condition},
    world::{World, is_suspended, text},
};

/// An object, and what its controller knows when it looks at it.
pub(super) struct Case<'a> {
    pub(super) object: &'a Value,
    pub(super) world: &'a World,
    /// What this reconciliation is to come to; without one everything stays as well or as broken as it is.
    pub(super) verdict: Option<&'a Verdict>,
    /// Whether what the spec asks for differs from what was tried last.
    pub(super) edited: bool,
    pub(super) now: Timestamp,
}

/// How a reconciliation ends, decided from outside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Verdict {
    /// All is well (again).
    Well,
    /// It breaks: reason, message.
    Broken(String, String),
    /// A source finds this revision: revision, subject of its last commit.
    Found(String, String),
}

impl Case<'_> {
    /// What the controller does.
    pub(super) fn plan(&self) -> Plan {
        let kind = text(self.object, "/kind");
        if is_suspended(self.object) && self.object["metadata"]["deletionTimestamp"].is_null() {
            return self.rest(kind);
        }
        match kind {
            "Kustomization" => super::kustomization::plan(self),
            "HelmRelease" => super::helm_release::plan(self),
            _ if self.object["metadata"]["deletionTimestamp"].is_string() => super::other::end(),
            "Alert" | "Provider" | "ExternalArtifact" => Plan::default(),
            "HelmRepository" if self.object["spec"]["type"] == "oci" => Plan::default(),
            "GitRepository" | "OCIRepository" | "HelmRepository" | "Bucket" | "HelmChart" => super::source::plan(self),
            _ => super::other::plan(self),
        }
    }

    /// A suspended object: the change is noticed, a request is copied as if it had been answered, and that is all.
    fn rest(&self, kind: &str) -> Plan {
        let mut plan = Plan::default();
        let seen = self.status()["observedGeneration"].as_i64();
        if condition(self.status(), "Ready").is_none() {
            if seen.is_none() && !matches!(kind, "Alert" | "Provider" | "FluxReport") {
                plan.write(vec![Change::Set("observedGeneration", json!(-1))]);
            }
        } else if seen != Some(self.generation()) {
            if super::source::is_source(kind) {
                plan.write(vec![Change::Seen("Ready")]);
            }
            plan.write(vec![Change::Set("observedGeneration", json!(self.generation()))]);
        }
        let answer = self.answer();
        if !answer.is_empty() {
            plan.write(answer);
        }
        plan
    }

    pub(super) fn status(&self) -> &Value {
        &self.object["status"]
    }

    pub(super) fn generation(&self) -> i64 {
        self.object["metadata"]["generation"].as_i64().unwrap_or(1)
    }

    /// An annotation of Flux about reconciliation.
    pub(super) fn annotation(&self, name: &str) -> Option<&str> {
        self.object["metadata"]["annotations"][format!("reconcile.fluxcd.io/{name}")].as_str()
    }

    /// That the request has been dealt with, if there is one.
    pub(super) fn answer(&self) -> Vec<Change> {
        let request = self.annotation("requestedAt");
        let unanswered = request.filter(|request| self.status()["lastHandledReconcileAt"] != **request);
        unanswered.map(|request| Change::Set("lastHandledReconcileAt", json!(request))).into_iter().collect()
    }

    /// Reason and message of `Ready` if it is `False`.
    pub(super) fn trouble(&self) -> Option<(&str, &str)> {
        let ready = condition(self.status(), "Ready").filter(|ready| ready["status"] == "False")?;
        Some((ready["reason"].as_str()?, ready["message"].as_str()?))
    }
}
