//! What may be shown, and what must be.

use std::{collections::BTreeSet, time::Duration};

use fanlight_live::{Freshness, Scopes};
use fanlight_model::{Kind, ObjectKey, Scope};
use tokio::time::Instant;

use crate::{
    view::{Shown, View},
    world::{Truth, World},
};

/// Nothing is shown from an older answer.
const TRUST: Duration = Duration::from_secs(30);
/// Rows count as current for so long while nothing confirms them.
const GRACE: Duration = Duration::from_secs(3);
/// The same where they are listed from time to time.
const POLL: Duration = Duration::from_secs(10);
/// A right that was gained is known by then.
const GAINED: Duration = Duration::from_secs(290);
/// What the steps of the script, and answers, take.
const SLACK: Duration = Duration::from_millis(900);
/// How long a stream may take to say what a page would.
const TOLD: Duration = Duration::from_millis(2_200);

/// The judge of one view at one moment.
pub(crate) struct Oracle<'a> {
    pub(crate) truth: &'a Truth,
    pub(crate) who: &'static str,
    pub(crate) kinds: &'a [Kind],
    /// Since when the view is open.
    pub(crate) since: Instant,
    /// Since when the script runs: before, nothing changed.
    pub(crate) beginning: Instant,
    pub(crate) now: Instant,
    pub(crate) is_stream: bool,
}

impl<'a> Oracle<'a> {
    pub(crate) fn of(truth: &'a Truth, view: &'a View, beginning: Instant, is_stream: bool) -> Self {
        let View { who, kinds, since, .. } = view;
        Self { truth, who, kinds, since: *since, beginning, now: Instant::now(), is_stream }
    }

    /// Judges what is shown; `before` is what was in sight at the last look.
    pub(crate) fn judge(&self, shown: &Shown, before: &BTreeSet<ObjectKey>) -> Result<(), String> {
        self.nothing_twice(shown)?;
        self.nothing_forbidden(shown)?;
        self.nothing_outdated(shown)?;
        self.nothing_missing(shown)?;
        self.every_right_counts(shown)?;
        self.no_gap(shown, before)
    }

    fn nothing_twice(&self, shown: &Shown) -> Result<(), String> {
        let many = shown.list.rows.len();
        let counts = [shown.keys().len(), shown.list.matching, shown.list.in_sight, shown.list.states.iter().sum()];
        if counts.iter().all(|count| *count == many) {
            return Ok(());
        }
        Err(self.complain(shown, &format!("{many} rows are counted {counts:?}")))
    }

    fn nothing_forbidden(&self, shown: &Shown) -> Result<(), String> {
        let since = self.ago(TRUST + self.late());
        for key in shown.keys() {
            let scope = Scope::Namespace(key.namespace.clone());
            let may = self.truth.permits.ever(self.who, key.kind, &scope, since, |rights| rights.list);
            if !may || !self.kinds.contains(&key.kind) {
                return Err(self.complain(shown, &format!("{key} may not be seen")));
            }
        }
        Ok(())
    }

    /// Since when the rows must be right, by what is said of them.
    fn as_of(&self, shown: &Shown, kind: Kind, namespace: &str) -> Instant {
        let lag = World::LAG + SLACK;
        let age = match shown.list.freshness {
            Freshness::Current | Freshness::Loading { age: None, .. } => None,
            Freshness::Loading { age: Some(age), .. } | Freshness::Stale { age } | Freshness::Rotating { age } => {
                Some(age)
            }
        };
        // Of a page with something older on it, the rest is not older than that.
        match age {
            Some(age) => (shown.at - age - lag).max(self.beginning).min(self.unmarked(kind, namespace, lag)),
            None => self.unmarked(kind, namespace, lag),
        }
    }

    /// Since when rows of which nothing is said must be right.
    fn unmarked(&self, kind: Kind, namespace: &str, lag: Duration) -> Instant {
        let minute = self.ago(Duration::from_secs(60));
        let permits = &self.truth.permits;
        // Who may list everything, and watch only some of it, is listed for.
        let everywhere = permits.ever(self.who, kind, &Scope::Cluster, minute, |rights| rights.list);
        let scope = if everywhere { Scope::Cluster } else { Scope::Namespace(namespace.into()) };
        // Who has only come, or has been given the right and is only now known to have it, finds what was listed for others,
        // until a watch is open in their name.
        let known = self.ago(GAINED + SLACK + lag);
        let watches = permits.always(self.who, kind, &scope, known, |rights| rights.may_sponsor())
            && self.truth.has_spoken_since(minute)
            && self.since < self.ago(SLACK + lag);
        let polled = if watches { Duration::ZERO } else { POLL };
        self.ago(GRACE + polled + lag + self.late())
    }

    fn nothing_outdated(&self, shown: &Shown) -> Result<(), String> {
        for row in &shown.list.rows {
            let since = self.as_of(shown, row.key.kind, &row.key.namespace);
            if !self.truth.objects.was(&row.key, row.version, since) {
                return Err(self.complain(shown, &format!("{} is as it was at {}", row.key, row.version)));
            }
        }
        Ok(())
    }

    fn nothing_missing(&self, shown: &Shown) -> Result<(), String> {
        if matches!(shown.list.freshness, Freshness::Loading { .. }) {
            return Ok(());
        }
        let keys = shown.keys();
        for (kind, scopes) in &shown.scopes {
            for key in self.truth.objects.always(self.now).into_iter().filter(|key| key.kind == *kind) {
                let in_sight = match scopes {
                    Scopes::Everywhere => true,
                    Scopes::Namespaces(namespaces) => namespaces.contains(&key.namespace),
                };
                let since = self.as_of(shown, *kind, &key.namespace);
                let is_old = self.truth.objects.always(since).contains(key);
                if in_sight && is_old && !keys.contains(key) && self.has_been_there(*kind, since) {
                    return Err(self.complain(shown, &format!("{key} is missing")));
                }
            }
        }
        Ok(())
    }

    /// Rights that somebody has had for long are known, if the API server has said so.
    fn every_right_counts(&self, shown: &Shown) -> Result<(), String> {
        let long = self.ago(GAINED);
        if self.since > self.ago(Duration::from_secs(8)) || !self.truth.has_spoken_since(self.ago(TRUST + SLACK * 4)) {
            return Ok(());
        }
        for kind in self.kinds.iter().filter(|kind| self.has_been_there(**kind, self.ago(Duration::from_secs(8)))) {
            for namespace in &self.truth.namespaces {
                let scope = Scope::Namespace((*namespace).into());
                let has = self.truth.permits.always(self.who, *kind, &scope, long, |rights| rights.list);
                let known = shown.scopes.iter().find(|(of, _)| of == kind).is_some_and(|(_, scopes)| match scopes {
                    Scopes::Everywhere => true,
                    Scopes::Namespaces(known) => known.iter().any(|known| **known == **namespace),
                });
                if has && !known {
                    return Err(self.complain(shown, &format!("the right to {kind} in {namespace} is not known")));
                }
            }
        }
        Ok(())
    }

    /// What was in sight, and is there and allowed all the time, stays in sight.
    fn no_gap(&self, shown: &Shown, before: &BTreeSet<ObjectKey>) -> Result<(), String> {
        if !self.truth.has_spoken_since(self.ago(TRUST + SLACK * 4)) {
            return Ok(());
        }
        let keys = shown.keys();
        let steady = self.truth.objects.always(self.ago(Duration::from_secs(20)));
        for key in before.iter().filter(|key| steady.contains(key) && !keys.contains(key)) {
            let scope = Scope::Namespace(key.namespace.clone());
            let may = self.truth.permits.always(self.who, key.kind, &scope, self.ago(GAINED), |rights| rights.list);
            if may && self.has_been_there(key.kind, self.ago(Duration::from_secs(20))) {
                return Err(self.complain(shown, &format!("{key} has vanished")));
            }
        }
        Ok(())
    }

    /// Judges a view after a long calm: exactly what is true and allowed.
    pub(crate) fn judge_settled(&self, shown: &Shown) -> Result<(), String> {
        if shown.list.freshness != Freshness::Current {
            return Err(self.complain(shown, "all is calm, and it is not current"));
        }
        let may = |key: &ObjectKey| {
            let scope = Scope::Namespace(key.namespace.clone());
            self.kinds.contains(&key.kind) && self.truth.permits.now(self.who, key.kind, &scope).list
        };
        let all = self.truth.objects.now().filter(|(key, _)| may(key));
        let true_rows: BTreeSet<_> = all.map(|(key, version)| (key.clone(), version)).collect();
        let rows: BTreeSet<_> = shown.list.rows.iter().map(|row| (row.key.clone(), row.version)).collect();
        if rows == true_rows {
            return Ok(());
        }
        let (more, less) = (rows.difference(&true_rows), true_rows.difference(&rows));
        let what = format!("too much: {:?}, too little: {:?}", more.collect::<Vec<_>>(), less.collect::<Vec<_>>());
        Err(self.complain(shown, &what))
    }

    fn has_been_there(&self, kind: Kind, since: Instant) -> bool {
        self.truth.installed[&kind].always(since, |installed| *installed)
    }

    fn late(&self) -> Duration {
        if self.is_stream { TOLD } else { Duration::ZERO }
    }

    fn ago(&self, time: Duration) -> Instant {
        self.now.checked_sub(time).map_or(self.beginning, |then| then.max(self.beginning))
    }

    fn complain(&self, shown: &Shown, what: &str) -> String {
        let rows: Vec<_> = shown.list.rows.iter().map(|row| format!("{}@{}", row.key, row.version)).collect();
        let at = self.now.duration_since(self.beginning);
        let face = if self.is_stream { "stream" } else { "page" };
        format!(
            "at {at:?} on the {face} of {}, open since {:?}: {what}\n{:?}, {:?}\n{rows:?}",
            self.who,
            self.since.duration_since(self.beginning),
            shown.list.freshness,
            shown.scopes
        )
    }
}
