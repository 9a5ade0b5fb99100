//! What pictures need besides a page's address: who looks, and what happens before.

use fanlight_testbed::{FanlightServer, Issuer, Look, Showcase, estate, rights::flux_rules};
use serde_json::json;

use crate::{album::Album, pages::COMPARED};

/// A kind that Fanlight does not know, with two objects.
pub(crate) async fn unknown_kind(showcase: &Showcase) -> anyhow::Result<()> {
    const GROUP: &str = "delivery.fluxcd.io";
    let plane = &showcase.plane;
    plane.apply(&estate::definition(&format!("promotions.{GROUP}"), "Promotion", "Namespaced")).await?;
    plane.established().await?;
    for (name, ready, message) in [
        ("to-production", "False", "waits for 2 of 3 approvals"),
        ("to-staging", "True", "promoted main@sha1:ba66396785f97042590e94c06645dac9ed1d1c82"),
    ] {
        let promotion = estate::unknown(GROUP, "Promotion", "orders", name, json!({"approvals": 3}));
        plane.apply(&promotion.with_conditions(&[("Ready", ready, "Checked", message)])).await?;
    }
    Ok(())
}

/// An object changes while somebody looks at it.
pub(crate) async fn two_versions(showcase: &Showcase, album: &Album) -> anyhow::Result<()> {
    album.open(&format!("{}{COMPARED}", showcase.server.url())).await?;
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
        album.browser.until(&arrived).await?;
        album.browser.until("document.querySelector('#compare-to').selectedOptions[0].text.includes('Ready')").await?;
    }
    Ok(())
}

/// The same user is signed in by other programs.
pub(crate) async fn elsewhere(server: &FanlightServer) -> anyhow::Result<()> {
    for agent in ["Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Version/18.0 Safari/604.1", "curl/8.14"] {
        let client = server.sign_in(Showcase::USER, Showcase::PASSWORD).await?;
        let asked = client.get(format!("{}/oauth2/userinfo", server.url())).header("user-agent", agent);
        asked.send().await?.error_for_status()?;
    }
    Ok(())
}

/// Signing in where there is an identity provider: that answers, that lets nobody in, that does not answer.
pub(crate) async fn with_provider(showcase: &Showcase, album: &Album) -> anyhow::Result<()> {
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
    album.open_until(&page, provider).await?;
    album.shoot_looks("sign-in-provider").await?;
    album.browser.goto(format!("{}/oauth2/callback?error=access_denied&state=unknown", server.url())).await?;
    album.browser.until("document.readyState === 'complete'").await?;
    album.shoot_looks("sign-in-failed").await?;
    drop(server);
    issuer.stop().await;
    let server = FanlightServer::start(&program, &showcase.plane, NAMESPACE, &flags).await?;
    let page = format!("{}/sign_in", server.url());
    album.open_until(&page, "document.querySelector('.alert.waiting') !== null").await?;
    album.shoot_looks("sign-in-provider-away").await
}

/// What became of an action on several objects.
pub(crate) async fn outcomes(showcase: &Showcase, album: &Album) -> anyhow::Result<()> {
    album.open(&format!("{}/applications?namespace=web", showcase.server.url())).await?;
    album.browser.one("#all").await?.click().await?;
    album.shoot_once("selected").await?;
    album.browser.look(Look::DESK).await?;
    album.browser.one("#act button[value=sync]").await?.click().await?;
    album.browser.one(".once .primary").await?.click().await?;
    album.browser.until("document.querySelectorAll('#outcomes li:not(.moving)').length > 2").await?;
    album.shoot_once("outcomes").await
}

/// What somebody sees who may see nothing, and who may look but not touch.
pub(crate) async fn not_allowed(showcase: &Showcase, album: &Album) -> anyhow::Result<()> {
    let url = showcase.server.url();
    showcase.plane.grant_in("orders", "viewer", flux_rules(&["get", "list", "watch"])).await?;
    for (user, name, address) in [
        ("nobody", "not-allowed", "/applications"),
        ("viewer", "viewer", "/kustomization/details?name=orders&namespace=orders"),
    ] {
        album.browser.become_somebody(url, &showcase.forge.cookies(user, &[])?).await?;
        album.open(&format!("{url}{address}")).await?;
        album.shoot_once(name).await?;
    }
    album.open(&format!("{url}/user_info?verb=patch&resource=Kustomization&namespace=orders#may")).await?;
    album.shoot_looks("access-missing").await?;
    if album.all {
        for (name, address) in [
            ("object-not-allowed", "/kustomization/details?name=catalog&namespace=catalog"),
            ("workloads-not-allowed", "/workloads"),
            ("flux-runtime-not-allowed", "/flux_runtime"),
        ] {
            album.open(&format!("{url}{address}")).await?;
            album.shoot_looks(name).await?;
        }
    }
    album.open(&format!("{url}/applications")).await?;
    album.browser.until("document.querySelector('#act [data-of]') !== null").await?;
    album.browser.one("#all").await?.click().await?;
    album.shoot_once("viewer-selected").await
}

/// What somebody sees whom the server may not impersonate.
pub(crate) async fn barred(showcase: &Showcase, album: &Album) -> anyhow::Result<()> {
    let emergency = [Showcase::USER, Showcase::PASSWORD];
    let (server, forge) = FanlightServer::limited(&Showcase::program()?, &showcase.plane, "limited", emergency).await?;
    album.browser.become_somebody(server.url(), &forge.member_cookies("aisha@example.com", &["platform"])?).await?;
    let page = format!("{}/applications", server.url());
    album.open_until(&page, "document.querySelector('pre[data-copy]') !== null").await?;
    album.shoot_looks("barred").await
}

/// What somebody sees of a kind that has gone.
pub(crate) async fn not_installed(showcase: &Showcase, album: &Album) -> anyhow::Result<()> {
    let definition = json!({"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": {"name": "receivers.notification.toolkit.fluxcd.io"}});
    showcase.plane.delete(&definition).await?;
    let url = showcase.server.url();
    album.browser.look(Look::DESK).await?;
    album.browser.become_somebody(url, &showcase.forge.cookies(Showcase::USER, &[])?).await?;
    for (name, address) in [
        ("not-installed", "/notifications/receivers"),
        ("object-not-installed", "/receiver/details?name=push&namespace=flux-system"),
    ] {
        let gone = "document.querySelector('.empty')?.textContent.toLowerCase().includes('not installed')";
        album.open_until(&format!("{url}{address}"), gone).await?;
        album.shoot_looks(name).await?;
    }
    Ok(())
}
