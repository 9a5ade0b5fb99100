//! The rows themselves: by key, in order, and cut to a page.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use fanlight_model::{Kind, ObjectKey, Query, Row, Scope, Sort, SourceLink, State, Version};

use super::{
    Sightline,
    census::{Census, Place},
    cover::Covers,
    orders::Orders,
    searches::Searches,
    spaces::{SpaceSet, Spaces},
    sums::{Asked, Sums},
};
use crate::{Freshness, List, grant::Reach};

#[derive(Debug, Default)]
pub(super) struct Shelf {
    rows: slab::Slab<Entry>,
    index: HashMap<ObjectKey, u32>,
    census: Census,
    orders: Orders,
    spaces: Spaces,
    tenants: Spaces,
    names: Names,
    searches: Searches,
}

/// A row with what is needed to skip it without touching its texts.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) row: Arc<Row>,
    pub(super) place: Place,
    pub(super) kind: Kind,
    pub(super) state: State,
}

impl Entry {
    /// Whether the cuts leave it in sight.
    pub(super) fn is_within(&self, cuts: &[Option<SpaceSet>; Kind::COUNT]) -> bool {
        cuts[self.kind.index()].as_ref().is_some_and(|cut| cut.has(self.place.space))
    }
}

impl Shelf {
    /// From how many rows that go at once on it is quicker to sort again.
    const MANY: usize = 256;

    pub(super) fn count(&self) -> usize {
        self.rows.len()
    }

    /// Puts a row in its place; `false` if the same or a younger version is there already.
    #[expect(clippy::cast_possible_truncation, reason = "memory ends long before four thousand million rows")]
    pub(super) fn put(&mut self, row: Arc<Row>) -> bool {
        if let Some(number) = self.index.get(&row.key) {
            if self.rows[*number as usize].row.version >= row.version {
                return false;
            }
            self.take_out(*number);
        }
        let row = self.names.share(row, &self.spaces);
        let space = self.spaces.enter(&row.key.namespace);
        let tenant = row.tenant().map(|tenant| self.tenants.enter(&Arc::from(tenant)));
        let place = Place { space, tenant };
        let entry = Entry { row: Arc::clone(&row), place, kind: row.key.kind, state: row.state };
        self.census.enter(&entry);
        let number = self.rows.insert(entry) as u32;
        self.searches.put(number, &row);
        self.index.insert(row.key.clone(), number);
        self.orders.add(number, &row, |other| &self.rows[other as usize].row);
        true
    }

    /// Removes an object as of `version`; `false` if it is not there or younger.
    pub(super) fn remove(&mut self, key: &ObjectKey, version: Version) -> bool {
        match self.index.get(key) {
            Some(number) if self.rows[*number as usize].row.version <= version => {
                self.take_out(*number);
                true
            }
            _ => false,
        }
    }

    /// Removes the rows of a kind in a scope for which `gone` says so.
    pub(super) fn remove_if(&mut self, kind: Kind, scope: &Scope, gone: impl Fn(&Row) -> bool) {
        let numbers: Vec<u32> = self
            .index
            .iter()
            .filter(|(key, _)| key.kind == kind && scope.covers(&key.namespace))
            .filter(|(_, number)| gone(&self.rows[**number as usize].row))
            .map(|(_, number)| *number)
            .collect();
        if numbers.len() > Self::MANY {
            // Sorting once, if somebody asks again, is less than to find the place of each in every order.
            self.orders.forget();
        }
        for number in numbers {
            self.take_out(number);
        }
        self.names.sweep();
    }

    fn take_out(&mut self, number: u32) {
        let row = Arc::clone(&self.rows[number as usize].row);
        self.orders.remove(number, &row, |other| &self.rows[other as usize].row);
        let entry = self.rows.remove(number as usize);
        self.census.leave(&entry);
        self.spaces.leave(entry.place.space);
        entry.place.tenant.into_iter().for_each(|tenant| self.tenants.leave(tenant));
        self.index.remove(&row.key);
    }

    /// The page that `query` asks for, cut to what the sightlines allow; what depends on more than rows is left to the
    /// caller.
    #[expect(clippy::cast_possible_truncation, reason = "memory ends long before four thousand million rows")]
    pub(super) fn list(&mut self, covers: &Covers, sightlines: &[Sightline], query: &Query) -> List {
        let cuts = self.cuts(covers, sightlines);
        self.orders.learn(query.sort, |number| &self.rows[number as usize].row);
        let rows = self.rows.iter().map(|(number, entry)| (number as u32, &*entry.row));
        let asked = Asked {
            query,
            spaces: self.spaces.wanted(&query.namespaces),
            tenants: self.tenants.wanted(&query.tenants),
            found: self.searches.of(query, rows),
        };
        let mut sums = Sums::of(&self.census, &cuts, &asked, [self.spaces.bound(), self.tenants.bound()]);
        let order = self.orders.get(query.sort).iter();
        let mut shown = if query.reversed {
            pick(order.rev(), &self.rows, &cuts, &asked, &mut sums)
        } else {
            pick(order, &self.rows, &cuts, &asked, &mut sums)
        };
        let pages = sums.matching.div_ceil(Query::PAGE).max(1);
        if query.page >= pages {
            return self.list(covers, sightlines, &Query { page: pages - 1, ..query.clone() });
        }
        if query.sort == Sort::Match {
            // Stable: what fits equally well stays as it is.
            let rank = |number: &u32| query.rank(&self.rows[*number as usize].row);
            shown.sort_by_cached_key(|number| if query.reversed { u8::MAX - rank(number) } else { rank(number) });
            shown.drain(..query.page * Query::PAGE);
        }
        List {
            rows: shown.iter().take(Query::PAGE).map(|number| Arc::clone(&self.rows[*number as usize].row)).collect(),
            matching: sums.matching,
            in_sight: sums.all,
            page: query.page,
            pages,
            states: sums.states,
            kinds: by_kind(&sums.kinds),
            found: by_kind(&sums.found),
            namespaces: self.spaces.counted(&sums.spaces),
            tenants: self.tenants.counted(&sums.tenants),
            sights: Vec::new(),
            unread: Vec::new(),
            fixed: Vec::new(),
            freshness: Freshness::Current,
        }
    }

    /// The row of an object, whoever asks.
    pub(super) fn get(&self, key: &ObjectKey) -> Option<&Arc<Row>> {
        self.entry(key).map(|entry| &entry.row)
    }

    /// Every row in an order.
    pub(super) fn in_order(&self, sort: Sort) -> impl Iterator<Item = &Entry> {
        self.orders.get(sort).iter().map(|number| &self.rows[*number as usize])
    }

    /// One more than the highest number of a namespace.
    pub(super) fn bound(&self) -> usize {
        self.spaces.bound()
    }

    /// The row of one object, cut to what the sightlines allow.
    pub(super) fn row(&self, covers: &Covers, sightlines: &[Sightline], key: &ObjectKey) -> Option<Arc<Row>> {
        let entry = self.entry(key)?;
        entry.is_within(&self.cuts(covers, sightlines)).then(|| Arc::clone(&entry.row))
    }

    /// The rows of several objects, cut to what the sightlines allow.
    pub(super) fn rows<'a>(
        &self,
        covers: &Covers,
        sightlines: &[Sightline],
        keys: impl Iterator<Item = &'a ObjectKey>,
    ) -> Vec<Arc<Row>> {
        let cuts = self.cuts(covers, sightlines);
        let entries = keys.filter_map(|key| self.entry(key));
        entries.filter(|entry| entry.is_within(&cuts)).map(|entry| Arc::clone(&entry.row)).collect()
    }

    /// The rows of objects that depend on one, by namespace and name, cut to what the sightlines allow.
    pub(super) fn dependants(&self, covers: &Covers, sightlines: &[Sightline], key: &ObjectKey) -> Vec<Arc<Row>> {
        self.in_sight(covers, sightlines, |row| row.depends_on.contains(key))
    }

    /// The rows of objects that need any of these, by namespace and name, cut to what the sightlines allow.
    pub(super) fn needing(
        &self,
        covers: &Covers,
        sightlines: &[Sightline],
        keys: &HashSet<ObjectKey>,
    ) -> Vec<Arc<Row>> {
        let mut kinds = [false; Kind::COUNT];
        keys.iter().for_each(|key| kinds[key.kind.index()] = true);
        // Of most rows the kinds alone say that they need none.
        let wanted = |key: &ObjectKey| kinds[key.kind.index()] && keys.contains(key);
        self.in_sight(covers, sightlines, |row| {
            let source = row.source.as_ref().filter(|link| kinds[link.kind.index()]);
            row.depends_on.iter().any(wanted)
                || source.is_some_and(|link| wanted(&link.key()))
                || (kinds[Kind::HELM_CHART.index()] && row.generated_chart().is_some_and(|chart| wanted(&chart)))
                || row.particulars.as_ref().is_some_and(|particulars| particulars.uses.iter().any(wanted))
        })
    }

    /// The rows of objects that take their content from one, by namespace and name, cut to what the sightlines allow.
    pub(super) fn users(&self, covers: &Covers, sightlines: &[Sightline], key: &ObjectKey) -> Vec<Arc<Row>> {
        self.in_sight(covers, sightlines, |row| row.uses(key))
    }

    fn in_sight(&self, covers: &Covers, sightlines: &[Sightline], wanted: impl Fn(&Row) -> bool) -> Vec<Arc<Row>> {
        let cuts = self.cuts(covers, sightlines);
        self.in_order(Sort::Namespace)
            .filter(|entry| entry.is_within(&cuts) && wanted(&entry.row))
            .map(|entry| Arc::clone(&entry.row))
            .collect()
    }

    fn entry(&self, key: &ObjectKey) -> Option<&Entry> {
        Some(&self.rows[*self.index.get(key)? as usize])
    }

    /// For each kind the namespaces that are granted *and* whose feed has been complete; `None` for kinds not asked.
    pub(super) fn cuts(&self, covers: &Covers, sightlines: &[Sightline]) -> [Option<SpaceSet>; Kind::COUNT] {
        let mut cuts = [const { None }; Kind::COUNT];
        for line in sightlines.iter().filter(|line| line.installed) {
            let mut cut = SpaceSet::none(self.spaces.bound());
            match &line.reach {
                Reach::Everywhere if covers.is_complete_everywhere(line.kind) => cut = SpaceSet::All,
                Reach::Everywhere => self
                    .spaces
                    .iter()
                    .filter(|(_, name)| covers.is_complete(line.kind, name))
                    .for_each(|(space, _)| cut.add(space)),
                Reach::Namespaces(names) => names
                    .iter()
                    .filter(|name| covers.is_complete(line.kind, name))
                    .filter_map(|name| self.spaces.number(name))
                    .for_each(|space| cut.add(space)),
                Reach::Nothing | Reach::Unknown => {}
            }
            cuts[line.kind.index()] = Some(cut);
        }
        cuts
    }
}

/// The numbers of the rows on the asked page, or of all that fit where these must be ranked; counts those that fit, if
/// that takes a look at each.
fn pick<'a>(
    order: impl Iterator<Item = &'a u32>,
    rows: &slab::Slab<Entry>,
    cuts: &[Option<SpaceSet>; Kind::COUNT],
    asked: &Asked<'_>,
    sums: &mut Sums,
) -> Vec<u32> {
    let Asked { query, found, .. } = asked;
    let page = query.page.saturating_mul(Query::PAGE);
    let keep = if query.sort == Sort::Match { 0..usize::MAX } else { page..page.saturating_add(Query::PAGE) };
    let (mut picked, mut passed) = (Vec::new(), 0);
    for number in order {
        match found {
            Some(found) if !found.has(*number) => continue,
            None if passed == sums.matching.min(keep.end) => break,
            _ => {}
        }
        let entry = &rows[*number as usize];
        if entry.is_within(cuts) && asked.wants(entry.kind, entry.place) {
            if found.is_some() {
                sums.fit(query, entry.kind, entry.state, 1);
            }
            if query.wants_state(entry.state) {
                picked.extend(keep.contains(&passed).then_some(*number));
                passed += 1;
            }
        }
    }
    picked
}

/// The kinds that have any, with how many.
fn by_kind(counts: &[usize; Kind::COUNT]) -> Vec<(Kind, usize)> {
    Kind::all().map(|kind| (kind, counts[kind.index()])).filter(|(_, rows)| *rows > 0).collect()
}

/// Shared copies of texts that many rows repeat: namespaces, sources, charts, labels.
#[derive(Debug, Default)]
struct Names {
    known: HashSet<Arc<str>>,
    /// How many there may be before those without a row are looked for.
    room: usize,
}

impl Names {
    fn share(&mut self, row: Arc<Row>, spaces: &Spaces) -> Arc<Row> {
        let mut row = Arc::unwrap_or_clone(row);
        row.key.namespace = match spaces.name(&row.key.namespace) {
            Some(shared) => shared,
            None => self.shared(row.key.namespace),
        };
        row.source = row.source.map(|link| SourceLink {
            kind: link.kind,
            namespace: self.shared(link.namespace),
            name: self.shared(link.name),
            chart: link.chart.map(|chart| self.shared(chart)),
        });
        row.labels = row.labels.map(|labels| self.shared(labels));
        for other in &mut row.depends_on {
            other.namespace = self.shared(Arc::clone(&other.namespace));
            other.name = self.shared(Arc::clone(&other.name));
        }
        if self.known.len() > self.room {
            self.sweep();
        }
        Arc::new(row)
    }

    fn shared(&mut self, name: Arc<str>) -> Arc<str> {
        match self.known.get(&name) {
            Some(known) => Arc::clone(known),
            None => {
                self.known.insert(Arc::clone(&name));
                name
            }
        }
    }

    /// Forgets the names that no row has any more.
    fn sweep(&mut self) {
        self.known.retain(|name| Arc::strong_count(name) > 1);
        self.room = self.known.len() * 2 + 64;
    }
}
