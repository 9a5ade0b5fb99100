//! The provider itself, before anything is signed in by it.

use std::time::Duration;

use anyhow::Context;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use fanlight_testbed::{Browser, ControlPlane, Keycloak, Look, Options};
use http::{StatusCode, header::LOCATION};
use reqwest::{Client, Url};
use serde_json::{Value, json};

const BACK: &str = "http://127.0.0.1:9/oauth2/callback";
/// A verifier of PKCE and its challenge, from RFC 7636.
const PKCE: (&str, &str) =
    ("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");

fn claims(token: &Value) -> anyhow::Result<Value> {
    let payload = token.as_str().and_then(|token| token.split('.').nth(1)).context("no token")?;
    Ok(serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload)?)?)
}

fn authorization(keycloak: &Keycloak, back: &str, more: &[(&str, &str)]) -> anyhow::Result<Url> {
    let asked = [
        ("response_type", "code"),
        ("client_id", Keycloak::CLIENT),
        ("redirect_uri", back),
        ("scope", "openid"),
        ("state", "the-state"),
        ("nonce", "the-nonce"),
        ("code_challenge", PKCE.1),
        ("code_challenge_method", "S256"),
    ];
    let endpoint = format!("{}/protocol/openid-connect/auth", keycloak.issuer());
    Ok(Url::parse_with_params(&endpoint, asked.iter().chain(more))?)
}

/// Where the browser is sent back to, with its parameters.
fn returned(answer: &reqwest::Response) -> anyhow::Result<Url> {
    assert_eq!(answer.status(), StatusCode::FOUND);
    Ok(answer.headers().get(LOCATION).context("no Location")?.to_str()?.parse()?)
}

fn parameter(url: &Url, name: &str) -> Option<String> {
    url.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
}

/// Signs in on the pages as a person does, and fetches the tokens.
async fn sign_in(keycloak: &Keycloak, client: &Client, name: &str) -> anyhow::Result<Value> {
    let page = client.get(authorization(keycloak, BACK, &[])?).send().await?.error_for_status()?.text().await?;
    let action = page.split_once("action=\"").and_then(|(_, rest)| rest.split_once('"')).context("no form")?.0;
    let form = [("username", name), ("password", Keycloak::PASSWORD)];
    let answer = client.post(action.replace("&amp;", "&")).form(&form).send().await?;
    let back = returned(&answer)?;
    assert_eq!(parameter(&back, "state").as_deref(), Some("the-state"));
    let code = parameter(&back, "code").context("no code")?;
    keycloak
        .token(&[
            ("grant_type", "authorization_code"),
            ("client_id", Keycloak::CLIENT),
            ("client_secret", Keycloak::SECRET),
            ("redirect_uri", BACK),
            ("code", &code),
            ("code_verifier", PKCE.0),
        ])
        .await
}

async fn refresh(keycloak: &Keycloak, tokens: &Value) -> anyhow::Result<Value> {
    let token = tokens["refresh_token"].as_str().context("no refresh token")?;
    let (client, secret) = (("client_id", Keycloak::CLIENT), ("client_secret", Keycloak::SECRET));
    keycloak.token(&[("grant_type", "refresh_token"), client, secret, ("refresh_token", token)]).await
}

/// One start for all of it: it takes longer than everything else here.
#[tokio::test(flavor = "multi_thread")]
async fn keycloak_signs_people_in_and_does_what_its_administrator_says() -> anyhow::Result<()> {
    let keycloak = Keycloak::start().await?;
    people_sign_in_on_its_pages(&keycloak).await?;
    a_browser_signs_in_on_its_pages(&keycloak).await?;
    a_refresh_token_is_good_once_and_brings_new_groups(&keycloak).await?;
    ended_and_disabled_people_get_no_new_tokens(&keycloak).await?;
    a_public_client_and_a_device_are_served(&keycloak).await?;
    an_api_server_takes_its_tokens(&keycloak).await?;
    an_outage_ends_no_session(&keycloak).await
}

async fn people_sign_in_on_its_pages(keycloak: &Keycloak) -> anyhow::Result<()> {
    let client = keycloak.client()?;
    let answer = client.get(authorization(keycloak, BACK, &[("prompt", "none")])?).send().await?;
    assert_eq!(parameter(&returned(&answer)?, "error").as_deref(), Some("login_required"));
    let claims = claims(&sign_in(keycloak, &client, "alice").await?["id_token"])?;
    assert_eq!(claims["iss"], keycloak.issuer());
    assert_eq!(claims["aud"], "fanlight");
    assert_eq!(claims["nonce"], "the-nonce");
    assert_eq!(claims["preferred_username"], "alice");
    assert_eq!(claims["email_verified"], true);
    assert_eq!(claims["groups"], json!(["platform", "shop-leads"]));
    assert!(claims["realm_access"]["roles"].as_array().is_some_and(|roles| roles.contains(&json!("gitops-admin"))));
    let answer = client.get(authorization(keycloak, BACK, &[("prompt", "none")])?).send().await?;
    assert!(parameter(&returned(&answer)?, "code").is_some(), "without a form, since the session lives");
    Ok(())
}

async fn a_browser_signs_in_on_its_pages(keycloak: &Keycloak) -> anyhow::Result<()> {
    let browser = Browser::open(Look::DESK).await?;
    // Any page that is there; a browser stays on one that is not.
    let back = format!("{}/.well-known/openid-configuration", keycloak.issuer());
    browser.goto(authorization(keycloak, &back, &[])?.as_str()).await?;
    keycloak.sign_in_on(&browser, "bob").await?;
    browser.until("location.search.includes('code=')").await?;
    assert_eq!(browser.current_url().await?.path(), "/realms/fanlight/.well-known/openid-configuration");
    keycloak.end_sessions("bob").await
}

async fn a_refresh_token_is_good_once_and_brings_new_groups(keycloak: &Keycloak) -> anyhow::Result<()> {
    keycloak.add_user("erin", &["shop", "newcomers"]).await?;
    let first = sign_in(keycloak, &keycloak.client()?, "erin").await?;
    assert_eq!(claims(&first["id_token"])?["groups"], json!(["newcomers", "shop"]));
    keycloak.set_groups("erin", &["platform"]).await?;
    let second = refresh(keycloak, &first).await?;
    assert_eq!(claims(&second["id_token"])?["groups"], json!(["platform"]));
    assert!(refresh(keycloak, &first).await.is_err_and(|error| error.to_string().contains("invalid_grant")));
    Ok(())
}

async fn ended_and_disabled_people_get_no_new_tokens(keycloak: &Keycloak) -> anyhow::Result<()> {
    keycloak.add_user("frank", &["shop"]).await?;
    let tokens = sign_in(keycloak, &keycloak.client()?, "frank").await?;
    assert_eq!(keycloak.sessions("frank").await?, 1);
    keycloak.end_sessions("frank").await?;
    assert_eq!(keycloak.sessions("frank").await?, 0);
    assert!(refresh(keycloak, &tokens).await.is_err(), "the session has ended");
    let tokens = sign_in(keycloak, &keycloak.client()?, "frank").await?;
    keycloak.set_enabled("frank", false).await?;
    assert!(refresh(keycloak, &tokens).await.is_err(), "frank is disabled");
    keycloak.set_enabled("frank", true).await?;
    assert_eq!(claims(&keycloak.tokens("frank").await?["id_token"])?["email"], "frank@example.com");
    Ok(())
}

async fn a_public_client_and_a_device_are_served(keycloak: &Keycloak) -> anyhow::Result<()> {
    keycloak.set_token_lifespan(Duration::from_secs(40)).await?;
    let name = [("username", "carol"), ("password", Keycloak::PASSWORD), ("scope", "openid")];
    let form = [&[("grant_type", "password"), ("client_id", Keycloak::PUBLIC_CLIENT)][..], &name].concat();
    let claims = claims(&keycloak.token(&form).await?["id_token"])?;
    assert_eq!(claims["email_verified"], false);
    assert_eq!(claims["exp"].as_i64().zip(claims["iat"].as_i64()).map(|(end, start)| end - start), Some(40));
    keycloak.set_token_lifespan(Duration::from_secs(60)).await?;
    let endpoint = format!("{}/protocol/openid-connect/auth/device", keycloak.issuer());
    let device =
        [("client_id", Keycloak::PUBLIC_CLIENT), ("code_challenge", PKCE.1), ("code_challenge_method", "S256")];
    let answer = keycloak.client()?.post(endpoint).form(&device).send().await?.error_for_status()?;
    assert!(answer.json::<Value>().await?["user_code"].is_string());
    Ok(())
}

async fn an_api_server_takes_its_tokens(keycloak: &Keycloak) -> anyhow::Result<()> {
    let plane = ControlPlane::with(Options { oidc: Some(keycloak.trusted()), ..Options::default() }).await?;
    let token = &keycloak.tokens("alice").await?["id_token"];
    let user = plane.until_taken(token.as_str().context("no ID token")?).await?;
    assert_eq!(user["username"], "alice");
    assert_eq!(user["groups"], json!(["platform", "shop-leads", "system:authenticated"]));
    Ok(())
}

async fn an_outage_ends_no_session(keycloak: &Keycloak) -> anyhow::Result<()> {
    let tokens = sign_in(keycloak, &keycloak.client()?, "bob").await?;
    keycloak.stop();
    assert!(refresh(keycloak, &tokens).await.is_err(), "nobody is there");
    keycloak.start_again().await?;
    let user = claims(&refresh(keycloak, &tokens).await?["id_token"])?;
    assert_eq!(user["preferred_username"], "bob");
    Ok(())
}
