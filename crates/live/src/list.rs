use std::{sync::Arc, time::Duration};

use fanlight_model::{Kind, Row, State};

/// One page of a list, as one viewer may see it at one moment.
#[derive(Debug, Clone, PartialEq)]
pub struct List {
    /// The rows of the asked page, in order.
    pub rows: Vec<Arc<Row>>,
    /// How many rows match the query, on all pages.
    pub matching: usize,
    /// How many rows of the page's kinds the viewer may see, whatever the query.
    pub in_sight: usize,
    /// Which page this is, from 0; the last one if the asked one does not exist.
    pub page: usize,
    /// How many pages there are, at least 1.
    pub pages: usize,
    /// Rows by [`State::index`] that match everything in the query but its states.
    pub states: [usize; State::ALL.len()],
    /// Kinds in sight with their number of rows, whatever the query.
    pub kinds: Vec<(Kind, usize)>,
    /// Kinds of the rows that match the query with their number, on all pages.
    pub found: Vec<(Kind, usize)>,
    /// Namespaces in sight with their number of rows, whatever the query; sorted.
    pub namespaces: Vec<(Arc<str>, usize)>,
    /// Tenants in sight with their number of rows, whatever the query; sorted.
    pub tenants: Vec<(Arc<str>, usize)>,
    /// For each asked kind, how far the viewer sees.
    pub sights: Vec<(Kind, Sight)>,
    /// Kinds of which not everything that the viewer may see has been read so far.
    pub unread: Vec<Kind>,
    /// Kinds and namespaces of these rows whose objects the API server does not let the viewer change, as far as it
    /// was asked; sorted.
    pub fixed: Vec<(Kind, Arc<str>)>,
    /// Whether the rows are what the API server has at this moment.
    pub freshness: Freshness,
}

impl List {
    /// Whether everything around the rows is the same, and the rows are of the same objects in the same order, whatever
    /// these are like.
    pub fn differs_in_rows_only(&self, other: &Self) -> bool {
        let Self {
            rows,
            matching,
            in_sight,
            page,
            pages,
            states,
            kinds,
            found,
            namespaces,
            tenants,
            sights,
            unread,
            fixed,
            freshness,
        } = self;
        (matching, in_sight, page, pages) == (&other.matching, &other.in_sight, &other.page, &other.pages)
            && (states, kinds, found) == (&other.states, &other.kinds, &other.found)
            && (namespaces, tenants) == (&other.namespaces, &other.tenants)
            && (sights, unread, fixed) == (&other.sights, &other.unread, &other.fixed)
            && *freshness == other.freshness
            && rows.iter().map(|row| &row.key).eq(other.rows.iter().map(|row| &row.key))
    }
}

/// How far somebody sees the objects of a kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sight {
    /// The kind is not installed in the cluster.
    NotInstalled,
    /// Everywhere.
    Everywhere,
    /// In this many namespaces.
    Namespaces(usize),
    /// Nowhere.
    Nothing,
    /// The API server has not said so far, or so long ago that it must not be trusted.
    Unknown,
}

/// How old the rows of a list are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Freshness {
    /// As the API server has them at this moment.
    Current,
    /// First lists are still being read; what is not read yet is not shown.
    Loading {
        /// Lists that are complete.
        ready: usize,
        /// Lists that are needed.
        of: usize,
        /// The age of what is shown meanwhile, if it is not current.
        age: Option<Duration>,
    },
    /// A feed is broken: its rows are as they were this long ago.
    Stale {
        /// Time since the oldest of them was known to be right.
        age: Duration,
    },
    /// More scopes are looked at than can be watched at once, so that some are listed in turn.
    Rotating {
        /// Time since the oldest of the lists in sight was asked for.
        age: Duration,
    },
}
