use std::{collections::BTreeSet, sync::Arc};

use fanlight_identity::Session;
use fanlight_live::{Access, Extent};
use fanlight_model::{Answer, Deed, EventFilter};

use crate::{App, signed::visitor};

/// Where Events are read for somebody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Places {
    /// The namespaces; `None` for the whole cluster at once.
    pub(super) namespaces: Vec<Option<Arc<str>>>,
    /// How many namespaces more there would have been.
    pub(super) left_out: usize,
}

impl Places {
    /// In how many single namespaces Events are read: each costs a watch for each page.
    const MOST: usize = 20;

    /// The namespaces that are asked for; else everywhere, if that is allowed; else wherever any of Flux's objects are seen.
    pub(super) async fn find(app: &App, session: &Session, filter: &EventFilter) -> Self {
        if !filter.namespaces.is_empty() {
            return Self::of(filter.namespaces.iter().map(|name| Arc::from(&**name)));
        }
        let deed = Deed { verb: "list".to_owned(), resource: "events".to_owned(), ..Deed::default() };
        match app.rights.verdict(&session.identity, &deed).await.answer {
            // If it cannot be told, the attempt will.
            Answer::Yes | Answer::Unknown => Self { namespaces: vec![None], left_out: 0 },
            Answer::No => Self::of(sees(&app.live.access(&visitor(app, session)).await).into_iter()),
        }
    }

    fn of(namespaces: impl Iterator<Item = Arc<str>>) -> Self {
        let mut namespaces: Vec<_> = namespaces.map(Some).collect();
        let left_out = namespaces.len().saturating_sub(Self::MOST);
        namespaces.truncate(Self::MOST);
        Self { namespaces, left_out }
    }
}

/// Where somebody sees anything of Flux.
fn sees(access: &Access) -> BTreeSet<Arc<str>> {
    let named = access.kinds.iter().filter_map(|kind| match &kind.see {
        Extent::Namespaces(namespaces) => Some(namespaces.iter().cloned()),
        _ => None,
    });
    named.flatten().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_very_many_namespaces_some_are_left_out_and_counted() {
        let names = (0..25).map(|number| Arc::from(format!("team-{number}")));
        let places = Places::of(names);
        assert_eq!((places.namespaces.len(), places.left_out), (Places::MOST, 5));
    }
}
