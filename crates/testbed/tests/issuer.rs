//! The provider that misbehaves on demand: it behaves where it should, and its faults are what they are called.

use std::{collections::BTreeMap, time::Duration};

use anyhow::Context;
use fanlight_testbed::{
    ControlPlane, Issuer, Options,
    issuer::{Endpoint, Flaw, Manners, Trouble},
};
use http::StatusCode;
use reqwest::{Certificate, Client, Url, redirect::Policy};
use serde_json::{Value, json};

const BACK: &str = "http://127.0.0.1:9/oauth2/callback";
/// A verifier of PKCE and its challenge, from RFC 7636.
const PKCE: (&str, &str) =
    ("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");

fn client() -> anyhow::Result<Client> {
    let _ = rustls::crypto::ring::default_provider().install_default();
    Ok(Client::builder().redirect(Policy::none()).no_proxy().timeout(Duration::from_secs(5)).build()?)
}

/// Asks to sign in; where the browser is sent back to, with its parameters.
async fn authorize(issuer: &Issuer, more: &[(&str, &str)]) -> anyhow::Result<BTreeMap<String, String>> {
    let asked = [
        ("response_type", "code"),
        ("client_id", Issuer::CLIENT),
        ("redirect_uri", BACK),
        ("scope", "openid"),
        ("state", "the-state"),
        ("nonce", "the-nonce"),
    ];
    let url = Url::parse_with_params(&format!("{}/authorize", issuer.url()), asked.iter().chain(more))?;
    let answer = client()?.get(url).send().await?;
    assert_eq!(answer.status(), StatusCode::FOUND);
    let back: Url = answer.headers().get("location").context("no Location")?.to_str()?.parse()?;
    assert!(back.as_str().starts_with(BACK));
    Ok(back.query_pairs().into_owned().collect())
}

const CHALLENGE: [(&str, &str); 2] = [("code_challenge", PKCE.1), ("code_challenge_method", "S256")];

async fn token(issuer: &Issuer, form: &[(&str, &str)]) -> anyhow::Result<(StatusCode, Value)> {
    let request = client()?.post(format!("{}/token", issuer.url())).basic_auth(Issuer::CLIENT, Some(Issuer::SECRET));
    let answer = request.form(form).send().await?;
    Ok((answer.status(), answer.json().await?))
}

async fn exchange(issuer: &Issuer, code: &str, verifier: &str) -> anyhow::Result<(StatusCode, Value)> {
    let (grant, back) = (("grant_type", "authorization_code"), ("redirect_uri", BACK));
    token(issuer, &[grant, back, ("code", code), ("code_verifier", verifier)]).await
}

async fn sign_in(issuer: &Issuer) -> anyhow::Result<Value> {
    let code = authorize(issuer, &CHALLENGE).await?.remove("code").context("no code")?;
    let (status, tokens) = exchange(issuer, &code, PKCE.0).await?;
    assert_eq!(status, StatusCode::OK, "{tokens}");
    Ok(tokens)
}

async fn refresh(issuer: &Issuer, tokens: &Value) -> anyhow::Result<(StatusCode, Value)> {
    let refresh = tokens["refresh_token"].as_str().context("no refresh token")?;
    token(issuer, &[("grant_type", "refresh_token"), ("refresh_token", refresh)]).await
}

#[tokio::test]
async fn a_code_is_good_once_for_whoever_began_the_sign_in() -> anyhow::Result<()> {
    let issuer = Issuer::start_plain().await?;
    let back = authorize(&issuer, &CHALLENGE).await?;
    assert_eq!(back["state"], "the-state");
    assert_eq!(exchange(&issuer, &back["code"], "another-verifier").await?.1["error"], "invalid_grant");
    assert_eq!(exchange(&issuer, &back["code"], PKCE.0).await?.1["error"], "invalid_grant", "the code is spent");
    assert_eq!(authorize(&issuer, &[]).await?["error"], "invalid_request", "there is no challenge");
    let tokens = sign_in(&issuer).await?;
    let answer = client()?.get(format!("{}/userinfo", issuer.url()));
    let token = tokens["access_token"].as_str().context("no access token")?;
    let user: Value = answer.bearer_auth(token).send().await?.error_for_status()?.json().await?;
    assert_eq!(user["groups"], json!(["platform", "shop"]));
    let asked = issuer.asked(Endpoint::Authorize);
    assert_eq!(asked.iter().filter(|asked| asked.parameters["nonce"] == "the-nonce").count(), 3);
    issuer.behave(|manners| manners.login_required = true);
    let silent = authorize(&issuer, &[&CHALLENGE[..], &[("prompt", "none")]].concat()).await?;
    assert_eq!(silent["error"], "login_required");
    Ok(())
}

#[tokio::test]
async fn a_refresh_token_that_is_used_twice_ends_the_session() -> anyhow::Result<()> {
    let issuer = Issuer::start_plain().await?;
    let first = sign_in(&issuer).await?;
    let (status, second) = refresh(&issuer, &first).await?;
    assert_eq!(status, StatusCode::OK);
    assert_ne!(first["refresh_token"], second["refresh_token"]);
    assert_eq!(refresh(&issuer, &first).await?.1["error"], "invalid_grant");
    assert_eq!(refresh(&issuer, &second).await?.1["error"], "invalid_grant", "the thief and the owner are both out");
    Ok(())
}

#[tokio::test]
async fn sessions_end_by_revocation_and_by_signing_out() -> anyhow::Result<()> {
    let issuer = Issuer::start_plain().await?;
    let tokens = sign_in(&issuer).await?;
    let token = tokens["refresh_token"].as_str().context("no refresh token")?;
    client()?.post(format!("{}/revoke", issuer.url())).form(&[("token", token)]).send().await?.error_for_status()?;
    assert_eq!(issuer.asked(Endpoint::Revoke)[0].parameters["token"], token);
    assert_eq!(refresh(&issuer, &tokens).await?.1["error"], "invalid_grant");
    let tokens = sign_in(&issuer).await?;
    let hint = tokens["id_token"].as_str().context("no ID token")?;
    let asked = [("id_token_hint", hint), ("post_logout_redirect_uri", "http://127.0.0.1:9/"), ("state", "bye")];
    let answer = client()?.get(Url::parse_with_params(&format!("{}/sign_out", issuer.url()), asked)?).send().await?;
    assert_eq!(answer.headers()["location"], "http://127.0.0.1:9/?state=bye");
    assert_eq!(refresh(&issuer, &tokens).await?.1["error"], "invalid_grant");
    Ok(())
}

/// The API server is the judge: others wrote it.
#[tokio::test(flavor = "multi_thread")]
async fn an_api_server_takes_its_tokens_unless_they_are_flawed() -> anyhow::Result<()> {
    let issuer = Issuer::start().await?;
    let plane = ControlPlane::with(Options { oidc: Some(issuer.trusted()), ..Options::default() }).await?;
    let user = plane.until_taken(&issuer.id_token()?).await?;
    assert_eq!(user["username"], "alice");
    assert_eq!(user["groups"], json!(["platform", "shop", "system:authenticated"]));
    let flaws = [
        Flaw::WrongIssuer,
        Flaw::WrongAudience,
        Flaw::Unsigned,
        Flaw::PublicKeyAsSecret,
        Flaw::ForeignSignature,
        Flaw::UnknownKey,
        Flaw::Expired,
        Flaw::NotYetValid,
        Flaw::Garbage,
    ];
    for flaw in flaws {
        issuer.behave(|manners| manners.flaw = Some(flaw));
        assert_eq!(plane.who_is(&issuer.id_token()?).await?, None, "{flaw:?}");
    }
    issuer.behave(|manners| manners.flaw = None);
    issuer.rotate_key();
    issuer.behave(|manners| manners.claim("groups", "a-string"));
    let user = plane.until_taken(&issuer.id_token()?).await?;
    assert_eq!(user["groups"], json!(["a-string", "system:authenticated"]));
    issuer.behave(Manners::group_overage);
    // It would ask where the hint says, and there is nobody.
    assert_eq!(plane.who_is(&issuer.id_token()?).await?, None);
    Ok(())
}

#[tokio::test]
async fn it_troubles_whoever_asks_in_the_way_it_is_told() -> anyhow::Result<()> {
    let issuer = Issuer::start_plain().await?;
    let client = client()?;
    let url = format!("{}{}", issuer.url(), Endpoint::Discovery.path());
    let good: Value = client.get(&url).send().await?.json().await?;
    assert_eq!(good["issuer"], issuer.url());
    let trouble = |trouble| issuer.behave(|manners| manners.trouble(Endpoint::Discovery, trouble));
    trouble(Trouble::Lost);
    assert!(client.get(&url).send().await.is_err());
    for cut in [Trouble::Half, Trouble::LostAfterwards] {
        trouble(cut);
        let text = match client.get(&url).send().await {
            Ok(answer) => answer.text().await,
            Err(error) => Err(error),
        };
        assert!(text.is_err());
    }
    trouble(Trouble::Redirect("http://127.0.0.1:9/".to_owned()));
    assert_eq!(client.get(&url).send().await?.headers()["location"], "http://127.0.0.1:9/");
    trouble(Trouble::Error(503));
    assert_eq!(client.get(&url).send().await?.status(), StatusCode::SERVICE_UNAVAILABLE);
    trouble(Trouble::Page);
    assert!(client.get(&url).send().await?.error_for_status()?.json::<Value>().await.is_err());
    trouble(Trouble::Late(Duration::from_secs(3600)));
    assert!(client.get(&url).timeout(Duration::from_millis(200)).send().await.is_err_and(|error| error.is_timeout()));
    trouble(Trouble::Endless);
    let mut answer = client.get(&url).send().await?;
    let mut length = 0;
    while length < 1 << 20 {
        length += answer.chunk().await?.context("it ended")?.len();
    }
    issuer.behave(|manners| {
        manners.recover(Endpoint::Discovery);
        manners.discovery.insert("end_session_endpoint".to_owned(), Value::Null);
    });
    let document: Value = client.get(&url).send().await?.json().await?;
    assert!(document.get("end_session_endpoint").is_none() && document.get("revocation_endpoint").is_some());
    Ok(())
}

#[tokio::test]
async fn it_can_be_gone_for_a_while() -> anyhow::Result<()> {
    let issuer = Issuer::start().await?;
    let _ = rustls::crypto::ring::default_provider().install_default();
    let ca = Certificate::from_pem(&std::fs::read(issuer.ca())?)?;
    let client = Client::builder().tls_certs_only([ca]).no_proxy().build()?;
    let keys = format!("{}/keys", issuer.url());
    let before: Value = client.get(&keys).send().await?.json().await?;
    issuer.stop().await;
    assert!(client.get(&keys).send().await.is_err());
    issuer.start_again().await?;
    assert_eq!(before, client.get(&keys).send().await?.json::<Value>().await?);
    issuer.rotate_key();
    assert_ne!(before, client.get(&keys).send().await?.json::<Value>().await?);
    Ok(())
}
