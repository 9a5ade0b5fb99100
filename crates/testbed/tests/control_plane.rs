//! The control plane itself, before anything is built on it.

use fanlight_testbed::{ControlPlane, Options, estate};

#[tokio::test]
async fn it_serves_fluxs_kinds_and_survives_a_restart_of_its_api_server() -> anyhow::Result<()> {
    let plane = ControlPlane::with(Options::default()).await?;
    plane.create_namespace("apps").await?;
    plane.apply(&estate::kustomization("apps", "shop")).await?;
    plane.apply(&estate::helm_release("apps", "billing")).await?;
    plane.stop_api_server();
    assert!(plane.create_namespace("later").await.is_err(), "nobody is there to answer");
    plane.start_api_server().await?;
    plane.create_namespace("later").await?;
    let entries = plane.audit().entries()?;
    assert!(entries.iter().any(|entry| entry.verb == "patch" && entry.user.username == "admin"));
    Ok(())
}

#[tokio::test]
async fn it_leaves_no_files_when_it_is_dropped() -> anyhow::Result<()> {
    let plane = ControlPlane::start().await?;
    let folder = plane.folder().to_owned();
    assert!(folder.exists());
    drop(plane);
    assert!(!folder.exists());
    Ok(())
}
