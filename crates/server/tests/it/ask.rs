//! Requests as people and scripts make them to sign in, and what is answered.

use fanlight_testbed::FanlightServer;
use reqwest::{Client, Response};
use serde_json::Value;

pub(crate) async fn get(server: &FanlightServer, client: &Client, path: &str) -> anyhow::Result<Response> {
    Ok(client.get(format!("{}{path}", server.url())).send().await?)
}

pub(crate) async fn post(server: &FanlightServer, client: &Client, path: &str, body: &str) -> anyhow::Result<Response> {
    Ok(client.post(format!("{}{path}", server.url())).body(body.to_owned()).send().await?)
}

/// Posts the sign-in form as a browser without JavaScript does.
pub(crate) async fn submit(
    server: &FanlightServer,
    client: &Client,
    fields: &[(&str, &str)],
) -> anyhow::Result<Response> {
    let request = client.post(format!("{}/oauth2/sign_in", server.url())).header("Origin", server.url());
    Ok(request.form(fields).send().await?)
}

/// The answer's status and text.
pub(crate) async fn answer(response: Response) -> anyhow::Result<(u16, String)> {
    Ok((response.status().as_u16(), response.text().await?))
}

pub(crate) fn header<'a>(response: &'a Response, name: &str) -> Option<&'a str> {
    response.headers().get(name).and_then(|value| value.to_str().ok())
}

pub(crate) async fn page(server: &FanlightServer) -> anyhow::Result<String> {
    Ok(get(server, &FanlightServer::client()?, "/sign_in").await?.error_for_status()?.text().await?)
}

pub(crate) async fn features(server: &FanlightServer) -> anyhow::Result<Value> {
    Ok(get(server, &FanlightServer::client()?, "/v1/featureflags").await?.json().await?)
}

/// Tries to sign in as somebody new to the server: the answer's status and text.
pub(crate) async fn attempt(server: &FanlightServer, name: &str, password: &str) -> anyhow::Result<(u16, String)> {
    answer(server.try_sign_in(&FanlightServer::client()?, name, password).await?).await
}
