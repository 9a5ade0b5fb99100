//! An open page with its stream.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex, PoisonError},
};

use fanlight_live::{List, Live, Scopes, Visit, Visitor};
use fanlight_model::{Kind, ObjectKey, Query};
use tokio::{
    task::JoinHandle,
    time::{Instant, sleep_until},
};

/// What a browser shows.
#[derive(Debug, Clone)]
pub(crate) struct Shown {
    pub(crate) list: List,
    pub(crate) scopes: Vec<(Kind, Scopes)>,
    /// Since when.
    pub(crate) at: Instant,
}

impl Shown {
    fn of(visit: &mut Visit) -> Self {
        let list = visit.list(&Query::default());
        Self { list, scopes: visit.scopes(), at: Instant::now() }
    }

    /// What is in sight, by key.
    pub(crate) fn keys(&self) -> BTreeSet<ObjectKey> {
        self.list.rows.iter().map(|row| row.key.clone()).collect()
    }
}

/// Somebody’s page, which is loaded again and again, and its stream.
pub(crate) struct View {
    pub(crate) who: &'static str,
    pub(crate) visitor: Visitor,
    pub(crate) kinds: Vec<Kind>,
    pub(crate) since: Instant,
    page: Visit,
    told: Arc<Mutex<Shown>>,
    stream: JoinHandle<()>,
    /// What page and stream showed when they were last looked at.
    pub(crate) before: [BTreeSet<ObjectKey>; 2],
}

impl View {
    pub(crate) async fn open(live: &Live, who: &'static str, visitor: Visitor, kinds: Vec<Kind>) -> Self {
        let since = Instant::now();
        let (page, mut visit) = tokio::join!(live.visit(&visitor, &kinds), live.visit(&visitor, &kinds));
        let told = Arc::new(Mutex::new(Shown::of(&mut visit)));
        let (tell, ends) = (Arc::clone(&told), visitor.ends);
        let stream = tokio::spawn(async move {
            let over = visit.over();
            loop {
                tokio::select! {
                    biased;
                    () = over.cancelled() => return,
                    () = sleep_until(ends) => return,
                    () = visit.changed() => {}
                }
                *tell.lock().unwrap_or_else(PoisonError::into_inner) = Shown::of(&mut visit);
            }
        });
        Self { who, visitor, kinds, since, page, told, stream, before: Default::default() }
    }

    /// Whether it ended, with its session.
    pub(crate) fn is_over(&self) -> bool {
        self.stream.is_finished()
    }

    /// What the page shows if it is loaded now.
    pub(crate) fn page(&mut self) -> Shown {
        Shown::of(&mut self.page)
    }

    /// What the stream has told.
    pub(crate) fn told(&self) -> Shown {
        self.told.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Drop for View {
    fn drop(&mut self) {
        self.stream.abort();
    }
}
