//! What an object applied, down to the pods, as far as somebody may see it.

use std::{io::Write, time::Duration};

use base64::{Engine, engine::general_purpose::STANDARD};
use fanlight_testbed::{Browser, Look, Options, estate, rights::flux_rules};
use flate2::{Compression, write::GzEncoder};
use k8s_openapi::api::{apps::v1::Deployment, core::v1::Pod};
use kube::{
    Api,
    api::{DeleteParams, ListParams},
};
use serde_json::{Value, json};
use thirtyfour::Key;
use tokio::time::Instant;

use crate::{
    browser,
    house::{House, WATCH, all, follow, get, of_server, plane},
    shared::{log_with, until, until_within},
};

const ADA: &str = "ada@example.com";
const BEN: &str = "ben@example.com";
const STORE: &str = "/kustomization/graph?name=store&namespace=apps";

/// A store of which one part runs, one cannot be pulled, one is missing and one is a release, which says what it consists
/// of in a Secret alone; and an application in another cluster.
async fn scene() -> anyhow::Result<House> {
    let plane = plane(Options { nodes: true, ..Options::default() }).await?;
    plane.create_namespace("shop").await?;
    let parts = [
        estate::deployment("shop", "cart", "cart:1.0.0", 2),
        estate::deployment("shop", "till", "till:9.9.9", 1),
        estate::config_map("shop", "settings", &json!({"canary": "a-value-that-is-nobodys-business"})),
        estate::helm_release("apps", "billing").into(),
    ];
    let stored = estate::config_map("shop", "invoices", &json!({"a": "b"}));
    let gone = estate::config_map("shop", "gone", &json!({}));
    for object in parts.iter().chain([&stored, &release("apps", "billing", 3)?]) {
        plane.apply(object).await?;
    }
    let store = estate::kustomization("apps", "store").having_applied(parts.iter().chain([&gone]));
    let elsewhere = estate::kustomization("apps", "edge-shop")
        .with_spec(json!({"kubeConfig": {"secretRef": {"name": "edge"}}}))
        .having_applied([&parts[0]]);
    for object in [Value::from(store), elsewhere.into()] {
        plane.apply(&object).await?;
    }
    plane.grant_everywhere(ADA, all(&WATCH)).await?;
    plane.grant_everywhere("admin", all(&WATCH)).await?;
    plane.grant_in("apps", BEN, flux_rules(&WATCH)).await?;
    let workloads = json!([{"apiGroups": ["apps"], "resources": ["deployments", "replicasets"], "verbs": ["get", "list"]},
        {"apiGroups": [""], "resources": ["configmaps"], "verbs": ["get", "list"]}]);
    plane.grant_in("shop", BEN, workloads).await?;
    let house = House::before(plane).await?;
    // As many pods as there will be, each as it stays.
    let pods: Api<Pod> = Api::namespaced(house.plane.admin(), "shop");
    until_within(Duration::from_secs(120), async || {
        let all = serde_json::to_string(&pods.list(&ListParams::default()).await?.items)?;
        Ok(all.contains("ImagePullBackOff") && all.matches("\"phase\":\"Running\"").count() == 2)
    })
    .await?;
    // Of what owns them it is told a moment later.
    let deployments: Api<Deployment> = Api::namespaced(house.plane.admin(), "shop");
    until(async || {
        let status = deployments.get("cart").await?.status.unwrap_or_default();
        Ok(status.available_replicas == Some(2))
    })
    .await?;
    Ok(house)
}

/// The Secret in which Helm keeps a release of one ConfigMap, and values.
fn release(namespace: &str, name: &str, version: u8) -> anyhow::Result<Value> {
    let manifest = "---\n# Source: billing/templates/map.yaml\napiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: invoices\n  namespace: shop\ndata:\n  a: b\n";
    let release = json!({"name": name, "namespace": namespace, "version": version, "manifest": manifest,
        "config": {"password": "canary-of-the-values"}});
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(release.to_string().as_bytes())?;
    let packed = STANDARD.encode(encoder.finish()?);
    Ok(json!({"apiVersion": "v1", "kind": "Secret", "type": "helm.sh/release.v1",
        "metadata": {"namespace": namespace, "name": format!("sh.helm.release.v1.{name}.v{version}")},
        "stringData": {"release": packed}}))
}

/// The names of the pods of a part.
async fn pods(house: &House, part: &str) -> anyhow::Result<Vec<String>> {
    let pods: Api<Pod> = Api::namespaced(house.plane.admin(), "shop");
    let list = pods.list(&ListParams::default().labels(&format!("app.kubernetes.io/name={part}"))).await?;
    Ok(list.items.into_iter().filter_map(|pod| pod.metadata.name).collect())
}

/// What a page draws: of each part what is said to those who do not see it.
fn drawn(page: &str) -> Vec<String> {
    let drawing = page.split_once("<svg viewBox").map_or("", |(_, rest)| rest);
    let drawing = drawing.split_once("</svg></div>").map_or(drawing, |(drawing, _)| drawing);
    let titles = drawing.split("<title>").skip(1).filter_map(|rest| rest.split('<').next());
    titles.map(|title| title.replace("&#38;", "&")).collect()
}

/// Whether something is drawn that begins like this.
fn draws(page: &str, beginning: &str) -> bool {
    drawn(page).iter().any(|title| title.starts_with(beginning))
}

#[tokio::test]
async fn a_tree_goes_down_to_the_pods_and_says_what_is_missing_and_what_lies_elsewhere() -> anyhow::Result<()> {
    let house = scene().await?;
    let ada = house.client(ADA, &[])?;
    let log = house.plane.audit().from_now()?;
    let page = get(&house, &ada, STORE).await?;
    for beginning in [
        "Kustomization apps/store: Ready",
        "HelmRelease apps/billing: Ready",
        "ConfigMap shop/invoices: Configured",
        "Deployment shop/cart: Ready, 2 of 2 ready",
        "ReplicaSet shop/cart-",
        &format!("Pod shop/{}: Ready, Running", pods(&house, "cart").await?[0]),
        "Deployment shop/till: Progressing",
        &format!("Pod shop/{}: Failed, ImagePullBackOff", pods(&house, "till").await?[0]),
        "ConfigMap shop/settings: Configured",
        "ConfigMap shop/gone: Missing",
    ] {
        assert!(draws(&page, beginning), "{beginning}: {:#?}", drawn(&page));
    }
    assert!(page.contains("href=\"/helm_release/details?name=billing&#38;namespace=apps\""), "parts are links: {page}");
    assert!(page.contains("href=\"/other/core/ConfigMap/shop/settings\""), "of every kind: {page}");
    let image = "<code>registry.example.com/acme/cart:1.0.0</code>";
    assert!(page.contains(image) && draws(&page, "Deployment shop/cart: Ready, 2 of 2 ready; registry"), "{page}");
    for canary in ["nobodys-business", "canary-of-the-values", "style="] {
        assert!(!page.contains(canary), "{canary}");
    }
    let edge = get(&house, &ada, "/kustomization/graph?name=edge-shop&namespace=apps").await?;
    assert!(draws(&edge, "Deployment shop/cart: In another cluster"), "{:#?}", drawn(&edge));
    assert_eq!(drawn(&edge).len(), 2, "it is not looked for here");
    assert!(!edge.contains("/workloads/deployment/shop/cart"), "another of that name leads astray: {edge}");

    // That a Secret was read is in the account, and nothing of what is in it.
    let told = log_with(&house.server, &["\"secrets\":[\"apps/sh.helm.release.v1.billing.v3\"]"]).await?;
    assert!(!told.contains("canary-of-the-values"), "{told}");

    // Read in her name, in few requests, and of ConfigMaps nothing but what they are called.
    let entries = log
        .until(|entries| entries.iter().filter(|entry| entry.uri.contains("/namespaces/shop/pods")).count() >= 1)
        .await?;
    let in_shop = entries.iter().filter(|entry| of_server(entry) && entry.uri.contains("/namespaces/shop/"));
    let in_shop: Vec<_> = in_shop.collect();
    assert!(in_shop.iter().all(|entry| entry.name() == ADA && !entry.is_in_own_name()), "{in_shop:#?}");
    assert!(in_shop.len() <= 8, "{} requests: {in_shop:#?}", in_shop.len());
    Ok(())
}

#[tokio::test]
async fn what_somebody_may_not_see_is_said_once_and_not_named() -> anyhow::Result<()> {
    let house = scene().await?;
    let [ada, ben] = [ADA, BEN].map(|user| house.client(user, &[]));
    let (ada, ben) = (ada?, ben?);
    let names = pods(&house, "cart").await?;
    assert!(get(&house, &ada, STORE).await?.contains(&names[0]), "what is kept for one is not shown to another");
    let page = get(&house, &ben, STORE).await?;
    let said = page.matches("you may not read pods in <code>shop</code>").count();
    assert_eq!(said, 1, "{page}");
    assert!(page.contains("user_info?verb=list&#38;resource=pods&#38;namespace=shop#may"), "{page}");
    assert!(page.contains("it needs <code>get secrets</code> in <code>apps</code>"), "{page}");
    assert!(draws(&page, "ReplicaSet shop/cart-"), "{:#?}", drawn(&page));
    let mut stream = follow(&house, &ben, STORE).await?;
    let streamed = stream.until_event(|data| data.contains("you may not read pods")).await?;
    for canary in [&names[0], &names[1], "ImagePullBackOff", "shop/invoices"] {
        assert!(!page.contains(canary) && !streamed.contains(canary), "{canary} is shown to Ben");
    }
    Ok(())
}

#[tokio::test]
async fn only_what_is_unhealthy_is_left_with_its_owners_and_parts_are_closed_by_links() -> anyhow::Result<()> {
    let house = scene().await?;
    let ada = house.client(ADA, &[])?;
    let page = get(&house, &ada, &format!("{STORE}&show=unhealthy")).await?;
    let kinds: Vec<_> = drawn(&page).iter().filter_map(|title| title.split(' ').next().map(str::to_owned)).collect();
    let expected = ["Kustomization", "Deployment", "ReplicaSet", "Pod", "ConfigMap"];
    assert_eq!(kinds, expected, "{:#?}", drawn(&page));
    assert!(draws(&page, "ConfigMap shop/gone") && !page.contains("shop/settings"), "{page}");

    let whole = get(&house, &ada, STORE).await?;
    let fold = whole
        .split("class=\"fold\" href=\"")
        .skip(1)
        .find(|rest| rest.split('>').next().is_some_and(|tag| tag.contains("Hide what is below Deployment cart")));
    let link = fold.and_then(|rest| rest.split('"').next()).expect("a link that closes").replace("&#38;", "&");
    let closed = get(&house, &ada, &link).await?;
    assert!(
        draws(&closed, "Deployment shop/cart") && !draws(&closed, "ReplicaSet shop/cart-"),
        "{:#?}",
        drawn(&closed)
    );
    assert!(closed.contains("Show 3 below Deployment cart"), "{closed}");

    // The same as a list in lists, for those who see no drawing and run no script.
    let list = whole.split_once("<ul class=\"outline\">").expect("a list").1;
    let list = list.split_once("</details>").expect("its end").0;
    let deployment = "Deployment</span> <a href=\"/workloads/deployment/shop/cart\">cart";
    let [cart, set, pod] =
        [deployment, "ReplicaSet", &pods(&house, "cart").await?[0]].map(|part| list.find(part).expect(part));
    assert!(cart < set && set < pod);
    assert!(list[cart..set].contains("<ul><li") && list[set..pod].contains("<ul><li"), "{list}");
    Ok(())
}

#[tokio::test]
async fn an_open_tree_hears_of_what_was_deleted() -> anyhow::Result<()> {
    let house = scene().await?;
    let ada = house.client(ADA, &[])?;
    let mut stream = follow(&house, &ada, STORE).await?;
    stream.until_event(|data| draws(data, "ConfigMap shop/settings: Configured")).await?;
    let maps: Api<k8s_openapi::api::core::v1::ConfigMap> = Api::namespaced(house.plane.admin(), "shop");
    maps.delete("settings", &DeleteParams::default()).await?;
    stream.until_event(|data| draws(data, "ConfigMap shop/settings: Missing")).await?;
    Ok(())
}

#[tokio::test]
async fn five_thousand_parts_are_a_page_of_bounded_size_in_little_time() -> anyhow::Result<()> {
    let house = scene().await?;
    let ada = house.client(ADA, &[])?;
    let parts: Vec<_> =
        (0..5000).map(|number| estate::config_map("shop", &format!("part-{number}"), &json!({}))).collect();
    let many = estate::kustomization("apps", "many").having_applied(&parts);
    house.plane.apply(&many).await?;
    let begun = Instant::now();
    let page = get(&house, &ada, "/kustomization/graph?name=many&namespace=apps").await?;
    let took = begun.elapsed();
    assert!(page.contains(">5000<") && page.contains("4988 more"), "{}", drawn(&page).len());
    assert!(page.len() < 200_000, "{} bytes", page.len());
    assert!(took < Duration::from_secs(5), "{took:?}");
    let more = page.split("class=\"fold\" href=\"").nth(1).and_then(|rest| rest.split('"').next()).expect("a link");
    let more = get(&house, &ada, &more.replace("&#38;", "&")).await?;
    assert!(more.contains("4888 more") && more.len() < 600_000, "{} bytes", more.len());
    Ok(())
}

#[tokio::test]
async fn a_drawing_is_moved_and_made_larger_by_the_keyboard_and_by_buttons() -> anyhow::Result<()> {
    let house = scene().await?;
    let browser = browser::at(&house, STORE, Look { width: 700, height: 500, ..Look::DESK }).await?;
    let press = async |key: Key| browser.action_chain().send_keys(key.value().to_string()).perform().await;
    let window = "document.querySelector('.diagram .window')";
    browser.ask(&format!("{window}.focus()")).await?;
    press(Key::Right).await?;
    browser.until(&format!("{window}.scrollLeft > 0")).await?;
    let width = format!("{window}.querySelector('svg').getBoundingClientRect().width");
    let full = browser.ask(&width).await?.as_f64().unwrap_or_default();
    browser.action_chain().send_keys("+").perform().await?;
    browser.until(&format!("{width} > {full} * 1.2")).await?;
    browser.action_chain().send_keys("0").perform().await?;
    browser.until(&format!("{width} <= {window}.clientWidth + 1")).await?;
    browser.one("[data-zoom=full]").await?.click().await?;
    browser.until(&format!("Math.abs({width} - {full}) < 1")).await?;
    // What somebody made small stays so on the next page.
    browser.one("[data-zoom=fit]").await?.click().await?;
    browser.refresh().await?;
    browser.until("document.readyState === 'complete'").await?;
    browser.until(&format!("{width} <= {window}.clientWidth + 1")).await?;
    // Parts are links in the order of the tree.
    browser.ask(&format!("{window}.focus()")).await?;
    press(Key::Tab).await?;
    browser.until("document.activeElement?.getAttribute('href')?.includes('billing') === true").await?;
    let complaints = browser.complaints().await?;
    assert!(complaints.is_empty(), "{complaints:#?}");
    until(async || Ok(!house.server.log().contains("panicked"))).await
}

/// A mouse does something at a point of the page, with or without a key held down.
async fn mouse(browser: &Browser, sort: &str, at: (f64, f64), more: Value) -> anyhow::Result<()> {
    let mut event = json!({"type": sort, "x": at.0, "y": at.1});
    for (field, value) in more.as_object().into_iter().flatten() {
        event[field] = value.clone();
    }
    browser.cdp().send_raw("Input.dispatchMouseEvent", event).await?;
    Ok(())
}

#[tokio::test]
async fn a_mouse_drags_a_drawing_without_following_a_link_and_a_wheel_with_ctrl_makes_it_larger() -> anyhow::Result<()>
{
    const VIEW: &str = "document.querySelector('.diagram .window')";
    const LINK: &str = "document.querySelector(\".diagram .node a[href*='/workloads/']\")";
    let house = scene().await?;
    let browser = browser::at(&house, STORE, Look { width: 1000, height: 700, ..Look::DESK }).await?;
    for _ in 0..3 {
        browser.one("[data-zoom=in]").await?.click().await?;
    }
    browser.ask(&format!("{LINK}.scrollIntoView({{block: 'center', inline: 'center', behavior: 'instant'}})")).await?;
    let centre = format!(
        "(() => {{ const box = {LINK}.getBoundingClientRect(); return [box.x + box.width / 2, box.y + box.height / 2]; }})()"
    );
    let point = async || {
        let [x, y]: [f64; 2] = serde_json::from_value(browser.ask(&centre).await?)?;
        anyhow::Ok((x, y))
    };
    browser.ask("document.addEventListener('click', (event) => { window.last = event.defaultPrevented; })").await?;
    let left = format!("{VIEW}.scrollLeft");
    let before = browser.ask(&left).await?.as_f64().unwrap_or_default();
    let held = json!({"button": "left", "buttons": 1, "clickCount": 1});
    let let_go = json!({"button": "left", "buttons": 0, "clickCount": 1});

    let (x, y) = point().await?;
    mouse(&browser, "mouseMoved", (x, y), json!({})).await?;
    mouse(&browser, "mousePressed", (x, y), held.clone()).await?;
    for step in 1..=4 {
        mouse(&browser, "mouseMoved", (x - 30.0 * f64::from(step), y), held.clone()).await?;
    }
    browser.until(&format!("{left} >= {before} + 100 && {VIEW}.classList.contains('dragged')")).await?;
    mouse(&browser, "mouseReleased", (x - 120.0, y), let_go.clone()).await?;
    browser.until(&format!("window.last === true && !{VIEW}.classList.contains('dragged')")).await?;

    let width = format!("{VIEW}.querySelector('svg').getBoundingClientRect().width");
    let full = browser.ask(&width).await?.as_f64().unwrap_or_default();
    let wheel = |by: i32| json!({"deltaX": 0, "deltaY": by, "modifiers": 2});
    let at = point().await?;
    mouse(&browser, "mouseWheel", at, wheel(-120)).await?;
    browser.until(&format!("{width} > {full} * 1.2")).await?;
    let now = point().await?;
    assert!((now.0 - at.0).hypot(now.1 - at.1) < 4.0, "what is under the pointer stays there: {at:?} {now:?}");
    mouse(&browser, "mouseWheel", at, wheel(120)).await?;
    browser.until(&format!("{width} < {full} * 1.1")).await?;

    // Who only clicks follows the link.
    let at = point().await?;
    mouse(&browser, "mousePressed", at, held).await?;
    mouse(&browser, "mouseReleased", at, let_go).await?;
    browser.until("location.pathname.startsWith('/workloads/deployment/')").await?;
    assert!(browser.complaints().await?.is_empty());
    Ok(())
}
