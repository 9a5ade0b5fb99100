use std::sync::Arc;

use fanlight_model::{Kind, ObjectKey, Row};

use super::Shown;
use crate::{frame::Frame, place, status::StatusView};

/// Objects that have to do with one, and how.
pub(super) struct Relation {
    pub(super) title: &'static str,
    pub(super) related: Vec<Related>,
    /// How many more there are.
    pub(super) more: usize,
}

/// One of them.
pub(super) struct Related {
    /// Its kind, where it is another.
    pub(super) kind: &'static str,
    pub(super) name: String,
    pub(super) link: Option<String>,
    /// `None` if it does not exist, or may not be seen.
    pub(super) status: Option<StatusView>,
}

impl Relation {
    /// The most that are named.
    const NAMED: usize = 50;

    /// All that there are.
    pub(super) fn all(frame: &Frame, shown: &Shown) -> Vec<Self> {
        let (around, own) = (&shown.around, shown.details.row.key.kind);
        let rows = |title, rows: &[Arc<Row>]| {
            let related = rows.iter().take(Self::NAMED).map(|row| Related::new(frame, own, &row.key, Some(row)));
            Self { title, related: related.collect(), more: rows.len().saturating_sub(Self::NAMED) }
        };
        let keys = |title, keys: &[(ObjectKey, Option<Arc<Row>>)]| {
            let named = keys.iter().take(Self::NAMED);
            let related = named.map(|(key, row)| Related::new(frame, own, key, row.as_deref()));
            Self { title, related: related.collect(), more: keys.len().saturating_sub(Self::NAMED) }
        };
        let made_from = if own == Kind::HELM_RELEASE { "Chart" } else { "Made from" };
        let all = [
            keys("Depends on", &around.depends_on),
            keys(made_from, &around.made_from),
            rows("Needed by", &around.needed_by),
            rows("Used by", &around.used_by),
        ];
        all.into_iter().filter(|relation| !relation.related.is_empty()).collect()
    }
}

impl Related {
    fn new(frame: &Frame, own: Kind, key: &ObjectKey, row: Option<&Row>) -> Self {
        Self {
            kind: if key.kind == own { "" } else { key.kind.info().name },
            name: format!("{}/{}", key.namespace, key.name),
            link: place::object(&frame.base, key, "details"),
            status: row.map(|row| StatusView::of(row.state)),
        }
    }
}
