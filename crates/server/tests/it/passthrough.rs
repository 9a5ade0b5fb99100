//! Requests that go to the API server with the caller's own token.

use std::{collections::BTreeSet, path::Path, time::Duration};

use anyhow::{Context, ensure};
use fanlight_testbed::{
    AuditEntry, ControlPlane, FanlightServer, Issuer, Keycloak, Options, Stream, estate,
    rights::{flux_rules, sign_in_rules},
    secrets,
};
use reqwest::{Client, RequestBuilder, Response};
use serde_json::{Value, json};

use crate::{
    bearer::REFUSED,
    shared::{PROGRAM, WATCH, in_namespace, log_with, start, until, until_provider},
};

const METHODS: &str = "--auth-methods=user-account,oidc,Token-Passthrough";
const PASS_ON: &str = "WEAVE_GITOPS_FEATURE_OIDC_AUTH_PASSTHROUGH=true";

async fn answer(request: RequestBuilder) -> anyhow::Result<(u16, String)> {
    let response = request.send().await?;
    Ok((response.status().as_u16(), response.text().await?))
}

/// The requests that somebody made by their own token.
fn of<'a>(entries: &'a [AuditEntry], name: &'a str) -> impl Iterator<Item = &'a AuditEntry> {
    entries.iter().filter(move |entry| entry.user.username == name && entry.impersonated_user.is_none())
}

#[test]
fn a_service_accounts_token_shows_what_the_account_may_and_goes_with_each_request() {
    in_namespace("robots", async |plane| {
        plane.apply(&estate::kustomization("robots", "shop")).await?;
        plane.install_robot("robots", "robot", flux_rules(&["get", "list", "watch", "patch"])).await?;
        plane.install_robot("robots", "idler", json!([])).await?;
        let [robot, idler] = [plane.token_of("robots", "robot").await?, plane.token_of("robots", "idler").await?];
        let server = start(plane, "robots", &[METHODS]).await?;
        let client = FanlightServer::client()?;
        let url = |path: &str| format!("{}{path}", server.url());
        let audit = plane.audit().from_now()?;

        // The first page may come before the list is read.
        let shown = async || answer(client.get(url("/applications")).bearer_auth(&robot)).await;
        until(async || Ok(shown().await?.1.contains("Kustomization/robots/shop"))).await?;
        for _ in 0..5 {
            let (status, page) = shown().await?;
            ensure!(status == 200 && page.contains("Kustomization/robots/shop"), "{status}: {page}");
        }
        let (status, page) = answer(client.get(url("/applications")).bearer_auth(&idler)).await?;
        ensure!(status == 200 && !page.contains("Kustomization/robots/shop"), "{status}: {page}");
        let access = answer(client.get(url("/user_info")).bearer_auth(&robot)).await?.1;
        ensure!(access.contains("system:serviceaccount:robots:robot, by a token"), "{access}");
        ensure!(access.contains("system:serviceaccounts:robots") && access.contains("with your own token"), "{access}");

        let name = "system:serviceaccount:robots:robot";
        let entries = audit.entries()?;
        let asked = of(&entries, name).filter(|entry| entry.uri.contains("/selfsubjectreviews")).count();
        ensure!(asked == 1, "{asked} questions whose the token is");
        let read: BTreeSet<_> =
            of(&entries, name).filter(|entry| entry.is_of_flux()).map(|entry| &*entry.verb).collect();
        ensure!(read == BTreeSet::from(["list"]), "nothing is watched by a token: {read:?}");
        let own = "system:serviceaccount:robots:fanlight";
        ensure!(
            !entries.iter().any(|entry| entry.user.username == own && entry.is_of_flux()),
            "nobody is impersonated"
        );
        ensure!(!entries.iter().any(|entry| entry.uri.contains("tokenreviews")));

        let form = [("action", "suspend"), ("object", "Kustomization/robots/shop"), ("comment", "by a robot")];
        let request =
            client.post(url("/actions")).bearer_auth(&robot).header("Accept", "application/x-ndjson").form(&form);
        let (status, told) = answer(request).await?;
        ensure!(status == 200 && told.contains("\"word\":\"Done\""), "{status}: {told}");
        ensure!(of(&audit.entries()?, name).any(|entry| entry.verb == "patch" && entry.code() == Some(200)));
        log_with(&server, &["\"method\":\"token\"", &format!("\"user\":\"{name}\"")]).await?;
        Ok(())
    });
}

#[test]
fn who_brings_a_token_sees_the_rows_that_a_person_keeps_current_and_asks_for_none() {
    in_namespace("riders", async |plane| {
        plane.set_emergency_user("riders", "coachman", "secret").await?;
        plane.grant_in("riders", "coachman", flux_rules(&WATCH)).await?;
        plane.install_robot("riders", "robot", flux_rules(&WATCH)).await?;
        plane.apply(&estate::kustomization("riders", "shop")).await?;
        let robot = plane.token_of("riders", "robot").await?;
        let server = start(plane, "riders", &[METHODS]).await?;
        let coachman = server.sign_in("coachman", "secret").await?;
        let mut watching = server.stream(&coachman).await?;
        // Every kind is there, not only the first.
        let all = |view: &str| view.contains("Kustomization/riders/shop") && !view.contains("Still loading");
        watching.until(all).await?;
        let audit = plane.audit().from_now()?;
        let client = FanlightServer::client()?;
        let events = client.get(format!("{}/applications/events", server.url())).bearer_auth(&robot);
        let mut stream = Stream::of(events.send().await?.error_for_status()?);
        stream.until_rows(&["Kustomization/riders/shop"]).await?;
        plane.apply(&estate::kustomization("riders", "late")).await?;
        stream.until(|view| view.contains("Kustomization/riders/late")).await?;
        let entries = audit.entries()?;
        let read = of(&entries, "system:serviceaccount:riders:robot").filter(|entry| entry.is_of_flux()).count();
        ensure!(read == 0, "{read} requests of the robot’s own");
        Ok(())
    });
}

#[test]
fn over_a_connection_with_a_client_certificate_a_token_would_not_count_and_so_takes_another_one() {
    in_namespace("laptop", async |plane| {
        plane.install_robot("laptop", "idler", json!([])).await?;
        plane.apply(&estate::kustomization("laptop", "shop")).await?;
        let idler = plane.token_of("laptop", "idler").await?;
        let server = FanlightServer::start_on_laptop(PROGRAM.as_ref(), plane, &[METHODS]).await?;
        let client = FanlightServer::client()?;
        let get = |path: &str, token: &str| client.get(format!("{}{path}", server.url())).bearer_auth(token);
        let mut page = String::new();
        until(async || {
            page = answer(get("/applications", &idler)).await?.1;
            Ok(page.contains("You may not list any applications") || page.contains("Kustomization/laptop/shop"))
        })
        .await?;
        ensure!(!page.contains("Kustomization/laptop/shop"), "the administrator’s rights are not the robot’s: {page}");
        let access = answer(get("/user_info", &idler)).await?.1;
        ensure!(access.contains("system:serviceaccount:laptop:idler, by a token"), "{access}");
        ensure!(answer(get("/v1/objects", "nobodys-token")).await? == (401, REFUSED.to_owned()));
        Ok(())
    });
}

#[test]
fn a_token_that_kubernetes_takes_no_more_is_refused_within_half_a_minute_and_its_stream_ends() {
    in_namespace("revoked", async |plane| {
        plane.install_robot("revoked", "robot", flux_rules(&WATCH)).await?;
        plane.apply(&estate::kustomization("revoked", "shop")).await?;
        let robot = plane.token_of("revoked", "robot").await?;
        let server = start(plane, "revoked", &[METHODS]).await?;
        let client = FanlightServer::client()?;
        let get = |path: &str| client.get(format!("{}{path}", server.url())).bearer_auth(&robot);
        let mut stream = Stream::of(get("/applications/events").send().await?.error_for_status()?);
        stream.until_rows(&["Kustomization/revoked/shop"]).await?;
        plane
            .delete(&json!({"apiVersion": "v1", "kind": "ServiceAccount",
                "metadata": {"name": "robot", "namespace": "revoked"}}))
            .await?;
        tokio::time::timeout(Duration::from_secs(60), async {
            while let Some((event, _)) = stream.next().await? {
                if event == "end" {
                    return Ok(());
                }
            }
            anyhow::bail!("the stream broke off")
        })
        .await
        .context("the stream goes on")??;
        ensure!(answer(get("/v1/objects")).await? == (401, REFUSED.to_owned()));
        Ok(())
    });
}

#[test]
fn what_kubernetes_does_not_know_may_still_be_an_id_token_and_strangers_are_slowed_down() {
    in_namespace("either", async |plane| {
        let issuer = Issuer::start_plain().await?;
        issuer.behave(|manners| manners.claim("email", "alice@either.example.com"));
        let flags = [
            format!("--oidc-issuer-url={}", issuer.url()),
            format!("--oidc-client-id={}", Issuer::CLIENT),
            "--oidc-redirect-url=http://127.0.0.1:9/oauth2/callback".to_owned(),
            METHODS.to_owned(),
        ];
        let server = start(plane, "either", &flags.each_ref().map(String::as_str)).await?;
        let client = FanlightServer::client()?;
        let get = |token: &str| client.get(format!("{}/user_info", server.url())).bearer_auth(token);
        let token = issuer.id_token()?;
        let mut last = (0, String::new());
        until(async || {
            last = answer(get(&token)).await?;
            Ok(last.0 != 503)
        })
        .await?;
        ensure!(last.0 == 200 && last.1.contains("alice@either.example.com, by an ID token"), "{last:?}");
        let mut statuses = BTreeSet::new();
        for number in 0..40 {
            let refused = get(&format!("stranger-{number}")).send().await?;
            let status = refused.status().as_u16();
            ensure!((status == 429) == refused.headers().contains_key("retry-after"));
            statuses.insert(status);
        }
        ensure!(statuses == BTreeSet::from([401, 429]), "{statuses:?}");
        Ok(())
    });
}

#[test]
fn who_signs_in_where_kubernetes_does_not_take_the_id_token_reads_why() {
    in_namespace("not-taken", async |plane| {
        let issuer = Issuer::start_plain().await?;
        let mut flags = issuer.flags().to_vec();
        flags.extend(["--insecure", METHODS].map(ToOwned::to_owned));
        let names = ["not-taken", "fanlight"];
        let server = FanlightServer::start_as(Path::new(PROGRAM), plane, names, &flags, &[PASS_ON.to_owned()]).await?;
        let client = FanlightServer::client()?;
        let mut sent = None;
        until(async || {
            let answer = client.get(format!("{}/oauth2?return_url=/applications", server.url())).send().await?;
            let ready = answer.status() == 303;
            sent = ready.then_some(answer);
            Ok(ready)
        })
        .await?;
        // Somebody else in the same network makes up tokens, until they are not looked at any more.
        let mut number = 0;
        until(async || {
            number += 1;
            let made_up = client.get(format!("{}/user_info", server.url())).bearer_auth(format!("made-up-{number}"));
            Ok(made_up.send().await?.status() == 429)
        })
        .await?;
        let back = client.get(location(&sent.context("an answer")?)?).send().await?;
        let back = location(&back)?.replace(Issuer::NOWHERE, server.url());
        let (status, page) = answer(client.get(back)).await?;
        ensure!(status == 403 && page.contains("does not take the identity provider’s ID tokens"), "{status}: {page}");
        log_with(&server, &["\"reason\":\"not-taken\""]).await?;
        Ok(())
    });
}

fn location(response: &Response) -> anyhow::Result<String> {
    let place = response.headers().get("location").with_context(|| format!("{} leads nowhere", response.status()))?;
    Ok(place.to_str()?.to_owned())
}

/// A cluster that trusts Keycloak itself, and a server there that may impersonate nobody.
struct Trust {
    plane: ControlPlane,
    keycloak: Keycloak,
    server: FanlightServer,
}

impl Trust {
    async fn begin() -> anyhow::Result<Self> {
        let keycloak = Keycloak::start().await?;
        let plane = ControlPlane::with(Options { oidc: Some(keycloak.trusted()), ..Options::default() }).await?;
        plane.install_limited_account("fanlight", &Value::from(sign_in_rules(&["oidc-auth"]))).await?;
        plane.grant_group_everywhere("platform", flux_rules(&WATCH)).await?;
        plane.create_namespace("apps").await?;
        plane.apply(&estate::kustomization("apps", "shop")).await?;
        let flags = ["--insecure", "--log-level=debug", METHODS].map(ToOwned::to_owned);
        let names = ["fanlight", "fanlight"];
        let server = FanlightServer::start_as(Path::new(PROGRAM), &plane, names, &flags, &[PASS_ON.to_owned()]).await?;
        let trust = Self { plane, keycloak, server };
        trust.set_up().await?;
        Ok(trust)
    }

    async fn set_up(&self) -> anyhow::Result<()> {
        self.plane.apply(&self.keycloak.settings("fanlight", self.server.url())?).await?;
        until_provider(&self.server).await
    }

    fn url(&self, path: &str) -> String {
        format!("{}{path}", self.server.url())
    }

    /// Signs in on Keycloak's pages; what the callback answers.
    async fn arrive(&self, client: &Client, name: &str) -> anyhow::Result<Response> {
        let sent = client.get(self.url("/oauth2?return_url=/applications")).send().await?;
        let form = client.get(location(&sent)?).send().await?.error_for_status()?.text().await?;
        let action = form.split_once("action=\"").and_then(|(_, rest)| rest.split_once('"')).context("no form")?.0;
        let fields = [("username", name), ("password", Keycloak::PASSWORD)];
        let back = client.post(action.replace("&amp;", "&")).form(&fields).send().await?;
        Ok(client.get(location(&back)?).send().await?)
    }

    async fn a_script_brings_an_id_token(&self) -> anyhow::Result<()> {
        let tokens = self.keycloak.tokens("alice").await?;
        let token = tokens["id_token"].as_str().context("no ID token")?;
        secrets::plant(token);
        self.plane.until_taken(token).await?;
        let client = FanlightServer::client()?;
        // The first page may come before the list is read.
        let shown = async || answer(client.get(self.url("/applications")).bearer_auth(token)).await;
        until(async || Ok(shown().await?.1.contains("Kustomization/apps/shop"))).await?;
        let (status, page) = shown().await?;
        ensure!(status == 200 && page.contains("Kustomization/apps/shop"), "{status}: {page}");
        let access = answer(client.get(self.url("/user_info")).bearer_auth(token)).await?.1;
        ensure!(access.contains("alice, by a token"), "the API server’s name for her: {access}");
        Ok(())
    }

    async fn an_id_token_goes_on_also_where_no_other_token_is_taken(&self) -> anyhow::Result<()> {
        let names = ["fanlight", "fanlight"];
        let flags = ["--insecure".to_owned()];
        let environment = [PASS_ON.to_owned()];
        let server = FanlightServer::start_as(Path::new(PROGRAM), &self.plane, names, &flags, &environment).await?;
        let client = FanlightServer::client()?;
        let get = |path: &str| client.get(format!("{}{path}", server.url()));
        until_provider(&server).await?;
        let tokens = self.keycloak.tokens("alice").await?;
        let token = tokens["id_token"].as_str().context("no ID token")?;
        secrets::plant(token);
        self.plane.until_taken(token).await?;
        let access = answer(get("/user_info").bearer_auth(token)).await?.1;
        ensure!(access.contains("alice, by an ID token"), "not by our own rules: {access}");
        let account = self.plane.token_of("fanlight", "fanlight").await?;
        ensure!(answer(get("/user_info").bearer_auth(&account)).await?.0 == 401, "it is no ID token of ours");
        Ok(())
    }

    async fn a_person_signs_in_and_sponsors_watches_by_her_own_token(&self) -> anyhow::Result<()> {
        let audit = self.plane.audit().from_now()?;
        let alice = self.keycloak.client()?;
        let arrived = self.arrive(&alice, "alice").await?;
        ensure!(location(&arrived)? == "/applications");
        let mut stream = self.server.stream(&alice).await?;
        stream.until_rows(&["Kustomization/apps/shop"]).await?;
        self.plane.apply(&estate::kustomization("apps", "late")).await?;
        stream.until(|view| view.contains("Kustomization/apps/late")).await?;
        let watched = |entry: &AuditEntry| entry.is_of_flux() && entry.is_open_watch();
        let entries = audit.until(|entries| of(entries, "alice").any(watched)).await?;
        ensure!(entries.iter().all(|entry| entry.impersonated_user.is_none()), "nobody is impersonated");

        let refreshed = alice.post(self.url("/oauth2/refresh")).send().await?;
        ensure!(refreshed.status() == 200, "{}", self.server.log());
        let (status, page) = answer(alice.get(self.url("/applications"))).await?;
        ensure!(status == 200 && page.contains("Kustomization/apps/late"), "{status}: {page}");
        let access = answer(alice.get(self.url("/user_info"))).await?.1;
        ensure!(access.contains("alice@example.com, at the identity provider"), "{access}");
        ensure!(access.contains("<dt>User in Kubernetes</dt><dd>alice</dd>"), "{access}");
        let known: Value = alice.get(self.url("/oauth2/userinfo")).send().await?.json().await?;
        ensure!(known["id"] == "alice@example.com", "{known}");
        Ok(())
    }
}

/// One start of Keycloak and of a cluster for all of it.
#[tokio::test(flavor = "multi_thread")]
async fn id_tokens_of_keycloak_go_on_to_an_api_server_that_trusts_it() -> anyhow::Result<()> {
    let trust = Trust::begin().await?;
    trust.a_script_brings_an_id_token().await?;
    trust.a_person_signs_in_and_sponsors_watches_by_her_own_token().await?;
    trust.an_id_token_goes_on_also_where_no_other_token_is_taken().await
}
