//! What lies between the server and people: another address, proxies, a path of its own.

use std::collections::BTreeSet;

use anyhow::{Context, ensure};
use fanlight_testbed::{Browser, FanlightServer, Look, Stream, estate, rights::flux_rules};
use reqwest::{Client, Response, StatusCode, header::HeaderMap};
use serde_json::json;

use crate::shared::{WATCH, in_namespace, log_with, start};

const OUTSIDE: &str = "--external-url=https://flux.example.com";

/// Tries to sign in, with headers that a proxy or another site adds.
async fn attempt(server: &FanlightServer, password: &str, headers: &[(&str, &str)]) -> anyhow::Result<Response> {
    let mut request = FanlightServer::client()?.post(format!("{}/oauth2/sign_in", server.url()));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    Ok(request.json(&json!({"username": "admin", "password": password})).send().await?)
}

fn cookies(headers: &HeaderMap) -> Vec<&str> {
    headers.get_all("set-cookie").iter().filter_map(|one| one.to_str().ok()).collect()
}

/// Whether the cookies of a new session are kept for https alone.
async fn are_secure(server: &FanlightServer) -> anyhow::Result<bool> {
    let signed = attempt(server, "secret", &[]).await?.error_for_status()?;
    let cookies = cookies(signed.headers());
    ensure!(cookies.len() == 2, "{cookies:?}");
    let secure = cookies.iter().filter(|one| one.starts_with("__Host-") && one.contains("; Secure")).count();
    ensure!(secure == 0 || secure == 2, "{cookies:?}");
    ensure!(signed.headers().contains_key("strict-transport-security") == (secure == 2));
    Ok(secure == 2)
}

#[test]
fn the_external_address_decides_for_whom_cookies_are_kept_and_which_origin_is_ours() {
    in_namespace("outside", async |plane| {
        plane.set_emergency_user("outside", "admin", "secret").await?;
        let server = start(plane, "outside", &[OUTSIDE, "--trusted-proxies=127.0.0.1"]).await?;
        ensure!(are_secure(&server).await?);
        for (origin, status) in [("https://flux.example.com", 200), ("http://flux.example.com", 403), ("null", 403)] {
            let answer = attempt(&server, "secret", &[("origin", origin)]).await?;
            ensure!(answer.status() == status, "{origin}: {}", answer.status());
            if status == 403 {
                ensure!(answer.text().await?.contains("--external-url"));
            }
        }
        let page = async |proto: &str| -> anyhow::Result<String> {
            let request = FanlightServer::client()?.get(format!("{}/sign_in", server.url()));
            Ok(request.header("x-forwarded-proto", proto).send().await?.text().await?)
        };
        let said = "where your browser will not keep the session. Open https://flux.example.com/.";
        ensure!(page("http").await?.contains(said) && !page("https").await?.contains(said));
        Ok(())
    });
}

#[test]
fn without_an_external_address_the_redirect_url_of_the_secret_counts() {
    in_namespace("redirected", async |plane| {
        plane.set_emergency_user("redirected", "admin", "secret").await?;
        let before = start(plane, "redirected", &[]).await?;
        ensure!(!are_secure(&before).await?);
        plane
            .apply(&json!({"apiVersion": "v1", "kind": "Secret",
                "metadata": {"name": "oidc-auth", "namespace": "redirected"},
                "stringData": {"issuerURL": "https://127.0.0.1:9/realm", "clientID": "fanlight",
                    "redirectURL": "https://flux.example.com/oauth2/callback"}}))
            .await?;
        ensure!(are_secure(&start(plane, "redirected", &[]).await?).await?);
        log_with(&before, &["single sign-on is set up for https, and was not when the server started"]).await?;
        let flag = ["--external-url=http://flux.example.com"];
        ensure!(!are_secure(&start(plane, "redirected", &flag).await?).await?, "what is given counts more");
        Ok(())
    });
}

#[test]
fn people_behind_a_trusted_proxy_are_told_apart_and_nobody_chooses_their_address() {
    in_namespace("proxied", async |plane| {
        plane.set_emergency_user("proxied", "admin", "secret").await?;
        let server = start(plane, "proxied", &["--trusted-proxies=127.0.0.0/8,10.0.0.0/8"]).await?;
        let tried = async |forwarded: &str, password: &str| -> anyhow::Result<StatusCode> {
            Ok(attempt(&server, password, &[("x-forwarded-for", forwarded)]).await?.status())
        };
        for number in 0..5 {
            let invented = format!("203.0.113.{number}, 198.51.100.1, 10.0.0.7");
            ensure!(tried(&invented, "guess").await? == 401);
        }
        ensure!(tried("203.0.113.9, 198.51.100.1", "guess").await? == 429, "whatever they invent");
        ensure!(tried("198.51.100.2, 10.0.0.7", "secret").await? == 200, "somebody else");
        let log = log_with(&server, &[r#""address":"198.51.100.1""#, r#""address":"198.51.100.2""#]).await?;
        ensure!(!log.contains(r#""address":"203.0.113"#) && !log.contains("not believed"), "{log}");
        Ok(())
    });
}

#[test]
fn what_a_proxy_says_that_is_not_named_is_not_believed_and_the_log_says_so_once() {
    in_namespace("unnamed", async |plane| {
        plane.set_emergency_user("unnamed", "admin", "secret").await?;
        let server = start(plane, "unnamed", &[]).await?;
        for number in 0..6 {
            let invented = format!("203.0.113.{number}");
            let status = attempt(&server, "guess", &[("x-forwarded-for", &invented)]).await?.status();
            ensure!(status == if number < 5 { 401 } else { 429 }, "{number}: {status}");
        }
        let log = log_with(&server, &[r#""address":"127.0.0.1""#]).await?;
        ensure!(!log.contains(r#""address":"203.0.113"#), "{log}");
        ensure!(log.matches("not believed").count() == 1, "{log}");
        Ok(())
    });
}

/// By a port-forward, say, when the ingress is down.
#[test]
fn on_the_same_machine_a_browser_keeps_a_session_that_is_for_https_alone() {
    in_namespace("forwarded", async |plane| {
        plane.set_emergency_user("forwarded", "admin", "secret").await?;
        plane.grant_in("forwarded", "admin", flux_rules(&WATCH)).await?;
        let server = start(plane, "forwarded", &[OUTSIDE]).await?;
        let browser = Browser::open(Look::DESK).await?;
        browser.sign_in(server.url(), "admin", "secret").await?;
        browser.until("document.getElementById('mark')?.textContent === 'live'").await
    });
}

/// Every address of the site in a page.
fn addresses(page: &str) -> BTreeSet<(&'static str, String)> {
    let mut found = BTreeSet::new();
    for attribute in ["href", "src", "action", "data-live", "data-refresh"] {
        let mark = format!(" {attribute}=\"");
        let values = page.split(&mark).skip(1).filter_map(|rest| rest.split('"').next());
        found.extend(values.map(|value| (attribute, value.replace("&#38;", "&"))));
    }
    found
}

#[test]
fn with_a_route_prefix_every_address_on_every_page_is_below_it_and_leads_somewhere() {
    in_namespace("below-tools", async |plane| {
        plane.set_emergency_user("below-tools", "admin", "secret").await?;
        plane.grant_in("below-tools", "admin", flux_rules(&WATCH)).await?;
        plane.apply(&estate::kustomization("below-tools", "shop")).await?;
        let server = start(plane, "below-tools", &["--route-prefix=/tools/flux", "--styleguide"]).await?;
        let client = FanlightServer::client()?;
        let get = async |path: &str| client.get(format!("{}{path}", server.url())).send().await;
        let stranger = get("/tools/flux/applications?status=failed").await?;
        let form = place(&stranger)?.to_owned();
        ensure!(form == "/tools/flux/sign_in?redirect=%2Ftools%2Fflux%2Fapplications%3Fstatus%3Dfailed", "{form}");
        let seen = walk(&client, &server, &form).await?;
        ensure!(seen.contains("/tools/flux/oauth2/sign_in"), "{seen:?}");

        let fields =
            [("username", "admin"), ("password", "secret"), ("redirect", "/tools/flux/applications?status=failed")];
        let signed = client.post(format!("{}/tools/flux/oauth2/sign_in", server.url())).form(&fields).send().await?;
        ensure!(place(&signed)? == "/tools/flux/applications?status=failed");
        ensure!(cookies(signed.headers()).iter().all(|one| one.contains("; Path=/;") || one.ends_with("; Path=/")));
        ensure!(place(&get("/tools/flux").await?)? == "/tools/flux/");
        ensure!(get("/tools/flux/").await?.status() == 200);
        // A page that came before the lists are read would lead to no object.
        let mut open = Stream::of(get("/tools/flux/applications/events").await?.error_for_status()?);
        open.until(|view| view.contains("Kustomization/below-tools/shop")).await?;
        let mut seen = walk(&client, &server, "/tools/flux/").await?;
        seen.extend(walk(&client, &server, "/tools/flux/styleguide").await?);
        for wanted in
            ["/applications/events", "/kustomization/details?", "/user_info", "/oauth2/logout", "/theme", "/assets/"]
        {
            let wanted = format!("/tools/flux{wanted}");
            ensure!(seen.iter().any(|address| address.starts_with(&wanted)), "{wanted}: {seen:?}");
        }
        ensure!(place(&get("/tools/flux/health").await?)? == "/tools/flux/health/");
        for probe in ["/tools/flux/health/", "/tools/flux/ready"] {
            ensure!(get(probe).await?.status() == 200, "{probe}");
        }
        for outside in ["/", "/applications", "/health/", "/tools", "/tools/fluxes", "/tools/flux/nowhere/at/all"] {
            let answer = get(outside).await?;
            ensure!(answer.status() == 404 && answer.headers().contains_key("content-security-policy"), "{outside}");
        }
        let out = client.post(format!("{}/tools/flux/oauth2/logout", server.url())).form(&[("", "")]).send().await?;
        ensure!(place(&out)? == "/tools/flux/sign_in");
        Ok(())
    });
}

fn place(response: &Response) -> anyhow::Result<&str> {
    let place = response.headers().get("location").and_then(|place| place.to_str().ok());
    place.with_context(|| format!("{} without a place to go to", response.status()))
}

/// Follows every link from a page on, and looks at every address; all that were seen.
async fn walk(client: &Client, server: &FanlightServer, from: &str) -> anyhow::Result<BTreeSet<String>> {
    let (mut seen, mut open) = (BTreeSet::from([from.to_owned()]), vec![from.to_owned()]);
    let mut walked = BTreeSet::new();
    while let Some(path) = open.pop() {
        let answer = client.get(format!("{}{path}", server.url())).send().await?;
        let status = answer.status();
        // What an object comes from may be where somebody may not look.
        let is_there = status.is_success() || status.is_redirection() || status == StatusCode::FORBIDDEN;
        ensure!(is_there, "{path}: {status}");
        if let Ok(place) = place(&answer) {
            ensure!(place.starts_with("/tools/flux/"), "{path} leads to {place}");
        }
        let is_page = answer.headers().get("content-type").is_some_and(|kind| kind == "text/html; charset=utf-8");
        let page = if is_page { answer.text().await? } else { String::new() };
        for (attribute, address) in addresses(&page) {
            // Within the page, or the manual of somebody else.
            if address.starts_with('#') || address.starts_with("https://") {
                continue;
            }
            let address = address.split('#').next().unwrap_or_default().to_owned();
            let below = address.starts_with("/tools/flux/");
            ensure!(below || address.starts_with('?'), "{path} has {attribute}={address}");
            let is_link = matches!(attribute, "href" | "src") && below;
            seen.insert(address.clone());
            // Filters and searches lead to ever more of them: each page once is enough.
            if is_link && walked.insert(address.split('?').next().unwrap_or_default().to_owned()) {
                open.push(address);
            }
        }
    }
    Ok(seen)
}
