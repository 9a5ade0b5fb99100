//! What a page says of a row besides what is in it: from the viewer's other rows, and from what was found out for them.

use std::{
    cell::RefCell,
    collections::{HashMap, HashSet},
    sync::Arc,
};

use fanlight_model::{Clue, Explanation, Hearsay, Identity, ObjectKey, Row, Verification, glance, leads_further};
use tokio::time::Instant;

use crate::causes::{Hint, Lines, Mine, Said};

/// What is said of one row.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Aside {
    /// Why its object is not ready, if anything tells more than the row.
    pub(crate) why: Option<Arc<str>>,
    /// What became of the check of its source's signature, where somebody asked for one.
    pub(crate) verified: Option<Verification>,
}

/// What is said of the rows of one page.
pub(crate) struct Asides {
    /// Of each row, in their order.
    pub(crate) all: Vec<Aside>,
    /// The rows that other rows do not explain, and that may be explained by what lies behind them.
    pub(crate) unexplained: Vec<Arc<Row>>,
    /// What was found out before of rows, of these or of others, and is said.
    pub(crate) found: Vec<Said>,
}

/// One viewer's look at the rows around those of a page.
pub(crate) struct Around<'a> {
    /// Where what was found out is kept.
    pub(crate) lines: &'a Lines,
    pub(crate) who: &'a Identity,
    /// The rows of these objects, as far as the viewer may see them.
    pub(crate) find: &'a dyn Fn(&[ObjectKey]) -> Vec<Arc<Row>>,
    /// Whether it is said what became of the check of signatures.
    pub(crate) vouches: bool,
}

/// The rows around, and what was found out.
struct Sight<'a> {
    rows: HashMap<ObjectKey, Arc<Row>>,
    lines: &'a Lines,
    mine: Mine,
    now: Instant,
    /// What of that was told.
    told: RefCell<Vec<Said>>,
}

impl Hearsay for Sight<'_> {
    fn row(&self, key: &ObjectKey) -> Option<Arc<Row>> {
        self.rows.get(key).cloned()
    }

    fn clue(&self, row: &Row) -> Arc<Clue> {
        Arc::clone(&self.lines.hint(row).clue)
    }

    fn found(&self, row: &Row) -> Option<Arc<Explanation>> {
        let said = self.mine.recall(row, self.now)?;
        let why = Arc::clone(&said.why);
        self.told.borrow_mut().push(said);
        Some(why)
    }
}

impl Around<'_> {
    /// How many steps it is from a row to the last one that may explain it.
    const DEPTH: usize = 6;

    /// What is to be said of these rows; asks nobody.
    pub(crate) fn of(&self, rows: &[Arc<Row>]) -> Asides {
        let hints: Vec<_> = rows.iter().map(|row| self.hint(row)).collect();
        let known = self.gather(rows, &hints);
        let (mine, now) = (self.lines.of(self.who), Instant::now());
        let sight = Sight { rows: known, lines: self.lines, mine, now, told: RefCell::default() };
        let mut unexplained = Vec::new();
        let all = rows.iter().zip(&hints).map(|(row, hint)| {
            let vouched = if self.vouches { row.vouched_for_by() } else { None };
            let source = vouched.and_then(|key| sight.row(&key));
            let verified = source.and_then(|source| source.particulars.as_ref()?.verified);
            let why = why(row, hint.as_deref(), &sight, &mut unexplained);
            Aside { why, verified }
        });
        Asides { all: all.collect(), unexplained, found: sight.told.into_inner() }
    }

    /// The rows that may tell something of these.
    fn gather(&self, rows: &[Arc<Row>], hints: &[Option<Arc<Hint>>]) -> HashMap<ObjectKey, Arc<Row>> {
        let mut asked = HashSet::new();
        let vouching = rows.iter().filter(|_| self.vouches).filter_map(|row| row.vouched_for_by());
        let leading = hints.iter().flatten().flat_map(|hint| hint.clue.leads().to_vec());
        let mut next: Vec<_> = vouching.chain(leading).filter(|key| asked.insert(key.clone())).collect();
        let mut known = HashMap::new();
        for _ in 0..Self::DEPTH {
            if next.is_empty() {
                break;
            }
            let found = (self.find)(&next);
            let hints: Vec<_> = found.iter().filter_map(|row| self.hint(row)).collect();
            let leading = hints.iter().flat_map(|hint| hint.clue.leads().to_vec());
            next = leading.filter(|key| asked.insert(key.clone())).collect();
            known.extend(found.into_iter().map(|row| (row.key.clone(), row)));
        }
        known
    }

    /// What a row says; one that is in no trouble says nothing.
    fn hint(&self, row: &Row) -> Option<Arc<Hint>> {
        row.state.is_in_trouble().then(|| self.lines.hint(row))
    }
}

/// Why an object is not ready, from rows or else as it was found out; what rows do not tell, and what may lie behind them,
/// is `unexplained`.
fn why(row: &Arc<Row>, hint: Option<&Hint>, sight: &Sight<'_>, unexplained: &mut Vec<Arc<Row>>) -> Option<Arc<str>> {
    const NO_CLUE: Clue = Clue::Others(Vec::new());
    let told = match hint {
        Some(hint) if hint.clue.leads().is_empty() => hint.alone.clone(),
        Some(_) => glance(row, sight).map(|told| Arc::from(told.sentence)),
        None => None,
    };
    if told.is_some() || !leads_further(row, hint.map_or(&NO_CLUE, |hint| &hint.clue)) {
        return told;
    }
    unexplained.push(Arc::clone(row));
    Some(Arc::from(&*sight.found(row)?.sentence))
}

#[cfg(test)]
mod tests {
    use fanlight_model::{Facts, Kind, Links, Particulars, SourceLink, State, UserName};

    use super::*;

    fn row(key: &str, state: State, message: &str) -> Row {
        let key = ObjectKey::parse(key).expect("a key");
        let kind = key.kind;
        let row = Row::new(key, 1, Links::default(), &Facts::new(kind));
        Row { state, message: message.into(), sentence: "It is not ready".into(), ..row }
    }

    /// What is said of these rows, where others may be seen.
    fn said(rows: &[Row], others: &[Row]) -> (Vec<Aside>, Vec<String>) {
        let (lines, who) = (Lines::default(), Identity::of(UserName::new("ada").expect("a name")));
        let find = |keys: &[ObjectKey]| {
            let all = rows.iter().chain(others).filter(|row| keys.contains(&row.key));
            all.cloned().map(Arc::new).collect::<Vec<_>>()
        };
        let shared: Vec<_> = rows.iter().cloned().map(Arc::new).collect();
        let asides = Around { lines: &lines, who: &who, find: &find, vouches: true }.of(&shared);
        (asides.all, asides.unexplained.iter().map(|row| row.key.to_string()).collect())
    }

    #[test]
    fn what_waits_is_explained_by_the_row_at_the_end_of_the_chain_if_that_may_be_seen() {
        let shop = row("Kustomization/apps/shop", State::Waiting, "dependency 'apps/db' is not ready");
        let base = row("Kustomization/apps/db", State::Waiting, "dependency 'infra/base' is not ready");
        let broken = row(
            "Kustomization/infra/base",
            State::Failed,
            "kustomization path not found: stat /tmp/kustomization-1/base: no such file or directory",
        );
        let why = "The source has no path `base`; Kustomization `infra/base` fails by it, and this waits for it by way of one other";
        let (all, unexplained) = said(&[shop.clone(), base.clone()], &[broken]);
        assert_eq!(all[0].why.as_deref(), Some(why));
        assert_eq!(unexplained, [""; 0]);
        let (all, unexplained) = said(&[shop], &[base]);
        assert_eq!(all[0].why, None, "whoever may not see the end of it is told nothing of it");
        assert_eq!(unexplained, ["Kustomization/apps/shop"], "and it is looked up in their name");
    }

    #[test]
    fn what_rows_cannot_explain_is_to_be_looked_into_and_what_nothing_explains_is_not() {
        let unhealthy = "timeout waiting for: [Deployment/shop/cart status: 'InProgress']";
        let rows = [
            row("Kustomization/apps/shop", State::Failed, unhealthy),
            row("GitRepository/apps/odd", State::Failed, "the flux capacitor is out of plutonium"),
            row("Kustomization/apps/fine", State::Ready, unhealthy),
            row("Kustomization/apps/idle", State::Suspended, unhealthy),
            row("Bucket/apps/gone", State::Deleting, ""),
        ];
        let (all, unexplained) = said(&rows, &[]);
        assert!(all.iter().all(|aside| *aside == Aside::default()));
        assert_eq!(unexplained, ["Kustomization/apps/shop", "Bucket/apps/gone"]);
    }

    #[test]
    fn what_became_of_a_signature_is_told_from_the_source_in_its_own_namespace() {
        let applied_from = |name: &str, kind, namespace: &str, chart: Option<&str>| {
            let source =
                SourceLink { kind, namespace: namespace.into(), name: "fleet".into(), chart: chart.map(Arc::from) };
            Row { source: Some(source), ..row(name, State::Ready, "") }
        };
        let verified = |key: &str, verified| {
            let particulars = Particulars { verified, ..Particulars::default() };
            Row { particulars: Some(Box::new(particulars)), ..row(key, State::Ready, "") }
        };
        let rows = [
            applied_from("Kustomization/apps/shop", Kind::GIT_REPOSITORY, "infra", None),
            applied_from("Kustomization/apps/other", Kind::GIT_REPOSITORY, "apps", None),
            applied_from("HelmRelease/apps/till", Kind::HELM_REPOSITORY, "infra", Some("till")),
            applied_from("Kustomization/apps/far", Kind::OCI_REPOSITORY, "hidden", None),
        ];
        let sources = [
            verified("GitRepository/infra/fleet", Some(Verification::Right)),
            verified("GitRepository/apps/fleet", None),
            verified("HelmChart/infra/apps-till", Some(Verification::Wrong)),
        ];
        let told: Vec<_> = said(&rows, &sources).0.iter().map(|aside| aside.verified).collect();
        assert_eq!(told, [Some(Verification::Right), None, Some(Verification::Wrong), None]);
    }
}
