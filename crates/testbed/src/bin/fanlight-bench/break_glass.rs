//! How long a person waits for the break-glass commands.

use std::{
    process::Stdio,
    time::{Duration, Instant},
};

use anyhow::{Context, bail};
use fanlight_testbed::{ControlPlane, FleetRepo};

use crate::{
    say,
    table::{Table, milliseconds},
};

const CLUSTER: &str = "eu/prod";
/// So many clusters has the fleet of which all are looked at.
const CLUSTERS: usize = 200;

pub(crate) async fn everything(table: &mut Table) -> anyhow::Result<()> {
    say("starting a control plane …");
    let plane = ControlPlane::start().await?;
    let names: Vec<String> =
        (0..CLUSTERS - 1).map(|number| format!("group-{}/cluster-{number}", number % 10)).collect();
    let url = plane.url();
    let mut clusters = vec![(CLUSTER, url.as_str())];
    clusters.extend(names.iter().map(|name| (name.as_str(), "https://kube-api.example.com:6443")));
    let fleet = FleetRepo::with(&clusters)?;
    let run = |arguments: &[&str]| run(&fleet, &plane, arguments);
    table.add(
        "adopt, sealed and proven",
        "ms",
        None,
        milliseconds(run(&["adopt", CLUSTER, "--commit"])?),
        "a new cluster",
    );
    let uses = (0..20).map(|_| run(&["use", CLUSTER, "--reason", "measured", "--", "true"]));
    let uses = uses.collect::<anyhow::Result<Vec<_>>>()?;
    table.add_times("use, from the command to its end", 95, None, uses, "with a token of its own, made and ended");
    let verified = (0..20).map(|_| run(&["verify", CLUSTER])).collect::<anyhow::Result<Vec<_>>>()?;
    table.add_times("verify", 95, None, verified, "");
    let rotated = milliseconds(run(&["rotate", CLUSTER, "--revoke-now"])?);
    table.add(
        "rotate, until the old token is refused",
        "ms",
        None,
        rotated,
        "the API server remembers it for some 10 s",
    );
    for name in &names {
        std::fs::copy(fleet.sealed(CLUSTER), fleet.sealed(name))?;
    }
    fleet.commit("a credential for each")?;
    let all = (0..10).map(|_| run(&["status", "--all"])).collect::<anyhow::Result<Vec<_>>>()?;
    table.add_times(&format!("status --all, {CLUSTERS} clusters"), 95, 1_000.0, all, "each file opened");
    Ok(())
}

/// Runs the program as the engineer and says how long it took. That something is to be said of a test's clusters is no failure.
fn run(fleet: &FleetRepo, plane: &ControlPlane, arguments: &[&str]) -> anyhow::Result<Duration> {
    let program = std::env::var_os("FANLIGHT").context("FANLIGHT is not set: start this by `cargo xtask bench`")?;
    let mut command = fleet.as_engineer(program);
    command.args(["break-glass", "--repo"]).arg(fleet.root()).args(arguments);
    command.env("KUBECONFIG", plane.admin_kubeconfig()).stdout(Stdio::null()).stderr(Stdio::piped());
    let began = Instant::now();
    let output = command.output()?;
    let took = began.elapsed();
    match output.status.code() {
        Some(0 | 9) => Ok(took),
        _ => bail!("{arguments:?}: {}", String::from_utf8_lossy(&output.stderr)),
    }
}
