//! Sessions of one server: what people see of them, how long they last, and what seals them.

use std::{path::PathBuf, time::Duration};

use anyhow::{Context, ensure};
use base64::{Engine, engine::general_purpose::STANDARD};
use fanlight_testbed::{
    Browser, ControlPlane, FanlightServer, Look, SessionForge, Stream, rights::flux_rules, secrets,
};
use reqwest::{Client, Response, header::USER_AGENT};
use serde_json::{Value, json};

use crate::shared::{WATCH, in_namespace, start, until};

async fn get(server: &FanlightServer, client: &Client, path: &str) -> anyhow::Result<Response> {
    Ok(client.get(format!("{}{path}", server.url())).send().await?)
}

async fn text(server: &FanlightServer, client: &Client, path: &str) -> anyhow::Result<String> {
    Ok(get(server, client, path).await?.error_for_status()?.text().await?)
}

async fn is_signed_in(server: &FanlightServer, client: &Client) -> anyhow::Result<bool> {
    Ok(get(server, client, "/oauth2/userinfo").await?.status() == 200)
}

/// What the account has written down so far.
fn account(audit: &PathBuf) -> anyhow::Result<Vec<Value>> {
    let text = std::fs::read_to_string(audit)?;
    text.lines().map(|line| Ok(serde_json::from_str(line)?)).collect()
}

#[test]
fn people_see_where_they_are_signed_in_and_end_one_session_or_all_without_script() {
    in_namespace("sessions", async |plane| {
        plane.install_session_record("sessions").await?;
        plane.set_emergency_user("sessions", "admin", "secret").await?;
        plane.grant_in("sessions", "admin", flux_rules(&WATCH)).await?;
        let audit = plane.folder().join("sessions.audit");
        let server = start(plane, "sessions", &[&format!("--audit-log={}", audit.display())]).await?;
        let script = server.sign_in("admin", "secret").await?;
        let asked = script.get(format!("{}/oauth2/userinfo", server.url())).header(USER_AGENT, "curl/8.14");
        ensure!(asked.send().await?.status() == 200);

        let browser = Browser::open(Look { script: false, ..Look::DESK }).await?;
        browser.sign_in(server.url(), "admin", "secret").await?;
        browser.one("a.self[href='/sessions']").await?.click().await?;
        let table = browser.one("table.sessions").await?.text().await?;
        let shown = ["Chrome on Linux\nthis one", "curl", "127.0.0.1"];
        ensure!(shown.iter().all(|words| table.contains(words)), "{table}");
        browser
            .one("form[action='/sessions/end'] button[aria-label^='End the session of curl']")
            .await?
            .click()
            .await?;
        until(async || Ok(!is_signed_in(&server, &script).await?)).await?;
        // It has ended a moment before the browser has the next page.
        browser.until("document.querySelector('table.sessions')?.textContent.includes('curl') === false").await?;
        let again = server.sign_in("admin", "secret").await?;
        browser.one("main > form[action='/sessions/end'] button").await?.click().await?;
        browser.one("input[name=username]").await?;
        until(async || Ok(!is_signed_in(&server, &again).await?)).await?;
        let complaints = browser.complaints().await?;
        ensure!(complaints.is_empty(), "{complaints:#?}");

        // A thread of its own writes the account.
        let mut ended = Vec::new();
        until(async || {
            ended = account(&audit)?;
            ended.retain(|line| line["audit"] == "revocation");
            Ok(ended.len() >= 2)
        })
        .await
        .context("two ends of sessions in the account")?;
        ensure!(
            ended.len() == 2 && ended.iter().all(|line| line["outcome"] == "done" && line["user"] == "admin"),
            "{ended:#?}"
        );
        ensure!(ended[0]["what"]["session"].is_string() && ended[1]["what"] == json!({"user": "admin"}), "{ended:#?}");
        Ok(())
    });
}

#[test]
fn nobody_ends_a_session_of_somebody_else() {
    in_namespace("sessions-of-others", async |plane| {
        plane.set_emergency_user("sessions-of-others", "admin", "secret").await?;
        let forge = SessionForge::new(plane, "sessions-of-others", "admin", "secret").await?;
        let server = &start(plane, "sessions-of-others", &[&forge.argument()]).await?;
        let (ann, bob) = (forge.client(server, "ann", &[])?, forge.client(server, "bob", &[])?);
        ensure!(is_signed_in(server, &bob).await?);
        let page = text(server, &ann, "/sessions").await?;
        ensure!(page.matches("<tr>").count() == 2, "only her own beside the heading: {page}");
        for session in ["", "x", "AAAAAAAAAAAAAAAA", "%00", "all"] {
            let url = format!("{}/sessions/end", server.url());
            let ended = ann.post(url).form(&[("session", session)]).send().await?;
            ensure!(ended.status() == 303, "{session}: {}", ended.status());
            ensure!(is_signed_in(server, &bob).await?, "{session}");
        }
        ensure!(!is_signed_in(server, &ann).await?);
        let stranger = FanlightServer::client()?.post(format!("{}/sessions/end", server.url()));
        let sent = stranger.form(&[("session", "all")]).send().await?;
        ensure!(sent.headers()["location"].to_str()?.starts_with("/sign_in"));
        Ok(())
    });
}

#[test]
fn without_the_right_to_the_record_sessions_end_here_and_the_page_says_so() {
    in_namespace("no-record", async |plane| {
        plane.set_emergency_user("no-record", "admin", "secret").await?;
        let server = start(plane, "no-record", &[]).await?;
        let client = server.sign_in("admin", "secret").await?;
        let mut page = String::new();
        until(async || {
            page = text(&server, &client, "/sessions").await?;
            Ok(page.contains("forbidden"))
        })
        .await
        .context("the API server’s words")?;
        ensure!(page.contains("Other replicas of Fanlight do not hear of the end of a session"), "{page}");
        server.sign_out(&client).await?;
        ensure!(!is_signed_in(&server, &client).await?);
        until(async || Ok(get(&server, &client, "/ready").await?.status() == 200)).await.context("it is ready so")
    });
}

#[test]
fn an_emergency_session_is_short_and_has_a_reason_where_one_is_required() {
    in_namespace("emergency-limits", async |plane| {
        plane.set_emergency_user("emergency-limits", "admin", "secret").await?;
        let audit = plane.folder().join("emergency-limits.audit");
        let log = format!("--audit-log={}", audit.display());
        let flags = [&*log, "--emergency-require-reason", "--emergency-session-duration=5s"];
        let server = start(plane, "emergency-limits", &flags).await?;
        let client = FanlightServer::client()?;
        let sign_in = async |form: Value| {
            let sent = client.post(format!("{}/oauth2/sign_in", server.url())).json(&form).send().await?;
            anyhow::Ok((sent.status().as_u16(), sent.text().await?))
        };
        ensure!(text(&server, &client, "/sign_in").await?.contains("name=\"reason\""));
        for reason in [json!(null), json!(""), json!("  ")] {
            let mut form = json!({"username": "admin", "password": "secret", "reason": reason});
            if form["reason"].is_null() {
                form.as_object_mut().context("an object")?.remove("reason");
            }
            let (status, answer) = sign_in(form).await?;
            ensure!(status == 400 && answer.contains("A reason is required"), "{reason}: {answer}");
        }
        let fields = [("username", "admin"), ("password", "secret"), ("reason", " ")];
        let page = client.post(format!("{}/oauth2/sign_in", server.url())).form(&fields).send().await?;
        ensure!(page.status() == 400 && page.text().await?.contains("Say why you sign in"));
        let good = json!({"username": "admin", "password": "secret", "reason": "INC-7: payments are down\u{202e}"});
        ensure!(sign_in(good).await?.0 == 200);
        ensure!(is_signed_in(&server, &client).await?);
        until(async || Ok(!is_signed_in(&server, &client).await?)).await?;

        let tried = account(&audit)?.into_iter().filter(|line| line["audit"] == "sign-in").collect::<Vec<_>>();
        ensure!(tried.len() == 5 && tried[0]["reason"] == "no-purpose", "{tried:#?}");
        ensure!(
            tried[4]["outcome"] == "done" && tried[4]["purpose"] == "INC-7: payments are down\u{fffd}",
            "{tried:#?}"
        );
        Ok(())
    });
}

/// A folder as a Secret is mounted.
struct Keys(PathBuf);

impl Keys {
    fn new(plane: &ControlPlane) -> anyhow::Result<Self> {
        let folder = plane.folder().join("rotated-keys");
        std::fs::create_dir(&folder)?;
        Ok(Self(folder))
    }

    fn put(&self, name: &str, byte: u8) -> anyhow::Result<()> {
        let key = STANDARD.encode([byte; 40]);
        secrets::plant(&key);
        Ok(std::fs::write(self.0.join(name), key)?)
    }

    fn take_away(&self, name: &str) -> anyhow::Result<()> {
        Ok(std::fs::remove_file(self.0.join(name))?)
    }
}

#[test]
fn keys_are_rotated_while_the_server_runs_and_nobody_is_signed_out() {
    in_namespace("keys-rotated", async |plane| {
        plane.set_emergency_user("keys-rotated", "admin", "secret").await?;
        let keys = Keys::new(plane)?;
        keys.put("key-1", 1)?;
        let server = start(plane, "keys-rotated", &[&format!("--session-key-file={}", keys.0.display())]).await?;
        let client = server.sign_in("admin", "secret").await?;
        let says = async |words: &'static str| until(async || Ok(server.log().contains(words))).await.context(words);
        std::fs::write(keys.0.join("key-2"), "not a key")?;
        says("line 1 of key-2 is not base64 of at least 32 bytes").await?;
        ensure!(is_signed_in(&server, &client).await?, "the former keys stay");
        keys.put("key-2", 2)?;
        says("the session keys were read again").await?;
        ensure!(is_signed_in(&server, &client).await?);
        // So far the former one seals: what is sealed now outlives the new one.
        let between = server.sign_in("admin", "secret").await?;
        keys.take_away("key-2")?;
        until(async || Ok(server.log().matches("were read again").count() == 2)).await?;
        ensure!(is_signed_in(&server, &between).await? && is_signed_in(&server, &client).await?);
        keys.put("key-3", 3)?;
        keys.take_away("key-1")?;
        until(async || Ok(!is_signed_in(&server, &client).await?)).await.context("its key was taken away")?;
        ensure!(is_signed_in(&server, &server.sign_in("admin", "secret").await?).await?, "the new key seals at once");
        Ok(())
    });
}

#[test]
fn a_stream_is_no_activity_and_ends_when_nothing_else_was_done() {
    // The half hour is not a flag: what a stream does when it is over is seen of the end that is one.
    in_namespace("stream-ends", async |plane| {
        plane.set_emergency_user("stream-ends", "admin", "secret").await?;
        plane.grant_in("stream-ends", "admin", flux_rules(&WATCH)).await?;
        let server = start(plane, "stream-ends", &["--emergency-session-duration=8s"]).await?;
        let client = server.sign_in("admin", "secret").await?;
        let streaming = client.get(format!("{}/applications/events", server.url())).send().await?;
        ensure!(streaming.status() == 200 && !streaming.headers().contains_key("set-cookie"));
        let mut stream = Stream::of(streaming);
        let mut last = None;
        tokio::time::timeout(Duration::from_secs(60), async {
            while let Some((name, _)) = stream.next().await? {
                last = Some(name);
            }
            anyhow::Ok(())
        })
        .await
        .context("the stream outlives its session")??;
        ensure!(last.as_deref() == Some("end") && !is_signed_in(&server, &client).await?);
        Ok(())
    });
}
