use std::{future::pending, sync::Arc};

use fanlight_model::{Cause, Evidence, Finding, Identity, Lookup, ObjectKey, Row};
use futures_util::{
    FutureExt,
    future::{BoxFuture, ready},
};
use serde_json::Value;
use tokio::time::{Instant, sleep_until};
use tokio_util::task::AbortOnDropHandle;

use super::{
    Causes, Limits, find_out,
    lines::{Found, Lines, Mine, Said, Turn},
};
use crate::{ObjectError, Objects};

/// Finds out for an open page, one after the other, why the objects are not ready that it shows and that rows do not
/// explain.
pub(crate) struct Seeker {
    lines: Arc<Lines>,
    who: Identity,
    eyes: Arc<Eyes>,
    /// What the page wants to know.
    wanted: Vec<Arc<Row>>,
    /// What it says so far.
    said: Vec<Said>,
    /// A task, since it holds a place that others wait for: it ends whether the browser takes what it is sent or not.
    under_way: Option<AbortOnDropHandle<()>>,
}

/// Looks in a person's name: at an object, and at what lies behind it.
struct Eyes {
    read: Eye<ObjectKey, Result<Value, ObjectError>>,
    look_up: Eye<Lookup, Finding>,
}

type Eye<What, Seen> = Box<dyn Fn(&What) -> BoxFuture<'static, Seen> + Send + Sync>;

/// What is to be done next.
enum Next {
    /// The page has to say something else.
    Tell,
    /// This one is to be looked into.
    Seek(Arc<Row>),
    /// Nothing, until then.
    Wait(Option<Instant>),
}

impl Seeker {
    /// How many objects of a page are looked into.
    pub(crate) const MOST: usize = 10;

    /// Looks in the name of this person.
    pub(crate) fn new(causes: &Causes, objects: &Arc<dyn Objects>, who: &Identity) -> Self {
        let (reader, looker) = ((Arc::clone(objects), who.clone()), (Arc::clone(objects), who.clone()));
        let eyes = Eyes {
            read: Box::new(move |key| reader.0.read(&reader.1, key, None)),
            look_up: Box::new(move |lookup| looker.0.look_up(&looker.1, lookup)),
        };
        Self::with(Arc::clone(&causes.lines), who, eyes)
    }

    fn with(lines: Arc<Lines>, who: &Identity, eyes: Eyes) -> Self {
        Self { lines, who: who.clone(), eyes: Arc::new(eyes), wanted: Vec::new(), said: Vec::new(), under_way: None }
    }

    /// What the page shows from now on and rows do not explain: the first are looked into; and what it says of that and of
    /// others.
    pub(crate) fn want(&mut self, rows: impl IntoIterator<Item = Arc<Row>>, said: Vec<Said>) {
        (self.wanted, self.said) = (rows.into_iter().take(Self::MOST).collect(), said);
    }

    /// Waits until something else is to be said of one of them. Safe to cancel: what is under way goes on at the next call.
    pub(crate) async fn next(&mut self) {
        loop {
            let ends = self.ends(Instant::now());
            if let Some(seeking) = &mut self.under_way {
                tokio::select! {
                    _ = seeking => self.under_way = None,
                    // However long it takes, what is shown must go in time.
                    () = at(ends) => {}
                }
            }
            match self.plan(Instant::now()) {
                Next::Seek(_) | Next::Wait(_) if self.under_way.is_some() => {}
                Next::Tell => return,
                Next::Wait(until) => at(until).await,
                Next::Seek(row) => {
                    let now = Instant::now();
                    match self.lines.turn(&self.who, now) {
                        Ok(turn) => {
                            let seeking = tokio::spawn(seek(Arc::clone(&self.eyes), turn, row));
                            self.under_way = Some(AbortOnDropHandle::new(seeking));
                        }
                        Err(wait) => {
                            let again = now + wait;
                            at(Some(self.ends(now).map_or(again, |ends| ends.min(again)))).await;
                        }
                    }
                }
            }
        }
    }

    fn plan(&self, now: Instant) -> Next {
        let mine = self.lines.of(&self.who);
        let is_told = |row: &Row| self.said.iter().any(|said| said.is_of(row));
        let is_news = |row: &Arc<Row>| !is_told(row) && mine.recall(row, now).is_some();
        if !self.said.iter().all(|said| said.goes_on(&mine, now)) || self.wanted.iter().any(is_news) {
            return Next::Tell;
        }
        let mut first = ends(&self.said, &mine, now);
        for row in &self.wanted {
            let (due, _) = mine.due(row, now);
            if due <= now {
                return Next::Seek(Arc::clone(row));
            }
            first = Some(first.map_or(due, |first| first.min(due)));
        }
        Next::Wait(first)
    }

    /// When the first of what is said must not be said any more.
    fn ends(&self, now: Instant) -> Option<Instant> {
        ends(&self.said, &self.lines.of(&self.who), now)
    }
}

fn ends(said: &[Said], mine: &Mine, now: Instant) -> Option<Instant> {
    said.iter().filter_map(|said| said.ends(mine, now)).filter(|ends| *ends > now).min()
}

/// Waits for a moment; without one, for ever.
async fn at(moment: Option<Instant>) {
    match moment {
        Some(moment) => sleep_until(moment).await,
        None => pending().await,
    }
}

/// Finds out why one object is not ready. Logs are not read: whoever looks at a list has not asked for any.
async fn seek(eyes: Arc<Eyes>, mut turn: Turn, row: Arc<Row>) {
    let lines = turn.lines();
    let Some(_seat) = lines.seat().await else { return };
    turn.begin();
    let at = Instant::now();
    let end = at + Causes::PATIENCE;
    let object = match tokio::time::timeout_at(end, (eyes.read)(&row.key)).await {
        Ok(Ok(object)) => object,
        Ok(Err(ObjectError::Unanswered(_))) | Err(_) => return turn.fail(&row, 1, at),
        Ok(Err(_)) => return turn.end(row, Found::Nothing, 1, at),
    };
    let look = |lookup: &Lookup| match lookup {
        Lookup::LastWords { .. } => ready(Finding::Missing).boxed(),
        _ => (eyes.look_up)(lookup),
    };
    let most = Lines::REQUESTS as usize - 1;
    let limits = Limits { lookups: most, end, seats: None };
    let mut evidence = Evidence::default();
    let found = find_out((&row.key, &object), limits, &look, &mut evidence).await;
    let requests = u32::try_from(evidence.len().min(most)).unwrap_or(Lines::REQUESTS) + 1;
    let found = match found {
        Some(why) if why.cause != Cause::Unknown => Found::Why(Arc::new(why)),
        _ => Found::Nothing,
    };
    match (evidence.is_whole(), evidence.len() > most) {
        (true, _) => turn.end(row, found, requests, at),
        // What would take more than that is for the object's own page.
        (false, true) => turn.end(row, Found::Nothing, requests, at),
        (false, false) => turn.fail(&row, requests, at),
    }
}

#[cfg(test)]
mod tests;
