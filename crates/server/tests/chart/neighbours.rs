//! More than one release in a cluster, and names of all kinds.

use anyhow::ensure;
use fanlight_testbed::{ControlPlane, tool};

use crate::{
    helm::{Helm, IMAGE, chart},
    install::{Release, hash, on_plane},
};

const ROWS: [&str; 2] = ["Kustomization/apps/shop", "Kustomization/data/shop"];

fn user(name: &str, more: &str) -> anyhow::Result<String> {
    Ok(format!("{{adminUser: {{create: true, username: {name}, passwordHash: '{}'{more}}}}}", hash()?))
}

/// What is left of a release in the whole cluster.
fn left_of(plane: &ControlPlane, release: &str) -> anyhow::Result<String> {
    let kinds = "deployments,services,secrets,configmaps,serviceaccounts,roles,rolebindings,networkpolicies,clusterroles,\
                 clusterrolebindings";
    let output = std::process::Command::new(tool("kubectl")?)
        .args(["get", kinds, "--all-namespaces", "--output=name", "--selector"])
        .arg(format!("app.kubernetes.io/instance={release}"))
        .arg("--kubeconfig")
        .arg(plane.admin_kubeconfig())
        .output()?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Ok(String::from_utf8(output.stdout)?)
}

#[test]
fn two_releases_live_in_one_cluster_each_with_its_own_people_and_keys() {
    on_plane(async |plane| {
        let (blue, green) = (Release::new(plane, "blue"), Release::new(plane, "green"));
        blue.put(&user("bob", "")?).await?;
        let refused = green.put(&user("gil", "")?).await.err().map(|error| error.to_string()).unwrap_or_default();
        ensure!(
            refused.contains("ClusterRole wego-admin-cluster-role belongs to the release blue/blue.")
                && refused.contains("adminUser.createClusterRole=false"),
            "{refused}"
        );
        green.put(&user("gil", ", createClusterRole: false")?).await?;
        let servers = [blue.run("blue-fanlight").await?, green.run("green-fanlight").await?];
        let bob = servers[0].sign_in("bob", "secret").await?;
        servers[0].stream(&bob).await?.until_rows(&ROWS).await?;
        servers[1].sign_in("gil", "secret").await?;
        let crossed = bob.get(format!("{}/applications", servers[1].url())).send().await?;
        ensure!(crossed.status() == 303, "a session of the one opened the other: {}", crossed.status());
        let stranger = servers[1].try_sign_in(&fanlight_testbed::FanlightServer::client()?, "bob", "secret").await?;
        ensure!(stranger.status() == 401, "{}", stranger.status());

        // The one goes, and takes nothing of the other's with it.
        green.uninstall()?;
        let bob = servers[0].sign_in("bob", "secret").await?;
        servers[0].stream(&bob).await?.until_rows(&ROWS).await?;
        drop(servers);
        blue.uninstall()?;
        for release in ["blue", "green"] {
            let left = left_of(plane, release)?;
            ensure!(left.is_empty(), "{left}");
        }
        Ok(())
    });
}

#[test]
fn a_release_whose_name_is_taken_in_the_cluster_is_told_by_whom_and_what_to_do() {
    on_plane(async |plane| {
        let first = Release::new(plane, "fanlight");
        first.put("{}").await?;
        plane.create_namespace("elsewhere").await?;
        let chart = chart().display().to_string();
        let arguments = ["upgrade", "--install", "fanlight", &chart, "--namespace=elsewhere", "--set", IMAGE];
        let refused =
            Helm::Four.run(Some(plane), &arguments, "").err().map(|error| error.to_string()).unwrap_or_default();
        ensure!(
            refused.contains("ClusterRole fanlight belongs to the release fanlight/fanlight. Set fullnameOverride"),
            "{refused}"
        );
        let renamed = [&arguments[..], &["--set", "fullnameOverride=fanlight-elsewhere"]].concat();
        Helm::Four.run(Some(plane), &renamed, "")?;
        Helm::Four.run(Some(plane), &["uninstall", "fanlight", "--namespace=elsewhere"], "")?;
        first.uninstall()
    });
}

#[test]
fn names_of_any_length_make_objects_that_kubernetes_takes() {
    on_plane(async |plane| {
        let long = "x".repeat(53);
        for (more, name) in [
            (format!("fullnameOverride: {}", "f".repeat(63)), "f".repeat(63)),
            (format!("nameOverride: {long}"), format!("long-{long}")),
            ("fullnameOverride: a".to_owned(), "a".to_owned()),
        ] {
            let release = Release::new(plane, "long");
            let values =
                format!("{{{more}, rbac: {{userRoles: {{create: true}}}}, podDisruptionBudget: {{create: true}}}}");
            release.put(&values).await?;
            release.put(&values).await?;
            let server = release.run(&name).await?;
            drop(server);
            release.uninstall()?;
            let left = left_of(plane, "long")?;
            ensure!(left.is_empty(), "{left}");
        }
        Ok(())
    });
}
