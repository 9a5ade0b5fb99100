//! Scripts that bring an ID token of the identity provider, instead of signing in.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context, ensure};
use fanlight_testbed::{
    ControlPlane, FanlightServer, Issuer, SessionForge, estate,
    issuer::{Flaw, Manners},
    rights::flux_rules,
};
use reqwest::{Client, RequestBuilder, Response};
use serde_json::{Value, json};

use crate::shared::{WATCH, in_namespace, log_with, start, until, until_provider};

/// What the predecessor says to whoever it does not know.
pub(crate) const REFUSED: &str = "{\"message\":\"Authentication required\",\"code\":401}\n";

/// A server with a provider that knows Alice, who may watch the server's own namespace.
struct Gate<'a> {
    namespace: &'a str,
    issuer: Issuer,
    server: FanlightServer,
}

impl<'a> Gate<'a> {
    async fn open(plane: &ControlPlane, namespace: &'a str, more: &[&str]) -> anyhow::Result<Self> {
        let issuer = Issuer::start_plain().await?;
        let flags = issuer.flags();
        plane.set_emergency_user(namespace, "admin", "secret").await?;
        plane.apply(&estate::kustomization(namespace, "shop")).await?;
        let alice = format!("alice@{namespace}.example.com");
        issuer.behave(|manners| manners.claim("email", alice.clone()));
        plane.grant_in(namespace, &alice, flux_rules(&WATCH)).await?;
        let flags: Vec<_> = flags.iter().map(String::as_str).chain(more.iter().copied()).collect();
        let server = start(plane, namespace, &flags).await?;
        let gate = Self { namespace, issuer, server };
        until_provider(&gate.server).await?;
        Ok(gate)
    }

    fn get(&self, client: &Client, path: &str) -> RequestBuilder {
        client.get(format!("{}{path}", self.server.url()))
    }

    fn post(&self, client: &Client, path: &str) -> RequestBuilder {
        client.post(format!("{}{path}", self.server.url()))
    }

    /// An ID token of a provider that takes leave of its manners for it.
    fn token(&self, misbehave: impl FnOnce(&mut Manners)) -> anyhow::Result<String> {
        let mut before = None;
        self.issuer.behave(|manners| {
            before = Some(manners.clone());
            misbehave(manners);
        });
        let token = self.issuer.id_token();
        self.issuer.behave(|manners| *manners = before.unwrap_or_default());
        token
    }

    fn row(&self) -> String {
        format!("Kustomization/{}/shop", self.namespace)
    }
}

async fn answer(request: RequestBuilder) -> anyhow::Result<(u16, String)> {
    let response = request.send().await?;
    Ok((response.status().as_u16(), response.text().await?))
}

fn header<'a>(response: &'a Response, name: &str) -> &'a str {
    response.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

#[test]
fn an_id_token_lets_a_script_see_what_its_owner_may_as_if_they_had_signed_in() {
    in_namespace("id-token", async |plane| {
        let gate = Gate::open(plane, "id-token", &[]).await?;
        let client = FanlightServer::client()?;
        let token = gate.token(|_| ())?;
        let mut page = String::new();
        until(async || {
            let answer = gate.get(&client, "/applications").bearer_auth(&token).send().await?;
            ensure!(answer.status() == 200 && header(&answer, "set-cookie").is_empty(), "{:?}", answer.headers());
            page = answer.text().await?;
            Ok(page.contains(&gate.row()))
        })
        .await?;
        ensure!(page.contains(&gate.row()) && !page.contains("/oauth2/logout"), "{page}");
        ensure!(
            answer(gate.get(&client, "/v1/version").bearer_auth(&token)).await?.0 == 404,
            "let in, and nothing there"
        );
        let access = answer(gate.get(&client, "/user_info").bearer_auth(&token)).await?.1;
        ensure!(access.contains("alice@id-token.example.com, by an ID token"), "{access}");

        let own = "system:serviceaccount:id-token:fanlight";
        let entries = plane.audit().entries()?;
        let readers: Vec<_> = entries.iter().filter(|entry| entry.user.username == own && entry.is_of_flux()).collect();
        ensure!(!readers.is_empty() && readers.iter().all(|entry| entry.name() == "alice@id-token.example.com"));
        log_with(&gate.server, &["\"audit\":\"view\"", "\"method\":\"id-token\""]).await?;

        gate.issuer.rotate_key();
        let token = gate.token(|_| ())?;
        ensure!(answer(gate.get(&client, "/applications").bearer_auth(&token)).await?.0 == 200, "a new key is found");
        Ok(())
    });
}

#[test]
fn a_stream_ends_with_the_id_token_that_opened_it() {
    in_namespace("id-token-stream", async |plane| {
        let gate = Gate::open(plane, "id-token-stream", &[]).await?;
        let token = gate.token(|manners| manners.lifespan = Duration::from_secs(15))?;
        let client = FanlightServer::client()?;
        let mut stream =
            gate.get(&client, "/applications/events").bearer_auth(&token).send().await?.error_for_status()?;
        let mut told = String::new();
        while let Some(piece) = stream.chunk().await? {
            told.push_str(std::str::from_utf8(&piece)?);
        }
        ensure!(told.contains(&gate.row()) && told.contains("event: end"), "{told}");
        Ok(())
    });
}

#[test]
fn whatever_else_the_header_says_is_refused_with_the_predecessors_body_or_not_ours() {
    in_namespace("headers", async |plane| {
        let gate = Gate::open(plane, "headers", &[]).await?;
        let client = FanlightServer::client()?;
        let admin = gate.server.sign_in("admin", "secret").await?;
        let flawed = |flaw| gate.token(|manners| manners.flaw = Some(flaw));
        let claimed = |name: &str, value: &str| gate.token(|manners| manners.claim(name, value));
        let bad = [
            ("Bearer".to_owned(), "no token"),
            ("Bearer a b".to_owned(), "characters"),
            ("bearer \u{e4}".to_owned(), "characters"),
            (format!("Bearer {}", "x".repeat((16 << 10) + 1)), "longer than 16384 bytes"),
            ("Bearer not-a-jwt".to_owned(), "cannot be read"),
            (format!("Bearer {}", flawed(Flaw::WrongIssuer)?), "another issuer"),
            (format!("Bearer {}", flawed(Flaw::WrongAudience)?), "another client"),
            (format!("Bearer {}", flawed(Flaw::Unsigned)?), "not signed in a way that is accepted"),
            (format!("Bearer {}", flawed(Flaw::PublicKeyAsSecret)?), "not signed in a way that is accepted"),
            (format!("Bearer {}", flawed(Flaw::ForeignSignature)?), "signature is wrong"),
            (format!("Bearer {}", flawed(Flaw::UnknownKey)?), "no key that fits"),
            (format!("Bearer {}", flawed(Flaw::Expired)?), "has expired"),
            (format!("Bearer {}", flawed(Flaw::NotYetValid)?), "not valid yet"),
            (format!("Bearer {}", claimed("email", "system:admin")?), "belong to Kubernetes itself"),
            (format!("Bearer {}", claimed("email", "fanlight:member")?), "Fanlight's own users"),
            (format!("Bearer {}", claimed("email", "admin")?), "emergency user's"),
        ];
        for (value, why) in &bad {
            // A session beside it does not help.
            for (client, path) in [(&client, "/v1/objects"), (&admin, "/v1/objects"), (&admin, "/applications")] {
                let refused = gate.get(client, path).header("Authorization", value.as_bytes()).send().await?;
                let challenge = header(&refused, "www-authenticate").to_owned();
                ensure!(
                    challenge.starts_with("Bearer error=\"invalid_token\"") && challenge.contains(why),
                    "{why}: {challenge}"
                );
                ensure!(header(&refused, "content-type") == "application/json; charset=utf-8");
                ensure!((refused.status().as_u16(), refused.text().await?) == (401, REFUSED.to_owned()), "{why}");
            }
        }
        let good = gate.token(|_| ())?;
        let twice = gate.get(&client, "/v1/objects").bearer_auth(&good).bearer_auth(&good);
        ensure!(answer(twice).await? == (401, REFUSED.to_owned()));

        let by =
            |client: &Client, value: &str| gate.get(client, "/applications").header("Authorization", value.to_owned());
        ensure!(answer(by(&client, "Basic YWRtaW46YWRtaW4=")).await?.0 == 303, "as without it");
        let page = answer(by(&admin, "Basic YWRtaW46YWRtaW4=")).await?;
        ensure!(page.0 == 200 && page.1.contains("Emergency user “admin”"), "the session counts");
        let page = answer(by(&admin, &format!("Bearer {good}"))).await?;
        ensure!(
            page.0 == 200 && page.1.contains("alice@headers") && !page.1.contains("Emergency user"),
            "the token counts"
        );
        for reason in ["no-token", "identity", "claims"] {
            log_with(&gate.server, &[&format!("\"outcome\":\"refused\",\"reason\":\"{reason}\"")]).await?;
        }
        Ok(())
    });
}

#[test]
fn what_is_public_or_about_the_session_itself_does_not_look_at_the_header() {
    in_namespace("no-header", async |plane| {
        let gate = Gate::open(plane, "no-header", &[]).await?;
        let client = FanlightServer::client()?;
        let admin = gate.server.sign_in("admin", "secret").await?;
        let good = gate.token(|_| ())?;
        for token in [good.as_str(), "not-a-jwt"] {
            for path in ["/v1/featureflags", "/health/", "/sign_in"] {
                ensure!(answer(gate.get(&client, path).bearer_auth(token)).await?.0 == 200, "{path}");
            }
            ensure!(answer(gate.get(&client, "/oauth2/userinfo").bearer_auth(token)).await? == (400, String::new()));
            let known = answer(gate.get(&admin, "/oauth2/userinfo").bearer_auth(token)).await?.1;
            ensure!(serde_json::from_str::<Value>(&known)? == json!({"email": "admin", "id": "admin", "groups": null}));
            let refused = answer(gate.post(&client, "/oauth2/refresh").bearer_auth(token)).await?;
            ensure!(refused == (401, "{\"message\":\"failed to refresh\",\"code\":401}\n".to_owned()));
        }
        ensure!(answer(gate.post(&admin, "/oauth2/logout").bearer_auth(&good)).await? == (200, String::new()));
        ensure!(answer(gate.get(&admin, "/oauth2/userinfo")).await?.0 == 400);
        Ok(())
    });
}

#[test]
fn where_no_token_is_taken_the_header_is_somebody_elses() {
    in_namespace("no-tokens", async |plane| {
        plane.set_emergency_user("no-tokens", "admin", "secret").await?;
        let server = start(plane, "no-tokens", &["--auth-methods=user-account"]).await?;
        let admin = server.sign_in("admin", "secret").await?;
        let page = admin.get(format!("{}/applications", server.url())).bearer_auth("a-proxys-own").send().await?;
        ensure!(page.status() == 200);
        let stranger = FanlightServer::client()?;
        let refused = stranger.get(format!("{}/v1/objects", server.url())).bearer_auth("a-proxys-own");
        ensure!(answer(refused).await? == (401, REFUSED.to_owned()));
        Ok(())
    });
}

#[test]
fn user_info_says_who_is_signed_in_in_the_providers_own_words() {
    in_namespace("userinfo", async |plane| {
        let prefixes = ["--oidc-username-prefix=oidc:", "--oidc-group-prefix=oidc:"];
        let gate = Gate::open(plane, "userinfo", &prefixes).await?;
        // It is accepted for a minute more, of which most is over; what is left has to do for signing in.
        let ended = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs() - 40;
        gate.issuer.behave(|manners| manners.claim("exp", ended));
        let client = FanlightServer::client()?;
        let sent = gate.get(&client, "/oauth2?return_url=/applications").send().await?;
        let back = client.get(header(&sent, "location")).send().await?;
        let back = header(&back, "location").replace(Issuer::NOWHERE, gate.server.url());
        ensure!(client.get(back).send().await?.status() == 303);
        let known = gate.get(&client, "/oauth2/userinfo").send().await?;
        ensure!(header(&known, "content-type") == "application/json");
        let alice = "alice@userinfo.example.com";
        let expected = json!({"email": alice, "id": alice, "groups": ["platform", "shop"]});
        ensure!(known.json::<Value>().await? == expected);
        let page = answer(gate.get(&client, "/user_info")).await?.1;
        ensure!(page.contains(&format!("<dd>oidc:{alice}</dd>")) && page.contains("oidc:platform"), "{page}");
        let mut last = (200, String::new());
        until(async || {
            last = answer(gate.get(&client, "/oauth2/userinfo")).await?;
            Ok(last.0 != 200)
        })
        .await?;
        let failure: Value = serde_json::from_str(&last.1).with_context(|| format!("{last:?}"))?;
        ensure!(last.0 == 401 && failure["code"] == 401, "{last:?}");
        ensure!(failure["message"].as_str().is_some_and(|message| message.starts_with("failed to parse id token: ")));
        Ok(())
    });
}

#[test]
fn a_session_of_a_provider_that_is_no_longer_set_up_is_nobodys() {
    in_namespace("no-provider-left", async |plane| {
        plane.set_emergency_user("no-provider-left", "admin", "secret").await?;
        let forge = SessionForge::new(plane, "no-provider-left", "admin", "secret").await?;
        let server = start(plane, "no-provider-left", &[&forge.argument()]).await?;
        let dana = forge.member(&server, "dana@example.com", &[])?;
        until(async || {
            let (status, body) = answer(dana.get(format!("{}/oauth2/userinfo", server.url()))).await?;
            ensure!(status == 200, "{status}: {body}");
            Ok(serde_json::from_str::<Value>(&body)? == json!({"email": "", "id": "", "groups": null}))
        })
        .await?;
        ensure!(dana.get(format!("{}/applications", server.url())).send().await?.status() == 303);
        Ok(())
    });
}
