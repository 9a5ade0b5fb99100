//! Installs, upgrades and rollbacks; pure.

use std::time::Duration;

use serde_json::{Value, json};

use super::{
    case::Case,
    helm_release::failure,
    plan::Plan,
    source::hexadecimal,
    status::{Change, date},
    world::text,
};

/// One action on a release.
pub(super) struct Action<'a> {
    case: &'a Case<'a>,
    version: String,
    verb: &'static str,
    forced: bool,
    reset: bool,
}

impl<'a> Action<'a> {
    pub(super) fn new(case: &'a Case<'a>, version: String, forced: bool, reset: bool) -> Self {
        let known = case.status()["history"].get(0).is_some();
        Self { case, version, verb: if known { "upgrade" } else { "install" }, forced, reset }
    }

    /// From the start of the action to the answer; a request is answered last, force and reset first.
    pub(super) fn run(self, mut plan: Plan) -> Plan {
        let message = self.running(self.verb);
        plan.write(vec![
            Change::is("Reconciling", "True", "Progressing", &message),
            Change::is("Ready", "Unknown", "Progressing", &message),
        ]);
        plan.pause(10);
        plan.write(self.begun());
        match failure(self.case) {
            None => self.succeed(plan),
            Some((reason, message)) => self.fail(plan, &reason, &message),
        }
    }

    fn running(&self, verb: &str) -> String {
        let timeout = self.case.object["spec"]["timeout"].as_str().unwrap_or("5m0s");
        format!("Running '{verb}' action with timeout of {timeout}")
    }

    fn begun(&self) -> Vec<Change> {
        let mut changes = vec![
            Change::Set("lastAttemptedGeneration", json!(self.case.generation())),
            Change::Set("lastAttemptedRevision", json!(self.version)),
        ];
        let request = json!(self.case.annotation("requestedAt"));
        if self.forced {
            changes.push(Change::Set("lastHandledForceAt", request.clone()));
        }
        if self.reset {
            changes.push(Change::Set("lastHandledResetAt", request));
            changes.extend(["failures", "installFailures", "upgradeFailures"].map(Change::Unset));
        }
        changes
    }

    fn succeed(self, mut plan: Plan) -> Plan {
        plan.pause(if self.forced { 500 } else { 6_500 });
        let reason = if self.verb == "install" { "InstallSucceeded" } else { "UpgradeSucceeded" };
        let message = format!(
            "Helm {} succeeded for release {}.v{} with chart {}@{}",
            self.verb,
            self.release(),
            self.revision(),
            self.chart(),
            self.version
        );
        plan.tell(reason, &message, self.annotations());
        plan.write(vec![
            Change::Gone("Remediated"),
            Change::is("Ready", "True", reason, &message),
            Change::is("Released", "True", reason, &message),
        ]);
        let mut changes = vec![Change::Set("history", self.history("deployed")), self.acted(), took("6.366697569s")];
        changes.extend(["failures", "installFailures", "upgradeFailures"].map(Change::Unset));
        plan.write(changes);
        plan.write(vec![Change::Gone("Reconciling")]);
        self.finish(&mut plan);
        plan
    }

    fn fail(self, mut plan: Plan, reason: &str, message: &str) -> Plan {
        plan.pause(9_000);
        plan.warn(reason, message, self.annotations());
        let mut changes = vec![Change::is("Ready", "False", reason, message)];
        if reason == "TestFailed" {
            changes.push(Change::is("TestSuccess", "False", reason, message));
        } else {
            changes.push(Change::is("Released", "False", reason, message));
        }
        plan.write(changes);
        let status = self.case.status();
        let count = |field: &str| 1 + if self.reset { 0 } else { status[field].as_i64().unwrap_or(0) };
        let (failures, counter) =
            (count("failures"), if self.verb == "install" { "installFailures" } else { "upgradeFailures" });
        plan.write(vec![
            Change::Set("failures", json!(failures)),
            Change::Set(counter, json!(count(counter))),
            Change::Set("history", self.history("failed")),
            self.acted(),
            took("30.347733938s"),
        ]);
        let remediation = &self.case.object["spec"][self.verb]["remediation"];
        let retries = remediation["retries"].as_i64().unwrap_or(0);
        let rolls_back = self.verb == "upgrade" && (retries > 0 || remediation["strategy"] == "rollback");
        if rolls_back {
            self.roll_back(&mut plan);
        }
        if failures > retries && retries >= 0 {
            let words = format!("Failed to {} after {failures} attempt(s)", self.verb);
            plan.write(vec![Change::Gone("Reconciling"), Change::is("Stalled", "True", "RetriesExceeded", &words)]);
            self.finish(&mut plan);
            return plan;
        }
        plan.write(self.case.answer());
        plan.again_after(Duration::from_secs(11))
    }

    fn roll_back(&self, plan: &mut Plan) {
        plan.write(vec![Change::is("Reconciling", "True", "Progressing", &self.running("rollback"))]);
        plan.pause(5_000);
        let good = self.case.status()["history"].as_array().into_iter().flatten();
        let good = good.clone().find(|one| one["status"] != "failed").or_else(|| good.clone().next());
        let (version, chart) = good.map_or((json!(1), self.version.as_str()), |release| {
            (release["version"].clone(), text(release, "/chartVersion"))
        });
        let message = format!(
            "Helm rollback to previous release {}.v{version} with chart {}@{chart} succeeded",
            self.release(),
            self.chart()
        );
        plan.tell("RollbackSucceeded", &message, self.annotations());
        plan.write(vec![
            Change::is("Reconciling", "True", "ProgressingWithRetry", &message),
            Change::is("Ready", "False", "RollbackSucceeded", &message),
            Change::is("Remediated", "True", "RollbackSucceeded", &message),
        ]);
    }

    fn finish(&self, plan: &mut Plan) {
        let mut last = vec![Change::Set("observedGeneration", json!(self.case.generation()))];
        last.extend(self.case.answer());
        plan.write(last);
    }

    fn acted(&self) -> Change {
        Change::Set("lastAttemptedReleaseAction", json!(self.verb))
    }

    fn release(&self) -> String {
        [text(self.case.object, "/metadata/namespace"), text(self.case.object, "/metadata/name")].join("/")
    }

    fn chart(&self) -> String {
        let known = text(self.case.status(), "/history/0/chartName");
        let asked = text(self.case.object, "/spec/chart/spec/chart").rsplit('/').next().unwrap_or_default();
        if known.is_empty() { asked.to_owned() } else { known.to_owned() }
    }

    /// The Helm revision that this action makes.
    fn revision(&self) -> i64 {
        1 + self.case.status()["history"][0]["version"].as_i64().unwrap_or(0)
    }

    fn annotations(&self) -> Vec<(&'static str, String)> {
        vec![("revision", self.version.clone())]
    }

    /// The new revision first; after a success only the one before it stays.
    fn history(&self, outcome: &str) -> Value {
        let mut entries = self.case.status()["history"].as_array().cloned().unwrap_or_default();
        let now = date(self.case.now);
        let digest = format!("sha256:{}", hexadecimal(&format!("{}{}", self.release(), self.revision()), 64));
        if outcome == "deployed" {
            for entry in entries.iter_mut().filter(|entry| entry["status"] == "deployed") {
                entry["status"] = json!("superseded");
            }
            entries.truncate(1);
        }
        entries.insert(
            0,
            json!({"action": self.verb, "apiVersion": "v2", "chartName": self.chart(), "chartVersion": self.version,
                "appVersion": self.case.status()["history"][0]["appVersion"].as_str().unwrap_or("1.0.0"),
                "configDigest": self.case.status()["lastAttemptedConfigDigest"].as_str().unwrap_or(&digest),
                "digest": digest, "lastDeployed": now, "name": text(self.case.object, "/metadata/name"),
                "firstDeployed": self.case.status()["history"][0]["firstDeployed"].as_str().unwrap_or(&now),
                "namespace": text(self.case.object, "/metadata/namespace"), "status": outcome,
                "version": self.revision()}),
        );
        entries.truncate(5);
        Value::Array(entries)
    }
}

fn took(time: &str) -> Change {
    Change::Set("lastAttemptedReleaseActionDuration", json!(time))
}
