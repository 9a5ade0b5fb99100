//! Signing in at a provider that misbehaves.

use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context, ensure};
use fanlight_testbed::{
    FanlightServer,
    issuer::{Endpoint, Flaw, Manners, Refreshing, Trouble},
};

use crate::{
    door::{Door, location},
    shared::{in_namespace, until},
};

/// Takes leave of a provider's manners.
type Misbehave = Box<dyn Fn(&mut Manners)>;

#[test]
fn every_fault_of_a_provider_ends_on_a_page_and_lets_nobody_in() {
    in_namespace("oidc-faults", async |plane| {
        let door = Door::open(plane, "oidc-faults", &[]).await?;
        let flaw = |flaw| move |manners: &mut Manners| manners.flaw = Some(flaw);
        let token = |trouble: Trouble| move |manners: &mut Manners| manners.trouble(Endpoint::Token, trouble.clone());
        let cases: [(&str, u16, Misbehave); 20] = [
            ("wrong issuer", 502, Box::new(flaw(Flaw::WrongIssuer))),
            ("wrong audience", 502, Box::new(flaw(Flaw::WrongAudience))),
            ("wrong nonce", 502, Box::new(flaw(Flaw::WrongNonce))),
            ("unsigned", 502, Box::new(flaw(Flaw::Unsigned))),
            ("public key as secret", 502, Box::new(flaw(Flaw::PublicKeyAsSecret))),
            ("foreign signature", 502, Box::new(flaw(Flaw::ForeignSignature))),
            ("expired", 502, Box::new(flaw(Flaw::Expired))),
            ("not valid yet", 502, Box::new(flaw(Flaw::NotYetValid))),
            ("another party", 502, Box::new(flaw(Flaw::WrongParty))),
            ("no nonce", 502, Box::new(flaw(Flaw::NoNonce))),
            ("unknown key", 502, Box::new(flaw(Flaw::UnknownKey))),
            ("no token at all", 502, Box::new(flaw(Flaw::Garbage))),
            ("refused", 401, Box::new(|manners| manners.refusal = Some("access_denied"))),
            ("answer lost", 502, Box::new(token(Trouble::Lost))),
            ("half an answer", 502, Box::new(token(Trouble::Half))),
            ("an answer without end", 502, Box::new(token(Trouble::Endless))),
            ("sent elsewhere", 502, Box::new(token(Trouble::Redirect("http://127.0.0.1:9/token".to_owned())))),
            ("an error of the provider", 502, Box::new(token(Trouble::Error(500)))),
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
        // Keys are not looked up for every stranger's token, so this one may have to wait for its turn.
        until(async || Ok(door.sign_in().await.is_ok())).await.context("a rotated key")?;
        Ok(())
    });
}

#[test]
fn an_identity_that_ran_out_is_confirmed_without_a_form_as_long_as_the_provider_knows_the_person() {
    in_namespace("oidc-silent", async |plane| {
        let door = Door::open(plane, "oidc-silent", &[]).await?;
        // It is accepted for a minute more, of which most is over; what is left has to be enough on a busy machine.
        let ended = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs() - 45;
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
        let ended = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs() - 45;
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
        let door = Door::open(plane, "oidc-refresh", &[]).await?;
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
