//! Pods, Events, workloads and logs are read only while somebody looks.

use std::time::Duration;

use anyhow::ensure;
use fanlight_testbed::{AuditEntry, AuditStage, Options, estate};
use tokio::time::sleep;

use crate::house::{House, WATCH, all, follow, of_server, plane};

const ADA: &str = "ada@example.com";
/// Pages that are read in their viewer's own name, again and again while they are open; the words are those of what fails.
const PAGES: [&str; 7] = [
    "/events",
    "/kustomization/graph?name=till&namespace=apps",
    "/kustomization/details?name=till&namespace=apps",
    "/applications?status=failed",
    "/workloads",
    "/workloads/deployment/shop/till",
    "/logs/shop/deployment/till",
];
/// Longer than from one look to the next of any of them, and than any watch lasts.
const SILENCE: Duration = Duration::from_secs(32);

/// A till whose program crashes, and the application that it is of.
async fn town() -> anyhow::Result<House> {
    let plane = plane(Options { nodes: true, ..Options::default() }).await?;
    plane.create_namespace("shop").await?;
    let till = estate::deployment("shop", "till", "till:1.0.0-rc1", 1);
    plane.apply(&till).await?;
    let unhealthy = "timeout waiting for: [Deployment/shop/till status: 'InProgress']";
    let app = estate::kustomization("apps", "till").failed("HealthCheckFailed", unhealthy).having_applied([&till]);
    plane.apply(&app).await?;
    plane.grant_everywhere(ADA, all(&WATCH)).await?;
    plane.pod_logs().served("shop", "app.kubernetes.io/name=till", 1).await?;
    House::before(plane).await
}

/// Whether it is about what is not Flux's: neither an object of Flux nor a question about rights.
fn is_beside(entry: &AuditEntry) -> bool {
    let object = entry.object_ref.as_ref();
    let asks = object.is_none_or(|object| object.resource.is_empty() || object.api_group == "authorization.k8s.io");
    of_server(entry) && entry.name() == ADA && !entry.is_of_flux() && !asks
}

/// How often something was asked for: a resource, or a part of it.
fn times(entries: &[AuditEntry], resource: &str, part: &str) -> usize {
    let objects = entries.iter().filter(|entry| is_beside(entry)).filter_map(|entry| entry.object_ref.as_ref());
    objects.filter(|object| object.resource == resource && object.subresource == part).count()
}

fn is_open(entry: &AuditEntry) -> bool {
    is_beside(entry) && entry.stage == AuditStage::ResponseStarted
}

#[tokio::test]
async fn what_an_open_page_reads_is_asked_for_no_more_once_it_is_closed() -> anyhow::Result<()> {
    let house = town().await?;
    let ada = house.client(ADA, &[])?;
    let log = house.plane.audit();
    for page in PAGES {
        let before = log.from_now()?;
        let mut stream = follow(&house, &ada, page).await?;
        stream.until_event(|_| true).await?;
        // Each reads something of that kind: else its silence would say nothing.
        before.until(|entries| entries.iter().filter(|entry| is_beside(entry)).count() >= 2).await?;
    }
    let mut streams = Vec::new();
    let before = log.from_now()?;
    for page in PAGES {
        streams.push(follow(&house, &ada, page).await?);
    }
    before
        .until(|entries| {
            let open = |resource: &str| {
                let mut open =
                    entries.iter().filter(|entry| is_open(entry)).filter_map(|entry| entry.object_ref.as_ref());
                open.any(|object| object.resource == resource)
            };
            // Events are watched, and a log is followed; the others are read again and again.
            let again = ["replicasets", "deployments"].iter().all(|resource| times(entries, resource, "") > 3);
            open("events") && open("pods") && again && times(entries, "pods", "log") > 1
        })
        .await?;

    drop(streams);
    log.until(|entries| !entries.iter().any(is_open)).await?;
    let after = log.from_now()?;
    sleep(SILENCE).await;
    let entries = after.entries()?;
    let late: Vec<_> = entries.iter().filter(|entry| is_beside(entry)).map(|entry| (&entry.verb, &entry.uri)).collect();
    ensure!(late.is_empty(), "{late:#?}");
    Ok(())
}
