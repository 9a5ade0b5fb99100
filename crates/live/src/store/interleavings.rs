//! Feeds over the same objects, one by watch and one by watch or by lists, in any interleaving.

use std::collections::BTreeMap;

use fanlight_model::{Facts, Links};
use proptest::prelude::*;

use super::*;
use crate::grant::Reach;

const KIND: Kind = Kind::KUSTOMIZATION;
const APPS: &str = "apps";

/// What exists, and how it came to be: the API server.
#[derive(Default)]
struct World {
    objects: BTreeMap<ObjectKey, Version>,
    events: Vec<(Version, ObjectKey, bool)>,
    version: Version,
}

/// A feed that is open.
struct Open {
    key: FeedKey,
    id: FeedId,
    mode: Mode,
    /// A list that was answered and has not arrived.
    under_way: Option<Listing>,
}

#[derive(Debug, Clone)]
enum Deed {
    Write(bool, u8),
    Delete(bool, u8),
    /// The feed of the whole cluster (or of the namespace) gets on by so many events, or by one list.
    Advance(bool, usize),
    /// The list that is under way arrives.
    Arrive,
    Break(bool),
    /// The API server no longer keeps the version to resume from.
    Gone(bool),
    /// The feed of the whole cluster is replaced by one of the other mode.
    Turn,
}

impl World {
    fn change(&mut self, apps: bool, name: u8, exists: bool) {
        let key = ObjectKey::new(KIND, if apps { APPS } else { "data" }, format!("n{}", name % 4));
        if !exists && self.objects.remove(&key).is_none() {
            return;
        }
        self.version += 1;
        if exists {
            self.objects.insert(key.clone(), self.version);
        }
        self.events.push((self.version, key, exists));
    }

    fn listing(&self, scope: &Scope) -> Listing {
        let inside = self.objects.iter().filter(|(key, _)| scope.covers(&key.namespace));
        Listing { rows: inside.map(|(key, version)| row(key, *version)).collect(), version: self.version }
    }

    fn after(&self, scope: &Scope, version: Version, many: usize) -> Vec<Change> {
        let events = self.events.iter().filter(|(at, key, _)| *at > version && scope.covers(&key.namespace));
        let change = |(at, key, exists): &(Version, ObjectKey, bool)| {
            if *exists { Change::Applied(row(key, *at)) } else { Change::Deleted(key.clone(), *at) }
        };
        std::iter::once(Change::Opened).chain(events.take(many).map(change)).collect()
    }
}

fn row(key: &ObjectKey, version: Version) -> Arc<Row> {
    Arc::new(Row::new(key.clone(), version, Links::default(), &Facts::new(KIND)))
}

impl Open {
    fn new(store: &Store, scope: Scope, id: u64, mode: Mode) -> Self {
        let (key, id) = (FeedKey::new(KIND, scope), FeedId(id));
        store.open(&key, id, Instant::now());
        Self { key, id, mode, under_way: None }
    }

    fn advance(&mut self, world: &World, store: &Store, many: usize) {
        if self.mode == Mode::Poll {
            self.under_way = Some(world.listing(&self.key.scope));
            return;
        }
        let changes = match store.version(&self.key, self.id) {
            Some(version) => world.after(&self.key.scope, version, many),
            None => {
                store.begin_listing(&self.key, self.id);
                let Listing { rows, version } = world.listing(&self.key.scope);
                rows.into_iter().map(Change::Applied).chain([Change::Synced(version)]).collect()
            }
        };
        assert_eq!(store.apply(&self.key, self.id, changes), Taken::Fine);
    }

    fn arrive(&mut self, store: &Store) {
        if let Some(listing) = self.under_way.take() {
            assert_eq!(store.replace(&self.key, self.id, listing, Instant::now()), Taken::Fine);
        }
    }
}

fn deeds() -> impl Strategy<Value = Vec<Deed>> {
    let deed = prop_oneof![
        4 => (any::<bool>(), any::<u8>()).prop_map(|(apps, name)| Deed::Write(apps, name)),
        3 => (any::<bool>(), any::<u8>()).prop_map(|(apps, name)| Deed::Delete(apps, name)),
        5 => (any::<bool>(), 1..4_usize).prop_map(|(whole, many)| Deed::Advance(whole, many)),
        3 => Just(Deed::Arrive),
        1 => any::<bool>().prop_map(Deed::Break),
        1 => any::<bool>().prop_map(Deed::Gone),
        1 => Just(Deed::Turn),
    ];
    prop::collection::vec(deed, 1..60)
}

proptest! {
    #[test]
    fn when_every_feed_has_caught_up_exactly_what_exists_is_shown(deeds in deeds()) {
        let (mut world, store) = (World::default(), Store::new());
        let mut whole = Open::new(&store, Scope::Cluster, 1, Mode::Poll);
        let mut apps = Open::new(&store, Scope::Namespace(APPS.into()), 2, Mode::Watch);
        for (deed, id) in deeds.into_iter().zip(3..) {
            match deed {
                Deed::Write(apps, name) => world.change(apps, name, true),
                Deed::Delete(apps, name) => world.change(apps, name, false),
                Deed::Advance(true, many) => whole.advance(&world, &store, many),
                Deed::Advance(false, many) => apps.advance(&world, &store, many),
                Deed::Arrive => whole.arrive(&store),
                Deed::Break(of_whole) => {
                    let feed = if of_whole { &whole } else { &apps };
                    store.broke(&feed.key, feed.id, Instant::now());
                }
                Deed::Gone(of_whole) => {
                    let feed = if of_whole { &whole } else { &apps };
                    store.forget_version(&feed.key, feed.id);
                }
                Deed::Turn => {
                    let mode = if whole.mode == Mode::Poll { Mode::Watch } else { Mode::Poll };
                    whole = Open::new(&store, Scope::Cluster, id, mode);
                }
            }
        }
        whole.arrive(&store);
        apps.advance(&world, &store, usize::MAX);
        whole.advance(&world, &store, usize::MAX);
        whole.arrive(&store);
        let lines = [Sightline::of(KIND, Reach::Everywhere)];
        let fresh = FreshFor { now: Instant::now(), grace: Duration::from_secs(3), poll: Duration::from_secs(10) };
        let list = store.list(&lines, &Query::default(), fresh);
        let mut shown: Vec<_> = list.rows.iter().map(|row| (row.key.clone(), row.version)).collect();
        shown.sort();
        prop_assert_eq!(shown, world.objects.into_iter().collect::<Vec<_>>());
    }
}
