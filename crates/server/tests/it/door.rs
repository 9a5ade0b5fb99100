//! The server with a provider whose manners a test decides, and browsers that go there and come back.

use anyhow::{Context, ensure};
use fanlight_testbed::{ControlPlane, FanlightServer, Issuer, secrets};
use reqwest::{Client, Response, Url};
use serde_json::json;

use crate::shared::{start, until_provider};

/// A server and its provider.
pub(crate) struct Door {
    pub(crate) issuer: Issuer,
    pub(crate) server: FanlightServer,
}

impl Door {
    /// A server that is set up by flags, with these more.
    pub(crate) async fn open(plane: &ControlPlane, namespace: &str, more: &[&str]) -> anyhow::Result<Self> {
        let issuer = Issuer::start_plain().await?;
        let flags = issuer.flags();
        plane.set_emergency_user(namespace, "admin", "secret").await?;
        let flags: Vec<_> = flags.iter().map(String::as_str).chain(more.iter().copied()).collect();
        Self { issuer, server: start(plane, namespace, &flags).await? }.ready().await
    }

    /// A server that is set up by its Secret, where these values go before the usual ones.
    pub(crate) async fn by_secret(
        plane: &ControlPlane,
        namespace: &str,
        issuer: Issuer,
        values: &[(&str, &str)],
        more: &[&str],
    ) -> anyhow::Result<Self> {
        let mut secret = json!({"issuerURL": issuer.url(), "clientID": Issuer::CLIENT, "clientSecret": Issuer::SECRET,
            "redirectURL": format!("{}/oauth2/callback", Issuer::NOWHERE)});
        for (key, value) in values {
            secret[*key] = json!(value);
        }
        let named = json!({"apiVersion": "v1", "kind": "Secret",
            "metadata": {"name": "oidc-auth", "namespace": namespace}});
        // The first time there is none.
        let _ = plane.delete(&named).await;
        let mut whole = named;
        whole["stringData"] = secret;
        plane.apply(&whole).await?;
        Self { issuer, server: start(plane, namespace, more).await? }.ready().await
    }

    /// As soon as the provider is known.
    async fn ready(self) -> anyhow::Result<Self> {
        until_provider(&self.server).await?;
        Ok(self)
    }

    pub(crate) async fn get(&self, client: &Client, path: &str) -> anyhow::Result<Response> {
        Ok(client.get(format!("{}{path}", self.server.url())).send().await?)
    }

    pub(crate) async fn post(&self, client: &Client, path: &str) -> anyhow::Result<Response> {
        Ok(client.post(format!("{}{path}", self.server.url())).send().await?)
    }

    /// Sends somebody to the provider: the answer, and the address in it.
    pub(crate) async fn leave(&self, client: &Client, query: &str) -> anyhow::Result<(Response, Url)> {
        let sent = self.get(client, &format!("/oauth2{query}")).await?;
        ensure!(sent.status() == 303, "{}", sent.status());
        let url = location(&sent)?.parse()?;
        Ok((sent, url))
    }

    /// Goes to the provider and comes back.
    pub(crate) async fn arrive(&self, client: &Client) -> anyhow::Result<Response> {
        let sent = self.get(client, "/oauth2?return_url=/applications").await?;
        self.come_back(client, &sent).await
    }

    /// From where the server has `sent` somebody.
    pub(crate) async fn come_back(&self, client: &Client, sent: &Response) -> anyhow::Result<Response> {
        let answer = client.get(self.way_back(client, sent).await?).send().await?;
        secrets::plant_cookies(answer.headers());
        Ok(answer)
    }

    /// The address at which the provider has somebody come back.
    pub(crate) async fn way_back(&self, client: &Client, sent: &Response) -> anyhow::Result<String> {
        let back = client.get(location(sent)?).send().await?;
        Ok(location(&back)?.replace(Issuer::NOWHERE, self.server.url()))
    }

    /// When the session ends, whatever happens.
    pub(crate) async fn end_of_session(&self, client: &Client) -> anyhow::Result<String> {
        let page = self.get(client, "/sessions").await?.error_for_status()?.text().await?;
        let (_, rest) = page.split_once("<dt>Ends</dt><dd><time datetime=\"").context("no end")?;
        Ok(rest.split_once('"').context("no end")?.0.to_owned())
    }

    pub(crate) async fn sign_in(&self) -> anyhow::Result<Client> {
        let client = FanlightServer::client()?;
        let arrived = self.arrive(&client).await?;
        ensure!(location(&arrived)? == "/applications");
        Ok(client)
    }
}

/// Where an answer leads.
pub(crate) fn location(response: &Response) -> anyhow::Result<&str> {
    let place = response.headers().get("location").with_context(|| format!("{} leads nowhere", response.status()))?;
    Ok(place.to_str()?)
}

/// A parameter of an address; empty if there is none.
pub(crate) fn asked(url: &Url, name: &str) -> String {
    url.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned()).unwrap_or_default()
}
