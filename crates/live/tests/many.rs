//! Many namespaces, and hardly anybody who sees all of them.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use fanlight_live::{Feeds, Freshness, List, Live, Pace, Parts, Reviews, SessionKey, Visit, Visitor};
use fanlight_model::{
    Answer, Change, Facts, FeedError, Identity, Kind, Links, Listing, ObjectKey, Question, Row, Rule, Rules, Scope,
    UserName, Version,
};
use futures_util::{
    FutureExt, StreamExt,
    future::BoxFuture,
    stream::{self, BoxStream},
};
use tokio::{
    sync::{Notify, watch},
    time::{Instant, sleep},
};
use tokio_util::sync::CancellationToken;

const NAMESPACES: usize = 300;
const OBJECTS: usize = 2;

/// How many do something at the same time, and how many at most so far.
#[derive(Debug, Default)]
struct Level(AtomicUsize, AtomicUsize);

struct Inside<'a>(&'a Level);

impl Level {
    fn enter(&self) -> Inside<'_> {
        let now = self.0.fetch_add(1, Ordering::SeqCst) + 1;
        self.1.fetch_max(now, Ordering::SeqCst);
        Inside(self)
    }

    fn now(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }

    fn most(&self) -> usize {
        self.1.load(Ordering::SeqCst)
    }
}

impl Drop for Inside<'_> {
    fn drop(&mut self) {
        self.0.0.fetch_sub(1, Ordering::SeqCst);
    }
}

/// An API server where “all” sees everything, and `some-30` the first thirty namespaces.
#[derive(Debug, Default)]
struct Server {
    asking: Level,
    opening: Level,
    watching: Level,
    /// How often each scope was listed.
    lists: Mutex<BTreeMap<String, usize>>,
    version: AtomicUsize,
    /// How long it takes to open a watch.
    slowness: Mutex<Duration>,
    /// Who is told to come back later, whatever they ask.
    throttled: Mutex<Option<String>>,
    /// In whose name a watch was opened last.
    opened: Mutex<Option<String>>,
    /// Ends all watches.
    cut: Notify,
}

#[derive(Debug, Clone, Default)]
struct Face(Arc<Server>);

fn reaches(who: &Identity, scope: &Scope) -> bool {
    let number = |namespace: &str| namespace.strip_prefix("team-").and_then(|number| number.parse::<usize>().ok());
    match (who.user().as_str().strip_prefix("some-"), scope) {
        (None, _) => true,
        (Some(_), Scope::Cluster) => false,
        (Some(many), Scope::Namespace(namespace)) => number(namespace) < many.parse().ok(),
    }
}

impl Server {
    fn throttles(&self, who: &Identity) -> bool {
        self.throttled.lock().unwrap_or_else(PoisonError::into_inner).as_deref() == Some(who.user().as_str())
    }

    fn lists(&self) -> MutexGuard<'_, BTreeMap<String, usize>> {
        self.lists.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn rows(&self, kind: Kind, scope: &Scope) -> Listing {
        let version = self.version.load(Ordering::SeqCst) as Version + 1;
        let inside = names().into_iter().filter(|namespace| scope.covers(namespace));
        let row = |namespace: Arc<str>, name: usize| {
            let key = ObjectKey::new(kind, namespace, format!("o{name}"));
            Arc::new(Row::new(key, version, Links::default(), &Facts::new(kind)))
        };
        let rows = inside.flat_map(|namespace| (0..OBJECTS).map(move |name| row(namespace.clone(), name)));
        Listing { rows: rows.collect(), version }
    }
}

impl Reviews for Face {
    fn may(&self, who: &Identity, question: &Question) -> BoxFuture<'static, Answer> {
        let (server, yes) = (Arc::clone(&self.0), reaches(who, &question.scope));
        let throttled = server.throttles(who);
        async move {
            let _inside = server.asking.enter();
            sleep(Duration::from_millis(5)).await;
            match yes {
                _ if throttled => Answer::Unknown,
                true => Answer::Yes,
                false => Answer::No,
            }
        }
        .boxed()
    }

    fn rules(&self, who: &Identity, namespace: &str) -> BoxFuture<'static, Rules> {
        let (server, yes) = (Arc::clone(&self.0), reaches(who, &Scope::Namespace(namespace.into())));
        async move {
            let _inside = server.asking.enter();
            sleep(Duration::from_millis(5)).await;
            let all = || vec!["*".to_owned()];
            let rule = Rule { verbs: all(), groups: all(), resources: all(), names: Vec::new() };
            Rules::Complete(yes.then_some(rule).into_iter().collect())
        }
        .boxed()
    }
}

impl Feeds for Face {
    fn watch(
        &self,
        who: &Identity,
        kind: Kind,
        scope: &Scope,
        from: Option<Version>,
    ) -> BoxStream<'static, Result<Change, FeedError>> {
        assert!(reaches(who, scope), "{who:?} may not watch {scope}");
        let (server, scope) = (Arc::clone(&self.0), scope.clone());
        if server.throttles(who) {
            return stream::iter([Err(FeedError::Busy(Duration::from_secs(1)))]).boxed();
        }
        *server.opened.lock().unwrap_or_else(PoisonError::into_inner) = Some(who.user().to_string());
        async move {
            let slowness = *server.slowness.lock().unwrap_or_else(PoisonError::into_inner);
            let opening = server.opening.enter();
            sleep(Duration::from_millis(5) + slowness).await;
            drop(opening);
            let Listing { rows, version } = server.rows(kind, &scope);
            let first: Vec<_> = match from {
                Some(_) => vec![Ok(Change::Opened)],
                None => rows.into_iter().map(Change::Applied).chain([Change::Synced(version)]).map(Ok).collect(),
            };
            let for_ever = async move {
                let _open = server.watching.enter();
                server.cut.notified().await;
                Err(FeedError::Unreachable("cut".to_owned()))
            };
            stream::iter(first).chain(for_ever.into_stream())
        }
        .flatten_stream()
        .boxed()
    }

    fn list(&self, who: &Identity, kind: Kind, scope: &Scope) -> BoxFuture<'static, Result<Listing, FeedError>> {
        assert!(reaches(who, scope), "{who:?} may not list {scope}");
        let (server, scope) = (Arc::clone(&self.0), scope.clone());
        async move {
            let _opening = server.opening.enter();
            sleep(Duration::from_millis(5)).await;
            *server.lists().entry(format!("{kind} in {scope}")).or_default() += 1;
            Ok(server.rows(kind, &scope))
        }
        .boxed()
    }
}

fn names() -> Vec<Arc<str>> {
    (0..NAMESPACES).map(|number| format!("team-{number:03}").into()).collect()
}

fn house(pace: Pace) -> (Live, Arc<Server>, [Box<dyn std::any::Any>; 2]) {
    let face = Arc::new(Face::default());
    let server = Arc::clone(&face.0);
    let namespaces = watch::Sender::new(Some(names().into()));
    let installed = watch::Sender::new(Some(Arc::new(Kind::all().collect())));
    let parts = Parts {
        feeds: face.clone(),
        reviews: face,
        namespaces: namespaces.subscribe(),
        installed: installed.subscribe(),
        pace,
    };
    (Live::start(parts, CancellationToken::new()), server, [Box::new(namespaces), Box::new(installed)])
}

#[expect(clippy::expect_used, reason = "these names are names")]
fn visitor(name: &str) -> Visitor {
    let identity = Identity::of(UserName::new(name).expect("a name"));
    let mut key = [0; 16];
    key[..name.len()].copy_from_slice(name.as_bytes());
    Visitor { identity, session: SessionKey(key), ends: Instant::now() + Duration::from_secs(36_000) }
}

fn list(visit: &mut Visit) -> List {
    visit.list(&Default::default())
}

#[tokio::test(start_paused = true)]
async fn somebody_bound_in_thirty_of_many_namespaces_has_a_whole_page_soon_by_few_questions_at_a_time() {
    let (live, server, _facts) = house(Pace::default());
    let began = Instant::now();
    let mut visit = live.visit(&visitor("some-30"), &Kind::APPLICATIONS).await;
    let list = list(&mut visit);
    assert_eq!((list.matching, list.freshness), (2 * 30 * OBJECTS, Freshness::Current));
    assert!(began.elapsed() < Duration::from_secs(1), "{:?}", began.elapsed());
    assert!(server.asking.most() == 8 && server.opening.most() <= 50, "{server:?}");
    assert_eq!(server.watching.now(), 2 * 30, "only what the page needs");
    sleep(Duration::from_secs(600)).await;
    assert_eq!(server.watching.now(), 2 * 30);
}

#[tokio::test(start_paused = true)]
async fn beyond_the_bound_scopes_are_listed_in_turn_and_the_page_says_how_old_that_is() {
    let (live, server, _facts) = house(Pace { watches: 100, ..Pace::default() });
    let mut visit = live.visit(&visitor("some-300"), &Kind::APPLICATIONS).await;
    while matches!(list(&mut visit).freshness, Freshness::Loading { .. }) {
        sleep(Duration::from_millis(100)).await;
    }
    assert_eq!(list(&mut visit).matching, 2 * NAMESPACES * OBJECTS);
    assert!(server.opening.most() <= 50, "{}", server.opening.most());
    // All were listed at first; their turns begin after the usual time.
    sleep(Pace::default().poll * 2).await;
    let (mut before, mut oldest) = (server.lists().clone(), Duration::ZERO);
    for _ in 0..60 {
        sleep(Duration::from_secs(1)).await;
        match list(&mut visit).freshness {
            Freshness::Rotating { age } => oldest = oldest.max(age),
            Freshness::Current => {}
            other => panic!("{other:?}"),
        }
        assert_eq!(server.watching.now(), 100);
    }
    let turns: usize = server.lists().values().sum::<usize>() - before.values().sum::<usize>();
    assert!((1_150..=1_201).contains(&turns), "{turns} lists in a minute");
    assert!(server.lists().len() == 500 && server.lists().iter().all(|(of, many)| *many > before[of]), "each its turn");
    // 500 lists, twenty a second.
    assert!((Duration::from_secs(20)..Duration::from_secs(40)).contains(&oldest), "{oldest:?}");

    let all = live.visit(&visitor("all"), &Kind::APPLICATIONS).await;
    sleep(Duration::from_secs(5)).await;
    assert_eq!((list(&mut visit).freshness, server.watching.now()), (Freshness::Current, 2));
    before.clone_from(&server.lists());
    sleep(Duration::from_secs(60)).await;
    assert_eq!(*server.lists(), before, "nothing is listed that is watched");
    drop(all);
}

#[tokio::test(start_paused = true)]
async fn when_the_one_who_sees_everything_leaves_the_last_rows_stay_marked_until_each_namespace_is_watched() {
    let (live, server, _facts) = house(Pace::default());
    let all = visitor("all");
    let _all = live.visit(&all, &Kind::APPLICATIONS).await;
    let mut visit = live.visit(&visitor("some-300"), &Kind::APPLICATIONS).await;
    while list(&mut visit).freshness != Freshness::Current {
        sleep(Duration::from_millis(100)).await;
    }
    assert_eq!(server.watching.now(), 2);
    *server.slowness.lock().expect("it") = Duration::from_secs(1);
    live.leave(all.session);
    let (left, mut marked) = (Instant::now(), Vec::new());
    while left.elapsed() < Duration::from_secs(15) {
        sleep(Duration::from_millis(250)).await;
        let list = list(&mut visit);
        assert_eq!(list.matching, 2 * NAMESPACES * OBJECTS, "at {:?}", left.elapsed());
        match list.freshness {
            Freshness::Stale { age } => marked.push((left.elapsed(), age)),
            other => assert_eq!(other, Freshness::Current),
        }
    }
    assert!(marked.iter().all(|(elapsed, age)| age <= elapsed) && marked.len() > 30, "{marked:?}");
    let (last, _) = marked.last().expect("some");
    assert!(*last < Duration::from_secs(13), "600 watches, fifty at a time, a second each: {last:?}");
    assert_eq!((server.watching.now(), server.opening.most()), (2 * NAMESPACES, 50));
    assert!(server.lists().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_sponsor_whom_the_api_server_throttles_is_replaced_and_the_others_are_current_again() {
    let (live, server, _facts) = house(Pace::default());
    let _first = live.visit(&visitor("all"), &[Kind::KUSTOMIZATION]).await;
    let mut visit = live.visit(&visitor("all-too"), &[Kind::KUSTOMIZATION]).await;
    assert_eq!(list(&mut visit).freshness, Freshness::Current);
    assert_eq!(server.opened.lock().expect("it").as_deref(), Some("all"), "who came first");
    *server.throttled.lock().expect("it") = Some("all".to_owned());
    server.cut.notify_waiters();
    sleep(Duration::from_secs(10)).await;
    assert_eq!(server.opened.lock().expect("it").as_deref(), Some("all-too"));
    let shown = list(&mut visit);
    assert_eq!((shown.matching, shown.freshness), (NAMESPACES * OBJECTS, Freshness::Current));
}

#[tokio::test(start_paused = true)]
async fn a_thousand_who_come_and_go_leave_nothing_behind() {
    let (live, server, _facts) = house(Pace::default());
    let mut staying = std::collections::VecDeque::new();
    for number in 0..1_000 {
        let name = if number % 3 == 0 { format!("some-{}", number + 2) } else { format!("all-{number}") };
        let somebody = visitor(&name);
        let mut visit = live.visit(&somebody, &Kind::APPLICATIONS).await;
        assert!(list(&mut visit).matching > 0, "{number}");
        staying.push_back((somebody, visit));
        if staying.len() > 10 {
            let (somebody, visit) = staying.pop_front().expect("somebody");
            if number % 2 == 0 {
                live.leave(somebody.session);
            }
            drop(visit);
        }
        sleep(Duration::from_millis(number * 7 % 400)).await;
        assert!(server.watching.now() <= 4, "{} watches after {number}", server.watching.now());
    }
    drop(staying);
    sleep(Pace::default().linger + Duration::from_secs(1)).await;
    assert_eq!(server.watching.now(), 0);
    let figures = live.figures();
    assert_eq!((figures.sessions, figures.feeds, figures.rows), (0, 0, 0));
}
