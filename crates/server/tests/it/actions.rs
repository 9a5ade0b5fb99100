//! Actions by way of the form's address, answered by what stands in for Flux's controllers.

use std::collections::BTreeMap;

use fanlight_testbed::{AuditEntry, Options, StandIn, estate, rights::flux_rules, stand_in};
use reqwest::{Client, header::ACCEPT};
use serde_json::Value;

use crate::house::{House, WATCH, plane};

const ADA: &str = "ada@example.com";
const BEN: &str = "ben@example.com";
const CLEO: &str = "cleo@example.com";
/// What it takes to look and to act.
const ACT: [&str; 4] = ["get", "list", "watch", "patch"];

/// A cluster with its controllers, where Ada and Ben may do everything, and Cleo may change only what is in `apps`.
struct Scene {
    house: House,
    controllers: StandIn,
}

/// The last word on an object and the sentence with it.
type Outcomes = BTreeMap<String, (String, String)>;

impl Scene {
    async fn set() -> anyhow::Result<Self> {
        let plane = plane(Options::default()).await?;
        plane.create_namespace("flux-system").await?;
        plane.apply(&estate::git_repository("flux-system", "fleet")).await?;
        for name in ["paused", "broken"] {
            plane.apply(&estate::kustomization("apps", name)).await?;
        }
        for person in [ADA, BEN] {
            plane.grant_everywhere(person, flux_rules(&ACT)).await?;
        }
        plane.grant_everywhere(CLEO, flux_rules(&WATCH)).await?;
        plane.grant_in("apps", CLEO, flux_rules(&ACT)).await?;
        let controllers = StandIn::start(plane.admin(), stand_in::Options::quick()).await?;
        Ok(Self { house: House::before(plane).await?, controllers })
    }

    fn person(&self, name: &str) -> anyhow::Result<Client> {
        self.house.client(name, &[])
    }

    /// Acts as the page's script does, until it is known what has become of each object.
    async fn act(&self, who: &Client, fields: &[(&str, &str)], objects: &[&str]) -> anyhow::Result<Outcomes> {
        let request = who.post(self.address()).form(&form(fields, objects)).header(ACCEPT, "application/x-ndjson");
        let lines = request.send().await?.error_for_status()?.text().await?;
        let mut outcomes = Outcomes::new();
        for line in lines.lines() {
            let step: Value = serde_json::from_str(line)?;
            let text = |field: &str| step[field].as_str().unwrap_or_default().to_owned();
            if step["final"] == true {
                let twice = outcomes.insert(text("object"), (text("word"), text("text")));
                assert_eq!(twice, None, "an object ends once: {lines}");
            }
        }
        Ok(outcomes)
    }

    /// Acts as a browser without script does; the page that comes of it.
    async fn submit(&self, who: &Client, fields: &[(&str, &str)], objects: &[&str]) -> anyhow::Result<String> {
        let response = who.post(self.address()).form(&form(fields, objects)).send().await?;
        Ok(response.error_for_status()?.text().await?)
    }

    fn address(&self) -> String {
        format!("{}/actions", self.house.server.url())
    }

    /// The page with the manifest of an object.
    async fn manifest(&self, who: &Client, kind: &str, namespace: &str, name: &str) -> anyhow::Result<String> {
        let address = format!("{}/{kind}/yaml?namespace={namespace}&name={name}", self.house.server.url());
        Ok(who.get(address).send().await?.error_for_status()?.text().await?)
    }

    /// The changes that people have made, each by whom and of what.
    fn changes(&self) -> anyhow::Result<Vec<(String, String)>> {
        let entries = self.house.plane.audit().entries()?;
        let by_people = |entry: &&AuditEntry| entry.verb == "patch" && entry.impersonated_user.is_some();
        let of = |entry: &AuditEntry| {
            assert!(entry.uri.ends_with("?fieldManager=fanlight"), "{}", entry.uri);
            let object = entry.object_ref.clone().unwrap_or_default();
            (entry.name().to_owned(), format!("{}/{}/{}", object.resource, object.namespace, object.name))
        };
        Ok(entries.iter().filter(by_people).map(of).collect())
    }
}

fn form<'a>(fields: &[(&'a str, &'a str)], objects: &[&'a str]) -> Vec<(&'a str, &'a str)> {
    fields.iter().copied().chain(objects.iter().map(|object| ("object", *object))).collect()
}

fn outcome(word: &str, text: impl Into<String>) -> (String, String) {
    (word.to_owned(), text.into())
}

#[tokio::test]
async fn a_sync_alone_applies_what_is_there_and_one_with_its_source_waits_for_the_new_commit() -> anyhow::Result<()> {
    const SHOP: &str = "Kustomization/apps/shop";
    let scene = Scene::set().await?;
    let ada = scene.person(ADA)?;
    let commit = scene.controllers.commit("flux-system", "fleet", "Change the shop").expect("a repository");
    let alone = scene.act(&ada, &[("action", "sync")], &[SHOP]).await?;
    let (word, text) = &alone[SHOP];
    assert!(word == "Done" && text.starts_with("Reconciled: Applied revision: main@sha1:"), "{alone:?}");
    assert!(!text.contains(&commit), "nobody has looked at the repository: {text}");

    let with_source = scene.act(&ada, &[("action", "sync-with-source")], &[SHOP]).await?;
    assert_eq!(with_source[SHOP], outcome("Done", format!("Reconciled: Applied revision: {commit}")));
    let manifest = scene.manifest(&ada, "kustomization", "apps", "shop").await?;
    assert!(manifest.contains(&format!("lastAppliedRevision: {commit}")), "{manifest}");
    let by_ada = |object: &str| (ADA.to_owned(), object.to_owned());
    let shop = by_ada("kustomizations/apps/shop");
    assert_eq!(scene.changes()?, [shop.clone(), by_ada("gitrepositories/flux-system/fleet"), shop]);
    Ok(())
}

#[tokio::test]
async fn of_many_each_comes_to_its_own_end_and_says_why() -> anyhow::Result<()> {
    let scene = Scene::set().await?;
    let (ada, cleo) = (scene.person(ADA)?, scene.person(CLEO)?);
    let paused = scene.act(&ada, &[("action", "suspend"), ("comment", "the backlog")], &["Kustomization/apps/paused"]);
    assert_eq!(paused.await?["Kustomization/apps/paused"], outcome("Done", "Suspended"));
    let trouble = "kustomization path not found: ./broken";
    scene.controllers.break_down("Kustomization", "apps", "broken", "BuildFailed", trouble);
    let names = ["apps/shop", "apps/paused", "apps/broken", "apps/gone", "edge/shop"];
    let objects = names.map(|name| format!("Kustomization/{name}"));
    let objects = objects.each_ref().map(String::as_str);
    let outcomes = scene.act(&cleo, &[("action", "sync")], &objects).await?;
    let [shop, paused, broken, gone, edge] = objects.map(|object| &outcomes[object]);
    assert!(shop.0 == "Done" && shop.1.starts_with("Reconciled: Applied revision: "), "{shop:?}");
    let suspended = format!("Cannot be synced: it is suspended by {ADA}: “the backlog”; resume it first");
    assert_eq!(*paused, outcome("Refused", suspended));
    assert_eq!(*broken, outcome("Failed", trouble));
    assert_eq!(*gone, outcome("Refused", "Kustomization/apps/gone does not exist"));
    let said = format!("User \"{CLEO}\" cannot patch resource \"kustomizations\"");
    assert!(edge.0 == "Refused" && edge.1.contains(&said), "in the API server's words: {edge:?}");

    let page =
        scene.submit(&cleo, &[("action", "sync"), ("back", "/applications?kind=Kustomization")], &objects).await?;
    for word in ["Done", "Refused", "Failed"] {
        assert!(page.contains(&format!("<b class=\"word\">{word}</b>")), "{word}: {page}");
    }
    assert!(page.contains("the backlog") && page.contains(trouble) && page.contains("cannot patch resource"), "{page}");
    assert!(page.contains("href=\"/applications?kind=Kustomization\""), "the way back: {page}");
    Ok(())
}

#[tokio::test]
async fn when_two_act_at_once_both_are_told_the_truth_and_one_of_them_is_named() -> anyhow::Result<()> {
    const SHOP: &str = "Kustomization/data/shop";
    let scene = Scene::set().await?;
    let (ada, ben) = (scene.person(ADA)?, scene.person(BEN)?);
    let sync = [("action", "sync")];
    let (first, second) = tokio::try_join!(scene.act(&ada, &sync, &[SHOP]), scene.act(&ben, &sync, &[SHOP]))?;
    assert_eq!((&*first[SHOP].0, &*second[SHOP].0), ("Done", "Done"), "{first:?} {second:?}");

    let because = |comment| [("action", "suspend"), ("comment", comment)];
    let (adas, bens) = (because("by the first"), because("by the second"));
    let (first, second) = tokio::try_join!(scene.act(&ada, &adas, &[SHOP]), scene.act(&ben, &bens, &[SHOP]))?;
    for (word, text) in [&first[SHOP], &second[SHOP]] {
        assert!(word == "Done" && (text == "Suspended" || text.starts_with("Already suspended by ")), "{word} {text}");
    }
    let manifest = scene.manifest(&ada, "kustomization", "data", "shop").await?;
    let named = |who: &str, why: &str| manifest.contains(&format!("suspended-by: {who}")) && manifest.contains(why);
    assert!(named(ADA, "by the first") != named(BEN, "by the second"), "one name with its own reason: {manifest}");

    let (resumed, again) = tokio::try_join!(
        scene.act(&ada, &[("action", "resume")], &[SHOP]),
        scene.act(&ben, &[("action", "resume")], &[SHOP])
    )?;
    assert_eq!((&*resumed[SHOP].0, &*again[SHOP].0), ("Done", "Done"), "{resumed:?} {again:?}");
    Ok(())
}

#[tokio::test]
async fn a_suspension_shows_who_and_why_until_it_is_resumed_and_then_the_news_is_applied() -> anyhow::Result<()> {
    const SHOP: &str = "Kustomization/apps/shop";
    let scene = Scene::set().await?;
    let mut ben = scene.house.guest(BEN).await?;
    let ada = scene.person(ADA)?;
    let suspend = [("action", "suspend"), ("comment", " loading <the> backlog ")];
    assert_eq!(scene.act(&ada, &suspend, &[SHOP]).await?[SHOP], outcome("Done", "Suspended"));
    let sentence = format!("Suspended by {ADA}: “loading &#60;the&#62; backlog”");
    ben.stream.until(|view| view.contains(&sentence)).await?;
    let page = scene.house.server.url().to_owned() + "/kustomization/details?namespace=apps&name=shop";
    let page = ben.client.get(page).send().await?.error_for_status()?.text().await?;
    assert!(page.contains(&sentence) && page.contains("value=\"resume\""), "{page}");

    let commit = scene.controllers.commit("flux-system", "fleet", "Meanwhile").expect("a repository");
    scene.act(&ada, &[("action", "sync")], &["GitRepository/flux-system/fleet"]).await?;
    let view = ben.stream.until(|view| row(view, "Kustomization/edge/shop").contains(&commit)).await?;
    assert!(!row(&view, SHOP).contains(&commit), "{view}");
    let resumed = scene.act(&ben.client, &[("action", "resume")], &[SHOP]).await?;
    assert_eq!(resumed[SHOP], outcome("Done", "Resumed"));
    ben.stream.until(|view| row(view, SHOP).contains(&commit) && !view.contains("Suspended by")).await?;
    let manifest = scene.manifest(&ada, "kustomization", "apps", "shop").await?;
    assert!(!manifest.contains("suspended-by") && !manifest.contains("suspended-comment"), "{manifest}");
    Ok(())
}

/// One row of the list.
fn row<'a>(view: &'a str, key: &str) -> &'a str {
    let rest = view.split_once(&format!("data-key=\"{key}\"")).map_or("", |(_, rest)| rest);
    rest.split("</tbody>").next().unwrap_or_default()
}
