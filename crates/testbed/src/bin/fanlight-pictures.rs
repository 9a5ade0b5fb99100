//! Takes the pictures of the documentation: every page in light and dark, wide and on a phone, some on paper.

use std::{
    io::Write,
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::Context;
use clap::Parser;
use fanlight_testbed::{
    Browser, Estate, FanlightServer, Issuer, Look, SessionForge, Showcase, estate,
    rights::{flux_rules, sign_in_rules},
    stand_in,
};
use serde_json::{Value, json};
use tokio::time::{interval, timeout};

/// Takes the pictures of the documentation.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask pictures")]
struct Arguments {
    /// Where to put them.
    #[arg(default_value = "docs/pictures")]
    folder: PathBuf,
}

/// A page: the name of its picture, and its address.
const PAGES: [(&str, &str); 43] = [
    ("overview", "/"),
    ("applications", "/applications"),
    ("sources", "/sources"),
    ("image-repositories", "/image_automation/repositories"),
    ("image-policies", "/image_automation/policies"),
    ("image-updates", "/image_automation/updates"),
    ("providers", "/notifications/providers"),
    ("alerts", "/notifications/alerts"),
    ("receivers", "/notifications/receivers"),
    ("happenings", "/events?type=warning"),
    ("terraform", "/terraform"),
    ("operator", "/operator"),
    ("filtered", "/applications?status=failed&kind=Kustomization"),
    ("preview", "/applications/act?action=suspend&namespace=web"),
    ("kustomization", "/kustomization/details?name=orders&namespace=orders"),
    ("helm-release", "/helm_release/details?name=orders-api&namespace=orders"),
    ("suspended", "/kustomization/details?name=web-staging&namespace=web"),
    ("manifest", "/kustomization/yaml?name=orders&namespace=orders"),
    ("access", "/user_info"),
    ("sessions", "/sessions"),
    ("git-repository", "/git_repo/details?name=flux-system&namespace=flux-system"),
    ("image-policy", "/image_policy/details?name=accounts&namespace=flux-system"),
    ("events", "/kustomization/events?name=orders&namespace=orders"),
    ("dependencies", "/kustomization/dependencies?name=payments-worker&namespace=payments"),
    ("compare", COMPARED),
    ("tree", "/kustomization/graph?name=orders&namespace=orders"),
    ("tree-root", "/kustomization/graph?name=flux-system&namespace=flux-system"),
    ("history", "/kustomization/history?name=catalog&namespace=catalog"),
    ("values", "/helm_release/values?name=recommender&namespace=catalog"),
    ("flux-runtime", "/flux_runtime"),
    ("search", "/search?q=orders"),
    ("search-empty", "/search"),
    ("search-nothing", "/search?q=kind:ks+status:failed+nothing-like-it"),
    ("other-kind", "/other/promotions.delivery.fluxcd.io"),
    ("other-object", "/other/promotions.delivery.fluxcd.io/details?name=to-production&namespace=orders"),
    ("logs", "/logs/catalog/deployment/catalog"),
    ("logs-of-flux", "/kustomization/logs?name=orders&namespace=orders"),
    ("workloads", "/workloads"),
    ("workload", "/workloads/deployment/orders/orders"),
    ("workload-ready", "/workloads/deployment/web/web"),
    ("cron-job", "/workloads/cronjob/catalog/catalog-reindex"),
    ("policies", "/policies"),
    ("styleguide", "/styleguide"),
];

/// The page of two versions of an object.
const COMPARED: &str = "/helm_release/compare?name=directory&namespace=identity";

/// The pages that somebody may print.
const ON_PAPER: [&str; 3] = ["applications", "kustomization", "manifest"];

/// The page is there, and live if it has a stream.
const SETTLED: &str = "document.readyState === 'complete' \
    && (!document.querySelector('[data-live]') || document.querySelector('#mark')?.textContent === 'live')";

const DARK: Look = Look { dark: true, ..Look::DESK };
/// How each page is looked at, with what the names of its pictures end with.
const LOOKS: [(Look, &str); 3] = [(Look::DESK, ""), (DARK, "-dark"), (Look::PHONE, "-phone")];

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let Arguments { folder } = Arguments::parse();
    std::fs::create_dir_all(&folder).with_context(|| format!("cannot create {}", folder.display()))?;
    let mut showcase = Showcase::build(Estate::company()?, stand_in::Options::quick(), &[], say).await?;
    showcase.logs_told().await?;
    let url = showcase.server.url();
    let browser = Browser::open(Look::DESK).await?;
    browser.goto(format!("{url}/sign_in")).await?;
    browser.one("input[name=username]").await?;
    shoot_looks(&browser, &folder, "sign-in").await?;
    with_provider(&showcase, &browser, &folder).await?;
    browser.look(Look::DESK).await?;
    browser.sign_in(url, Showcase::USER, Showcase::PASSWORD).await?;
    elsewhere(&showcase.server).await?;
    unknown_kind(&showcase).await?;
    two_versions(&showcase, &browser).await?;
    for (name, address) in PAGES {
        browser.look(Look::DESK).await?;
        browser.goto(format!("{url}{address}")).await?;
        browser.until(SETTLED).await?;
        shoot_looks(&browser, &folder, name).await?;
        if ON_PAPER.contains(&name) {
            browser.look(Look::PAPER).await?;
            shoot(&browser, &folder, &format!("{name}-paper")).await?;
        }
    }
    outcomes(&browser, url, &folder).await?;
    not_allowed(&showcase, &browser, &folder).await?;
    barred(&showcase, &browser, &folder).await
}

/// A kind that Fanlight does not know, with two objects.
async fn unknown_kind(showcase: &Showcase) -> anyhow::Result<()> {
    let open = json!({"type": "object", "x-kubernetes-preserve-unknown-fields": true});
    let schema = json!({"openAPIV3Schema": {"type": "object", "properties": {"spec": open, "status": open}}});
    let version = json!({"name": "v1alpha1", "served": true, "storage": true, "subresources": {"status": {}},
        "schema": schema});
    showcase
        .plane
        .apply(&json!({"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
            "metadata": {"name": "promotions.delivery.fluxcd.io"},
            "spec": {"group": "delivery.fluxcd.io", "scope": "Namespaced", "versions": [version],
                "names": {"kind": "Promotion", "plural": "promotions", "singular": "promotion"}}}))
        .await?;
    showcase.plane.established().await?;
    for (name, ready, message) in [
        ("to-production", "False", "waits for 2 of 3 approvals"),
        ("to-staging", "True", "promoted main@sha1:ba66396785f97042590e94c06645dac9ed1d1c82"),
    ] {
        let condition = json!({"type": "Ready", "status": ready, "reason": "Checked", "message": message,
            "lastTransitionTime": "2026-01-05T08:00:00Z"});
        showcase
            .plane
            .apply(&json!({"apiVersion": "delivery.fluxcd.io/v1alpha1", "kind": "Promotion",
                "metadata": {"name": name, "namespace": "orders"}, "spec": {"approvals": 3},
                "status": {"conditions": [condition]}}))
            .await?;
    }
    Ok(())
}

/// An object changes while somebody looks at it.
async fn two_versions(showcase: &Showcase, browser: &Browser) -> anyhow::Result<()> {
    browser.goto(format!("{}{COMPARED}", showcase.server.url())).await?;
    browser.until(SETTLED).await?;
    let [runs, mailer, settings] = [
        estate::deployment("identity", "directory", "directory:1.4.2", 2),
        estate::deployment("identity", "directory-mailer", "mailer:2.0.4", 1),
        estate::config_map("identity", "directory-settings", &json!({})),
    ];
    let values = |replicas: u8, tag: &str, password: &str| {
        json!({"values": {"image": {"repository": "registry.example.com/acme/directory", "tag": tag}, "replicas": replicas,
            "ldap": {"bindDN": "cn=directory,dc=example,dc=com", "password": password}, "metrics": {"enabled": true}}})
    };
    for (spec, members) in
        [(values(2, "1.4.2", "first"), [&runs, &mailer]), (values(3, "1.5.0", "second"), [&runs, &settings])]
    {
        let release = estate::helm_release("identity", "directory").never_reconciled().with_spec(spec.clone());
        showcase.plane.apply(&release.having_applied(members)).await?;
        let tag = &spec["values"]["image"]["tag"];
        let arrived = format!("document.querySelector('.diff ins')?.parentElement.innerText.includes({tag})");
        browser.until(&arrived).await?;
        browser.until("document.querySelector('#compare-to').selectedOptions[0].text.includes('Ready')").await?;
    }
    Ok(())
}

/// The same user is signed in by other programs.
async fn elsewhere(server: &FanlightServer) -> anyhow::Result<()> {
    for agent in ["Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Version/18.0 Safari/604.1", "curl/8.14"] {
        let client = server.sign_in(Showcase::USER, Showcase::PASSWORD).await?;
        let asked = client.get(format!("{}/oauth2/userinfo", server.url())).header("user-agent", agent);
        asked.send().await?.error_for_status()?;
    }
    Ok(())
}

/// Signing in where there is an identity provider: that answers, that lets nobody in, that does not answer.
async fn with_provider(showcase: &Showcase, browser: &Browser, folder: &Path) -> anyhow::Result<()> {
    const NAMESPACE: &str = "sign-in";
    let issuer = Issuer::start_plain().await?;
    showcase.plane.install_server_account(NAMESPACE).await?;
    showcase.plane.set_emergency_user(NAMESPACE, Showcase::USER, Showcase::PASSWORD).await?;
    let flags = [
        format!("--oidc-issuer-url={}", issuer.url()),
        format!("--oidc-client-id={}", Issuer::CLIENT),
        format!("--oidc-client-secret={}", Issuer::SECRET),
        "--oidc-redirect-url=http://127.0.0.1/oauth2/callback".to_owned(),
    ];
    let program = Showcase::program()?;
    let flags = flags.each_ref().map(String::as_str);
    let server = FanlightServer::start(&program, &showcase.plane, NAMESPACE, &flags).await?;
    let page = format!("{}/sign_in", server.url());
    let provider = "document.querySelector('a.button.primary') !== null";
    reload_until(browser, &page, provider).await?;
    shoot_looks(browser, folder, "sign-in-provider").await?;
    browser.goto(format!("{}/oauth2/callback?error=access_denied&state=unknown", server.url())).await?;
    browser.until("document.readyState === 'complete'").await?;
    shoot_looks(browser, folder, "sign-in-failed").await?;
    drop(server);
    issuer.stop().await;
    let server = FanlightServer::start(&program, &showcase.plane, NAMESPACE, &flags).await?;
    let page = format!("{}/sign_in", server.url());
    reload_until(browser, &page, "document.querySelector('.alert.waiting') !== null").await?;
    shoot_looks(browser, folder, "sign-in-provider-away").await
}

/// What became of an action on several objects.
async fn outcomes(browser: &Browser, url: &str, folder: &Path) -> anyhow::Result<()> {
    browser.look(Look::DESK).await?;
    browser.goto(format!("{url}/applications?namespace=web")).await?;
    browser.until("document.querySelector('#mark')?.textContent === 'live'").await?;
    browser.one("#all").await?.click().await?;
    shoot(browser, folder, "selected").await?;
    browser.one("#act button[value=sync]").await?.click().await?;
    browser.one(".once .primary").await?.click().await?;
    browser.until("document.querySelectorAll('#outcomes li:not(.moving)').length > 2").await?;
    shoot(browser, folder, "outcomes").await
}

/// What somebody sees who may see nothing, and who may look but not touch.
async fn not_allowed(showcase: &Showcase, browser: &Browser, folder: &Path) -> anyhow::Result<()> {
    let url = showcase.server.url();
    browser.look(Look::DESK).await?;
    showcase.plane.grant_in("orders", "viewer", flux_rules(&["get", "list", "watch"])).await?;
    for (user, name, address) in [
        ("nobody", "not-allowed", "/applications"),
        ("viewer", "viewer", "/kustomization/details?name=orders&namespace=orders"),
    ] {
        browser.become_somebody(url, &showcase.forge.cookies(user, &[])?).await?;
        browser.goto(format!("{url}{address}")).await?;
        browser.until("document.querySelector('#mark')?.textContent === 'live'").await?;
        shoot(browser, folder, name).await?;
    }
    browser.goto(format!("{url}/user_info?verb=patch&resource=Kustomization&namespace=orders#may")).await?;
    browser.until(SETTLED).await?;
    shoot_looks(browser, folder, "access-missing").await?;
    browser.look(Look::DESK).await?;
    browser.goto(format!("{url}/applications")).await?;
    browser.until("document.querySelector('#act [data-of]') !== null").await?;
    browser.one("#all").await?.click().await?;
    shoot(browser, folder, "viewer-selected").await
}

/// What somebody sees whom the server may not impersonate.
async fn barred(showcase: &Showcase, browser: &Browser, folder: &Path) -> anyhow::Result<()> {
    const NAMESPACE: &str = "limited";
    let mut rules = sign_in_rules(&["cluster-user-auth"]);
    rules.push(json!({"apiGroups": [""], "resources": ["users"], "resourceNames": [Showcase::USER],
        "verbs": ["impersonate"]}));
    let plane = &showcase.plane;
    plane.install_limited_account(NAMESPACE, &Value::from(rules)).await?;
    plane.set_emergency_user(NAMESPACE, Showcase::USER, Showcase::PASSWORD).await?;
    let forge = SessionForge::new(plane, NAMESPACE, Showcase::USER, Showcase::PASSWORD).await?;
    let key = forge.argument();
    let arguments: Vec<_> = SessionForge::PROVIDER.into_iter().chain([key.as_str()]).collect();
    let server = FanlightServer::start(&Showcase::program()?, plane, NAMESPACE, &arguments).await?;
    browser.become_somebody(server.url(), &forge.member_cookies("aisha@example.com", &["platform"])?).await?;
    let page = format!("{}/applications", server.url());
    reload_until(browser, &page, "document.querySelector('pre[data-copy]') !== null").await?;
    shoot_looks(browser, folder, "barred").await
}

/// Opens a page that does not change by itself, until it shows what the server has to find out first.
async fn reload_until(browser: &Browser, page: &str, holds: &str) -> anyhow::Result<()> {
    let mut again = interval(Duration::from_millis(200));
    let found = async {
        loop {
            again.tick().await;
            browser.goto(page).await?;
            if browser.ask(holds).await?.as_bool().unwrap_or_default() {
                return anyhow::Ok(());
            }
        }
    };
    timeout(Duration::from_secs(20), found).await.with_context(|| format!("{page} does not become {holds}"))?
}

async fn shoot_looks(browser: &Browser, folder: &Path, name: &str) -> anyhow::Result<()> {
    for (look, suffix) in LOOKS {
        browser.look(look).await?;
        shoot(browser, folder, &format!("{name}{suffix}")).await?;
    }
    Ok(())
}

async fn shoot(browser: &Browser, folder: &Path, name: &str) -> anyhow::Result<()> {
    let file = folder.join(format!("{name}.png"));
    browser.picture(&file).await?;
    say(&file.display().to_string());
    Ok(())
}

fn say(line: &str) {
    let _ = writeln!(std::io::stderr(), "{line}");
}
