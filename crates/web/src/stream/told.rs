use std::{
    collections::HashMap,
    hash::{DefaultHasher, Hash, Hasher},
    sync::Arc,
};

use fanlight_model::{ObjectKey, Row};

use crate::page::aside::Aside;

/// What a browser has been told, as little of it as it takes to know what is new.
#[derive(Debug, Default)]
pub(crate) struct Told {
    pieces: HashMap<&'static str, u64>,
    rows: Option<Vec<(Arc<Row>, Aside)>>,
}

impl Told {
    /// The piece, if the browser does not have it like that.
    pub(crate) fn piece(&mut self, id: &'static str, html: String) -> Option<String> {
        let mut hasher = DefaultHasher::new();
        html.hash(&mut hasher);
        let hash = hasher.finish();
        (self.pieces.insert(id, hash) != Some(hash)).then_some(html)
    }

    /// Those of the pieces that the browser does not have like that, one after the other.
    pub(crate) fn pieces(
        &mut self,
        pieces: impl IntoIterator<Item = (&'static str, askama::Result<String>)>,
    ) -> String {
        pieces.into_iter().filter_map(|(id, html)| self.piece(id, html.unwrap_or_default())).collect()
    }

    /// The rows that the browser does not have like that, with what is said of them; `None` if it has all of them, in this
    /// order and no others.
    pub(crate) fn rows(&mut self, rows: &[(Arc<Row>, Aside)]) -> Option<Vec<(Arc<Row>, Aside)>> {
        let Some(before) = self.rows.replace(rows.to_vec()) else { return Some(rows.to_vec()) };
        let same = |old: &(Arc<Row>, Aside), new: &(Arc<Row>, Aside)| {
            (Arc::ptr_eq(&old.0, &new.0) || old.0 == new.0) && old.1 == new.1
        };
        let same_order = before.len() == rows.len() && before.iter().zip(rows).all(|(old, new)| old.0.key == new.0.key);
        if same_order && before.iter().zip(rows).all(|(old, new)| same(old, new)) {
            return None;
        }
        let known: HashMap<&ObjectKey, &(Arc<Row>, Aside)> = before.iter().map(|row| (&row.0.key, row)).collect();
        let has = |row: &(Arc<Row>, Aside)| known.get(&row.0.key).is_some_and(|old| same(old, row));
        let changed: Vec<_> = rows.iter().filter(|row| !has(row)).cloned().collect();
        (!same_order || !changed.is_empty()).then_some(changed)
    }
}

#[cfg(test)]
mod tests {
    use fanlight_model::{Facts, Kind, Links};

    use super::*;

    fn row(name: &str, version: u64) -> (Arc<Row>, Aside) {
        let key = ObjectKey::new(Kind::KUSTOMIZATION, "apps", name);
        let row = Row::new(key, version, Links::default(), &Facts::new(Kind::KUSTOMIZATION));
        (Arc::new(row), Aside::default())
    }

    #[test]
    fn only_rows_that_differ_are_told_again() {
        let mut told = Told::default();
        let first = [row("a", 1), row("b", 1)];
        assert_eq!(told.rows(&first).map(|rows| rows.len()), Some(2), "the first time all");
        assert_eq!(told.rows(&first), None);
        let changed = [first[0].clone(), row("b", 2)];
        assert_eq!(told.rows(&changed), Some(vec![row("b", 2)]));
        let turned = [changed[1].clone(), changed[0].clone()];
        assert_eq!(told.rows(&turned), Some(vec![]), "another order of known rows");
        assert_eq!(told.rows(&turned[..1]), Some(vec![]), "one row less");
        assert_eq!(told.rows(&[]), Some(vec![]));
        assert_eq!(told.rows(&[]), None);
    }

    #[test]
    fn a_row_is_told_again_when_something_else_is_said_of_it() {
        let mut told = Told::default();
        let first = [row("a", 1), row("b", 1)];
        told.rows(&first);
        let why = Aside { why: Some("an image cannot be pulled".into()), ..Aside::default() };
        let explained = [first[0].clone(), (Arc::clone(&first[1].0), why)];
        assert_eq!(told.rows(&explained), Some(vec![explained[1].clone()]));
        assert_eq!(told.rows(&explained), None);
        assert_eq!(told.rows(&first), Some(vec![first[1].clone()]), "and when it is said no more");
    }

    #[test]
    fn a_piece_is_told_once() {
        let mut told = Told::default();
        assert!(told.piece("count", "1".to_owned()).is_some());
        assert!(told.piece("count", "1".to_owned()).is_none());
        assert!(told.piece("count", "2".to_owned()).is_some());
    }
}
