use std::{fs, path::Path};

use anyhow::{Context, ensure};
use base64::{Engine, engine::general_purpose::STANDARD};
use fanlight_testbed::Issuer;
use serde_json::{Value, json};
use tokio::time::{Duration, Instant};

use crate::stage::{Run, Stage, deployment};

/// A dashboard as the chart installs it, with everything that it needs.
struct Household {
    stage: Stage,
    issuer: Issuer,
}

impl Household {
    async fn new() -> anyhow::Result<Self> {
        let stage = Stage::with_flux().await?;
        let issuer = Issuer::start_plain().await?;
        let household = Self { stage, issuer };
        let plane = &household.stage.plane;
        plane.install_server_account("flux-system").await?;
        let account = "system:serviceaccount:flux-system:fanlight";
        let rules = json!([{"apiGroups": [""], "resources": ["configmaps"], "resourceNames": ["fanlight-sessions"],
            "verbs": ["get", "watch", "update"]}]);
        plane.grant_in("flux-system", account, rules).await?;
        plane.set_emergency_user("flux-system", "admin", "secret").await?;
        household.secret("oidc-auth", &household.oidc()).await?;
        household.secret("session-key", &json!({"key": STANDARD.encode([7; 32])})).await?;
        plane.apply(&map()).await?;
        plane.apply(&server(&["--insecure", "--session-key-file=/etc/session-key/key"])).await?;
        household.stage.ready("fanlight").await?;
        Ok(household)
    }

    fn oidc(&self) -> Value {
        json!({"issuerURL": self.issuer.url(), "clientID": "fanlight", "clientSecret": "do-not-tell",
            "redirectURL": "https://fanlight.example.com/oauth2/callback"})
    }

    async fn secret(&self, name: &str, data: &Value) -> anyhow::Result<()> {
        let secret = json!({"apiVersion": "v1", "kind": "Secret",
            "metadata": {"name": name, "namespace": "flux-system"}, "stringData": data});
        self.stage.plane.apply(&secret).await.map(drop)
    }

    async fn remove(&self, kind: &str, name: &str) -> anyhow::Result<()> {
        let object = json!({"apiVersion": "v1", "kind": kind, "metadata": {"name": name, "namespace": "flux-system"}});
        self.stage.plane.delete(&object).await
    }

    /// Waits until this is found: the API server hears of rights that were changed a moment after it has stored them.
    async fn until_found(&self, wanted: &str) -> anyhow::Result<()> {
        let deadline = Instant::now() + Duration::from_secs(60);
        loop {
            let run = self.stage.run(&["check", "--output", "json"]).await?;
            if has(&findings(&run)?, wanted) {
                return Ok(());
            }
            ensure!(Instant::now() < deadline, "“{wanted}” in {run:?}");
        }
    }

    /// The findings, as `health about: text`.
    async fn check(&self, code: i32) -> anyhow::Result<Vec<String>> {
        findings(&self.stage.run(&["check", "--output", "json"]).await?.ended(code))
    }
}

/// What is found where the server lacks the right.
const NO_USER: &str = "failure impersonation: the server may impersonate no user";

fn map() -> Value {
    json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "fanlight-sessions", "namespace": "flux-system"}})
}

fn server(arguments: &[&str]) -> Value {
    let labels = json!({"weave.works/app": "weave-gitops-oss", "app.kubernetes.io/part-of": "weave-gitops"});
    let pod = json!({
        "serviceAccountName": "fanlight",
        "containers": [{"name": "fanlight", "image": "registry.example.com/fanlight-server:0.1.0", "args": arguments,
            "volumeMounts": [{"name": "session-key", "mountPath": "/etc/session-key", "readOnly": true}]}],
        "volumes": [{"name": "session-key", "secret": {"secretName": "session-key"}}],
    });
    deployment("fanlight", &labels, &pod)
}

fn findings(run: &Run) -> anyhow::Result<Vec<String>> {
    let report: Value = serde_json::from_str(&run.out).with_context(|| format!("{run:?}"))?;
    ensure!(report["ok"] == (run.code == 0), "{run:?}");
    ensure!(!run.out.contains("do-not-tell") && !run.out.contains("$2"), "no value is told: {run:?}");
    let mut lines = Vec::new();
    for finding in report["findings"].as_array().context("findings")? {
        let part = |name: &str| finding[name].as_str().unwrap_or_default();
        ensure!(finding["health"] == "ok" || !part("remedy").is_empty(), "each trouble has a remedy: {finding}");
        lines.push(format!("{} {}: {}", part("health"), part("about"), part("text")));
    }
    Ok(lines)
}

fn has(lines: &[String], wanted: &str) -> bool {
    let words: Vec<_> = wanted.split("…").collect();
    lines.iter().any(|line| line.starts_with(words[0]) && words.iter().all(|part| line.contains(part)))
}

fn assert_has(lines: &[String], wanted: &str) {
    assert!(has(lines, wanted), "“{wanted}” in {lines:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_a_dashboard_in_good_order_everything_is_well_but_that_it_may_impersonate_everybody() -> anyhow::Result<()> {
    let household = Household::new().await?;
    let lines = household.check(0).await?;
    for wanted in [
        "ok kubernetes: Kubernetes 1.…>=1.26",
        "ok definitions: …HelmRelease v2…Kustomization v1",
        "ok controllers: …source-controller v1.9.1",
        "ok dashboard: v0.1.0 in Deployment flux-system/fanlight, 1 of 1 pods ready",
        "warning impersonation: the server may impersonate all users and all groups",
        "ok rights: the server may read the namespaces",
        "ok emergency: the emergency user is set up",
        "ok single sign-on: it is set up by Secret flux-system/oidc-auth",
        "ok single sign-on: http://…answers, as seen from here",
        "ok sessions: the session key is there (Secret flux-system/session-key)",
        "ok sessions: sessions that are ended are written down",
    ] {
        assert_has(&lines, wanted);
    }
    let others: Vec<_> = lines.iter().filter(|line| !line.starts_with("ok ") && !line.contains("impersonat")).collect();
    assert!(others.is_empty(), "{others:#?}");
    // For people, the same.
    let run =
        household.stage.run(&["check"]).await?.ended(0).says("✔ ok").says("! warning").says("→ Name them in rbac.");
    assert!(run.err.is_empty(), "{run:?}");
    // As the documentation shows it.
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/check.md");
    let shown: Vec<_> = run.out.lines().map(|line| format!("    {line}")).collect();
    let shown = shown.join("\n").replace(&household.issuer.url(), "https://id.example.com");
    assert!(fs::read_to_string(page)?.contains(&shown), "docs/check.md shows something else than\n{shown}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn each_thing_that_is_wrong_is_named_with_a_remedy() -> anyhow::Result<()> {
    let household = Household::new().await?;
    let plane = &household.stage.plane;

    plane.set_emergency_secret("flux-system", &json!({"username": "admin", "password": "plain"})).await?;
    assert_has(&household.check(1).await?, "failure emergency: …its password is no bcrypt hash");
    household.remove("Secret", "cluster-user-auth").await?;
    assert_has(&household.check(0).await?, "warning emergency: there is no Secret flux-system/cluster-user-auth");

    let mut oidc = household.oidc();
    oidc["clientID"] = json!("");
    household.secret("oidc-auth", &oidc).await?;
    let lines = household.check(1).await?;
    assert_has(&lines, "failure single sign-on: …clientID is missing");
    assert_has(&lines, "failure sign-in: nobody can sign in");
    oidc = household.oidc();
    oidc["issuerURL"] = json!(household.issuer.url() + "/elsewhere");
    household.secret("oidc-auth", &oidc).await?;
    assert_has(&household.check(1).await?, "failure single sign-on: …is the issuer’s URL right?");
    oidc["issuerURL"] = json!("http://127.0.0.1:1");
    household.secret("oidc-auth", &oidc).await?;
    assert_has(&household.check(0).await?, "warning single sign-on: …cannot be reached…as seen from here");

    household.secret("session-key", &json!({"key": "short"})).await?;
    assert_has(&household.check(1).await?, "failure sessions: …key: line 1 of the session key file");
    household.remove("Secret", "session-key").await?;
    assert_has(&household.check(1).await?, "failure sessions: there is no Secret flux-system/session-key");
    household.remove("ConfigMap", "fanlight-sessions").await?;
    assert_has(&household.check(1).await?, "warning sessions: there is no ConfigMap flux-system/fanlight-sessions");
    plane.apply(&server(&["--auth-methods=oidc"])).await?;
    let lines = household.check(0).await?;
    assert_has(&lines, "warning sessions: there is no session key");
    assert!(!lines.iter().any(|line| line.contains(" emergency:")), "it is not offered: {lines:#?}");

    let binding = json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRoleBinding",
        "metadata": {"name": "fanlight-flux-system"}});
    plane.delete(&binding).await?;
    household.until_found(NO_USER).await?;
    let lines = household.check(1).await?;
    assert_has(&lines, NO_USER);
    assert_has(&lines, "failure rights: the server may not …list namespaces…get secrets oidc-auth in flux-system");
    plane
        .grant_everywhere(
            "system:serviceaccount:flux-system:fanlight",
            json!([{"apiGroups": [""], "resources": ["secrets"], "verbs": ["get"]}]),
        )
        .await?;
    assert_has(&household.check(1).await?, "warning rights: the server may read every Secret of the cluster");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn limits_of_impersonation_are_named() -> anyhow::Result<()> {
    let household = Household::new().await?;
    let mut role = json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole",
    "metadata": {"name": "fanlight-flux-system"}, "rules": [
        {"apiGroups": [""], "resources": ["users", "groups"], "verbs": ["impersonate"], "resourceNames": ["dana", "dev"]},
        {"apiGroups": [""], "resources": ["secrets"], "verbs": ["get"], "resourceNames": ["cluster-user-auth", "oidc-auth"]},
        {"apiGroups": [""], "resources": ["namespaces"], "verbs": ["list"]},
    ]});
    household.stage.plane.apply(&role).await?;
    let wanted = "ok impersonation: the server may impersonate dana, dev";
    household.until_found(wanted).await?;
    let lines = household.check(0).await?;
    assert_has(&lines, wanted);
    assert_has(&lines, "warning emergency: the server may not impersonate the emergency user");

    // By groups alone, as the chart has it; then without what tells people apart.
    let member = json!({"apiGroups": [""], "resources": ["users"], "verbs": ["impersonate"],
        "resourceNames": ["fanlight:member"]});
    let extra = json!({"apiGroups": ["authentication.k8s.io"], "resources": ["userextras/fanlight.dev/user"],
        "verbs": ["impersonate"]});
    role["rules"][0] =
        json!({"apiGroups": [""], "resources": ["groups"], "verbs": ["impersonate"], "resourceNames": ["dev"]});
    let rules = role["rules"].as_array_mut().context("rules")?;
    rules.extend([member, extra]);
    household.stage.plane.apply(&role).await?;
    let wanted = "ok impersonation: people go by their groups alone, as fanlight:member: dev";
    household.until_found(wanted).await?;
    assert_has(&household.check(0).await?, wanted);
    role["rules"].as_array_mut().context("rules")?.pop();
    household.stage.plane.apply(&role).await?;
    household.until_found(NO_USER).await?;
    assert_has(&household.check(1).await?, NO_USER);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_one_may_not_read_is_not_known_and_no_failure() -> anyhow::Result<()> {
    let household = Household::new().await?;
    let plane = &household.stage.plane;
    let account = json!({"apiVersion": "v1", "kind": "ServiceAccount",
        "metadata": {"name": "guest", "namespace": "flux-system"}});
    plane.apply(&account).await?;
    let rules = json!([{"apiGroups": ["apps"], "resources": ["deployments"], "verbs": ["get", "list"]}]);
    plane.grant_in("flux-system", "system:serviceaccount:flux-system:guest", rules).await?;
    let guest = plane.kubeconfig_for("flux-system", "guest").await?;
    let run = household.stage.run_by(&guest, &["check", "--output", "json"], "").await?.ended(0);
    let lines = findings(&run)?;
    for wanted in [
        "ok kubernetes: ",
        "unknown definitions: not known: you may not",
        "ok definitions: …HelmRelease v2",
        "unknown controllers: ",
        "ok dashboard: ",
        "unknown rights: ",
        "unknown emergency: …reading Secret flux-system/cluster-user-auth",
        "unknown single sign-on: ",
        "unknown sessions: …reading Secret flux-system/session-key",
        "unknown sessions: …reading ConfigMap flux-system/fanlight-sessions",
    ] {
        assert_has(&lines, wanted);
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn before_the_installation_kubernetes_and_flux_are_looked_at() -> anyhow::Result<()> {
    let stage = Stage::bare().await?;
    let lines = findings(&stage.run(&["check", "--output", "json"]).await?.ended(0))?;
    assert_has(&lines, "warning controllers: no Deployment is labelled");
    assert_has(&lines, "warning dashboard: there is no Fanlight");
    stage.run(&["check", "--context", "nowhere"]).await?.ended(1).says("nowhere");
    stage.run(&["check", "--output", "xml"]).await?.ended(2);
    stage.plane.stop_api_server();
    stage.run(&["check", "--timeout", "2s"]).await?.ended(1).says("✗ failure");
    Ok(())
}
