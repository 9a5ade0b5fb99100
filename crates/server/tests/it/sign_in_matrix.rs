//! Signing in, as a table: with this set-up and at a provider of these manners, that is what comes of it.

use anyhow::{Context, ensure};
use fanlight_testbed::{
    FanlightServer, Issuer,
    issuer::{Endpoint, Manners, Trouble},
};
use serde_json::{Value, json};

use crate::{
    ask::header,
    door::{Door, asked, location},
    shared::in_namespace,
};

/// Somebody signs in at a provider of these manners.
struct Row {
    manners: fn(&mut Manners),
    becomes: Becomes,
}

/// Who that is for Kubernetes.
enum Becomes {
    /// This user, with these groups.
    User(&'static str, &'static [&'static str]),
    /// Nobody: a page with this status says why.
    Nobody(u16, &'static str),
}
use Becomes::{Nobody, User};

/// Keys of the Secret, and who becomes who under them.
type Setup = (&'static [(&'static str, &'static str)], &'static [Row]);

const PLAIN: fn(&mut Manners) = |_| ();

const SETUPS: [Setup; 7] = [
    (
        &[],
        &[
            Row { manners: PLAIN, becomes: User("alice@example.com", &["platform", "shop"]) },
            Row { manners: |m| m.claim("groups", "one"), becomes: User("alice@example.com", &["one"]) },
            Row { manners: |m| m.claim("groups", json!([])), becomes: User("alice@example.com", &[]) },
            Row { manners: Manners::groups_at_userinfo, becomes: User("alice@example.com", &["platform", "shop"]) },
            Row { manners: Manners::group_overage, becomes: User("alice@example.com", &[]) },
            Row { manners: |m| m.without("email_verified"), becomes: User("alice@example.com", &["platform", "shop"]) },
            Row { manners: |m| m.claim("email_verified", false), becomes: Nobody(403, "is not verified") },
            Row {
                manners: |m| {
                    m.userinfo = Some(m.claims.clone());
                    m.without("email");
                },
                becomes: User("alice@example.com", &["platform", "shop"]),
            },
            Row { manners: |m| m.without("email"), becomes: Nobody(403, "no claim &#34;email&#34;") },
            Row { manners: |m| m.claim("email", 7), becomes: Nobody(502, "makes no sense") },
            Row { manners: |m| m.claim("email", ""), becomes: Nobody(403, "the name is empty") },
            Row { manners: |m| m.claim("email", "admin"), becomes: Nobody(403, "is the emergency user’s") },
            Row { manners: |m| m.claim("email", "system:admin"), becomes: Nobody(403, "belong to Kubernetes itself") },
            Row {
                manners: |m| m.claim("email", "system:serviceaccount:a:b"),
                becomes: Nobody(403, "belong to Kubernetes itself"),
            },
            Row { manners: |m| m.claim("email", "fanlight:member"), becomes: Nobody(403, "kept for Fanlight") },
            Row { manners: |m| m.claim("email", "zoë"), becomes: Nobody(403, "an HTTP header cannot carry") },
            Row { manners: |m| m.claim("groups", ""), becomes: Nobody(403, "neither a list of texts nor a text") },
            Row {
                manners: |m| m.claim("groups", json!(["a", 7])),
                becomes: Nobody(403, "neither a list of texts nor a text"),
            },
            Row {
                manners: |m| m.claim("groups", json!(["shop", "system:masters"])),
                becomes: User("alice@example.com", &["shop"]),
            },
        ],
    ),
    (
        &[("claimUsername", "preferred_username"), ("claimGroups", "realm_access.roles")],
        &[
            Row {
                manners: |m| m.claim("realm_access", json!({"roles": ["viewer"]})),
                becomes: User("alice", &["viewer"]),
            },
            Row { manners: |m| m.claim("email_verified", false), becomes: User("alice", &[]) },
        ],
    ),
    (
        &[("oidcUsernamePrefix", "oidc:"), ("oidcGroupsPrefix", "oidc:")],
        &[
            Row { manners: PLAIN, becomes: User("oidc:alice@example.com", &["oidc:platform", "oidc:shop"]) },
            Row { manners: |m| m.claim("email", ""), becomes: Nobody(403, "the name is empty") },
            Row {
                manners: |m| m.claim("groups", json!(["system:masters"])),
                becomes: User("oidc:alice@example.com", &["oidc:system:masters"]),
            },
        ],
    ),
    (
        &[("oidcUsernamePrefix", "system:"), ("oidcGroupsPrefix", "system:")],
        &[Row { manners: PLAIN, becomes: Nobody(403, "belong to Kubernetes itself") }],
    ),
    (
        &[("allowedGroups", "ops, shop")],
        &[
            Row { manners: PLAIN, becomes: User("alice@example.com", &["platform", "shop"]) },
            Row { manners: |m| m.claim("groups", json!(["platform"])), becomes: Nobody(403, "in none of the groups") },
            Row { manners: |m| m.without("groups"), becomes: Nobody(403, "in none of the groups") },
        ],
    ),
    (
        // Where one of the claims is there but empty, both are the usual ones.
        &[("claimUsername", "sub"), ("claimGroups", "")],
        &[Row { manners: PLAIN, becomes: User("alice@example.com", &["platform", "shop"]) }],
    ),
    (
        &[("clientID", Issuer::PUBLIC_CLIENT), ("clientSecret", ""), ("tokenDuration", "soon")],
        &[Row { manners: PLAIN, becomes: User("alice@example.com", &["platform", "shop"]) }],
    ),
];

#[test]
fn who_somebody_is_for_kubernetes_follows_from_the_settings_and_what_the_provider_says() {
    in_namespace("matrix", async |plane| {
        plane.set_emergency_user("matrix", "admin", "secret").await?;
        for (keys, rows) in &SETUPS {
            let issuer = Issuer::start_plain().await?;
            let door = Door::by_secret(plane, "matrix", issuer, keys, &[]).await?;
            for (place, row) in rows.iter().enumerate() {
                door.issuer.behave(|manners| {
                    *manners = Manners::default();
                    (row.manners)(manners);
                });
                comes_true(&door, &row.becomes).await.with_context(|| format!("{keys:?}, row {place}"))?;
            }
        }
        Ok(())
    });
}

async fn comes_true(door: &Door, becomes: &Becomes) -> anyhow::Result<()> {
    let client = FanlightServer::client()?;
    let arrived = door.arrive(&client).await?;
    let status = arrived.status();
    match becomes {
        User(name, groups) => {
            ensure!(status == 303, "{status}: {}", arrived.text().await?);
            ensure!(location(&arrived)? == "/applications");
            let page = door.get(&client, "/user_info").await?.error_for_status()?.text().await?;
            let groups = if groups.is_empty() { "none".to_owned() } else { groups.join(", ") };
            ensure!(page.contains(&format!("<dd>{name}, at the identity provider</dd>")), "{name}: {page}");
            ensure!(page.contains(&format!("<dt>Your groups</dt><dd>{groups}</dd>")), "{groups}: {page}");
        }
        Nobody(wanted, why) => {
            ensure!(status == *wanted, "{status}");
            ensure!(arrived.headers().get_all("set-cookie").iter().all(is_deletion), "{:?}", arrived.headers());
            let number = header(&arrived, "x-request-id").context("a number")?.to_owned();
            let page = arrived.text().await?;
            ensure!(page.contains("You are not signed in") && page.contains(why), "{why}: {page}");
            ensure!(page.contains("/oauth2?return_url=%2Fapplications\">Try again</a>"), "{page}");
            ensure!(page.contains(&format!("Request {number}:")) && door.server.log().contains(&number), "{page}");
            ensure!(door.get(&client, "/oauth2/userinfo").await?.status() == 400);
        }
    }
    Ok(())
}

fn is_deletion(cookie: &reqwest::header::HeaderValue) -> bool {
    cookie.to_str().is_ok_and(|cookie| cookie.contains("Max-Age=0"))
}

#[test]
fn groups_that_did_not_come_through_are_shown_on_the_access_page() {
    in_namespace("dropped", async |plane| {
        let door = Door::open(plane, "dropped", &[]).await?;
        let told = |manners: fn(&mut Manners), words: &'static str| {
            door.issuer.behave(|known| {
                *known = Manners::default();
                manners(known);
            });
            let door = &door;
            async move {
                let client = door.sign_in().await?;
                let page = door.get(&client, "/user_info").await?.text().await?;
                ensure!(page.contains("Not all of your groups came through") && page.contains(words), "{page}");
                door.post(&client, "/oauth2/refresh").await?.error_for_status()?;
                let page = door.get(&client, "/user_info").await?.text().await?;
                ensure!(page.contains(words), "after a refresh too: {page}");
                anyhow::Ok(())
            }
        };
        told(|m| m.claim("groups", json!(["shop", "system:masters"])), "system:masters").await?;
        told(Manners::group_overage, "groups overage").await?;
        let broken: fn(&mut Manners) = |m| {
            m.groups_at_userinfo();
            m.trouble(Endpoint::UserInfo, Trouble::Page);
        };
        told(broken, "UserInfo did not tell them").await?;
        door.issuer.behave(|manners| *manners = Manners::default());
        let page = door.get(&door.sign_in().await?, "/user_info").await?.text().await?;
        ensure!(!page.contains("came through"), "{page}");
        Ok(())
    });
}

#[test]
fn the_provider_is_asked_as_the_settings_say() {
    in_namespace("asking", async |plane| {
        for (scopes, wanted) in [
            ("", "openid offline_access email groups"),
            ("email , profile", "openid email profile"),
            ("openid,custom", "openid custom"),
        ] {
            let issuer = Issuer::start_plain().await?;
            let door = Door::by_secret(plane, "asking", issuer, &[("customScopes", scopes)], &[]).await?;
            let (_, url) = door.leave(&FanlightServer::client()?, "").await?;
            ensure!(url.as_str().starts_with(&format!("{}/authorize?", door.issuer.url())), "{url}");
            for (name, value) in [
                ("response_type", "code"),
                ("client_id", Issuer::CLIENT),
                ("redirect_uri", "http://127.0.0.1:9/oauth2/callback"),
                ("scope", wanted),
                ("code_challenge_method", "S256"),
                ("prompt", ""),
            ] {
                ensure!(asked(&url, name) == value, "{name}: {url}");
            }
            for name in ["state", "nonce", "code_challenge"] {
                ensure!(asked(&url, name).len() == 43, "{name} is 32 random bytes: {url}");
            }
        }
        // The Secret replaces the flags, but for the prefixes.
        let flags = ["--oidc-client-id=other", "--oidc-username-prefix=flag:", "--oidc-group-prefix=flag:"];
        let issuer = Issuer::start_plain().await?;
        let door = Door::by_secret(plane, "asking", issuer, &[("oidcGroupsPrefix", "secret:")], &flags).await?;
        plane.set_emergency_user("asking", "admin", "secret").await?;
        comes_true(&door, &User("flag:alice@example.com", &["secret:platform", "secret:shop"])).await?;
        let admin = door.server.sign_in("admin", "secret").await?;
        let user: Value = door.get(&admin, "/oauth2/userinfo").await?.json().await?;
        ensure!(user == json!({"email": "admin", "id": "admin", "groups": null}), "no prefix for the emergency user");
        Ok(())
    });
}

#[test]
fn service_accounts_come_in_only_where_that_is_meant() {
    in_namespace("accounts", async |plane| {
        let door = Door::open(plane, "accounts", &["--oidc-service-accounts"]).await?;
        door.issuer.behave(|manners| manners.claim("email", "system:serviceaccount:accounts:robot"));
        let user: Value = door.get(&door.sign_in().await?, "/oauth2/userinfo").await?.json().await?;
        ensure!(user["id"] == "system:serviceaccount:accounts:robot", "{user}");
        for name in ["system:serviceaccount:accounts", "system:serviceaccount:a:b:c", "system:node:a", "system:admin"] {
            door.issuer.behave(|manners| manners.claim("email", name));
            comes_true(&door, &Nobody(403, "belong to Kubernetes itself")).await.context(name)?;
        }
        Ok(())
    });
}
