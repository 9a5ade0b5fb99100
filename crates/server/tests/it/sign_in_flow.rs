//! The way to the provider and back, step by step: what each may do, and how each may fail.

use anyhow::ensure;
use fanlight_testbed::{
    FanlightServer,
    issuer::{Manners, Refreshing},
};
use reqwest::{Client, Method};

use crate::{
    ask::{answer, header, page},
    door::{Door, location},
    shared::{in_namespace, until},
};

/// Comes back otherwise than the provider sent: the address becomes what `change` makes of it.
type Change = fn(&str) -> String;

#[test]
fn whatever_comes_back_wrongly_ends_on_a_page_with_a_way_on() {
    in_namespace("coming-back", async |plane| {
        let door = Door::open(plane, "coming-back", &[]).await?;
        let rows: [(&str, u16, &str, Change); 9] = [
            ("an error", 401, "a sentence (temporarily_unavailable)", |back| {
                let error = "error=temporarily_unavailable&error_description=a%20sentence";
                back.replace("code=", &format!("{error}&was="))
            }),
            ("no code", 400, "it has no code", |back| back.replace("code=", "was=")),
            ("an empty code", 400, "it has no code", |back| back.replace("code=", "code=&was=")),
            ("another code", 502, "invalid_grant", |back| back.replace("code=", "code=no")),
            ("no state", 400, "it has no state", |back| back.replace("state=", "was=")),
            ("another state", 400, "was not begun in this browser", |back| back.replace("state=", "state=x")),
            ("the state twice", 400, "a parameter twice", |back| format!("{back}&state=x")),
            ("another issuer", 400, "another identity provider", |back| format!("{back}&iss=https://id.example.com")),
            ("nothing", 400, "it has no state", |back| back.split('?').next().unwrap_or_default().to_owned()),
        ];
        for (what, status, why, change) in rows {
            let client = FanlightServer::client()?;
            let (sent, _) = door.leave(&client, "?return_url=/applications").await?;
            let back = change(&door.way_back(&client, &sent).await?);
            let (got, page) = answer(client.get(back).send().await?).await?;
            ensure!(got == status, "{what}: {got}");
            ensure!(page.contains("You are not signed in") && page.contains(why), "{what}: {page}");
            ensure!(page.contains("Try again") && !page.contains("code-"), "{what}: {page}");
            ensure!(door.get(&client, "/oauth2/userinfo").await?.status() == 400, "{what}");
        }
        // In another browser, and a second time in the right one.
        let client = FanlightServer::client()?;
        let (sent, _) = door.leave(&client, "").await?;
        let back = door.way_back(&client, &sent).await?;
        ensure!(FanlightServer::client()?.get(&back).send().await?.status() == 400);
        ensure!(client.get(&back).send().await?.status() == 303, "another browser’s try costs nothing");
        ensure!(client.get(&back).send().await?.status() == 400, "a state is good once");
        for method in [Method::POST, Method::PUT, Method::DELETE] {
            let refused = client.request(method, format!("{}/oauth2/callback", door.server.url())).send().await?;
            ensure!(refused.status() == 405);
            ensure!(header(&refused, "allow").is_some_and(|allowed| allowed.contains("GET")));
        }
        Ok(())
    });
}

#[test]
fn a_sign_in_leads_back_to_the_page_and_nowhere_else() {
    in_namespace("return-url", async |plane| {
        let door = Door::open(plane, "return-url", &[]).await?;
        for (wanted, page) in [
            ("", "/"),
            ("/applications%3Fstatus%3Dfailed", "/applications?status=failed"),
            // Absolute, as the predecessor's pages asked: ours is the origin of the redirect URL.
            ("http://127.0.0.1:9/sources", "/sources"),
            ("https://127.0.0.1:9/sources", "/"),
            ("http://127.0.0.1:9@evil.example/", "/"),
            ("https://evil.example/", "/"),
            ("//evil.example/", "/"),
            ("/%5Cevil.example/", "/"),
            ("/%09/evil.example/", "/"),
            ("javascript:alert(1)", "/"),
            ("/oauth2", "/"),
        ] {
            let client = FanlightServer::client()?;
            let (sent, _) = door.leave(&client, &format!("?return_url={wanted}")).await?;
            let back = door.come_back(&client, &sent).await?;
            ensure!(location(&back)? == page, "{wanted}: {}", location(&back)?);
        }
        Ok(())
    });
}

#[test]
fn several_tabs_sign_in_at_once_and_the_ninth_costs_the_oldest() {
    in_namespace("tabs", async |plane| {
        let door = Door::open(plane, "tabs", &[]).await?;
        let client = FanlightServer::client()?;
        let mut tabs = Vec::new();
        for number in 0..9 {
            tabs.push(door.leave(&client, &format!("?return_url=/applications%3Fsearch%3D{number}")).await?.0);
            // Seconds tell which one is the oldest; of those of one second it is any.
            ensure!(door.get(&client, "/sign_in").await?.status() == 200, "with {number} of them open");
        }
        let mut arrived = Vec::new();
        for (number, sent) in tabs.iter().enumerate().rev() {
            let back = door.come_back(&client, sent).await?;
            if back.status() == 303 {
                ensure!(location(&back)? == format!("/applications?search={number}"));
                arrived.push(number);
            } else {
                ensure!(back.status() == 400, "{number}: {}", back.status());
            }
        }
        ensure!(arrived.len() == 8 && arrived.contains(&8), "{arrived:?}");
        ensure!(door.get(&client, "/oauth2/userinfo").await?.status() == 200);
        Ok(())
    });
}

#[test]
fn every_sign_in_is_a_new_session_and_its_cookies_are_for_the_server_alone() {
    in_namespace("fixation", async |plane| {
        let door = Door::open(plane, "fixation", &[]).await?;
        let client = FanlightServer::client()?;
        let mut seen = Vec::new();
        for _ in 0..2 {
            let arrived = door.arrive(&client).await?;
            let set: Vec<_> =
                arrived.headers().get_all("set-cookie").iter().filter_map(|one| one.to_str().ok()).collect();
            let kept: Vec<_> = set.iter().filter(|cookie| !cookie.contains("Max-Age=0")).collect();
            ensure!(kept.len() == 3, "identity, idle mark, tokens: {}", set.len());
            for cookie in &set {
                ensure!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Lax") && cookie.contains("Path=/"));
            }
            seen.extend(kept.iter().filter_map(|cookie| cookie.split(';').next()).map(ToOwned::to_owned));
        }
        let count = seen.len();
        seen.sort_unstable();
        seen.dedup();
        ensure!(seen.len() == count, "no value comes twice");
        Ok(())
    });
}

#[test]
fn a_refresh_is_for_whoever_has_a_session_of_the_provider() {
    in_namespace("refreshing", async |plane| {
        let door = Door::open(plane, "refreshing", &[]).await?;
        let refused = "{\"message\":\"failed to refresh\",\"code\":401}\n".to_owned();
        let refresh = async |client: &Client| answer(door.post(client, "/oauth2/refresh").await?).await;
        ensure!(refresh(&FanlightServer::client()?).await? == (401, refused.clone()), "nobody");
        ensure!(refresh(&door.server.sign_in("admin", "secret").await?).await? == (401, refused.clone()), "emergency");
        for refreshing in [Refreshing::Reusable, Refreshing::Rotated] {
            door.issuer.behave(|manners| manners.refreshing = refreshing);
            let client = door.sign_in().await?;
            for _ in 0..3 {
                ensure!(refresh(&client).await? == (200, String::new()), "{refreshing:?}");
            }
        }
        let client = door.sign_in().await?;
        door.issuer.behave(|manners| manners.claim("email", "mallory@example.com"));
        ensure!(refresh(&client).await? == (401, refused.clone()), "the provider tells of somebody else");
        door.issuer.behave(|manners| *manners = Manners::default());
        let client = door.sign_in().await?;
        door.issuer.end_sessions();
        ensure!(refresh(&client).await? == (401, refused.clone()), "the session there is over");
        let client = door.sign_in().await?;
        door.issuer.behave(|manners| manners.refreshing = Refreshing::Never);
        let without = door.sign_in().await?;
        ensure!(refresh(&without).await? == (401, refused.clone()), "there is no token for it");
        door.issuer.stop().await;
        ensure!(refresh(&client).await? == (401, refused), "the provider is away");
        ensure!(door.get(&client, "/oauth2/userinfo").await?.status() == 200, "what was confirmed holds for its time");
        until(async || Ok(page(&door.server).await?.contains("does not work at this moment"))).await
    });
}
