//! What a real API server says to what the chart is rendered to.

use std::{
    io::Write,
    process::{Command, Stdio},
};

use anyhow::{Context, ensure};
use fanlight_testbed::{ControlPlane, tool};
use serde_json::{Value, json};

use crate::{
    helm::{cases, objects, template},
    install::on_plane,
};

/// The kind that the Prometheus Operator would bring.
fn service_monitors() -> Value {
    let schema = json!({"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": true}});
    json!({"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": {"name": "servicemonitors.monitoring.coreos.com"},
        "spec": {"group": "monitoring.coreos.com", "scope": "Namespaced",
            "names": {"kind": "ServiceMonitor", "plural": "servicemonitors"},
            "versions": [{"name": "v1", "served": true, "storage": true, "schema": schema}]}})
}

/// Sends objects without changing anything; what the API server objects to.
fn dry_run(plane: &ControlPlane, how: &[&str], objects: &str) -> anyhow::Result<String> {
    let mut command = Command::new(tool("kubectl")?);
    command.arg("--kubeconfig").arg(plane.admin_kubeconfig()).args(how).args(["--dry-run=server", "-f", "-"]);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn()?;
    child.stdin.take().context("an input")?.write_all(objects.as_bytes())?;
    let output = child.wait_with_output()?;
    let said = String::from_utf8(output.stderr)?;
    ensure!(output.status.success() == said.is_empty(), "{said}");
    Ok(said)
}

#[test]
fn every_rendering_would_be_taken_as_it_is() {
    on_plane(async |plane| {
        plane.create_namespace("flux-system").await?;
        plane.apply(&service_monitors()).await?;
        for (name, values) in cases()? {
            let rendered = template(&values)?;
            // A definition is served a moment after it was applied.
            let said = loop {
                let said = dry_run(plane, &["apply", "--server-side", "--validate=strict"], &rendered)?;
                if !said.contains("no matches for kind \"ServiceMonitor\"") {
                    break said;
                }
            };
            ensure!(said.is_empty(), "{name}: {said}");
        }
        Ok(())
    });
}

#[test]
fn the_pods_are_admitted_where_only_restricted_ones_are() {
    on_plane(async |plane| {
        let labels = json!({"pod-security.kubernetes.io/enforce": "restricted"});
        plane
            .apply(
                &json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "restricted", "labels": labels}}),
            )
            .await?;
        plane
            .apply(&json!({"apiVersion": "v1", "kind": "ServiceAccount",
                "metadata": {"name": "default", "namespace": "restricted"}}))
            .await?;
        let pod = |values: &str| -> anyhow::Result<String> {
            let objects = objects(&template(values)?)?;
            let deployment = objects.iter().find(|object| object["kind"] == "Deployment").context("a Deployment")?;
            let mut pod = deployment["spec"]["template"].clone();
            pod["apiVersion"] = json!("v1");
            pod["kind"] = json!("Pod");
            pod["metadata"]["name"] = json!("fanlight");
            pod["metadata"]["namespace"] = json!("restricted");
            pod["spec"]["serviceAccountName"] = json!("default");
            Ok(pod.to_string())
        };
        for (name, values) in cases()? {
            let said = dry_run(plane, &["create"], &pod(&values)?)?;
            ensure!(said.is_empty(), "{name}: {said}");
        }
        let said = dry_run(
            plane,
            &["create"],
            &pod("{securityContext: {readOnlyRootFilesystem: null, runAsNonRoot: false}}")?,
        )?;
        ensure!(said.contains("violates PodSecurity \"restricted"), "{said}");
        Ok(())
    });
}
