use std::{sync::Arc, time::SystemTime};

use fanlight_model::{History, short_revision};

use crate::{
    page::object::past::Past,
    versions::{Edition, release_facts},
    when,
};

/// A version: seen here, or told by the object's own history.
pub(super) struct Version {
    /// Its name in addresses.
    pub(super) id: String,
    /// What people call it.
    pub(super) label: String,
    pub(super) facts: Vec<(&'static str, String)>,
    /// What was seen of it.
    pub(super) edition: Option<Arc<Edition>>,
}

impl Version {
    /// All that are known, the oldest first: those of the history were before anybody looked.
    pub(super) fn all(editions: &[Arc<Edition>], history: &History, now: SystemTime) -> Vec<Self> {
        let mut versions: Vec<_> = Self::told(history, now);
        versions.retain(|told| !editions.iter().any(|edition| told.is(edition)));
        versions.reverse();
        let is_twin =
            |edition: &Edition| editions.iter().filter(|one| one.revision() == edition.revision()).count() > 1;
        versions.extend(editions.iter().map(|edition| Self::seen(edition, is_twin(edition), now)));
        versions
    }

    /// Of twins with the same revision the generation is said, too.
    fn seen(edition: &Arc<Edition>, is_twin: bool, now: SystemTime) -> Self {
        let state = edition.state.word();
        let revision = match edition.revision() {
            "" => "nothing applied".to_owned(),
            revision => short_revision(revision),
        };
        let twin = if is_twin { format!(" · generation {}", edition.generation) } else { String::new() };
        let mut facts = vec![
            ("State", state.to_owned()),
            ("It says", edition.sentence.to_string()),
            ("Applied", edition.applied.to_string()),
            ("Tried", edition.attempted.to_string()),
            ("Generation", edition.generation.to_string()),
        ];
        facts.extend(edition.facts.iter().cloned());
        Self {
            id: format!("seen-{}", edition.id),
            label: format!("{revision}{twin} · {state} · seen at {} UTC", when::day_and_clock(edition.seen, now)),
            facts,
            edition: Some(Arc::clone(edition)),
        }
    }

    /// What a history tells, the newest first.
    fn told(history: &History, now: SystemTime) -> Vec<Self> {
        let lines = Past::all(history, now);
        let told = |id: String, line: &Past, more: Vec<(&'static str, String)>, last: Option<i64>| {
            let time = last.and_then(when::moment).map(|time| format!(" · {} UTC", when::day_and_clock(time, now)));
            let label = format!("{} · {}{} · from its history", line.revision, line.word, time.unwrap_or_default());
            let more = more.into_iter().filter(|(_, value)| !value.is_empty());
            Self { id, label, facts: [("Outcome", line.word.clone())].into_iter().chain(more).collect(), edition: None }
        };
        match history {
            History::Builds(builds) => {
                let facts = |build: &fanlight_model::BuildEntry| {
                    vec![("Applied", build.revision.clone()), ("Manifests", build.digest.clone())]
                };
                let id = |build: &fanlight_model::BuildEntry| {
                    let digest = build.digest.rsplit(':').next().unwrap_or_default();
                    format!("build-{}-{}", digest.chars().take(12).collect::<String>(), build.first.unwrap_or_default())
                };
                let told = |(build, line)| told(id(build), line, facts(build), build.last);
                builds.iter().zip(&lines).map(told).collect()
            }
            History::Releases(releases) => {
                let told = |(release, line): (&fanlight_model::ReleaseEntry, _)| {
                    let facts = release_facts(release);
                    told(format!("release-{}", release.number), line, facts, release.last)
                };
                releases.iter().zip(&lines).map(told).collect()
            }
        }
    }

    /// Whether that is what was seen: the same release, or the same manifests of the same revision.
    fn is(&self, edition: &Edition) -> bool {
        let own = |name| fact(&self.facts, name);
        let seen = |name| fact(&edition.facts, name);
        match own("Helm revision") {
            Some(number) => seen("Helm revision") == Some(number),
            None => match (own("Manifests"), seen("Manifests")) {
                (Some(one), Some(other)) => one == other,
                _ => own("Applied") == Some(&*edition.applied),
            },
        }
    }
}

/// What is said under this name.
pub(super) fn fact<'a>(facts: &'a [(&'static str, String)], name: &str) -> Option<&'a str> {
    facts.iter().find(|(one, _)| *one == name).map(|(_, value)| value.as_str())
}
