//! What kustomize-controller does with a Kustomization; pure.

use serde_json::{Value, json};

use super::{
    case::{Case, Verdict},
    plan::{Plan, REQUEUE, Step},
    source::hexadecimal,
    status::{Change, condition, date},
    world::{Source, World, text},
};

pub(super) fn plan(case: &Case<'_>) -> Plan {
    if case.object["metadata"]["deletionTimestamp"].is_string() {
        return end(case);
    }
    match case.world.source(case.object) {
        Source::Missing => {
            let group = "source.toolkit.fluxcd.io";
            let source = World::source_key(case.object);
            let (kind, name) = source.map_or_else(Default::default, |key| (key.kind, key.name));
            let mut plan = Plan::default();
            wait(case, &mut plan, "ArtifactFailed", &format!("{kind}.{group} \"{name}\" not found"));
            plan
        }
        Source::Empty => {
            let mut plan = Plan::default();
            plan.tell("ArtifactFailed", "Source artifact not found, retrying in 30s", vec![]);
            wait(case, &mut plan, "ArtifactFailed", "Source artifact not found, retrying in 30s");
            plan.again_after(REQUEUE)
        }
        Source::At(revision) => match case.world.obstacle(case.object) {
            Some(obstacle) => {
                let mut plan = Plan::default();
                let message = "Dependencies do not meet ready condition, retrying in 30s";
                let last = text(case.status(), "/lastAppliedRevision").to_owned();
                plan.tell("DependencyNotReady", message, vec![("revision", last)]);
                wait(case, &mut plan, "DependencyNotReady", &obstacle);
                plan.again_after(REQUEUE)
            }
            None => Work { case, revision: &revision, plan: Plan::default() }.run(),
        },
    }
}

/// Not ready, and nothing goes on.
fn wait(case: &Case<'_>, plan: &mut Plan, reason: &str, message: &str) {
    plan.write(vec![Change::Gone("Reconciling"), Change::is("Ready", "False", reason, message)]);
    if condition(case.status(), "Ready").is_none() {
        plan.write(vec![Change::Set("observedGeneration", json!(-1))]);
    }
    plan.write(case.answer());
}

/// What was applied goes, then the object itself; its conditions stay as they are.
fn end(case: &Case<'_>) -> Plan {
    let mut plan = Plan::default();
    plan.steps.push(Step::Prune);
    let entries = case.status()["inventory"]["entries"].as_array();
    let gone: Vec<_> = entries.into_iter().flatten().filter_map(|entry| deleted(entry["id"].as_str()?)).collect();
    if !gone.is_empty() && case.object["spec"]["prune"] == true {
        let revision = text(case.status(), "/lastAppliedRevision").to_owned();
        plan.tell("ReconciliationSucceeded", &gone.join("\n"), vec![("revision", revision)]);
    }
    plan.steps.push(Step::Release);
    plan
}

fn deleted(id: &str) -> Option<String> {
    let (namespace, rest) = id.split_once('_')?;
    let mut parts = rest.rsplitn(3, '_');
    let (kind, _, name) = (parts.next()?, parts.next()?, parts.next()?);
    let place = if namespace.is_empty() { name.to_owned() } else { format!("{namespace}/{name}") };
    Some(format!("{kind}/{place} deleted"))
}

/// A reconciliation that has all it needs.
struct Work<'a> {
    case: &'a Case<'a>,
    revision: &'a str,
    plan: Plan,
}

impl Work<'_> {
    fn run(mut self) -> Plan {
        let news = text(self.case.status(), "/lastAttemptedRevision") != self.revision;
        let health = self.case.object["spec"]["wait"] == true || self.case.object["spec"]["healthChecks"].is_array();
        let slow = if news { 10 } else { 1 };
        self.phase("Fetching manifests");
        self.plan.pause(50 * slow);
        if self.fails_by("Fetching manifests", &["ArtifactFailed"]) {
            return self.plan;
        }
        self.phase("Building manifests");
        self.plan.pause(20);
        if news {
            self.plan.write(vec![Change::Set("lastAttemptedRevision", json!(self.revision))]);
        }
        self.plan.pause(150 * slow);
        if self.fails_by("Building manifests", &["BuildFailed"]) {
            return self.plan;
        }
        self.phase("Detecting drift");
        self.plan.pause(70);
        if self.fails_by("Detecting drift", &["ReconciliationFailed", "PruneFailed"]) {
            return self.plan;
        }
        if news {
            self.tell_applied();
        }
        if health && !self.check_health(news) {
            return self.plan;
        }
        self.succeed();
        self.plan
    }

    fn message(&self, phase: &str) -> String {
        let spec = &self.case.object["spec"];
        let timeout = spec["timeout"].as_str().unwrap_or(if spec["interval"] == "10m" { "9m30s" } else { "4m30s" });
        format!("{phase} for revision {} with a timeout of {timeout}", self.revision)
    }

    fn phase(&mut self, phase: &str) {
        let message = self.message(phase);
        self.plan.write(vec![
            Change::is("Reconciling", "True", "Progressing", &message),
            Change::is("Ready", "Unknown", "Progressing", "Reconciliation in progress"),
        ]);
    }

    /// What was tried stays broken until somebody says that it is mended.
    fn failure(&self) -> Option<(String, String)> {
        match self.case.verdict {
            Some(Verdict::Broken(reason, message)) => Some((reason.clone(), message.clone())),
            Some(_) => None,
            None => {
                let (reason, message) = self.case.trouble()?;
                let waited = reason == "DependencyNotReady" || message.contains("not found, retrying");
                (!waited && !message.ends_with("\" not found")).then(|| (reason.to_owned(), message.to_owned()))
            }
        }
    }

    /// Writes the failure if it is one of this phase.
    fn fails_by(&mut self, phase: &str, reasons: &[&str]) -> bool {
        let Some((reason, message)) = self.failure().filter(|(reason, _)| reasons.contains(&reason.as_str())) else {
            return false;
        };
        let mut changes = vec![
            Change::is("Reconciling", "True", "ProgressingWithRetry", &self.message(phase)),
            Change::is("Ready", "False", &reason, &message),
        ];
        if reason == "HealthCheckFailed" {
            let cause = message.split_once(": ").map_or(message.as_str(), |(_, cause)| cause);
            changes.push(Change::is("Healthy", "False", &reason, cause));
        }
        self.plan.warn(&reason, &message, vec![("revision", self.revision.to_owned())]);
        self.plan.write(changes);
        if self.case.status()["observedGeneration"].is_null() {
            self.plan.write(vec![Change::Set("observedGeneration", json!(-1))]);
        }
        self.plan.write(self.case.answer());
        true
    }

    fn check_health(&mut self, news: bool) -> bool {
        let message = self.message("Running health checks");
        self.plan.write(vec![
            Change::is("Reconciling", "True", "Progressing", &message),
            Change::is("Healthy", "Unknown", "Progressing", &message),
        ]);
        let failing = self.failure().is_some();
        self.plan.pause(if failing {
            4_000
        } else if news {
            2_500
        } else {
            25
        });
        if self.fails_by("Running health checks", &["HealthCheckFailed"]) {
            return false;
        }
        let passed = format!("Health check passed in {}", if news { "2.504246745s" } else { "24.139333ms" });
        if news {
            self.plan.tell("Progressing", &passed, vec![("revision", self.revision.to_owned())]);
        }
        self.plan.write(vec![Change::is("Healthy", "True", "Succeeded", &passed)]);
        self.plan.pause(20);
        true
    }

    fn tell_applied(&mut self) {
        let entries = self.case.status()["inventory"]["entries"].as_array();
        let first = entries.and_then(|entries| entries.first()).and_then(|entry| deleted(entry["id"].as_str()?));
        if let Some(line) = first {
            let message = line.replace(" deleted", " configured");
            self.plan.tell("Progressing", &message, vec![("revision", self.revision.to_owned())]);
        }
    }

    /// `Ready` is written one write before the revision, the answer and the generation.
    fn succeed(&mut self) {
        self.plan.write(vec![
            Change::Gone("Reconciling"),
            Change::is("Ready", "True", "ReconciliationSucceeded", &format!("Applied revision: {}", self.revision)),
        ]);
        self.plan.pause(10);
        let mut last = vec![
            Change::Set("lastAppliedRevision", json!(self.revision)),
            Change::Set("lastAttemptedRevision", json!(self.revision)),
            Change::Set("observedGeneration", json!(self.case.generation())),
            Change::Set("history", self.history()),
        ];
        last.extend(self.case.answer());
        self.plan.write(last);
        let annotations = vec![("revision", self.revision.to_owned()), ("commit_status", "update".to_owned())];
        let interval = self.case.object["spec"]["interval"].as_str().unwrap_or("10m0s");
        let message = format!("Reconciliation finished in 349.669578ms, next run in {interval}");
        self.plan.tell("ReconciliationSucceeded", &message, annotations);
    }

    /// The same revision counts up; another one comes first, and five are kept.
    fn history(&self) -> Value {
        let mut entries = self.case.status()["history"].as_array().cloned().unwrap_or_default();
        let now = date(self.case.now);
        let is_this = |entry: &Value| {
            entry["metadata"]["revision"] == *self.revision
                && entry["lastReconciledStatus"] == "ReconciliationSucceeded"
        };
        if let Some(entry) = entries.first_mut().filter(|entry| is_this(entry)) {
            entry["lastReconciled"] = json!(now);
            entry["totalReconciliations"] = json!(entry["totalReconciliations"].as_i64().unwrap_or(0) + 1);
        } else {
            let entry = json!({"digest": format!("sha256:{}", hexadecimal(self.revision, 64)), "firstReconciled": now, "lastReconciled": now,
                "lastReconciledDuration": "349.669578ms", "lastReconciledStatus": "ReconciliationSucceeded",
                "metadata": {"revision": self.revision}, "totalReconciliations": 1});
            entries.insert(0, entry);
            entries.truncate(5);
        }
        Value::Array(entries)
    }
}
