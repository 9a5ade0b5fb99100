//! What runs of all that Flux applies: read in the viewer's name, and acted upon in it.

use std::collections::BTreeSet;

use anyhow::{Context, ensure};
use fanlight_testbed::{AuditEntry, Look, Options, estate, rights::flux_rules};
use k8s_openapi::api::{
    apps::v1::Deployment,
    batch::v1::{CronJob, Job},
    core::v1::Pod,
};
use kube::{
    Api,
    api::{ListParams, Patch, PatchParams},
};
use reqwest::{Client, header::ACCEPT};
use serde_json::{Value, json};
use thirtyfour::Key;

use crate::{
    browser::{self, Axe, LIVE},
    house::{House, WATCH, all, answer, follow, get, get_until, of_server, plane},
    shared::{log_with, until},
};

const ADA: &str = "ada@example.com";
const BEN: &str = "ben@example.com";
const CLEO: &str = "cleo@example.com";
const CART: &str = "/workloads/deployment/shop/cart";
const REPORT: &str = "/workloads/cronjob/shop/report";

/// The object as the Kustomization `apps/shop` applies it.
fn applied(mut object: Value) -> Value {
    object["metadata"]["labels"]["kustomize.toolkit.fluxcd.io/name"] = json!("shop");
    object["metadata"]["labels"]["kustomize.toolkit.fluxcd.io/namespace"] = json!("apps");
    object
}

/// A Deployment whose pods the selector of `cart` finds, too.
fn lookalike() -> Value {
    let mut object = estate::deployment("shop", "cart", "lookalike:1", 1);
    object["metadata"]["name"] = json!("lookalike");
    for pointer in ["/spec/selector/matchLabels", "/spec/template/metadata/labels"] {
        if let Some(labels) = object.pointer_mut(pointer) {
            labels["tier"] = json!("other");
        }
    }
    object
}

fn cron_job() -> Value {
    let container = json!({"name": "report", "image": "registry.example.com/acme/report:2.1"});
    json!({"apiVersion": "batch/v1", "kind": "CronJob", "metadata": {"name": "report", "namespace": "shop"},
        "spec": {"schedule": "0 3 1 1 *", "jobTemplate": {"metadata": {"labels": {"app": "report"}}, "spec": {"template":
            {"spec": {"restartPolicy": "Never", "containers": [container]}}}}}})
}

/// A shop with a cart of two pods, a report, and what is not Flux's. Ada may do everything, Ben read Deployments and pods of
/// the shop, Cleo Deployments alone.
pub(crate) async fn town() -> anyhow::Result<House> {
    let plane = plane(Options { nodes: true, ..Options::default() }).await?;
    plane.create_namespace("shop").await?;
    for object in [
        applied(estate::deployment("shop", "cart", "cart:1.4.0", 2)),
        applied(cron_job()),
        applied(estate::deployment("data", "canary-x7q2", "canary:1", 1)),
        estate::deployment("shop", "by-hand", "by-hand:1", 0),
        lookalike(),
    ] {
        plane.apply(&object).await?;
    }
    let all = |verbs: &[&str], group: &str, resources: &[&str]| json!({"apiGroups": [group], "resources": resources, "verbs": verbs});
    let ada = json!([
        all(&WATCH, "*", &["*"]),
        all(&["patch"], "apps", &["deployments"]),
        all(&["create"], "batch", &["jobs"]),
        all(&["delete"], "", &["pods"]),
    ]);
    plane.grant_everywhere(ADA, ada).await?;
    let deployments = all(&["get", "list"], "apps", &["deployments"]);
    let pods = all(&["get", "list"], "", &["pods", "events"]);
    let sets = all(&["list"], "apps", &["replicasets"]);
    let flux = flux_rules(&WATCH)[0].clone();
    plane.grant_in("shop", BEN, json!([flux, deployments, pods, sets])).await?;
    plane.grant_in("shop", CLEO, json!([flux, deployments])).await?;
    House::before(plane).await
}

/// Acts as the page's script does; the last word and sentence.
async fn act(house: &House, who: &Client, fields: &[(&str, &str)]) -> anyhow::Result<(String, String)> {
    let request = who.post(format!("{}/workloads/act", house.server.url())).form(fields);
    let lines = request.header(ACCEPT, "application/x-ndjson").send().await?.error_for_status()?.text().await?;
    let last: Value = serde_json::from_str(lines.lines().last().context("an answer")?)?;
    ensure!(last["final"] == true, "{lines}");
    let text = |field: &str| last[field].as_str().unwrap_or_default().to_owned();
    Ok((text("word"), text("text")))
}

/// The pods of the cart.
async fn pods(house: &House) -> anyhow::Result<Vec<Pod>> {
    let pods: Api<Pod> = Api::namespaced(house.plane.admin(), "shop");
    Ok(pods.list(&ListParams::default().labels("app.kubernetes.io/name=cart,tier!=other")).await?.items)
}

fn names(pods: &[Pod]) -> BTreeSet<String> {
    pods.iter().filter_map(|pod| pod.metadata.name.clone()).collect()
}

/// The names of the cart's pods, as soon as both run.
pub(crate) async fn running(house: &House) -> anyhow::Result<BTreeSet<String>> {
    until(async || {
        let cart = Api::<Deployment>::namespaced(house.plane.admin(), "shop").get("cart").await?;
        let status = cart.status.unwrap_or_default();
        Ok(status.available_replicas == Some(2) && status.replicas == Some(2))
    })
    .await?;
    Ok(names(&pods(house).await?))
}

#[tokio::test]
async fn everybody_sees_what_flux_applies_as_far_as_kubernetes_lets_them_list_it_and_is_told_what_is_missing()
-> anyhow::Result<()> {
    let house = town().await?;
    let [ada, ben] = [ADA, BEN].map(|user| house.client(user, &[]));
    let (ada, ben) = (ada?, ben?);
    let log = house.plane.audit().from_now()?;
    let list = get(&house, &ada, "/workloads").await?;
    log_with(&house.server, &["\"page\":\"workloads\",\"workloads\":[\"data\",\"shop\"]"]).await?;
    for said in [
        "href=\"/workloads/deployment/shop/cart\"",
        "href=\"/workloads/cronjob/shop/report\"",
        "canary-x7q2",
        "acme/cart:1.4.0",
        "href=\"/kustomization/details?name=shop",
    ] {
        assert!(list.contains(said), "{said}: {list}");
    }
    assert!(!list.contains("by-hand") && !list.contains("lookalike"), "what Flux did not apply: {list}");
    let is_list = |entry: &&AuditEntry| of_server(entry) && entry.verb == "list" && entry.name() == ADA;
    let entries = log.until(|entries| entries.iter().filter(is_list).count() >= 10).await?;
    let lists: Vec<_> = entries.iter().filter(is_list).collect();
    assert!(
        lists.iter().all(|entry| entry.uri.contains("labelSelector=") && entry.uri.contains("limit=")),
        "{lists:#?}"
    );
    // A moment later it costs nothing, whatever of it is asked for.
    let log = house.plane.audit().from_now()?;
    let narrow = get(&house, &ada, "/workloads?kind=CronJob&search=report").await?;
    assert!(narrow.contains("/cronjob/shop/report") && !narrow.contains("/deployment/shop/cart"), "{narrow}");
    let narrow = get(&house, &ada, "/workloads?owner=HelmRelease/apps/shop").await?;
    assert!(narrow.contains("Nothing matches"), "{narrow}");
    get(&house, &ada, CART).await?;
    let entries = log.until(|entries| entries.iter().any(|entry| of_server(entry) && entry.verb == "get")).await?;
    let again = entries.iter().filter(is_list).filter(|entry| entry.uri.contains("toolkit.fluxcd.io")).count();
    assert_eq!(again, 0, "{entries:#?}");

    let list = get(&house, &ben, "/workloads").await?;
    assert!(list.contains("/deployment/shop/cart"), "{list}");
    for hidden in ["x7q2", "/shop/report", "canary"] {
        assert!(!list.contains(hidden), "{hidden} is shown to Ben: {list}");
    }
    assert!(list.contains("You may not list statefulsets, daemonsets, cronjobs, jobs in shop"), "{list}");
    assert!(list.contains("/user_info?verb=list&#38;resource=statefulsets.apps&#38;namespace=shop#may"), "{list}");
    let elsewhere = get(&house, &ben, "/workloads?namespace=data").await?;
    assert!(elsewhere.contains("You may not list what runs") && !elsewhere.contains("x7q2"), "{elsewhere}");
    Ok(())
}

#[tokio::test]
async fn a_page_leads_from_the_source_to_the_pods_that_are_its_own_and_says_what_may_not_be_seen() -> anyhow::Result<()>
{
    let house = town().await?;
    let [ada, ben, cleo] = [ADA, BEN, CLEO].map(|user| house.client(user, &[]));
    let (ada, ben, cleo) = (ada?, ben?, cleo?);
    let own = running(&house).await?;
    let all: Api<Pod> = Api::namespaced(house.plane.admin(), "shop");
    let mut others = BTreeSet::new();
    until(async || {
        others = names(&all.list(&ListParams::default().labels("tier=other")).await?.items);
        Ok(!others.is_empty())
    })
    .await?;
    assert_eq!(own.len(), 2);
    for who in [&ada, &ben] {
        let page = get(&house, who, CART).await?;
        for name in &own {
            assert!(page.contains(name.as_str()), "{name}: {page}");
        }
        assert!(others.iter().all(|name| !page.contains(name.as_str())), "a pod of another: {page}");
        assert!(page.contains("2 of 2 ready") && page.contains("asks for cpu 50m, memory 64Mi"), "{page}");
    }
    // Kubernetes tells of a pod that it found a node for it, some time after it did.
    let of_both = |page: &str| page.contains("Scheduled") && page.contains("ScalingReplicaSet");
    let page = get_until(&house, &ada, CART, of_both).await.context("Events of both")?;
    assert!(page.contains("Kustomization apps/shop") && page.contains("GitRepository flux-system/fleet"), "{page}");
    let page = get(&house, &ben, CART).await?;
    assert!(page.contains("not there, or not for you to see") && !page.contains("flux-system/fleet"), "{page}");

    let page = get(&house, &cleo, CART).await?;
    assert!(page.contains("You may not list pods in shop"), "{page}");
    assert!(page.contains("You may not list events in shop"), "{page}");
    let mut stream = follow(&house, &cleo, CART).await?;
    let streamed = stream.until_event(|view| view.contains("You may not list pods")).await?;
    for name in own.iter().chain(&others) {
        assert!(!page.contains(name.as_str()) && !streamed.contains(name.as_str()), "{name} is shown to Cleo");
    }
    let page = answer(&house, &ben, "/workloads/deployment/data/canary-x7q2", 403).await?;
    assert!(page.contains("What is missing") && !page.contains("canary:1"), "{page}");
    answer(&house, &ada, "/workloads/deployment/shop/nothing", 404).await?;
    for kind in ["pod", "secret", "replicaset", "deployments", "Deployment", "..%2f..%2fsecret"] {
        let page = answer(&house, &ada, &format!("/workloads/{kind}/shop/cart"), 404).await?;
        assert!(page.contains("There is no such page"), "{kind}: {page}");
    }
    for odd in ["/workloads/deployment/..%2fshop/cart", "/workloads/deployment/shop/a%2fstatus"] {
        answer(&house, &ada, odd, 404).await?;
    }
    Ok(())
}

#[tokio::test]
async fn a_restart_replaces_every_pod_and_is_told_until_it_is_over_and_on_open_pages() -> anyhow::Result<()> {
    let house = town().await?;
    let ada = house.client(ADA, &[])?;
    let before = running(&house).await?;
    let mut stream = follow(&house, &ada, CART).await?;
    stream.until_event(|view| before.iter().all(|name| view.contains(name.as_str()))).await?;
    let log = house.plane.audit().from_now()?;
    let fields = [("action", "restart"), ("object", "Deployment/shop/cart"), ("back", CART)];
    let told = act(&house, &ada, &fields).await?;
    assert_eq!(told, ("Done".to_owned(), "Rolled out: 2 of 2 ready".to_owned()));
    let ready = |pod: &&Pod| pod.metadata.deletion_timestamp.is_none();
    let now = pods(&house).await?;
    let after: BTreeSet<_> = now.iter().filter(ready).filter_map(|pod| pod.metadata.name.clone()).collect();
    assert!(after.len() == 2 && after.is_disjoint(&before), "{before:?} {after:?}");
    stream.until_event(|view| after.iter().all(|name| view.contains(name.as_str()))).await?;
    let patches = |entry: &&AuditEntry| of_server(entry) && entry.verb == "patch";
    let entries = log.until(|entries| entries.iter().any(|entry| patches(&entry))).await?;
    let patch = entries.iter().find(patches).context("a patch")?;
    assert!(patch.name() == ADA && patch.uri.ends_with("?fieldManager=fanlight"), "{patch:#?}");
    log_with(
        &house.server,
        &[
            "\"audit\":\"action\",\"verb\":\"restart\",\"objects\":[\"Deployment/shop/cart\"]",
            "\"audit\":\"action-outcome\",\"verb\":\"restart\",\"object\":\"Deployment/shop/cart\",\"outcome\":\"done\"",
        ],
    )
    .await?;

    let pause = json!({"spec": {"paused": true}});
    let carts: Api<Deployment> = Api::namespaced(house.plane.admin(), "shop");
    carts.patch("cart", &PatchParams::default(), &Patch::Merge(&pause)).await?;
    let (word, text) = act(&house, &ada, &fields).await?;
    assert!(word == "Refused" && text.contains("It is paused"), "{text}");
    assert!(get(&house, &ada, CART).await?.contains("disabled title=\"It is paused"), "the button says so");
    Ok(())
}

#[tokio::test]
async fn a_job_is_made_of_a_cron_job_and_shown_on_its_page_with_its_pods() -> anyhow::Result<()> {
    let house = town().await?;
    let ada = house.client(ADA, &[])?;
    assert!(get(&house, &ada, REPORT).await?.contains("There are no jobs"));
    let (word, text) = act(&house, &ada, &[("action", "run"), ("object", "CronJob/shop/report")]).await?;
    assert_eq!(word, "Done", "{text}");
    let name = text.strip_prefix("Job/shop/").and_then(|rest| rest.strip_suffix(" was created")).context("a name")?;
    let job = Api::<Job>::namespaced(house.plane.admin(), "shop").get(name).await?;
    let cron_job = Api::<CronJob>::namespaced(house.plane.admin(), "shop").get("report").await?;
    let owner = job.metadata.owner_references.as_ref().and_then(|owners| owners.first()).context("an owner")?;
    assert_eq!((owner.kind.as_str(), Some(&owner.uid)), ("CronJob", cron_job.metadata.uid.as_ref()));
    let annotations = job.metadata.annotations.clone().unwrap_or_default();
    assert_eq!(annotations.get("cronjob.kubernetes.io/instantiate").map(String::as_str), Some("manual"));
    until(async || {
        let page = get(&house, &ada, REPORT).await?;
        Ok(page.contains(&format!("/workloads/job/shop/{name}\"")) && page.contains("Complete: 1 of 1 succeeded"))
    })
    .await?;
    let page = get(&house, &ada, &format!("/workloads/job/shop/{name}")).await?;
    assert!(page.contains(&format!("{name}-")) && page.contains("Completed"), "its pod: {page}");
    log_with(&house.server, &["\"verb\":\"run\",\"object\":\"CronJob/shop/report\",\"outcome\":\"done\""]).await?;
    Ok(())
}

#[tokio::test]
async fn a_pod_is_deleted_only_if_it_is_still_the_one_that_was_meant() -> anyhow::Result<()> {
    let house = town().await?;
    let ada = house.client(ADA, &[])?;
    running(&house).await?;
    let pod = pods(&house).await?.into_iter().next().context("a pod")?;
    let (name, uid) = (pod.metadata.name.context("a name")?, pod.metadata.uid.context("a uid")?);
    let object = format!("Pod/shop/{name}");
    let delete = |uid: &str| [("action", "delete-pod".to_owned()), ("object", object.clone()), ("uid", uid.to_owned())];
    let act = async |uid: &str| {
        let fields = delete(uid);
        act(&house, &ada, &fields.each_ref().map(|(name, value)| (*name, value.as_str()))).await
    };
    let (word, text) = act("0b5e2c1a-0000-4000-8000-000000000000").await?;
    assert!(
        word == "Refused" && text.contains("another pod has this name") && text.contains("UID in the precondition"),
        "{text}"
    );
    assert!(names(&pods(&house).await?).contains(&name));
    let page = get(&house, &ada, CART).await?;
    assert!(page.contains(&format!("name=\"uid\" value=\"{uid}\"")), "{page}");
    assert_eq!(act(&uid).await?, ("Done".to_owned(), "It is gone".to_owned()));
    // What is told of the Deployment may be of before.
    let another = until(async || {
        let left = running(&house).await?;
        Ok(left.len() == 2 && !left.contains(&name))
    });
    another.await.context("another takes its place")?;
    assert_eq!(act(&uid).await?, ("Done".to_owned(), "It was gone already".to_owned()));
    log_with(&house.server, &["\"verb\":\"delete-pod\"", "\"outcome\":\"refused\"", "\"outcome\":\"done\""]).await?;
    Ok(())
}

#[tokio::test]
async fn who_may_not_act_gets_no_button_that_works_and_is_refused_in_the_api_servers_words() -> anyhow::Result<()> {
    let house = town().await?;
    let ben = house.client(BEN, &[])?;
    let own = running(&house).await?;
    let page = get(&house, &ben, CART).await?;
    for said in [
        "Kubernetes does not let you patch deployments in shop",
        "Kubernetes does not let you delete pods in shop",
        "/user_info?verb=patch&#38;resource=deployments.apps&#38;namespace=shop&#38;name=cart#may",
    ] {
        assert!(page.contains(said), "{said}: {page}");
    }
    assert!(!page.contains("name=\"action\""), "no button that works: {page}");
    let pod = pods(&house).await?.into_iter().next().context("a pod")?;
    let object = format!("Pod/shop/{}", pod.metadata.name.unwrap_or_default());
    let uid = pod.metadata.uid.unwrap_or_default();
    for (fields, words) in [
        (
            [("action", "restart"), ("object", "Deployment/shop/cart"), ("uid", "")],
            "cannot patch resource \"deployments\"",
        ),
        ([("action", "run"), ("object", "CronJob/shop/report"), ("uid", "")], "cannot get resource \"cronjobs\""),
        ([("action", "delete-pod"), ("object", &object), ("uid", &uid)], "cannot delete resource \"pods\""),
    ] {
        let (word, text) = act(&house, &ben, &fields).await?;
        assert!(word == "Refused" && text.contains(words), "{fields:?}: {text}");
    }
    assert_eq!(running(&house).await?, own);
    // As another site would have a browser send it.
    let forged = ben.post(format!("{}/workloads/act", house.server.url())).header("sec-fetch-site", "cross-site");
    let forged = forged.form(&[("action", "restart"), ("object", "Deployment/shop/cart")]).send().await?;
    assert_eq!(forged.status(), 403);
    Ok(())
}

#[tokio::test]
async fn by_keyboard_alone_somebody_goes_to_a_workload_and_restarts_it() -> anyhow::Result<()> {
    let house = town().await?;
    house.plane.grant_everywhere("admin", all(&["get", "list", "watch", "patch"])).await?;
    running(&house).await?;
    let browser = browser::at(&house, "/", Look::DESK).await?;
    let press = async |keys: &str| browser.action_chain().send_keys(keys).perform().await;
    press("gw").await?;
    browser.until("location.pathname === '/workloads'").await?;
    browser.until(LIVE).await?;
    press("f").await?;
    press("cart").await?;
    browser.action_chain().send_keys(Key::Enter).perform().await?;
    browser.until("document.querySelectorAll('#rows tbody').length === 1 && location.search.includes('cart')").await?;
    browser.until(LIVE).await?;
    press("j").await?;
    browser.action_chain().send_keys(Key::Enter).perform().await?;
    browser.until(&format!("location.pathname === '{CART}'")).await?;
    browser.until(LIVE).await?;
    for _ in 0..60 {
        browser.action_chain().send_keys(Key::Tab).perform().await?;
        if browser.ask("document.activeElement.matches('#ask > summary')").await? == json!(true) {
            break;
        }
    }
    browser.action_chain().send_keys(Key::Enter).perform().await?;
    browser.until("document.getElementById('ask').open").await?;
    browser.action_chain().send_keys(Key::Tab).perform().await?;
    browser.action_chain().send_keys(Key::Enter).perform().await?;
    browser.until("document.querySelector('#outcomes li.ready')?.textContent.includes('Rolled out')").await?;
    let axe = Axe::new()?;
    for look in [Look::DESK, Look { dark: true, ..Look::DESK }, Look::PHONE] {
        browser.look(look).await?;
        for address in ["/workloads", CART, REPORT] {
            browser.goto(format!("{}{address}", house.server.url())).await?;
            browser.until(LIVE).await?;
            assert_eq!(axe.faults(&browser).await?, [""; 0], "{address} {look:?}");
        }
    }
    assert_eq!(browser.complaints().await?, [] as [String; 0]);
    Ok(())
}
