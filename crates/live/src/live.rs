use std::{collections::BTreeSet, sync::Arc};

use fanlight_model::{Identity, Kind};
use tokio::{
    sync::{mpsc, oneshot, watch},
    time::{Instant, timeout, timeout_at},
};
use tokio_util::sync::CancellationToken;

use crate::{
    Access, Feeds, Figures, Pace, Reviews, SessionKey, Visit, Visitor,
    asking::Asker,
    crew::Crew,
    desk::{Desk, Message, Seat, State},
    figures::Counted,
    people::Person,
    presence::Wish,
    store::Store,
    visit::Lease,
};

/// The shared views: one per server. Cheap to clone.
#[derive(Clone)]
pub struct Live {
    store: Arc<Store>,
    desk: mpsc::UnboundedSender<Message>,
    installed: watch::Receiver<Option<Arc<BTreeSet<Kind>>>>,
    counted: Arc<Counted>,
    pace: Pace,
}

/// What [`Live`] is made of.
pub struct Parts {
    /// Lists and watches.
    pub feeds: Arc<dyn Feeds>,
    /// Access reviews.
    pub reviews: Arc<dyn Reviews>,
    /// The namespaces that exist, sorted; `None` until known.
    pub namespaces: watch::Receiver<Option<Arc<[Arc<str>]>>>,
    /// The kinds that are installed; `None` until known.
    pub installed: watch::Receiver<Option<Arc<BTreeSet<Kind>>>>,
    /// How often things happen.
    pub pace: Pace,
}

impl Live {
    /// Starts the one task behind it, which ends with `shutdown`.
    pub fn start(parts: Parts, shutdown: CancellationToken) -> Live {
        let store = Arc::new(Store::new());
        let (post, inbox) = mpsc::unbounded_channel();
        let counted = Arc::new(Counted::default());
        let desk = Desk {
            asker: Asker::new(parts.reviews),
            crew: Crew::new(parts.feeds, Arc::clone(&store), parts.pace.clone(), post.clone()),
            pace: parts.pace.clone(),
            epoch: Instant::now(),
            namespaces: parts.namespaces,
            installed: parts.installed.clone(),
            post: post.clone(),
            counted: Arc::clone(&counted),
            state: State::default(),
        };
        tokio::spawn(desk.run(inbox, shutdown));
        Live { store, desk: post, installed: parts.installed, counted, pace: parts.pace }
    }

    /// Opens a view of some kinds.
    ///
    /// Returns when it is known what the visitor may see and those rows are there, or when [`Pace::patience`] is over;
    /// what is missing then arrives as a change. While the visit lives, feeds may run in the visitor's name.
    pub async fn visit(&self, visitor: &Visitor, kinds: &[Kind]) -> Visit {
        let mut visit = self.visit_at_once(visitor, kinds).await;
        visit.settle().await;
        visit
    }

    /// The same with what is known and there at this moment.
    pub async fn visit_at_once(&self, visitor: &Visitor, kinds: &[Kind]) -> Visit {
        let (person, lease) = self.enter(visitor, Wish { kinds: kinds.iter().copied().collect(), sees: true }).await;
        Visit::new(person, kinds, Arc::clone(&self.store), self.installed.clone(), &self.pace, lease)
    }

    /// What a visitor may do with the kinds that are installed, as the API server said within [`Pace::trust`]; looks at no
    /// object.
    ///
    /// Returns when everything is known, or when [`Pace::thought`] is over.
    pub async fn access(&self, visitor: &Visitor) -> Access {
        let (person, _lease) = self.enter(visitor, Wish { kinds: Kind::all().collect(), sees: false }).await;
        let oldest = person.grant().changes.oldest();
        // Beside lists, what may be changed is asked about too seldom for this.
        if oldest.is_some_and(|asked| asked.elapsed() > self.pace.trust) {
            self.recheck(&visitor.identity).await;
        }
        let mut news = person.news();
        let deadline = Instant::now() + self.pace.thought;
        loop {
            let installed = self.installed.borrow().clone().unwrap_or_default();
            let access = Access::of(&person.grant(), &installed, &self.pace, self.counted.survey());
            let is_known = !installed.is_empty() && access.is_known();
            if is_known || timeout_at(deadline, news.changed()).await.is_err() {
                return access;
            }
        }
    }

    async fn enter(&self, visitor: &Visitor, wish: Wish) -> (Arc<Person>, Option<Lease>) {
        let (seat, taken) = oneshot::channel();
        let _ = self.desk.send(Message::Enter { visitor: visitor.clone(), wish, seat });
        match taken.await {
            Ok(Seat { person, id, lease, over }) => {
                (person, Some(Lease { desk: self.desk.clone(), person: id, lease, over }))
            }
            // The server is going down: a visit to an empty house.
            Err(_) => (Arc::new(Person::new(visitor.identity.clone())), None),
        }
    }

    /// The kinds that are installed; `None` until known.
    pub fn installed(&self) -> Option<Arc<BTreeSet<Kind>>> {
        self.installed.borrow().clone()
    }

    /// How much is going on; the desk counts anew four times a second.
    pub fn figures(&self) -> Figures {
        self.counted.with_rows(self.store.count())
    }

    /// A session has ended: from this moment nothing runs in its name.
    pub fn leave(&self, session: SessionKey) {
        let _ = self.desk.send(Message::Leave(session));
    }

    /// Asks everything about a person again, for rights they have gained. The questions are on their way when it returns;
    /// what it returns ends when they are answered.
    pub fn recheck(&self, who: &Identity) -> impl Future<Output = ()> + Send + use<> {
        let (done, answered) = oneshot::channel();
        let _ = self.desk.send(Message::Recheck { who: who.clone(), done });
        let patience = self.pace.thought;
        async move {
            let _ = timeout(patience, answered).await;
        }
    }
}
