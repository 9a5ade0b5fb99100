//! Signing in at a real provider.

use std::time::Duration;

use anyhow::{Context, ensure};
use fanlight_testbed::{Browser, ControlPlane, FanlightServer, Keycloak, Look, estate, rights::flux_rules, secrets};
use reqwest::{Client, Response};
use serde_json::{Value, json};

use crate::shared::{PROGRAM, WATCH, in_namespace, log_with, start, until, until_provider, until_within};

/// The server, set up for a Keycloak by its Secret alone.
struct Door<'a> {
    plane: &'a ControlPlane,
    keycloak: Keycloak,
    server: FanlightServer,
}

/// One start of Keycloak for all of it: it takes longer than everything else here.
#[test]
fn people_sign_in_at_keycloak_with_the_rights_of_their_groups_and_out_on_both_sides() {
    in_namespace("oidc", async |plane| {
        plane.set_emergency_user("oidc", "admin", "secret").await?;
        plane.grant_group_everywhere("platform", flux_rules(&WATCH)).await?;
        plane.grant_in("oidc", "admin", flux_rules(&WATCH)).await?;
        plane.apply(&estate::kustomization("oidc", "shop")).await?;
        let (keycloak, server) = tokio::try_join!(Keycloak::start(), start(plane, "oidc", &[]))?;
        let door = Door { plane, keycloak, server };
        door.the_secret_takes_effect_while_the_server_runs().await?;
        door.alice_sees_what_her_group_may_and_signs_out_on_both_sides().await?;
        door.a_browser_signs_in_stays_signed_in_and_signs_out().await?;
        door.a_disabled_persons_session_dies_in_the_browser().await?;
        door.a_refresh_brings_new_groups_and_revocation_ends_the_session_there().await?;
        door.who_may_not_sign_in_reads_why_and_reserved_groups_are_dropped().await?;
        door.what_was_not_begun_here_ends_on_a_page_too().await?;
        door.without_the_provider_the_emergency_user_signs_in_and_it_comes_back_by_itself().await
    });
}

#[test]
fn where_single_sign_on_is_switched_off_nobody_looks_for_it() {
    in_namespace("no-oidc", async |plane| {
        let flags = ["--auth-methods=user-account", "--oidc-issuer-url=https://127.0.0.1:9"];
        let server = FanlightServer::start(PROGRAM.as_ref(), plane, "no-oidc", &flags).await?;
        let client = FanlightServer::client()?;
        ensure!(client.get(format!("{}/oauth2", server.url())).send().await?.status() == 400);
        ensure!(server.log().contains("--oidc-issuer-url has no effect"), "{}", server.log());
        Ok(())
    });
}

#[test]
fn a_provider_that_is_not_there_is_named_on_the_sign_in_page_and_stops_nothing() {
    in_namespace("no-provider", async |plane| {
        plane.set_emergency_user("no-provider", "admin", "secret").await?;
        let flags = [
            "--oidc-issuer-url=https://127.0.0.1:9/realm",
            "--oidc-client-id=fanlight",
            "--oidc-redirect-url=http://127.0.0.1:9/oauth2/callback",
        ];
        let server = start(plane, "no-provider", &flags).await?;
        let client = FanlightServer::client()?;
        until(async || {
            let page = client.get(format!("{}/sign_in", server.url())).send().await?.text().await?;
            Ok(page.contains("does not work at this moment") && !page.contains("being looked up"))
        })
        .await?;
        let refused = client.get(format!("{}/oauth2?return_url=/applications", server.url())).send().await?;
        ensure!(refused.status() == 503);
        let page = refused.text().await?;
        ensure!(
            page.contains("does not work at this moment: the identity provider https://127.0.0.1:9/realm"),
            "{page}"
        );
        ensure!(page.contains("return_url=%2Fapplications") && page.contains("name=\"password\""), "{page}");
        ensure!(page.contains("<p class=\"faint\">Request "), "{page}");
        server.sign_in("admin", "secret").await?;
        Ok(())
    });
}

impl Door<'_> {
    async fn get(&self, client: &Client, path: &str) -> anyhow::Result<Response> {
        Ok(client.get(format!("{}{path}", self.server.url())).send().await?)
    }

    async fn post(&self, client: &Client, path: &str) -> anyhow::Result<Response> {
        Ok(client.post(format!("{}{path}", self.server.url())).send().await?)
    }

    async fn sign_in_page(&self) -> anyhow::Result<String> {
        Ok(self.get(&FanlightServer::client()?, "/sign_in?redirect=/applications").await?.text().await?)
    }

    /// Signs in on Keycloak's pages; what the callback answers.
    async fn arrive(&self, client: &Client, name: &str, page: &str) -> anyhow::Result<Response> {
        let sent = self.get(client, &format!("/oauth2?return_url={page}")).await?;
        ensure!(sent.status() == 303, "{}", sent.status());
        let form = client.get(location(&sent)?).send().await?.error_for_status()?.text().await?;
        let action = form.split_once("action=\"").and_then(|(_, rest)| rest.split_once('"')).context("no form")?.0;
        let fields = [("username", name), ("password", Keycloak::PASSWORD)];
        let back = client.post(action.replace("&amp;", "&")).form(&fields).send().await?;
        let answer = client.get(self.keycloak.noted(&location(&back)?)).send().await?;
        secrets::plant_cookies(answer.headers());
        Ok(answer)
    }

    async fn sign_in(&self, name: &str) -> anyhow::Result<Client> {
        let client = self.keycloak.client()?;
        let arrived = self.arrive(&client, name, "/applications%3Fstatus%3Dfailed").await?;
        let (status, place) = (arrived.status(), location(&arrived).ok());
        ensure!(place.as_deref() == Some("/applications?status=failed"), "{status}: {}", arrived.text().await?);
        Ok(client)
    }

    async fn user_info(&self, client: &Client) -> anyhow::Result<Value> {
        Ok(self.get(client, "/oauth2/userinfo").await?.error_for_status()?.json().await?)
    }

    async fn the_secret_takes_effect_while_the_server_runs(&self) -> anyhow::Result<()> {
        let client = FanlightServer::client()?;
        ensure!(self.get(&client, "/oauth2").await?.status() == 400);
        ensure!(!self.sign_in_page().await?.contains("/oauth2?return_url"));
        self.plane.apply(&self.keycloak.settings("oidc", self.server.url())?).await?;
        until_provider(&self.server).await?;
        let page = self.sign_in_page().await?;
        ensure!(page.contains("/oauth2?return_url=%2Fapplications\">Sign in with single sign-on</a>"), "{page}");
        Ok(())
    }

    async fn alice_sees_what_her_group_may_and_signs_out_on_both_sides(&self) -> anyhow::Result<()> {
        let alice = self.sign_in("alice").await?;
        let user = self.user_info(&alice).await?;
        ensure!(user["id"] == "alice@example.com" && user["groups"] == json!(["platform", "shop-leads"]), "{user}");
        let mut stream = self.server.stream(&alice).await?;
        stream.until(|view| view.contains("Kustomization/oidc/shop")).await?;
        let page = self.get(&alice, "/applications").await?.text().await?;
        ensure!(page.contains("data-refresh=\"/oauth2/refresh\""), "{page}");
        ensure!(self.keycloak.sessions("alice").await? == 1);

        let out = alice.post(format!("{}/oauth2/logout", self.server.url())).form(&[("", "")]).send().await?;
        ensure!(out.status() == 200);
        let page = out.text().await?;
        let there = page.split_once("0;url=").and_then(|(_, rest)| rest.split_once('"')).context("no address")?.0;
        let there = there.replace("&#38;", "&").replace("&amp;", "&");
        let back = alice.get(there).send().await?;
        ensure!(location(&back)? == format!("{}/", self.server.url()), "{:?}", back.headers());
        ensure!(self.keycloak.sessions("alice").await? == 0);
        ensure!(self.get(&alice, "/oauth2/userinfo").await?.status() == 400);
        Ok(())
    }

    async fn a_browser_signs_in_stays_signed_in_and_signs_out(&self) -> anyhow::Result<()> {
        self.keycloak.set_token_lifespan(Duration::from_secs(10)).await?;
        let browser = Browser::open(Look::DESK).await?;
        browser.goto(format!("{}/applications?search=shop", self.server.url())).await?;
        browser.one("a.primary").await?.click().await?;
        self.keycloak.sign_in_on(&browser, "alice").await?;
        browser.until("location.search === '?search=shop'").await?;
        browser.until("document.getElementById('mark')?.textContent === 'live'").await?;
        browser.ask("window.sameDocument = true").await?;
        browser.until("/^[1-9].* [1-9]/.test(localStorage.getItem('/oauth2/refresh'))").await?;
        browser.until("window.sameDocument && document.getElementById('mark').textContent === 'live'").await?;
        let complaints = browser.complaints().await?;
        ensure!(complaints.is_empty(), "the browser complains: {complaints:#?}");
        browser.one("nav form[action$=logout] button").await?.click().await?;
        browser.until(&format!("location.href.startsWith('{}/sign_in')", self.server.url())).await?;
        ensure!(self.keycloak.sessions("alice").await? == 0);
        self.keycloak.set_token_lifespan(Duration::from_secs(60)).await
    }

    /// Keycloak gives each refresh token for one use, so that a page which stays refreshed has rotated it each time.
    async fn a_disabled_persons_session_dies_in_the_browser(&self) -> anyhow::Result<()> {
        self.keycloak.add_user("frank", &["platform"]).await?;
        self.keycloak.set_token_lifespan(Duration::from_secs(10)).await?;
        let browser = Browser::open(Look::DESK).await?;
        browser.goto(format!("{}/oauth2?return_url=/applications", self.server.url())).await?;
        self.keycloak.sign_in_on(&browser, "frank").await?;
        browser.until("document.getElementById('mark')?.textContent === 'live'").await?;
        let tried = "(localStorage.getItem('/oauth2/refresh') ?? '').split(' ')[0]";
        browser.until(&format!("{tried} > 0")).await?;
        let first = browser.ask(tried).await?;
        browser.until(&format!("{tried} > {first}")).await?;
        browser.until("document.getElementById('mark').textContent === 'live'").await?;

        self.keycloak.set_enabled("frank", false).await?;
        // The identity runs out, and a minute later what it is accepted for; nothing but the provider can confirm it.
        let gone = "document.querySelector('#rows') === null && location.pathname === '/sign_in'";
        until_within(Duration::from_secs(150), async || {
            // While a page is being left nothing can be asked.
            Ok(browser.ask(gone).await.is_ok_and(|gone| gone == true))
        })
        .await?;
        browser.goto(format!("{}/applications", self.server.url())).await?;
        browser.until(gone).await?;
        self.keycloak.set_token_lifespan(Duration::from_secs(60)).await
    }

    async fn a_refresh_brings_new_groups_and_revocation_ends_the_session_there(&self) -> anyhow::Result<()> {
        self.keycloak.add_user("dora", &["shop"]).await?;
        let dora = self.sign_in("dora").await?;
        ensure!(self.user_info(&dora).await?["groups"] == json!(["shop"]));
        self.keycloak.set_groups("dora", &["platform"]).await?;
        for _ in 0..2 {
            let refreshed = self.post(&dora, "/oauth2/refresh").await?;
            ensure!(refreshed.status() == 200, "{}", self.server.log());
            let left = refreshed.headers().get("fanlight-expires-in").context("no header")?.to_str()?;
            ensure!((30..=60).contains(&left.parse::<u64>()?), "{left}");
        }
        ensure!(self.user_info(&dora).await?["groups"] == json!(["platform"]));
        let out = self.post(&dora, "/oauth2/logout").await?;
        ensure!(out.status() == 200 && out.text().await?.is_empty());
        ensure!(self.keycloak.sessions("dora").await? == 0, "{}", self.server.log());
        Ok(())
    }

    async fn who_may_not_sign_in_reads_why_and_reserved_groups_are_dropped(&self) -> anyhow::Result<()> {
        let carol = self.arrive(&self.keycloak.client()?, "carol", "/applications").await?;
        ensure!(carol.status() == 403);
        let page = carol.text().await?;
        ensure!(page.contains("carol@example.com") && page.contains("is not verified"), "{page}");
        let request = page.split_once("Request ").and_then(|(_, rest)| rest.split_once(':')).context("no number")?.0;
        log_with(&self.server, &[request]).await?;
        let mallory = self.sign_in("mallory").await?;
        ensure!(self.user_info(&mallory).await?["groups"] == json!(["shop"]));
        Ok(())
    }

    async fn what_was_not_begun_here_ends_on_a_page_too(&self) -> anyhow::Result<()> {
        for query in ["", "?code=x", "?code=x&state=y", "?error=access_denied&state=y", "?state=%00&state=b"] {
            let refused = self.get(&self.keycloak.client()?, &format!("/oauth2/callback{query}")).await?;
            ensure!(refused.status() == 400, "{query}");
            let page = refused.text().await?;
            ensure!(page.contains("You are not signed in") && page.contains("Try again"), "{page}");
        }
        Ok(())
    }

    async fn without_the_provider_the_emergency_user_signs_in_and_it_comes_back_by_itself(&self) -> anyhow::Result<()> {
        let bob = self.sign_in("bob").await?;
        self.keycloak.stop();
        // Whoever would be sent to it before it was looked at again.
        until(async || Ok(self.get(&self.keycloak.client()?, "/oauth2").await?.status() == 503)).await?;
        ensure!(self.post(&bob, "/oauth2/refresh").await?.status() == 401);
        until(async || Ok(self.sign_in_page().await?.contains("does not work at this moment"))).await?;
        ensure!(self.user_info(&bob).await?["id"] == "bob@example.com", "what was confirmed holds for its time");
        let admin = self.server.sign_in("admin", "secret").await?;
        ensure!(self.user_info(&admin).await?["groups"].is_null());
        let mut stream = self.server.stream(&admin).await?;
        stream.until(|view| view.contains("Kustomization/oidc/shop")).await?;
        self.plane.apply(&estate::kustomization("oidc", "stock")).await?;
        stream.until(|view| view.contains("Kustomization/oidc/stock")).await?;
        self.keycloak.start_again().await?;
        until(async || Ok(!self.sign_in_page().await?.contains("does not work at this moment"))).await?;
        self.sign_in("bob").await?;
        Ok(())
    }
}

fn location(response: &Response) -> anyhow::Result<String> {
    let place = response.headers().get("location").with_context(|| format!("{} leads nowhere", response.status()))?;
    Ok(place.to_str()?.to_owned())
}
