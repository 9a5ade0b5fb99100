//! People who come from a provider, with the account and the Secret that the chart makes.

use std::collections::BTreeSet;

use anyhow::{Context, ensure};
use fanlight_testbed::{AuditEntry, AuditLog, FanlightServer, Issuer, yaml};
use reqwest::{Client, Response};
use serde_json::{Map, Value, json};
use tokio::time::{Duration, sleep, timeout};

use crate::{
    helm::here,
    install::{Release, hash, on_plane},
};

const ROWS: [&str; 2] = ["Kustomization/apps/shop", "Kustomization/data/shop"];
/// Where people are sent back to. The server's port is not known when the chart is installed, so the test goes there itself.
const BACK: &str = "http://127.0.0.1:9";
const DANA: &str = "dana@example.com";

/// Values with a provider, whose member `dev-team` may look, and `more`.
pub(crate) fn values(issuer: &Issuer, more: &Value) -> anyhow::Result<String> {
    let mut values = json!({
        "oidcSecret": {"create": true, "clientID": Issuer::CLIENT, "clientSecret": Issuer::SECRET,
            "issuerURL": issuer.url(), "redirectURL": format!("{BACK}/oauth2/callback")},
        "adminUser": {"create": true, "username": "admin", "passwordHash": hash()?},
        "rbac": {"userRoles": {"create": true, "viewer": {"groups": ["dev-team"]}}},
    });
    merge(&mut values, more);
    Ok(values.to_string())
}

fn merge(values: &mut Value, more: &Value) {
    for (key, value) in more.as_object().into_iter().flatten() {
        if value.is_object() && values[key].is_object() {
            merge(&mut values[key], value);
        } else {
            values[key] = value.clone();
        }
    }
}

/// Goes to the provider and comes back.
async fn sign_in(server: &FanlightServer) -> anyhow::Result<Client> {
    let client = FanlightServer::client()?;
    let sent = client.get(format!("{}/oauth2?return_url=/applications", server.url())).send().await?;
    let back = client.get(location(&sent)?).send().await?;
    let arrived = client.get(location(&back)?.replace(BACK, server.url())).send().await?;
    ensure!(location(&arrived)? == "/applications");
    Ok(client)
}

fn location(response: &Response) -> anyhow::Result<&str> {
    let place = response.headers().get("location").with_context(|| format!("{} leads nowhere", response.status()))?;
    Ok(place.to_str()?)
}

/// Whether people can sign in at a provider, as scripts are told.
async fn flag(server: &FanlightServer, name: &str) -> anyhow::Result<bool> {
    let told = FanlightServer::client()?.get(format!("{}/v1/featureflags", server.url())).send().await?;
    let told: Value = told.json().await?;
    Ok(told["flags"][name] == "true")
}

/// Waits until the provider was looked up.
pub(crate) async fn provider(server: &FanlightServer) -> anyhow::Result<()> {
    let waiting = async {
        while !flag(server, "OIDC_AUTH").await? {
            sleep(Duration::from_millis(50)).await;
        }
        anyhow::Ok(())
    };
    timeout(Duration::from_secs(60), waiting).await.context("the provider is not found")?
}

/// An issuer of people of these groups.
pub(crate) async fn issuer(groups: &[&str]) -> anyhow::Result<Issuer> {
    let issuer = Issuer::start_plain().await?;
    let claims = json!({"email": DANA, "groups": groups});
    issuer.behave(|manners| manners.claims.extend(claims.as_object().cloned().unwrap_or_else(Map::new)));
    Ok(issuer)
}

/// Whom the server impersonated for Flux's objects: user, groups but the one that everybody has, and the extra.
type Face = (String, Vec<String>, Vec<String>);

/// As whom a server's account was answered about objects of Flux.
fn faces(audit: &AuditLog, account: &str) -> anyhow::Result<BTreeSet<Face>> {
    let entries = audit.entries()?;
    let answered = entries.into_iter().filter(|entry| entry.user.username == account);
    let answered = answered.filter(|entry| entry.is_of_flux() && entry.code() == Some(200));
    let faces = answered.filter_map(|entry| entry.impersonated_user).map(|user| {
        let groups = user.groups.into_iter().filter(|group| group != "system:authenticated").collect();
        (user.username, groups, user.extra.get("fanlight.dev/user").cloned().unwrap_or_default())
    });
    Ok(faces.collect())
}

#[test]
fn by_groups_alone_members_see_what_their_groups_may_and_the_emergency_user_is_off() {
    on_plane(async |plane| {
        let issuer = issuer(&["dev-team", "on-call"]).await?;
        // As the predecessor documents it; and the same constrained.
        let documented = std::fs::read_to_string(here().join("cases/limited-to-groups.yaml"))?;
        let documented = yaml::documents(&documented)?.pop().context("values")?;
        for constrained in [false, true] {
            let mut more = documented.clone();
            more["rbac"]["constrainedImpersonation"] = json!({"enabled": constrained});
            let release = Release::new(plane, "groups");
            let audit = plane.audit().from_now()?;
            let notes = release.put(&values(&issuer, &more)?).await?;
            ensure!(notes.contains("by their groups alone") && notes.contains("cannot sign in"), "{notes}");
            let server = release.run("groups-fanlight").await?;
            provider(&server).await?;
            let dana = sign_in(&server).await?;
            server.stream(&dana).await?.until_rows(&ROWS).await.with_context(|| server.log())?;
            let seen = faces(&audit, "system:serviceaccount:groups:groups-fanlight")?;
            let member = ("fanlight:member".to_owned(), vec!["dev-team".to_owned()], vec![DANA.to_owned()]);
            ensure!(seen == [member].into(), "{seen:?}");
            ensure!(!flag(&server, "CLUSTER_USER_AUTH").await?, "the emergency user is off");
            drop(server);
            release.uninstall()?;
        }
        Ok(())
    });
}

#[test]
fn by_users_alone_who_is_named_sees_theirs_and_who_is_not_is_told_what_to_grant() {
    const AISHA: &str = "aisha@example.com";
    on_plane(async |plane| {
        let issuer = issuer(&["dev-team"]).await?;
        let documented = std::fs::read_to_string(here().join("cases/limited-to-users.yaml"))?;
        let documented = yaml::documents(&documented)?.pop().context("values")?;
        for constrained in [false, true] {
            let mut more = documented.clone();
            more["rbac"]["constrainedImpersonation"] = json!({"enabled": constrained});
            more["rbac"]["userRoles"] = json!({"viewer": {"users": [AISHA, DANA], "groups": []}});
            let release = Release::new(plane, "users");
            let audit = plane.audit().from_now()?;
            release.put(&values(&issuer, &more)?).await?;
            let server = release.run("users-fanlight").await?;
            provider(&server).await?;
            // Whatever she may herself, the server may not act for her.
            let dana = sign_in(&server).await?;
            let page = dana.get(format!("{}/applications", server.url())).send().await?;
            let (status, page) = (page.status(), page.text().await?);
            ensure!(status == 403 && page.contains("Fanlight may not act for you"), "{status}: {page}");
            for said in [DANA, "impersonate", "users-fanlight", "Check again"] {
                ensure!(page.contains(said), "{said}: {page}");
            }
            ensure!(!page.contains("Kustomization/"), "{page}");

            issuer.behave(|manners| drop(manners.claims.insert("email".to_owned(), json!(AISHA))));
            let aisha = sign_in(&server).await?;
            server.stream(&aisha).await?.until_rows(&ROWS).await.with_context(|| server.log())?;
            issuer.behave(|manners| drop(manners.claims.insert("email".to_owned(), json!(DANA))));
            let faces = faces(&audit, "system:serviceaccount:users:users-fanlight")?;
            ensure!(faces == [(AISHA.to_owned(), Vec::new(), Vec::new())].into(), "{faces:?}");
            drop(server);
            release.uninstall()?;
        }
        Ok(())
    });
}

#[test]
fn where_some_are_named_and_members_too_the_others_go_by_their_groups_and_the_emergency_user_by_name() {
    on_plane(async |plane| {
        let issuer = issuer(&["dev-team"]).await?;
        let names = json!({"rbac": {"impersonationResourceNames": ["admin", "dev-team", "fanlight:member"]}});
        let release = Release::new(plane, "both");
        release.put(&values(&issuer, &names)?).await?;
        let server = release.run("both-fanlight").await?;
        provider(&server).await?;
        let audit = plane.audit().from_now()?;
        let dana = sign_in(&server).await?;
        server.stream(&dana).await?.until_rows(&ROWS).await.with_context(|| server.log())?;
        let is_member = |entry: &AuditEntry| entry.is_of_flux() && entry.name() == "fanlight:member";
        ensure!(audit.entries()?.iter().any(is_member), "she is a member");
        let admin = server.sign_in("admin", "secret").await?;
        server.stream(&admin).await?.until_rows(&ROWS).await?;
        drop(server);
        release.uninstall()
    });
}

#[test]
fn people_from_a_provider_see_what_their_groups_may_wherever_the_values_put_its_secret() {
    on_plane(async |plane| {
        let issuer = issuer(&["dev-team"]).await?;
        for (more, works) in [
            (json!({}), true),
            (json!({"additionalArgs": ["--oidc-secret-name=company"]}), true),
            (json!({"rbac": {"secretsClusterWide": true}}), true),
            (json!({"rbac": {"viewSecretsResourceNames": ["oidc-auth"]}}), true),
            (json!({"rbac": {"viewSecretsResourceNames": ["cluster-user-auth"]}}), false),
            (json!({"rbac": {"impersonationResourceNames": [DANA, "dev-team"]}}), true),
            (json!({"rbac": {"constrainedImpersonation": {"enabled": true}}}), true),
        ] {
            let release = Release::new(plane, "provider");
            release.put(&values(&issuer, &more)?).await.with_context(|| more.to_string())?;
            let server = release.run("provider-fanlight").await?;
            let outcome = async {
                if works {
                    provider(&server).await?;
                    let dana = sign_in(&server).await?;
                    server.stream(&dana).await?.until_rows(&ROWS).await?;
                } else {
                    // Once the other way in is known, the server has looked.
                    server.sign_in("admin", "secret").await?;
                    ensure!(!flag(&server, "OIDC_AUTH").await?, "it may not read the Secret");
                }
                Ok(())
            };
            outcome.await.with_context(|| format!("{more}\n{}", server.log()))?;
            drop(server);
            release.uninstall()?;
        }
        Ok(())
    });
}
