//! What the chart is rendered to.

use std::process::Command;

use anyhow::ensure;
use serde_json::{Value, json};

use crate::helm::{Helm, as_written, cases, chart, find, here, objects, template};

#[test]
fn every_case_is_rendered_as_written() -> anyhow::Result<()> {
    // Between objects, the two put down other numbers of empty lines.
    let lines = |text: &str| text.lines().filter(|line| !line.is_empty()).map(ToOwned::to_owned).collect::<Vec<_>>();
    for (name, values) in cases()? {
        let rendered = template(&values)?;
        as_written(&here().join(format!("golden/{name}.yaml")), &rendered)?;
        let other = Helm::Three.template(&values)?;
        ensure!(lines(&other) == lines(&rendered), "{name} by Helm 3: {other}");
    }
    Ok(())
}

#[test]
fn helm_finds_no_fault_with_the_chart_whatever_its_values() -> anyhow::Result<()> {
    for (name, _) in cases()? {
        let values = here().join(format!("cases/{name}.yaml"));
        for helm in Helm::ALL {
            let mut lint = Command::new(helm.program()?);
            let output = lint.args(["lint", "--strict"]).arg(chart()).arg("-f").arg(&values).output()?;
            let said = String::from_utf8_lossy(&output.stdout);
            ensure!(output.status.success() && !said.contains("[WARNING]"), "{helm:?}, {name}: {said}");
        }
    }
    Ok(())
}

#[test]
fn probes_service_and_policy_follow_the_port_and_the_prefix_however_they_are_given() -> anyhow::Result<()> {
    for values in [
        "{additionalArgs: [--port=8080, --route-prefix=/flux]}",
        "{additionalArgs: [--port, 8080, --route-prefix, flux/]}",
        "{additionalArgs: [--port=7070, --port=8080], routePrefix: flux}",
    ] {
        let objects = objects(&template(values)?)?;
        let deployment = find(&objects, "Deployment", "fanlight").cloned().unwrap_or_default();
        let container = &deployment["spec"]["template"]["spec"]["containers"][0];
        ensure!(container["ports"][0] == json!({"name": "http", "containerPort": 8080, "protocol": "TCP"}), "{values}");
        ensure!(container["livenessProbe"]["httpGet"] == json!({"path": "/flux/health/", "port": "http"}), "{values}");
        ensure!(container["readinessProbe"]["httpGet"] == json!({"path": "/flux/ready", "port": "http"}), "{values}");
        let policy = find(&objects, "NetworkPolicy", "allow-dashboard-ingress").cloned().unwrap_or_default();
        ensure!(policy["spec"]["ingress"][0]["ports"][0]["port"] == 8080, "{values}");
    }
    Ok(())
}

#[test]
fn every_object_says_its_namespace_so_that_it_can_be_applied_as_it_is() -> anyhow::Result<()> {
    for (name, values) in cases()? {
        for object in objects(&template(&values)?)? {
            let is_of_the_cluster = object["kind"].as_str().is_some_and(|kind| kind.starts_with("Cluster"));
            let expected = if is_of_the_cluster { Value::Null } else { json!("flux-system") };
            ensure!(object["metadata"]["namespace"] == expected, "{name}: {object}");
        }
    }
    Ok(())
}

#[test]
fn what_limits_the_emergency_user_and_keeps_account_is_told_to_the_server_only_if_it_is_asked_for() -> anyhow::Result<()>
{
    let arguments = |values: &str| -> anyhow::Result<Vec<String>> {
        let objects = objects(&template(values)?)?;
        let deployment = find(&objects, "Deployment", "fanlight").cloned().unwrap_or_default();
        let arguments = deployment["spec"]["template"]["spec"]["containers"][0]["args"].clone();
        Ok(serde_json::from_value(arguments)?)
    };
    let plain = arguments("{}")?;
    ensure!(plain == ["--log-level", "info", "--insecure", "--session-key-file=/etc/session-key/key"], "{plain:?}");
    let more = arguments(
        "{adminUser: {sessionDuration: 30m, requireReason: true}, auditLog: /audit/log,
          extraVolumes: [{name: audit, emptyDir: {}}], extraVolumeMounts: [{name: audit, mountPath: /audit}]}",
    )?;
    for wanted in ["--emergency-session-duration=30m", "--emergency-require-reason", "--audit-log=/audit/log"] {
        ensure!(more.iter().any(|argument| argument == wanted), "{wanted} in {more:?}");
    }
    Ok(())
}
