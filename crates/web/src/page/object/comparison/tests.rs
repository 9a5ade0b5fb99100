use std::{sync::Arc, time::Duration};

use fanlight_model::{Answer, Details, Kind};
use serde_json::{Value, json};

use super::*;
use crate::{
    page::object::shown::Around,
    versions::{Edition, Versions},
};

fn at(minute: u64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(60 * minute)
}

/// A release at this version, as somebody may have seen it.
fn release(version: u64, chart: &str, replicas: u32, password: &str, members: &[&str]) -> Value {
    let entries: Vec<_> = members.iter().map(|id| json!({"id": id, "v": "v1"})).collect();
    json!({
        "metadata": {"namespace": "apps", "name": "shop", "uid": "u", "resourceVersion": version.to_string(),
            "generation": version},
        "spec": {"interval": "10m", "values": {"replicas": replicas, "db": {"password": password}}},
        "status": {
            "observedGeneration": version, "lastAttemptedGeneration": version,
            "conditions": [{"type": "Ready", "status": "True", "reason": "UpgradeSucceeded",
                "message": format!("Helm upgrade succeeded with chart shop@{chart}"), "observedGeneration": version}],
            "history": [{"version": version, "chartName": "shop", "chartVersion": chart, "status": "deployed"},
                {"version": 1, "chartName": "shop", "chartVersion": "0.9.0", "status": "superseded"}],
            "inventory": {"entries": entries},
        },
    })
}

/// The page after these were seen, a minute after each other, asked for this pair.
fn page(seen: &[Value], from: &str, to: &str) -> Comparison {
    let versions = Versions::default();
    for (minute, object) in (0..).zip(seen) {
        versions.note(object, &Details::read(Kind::HELM_RELEASE, object), at(minute));
    }
    let object = seen.last().expect("a version").clone();
    let details = Details::read(Kind::HELM_RELEASE, &object);
    let editions: Vec<Arc<Edition>> = versions.of(&details.row.key, "u");
    let pair = Pair { from: from.to_owned(), to: to.to_owned() };
    let shown = Shown {
        more: More::Versions(editions, pair),
        object,
        details,
        may_change: Answer::Yes,
        explanation: None,
        logs: [].into(),
        around: Around::default(),
        kinds: Vec::new(),
    };
    Comparison::of(&Frame::specimen(), &shown, at(10)).expect("the tab")
}

fn scene() -> [Value; 2] {
    [
        release(5, "1.0.0", 2, "hunter2", &["shop_web_apps_Deployment", "shop_old__Service"]),
        release(7, "1.1.0", 3, "hunter3", &["shop_web_apps_Deployment", "shop_new__ConfigMap"]),
    ]
}

#[test]
fn the_last_two_versions_are_compared_unless_others_are_asked_for() {
    let page = page(&scene(), "", "");
    assert_eq!(
        page.versions.iter().map(|one| (&*one.id, one.is_from, one.is_to)).collect::<Vec<_>>(),
        [("seen-7", false, true), ("seen-5", true, false), ("release-1", false, false)]
    );
    assert_eq!(page.since.as_ref().map(|(_, clock)| &**clock), Some("00:00"));
    assert_eq!(
        page.versions[0].link.as_deref(),
        Some("/helm_release/compare?name=shop&namespace=apps&from=seen-5&to=seen-7")
    );
    let changes = page.changes.expect("changes");
    let differing: Vec<_> = changes.facts.iter().filter(|fact| fact.differs).map(|fact| fact.name).collect();
    assert_eq!(differing, ["It says", "Applied", "Generation", "Helm revision", "Chart"]);
    let members: Vec<_> =
        changes.members.changes.iter().map(|one| format!("{} {} {}", one.word, one.kind, one.name)).collect();
    assert_eq!(members, ["added ConfigMap shop/new", "removed Service shop/old"]);
    assert_eq!((changes.members.added, changes.members.removed, changes.members.same), (1, 1, 1));
    let lines: Vec<_> = changes.texts[0].lines.iter().map(|line| format!("{} {}", line.tag, line.text)).collect();
    assert_eq!(lines, ["same db:", "same   password: •••••• (hidden)", "del replicas: 2", "ins replicas: 3"]);
    assert_eq!(changes.texts[1].note, "The same in both.");
    assert_eq!(changes.hidden, [("values.db.password".to_owned(), "changed")]);
    assert_eq!(changes.conditions.len(), 1);
    assert_eq!(changes.conditions[0].after, "True · UpgradeSucceeded · Helm upgrade succeeded with chart shop@1.1.0");
}

#[test]
fn what_only_the_history_tells_is_compared_as_far_as_that_goes() {
    let page = page(&scene(), "release-1", "seen-7");
    let changes = page.changes.expect("changes");
    assert!(!changes.unseen.is_empty() && changes.texts.is_empty() && changes.members.changes.is_empty());
    let chart = changes.facts.iter().find(|fact| fact.name == "Chart").expect("the chart");
    assert_eq!((&*chart.before.full, &*chart.after.full, chart.differs), ("shop 0.9.0", "shop 1.1.0", true));
    let state = changes.facts.iter().find(|fact| fact.name == "State").expect("the state");
    assert_eq!((&*state.before.short, state.differs), ("not known", false));
}

#[test]
fn what_cannot_be_compared_says_why() {
    let lost = page(&scene(), "seen-3", "seen-7");
    assert!(lost.changes.is_none() && lost.note.starts_with("A version that was asked for"), "{}", lost.note);
    let mut alone = scene()[0].clone();
    alone["status"]["history"] = json!([]);
    let alone = page(&[alone], "", "");
    assert!(alone.changes.is_none() && alone.note.starts_with("Only one version"), "{}", alone.note);
    assert_eq!(Pair::default().query(), "");
}

#[test]
fn a_long_difference_is_shown_in_parts_and_not_without_end() {
    let numbered = |word: &str, count: usize| {
        let lines: Vec<_> = (0..count).map(|number| format!("{word} {number}")).collect();
        lines.join("\n")
    };
    let before = numbered("line", 40);
    let after = before.replace("line 20\n", "other\n");
    let diff = TextDiff::of("Values", Some(&before), Some(&after));
    assert_eq!(diff.note, "1 line added, 1 line removed.");
    let lines: Vec<_> = diff.lines.iter().map(|line| (line.tag, &*line.text)).collect();
    assert_eq!((lines[0], lines.len()), (("gap", "17 lines that are the same"), 10));
    assert_eq!(lines[4..6], [("del", "line 20"), ("ins", "other")]);
    assert_eq!(lines[9], ("gap", "16 lines that are the same"));
    let many = numbered("x", 2000);
    let diff = TextDiff::of("Values", Some(""), Some(&many));
    assert_eq!((diff.lines.len(), &*diff.lines[500].text), (501, "and more that is not shown"));
    assert!(TextDiff::of("Values", None, Some("a")).lines.is_empty());
}

#[test]
fn a_member_is_taken_apart_and_lists_that_were_not_kept_are_not_compared() {
    let to = |thing: &Thing| Some(format!("to {thing}"));
    let members = Members::compared(Some("Role rbac.example a b:c v1"), Some("Role rbac.example a b:c v2"), &to);
    let change = &members.changes[0];
    assert_eq!(
        [change.word, &change.kind, &change.name, &change.api],
        ["another version", "Role", "a/b:c", "rbac.example/v1 → v2"]
    );
    assert_eq!(change.link.as_deref(), Some("to Role/a/b:c"));
    let removed = Members::compared(Some("Role rbac.example a b:c v1"), Some(""), &to);
    assert_eq!(removed.changes[0].link, None, "it is not there any more");
    assert!(!Members::compared(None, Some(""), &to).note.is_empty());
    assert!(!Members::compared(Some(""), Some(""), &to).note.is_empty());
}
