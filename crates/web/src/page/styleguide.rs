//! Every component on one page, by the templates that the other pages use, for those who work on them.

use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

use askama::Template;
use axum::{
    extract::State as Shared,
    http::{HeaderMap, StatusCode, Uri},
    response::Response,
};
use fanlight_model::{Facts, Identity, Kind, Links, ObjectKey, Row, SourceLink, Stage, State, Step, short_revision};
use serde_json::{Value, json};

use super::{access, diagram, events, list, logs, object, other, overview, runtime, workloads};
use crate::{
    App,
    action::Outcome,
    frame::Frame,
    place,
    signed::{Signed, seen, sign_in_first},
    status::StatusView,
    when,
};

#[cfg(test)]
mod tests;

#[derive(Template)]
#[template(path = "styleguide.html", blocks = ["content"])]
struct StyleGuide<'a> {
    frame: &'a Frame,
    states: [StatusView; State::ALL.len()],
    name: String,
    link: String,
    /// Revisions as Flux writes them, and as people say them.
    revisions: [(&'static str, String); 4],
    ages: [(String, String); 4],
    /// Parts of pages with their titles.
    specimens: Vec<(&'static str, String)>,
    outcomes: Vec<String>,
}

/// Where the specimens live: no such namespace should exist, since their buttons are real.
const NAMESPACE: &str = "styleguide";
const REVISION: &str = "main@sha1:4f1c0de5b3a2978610fe4d3c2b1a09f8e7d6c5b4";
const NEXT_REVISION: &str = "main@sha1:b7e29a4410c35d8f6a7b8c9d0e1f2a3b4c5d6e7f";

/// Shows the page.
pub(crate) async fn show(
    Shared(app): Shared<Arc<App>>,
    headers: HeaderMap,
    uri: Uri,
    Signed(session): Signed,
) -> Response {
    let Some(session) = session else { return sign_in_first(&app, &headers, &place::here(&app.base, &uri)) };
    let frame = Frame::of(&app, &session, &headers, &uri);
    let page = StyleGuide::new(&frame, &session.identity, (app.clock)());
    seen(&app, &headers, &session, super::html(StatusCode::OK, &page))
}

impl<'a> StyleGuide<'a> {
    fn new(frame: &'a Frame, viewer: &Identity, now: SystemTime) -> Self {
        let rows = rows(now);
        let mut specimens = list::specimens(frame, viewer, &rows, now);
        specimens.extend(overview::specimens(frame, &rows, now));
        specimens.extend(events::specimens(frame, now));
        specimens.extend(logs::specimens(frame, now));
        specimens.extend(workloads::specimens(frame, now));
        specimens.extend(object::specimens(frame, &kustomization(now), &rows, now));
        specimens.extend(diagram::specimens(frame));
        specimens.push(("An object that Flux applied", other::specimen(frame, now)));
        specimens.extend(runtime::specimens(frame));
        specimens.extend(access::specimens(frame));
        let key = ObjectKey::new(Kind::KUSTOMIZATION, NAMESPACE, "orders");
        let revisions = [
            REVISION,
            "v1.2.0@sha256:0f9e8d7c6b5a49382716051423324150697887a6b5c4d3e2f100112233445566",
            "6.7.1",
            "6.7.1+4f1c0de5b3a2",
        ];
        let ages = [12, 4 * 60, 3 * 3600, 41 * 86_400].map(Duration::from_secs);
        Self {
            frame,
            states: State::ALL.map(StatusView::of),
            link: place::object(&frame.base, &key, "details").unwrap_or_default(),
            name: key.to_string(),
            revisions: revisions.map(|revision| (revision, short_revision(revision))),
            ages: ages.map(|age| (when::timestamp(now - age), when::age(age))),
            specimens,
            outcomes: outcomes(frame, &rows),
        }
    }
}

/// A row of each state, and one that is being reconciled.
fn rows(now: SystemTime) -> Vec<Row> {
    let now = seconds(now);
    let said = |kind, name: &str, state, sentence: &str| {
        let namespace = Arc::from(NAMESPACE);
        let chart = (kind == Kind::HELM_RELEASE).then(|| Arc::from(name));
        let source = SourceLink { kind: Kind::GIT_REPOSITORY, namespace, name: "fleet".into(), chart };
        let links = Links { source: Some(source), ..Links::default() };
        let row = Row::new(ObjectKey::new(kind, NAMESPACE, name), 1, links, &Facts::new(kind));
        Row { state, sentence: sentence.into(), revision: REVISION.into(), since: Some(now - 240), ..row }
    };
    let kustomization = |name, state, sentence| said(Kind::KUSTOMIZATION, name, state, sentence);
    let release =
        |name, state, sentence| Row { revision: "6.7.1".into(), ..said(Kind::HELM_RELEASE, name, state, sentence) };
    vec![
        Row {
            attempted: NEXT_REVISION.into(),
            message: "Deployment/orders/api dry-run failed (Invalid): spec.replicas: Invalid value: -1".into(),
            next_try: Some(now + 300),
            ..kustomization("orders", State::Failed, "Deployment orders/api is not valid: spec.replicas is -1.")
        },
        Row {
            message: "terminal error: exceeded maximum retries: cannot remediate failed release".into(),
            ..release("billing", State::Stalled, "The upgrade failed three times; Helm does not try again by itself.")
        },
        kustomization("web", State::Waiting, "Waits for Kustomization styleguide/orders, which failed."),
        Row {
            attempted: NEXT_REVISION.into(),
            ..kustomization("search", State::Progressing, "Waits until 3 objects are healthy.")
        },
        kustomization("old-shop", State::Deleting, "What it applied is being deleted."),
        Row {
            revision: Box::default(),
            since: None,
            ..release("metrics", State::NotReconciled, "No controller has looked at it yet.")
        },
        kustomization("staging", State::Suspended, "Suspended by ada: “loading the backlog”"),
        kustomization("infrastructure", State::Ready, "Applied."),
        Row { syncing: true, ..release("cache", State::Ready, "Installed.") },
        kustomization("settings", State::Configured, "It is there; its kind has no status."),
    ]
}

/// A Kustomization that says as much as one can.
fn kustomization(now: SystemTime) -> Value {
    let ago = |minutes: u64| when::timestamp(now - Duration::from_secs(60 * minutes));
    let failure = "Deployment/orders/api dry-run failed (Invalid): Deployment.apps \"api\" is invalid: spec.replicas: \
                   Invalid value: -1: must be greater than or equal to 0";
    let condition = |kind: &str, status: &str, reason: &str, message: &str| {
        json!({
            "type": kind, "status": status, "reason": reason, "message": message,
            "lastTransitionTime": ago(4), "observedGeneration": 3,
        })
    };
    json!({
        "apiVersion": "kustomize.toolkit.fluxcd.io/v1",
        "kind": "Kustomization",
        "metadata": {
            "name": "orders", "namespace": NAMESPACE, "generation": 3, "resourceVersion": "1",
            "creationTimestamp": ago(60 * 24 * 41), "labels": {"team": "orders"},
        },
        "spec": {
            "path": "./apps/orders", "prune": true, "interval": "10m", "retryInterval": "2m", "timeout": "5m",
            "targetNamespace": "orders", "serviceAccountName": "orders",
            "sourceRef": {"kind": "GitRepository", "name": "fleet"},
            "dependsOn": [{"name": "infrastructure", "readyExpr": "dep.status.observedGeneration > 2"}, {"name": "elsewhere"}],
        },
        "status": {
            "observedGeneration": 2,
            "lastAppliedRevision": REVISION, "lastAttemptedRevision": NEXT_REVISION,
            "conditions": [
                condition("Reconciling", "True", "ProgressingWithRetry", "Detecting drift"),
                condition("Ready", "False", "ReconciliationFailed", failure),
                condition("Healthy", "Unknown", "Progressing", "Running health checks"),
                condition("Stored", "True", "Succeeded", "The last good manifests are kept"),
            ],
        },
    })
}

/// One outcome of each sort.
fn outcomes(frame: &Frame, rows: &[Row]) -> Vec<String> {
    let stages = [
        Stage::Asked("Waits for the controller.".to_owned()),
        Stage::Done("Applied main@b7e29a4.".to_owned()),
        Stage::Refused("It is suspended: resume it first.".to_owned()),
        Stage::Failed("spec.replicas: Invalid value: -1".to_owned()),
        Stage::Unknown("The controller has said nothing for five minutes.".to_owned()),
    ];
    let steps = rows.iter().zip(stages).map(|(row, stage)| Step { key: row.key.clone(), stage });
    steps.map(|step| Outcome::of(frame, &step).render().unwrap_or_default()).collect()
}

fn seconds(time: SystemTime) -> i64 {
    let since = time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or_default()
}
