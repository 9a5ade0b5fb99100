//! An object's facts in words.

use std::time::{Duration, SystemTime};

use fanlight_model::{ConditionEntry, ConditionStatus, Details, Family, Kind, State};

use super::{Fact, Shown, particulars};
use crate::{frame::Frame, place, status::StatusView, when};

/// A condition as a line.
pub(in crate::page) struct Line {
    pub(in crate::page) class: &'static str,
    pub(in crate::page) kind: String,
    pub(in crate::page) status: &'static str,
    pub(in crate::page) reason: String,
    pub(in crate::page) message: String,
    pub(in crate::page) since: Option<(String, String)>,
}

impl Line {
    pub(in crate::page) fn of(entry: &ConditionEntry, now: SystemTime) -> Self {
        let troubling = matches!(entry.kind.as_str(), "Stalled" | "FetchFailed" | "ArtifactOutdated");
        let (class, status) = match entry.status {
            ConditionStatus::True if troubling => ("failed", "True"),
            ConditionStatus::True if entry.kind == "Reconciling" => ("moving", "True"),
            ConditionStatus::True => ("ready", "True"),
            ConditionStatus::False if troubling => ("quiet", "False"),
            ConditionStatus::False => ("failed", "False"),
            ConditionStatus::Unknown => ("moving", "Unknown"),
        };
        Self {
            class,
            kind: entry.kind.clone(),
            status,
            reason: entry.reason.clone(),
            message: entry.message.clone(),
            since: when::since(entry.since, now),
        }
    }
}

/// What was last good, in full; empty where that goes without saying.
pub(super) fn last_good(details: &Details) -> &str {
    let is_good = matches!(details.row.state, State::Ready | State::Suspended | State::Configured);
    if is_good { "" } else { &details.last_good }
}

/// Who suspended it and why.
pub(super) fn suspension(details: &Details) -> String {
    let Details { suspended_by: by, suspended_comment: comment, .. } = details;
    match (by.is_empty(), comment.is_empty()) {
        (true, true) => String::new(),
        (false, true) => format!("Suspended by {by}, who gave no reason."),
        (true, false) => format!("Suspended: “{comment}”"),
        (false, false) => format!("Suspended by {by}: “{comment}”"),
    }
}

/// What the object asks for and where it stands.
pub(super) fn facts(frame: &Frame, shown: &Shown, now: SystemTime) -> Vec<Fact> {
    let Shown { details, around, .. } = shown;
    let (row, settings) = (&details.row, &details.settings);
    let mut facts = Vec::new();
    if let Some(link) = &row.source {
        let name = format!("{} {}/{}", link.kind, link.namespace, link.name);
        let status = around.source.as_ref().map(|row| StatusView::of(row.state));
        facts.push(Fact {
            link: place::object(&frame.base, &link.key(), "details"),
            status,
            ..Fact::new(source_word(row.key.kind), name)
        });
        if let Some(chart) = &link.chart {
            facts.push(Fact::new("Chart", &**chart));
        }
    }
    if let Some(verified) = around.vouched(row) {
        facts.push(particulars::signature("Source’s signature", verified));
    }
    facts.extend(row.particulars.iter().flat_map(|own| particulars::facts(row.key.kind, own, now)));
    let mut code = |name, value: &str| {
        if !value.is_empty() {
            facts.push(Fact::code(name, value));
        }
    };
    code("Path", &settings.path);
    let is_source = row.key.kind.info().family == Family::Source;
    code(if is_source { "Revision" } else { "Applied" }, &row.revision);
    code("Attempted", &row.attempted);
    code("Origin", &details.origin_revision);
    code("Target namespace", &settings.target_namespace);
    code("Service account", &settings.service_account);
    facts.extend(schedule(details, now));
    if let Some(prune) = settings.prune {
        facts.push(Fact::new("Prune", if prune { "yes" } else { "no" }));
    }
    if settings.remote {
        facts.push(Fact::new("Applied to", "another cluster"));
    }
    if !details.inventory.is_empty() {
        facts.push(Fact::new("Objects applied", details.inventory.len().to_string()));
    }
    facts.extend(details.properties.own.iter().filter_map(|property| Fact::of(property, now)));
    facts.extend(Fact::moment("Created", details.created, now));
    facts
}

/// What the object is called that this one takes its content from.
fn source_word(kind: Kind) -> &'static str {
    match kind {
        Kind::IMAGE_POLICY => "Image repository",
        Kind::ALERT => "Provider",
        Kind::EXTERNAL_ARTIFACT => "Made by",
        _ => "Source",
    }
}

fn schedule(details: &Details, now: SystemTime) -> Vec<Fact> {
    let settings = &details.settings;
    let mut facts = Vec::new();
    // What is only configuration has an interval that no controller keeps.
    if let Some(interval) = settings.interval.filter(|_| details.row.state != State::Configured) {
        let next = details.next_run.and_then(when::moment).and_then(|next| next.duration_since(now).ok());
        let value = match next {
            Some(next) => format!("{}, next in about {}", when::span(interval), when::span(next)),
            None => when::span(interval),
        };
        facts.push(Fact::new("Interval", value));
    }
    let mut span = |name, span: Option<Duration>| {
        if let Some(span) = span {
            facts.push(Fact::new(name, when::span(span)));
        }
    };
    span("Retry interval", settings.retry_interval);
    span("Timeout", settings.timeout);
    facts
}

#[cfg(test)]
mod tests {
    use fanlight_model::Kind;
    use serde_json::{Value, json};

    use super::*;

    fn interval(kind: Kind, object: &Value) -> Option<String> {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(360);
        schedule(&Details::read(kind, object), now).into_iter().next().map(|fact| fact.value)
    }

    #[test]
    fn when_an_object_is_looked_at_next_is_said_only_where_the_last_look_left_a_trace() {
        let ready = json!([{"type": "Ready", "status": "True", "reason": "Succeeded", "message": "Applied",
            "lastTransitionTime": "1970-01-01T00:00:00Z"}]);
        let object = json!({"spec": {"interval": "10m"}, "status": {"conditions": ready, "history": [
            {"lastReconciledStatus": "ReconciliationSucceeded", "lastReconciled": "1970-01-01T00:01:00Z"}]}});
        assert_eq!(interval(Kind::KUSTOMIZATION, &object).as_deref(), Some("10m, next in about 5m"));
        for kind in [Kind::HELM_RELEASE, Kind::GIT_REPOSITORY, Kind::OCI_REPOSITORY, Kind::HELM_CHART, Kind::BUCKET] {
            assert_eq!(interval(kind, &object).as_deref(), Some("10m"), "{kind}");
        }
        let registry = json!({"spec": {"interval": "10m", "type": "oci", "url": "oci://registry.example.com"}});
        assert_eq!(interval(Kind::HELM_REPOSITORY, &registry), None, "nobody looks at it");
    }
}
