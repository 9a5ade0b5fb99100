//! Why an object is not ready, said on its page to whoever may see it.

use std::time::Duration;

use fanlight_testbed::{AuditEntry, Options, estate, rights::flux_rules};
use k8s_openapi::api::core::v1::Pod;
use kube::{
    Api,
    api::{ListParams, Patch, PatchParams},
};
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use crate::house::{House, WATCH, all, follow, get, get_until, of_server, plane};

const ADA: &str = "ada@example.com";
const BEN: &str = "ben@example.com";
const CLEO: &str = "cleo@example.com";
const STORE: &str = "/kustomization/details?name=store&namespace=apps";
const CHECKOUT: &str = "/kustomization/details?name=checkout&namespace=apps";

/// A store of which one part cannot be pulled and one crashes, and a checkout that waits for the store.
async fn scene() -> anyhow::Result<House> {
    let plane = plane(Options { nodes: true, ..Options::default() }).await?;
    plane.create_namespace("shop").await?;
    let unhealthy = |name: &str| format!("timeout waiting for: [Deployment/shop/{name} status: 'InProgress']");
    let failed =
        |name: &str, part: &str| estate::kustomization("apps", name).failed("HealthCheckFailed", &unhealthy(part));
    for object in [
        estate::deployment("shop", "cart", "cart:9.9.9", 2),
        estate::deployment("shop", "till", "till:1.0.0-rc1", 1),
        failed("store", "cart").into(),
        failed("till", "till").into(),
        estate::kustomization("apps", "checkout")
            .after(&["store"])
            .waiting("DependencyNotReady", "dependency 'apps/store' is not ready")
            .into(),
    ] {
        plane.apply(&object).await?;
    }
    plane.grant_everywhere(ADA, all(&WATCH)).await?;
    plane.grant_in("apps", BEN, flux_rules(&WATCH)).await?;
    plane
        .grant_in("shop", BEN, json!([{"apiGroups": ["apps"], "resources": ["deployments"], "verbs": ["get"]}]))
        .await?;
    let one = json!([{"apiGroups": ["kustomize.toolkit.fluxcd.io"], "resources": ["kustomizations"],
        "resourceNames": ["checkout"], "verbs": ["get"]}]);
    plane.grant_in("apps", CLEO, one).await?;
    House::before(plane).await
}

/// A pod of a part once its container waits for this reason.
async fn waiting_pod(house: &House, part: &str, reason: &str) -> anyhow::Result<Pod> {
    let pods: Api<Pod> = Api::namespaced(house.plane.admin(), "shop");
    let deadline = Instant::now() + Duration::from_secs(120);
    loop {
        let list = pods.list(&ListParams::default().labels(&format!("app.kubernetes.io/name={part}"))).await?;
        let waits = |pod: &&Pod| serde_json::to_string(pod).is_ok_and(|text| text.contains(&format!("\"{reason}\"")));
        if let Some(pod) = list.items.iter().find(waits) {
            return Ok(pod.clone());
        }
        anyhow::ensure!(Instant::now() < deadline, "no pod of {part} ever waits for {reason}");
        sleep(Duration::from_millis(100)).await;
    }
}

/// What people read in some HTML, with single spaces.
pub(crate) fn words(html: &str) -> String {
    let texts = html.split('<').map(|part| part.split_once('>').map_or(part, |(_, text)| text));
    texts.collect::<String>().split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The section with the cause.
fn cause(page: &str) -> &str {
    let section = page.split_once("id=\"why\"").map_or("", |(_, section)| section);
    section.split_once("</section>").map_or(section, |(section, _)| section)
}

#[tokio::test]
async fn a_page_leads_from_an_application_to_the_container_that_keeps_it_from_being_ready() -> anyhow::Result<()> {
    let house = scene().await?;
    let ada = house.client(ADA, &[])?;
    let pod = waiting_pod(&house, "cart", "ImagePullBackOff").await?;
    let log = house.plane.audit().from_now()?;
    let page = get(&house, &ada, STORE).await?;
    let told = words(cause(&page));
    assert!(
        told.contains(
            "Container cart cannot pull its image registry.example.com/acme/cart:9.9.9: not found; so Deployment \
             shop/cart has 0 of 2 replicas available."
        ),
        "{told}"
    );
    let set = &pod.metadata.owner_references.as_ref().expect("an owner")[0].name;
    for step in [
        "Kustomization apps/store",
        "Deployment shop/cart 0 of 2 replicas available",
        &format!("ReplicaSet shop/{set}"),
        "Container cart: ImagePullBackOff",
        "kubectl describe pod cart-",
    ] {
        assert!(told.contains(step), "{step}: {told}");
    }
    assert!(!page.contains("style=") && page.matches("<script").count() <= 1, "the chain works without script");

    let checkout = get(&house, &ada, CHECKOUT).await?;
    let told = words(cause(&checkout));
    assert!(told.contains("Kustomization apps/store fails by it, and this waits for it."), "{told}");
    assert!(
        cause(&checkout).contains("href=\"/kustomization/details?name=store&#38;namespace=apps\"")
            || cause(&checkout).contains("href=\"/kustomization/details?name=store&amp;namespace=apps\""),
        "the steps are links: {checkout}"
    );
    // Whatever was read was read in her name; and not much was.
    let behind = |entry: &&AuditEntry| {
        let object = entry.object_ref.as_ref();
        object.is_some_and(|object| ["pods", "replicasets", "deployments", "events"].contains(&&*object.resource))
            && of_server(entry)
    };
    let entries = log.until(|entries| entries.iter().filter(behind).count() >= 4).await?;
    let read: Vec<_> = entries.iter().filter(behind).collect();
    assert!(read.iter().all(|entry| entry.name() == ADA && !entry.is_in_own_name()), "{read:#?}");
    assert!(read.len() <= 10, "{} requests for two pages", read.len());
    Ok(())
}

#[tokio::test]
async fn a_crashing_container_is_told_with_its_exit_code_and_what_it_said_last() -> anyhow::Result<()> {
    let house = scene().await?;
    let ada = house.client(ADA, &[])?;
    let pod = waiting_pod(&house, "till", "CrashLoopBackOff").await?;
    let name = pod.metadata.name.as_deref().expect("a name");
    house.plane.pod_logs().served("shop", "app.kubernetes.io/name=till", 1).await?;
    house.plane.pod_logs().write(&format!("shop/{name}/till"), "panic: no change left")?;
    house.plane.pod_logs().write(&format!("shop/{name}/till"), "\tat till.go:7")?;
    // As a kubelet writes how a program ended.
    let status = json!({"status": {"containerStatuses": [{
        "name": "till", "image": "registry.example.com/acme/till:1.0.0-rc1", "imageID": "", "ready": false, "restartCount": 7,
        "state": {"waiting": {"reason": "CrashLoopBackOff", "message": "back-off 5m0s restarting failed container=till"}},
        "lastState": {"terminated": {"exitCode": 2, "reason": "Error",
            "startedAt": "2026-01-01T00:00:00Z", "finishedAt": "2026-01-01T00:00:01Z"}},
    }]}});
    let pods: Api<Pod> = Api::namespaced(house.plane.admin(), "shop");
    pods.patch_status(name, &PatchParams::default(), &Patch::Strategic(&status)).await?;
    let told = words(cause(&get(&house, &ada, "/kustomization/details?name=till&namespace=apps").await?));
    assert!(
        told.contains(
            "Container till keeps crashing with exit code 2: “panic: no change left”; so Deployment shop/till has 0 of 1 \
             replicas available."
        ),
        "{told}"
    );
    assert!(told.contains(&format!("Pod shop/{name} Container till: CrashLoopBackOff, restarted 7 times")), "{told}");
    assert!(told.contains(&format!("kubectl logs {name} --container till --previous --namespace shop")), "{told}");
    Ok(())
}

#[tokio::test]
async fn the_way_ends_where_somebody_may_not_look_and_nothing_from_behind_it_is_in_any_byte() -> anyhow::Result<()> {
    let house = scene().await?;
    let [ada, ben, cleo] = [ADA, BEN, CLEO].map(|user| house.client(user, &[]));
    let (ada, ben, cleo) = (ada?, ben?, cleo?);
    let pod = waiting_pod(&house, "cart", "ImagePullBackOff").await?;
    // What is kept for one person is not shown to another.
    let whole = get(&house, &ada, STORE).await?;
    let canaries = [
        pod.metadata.owner_references.as_ref().expect("an owner")[0].name.clone(),
        "ImagePullBackOff".to_owned(),
        "9.9.9".to_owned(),
    ];
    assert!(canaries.iter().all(|canary| whole.contains(canary)), "{whole}");

    let page = get(&house, &ben, STORE).await?;
    let told = words(cause(&page));
    assert!(
        told.contains(
            "Deployment shop/cart has 0 of 2 replicas available; why is not to be seen: you may not read pods in shop."
        ),
        "{told}"
    );
    assert!(cause(&page).contains("/user_info?verb=list&"), "what is missing is a link: {page}");
    let mut stream = follow(&house, &ben, STORE).await?;
    let streamed = stream.until_event(|view| view.contains("you may not read pods in")).await?;
    for canary in &canaries {
        assert!(!page.contains(canary) && !streamed.contains(canary), "{canary} is shown to Ben");
    }

    // She may read this one application, and nothing of the one that it waits for.
    let page = get(&house, &cleo, CHECKOUT).await?;
    let told = words(cause(&page));
    assert!(
        told.contains(
            "It waits for Kustomization apps/store, which is not ready; why is not to be seen: you may not read \
             kustomizations in apps."
        ),
        "{told}"
    );
    for canary in canaries.iter().map(String::as_str).chain(["shop/cart", "HealthCheckFailed"]) {
        assert!(!page.contains(canary), "{canary} is shown to Cleo");
    }
    Ok(())
}

#[tokio::test]
async fn an_open_page_says_the_cause_anew_when_it_is_another() -> anyhow::Result<()> {
    let house = scene().await?;
    let ada = house.client(ADA, &[])?;
    waiting_pod(&house, "cart", "ImagePullBackOff").await?;
    let mut stream = follow(&house, &ada, STORE).await?;
    stream.until_event(|view| view.contains("cannot pull its image")).await?;
    let message = "Deployment/shop/cart dry-run failed (Invalid): Deployment.apps \"cart\" is invalid: spec.selector: \
                   Invalid value: {}: field is immutable";
    let changed: Value = estate::kustomization("apps", "store").failed("ReconciliationFailed", message).into();
    house.plane.apply(&changed).await?;
    stream.until_event(|view| words(view).contains("spec.selector of Deployment shop/cart cannot be changed")).await?;
    Ok(())
}

/// What a list says of an object.
fn line<'a>(list: &'a str, key: &str) -> &'a str {
    list.split("<tbody").find(|row| row.contains(&format!("data-key=\"{key}\""))).unwrap_or_default()
}

#[tokio::test]
async fn an_open_list_says_why_as_far_as_its_viewer_may_see_and_a_page_costs_no_request() -> anyhow::Result<()> {
    let house = scene().await?;
    let [ada, ben] = [ADA, BEN].map(|user| house.client(user, &[]));
    let (ada, ben) = (ada?, ben?);
    let pod = waiting_pod(&house, "cart", "ImagePullBackOff").await?;
    let log = house.plane.audit().from_now()?;
    let behind = |entries: &[AuditEntry], user: &str| {
        let of = |entry: &&AuditEntry| {
            let object = entry.object_ref.clone().unwrap_or_default();
            ["pods", "replicasets", "deployments", "events"].contains(&&*object.resource) && entry.name() == user
        };
        entries.iter().filter(of).count()
    };
    let said = "Container cart cannot pull its image registry.example.com/acme/cart:9.9.9: not found; so Deployment \
        shop/cart has 0 of 2 replicas available";
    let has_line = |page: &str| !line(page, "Kustomization/apps/store").is_empty();
    let first = get_until(&house, &ada, "/applications", has_line).await?;
    assert!(
        words(line(&first, "Kustomization/apps/store")).contains("timed out waiting for Deployment/shop/cart"),
        "{first}"
    );
    let mut guest = house.guest(ADA).await?;
    guest.stream.until(|view| words(line(view, "Kustomization/apps/store")).contains(said)).await?;
    let waits = "Kustomization apps/store fails by it, and this waits for it";
    guest.stream.until(|view| words(line(view, "Kustomization/apps/checkout")).contains(waits)).await?;
    let entries = log.until(|entries| behind(entries, ADA) >= 4).await?;
    assert!(behind(&entries, ADA) <= 14, "{} requests for three objects", behind(&entries, ADA));
    let opened = get(&house, &ada, "/applications").await?;
    assert!(words(line(&opened, "Kustomization/apps/store")).contains(said), "{opened}");
    assert!(
        line(&opened, "Kustomization/apps/store").contains("timed out waiting"),
        "and what the controller says, below"
    );
    let mut overview = follow(&house, &ada, "/overview").await?;
    overview.until(|view| words(view).contains(said)).await?;
    let read = log.entries()?;
    let logs = read.iter().filter(|entry| entry.uri.contains("/log?")).count();
    assert_eq!(logs, 0, "nobody has asked for logs");

    let mut guest = house.guest(BEN).await?;
    let streamed =
        guest.stream.until(|view| line(view, "Kustomization/apps/store").contains("you may not read pods")).await?;
    let page = get(&house, &ben, "/applications").await?;
    for canary in [pod.metadata.name.as_deref().expect("a name"), "ImagePullBackOff", "9.9.9", "cannot pull"] {
        assert!(!page.contains(canary) && !streamed.contains(canary), "{canary} is shown to Ben");
    }
    Ok(())
}

#[tokio::test]
async fn a_list_says_another_cause_when_it_is_another_and_whoever_loses_the_right_loses_it() -> anyhow::Result<()> {
    let house = scene().await?;
    waiting_pod(&house, "cart", "ImagePullBackOff").await?;
    let rule = json!([{"apiGroups": ["*"], "resources": ["pods", "replicasets", "deployments", "events"], "verbs": ["get", "list"]}]);
    let binding = house.plane.grant_in("shop", BEN, rule).await?;
    let mut guest = house.guest(BEN).await?;
    guest.stream.until(|view| line(view, "Kustomization/apps/store").contains("cannot pull its image")).await?;
    house.plane.delete(&binding).await?;
    let lost = Instant::now();
    guest.stream.until(|view| !line(view, "Kustomization/apps/store").contains("cannot pull its image")).await?;
    // Half a minute, and some time for a busy machine.
    assert!(lost.elapsed() < Duration::from_secs(40), "{:?}", lost.elapsed());
    let message = "kustomization path not found: stat /tmp/kustomization-1/shop: no such file or directory";
    let changed: Value = estate::kustomization("apps", "store").failed("ArtifactFailed", message).into();
    house.plane.apply(&changed).await?;
    guest
        .stream
        .until(|view| words(line(view, "Kustomization/apps/store")).contains("The source has no path shop"))
        .await?;
    Ok(())
}
