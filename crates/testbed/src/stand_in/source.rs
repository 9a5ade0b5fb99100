//! What source-controller does with a source; pure.

use std::hash::{DefaultHasher, Hash, Hasher};

use serde_json::{Value, json};

use super::{
    case::{Case, Verdict},
    plan::Plan,
    status::{Change, condition, date},
    world::{Source, text},
};

/// Whether source-controller fetches it.
pub(super) fn is_source(kind: &str) -> bool {
    matches!(kind, "GitRepository" | "OCIRepository" | "HelmRepository" | "Bucket" | "HelmChart")
}

pub(super) fn plan(case: &Case<'_>) -> Plan {
    let mut plan = Plan::default();
    let last = text(case.status(), "/artifact/revision");
    if case.trouble().is_some() && case.verdict.is_none() {
        fail_again(case, &mut plan);
    } else if let Some(Verdict::Broken(reason, message)) = case.verdict {
        start(&mut plan);
        plan.pause(100);
        plan.warn(reason, message, vec![]);
        plan.write(vec![
            Change::is("Reconciling", "True", "ProgressingWithRetry", "reconciliation in progress"),
            Change::is("Ready", "False", reason, message),
            Change::is("FetchFailed", "True", reason, message),
        ]);
    } else {
        let (revision, subject) = match case.verdict {
            Some(Verdict::Found(revision, subject)) => (revision.clone(), subject.clone()),
            _ if last.is_empty() => (invented(case), "Start".to_owned()),
            _ => (offered(case, last), "Follow the source".to_owned()),
        };
        start(&mut plan);
        if revision == last {
            nothing_new(case, &mut plan, last);
        } else {
            fetch(case, &mut plan, &revision, &subject);
        }
    }
    plan.write(follow(case));
    let mut last_write = case.answer();
    if case.status()["observedGeneration"] != case.generation() && case.trouble().is_none() {
        last_write.push(Change::Set("observedGeneration", json!(case.generation())));
    }
    plan.write(last_write);
    plan
}

fn start(plan: &mut Plan) {
    plan.write(vec![Change::is("Reconciling", "True", "Progressing", "reconciliation in progress")]);
}

/// Only `Reconciling`, for an instant.
fn nothing_new(case: &Case<'_>, plan: &mut Plan, revision: &str) {
    plan.pause(25);
    let mut changes = vec![Change::Gone("Reconciling"), Change::Gone("FetchFailed")];
    if case.trouble().is_some() {
        changes.extend(stored(case, revision));
    }
    plan.write(changes);
    let (reason, message) = match text(case.object, "/kind") {
        "GitRepository" => {
            ("GitOperationSucceeded", format!("no changes since last reconciliation: observed revision '{revision}'"))
        }
        _ => ("ArtifactUpToDate", format!("artifact up-to-date with remote revision: '{revision}'")),
    };
    plan.tell(reason, &message, vec![]);
}

fn fetch(case: &Case<'_>, plan: &mut Plan, revision: &str, subject: &str) {
    plan.pause(160);
    let building = format!("building artifact: new upstream revision '{revision}'");
    plan.write(vec![
        Change::is("Reconciling", "True", "Progressing", &building),
        Change::is("Ready", "Unknown", "Progressing", &building),
        Change::is("ArtifactOutdated", "True", "NewRevision", &format!("new upstream revision '{revision}'")),
    ]);
    plan.pause(10);
    let digest = format!("sha256:{}", hexadecimal(revision, 64));
    let message = match text(case.object, "/kind") {
        "GitRepository" => format!("stored artifact for commit '{subject}'"),
        _ => format!("stored artifact for revision '{revision}'"),
    };
    plan.tell("NewArtifact", &message, vec![("digest", digest.clone()), ("revision", revision.to_owned())]);
    plan.pause(15);
    let kind = text(case.object, "/kind").to_lowercase();
    let place = [text(case.object, "/metadata/namespace"), text(case.object, "/metadata/name")].join("/");
    let path = format!("{kind}/{place}/{}.tar.gz", revision.rsplit(':').next().unwrap_or(revision));
    let artifact = json!({"digest": digest, "lastUpdateTime": date(case.now), "path": path, "revision": revision,
        "size": case.status()["artifact"]["size"].as_i64().unwrap_or(4120),
        "url": format!("http://source-controller.flux-system.svc.cluster.local./{path}")});
    let mut changes = vec![Change::Gone("Reconciling"), Change::Gone("ArtifactOutdated"), Change::Gone("FetchFailed")];
    changes.extend(stored(case, revision));
    changes.push(Change::Set("artifact", artifact));
    plan.write(changes);
    plan.pause(5);
}

/// What a source says when its artifact is in storage.
fn stored(case: &Case<'_>, revision: &str) -> [Change; 2] {
    let (reason, message) = match text(case.object, "/kind") {
        "GitRepository" => ("Succeeded", format!("stored artifact for revision '{revision}'")),
        "OCIRepository" => ("Succeeded", format!("stored artifact for digest '{revision}'")),
        "HelmChart" => {
            let name = text(case.object, "/spec/chart").rsplit('/').next().unwrap_or_default();
            match case.object["spec"]["sourceRef"]["kind"].as_str() {
                Some("HelmRepository") => {
                    ("ChartPullSucceeded", format!("pulled '{name}' chart with version '{revision}'"))
                }
                _ => ("ChartPackageSucceeded", format!("packaged '{name}' chart with version '{revision}'")),
            }
        }
        _ => ("Succeeded", format!("stored artifact: revision '{revision}'")),
    };
    [Change::is("Ready", "True", reason, &message), Change::is("ArtifactInStorage", "True", reason, &message)]
}

/// It fails as it did before; a stalled one loses that mark for an instant.
fn fail_again(case: &Case<'_>, plan: &mut Plan) {
    let stalled = condition(case.status(), "Stalled").is_some();
    if stalled {
        plan.write(vec![Change::Gone("Stalled")]);
    }
    start(plan);
    plan.pause(100);
    if let Some((reason, message)) = case.trouble() {
        plan.warn(reason, message, vec![]);
    }
    plan.write(vec![Change::Again(case.status()["conditions"].clone())]);
}

/// A chart remembers for which revision of its source it was made.
fn follow(case: &Case<'_>) -> Vec<Change> {
    match case.world.source(case.object) {
        Source::At(revision) if text(case.object, "/kind") == "HelmChart" => {
            vec![Change::Set("observedSourceArtifactRevision", json!(revision))]
        }
        _ => vec![],
    }
}

/// The revision that a source offers without being pushed to: a chart made anew at each commit follows its repository.
fn offered(case: &Case<'_>, last: &str) -> String {
    let follows = case.object["spec"]["reconcileStrategy"] == "Revision";
    match (case.world.source(case.object), last.split_once('+')) {
        (Source::At(revision), Some((version, _))) if follows => {
            let commit: String = revision.rsplit(':').next().unwrap_or_default().chars().take(12).collect();
            format!("{version}+{commit}")
        }
        _ => last.to_owned(),
    }
}

fn invented(case: &Case<'_>) -> String {
    let seed = text(case.object, "/metadata/uid");
    match text(case.object, "/kind") {
        "GitRepository" => {
            let branch = case.object["spec"]["ref"]["branch"].as_str().unwrap_or("master");
            format!("{branch}@sha1:{}", hexadecimal(seed, 40))
        }
        "OCIRepository" => format!("latest@sha256:{}", hexadecimal(seed, 64)),
        "HelmChart" => "1.0.0".to_owned(),
        _ => format!("sha256:{}", hexadecimal(seed, 64)),
    }
}

/// Digits that look like a digest and depend on `seed` alone.
pub(super) fn hexadecimal(seed: &str, length: usize) -> String {
    let part = |part: usize| {
        let mut hasher = DefaultHasher::new();
        (seed, part).hash(&mut hasher);
        format!("{:016x}", hasher.finish())
    };
    let mut digits: String = (0..length.div_ceil(16)).map(part).collect();
    digits.truncate(length);
    digits
}

/// A commit of the same branch as `revision`.
pub(super) fn commit_after(revision: &Value, seed: &str) -> Option<String> {
    let (branch, _) = revision.as_str()?.split_once("@sha1:")?;
    Some(format!("{branch}@sha1:{}", hexadecimal(seed, 40)))
}
