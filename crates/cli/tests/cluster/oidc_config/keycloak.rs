//! The same at a provider as there are many.

use anyhow::{Context, ensure};
use fanlight_testbed::{Browser, Keycloak, Look};
use reqwest::Client;
use serde_json::{Value, json};

use super::walk::{ITS_PORT, Walk, findings, location};

/// Signs in on Keycloak's pages.
async fn sign_in(keycloak: &Keycloak, browser: &Client, address: &str, name: &str) -> anyhow::Result<()> {
    let form = browser.get(address).send().await?.error_for_status()?.text().await?;
    let action = form.split_once("action=\"").and_then(|(_, rest)| rest.split_once('"')).context("no form")?.0;
    let fields = [("username", name), ("password", Keycloak::PASSWORD)];
    let back = browser.post(action.replace("&amp;", "&")).form(&fields).send().await?;
    let shown = browser.get(keycloak.noted(&location(&back)?)).send().await?.text().await?;
    ensure!(shown.contains("You can close this window"), "{shown}");
    Ok(())
}

struct Scene {
    keycloak: Keycloak,
}

impl Scene {
    fn start(&self, more: &[&str]) -> anyhow::Result<Walk> {
        self.asking("openid,email", more)
    }

    fn asking(&self, scopes: &str, more: &[&str]) -> anyhow::Result<Walk> {
        let flags = [
            format!("--issuer-url={}", self.keycloak.issuer()),
            format!("--ca-file={}", self.keycloak.ca().display()),
            format!("--scopes={scopes}"),
        ];
        let flags = flags.iter().map(String::as_str).chain(["--skip-secret", "--output=json"]);
        Walk::start(&flags.chain(more.iter().copied()).collect::<Vec<_>>())
    }

    /// The same by the client that keeps a secret.
    fn confidential(&self, more: &[&str]) -> anyhow::Result<Walk> {
        let client = [format!("--client-id={}", Keycloak::CLIENT), format!("--client-secret={}", Keycloak::SECRET)];
        self.start(&client.iter().map(String::as_str).chain(more.iter().copied()).collect::<Vec<_>>())
    }

    async fn browser_signs_in(&self, mut walk: Walk, name: &str, code: i32) -> anyhow::Result<Value> {
        sign_in(&self.keycloak, &self.keycloak.client()?, &walk.address().await?, name).await?;
        walk.report(code).await
    }

    /// The one mistake that a walk finds.
    async fn finding(walk: Walk) -> anyhow::Result<Value> {
        let report = walk.report(1).await?;
        let mut mistakes = findings(&report).iter().filter(|finding| finding["severity"] == "mistake");
        match (mistakes.next(), mistakes.next()) {
            (Some(mistake), None) => Ok(mistake.clone()),
            _ => anyhow::bail!("one mistake: {report:#}"),
        }
    }
}

/// One start of Keycloak for all of it: it takes longer than everything else here.
#[tokio::test(flavor = "multi_thread")]
async fn at_keycloak_by_browser_and_by_device_code_and_what_goes_wrong_there() -> anyhow::Result<()> {
    let scene = Scene { keycloak: Keycloak::start().await? };
    by_browser(&scene).await?;
    by_device(&scene).await?;
    what_it_refuses(&scene).await
}

async fn by_browser(scene: &Scene) -> anyhow::Result<()> {
    let report = scene.browser_signs_in(scene.confidential(&["--port=0"])?, "alice", 0).await?;
    ensure!(report["user"] == "alice@example.com", "{report:#}");
    ensure!(report["groups"] == json!(["platform", "shop-leads"]) && report["groupsFrom"] == "ID token", "{report:#}");
    ensure!(report["refreshed"] == true && findings(&report).is_empty(), "{report:#}");
    ensure!(scene.keycloak.sessions("alice").await? == 0, "nothing is left behind there");
    let roles = ["--port=0", "--groups-claim=realm_access.roles", "--group-prefix=kc:"];
    let report = scene.browser_signs_in(scene.confidential(&roles)?, "bob", 0).await?;
    ensure!(report["groups"].as_array().is_some_and(|roles| roles.contains(&json!("kc:gitops-viewer"))), "{report:#}");
    let client = [
        format!("--client-id={}", Keycloak::USERINFO_CLIENT),
        format!("--client-secret={}", Keycloak::SECRET),
        "--port=0".to_owned(),
    ];
    let walk = scene.start(&client.each_ref().map(String::as_str))?;
    let report = scene.browser_signs_in(walk, "alice", 0).await?;
    ensure!(report["groupsFrom"] == "UserInfo" && report["groups"] == json!(["platform", "shop-leads"]), "{report:#}");
    let report = scene.browser_signs_in(scene.confidential(&["--port=0"])?, "carol", 1).await?;
    ensure!(findings(&report)[0]["code"] == "email-unverified", "{report:#}");
    let report = scene.browser_signs_in(scene.confidential(&["--port=0"])?, "mallory", 0).await?;
    ensure!(report["groups"] == json!(["shop"]) && findings(&report)[0]["code"] == "group-dropped", "{report:#}");
    Ok(())
}

/// Where there is no desktop, nobody has to ask for it.
async fn by_device(scene: &Scene) -> anyhow::Result<()> {
    let _its_port = ITS_PORT.lock().await;
    for more in [&[][..], &["--device"]] {
        let client = format!("--client-id={}", Keycloak::PUBLIC_CLIENT);
        let mut walk = scene.start(&[&[client.as_str()], more].concat())?;
        let told = walk.line("On any machine open ").await?;
        let page = told.rsplit_once("with the code in it: ").context("a page with the code")?.1.trim_end_matches(')');
        let code = walk.line("and type in the code ").await?;
        ensure!(page.contains(&code), "{page} for {code}");
        let browser = Browser::open(Look::DESK).await?;
        browser.goto(page).await?;
        scene.keycloak.sign_in_on(&browser, "bob").await?;
        browser.one("[name=accept]").await?.click().await?;
        let report = walk.report(0).await?;
        ensure!(report["flow"] == "device" && report["user"] == "bob@example.com", "{report:#}");
        ensure!(report["groups"] == json!(["shop"]) && report["refreshed"] == true, "{report:#}");
        scene.keycloak.end_sessions("bob").await?;
    }
    Ok(())
}

async fn what_it_refuses(scene: &Scene) -> anyhow::Result<()> {
    let elsewhere = "--server-redirect-url=https://mistyped.example.com/oauth2/callback";
    scene.keycloak.set_redirects(Keycloak::CLIENT, &["http://localhost:*"]).await?;
    let finding = Scene::finding(scene.confidential(&["--port=0", elsewhere])?).await?;
    ensure!(finding["code"] == "redirect-or-client", "{finding}");
    let remedy = finding["remedy"].as_str().unwrap_or_default();
    ensure!(remedy.contains("https://mistyped.example.com/oauth2/callback letter by letter"), "{finding}");
    scene.keycloak.set_redirects(Keycloak::CLIENT, &["https://fanlight.example.com/*"]).await?;
    let finding = Scene::finding(scene.confidential(&["--port=0"])?).await?;
    ensure!(finding["code"] == "redirect-or-client", "{finding}");
    ensure!(finding["remedy"].as_str().is_some_and(|remedy| remedy.contains("http://localhost:")), "{finding}");
    scene.keycloak.set_redirects(Keycloak::CLIENT, &["*"]).await?;

    let client = format!("--client-id={}", Keycloak::PUBLIC_CLIENT);
    let finding = Scene::finding(scene.asking("openid,groups", &["--port=0", &client])?).await?;
    ensure!(finding["code"] == "unknown-scope", "Keycloak has no scope “groups”: {finding}");
    let finding = Scene::finding(scene.start(&["--client-id=nobody", "--port=0"])?).await?;
    ensure!(finding["code"] == "redirect-or-client", "{finding}");
    let wrong = [format!("--client-id={}", Keycloak::CLIENT), "--client-secret=mistyped".to_owned()];
    let wrong = [wrong[0].as_str(), &wrong[1], "--port=0"];
    let report = scene.browser_signs_in(scene.start(&wrong)?, "bob", 1).await?;
    ensure!(findings(&report)[0]["code"] == "client-refused", "{report:#}");
    let device = [wrong[0], wrong[1], "--device"];
    let finding = Scene::finding(scene.start(&device)?).await?;
    ensure!(finding["code"] == "client-refused", "{finding}");
    scene.keycloak.end_sessions("bob").await?;
    Ok(())
}
