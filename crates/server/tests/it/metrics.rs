//! What Prometheus is told.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    net::TcpListener,
    process::Command,
};

use anyhow::{Context, bail, ensure};
use fanlight_testbed::{FanlightServer, Stream};

use crate::{
    audit::Scene,
    shared::{PROGRAM, in_namespace, start, until},
};

/// Where a server listens for Prometheus, as its log has it.
fn address(server: &FanlightServer) -> anyhow::Result<String> {
    let log = server.log();
    let line = log.lines().find(|line| line.contains("listening for Prometheus")).context("it does not listen")?;
    let (_, address) = line.split_once("address=").context("no address")?;
    Ok(format!("http://{}", address.trim()))
}

/// All that Prometheus is told.
pub(crate) async fn read(server: &FanlightServer) -> anyhow::Result<String> {
    let response = FanlightServer::client()?.get(format!("{}/metrics", address(server)?)).send().await?;
    let form = response.headers()["content-type"].to_str()?.to_owned();
    ensure!(form == "application/openmetrics-text; version=1.0.0; charset=utf-8", "{form}");
    Ok(response.error_for_status()?.text().await?)
}

/// What was told, as Prometheus reads it.
#[derive(Debug, Default)]
struct Told {
    /// The type of each family.
    families: BTreeMap<String, String>,
    /// Values by name and labels as they were written.
    samples: BTreeMap<String, f64>,
}

impl Told {
    /// Reads strictly: each sample belongs to the family before it, and comes once.
    fn parse(text: &str) -> anyhow::Result<Self> {
        let mut told = Self::default();
        let mut family = String::new();
        let body = text.strip_suffix("# EOF\n").context("cut off")?;
        for line in body.lines() {
            if let Some(rest) = line.strip_prefix("# TYPE ") {
                let (name, kind) = rest.split_once(' ').context("no type")?;
                name.clone_into(&mut family);
                ensure!(told.families.insert(name.to_owned(), kind.to_owned()).is_none(), "{name} comes twice");
            } else if !line.starts_with("# HELP ") {
                let (sample, value) = line.rsplit_once(' ').with_context(|| line.to_owned())?;
                let name = sample.split('{').next().unwrap_or_default();
                let suffix = name.strip_prefix(family.as_str()).with_context(|| line.to_owned())?;
                if !["", "_total", "_bucket", "_sum", "_count", "_info"].contains(&suffix) {
                    bail!("{line} is not of {family}");
                }
                ensure!(told.samples.insert(sample.to_owned(), value.parse()?).is_none(), "{sample} comes twice");
            }
        }
        Ok(told)
    }

    async fn of(server: &FanlightServer) -> anyhow::Result<Self> {
        Self::parse(&read(server).await?)
    }

    /// The sum of a metric's samples whose labels contain all of these.
    fn sum(&self, name: &str, labels: &[&str]) -> f64 {
        let fits =
            |sample: &str| sample.split('{').next() == Some(name) && labels.iter().all(|label| sample.contains(label));
        self.samples.iter().filter(|(sample, _)| fits(sample)).map(|(_, value)| value).sum()
    }

    /// All values of a label.
    fn values(&self, label: &str) -> BTreeSet<&str> {
        let value = |sample: &'_ str| -> Option<(usize, usize)> {
            let start = sample.find(&format!("{label}=\""))? + label.len() + 2;
            Some((start, start + sample[start..].find('"')?))
        };
        self.samples.keys().filter_map(|sample| value(sample).map(|(from, to)| &sample[from..to])).collect()
    }
}

#[test]
fn counts_move_with_what_happens_and_the_page_lists_every_metric() {
    in_namespace("counted", async |plane| {
        let scene = Scene::set(plane, "counted").await?;
        scene.play("counted").await?;
        let told = Told::of(&scene.server).await?;
        for (name, labels, value) in [
            ("fanlight_sign_ins_total", &["method=\"emergency\"", "outcome=\"refused\""][..], 1.0),
            ("fanlight_sign_ins_total", &["method=\"emergency\"", "outcome=\"done\""], 1.0),
            ("fanlight_sign_ins_total", &["method=\"oidc\"", "outcome=\"refused\""], 1.0),
            ("fanlight_sign_ins_total", &["method=\"oidc\"", "outcome=\"done\""], 1.0),
            ("fanlight_refreshes_total", &["outcome=\"done\""], 1.0),
            ("fanlight_refreshes_total", &["outcome=\"failed\""], 1.0),
            ("fanlight_action_objects_total", &["verb=\"suspend\"", "outcome=\"refused\""], 1.0),
            ("fanlight_streams_open", &["page=\"applications\""], 0.0),
            ("fanlight_audit_lines_lost_total", &[], 0.0),
            (
                "http_request_duration_seconds_count",
                &["handler=\"/oauth2/logout\"", "method=\"POST\"", "code=\"200\""],
                1.0,
            ),
            ("http_request_duration_seconds_count", &["handler=\"/{kind}/{tab}\"", "code=\"403\""], 1.0),
        ] {
            ensure!((told.sum(name, labels) - value).abs() < 0.5, "{name} {labels:?}: {told:?}");
        }
        for (name, labels) in [
            ("fanlight_api_requests_total", &["verb=\"patch\"", "resource=\"kustomizations\"", "code=\"403\""][..]),
            (
                "fanlight_api_requests_total",
                &["verb=\"create\"", "resource=\"selfsubjectaccessreviews\"", "code=\"201\""],
            ),
            ("fanlight_api_requests_total", &["verb=\"watch\"", "code=\"200\""]),
            ("fanlight_build_info", &["version=\""]),
            ("process_resident_memory_bytes", &[]),
            ("process_cpu_seconds_total", &[]),
            ("process_open_fds", &[]),
            ("process_start_time_seconds", &[]),
        ] {
            ensure!(told.sum(name, labels) > 0.0, "{name} {labels:?}: {told:?}");
        }
        let alice = scene.alice().await?;
        let mut stream = Stream::of(scene.get(&alice, "/applications/events").await?.error_for_status()?);
        stream.next().await?.context("a view")?;
        until(async || {
            let told = Told::of(&scene.server).await?;
            let is_one = |name: &str| (told.sum(name, &[]) - 1.0).abs() < 0.5;
            Ok(is_one("fanlight_streams_open")
                && told.sum("fanlight_sessions_active", &[]) >= 1.0
                && told.sum("fanlight_feeds", &[]) >= 1.0
                && told.sum("fanlight_rows", &[]) >= 1.0)
        })
        .await?;
        documented(&told)
    });
}

/// The page about metrics has a row for each family, and no others.
fn documented(told: &Told) -> anyhow::Result<()> {
    let page = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/metrics.md"))?;
    let table = page.split("\n## ").next().unwrap_or_default();
    let row = |line: &str| Some(line.strip_prefix("| `")?.split_once("` |")?.0.to_owned());
    let rows: BTreeSet<_> = table.lines().filter_map(row).collect();
    let whole = |(name, kind): (&String, &String)| match kind.as_str() {
        "counter" => format!("{name}_total"),
        "info" => format!("{name}_info"),
        _ => name.clone(),
    };
    let families: BTreeSet<_> = told.families.iter().map(whole).collect();
    ensure!(rows == families, "documented {rows:?}, told {families:?}");
    Ok(())
}

#[test]
fn odd_requests_do_not_multiply_labels() {
    in_namespace("bounded", async |plane| {
        let flags = ["--enable-metrics", "--metrics-address=127.0.0.1:0", "--route-prefix=/flux"];
        let server = start(plane, "bounded", &flags).await?;
        let client = FanlightServer::client()?;
        for number in 0..100 {
            let method = format!("ODD{number}").parse()?;
            let path = match number % 4 {
                0 => format!("/odd-{number}"),
                1 => format!("/flux/odd-{number}/deep/er"),
                2 => format!("/flux/v1/odd-{number}"),
                _ => format!("/flux/odd-{number}?name=odd&odd={number}"),
            };
            client.get(format!("{}{path}", server.url())).send().await?;
            client.request(method, format!("{}{path}", server.url())).send().await?;
        }
        let text = read(&server).await?;
        let told = Told::parse(&text)?;
        ensure!(!text.contains("odd") && !text.contains("ODD"), "{text}");
        let handlers = ["/v1/{*path}", "/{kind}", "other"].into();
        ensure!(told.values("handler") == handlers, "{:?}", told.values("handler"));
        ensure!(told.values("method") == ["GET", "other"].into(), "{:?}", told.values("method"));
        ensure!((told.sum("http_request_duration_seconds_count", &[]) - 200.0).abs() < 0.5);
        Ok(())
    });
}

#[test]
fn the_listener_serves_nothing_else_and_is_there_only_when_wanted() {
    in_namespace("apart", async |plane| {
        let server = start(plane, "apart", &["--enable-metrics", "--metrics-address=:0"]).await?;
        let client = FanlightServer::client()?;
        let apart = address(&server)?.replace("[::]", "127.0.0.1").replace("0.0.0.0", "127.0.0.1");
        for path in ["/", "/applications", "/sign_in", "/health/", "/metrics/"] {
            ensure!(client.get(format!("{apart}{path}")).send().await?.status() == 404, "{path}");
        }
        ensure!(client.get(format!("{}/metrics", server.url())).send().await?.status() != 200);
        drop(server);
        let quiet = start(plane, "apart", &["--metrics-address=127.0.0.1:0"]).await?;
        ensure!(quiet.log().contains("--metrics-address has no effect: --enable-metrics is not given"));
        let taken = TcpListener::bind("127.0.0.1:0")?;
        let flag = format!("--metrics-address={}", taken.local_addr()?);
        let output = Command::new(PROGRAM).args(["--insecure", "--port=0", "--enable-metrics", &flag]).output()?;
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        ensure!(!output.status.success() && said.contains("cannot listen for Prometheus"), "{said}");
        Ok(())
    });
}
