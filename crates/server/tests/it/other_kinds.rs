//! Kinds that Fanlight does not know: found in the cluster, and read by whoever looks.

use fanlight_testbed::{Options, estate, rights::flux_rules};
use serde_json::{Value, json};

use crate::{
    house::{House, all, answer, follow, get, plane},
    why::words,
};

const ADA: &str = "ada@example.com";
const BEN: &str = "ben@example.com";
const CARL: &str = "carl@example.com";
const GROUP: &str = "acme.fluxcd.io";

fn gizmo(namespace: &str, name: &str, ready: &str, message: &str) -> Value {
    let gizmo = estate::unknown(GROUP, "Gizmo", namespace, name, json!({"size": 3}));
    let mut gizmo = Value::from(gizmo.with_conditions(&[("Ready", ready, "Checked", message)]));
    gizmo["metadata"]["labels"] = json!({"team": "blue"});
    gizmo
}

/// Ada may see everything, Ben Gizmos and Kustomizations of `apps`, Carl Gizmos of `data` and nothing else.
async fn town() -> anyhow::Result<House> {
    let plane = plane(Options::default()).await?;
    plane.apply(&estate::definition("gizmos.acme.fluxcd.io", "Gizmo", "Namespaced")).await?;
    plane.apply(&estate::definition("worlds.acme.fluxcd.io", "World", "Cluster")).await?;
    plane.established().await?;
    for object in [
        gizmo("apps", "left", "True", "spinning"),
        gizmo("apps", "right", "False", "a tooth is broken"),
        gizmo("data", "canary-x7q2", "True", "spinning"),
        json!({"apiVersion": format!("{GROUP}/v1alpha1"), "kind": "World", "metadata": {"name": "earth"}}),
    ] {
        plane.apply(&object).await?;
    }
    let read = ["get", "list", "watch"];
    let gizmos = json!({"apiGroups": [GROUP], "resources": ["gizmos"], "verbs": read});
    let kustomizations =
        json!({"apiGroups": ["kustomize.toolkit.fluxcd.io"], "resources": ["kustomizations"], "verbs": read});
    plane.grant_everywhere(ADA, all(&read)).await?;
    plane.grant_in("apps", BEN, json!([gizmos, kustomizations])).await?;
    plane.grant_in("data", CARL, json!([gizmos])).await?;
    House::before(plane).await
}

#[tokio::test]
async fn an_unknown_kind_is_found_listed_and_shown_with_status_message_and_manifest_and_kept_current()
-> anyhow::Result<()> {
    let house = town().await?;
    let ada = house.client(ADA, &[])?;
    let kinds = get(&house, &ada, "/other").await?;
    assert!(
        kinds.contains("/other/gizmos.acme.fluxcd.io") && kinds.contains("/other/worlds.acme.fluxcd.io"),
        "{kinds}"
    );
    assert!(!kinds.contains("gitrepositories"), "what has a page of its own: {kinds}");
    let list = get(&house, &ada, "/other/gizmos.acme.fluxcd.io").await?;
    for said in ["left", "right", "canary-x7q2", "A tooth is broken", "Failed", "details?name=right&#38;namespace=apps"]
    {
        assert!(list.contains(said), "{said}: {list}");
    }
    let object = get(&house, &ada, "/other/gizmos.acme.fluxcd.io/details?name=right&namespace=apps").await?;
    for said in
        ["A tooth is broken", "Checked", "size: 3", "team", "kubectl get gizmos.acme.fluxcd.io right -n apps -o yaml"]
    {
        assert!(object.contains(said), "{said}: {object}");
    }
    let world = get(&house, &ada, "/other/worlds.acme.fluxcd.io").await?;
    assert!(world.contains("details?name=earth\""), "{world}");
    let world = get(&house, &ada, "/other/worlds.acme.fluxcd.io/details?name=earth").await?;
    assert!(world.contains("No condition says whether it is ready"), "{world}");

    let mut stream = follow(&house, &ada, "/other/gizmos.acme.fluxcd.io").await?;
    stream.until_event(|piece| piece.contains("spinning") || piece.contains("Spinning")).await?;
    house.plane.apply(&gizmo("apps", "left", "False", "the spring has gone")).await?;
    stream.until_event(|piece| piece.contains("The spring has gone")).await?;
    Ok(())
}

#[tokio::test]
async fn of_an_unknown_kind_everybody_sees_what_kubernetes_lets_them_list_and_is_told_what_is_missing()
-> anyhow::Result<()> {
    let house = town().await?;
    let (ada, ben, carl) = (house.client(ADA, &[])?, house.client(BEN, &[])?, house.client(CARL, &[])?);
    get(&house, &ada, "/other/gizmos.acme.fluxcd.io").await?;
    let list = get(&house, &ben, "/other/gizmos.acme.fluxcd.io").await?;
    assert!(list.contains("left") && list.contains("right") && !list.contains("x7q2"), "{list}");
    for hidden in ["?namespace=data", "/details?namespace=data&name=canary"] {
        let page = answer(&house, &ben, &format!("/other/gizmos.acme.fluxcd.io{hidden}"), 403).await?;
        assert!(page.contains("cannot") && !page.contains("x7q2"), "{hidden}: {page}");
    }
    // Nobody knows where Carl may look; he does.
    let page = answer(&house, &carl, "/other/gizmos.acme.fluxcd.io", 403).await?;
    assert!(page.contains("A namespace in which you may list them") && !page.contains("x7q2"), "{page}");
    let page = get(&house, &carl, "/other/gizmos.acme.fluxcd.io?namespace=data").await?;
    assert!(page.contains("canary-x7q2"), "{page}");
    for path in ["?namespace=..%2fapps", "/details?namespace=data&name=a%2fstatus"] {
        answer(&house, &carl, &format!("/other/gizmos.acme.fluxcd.io{path}"), 404).await?;
    }
    for unknown in ["widgets.acme.fluxcd.io", "deployments.apps", "gitrepositories.source.toolkit.fluxcd.io", "..%2fx"]
    {
        let page = answer(&house, &ada, &format!("/other/{unknown}"), 404).await?;
        assert!(page.contains("Not installed") && page.contains("CustomResourceDefinition"), "{unknown}: {page}");
    }
    Ok(())
}

#[tokio::test]
async fn what_an_application_waits_for_says_itself_what_is_wrong_with_it_to_whoever_may_read_it() -> anyhow::Result<()>
{
    const DORA: &str = "dora@example.com";
    let house = town().await?;
    house.plane.grant_in("apps", DORA, flux_rules(&["get", "list", "watch"])).await?;
    let mut held = gizmo("apps", "held", "True", "spinning");
    held["metadata"]["finalizers"] = json!(["example.com/brake"]);
    let part = gizmo("apps", "right", "False", "a tooth is broken");
    let unhealthy = "timeout waiting for: [Gizmo/apps/right status: 'InProgress']";
    let old = estate::kustomization("apps", "old").ready("ReconciliationSucceeded", "Applied").finalized();
    let old: Value = old.having_applied([&held]).into();
    for object in [
        held.clone(),
        estate::kustomization("apps", "clock").failed("HealthCheckFailed", unhealthy).having_applied([&part]).into(),
        // What it does not say that it applied is found by its name.
        estate::kustomization("apps", "tower").failed("HealthCheckFailed", unhealthy).into(),
        old.clone(),
    ] {
        house.plane.apply(&object).await?;
    }
    house.plane.delete(&held).await?;
    house.plane.delete(&old).await?;
    let page = |name: &str| format!("/kustomization/details?name={name}&namespace=apps");
    for user in [ADA, BEN] {
        let client = house.client(user, &[])?;
        for name in ["clock", "tower"] {
            let told = words(&get(&house, &client, &page(name)).await?);
            assert!(told.contains("Gizmo apps/right is not ready: a tooth is broken."), "{user}: {told}");
        }
        let told = words(&get(&house, &client, &page("old")).await?);
        let kept = "Gizmo apps/held is not gone: its finalizer example.com/brake was not taken away.";
        assert!(told.contains(kept), "{user}: {told}");
    }
    let dora = house.client(DORA, &[])?;
    for (name, known) in [
        ("clock", "Gizmo apps/right is not healthy"),
        ("tower", "Gizmo apps/right is not healthy"),
        ("old", "Something of what it applied may not be gone"),
    ] {
        let told = words(&get(&house, &dora, &page(name)).await?);
        let hidden = format!("{known}; why is not to be seen: you may not read gizmos in apps.");
        assert!(told.contains(&hidden) && !told.contains("tooth") && !told.contains("brake"), "{name}: {told}");
    }
    Ok(())
}
