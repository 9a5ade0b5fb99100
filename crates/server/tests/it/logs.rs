//! What containers write, as it is read and followed in people's names.

use std::time::Duration;

use anyhow::Context;
use fanlight_testbed::{ControlPlane, Options, PodLogs, Stream, estate};
use jiff::{SignedDuration, Timestamp};
use reqwest::{Client, StatusCode};
use serde_json::{Value, json};
use tokio::time::timeout;

use crate::{
    house::{House, WATCH, all, follow, plane},
    shared::log_with,
};

const ADA: &str = "ada@example.com";
const BEN: &str = "ben@example.com";
const CLEO: &str = "cleo@example.com";
pub(crate) const CART: &str = "/logs/shop/deployment/cart";

/// A cart in two pods, and the means to have them write. Ada may read everything.
pub(crate) struct Scene {
    pub(crate) house: House,
    pub(crate) logs: PodLogs,
    /// The containers of the cart, as `namespace/pod/container`.
    pub(crate) carts: Vec<String>,
}

impl Scene {
    pub(crate) async fn set() -> anyhow::Result<Self> {
        let plane = plane(Options { nodes: true, ..Options::default() }).await?;
        plane.create_namespace("shop").await?;
        plane.apply(&estate::deployment("shop", "cart", "cart:1.0.0", 2)).await?;
        plane.grant_everywhere(ADA, all(&WATCH)).await?;
        let logs = plane.pod_logs();
        let pods = logs.served("shop", "app.kubernetes.io/name=cart", 2).await?;
        let carts = pods.iter().map(|pod| format!("shop/{pod}/cart")).collect();
        Ok(Self { house: House::before(plane).await?, logs, carts })
    }

    fn plane(&self) -> &ControlPlane {
        &self.house.plane
    }

    /// The page of one pod of the cart; of none, where there are fewer.
    pub(crate) fn pod(&self, number: usize) -> String {
        let pod = self.carts.get(number).and_then(|cart| cart.split('/').nth(1));
        format!("/logs/shop/pod/{}", pod.unwrap_or("none"))
    }

    async fn get(&self, client: &Client, path: &str) -> anyhow::Result<(StatusCode, String)> {
        let answer = client.get(format!("{}{path}", self.house.server.url())).send().await?;
        Ok((answer.status(), answer.text().await?))
    }

    async fn page(&self, client: &Client, path: &str) -> anyhow::Result<String> {
        let (status, page) = self.get(client, path).await?;
        anyhow::ensure!(status == 200, "{path} answers {status}: {page}");
        Ok(page)
    }

    async fn follow(&self, client: &Client, page: &str) -> anyhow::Result<Stream> {
        follow(&self.house, client, page).await
    }
}

/// The lines in some HTML, as they were written.
fn lines(html: &str) -> Vec<String> {
    let plain = |line: &str| {
        let texts = line.split('<').map(|part| part.split_once('>').map_or(part, |(_, text)| text));
        let text = texts.collect::<String>();
        text.replace("&#60;", "<").replace("&#62;", ">").replace("&#34;", "\"").replace("&#38;", "&")
    };
    let said = html.split("<span class=\"said\">").skip(1);
    said.filter_map(|rest| rest.split("</li>").next())
        .map(|line| plain(line.split("</span>").next().unwrap_or(line)))
        .collect()
}

/// So many seconds before now.
fn ago(seconds: i64) -> Timestamp {
    Timestamp::now() - SignedDuration::from_secs(seconds)
}

#[tokio::test]
async fn the_logs_of_a_workloads_pods_are_one_and_go_on_while_somebody_looks() -> anyhow::Result<()> {
    let scene = Scene::set().await?;
    let ada = scene.house.client(ADA, &[])?;
    let [one, other] = [&scene.carts[0], &scene.carts[1]];
    // Later than how both began.
    for (cart, seconds, text) in [(one, -1, "first"), (other, -2, "second"), (one, -3, "third")] {
        scene.logs.write_at(cart, ago(seconds), text)?;
    }
    let page = scene.page(&ada, CART).await?;
    let told = lines(&page);
    assert_eq!(told[told.len() - 3..], ["first", "second", "third"], "by their time: {told:?}");
    for cart in &scene.carts {
        assert!(page.contains(&format!("data-s=\"{cart}\"")), "each line says whose it is: {page}");
    }
    assert!(page.contains("2 pods"), "{page}");

    let newest = page.rsplit("data-t=\"").next().and_then(|rest| rest.split('"').next()).context("a time")?;
    let mut stream = scene.follow(&ada, &format!("{CART}?after={newest}")).await?;
    let told = stream.until_event(|view| view.contains("third")).await?;
    assert!(told.contains("<ol id=\"lines\" data-add>"), "a little comes again: {told}");
    scene.logs.write(other, "written while somebody looks")?;
    stream.until_event(|view| view.contains("written while somebody looks")).await?;

    // A pod that comes is read by itself.
    scene.plane().apply(&estate::deployment("shop", "cart", "cart:1.0.0", 3)).await?;
    let pods = scene.logs.served("shop", "app.kubernetes.io/name=cart", 3).await?;
    let new = pods.iter().find(|pod| !scene.carts.iter().any(|cart| cart.contains(*pod))).context("a new pod")?;
    let new = format!("shop/{new}/cart");
    scene.logs.write(&new, "the new one")?;
    stream.until_event(|view| view.contains("the new one") && view.contains(&new)).await?;
    drop(stream);

    // Who saw which is in the account, and nothing of what was seen.
    let seen =
        [format!("\"logs\":[\"{one}\",\"{other}\"]"), "\"audit\":\"stream-closed\",\"page\":\"logs\"".to_owned(), new];
    let log = log_with(&scene.house.server, &seen.each_ref().map(String::as_str)).await?;
    assert!(log.contains("\"object\":\"Deployment/shop/cart\""), "{log}");
    assert!(!log.contains("written while somebody looks"), "{log}");
    Ok(())
}

#[tokio::test]
async fn a_log_is_narrowed_to_a_container_a_time_words_or_the_start_before_and_is_taken_away_as_text()
-> anyhow::Result<()> {
    let scene = Scene::set().await?;
    let ada = scene.house.client(ADA, &[])?;
    let cart = &scene.carts[0];
    let pod = scene.pod(0);
    scene.logs.write_at(cart, ago(7200), "two hours ago")?;
    for text in ["GET /Basket 200", "<b onclick=x>GET /other</b> 404", "\u{1b}[31mERROR\u{1b}[0m no basket\u{7}"] {
        scene.logs.write(cart, text)?;
    }
    scene.logs.write(cart, b"caf\xe9 \xff")?;
    scene.logs.write(cart, "y".repeat(40_000))?;

    let page = scene.page(&ada, &pod).await?;
    let told = lines(&page);
    assert!(told.contains(&"two hours ago".to_owned()) && told.contains(&"ERROR no basket␇".to_owned()), "{told:?}");
    assert!(told.contains(&"caf\u{fffd} \u{fffd}".to_owned()), "{told:?}");
    assert!(!page.contains("<b onclick") && told.contains(&"<b onclick=x>GET /other</b> 404".to_owned()), "{told:?}");
    assert!(page.contains("bytes more") && !page.contains(&"y".repeat(5000)), "long lines are cut");
    assert!(page.contains(">ERROR</b>"), "{page}");

    let page = scene.page(&ada, &format!("{pod}?q=basket")).await?;
    assert_eq!(lines(&page), ["GET /Basket 200", "ERROR no basket␇"]);
    assert_eq!(page.matches("<mark>").count(), 2, "{page}");
    assert!(!lines(&scene.page(&ada, &format!("{pod}?since=1h")).await?).contains(&"two hours ago".to_owned()));
    let none = scene.page(&ada, &format!("{pod}?q=nothing-like-it")).await?;
    assert!(none.contains("Nothing found") && lines(&none).is_empty(), "{none}");
    let hundred = (0..300).map(|number| (Timestamp::now(), format!("line {number}")));
    scene.logs.write_all(cart, hundred)?;
    let page = scene.page(&ada, &format!("{pod}?lines=100")).await?;
    assert_eq!((lines(&page).len(), lines(&page).last().map(String::as_str)), (100, Some("line 299")));
    for other in ["?lines=2000", "?previous=yes&#38;lines=100", "?since=1h&#38;lines=100", "/text?lines=100"] {
        assert!(page.contains(other), "{other} is a link: {page}");
    }

    let text = ada.get(format!("{}{pod}/text?q=basket", scene.house.server.url())).send().await?;
    let header = |name: &str| text.headers()[name].to_str().unwrap_or_default().to_owned();
    assert!(header("content-disposition").starts_with("attachment; filename=\"shop-cart-"), "{text:?}");
    assert_eq!(header("content-type"), "text/plain; charset=utf-8");
    let text = text.text().await?;
    let told: Vec<_> = text.lines().map(|line| line.splitn(3, ' ').nth(2).unwrap_or_default()).collect();
    assert_eq!(told, ["GET /Basket 200", "ERROR no basket␇"], "{text}");

    // What a container wrote before it was started the last time.
    let before = scene.page(&ada, &format!("{pod}?previous=yes")).await?;
    assert!(before.contains("There is nothing from before"), "{before}");
    scene.logs.write_before(cart, [(ago(60), "panic: from before")])?;
    let before = scene.page(&ada, &format!("{pod}?previous=yes")).await?;
    assert_eq!(lines(&before), ["panic: from before"]);
    assert!(!before.contains("data-live"), "nothing more can come: {before}");
    Ok(())
}

#[tokio::test]
async fn who_may_not_read_logs_is_told_which_right_is_missing_and_a_right_that_is_lost_empties_the_page()
-> anyhow::Result<()> {
    let scene = Scene::set().await?;
    scene.logs.write(&scene.carts[0], "a secret of the cart")?;
    let look = json!([{"apiGroups": ["", "apps"], "resources": ["pods", "deployments"], "verbs": ["get", "list"]}]);
    scene.plane().grant_in("shop", BEN, look).await?;
    let ben = scene.house.client(BEN, &[])?;
    for path in [CART, &scene.pod(0)] {
        let (status, page) = scene.get(&ben, path).await?;
        assert_eq!(status, 403, "{page}");
        assert!(page.contains("You may not read this log") && !page.contains("a secret of the cart"), "{page}");
        assert!(page.contains("/user_info?verb=get&#38;resource=pods%2Flog&#38;namespace=shop#may"), "{page}");
    }
    let (status, text) = scene.get(&ben, &format!("{CART}/text")).await?;
    assert!(status == 403 && text.contains("pods/log") && !text.contains("a secret"), "{text}");
    // Who may not read the workload is told that, and nothing of its pods.
    let cleo = scene.house.client(CLEO, &[])?;
    let (status, page) = scene.get(&cleo, CART).await?;
    let pod = scene.carts[0].split('/').nth(1).unwrap_or_default();
    assert!(status == 403 && page.contains("resource=deployments.apps") && !page.contains(pod), "{page}");
    // To read a log, one need not be allowed to look at the pod.
    let log = json!([{"apiGroups": [""], "resources": ["pods/log"], "verbs": ["get"]}]);
    let binding = scene.plane().grant_in("shop", CLEO, log).await?;
    let page = scene.page(&cleo, &format!("{}?container=cart", scene.pod(0))).await?;
    assert!(lines(&page).contains(&"a secret of the cart".to_owned()), "{page}");
    let mut stream = scene.follow(&cleo, &format!("{}?container=cart", scene.pod(0))).await?;
    stream.until_event(|view| view.contains("a secret of the cart")).await?;
    scene.plane().delete(&binding).await?;
    let gone = "<ol id=\"lines\" class=\"log\" tabindex=\"0\" aria-label=\"Lines, the newest last\"></ol>";
    let told = stream.until_event(|view| view.contains(gone)).await?;
    assert!(told.contains("You may not read this log"), "{told}");
    scene.logs.write(&scene.carts[0], "written afterwards")?;
    let silent = timeout(Duration::from_secs(3), stream.until_event(|view| view.contains("written afterwards"))).await;
    assert!(silent.is_err(), "{silent:?}");
    // Names that are none, and kinds without logs.
    let ada = scene.house.client(ADA, &[])?;
    for nowhere in ["/logs/shop/secret/cart", "/logs/shop/pod/..%2f..%2fsecrets", "/logs/shop/deployment/none"] {
        assert_eq!(scene.get(&ada, nowhere).await?.0, 404, "{nowhere}");
    }
    Ok(())
}

#[tokio::test]
async fn a_stream_ends_with_the_session_and_nobody_has_more_than_their_share() -> anyhow::Result<()> {
    let scene = Scene::set().await?;
    scene.plane().grant_everywhere("admin", all(&WATCH)).await?;
    let admin = scene.house.server.sign_in("admin", "secret").await?;
    let mut streams = Vec::new();
    for _ in 0..8 {
        let mut stream = scene.follow(&admin, CART).await?;
        stream.until_event(|view| view.contains("2 pods")).await?;
        streams.push(stream);
    }
    let mut refused = scene.follow(&admin, CART).await?;
    refused.until_event(|view| view.contains("you read 8 logs at the same time already")).await?;
    let ada = scene.house.client(ADA, &[])?;
    let mut hers = scene.follow(&ada, CART).await?;
    hers.until_event(|view| view.contains("2 pods")).await?;
    // A page that is closed makes room.
    streams.pop();
    refused.until_event(|view| view.contains("2 pods")).await?;
    scene.house.server.sign_out(&admin).await?;
    let ended = async {
        while let Some((name, _)) = streams[0].next().await? {
            if name == "end" {
                return Ok(());
            }
        }
        anyhow::bail!("it ended without a word")
    };
    timeout(Duration::from_secs(60), ended).await.context("the stream goes on")??;
    Ok(())
}

/// Flux's controller for Kustomizations, as a Deployment.
pub(crate) fn controller() -> Value {
    let labels = json!({"app": "kustomize-controller"});
    json!({"apiVersion": "apps/v1", "kind": "Deployment",
        "metadata": {"name": "kustomize-controller", "namespace": "flux-system", "labels": {"app.kubernetes.io/part-of": "flux"}},
        "spec": {"replicas": 1, "selector": {"matchLabels": labels}, "template": {"metadata": {"labels": labels},
            "spec": {"containers": [{"name": "manager", "image": "ghcr.io/fluxcd/kustomize-controller:v1.7.0"}]}}}})
}

#[tokio::test]
async fn an_objects_page_has_what_fluxs_controllers_write_about_it_and_about_nothing_else() -> anyhow::Result<()> {
    let scene = Scene::set().await?;
    scene.plane().create_namespace("flux-system").await?;
    scene.plane().apply(&controller()).await?;
    let pods = scene.logs.served("flux-system", "app=kustomize-controller", 1).await?;
    let [apps, data] = ["apps", "data"].map(|namespace| {
        estate::kustomization(namespace, "shop").failed("BuildFailed", &format!("no such path in {namespace}")).into()
    });
    let ada = scene.house.client(ADA, &[])?;
    let path = "/kustomization/logs?name=shop&namespace=apps";
    let empty = scene.page(&ada, path).await?;
    assert!(empty.contains("Nothing about this object") && empty.contains("aria-current=\"page\">Logs</a>"), "{empty}");
    let manager = format!("flux-system/{}/manager", pods[0]);
    for object in [&apps, &data] {
        scene.logs.write_about(&manager, object)?;
    }
    scene.logs.write(&manager, "panic: while reconciling apps/shop: nil")?;
    let page = scene.page(&ada, path).await?;
    let told = lines(&page);
    assert_eq!(told.len(), 2, "{told:?}");
    assert!(
        told[0].starts_with("Reconciliation failed after") && told[0].contains(": no such path in apps"),
        "{told:?}"
    );
    assert!(page.contains(">ERROR</b>"), "{page}");
    let mut stream = scene.follow(&ada, path).await?;
    stream.until_event(|view| view.contains("no such path in apps")).await?;
    scene.logs.write_about(&manager, &data)?;
    scene.logs.write(&manager, "once more: apps/shop")?;
    let told = stream.until_event(|view| view.contains("once more")).await?;
    assert!(!told.contains("in data"), "{told}");
    let text = scene.page(&ada, "/kustomization/logs/text?name=shop&namespace=apps").await?;
    assert!(text.contains("no such path in apps") && !text.contains("in data"), "{text}");
    // Who may see the object alone.
    scene.plane().grant_in("apps", BEN, fanlight_testbed::rights::flux_rules(&WATCH)).await?;
    let page = scene.page(&scene.house.client(BEN, &[])?, path).await?;
    assert!(page.contains("You may not read this log") && !page.contains("no such path"), "{page}");
    assert!(page.contains("resource=deployments.apps&#38;namespace=flux-system"), "{page}");
    Ok(())
}
