use std::time::{Duration, SystemTime};

use fanlight_model::{EventEntry, EventFilter, EventLog};
use serde_json::json;

use super::{EventRow, EventsPage, Happened};
use crate::{frame::Frame, when};

/// Every part of the page with its title, for the style guide.
pub(in crate::page) fn specimens(frame: &Frame, now: SystemTime) -> Vec<(&'static str, String)> {
    let happened = Happened::of(log(now));
    let filter = EventFilter::from_pairs([("kind", "Kustomization")]);
    let mut page = EventsPage::new(frame, &filter, &happened, "ada");
    let rows: Vec<_> = happened.shown(&filter).map(|event| EventRow::of(event, frame, now)).collect();
    page.rows = rows;
    page.notes = vec!["You may not list Events in edge: “list” on events is missing there.".to_owned()];
    let parts = [
        ("Note on Events", page.as_note().to_string()),
        ("Types of Events", page.as_strip().to_string()),
        // One table on a page has the rows that keys move through.
        ("Events", page.as_table().to_string().replace("id=\"rows\"", "id=\"events\"")),
    ];
    parts.into()
}

fn log(now: SystemTime) -> EventLog {
    let mut log = EventLog::default();
    for (id, word, reason, count, message) in [
        (
            "a",
            "Warning",
            "HealthCheckFailed",
            14,
            "(combined from similar events): timeout waiting for: [Deployment/orders/api status: 'InProgress']",
        ),
        ("b", "Normal", "ReconciliationSucceeded", 1, "Reconciliation finished in 1.2s, next run in 10m0s"),
    ] {
        log.put(EventEntry::read(&json!({
            "metadata": {"uid": id, "annotations": {"kustomize.toolkit.fluxcd.io/revision": "main@sha1:4f1c0de5b3a2978610fe4d3c2b1a09f8e7d6c5b4"}},
            "involvedObject": {"apiVersion": "kustomize.toolkit.fluxcd.io/v1", "kind": "Kustomization", "namespace": "styleguide", "name": "orders"},
            "type": word, "reason": reason, "message": message, "count": count,
            "firstTimestamp": when::timestamp(now - Duration::from_secs(900)), "lastTimestamp": when::timestamp(now - Duration::from_secs(60)),
            "source": {"component": "kustomize-controller"},
        })));
    }
    log
}
