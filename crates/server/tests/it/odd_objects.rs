//! Objects and requests that nobody expects: pages stay whole, and say what is the matter.

use fanlight_testbed::{FanlightServer, Options, Stream, estate, rights::flux_rules};
use reqwest::{Client, Response, header};
use serde_json::{Value, json};

use crate::{
    house::{House, WATCH, follow, plane, shows},
    shared::{in_namespace, start},
};

const ADA: &str = "ada@example.com";
const BEN: &str = "ben@example.com";
const SCRIPT: &str = "<script>alert(1)</script><img src=x onerror=alert(2)>\"'&\r\n";
/// More than any of the objects has to say, with everything escaped.
const PAGE: usize = 2 << 20;

fn condition(kind: &str, message: &str, time: &str) -> Value {
    json!({"type": kind, "status": "False", "reason": "Odd", "message": message, "lastTransitionTime": time})
}

/// A Kustomization named as what is odd about it.
fn odd(name: &str, conditions: impl Into<Vec<Value>>) -> Value {
    estate::kustomization("apps", name).never_reconciled().with_status(json!({"conditions": conditions.into()})).into()
}

fn annotated(mut object: Value) -> Value {
    object["metadata"]["annotations"] = json!({
        "metadata.weave.works/suspended-by": SCRIPT, "metadata.weave.works/suspended-comment": SCRIPT,
        "reconcile.fluxcd.io/requestedAt": SCRIPT, "example.com/large": "x".repeat(200 << 10),
    });
    object
}

fn objects() -> Vec<Value> {
    let now = "2026-01-01T00:00:00Z";
    // The longest message that the definitions of the kinds let pass.
    let long = format!("{SCRIPT}{}", "<".repeat(32_768 - SCRIPT.len()));
    let mut marked = annotated(odd("marked", [condition("Ready", SCRIPT, now)]));
    marked["spec"]["path"] = SCRIPT.into();
    let suspended = estate::kustomization("apps", "suspended").suspended();
    let far = [condition("Ready", "", "9999-12-31T23:59:59Z"), condition("Healthy", "", "0001-01-01T00:00:00Z")];
    let many: Vec<_> = (0..1000).map(|number| condition(&format!("Odd{number}"), SCRIPT, now)).collect();
    vec![
        estate::kustomization("apps", "no-status").never_reconciled().into(),
        odd("name.with.dots", []),
        odd("unheard-of", [condition("Unheard", SCRIPT, now)]),
        odd("long", [condition("Ready", &long, now)]),
        odd("far", far),
        odd("many", many),
        marked,
        annotated(suspended.into()),
    ]
}

async fn get(house: &House, client: &Client, path: &str) -> anyhow::Result<(u16, String)> {
    let response = client.get(format!("{}{path}", house.server.url())).send().await?;
    Ok((response.status().as_u16(), response.text().await?))
}

async fn act(house: &House, client: &Client, form: &str, lines: bool) -> anyhow::Result<Response> {
    let accept = if lines { "application/x-ndjson" } else { "text/html" };
    let request = client.post(format!("{}/actions", house.server.url())).header(header::ACCEPT, accept);
    let request = request.header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
    Ok(request.body(form.to_owned()).send().await?)
}

fn assert_harmless(name: &str, html: &str) {
    assert!(html.len() < PAGE, "{name}: {} bytes", html.len());
    assert!(!html.contains("<script>alert") && !html.contains("<img"), "{name} is not escaped");
}

#[tokio::test]
async fn no_object_breaks_a_page_or_gets_a_script_into_it() -> anyhow::Result<()> {
    let plane = plane(Options::default()).await?;
    plane.grant_everywhere(ADA, flux_rules(&WATCH)).await?;
    let objects = objects();
    for object in &objects {
        plane.apply(object).await?;
    }
    let house = House::before(plane).await?;
    let mut ada = house.guest(ADA).await?;
    let keys: Vec<_> = objects.iter().filter_map(|object| object["metadata"]["name"].as_str()).collect();
    let all = |view: &str| keys.iter().all(|name| shows(view, &format!("Kustomization/apps/{name}")));
    assert_harmless("the stream of the list", &ada.stream.until(all).await?);
    let (status, list) = get(&house, &ada.client, "/applications").await?;
    assert!(status == 200 && all(&list), "{list}");
    assert_harmless("the list", &list);
    for name in keys {
        for tab in ["details", "yaml"] {
            let (status, page) =
                get(&house, &ada.client, &format!("/kustomization/{tab}?name={name}&namespace=apps")).await?;
            assert!(status == 200 && page.contains(&format!("<h1>{name}</h1>")), "{status} {name} {page}");
            assert_harmless(name, &page);
            let events = format!("{}/kustomization/{tab}/events?name={name}&namespace=apps", house.server.url());
            let mut stream = Stream::of(ada.client.get(events).send().await?.error_for_status()?);
            let (event, pieces) = stream.next().await?.unwrap_or_default();
            assert!(event == "pieces" && pieces.contains(&format!("<h1>{name}</h1>")), "{name} {event} {pieces}");
            assert_harmless(name, &pieces);
        }
    }
    let log = house.server.log();
    assert!(!log.contains("panicked"), "{log}");
    Ok(())
}

#[tokio::test]
async fn a_page_that_cannot_be_shown_says_why() -> anyhow::Result<()> {
    let plane = plane(Options::default()).await?;
    plane.grant_everywhere(ADA, flux_rules(&WATCH)).await?;
    let one = json!([{"apiGroups": ["kustomize.toolkit.fluxcd.io"], "resources": ["kustomizations"],
        "resourceNames": ["shop"], "verbs": ["get"]}]);
    plane.grant_in("apps", BEN, one).await?;
    let house = House::before(plane).await?;
    let (ada, ben) = (house.client(ADA, &[])?, house.client(BEN, &[])?);
    let shop = |namespace: &str| format!("/kustomization/details?name=shop&namespace={namespace}");

    // The first page may come before it is known what he may see.
    let mut open = follow(&house, &ben, "/applications").await?;
    open.until(|view| view.contains("You may not list any applications")).await?;
    let (status, list) = get(&house, &ben, "/applications").await?;
    assert!(status == 200 && list.contains("You may not list any applications"), "{list}");
    let (status, page) = get(&house, &ben, &shop("apps")).await?;
    assert!(status == 200 && page.contains("<h1>shop</h1>") && page.contains("does not let you patch"), "{page}");
    let (status, page) = get(&house, &ben, &shop("data")).await?;
    assert!(status == 403 && page.contains("cannot get resource"), "{status} {page}");

    for path in ["/kustomization/details?name=nobody&namespace=apps", "/pods/details?name=shop&namespace=apps", "/pods"]
    {
        assert_eq!(get(&house, &ada, path).await?.0, 404, "{path}");
    }
    for name in ["", "..", "../shop", "shop%2Fstatus", "shop%3Fwatch=true", "%3Cscript%3Ealert(1)%3C/script%3E", "%00"]
    {
        let (status, page) = get(&house, &ada, &format!("/kustomization/details?name={name}&namespace=apps")).await?;
        assert_eq!(status, 404, "{name}");
        assert_harmless(name, &page);
    }

    let nobody = FanlightServer::client()?;
    let answer = nobody.get(format!("{}{}", house.server.url(), shop("apps"))).send().await?;
    assert_eq!(answer.status(), 303);
    let to = "/sign_in?redirect=%2Fkustomization%2Fdetails%3Fname%3Dshop%26namespace%3Dapps";
    assert_eq!(answer.headers()[header::LOCATION], to);
    assert_eq!(get(&house, &nobody, "/kustomization/details/events?name=shop&namespace=apps").await?.0, 401);
    Ok(())
}

#[tokio::test]
async fn an_object_that_is_deleted_goes_from_its_open_page_at_once_and_comes_back() -> anyhow::Result<()> {
    let plane = plane(Options::default()).await?;
    plane.grant_everywhere(ADA, flux_rules(&WATCH)).await?;
    let house = House::before(plane).await?;
    let ada = house.guest(ADA).await?;
    let events = format!("{}/kustomization/details/events?name=shop&namespace=apps", house.server.url());
    let mut stream = Stream::of(ada.client.get(events).send().await?.error_for_status()?);
    let shop = estate::kustomization("apps", "shop");
    stream.until_event(|html| html.contains("<h1>shop</h1>") && !html.contains("It is not there")).await?;
    let deleted = std::time::Instant::now();
    house.plane.delete(&shop).await?;
    stream.until_event(|html| html.contains("It is not there")).await?;
    house.plane.apply(&shop).await?;
    stream.until_event(|html| html.contains("Conditions")).await?;
    // Not only when the object is read again anyway.
    assert!(deleted.elapsed().as_secs() < 10, "{:?}", deleted.elapsed());
    Ok(())
}

#[tokio::test]
async fn an_action_is_refused_to_strangers_and_other_sites_and_quotes_kubernetes_where_that_refuses()
-> anyhow::Result<()> {
    let plane = plane(Options::default()).await?;
    plane.grant_everywhere(ADA, flux_rules(&["get", "list", "watch", "patch"])).await?;
    plane.grant_everywhere(BEN, flux_rules(&WATCH)).await?;
    let house = House::before(plane).await?;
    let (mut ada, ben) = (house.guest(ADA).await?, house.client(BEN, &[])?);
    let suspend = "action=suspend&object=Kustomization/apps/shop&comment=%3Cscript%3Ealert(1)&back=/applications?x";

    let nobody = FanlightServer::client()?;
    let answer = act(&house, &nobody, suspend, false).await?;
    assert_eq!(answer.status(), 303);
    assert_eq!(answer.headers()[header::LOCATION], "/sign_in?redirect=%2Fapplications%3Fx");
    assert_eq!(act(&house, &nobody, suspend, true).await?.status(), 401);
    for nonsense in ["", "\0", "action=drop&object=Kustomization/apps/shop", "action=sync&object=Pod/apps/x"] {
        assert_eq!(act(&house, &ada.client, nonsense, false).await?.status(), 400, "{nonsense}");
    }
    let foreign = ada.client.post(format!("{}/actions", house.server.url())).header("sec-fetch-site", "cross-site");
    assert_eq!(foreign.body(suspend).send().await?.status(), 403);

    for lines in [false, true] {
        let answer = act(&house, &ben, suspend, lines).await?;
        assert_eq!(answer.status(), 200);
        let text = answer.text().await?;
        assert!(text.contains("Refused") && text.contains("cannot patch resource"), "{text}");
    }
    for (form, said) in [(suspend, "Suspended"), ("action=resume&object=Kustomization/apps/shop", "Progressing")] {
        let text = act(&house, &ada.client, form, false).await?.text().await?;
        assert!(text.contains("Kustomization/apps/shop") && text.contains("</html>"), "{text}");
        let row =
            |view: &str| view.split("<tbody").any(|row| row.contains("Kustomization/apps/shop") && row.contains(said));
        assert_harmless(said, &ada.stream.until(row).await?);
        let (_, page) = get(&house, &ada.client, "/kustomization/details?name=shop&namespace=apps").await?;
        assert_eq!(page.contains("Suspended by ada@example.com"), said == "Suspended", "{page}");
        assert_harmless("the object's page", &page);
    }
    Ok(())
}

#[test]
fn below_a_prefix_every_page_link_and_file_is_below_it() {
    in_namespace("prefixed", async |plane| {
        plane.set_emergency_user("prefixed", "admin", "secret").await?;
        let server = start(plane, "prefixed", &["--route-prefix=/flux"]).await?;
        let client = FanlightServer::client()?;
        let get = async |path: &str| client.get(format!("{}{path}", server.url())).send().await;
        for (front, place) in [("/flux", "/flux/"), ("/flux/", "/flux/sign_in?redirect=%2Fflux%2F")] {
            let answer = get(front).await?;
            assert_eq!(answer.status(), 303, "{front}");
            assert_eq!(answer.headers()[header::LOCATION], place);
        }
        let answer = get("/flux/applications").await?;
        assert_eq!(answer.headers()[header::LOCATION], "/flux/sign_in?redirect=%2Fflux%2Fapplications");
        for elsewhere in ["/applications", "/fluxes", "/flux/pods"] {
            assert_eq!(get(elsewhere).await?.status(), 404, "{elsewhere}");
        }
        let page = get("/flux/sign_in").await?.error_for_status()?.text().await?;
        let links = ["href=\"", "action=\"", "src=\""].into_iter().flat_map(|start| page.split(start).skip(1));
        for link in links {
            assert!(link.starts_with("/flux/"), "{link}");
        }
        Ok(())
    });
}
