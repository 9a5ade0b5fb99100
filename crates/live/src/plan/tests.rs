use std::sync::Arc;

use proptest::prelude::*;
use tokio::time::Instant;

use super::*;
use crate::grant::Held;

const KIND: Kind = Kind::KUSTOMIZATION;
const TRUST: std::time::Duration = std::time::Duration::from_secs(30);
const MANY: usize = 100;
const LIST: Rights = Rights { list: true, watch: false };

struct Somebody {
    id: PersonId,
    wants: Kinds,
    falters: bool,
    grant: Grant,
}

fn somebody(id: u64, everywhere: Rights, namespaces: &[(&str, Rights)]) -> Somebody {
    let asked = Instant::now();
    let mut grant = Grant::default();
    grant.set_everywhere(KIND, Held { rights: everywhere, asked }, TRUST);
    for (namespace, rights) in namespaces {
        grant.set_namespace(&Arc::from(*namespace), [(KIND, *rights)], asked, TRUST);
    }
    Somebody { id: PersonId(id), wants: Kinds::from_iter([KIND]), falters: false, grant }
}

fn sit(people: &[Somebody]) -> Vec<Sitter<'_>> {
    people.iter().map(|one| Sitter { id: one.id, wants: one.wants, falters: one.falters, grant: &one.grant }).collect()
}

fn steps(people: &[Somebody], feeds: &BTreeMap<FeedKey, Runs>) -> Vec<Step> {
    plan(&sit(people), &BTreeSet::from([KIND]), feeds, MANY)
}

fn whole() -> FeedKey {
    FeedKey::new(KIND, Scope::Cluster)
}

fn within(namespace: &str) -> FeedKey {
    FeedKey::new(KIND, Scope::Namespace(namespace.into()))
}

fn running(key: FeedKey, mode: Mode, sponsor: u64, synced: bool) -> BTreeMap<FeedKey, Runs> {
    BTreeMap::from([(key, Runs { mode, sponsor: PersonId(sponsor), synced })])
}

#[test]
fn one_who_may_watch_everything_sponsors_one_feed_for_everybody() {
    let people = [somebody(1, Rights::NONE, &[("apps", Rights::ALL)]), somebody(2, Rights::ALL, &[])];
    assert_eq!(
        steps(&people, &BTreeMap::new()),
        [Step::Start { key: whole(), mode: Mode::Watch, sponsor: PersonId(2) }]
    );
}

#[test]
fn without_such_a_person_each_namespace_gets_its_own_feed_shared_by_those_who_may() {
    let people = [
        somebody(1, Rights::NONE, &[("apps", Rights::ALL), ("data", LIST)]),
        somebody(2, Rights::NONE, &[("data", LIST)]),
    ];
    assert_eq!(
        steps(&people, &BTreeMap::new()),
        [
            Step::Start { key: within("apps"), mode: Mode::Watch, sponsor: PersonId(1) },
            Step::Start { key: within("data"), mode: Mode::Poll, sponsor: PersonId(1) },
        ]
    );
}

#[test]
fn a_sponsor_who_still_may_is_kept() {
    let people = [somebody(1, Rights::ALL, &[]), somebody(2, Rights::ALL, &[])];
    assert_eq!(steps(&people, &running(whole(), Mode::Watch, 2, true)), []);
}

#[test]
fn a_sponsor_in_whose_name_nothing_opens_is_replaced_unless_the_others_fare_no_better() {
    let mut people = [somebody(1, Rights::ALL, &[]), somebody(2, Rights::ALL, &[])];
    let feeds = running(whole(), Mode::Watch, 1, true);
    people[0].falters = true;
    assert_eq!(steps(&people, &feeds), [Step::Sponsor { key: whole(), sponsor: PersonId(2) }]);
    people[1].falters = true;
    assert_eq!(steps(&people, &feeds), []);
    people[1].grant = somebody(2, LIST, &[]).grant;
    people[1].falters = false;
    assert_eq!(steps(&people, &feeds), [], "nobody else may");
}

#[test]
fn a_sponsor_who_left_is_replaced_by_one_who_may() {
    let people = [somebody(3, LIST, &[]), somebody(4, Rights::ALL, &[])];
    assert_eq!(
        steps(&people, &running(whole(), Mode::Watch, 1, true)),
        [Step::Sponsor { key: whole(), sponsor: PersonId(4) }]
    );
}

#[test]
fn when_the_last_who_may_watch_everything_leaves_the_namespaces_open_before_the_whole_closes() {
    let people = [somebody(2, Rights::NONE, &[("apps", Rights::ALL)])];
    assert_eq!(
        steps(&people, &running(whole(), Mode::Watch, 1, true)),
        [Step::Start { key: within("apps"), mode: Mode::Watch, sponsor: PersonId(2) }, Step::Stop { key: whole() },]
    );
}

#[test]
fn a_namespace_feed_runs_on_until_the_whole_is_complete() {
    let people = [somebody(1, Rights::NONE, &[("apps", Rights::ALL)]), somebody(2, Rights::ALL, &[])];
    let mut feeds = running(within("apps"), Mode::Watch, 1, true);
    feeds.extend(running(whole(), Mode::Watch, 2, false));
    assert_eq!(steps(&people, &feeds), []);
    feeds.extend(running(whole(), Mode::Watch, 2, true));
    assert_eq!(steps(&people, &feeds), [Step::Stop { key: within("apps") }]);
}

#[test]
fn who_sees_everything_from_now_on_keeps_what_they_saw_until_the_whole_is_complete() {
    for (rights, mode) in [(Rights::ALL, Mode::Watch), (LIST, Mode::Poll)] {
        let people = [somebody(1, rights, &[("apps", Rights::ALL)])];
        let mut feeds = running(within("apps"), Mode::Watch, 1, true);
        assert_eq!(steps(&people, &feeds), [Step::Start { key: whole(), mode, sponsor: PersonId(1) }]);
        feeds.extend(running(whole(), mode, 1, false));
        assert_eq!(steps(&people, &feeds), []);
        feeds.extend(running(whole(), mode, 1, true));
        assert_eq!(steps(&people, &feeds), [Step::Stop { key: within("apps") }]);
    }
}

#[test]
fn those_who_may_only_list_are_listed_for() {
    let people = [somebody(1, LIST, &[])];
    assert_eq!(
        steps(&people, &BTreeMap::new()),
        [Step::Start { key: whole(), mode: Mode::Poll, sponsor: PersonId(1) }]
    );
}

#[test]
fn too_many_watches_become_lists_and_those_that_run_go_on() {
    let may = [("apps", Rights::ALL), ("data", Rights::ALL), ("edge", Rights::ALL)];
    let people = [somebody(1, Rights::NONE, &may)];
    let start = |namespace, mode| Step::Start { key: within(namespace), mode, sponsor: PersonId(1) };
    let bounded = |feeds: &BTreeMap<FeedKey, Runs>| plan(&sit(&people), &BTreeSet::from([KIND]), feeds, 1);
    assert_eq!(
        bounded(&BTreeMap::new()),
        [start("apps", Mode::Watch), start("data", Mode::Poll), start("edge", Mode::Poll)]
    );
    let mut feeds = running(within("edge"), Mode::Watch, 1, true);
    feeds.extend(running(within("apps"), Mode::Poll, 1, true));
    assert_eq!(bounded(&feeds), [start("data", Mode::Poll)]);
    feeds.extend(running(within("data"), Mode::Poll, 1, true));
    assert_eq!(bounded(&feeds), [], "and nothing turns to and fro");
    let all = steps(&people, &feeds);
    assert_eq!(all, [start("apps", Mode::Watch), start("data", Mode::Watch)], "with room again all are watched");
}

#[test]
fn nothing_runs_for_nobody_nor_for_kinds_that_are_not_installed() {
    let feeds = running(whole(), Mode::Watch, 1, true);
    assert_eq!(steps(&[], &feeds), [Step::Stop { key: whole() }]);
    let people = [somebody(1, Rights::ALL, &[])];
    assert_eq!(plan(&sit(&people), &BTreeSet::new(), &feeds, MANY), [Step::Stop { key: whole() }]);
}

fn rights() -> impl Strategy<Value = Rights> {
    prop_oneof![Just(Rights::NONE), Just(LIST), Just(Rights::ALL)]
}

proptest! {
    /// Whoever is here and may see something has a feed that brings it, and every feed runs in the name of somebody
    /// here who may run it.
    #[test]
    fn everybody_is_served_and_nobody_is_used_beyond_their_rights(
        shapes in prop::collection::vec((rights(), prop::collection::vec(rights(), 3), any::<bool>()), 0..6),
        before in prop::collection::vec((rights(), prop::collection::vec(rights(), 3), any::<bool>()), 0..6),
        synced in any::<bool>(),
    ) {
        const NAMES: [&str; 3] = ["apps", "data", "edge"];
        let build = |shapes: &[(Rights, Vec<Rights>, bool)]| -> Vec<Somebody> {
            shapes.iter().zip(0..).map(|((everywhere, namespaces, wants), id)| {
                let namespaces: Vec<_> = NAMES.into_iter().zip(namespaces.iter().copied()).collect();
                let mut one = somebody(id, *everywhere, &namespaces);
                if !wants { one.wants = Kinds::default(); }
                one
            }).collect()
        };
        let apply = |steps: Vec<Step>, feeds: &mut BTreeMap<FeedKey, Runs>| for step in steps {
            match step {
                Step::Start { key, mode, sponsor } => drop(feeds.insert(key, Runs { mode, sponsor, synced })),
                Step::Sponsor { key, sponsor } => feeds.get_mut(&key).expect("a running feed").sponsor = sponsor,
                Step::Stop { key } => drop(feeds.remove(&key).expect("a running feed")),
            }
        };
        let mut feeds = BTreeMap::new();
        apply(steps(&build(&before), &feeds), &mut feeds);
        let people = build(&shapes);
        // Twice: what a new cluster-wide feed makes superfluous is stopped once that feed is complete.
        apply(steps(&people, &feeds), &mut feeds);
        apply(steps(&people, &feeds), &mut feeds);

        for (key, runs) in &feeds {
            let sponsor = people.iter().find(|one| one.id == runs.sponsor).expect("a sponsor who is here");
            let held = [&key.scope, &Scope::Cluster].into_iter().filter_map(|scope| sponsor.grant.held(KIND, scope));
            let enough = |rights: Rights| match runs.mode { Mode::Watch => rights.may_sponsor(), Mode::Poll => rights.list };
            prop_assert!(held.map(|held| held.rights).any(enough), "{key} runs as {sponsor:?}", sponsor = sponsor.id);
        }
        for one in people.iter().filter(|one| one.wants.has(KIND)) {
            let everywhere = one.grant.lists_everywhere(KIND);
            prop_assert!(!everywhere || feeds.contains_key(&whole()), "{:?} lists everything", one.id);
            for (namespace, _) in one.grant.in_namespaces(KIND) {
                let served = feeds.contains_key(&whole()) || feeds.contains_key(&within(namespace));
                prop_assert!(served, "{:?} in {namespace}", one.id);
            }
        }
        prop_assert_eq!(steps(&people, &feeds), vec![], "a plan that is carried out needs nothing more");
    }
}

#[test]
fn whoever_is_about_to_lose_the_right_hands_the_feed_over_if_another_has_it() {
    let mut people = vec![somebody(1, Rights::ALL, &[]), somebody(2, Rights::NONE, &[("apps", LIST)])];
    let asked = Instant::now();
    people[0].grant.set_everywhere(KIND, Held { rights: Rights::NONE, asked }, TRUST);
    let runs = running(whole(), Mode::Watch, 1, true);
    assert_eq!(steps(&people, &runs), [], "nobody knows so far what is left");
    people.push(somebody(3, Rights::ALL, &[]));
    assert_eq!(steps(&people, &runs), [Step::Sponsor { key: whole(), sponsor: PersonId(3) }]);
}
