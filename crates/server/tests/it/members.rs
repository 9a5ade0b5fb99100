//! Any object that Flux applied, as far as somebody may read it.

use base64::{Engine, engine::general_purpose::STANDARD};
use fanlight_testbed::{AuditEntry, Options, estate};
use serde_json::{Value, json};

use crate::house::{House, answer, follow, get, of_server, plane};

const ADA: &str = "ada@example.com";
const BEN: &str = "ben@example.com";
const SETTINGS: &str = "/other/core/ConfigMap/shop/settings";
const DATABASE: &str = "/other/core/Secret/shop/database";
const ROLE: &str = "/other/rbac.authorization.k8s.io/ClusterRole/-/shop:reader";
const WIDGET: &str = "/other/acme.example/Widget/shop/dial";
/// What is in a Secret.
const SECRET: &str = "canary-of-the-password";
/// What is in a ConfigMap that not everybody may read.
const PRIVATE: &str = "canary-of-the-settings";

/// The object as the Kustomization `apps/store` applies it.
fn applied(mut object: Value) -> Value {
    object["metadata"]["labels"]["kustomize.toolkit.fluxcd.io/name"] = json!("store");
    object["metadata"]["labels"]["kustomize.toolkit.fluxcd.io/namespace"] = json!("apps");
    object
}

fn secret() -> Value {
    let copy = json!({"kind": "Secret", "stringData": {"password": SECRET}}).to_string();
    let annotations = json!({"kubectl.kubernetes.io/last-applied-configuration": copy, "kapp.k14s.io/original": copy});
    json!({"apiVersion": "v1", "kind": "Secret", "stringData": {"password": SECRET},
        "metadata": {"name": "database", "namespace": "shop", "annotations": annotations}})
}

fn widget() -> Value {
    let conditions = json!([{"type": "Ready", "status": "False", "reason": "Worn", "message": "the spring has gone",
        "lastTransitionTime": "2026-01-05T08:00:00Z"}]);
    let container = json!({"name": "dial", "image": "ghcr.io/acme/dial:3"});
    json!({"apiVersion": "acme.example/v1alpha1", "kind": "Widget", "metadata": {"name": "dial", "namespace": "shop"},
        "spec": {"template": {"spec": {"containers": [container]}}}, "status": {"conditions": conditions}})
}

fn event(namespace: &str, about: &Value, message: &str) -> Value {
    let metadata = &about["metadata"];
    json!({"apiVersion": "v1", "kind": "Event", "type": "Warning", "reason": "Noticed", "message": message,
        "metadata": {"name": format!("{}.1", metadata["name"].as_str().unwrap_or_default().replace(':', "-")),
            "namespace": namespace}, "lastTimestamp": "2026-01-05T08:00:00Z", "source": {"component": "tester"},
        "involvedObject": {"apiVersion": about["apiVersion"], "kind": about["kind"], "name": metadata["name"],
            "namespace": metadata["namespace"]}})
}

/// A store with a part of each sort. Ada may read everything, Ben the Flux objects of `apps` and the Secrets of `shop`.
async fn town() -> anyhow::Result<House> {
    let plane = plane(Options::default()).await?;
    plane.create_namespace("shop").await?;
    plane.apply(&estate::definition("widgets.acme.example", "Widget", "Namespaced")).await?;
    plane.established().await?;
    let role = json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole",
        "metadata": {"name": "shop:reader"}, "rules": []});
    let settings = estate::config_map("shop", "settings", &json!({"level": PRIVATE}));
    let parts = [settings, secret(), role, widget(), estate::deployment("shop", "cart", "cart:1.0.0", 0)];
    let parts = parts.map(applied);
    for part in &parts {
        plane.apply(part).await?;
    }
    plane.apply(&estate::kustomization("apps", "store").having_applied(&parts)).await?;
    plane.apply(&event("shop", &parts[0], "somebody turned the level up")).await?;
    plane.apply(&event("default", &parts[2], "somebody was bound to it")).await?;
    let read = ["get", "list", "watch"];
    plane.grant_everywhere(ADA, crate::house::all(&read)).await?;
    let kustomizations =
        json!({"apiGroups": ["kustomize.toolkit.fluxcd.io"], "resources": ["kustomizations"], "verbs": read});
    plane.grant_in("apps", BEN, json!([kustomizations])).await?;
    plane.grant_in("shop", BEN, json!([{"apiGroups": [""], "resources": ["secrets"], "verbs": ["get"]}])).await?;
    House::before(plane).await
}

#[tokio::test]
async fn whatever_was_applied_has_a_page_with_who_did_how_it_is_what_happened_and_its_manifest() -> anyhow::Result<()> {
    let house = town().await?;
    let ada = house.client(ADA, &[])?;
    let log = house.plane.audit().from_now()?;
    let applier = "href=\"/kustomization/details?name=store&#38;namespace=apps\"";
    let of_settings: &[&str] =
        &["Configured", PRIVATE, "kubectl get configmaps settings -n shop -o yaml", "somebody turned the level up"];
    let of_role: &[&str] = &["kubectl get clusterroles.rbac.authorization.k8s.io shop:reader -o yaml", "bound to it"];
    let of_widget: &[&str] =
        &["The spring has gone", "Worn", "href=\"https://ghcr.io/acme/dial\"", "Nothing happened lately"];
    let deployment = "/other/apps/Deployment/shop/cart";
    let of_cart: &[&str] = &["href=\"/workloads/deployment/shop/cart\"", "registry.example.com/acme/cart:1.0.0"];
    for (page, said) in [(SETTINGS, of_settings), (ROLE, of_role), (WIDGET, of_widget), (deployment, of_cart)] {
        let shown = get(&house, &ada, page).await?;
        for said in said.iter().chain([&applier, &"class=\"copyable\""]) {
            assert!(shown.contains(said), "{page}: {said}: {shown}");
        }
        assert!(!shown.contains("managedFields"), "{page}: {shown}");
    }
    let entries = log.until(|entries| entries.iter().any(|entry| entry.uri.contains("widgets/dial"))).await?;
    let mut reads = entries.iter().filter(|entry| of_server(entry) && entry.uri.contains("/shop/"));
    assert!(reads.all(|entry| entry.name() == ADA && !entry.is_in_own_name()), "{entries:#?}");

    let tree = get(&house, &ada, "/kustomization/graph?name=store&namespace=apps").await?;
    for page in [SETTINGS, DATABASE, WIDGET, "/workloads/deployment/shop/cart"] {
        assert!(tree.matches(&format!("href=\"{page}\"")).count() == 2, "drawn and listed: {page}: {tree}");
    }
    assert!(tree.contains("ClusterRole/-/shop%3Areader"), "{tree}");
    // Of an object of Flux there is one page.
    let own = format!("{}/other/kustomize.toolkit.fluxcd.io/Kustomization/apps/store", house.server.url());
    let moved = ada.get(own).send().await?;
    let to = moved.headers().get("location").and_then(|to| to.to_str().ok());
    assert_eq!(to, Some("/kustomization/details?name=store&namespace=apps"));
    Ok(())
}

#[tokio::test]
async fn an_open_page_of_an_object_hears_of_changes_and_of_its_end() -> anyhow::Result<()> {
    let house = town().await?;
    let ada = house.client(ADA, &[])?;
    let mut stream = follow(&house, &ada, SETTINGS).await?;
    stream.until_event(|piece| piece.contains(PRIVATE)).await?;
    let changed = applied(estate::config_map("shop", "settings", &json!({"level": "another-level"})));
    house.plane.apply(&changed).await?;
    stream.until_event(|piece| piece.contains("another-level") && !piece.contains(PRIVATE)).await?;
    house.plane.delete(&changed).await?;
    stream.until_event(|piece| piece.contains("It is not there")).await?;
    Ok(())
}

#[tokio::test]
async fn the_values_of_a_secret_are_in_no_byte_whoever_reads_it() -> anyhow::Result<()> {
    let house = town().await?;
    let packed = STANDARD.encode(SECRET);
    for user in [ADA, BEN] {
        let client = house.client(user, &[])?;
        let page = get(&house, &client, DATABASE).await?;
        assert!(page.contains("password: •••••• (hidden)"), "{page}");
        let mut stream = follow(&house, &client, DATABASE).await?;
        let streamed = stream.until_event(|piece| piece.contains("(hidden)")).await?;
        for value in [SECRET, &packed] {
            assert!(!page.contains(value) && !streamed.contains(value), "{value} is shown to {user}");
        }
    }
    Ok(())
}

#[tokio::test]
async fn who_may_not_read_an_object_is_told_what_is_missing_and_nothing_of_it() -> anyhow::Result<()> {
    let house = town().await?;
    let (ada, ben) = (house.client(ADA, &[])?, house.client(BEN, &[])?);
    assert!(get(&house, &ada, SETTINGS).await?.contains(PRIVATE), "what one may read is not kept for another");
    let page = answer(&house, &ben, SETTINGS, 403).await?;
    let missing = "/user_info?verb=get&#38;resource=configmaps&#38;namespace=shop&#38;name=settings#may";
    assert!(page.contains("You may not see this") && page.contains(missing), "{page}");
    let mut stream = follow(&house, &ben, SETTINGS).await?;
    let streamed = stream.until_event(|piece| piece.contains("You may not see this")).await?;
    let yaml = get(&house, &ben, "/user_info?verb=get&resource=configmaps&namespace=shop&name=settings").await?;
    assert!(yaml.contains("kind: Role") && yaml.contains("configmaps"), "{yaml}");
    // Of the Secret that he may read he sees neither Events nor other objects.
    let secret = get(&house, &ben, DATABASE).await?;
    assert!(secret.contains("An administrator can grant “list” on events"), "{secret}");
    for shown in [page, streamed, secret] {
        for canary in [PRIVATE, "turned the level up", "shop:reader", "ghcr.io/acme"] {
            assert!(!shown.contains(canary), "{canary} is shown to Ben: {shown}");
        }
    }
    Ok(())
}

#[tokio::test]
async fn what_is_not_there_not_served_or_no_name_is_told_apart() -> anyhow::Result<()> {
    let house = town().await?;
    let ada = house.client(ADA, &[])?;
    let long = "l".repeat(254);
    for (page, said) in [
        ("/other/core/ConfigMap/shop/gone", "There is no ConfigMap/shop/gone"),
        ("/other/core/Namespace/shop/shop", "It is not there"),
        ("/other/core/ConfigMap/-/settings", "It is not there"),
        ("/other/acme.example/Gadget/shop/dial", "serves no Gadget of the API group acme.example"),
        ("/other/elsewhere.example/Widget/shop/dial", "serves no Widget of the API group elsewhere.example"),
        ("/other/core/Gadget/shop/dial", "serves no Gadget of the API group core"),
        ("/other/core/ConfigMap/shop/..%2f..%2fsecrets", "There is no such page"),
        ("/other/core/Config%3fMap/shop/settings", "There is no such page"),
        (&format!("/other/core/ConfigMap/shop/{long}"), "There is no such page"),
    ] {
        let shown = answer(&house, &ada, page, 404).await?;
        assert!(shown.contains(said), "{page}: {shown}");
    }
    Ok(())
}

#[tokio::test]
async fn what_the_flux_operator_applies_is_among_what_runs_with_its_owner_and_in_few_requests() -> anyhow::Result<()> {
    let house = town().await?;
    house.plane.apply(&estate::deployment("shop", "by-hand", "by-hand:1", 0)).await?;
    for (name, tool, owner) in [
        ("tenant", "resourceset.fluxcd.controlplane.io", "tenants"),
        ("source-controller", "fluxcd.controlplane.io", "flux"),
    ] {
        let mut object = estate::deployment("shop", name, "tenant:1", 0);
        object["metadata"]["labels"][format!("{tool}/name")] = json!(owner);
        object["metadata"]["labels"][format!("{tool}/namespace")] = json!("flux-system");
        house.plane.apply(&object).await?;
    }
    let ada = house.client(ADA, &[])?;
    let log = house.plane.audit().from_now()?;
    let list = get(&house, &ada, "/workloads").await?;
    for said in [
        "href=\"/workloads/deployment/shop/tenant\"",
        "href=\"/resource_set/details?name=tenants&#38;namespace=flux-system\"",
        "href=\"/workloads/deployment/shop/source-controller\"",
        "href=\"/flux_instance/details?name=flux&#38;namespace=flux-system\"",
        "href=\"/workloads/deployment/shop/cart\"",
    ] {
        assert!(list.contains(said), "{said}: {list}");
    }
    assert!(!list.contains("by-hand"), "{list}");
    let is_list = |entry: &&AuditEntry| of_server(entry) && entry.name() == ADA && entry.uri.contains("labelSelector=");
    let entries = log.until(|entries| entries.iter().filter(is_list).count() >= 16).await?;
    assert_eq!(entries.iter().filter(is_list).count(), 16, "three of each kind, and one of Deployments: {entries:#?}");
    let narrow = get(&house, &ada, "/workloads?owner=ResourceSet/flux-system/tenants").await?;
    assert!(narrow.contains("/deployment/shop/tenant") && !narrow.contains("/deployment/shop/cart"), "{narrow}");
    let page = get(&house, &ada, "/workloads/deployment/shop/tenant").await?;
    assert!(page.contains("ResourceSet flux-system/tenants"), "{page}");
    assert!(page.contains("href=\"/other/apps/Deployment/shop/tenant\""), "{page}");
    Ok(())
}
