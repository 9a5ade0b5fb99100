use std::{
    collections::HashMap,
    hash::{DefaultHasher, Hash, Hasher},
    sync::Arc,
};

use fanlight_model::{ObjectKey, Row};

/// What a browser has been told, as little of it as it takes to know what is new.
#[derive(Debug, Default)]
pub(crate) struct Told {
    pieces: HashMap<&'static str, u64>,
    rows: Option<Vec<Arc<Row>>>,
}

impl Told {
    /// The piece, if the browser does not have it like that.
    pub(crate) fn piece(&mut self, id: &'static str, html: String) -> Option<String> {
        let mut hasher = DefaultHasher::new();
        html.hash(&mut hasher);
        let hash = hasher.finish();
        (self.pieces.insert(id, hash) != Some(hash)).then_some(html)
    }

    /// The rows that the browser does not have like that; `None` if it has all of them, in this order and no others.
    pub(crate) fn rows(&mut self, rows: &[Arc<Row>]) -> Option<Vec<Arc<Row>>> {
        let Some(before) = self.rows.replace(rows.to_vec()) else { return Some(rows.to_vec()) };
        let same_order = before.len() == rows.len() && before.iter().zip(rows).all(|(old, new)| old.key == new.key);
        if same_order && before.iter().zip(rows).all(|(old, new)| Arc::ptr_eq(old, new)) {
            return None;
        }
        let known: HashMap<&ObjectKey, &Arc<Row>> = before.iter().map(|row| (&row.key, row)).collect();
        let has = |row: &Arc<Row>| known.get(&row.key).is_some_and(|old| Arc::ptr_eq(old, row) || *old == row);
        let changed: Vec<_> = rows.iter().filter(|row| !has(row)).map(Arc::clone).collect();
        (!same_order || !changed.is_empty()).then_some(changed)
    }
}

#[cfg(test)]
mod tests {
    use fanlight_model::{Facts, Kind, Links};

    use super::*;

    fn row(name: &str, version: u64) -> Arc<Row> {
        let key = ObjectKey::new(Kind::KUSTOMIZATION, "apps", name);
        Arc::new(Row::new(key, version, Links::default(), &Facts::new(Kind::KUSTOMIZATION)))
    }

    #[test]
    fn only_rows_that_differ_are_told_again() {
        let mut told = Told::default();
        let first = [row("a", 1), row("b", 1)];
        assert_eq!(told.rows(&first).map(|rows| rows.len()), Some(2), "the first time all");
        assert_eq!(told.rows(&first), None);
        let changed = [Arc::clone(&first[0]), row("b", 2)];
        assert_eq!(told.rows(&changed), Some(vec![row("b", 2)]));
        let turned = [Arc::clone(&changed[1]), Arc::clone(&changed[0])];
        assert_eq!(told.rows(&turned), Some(vec![]), "another order of known rows");
        assert_eq!(told.rows(&turned[..1]), Some(vec![]), "one row less");
        assert_eq!(told.rows(&[]), Some(vec![]));
        assert_eq!(told.rows(&[]), None);
    }

    #[test]
    fn a_piece_is_told_once() {
        let mut told = Told::default();
        assert!(told.piece("count", "1".to_owned()).is_some());
        assert!(told.piece("count", "1".to_owned()).is_none());
        assert!(told.piece("count", "2".to_owned()).is_some());
    }
}
