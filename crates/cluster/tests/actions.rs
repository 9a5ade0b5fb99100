//! Actions in a person's name, before a real API server; the controllers' answers are played.

#![allow(clippy::expect_used, reason = "a test ends where something is not as expected")]

mod controllers;

use std::{collections::BTreeMap, time::Duration};

use controllers::{Answer, artifact, object, play, ready};
use fanlight_cluster::ApiServer;
use fanlight_model::{Action, Answer as May, Identity, Kind, ObjectKey, Stage, Step, UserName};
use fanlight_testbed::{AuditEntry, ControlPlane, estate, rights::flux_rules};
use futures_util::StreamExt;
use kube::{
    Config,
    config::{KubeConfigOptions, Kubeconfig},
    core::GroupVersionKind,
    discovery::pinned_kind,
};
use serde_json::{Value, json};

const SYNC: Action = Action::Sync { with_source: false };
const SYNC_WITH_SOURCE: Action = Action::Sync { with_source: true };

/// A control plane with some namespaces, and the server's connection to it.
async fn stage() -> anyhow::Result<(ControlPlane, ApiServer)> {
    let plane = ControlPlane::start().await?;
    plane.install_server_account("fanlight").await?;
    for namespace in ["flux-system", "apps", "data"] {
        plane.create_namespace(namespace).await?;
    }
    stop_serving_resource_sets(&plane).await?;
    let kubeconfig = Kubeconfig::read_from(plane.kubeconfig_for("fanlight", "fanlight").await?)?;
    let config = Config::from_custom_kubeconfig(kubeconfig, &KubeConfigOptions::default()).await?;
    let server = ApiServer::from_config(config)?;
    tokio::spawn(server.clone().keep_informed());
    server.installed().wait_for(Option::is_some).await?;
    Ok((plane, server))
}

/// So that one of the known kinds is not served.
async fn stop_serving_resource_sets(plane: &ControlPlane) -> anyhow::Result<()> {
    let definition = json!({"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": {"name": "resourcesets.fluxcd.controlplane.io"}});
    plane.delete(&definition).await?;
    let kind = GroupVersionKind::gvk("fluxcd.controlplane.io", "v1", "ResourceSet");
    let gone = async { while pinned_kind(&plane.admin(), &kind).await.is_ok() {} };
    Ok(tokio::time::timeout(Duration::from_secs(60), gone).await?)
}

fn person(name: &str) -> Identity {
    Identity::of(UserName::new(name).expect("a plain name"))
}

fn key(text: &str) -> ObjectKey {
    let parts: Vec<_> = text.split('/').collect();
    ObjectKey::new(Kind::by_name(parts[0]).expect("a kind"), parts[1], parts[2])
}

/// Acts and waits for the end; the final stage of each object.
async fn act(server: &ApiServer, who: &str, action: &Action, keys: &[&str]) -> BTreeMap<String, Stage> {
    let keys = keys.iter().map(|text| key(text)).collect();
    let steps: Vec<_> = server.act(&person(who), action, keys, who).collect().await;
    let mut ends = BTreeMap::new();
    for Step { key, stage } in steps.into_iter().filter(|step| step.stage.is_final()) {
        assert!(ends.insert(key.to_string(), stage).is_none(), "{key} ended twice");
    }
    ends
}

/// The patches that were made in somebody else's name.
fn patches(plane: &ControlPlane) -> anyhow::Result<Vec<AuditEntry>> {
    let entries = plane.audit().entries()?.into_iter();
    Ok(entries.filter(|entry| entry.verb == "patch" && entry.impersonated_user.is_some()).collect())
}

fn done(text: &str) -> Stage {
    Stage::Done(text.to_owned())
}

#[tokio::test]
async fn a_sync_with_source_asks_the_source_once_and_first_and_tells_how_it_went() -> anyhow::Result<()> {
    let (plane, server) = stage().await?;
    plane.grant_everywhere("dana", flux_rules(&["get", "patch"])).await?;
    for name in ["shop", "cart"] {
        plane.apply(&estate::kustomization("apps", name)).await?;
    }
    plane.apply(&estate::helm_release("apps", "billing")).await?;
    plane
        .apply(&object(
            "GitRepository",
            "flux-system",
            "fleet",
            &json!({"interval": "1m", "url": "https://git.example.com/f"}),
        ))
        .await?;
    plane
        .apply(&object(
            "HelmRepository",
            "flux-system",
            "charts",
            &json!({"type": "oci", "url": "oci://r.example.com/c"}),
        ))
        .await?;
    let chart =
        json!({"interval": "1m", "chart": "billing", "sourceRef": {"kind": "HelmRepository", "name": "charts"}});
    plane.apply(&object("HelmChart", "flux-system", "apps-billing", &chart)).await?;

    let _controllers = [
        play(&plane, "GitRepository", || {
            Answer::Status(artifact("main@sha1:2222222222222222222222222222222222222222"))
        }),
        play(&plane, "HelmChart", || Answer::Status(artifact("1.4.3"))),
        // The news of the artifact comes after the request.
        play(&plane, "Kustomization", || {
            let early = ready("True", "ReconciliationSucceeded", "Applied revision: the old one");
            let mut status = ready("True", "ReconciliationSucceeded", "Applied revision: main@sha1:2");
            status["lastAppliedRevision"] = json!("main@sha1:2222222222222222222222222222222222222222");
            Answer::StatusThen(early, status)
        }),
        play(&plane, "HelmRelease", || {
            Answer::Status(ready("False", "UpgradeFailed", "Helm upgrade failed: no route"))
        }),
    ];
    let ends = act(
        &server,
        "dana",
        &SYNC_WITH_SOURCE,
        &["Kustomization/apps/shop", "Kustomization/apps/cart", "HelmRelease/apps/billing"],
    )
    .await;
    assert_eq!(ends["Kustomization/apps/shop"], done("Reconciled: Applied revision: main@sha1:2"));
    assert_eq!(ends["Kustomization/apps/cart"], done("Reconciled: Applied revision: main@sha1:2"));
    assert_eq!(ends["HelmRelease/apps/billing"], Stage::Failed("Helm upgrade failed: no route".to_owned()));

    let patches = patches(&plane)?;
    for patch in &patches {
        assert_eq!(patch.user.username, "system:serviceaccount:fanlight:fanlight");
        assert_eq!(patch.impersonated_user.as_ref().map(|user| user.username.as_str()), Some("dana"));
        assert!(patch.uri.ends_with("?fieldManager=fanlight"), "{}", patch.uri);
    }
    let names: Vec<_> = patches.iter().filter_map(|patch| Some(patch.object_ref.as_ref()?.name.as_str())).collect();
    let index = |name: &str| names.iter().position(|one| *one == name);
    assert_eq!(names.len(), 5, "each object once, and the repository of type oci not at all: {names:?}");
    assert!(index("fleet") < index("shop") && index("fleet") < index("cart"), "{names:?}");
    assert!(index("apps-billing") < index("billing"), "{names:?}");
    let release = server.object(&person("dana"), &key("HelmRelease/apps/billing")).await?;
    let annotations = release["metadata"]["annotations"].as_object().map(|all| all.keys().cloned().collect::<Vec<_>>());
    assert_eq!(annotations, Some(vec!["reconcile.fluxcd.io/requestedAt".to_owned()]), "neither forced nor reset");
    Ok(())
}

#[tokio::test]
async fn what_an_object_comes_from_can_hold_it_back_and_is_named_then() -> anyhow::Result<()> {
    let (plane, server) = stage().await?;
    plane.grant_in("apps", "dana", flux_rules(&["get", "patch"])).await?;
    let from = |name: &str, source: Value| {
        let mut object = Value::from(estate::kustomization("apps", name));
        object["spec"]["sourceRef"] = source;
        object
    };
    for object in [
        from("a", json!({"kind": "GitRepository", "name": "lost"})),
        from("b", json!({"kind": "GitRepository", "name": "paused"})),
        from("c", json!({"kind": "GitRepository", "name": "fleet", "namespace": "flux-system"})),
        from("d", json!({"kind": "GitRepository", "name": "nowhere"})),
        from("e", json!({"kind": "ExternalArtifact", "name": "made"})),
        object("GitRepository", "apps", "lost", &json!({"interval": "1m", "url": "https://git.example.com/lost"})),
        object(
            "GitRepository",
            "apps",
            "paused",
            &json!({"interval": "1m", "url": "https://git.example.com/p", "suspend": true}),
        ),
        object("GitRepository", "flux-system", "fleet", &json!({"interval": "1m", "url": "https://git.example.com/f"})),
    ] {
        plane.apply(&object).await?;
    }
    let _controllers = [
        play(&plane, "GitRepository", || {
            Answer::Status(ready("False", "GitOperationFailed", "authentication required"))
        }),
        play(&plane, "Kustomization", || {
            Answer::Status(ready("True", "ReconciliationSucceeded", "Applied revision: x"))
        }),
    ];
    let keys = ["a", "b", "c", "d", "e"].map(|name| format!("Kustomization/apps/{name}"));
    let ends = act(&server, "dana", &SYNC_WITH_SOURCE, &keys.each_ref().map(String::as_str)).await;
    assert_eq!(
        ends[&keys[0]],
        Stage::Failed("Not synced, as its source GitRepository/apps/lost failed: authentication required".to_owned())
    );
    let paused = "Not synced because of its source GitRepository/apps/paused. Cannot be synced: it is suspended; resume it first";
    assert_eq!(ends[&keys[1]], Stage::Refused(paused.to_owned()));
    let Stage::Refused(forbidden) = &ends[&keys[2]] else { panic!("{:?}", ends[&keys[2]]) };
    let quoted = r#"User "dana" cannot get resource "gitrepositories" in API group "source.toolkit.fluxcd.io" in the namespace "flux-system""#;
    assert!(
        forbidden.starts_with("Not synced because of its source GitRepository/flux-system/fleet. Getting GitRepository/flux-system/fleet is forbidden"),
        "{forbidden}"
    );
    assert!(forbidden.contains(quoted), "{forbidden}");
    assert_eq!(
        ends[&keys[3]],
        Stage::Refused(
            "Not synced because of its source GitRepository/apps/nowhere. GitRepository/apps/nowhere does not exist"
                .to_owned()
        )
    );
    let Stage::Done(made) = &ends[&keys[4]] else { panic!("{:?}", ends[&keys[4]]) };
    assert!(
        made.starts_with("Reconciled: Applied revision: x (its source ExternalArtifact/apps/made was not synced"),
        "{made}"
    );
    let patched: Vec<_> = patches(&plane)?.into_iter().filter_map(|patch| Some(patch.object_ref?.name)).collect();
    assert_eq!(patched.iter().filter(|name| name.len() == 1).collect::<Vec<_>>(), ["e"], "the others were not asked");
    Ok(())
}

#[tokio::test]
async fn many_are_suspended_at_once_with_an_outcome_for_each_and_resumed_without_a_trace() -> anyhow::Result<()> {
    let (plane, server) = stage().await?;
    let mut rules = flux_rules(&["get"]);
    rules[0]["apiGroups"].as_array_mut().expect("groups").push(json!("source.extensions.fluxcd.io"));
    plane.grant_everywhere("dana", rules.clone()).await?;
    rules[0]["verbs"] = json!(["patch"]);
    plane.grant_in("apps", "dana", rules).await?;
    let mut one = flux_rules(&["patch"]);
    one[0]["resourceNames"] = json!(["lake"]);
    plane.grant_in("data", "dana", one).await?;
    let mut paused = Value::from(estate::helm_release("apps", "paused"));
    paused["spec"]["suspend"] = json!(true);
    paused["metadata"]["annotations"] = json!({"metadata.weave.works/suspended-by": "erin"});
    let generator = json!({"sources": [{"alias": "a", "kind": "Bucket", "name": "b"}],
        "artifacts": [{"name": "made", "copy": [{"from": "@a/**", "to": "@artifact/"}]}]});
    for object in [
        estate::kustomization("apps", "shop").into(),
        estate::kustomization("data", "lake").into(),
        estate::kustomization("data", "sea").into(),
        paused,
        object("Provider", "apps", "chat", &json!({"type": "slack"})),
        object("ArtifactGenerator", "apps", "parts", &generator),
    ] {
        plane.apply(&object).await?;
    }
    let (may, not) = (key("Kustomization/data/lake"), key("Kustomization/data/sea"));
    assert_eq!(server.may_change(&person("dana"), &may).await, May::Yes);
    assert_eq!(server.may_change(&person("dana"), &not).await, May::No);

    let before = server.object(&person("dana"), &key("Kustomization/apps/shop")).await?;
    let all = [
        "Kustomization/apps/shop",
        "Kustomization/data/lake",
        "Kustomization/data/sea",
        "Kustomization/apps/ghost",
        "Kustomization/apps/..",
        "HelmRelease/apps/paused",
        "Provider/apps/chat",
        "ArtifactGenerator/apps/parts",
        "ResourceSet/apps/unserved",
    ];
    let suspend = Action::Suspend { comment: Some("until Monday".to_owned()) };
    let ends = act(&server, "dana", &suspend, &all).await;
    for name in
        ["Kustomization/apps/shop", "Kustomization/data/lake", "Provider/apps/chat", "ArtifactGenerator/apps/parts"]
    {
        assert_eq!(ends[name], done("Suspended"), "{name}");
    }
    assert_eq!(ends["HelmRelease/apps/paused"], done("Already suspended by erin"));
    let refused = |name: &str| match &ends[name] {
        Stage::Refused(text) => text.clone(),
        other => panic!("{name}: {other:?}"),
    };
    assert!(refused("Kustomization/data/sea").contains(r#"User "dana" cannot patch resource "kustomizations""#));
    assert_eq!(refused("Kustomization/apps/ghost"), "Kustomization/apps/ghost does not exist");
    assert!(refused("Kustomization/apps/..").contains("no object can be called that"));
    assert!(refused("ResourceSet/apps/unserved").contains("does not serve this kind"));

    let shop = server.object(&person("dana"), &key("Kustomization/apps/shop")).await?;
    assert_eq!(shop["spec"]["suspend"], true);
    assert_eq!(
        shop["metadata"]["annotations"],
        json!({"metadata.weave.works/suspended-by": "dana", "metadata.weave.works/suspended-comment": "until Monday"})
    );
    let in_vain = act(&server, "dana", &SYNC, &["Kustomization/apps/shop", "Provider/apps/chat"]).await;
    let why = "Cannot be synced: it is suspended by dana: “until Monday”; resume it first";
    assert_eq!(in_vain["Kustomization/apps/shop"], Stage::Refused(why.to_owned()));
    assert!(matches!(&in_vain["Provider/apps/chat"], Stage::Refused(_)));

    let ends =
        act(&server, "dana", &Action::Resume, &["Kustomization/apps/shop", "ArtifactGenerator/apps/parts"]).await;
    assert!(ends.values().all(|end| *end == done("Resumed")), "{ends:?}");
    let after = server.object(&person("dana"), &key("Kustomization/apps/shop")).await?;
    assert_eq!((&after["spec"], &after["metadata"]["annotations"]), (&before["spec"], &Value::Null));
    Ok(())
}

#[tokio::test]
async fn two_people_at_once_are_both_answered_and_one_who_leaves_has_still_asked() -> anyhow::Result<()> {
    let (plane, server) = stage().await?;
    for name in ["dana", "erin"] {
        plane.grant_everywhere(name, flux_rules(&["get", "patch"])).await?;
    }
    plane.apply(&estate::kustomization("apps", "shop")).await?;
    plane.apply(&estate::kustomization("apps", "cart")).await?;
    let shop = vec![key("Kustomization/apps/shop")];
    let mut first = server.act(&person("dana"), &SYNC, shop.clone(), "dana");
    assert!(matches!(first.next().await, Some(Step { stage: Stage::Asked(_), .. })));
    let mut second = server.act(&person("erin"), &SYNC, shop, "erin");
    assert!(matches!(second.next().await, Some(Step { stage: Stage::Asked(_), .. })));
    // The controller has seen neither: it will see the second one only.
    let _controller = play(&plane, "Kustomization", || {
        Answer::Status(ready("True", "ReconciliationSucceeded", "Applied revision: x"))
    });
    for stream in [first, second] {
        let steps: Vec<_> = stream.collect().await;
        assert_eq!(steps.last().map(|step| &step.stage), Some(&done("Reconciled: Applied revision: x")), "{steps:?}");
    }

    let fleet = json!({"interval": "1m", "url": "https://git.example.com/f"});
    plane.apply(&object("GitRepository", "flux-system", "fleet", &fleet)).await?;
    drop(server.act(&person("dana"), &SYNC_WITH_SOURCE, vec![key("Kustomization/apps/cart")], "dana"));
    let _source = play(&plane, "GitRepository", || Answer::Status(artifact("main@sha1:2")));
    let handled = async {
        loop {
            let cart = server.object(&person("dana"), &key("Kustomization/apps/cart")).await?;
            if cart["status"]["lastHandledReconcileAt"].is_string() {
                return anyhow::Ok(());
            }
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), handled).await?
}

#[tokio::test]
async fn an_api_server_that_is_away_leaves_no_outcome_untold() -> anyhow::Result<()> {
    let (plane, server) = stage().await?;
    plane.grant_everywhere("dana", flux_rules(&["get", "patch"])).await?;
    plane.apply(&estate::kustomization("apps", "shop")).await?;
    let shop = vec![key("Kustomization/apps/shop")];
    let mut steps = server.act(&person("dana"), &SYNC, shop.clone(), "dana");
    assert!(matches!(steps.next().await, Some(Step { stage: Stage::Asked(_), .. })));
    plane.stop_api_server();
    let Some(Step { stage: Stage::Asked(away), .. }) = steps.next().await else { panic!("not told") };
    assert!(away.contains("the API server is away or starting"), "{away}");
    // Away for a while, also for what is only asked for now.
    let later = Action::Suspend { comment: None };
    let later = tokio::spawn({
        let server = server.clone();
        let who = person("dana");
        async move { server.act(&who, &later, vec![key("Kustomization/apps/shop")], "dana").collect::<Vec<_>>().await }
    });
    plane.start_api_server().await?;
    let later = later.await?;
    assert_eq!(later.last().map(|step| &step.stage), Some(&done("Suspended")), "{later:?}");
    let steps: Vec<_> = steps.collect().await;
    let Some(Stage::Unknown(why)) = steps.last().map(|step| &step.stage) else { panic!("{steps:?}") };
    assert!(why.starts_with("It was suspended meanwhile by dana"), "{why}");

    assert_eq!(act(&server, "dana", &Action::Resume, &["Kustomization/apps/shop"]).await.len(), 1);
    let mut steps = server.act(&person("dana"), &SYNC, shop, "dana");
    assert!(matches!(steps.next().await, Some(Step { stage: Stage::Asked(_), .. })));
    plane.stop_api_server();
    // From here on, time passes as quickly as everybody waits.
    tokio::time::pause();
    let steps: Vec<_> = steps.collect().await;
    let Some(Stage::Unknown(why)) = steps.last().map(|step| &step.stage) else { panic!("{steps:?}") };
    assert!(why.contains("then the API server stopped answering"), "{why}");
    let ends = act(&server, "dana", &Action::Resume, &["Kustomization/apps/shop"]).await;
    let Stage::Refused(why) = &ends["Kustomization/apps/shop"] else { panic!("{ends:?}") };
    assert!(why.starts_with("Nothing was changed, because Kustomization/apps/shop could not be read"), "{why}");
    Ok(())
}
