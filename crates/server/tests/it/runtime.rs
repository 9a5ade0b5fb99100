//! The page of what Flux runs on, while it is open.

use fanlight_testbed::{FanlightServer, Options, estate};
use serde_json::{Value, json};

use crate::{
    house::{House, all, answer, follow, get, plane},
    kinds::words,
};

const ADA: &str = "ada@example.com";
const BEN: &str = "ben@example.com";

/// A controller of Flux of this version.
fn controller(version: &str) -> Value {
    let mut controller = estate::deployment("apps", "source-controller", "source-controller:v1", 1);
    controller["metadata"]["labels"] =
        json!({"app.kubernetes.io/part-of": "flux", "app.kubernetes.io/version": version});
    controller
}

#[tokio::test]
async fn an_open_page_follows_controllers_in_the_name_of_who_looks_and_for_nobody_else() -> anyhow::Result<()> {
    let plane = plane(Options::default()).await?;
    plane.grant_everywhere(ADA, all(&["get", "list", "watch"])).await?;
    plane.apply(&controller("v2.8.0")).await?;
    let house = House::before(plane).await?;
    let (ada, ben) = (house.client(ADA, &[])?, house.client(BEN, &[])?);
    let page = get(&house, &ada, "/flux_runtime").await?;
    assert!(page.contains("data-live=\"/flux_runtime/events\"") && words(&page).contains("Flux v2.8.0:"), "{page}");
    let mut seen = follow(&house, &ada, "/flux_runtime").await?;
    seen.until(|view| words(view).contains("Flux v2.8.0:") && view.contains("kustomizations")).await?;
    let audit = house.plane.audit().from_now()?;
    house.plane.apply(&controller("v2.9.4")).await?;
    let view = seen.until(|view| words(view).contains("Flux v2.9.4:")).await?;
    assert!(view.contains("source-controller"), "{view}");
    let reads = audit.until(|entries| entries.iter().any(|entry| entry.uri.contains("/deployments?"))).await?;
    let foreign: Vec<_> = reads
        .iter()
        .filter(|entry| entry.uri.contains("/deployments?") && entry.uri.contains("part-of"))
        .filter(|entry| entry.name() != ADA)
        .map(|entry| entry.name().to_owned())
        .collect();
    assert_eq!(foreign, Vec::<String>::new(), "nobody looks but Ada");

    let mut refused = follow(&house, &ben, "/flux_runtime").await?;
    let view = refused.until(|view| view.contains("An administrator can grant “list” on deployments")).await?;
    assert!(!view.contains("source-controller"), "{view}");
    answer(&house, &FanlightServer::client()?, "/flux_runtime/events", 401).await?;
    Ok(())
}
