//! What programs write when they begin, and those that crash when they end.

use anyhow::Context;
use jiff::{SignedDuration, Timestamp};
use k8s_openapi::api::core::v1::Pod;
use kube::ResourceExt;
use serde_json::json;

use super::PodLogs;

impl PodLogs {
    pub(super) async fn begin(&self, pod: &Pod) -> anyhow::Result<()> {
        let (namespace, name) = (pod.namespace().unwrap_or_default(), pod.name_any());
        let spec = pod.spec.as_ref().context("a pod without a spec")?;
        let now = Timestamp::now();
        for container in &spec.containers {
            let id = format!("{namespace}/{name}/{}", container.name);
            let image = container.image.as_deref().unwrap_or_default();
            let (program, version) =
                image.rsplit('/').next().and_then(|last| last.split_once(':')).unwrap_or((image, ""));
            let lines = match version {
                "9.9.9" => Vec::new(),
                _ if version.contains("-rc") => crash(program, version),
                _ if pod.labels().get("app.kubernetes.io/part-of").is_some_and(|part| part == "flux") => {
                    controller(program)
                }
                _ => well(program, version),
            };
            let count = i32::try_from(lines.len()).unwrap_or_default();
            let times = (0..count).map(|number| now - SignedDuration::from_millis(180) * (count - number));
            let lines: Vec<_> = times.zip(lines).collect();
            if version.contains("-rc") {
                let before = lines.iter().map(|(time, line)| (*time - SignedDuration::from_secs(81), line));
                self.write_before(&id, before)?;
            }
            self.write_all(&id, lines)?;
        }
        self.serve(pod).await
    }
}

/// A program of Go that does not get what it needs.
fn crash(program: &str, version: &str) -> Vec<String> {
    let host = format!("{program}-db.internal:5432");
    let refused = format!("dial tcp 10.20.4.7:5432: connect: connection refused (host={host})");
    let mut lines = vec![
        format!("level=info msg=\"starting {program}\" version={version} pid=1"),
        "level=info msg=\"reading settings\" file=/etc/settings.yaml".to_owned(),
        format!("level=info msg=\"connecting\" host={host} attempt=1"),
    ];
    for attempt in 1..=3 {
        lines.push(format!("level=warn msg=\"no connection, trying again\" attempt={attempt} error=\"{refused}\""));
    }
    lines.push(format!("panic: no connection to {host} after 3 attempts: {refused}"));
    lines.extend(
        [
            "",
            "goroutine 1 [running]:",
            "main.mustConnect(...)",
            "\t/src/store.go:58",
            "main.main()",
            "\t/src/main.go:31 +0x1d4",
        ]
        .map(ToOwned::to_owned),
    );
    lines
}

/// One of Flux's controllers.
fn controller(program: &str) -> Vec<String> {
    let time = Timestamp::now();
    let line = |message: &str| json!({"level": "info", "ts": format!("{time:.3}"), "logger": "setup", "msg": message});
    [
        line("starting manager"),
        json!({"level": "info", "ts": format!("{time:.3}"), "logger": "runtime", "msg": "attempting to acquire leader lease",
            "lease": format!("flux-system/{program}-leader-election")}),
        line("starting workers"),
    ]
    .map(|line| line.to_string())
    .into()
}

/// A program that gets what it needs; programs write in many ways.
fn well(program: &str, version: &str) -> Vec<String> {
    let time = Timestamp::now();
    match program.len() % 3 {
        0 => vec![
            json!({"level": "info", "ts": format!("{time:.3}"), "msg": format!("starting {program}"), "version": version}).to_string(),
            json!({"level": "info", "ts": format!("{time:.3}"), "msg": "listening", "address": ":8080"}).to_string(),
            json!({"level": "warn", "ts": format!("{time:.3}"), "msg": "cache is cold", "entries": 0}).to_string(),
        ],
        1 => vec![
            format!("\u{1b}[32mINFO\u{1b}[0m {program} {version} starts"),
            "\u{1b}[32mINFO\u{1b}[0m listening on :8080".to_owned(),
            "\u{1b}[33mWARN\u{1b}[0m cache is cold".to_owned(),
        ],
        _ => vec![
            format!("I{} 1 main.go:24] starting {program} {version}", time.strftime("%m%d %H:%M:%S.%6f")),
            format!("I{} 1 serve.go:61] listening on :8080", time.strftime("%m%d %H:%M:%S.%6f")),
        ],
    }
}
