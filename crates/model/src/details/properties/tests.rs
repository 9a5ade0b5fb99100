use std::time::Duration;

use serde_json::json;

use super::*;
use crate::{History, ObjectKey};

fn read(kind: Kind, object: &Value) -> Properties {
    Properties::read(kind, object, "apps")
}

/// Each as `name: value`.
fn said(properties: &[Property]) -> Vec<String> {
    let say = |one: &Property| match &one.value {
        PropertyValue::Words(text)
        | PropertyValue::Code(text)
        | PropertyValue::Address(text)
        | PropertyValue::Image(text) => format!("{}: {text}", one.name),
        PropertyValue::Moment(moment) => format!("{}: at {moment}", one.name),
        PropertyValue::Took(what, took) => format!("{}: {what} {took:?}", one.name),
        PropertyValue::Size(bytes) => format!("{}: {bytes} bytes", one.name),
    };
    properties.iter().map(say).collect()
}

fn listed<'a>(properties: &'a Properties, title: &str) -> &'a [Entry] {
    properties.rosters.iter().find(|roster| roster.title == title).map_or(&[], |roster| &*roster.entries)
}

fn panel(properties: &Properties, title: &str) -> Vec<String> {
    properties.panels.iter().find(|(one, _)| *one == title).map(|(_, own)| said(own)).unwrap_or_default()
}

#[test]
fn a_release_says_what_was_asked_for_how_it_went_and_what_becomes_of_drift() {
    let read = read(
        Kind::HELM_RELEASE,
        &json!({"spec": {"chart": {"spec": {"chart": "web", "version": "1.x"}}, "releaseName": "old",
            "driftDetection": {"mode": "warn", "ignore": [{}]}},
            "status": {"storageNamespace": "flux-system", "failures": 3, "upgradeFailures": 2, "installFailures": 0,
                "history": [{"name": "apps-web"}], "lastAttemptedReleaseAction": "upgrade",
                "lastAttemptedReleaseActionDuration": "20.5s"}}),
    );
    assert_eq!(
        said(&read.own),
        [
            "Version asked for: 1.x",
            "Release: apps-web",
            "Storage namespace: flux-system",
            "Failed attempts: 3, 2 of upgrading",
            "Last action: upgrade Some(20.5s)",
            "Drift detection: only tells what differs, with one exception",
        ]
    );
    assert_eq!(
        said(&self::read(Kind::HELM_RELEASE, &json!({"spec": {"chartRef": {"name": "web"}}})).own),
        [""; 0],
        "an artifact that is referred to has its version itself"
    );
}

#[test]
fn an_automation_says_who_commits_with_which_message_and_for_which_policies() {
    let read = read(
        Kind::IMAGE_UPDATE_AUTOMATION,
        &json!({"spec": {"git": {"commit": {"author": {"name": "flux", "email": "flux@example.com"},
            "messageTemplate": "Update\n\n{{ range .Changed }}"}}, "update": {"strategy": "Setters"}},
            "status": {"lastPushCommit": "ba66396785f9", "lastPushTime": "1970-01-01T00:01:00Z",
                "observedPolicies": {"web": {"name": "r.example.com/web", "tag": "1.4.2", "digest": "sha256:0f"}}}}),
    );
    let own = said(&read.own);
    assert_eq!(
        own,
        ["Last push: ba66396785f9", "Pushed: at 60", "Author: flux <flux@example.com>", "Strategy: Setters"]
    );
    assert_eq!(read.texts, [("Commit message template", "Update\n\n{{ range .Changed }}".to_owned())]);
    let policy = &listed(&read, "Policies")[0];
    assert_eq!(policy.about, About::Object(ObjectKey::new(Kind::IMAGE_POLICY, "apps", "web")));
    assert_eq!(policy.image, "r.example.com/web:1.4.2@sha256:0f");
}

#[test]
fn repositories_and_policies_of_images_say_what_was_found_before() {
    let scan = json!({"spec": {"exclusionList": ["^.*\\.sig$"]}, "status": {"lastScanResult": {"latestTags": ["1.4.2", 7, "1.4.1"]}}});
    let repository = read(Kind::IMAGE_REPOSITORY, &scan);
    let tags: Vec<_> = listed(&repository, "Latest tags").iter().map(|tag| &*tag.name).collect();
    assert_eq!(tags, ["1.4.2", "1.4.1"]);
    assert_eq!(listed(&repository, "Tags left out").len(), 1);
    let policy = read(
        Kind::IMAGE_POLICY,
        &json!({"spec": {"filterTags": {"pattern": "^main-(?P<n>\\d+)$", "extract": "$n"}},
            "status": {"observedPreviousRef": {"name": "r/web", "tag": "1.4.1"}}}),
    );
    assert_eq!(
        said(&policy.own),
        ["Previous image: r/web:1.4.1", "Only tags like: ^main-(?P<n>\\d+)$", "Ordered by: $n"]
    );
}

#[test]
fn an_alert_names_every_object_or_kind_that_it_is_about_and_counts_what_is_cut() {
    let alert = read(
        Kind::ALERT,
        &json!({"spec": {"summary": "production", "eventMetadata": {"env": "prod"}, "inclusionList": [".*failed.*"],
            "exclusionList": ["waiting.*"], "eventSources": [
                {"kind": "Kustomization", "name": "*", "matchLabels": {"team": "shop"}},
                {"kind": "HelmRelease", "name": "cart", "namespace": "edge"}, {"kind": "Ship", "name": "a"}, 7]}}),
    );
    let sources: Vec<_> = listed(&alert, "Events of").iter().map(|one| (&*one.name, &*one.text, &one.about)).collect();
    let (all, cart) = (
        About::Objects(Kind::KUSTOMIZATION, Some("apps".to_owned())),
        About::Object(ObjectKey::new(Kind::HELM_RELEASE, "edge", "cart")),
    );
    assert_eq!(
        sources,
        [
            ("Kustomization apps/*", "with team=shop", &all),
            ("HelmRelease edge/cart", "", &cart),
            ("Ship apps/a", "", &About::Nothing),
        ]
    );
    assert_eq!(listed(&alert, "Only messages like")[0].name, ".*failed.*");
    assert_eq!(listed(&alert, "No messages like")[0].name, "waiting.*");
    assert_eq!(
        (said(&alert.own), panel(&alert, "Added to messages")),
        (vec!["Summary: production".to_owned()], vec!["env: prod".to_owned()])
    );
    let many: Vec<_> = (0..70).map(|n| json!({"kind": "Bucket", "name": format!("b{n}")})).collect();
    let many = read(Kind::RECEIVER, &json!({"spec": {"resources": many, "events": ["ping", "push"]}}));
    assert_eq!((many.rosters[0].entries.len(), many.rosters[0].more), (50, 20));
    assert_eq!(said(&many.own), ["On events: ping, push"]);
}

#[test]
fn what_a_source_has_stored_is_told_and_its_address_is_no_link() {
    let stored = json!({"status": {"artifact": {"digest": "sha256:0f", "size": 4120, "path": "a/b.tar.gz",
        "url": "http://source-controller/a/b.tar.gz", "lastUpdateTime": "1970-01-01T00:01:00Z"}}});
    let source = read(Kind::GIT_REPOSITORY, &stored);
    assert_eq!(
        panel(&source, "Artifact"),
        [
            "Digest: sha256:0f",
            "Size: 4120 bytes",
            "Path: a/b.tar.gz",
            "URL: http://source-controller/a/b.tar.gz",
            "Last update: at 60"
        ]
    );
    let (_, artifact) = &source.panels[0];
    assert!(artifact.iter().all(|one| !matches!(one.value, PropertyValue::Address(_))));
    assert!(read(Kind::GIT_REPOSITORY, &json!({})).panels.is_empty());
}

#[test]
fn what_people_wrote_for_the_predecessor_is_told_and_only_pages_are_addresses() {
    let of = |annotations: Value| read(Kind::BUCKET, &json!({"metadata": {"annotations": annotations}})).panels;
    let panels = of(json!({"metadata.weave.works/team-page": "https://wiki.example.com/team",
        "metadata.weave.works/description": "the shop", "metadata.weave.works/suspended-by": "ada", "other": "x",
        "metadata.weave.works/trick": "javascript:alert(1)"}));
    assert_eq!(
        panels[0].1.iter().map(|one| (&*one.name, &one.value)).collect::<Vec<_>>(),
        [
            ("Description", &PropertyValue::Words("the shop".to_owned())),
            ("Team page", &PropertyValue::Address("https://wiki.example.com/team".to_owned())),
            ("Trick", &PropertyValue::Words("javascript:alert(1)".to_owned())),
        ]
    );
    assert!(of(json!({"metadata.weave.works/suspended-comment": "x"})).is_empty());
}

#[test]
fn an_instance_says_what_it_installs_for_which_cluster_and_what_it_is_in_step_with() {
    let spec = json!({"components": ["source-controller"], "distribution": {"artifact": "oci://ghcr.io/flux/manifests"},
        "cluster": {"type": "openshift", "multitenant": true, "networkPolicy": false},
        "sync": {"kind": "GitRepository", "url": "https://u:p@git.example.com/fleet", "ref": "refs/heads/main", "path": "clusters/a"}});
    let asked = read(Kind::FLUX_INSTANCE, &json!({"spec": spec}));
    assert_eq!(listed(&asked, "Components")[0], Entry::named("source-controller"));
    assert_eq!(panel(&asked, "Cluster"), ["Type: openshift", "Tenants: kept apart", "Network policies: no"]);
    assert_eq!(
        panel(&asked, "Sync"),
        [
            "Kind: GitRepository",
            "Name: apps",
            "URL: https://git.example.com/fleet",
            "Reference: refs/heads/main",
            "Path: clusters/a"
        ]
    );
    let status = json!({"components": [{"name": "source-controller", "repository": "ghcr.io/fluxcd/source-controller", "tag": "v1.9.1"}]});
    let runs = read(Kind::FLUX_INSTANCE, &json!({"spec": spec, "status": status}));
    assert_eq!(listed(&runs, "Components")[0].image, "ghcr.io/fluxcd/source-controller:v1.9.1");
}

#[test]
fn a_report_says_how_components_and_objects_are() {
    let read = read(
        Kind::FLUX_REPORT,
        &json!({"spec": {"cluster": {"serverVersion": "v1.36.3", "nodes": 3}, "operator": {"version": "v0.40.0"},
            "components": [{"name": "helm-controller", "ready": false, "status": "no replicas", "image": "ghcr.io/a/b:1"}],
            "reconcilers": [{"kind": "Kustomization", "stats": {"running": 12, "failing": 1, "suspended": 2, "totalSize": "3.4 MiB"}},
                {"kind": "Ship"}],
            "sync": {"id": "kustomization/flux-system", "ready": true}}}),
    );
    assert_eq!(panel(&read, "Cluster"), ["Kubernetes: v1.36.3", "Nodes: 3"]);
    assert_eq!(panel(&read, "Distribution"), ["Operator: v0.40.0"]);
    assert_eq!(panel(&read, "Sync"), ["Of: kustomization/flux-system"]);
    let component = &listed(&read, "Components")[0];
    assert_eq!((component.ready, &*component.text, &*component.image), (Some(false), "no replicas", "ghcr.io/a/b:1"));
    let objects = listed(&read, "Objects");
    assert_eq!(objects[0].text, "12 running, 1 failing, 2 suspended, 3.4 MiB");
    assert_eq!((&objects[0].about, &objects[1].about), (&About::Objects(Kind::KUSTOMIZATION, None), &About::Nothing));
}

#[test]
fn a_provider_of_inputs_says_when_it_asks_next() {
    let read = read(
        Kind::INPUT_PROVIDER,
        &json!({"spec": {"schedule": [{"cron": "0 8 * * 1-5", "timeZone": "Europe/Berlin", "window": "1h"}, {"cron": "@daily", "window": "0s"}]},
            "status": {"nextSchedule": {"when": "1970-01-01T00:10:00Z"}, "lastExportedRevision": "sha256:0f"}}),
    );
    assert_eq!(said(&read.own), ["Next run: at 600", "Last exported: sha256:0f"]);
    let schedule: Vec<_> = listed(&read, "Schedule").iter().map(|one| format!("{} {}", one.name, one.text)).collect();
    assert_eq!(schedule, ["0 8 * * 1-5 Europe/Berlin, for 1h", "@daily UTC"]);
}

#[test]
fn only_the_revision_of_the_last_action_says_how_long_that_took() {
    let took = |last: &str| {
        let entry =
            |action: &str, config: &str| json!({"action": action, "configDigest": config, "chartVersion": "1.0.0"});
        let status = json!({"history": [entry("rollback", "a"), entry("upgrade", "b"), entry("upgrade", "a")],
            "lastAttemptedReleaseAction": "upgrade", "lastAttemptedReleaseActionDuration": "20s",
            "lastAttemptedConfigDigest": last, "lastAttemptedRevision": "1.0.0"});
        let History::Releases(releases) = crate::Details::read(Kind::HELM_RELEASE, &json!({"status": status})).history
        else {
            panic!("releases")
        };
        releases.into_iter().map(|release| release.took).collect::<Vec<_>>()
    };
    assert_eq!(took("b"), [None, Some(Duration::from_secs(20)), None]);
    assert_eq!(took("c"), [None; 3], "it failed before there was a revision");
}

#[test]
fn what_is_odd_says_nothing_and_what_is_long_is_cut() {
    let long = "x".repeat(1 << 20);
    for kind in Kind::all() {
        for odd in [json!(null), json!(7), json!("x"), json!([7, [], {}]), json!({"a": {"b": 7}})] {
            for object in [odd.clone(), json!({"metadata": odd, "spec": odd, "status": odd})] {
                assert!(read(kind, &object).texts.is_empty(), "{kind}");
            }
        }
    }
    let read = read(Kind::ALERT, &json!({"spec": {"summary": long, "inclusionList": [long]}}));
    assert!(said(&read.own)[0].len() < 2000 && listed(&read, "Only messages like")[0].name.len() < 2000);
}
