//! Signing in at a provider that misbehaves.

use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context, ensure};
use fanlight_testbed::{
    ControlPlane, FanlightServer, Issuer,
    issuer::{Endpoint, Flaw, Manners, Refreshing, Trouble},
};
use reqwest::{Client, Response};
use serde_json::Value;

use crate::shared::{in_namespace, start, until};

/// Takes leave of a provider's manners.
type Misbehave = Box<dyn Fn(&mut Manners)>;

struct Door {
    issuer: Issuer,
    server: FanlightServer,
}

impl Door {
    async fn open(plane: &ControlPlane, namespace: &str) -> anyhow::Result<Self> {
        let issuer = Issuer::start_plain().await?;
        let flags = [
            format!("--oidc-issuer-url={}", issuer.url()),
            format!("--oidc-client-id={}", Issuer::CLIENT),
            format!("--oidc-client-secret={}", Issuer::SECRET),
            // The port is not known before; where somebody is sent back to is read by the test, not by a browser.
            "--oidc-redirect-url=http://127.0.0.1:9/oauth2/callback".to_owned(),
        ];
        plane.set_emergency_user(namespace, "admin", "secret").await?;
        let server = start(plane, namespace, &flags.each_ref().map(String::as_str)).await?;
        let door = Self { issuer, server };
        until(async || {
            let flags: Value = door.get(&FanlightServer::client()?, "/v1/featureflags").await?.json().await?;
            Ok(flags["flags"]["OIDC_AUTH"] == "true")
        })
        .await?;
        Ok(door)
    }

    async fn get(&self, client: &Client, path: &str) -> anyhow::Result<Response> {
        Ok(client.get(format!("{}{path}", self.server.url())).send().await?)
    }

    /// Goes to the provider and comes back.
    async fn arrive(&self, client: &Client) -> anyhow::Result<Response> {
        let sent = self.get(client, "/oauth2?return_url=/applications").await?;
        self.come_back(client, &sent).await
    }

    /// From where the server has `sent` somebody.
    async fn come_back(&self, client: &Client, sent: &Response) -> anyhow::Result<Response> {
        let back = client.get(location(sent)?).send().await?;
        let back = location(&back)?.replace("http://127.0.0.1:9", self.server.url());
        Ok(client.get(back).send().await?)
    }

    /// When the session ends, whatever happens.
    async fn end_of_session(&self, client: &Client) -> anyhow::Result<String> {
        let page = self.get(client, "/sessions").await?.error_for_status()?.text().await?;
        let (_, rest) = page.split_once("<dt>Ends</dt><dd><time datetime=\"").context("no end")?;
        Ok(rest.split_once('"').context("no end")?.0.to_owned())
    }

    async fn sign_in(&self) -> anyhow::Result<Client> {
        let client = FanlightServer::client()?;
        let arrived = self.arrive(&client).await?;
        ensure!(location(&arrived)? == "/applications");
        Ok(client)
    }
}

fn location(response: &Response) -> anyhow::Result<&str> {
    let place = response.headers().get("location").with_context(|| format!("{} leads nowhere", response.status()))?;
    Ok(place.to_str()?)
}

#[test]
fn every_fault_of_a_provider_ends_on_a_page_and_lets_nobody_in() {
    in_namespace("oidc-faults", async |plane| {
        let door = Door::open(plane, "oidc-faults").await?;
        let flaw = |flaw| move |manners: &mut Manners| manners.flaw = Some(flaw);
        let token = |trouble: Trouble| move |manners: &mut Manners| manners.trouble(Endpoint::Token, trouble.clone());
        let cases: [(&str, u16, Misbehave); 11] = [
            ("wrong issuer", 502, Box::new(flaw(Flaw::WrongIssuer))),
            ("wrong audience", 502, Box::new(flaw(Flaw::WrongAudience))),
            ("wrong nonce", 502, Box::new(flaw(Flaw::WrongNonce))),
            ("unsigned", 502, Box::new(flaw(Flaw::Unsigned))),
            ("public key as secret", 502, Box::new(flaw(Flaw::PublicKeyAsSecret))),
            ("foreign signature", 502, Box::new(flaw(Flaw::ForeignSignature))),
            ("expired", 502, Box::new(flaw(Flaw::Expired))),
            ("refused", 401, Box::new(|manners| manners.refusal = Some("access_denied"))),
            ("answer lost", 502, Box::new(token(Trouble::Lost))),
            ("a page instead", 502, Box::new(token(Trouble::Page))),
            ("too many groups", 403, Box::new(|manners| manners.many_groups(2000))),
        ];
        for (what, status, misbehave) in &cases {
            door.issuer.behave(|manners| {
                *manners = Manners::default();
                misbehave(manners);
            });
            let client = FanlightServer::client()?;
            let refused = door.arrive(&client).await?;
            ensure!(refused.status() == *status, "{what}: {}", refused.status());
            let page = refused.text().await?;
            ensure!(page.contains("You are not signed in") && page.contains("Try again"), "{what}: {page}");
            ensure!(door.get(&client, "/oauth2/userinfo").await?.status() == 400, "{what}");
        }
        door.issuer.behave(|manners| *manners = Manners::default());
        door.issuer.rotate_key();
        door.sign_in().await.context("a rotated key")?;
        Ok(())
    });
}

#[test]
fn an_identity_that_ran_out_is_confirmed_without_a_form_as_long_as_the_provider_knows_the_person() {
    in_namespace("oidc-silent", async |plane| {
        let door = Door::open(plane, "oidc-silent").await?;
        // It is accepted for a minute more, of which most is over.
        let ended = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs() - 53;
        door.issuer.behave(|manners| manners.claim("exp", ended));
        let client = door.sign_in().await?;
        door.issuer.behave(|manners| *manners = Manners::default());
        ensure!(door.get(&client, "/oauth2/userinfo").await?.status() == 200, "it counts for its last minute");
        let end = door.end_of_session(&client).await?;
        let mut sent = None;
        until(async || {
            let answer = door.get(&client, "/applications?status=failed").await?;
            let is_sent = answer.status() == 303;
            sent = is_sent.then_some(answer);
            Ok(is_sent)
        })
        .await?;
        let sent = sent.context("an answer")?;
        ensure!(location(&sent)?.contains("prompt=none"), "{}", location(&sent)?);
        let back = door.come_back(&client, &sent).await?;
        ensure!(location(&back)? == "/applications?status=failed");
        ensure!(door.get(&client, "/applications").await?.status() == 200);
        ensure!(door.end_of_session(&client).await? == end, "the session goes on, it does not begin anew");

        // Somebody else is signed in at the provider by now: nobody becomes that person without a word.
        door.issuer.behave(|manners| manners.claim("exp", ended));
        let other = door.sign_in().await?;
        door.issuer.behave(|manners| {
            *manners = Manners::default();
            manners.claim("email", "mallory@example.com");
        });
        let mut sent = None;
        until(async || {
            let answer = door.get(&other, "/applications").await?;
            let is_sent = answer.status() == 303;
            sent = is_sent.then_some(answer);
            Ok(is_sent)
        })
        .await?;
        let back = door.come_back(&other, &sent.context("an answer")?).await?;
        ensure!(location(&back)?.starts_with("/sign_in"), "{}", location(&back)?);
        Ok(())
    });
}

#[test]
fn a_refresh_that_is_refused_or_lost_ends_nothing_before_its_time() {
    in_namespace("oidc-refresh", async |plane| {
        let door = Door::open(plane, "oidc-refresh").await?;
        let client = door.sign_in().await?;
        let refresh = async || anyhow::Ok(client.post(format!("{}/oauth2/refresh", door.server.url())).send().await?);
        ensure!(refresh().await?.status() == 200);
        door.issuer.behave(|manners| manners.trouble(Endpoint::Token, Trouble::LostAfterwards));
        ensure!(refresh().await?.text().await? == "{\"message\":\"failed to refresh\",\"code\":401}\n");
        ensure!(door.get(&client, "/oauth2/userinfo").await?.status() == 200);
        door.issuer.behave(|manners| {
            manners.recover(Endpoint::Token);
            manners.refreshing = Refreshing::Never;
        });
        let other = door.sign_in().await?;
        ensure!(other.post(format!("{}/oauth2/refresh", door.server.url())).send().await?.status() == 401);
        Ok(())
    });
}
