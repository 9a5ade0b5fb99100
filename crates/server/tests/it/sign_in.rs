//! Signing in as the emergency user: what is promised to people and to scripts, one namespace and server for each test.

use anyhow::{Context, ensure};
use fanlight_testbed::{FanlightServer, rights::flux_rules};
use reqwest::{Client, Method, Response, StatusCode};
use serde_json::{Value, json};

use crate::{
    ask::{answer, attempt, features, get, header, page, post, submit},
    shared::{WATCH, in_namespace, log_with, start},
};

#[test]
fn an_unknown_name_and_a_wrong_password_look_alike() {
    in_namespace("alike", async |plane| {
        plane.set_emergency_user("alike", "admin", "secret").await?;
        let server = start(plane, "alike", &[]).await?;
        for (name, password) in
            [("root", "secret"), ("Admin", "secret"), ("", "secret"), ("admin", "wrong"), ("admin", "")]
        {
            let refused = server.try_sign_in(&FanlightServer::client()?, name, password).await?;
            ensure!(header(&refused, "set-cookie").is_none());
            ensure!(answer(refused).await? == (401, String::new()), "{name} {password}");
        }
        let log = log_with(&server, &["\"audit\":\"sign-in\""]).await?;
        ensure!(!log.contains("wrong") && !log.contains("secret\""));
        Ok(())
    });
}

#[test]
fn without_the_method_the_emergency_user_is_switched_off_whatever_secret_is_left() {
    in_namespace("off", async |plane| {
        plane.set_emergency_user("off", "admin", "secret").await?;
        let server = start(plane, "off", &["--auth-methods=oidc"]).await?;
        ensure!(attempt(&server, "admin", "secret").await? == (401, String::new()));
        let form = [("username", "admin"), ("password", "secret")];
        let (status, text) = answer(submit(&server, &FanlightServer::client()?, &form).await?).await?;
        ensure!(status == 401 && text.contains("switched off") && !text.contains("name=\"password\""));
        ensure!(!page(&server).await?.contains("name=\"password\""));
        ensure!(features(&server).await? == json!({"flags": {}}));
        ensure!(server.log().contains("--auth-methods is without user-account"), "{}", server.log());
        Ok(())
    });
}

#[test]
fn guessing_is_throttled_and_the_headers_say_so() {
    in_namespace("throttled", async |plane| {
        plane.set_emergency_user("throttled", "admin", "secret").await?;
        let server = start(plane, "throttled", &[]).await?;
        let client = FanlightServer::client()?;
        for tried in 1..=5 {
            let refused = server.try_sign_in(&client, "admin", "guess").await?;
            ensure!(refused.status() == 401);
            ensure!(header(&refused, "x-ratelimit-limit") == Some("20"));
            let remaining: u32 = header(&refused, "x-ratelimit-remaining").context("a header")?.parse()?;
            // One is given back every three seconds, and bcrypt takes its time.
            ensure!((20 - tried..20).contains(&remaining), "{remaining} after {tried}");
            ensure!(header(&refused, "x-ratelimit-reset").is_some_and(|date| date.ends_with(" GMT")));
            ensure!(header(&refused, "retry-after").is_none());
        }
        let refused = server.try_sign_in(&client, "admin", "secret").await?;
        ensure!(header(&refused, "x-ratelimit-remaining") == Some("0"));
        ensure!(header(&refused, "retry-after").is_some_and(|date| date.ends_with(" GMT")));
        ensure!(answer(refused).await? == (429, "Too Many Requests".to_owned()));
        let form = [("username", "admin"), ("password", "secret")];
        let refused = submit(&server, &client, &form).await?;
        ensure!(header(&refused, "retry-after").is_some());
        let (status, text) = answer(refused).await?;
        ensure!(status == 429 && text.contains("too many attempts; wait"), "{text}");
        Ok(())
    });
}

#[test]
fn a_browser_without_javascript_signs_in_and_out_and_is_sent_nowhere_else() {
    in_namespace("form", async |plane| {
        plane.set_emergency_user("form", "admin", "secret").await?;
        plane.grant_in("form", "admin", flux_rules(&WATCH)).await?;
        let server = start(plane, "form", &[]).await?;
        let client = FanlightServer::client()?;
        let sent = get(&server, &client, "/applications?status=failed").await?;
        let wanted = "/sign_in?redirect=%2Fapplications%3Fstatus%3Dfailed";
        ensure!(sent.status() == 303 && header(&sent, "location") == Some(wanted), "{:?}", sent.headers());
        let form = get(&server, &client, wanted).await?.text().await?;
        ensure!(form.contains(r#"name="redirect" value="/applications?status=failed""#), "{form}");

        let fields = [("username", "admin"), ("password", "secret"), ("redirect", "/applications?status=failed")];
        let signed = submit(&server, &client, &fields).await?;
        ensure!(signed.status() == 303 && header(&signed, "location") == Some("/applications?status=failed"));
        let cookies: Vec<_> =
            signed.headers().get_all("set-cookie").iter().filter_map(|one| one.to_str().ok()).collect();
        ensure!(
            cookies.len() == 2 && cookies.iter().all(|one| one.contains("HttpOnly") && one.contains("SameSite=Lax"))
        );
        let shown = get(&server, &client, "/applications").await?.text().await?;
        ensure!(shown.contains("Emergency user “admin”"));

        for elsewhere in ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)"] {
            let fields = [("username", "admin"), ("password", "secret"), ("redirect", elsewhere)];
            let signed = submit(&server, &FanlightServer::client()?, &fields).await?;
            ensure!(header(&signed, "location") == Some("/"), "{elsewhere}");
        }
        let wrong = submit(&server, &FanlightServer::client()?, &[("username", "admin"), ("password", "no")]).await?;
        let (status, text) = answer(wrong).await?;
        ensure!(
            status == 401 && text.contains("Incorrect user name or password.") && text.contains("name=\"password\"")
        );

        let url = format!("{}/oauth2/logout", server.url());
        let out = client.post(url).header("Origin", server.url()).form(&[("", "")]).send().await?;
        ensure!(out.status() == 303 && header(&out, "location") == Some("/sign_in"));
        ensure!(get(&server, &client, "/applications").await?.status() == 303);
        Ok(())
    });
}

#[test]
fn another_site_can_neither_sign_somebody_in_nor_out() {
    in_namespace("cross-site", async |plane| {
        plane.set_emergency_user("cross-site", "admin", "secret").await?;
        let server = start(plane, "cross-site", &[]).await?;
        let client = server.sign_in("admin", "secret").await?;
        for path in ["/oauth2/sign_in", "/oauth2/logout", "/oauth2/refresh"] {
            let request = client.post(format!("{}{path}", server.url())).header("Sec-Fetch-Site", "cross-site");
            let refused = request.form(&[("username", "admin"), ("password", "secret")]).send().await?;
            ensure!(refused.status() == 403, "{path}: {}", refused.status());
        }
        ensure!(get(&server, &client, "/oauth2/userinfo").await?.status() == 200);
        Ok(())
    });
}

#[test]
fn scripts_get_the_statuses_and_bodies_of_the_predecessor() {
    in_namespace("scripts", async |plane| {
        plane.set_emergency_user("scripts", "admin", "secret").await?;
        let server = start(plane, "scripts", &[]).await?;
        let stranger = FanlightServer::client()?;
        let failure = |message: &str, code: u16| (code, json!({"message": message, "code": code}));
        let read = async |response: Response| -> anyhow::Result<(u16, Value)> {
            let kind = header(&response, "content-type").unwrap_or_default().to_owned();
            ensure!(kind == "application/json; charset=utf-8", "{kind}");
            ensure!(header(&response, "x-content-type-options") == Some("nosniff"));
            let (status, text) = answer(response).await?;
            ensure!(text.ends_with("}\n"), "{text:?}");
            Ok((status, serde_json::from_str(&text)?))
        };
        for body in ["", "username=admin", "[1", "{\"username\": 1}"] {
            let refused = read(post(&server, &stranger, "/oauth2/sign_in", body).await?).await?;
            ensure!(refused == failure("Failed to read request body.", 400), "{body:?}");
        }
        let body = "{\"username\": \"admin\", \"password\": \"secret\", \"more\": []} {\"a second\": \"value\"}";
        ensure!(
            answer(post(&server, &FanlightServer::client()?, "/oauth2/sign_in", body).await?).await?
                == (200, String::new())
        );
        ensure!(answer(post(&server, &stranger, "/oauth2/sign_in", "{}").await?).await? == (401, String::new()));

        let refused = read(post(&server, &stranger, "/oauth2/refresh", "").await?).await?;
        ensure!(refused == failure("failed to refresh", 401));
        let refused = read(post(&server, &stranger, "/v1/objects", "{}").await?).await?;
        ensure!(refused == failure("Authentication required", 401));
        let refused = read(get(&server, &stranger, "/oauth2").await?).await?;
        ensure!(refused == failure("oidc provider not configured", 400));
        ensure!(answer(get(&server, &stranger, "/oauth2/userinfo").await?).await? == (400, String::new()));
        ensure!(answer(get(&server, &stranger, "/health/").await?).await? == (200, "ok".to_owned()));
        for (path, allowed) in [("/oauth2/sign_in", "POST"), ("/oauth2/refresh", "POST"), ("/oauth2/logout", "POST")] {
            let refused = get(&server, &stranger, path).await?;
            ensure!(refused.status() == 405 && header(&refused, "allow") == Some(allowed), "{path}");
        }
        for path in ["/oauth2/userinfo", "/oauth2/callback"] {
            let refused = post(&server, &stranger, path, "").await?;
            ensure!(refused.status() == StatusCode::METHOD_NOT_ALLOWED, "{path}");
            ensure!(header(&refused, "allow").is_some_and(|allowed| allowed.contains("GET")), "{path}");
        }

        let admin = server.sign_in("admin", "secret").await?;
        let known: Value = get(&server, &admin, "/oauth2/userinfo").await?.json().await?;
        ensure!(known == json!({"email": "admin", "id": "admin", "groups": null}));
        let refused = read(post(&server, &admin, "/oauth2/refresh", "").await?).await?;
        ensure!(refused == failure("failed to refresh", 401));
        ensure!(answer(post(&server, &admin, "/oauth2/logout", "").await?).await? == (200, String::new()));
        ensure!(get(&server, &admin, "/oauth2/userinfo").await?.status() == 400);
        Ok(())
    });
}

#[test]
fn whoever_asks_whether_the_server_lives_needs_not_be_anybody() {
    in_namespace("alive", async |plane| {
        let server = start(plane, "alive", &[]).await?;
        let client = FanlightServer::client()?;
        for path in ["/health/", "/health/live", "/health/a/b?c"] {
            for method in [Method::GET, Method::POST, Method::PUT] {
                let alive = client.request(method, format!("{}{path}", server.url())).send().await?;
                ensure!(header(&alive, "content-type").is_some_and(|kind| kind.starts_with("text/plain")), "{path}");
                ensure!(answer(alive).await? == (200, "ok".to_owned()), "{path}");
            }
        }
        let moved = get(&server, &client, "/health").await?;
        ensure!(moved.status() == 301 && header(&moved, "location") == Some("/health/"));
        Ok(())
    });
}

#[test]
fn over_https_the_session_is_bound_to_the_host_and_to_https() {
    in_namespace("https", async |plane| {
        plane.set_emergency_user("https", "admin", "secret").await?;
        let certificate = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()])?;
        let [file, key] = ["https.crt", "https.key"].map(|name| plane.folder().join(name));
        std::fs::write(&file, certificate.cert.pem())?;
        std::fs::write(&key, certificate.signing_key.serialize_pem())?;
        let [file, key] =
            [format!("--tls-cert-file={}", file.display()), format!("--tls-private-key-file={}", key.display())];
        let server = start(plane, "https", &["--insecure=false", &file, &key]).await?;
        let url = server.url().replace("http:", "https:");
        let trusted = reqwest::Certificate::from_pem(certificate.cert.pem().as_bytes())?;
        let client = Client::builder().cookie_store(true).no_proxy().tls_certs_only([trusted]).build()?;
        let form = json!({"username": "admin", "password": "secret"});
        let signed = client.post(format!("{url}/oauth2/sign_in")).json(&form).send().await?;
        let cookies: Vec<_> =
            signed.headers().get_all("set-cookie").iter().filter_map(|one| one.to_str().ok()).collect();
        ensure!(cookies.len() == 2, "{}", signed.status());
        ensure!(
            cookies.iter().all(|one| one.starts_with("__Host-") && one.contains("; Secure")),
            "only kept over https"
        );
        ensure!(header(&signed, "strict-transport-security").is_some());
        ensure!(client.get(format!("{url}/oauth2/userinfo")).send().await?.status() == 200);
        let log = server.log();
        ensure!(
            log.lines().all(|line| {
                serde_json::from_str::<Value>(line)
                    .is_ok_and(|line| line["level"].is_string() || line["audit"].is_string())
            }),
            "{log}"
        );
        Ok(())
    });
}
