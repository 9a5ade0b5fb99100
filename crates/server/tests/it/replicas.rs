//! Several servers behind one address: any of them serves any request, and what is ended on one is ended on all.

use std::{
    path::Path,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use anyhow::{Context, ensure};
use base64::{Engine, engine::general_purpose::STANDARD};
use fanlight_testbed::{
    Browser, ControlPlane, FanlightServer, Issuer, Look, RoundRobin, Stream, Wire, estate,
    issuer::{Asked, Endpoint, Manners, Trouble},
    rights::flux_rules,
    secrets,
};
use reqwest::{Client, Response};
use serde_json::json;
use tokio::time::timeout;

use crate::shared::{PROGRAM, WATCH, in_namespace, until};

/// Two servers with the same keys, and an address that leads to either.
struct Pair<'a> {
    plane: &'a ControlPlane,
    namespace: &'static str,
    proxy: RoundRobin,
    servers: Vec<FanlightServer>,
}

impl<'a> Pair<'a> {
    async fn start(plane: &'a ControlPlane, namespace: &'static str, more: &[String]) -> anyhow::Result<Self> {
        Self::behind(RoundRobin::start().await?, plane, namespace, more).await
    }

    async fn behind(
        proxy: RoundRobin,
        plane: &'a ControlPlane,
        namespace: &'static str,
        more: &[String],
    ) -> anyhow::Result<Self> {
        plane.install_session_record(namespace).await?;
        plane.set_emergency_user(namespace, "admin", "secret").await?;
        plane.grant_in(namespace, "admin", flux_rules(&WATCH)).await?;
        plane.apply(&estate::kustomization(namespace, "shop")).await?;
        let keys = format!("--session-key-file={}", key_file(plane, namespace)?);
        let more: Vec<_> = more.iter().map(String::as_str).chain([keys.as_str()]).collect();
        let server = |number| FanlightServer::sibling(Path::new(PROGRAM), plane, namespace, number, &more);
        let (one, two) = tokio::try_join!(server(1), server(2))?;
        proxy.before(&[one.url(), two.url()]);
        Ok(Self { plane, namespace, proxy, servers: vec![one, two] })
    }

    async fn get(&self, client: &Client, path: &str) -> anyhow::Result<Response> {
        Ok(client.get(format!("{}{path}", self.proxy.url())).send().await?)
    }

    /// Whether a client is signed in at one of them, as scripts ask.
    async fn knows(&self, server: usize, client: &Client) -> anyhow::Result<bool> {
        let url = self.servers.get(server).context("a server")?.url();
        Ok(client.get(format!("{url}/oauth2/userinfo")).send().await?.status() == 200)
    }

    /// Signs in at whichever server the proxy comes to.
    async fn sign_in(&self) -> anyhow::Result<Client> {
        let client = FanlightServer::client()?;
        let form = json!({"username": "admin", "password": "secret"});
        let response = client.post(format!("{}/oauth2/sign_in", self.proxy.url())).json(&form).send().await?;
        ensure!(response.status() == 200, "{}", response.status());
        Ok(client)
    }

    /// Waits until a client is signed in nowhere, and says how long that took.
    async fn is_out(&self, client: &Client) -> anyhow::Result<Duration> {
        let began = Instant::now();
        until(async || Ok(!self.knows(0, client).await? && !self.knows(1, client).await?))
            .await
            .with_context(|| format!("still signed in: {:#?}", self.logs()))?;
        Ok(began.elapsed())
    }

    fn logs(&self) -> Vec<String> {
        self.servers.iter().map(FanlightServer::log).collect()
    }

    /// Waits until both share the record of ended sessions.
    async fn share_a_record(&self) -> anyhow::Result<()> {
        let client = self.sign_in().await?;
        until(async || {
            let mut alone = false;
            for server in &self.servers {
                let page = client.get(format!("{}/sessions", server.url())).send().await?.text().await?;
                alone |= page.contains("do not hear of the end");
            }
            Ok(!alone)
        })
        .await
        .with_context(|| format!("they share no record: {:#?}", self.logs()))
    }
}

fn key_file(plane: &ControlPlane, namespace: &str) -> anyhow::Result<String> {
    let key = STANDARD.encode([namespace.len().try_into().unwrap_or(7_u8); 48]);
    secrets::plant(&key);
    let path = plane.folder().join(format!("{namespace}.keys"));
    std::fs::write(&path, key)?;
    Ok(path.display().to_string())
}

/// Reads a stream to its end; the last event's name.
async fn last_word(mut stream: Stream) -> anyhow::Result<String> {
    let mut last = String::new();
    let reading = async {
        while let Some((name, _)) = stream.next().await? {
            last = name;
        }
        anyhow::Ok(())
    };
    timeout(Duration::from_secs(60), reading).await.context("the stream goes on")??;
    Ok(last)
}

/// The mark by which the sessions page ends another session.
async fn mark_of_another(pair: &Pair<'_>, client: &Client) -> anyhow::Result<String> {
    let page = client.get(format!("{}/sessions", pair.servers[0].url())).send().await?.text().await?;
    let marks = page.split("name=\"session\" value=\"").skip(1).filter_map(|rest| rest.split('"').next());
    marks.map(ToOwned::to_owned).find(|mark| mark != "all").with_context(|| format!("no other session: {page}"))
}

#[test]
fn a_session_is_one_on_all_replicas_until_it_is_ended_on_one_of_them() {
    in_namespace("replicas", async |plane| {
        let pair = Pair::start(plane, "replicas", &[]).await?;
        pair.share_a_record().await?;
        signed_in_on_one_and_used_on_both(&pair).await?;
        a_page_from_one_and_its_stream_from_the_other(&pair).await?;
        ended_on_one_and_over_on_both(&pair).await?;
        signed_out_on_one_and_copies_of_the_cookie_are_dead(&pair).await?;
        all_ended_and_signed_in_again_at_once(&pair).await?;
        the_object_vanishes_and_everybody_signs_in_again(&pair).await
    });
}

async fn signed_in_on_one_and_used_on_both(pair: &Pair<'_>) -> anyhow::Result<()> {
    let client = pair.sign_in().await?;
    for path in ["/oauth2/userinfo", "/applications"] {
        for _ in 0..4 {
            ensure!(pair.get(&client, path).await?.status() == 200, "{path}");
        }
    }
    let served = pair.proxy.served();
    ensure!((0..2).all(|server| served.iter().any(|(by, what)| *by == server && what == "GET /oauth2/userinfo")));
    Ok(())
}

async fn a_page_from_one_and_its_stream_from_the_other(pair: &Pair<'_>) -> anyhow::Result<()> {
    let client = pair.sign_in().await?;
    let shown = pair.servers[0].applications(&client, "").await?;
    // What happens between the page and its stream must not be missed.
    pair.plane.apply(&estate::kustomization(pair.namespace, "between")).await?;
    let mut stream = pair.servers[1].stream(&client).await?;
    let between = format!("Kustomization/{}/between", pair.namespace);
    ensure!(!shown.contains(&between));
    stream.until(|view| view.contains(&between) && view.contains("/shop")).await?;
    pair.plane.apply(&estate::kustomization(pair.namespace, "later")).await?;
    stream.until(|view| view.contains("/later")).await?;
    Ok(())
}

async fn ended_on_one_and_over_on_both(pair: &Pair<'_>) -> anyhow::Result<()> {
    let (mine, other) = (pair.sign_in().await?, pair.sign_in().await?);
    ensure!(pair.knows(0, &other).await? && pair.knows(1, &other).await?);
    let stream = pair.servers[1].stream(&other).await?;
    // The last one that was seen is the first one of the list.
    let mark = mark_of_another(pair, &mine).await?;
    let ended = mine.post(format!("{}/sessions/end", pair.servers[0].url())).form(&[("session", &mark)]).send().await?;
    ensure!(ended.status() == 303, "{}", ended.status());
    ensure!(pair.is_out(&other).await? < Duration::from_secs(20));
    ensure!(last_word(stream).await? == "end", "the stream at the other server ends");
    ensure!(pair.knows(0, &mine).await? && pair.knows(1, &mine).await?, "mine goes on");
    let page = pair.get(&other, "/applications").await?;
    ensure!(page.status() == 303 && page.headers()["location"].to_str()?.starts_with("/sign_in"));
    Ok(())
}

async fn signed_out_on_one_and_copies_of_the_cookie_are_dead(pair: &Pair<'_>) -> anyhow::Result<()> {
    let form = json!({"username": "admin", "password": "secret"});
    let signed = FanlightServer::client()?.post(format!("{}/oauth2/sign_in", pair.proxy.url())).json(&form);
    let signed = signed.send().await?;
    let cookies = signed.headers().get_all("set-cookie").iter().filter_map(|cookie| cookie.to_str().ok());
    let copied: Vec<_> = cookies.filter_map(|cookie| cookie.split(';').next()).collect();
    let copied = copied.join("; ");
    let ask = async |server: usize| {
        let asked = FanlightServer::client()?.get(format!("{}/oauth2/userinfo", pair.servers[server].url()));
        anyhow::Ok(asked.header("cookie", &copied).send().await?.status() == 200)
    };
    ensure!(ask(0).await? && ask(1).await?);
    let out = FanlightServer::client()?.post(format!("{}/oauth2/logout", pair.servers[0].url()));
    ensure!(out.header("cookie", &copied).send().await?.status() == 200);
    until(async || Ok(!ask(0).await? && !ask(1).await?)).await
}

async fn all_ended_and_signed_in_again_at_once(pair: &Pair<'_>) -> anyhow::Result<()> {
    let (mine, other) = (pair.sign_in().await?, pair.sign_in().await?);
    let all = [("session", "all")];
    let ended = mine.post(format!("{}/sessions/end", pair.servers[1].url())).form(&all).send().await?;
    ensure!(ended.headers()["location"].to_str()? == "/sign_in");
    ensure!(
        pair.is_out(&other).await? < Duration::from_secs(20) && pair.is_out(&mine).await? < Duration::from_secs(20)
    );
    let again = pair.sign_in().await?;
    ensure!(pair.knows(0, &again).await? && pair.knows(1, &again).await?, "in the same second");
    Ok(())
}

async fn the_object_vanishes_and_everybody_signs_in_again(pair: &Pair<'_>) -> anyhow::Result<()> {
    let client = pair.sign_in().await?;
    let record = json!({"apiVersion": "v1", "kind": "ConfigMap",
        "metadata": {"name": "fanlight-sessions", "namespace": pair.namespace}});
    pair.plane.delete(&record).await?;
    pair.is_out(&client).await?;
    let again = pair.sign_in().await?;
    ensure!(pair.knows(0, &again).await? && pair.knows(1, &again).await?);
    let page = pair.get(&again, "/sessions").await?.text().await?;
    ensure!(page.contains("do not hear of the end of a session") && page.contains("is not there"), "{page}");
    pair.plane.apply(&record).await?;
    pair.share_a_record().await?;
    ensure!(!pair.knows(0, &client).await? && !pair.knows(1, &client).await?);
    Ok(())
}

#[test]
fn a_replica_that_is_killed_in_the_middle_of_a_refresh_costs_nobody_a_form() {
    in_namespace("refresh-killed", async |plane| {
        let issuer = Issuer::start_plain().await?;
        let proxy = RoundRobin::start().await?;
        let flags = [
            format!("--oidc-issuer-url={}", issuer.url()),
            format!("--oidc-client-id={}", Issuer::CLIENT),
            format!("--oidc-client-secret={}", Issuer::SECRET),
            format!("--oidc-redirect-url={}/oauth2/callback", proxy.url()),
        ];
        plane.grant_in("refresh-killed", "alice@example.com", flux_rules(&WATCH)).await?;
        let mut pair = Pair::behind(proxy, plane, "refresh-killed", &flags).await?;
        until(async || {
            let mut ready = true;
            for server in &pair.servers {
                let flags = reqwest::get(format!("{}/v1/featureflags", server.url())).await?.text().await?;
                ready &= flags.contains("\"OIDC_AUTH\":\"true\"");
            }
            Ok(ready)
        })
        .await?;
        let browser = Browser::open(Look::DESK).await?;
        run_out_while_a_replica_dies(&mut pair, &issuer, &browser).await?;
        // The identity of the dead one's user is accepted for some seconds more; then the provider is asked, and no form.
        browser.until_in(Duration::from_secs(90), "window.firstDocument === undefined").await?;
        browser.until("document.getElementById('mark')?.textContent === 'live'").await?;
        browser.until("location.pathname === '/applications' && location.search === '?search=shop'").await?;
        ensure!(refreshes(&issuer) == 1, "a token that may have been used is not used again");
        let asked = issuer.asked(Endpoint::Authorize);
        let silent = |asked: &Asked| asked.parameters.get("prompt").is_some_and(|prompt| prompt == "none");
        ensure!(asked.len() == 2 && asked.last().is_some_and(silent), "{asked:#?}");
        Ok(())
    });
}

/// Signs in with an identity that has run out just now, opens a page, which has it confirmed at once, and kills the
/// server that asks the provider, once the provider has done what it was asked.
async fn run_out_while_a_replica_dies(pair: &mut Pair<'_>, issuer: &Issuer, browser: &Browser) -> anyhow::Result<()> {
    let ended = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs() - 30;
    issuer.behave(|manners| manners.claim("exp", ended));
    // A page of ours that asks nothing.
    browser.goto(format!("{}/oauth2?return_url=/health/", pair.proxy.url())).await?;
    browser.until("location.pathname === '/health/'").await?;
    issuer.behave(|manners| manners.trouble(Endpoint::Token, Trouble::Withheld));
    browser.goto(format!("{}/applications?search=shop", pair.proxy.url())).await?;
    browser.ask("window.firstDocument = true").await?;
    until(async || Ok(refreshes(issuer) == 1)).await?;
    issuer.behave(|manners| *manners = Manners::default());
    let served = pair.proxy.served();
    let (place, _) = served.iter().rfind(|(_, what)| what == "POST /oauth2/refresh").context("no refresh")?;
    drop(pair.servers.remove(*place));
    browser.until("/ 0$/.test(localStorage.getItem('/oauth2/refresh'))").await
}

fn refreshes(issuer: &Issuer) -> usize {
    let asked = issuer.asked(Endpoint::Token);
    asked.iter().filter(|asked| asked.parameters.get("grant_type").is_some_and(|kind| kind == "refresh_token")).count()
}

#[test]
fn a_replica_that_starts_while_the_api_server_is_away_is_not_ready_before_it_knows_who_was_signed_out() {
    in_namespace("late", async |plane| {
        plane.install_session_record("late").await?;
        plane.set_emergency_user("late", "admin", "secret").await?;
        let keys = format!("--session-key-file={}", key_file(plane, "late")?);
        let first = FanlightServer::sibling(Path::new(PROGRAM), plane, "late", 1, &[&keys]).await?;
        let thief = Client::builder().build()?;
        let form = json!({"username": "admin", "password": "secret"});
        let signed = thief.post(format!("{}/oauth2/sign_in", first.url())).json(&form).send().await?;
        secrets::plant_cookies(signed.headers());
        let set = signed.headers().get_all("set-cookie").iter().filter_map(|set| set.to_str().ok()?.split(';').next());
        let cookies = set.collect::<Vec<_>>().join("; ");

        let ask = async |server: &FanlightServer, path: &str| {
            let asked = thief.get(format!("{}{path}", server.url())).header("cookie", &cookies).send().await?;
            anyhow::Ok((asked.status().as_u16(), asked.text().await?))
        };
        ensure!(ask(&first, "/oauth2/userinfo").await?.0 == 200);
        let out = thief.post(format!("{}/oauth2/logout", first.url())).header("cookie", &cookies).send().await?;
        ensure!(out.status() == 200 && ask(&first, "/oauth2/userinfo").await?.0 == 400);

        let wire = Wire::to(plane).await?;
        wire.close();
        let late = FanlightServer::replica(Path::new(PROGRAM), plane, "late", ("late", &wire), &[&keys]).await?;
        let (status, lacks) = ask(&late, "/ready").await?;
        ensure!(status == 503 && lacks.contains("not known yet which sessions were ended"), "{status}: {lacks}");
        wire.open();
        until(async || Ok(ask(&late, "/ready").await?.0 == 200)).await?;
        let (status, answer) = ask(&late, "/oauth2/userinfo").await?;
        ensure!(status == 400, "{status}: {answer}");
        Ok(())
    });
}
