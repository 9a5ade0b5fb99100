//! `fanlight check oidc-config`: the real program, and a browser that is played or real.

mod keycloak;
mod mistakes;
mod walk;

use std::{fs, path::Path};

use anyhow::{Context, ensure};
use fanlight_testbed::Issuer;
use serde_json::{Value, json};

use crate::stage::Stage;
use walk::{ITS_PORT, Walk, findings};

/// A cluster whose Secret leads to a provider.
struct Scene {
    stage: Stage,
    issuer: Issuer,
}

impl Scene {
    async fn new() -> anyhow::Result<Self> {
        let scene = Self { stage: Stage::bare().await?, issuer: Issuer::start_plain().await? };
        scene.stage.plane.set_emergency_user("flux-system", "admin", "secret").await?;
        scene.secret("oidc-auth", &scene.good()).await?;
        Ok(scene)
    }

    fn good(&self) -> Value {
        json!({"issuerURL": self.issuer.url(), "clientID": Issuer::CLIENT, "clientSecret": Issuer::SECRET,
            "redirectURL": "https://fanlight.example.com/oauth2/callback"})
    }

    /// Writes a Secret without anything that was in it before.
    async fn secret(&self, name: &str, data: &Value) -> anyhow::Result<()> {
        self.remove(name).await;
        let secret = json!({"apiVersion": "v1", "kind": "Secret",
            "metadata": {"name": name, "namespace": "flux-system"}, "stringData": data});
        self.stage.plane.apply(&secret).await.map(drop)
    }

    /// The first time there is none.
    async fn remove(&self, name: &str) {
        let secret = json!({"apiVersion": "v1", "kind": "Secret",
            "metadata": {"name": name, "namespace": "flux-system"}});
        let _ = self.stage.plane.delete(&secret).await;
    }

    fn start(&self, arguments: &[&str]) -> anyhow::Result<Walk> {
        Walk::of(self.stage.start(&[&["check", "oidc-config"], arguments].concat())?)
    }

    /// The report of somebody who signs in.
    async fn signed_in(&self, arguments: &[&str]) -> anyhow::Result<Value> {
        let mut walk = self.start(&[&["--port=0", "--output=json"], arguments].concat())?;
        walk.sign_in().await?;
        walk.report(0).await
    }

    /// What is found where nobody gets so far as to sign in.
    async fn refused(&self, arguments: &[&str]) -> anyhow::Result<Value> {
        let report = self.start(&[&["--port=0", "--output=json"], arguments].concat())?.report(1).await?;
        Ok(findings(&report).first().context("a finding")?.clone())
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_signs_in_by_the_secret_and_sees_what_kubernetes_will_see() -> anyhow::Result<()> {
    let scene = Scene::new().await?;
    let its_port = ITS_PORT.lock().await;
    let mut walk = scene.start(&[])?;
    let registered = walk.line("The provider must know this redirect URL of the client: ").await?;
    ensure!(registered == "http://localhost:9876", "the predecessor’s, which clients may know already: {registered}");
    let (browser, shown) = walk.sign_in().await?;
    ensure!(shown.status() == 200 && shown.headers()["referrer-policy"] == "no-referrer");
    ensure!(shown.text().await?.contains("You can close this window"));
    let run = walk.end().await?.ended(0);
    ensure!(run.out.starts_with("user: alice@example.com\ngroups: platform, shop\n"), "as before: {run:?}");
    ensure!(browser.get(&registered).send().await.is_err(), "nothing listens any more");
    drop(its_port);
    // As the documentation shows it.
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/check-oidc.md");
    let shown: Vec<_> = run.out.lines().map(|line| format!("    {line}").trim_end().to_owned()).collect();
    let shown = shown.join("\n").replace(&scene.issuer.url(), "https://id.example.com");
    ensure!(fs::read_to_string(page)?.contains(&shown), "docs/check-oidc.md shows something else than\n{shown}");

    let report = scene.signed_in(&[]).await?;
    for (name, value) in [
        ("issuer", json!(scene.issuer.url())),
        ("clientId", json!(Issuer::CLIENT)),
        ("serverRedirectUrl", json!("https://fanlight.example.com/oauth2/callback")),
        ("flow", json!("code")),
        ("user", json!("alice@example.com")),
        ("groups", json!(["platform", "shop"])),
        ("groupsFrom", json!("ID token")),
        ("refreshed", json!(true)),
        ("findings", json!([])),
    ] {
        ensure!(report[name] == value, "{name}: {report:#}");
    }
    ensure!(report["offers"]["codeChallengeMethods"] == json!(["S256"]), "{report:#}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn flags_go_before_the_secret_under_their_old_names_too() -> anyhow::Result<()> {
    let scene = Scene::new().await?;
    scene.issuer.behave(|manners| {
        manners.claim("realm_access", json!({"roles": ["gitops-admin"]}));
    });
    let report = scene
        .signed_in(&[
            "--username-claim=preferred_username",
            "--groups-claim=realm_access.roles",
            "--username-prefix=oidc:",
            "--group-prefix=oidc:",
            "--scopes=openid,email",
            "--allowed-groups=oidc:gitops-admin",
        ])
        .await?;
    ensure!(report["user"] == "oidc:alice" && report["groups"] == json!(["oidc:gitops-admin"]), "{report:#}");

    let old = [
        ("--oidc-issuer-url", scene.issuer.url()),
        ("--oidc-client-id", Issuer::PUBLIC_CLIENT.to_owned()),
        ("--oidc-redirect-url", "https://other.example.com/oauth2/callback".to_owned()),
        ("--oidc-username-claim", "sub".to_owned()),
        ("--oidc-groups-claim", "groups".to_owned()),
        ("--custom-oidc-scopes", "openid".to_owned()),
        ("--oidc-username-prefix", "u:".to_owned()),
        ("--oidc-groups-prefix", "g:".to_owned()),
    ]
    .map(|(name, value)| format!("{name}={value}"));
    let old: Vec<_> = old.iter().map(String::as_str).chain(["--skip-secret", "--no-analytics"]).collect();
    let report = scene.signed_in(&old).await?;
    ensure!(report["user"] == "u:1b7a" && report["groups"] == json!(["g:platform", "g:shop"]), "{report:#}");
    ensure!(report["serverRedirectUrl"] == "https://other.example.com/oauth2/callback", "{report:#}");
    let report = scene.signed_in(&["--claim-username=name", "--oidc-group-prefix=p:", "--kube-context=testbed"]).await;
    ensure!(report?["user"] == "Alice Example");

    // Another Secret, in whose settings the emergency user's name would come from the provider.
    let mut named = scene.good();
    named["claimUsername"] = json!("nickname");
    scene.secret("sso", &named).await?;
    scene.issuer.behave(|manners| manners.claim("nickname", "admin"));
    let mut walk = scene.start(&["--port=0", "--output=json", "--oidc-secret-name=sso"])?;
    walk.sign_in().await?;
    let report = walk.report(1).await?;
    ensure!(findings(&report)[0]["code"] == "user-name-refused", "{report:#}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_that_is_not_there_or_makes_no_sense_is_named() -> anyhow::Result<()> {
    let scene = Scene::new().await?;
    let finding = scene.refused(&["--from-secret=nobody"]).await?;
    ensure!(finding["code"] == "no-secret" && text(&finding, "says").contains("flux-system/nobody"), "{finding}");
    let finding = scene.refused(&["--namespace=elsewhere"]).await?;
    ensure!(finding["code"] == "no-secret" && text(&finding, "remedy").contains("--namespace"), "{finding}");
    let finding = scene.refused(&["--kubeconfig=/no/such/file"]).await?;
    ensure!(finding["code"] == "cluster" && text(&finding, "says").contains("/no/such/file"), "{finding}");
    let finding = scene.refused(&["--context=nowhere"]).await?;
    ensure!(finding["code"] == "cluster" && text(&finding, "remedy").contains("--skip-secret"), "{finding}");

    for (key, value, says) in [
        ("issuerURL", "", "issuerURL is missing"),
        ("clientID", "", "clientID is missing"),
        ("redirectURL", "", "redirectURL is missing"),
        ("issuerURL", "id.example.com", "issuerURL is not an http or https URL"),
        ("redirectURL", "/oauth2/callback", "redirectURL is not an http or https URL"),
    ] {
        let mut wrong = scene.good();
        wrong[key] = json!(value);
        scene.secret("oidc-auth", &wrong).await?;
        let finding = scene.refused(&[]).await?;
        ensure!(finding["code"] == "settings" && text(&finding, "says").contains(says), "{finding}");
    }
    // What the server makes do with, but nobody can have meant.
    let mut odd = scene.good();
    odd["tokenDuration"] = json!("an hour");
    odd["issuerUrl"] = json!(scene.issuer.url());
    odd["redirectURL"] = json!("https://fanlight.example.com/");
    scene.secret("oidc-auth", &odd).await?;
    let report = scene.signed_in(&[]).await?;
    let codes: Vec<_> = findings(&report).iter().map(|finding| text(finding, "code")).collect();
    ensure!(codes == ["unknown-key", "token-duration", "redirect-path"], "{report:#}");

    let account = json!({"apiVersion": "v1", "kind": "ServiceAccount",
        "metadata": {"name": "guest", "namespace": "flux-system"}});
    scene.stage.plane.apply(&account).await?;
    let guest = scene.stage.plane.kubeconfig_for("flux-system", "guest").await?;
    let finding = scene.refused(&[&format!("--kubeconfig={}", guest.display())]).await?;
    ensure!(finding["code"] == "cluster" && text(&finding, "says").contains("forbidden"), "{finding}");
    Ok(())
}

fn text<'a>(finding: &'a Value, name: &str) -> &'a str {
    finding[name].as_str().unwrap_or_default()
}
