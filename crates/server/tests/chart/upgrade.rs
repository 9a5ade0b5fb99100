//! From the predecessor's chart to ours. `predecessor/` makes the objects that its chart made.

use std::collections::BTreeSet;

use anyhow::{Context, ensure};
use fanlight_testbed::{ControlPlane, tool};

use crate::{
    helm::{Helm, IMAGE, chart, here},
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

/// Somebody's way from the predecessor to us.
struct Way {
    /// The release.
    name: &'static str,
    /// What it was installed by.
    from: Helm,
    /// What it is upgraded by, and everything after that.
    by: Helm,
    /// Further values.
    more: &'static str,
}

/// What is kept: those before are there after, but for rights to Secrets that were given in the whole cluster.
async fn upgrade(plane: &ControlPlane, way: Way) -> anyhow::Result<()> {
    let Way { name, from, by, more } = way;
    let provider = "create: true, clientID: fanlight, clientSecret: of-the-client, issuerURL: 'http://127.0.0.1:9', \
                    redirectURL: 'http://127.0.0.1:9/oauth2/callback'";
    let user = format!("create: true, username: admin, passwordHash: '{}'", hash()?);
    let values = format!("{{adminUser: {{{user}}}, oidcSecret: {{{provider}}}{more}}}");
    Release { plane, name, helm: from }.put_chart(&here().join("predecessor"), &[], &values).await?;
    let release = Release { plane, name, helm: by };
    let before = objects_of(plane, name)?;
    let deployment = format!("{name}-weave-gitops");
    for wanted in
        [format!("service/{deployment}"), "secret/cluster-user-auth".to_owned(), "secret/oidc-auth".to_owned()]
    {
        ensure!(before.contains(&wanted), "{before:?}");
    }
    let secrets = async || anyhow::Ok([release.secret("cluster-user-auth").await?, release.secret("oidc-auth").await?]);
    let kept = secrets().await?;
    let uid = uid(plane, name, &deployment).await?;
    release.run(&deployment).await?.sign_in("admin", "secret").await?;

    let notes = release.put(&values).await?;
    ensure!(notes.contains("runs as the service account “default”") == more.contains("serviceAccount"), "{notes}");
    let after = objects_of(plane, name)?;
    let lost: Vec<_> = before.difference(&after).collect();
    ensure!(lost.is_empty(), "lost: {lost:?}");
    ensure!(secrets().await? == kept && self::uid(plane, name, &deployment).await? == uid);
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
    ensure!(objects_of(plane, name)? == before && secrets().await? == kept);
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
    use Helm::{Four, Three};
    // Helm 3 sends patches, and 4 does so too for releases that were made by them; its own it applies at the server.
    for (name, from, by, more) in [
        ("staying", Three, Three, ""),
        ("moving", Three, Four, ", serviceAccount: {create: false}"),
        ("newer", Four, Four, ""),
    ] {
        on_plane(async |plane| upgrade(plane, Way { name, from, by, more }).await);
    }
}
