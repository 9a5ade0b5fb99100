//! What the tests have in common.

use std::{sync::LazyLock, time::Duration};

use anyhow::Context;
use fanlight_testbed::{ControlPlane, FanlightServer};
use serde_json::Value;
use tokio::{
    runtime::Runtime,
    time::{MissedTickBehavior, interval, timeout},
};

/// The program under test.
pub(crate) const PROGRAM: &str = env!("CARGO_BIN_EXE_fanlight-server");
/// What it takes to watch.
pub(crate) const WATCH: [&str; 3] = ["get", "list", "watch"];

/// A control plane with the runtime that its clients belong to.
struct Shared {
    runtime: Runtime,
    plane: ControlPlane,
}

/// Never dropped: its programs end with the process.
#[expect(clippy::expect_used, reason = "without it no test can run")]
static SHARED: LazyLock<Shared> = LazyLock::new(|| {
    let runtime = Runtime::new().expect("a runtime");
    let plane = runtime.block_on(ControlPlane::start()).expect("a control plane");
    Shared { runtime, plane }
});

/// Runs a test on the one control plane, in a namespace of its own where the server has its account.
pub(crate) fn in_namespace(namespace: &str, test: impl AsyncFnOnce(&ControlPlane) -> anyhow::Result<()>) {
    let Shared { runtime, plane } = &*SHARED;
    let done = runtime.block_on(async {
        plane.install_server_account(namespace).await?;
        test(plane).await
    });
    if let Err(error) = done {
        panic!("{error:#}");
    }
}

/// Starts the server there.
pub(crate) async fn start(plane: &ControlPlane, namespace: &str, more: &[&str]) -> anyhow::Result<FanlightServer> {
    FanlightServer::start(PROGRAM.as_ref(), plane, namespace, more).await
}

/// Waits until the server knows its identity provider.
pub(crate) async fn until_provider(server: &FanlightServer) -> anyhow::Result<()> {
    let client = FanlightServer::client()?;
    until(async || {
        let flags: Value = client.get(format!("{}/v1/featureflags", server.url())).send().await?.json().await?;
        Ok(flags["flags"]["OIDC_AUTH"] == "true")
    })
    .await
}

/// Waits for a condition that only asking can tell.
pub(crate) async fn until(holds: impl AsyncFnMut() -> anyhow::Result<bool>) -> anyhow::Result<()> {
    until_within(Duration::from_secs(60), holds).await
}

/// The server's log, as soon as all of this stands in it: a thread of its own writes the account.
pub(crate) async fn log_with(server: &FanlightServer, parts: &[&str]) -> anyhow::Result<String> {
    let complete = until(async || Ok(parts.iter().all(|part| server.log().contains(part)))).await;
    complete.with_context(|| format!("{parts:?} in {}", server.log()))?;
    Ok(server.log())
}

/// As `until`, for what takes its time.
pub(crate) async fn until_within(
    patience: Duration,
    mut holds: impl AsyncFnMut() -> anyhow::Result<bool>,
) -> anyhow::Result<()> {
    let mut look = interval(Duration::from_millis(50));
    look.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let waiting = async {
        while !holds().await? {
            look.tick().await;
        }
        Ok(())
    };
    timeout(patience, waiting).await.context("it does not come about")?
}
