//! What is counted when Prometheus asks: views, requests to the API server, and the process itself.

use std::{fmt, sync::Arc, time::SystemTime};

use fanlight_cluster::ApiServer;
use fanlight_live::Live;
use fanlight_web::Versions;
use nix::sys::{
    resource::{UsageWho, getrusage},
    time::TimeVal,
};
use prometheus_client::{
    collector::Collector,
    encoding::{DescriptorEncoder, EncodeMetric},
    metrics::{MetricType, counter::ConstCounter, gauge::ConstGauge, info::Info},
    registry::Registry,
};

/// Has `registry` tell of all of it.
pub(crate) fn register(
    registry: &mut Registry,
    live: &Live,
    server: &ApiServer,
    versions: &Arc<Versions>,
    clock: fn() -> SystemTime,
) {
    let build = Info::new([("version", env!("CARGO_PKG_VERSION"))]);
    registry.register("fanlight_build", "The running release", build);
    registry.register_collector(Box::new(Views(live.clone())));
    registry.register_collector(Box::new(Requests(server.clone())));
    registry.register_collector(Box::new(Seen(Arc::clone(versions))));
    let started = clock().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs_f64();
    registry.register_collector(Box::new(Process { started }));
}

struct Views(Live);

impl Collector for Views {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let figures = self.0.figures();
        let gauges = [
            ("fanlight_sessions_active", "Sessions with an open page, or one closed a moment ago", figures.sessions),
            ("fanlight_feeds", "Lists and watches that run at the API server", figures.feeds),
            ("fanlight_rows", "Objects kept for lists", figures.rows),
        ];
        gauges.into_iter().try_for_each(|(name, help, value)| gauge(&mut encoder, name, help, number(value)))
    }
}

struct Seen(Arc<Versions>);

impl Collector for Seen {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let help = "Kept of versions of objects whose pages were open";
        gauge(&mut encoder, "fanlight_versions_bytes", help, number(self.0.bytes()))
    }
}

struct Requests(ApiServer);

impl Collector for Requests {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let help = "Requests to the API server; code 0 if there was no answer";
        let mut family = encoder.encode_descriptor("fanlight_api_requests", help, None, MetricType::Counter)?;
        for (what, count) in self.0.requests() {
            let labels = [("verb", what.verb.to_owned()), ("resource", what.resource), ("code", what.code.to_string())];
            ConstCounter::new(count).encode(family.encode_family(&labels)?)?;
        }
        Ok(())
    }
}

/// This process, by the names that all exporters use. What the system does not tell is left out.
#[derive(Debug)]
struct Process {
    started: f64,
}

impl Collector for Process {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let usage = getrusage(UsageWho::RUSAGE_SELF).ok();
        if let Some(usage) = usage {
            let name = "process_cpu_seconds";
            let counter = ConstCounter::new(seconds(usage.user_time()) + seconds(usage.system_time()));
            let help = "Processor time used";
            counter.encode(encoder.encode_descriptor(name, help, None, MetricType::Counter)?)?;
        }
        let gauges = [
            ("process_resident_memory_bytes", "Resident memory", resident_bytes()),
            ("process_open_fds", "Open files and connections", open_files()),
            ("process_start_time_seconds", "When the process was started, since 1970", Some(self.started)),
        ];
        let known = gauges.into_iter().filter_map(|(name, help, value)| Some((name, help, value?)));
        known.into_iter().try_for_each(|(name, help, value)| gauge(&mut encoder, name, help, value))
    }
}

impl fmt::Debug for Views {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Views")
    }
}

impl fmt::Debug for Seen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Seen")
    }
}

impl fmt::Debug for Requests {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Requests")
    }
}

fn gauge(encoder: &mut DescriptorEncoder<'_>, name: &str, help: &str, value: f64) -> fmt::Result {
    ConstGauge::new(value).encode(encoder.encode_descriptor(name, help, None, MetricType::Gauge)?)
}

#[expect(clippy::cast_precision_loss, reason = "nobody has so many of anything that it would matter")]
fn number(value: usize) -> f64 {
    value as f64
}

#[expect(clippy::cast_precision_loss, reason = "a process does not run for so long")]
fn seconds(time: TimeVal) -> f64 {
    time.tv_sec() as f64 + time.tv_usec() as f64 / 1e6
}

/// As Linux tells it.
fn resident_bytes() -> Option<f64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kibibytes: f64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kibibytes * 1024.0)
}

/// The one that is needed to count them is among them.
fn open_files() -> Option<f64> {
    Some(number(std::fs::read_dir("/proc/self/fd").ok()?.count()))
}
