use std::{fs, path::PathBuf};

use anyhow::{Context, ensure};
use fanlight_testbed::StandIn;
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use serde_json::{Value, json};

use crate::stage::{CHART, Run, Stage, deployment, old_release};

#[tokio::test(flavor = "multi_thread")]
async fn what_is_exported_without_a_cluster_is_taken_by_kubectl_as_it_stands() -> anyhow::Result<()> {
    let stage = Stage::bare().await?;
    let values = stage.plane.folder().join("values.yaml");
    fs::write(&values, "image: {repository: registry.example.com/fanlight-server}\nadminUser: {username: root}\n")?;
    let values = values.to_string_lossy();
    let export = ["create", "dashboard", "look", "--chart", CHART, "--values", &values, "--export", "--password-stdin"];
    let export = stage.run_by(&PathBuf::from("/does/not/exist"), &export, "secret").await?.ended(0);
    assert!(export.err.is_empty() && export.out.starts_with("---\n"), "{export:?}");
    assert!(!export.out.contains("secret"), "{export:?}");
    stage
        .kubectl(&["apply", "--filename", "-"], &export.out)
        .await?
        .ended(0)
        .says("helmrelease.helm.toolkit.fluxcd.io/look");
    let release = stage.object("helmrelease", "look").await?.context("the release")?;
    let values = &release["spec"]["values"];
    assert_eq!(values["adminUser"]["username"], "root", "files win");
    assert_eq!(values["image"]["repository"], "registry.example.com/fanlight-server");
    let hash = values["adminUser"]["passwordHash"].as_str().context("a hash")?;
    assert!(hash.starts_with("$2a$10$") && bcrypt::verify("secret", hash)?);
    let source = stage.object("ocirepository", "look").await?.context("the source")?;
    assert_eq!((&source["spec"]["url"], &source["spec"]["ref"]["semver"]), (&json!(CHART), &json!("*")));
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dashboard_is_installed_awaited_and_left_as_it_is_by_the_same_command() -> anyhow::Result<()> {
    let stage = Stage::with_flux().await?;
    let _flux = stage.play_flux().await?;
    let first = stage.create("fanlight", &["--password", "secret"]).await?.ended(0);
    for line in [
        "✔ Flux is ready",
        "✔ OCIRepository flux-system/fanlight: ",
        "✔ HelmRelease flux-system/fanlight: ",
        "Sign in as admin.",
    ] {
        assert!(first.err.contains(line), "{line}: {}", first.err);
    }
    assert!(first.out.is_empty() && !first.err.contains("secret"), "{first:?}");
    assert!(first.err.contains("The values lack image.repository"), "before Flux finds out: {}", first.err);
    let before = stage.object("helmrelease", "fanlight").await?.context("the release")?;
    stage.create("fanlight", &["--password", "secret"]).await?.ended(0);
    stage.create("fanlight", &[]).await?.ended(0);
    let after = stage.object("helmrelease", "fanlight").await?.context("the release")?;
    assert_eq!(after["spec"], before["spec"], "neither the same password nor none changes anything");
    stage.create("fanlight", &["--password", "other"]).await?.ended(0);
    let changed = stage.object("helmrelease", "fanlight").await?.context("the release")?;
    assert_ne!(changed["spec"]["values"]["adminUser"], before["spec"]["values"]["adminUser"]);
    let managers = ["get", "helmrelease", "fanlight", "-n", "flux-system", "--show-managed-fields", "-o", "json"];
    let managers: Value = serde_json::from_str(&stage.kubectl(&managers, "").await?.ended(0).out)?;
    let managers = managers["metadata"]["managedFields"].as_array().context("managers")?;
    ensure!(managers.iter().any(|one| one["manager"] == "fanlight" && one["operation"] == "Apply"), "{managers:?}");
    stage.create("second", &[]).await?.ended(1).says("already, by HelmRelease flux-system/fanlight");
    ensure!(stage.object("helmrelease", "second").await?.is_none());
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn without_flux_or_before_it_is_ready_nothing_is_applied() -> anyhow::Result<()> {
    let stage = Stage::bare().await?;
    stage.create("fanlight", &[]).await?.ended(1).says("but no source-controller");
    let labels = json!({"app.kubernetes.io/part-of": "flux"});
    let pod = json!({"containers": [{"name": "manager", "image": "ghcr.io/fluxcd/manager:v1"}]});
    let mut asleep = deployment("source-controller", &labels, &pod);
    asleep["spec"]["replicas"] = json!(0);
    stage.plane.apply(&asleep).await?;
    stage.create("fanlight", &[]).await?.ended(1).says("source-controller has no ready pod");
    ensure!(stage.object("ocirepository", "fanlight").await?.is_none());
    let definition = json!({"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": {"name": "helmreleases.helm.toolkit.fluxcd.io"}});
    stage.plane.delete(&definition).await?;
    let gone = ["wait", "--for=delete", "crd/helmreleases.helm.toolkit.fluxcd.io", "--timeout=60s"];
    stage.kubectl(&gone, "").await?.ended(0);
    while stage.kubectl(&["get", "helmreleases"], "").await?.code == 0 {}
    stage.create("fanlight", &[]).await?.ended(1).says("serves no HelmRelease v2");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_there_already_is_left_alone_and_the_way_to_switch_is_told() -> anyhow::Result<()> {
    let stage = Stage::with_flux().await?;
    let old = old_release("ww-gitops", "weave-gitops");
    stage.plane.apply(&old).await?;
    stage
        .create("fanlight", &[])
        .await?
        .ended(1)
        .says("HelmRelease flux-system/ww-gitops")
        .says("replace spec.chart by");
    stage.plane.delete(&old).await?;
    let enterprise = old_release("enterprise", "mccp");
    stage.plane.apply(&enterprise).await?;
    stage.create("fanlight", &[]).await?.ended(1).says("Weave GitOps Enterprise is installed here");
    stage.plane.delete(&enterprise).await?;

    let labels = json!({"weave.works/app": "weave-gitops-oss", "app.kubernetes.io/instance": "ww"});
    let pod = json!({"containers": [{"name": "weave-gitops", "image": "ghcr.io/weaveworks/wego-app:v0.38.0"}]});
    let by_helm = deployment("ww-weave-gitops", &labels, &pod);
    stage.plane.apply(&by_helm).await?;
    stage
        .create("fanlight", &[])
        .await?
        .ended(1)
        .says("by Helm, as release flux-system/ww")
        .says("helm upgrade ww oci://");
    stage.plane.delete(&by_helm).await?;

    let mut other = old_release("podinfo", "podinfo");
    stage.plane.apply(&other).await?;
    stage.create("podinfo", &[]).await?.ended(1).says("is something else");
    other["metadata"]["labels"] = json!({"app.kubernetes.io/part-of": "fanlight",
        "kustomize.toolkit.fluxcd.io/name": "apps", "kustomize.toolkit.fluxcd.io/namespace": "flux-system"});
    stage.plane.apply(&other).await?;
    stage.create("podinfo", &[]).await?.ended(1).says("comes from Git, by Kustomization flux-system/apps");
    ensure!(stage.object("ocirepository", "fanlight").await?.is_none());
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn fields_that_others_have_set_are_not_overwritten() -> anyhow::Result<()> {
    let stage = Stage::with_flux().await?;
    let export = stage.create("fanlight", &["--export"]).await?.ended(0);
    stage.kubectl(&["apply", "--server-side", "--filename", "-"], &export.out).await?.ended(0);
    let chart = "oci://elsewhere.example.com/charts/fanlight";
    let run = stage.run(&["create", "dashboard", "fanlight", "--chart", chart]).await?.ended(1);
    run.says("OCIRepository flux-system/fanlight has fields that others have set").says(".spec.url");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_chart_that_is_not_there_is_told_and_the_same_command_goes_on_once_it_is() -> anyhow::Result<()> {
    let stage = Stage::with_flux().await?;
    let export = stage.create("fanlight", &["--export"]).await?.ended(0);
    let apply = ["apply", "--server-side", "--field-manager=fanlight", "--filename", "-"];
    stage.kubectl(&apply, &export.out).await?.ended(0);
    let flux = stage.play_flux().await?;
    flux.break_down("OCIRepository", "flux-system", "fanlight", "OCIPullFailed", "registry says: not found");
    let is_broken = |object: &Value| object["status"]["conditions"].to_string().contains("OCIPullFailed");
    stage.until("ocirepository", "fanlight", is_broken).await?;
    let run = stage.create("fanlight", &["--timeout", "4s"]).await?.ended(1);
    run.says("OCIRepository flux-system/fanlight is not ready after 4s: registry says: not found");
    flux.mend("OCIRepository", "flux-system", "fanlight");
    stage.create("fanlight", &[]).await?.ended(0);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn interrupted_while_it_waits_it_leaves_what_the_same_command_finishes() -> anyhow::Result<()> {
    let stage = Stage::with_flux().await?;
    let run = stage.start(&["create", "dashboard", "fanlight", "--chart", CHART, "--password", "secret"])?;
    stage.until("helmrelease", "fanlight", |_| true).await?;
    let pid = Pid::from_raw(i32::try_from(run.id().context("it runs")?)?);
    kill(pid, Signal::SIGINT)?;
    Run::of(run, "").await?.ended(130).says("the same command waits for it again");
    let _flux: StandIn = stage.play_flux().await?;
    stage.create("fanlight", &["--password", "secret"]).await?.ended(0).says("Sign in as admin.");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_nobody_can_mean_is_refused_before_a_cluster_is_asked() -> anyhow::Result<()> {
    let stage = Stage::bare().await?;
    let files = stage.plane.folder();
    fs::write(files.join("list.yaml"), "- password")?;
    fs::write(files.join("bad.yaml"), "password: {hunter2")?;
    let [list, bad] = ["list.yaml", "bad.yaml"].map(|name| files.join(name).to_string_lossy().into_owned());
    let chart = ["--chart", CHART];
    for (arguments, code, words) in [
        (vec!["create", "dashboard"], 2, "NAME"),
        (vec!["create", "dashboard", "one", "two", chart[0], chart[1]], 2, "two"),
        (vec!["create", "dashboard", "a", chart[0], chart[1]], 2, "2 to 53"),
        (vec!["create", "dashboard", "Upper", chart[0], chart[1]], 2, "no name"),
        (vec!["create", "dashboard", "look"], 2, "--chart"),
        (vec!["create", "dashboard", "look", "--chart", "https://charts.example.com/fanlight"], 2, "no chart"),
        (vec!["create", "dashboard", "look", chart[0], chart[1], "--namespace", "Flux_System"], 2, "no namespace"),
        (vec!["create", "dashboard", "look", chart[0], chart[1], "--timeout", "soon"], 2, "no duration"),
        (vec!["create", "dashboard", "look", chart[0], chart[1], "--export", "--values", &list], 1, "are no map"),
        (vec!["create", "dashboard", "look", chart[0], chart[1], "--export", "--values", &bad], 1, "are no YAML"),
        (vec!["create", "dashboard", "look", chart[0], chart[1], "--export", "--values", "/no"], 1, "cannot read"),
        (vec!["create", "dashboard", "look", chart[0], chart[1], "--context", "nowhere"], 1, "nowhere"),
    ] {
        let run = stage.run(&arguments).await?.ended(code).says(words);
        assert!(run.out.is_empty() && !run.err.contains("hunter2"), "{arguments:?}: {run:?}");
    }
    Ok(())
}
