//! Acting on everything that a filter leaves over: said beforehand what will happen, and whether Git undoes it.

use fanlight_testbed::{Options, estate, rights::flux_rules};
use reqwest::{Client, header};
use serde_json::{Value, json};

use crate::house::{House, WATCH, get, plane};

const ADA: &str = "ada@example.com";
const BEN: &str = "ben@example.com";
const CONTROLLER: &str = "kustomize-controller";

/// A Kustomization that another one applies, with or without a word on whether it is suspended.
fn applied(name: &str, suspend: Option<bool>) -> Value {
    let object = estate::kustomization("apps", name).never_reconciled().applied_by("flux-system", "apps");
    match suspend {
        Some(suspend) => object.with_spec(json!({"suspend": suspend})).into(),
        None => object.into(),
    }
}

/// Presses the button of a preview.
async fn confirm(house: &House, client: &Client, preview: &str, action: &str) -> anyhow::Result<String> {
    let inputs = preview.split("name=\"object\" value=\"").skip(1).filter_map(|rest| rest.split('"').next());
    let objects: Vec<_> = inputs.map(|object| format!("&object={object}")).collect();
    let request = client.post(format!("{}/actions", house.server.url()));
    let request = request.header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
    Ok(request.body(format!("action={action}{}", objects.concat())).send().await?.error_for_status()?.text().await?)
}

/// What a page says of an object.
fn line<'a>(page: &'a str, name: &str) -> &'a str {
    page.split("<tbody").find(|line| line.contains(&format!("<b>{name}</b>"))).unwrap_or_default()
}

#[tokio::test]
async fn a_suspension_that_git_undoes_is_named_beforehand_and_at_its_end_and_is_undone_and_others_last()
-> anyhow::Result<()> {
    let plane = plane(Options::default()).await?;
    plane.grant_everywhere(ADA, flux_rules(&["get", "list", "watch", "patch"])).await?;
    let (declared, free) = (applied("declared", Some(false)), applied("free", None));
    for object in [&declared, &free] {
        plane.apply_as(CONTROLLER, object).await?;
    }
    let house = House::before(plane).await?;
    let mut ada = house.guest(ADA).await?;
    ada.stream.until(|view| view.contains("Kustomization/apps/free")).await?;

    let preview = get(&house, &ada.client, "/applications/act?namespace=apps&action=suspend").await?;
    assert!(preview.contains("Suspend 3 applications?") && preview.contains("match namespace: apps"), "{preview}");
    assert!(preview.contains("Of 1 of these Git undoes it"), "{preview}");
    let words = "Kustomization flux-system/apps applies this object from a manifest that sets spec.suspend";
    assert!(line(&preview, "declared").contains(words), "{preview}");
    assert!(!line(&preview, "free").contains("Git") && !line(&preview, "shop").contains("Git"), "{preview}");
    let page = get(&house, &ada.client, "/kustomization/details?name=declared&namespace=apps").await?;
    assert!(page.contains(words), "{page}");

    let outcomes = confirm(&house, &ada.client, &preview, "suspend").await?;
    assert_eq!(outcomes.matches(">Done</b>").count(), 3, "{outcomes}");
    assert_eq!(outcomes.matches("Suspended, but not for long.").count(), 1, "{outcomes}");

    for object in [&declared, &free] {
        house.plane.apply_as(CONTROLLER, object).await?;
    }
    let preview = get(&house, &ada.client, "/applications/act?namespace=apps&action=suspend").await?;
    assert!(preview.contains("Suspend 1 object?"), "what git undid can be suspended again: {preview}");
    assert!(line(&preview, "declared").contains(words), "{preview}");
    for name in ["free", "shop"] {
        assert!(line(&preview, name).contains("Already suspended by ada@example.com."), "{name}: {preview}");
    }
    let page = get(&house, &ada.client, "/kustomization/details?name=free&namespace=apps").await?;
    assert!(page.contains("The suspension lasts unless its manifest sets spec.suspend"), "{page}");
    Ok(())
}

#[tokio::test]
async fn who_may_only_look_is_told_beforehand_that_nothing_will_happen() -> anyhow::Result<()> {
    let plane = plane(Options::default()).await?;
    plane.grant_everywhere(BEN, flux_rules(&WATCH)).await?;
    plane.grant_in("apps", BEN, flux_rules(&["get", "patch"])).await?;
    let house = House::before(plane).await?;
    let mut ben = house.guest(BEN).await?;
    let knows =
        |view: &str| ["data", "edge"].iter().all(|of| view.contains(&format!("data-of=\"Kustomization/{of}\"")));
    ben.stream.until(knows).await?;

    let preview = get(&house, &ben.client, "/applications/act?action=sync").await?;
    assert!(preview.contains("Reconcile 1 object?"), "{preview}");
    assert!(preview.contains("Kubernetes does not let you patch kustomizations in data."), "{preview}");
    assert_eq!(preview.matches("name=\"object\"").count(), 1, "{preview}");
    let preview = get(&house, &ben.client, "/applications/act?action=sync&namespace=edge").await?;
    assert!(
        preview.contains("Reconcile: there is nothing to do") && !preview.contains("class=\"primary\""),
        "{preview}"
    );

    let answer = ben.client.get(format!("{}/sources/act?action=drop&status=failed", house.server.url())).send().await?;
    assert_eq!(answer.status(), 303);
    assert_eq!(answer.headers()[header::LOCATION], "/sources?status=failed");
    Ok(())
}

/// Sends the form of a list on which these objects are ticked.
async fn tick(house: &House, client: &Client, form: &str) -> anyhow::Result<reqwest::Response> {
    let request = client.post(format!("{}/applications/act", house.server.url()));
    Ok(request.header(header::CONTENT_TYPE, "application/x-www-form-urlencoded").body(form.to_owned()).send().await?)
}

#[tokio::test]
async fn what_is_ticked_is_previewed_if_it_is_several_and_one_alone_is_for_the_address_that_acts() -> anyhow::Result<()>
{
    let plane = plane(Options::default()).await?;
    plane.grant_everywhere(ADA, flux_rules(&["get", "list", "watch", "patch"])).await?;
    plane.grant_in("apps", BEN, flux_rules(&["get", "list", "watch", "patch"])).await?;
    let house = House::before(plane).await?;
    let (mut ada, mut ben) = (house.guest(ADA).await?, house.guest(BEN).await?);
    // Of what has not been read so far nothing is found.
    ada.stream
        .until(|view| view.contains("Kustomization/apps/shop") && view.contains("Kustomization/data/shop"))
        .await?;
    ben.stream.until(|view| view.contains("Kustomization/apps/shop")).await?;
    let objects = "&object=Kustomization/data/shop&object=Kustomization/apps/shop&object=Kustomization/apps/never-was";
    let form = format!("action=suspend&comment=moving&back=/applications%3Fstatus%3Dready{objects}");
    let answer = tick(&house, &ada.client, &form).await?;
    assert_eq!(answer.status(), 200);
    let preview = answer.text().await?;
    assert!(preview.contains("Suspend 2 applications?") && preview.contains("The 3 applications that you ticked."));
    assert!(
        preview.contains("value=\"moving\"") && preview.contains("href=\"/applications?status=ready\""),
        "{preview}"
    );
    let found =
        preview.find("<b>shop</b></a> <span class=\"faint\">data").zip(preview.find("<span class=\"faint\">apps"));
    assert!(found.is_some_and(|(first, then)| first < then), "in the order in which they were ticked: {preview}");
    assert!(line(&preview, "never-was").contains("It is not among what you may see any more."), "{preview}");
    let named = |preview: &str| preview.matches("name=\"object\"").count();
    assert_eq!(named(&preview), 2);
    let shown = tick(&house, &ben.client, &form).await?.text().await?;
    assert_eq!((named(&shown), shown.matches("It is not among").count()), (1, 2), "{shown}");
    let page = get(&house, &ada.client, "/applications?status=suspended").await?;
    assert!(!page.contains("data-key="), "nothing has been done: {page}");

    let outcomes = confirm(&house, &ada.client, &preview, "suspend").await?;
    assert_eq!(outcomes.matches(">Done</b>").count(), 2, "{outcomes}");
    let one = tick(&house, &ada.client, "action=resume&object=Kustomization/apps/shop").await?;
    assert_eq!((one.status().as_u16(), &one.headers()[header::LOCATION]), (307, &"/actions".parse()?));
    for wrong in ["action=resume", "action=drop&object=Kustomization/apps/shop&object=Kustomization/data/shop"] {
        assert_eq!(tick(&house, &ada.client, wrong).await?.status(), 400, "{wrong}");
    }
    let stranger = tick(&house, &Client::new(), &form).await?;
    assert!(!stranger.text().await?.contains("never-was"), "a stranger is asked to sign in");
    Ok(())
}
