use std::{collections::BTreeSet, sync::Arc};

use fanlight_model::{Identity, Kind};
use tokio::sync::{mpsc, oneshot, watch};
use tokio_util::sync::CancellationToken;

use crate::{
    Feeds, Pace, Reviews, SessionKey, Visit, Visitor,
    asking::Asker,
    desk::{Desk, Message, Seat, State},
    people::{Kinds, Person},
    store::Store,
    visit::Lease,
};

/// The shared views: one per server. Cheap to clone.
#[derive(Clone)]
pub struct Live {
    store: Arc<Store>,
    desk: mpsc::UnboundedSender<Message>,
    installed: watch::Receiver<Option<Arc<BTreeSet<Kind>>>>,
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
        let desk = Desk {
            feeds: parts.feeds,
            asker: Asker::new(parts.reviews),
            store: Arc::clone(&store),
            pace: parts.pace.clone(),
            namespaces: parts.namespaces,
            installed: parts.installed.clone(),
            post: post.clone(),
            state: State::default(),
        };
        tokio::spawn(desk.run(inbox, shutdown));
        Live { store, desk: post, installed: parts.installed, pace: parts.pace }
    }

    /// Opens a view of some kinds.
    ///
    /// Returns when it is known what the visitor may see and those rows are there, or when [`Pace::patience`] is over;
    /// what is missing then arrives as a change. While the visit lives, feeds may run in the visitor's name.
    pub async fn visit(&self, visitor: &Visitor, kinds: &[Kind]) -> Visit {
        let (seat, taken) = oneshot::channel();
        let wanted: Kinds = kinds.iter().copied().collect();
        let _ = self.desk.send(Message::Enter { visitor: visitor.clone(), kinds: wanted, seat });
        let (person, lease) = match taken.await {
            Ok(Seat { person, id, lease, over }) => {
                (person, Some(Lease { desk: self.desk.clone(), person: id, lease, over }))
            }
            // The server is going down: a visit to an empty house.
            Err(_) => (Arc::new(Person::new(visitor.identity.clone())), None),
        };
        let mut visit = Visit::new(person, kinds, Arc::clone(&self.store), self.installed.clone(), &self.pace, lease);
        visit.settle().await;
        visit
    }

    /// A session has ended: from this moment nothing runs in its name.
    pub fn leave(&self, session: SessionKey) {
        let _ = self.desk.send(Message::Leave(session));
    }

    /// Asks everything about a person again, for rights they have gained.
    pub fn recheck(&self, identity: &Identity) {
        let _ = self.desk.send(Message::Recheck(identity.clone()));
    }
}
