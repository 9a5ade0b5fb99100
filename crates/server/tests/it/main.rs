//! The real program before a real API server.

mod shared;
mod sign_in;

use std::path::Path;

use fanlight_testbed::{ControlPlane, FanlightServer, estate, rights::flux_rules};

use shared::{PROGRAM, WATCH};

/// A control plane with the server's account and the emergency user `admin`, whose password is `secret`.
async fn plane() -> anyhow::Result<ControlPlane> {
    let plane = ControlPlane::start().await?;
    plane.install_server_account("fanlight").await?;
    plane.set_emergency_user("fanlight", "admin", "secret").await?;
    for namespace in ["apps", "data", "edge"] {
        plane.create_namespace(namespace).await?;
        plane.apply(&estate::kustomization(namespace, "shop")).await?;
    }
    Ok(plane)
}

#[tokio::test]
async fn the_emergency_user_watches_what_they_may_see_and_nothing_is_read_in_another_name() -> anyhow::Result<()> {
    let plane = plane().await?;
    plane.grant_everywhere("admin", flux_rules(&WATCH)).await?;
    let server = FanlightServer::start(Path::new(PROGRAM), &plane, "fanlight", &[]).await?;
    let admin = server.sign_in("admin", "secret").await?;
    let wrong = server.try_sign_in(&FanlightServer::client()?, "admin", "wrong").await?;
    assert_eq!(wrong.status(), 401);

    let mut stream = server.stream(&admin).await?;
    stream.until(|view| view.contains("Kustomization/edge/shop")).await?;
    plane.apply(&estate::helm_release("data", "lake")).await?;
    stream.until(|view| view.contains("HelmRelease/data/lake")).await?;
    let broken = estate::with_ready(estate::kustomization("apps", "shop"), "False", "BuildFailed", "no such path");
    plane.apply(&broken).await?;
    stream.until(|view| view.contains("no such path")).await?;
    plane.delete(&broken).await?;
    stream.until(|view| !view.contains("Kustomization/apps/shop")).await?;
    let page = server.applications(&admin, "sort=namespace").await?;
    assert_eq!(page, ["HelmRelease/data/lake", "Kustomization/data/shop", "Kustomization/edge/shop"]);

    let own = "system:serviceaccount:fanlight:fanlight";
    let entries = plane.audit().entries()?;
    let reads = entries.iter().filter(|entry| entry.user.username == own).filter(|entry| {
        entry
            .object_ref
            .as_ref()
            .is_some_and(|object| object.api_group.ends_with("fluxcd.io") && !object.resource.is_empty())
    });
    let readers: Vec<_> =
        reads.map(|entry| entry.impersonated_user.as_ref().map(|user| user.username.as_str())).collect();
    assert!(!readers.is_empty() && readers.iter().all(|reader| *reader == Some("admin")), "{readers:?}");
    Ok(())
}

#[tokio::test]
async fn one_with_two_namespaces_sees_exactly_those_and_one_who_may_only_list_is_served_too() -> anyhow::Result<()> {
    let plane = plane().await?;
    plane.grant_in("apps", "admin", flux_rules(&WATCH)).await?;
    plane.grant_in("data", "admin", flux_rules(&["get", "list"])).await?;
    let server = FanlightServer::start(Path::new(PROGRAM), &plane, "fanlight", &[]).await?;
    let admin = server.sign_in("admin", "secret").await?;
    let mut stream = server.stream(&admin).await?;
    let view = stream.until(|view| view.contains("Kustomization/data/shop")).await?;
    assert!(view.contains("Kustomization/apps/shop") && !view.contains("edge"), "{view}");
    plane.apply(&estate::kustomization("data", "new")).await?;
    stream.until(|view| view.contains("Kustomization/data/new")).await?;
    Ok(())
}

#[tokio::test]
async fn the_page_recovers_by_itself_when_the_api_server_restarts() -> anyhow::Result<()> {
    let plane = plane().await?;
    plane.grant_everywhere("admin", flux_rules(&WATCH)).await?;
    let server = FanlightServer::start(Path::new(PROGRAM), &plane, "fanlight", &[]).await?;
    let admin = server.sign_in("admin", "secret").await?;
    let mut stream = server.stream(&admin).await?;
    stream.until(|view| view.contains("Kustomization/apps/shop")).await?;
    plane.stop_api_server();
    stream.until(|view| view.contains("the API server does not answer")).await?;
    plane.start_api_server().await?;
    plane.apply(&estate::kustomization("apps", "after")).await?;
    stream.until(|view| view.contains("Kustomization/apps/after") && !view.contains("does not answer")).await?;
    Ok(())
}
