//! What the server's own account may do, where it is set up oddly or hardly at all.

use anyhow::{Context, ensure};
use fanlight_testbed::{
    Authorizer, ControlPlane, FanlightServer, Issuer, Options, Ruling,
    rights::{FLUX, flux_rules, sign_in_rules},
    yaml,
};
use reqwest::Client;
use serde_json::{Value, json};

use crate::{
    house::{House, WATCH, plane, shows},
    shared::{in_namespace, start, until},
};

const DANA: &str = "dana@example.com";
const ROBOT: &str = "system:serviceaccount:ci:robot";
const SECRETS: [&str; 2] = ["cluster-user-auth", "oidc-auth"];
const APPS: &str = "Kustomization/apps/shop";
const DATA: &str = "Kustomization/data/shop";
const EDGE: &str = "Kustomization/edge/shop";

fn impersonates(resources: &[&str], names: &[&str]) -> Value {
    let mut rule = json!({"apiGroups": [""], "resources": resources, "verbs": ["impersonate"]});
    if !names.is_empty() {
        rule["resourceNames"] = json!(names);
    }
    rule
}

async fn limit(plane: &ControlPlane, namespace: &str, secrets: &[&str], rules: &[Value]) -> anyhow::Result<()> {
    let rules: Vec<_> = sign_in_rules(secrets).into_iter().chain(rules.iter().cloned()).collect();
    plane.install_limited_account(namespace, &Value::from(rules)).await
}

/// The server, whose account may impersonate by these rules, in a cluster of its own.
async fn house(options: Options, rules: &[Value]) -> anyhow::Result<House> {
    let plane = plane(options).await?;
    limit(&plane, "fanlight", &SECRETS, rules).await?;
    House::before(plane).await
}

async fn get(house: &House, client: &Client, path: &str) -> anyhow::Result<(u16, String)> {
    let response = client.get(format!("{}{path}", house.server.url())).send().await?;
    Ok((response.status().as_u16(), response.text().await?))
}

async fn sees(house: &House, client: &Client, rows: &[&str]) -> anyhow::Result<()> {
    until(async || {
        let mut found = house.server.applications(client, "").await?;
        found.sort_unstable();
        Ok(found == rows)
    })
    .await
}

async fn check_again(house: &House, client: &Client) -> anyhow::Result<()> {
    let response = client.post(format!("{}/user_info/again", house.server.url())).send().await?;
    ensure!(response.status() == 303, "{}", response.status());
    Ok(())
}

/// Applies what a page says that an administrator can apply.
async fn apply_what_is_said(plane: &ControlPlane, page: &str) -> anyhow::Result<()> {
    let text =
        page.split_once("data-copy>").and_then(|(_, rest)| rest.split_once("</pre>")).context("nothing to copy")?;
    let text = text.0.replace("&#34;", "\"").replace("&#39;", "'").replace("&amp;", "&").replace("&#38;", "&");
    for object in yaml::documents(&text)? {
        plane.apply(&object).await.with_context(|| object.to_string())?;
    }
    Ok(())
}

#[tokio::test]
async fn a_service_account_that_signs_in_is_let_in_by_what_its_page_says_and_sees_what_it_may() -> anyhow::Result<()> {
    let house = house(Options::default(), &[impersonates(&["users", "groups"], &[])]).await?;
    house.plane.create_namespace("ci").await?;
    house.plane.grant_in("apps", ROBOT, flux_rules(&WATCH)).await?;
    house.plane.grant_group_everywhere("dev-team", flux_rules(&WATCH)).await?;
    let robot = house.member(ROBOT, &[])?;
    let (code, page) = get(&house, &robot, "/applications").await?;
    ensure!(code == 403 && page.contains("kind: RoleBinding") && page.contains("- serviceaccounts"), "{code}: {page}");
    apply_what_is_said(&house.plane, &page).await?;
    check_again(&house, &robot).await?;
    sees(&house, &robot, &[APPS]).await?;
    let in_a_team = house.member(ROBOT, &["dev-team"])?;
    sees(&house, &in_a_team, &[APPS, DATA, EDGE]).await
}

#[tokio::test]
async fn a_service_account_is_impersonated_in_the_constrained_form_too() -> anyhow::Result<()> {
    let on: Vec<_> = WATCH.iter().map(|verb| format!("impersonate-on:serviceaccount:{verb}")).collect();
    let rules = [
        json!({"apiGroups": ["authentication.k8s.io"], "resources": ["serviceaccounts"],
            "verbs": ["impersonate:serviceaccount"]}),
        json!({"apiGroups": FLUX, "resources": ["*"], "verbs": on}),
        json!({"apiGroups": ["authorization.k8s.io"], "verbs": ["impersonate-on:serviceaccount:create"],
            "resources": ["selfsubjectaccessreviews", "selfsubjectrulesreviews"]}),
    ];
    let house = house(Options::default(), &rules).await?;
    house.plane.grant_in("apps", ROBOT, flux_rules(&["get", "list", "watch", "patch"])).await?;
    let robot = house.member(ROBOT, &[])?;
    sees(&house, &robot, &[APPS]).await?;
    let (_, page) = get(&house, &robot, "/user_info?verb=patch&resource=ks&namespace=apps").await?;
    ensure!(page.contains("No, you may not patch") && page.contains("impersonate-on:serviceaccount:patch"), "{page}");
    Ok(())
}

#[tokio::test]
async fn names_limited_for_users_and_groups_let_these_in_and_nobody_else() -> anyhow::Result<()> {
    let names = ["admin", DANA, "dev-team"];
    let house = house(Options::default(), &[impersonates(&["users", "groups"], &names)]).await?;
    house.plane.grant_group_everywhere("dev-team", flux_rules(&WATCH)).await?;
    house.plane.grant_group_everywhere("on-call", flux_rules(&["patch"])).await?;
    let dana = house.member(DANA, &["dev-team", "on-call"])?;
    sees(&house, &dana, &[APPS, DATA, EDGE]).await?;
    let (_, page) = get(&house, &dana, "/user_info?verb=patch&resource=ks").await?;
    ensure!(page.contains("Left out") && page.contains("No, you may not patch"), "{page}");
    house.server.sign_in("admin", "secret").await?;
    let eve = house.member("eve@example.com", &["dev-team"])?;
    for path in ["/applications", "/applications/events", "/kustomization/details/events?name=shop&namespace=apps"] {
        let (code, page) = get(&house, &eve, path).await?;
        ensure!(code == 403 && page.contains("Fanlight may not act for you"), "{path}: {code} {page}");
    }
    let form = [("action", "suspend"), ("object", APPS)];
    let told = eve.post(format!("{}/actions", house.server.url())).form(&form).send().await?.text().await?;
    ensure!(told.contains("Refused") && !told.contains("Done"), "{told}");
    Ok(())
}

#[tokio::test]
async fn somebody_who_may_no_longer_be_impersonated_is_told_so_on_the_page_that_is_open() -> anyhow::Result<()> {
    let rule = |name| impersonates(&["users"], &["admin", name]);
    let house = house(Options::default(), &[rule(DANA)]).await?;
    house.plane.grant_in("apps", DANA, flux_rules(&WATCH)).await?;
    let dana = house.member(DANA, &[])?;
    let mut stream = house.server.stream(&dana).await?;
    stream.until_rows(&[APPS]).await?;
    limit(&house.plane, "fanlight", &SECRETS, &[rule("nobody@example.com")]).await?;
    while let Some((name, _)) = stream.next().await? {
        if name == "end" {
            break;
        }
    }
    let (code, page) = get(&house, &dana, "/applications").await?;
    ensure!(code == 403 && page.contains("Fanlight may not act for you"), "{code}: {page}");
    apply_what_is_said(&house.plane, &page).await?;
    check_again(&house, &dana).await?;
    sees(&house, &dana, &[APPS]).await
}

#[tokio::test]
async fn what_the_access_page_says_to_grant_is_enough() -> anyhow::Result<()> {
    let house = house(Options::default(), &[impersonates(&["users", "groups"], &[])]).await?;
    let dana = house.member(DANA, &[])?;
    for (query, yes) in [
        ("verb=list&resource=ks&namespace=apps", "Yes, you may list kustomizations"),
        ("verb=get&resource=Kustomization&namespace=apps&name=shop", "Yes, you may get kustomizations"),
        ("verb=patch&resource=deployments.apps/scale", "Yes, you may patch deployments/scale"),
        ("verb=get&resource=pods/log&namespace=data", "Yes, you may get pods/log"),
    ] {
        let path = format!("/user_info?{query}");
        let (_, page) = get(&house, &dana, &path).await?;
        ensure!(page.contains("No, you may not"), "{query}: {page}");
        apply_what_is_said(&house.plane, &page).await?;
        until(async || Ok(get(&house, &dana, &path).await?.1.contains(yes))).await.context(query)?;
    }
    check_again(&house, &dana).await?;
    sees(&house, &dana, &[APPS]).await
}

/// An authorizer that lets Dana look at the Kustomizations of `apps`, and understands nothing about HelmReleases there.
async fn authorizer() -> anyhow::Result<Authorizer> {
    Authorizer::start(|spec| {
        let asked = &spec["resourceAttributes"];
        let looks = WATCH.iter().any(|verb| asked["verb"] == *verb);
        match (&spec["user"], asked["namespace"].as_str(), asked["resource"].as_str()) {
            (user, Some("apps"), Some("kustomizations")) if user == DANA && looks => Ruling::Allowed,
            (user, Some("apps"), Some("helmreleases")) if user == DANA => Ruling::Broken,
            _ => Ruling::NoOpinion,
        }
    })
    .await
}

#[tokio::test]
async fn where_no_rules_can_be_listed_every_right_is_asked_for_one_by_one() -> anyhow::Result<()> {
    let authorizer = authorizer().await?;
    let options = Options { authorizer: Some(authorizer.url()), ..Options::default() };
    let house =
        house(options, &[impersonates(&["users"], &["admin", DANA]), impersonates(&["groups"], &["qa"])]).await?;
    house.plane.grant_in("data", DANA, flux_rules(&WATCH)).await?;
    let dana = house.member(DANA, &["qa", "on-call"])?;
    // What nobody answers about HelmReleases hides no Kustomization.
    let mut stream = house.server.stream(&dana).await?;
    let view = stream.until(|view| shows(view, APPS) && shows(view, DATA)).await?;
    ensure!(!shows(&view, EDGE), "{view}");
    let (_, page) = get(&house, &dana, "/user_info?verb=list&resource=ks&namespace=apps").await?;
    ensure!(page.contains("Yes, you may list") && page.contains("Left out") && page.contains("on-call"), "{page}");
    let (_, page) = get(&house, &dana, "/user_info?verb=list&resource=hr&namespace=apps").await?;
    ensure!(page.contains("Kubernetes did not say whether you may list helmreleases"), "{page}");
    let (code, _) = get(&house, &dana, "/kustomization/details?name=shop&namespace=apps").await?;
    ensure!(code == 200, "{code}");
    let eve = house.member("eve@example.com", &[])?;
    ensure!(get(&house, &eve, "/applications").await?.0 == 403);
    Ok(())
}

#[tokio::test]
async fn where_the_account_may_not_even_ask_what_it_may_trying_tells() -> anyhow::Result<()> {
    let rules = [impersonates(&["users"], &["admin", DANA]), impersonates(&["groups"], &["dev-team"])];
    let plane = plane(Options::default()).await?;
    // What everybody may do in a cluster as it comes, as some take away: asking about themselves.
    plane
        .delete(&json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRoleBinding",
            "metadata": {"name": "system:basic-user"}}))
        .await?;
    limit(&plane, "fanlight", &SECRETS, &rules).await?;
    let reviews = json!([{"apiGroups": ["authorization.k8s.io"], "verbs": ["create"],
        "resources": ["selfsubjectaccessreviews", "selfsubjectrulesreviews"]}]);
    plane.grant_group_everywhere("dev-team", flux_rules(&WATCH)).await?;
    plane.grant_everywhere(DANA, reviews).await?;
    let house = House::before(plane).await?;
    let dana = house.member(DANA, &["dev-team", "on-call"])?;
    sees(&house, &dana, &[APPS, DATA, EDGE]).await?;
    let (_, page) = get(&house, &dana, "/user_info").await?;
    ensure!(page.contains("Left out") && page.contains("on-call"), "{page}");
    let eve = house.member("eve@example.com", &["dev-team"])?;
    until(async || Ok(get(&house, &eve, "/applications").await?.0 == 403)).await
}

#[test]
fn with_one_of_the_two_secrets_readable_people_sign_in_by_that_one_and_read_what_is_missing() {
    in_namespace("one-secret", async |plane| {
        let everybody = [impersonates(&["users", "groups"], &[])];
        plane.set_emergency_user("one-secret", "admin", "secret").await?;
        let issuer = Issuer::start_plain().await?;
        let secret = json!({"apiVersion": "v1", "kind": "Secret",
            "metadata": {"name": "oidc-auth", "namespace": "one-secret"},
            "stringData": {"issuerURL": issuer.url(), "clientID": Issuer::CLIENT, "clientSecret": Issuer::SECRET,
                "redirectURL": "http://127.0.0.1:9/oauth2/callback"}});
        plane.apply(&secret).await?;
        for (readable, by_password, by_provider) in
            [(&["cluster-user-auth"][..], true, false), (&["oidc-auth"], false, true), (&[], false, false)]
        {
            limit(plane, "one-secret", readable, &everybody).await?;
            let server = start(plane, "one-secret", &[]).await?;
            let stranger = FanlightServer::client()?;
            let page = async || {
                let page = stranger.get(format!("{}/sign_in", server.url())).send().await?.error_for_status()?;
                anyhow::Ok(page.text().await?)
            };
            until(async || {
                let page = page().await?;
                let provider = page.contains("identity provider does not work at this moment") != by_provider;
                Ok(provider && page.contains("does not let Fanlight read") != by_password)
            })
            .await
            .with_context(|| format!("{readable:?}"))?;
            let answer = server.try_sign_in(&stranger, "admin", "secret").await?;
            ensure!(answer.status().is_success() == by_password, "{readable:?}: {}", answer.status());
        }
        Ok(())
    });
}
