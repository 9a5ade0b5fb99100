//! Rights that change while people look: nobody loads a page anew.

use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use fanlight_testbed::{
    AuditStage, Browser, ControlPlane, FanlightServer, Issuer, Look, Options, Stream, estate, keys, rights::flux_rules,
};
use reqwest::Client;
use serde_json::{Value, json};

use crate::{
    house::{House, WATCH, of_flux, plane, shows},
    shared::{in_namespace, start, until, until_provider},
};

const ADA: &str = "ada@example.com";
const BEN: &str = "ben@example.com";
const FAY: &str = "fay@example.com";
const GUS: &str = "gus@example.com";
const ACT: [&str; 4] = ["get", "list", "watch", "patch"];
const SHOP: &str = "/kustomization/details?name=shop&namespace=data";
/// Nothing is shown that was asked for more than half a minute ago, and some time for a busy machine.
const GONE: Duration = Duration::from_secs(40);

async fn get(house: &House, client: &Client, path: &str) -> anyhow::Result<String> {
    Ok(client.get(format!("{}{path}", house.server.url())).send().await?.text().await?)
}

async fn suspend(house: &House, client: &Client, object: &str) -> anyhow::Result<Value> {
    let form = [("action", "suspend"), ("object", object)];
    let request = client.post(format!("{}/actions", house.server.url())).form(&form);
    let told = request.header("accept", "application/x-ndjson").send().await?.error_for_status()?.text().await?;
    serde_json::from_str(told.lines().last().unwrap_or_default()).context("an outcome")
}

/// Until when the stream goes on showing what it must not.
async fn lasts(stream: &mut Stream, since: Instant, is_gone: impl Fn(&str) -> bool) -> anyhow::Result<Duration> {
    let mut took = None;
    stream.until(|view| is_gone(view) && *took.get_or_insert_with(|| since.elapsed()) > Duration::ZERO).await?;
    took.context("it is not gone")
}

/// The right to one object by its name.
fn one(name: &str) -> Value {
    json!([{"apiGroups": ["kustomize.toolkit.fluxcd.io"], "resources": ["kustomizations"], "resourceNames": [name],
        "verbs": ["get"]}])
}

#[tokio::test]
async fn what_is_taken_away_is_gone_from_every_page_within_half_a_minute_and_cannot_be_acted_on_at_all()
-> anyhow::Result<()> {
    let plane = plane(Options::default()).await?;
    plane.grant_everywhere(ADA, flux_rules(&WATCH)).await?;
    let of_ben = plane.grant_in("apps", BEN, flux_rules(&ACT)).await?;
    plane.grant_in("data", BEN, flux_rules(&ACT)).await?;
    let of_fay = plane.grant_in("data", FAY, one("shop")).await?;
    let of_team = plane.grant_group_everywhere("on-call", flux_rules(&WATCH)).await?;
    let house = House::before(plane).await?;
    let mut ada = house.guest(ADA).await?;
    let mut ben = house.guest(BEN).await?;
    let fay = house.client(FAY, &[])?;
    let gus = house.client(GUS, &["on-call"])?;
    let (apps, data) = ("Kustomization/apps/shop", "Kustomization/data/shop");
    ben.stream.until_rows(&[apps, data]).await?;
    let mut of_gus = house.server.stream(&gus).await?;
    of_gus.until(|view| shows(view, "Kustomization/edge/shop")).await?;
    let events = fay.get(format!("{}{}", house.server.url(), SHOP.replace('?', "/events?"))).send().await?;
    let mut page_of_fay = Stream::of(events.error_for_status()?);
    page_of_fay.until_event(|page| page.contains("id=\"head\"")).await?;

    for binding in [&of_ben, &of_fay, &of_team] {
        house.plane.delete(binding).await?;
    }
    let since = Instant::now();
    // The API server itself needs a moment to notice.
    until(async || Ok(suspend(&house, &ben.client, apps).await?["class"] == "waiting")).await?;
    // By what was known before, they would go on for half a minute.
    ensure!(since.elapsed() < Duration::from_secs(20), "actions are asked for at once");
    let may = get(&house, &ben.client, "/user_info?verb=list&resource=ks&namespace=apps").await?;
    ensure!(may.contains("No, you may not list"), "{may}");

    let fays = async {
        page_of_fay
            .until_event(|page| page.contains("You may not see this") && page.contains("What is missing"))
            .await?;
        anyhow::Ok(since.elapsed())
    };
    let (ben_lost, gus_lost, fay_lost) = tokio::try_join!(
        lasts(&mut ben.stream, since, |view| !shows(view, apps)),
        lasts(&mut of_gus, since, |view| keys(view).is_empty()),
        fays,
    )?;
    for (who, took) in [(BEN, ben_lost), (GUS, gus_lost), (FAY, fay_lost)] {
        ensure!(took < GONE, "{who} went on seeing it for {took:?}");
    }
    ensure!(house.page(&ben).await? == [data]);
    ensure!(get(&house, &gus, "/applications").await?.contains("You may not list any applications"));
    let access = get(&house, &ben.client, "/user_info").await?;
    ensure!(access.contains("<span class=\"word\">in data<"), "{access}");
    ada.stream.until(|view| shows(view, apps)).await?;
    Ok(())
}

#[tokio::test]
async fn a_namespace_that_comes_and_goes_is_there_and_gone_without_a_watch_of_namespaces() -> anyhow::Result<()> {
    let plane = plane(Options::default()).await?;
    plane.grant_everywhere(ADA, flux_rules(&WATCH)).await?;
    plane.grant_in("apps", BEN, flux_rules(&WATCH)).await?;
    let house = House::before(plane).await?;
    let (mut ada, mut ben) = (house.guest(ADA).await?, house.guest(BEN).await?);
    let (apps, late) = ("Kustomization/apps/shop", "Kustomization/late/shop");
    ben.stream.until_rows(&[apps]).await?;
    house.plane.create_namespace("late").await?;
    house.plane.grant_in("late", BEN, flux_rules(&WATCH)).await?;
    house.plane.apply(&estate::kustomization("late", "shop")).await?;
    ada.stream.until(|view| shows(view, late)).await?;
    ben.stream.until_rows(&[apps, late]).await?;
    let access = get(&house, &ben.client, "/user_info").await?;
    ensure!(access.contains("in apps, late"), "{access}");

    house.plane.delete(&json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "late"}})).await?;
    ada.stream.until(|view| !shows(view, late)).await?;
    ben.stream.until_rows(&[apps]).await?;
    until(async || Ok(!get(&house, &ben.client, "/user_info").await?.contains("late"))).await?;
    let own = "system:serviceaccount:fanlight:fanlight";
    let entries = house.plane.audit().entries()?;
    let watched = entries.iter().filter(|entry| entry.name() == own && entry.verb == "watch");
    ensure!(watched.filter(|entry| entry.code() == Some(200)).count() == 0, "it was not by a watch");
    Ok(())
}

/// Whether the page of somebody who may only look has all that it comes with: every kind, and what they may not change.
fn is_settled(view: &str) -> bool {
    view.contains("does not let you patch") && !view.contains("Still loading")
}

#[tokio::test]
async fn what_somebody_may_not_see_does_not_even_make_their_page_stir() -> anyhow::Result<()> {
    let plane = plane(Options::default()).await?;
    plane.grant_everywhere(ADA, flux_rules(&WATCH)).await?;
    plane.grant_in("apps", BEN, flux_rules(&WATCH)).await?;
    let house = House::before(plane).await?;
    let (mut ada, mut ben) = (house.guest(ADA).await?, house.guest(BEN).await?);
    ada.stream.until(|view| shows(view, "Kustomization/edge/shop")).await?;
    ben.stream.until(|view| shows(view, "Kustomization/apps/shop") && is_settled(view)).await?;
    let change = async |namespace: &str, words: &str| {
        let object = estate::kustomization(namespace, "shop");
        house.plane.apply(&estate::with_ready(object, "False", "BuildFailed", words)).await
    };
    for number in 0..5 {
        change("data", &format!("concealed {number}")).await?;
    }
    house.plane.apply(&estate::kustomization("edge", "concealed")).await?;
    ada.stream.until(|view| view.contains("concealed 4") && shows(view, "Kustomization/edge/concealed")).await?;
    change("apps", "wide open").await?;
    // What was hidden would have come before.
    let (name, data) = ben.stream.next().await?.context("the stream ended")?;
    ensure!(
        name == "pieces" && data.contains("Kustomization/apps/shop") && !data.contains("concealed"),
        "{name}: {data}"
    );
    ben.stream.until(|view| view.contains("wide open") && !view.contains("concealed")).await?;
    Ok(())
}

#[tokio::test]
async fn nobody_is_asked_about_who_is_not_there() -> anyhow::Result<()> {
    let plane = plane(Options::default()).await?;
    plane.grant_in("apps", BEN, flux_rules(&WATCH)).await?;
    let house = House::before(plane).await?;
    let mut ben = house.guest(BEN).await?;
    // What is asked about him when he comes is answered.
    ben.stream.until(|view| shows(view, "Kustomization/apps/shop") && is_settled(view)).await?;
    let audit = house.plane.audit().from_now()?;
    house.server.sign_out(&ben.client).await?;
    let mut ada = house.guest(ADA).await?;
    ada.stream.until(|view| view.contains("You may not list any applications")).await?;
    let entries = audit.entries()?;
    let of_ben = entries.iter().filter(|entry| entry.name() == BEN && entry.stage == AuditStage::ResponseComplete);
    ensure!(of_ben.filter(|entry| entry.verb != "watch").count() == 0, "Ben has left");
    ensure!(of_flux(&entries).iter().all(|entry| entry.name() != ADA), "Ada may not list anything");
    Ok(())
}

#[test]
fn a_group_that_is_taken_away_at_the_provider_is_gone_with_the_next_refresh_in_the_same_window() {
    in_namespace("refreshed", async |plane| {
        plane.grant_group_everywhere("refreshed-staff", flux_rules(&WATCH)).await?;
        plane.grant_group_everywhere("refreshed-guests", only("refreshed")).await?;
        plane.apply(&estate::kustomization("refreshed", "shop")).await?;
        let issuer = Issuer::start_plain().await?;
        issuer.behave(|manners| {
            manners.lifespan = Duration::from_secs(20);
            manners.claims.insert("groups".to_owned(), json!(["refreshed-staff"]));
        });
        let (_server, browser) = signed_in(plane, "refreshed", &issuer).await?;
        browser.until("document.querySelector('[data-key=\"Kustomization/refreshed/shop\"]') !== null").await?;
        browser.ask("window.sameDocument = true").await?;
        issuer.behave(|manners| drop(manners.claims.insert("groups".to_owned(), json!(["refreshed-guests"]))));
        browser.until("document.querySelector('[data-key=\"Kustomization/refreshed/shop\"]') === null").await?;
        let same = browser.ask("window.sameDocument === true").await?;
        ensure!(same == true, "the page was loaded anew");
        Ok(())
    });
}

/// Rights that show nothing.
fn only(namespace: &str) -> Value {
    json!([{"apiGroups": [""], "resources": ["configmaps"], "resourceNames": [namespace], "verbs": ["get"]}])
}

/// The server with this provider, and a browser of somebody who has come from there.
async fn signed_in(
    plane: &ControlPlane,
    namespace: &str,
    issuer: &Issuer,
) -> anyhow::Result<(FanlightServer, Browser)> {
    let server = start(plane, namespace, &[]).await?;
    let secret = json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "oidc-auth", "namespace": namespace},
        "stringData": {"issuerURL": issuer.url(), "clientID": Issuer::CLIENT, "clientSecret": Issuer::SECRET,
            "redirectURL": format!("{}/oauth2/callback", server.url())}});
    plane.apply(&secret).await?;
    until_provider(&server).await?;
    let browser = Browser::open(Look::DESK).await?;
    browser.goto(format!("{}/oauth2?return_url=/applications", server.url())).await?;
    Ok((server, browser))
}
