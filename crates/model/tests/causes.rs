//! Why objects are not ready: of every recorded one that is not, and of others, made up after the rules were, the
//! sentence that a person would write. The expectations are written by hand.
#![allow(clippy::expect_used, reason = "a test ends where something is not as expected")]

mod causes {
    pub(super) mod cluster;
}

use std::{collections::BTreeMap, sync::Arc};

use causes::cluster::{Cluster, documents, id_of, timelines};
use fanlight_model::{Details, Explanation, Hearsay, Kind, ObjectKey, Row, State, glance};

/// The lines of a table: object, cause, sentence.
fn table(text: &str) -> Vec<[&str; 3]> {
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    let cells = lines.map(|line| line.splitn(3, " | ").map(str::trim).collect::<Vec<_>>());
    cells.map(|cells| cells.try_into().expect("three cells")).collect()
}

/// Panics with every line that differs; says how many explanations are right, wrong, and owned not to be known.
#[expect(clippy::print_stdout, reason = "the count is for those who change the rules")]
fn compare(cluster: &Cluster, expected: &[[&str; 3]]) {
    let mut wrong = Vec::new();
    let mut counts = BTreeMap::from([("right", 0), ("wrong", 0), ("not known, and said so", 0)]);
    let (mut most_rounds, mut most_lookups) = (0, 0);
    for [id, cause, sentence] in expected {
        let told = cluster.why(id);
        (most_rounds, most_lookups) = (most_rounds.max(told.rounds), most_lookups.max(told.lookups));
        let explanation = told.explanation.unwrap_or_else(|| panic!("{id} is not explained"));
        let got = [explanation.cause.word(), &explanation.sentence];
        let word = match (got == [*cause, *sentence], explanation.cause.explains()) {
            (true, true) => "right",
            (true, false) => "not known, and said so",
            (false, _) => "wrong",
        };
        *counts.entry(word).or_default() += 1;
        if word == "wrong" {
            wrong.push(format!("{id}\n  expected: {cause} | {sentence}\n  told:     {} | {}", got[0], got[1]));
        }
    }
    println!("{counts:?} of {}; at most {most_rounds} rounds, {most_lookups} lookups", expected.len());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_recorded_object_that_is_not_ready_is_explained_as_a_person_would() {
    every_failure(&Cluster::recorded(), &table(include_str!("causes/recorded.txt")));
}

/// Panics unless these are all objects that are not ready, and each is explained like this.
fn every_failure(cluster: &Cluster, expected: &[[&str; 3]]) {
    for object in &cluster.objects {
        let Some(kind) = object["kind"].as_str().and_then(Kind::by_name) else { continue };
        let state = Details::read(kind, object).row.state;
        let troubled = matches!(state, State::Failed | State::Stalled | State::Waiting | State::Deleting);
        let id = id_of(object);
        assert_eq!(expected.iter().any(|[own, ..]| *own == id), troubled, "{id} is {}", state.word());
        let is_told = cluster.why(&id).explanation.is_some();
        assert!(is_told == troubled || state == State::Progressing, "{id}");
    }
    compare(cluster, expected);
}

#[test]
fn objects_that_were_made_up_after_the_rules_were_are_explained_too() {
    let cluster = Cluster { objects: documents("tests/causes/further.yaml"), denied: &[] };
    compare(&cluster, &table(include_str!("causes/further.txt")));
    let starting = cluster.why("Kustomization/lab/starting").explanation;
    assert_eq!(starting, None, "a probe that fails at first belongs to a start");
}

#[test]
fn every_failure_of_a_cluster_that_is_being_set_up_is_explained() {
    let mut cluster = Cluster::recorded();
    cluster.objects.retain(|object| Kind::by_name(object["kind"].as_str().unwrap_or_default()).is_none());
    cluster.objects.extend(documents("tests/causes/installing.yaml"));
    every_failure(&cluster, &table(include_str!("causes/installing.txt")));
}

#[test]
fn every_failure_on_a_timeline_is_explained() {
    let cluster = Cluster::recorded();
    let expected = table(include_str!("causes/timelines.txt"));
    let mut told = Vec::new();
    for name in timelines() {
        let steps = documents(&format!("../testbed/fixtures/timeline/{name}.yaml")).into_iter();
        let versions = steps.filter(|step| step["object"]["kind"] != "Event" && step["type"] != "DELETED");
        let mut said: Vec<_> = versions.filter_map(|step| cluster.why_of(&step["object"]).explanation).collect();
        said.dedup_by(|a, b| a.sentence == b.sentence);
        told.extend(said.into_iter().map(|one| [name.clone(), one.cause.word().to_owned(), one.sentence]));
    }
    assert_eq!(told, expected);
}

#[test]
fn what_lies_behind_applications_besides_workloads_is_found_whatever_it_is() {
    let cluster = Cluster { objects: documents("tests/causes/applied.yaml"), denied: &[] };
    compare(&cluster, &table(include_str!("causes/applied.txt")));
    let old = cluster.why("HelmRelease/apps/old");
    assert!(old.lookups <= 12, "a release without an inventory takes {} lookups", old.lookups);
}

#[test]
fn objects_of_kinds_that_are_seldom_looked_at_are_explained_too() {
    // Providers have had no status for long: what an old one says is not looked at.
    const UNEXPLAINED: &str = "Provider/plant/slack";
    let cluster = Cluster { objects: documents("tests/causes/fresh.yaml"), denied: &[] };
    let mut expected = table(include_str!("causes/fresh.txt"));
    expected.retain(|[id, ..]| *id != UNEXPLAINED);
    compare(&cluster, &expected);
    assert_eq!(cluster.why(UNEXPLAINED).explanation, None);
}

#[test]
fn of_objects_of_any_kind_it_is_said_too_that_they_may_not_be_read() {
    let denials: [(&'static [&'static str], [&str; 3]); 5] = [
        (
            &["certificates"],
            [
                "Kustomization/apps/tls",
                "not to be seen",
                "Certificate `apps/web-tls` is not healthy; why is not to be seen: you may not read certificates in `apps`",
            ],
        ),
        (
            &["buckets"],
            [
                "Kustomization/apps/bucket",
                "not to be seen",
                "Bucket `assets` is not healthy; why is not to be seen: you may not read buckets",
            ],
        ),
        (
            &["widgets"],
            [
                "Kustomization/gone/custom",
                "not to be seen",
                "Something of what it applied may not be gone; why is not to be seen: you may not read widgets in `gone`",
            ],
        ),
        (
            &["the kinds"],
            [
                "Kustomization/apps/tls",
                "not to be seen",
                "Certificate `apps/web-tls` is not healthy; why is not to be seen: you may not read the kinds of the cluster",
            ],
        ),
        (
            &["deployments"],
            [
                "HelmRelease/apps/old",
                "not to be seen",
                "Something of what it released may not be healthy; why is not to be seen: you may not read deployments in `apps`",
            ],
        ),
    ];
    for (denied, expected) in denials {
        let objects = documents("tests/causes/applied.yaml");
        compare(&Cluster { objects, denied }, &[expected]);
    }
    let cluster = Cluster { objects: documents("tests/causes/applied.yaml"), denied: &["certificates"] };
    let told = cluster.why("Kustomization/apps/tls").explanation.expect("an explanation");
    let right = told.gaps[0].right.clone().expect("a right");
    assert_eq!([&*right.verb, &right.resource, &right.group], ["get", "certificates", "cert-manager.io"]);
}

#[test]
fn who_may_not_read_what_would_explain_it_is_told_that_and_nothing_of_what_is_there() {
    let denials: [(&'static [&'static str], [&str; 3]); 7] = [
        (
            &["pods"],
            [
                "Kustomization/orders/orders",
                "not to be seen",
                "Deployment `orders/orders` has 0 of 2 replicas available; why is not to be seen: you may not read pods in `orders`",
            ],
        ),
        (
            &["deployments"],
            [
                "Kustomization/orders/orders",
                "not to be seen",
                "Deployment `orders/orders` is not healthy; why is not to be seen: you may not read deployments in `orders`",
            ],
        ),
        (
            &["replicasets", "events", "logs"],
            [
                "Kustomization/orders/orders",
                "crash loop",
                "Container `orders` keeps crashing with exit code 1, so Deployment `orders/orders` has 0 of 2 replicas available",
            ],
        ),
        (
            &["kustomizations"],
            [
                "Kustomization/payments/payments-worker",
                "not to be seen",
                "It waits for Kustomization `payments/payments-api`, which is not ready; why is not to be seen: you may not read kustomizations in `payments`",
            ],
        ),
        (
            &["ocirepositories"],
            [
                "Kustomization/data/etl-next",
                "not to be seen",
                "Source OCIRepository `data/etl-pinned` has nothing for it; why is not to be seen: you may not read ocirepositories in `data`",
            ],
        ),
        (
            &["configmaps"],
            [
                "Kustomization/data/held",
                "not to be seen",
                "Something of what it applied may not be gone; why is not to be seen: you may not read configmaps in `data`",
            ],
        ),
        (
            &["deployments", "pods"],
            [
                "HelmRelease/data/bulk-import",
                "not to be seen",
                "Something of what it applied, such as Deployment `data/bulk-import`, may not be healthy; why is not to be seen: you may not read deployments in `data`",
            ],
        ),
    ];
    for (denied, expected) in denials {
        compare(&Cluster { denied, ..Cluster::recorded() }, &[expected]);
    }
}

/// Somebody's rows, and whether they have looked behind those that rows do not explain.
struct Rows<'a> {
    cluster: &'a Cluster,
    has_looked: bool,
}

impl Hearsay for Rows<'_> {
    fn row(&self, key: &ObjectKey) -> Option<Arc<Row>> {
        let found = self.cluster.objects.iter().find(|object| id_of(object) == key.to_string())?;
        Some(Arc::new(Details::read(key.kind, found).row))
    }

    fn found(&self, row: &Row) -> Option<Arc<Explanation>> {
        let found = if self.has_looked { self.cluster.why(&row.key.to_string()).explanation } else { None };
        found.map(Arc::new)
    }
}

/// Of how many of these objects rows alone tell why they are not ready; panics if they tell another cause or sentence
/// than looking does.
#[expect(clippy::print_stdout, reason = "the count is for those who change the rules")]
fn glanced(cluster: &Cluster, expected: &[[&str; 3]], has_looked: bool) -> usize {
    let known = Rows { cluster, has_looked };
    let mut wrong = Vec::new();
    let mut count = 0;
    for [id, cause, sentence] in expected {
        let row = known.row(&ObjectKey::parse(id).expect("a key")).expect("a row");
        let Some(told) = glance(&row, &known) else { continue };
        count += 1;
        if [told.cause.word(), &*told.sentence] != [*cause, *sentence] {
            wrong.push(format!(
                "{id}\n  expected: {cause} | {sentence}\n  told:     {} | {}",
                told.cause, told.sentence
            ));
        }
    }
    println!("{count} of {} by rows alone", expected.len());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    count
}

#[test]
fn what_rows_alone_tell_is_what_looking_behind_them_tells() {
    let further = Cluster { objects: documents("tests/causes/further.yaml"), denied: &[] };
    for (cluster, expected) in [
        (Cluster::recorded(), table(include_str!("causes/recorded.txt"))),
        (further, table(include_str!("causes/further.txt"))),
    ] {
        let few = glanced(&cluster, &expected, false);
        let more = glanced(&cluster, &expected, true);
        assert!(few * 5 > expected.len() * 2, "{few} of {}", expected.len());
        assert!(more >= few);
    }
}

#[test]
fn rows_of_objects_of_all_kinds_tell_nothing_else_than_what_lies_behind_them() {
    for (file, expected) in
        [("applied", include_str!("causes/applied.txt")), ("fresh", include_str!("causes/fresh.txt"))]
    {
        let cluster = Cluster { objects: documents(&format!("tests/causes/{file}.yaml")), denied: &[] };
        let expected = table(expected);
        let few = glanced(&cluster, &expected, false);
        assert!(few > 0 && glanced(&cluster, &expected, true) >= few);
    }
}

#[test]
fn who_waits_for_something_that_was_looked_into_is_explained_by_that() {
    let cluster = Cluster::recorded();
    let row = |id: &str| Rows { cluster: &cluster, has_looked: true }.row(&ObjectKey::parse(id).expect("a key"));
    let waits = row("HelmRelease/payments/fraud-check").expect("a row");
    assert_eq!(glance(&waits, &Rows { cluster: &cluster, has_looked: false }), None);
    let told = glance(&waits, &Rows { cluster: &cluster, has_looked: true }).expect("an explanation");
    assert!(
        told.sentence.ends_with("HelmRelease `payments/ledger` fails by it, and this waits for it"),
        "{}",
        told.sentence
    );
}
