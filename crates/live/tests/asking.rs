//! How often the API server is asked about people; by a clock that is turned.

#![expect(clippy::expect_used, reason = "helpers of tests fail as tests do")]

use std::{
    collections::BTreeSet,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use fanlight_live::{Feeds, Live, Pace, Parts, Reviews, Scopes, SessionKey, Visit, Visitor};
use fanlight_model::{
    Answer, Change, FeedError, Holder, Identity, Kind, Listing, Question, Rule, Rules, Scope, Token, UserName, Verb,
    Version,
};
use futures_util::{
    FutureExt, StreamExt,
    future::{BoxFuture, ready},
    stream::{self, BoxStream},
};
use tokio::{
    sync::watch,
    time::{Instant, sleep},
};
use tokio_util::sync::CancellationToken;

const MINUTE: Duration = Duration::from_secs(60);
const APPS: [Kind; 2] = Kind::APPLICATIONS;

/// A question that was asked.
struct Asked {
    at: Instant,
    who: Identity,
    /// The kind, if it was about one.
    kind: Option<Kind>,
    /// The namespace, if it was about all kinds in one.
    namespace: Option<String>,
}

/// An API server that lets everybody list and watch everything in the namespaces whose number is below this.
struct Counter {
    allowed: usize,
    /// Who is in such a group has been given such a namespace, too.
    given: Mutex<Vec<(&'static str, &'static str)>>,
    /// Everybody may see everything.
    everywhere: AtomicBool,
    /// The namespace or the kind of which it never says anything, after a while.
    mute: Option<&'static str>,
    asked: Mutex<Vec<Asked>>,
}

impl Counter {
    fn asked(&self) -> MutexGuard<'_, Vec<Asked>> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn note(&self, who: &Identity, kind: Option<Kind>, namespace: Option<&str>) {
        let namespace = namespace.map(ToOwned::to_owned);
        self.asked().push(Asked { at: Instant::now(), who: who.clone(), kind, namespace });
    }

    fn give(&self, group: &'static str, namespace: &'static str) {
        self.given.lock().unwrap_or_else(PoisonError::into_inner).push((group, namespace));
    }

    fn was_given(&self, who: &Identity, namespace: &str) -> bool {
        let given = self.given.lock().unwrap_or_else(PoisonError::into_inner);
        given.iter().any(|(group, place)| *place == namespace && who.groups().any(|theirs| theirs == *group))
    }
}

impl Reviews for Counter {
    fn may(&self, who: &Identity, question: &Question) -> BoxFuture<'static, Answer> {
        self.note(who, Some(question.kind), None);
        if self.mute == Some(question.kind.info().name) {
            return sleep(Duration::from_secs(20)).map(|()| Answer::Unknown).boxed();
        }
        let may = self.everywhere.load(Ordering::Relaxed) && question.verb != Verb::Patch;
        ready(if may { Answer::Yes } else { Answer::No }).boxed()
    }

    fn rules(&self, who: &Identity, namespace: &str) -> BoxFuture<'static, Rules> {
        self.note(who, None, Some(namespace));
        if self.mute == Some(namespace) {
            return sleep(Duration::from_secs(20)).map(|()| Rules::Unknown).boxed();
        }
        let number: usize =
            namespace.strip_prefix("team-").and_then(|number| number.parse().ok()).unwrap_or(usize::MAX);
        let any = || vec!["*".to_owned()];
        let rule = Rule { verbs: any(), groups: any(), resources: any(), names: Vec::new() };
        let rules = (number < self.allowed || self.was_given(who, namespace)).then_some(rule);
        ready(Rules::Complete(rules.into_iter().collect())).boxed()
    }
}

impl Feeds for Counter {
    fn watch(
        &self,
        _: &Identity,
        _: Kind,
        _: &Scope,
        _: Option<Version>,
    ) -> BoxStream<'static, Result<Change, FeedError>> {
        stream::iter([Ok(Change::Synced(1))]).chain(stream::pending()).boxed()
    }

    fn list(&self, _: &Identity, _: Kind, _: &Scope) -> BoxFuture<'static, Result<Listing, FeedError>> {
        ready(Ok(Listing { rows: Vec::new(), version: 1 })).boxed()
    }
}

struct House {
    live: Live,
    counter: Arc<Counter>,
    _namespaces: watch::Sender<Option<Arc<[Arc<str>]>>>,
    _installed: watch::Sender<Option<Arc<BTreeSet<Kind>>>>,
}

impl House {
    /// A cluster of so many namespaces, of which everybody may see so many.
    fn of(namespaces: usize, allowed: usize) -> Self {
        Self::with(namespaces, allowed, None)
    }

    /// The same, where nothing is ever said of one of them.
    fn with(namespaces: usize, allowed: usize, mute: Option<&'static str>) -> Self {
        let (given, asked, everywhere) = (Mutex::default(), Mutex::default(), AtomicBool::default());
        let counter = Arc::new(Counter { allowed, given, everywhere, mute, asked });
        let names: Arc<[Arc<str>]> = (0..namespaces).map(|number| format!("team-{number}").into()).collect();
        let namespaces = watch::Sender::new(Some(names));
        let installed = watch::Sender::new(Some(Arc::new(Kind::all().collect())));
        let parts = Parts {
            feeds: counter.clone(),
            reviews: counter.clone(),
            namespaces: namespaces.subscribe(),
            installed: installed.subscribe(),
            pace: Pace::default(),
        };
        let live = Live::start(parts, CancellationToken::new());
        Self { live, counter, _namespaces: namespaces, _installed: installed }
    }

    /// How often it was asked about a namespace.
    fn asked_about(&self, namespace: &str) -> usize {
        self.counter.asked().iter().filter(|asked| asked.namespace.as_deref() == Some(namespace)).count()
    }

    /// Questions within the next time, by when they were asked.
    async fn asked_within(&self, time: Duration) -> Vec<Instant> {
        self.counter.asked().clear();
        sleep(time).await;
        self.counter.asked().iter().map(|asked| asked.at).collect()
    }
}

fn visitor(name: &str, groups: &[&str], session: u8) -> Visitor {
    let identity = Identity::new(UserName::new(name).expect("a name"), groups.iter().copied()).expect("groups");
    Visitor { identity, session: SessionKey([session; 16]), ends: Instant::now() + Duration::from_secs(100_000) }
}

#[tokio::test(start_paused = true)]
async fn many_windows_and_sessions_of_one_person_cost_no_more_questions_than_one() {
    let mut counts = Vec::new();
    for windows in [1, 20] {
        let house = House::of(30, 10);
        let mut open = Vec::new();
        for window in 0..windows {
            open.push(house.live.visit(&visitor("dana", &["dev"], window % 3), &APPS).await);
        }
        sleep(MINUTE).await;
        counts.push(house.asked_within(10 * MINUTE).await.len());
        drop(open);
    }
    assert!(counts[0] > 0 && counts[1] == counts[0], "{counts:?}");
}

#[tokio::test(start_paused = true)]
async fn the_same_name_with_other_groups_is_somebody_else() {
    let house = House::of(3, 1);
    let one = house.live.visit(&visitor("dana", &["dev"], 1), &APPS).await;
    let other = house.live.visit(&visitor("dana", &["qa"], 2), &APPS).await;
    let asked: BTreeSet<_> = house.counter.asked().iter().map(|asked| asked.who.clone()).collect();
    assert_eq!(asked.len(), 2);
    drop((one, other));
}

#[tokio::test(start_paused = true)]
async fn only_kinds_that_somebody_looks_at_are_asked_about_and_when_nobody_looks_nothing_is() {
    let house = House::of(5, 2);
    let visit = house.live.visit(&visitor("dana", &[], 1), &[Kind::KUSTOMIZATION]).await;
    sleep(10 * MINUTE).await;
    let kinds: BTreeSet<_> = house.counter.asked().iter().filter_map(|asked| asked.kind).collect();
    assert_eq!(kinds, [Kind::KUSTOMIZATION].into());
    drop(visit);
    sleep(MINUTE).await;
    assert_eq!(house.asked_within(30 * MINUTE).await.len(), 0);
}

#[tokio::test(start_paused = true)]
async fn questions_about_many_who_came_at_once_are_spread_out_and_within_the_budget_in_every_minute() {
    for (people, budget) in [(10, 1500), (50, 3500)] {
        let house = House::of(300, 30);
        let mut open = Vec::new();
        for number in 0..people {
            open.push(house.live.visit(&visitor(&format!("user-{number}"), &[], number), &APPS).await);
        }
        // In the first rounds each question finds its moment, and the last ones have come when the first are surveyed again.
        sleep(2 * MINUTE).await;
        let asked = house.asked_within(70 * MINUTE).await;
        let mut most = 0;
        for (last, at) in asked.iter().enumerate() {
            let first = asked.partition_point(|before| *before + MINUTE <= *at);
            most = most.max(last + 1 - first);
        }
        assert!(most <= budget, "{most} in a minute about {people}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_namespace_of_which_nothing_is_ever_said_hides_no_other_and_is_asked_about_now_and_then() {
    let house = House::with(30, 10, Some("team-5"));
    let visit = house.live.visit(&visitor("dana", &["dev"], 1), &APPS).await;
    sleep(MINUTE).await;
    let namespaces = || match visit.scopes().remove(0).1 {
        Scopes::Namespaces(namespaces) => namespaces.len(),
        Scopes::Everywhere => 0,
    };
    assert_eq!(namespaces(), 9);
    house.counter.give("dev", "team-20");
    house.counter.asked().clear();
    for _ in 0..20 * 5 {
        sleep(Duration::from_secs(3)).await;
        assert!(namespaces() >= 9, "what is answered in time stays in sight");
    }
    assert_eq!(namespaces(), 10, "a right is found that was gained elsewhere");
    let often = house.asked_about("team-5");
    assert!((20..=60).contains(&often), "{often} in five minutes");
}

#[tokio::test(start_paused = true)]
async fn a_kind_of_which_nothing_is_ever_said_hides_no_other() {
    let house = House::with(30, 10, Some("HelmRelease"));
    let visit = house.live.visit(&visitor("dana", &["dev"], 1), &APPS).await;
    sleep(MINUTE).await;
    let scopes = visit.scopes();
    let (_, seen) = scopes.iter().find(|(kind, _)| *kind == Kind::KUSTOMIZATION).expect("the kind");
    assert!(matches!(seen, Scopes::Namespaces(namespaces) if namespaces.len() == 10), "{seen:?}");
}

#[tokio::test(start_paused = true)]
async fn whoever_loses_all_kinds_everywhere_is_asked_about_each_namespace_once() {
    let house = House::of(30, 10);
    house.counter.everywhere.store(true, Ordering::Relaxed);
    let all: Vec<_> = Kind::all().collect();
    let visit = house.live.visit(&visitor("dana", &[], 1), &all).await;
    // Each kind is asked about at another moment now.
    sleep(2 * MINUTE).await;
    house.counter.everywhere.store(false, Ordering::Relaxed);
    house.counter.asked().clear();
    sleep(Duration::from_secs(40)).await;
    assert!(visit.scopes().iter().all(|(_, scopes)| matches!(scopes, Scopes::Namespaces(names) if names.len() == 10)));
    assert_eq!(house.asked_about("team-29"), 1, "where nothing is left");
}

#[tokio::test(start_paused = true)]
async fn of_one_user_who_comes_by_ever_new_tokens_only_the_last_few_are_remembered() {
    const NAMESPACES: usize = 20;
    let house = House::of(NAMESPACES, 5);
    let visit = async |number: u8| {
        let token = Token::new(&format!("token-{number}")).expect("a token");
        let identity = Identity::Holder(Holder::new("system:serviceaccount:ci:robot", [], token).expect("a name"));
        let ends = Instant::now() + 60 * MINUTE;
        house.live.visit(&Visitor { identity, session: SessionKey([number; 16]), ends }, &APPS).await
    };
    for number in 0..40 {
        drop(visit(number).await);
        sleep(Duration::from_secs(1)).await;
    }
    sleep(MINUTE).await;
    let mut surveyed = Vec::new();
    for number in 0..40 {
        house.counter.asked().clear();
        let visit = visit(number).await;
        // Whoever is remembered was asked about everywhere a moment ago, and is only where they may see something.
        surveyed.push(house.counter.asked().iter().filter(|asked| asked.kind.is_none()).count() >= NAMESPACES);
        drop(visit);
    }
    let remembered = surveyed.iter().filter(|surveyed| !**surveyed).count();
    assert_eq!(remembered, 8, "{surveyed:?}");
    assert!(!surveyed[39] && surveyed[0], "the last: {surveyed:?}");
}

#[tokio::test(start_paused = true)]
async fn where_so_many_are_here_that_surveys_are_far_apart_somebody_is_told_how_long_a_gain_may_take() {
    let house = House::of(300, 30);
    let mut open = Vec::new();
    let mut told = Vec::new();
    for number in 0..50 {
        let group = format!("group-{number}");
        let somebody = visitor(&format!("user-{number}"), &[&group], number);
        open.push(house.live.visit(&somebody, &APPS).await);
        told.push(house.live.access(&somebody).await.slow_gains);
    }
    assert!(told[..20].iter().all(Option::is_none), "{told:?}");
    let slow = told[49].expect("surveys are far apart");
    assert!(slow > 10 * MINUTE, "{slow:?}");
    house.counter.give("group-7", "team-200");
    sleep(slow).await;
    let sees = |visit: &Visit| visit.scopes().iter().any(|(_, scopes)| reaches(scopes, "team-200"));
    let who: Vec<_> = (0..50).filter(|number| sees(&open[*number])).collect();
    assert_eq!(who, [7], "within the time that was told");
}

#[tokio::test(start_paused = true)]
async fn whoever_stays_when_all_others_leave_sees_what_was_gained_within_five_minutes_all_the_same() {
    const GROUPS: [&str; 6] = ["a", "b", "c", "d", "e", "f"];
    for (stays, stayer) in GROUPS.iter().enumerate() {
        let house = House::of(300, 30);
        let mut open = Vec::new();
        for (group, number) in GROUPS.iter().zip(0..) {
            open.push(house.live.visit(&visitor(group, &[group], number), &APPS).await);
        }
        sleep(2 * MINUTE).await;
        let given = Instant::now();
        house.counter.give(stayer, "team-200");
        sleep(MINUTE).await;
        let stayed = open.swap_remove(stays);
        drop(open);
        while !stayed.scopes().iter().any(|(_, scopes)| reaches(scopes, "team-200")) {
            assert!(given.elapsed() < 5 * MINUTE, "{stayer}");
            sleep(Duration::from_secs(1)).await;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn what_one_has_gained_those_who_share_a_group_are_asked_about_soon_and_nobody_else() {
    let house = House::of(300, 30);
    let mut open = Vec::new();
    for number in 0..20 {
        let group = if number % 2 == 0 { "dev" } else { "qa" };
        let somebody = visitor(&format!("user-{number}"), &[group], number);
        open.push((group, house.live.visit(&somebody, &APPS).await));
    }
    // After all first surveys.
    sleep(MINUTE).await;
    house.counter.asked().clear();
    house.counter.give("dev", "team-200");
    house.live.recheck(&visitor("user-0", &["dev"], 0).identity).await;
    sleep(Duration::from_secs(21)).await;
    for (group, visit) in &open {
        let sees = visit.scopes().iter().all(|(_, scopes)| reaches(scopes, "team-200"));
        assert_eq!(sees, *group == "dev", "{group}");
    }
    let asked = house.counter.asked();
    let asked = asked.iter().filter(|asked| asked.namespace.as_deref() == Some("team-200"));
    let who: BTreeSet<_> = asked.map(|asked| &asked.who).collect();
    let (dev, others): (Vec<&Identity>, Vec<&Identity>) =
        who.into_iter().partition(|who| who.groups().any(|group| group == "dev"));
    assert_eq!(dev.len(), 10);
    assert!(others.len() <= 2, "only those whose turn it was to be surveyed: {others:?}");
}

#[tokio::test(start_paused = true)]
async fn what_two_groups_have_gained_in_one_namespace_at_once_all_of_both_are_asked_about_soon() {
    let house = House::of(300, 30);
    let mut open = Vec::new();
    for number in 0..20 {
        let group = ["dev", "qa", "ops"][usize::from(number % 3)];
        let somebody = visitor(&format!("user-{number}"), &[group], number);
        open.push((group, house.live.visit(&somebody, &APPS).await));
    }
    sleep(MINUTE).await;
    for group in ["dev", "qa"] {
        house.counter.give(group, "team-200");
    }
    house.live.recheck(&visitor("user-0", &["dev"], 0).identity).await;
    sleep(Duration::from_secs(3)).await;
    house.live.recheck(&visitor("user-1", &["qa"], 1).identity).await;
    sleep(Duration::from_secs(21)).await;
    for (group, visit) in &open {
        let sees = visit.scopes().iter().all(|(_, scopes)| reaches(scopes, "team-200"));
        assert_eq!(sees, *group != "ops", "{group}");
    }
}

fn reaches(scopes: &Scopes, namespace: &str) -> bool {
    matches!(scopes, Scopes::Namespaces(places) if places.iter().any(|place| **place == *namespace))
}
