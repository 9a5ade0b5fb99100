mod shelf;

use std::{future::Future, sync::Arc, time::Duration};

use fanlight_model::{Controller, Definition, Identity, Workloads};

use crate::{ObjectError, Objects};
use shelf::{Limits, Shelf};

/// What was read a moment ago, for those in whose name it was read and for nobody else: so that a page costs the API server
/// nothing when it is opened again.
pub struct Lately {
    controllers: Shelf<Identity, Arc<[Controller]>>,
    definitions: Shelf<Identity, Arc<[Definition]>>,
    /// By who asked and for which namespaces.
    workloads: Shelf<(Identity, Vec<String>), Arc<Workloads>>,
}

impl Default for Lately {
    fn default() -> Self {
        let rows = Limits {
            holds: Self::LISTS_HOLD,
            patience: Self::LISTS_PATIENCE,
            most: Self::ROWS,
            weigh: |found: &Arc<Workloads>| found.rows.len() + 1,
        };
        Self {
            controllers: Shelf::new(Self::people()),
            definitions: Shelf::new(Self::people()),
            workloads: Shelf::new(rows),
        }
    }
}

impl Lately {
    /// How long an answer is used, or that there was none: like a grant, with whatever time it is shown never for half a
    /// minute.
    pub(crate) const HOLDS: Duration = Duration::from_secs(14);
    /// The same of lists that are read again every ten seconds: not for so long that an open page misses one reading.
    pub(crate) const LISTS_HOLD: Duration = Duration::from_secs(9);
    /// How long a refusal is believed, which shows nothing.
    const REFUSED: Duration = Duration::from_secs(60);
    /// How long an answer is waited for: everything else on the page is in memory.
    pub(crate) const PATIENCE: Duration = Duration::from_secs(2);
    /// How long lists are: there is nothing else on their page.
    pub(crate) const LISTS_PATIENCE: Duration = Duration::from_secs(8);
    /// For how many people at most anything is kept.
    const MOST: usize = 256;
    /// How many rows of lists are kept for all of them together.
    const ROWS: usize = 20_000;

    /// Flux's controllers, as this person may see them.
    pub(crate) async fn controllers(
        &self,
        objects: &dyn Objects,
        who: &Identity,
    ) -> Result<Arc<[Controller]>, ObjectError> {
        let read = async || objects.controllers(who).await.map(Into::into);
        self.controllers.held_or(who.clone(), read).await
    }

    /// The definitions of Flux's kinds, as this person may see them.
    pub(crate) async fn definitions(
        &self,
        objects: &dyn Objects,
        who: &Identity,
    ) -> Result<Arc<[Definition]>, ObjectError> {
        let read = async || objects.definitions(who).await.map(Into::into);
        self.definitions.held_or(who.clone(), read).await
    }

    /// What runs in these namespaces, or wherever this person may look.
    pub(crate) async fn workloads<F>(
        &self,
        who: &Identity,
        namespaces: &[String],
        read: impl FnOnce() -> F,
    ) -> Result<Arc<Workloads>, ObjectError>
    where
        F: Future<Output = Result<Workloads, ObjectError>>,
    {
        let read = || {
            let read = read();
            async move { read.await.map(Arc::new) }
        };
        self.workloads.held_or((who.clone(), namespaces.to_vec()), read).await
    }

    /// The limits of what is one answer for each person.
    fn people<T: ?Sized>() -> Limits<Arc<T>> {
        Limits { holds: Self::HOLDS, patience: Self::PATIENCE, most: Self::MOST, weigh: |_| 1 }
    }
}
