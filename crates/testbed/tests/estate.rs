//! The company's estate on a real control plane, with pods.

use std::collections::BTreeMap;

use fanlight_testbed::{ControlPlane, Options, estate::Estate};
use k8s_openapi::api::{
    apps::v1::Deployment,
    batch::v1::Job,
    core::v1::{Event, Pod, Secret},
};
use kube::{
    Api,
    api::{DynamicObject, ListParams},
    core::GroupVersionKind,
    discovery::pinned_kind,
};
use tokio::time::{Duration, Instant, sleep};

#[tokio::test]
async fn a_companys_estate_is_applied_completely_and_its_pods_do_as_their_images_say() -> anyhow::Result<()> {
    let plane = ControlPlane::with(Options { nodes: true, ..Options::default() }).await?;
    let company = Estate::company()?;
    let summary = company.apply(&plane).await?;
    assert_eq!(summary.namespaces.len(), 12);
    assert!((115..=140).contains(&summary.flux), "{} Flux objects", summary.flux);
    let mut wanted = BTreeMap::<(String, String), usize>::new();
    for object in company.objects().filter(|object| object["apiVersion"].as_str().is_some_and(|v| v.contains("fluxcd")))
    {
        let text = |field: &str| object[field].as_str().unwrap_or_default().to_owned();
        *wanted.entry((text("apiVersion"), text("kind"))).or_default() += 1;
    }
    assert_eq!(wanted.len(), 20, "every kind of Flux is there: {wanted:?}");
    for ((version, kind), count) in wanted {
        let (group, version) = version.split_once('/').unwrap();
        let (resource, _) = pinned_kind(&plane.admin(), &GroupVersionKind::gvk(group, version, &kind)).await?;
        let api: Api<DynamicObject> = Api::all_with(plane.admin(), &resource);
        assert_eq!(api.list(&ListParams::default()).await?.items.len(), count, "{kind}");
    }
    let events: Api<Event> = Api::namespaced(plane.admin(), "catalog");
    let about = "involvedObject.kind=Kustomization,involvedObject.name=catalog";
    let events = events.list(&ListParams::default().fields(about)).await?;
    assert!(events.iter().all(|event| event.involved_object.uid.is_some()) && !events.items.is_empty());
    let secrets: Api<Secret> = Api::namespaced(plane.admin(), "edge");
    let releases = secrets.list(&ListParams::default().labels("owner=helm,name=ingress-gateway")).await?;
    assert_eq!(releases.items.len(), 4);

    let deployments: Api<Deployment> = Api::all(plane.admin());
    until("the healthy deployments are available", async || {
        let all = deployments.list(&ListParams::default()).await?;
        let available = |one: &&Deployment| {
            let status = one.status.as_ref();
            status.is_some_and(|status| status.available_replicas.unwrap_or(0) > 0)
        };
        Ok(all.items.len() >= 30 && all.iter().filter(available).count() >= 25)
    })
    .await?;
    waits_in(&plane, "orders", "app.kubernetes.io/name=orders", Some("CrashLoopBackOff")).await?;
    waits_in(&plane, "payments", "app.kubernetes.io/instance=ledger", Some("ImagePullBackOff")).await?;
    waits_in(&plane, "batch", "app.kubernetes.io/instance=gpu-worker", None).await?;
    let jobs: Api<Job> = Api::namespaced(plane.admin(), "web");
    until("the migration is done", async || {
        Ok(jobs.get("frontend-migrate").await?.status.and_then(|status| status.succeeded) == Some(1))
    })
    .await
}

/// Waits until a pod waits for this reason; without one, until the scheduler says that it finds no machine.
async fn waits_in(plane: &ControlPlane, namespace: &str, labels: &str, reason: Option<&str>) -> anyhow::Result<()> {
    let pods: Api<Pod> = Api::namespaced(plane.admin(), namespace);
    until(&format!("a pod of {labels} waits: {reason:?}"), async || {
        let pods = pods.list(&ListParams::default().labels(labels)).await?;
        let waits = |pod: &Pod| {
            let Some(status) = &pod.status else { return false };
            let waiting =
                status.container_statuses.iter().flatten().filter_map(|one| one.state.as_ref()?.waiting.as_ref());
            let unplaced = status.conditions.iter().flatten().any(|one| one.reason.as_deref() == Some("Unschedulable"));
            match reason {
                Some(reason) => waiting.into_iter().any(|state| state.reason.as_deref() == Some(reason)),
                None => unplaced,
            }
        };
        Ok(pods.iter().any(waits))
    })
    .await
}

async fn until(what: &str, holds: impl AsyncFn() -> anyhow::Result<bool>) -> anyhow::Result<()> {
    let deadline = Instant::now() + Duration::from_secs(120);
    while !holds().await? {
        anyhow::ensure!(Instant::now() < deadline, "never: {what}");
        sleep(Duration::from_millis(100)).await;
    }
    Ok(())
}
