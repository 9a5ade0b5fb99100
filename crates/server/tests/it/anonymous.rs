//! A server where nobody has to sign in.

use anyhow::ensure;
use fanlight_testbed::{FanlightServer, Stream, estate, rights::flux_rules};
use serde_json::{Value, json};

use crate::{
    bearer::REFUSED,
    shared::{WATCH, in_namespace, start, until},
};

#[test]
fn everybody_is_the_one_user_and_every_page_says_so() {
    in_namespace("open", async |plane| {
        plane.set_emergency_user("open", "admin", "secret").await?;
        plane.grant_in("open", "visitor", flux_rules(&WATCH)).await?;
        plane.apply(&estate::kustomization("open", "shop")).await?;
        let flags = ["--insecure-no-authentication-user=visitor", "--auth-methods=user-account", "--log-level=error"];
        let server = start(plane, "open", &flags).await?;
        ensure!(server.log().contains("THERE IS NO AUTHENTICATION"), "{}", server.log());
        let client = FanlightServer::client()?;
        let get = async |path: &str| anyhow::Ok(client.get(format!("{}{path}", server.url())).send().await?);
        let post = async |path: &str, body: &'static str| {
            let answer = client.post(format!("{}{path}", server.url())).body(body).send().await?;
            anyhow::Ok((answer.status().as_u16(), answer.text().await?))
        };
        let told: Value = get("/v1/featureflags").await?.json().await?;
        ensure!(told == json!({"flags": {"ANONYMOUS_AUTH": "true"}}), "{told}");
        let told: Value = get("/oauth2/userinfo").await?.json().await?;
        ensure!(told == json!({"email": "", "id": "visitor", "groups": null}), "{told}");
        let sent = get("/sign_in?redirect=/applications%3Fstatus%3Dfailed").await?;
        ensure!(sent.status() == 303 && sent.headers()["location"] == "/applications?status=failed");
        let mut page = String::new();
        until(async || {
            page = get("/applications").await?.text().await?;
            Ok(page.contains("Kustomization/open/shop"))
        })
        .await?;
        ensure!(page.contains("Kustomization/open/shop") && page.contains("acts as “visitor”"), "{page}");
        ensure!(!page.contains("/oauth2/logout"), "there is nothing to sign out of");
        let mut stream = Stream::of(get("/applications/events").await?.error_for_status()?);
        stream.until_rows(&["Kustomization/open/shop"]).await?;
        ensure!(get("/user_info").await?.text().await?.contains("visitor, without signing in"));

        let attempt = post("/oauth2/sign_in", "{\"username\": \"admin\", \"password\": \"secret\"}").await?;
        ensure!(attempt == (401, String::new()), "the other ways are closed");
        ensure!(get("/oauth2").await?.status() == 400);
        ensure!(post("/oauth2/refresh", "").await?.0 == 401);
        ensure!(post("/oauth2/logout", "").await? == (200, String::new()));
        ensure!(get("/applications").await?.status() == 200);
        let token = client.get(format!("{}/v1/objects", server.url())).bearer_auth("whatever").send().await?;
        ensure!(token.status() == 404 && token.text().await? != REFUSED, "tokens are not looked at");
        Ok(())
    });
}

#[test]
fn everybody_may_be_a_service_account() {
    in_namespace("open-robot", async |plane| {
        let flags = ["--insecure-no-authentication-user=system:serviceaccount:open-robot:robot"];
        let server = start(plane, "open-robot", &flags).await?;
        let told: Value = reqwest::get(format!("{}/oauth2/userinfo", server.url())).await?.json().await?;
        ensure!(told["id"] == "system:serviceaccount:open-robot:robot", "{told}");
        Ok(())
    });
}
