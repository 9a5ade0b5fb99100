use std::sync::Arc;

use super::{
    Branch, Cause, Clue, Explanation, Link,
    walk::{
        Walk,
        flux::{circle, missing_source, without_trouble},
        words::labelled_key,
    },
};
use crate::{Kind, ObjectKey, Row, State};

/// What is known of other objects without asking anybody, to one person.
pub trait Hearsay {
    /// The row of an object, if they may see it.
    fn row(&self, key: &ObjectKey) -> Option<Arc<Row>>;

    /// What a row says by itself.
    fn clue(&self, row: &Row) -> Arc<Clue> {
        Arc::new(Clue::of(row))
    }

    /// Why it is not ready, if that was found out for them a moment ago.
    fn found(&self, row: &Row) -> Option<Arc<Explanation>>;
}

/// Why an object is not ready, as far as rows tell: by its own words, or by those of what it waits for.
///
/// Nothing if they do not tell, however much could be found out by looking.
pub fn glance(row: &Row, known: &dyn Hearsay) -> Option<Explanation> {
    let branch = if row.state.is_in_trouble() { look(row, known, &mut Vec::new()) } else { None }?;
    (branch.end.cause != Cause::Unknown).then(|| Explanation::new(branch))
}

/// Whether looking at more than rows may tell more of why an object is not ready.
pub fn leads_further(row: &Row, clue: &Clue) -> bool {
    const APPLY: [Kind; 4] = [Kind::KUSTOMIZATION, Kind::HELM_RELEASE, Kind::RESOURCE_SET, Kind::FLUX_INSTANCE];
    match row.state {
        State::Failed | State::Stalled | State::Waiting => !clue.leads().is_empty() || APPLY.contains(&row.key.kind),
        State::Progressing => Kind::APPLICATIONS.contains(&row.key.kind),
        State::Deleting => true,
        State::Suspended | State::NotReconciled | State::Ready | State::Configured => false,
    }
}

fn look(row: &Row, known: &dyn Hearsay, path: &mut Vec<ObjectKey>) -> Option<Branch> {
    if path.len() >= Walk::DEPTH || path.contains(&row.key) {
        return None;
    }
    path.push(row.key.clone());
    let branch = without_trouble(row).or_else(|| trouble(row, known, path));
    path.pop();
    Some(branch?.after(Link::flux(&row.key, &*row.sentence).since(row.since)))
}

fn trouble(row: &Row, known: &dyn Hearsay, path: &mut Vec<ObjectKey>) -> Option<Branch> {
    if row.state == State::Deleting {
        return found(row, known, path);
    }
    match &*known.clue(row) {
        Clue::Waits { on, rest } => {
            let label = labelled_key(on);
            if path.contains(on) {
                return Some(circle(row, &label));
            }
            let branch = look(&*known.row(on)?, known, path)?;
            // Whether it is asked for more than to be ready, no row tells.
            let is_told = branch.end.cause != Cause::Passing || rest.starts_with("revision");
            is_told.then(|| branch.awaited(label, rest, None))
        }
        Clue::Foreign => None,
        Clue::SourceMissing { kind, name } => Some(missing_source(row, kind, name)),
        Clue::Source(key) => Some(look(&*known.row(key)?, known, path)?.of_source(&labelled_key(key))),
        Clue::Means(cause, because) => Some(Branch::new(*cause, because.as_str())),
        Clue::Others(applications) => {
            let mut branches = applications.iter().filter_map(|key| {
                let branch = look(&*known.row(key)?, known, path)?;
                branch.is_certain().then(|| branch.so(&format!("{} is not ready", labelled_key(key))))
            });
            branches.next().or_else(|| found(row, known, path))
        }
    }
}

/// What was found out before of an object on the way; of the one that is asked about, only its row counts.
fn found(row: &Row, known: &dyn Hearsay, path: &[ObjectKey]) -> Option<Branch> {
    let explanation = known.found(row).filter(|_| path.len() > 1)?;
    let branch = Branch::new(explanation.cause, explanation.because.as_str());
    Some(explanation.chain.iter().skip(1).fold(branch, |branch, link| branch.then(link.clone())))
}
