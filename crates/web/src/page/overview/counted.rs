use fanlight_live::{Counts, Summary};
use fanlight_model::{Kind, Query, State};

use crate::{
    frame::Frame,
    page::list::{ListPage, address},
    status::StatusView,
};

/// How many objects of a kind are in which state; each number leads to their list.
pub(super) struct KindCounts {
    pub(super) kind: &'static str,
    pub(super) link: String,
    pub(super) total: usize,
    pub(super) states: Vec<StateCount>,
}

/// How many objects of a kind are in one state.
pub(super) struct StateCount {
    pub(super) status: StatusView,
    pub(super) count: usize,
    pub(super) link: String,
}

impl KindCounts {
    pub(super) fn all(summary: &Summary, frame: &Frame) -> Vec<Self> {
        summary.kinds.iter().map(|(kind, counts)| Self::of(*kind, counts, frame)).collect()
    }

    fn of(kind: Kind, counts: &Counts, frame: &Frame) -> Self {
        let page = ListPage::of(kind);
        // A list of one kind need not be told which.
        let kinds = if page.kinds.len() > 1 { vec![kind] } else { Vec::new() };
        let to = |states: Vec<State>| {
            address(&frame.base, page.path, &Query { kinds: kinds.clone(), states, ..Query::default() })
        };
        let there = State::ALL.into_iter().filter(|state| counts[state.index()] > 0);
        let states = there.map(|state| StateCount {
            status: StatusView::of(state),
            count: counts[state.index()],
            link: to(vec![state]),
        });
        Self { kind: kind.info().name, link: to(Vec::new()), total: counts.iter().sum(), states: states.collect() }
    }
}

/// What fails beyond what the page names.
pub(super) struct Rest {
    pub(super) count: usize,
    /// For each list that has any failing object: its word, how many those are, and the address that shows them.
    pub(super) lists: Vec<(&'static str, usize, String)>,
}

impl Rest {
    pub(super) fn of(summary: &Summary, frame: &Frame) -> Self {
        const STATES: [State; 2] = [State::Failed, State::Stalled];
        let failing = |counts: &Counts| STATES.iter().map(|state| counts[state.index()]).sum::<usize>();
        let mut lists: Vec<(&ListPage, usize)> = Vec::new();
        for (kind, counts) in &summary.kinds {
            let page = ListPage::of(*kind);
            match lists.iter_mut().find(|(list, _)| list.path == page.path) {
                Some((_, count)) => *count += failing(counts),
                None => lists.push((page, failing(counts))),
            }
        }
        let all: usize = lists.iter().map(|(_, count)| count).sum();
        let query = Query { states: STATES.into(), ..Query::default() };
        let links = lists.into_iter().filter(|(_, count)| *count > 0);
        Self {
            count: all.saturating_sub(summary.failing.len()),
            lists: links.map(|(list, count)| (list.word(), count, address(&frame.base, list.path, &query))).collect(),
        }
    }
}
