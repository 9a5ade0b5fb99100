//! What the server's own account may impersonate, set-up by set-up as they are documented.

use std::collections::BTreeSet;

use fanlight_testbed::{
    ControlPlane, FanlightServer, Options,
    rights::{FLUX, flux_rules, sign_in_rules},
};
use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::{
    house::{House, WATCH, plane},
    shared::until,
};

const DANA: &str = "dana@example.com";
const SHOP: &str = "Kustomization/apps/shop";
const SECRETS: [&str; 2] = ["cluster-user-auth", "oidc-auth"];

/// Lets an account impersonate these names, or all if there are none.
fn impersonates(resources: &[&str], names: &[&str]) -> Value {
    let mut rule = json!({"apiGroups": [""], "resources": resources, "verbs": ["impersonate"]});
    if !names.is_empty() {
        rule["resourceNames"] = json!(names);
    }
    rule
}

/// `impersonationResources: ["groups"]` with three names, as the chart renders it.
fn groups_only() -> Vec<Value> {
    let extra = json!({"apiGroups": ["authentication.k8s.io"], "resources": ["userextras/fanlight.dev/user"],
        "verbs": ["impersonate"]});
    vec![
        impersonates(&["groups"], &["admin", "dev-team", "qa-team"]),
        impersonates(&["users"], &["fanlight:member"]),
        extra,
    ]
}

/// The server, whose account has exactly these rights, before a cluster in which `dev-team` may look into `apps`.
async fn house(rules: impl IntoIterator<Item = Value>) -> anyhow::Result<House> {
    let plane = plane(Options::default()).await?;
    limit(&plane, rules).await?;
    plane.grant_group_everywhere("dev-team", flux_rules(&WATCH)).await?;
    plane.grant_in("data", DANA, flux_rules(&WATCH)).await?;
    House::before(plane).await
}

async fn limit(plane: &ControlPlane, rules: impl IntoIterator<Item = Value>) -> anyhow::Result<()> {
    let rules: Vec<_> = sign_in_rules(&SECRETS).into_iter().chain(rules).collect();
    plane.install_limited_account("fanlight", &Value::from(rules)).await
}

/// Somebody impersonated: name, groups but the one that everybody has, extra.
type Face = (String, Vec<String>, Vec<String>);

/// Whom the server impersonated for objects of Flux.
fn faces(house: &House) -> anyhow::Result<BTreeSet<Face>> {
    let entries = house.plane.audit().entries()?;
    let seen = entries.iter().filter(|entry| entry.is_of_flux() && entry.code() == Some(200));
    let masks = seen.filter_map(|entry| entry.impersonated_user.clone());
    Ok(masks
        .map(|user| {
            let groups = user.groups.into_iter().filter(|group| group != "system:authenticated").collect();
            let extra = user.extra.get("fanlight.dev/user").cloned().unwrap_or_default();
            (user.username, groups, extra)
        })
        .collect())
}

fn owned(names: &[&str]) -> Vec<String> {
    names.iter().map(ToString::to_string).collect()
}

/// Opens the page until the rows are there.
async fn sees(house: &House, client: &reqwest::Client, rows: &[&str]) -> anyhow::Result<()> {
    until(async || {
        let mut found = house.server.applications(client, "").await?;
        found.sort_unstable();
        Ok(found == rows)
    })
    .await
}

#[tokio::test]
async fn a_group_that_may_not_be_impersonated_is_left_out_and_the_others_count() -> anyhow::Result<()> {
    let house = house([impersonates(&["users"], &[]), impersonates(&["groups"], &["dev-team", "qa-team"])]).await?;
    let dana = house.client(DANA, &["dev-team", "on-call"])?;
    sees(&house, &dana, &[SHOP, "Kustomization/data/shop", "Kustomization/edge/shop"]).await?;
    assert_eq!(faces(&house)?, [(DANA.to_owned(), owned(&["dev-team"]), vec![])].into());
    let refused = house.plane.audit().entries()?;
    let refused: Vec<_> = refused.iter().filter(|entry| entry.code() == Some(403) && entry.is_of_flux()).collect();
    assert!(refused.is_empty(), "none was tried: {refused:#?}");
    assert!(house.server.log().contains("on-call"), "{}", house.server.log());
    Ok(())
}

#[tokio::test]
async fn with_groups_alone_people_are_members_and_the_audit_log_still_names_them() -> anyhow::Result<()> {
    let house = house(groups_only()).await?;
    let dana = house.member(DANA, &["dev-team", "on-call"])?;
    sees(&house, &dana, &[SHOP, "Kustomization/data/shop", "Kustomization/edge/shop"]).await?;
    let dev = ("fanlight:member".to_owned(), owned(&["dev-team"]), owned(&[DANA]));
    assert_eq!(faces(&house)?, [dev].into());
    let page = get(&house, &dana, "/user_info").await?;
    assert!(page.contains("Left out") && page.contains("on-call") && page.contains("fanlight:member"), "{page}");
    // The emergency user's sessions, which this forged one hangs on, have ended.
    let admin = house.client("admin", &["dev-team"])?;
    assert_eq!(admin.get(format!("{}/applications", house.server.url())).send().await?.status(), 303);
    Ok(())
}

#[tokio::test]
async fn who_may_not_be_impersonated_reads_what_to_grant_and_comes_in_at_once_when_it_is() -> anyhow::Result<()> {
    let only = [impersonates(&["users"], &["aisha@example.com", "admin"])];
    let house = house(only.clone()).await?;
    let dana = house.member(DANA, &["dev-team"])?;
    let answer = dana.get(format!("{}/applications", house.server.url())).send().await?;
    assert_eq!(answer.status(), 403);
    let page = answer.text().await?;
    for part in ["kind: ClusterRole", DANA, "- dev-team", "name: fanlight", "namespace: fanlight"] {
        assert!(page.contains(part), "{part}: {page}");
    }
    limit(&house.plane, only.into_iter().chain([impersonates(&["users"], &[DANA])])).await?;
    again(&house, &dana).await?;
    sees(&house, &dana, &["Kustomization/data/shop"]).await?;
    assert_eq!(faces(&house)?, [(DANA.to_owned(), vec![], vec![])].into(), "no group may be impersonated");
    house.server.sign_in("admin", "secret").await?;
    Ok(())
}

/// Constrained impersonation: anybody, for these verbs on objects of Flux and for reviews.
fn constrained(verbs: &[&str]) -> Vec<Value> {
    let on: Vec<_> = verbs.iter().map(|verb| format!("impersonate-on:user-info:{verb}")).collect();
    vec![
        json!({"apiGroups": ["authentication.k8s.io"], "resources": ["users", "groups"],
            "verbs": ["impersonate:user-info"]}),
        json!({"apiGroups": FLUX, "resources": ["*"], "verbs": on}),
        json!({"apiGroups": ["authorization.k8s.io"], "verbs": ["impersonate-on:user-info:create"],
            "resources": ["selfsubjectaccessreviews", "selfsubjectrulesreviews"]}),
    ]
}

#[tokio::test]
async fn with_constrained_impersonation_alone_people_look_and_act() -> anyhow::Result<()> {
    let house = house(constrained(&["get", "list", "watch", "patch"])).await?;
    house.plane.grant_in("edge", DANA, flux_rules(&["get", "list", "watch", "patch"])).await?;
    let dana = house.member(DANA, &["dev-team"])?;
    sees(&house, &dana, &[SHOP, "Kustomization/data/shop", "Kustomization/edge/shop"]).await?;
    let form = [("action", "suspend"), ("object", "Kustomization/edge/shop")];
    let answer = dana.post(format!("{}/actions", house.server.url())).form(&form).send().await?.text().await?;
    assert!(answer.contains("Done"), "{answer}");
    assert_eq!(faces(&house)?, [(DANA.to_owned(), owned(&["dev-team"]), vec![])].into());
    Ok(())
}

#[tokio::test]
async fn where_the_server_may_only_read_for_others_not_even_an_administrator_changes_anything_or_reads_a_secret()
-> anyhow::Result<()> {
    let house = house(constrained(&["get", "list", "watch"])).await?;
    let everything = json!([{"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]}]);
    house.plane.grant_group_everywhere("masters", everything).await?;
    let root = house.member("root@example.com", &["masters"])?;
    sees(&house, &root, &[SHOP, "Kustomization/data/shop", "Kustomization/edge/shop"]).await?;
    let page = get(&house, &root, "/user_info?verb=patch&resource=ks&namespace=apps").await?;
    assert!(page.contains("No, you may not patch") && page.contains("in anybody’s name"), "{page}");
    let page = get(&house, &root, "/user_info?verb=get&resource=secrets&namespace=fanlight").await?;
    assert!(page.contains("No, you may not get secrets"), "{page}");
    // What a thief of the server's credential could do with it.
    let (user, group, secret) = ("root@example.com", "masters", "cluster-user-auth");
    let stolen = house.plane.kubeconfig_for("fanlight", "fanlight").await?;
    assert!(!house.plane.reads_secret_as(&stolen, "fanlight", secret, user, group).await?);
    assert!(house.plane.reads_secret_as(&house.plane.admin_kubeconfig(), "fanlight", secret, user, group).await?);
    Ok(())
}

#[tokio::test]
async fn a_right_that_was_just_given_is_there_after_checking_again() -> anyhow::Result<()> {
    let house = house([impersonates(&["users", "groups"], &[])]).await?;
    let dana = house.member(DANA, &[])?;
    let line = "data-title=\"See\" class=\"ready\"><span class=\"word\">in apps, data<";
    assert!(!get(&house, &dana, "/user_info").await?.contains(line));
    let no = get(&house, &dana, "/user_info?verb=list&resource=kustomizations&namespace=apps").await?;
    assert!(no.contains("No, you may not list") && no.contains("kind: RoleBinding"), "{no}");
    house.plane.grant_in("apps", DANA, flux_rules(&WATCH)).await?;
    again(&house, &dana).await?;
    let page = get(&house, &dana, "/user_info").await?;
    assert!(page.contains(line), "{page}");
    let elsewhere = dana.post(format!("{}/user_info/again", house.server.url())).header("sec-fetch-site", "cross-site");
    assert_eq!(elsewhere.send().await?.status(), 403);
    Ok(())
}

#[tokio::test]
async fn who_checks_again_and_again_is_told_to_wait_and_nobody_else_is() -> anyhow::Result<()> {
    let house = house([impersonates(&["users", "groups"], &[])]).await?;
    let dana = house.member(DANA, &["dev-team"])?;
    sees(&house, &dana, &[SHOP, "Kustomization/data/shop", "Kustomization/edge/shop"]).await?;
    let audit = house.plane.audit().from_now()?;
    let url = format!("{}/user_info/again", house.server.url());
    let answers = join_all((0..20).map(|_| dana.post(&url).send())).await;
    let answers: Vec<_> = answers.into_iter().collect::<Result<_, _>>()?;
    assert_eq!(answers.iter().filter(|answer| answer.status() == 303).count(), 5);
    let refused: Vec<_> = answers.into_iter().filter(|answer| answer.status() == 429).collect();
    assert_eq!(refused.len(), 15);
    assert!(refused.iter().all(|answer| answer.headers().contains_key("retry-after")));
    for answer in refused.into_iter().take(1) {
        let page = answer.text().await?;
        assert!(page.contains("Not so often, please"), "{page}");
    }
    let own = "system:serviceaccount:fanlight:fanlight";
    let asked = audit.entries()?.into_iter().filter(|entry| {
        entry.user.username == own
            && entry.impersonated_user.is_none()
            && entry.uri.ends_with("/selfsubjectrulesreviews")
    });
    let asked = asked.count();
    assert!((1..=2).contains(&asked), "those who ask at once share the answer: {asked}");
    again(&house, &house.member("aisha@example.com", &[])?).await
}

#[tokio::test]
async fn when_a_group_may_no_longer_be_impersonated_its_rights_are_gone_and_the_rest_stays() -> anyhow::Result<()> {
    let users = impersonates(&["users"], &[]);
    let house = house([users.clone(), impersonates(&["groups"], &["dev-team"])]).await?;
    let dana = house.member(DANA, &["dev-team"])?;
    sees(&house, &dana, &[SHOP, "Kustomization/data/shop", "Kustomization/edge/shop"]).await?;
    limit(&house.plane, [users]).await?;
    sees(&house, &dana, &["Kustomization/data/shop"]).await?;
    assert!(get(&house, &dana, "/user_info").await?.contains("Left out"));
    Ok(())
}

#[tokio::test]
async fn a_server_that_may_read_neither_secret_starts_and_says_so() -> anyhow::Result<()> {
    let house = house([impersonates(&["users", "groups"], &[])]).await?;
    let rules: Vec<_> = sign_in_rules(&[]).into_iter().chain([impersonates(&["users", "groups"], &[])]).collect();
    house.plane.install_limited_account("fanlight", &Value::from(rules)).await?;
    let dana = house.member(DANA, &[])?;
    sees(&house, &dana, &["Kustomization/data/shop"]).await?;
    let stranger = FanlightServer::client()?;
    until(async || Ok(get(&house, &stranger, "/sign_in").await?.contains("does not let Fanlight read"))).await
}

async fn get(house: &House, client: &reqwest::Client, path: &str) -> anyhow::Result<String> {
    let response = client.get(format!("{}{path}", house.server.url())).send().await?;
    Ok(response.error_for_status()?.text().await?)
}

async fn again(house: &House, client: &reqwest::Client) -> anyhow::Result<()> {
    let response = client.post(format!("{}/user_info/again", house.server.url())).send().await?;
    assert_eq!(response.status(), 303);
    Ok(())
}

#[tokio::test]
async fn with_groups_alone_the_emergency_user_is_off() -> anyhow::Result<()> {
    let house = house(groups_only()).await?;
    let stranger = FanlightServer::client()?;
    let url = house.server.url();
    let answer = house.server.try_sign_in(&stranger, "admin", "secret").await?;
    assert_eq!(answer.status(), 401);
    let page = stranger.get(format!("{url}/sign_in")).send().await?.text().await?;
    assert!(!page.contains("name=\"password\""), "{page}");
    let flags: Value = stranger.get(format!("{url}/v1/featureflags")).send().await?.json().await?;
    assert_eq!(flags["flags"].get("CLUSTER_USER_AUTH"), None);
    let entries = house.plane.audit().entries()?;
    assert!(!entries.iter().any(|entry| entry.name() == "fanlight:member"), "nobody acts as a member for them");
    Ok(())
}
