//! What can happen.

use std::time::Duration;

use fanlight_model::{Kind, Rights};
use proptest::prelude::*;

/// Who comes.
pub(crate) const PEOPLE: [&str; 4] = ["ada", "ben", "cleo", "dan"];
/// Where objects are, at most.
pub(crate) const NAMESPACES: [&str; 4] = ["apps", "data", "edge", "late"];
/// What they are.
pub(crate) const KINDS: [Kind; 3] = [Kind::KUSTOMIZATION, Kind::HELM_RELEASE, Kind::GIT_REPOSITORY];
/// How they are called.
pub(crate) const NAMES: [&str; 3] = ["one", "two", "three"];
/// The right to list alone.
pub(crate) const LIST: Rights = Rights { list: true, watch: false };

/// One step of a script. Numbers are taken modulo what there is.
#[derive(Debug, Clone)]
pub(crate) enum Deed {
    /// An object is created or changed.
    Write { kind: usize, namespace: usize, name: usize },
    /// An object is deleted.
    Delete { kind: usize, namespace: usize, name: usize },
    /// Somebody has these rights from now on, in one namespace or (`None`) everywhere, on one kind or (`None`) all.
    Allow { person: usize, namespace: Option<usize>, kind: Option<usize>, rights: Rights },
    /// Somebody opens a page, in one of two sessions of theirs, of some kinds (bits); some sessions end soon.
    Enter { person: usize, session: u8, kinds: u8, soon: bool },
    /// A page is closed.
    Shut { view: usize },
    /// A session is ended by its owner.
    SignOut { person: usize, session: u8 },
    /// Somebody has the server ask again.
    Recheck { person: usize },
    /// All watches of a kind end, as they do in due course or as when a connection breaks.
    Cut { kind: usize, cleanly: bool },
    /// The API server forgets what happened, so that no watch can resume.
    Forget,
    /// The API server does not answer from now on, or says that it is busy, or is well.
    Fall { health: Health },
    /// Nobody is told from now on what they may do, or they are again.
    Doubt { answers: bool },
    /// A namespace is created, or deleted with all that is in it.
    Namespace { namespace: usize, exists: bool },
    /// A kind is installed, or removed.
    Install { kind: usize, installed: bool },
    /// Time passes.
    Wait(Duration),
}

/// How the API server is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Health {
    /// It answers.
    Well,
    /// It cannot be reached.
    Away,
    /// It answers 429.
    Busy,
}

fn rights() -> impl Strategy<Value = Rights> {
    prop_oneof![2 => Just(Rights::NONE), 1 => Just(LIST), 3 => Just(Rights::ALL)]
}

fn one(index: std::ops::Range<usize>) -> impl Strategy<Value = Option<usize>> {
    prop::option::of(index)
}

fn write() -> impl Strategy<Value = Deed> {
    let object = (0..KINDS.len(), 0..NAMESPACES.len(), 0..NAMES.len());
    object.prop_map(|(kind, namespace, name)| Deed::Write { kind, namespace, name })
}

fn delete() -> impl Strategy<Value = Deed> {
    let object = (0..KINDS.len(), 0..NAMESPACES.len(), 0..NAMES.len());
    object.prop_map(|(kind, namespace, name)| Deed::Delete { kind, namespace, name })
}

fn allow(rights: impl Strategy<Value = Rights>) -> impl Strategy<Value = Deed> {
    let what = (0..PEOPLE.len(), one(0..NAMESPACES.len()), one(0..KINDS.len()), rights);
    what.prop_map(|(person, namespace, kind, rights)| Deed::Allow { person, namespace, kind, rights })
}

fn enter() -> impl Strategy<Value = Deed> {
    let who = (0..PEOPLE.len(), 0..2_u8, 1..8_u8, any::<bool>());
    who.prop_map(|(person, session, kinds, soon)| Deed::Enter { person, session, kinds, soon })
}

fn deed() -> impl Strategy<Value = Deed> {
    let health = prop_oneof![2 => Just(Health::Well), 1 => Just(Health::Away), 1 => Just(Health::Busy)];
    let moment = prop_oneof![
        3 => (1..400_u64).prop_map(Duration::from_millis),
        3 => (1..15_u64).prop_map(Duration::from_secs),
        2 => (20..70_u64).prop_map(Duration::from_secs),
    ];
    prop_oneof![
        10 => write(),
        5 => delete(),
        6 => allow(rights()),
        6 => enter(),
        3 => any::<prop::sample::Index>().prop_map(|view| Deed::Shut { view: view.index(64) }),
        2 => (0..PEOPLE.len(), 0..2_u8).prop_map(|(person, session)| Deed::SignOut { person, session }),
        1 => (0..PEOPLE.len()).prop_map(|person| Deed::Recheck { person }),
        3 => (0..KINDS.len(), any::<bool>()).prop_map(|(kind, cleanly)| Deed::Cut { kind, cleanly }),
        2 => Just(Deed::Forget),
        2 => health.prop_map(|health| Deed::Fall { health }),
        1 => any::<bool>().prop_map(|answers| Deed::Doubt { answers }),
        2 => (0..NAMESPACES.len(), any::<bool>())
            .prop_map(|(namespace, exists)| Deed::Namespace { namespace, exists }),
        1 => (0..KINDS.len(), prop::bool::weighted(0.8))
            .prop_map(|(kind, installed)| Deed::Install { kind, installed }),
        12 => moment.prop_map(Deed::Wait),
    ]
}

/// A script: who may what at first, what there is, who is there, and what happens then.
pub(crate) fn script() -> impl Strategy<Value = Vec<Deed>> {
    let some = prop_oneof![1 => Just(LIST), 3 => Just(Rights::ALL)];
    let first = (
        prop::collection::vec(allow(some), 3..9),
        prop::collection::vec(write(), 4..16),
        prop::collection::vec(enter(), 1..5),
    );
    (first, prop::collection::vec(deed(), 5..50)).prop_map(|((rights, objects, people), then)| {
        rights.into_iter().chain(objects).chain(people).chain(then).collect()
    })
}
