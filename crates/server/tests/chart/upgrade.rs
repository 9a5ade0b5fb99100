//! From the predecessor's chart to ours. `predecessor/` makes the objects that its chart made.

use std::collections::BTreeSet;

use anyhow::{Context, ensure};
use fanlight_testbed::{ControlPlane, tool};

use crate::{
    helm::{IMAGE, chart, here},
    install::{Release, hash, on_plane},
};

const ROWS: [&str; 2] = ["Kustomization/apps/shop", "Kustomization/data/shop"];
/// Kinds of which a chart of ours makes objects.
const KINDS: &str = "deployments,services,secrets,configmaps,serviceaccounts,roles,rolebindings,networkpolicies,\
                     ingresses,poddisruptionbudgets,clusterroles,clusterrolebindings";

/// What there is of a release, as `kind/name`.
fn objects_of(plane: &ControlPlane, release: &str) -> anyhow::Result<BTreeSet<String>> {
    let output = std::process::Command::new(tool("kubectl")?)
        .args(["get", KINDS, "--output=name", "--namespace", release, "--selector"])
        .arg(format!("app.kubernetes.io/instance={release}"))
        .arg("--kubeconfig")
        .arg(plane.admin_kubeconfig())
        .output()?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Ok(String::from_utf8(output.stdout)?.lines().map(ToOwned::to_owned).collect())
}

/// What is kept: those before are there after, but for rights to Secrets that were given in the whole cluster.
async fn upgrade(plane: &ControlPlane, name: &'static str, how: &[&str]) -> anyhow::Result<()> {
    let release = Release { plane, name };
    let values = format!("{{adminUser: {{create: true, username: admin, passwordHash: '{}'}}}}", hash()?);
    release.put_chart(&here().join("predecessor"), how, &values).await?;
    let before = objects_of(plane, name)?;
    let deployment = format!("{name}-weave-gitops");
    for wanted in [format!("service/{deployment}"), "secret/cluster-user-auth".to_owned()] {
        ensure!(before.contains(&wanted), "{before:?}");
    }
    let secret = release.secret("cluster-user-auth").await?;
    let uid = uid(plane, name, &deployment).await?;
    release.run(&deployment).await?.sign_in("admin", "secret").await?;

    release.put(&values).await?;
    let after = objects_of(plane, name)?;
    let lost: Vec<_> = before.difference(&after).collect();
    ensure!(lost.is_empty(), "lost: {lost:?}");
    ensure!(release.secret("cluster-user-auth").await? == secret && self::uid(plane, name, &deployment).await? == uid);
    let server = release.run(&deployment).await?;
    let client = server.sign_in("admin", "secret").await?;
    server.stream(&client).await?.until_rows(&ROWS).await?;

    // Whatever else is changed later: the names stay.
    release.put(&values.replace("{adminUser", "{replicaCount: 2, adminUser")).await?;
    ensure!(objects_of(plane, name)? == after);
    drop(server);
    let server = release.run(&deployment).await?;
    let page = client.get(format!("{}/applications", server.url())).send().await?;
    ensure!(page.status() == 200, "a session from before the second upgrade: {}", page.status());
    drop(server);

    // Back, and here again.
    release.helm(&["rollback", name, "1"])?;
    ensure!(objects_of(plane, name)? == before && release.secret("cluster-user-auth").await? == secret);
    let chart = chart().display().to_string();
    let again = |how| release.helm(&["upgrade", name, &chart, how, "--set", IMAGE]);
    let refused = again("--reuse-values").err().map(|error| error.to_string()).unwrap_or_default();
    ensure!(refused.contains("missing properties"), "it has the defaults of another chart: {refused}");
    again("--reset-then-reuse-values")?;
    ensure!(objects_of(plane, name)? == after && self::uid(plane, name, &deployment).await? == uid);
    release.run(&deployment).await?.sign_in("admin", "secret").await?;
    release.uninstall()?;
    let left = objects_of(plane, name)?;
    ensure!(left.is_empty(), "left: {left:?}");
    Ok(())
}

async fn uid(plane: &ControlPlane, namespace: &str, name: &str) -> anyhow::Result<String> {
    let api: kube::Api<k8s_openapi::api::apps::v1::Deployment> = kube::Api::namespaced(plane.admin(), namespace);
    api.get(name).await?.metadata.uid.context("a uid")
}

#[test]
fn a_release_of_the_predecessor_becomes_ours_with_the_same_names_secrets_and_users() {
    // Helm 3 sent patches, as 4 does for releases that were made so; a new one of Helm 4 applies at the server.
    on_plane(async |plane| upgrade(plane, "patched", &["--server-side=false"]).await);
    on_plane(async |plane| upgrade(plane, "applied", &[]).await);
}
