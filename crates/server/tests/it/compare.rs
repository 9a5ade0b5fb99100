//! What changed between two versions of an object that somebody looked at.

use fanlight_testbed::{Options, estate, estate::FluxObject, rights::flux_rules};
use serde_json::{Value, json};

use crate::{
    house::{House, WATCH, follow, get, plane},
    why::words,
};

const ADA: &str = "ada@example.com";
const BEN: &str = "ben@example.com";
const CLEO: &str = "cleo@example.com";
const STORE: &str = "/kustomization/compare?name=store&namespace=apps";
const TILL: &str = "/helm_release/compare?name=till&namespace=apps";

async fn house() -> anyhow::Result<House> {
    let plane = plane(Options::default()).await?;
    plane.grant_everywhere(ADA, flux_rules(&WATCH)).await?;
    plane.grant_in("data", BEN, flux_rules(&WATCH)).await?;
    let one = json!([{"apiGroups": ["kustomize.toolkit.fluxcd.io"], "resources": ["kustomizations"],
        "resourceNames": ["store"], "verbs": ["get"]}]);
    plane.grant_in("apps", CLEO, one).await?;
    House::before(plane).await
}

/// A Kustomization that has applied this revision with these members.
fn store(revision: &str, members: &[&Value]) -> FluxObject {
    let revision = format!("main@sha1:{revision}");
    estate::kustomization("apps", "store")
        .ready("ReconciliationSucceeded", &format!("Applied revision: {revision}"))
        .with_status(json!({"lastAppliedRevision": revision, "lastAttemptedRevision": revision}))
        .having_applied(members.iter().copied())
}

fn settings(name: &str) -> Value {
    estate::config_map("apps", name, &json!({}))
}

const FIRST: &str = "1111111111111111111111111111111111111111";
const SECOND: &str = "2222222222222222222222222222222222222222";

#[tokio::test]
async fn members_that_came_and_went_are_told_to_whoever_may_read_the_object() -> anyhow::Result<()> {
    let house = house().await?;
    let [ada, ben, cleo] = [ADA, BEN, CLEO].map(|user| house.client(user, &[]));
    let (ada, ben, cleo) = (ada?, ben?, cleo?);
    let [stays, goes, comes] = ["stays", "goes-away", "comes-in"].map(settings);
    house.plane.apply(&store(FIRST, &[&stays, &goes])).await?;
    let alone = words(&get(&house, &ada, STORE).await?);
    assert!(alone.contains("Only one version of it was seen here so far"), "{alone}");
    assert!(alone.contains("Seen here since"), "{alone}");

    // Her page is open while it changes; nobody loads one.
    let mut stream = follow(&house, &ada, STORE).await?;
    stream.until_event(|view| view.contains("Only one version")).await?;
    house.plane.apply(&store(SECOND, &[&stays, &comes])).await?;
    let view = stream.until_event(|view| words(view).contains("1 added, 1 removed, 1 in both.")).await?;
    let told = words(&view);
    assert!(told.contains("added ConfigMap apps/comes-in v1 removed ConfigMap apps/goes-away v1"), "{told}");
    assert!(told.contains("Applied changed main@1111111 main@2222222"), "{told}");

    // Who may read that object alone sees the same by links, without script; who may not sees nothing of it.
    let page = get(&house, &cleo, STORE).await?;
    let link = page.split("href=\"").skip(1).filter_map(|rest| rest.split('"').next());
    let link = link
        .into_iter()
        .find(|link| link.contains("from="))
        .expect("a link")
        .replace("&#38;", "&")
        .replace("&amp;", "&");
    let asked = words(&get(&house, &cleo, &link).await?);
    assert!(asked.contains("added ConfigMap apps/comes-in"), "{asked}");
    let refused = ben.get(format!("{}{STORE}", house.server.url())).send().await?;
    assert_eq!(refused.status(), 403);
    let refused = refused.text().await?;
    for canary in ["goes-away", "comes-in", "1111111", "2222222"] {
        assert!(!refused.contains(canary), "{canary} is shown to Ben");
    }

    // Another object by the same name is another one.
    house.plane.delete(&store(SECOND, &[])).await?;
    house.plane.apply(&store(SECOND, &[&comes])).await?;
    let anew = words(&get(&house, &ada, STORE).await?);
    assert!(anew.contains("2222222") && anew.contains("Seen here since"), "{anew}");
    for canary in ["goes-away", "stays", "1111111"] {
        assert!(!anew.contains(canary), "{canary} is of another object: {anew}");
    }
    Ok(())
}

/// A HelmRelease with these values, reconciled at this generation.
fn till(generation: u32, values: &Value) -> Value {
    let mut till: Value = estate::helm_release("apps", "till").with_spec(json!({"values": values})).into();
    till["status"]["observedGeneration"] = json!(generation);
    till["status"]["lastAttemptedGeneration"] = json!(generation);
    for condition in till["status"]["conditions"].as_array_mut().into_iter().flatten() {
        condition["observedGeneration"] = json!(generation);
    }
    till
}

#[tokio::test]
async fn values_are_compared_line_by_line_and_what_is_secret_among_them_is_neither_kept_nor_shown() -> anyhow::Result<()>
{
    let house = house().await?;
    let ada = house.client(ADA, &[])?;
    let values = |replicas: u32, password: &str| json!({"replicas": replicas, "image": {"tag": "1.0"}, "database": {"user": "till", "password": password}});
    house.plane.apply(&till(1, &values(1, "horse-battery"))).await?;
    get(&house, &ada, TILL).await?;
    house.plane.apply(&till(2, &values(3, "staple-correct"))).await?;
    let page = get(&house, &ada, TILL).await?;
    let told = words(&page);
    assert!(page.contains("<del>− replicas: 1</del>") && page.contains("<ins>+ replicas: 3</ins>"), "{page}");
    assert!(told.contains("1 line added, 1 line removed."), "{told}");
    assert!(told.contains("Generation changed 1 2"), "{told}");
    assert!(told.contains("changed values.database.password"), "{told}");
    for secret in ["horse-battery", "staple-correct"] {
        assert!(!page.contains(secret), "{secret} is shown");
    }
    // A release before anybody looked is known from the object alone.
    let older = get(&house, &ada, &format!("{TILL}&from=release-2")).await?;
    assert!(words(&older).contains("One of them is known from the object’s own history alone"), "{older}");
    let lost = get(&house, &ada, &format!("{TILL}&from=seen-1&to=seen-2")).await?;
    assert!(words(&lost).contains("A version that was asked for is not known here"), "{lost}");
    Ok(())
}
