//! Which feeds there should be and who sponsors them: a pure function.

use std::collections::{BTreeMap, BTreeSet};

use fanlight_model::{Kind, Rights, Scope};

use crate::{
    grant::Grant,
    people::{Kinds, PersonId},
    store::{FeedKey, Mode},
};

/// A person who is here.
#[derive(Debug)]
pub(crate) struct Sitter<'a> {
    pub(crate) id: PersonId,
    pub(crate) wants: Kinds,
    /// In their name no feed could be opened lately.
    pub(crate) falters: bool,
    pub(crate) grant: &'a Grant,
}

/// A feed as it runs.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Runs {
    pub(crate) mode: Mode,
    pub(crate) sponsor: PersonId,
    /// Whether it has been complete.
    pub(crate) synced: bool,
}

/// One thing to do. Steps are in the order in which they are to be done: feeds start before those they replace stop,
/// so that rows and versions can be taken over.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// Start a feed in somebody's name.
    Start { key: FeedKey, mode: Mode, sponsor: PersonId },
    /// Give a feed another sponsor.
    Sponsor { key: FeedKey, sponsor: PersonId },
    /// Stop a feed.
    Stop { key: FeedKey },
}

type Wanted = BTreeMap<FeedKey, (Mode, PersonId)>;

/// What has to be done so that everybody here gets what they may see, and nothing runs that nobody here could run. At
/// most so many `watches` run; what is beyond is listed in turn.
pub(crate) fn plan(
    people: &[Sitter<'_>],
    installed: &BTreeSet<Kind>,
    feeds: &BTreeMap<FeedKey, Runs>,
    watches: usize,
) -> Vec<Step> {
    let mut wanted = Wanted::new();
    let needed = Kind::all().filter(|kind| installed.contains(kind) && people.iter().any(|one| one.wants.has(*kind)));
    for kind in needed {
        want_kind(kind, people, feeds, &mut wanted);
    }
    bound(&mut wanted, feeds, watches);
    let mut steps = Vec::new();
    for (key, (mode, sponsor)) in &wanted {
        match feeds.get(key) {
            Some(runs) if runs.mode == *mode && runs.sponsor == *sponsor => {}
            Some(runs) if runs.mode == *mode => steps.push(Step::Sponsor { key: key.clone(), sponsor: *sponsor }),
            _ => steps.push(Step::Start { key: key.clone(), mode: *mode, sponsor: *sponsor }),
        }
    }
    steps.extend(feeds.keys().filter(|key| !wanted.contains_key(key)).map(|key| Step::Stop { key: key.clone() }));
    steps
}

fn want_kind(kind: Kind, people: &[Sitter<'_>], feeds: &BTreeMap<FeedKey, Runs>, wanted: &mut Wanted) {
    let whole = FeedKey::new(kind, Scope::Cluster);
    let runs = feeds.get(&whole);
    let everywhere = |allowed: fn(Rights) -> bool| {
        move |one: &Sitter<'_>| {
            // What runs goes on until it is known what is left of a lost right; nothing new is begun by one.
            (runs.is_some() || !one.grant.is_withdrawn(kind))
                && one.grant.held(kind, &Scope::Cluster).is_some_and(|held| allowed(held.rights))
        }
    };
    if let Some(sponsor) = choose(people, runs, kind, everywhere(Rights::may_sponsor)) {
        let complete = runs.is_some_and(|runs| runs.synced && runs.mode == Mode::Watch);
        wanted.insert(whole, (Mode::Watch, sponsor));
        if !complete {
            keep_namespaces(kind, people, feeds, wanted);
        }
        return;
    }
    let listers = |one: &Sitter<'_>| one.wants.has(kind) && everywhere(|rights| rights.list)(one);
    let polled = choose(people, runs, kind, listers);
    want_namespaces(kind, people, feeds, polled.is_some(), wanted);
    if let Some(sponsor) = polled {
        wanted.insert(whole, (Mode::Poll, sponsor));
        if !runs.is_some_and(|runs| runs.synced) {
            keep_namespaces(kind, people, feeds, wanted);
        }
    }
}

/// While the cluster-wide feed is not complete, the namespaces' feeds that run keep running as they do, each as far as
/// somebody here may still run it: also for who has seen those namespaces, and sees everything from now on.
fn keep_namespaces(kind: Kind, people: &[Sitter<'_>], feeds: &BTreeMap<FeedKey, Runs>, wanted: &mut Wanted) {
    for (key, runs) in feeds.iter().filter(|(key, _)| key.kind == kind && key.scope != Scope::Cluster) {
        let enough = match runs.mode {
            Mode::Watch => Rights::may_sponsor,
            Mode::Poll => |rights: Rights| rights.list,
        };
        let may = |one: &Sitter<'_>| {
            let held = [one.grant.held(kind, &key.scope), one.grant.held(kind, &Scope::Cluster)];
            held.into_iter().flatten().any(|held| enough(held.rights))
        };
        if let Some(sponsor) = choose(people, Some(runs), kind, may) {
            wanted.entry(key.clone()).or_insert((runs.mode, sponsor));
        }
    }
}

/// One feed for each namespace that somebody here who wants the kind may list: a watch if anybody here may watch it.
fn want_namespaces(
    kind: Kind,
    people: &[Sitter<'_>],
    feeds: &BTreeMap<FeedKey, Runs>,
    polled_everywhere: bool,
    wanted: &mut Wanted,
) {
    let scopes: BTreeSet<Scope> = people
        .iter()
        .filter(|one| one.wants.has(kind) && !one.grant.lists_everywhere(kind))
        .flat_map(|one| one.grant.in_namespaces(kind))
        .map(|(namespace, _)| Scope::Namespace(namespace.clone()))
        .collect();
    for scope in scopes {
        let key = FeedKey::new(kind, scope);
        let runs = feeds.get(&key);
        let allowed = |allowed: fn(Rights) -> bool| {
            let scope = key.scope.clone();
            move |one: &Sitter<'_>| one.grant.held(kind, &scope).is_some_and(|held| allowed(held.rights))
        };
        if let Some(sponsor) = choose(people, runs, kind, allowed(Rights::may_sponsor)) {
            wanted.insert(key, (Mode::Watch, sponsor));
        } else if !polled_everywhere && let Some(sponsor) = choose(people, runs, kind, allowed(|rights| rights.list)) {
            wanted.insert(key, (Mode::Poll, sponsor));
        }
    }
}

/// Of too many watches those of whole clusters stay, and then those that run.
fn bound(wanted: &mut Wanted, feeds: &BTreeMap<FeedKey, Runs>, watches: usize) {
    let runs = |key: &FeedKey| feeds.get(key).is_some_and(|runs| runs.mode == Mode::Watch);
    let mut all: Vec<_> = wanted
        .iter_mut()
        .filter(|(_, (mode, _))| *mode == Mode::Watch)
        .map(|(key, (mode, _))| ((key.scope != Scope::Cluster, !runs(key)), mode))
        .collect();
    // Stable: of equals the first in the order of keys stay.
    all.sort_by_key(|(order, _)| *order);
    all.into_iter().skip(watches).for_each(|(_, mode)| *mode = Mode::Poll);
}

/// The sponsor that the feed has, if they still may; else who wants the kind and has been here longest; else anybody. In
/// whose name nothing could be opened comes after these, and last who is about to lose the right.
fn choose(
    people: &[Sitter<'_>],
    runs: Option<&Runs>,
    kind: Kind,
    may: impl Fn(&Sitter<'_>) -> bool,
) -> Option<PersonId> {
    people
        .iter()
        .filter(|one| may(one))
        .min_by_key(|one| {
            (
                one.grant.is_withdrawn(kind),
                one.falters,
                runs.is_none_or(|runs| runs.sponsor != one.id),
                !one.wants.has(kind),
                one.id,
            )
        })
        .map(|one| one.id)
}

#[cfg(test)]
mod tests;
