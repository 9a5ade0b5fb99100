use std::path::PathBuf;

use serde_json::{Value, json};

use crate::stage::{Stage, deployment};

#[tokio::test(flavor = "multi_thread")]
async fn the_servers_version_is_told_if_there_is_one_and_no_cluster_is_no_failure() -> anyhow::Result<()> {
    let stage = Stage::bare().await?;
    let own = concat!("v", env!("CARGO_PKG_VERSION"));
    let nobody = PathBuf::from("/does/not/exist");
    let run = stage.run_by(&nobody, &["version"], "").await?.ended(0).says("Server Version: not known: connecting by");
    assert_eq!(run.out.lines().next(), Some(&*format!("Current Version: {own}")));
    let run = stage.run_by(&nobody, &["version", "--client"], "").await?.ended(0);
    assert_eq!(run.out, format!("Current Version: {own}\n"));
    stage.run(&["version"]).await?.ended(0).says("there is no Fanlight in the cluster");

    let labels = json!({"weave.works/app": "weave-gitops-oss", "app.kubernetes.io/version": "9.9.9"});
    let image = "registry.example.com:5000/fanlight-server:1.2.3";
    stage
        .plane
        .apply(&deployment("look", &labels, &json!({"containers": [{"name": "fanlight", "image": image}]})))
        .await?;
    stage.run(&["version"]).await?.ended(0).says("Server Version: v1.2.3 (Deployment flux-system/look)");
    let run = stage.run(&["version", "--output", "json"]).await?.ended(0);
    let told: Value = serde_json::from_str(&run.out)?;
    assert_eq!(
        told,
        json!({"client": {"version": own},
            "server": {"version": "v1.2.3", "namespace": "flux-system", "deployment": "look", "image": image}})
    );
    Ok(())
}
