use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use fanlight_model::{Clue, Explanation, Hearsay, Identity, ObjectKey, Row, Version, glance};
use tokio::{
    sync::{Semaphore, SemaphorePermit},
    time::Instant,
};

use super::budget::Budget;

/// What lists say of why objects are not ready, as far as it had to be looked up: found out one after the other for each
/// person while they look at a list, and kept for them alone, for half a minute at most.
///
/// Opening a page never waits for that: it shows what is there.
pub(crate) struct Lines {
    kept: Mutex<HashMap<Identity, Own>>,
    /// What rows say by themselves, read once.
    hints: Mutex<HashMap<ObjectKey, (Version, Arc<Hint>)>>,
    turns: Mutex<Turns>,
    /// How many more may be found out at the same time.
    seats: Semaphore,
}

/// What a row says by itself.
pub(crate) struct Hint {
    pub(crate) clue: Arc<Clue>,
    /// Why its object is not ready, if its own words tell.
    pub(crate) alone: Option<Arc<str>>,
}

/// What was found out for one person, by object.
type Own = Arc<HashMap<ObjectKey, Line>>;

/// What was found out for one person, as of one moment.
pub(crate) struct Mine(Option<Own>);

/// What was found out of a row.
pub(crate) struct Said {
    row: Arc<Row>,
    pub(crate) why: Arc<Explanation>,
}

/// Who knows of no other object.
struct Alone(Arc<Clue>);

/// What was found out of one object.
#[derive(Clone)]
struct Line {
    /// When that began: what was read may be forbidden from that moment on.
    at: Instant,
    /// When it is to be found out anew.
    due: Instant,
    /// The row as it was.
    row: Arc<Row>,
    found: Found,
}

/// What came of looking.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Found {
    /// Why it is not ready.
    Why(Arc<Explanation>),
    /// Nothing that explains it.
    Nothing,
}

/// Whose turn it is.
struct Turns {
    people: HashMap<Identity, Turner>,
    together: Budget,
}

struct Turner {
    budget: Budget,
    /// Something is being found out for this person.
    is_busy: bool,
}

/// Leave to find out why one object is not ready.
pub(super) struct Turn {
    lines: Arc<Lines>,
    who: Identity,
    /// How many requests were not needed.
    left: u32,
}

impl Default for Lines {
    fn default() -> Self {
        let together = Budget::new(Self::BURST_TOGETHER, Self::EACH_TOGETHER, Instant::now());
        Self {
            kept: Mutex::default(),
            hints: Mutex::default(),
            turns: Mutex::new(Turns { people: HashMap::new(), together }),
            seats: Semaphore::new(Self::AT_ONCE),
        }
    }
}

impl Lines {
    /// How long something is shown that was found out; like what a grant shows, never for half a minute.
    pub(super) const LASTS: Duration = Duration::from_secs(28);
    /// How old it is when it is found out anew.
    const RENEWED: Duration = Duration::from_secs(20);
    /// After how long it is tried again where nothing was found.
    const AGAIN: Duration = Duration::from_secs(60);
    /// Of how many objects it is kept.
    const MOST: usize = 2000;
    /// How many objects may be looked into at the same time.
    const AT_ONCE: usize = 2;
    /// How many requests one object may take; the first reads the object itself.
    pub(super) const REQUESTS: u32 = 12;
    /// How many requests are made for one person at once, and how long it takes until one more may be made.
    const BURST: u32 = 40;
    const EACH: Duration = Duration::from_millis(500);
    /// The same for all together: a tenth of what fifty people may cost the API server.
    const BURST_TOGETHER: u32 = 120;
    const EACH_TOGETHER: Duration = Duration::from_millis(167);
    /// How soon it is asked again whether it is somebody's turn who is having one in another window.
    const POLITE: Duration = Duration::from_millis(250);

    /// What a row says by itself.
    pub(crate) fn hint(&self, row: &Row) -> Arc<Hint> {
        let mut hints = lock(&self.hints);
        if let Some((_, hint)) = hints.get(&row.key).filter(|(version, _)| *version == row.version) {
            return Arc::clone(hint);
        }
        let hint = Arc::new(Hint::of(row));
        if hints.len() >= Self::MOST {
            hints.clear();
        }
        hints.insert(row.key.clone(), (row.version, Arc::clone(&hint)));
        hint
    }

    /// What was found out for this person.
    pub(crate) fn of(&self, who: &Identity) -> Mine {
        Mine(lock(&self.kept).get(who).cloned())
    }

    /// Leave to find out why an object is not ready, for this person; how long to wait if it is not given now.
    pub(super) fn turn(self: &Arc<Self>, who: &Identity, now: Instant) -> Result<Turn, Duration> {
        let mut turns = lock(&self.turns);
        let Turns { people, together } = &mut *turns;
        people.retain(|_, turner| turner.is_busy || !turner.budget.is_whole(now));
        let new = || Turner { budget: Budget::new(Self::BURST, Self::EACH, now), is_busy: false };
        let turner = people.entry(who.clone()).or_insert_with(new);
        if turner.is_busy {
            return Err(Self::POLITE);
        }
        turner.budget.take(Self::REQUESTS, now)?;
        if let Err(wait) = together.take(Self::REQUESTS, now) {
            turner.budget.give_back(Self::REQUESTS);
            return Err(wait);
        }
        turner.is_busy = true;
        Ok(Turn { lines: Arc::clone(self), who: who.clone(), left: Self::REQUESTS })
    }

    /// A place among those who look at the same time.
    pub(super) async fn seat(&self) -> Option<SemaphorePermit<'_>> {
        self.seats.acquire().await.ok()
    }

    fn keep(&self, who: &Identity, line: Line) {
        let now = Instant::now();
        let mut kept = lock(&self.kept);
        kept.retain(|_, lines| {
            Arc::make_mut(lines).retain(|_, line| now < line.due + Self::AGAIN);
            !lines.is_empty()
        });
        let key = line.row.key.clone();
        let is_new = !kept.get(who).is_some_and(|lines| lines.contains_key(&key));
        if is_new && count(&kept) >= Self::MOST {
            // Without a line of its own the new one would be found out again and again, and no other ever.
            let lines =
                kept.iter().flat_map(|(who, lines)| lines.values().map(move |line| (line.at, who, &line.row.key)));
            let oldest = lines.min_by_key(|(at, ..)| *at).map(|(_, who, key)| (who.clone(), key.clone()));
            oldest.and_then(|(who, key)| Arc::make_mut(kept.get_mut(&who)?).remove(&key));
        }
        Arc::make_mut(kept.entry(who.clone()).or_default()).insert(key, line);
    }

    /// Has it tried again later; what is shown lasts no longer by that.
    fn put_off(&self, who: &Identity, row: &Arc<Row>, at: Instant) {
        let due = at + Self::RENEWED;
        let mut kept = lock(&self.kept);
        let line = kept.get_mut(who).and_then(|lines| Arc::make_mut(lines).get_mut(&row.key));
        if let Some(line) = line.filter(|line| says_the_same(&line.row, row)) {
            line.due = due;
            return;
        }
        drop(kept);
        self.keep(who, Line { at, due, row: Arc::clone(row), found: Found::Nothing });
    }
}

impl Mine {
    /// Why an object is not ready, as it was found out a moment ago.
    pub(crate) fn recall(&self, row: &Row, now: Instant) -> Option<Said> {
        match self.line(row)? {
            Line { at, row, found: Found::Why(why), .. } if now.duration_since(*at) < Lines::LASTS => {
                Some(Said { row: Arc::clone(row), why: Arc::clone(why) })
            }
            _ => None,
        }
    }

    /// When it is to be found out, and until when what is shown of it holds, if anything is.
    pub(super) fn due(&self, row: &Row, now: Instant) -> (Instant, Option<Instant>) {
        match self.line(row) {
            Some(Line { at, due, found: Found::Why(_), .. }) => (*due, Some(*at + Lines::LASTS)),
            Some(Line { due, found: Found::Nothing, .. }) => (*due, None),
            None => (now, None),
        }
    }

    fn line(&self, row: &Row) -> Option<&Line> {
        self.0.as_ref()?.get(&row.key).filter(|line| says_the_same(&line.row, row))
    }
}

impl Said {
    /// Whether it is about this row.
    pub(super) fn is_of(&self, row: &Row) -> bool {
        self.row.key == row.key
    }

    /// Whether the same is still said.
    pub(super) fn goes_on(&self, mine: &Mine, now: Instant) -> bool {
        mine.recall(&self.row, now).is_some_and(|said| said.why.sentence == self.why.sentence)
    }

    /// When it must not be said any more.
    pub(super) fn ends(&self, mine: &Mine, now: Instant) -> Option<Instant> {
        mine.due(&self.row, now).1
    }
}

impl Hint {
    fn of(row: &Row) -> Self {
        let clue = Arc::new(Clue::of(row));
        let told = glance(row, &Alone(Arc::clone(&clue)));
        Self { clue, alone: told.map(|told| told.sentence.into()) }
    }
}

impl Hearsay for Alone {
    fn row(&self, _: &ObjectKey) -> Option<Arc<Row>> {
        None
    }

    fn clue(&self, _: &Row) -> Arc<Clue> {
        Arc::clone(&self.0)
    }

    fn found(&self, _: &Row) -> Option<Arc<Explanation>> {
        None
    }
}

impl Turn {
    pub(super) fn lines(&self) -> Arc<Lines> {
        Arc::clone(&self.lines)
    }

    /// From now on requests are made: whoever goes away has used all of them.
    pub(super) fn begin(&mut self) {
        self.left = 0;
    }

    /// Notes what was found out, by so many requests, beginning at that moment.
    pub(super) fn end(mut self, row: Arc<Row>, found: Found, requests: u32, at: Instant) {
        self.left = Lines::REQUESTS.saturating_sub(requests);
        let due = at + if found == Found::Nothing { Lines::AGAIN } else { Lines::RENEWED };
        self.lines.keep(&self.who, Line { at, due, row, found });
    }

    /// It could not be found out just now, in so many requests.
    pub(super) fn fail(mut self, row: &Arc<Row>, requests: u32, at: Instant) {
        self.left = Lines::REQUESTS.saturating_sub(requests);
        self.lines.put_off(&self.who, row, at);
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let mut turns = lock(&self.lines.turns);
        turns.together.give_back(self.left);
        if let Some(turner) = turns.people.get_mut(&self.who) {
            turner.budget.give_back(self.left);
            turner.is_busy = false;
        }
    }
}

/// Whether nothing has changed of what is to be explained.
fn says_the_same(one: &Row, other: &Row) -> bool {
    one.version == other.version
        || (one.state == other.state
            && one.sentence == other.sentence
            && one.message == other.message
            && one.attempted == other.attempted)
}

fn count(kept: &HashMap<Identity, Own>) -> usize {
    kept.values().map(|lines| lines.len()).sum()
}

fn lock<T>(what: &Mutex<T>) -> MutexGuard<'_, T> {
    what.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use fanlight_model::{Facts, Kind, Links, UserName};

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn where_there_is_no_room_the_oldest_gives_way_to_the_newest() {
        let (lines, who) = (Lines::default(), Identity::of(UserName::new("ada").expect("a name")));
        let now = Instant::now();
        let rows: Vec<_> = (0..=Lines::MOST)
            .map(|number| {
                let key = ObjectKey::new(Kind::KUSTOMIZATION, "apps", format!("app-{number}"));
                Arc::new(Row::new(key, 1, Links::default(), &Facts::new(Kind::KUSTOMIZATION)))
            })
            .collect();
        for (row, age) in rows.iter().zip(0..) {
            lines.put_off(&who, row, now + Duration::from_millis(age));
        }
        assert_eq!(count(&lock(&lines.kept)), Lines::MOST);
        let is_due = |row: &Row| lines.of(&who).due(row, now).0 <= now;
        assert!(is_due(&rows[0]) && !is_due(&rows[1]) && !is_due(&rows[Lines::MOST]));
    }
}
