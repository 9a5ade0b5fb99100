mod lists;

use fanlight_model::{Applier, Facts, Links, Particulars, SourceLink, State};

use super::*;
use crate::{Sight, grant::Reach};

const KIND: Kind = Kind::KUSTOMIZATION;
const FIRST: FeedId = FeedId(1);
const SECOND: FeedId = FeedId(2);
const THIRD: FeedId = FeedId(3);

fn whole() -> FeedKey {
    FeedKey::new(KIND, Scope::Cluster)
}

fn within(namespace: &str) -> FeedKey {
    FeedKey::new(KIND, Scope::Namespace(namespace.into()))
}

fn row(namespace: &str, name: &str, version: Version, state: State) -> Arc<Row> {
    let key = ObjectKey::new(KIND, namespace, name);
    Arc::new(Row { state, ..Row::new(key, version, Links::default(), &Facts::new(KIND)) })
}

fn ready(namespace: &str, name: &str, version: Version) -> Change {
    Change::Applied(row(namespace, name, version, State::Ready))
}

fn gone(namespace: &str, name: &str, version: Version) -> Change {
    Change::Deleted(ObjectKey::new(KIND, namespace, name), version)
}

fn fresh() -> FreshFor {
    FreshFor { now: Instant::now(), grace: Duration::from_secs(3), poll: Duration::from_secs(10) }
}

/// Names in sight, as `namespace/name`.
fn seen(store: &Store, reach: Reach) -> Vec<String> {
    let lines = [Sightline::of(KIND, reach)];
    let query = Query::from_pairs([("sort", "namespace")]);
    let list = store.list(&lines, &query, fresh());
    list.rows.iter().map(|row| format!("{}/{}", row.key.namespace, row.key.name)).collect()
}

#[tokio::test(start_paused = true)]
async fn a_list_that_is_older_than_what_a_watch_has_told_changes_nothing_there() {
    let store = store();
    store.open(&within("apps"), SECOND, Instant::now());
    store.open(&whole(), THIRD, Instant::now());
    store.apply(&within("apps"), SECOND, vec![Change::Opened, ready("apps", "new", 12), gone("apps", "old", 13)]);
    let listed = ["apps/shop", "apps/old", "data/etl"];
    let rows = listed.map(|name| {
        let (namespace, name) = name.split_once('/').expect("a namespace");
        row(namespace, name, 4, State::Ready)
    });
    let listing = Listing { rows: rows.into(), version: 11 };
    assert_eq!(store.replace(&whole(), THIRD, listing, Instant::now()), Taken::Fine);
    assert_eq!(seen(&store, Reach::Everywhere), ["apps/new", "apps/shop", "data/etl"]);
}

/// A store with a complete cluster-wide feed at version 10 of apps/shop and data/etl.
fn store() -> Store {
    let store = Store::new();
    store.open(&whole(), FIRST, Instant::now());
    store.begin_listing(&whole(), FIRST);
    store.apply(&whole(), FIRST, vec![ready("apps", "shop", 4), ready("data", "etl", 5), Change::Synced(10)]);
    store
}

#[tokio::test(start_paused = true)]
async fn rows_are_shown_when_the_first_list_is_complete_and_not_before() {
    let store = Store::new();
    store.open(&whole(), FIRST, Instant::now());
    store.begin_listing(&whole(), FIRST);
    store.apply(&whole(), FIRST, vec![ready("apps", "shop", 4)]);
    assert!(seen(&store, Reach::Everywhere).is_empty());
    store.apply(&whole(), FIRST, vec![Change::Synced(10)]);
    assert_eq!(seen(&store, Reach::Everywhere), ["apps/shop"]);
}

#[tokio::test(start_paused = true)]
async fn a_viewer_of_one_namespace_sees_and_counts_only_that() {
    let store = store();
    let lines = [Sightline::of(KIND, Reach::Namespaces(vec!["apps".into()]))];
    let list = store.list(&lines, &Query::default(), fresh());
    assert_eq!(list.rows.len(), 1);
    assert_eq!((list.in_sight, list.matching), (1, 1));
    assert_eq!(list.namespaces, [("apps".into(), 1)]);
    assert_eq!(list.states[State::Ready.index()], 1);
    assert_eq!(list.sights, [(KIND, Sight::Namespaces(1))]);
}

#[tokio::test(start_paused = true)]
async fn who_needs_an_object_is_cut_by_the_sight_of_each_kind() {
    let store = store();
    let sets = FeedKey::new(Kind::RESOURCE_SET, Scope::Cluster);
    store.open(&sets, SECOND, Instant::now());
    let shop = ObjectKey::new(KIND, "apps", "shop");
    let said = Links { depends_on: [shop.clone()].into(), ..Links::default() };
    let key = ObjectKey::new(Kind::RESOURCE_SET, "apps", "after");
    let row = Arc::new(Row::new(key, 6, said, &Facts::new(Kind::RESOURCE_SET)));
    store.replace(&sets, SECOND, Listing { rows: vec![row], version: 10 }, Instant::now());

    let names = |lines: &[Sightline]| {
        let needing = store.needing(lines, &[shop.clone()].into());
        let dependants = store.dependants(lines, &shop);
        assert_eq!(needing, dependants);
        needing.iter().map(|row| row.key.to_string()).collect::<Vec<_>>()
    };
    let lines =
        |sets| [Sightline::of(KIND, Reach::Namespaces(vec!["apps".into()])), Sightline::of(Kind::RESOURCE_SET, sets)];
    assert_eq!(names(&lines(Reach::Everywhere)), ["ResourceSet/apps/after"]);
    assert!(names(&lines(Reach::Nothing)).is_empty(), "who may list the one kind sees nothing of the other");
    assert!(names(&lines(Reach::Everywhere)[..1]).is_empty());
}

#[tokio::test(start_paused = true)]
async fn an_object_is_needed_in_whichever_way_it_is_named() {
    let store = Store::new();
    let feed = FeedKey::new(Kind::HELM_RELEASE, Scope::Cluster);
    store.open(&feed, FIRST, Instant::now());
    let repository = ObjectKey::new(Kind::HELM_REPOSITORY, "flux-system", "charts");
    let source = SourceLink {
        kind: repository.kind,
        namespace: Arc::clone(&repository.namespace),
        name: Arc::clone(&repository.name),
        chart: Some("shop".into()),
    };
    let before = ObjectKey::new(Kind::HELM_RELEASE, "apps", "before");
    let used = ObjectKey::new(Kind::BUCKET, "apps", "used");
    let said = Links { source: Some(source), depends_on: [before.clone()].into(), ..Links::default() };
    let key = ObjectKey::new(Kind::HELM_RELEASE, "apps", "shop");
    let particulars = Particulars { uses: [used.clone()].into(), ..Particulars::default() };
    let row =
        Row { particulars: Some(Box::new(particulars)), ..Row::new(key, 6, said, &Facts::new(Kind::HELM_RELEASE)) };
    let named: Vec<_> = row.needs().map(|(key, _)| key).collect();
    store.replace(&feed, FIRST, Listing { rows: vec![Arc::new(row)], version: 10 }, Instant::now());
    let lines = [Sightline::of(Kind::HELM_RELEASE, Reach::Everywhere)];
    let chart = ObjectKey::new(Kind::HELM_CHART, "flux-system", "apps-shop");
    assert_eq!(named, [before, chart, repository, used]);
    for key in named {
        assert_eq!(store.needing(&lines, &[key.clone()].into()).len(), 1, "{key}");
        let other = ObjectKey::new(key.kind, key.namespace, "other");
        assert!(store.needing(&lines, &[other].into()).is_empty());
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_not_there_is_told_from_what_may_not_be_seen_and_what_nobody_has_read() {
    let store = store();
    store.open(&FeedKey::new(Kind::BUCKET, Scope::Cluster), SECOND, Instant::now());
    let absent = Sightline { installed: false, ..Sightline::of(Kind::TERRAFORM, Reach::Everywhere) };
    let lines = [
        Sightline::of(KIND, Reach::Namespaces(vec!["apps".into()])),
        Sightline::of(Kind::BUCKET, Reach::Everywhere),
        absent,
    ];
    let keys = [
        "Kustomization/apps/shop",
        "Kustomization/apps/gone",
        "Kustomization/data/etl",
        "Kustomization/new/a",
        "Bucket/apps/b",
        "Terraform/apps/t",
        "HelmRelease/apps/h",
    ];
    let keys = keys.map(|key| ObjectKey::parse(key).expect("a key"));
    let glimpses = store.glimpses(&lines, &keys, |key| &*key.namespace == "data");
    assert!(matches!(&glimpses[0], Glimpse::Seen(row) if row.key == keys[0]));
    let rest = [Glimpse::Absent, Glimpse::Hidden, Glimpse::Unknown, Glimpse::Unknown, Glimpse::NotInstalled];
    assert_eq!(glimpses[1..6], rest);
    assert_eq!(glimpses[6], Glimpse::Unknown, "nobody asked for its kind");
}

#[tokio::test(start_paused = true)]
async fn what_a_new_list_does_not_name_is_gone() {
    let store = store();
    store.begin_listing(&whole(), FIRST);
    store.apply(&whole(), FIRST, vec![ready("data", "etl", 5), Change::Synced(20)]);
    assert_eq!(seen(&store, Reach::Everywhere), ["data/etl"]);
}

#[tokio::test(start_paused = true)]
async fn an_older_event_neither_overwrites_nor_deletes_a_younger_row() {
    let store = store();
    store.apply(&whole(), FIRST, vec![Change::Applied(row("apps", "shop", 12, State::Failed))]);
    store.apply(&whole(), FIRST, vec![ready("apps", "shop", 11), gone("apps", "shop", 11)]);
    let lines = [Sightline::of(KIND, Reach::Everywhere)];
    let list = store.list(&lines, &Query::from_pairs([("status", "failed")]), fresh());
    assert_eq!(list.rows.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_namespace_feed_takes_over_from_the_whole_without_a_list_and_the_rest_is_dropped() {
    let store = store();
    store.apply(&whole(), FIRST, vec![Change::Mark(15)]);
    store.open(&within("apps"), SECOND, Instant::now());
    store.close(&whole(), FIRST);
    assert_eq!(store.version(&within("apps"), SECOND), Some(15), "resumes where the whole had come to");
    assert_eq!(seen(&store, Reach::Namespaces(vec!["apps".into(), "data".into()])), ["apps/shop"]);
}

#[tokio::test(start_paused = true)]
async fn a_closed_feed_can_change_nothing_any_more() {
    let store = store();
    store.open(&whole(), SECOND, Instant::now());
    assert_eq!(store.apply(&whole(), FIRST, vec![gone("apps", "shop", 30)]), Taken::Closed);
    assert_eq!(seen(&store, Reach::Everywhere).len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_poll_does_not_touch_what_a_watch_knows_better() {
    let store = Store::new();
    store.open(&within("apps"), FIRST, Instant::now());
    store.begin_listing(&within("apps"), FIRST);
    store.apply(&within("apps"), FIRST, vec![ready("apps", "shop", 4), Change::Synced(10), gone("apps", "shop", 14)]);
    store.open(&whole(), SECOND, Instant::now());
    let old =
        Listing { rows: vec![row("apps", "shop", 4, State::Ready), row("data", "etl", 5, State::Ready)], version: 12 };
    store.replace(&whole(), SECOND, old, Instant::now());
    assert_eq!(seen(&store, Reach::Everywhere), ["data/etl"], "the deletion at 14 is younger than the list of 12");
}

#[tokio::test(start_paused = true)]
async fn a_restored_api_server_whose_versions_went_backwards_is_listed_afresh() {
    let store = store();
    store.forget_version(&whole(), FIRST);
    store.begin_listing(&whole(), FIRST);
    assert_eq!(store.apply(&whole(), FIRST, vec![ready("apps", "old", 2), Change::Synced(3)]), Taken::StartOver);
    store.begin_listing(&whole(), FIRST);
    assert_eq!(store.apply(&whole(), FIRST, vec![ready("apps", "old", 2), Change::Synced(3)]), Taken::Fine);
    assert_eq!(seen(&store, Reach::Everywhere), ["apps/old"]);
}

#[tokio::test(start_paused = true)]
async fn a_broken_feed_is_marked_after_the_grace_and_current_again_when_it_resumes() {
    let store = store();
    let lines = [Sightline::of(KIND, Reach::Everywhere)];
    store.broke(&whole(), FIRST, Instant::now());
    assert_eq!(store.freshness(&lines, fresh()), Freshness::Current);
    tokio::time::advance(Duration::from_secs(5)).await;
    assert_eq!(store.freshness(&lines, fresh()), Freshness::Stale { age: Duration::from_secs(5) });
    store.apply(&whole(), FIRST, vec![Change::Opened]);
    assert_eq!(store.freshness(&lines, fresh()), Freshness::Current);
}

#[tokio::test(start_paused = true)]
async fn until_the_feed_of_the_whole_cluster_is_complete_the_rows_shown_are_as_old_as_those_of_single_namespaces() {
    let store = Store::new();
    let apps = within("apps");
    store.open(&apps, FIRST, Instant::now());
    store.begin_listing(&apps, FIRST);
    store.apply(&apps, FIRST, vec![ready("apps", "shop", 1), Change::Synced(1), Change::Opened]);
    store.broke(&apps, FIRST, Instant::now());
    tokio::time::advance(Duration::from_secs(5)).await;
    store.open(&whole(), SECOND, Instant::now());
    let lines = [Sightline::of(KIND, Reach::Everywhere)];
    assert_eq!(seen(&store, Reach::Everywhere), ["apps/shop"]);
    let age = Some(Duration::from_secs(5));
    assert_eq!(store.freshness(&lines, fresh()), Freshness::Loading { ready: 0, of: 1, age });
}

#[tokio::test(start_paused = true)]
async fn a_watch_that_was_accepted_and_cannot_resume_after_all_has_confirmed_nothing() {
    let store = store();
    let lines = [Sightline::of(KIND, Reach::Everywhere)];
    store.broke(&whole(), FIRST, Instant::now());
    tokio::time::advance(Duration::from_secs(5)).await;
    store.apply(&whole(), FIRST, vec![Change::Opened]);
    store.broke(&whole(), FIRST, Instant::now());
    store.forget_version(&whole(), FIRST);
    assert_eq!(store.freshness(&lines, fresh()), Freshness::Stale { age: Duration::from_secs(5) });
    store.apply(&whole(), FIRST, vec![Change::Opened, Change::Mark(12)]);
    store.broke(&whole(), FIRST, Instant::now());
    store.forget_version(&whole(), FIRST);
    assert_eq!(store.freshness(&lines, fresh()), Freshness::Current, "it was right until a moment ago");
}

#[tokio::test(start_paused = true)]
async fn a_change_concerns_only_those_who_see_it() {
    let store = store();
    let before = *store.ticks().borrow();
    store.apply(&whole(), FIRST, vec![ready("data", "etl", 30)]);
    let sees = |only: &'static str| move |kind: Kind, namespace: Option<&str>| kind == KIND && namespace == Some(only);
    assert!(store.concerns(before, sees("data")));
    assert!(!store.concerns(before, sees("apps")));
}

#[tokio::test(start_paused = true)]
async fn a_search_finds_what_its_words_are_in_whatever_has_changed_since_it_was_asked_first() {
    let store = store();
    let lines = [Sightline::of(KIND, Reach::Everywhere)];
    let found = |words: &str| {
        let list = store.list(&lines, &Query::from_pairs([("search", words), ("sort", "name")]), fresh());
        let names = list.rows.iter().map(|row| row.key.name.to_string());
        names.collect::<Vec<_>>()
    };
    assert_eq!(
        (found("sho"), found("sho apps"), found("sho data")),
        (vec!["shop".into()], vec!["shop".into()], vec![])
    );
    store.apply(&whole(), FIRST, vec![ready("data", "shoes", 20), ready("data", "tea", 21), gone("apps", "shop", 22)]);
    assert_eq!(
        (found("sho"), found("sho apps"), found("sho data")),
        (vec!["shoes".into()], vec![], vec!["shoes".into()])
    );
    for number in 0..100 {
        assert!(found(&format!("n{number}")).is_empty());
        store.apply(&whole(), FIRST, vec![ready("apps", &format!("n{number}"), 30 + number)]);
        assert!(found(&format!("n{number}")).contains(&format!("n{number}")));
    }
    assert_eq!(found("sho"), ["shoes"], "asked anew after it was forgotten");
}

#[tokio::test(start_paused = true)]
async fn what_vanished_while_nobody_watched_leaves_no_history_to_another_of_its_name() {
    let store = store();
    let failed = ["apps/shop", "data/etl"].map(|name| {
        let (namespace, name) = name.split_once('/').expect("a namespace");
        Change::Applied(row(namespace, name, 12, State::Failed))
    });
    store.apply(&whole(), FIRST, failed.into());
    let lines = [Sightline::of(KIND, Reach::Everywhere)];
    let history = |namespace: &str, name: &str| {
        store.sightings(&lines, &ObjectKey::new(KIND, namespace, name), Instant::now()).len()
    };
    assert_eq!((history("apps", "shop"), history("data", "etl")), (1, 1));
    store.begin_listing(&whole(), FIRST);
    let etl = Change::Applied(row("data", "etl", 12, State::Failed));
    store.apply(&whole(), FIRST, vec![etl, Change::Synced(20), ready("apps", "shop", 21)]);
    assert_eq!((history("apps", "shop"), history("data", "etl")), (0, 1));
}

#[test]
fn whatever_was_made_to_look_like_a_root_later_does_not_drive_out_the_root() {
    let store = store();
    let mut roots = vec![("flux-system", 1_000, 1)];
    roots.extend(["a", "b", "c"].map(|name| (name, 2_000, 99)));
    let all = roots.into_iter().zip(11..).map(|((name, created, since), version)| {
        let row = Arc::unwrap_or_clone(row("apps", name, version, State::Ready));
        let (created, since) = (Some(created), Some(since));
        Change::Applied(Arc::new(Row { applier: Applier::Itself, created, since, ..row }))
    });
    store.apply(&whole(), FIRST, all.collect());
    let summary = store.summary(&[Sightline::of(KIND, Reach::Everywhere)], 10, fresh());
    let names: Vec<_> = summary.roots.iter().map(|row| &*row.key.name).collect();
    assert_eq!((names, summary.more_roots), (vec!["flux-system", "a", "b"], 1));
}

#[test]
fn a_summary_counts_and_names_what_is_in_sight_and_nothing_else() {
    let store = store();
    let dated = |namespace: &str, name: &str, version, state, since| {
        let row = Arc::unwrap_or_clone(row(namespace, name, version, state));
        Row { since: Some(since), ..row }
    };
    let root = Row { applier: Applier::Itself, ..dated("apps", "root", 14, State::Ready, 5) };
    let hidden = Row { applier: Applier::Itself, ..dated("data", "hidden", 15, State::Failed, 99) };
    let others = [
        dated("apps", "old", 11, State::Failed, 10),
        dated("apps", "new", 12, State::Stalled, 20),
        dated("apps", "moving", 13, State::Progressing, 30),
    ];
    let all = others.into_iter().chain([root, hidden]);
    store.apply(&whole(), FIRST, all.map(|row| Change::Applied(Arc::new(row))).collect());
    let names = |rows: &[Arc<Row>]| rows.iter().map(|row| row.key.name.to_string()).collect::<Vec<_>>();

    let lines = [Sightline::of(KIND, Reach::Namespaces(vec!["apps".into()]))];
    let summary = store.summary(&lines, 10, fresh());
    assert_eq!(names(&summary.failing), ["new", "old"]);
    assert_eq!(names(&summary.latest), ["moving", "root"], "shop has no date");
    assert_eq!(names(&summary.roots), ["root"]);
    assert_eq!(summary.namespaces, 1);
    let total = summary.total();
    let counted = [State::Failed, State::Stalled, State::Progressing, State::Ready].map(|state| total[state.index()]);
    assert_eq!(counted, [1, 1, 1, 2]);
    assert_eq!(names(&store.summary(&lines, 1, fresh()).failing), ["new"]);
    let nothing = store.summary(&[Sightline::of(KIND, Reach::Nothing)], 10, fresh());
    assert!(nothing.kinds.is_empty() && nothing.roots.is_empty(), "{nothing:?}");
}
