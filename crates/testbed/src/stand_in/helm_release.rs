//! What helm-controller does with a HelmRelease; pure.

use serde_json::{Value, json};

use super::{
    case::{Case, Verdict},
    helm_action::Action,
    plan::{Plan, REQUEUE, Step},
    status::{Change, condition},
    world::{Source, World, text},
};

pub(super) fn plan(case: &Case<'_>) -> Plan {
    if case.object["metadata"]["deletionTimestamp"].is_string() {
        return end(case);
    }
    let mut plan = Plan::default();
    let stalled = condition(case.status(), "Stalled").cloned();
    plan.write(vec![
        Change::Gone("Stalled"),
        Change::is("Reconciling", "True", "Progressing", "Fulfilling prerequisites"),
    ]);
    let version = match prerequisites(case) {
        Ok(version) => version,
        Err((reason, message)) => {
            if reason == "DependencyNotReady" {
                plan.tell(&reason, &message, vec![]);
            }
            plan.pause(20);
            plan.write(vec![Change::is("Ready", "False", &reason, &message)]);
            if condition(case.status(), "Ready").is_none() {
                plan.write(vec![Change::Set("observedGeneration", json!(-1))]);
            }
            plan.write(case.answer());
            return if reason == "ValuesError" { plan } else { plan.again_after(REQUEUE) };
        }
    };
    plan.pause(26);
    let asked = ["forceAt", "resetAt"].map(|name| asks(case, name));
    let other_chart = text(case.status(), "/lastAttemptedRevision") != version;
    let retries = condition(case.status(), "Remediated").is_some() && stalled.is_none();
    let acts = case.edited || other_chart || retries || asked.contains(&true) || case.verdict.is_some();
    if acts {
        return Action::new(case, version, asked[0], asked[1]).run(plan);
    }
    if let Some(stalled) = stalled {
        // Nothing is tried: the mark comes back with the same words.
        let (reason, message) = (text(&stalled, "/reason"), text(&stalled, "/message"));
        plan.write(vec![Change::Gone("Reconciling"), Change::is("Stalled", "True", reason, message)]);
    } else {
        plan.write(vec![Change::Gone("Reconciling")]);
    }
    plan.pause(15);
    let mut last = case.answer();
    if case.status()["observedGeneration"] != case.generation() {
        last.push(Change::Set("observedGeneration", json!(case.generation())));
    }
    plan.write(last);
    plan
}

/// Whether this annotation counts: not handled yet, and of the same value as the request.
fn asks(case: &Case<'_>, name: &str) -> bool {
    let handled = if name == "forceAt" { "lastHandledForceAt" } else { "lastHandledResetAt" };
    let value = case.annotation(name);
    value.is_some() && value == case.annotation("requestedAt") && case.status()[handled].as_str() != value
}

/// The version of the chart to install, or why there is none: reason, message.
fn prerequisites(case: &Case<'_>) -> Result<String, (String, String)> {
    if let Some(obstacle) = case.world.obstacle(case.object) {
        return Err(("DependencyNotReady".to_owned(), obstacle));
    }
    let before = |reasons: &[&str]| {
        let same = case.trouble().filter(|(reason, _)| reasons.contains(reason));
        same.map(|(reason, message)| (reason.to_owned(), message.to_owned()))
    };
    let Source::At(revision) = case.world.source(case.object) else {
        let name = World::source_key(case.object).map(|key| format!("{} '{}/{}'", key.kind, key.namespace, key.name));
        let message = format!("{} is not ready", name.unwrap_or_default());
        return Err(before(&["SourceNotReady", "ArtifactFailed"]).unwrap_or(("SourceNotReady".to_owned(), message)));
    };
    match before(&["ValuesError"]) {
        Some(trouble) if case.verdict.is_none() => Err(trouble),
        // A chart from an OCIRepository: its tag, then the digest's beginning.
        _ => Ok(match revision.split_once("@sha256:") {
            Some((tag, digest)) => format!("{tag}+{}", digest.chars().take(12).collect::<String>()),
            None => revision,
        }),
    }
}

/// The release is uninstalled, then the object goes.
fn end(case: &Case<'_>) -> Plan {
    let mut plan = Plan::default();
    let name = [text(case.object, "/metadata/namespace"), text(case.object, "/metadata/name")].join("/");
    if let Some(release) = case.status()["history"].get(0) {
        let message = format!(
            "Helm uninstall succeeded for release {name}.v{} with chart {}@{}",
            release["version"],
            text(release, "/chartName"),
            text(release, "/chartVersion")
        );
        plan.steps.push(Step::Prune);
        plan.pause(100);
        plan.tell("UninstallSucceeded", &message, vec![("revision", text(release, "/chartVersion").to_owned())]);
        plan.write(vec![
            Change::is("Ready", "False", "UninstallSucceeded", &message),
            Change::is("Released", "False", "UninstallSucceeded", &message),
        ]);
    }
    if let Some(chart) = case.status()["helmChart"].as_str() {
        plan.tell("HelmChartDeleted", &format!("deleted HelmChart '{chart}'"), vec![]);
    }
    plan.steps.push(Step::Release);
    plan
}

/// Whether an action on this release fails, and how: an outside verdict, or as before.
pub(super) fn failure(case: &Case<'_>) -> Option<(String, String)> {
    match case.verdict {
        Some(Verdict::Broken(reason, message)) => return Some((reason.clone(), message.clone())),
        Some(_) => return None,
        None => {}
    }
    let (reason, message) = match case.trouble()? {
        ("RollbackSucceeded", _) => {
            let released = condition(case.status(), "Released")?;
            (text(released, "/reason"), text(released, "/message"))
        }
        other => other,
    };
    let tried = matches!(reason, "InstallFailed" | "UpgradeFailed" | "TestFailed");
    tried.then(|| (reason.to_owned(), message.to_owned()))
}

/// The parts of a release's spec that make an upgrade necessary.
pub(super) fn ingredients(object: &Value) -> [&Value; 4] {
    ["chart", "chartRef", "values", "valuesFrom"].map(|part| &object["spec"][part])
}
