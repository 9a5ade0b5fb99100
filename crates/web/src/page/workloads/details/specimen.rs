use std::time::{Duration, SystemTime};

use askama::Template;
use fanlight_model::{
    Answer, EventEntry, Events, Kind, Listed, ObjectKey, Pod, PodUsage, Workload, WorkloadAction, WorkloadFamily,
    WorkloadKind,
};
use serde_json::{Value, json};

use super::{
    Content, Shown,
    shown::{Around, Aside},
};
use crate::{frame::Frame, when};

/// The page of this Deployment, of which one pod crashes, for the style guide.
pub(in crate::page::workloads) fn specimen(frame: &Frame, object: &Value, now: SystemTime) -> String {
    let row = Workload::read(WorkloadKind::Deployment, object);
    let ago = |minutes: u64| when::timestamp(now - Duration::from_secs(60 * minutes));
    let pod = |name: &str, status: Value| {
        let metadata = json!({"namespace": "styleguide", "name": name, "uid": name, "creationTimestamp": ago(50)});
        Pod::read(&json!({"metadata": metadata, "spec": {"nodeName": "node-1", "containers": [{"name": "api"}]},
            "status": status}))
    };
    let ended =
        json!({"terminated": {"exitCode": 1, "reason": "Error", "message": "no database", "finishedAt": ago(4)}});
    let waiting =
        json!({"waiting": {"reason": "CrashLoopBackOff", "message": "back-off 5m0s restarting failed container"}});
    let pods = vec![
        pod(
            "api-6c9-k2x7p",
            json!({"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}],
                "containerStatuses": [{"name": "api", "ready": true, "state": {"running": {"startedAt": ago(49)}}}]}),
        ),
        pod(
            "api-6c9-w8d2m",
            json!({"phase": "Running",
                "containerStatuses": [{"name": "api", "state": waiting, "lastState": ended, "restartCount": 7}]}),
        ),
    ];
    let usage = PodUsage { pod: "api-6c9-k2x7p".to_owned(), processor: 12, memory: 34 << 20 };
    let event = EventEntry::read(&json!({
        "involvedObject": {"kind": "Pod", "namespace": "styleguide", "name": "api-6c9-w8d2m"}, "type": "Warning",
        "reason": "BackOff", "message": "Back-off restarting failed container", "count": 31, "firstTimestamp": ago(50),
        "lastTimestamp": ago(1)}));
    let aside = Aside {
        events: Ok(Events { entries: vec![event], more: false }),
        act: Some((WorkloadAction::Restart(row.key.clone()), Answer::Yes)),
        delete: Answer::No,
        usage: Ok(vec![usage]),
    };
    let around = Around {
        applier: Some((ObjectKey::new(Kind::KUSTOMIZATION, "styleguide", "orders"), None)),
        ..Around::default()
    };
    let family = WorkloadFamily { pods: Ok(Listed { items: pods, more: false }), ..WorkloadFamily::none() };
    let key = row.key.clone();
    let shown = Shown { object: object.clone(), row, family, aside, around };
    Content::new(frame, &key, Ok(&shown), now).render().unwrap_or_default()
}
