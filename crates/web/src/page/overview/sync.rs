use std::time::SystemTime;

use fanlight_model::{Applier, Row, short_revision};

use super::Line;
use crate::{frame::Frame, place};

/// Where what is in Git begins, and whether it has arrived.
pub(super) struct Sync {
    pub(super) line: Line,
    /// How it is known to be the beginning.
    pub(super) why: &'static str,
    /// Where it comes from: word and address.
    pub(super) source: Option<(String, Option<String>)>,
    /// How far what was found is from what is applied.
    pub(super) distance: String,
}

impl Sync {
    /// The root's line; `source` is the row of its source, if the viewer may see it.
    pub(super) fn of(row: &Row, source: Option<&Row>, frame: &Frame, now: Option<SystemTime>) -> Self {
        let link = row.source.as_ref();
        Self {
            line: Line::of(row, frame, now),
            why: match row.applier {
                Applier::Instance => "Made by the FluxInstance.",
                _ => "It applies itself.",
            },
            source: link.map(|link| {
                (format!("{} {}/{link}", link.kind, link.namespace), place::object(&frame.base, &link.key(), "details"))
            }),
            distance: distance(row, source),
        }
    }
}

fn distance(row: &Row, source: Option<&Row>) -> String {
    let Some(source) = source else { return String::new() };
    match (&*source.revision, &*row.revision) {
        ("", _) => "Its source has fetched nothing yet.".to_owned(),
        (found, "") => format!("{} was found, and nothing is applied yet.", short_revision(found)),
        (found, applied) if found == applied => format!("What was found last, {}, is applied.", short_revision(found)),
        (found, applied) => {
            format!("{} was found, {} is applied.", short_revision(found), short_revision(applied))
        }
    }
}

#[cfg(test)]
mod tests {
    use fanlight_model::{Facts, Kind, Links, ObjectKey};

    use super::*;

    fn row(revision: &str) -> Row {
        let key = ObjectKey::new(Kind::KUSTOMIZATION, "flux-system", "fleet");
        Row { revision: revision.into(), ..Row::new(key, 1, Links::default(), &Facts::new(Kind::KUSTOMIZATION)) }
    }

    #[test]
    fn what_is_found_and_what_is_applied_are_compared() {
        let (old, new) = (
            "main@sha1:4f1c0de5b3a2978610fe4d3c2b1a09f8e7d6c5b4",
            "main@sha1:b7e29a4410c35d8f6a7b8c9d0e1f2a3b4c5d6e7f",
        );
        assert_eq!(distance(&row(new), Some(&row(new))), "What was found last, main@b7e29a4, is applied.");
        assert_eq!(distance(&row(old), Some(&row(new))), "main@b7e29a4 was found, main@4f1c0de is applied.");
        assert_eq!(distance(&row(""), Some(&row(new))), "main@b7e29a4 was found, and nothing is applied yet.");
        assert_eq!(distance(&row(old), Some(&row(""))), "Its source has fetched nothing yet.");
        assert_eq!(distance(&row(old), None), "", "a source that is not in sight");
    }
}
