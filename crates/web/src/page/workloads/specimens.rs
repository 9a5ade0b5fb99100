use std::{sync::Arc, time::Duration, time::SystemTime};

use fanlight_model::{Workload, WorkloadFilter, WorkloadKind, WorkloadPlace, Workloads};
use serde_json::{Value, json};

use super::{WorkloadsPage, details};
use crate::{frame::Frame, when};

/// Every part of both pages with its title, for the style guide.
pub(in crate::page) fn specimens(frame: &Frame, now: SystemTime) -> Vec<(&'static str, String)> {
    let found = Ok(Arc::new(workloads(now)));
    let filter = WorkloadFilter::from_pairs([("owner", "Kustomization/styleguide/orders")]);
    let page = WorkloadsPage::new(frame, &filter, &found, now);
    // One table on a page has the rows that keys move through.
    let table = page.as_table().to_string().replace("id=\"rows\"", "id=\"workloads\"");
    vec![
        ("Note on workloads", page.as_note().to_string()),
        ("Workloads", table),
        ("One workload", details::specimen(frame, &deployment(now), now).replace("id=\"rest\"", "id=\"workload\"")),
    ]
}

fn workloads(now: SystemTime) -> Workloads {
    let mut found = Workloads::default();
    let job = json!({"metadata": metadata("nightly", now), "spec": {"template": {"spec": {"containers": [
        {"name": "report", "image": "registry.example.com/acme/report:2.1"}, {"name": "proxy", "image": "proxy:1"}]}}},
        "status": {"succeeded": 1, "conditions": [{"type": "Complete", "status": "True"}]}});
    for row in [Workload::read(WorkloadKind::Deployment, &deployment(now)), Workload::read(WorkloadKind::Job, &job)] {
        found.rows.insert(row.key.clone(), row);
    }
    let place = WorkloadPlace { kind: WorkloadKind::CronJob, namespace: Some("styleguide".into()) };
    found.refused.insert(place, "no".to_owned());
    found
}

fn metadata(name: &str, now: SystemTime) -> Value {
    json!({"namespace": "styleguide", "name": name, "uid": format!("of-{name}"), "resourceVersion": "7", "generation": 2,
        "creationTimestamp": when::timestamp(now - Duration::from_secs(86_400 * 41)),
        "labels": {"kustomize.toolkit.fluxcd.io/name": "orders", "kustomize.toolkit.fluxcd.io/namespace": "styleguide"}})
}

fn deployment(now: SystemTime) -> Value {
    json!({"metadata": metadata("api", now),
        "spec": {"replicas": 2, "template": {"spec": {"containers": [{"name": "api",
            "image": "registry.example.com/acme/orders:1.9.0", "resources": {"requests": {"cpu": "50m", "memory": "64Mi"},
                "limits": {"memory": "256Mi"}}, "readinessProbe": {"httpGet": {"path": "/ready", "port": 8080}}}]}}},
        "status": {"observedGeneration": 2, "replicas": 2, "updatedReplicas": 2, "readyReplicas": 1,
            "availableReplicas": 1}})
}
