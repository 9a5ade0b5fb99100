//! The account of who signed in, did and saw what.

use std::{
    collections::BTreeSet,
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, ensure};
use fanlight_testbed::{
    ControlPlane, FanlightServer, Issuer, Stream, estate,
    rights::flux_rules,
    secrets::{self, plant},
};
use reqwest::{Client, Response, header::ACCEPT};
use serde_json::{Value, json};

use crate::shared::{PROGRAM, WATCH, in_namespace, until, until_provider};

const PASSWORD: &str = "the-emergency-password";

/// Somebody who is known in one namespace alone.
fn alice(namespace: &str) -> String {
    format!("alice@{namespace}.example.com")
}

/// A server that gives account of everything, at its most talkative, with a provider that knows Alice. She may watch
/// what is in the server's own namespace, and nothing else.
pub(crate) struct Scene {
    pub(crate) issuer: Issuer,
    pub(crate) server: FanlightServer,
    audit: PathBuf,
}

impl Scene {
    pub(crate) async fn set(plane: &ControlPlane, namespace: &str) -> anyhow::Result<Self> {
        let issuer = Issuer::start_plain().await?;
        issuer.behave(|manners| {
            manners.claim("email", alice(namespace));
            manners.claim("groups", json!([format!("of-{namespace}"), format!("in-{namespace}")]));
        });
        let audit = plane.folder().join(format!("{namespace}.audit"));
        let more = [
            format!("--audit-log={}", audit.display()),
            "--log-level=debug".to_owned(),
            "--enable-metrics".to_owned(),
            "--metrics-address=127.0.0.1:0".to_owned(),
        ];
        plane.set_emergency_user(namespace, "admin", PASSWORD).await?;
        plane.grant_in(namespace, &alice(namespace), flux_rules(&WATCH)).await?;
        plane.apply(&estate::kustomization(namespace, "shop")).await?;
        let flags = issuer.flags();
        let flags: Vec<_> = flags.iter().chain(&more).map(String::as_str).collect();
        let server = FanlightServer::start(PROGRAM.as_ref(), plane, namespace, &flags).await?;
        let scene = Self { issuer, server, audit };
        until_provider(&scene.server).await?;
        Ok(scene)
    }

    pub(crate) async fn get(&self, client: &Client, path: &str) -> anyhow::Result<Response> {
        Ok(client.get(format!("{}{path}", self.server.url())).send().await?)
    }

    async fn post(&self, client: &Client, path: &str) -> anyhow::Result<Response> {
        Ok(client.post(format!("{}{path}", self.server.url())).send().await?)
    }

    /// Alice signs in at the provider.
    pub(crate) async fn alice(&self) -> anyhow::Result<Client> {
        let client = FanlightServer::client()?;
        let sent = self.get(&client, "/oauth2?return_url=/applications").await?;
        let back = client.get(location(&sent)?).send().await?;
        let back = location(&back)?.replace(Issuer::NOWHERE, self.server.url());
        let arrived = client.get(back).send().await?;
        ensure!(arrived.status() == 303, "{}", arrived.status());
        for cookie in arrived.headers().get_all("set-cookie") {
            let value = cookie.to_str()?.split_once('=').and_then(|(_, rest)| rest.split(';').next());
            value.filter(|value| value.len() > 20).into_iter().for_each(plant);
        }
        Ok(client)
    }

    /// Everything that there is an event of, once; the numbers of some of the requests.
    pub(crate) async fn play(&self, namespace: &str) -> anyhow::Result<Vec<String>> {
        let stranger = FanlightServer::client()?;
        plant("typed-but-not-the-password");
        let refused = self.server.try_sign_in(&stranger, "admin\u{202e}\n", "typed-but-not-the-password").await?;
        let admin = self.server.sign_in("admin", PASSWORD).await?;
        let lost = self.get(&stranger, "/oauth2/callback?code=a-code-that-nobody-gave&state=x").await?;
        ensure!(lost.status() == 400);
        let mut numbers = vec![number(&refused)?, number(&lost)?];
        ensure!(lost.text().await?.contains(&numbers[1]), "the page shows the number");

        let alice = self.alice().await?;
        // What a page shows is written down as far as it is known by then. This page looks at no object, and is not.
        until(async || {
            let page = self.get(&alice, "/user_info").await?.text().await?;
            Ok(page.contains(&format!("in {namespace}<")) && !page.contains(">not known<"))
        })
        .await?;
        let page = self.get(&alice, "/applications").await?.error_for_status()?;
        let there = self.get(&alice, &format!("/kustomization/details?namespace={namespace}&name=shop")).await?;
        let hidden = self.get(&alice, "/kustomization/details?namespace=kube-system&name=shop").await?;
        ensure!(there.status() == 200 && hidden.status() == 403);
        numbers.extend([number(&page)?, number(&there)?, number(&hidden)?]);
        let opened = self.get(&alice, "/applications/events").await?.error_for_status()?;
        numbers.push(number(&opened)?);
        let mut stream = Stream::of(opened);
        stream.next().await?.context("a view")?;
        drop(stream);
        self.await_event("stream-closed").await?;

        let object = format!("Kustomization/{namespace}/shop");
        let form = [("action", "suspend"), ("comment", "hush"), ("object", object.as_str())];
        let acting = alice.post(format!("{}/actions", self.server.url())).form(&form);
        let acted = acting.header(ACCEPT, "application/x-ndjson").send().await?;
        numbers.push(number(&acted)?);
        ensure!(acted.text().await?.contains("Refused"));

        ensure!(self.post(&alice, "/oauth2/refresh").await?.status() == 200);
        self.issuer.end_sessions();
        ensure!(self.post(&alice, "/oauth2/refresh").await?.status() == 401);
        let left = self.post(&admin, "/oauth2/logout").await?;
        numbers.push(number(&left)?);
        Ok(numbers)
    }

    fn text(&self) -> anyhow::Result<String> {
        fs::read_to_string(&self.audit).context("the account")
    }

    fn events(&self) -> anyhow::Result<Vec<Value>> {
        parse(&self.text()?)
    }

    /// Waits until something is written down.
    async fn await_event(&self, name: &str) -> anyhow::Result<()> {
        until(async || Ok(self.events()?.iter().any(|event| event["audit"] == name))).await
    }
}

fn parse(text: &str) -> anyhow::Result<Vec<Value>> {
    text.lines().map(|line| serde_json::from_str(line).with_context(|| line.to_owned())).collect()
}

fn number(response: &Response) -> anyhow::Result<String> {
    let number = response.headers().get("x-request-id").context("no number")?.to_str()?;
    ensure!(number.len() == 16, "{number}");
    Ok(number.to_owned())
}

fn location(response: &Response) -> anyhow::Result<String> {
    let location =
        response.headers().get("location").with_context(|| format!("{} leads nowhere", response.status()))?;
    Ok(location.to_str()?.to_owned())
}

#[test]
fn every_event_is_written_down_once_with_who_and_where_and_no_secret_anywhere() {
    in_namespace("audited", async |plane| {
        let scene = Scene::set(plane, "audited").await?;
        let numbers = scene.play("audited").await?;
        scene.await_event("sign-out").await?;
        let mut events = scene.events()?;
        for event in &events {
            ensure!(
                event["address"] == "127.0.0.1" && event["request"].as_str().is_some_and(|id| id.len() == 16),
                "{event}"
            );
            ensure!(event["time"].as_str().is_some_and(|time| time.ends_with('Z')), "{event}");
        }
        let marks: BTreeSet<_> = events.iter().filter_map(|event| event["session"].as_str()).collect();
        ensure!(marks.len() == 2, "one session of each: {events:?}");
        let asked: Vec<_> = events.iter().map(|event| event["request"].as_str().unwrap_or_default()).collect();
        for number in &numbers {
            ensure!(asked.contains(&number.as_str()), "{number} in {asked:?}");
        }
        let denied = events.iter_mut().find_map(|event| {
            event.get_mut("reason").filter(|reason| reason.as_str().is_some_and(|text| text.contains(' ')))
        });
        let denied = denied.context("no words of Kubernetes’")?.take();
        ensure!(denied.as_str().is_some_and(|words| words.contains("cannot patch resource")), "{denied}");
        for event in &mut events {
            let fields = event.as_object_mut().context("not an object")?;
            for noise in ["time", "request", "address", "session", "seconds"] {
                fields.remove(noise);
            }
        }
        let alice = |mut event: Value| {
            let fields = event.as_object_mut().expect("an object");
            fields.extend([
                ("user".to_owned(), self::alice("audited").into()),
                ("groups".to_owned(), 2.into()),
                ("method".to_owned(), "oidc".into()),
            ]);
            event
        };
        let kinds = ["Kustomization", "HelmRelease", "GitRepository", "OCIRepository", "HelmChart"];
        let scopes: serde_json::Map<_, _> =
            kinds.map(|kind| (kind.to_owned(), json!(["audited"]))).into_iter().collect();
        let shop = "Kustomization/audited/shop";
        let expected = [
            json!({"audit": "sign-in", "method": "emergency", "user": "admin\u{fffd}\u{fffd}", "outcome": "refused", "reason": "credentials"}),
            json!({"audit": "sign-in", "method": "emergency", "user": "admin", "groups": 0, "outcome": "done"}),
            json!({"audit": "sign-in", "method": "oidc", "outcome": "refused", "reason": "not-begun-here"}),
            alice(json!({"audit": "sign-in", "outcome": "done"})),
            alice(json!({"audit": "view", "page": "applications", "scopes": scopes, "outcome": "done"})),
            alice(json!({"audit": "view", "page": "object", "object": shop, "outcome": "done"})),
            alice(
                json!({"audit": "view", "page": "object", "object": "Kustomization/kube-system/shop", "outcome": "refused"}),
            ),
            alice(json!({"audit": "stream-opened", "page": "applications", "scopes": scopes})),
            alice(json!({"audit": "stream-closed", "page": "applications", "scopes": scopes})),
            alice(json!({"audit": "action", "verb": "suspend", "objects": [shop]})),
            alice(
                json!({"audit": "action-outcome", "verb": "suspend", "object": shop, "outcome": "refused", "reason": null}),
            ),
            alice(json!({"audit": "refresh", "outcome": "done"})),
            alice(json!({"audit": "refresh", "outcome": "failed", "reason": "provider"})),
            json!({"audit": "sign-out", "user": "admin", "groups": 0, "method": "emergency"}),
        ];
        for (event, expected) in events.iter().zip(&expected) {
            ensure!(event == expected, "{event} is not {expected}");
        }
        ensure!(events.len() == expected.len(), "{events:?}");

        let metrics = crate::metrics::read(&scene.server).await?;
        for (what, text) in [("account", scene.text()?), ("log", scene.server.log()), ("metrics", metrics)] {
            let found = secrets::found_in(&text);
            ensure!(found.is_empty() && !text.contains("a-code-that-nobody-gave"), "{found:?} in the {what}");
        }
        documented(&events)
    });
}

/// The page about the account has a row for each event.
fn documented(events: &[Value]) -> anyhow::Result<()> {
    let page = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/audit.md"))?;
    for event in events {
        let name = event["audit"].as_str().unwrap_or_default();
        ensure!(page.contains(&format!("| `{name}` |")), "{name}");
    }
    Ok(())
}

#[test]
fn the_file_is_for_its_owner_alone_and_is_opened_anew_when_it_is_moved_away() {
    in_namespace("rotated", async |plane| {
        let audit = plane.folder().join("rotated.audit");
        let flag = format!("--audit-log={}", audit.display());
        let server = FanlightServer::start(PROGRAM.as_ref(), plane, "rotated", &[&flag]).await?;
        let attempt = async || server.try_sign_in(&FanlightServer::client()?, "root", "x").await.map(drop);
        let lines = |path: &Path| fs::read_to_string(path).unwrap_or_default().lines().count();
        attempt().await?;
        until(async || Ok(lines(&audit) == 1)).await?;
        ensure!(fs::metadata(&audit)?.permissions().mode() & 0o777 == 0o600);
        let moved = audit.with_extension("1");
        fs::rename(&audit, &moved)?;
        attempt().await?;
        until(async || Ok(lines(&audit) == 1)).await?;
        ensure!(lines(&moved) == 1, "nothing was written twice");
        // A signal that would end other programs.
        fs::rename(&audit, &moved)?;
        let hangup = Command::new("kill").args(["-HUP", &server.process()?.to_string()]).status()?;
        ensure!(hangup.success());
        until(async || Ok(audit.exists())).await?;
        attempt().await?;
        until(async || Ok(lines(&audit) == 1)).await
    });
}

#[test]
fn a_full_disk_stops_nobody_and_is_said_once() {
    in_namespace("full", async |plane| {
        plane.set_emergency_user("full", "admin", PASSWORD).await?;
        let flags = ["--audit-log=/dev/full", "--enable-metrics", "--metrics-address=127.0.0.1:0"];
        let server = FanlightServer::start(PROGRAM.as_ref(), plane, "full", &flags).await?;
        for _ in 0..3 {
            server.sign_in("admin", PASSWORD).await?;
        }
        until(async || Ok(crate::metrics::read(&server).await?.contains("fanlight_audit_lines_lost_total 3"))).await?;
        ensure!(server.log().matches("the audit log cannot be written").count() == 1, "{}", server.log());
        Ok(())
    });
}

#[test]
fn without_a_file_the_account_stands_in_the_log_and_a_file_that_cannot_be_opened_stops_the_start() {
    in_namespace("among", async |plane| {
        let server = FanlightServer::start(PROGRAM.as_ref(), plane, "among", &[]).await?;
        server.try_sign_in(&FanlightServer::client()?, "root", "x").await?;
        until(async || {
            Ok(server
                .log()
                .lines()
                .any(|line| line.starts_with("{\"time\":") && line.contains("\"audit\":\"sign-in\"")))
        })
        .await?;
        let output = Command::new(PROGRAM).args(["--insecure", "--port=0", "--audit-log=/nowhere/at/all"]).output()?;
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        ensure!(!output.status.success() && said.contains("cannot open the audit log"), "{said}");
        Ok(())
    });
}

#[test]
fn every_request_has_our_number_and_its_line_says_no_more_than_the_path() {
    in_namespace("numbered", async |plane| {
        let server = FanlightServer::start(PROGRAM.as_ref(), plane, "numbered", &["--log-level=debug"]).await?;
        let client = FanlightServer::client()?;
        let mut numbers = BTreeSet::new();
        for (path, status, level) in [
            ("/sign_in?redirect=hidden-part", 200, "DEBUG"),
            ("/a/b/c?code=hidden-part", 404, "INFO"),
            ("/v1/objects?x=hidden-part", 401, "INFO"),
        ] {
            let request = client.get(format!("{}{path}", server.url())).header("X-Request-Id", "from-before.us");
            let response = request.send().await?;
            ensure!(response.status() == status, "{path}: {}", response.status());
            let number = number(&response)?;
            let told = |line: &str| {
                let path = path.split('?').next().unwrap_or_default();
                [level, &number, "from-before.us", &format!("uri=\"{path}\"")].iter().all(|part| line.contains(part))
            };
            until(async || Ok(server.log().lines().any(told))).await?;
            numbers.insert(number);
        }
        let forged = client.get(format!("{}/sign_in", server.url())).header("X-Request-Id", "not=well formed");
        number(&forged.send().await?)?;
        ensure!(numbers.len() == 3 && !server.log().contains("hidden-part") && !server.log().contains("well formed"));
        Ok(())
    });
}

#[test]
fn a_secret_in_a_log_fails_the_test_that_the_server_was_started_for() {
    in_namespace("leaking", async |plane| {
        let server = FanlightServer::start(PROGRAM.as_ref(), plane, "leaking", &["--log-level=debug"]).await?;
        let secret = "planted-in-a-path-on-purpose";
        plant(secret);
        FanlightServer::client()?.get(format!("{}/{secret}", server.url())).send().await?;
        until(async || Ok(server.log().contains(secret))).await?;
        let caught = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| drop(server)));
        let words = caught.err().and_then(|panic| panic.downcast::<String>().ok()).context("nobody noticed")?;
        ensure!(words.contains("secrets are in the log"), "{words}");
        Ok(())
    });
}
