//! A summary of rows, made in one walk and without copying any that it does not name.

use std::sync::Arc;

use fanlight_model::{Kind, Row, Sort, State};

use super::{
    Sightline,
    cover::Covers,
    shelf::{Entry, Shelf},
};
use crate::{Counts, Freshness, Summary};

impl Shelf {
    /// A summary, cut to what the sightlines allow, with `most` rows of each sort; what depends on more than rows is left
    /// to the caller.
    pub(super) fn summary(&self, covers: &Covers, sightlines: &[Sightline], most: usize) -> Summary {
        let cuts = self.cuts(covers, sightlines);
        let mut counts = [Counts::default(); Kind::COUNT];
        let mut namespaces = vec![false; self.bound()];
        let (mut failing, mut latest, mut roots) = (Vec::new(), Vec::new(), Vec::new());
        for entry in self.in_order(Sort::Since) {
            if !entry.is_within(&cuts) {
                continue;
            }
            let Entry { row, place, kind, state } = entry;
            counts[kind.index()][state.index()] += 1;
            namespaces[place.space.index()] = true;
            if is_failing(*state) {
                keep(&mut failing, row, most);
            } else if row.since.is_some() && *state != State::Configured {
                keep(&mut latest, row, most);
            }
            if row.applier.is_root() {
                roots.push(Arc::clone(row));
            }
        }
        // Everything else from Git came after the root. Whatever changes later may have been made to look like one.
        let age = |row: &Arc<Row>| (row.created.is_none(), row.created);
        roots.sort_by(|a, b| age(a).cmp(&age(b)).then_with(|| a.key.cmp(&b.key)));
        let more_roots = roots.len().saturating_sub(Summary::ROOTS);
        roots.truncate(Summary::ROOTS);
        let of_kind = |line: &Sightline| (line.kind, counts[line.kind.index()]);
        Summary {
            kinds: sightlines.iter().map(of_kind).filter(|(_, counts)| counts.iter().any(|rows| *rows > 0)).collect(),
            namespaces: namespaces.into_iter().filter(|has_rows| *has_rows).count(),
            failing,
            latest,
            roots,
            more_roots,
            sights: Vec::new(),
            freshness: Freshness::Current,
        }
    }
}

/// Whether somebody has to do something about it: what waits or moves may get well by itself.
fn is_failing(state: State) -> bool {
    matches!(state, State::Failed | State::Stalled)
}

fn keep(rows: &mut Vec<Arc<Row>>, row: &Arc<Row>, most: usize) {
    if rows.len() < most {
        rows.push(Arc::clone(row));
    }
}
