use std::{fs, time::Duration};

use anyhow::Context;
use base64::{Engine, prelude::BASE64_STANDARD};
use fanlight_testbed::tool;
use k8s_openapi::api::core::v1::Secret;
use kube::Api;
use serde_json::{Value, json};
use tokio::time::{sleep, timeout};

use crate::stage::{CLUSTER, PATIENCE, PROGRAM, Run, Stage, with};

/// A kubeconfig as kube-dc writes it, with what a forger would add to cluster and user.
pub(crate) fn kubeconfig(cluster: &str, server: &str, ca: &str, token: &str, more: [&str; 2]) -> String {
    let dashed = cluster.replace('/', "-");
    let ca = BASE64_STANDARD.encode(ca);
    let [of_cluster, of_user] = more;
    format!(
        "apiVersion: v1\nclusters:\n    - cluster:\n        certificate-authority-data: {ca}\n        server: {server}\n\
         {of_cluster}      name: kube-dc-{dashed}-break-glass\ncontexts:\n    - context:\n        cluster: kube-dc-{dashed}-break-glass\n        \
         user: break-glass@{dashed}\n      name: break-glass/{cluster}\ncurrent-context: break-glass/{cluster}\nkind: Config\n\
         users:\n    - name: break-glass@{dashed}\n      user:\n        token: {token}\n{of_user}"
    )
}

/// A cluster that kube-dc has adopted: its objects there, its file in the fleet, pushed.
pub(crate) async fn adopted(stage: &Stage) -> anyhow::Result<String> {
    let labels = json!({"app.kubernetes.io/managed-by": "kube-dc-cli", "kube-dc.com/identity-layer": "break-glass"});
    let named = |name: &str| json!({"name": name, "namespace": "kube-system", "labels": labels});
    let mut secret = json!({"apiVersion": "v1", "kind": "Secret", "type": "kubernetes.io/service-account-token",
        "metadata": named("break-glass-token")});
    secret["metadata"]["annotations"] = json!({"kubernetes.io/service-account.name": "break-glass"});
    let objects = [
        json!({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": named("break-glass")}),
        json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRoleBinding",
            "metadata": {"name": "break-glass", "labels": labels},
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "cluster-admin"},
            "subjects": [{"kind": "ServiceAccount", "name": "break-glass", "namespace": "kube-system"}]}),
        secret,
    ];
    for object in &objects {
        stage.plane.apply(object).await?;
    }
    let secrets: Api<Secret> = Api::namespaced(stage.plane.admin(), "kube-system");
    let issued = async {
        loop {
            let data = secrets.get("break-glass-token").await?.data.unwrap_or_default();
            if let Some(token) = data.get("token") {
                return anyhow::Ok(String::from_utf8(token.0.clone())?);
            }
            sleep(Duration::from_millis(50)).await;
        }
    };
    let token = timeout(PATIENCE, issued).await.context("no token")??;
    let ca = fs::read_to_string(stage.plane.folder().join("ca.crt"))?;
    let text = kubeconfig(CLUSTER, &stage.plane.url(), &ca, &token, ["", ""]);
    stage.fleet.seal_as_kube_dc(CLUSTER, &text)?;
    stage.fleet.commit("adopted by kube-dc")?;
    stage.fleet.git(&["push", "--quiet"])?;
    Ok(text)
}

#[test]
fn a_fleet_of_kube_dc_is_read_verified_used_and_rotated_as_it_is() {
    with(async {
        let stage = Stage::new().await?;
        let clear = adopted(&stage).await?;
        stage.run(&["status", CLUSTER]).ended(9).says("only the token is sealed").says(&stage.plane.url());
        stage.run(&["verify", CLUSTER]).ended(9).says("opens.").says("only the token is sealed");
        let used = stage.run(&["use", CLUSTER, "--reason", "drill", "--", "kubectl", "auth", "can-i", "*", "*"]);
        assert_eq!(used.succeeded().out.trim(), "yes");

        stage.run(&["rotate", CLUSTER, "--push", "--revoke-now"]).succeeded().says("Revoked: break-glass-token.");
        stage.must_open_in("@{upstream}")?;
        assert_eq!(stage.secrets()?, ["break-glass-token-g2"]);
        assert_ne!(stage.kubectl_with(&clear, &["auth", "whoami"])?.code, 0, "the old token is dead");
        let sealed = fs::read_to_string(stage.fleet.sealed(CLUSTER))?;
        assert!(!sealed.contains("127.0.0.1"), "every leaf is sealed now: {sealed}");
        stage.run(&["verify", CLUSTER]).succeeded();
        Ok(())
    });
}

#[test]
fn adopting_what_kube_dc_has_adopted_keeps_its_token_and_seals_all_of_it() {
    with(async {
        let stage = Stage::new().await?;
        let before = adopted(&stage).await?;
        stage.run(&["adopt", CLUSTER, "--push"]).succeeded();
        assert_eq!(stage.secrets()?, ["break-glass-token"]);
        assert_eq!(stage.kubectl_with(&before, &["auth", "can-i", "*", "*"])?.out.trim(), "yes", "the same token");
        stage.must_open()?;
        stage.run(&["verify", CLUSTER]).succeeded();
        // No pod gets the account's token by itself any more, and the account remains kube-dc's.
        let account = stage.kubectl(&["get", "serviceaccount", "break-glass", "-n", "kube-system", "-o", "json"])?;
        let account: Value = serde_json::from_str(&account.succeeded().out)?;
        assert_eq!(account["automountServiceAccountToken"], false);
        assert_eq!(account["metadata"]["labels"]["app.kubernetes.io/managed-by"], "kube-dc-cli");
        Ok(())
    });
}

#[test]
fn the_commands_of_kube_dc_and_its_variable_find_the_same() {
    with(async {
        let stage = Stage::new().await?;
        adopted(&stage).await?;
        let mut bootstrap = stage.fleet.as_engineer(PROGRAM);
        bootstrap.args(["bootstrap", "break-glass", "status", CLUSTER, "--repo"]).arg(stage.fleet.root());
        Run::of(&bootstrap.output()?).ended(9).says(&stage.plane.url());
        let mut before = stage.fleet.as_engineer(PROGRAM);
        before.args(["bootstrap", "--repo"]).arg(stage.fleet.root()).args(["break-glass", "verify", CLUSTER]);
        Run::of(&before.output()?).ended(9).says("opens.");
        let mut by_variable = stage.fleet.as_engineer(PROGRAM);
        by_variable.env("KUBE_DC_FLEET", stage.fleet.root()).args(["break-glass", "status", "--all"]);
        Run::of(&by_variable.output()?).ended(9).says("eu/prod").says("us/spare");
        // One that was named and is none is never passed over in favour of another.
        let mut wrong = stage.fleet.as_engineer(PROGRAM);
        wrong.env("KUBE_DC_FLEET", stage.fleet.root()).args(["break-glass", "--repo", "/nowhere", "status", "--all"]);
        Run::of(&wrong.output()?).ended(2).says("/nowhere");
        Ok(())
    });
}

/// What the real `sops` makes of the file as it is now.
fn by_sops(stage: &Stage) -> anyhow::Result<Run> {
    let mut sops = stage.fleet.as_engineer(tool("sops")?);
    Ok(Run::of(&sops.current_dir(stage.fleet.root()).arg("--decrypt").arg(stage.fleet.sealed(CLUSTER)).output()?))
}

#[test]
fn a_partly_sealed_file_that_was_altered_without_a_key_is_refused_though_sops_takes_it() {
    with(async {
        let stage = Stage::new().await?;
        adopted(&stage).await?;
        let sealed = fs::read_to_string(stage.fleet.sealed(CLUSTER))?;
        let line = sealed.lines().find(|line| line.trim_start().starts_with("server:")).context("a server")?;
        let (host, end) = line.split_at(line.len() - 2);
        let indent = &line[..line.len() - line.trim_start().len()];
        let forged = sealed
            .replace(line, &format!("{host}\n{indent}x: \"{end}\""))
            .replace("certificate-authority-data:", "certificate-authority-datum:");
        fs::write(stage.fleet.sealed(CLUSTER), forged)?;
        stage.fleet.commit("nothing to see here")?;
        let by_sops = by_sops(&stage)?.succeeded();
        assert!(by_sops.out.contains("token: eyJ") && by_sops.out.contains("x: "), "sops takes it");
        let refused = "is not safe to use";
        stage.run(&["verify", CLUSTER]).ended(5).says(refused).says("certificate-authority-datum");
        stage.run(&["use", CLUSTER, "--reason", "drill", "--", "touch", "/tmp/never"]).ended(5).says(refused);
        stage.run(&["rotate", CLUSTER, "--revoke-now"]).ended(5).says(refused);
        stage.run(&["status", CLUSTER]).ended(9).says(refused);
        Ok(())
    });
}

#[test]
fn whatever_else_a_sealed_kubeconfig_says_is_refused_and_nothing_of_it_is_done() {
    with(async {
        let stage = Stage::new().await?;
        adopted(&stage).await?;
        let ca = fs::read_to_string(stage.plane.folder().join("ca.crt"))?;
        let server = stage.plane.url();
        let mark = stage.fleet.home().join("was-run");
        let exec = format!(
            "        exec:\n            apiVersion: client.authentication.k8s.io/v1\n            command: touch\n            \
             args: [{}]\n            interactiveMode: Never\n",
            mark.display()
        );
        let cases = [
            ("exec", ["", exec.as_str()]),
            ("proxy-url", ["        proxy-url: http://127.0.0.1:1\n", ""]),
            ("insecure-skip-tls-verify", ["        insecure-skip-tls-verify: true\n", ""]),
            ("tokenFile", ["", "        tokenFile: /etc/hostname\n"]),
        ];
        for (what, more) in cases {
            stage.fleet.seal_as_kube_dc(CLUSTER, &kubeconfig(CLUSTER, &server, &ca, "a.b.c", more))?;
            stage.run(&["verify", CLUSTER]).ended(5).says(what);
            stage.run(&["use", CLUSTER, "--reason", "drill", "--", "kubectl", "get", "nodes"]).ended(5).says(what);
            stage.run(&["rotate", CLUSTER, "--revoke-now"]).ended(5).says(what);
            assert!(!mark.exists(), "{what}: nothing was run");
        }
        // The file of one cluster in the place of another.
        stage.fleet.git(&["checkout", "--quiet", "--", "."])?;
        fs::copy(stage.fleet.sealed(CLUSTER), stage.fleet.sealed("us/spare"))?;
        stage.run(&["use", "us/spare", "--reason", "drill", "--", "true"]).ended(5).says("break-glass/us/spare");
        stage.run(&["verify", "us/spare"]).ended(5).says("break-glass/us/spare");
        stage.run(&["verify", CLUSTER]).ended(9).says("opens.");
        Ok(())
    });
}
