use std::time::SystemTime;

use fanlight_live::Sighting;
use fanlight_model::short_revision;

use super::Past;
use crate::{status::StatusView, when};

/// What was seen here to change, as lines of a timeline; of nothing that was before the object, if it is known when it was
/// `created`: another one may have had its name.
pub(super) fn seen(sightings: &[Sighting], created: Option<i64>, now: SystemTime) -> Vec<Past> {
    let created = created.and_then(when::moment);
    let dated = sightings.iter().map(|one| (one, now - one.ago));
    let of_it = dated.filter(|(_, time)| created.is_none_or(|created| *time >= created));
    of_it.map(|(one, time)| line(one, time, now)).collect()
}

fn line(one: &Sighting, time: SystemTime, now: SystemTime) -> Past {
    let status = StatusView::of(one.to);
    let mut notes = Vec::new();
    if one.from != one.to {
        notes.push(format!("was {}", one.from.word().to_lowercase()));
    }
    match one.before.as_deref() {
        Some("") => notes.push("nothing was applied before".to_owned()),
        Some(before) => notes.push(format!("{} was applied before", short_revision(before))),
        None => {}
    }
    if *one.sentence != *status.word {
        notes.push(one.sentence.to_string());
    }
    Past {
        class: status.class,
        word: status.word.to_owned(),
        revision: short_revision(&one.revision),
        full_revision: one.revision.to_string(),
        copied: one.revision.to_string(),
        notes,
        first: None,
        last: Some(when::ago(time, now)),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use fanlight_model::State;

    use super::*;

    #[test]
    fn a_change_is_told_with_what_was_before_unless_it_was_before_the_object() {
        let sighting = |ago, before: Option<&str>| Sighting {
            ago: Duration::from_secs(ago),
            from: State::Ready,
            to: State::Failed,
            before: before.map(Into::into),
            revision: "main@sha1:ba66396785f97042590e94c06645dac9ed1d1c82".into(),
            sentence: "The path is missing".into(),
        };
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(3600);
        let lines = seen(&[sighting(60, None), sighting(120, Some("")), sighting(3000, None)], Some(1000), now);
        let said: Vec<_> =
            lines.iter().map(|line| format!("{} {} {}", line.word, line.revision, line.notes.join("; "))).collect();
        assert_eq!(
            said,
            [
                "Failed main@ba66396 was ready; The path is missing",
                "Failed main@ba66396 was ready; nothing was applied before; The path is missing"
            ]
        );
        assert_eq!(lines[0].last.as_ref().map(|(_, age)| &**age), Some("1m"));
    }
}
