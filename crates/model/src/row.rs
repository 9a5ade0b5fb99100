use std::sync::Arc;

use memchr::memchr2_iter;

use crate::{Applier, Bond, Facts, Kind, ObjectKey, Particulars, State, Version, cut, judge};

/// What a list shows of one object: everything that is kept in memory about it.
///
/// Small on purpose (≤ 600 bytes on average with its texts): ten thousand of them are shared by all viewers. A page
/// that needs more fetches the whole object as its viewer. Nothing derived from *other* objects is ever stored here,
/// because the next viewer may not be allowed to see those.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// Which object.
    pub key: ObjectKey,
    /// Its `resourceVersion`.
    pub version: Version,
    /// The word for its status.
    pub state: State,
    /// When it was made, in seconds since 1970: the one date that nobody who may change objects can choose.
    pub created: Option<i64>,
    /// When the shown state began, in seconds since 1970; `None` if nobody wrote it down.
    pub since: Option<i64>,
    /// What a person would say about it.
    pub sentence: Box<str>,
    /// The controller's own words, at most [`Row::MESSAGE_LIMIT`] bytes; empty if they say nothing more.
    pub message: Box<str>,
    /// The object that its content comes from: a source, an image policy's repository, an alert's provider.
    pub source: Option<SourceLink>,
    /// Objects that have to be ready first.
    pub depends_on: Box<[ObjectKey]>,
    /// What its kind has to show that applications do not have; `None` for those.
    pub particulars: Option<Box<Particulars>>,
    /// The revision that is applied, as Flux writes it; empty if none is.
    pub revision: Box<str>,
    /// The revision that is being or was last tried, as Flux writes it; empty if it is the applied one.
    pub attempted: Box<str>,
    /// Whether a reconciliation was asked for and has not ended.
    pub syncing: bool,
    /// When the controller tries again after a failure, in seconds since 1970, where that is known.
    pub next_try: Option<i64>,
    /// Who applied it; known of Kustomizations only.
    pub applier: Applier,
    /// Its labels as `key=value`, with spaces between, to be searched; `None` if it has none.
    pub labels: Option<Arc<str>>,
}

/// A reference from an object to the one that its content comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceLink {
    /// Kind of the source.
    pub kind: Kind,
    /// Its namespace.
    pub namespace: Arc<str>,
    /// Its name.
    pub name: Arc<str>,
    /// The chart taken from it, for a HelmRelease that names one, or a HelmChart.
    pub chart: Option<Arc<str>>,
}

/// What an object says of others.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Links {
    /// The object that its content comes from.
    pub source: Option<SourceLink>,
    /// Objects that have to be ready first.
    pub depends_on: Box<[ObjectKey]>,
    /// Who applied it; known of Kustomizations only.
    pub applier: Applier,
}

impl SourceLink {
    /// The key of the source.
    pub fn key(&self) -> ObjectKey {
        ObjectKey::new(self.kind, Arc::clone(&self.namespace), Arc::clone(&self.name))
    }
}

impl Row {
    /// The longest message kept, in bytes.
    pub const MESSAGE_LIMIT: usize = 512;
    /// How much of the labels is kept, in bytes.
    pub const LABELS_LIMIT: usize = 256;

    /// The row of an object with these facts; the texts are copied.
    pub fn new(key: ObjectKey, version: Version, links: Links, facts: &Facts<'_>) -> Self {
        let judged = judge(facts);
        Self {
            key,
            version,
            state: judged.state,
            created: facts.created,
            since: judged.since,
            sentence: judged.sentence.into(),
            message: cut(judged.message, Row::MESSAGE_LIMIT).into(),
            source: links.source,
            depends_on: links.depends_on,
            particulars: None,
            revision: cut(facts.applied(), Row::MESSAGE_LIMIT).into(),
            attempted: cut(facts.attempted(), Row::MESSAGE_LIMIT).into(),
            syncing: judged.syncing,
            next_try: judged.next_try,
            applier: links.applier,
            labels: None,
        }
    }

    /// The label that says to which tenant an object belongs.
    pub const TENANT: &str = "toolkit.fluxcd.io/tenant";

    /// Labels as rows keep them: the tenant's first, which must not be cut.
    pub fn labels<'a>(labels: impl IntoIterator<Item = (&'a str, &'a str)>) -> Option<Arc<str>> {
        let mut labels: Vec<_> = labels.into_iter().collect();
        // Stable: all others stay in their order.
        labels.sort_by_key(|(key, _)| *key != Row::TENANT);
        let mut text = String::new();
        for (key, value) in labels {
            if !text.is_empty() {
                text.push(' ');
            }
            text.push_str(key);
            text.push('=');
            text.push_str(value);
        }
        (!text.is_empty()).then(|| cut(&text, Row::LABELS_LIMIT).into())
    }

    /// The tenant that the object belongs to, if a label says so.
    pub fn tenant(&self) -> Option<&str> {
        let value = self.labels.as_deref()?.strip_prefix(Row::TENANT)?.strip_prefix('=')?;
        value.split(' ').next().filter(|tenant| !tenant.is_empty())
    }

    /// Whether the object takes its content from this one: named as its source, as the chart that is made for a
    /// release, or among several.
    pub fn uses(&self, other: &ObjectKey) -> bool {
        let named = self.source.as_ref().is_some_and(|link| {
            link.kind == other.kind && link.namespace == other.namespace && link.name == other.name
        });
        named
            || (other.kind == Kind::HELM_CHART && self.generated_chart().is_some_and(|chart| chart == *other))
            || self.particulars.as_ref().is_some_and(|particulars| particulars.uses.contains(other))
    }

    /// The object that says whether what this one applies was signed as it should be.
    pub fn vouched_for_by(&self) -> Option<ObjectKey> {
        self.generated_chart().or_else(|| self.source.as_ref().map(SourceLink::key))
    }

    /// The objects that it needs, and how: what it depends on, and what its content comes from.
    pub fn needs(&self) -> impl Iterator<Item = (ObjectKey, Bond)> {
        let depends_on = self.depends_on.iter().map(|key| (key.clone(), Bond::Dependency));
        let chart = self.generated_chart().map(|chart| (chart, Bond::Chart));
        let uses = self.particulars.iter().flat_map(|particulars| particulars.uses.iter());
        let sources = self.source.as_ref().map(SourceLink::key).into_iter().chain(uses.cloned());
        depends_on.chain(chart).chain(sources.map(|key| (key, Bond::Source)))
    }

    /// The HelmChart that helm-controller makes for a release with a chart template.
    pub fn generated_chart(&self) -> Option<ObjectKey> {
        let link = self.source.as_ref().filter(|link| self.key.kind == Kind::HELM_RELEASE && link.chart.is_some())?;
        let name = format!("{}-{}", self.key.namespace, self.key.name);
        Some(ObjectKey::new(Kind::HELM_CHART, Arc::clone(&link.namespace), name))
    }

    /// Whether the row contains `needle` (lower case) in its name, namespace, source, revisions, sentence, message,
    /// labels or particulars; with a slash in it, also in `Kind/namespace/name`.
    pub fn mentions(&self, needle: &str) -> bool {
        let source = self.source.as_ref();
        contains_ignoring_case(&self.key.name, needle)
            || contains_ignoring_case(&self.key.namespace, needle)
            || source.is_some_and(|link| contains_ignoring_case(&link.name, needle))
            || source.and_then(|link| link.chart.as_deref()).is_some_and(|chart| contains_ignoring_case(chart, needle))
            || contains_ignoring_case(&self.revision, needle)
            || contains_ignoring_case(&self.attempted, needle)
            || contains_ignoring_case(&self.sentence, needle)
            || contains_ignoring_case(&self.message, needle)
            || self.labels.as_deref().is_some_and(|labels| contains_ignoring_case(labels, needle))
            || (needle.contains('/') && contains_ignoring_case(&self.key.to_string(), needle))
            || self
                .particulars
                .as_ref()
                .is_some_and(|particulars| particulars.texts().iter().any(|text| contains_ignoring_case(text, needle)))
    }
}

/// How well a word fits a name: [`Fit::Exact`] is best.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Fit {
    /// It is the name.
    Exact,
    /// The name begins with it.
    Start,
    /// The name has it inside.
    Inside,
    /// It is somewhere else in the row, if at all.
    Elsewhere,
}

impl Row {
    /// How well `needle` (lower case) fits the object's name, or namespace and name with a slash between.
    pub(crate) fn fit(&self, needle: &str) -> Fit {
        let name = &*self.key.name;
        let (place, wanted) = needle.rsplit_once('/').unwrap_or(("", needle));
        let space = place.rsplit('/').next().unwrap_or_default();
        if !space.is_empty() && !space.eq_ignore_ascii_case(&self.key.namespace) {
            return Fit::Elsewhere;
        }
        let begins = name.get(..wanted.len()).is_some_and(|start| start.eq_ignore_ascii_case(wanted));
        match (begins, name.len() == wanted.len()) {
            (true, true) => Fit::Exact,
            (true, false) => Fit::Start,
            (false, _) if contains_ignoring_case(name, wanted) => Fit::Inside,
            (false, _) => Fit::Elsewhere,
        }
    }
}

/// Ignores the case of ASCII letters only: names and revisions have no others, and no copy of the text is made.
fn contains_ignoring_case(text: &str, needle: &str) -> bool {
    let (text, needle) = (text.as_bytes(), needle.as_bytes());
    let Some(first) = needle.first() else { return true };
    let Some(last) = text.len().checked_sub(needle.len()) else { return false };
    memchr2_iter(*first, first.to_ascii_uppercase(), &text[..=last])
        .any(|at| text[at..at + needle.len()].eq_ignore_ascii_case(needle))
}

impl std::fmt::Display for SourceLink {
    /// As the list shows it: `fleet`, or `charts/billing` where a chart is named.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.chart {
            Some(chart) => write!(f, "{}/{chart}", self.name),
            None => f.write_str(&self.name),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_an_object_takes_its_content_from_counts_as_used() {
        let link = |kind, namespace: &str, name: &str, chart: Option<&str>| SourceLink {
            kind,
            namespace: namespace.into(),
            name: name.into(),
            chart: chart.map(Arc::from),
        };
        let row = |kind, source| {
            let links = Links { source: Some(source), ..Links::default() };
            Row::new(ObjectKey::new(kind, "apps", "shop"), 1, links, &Facts::new(kind))
        };
        let key = |text: &str| ObjectKey::parse(text).expect("a key");
        let release = row(Kind::HELM_RELEASE, link(Kind::HELM_REPOSITORY, "flux-system", "charts", Some("shop")));
        assert!(release.uses(&key("HelmRepository/flux-system/charts")));
        assert!(release.uses(&key("HelmChart/flux-system/apps-shop")));
        for other in ["HelmRepository/apps/charts", "HelmChart/apps/apps-shop", "GitRepository/flux-system/charts"] {
            assert!(!release.uses(&key(other)), "{other}");
        }
        let by_reference = row(Kind::HELM_RELEASE, link(Kind::HELM_CHART, "apps", "web", None));
        assert!(by_reference.uses(&key("HelmChart/apps/web")) && !by_reference.uses(&key("HelmChart/apps/apps-shop")));
        let particulars = Particulars { uses: [key("Bucket/apps/b")].into(), ..Particulars::default() };
        let generator = row(Kind::ARTIFACT_GENERATOR, link(Kind::BUCKET, "apps", "a", None));
        let generator = Row { particulars: Some(Box::new(particulars)), ..generator };
        assert!(generator.uses(&key("Bucket/apps/a")) && generator.uses(&key("Bucket/apps/b")));
    }

    #[test]
    fn the_tenant_is_known_however_many_labels_there_are() {
        let many: Vec<_> = (0..20).map(|n| (format!("example.com/label-{n}"), "x".repeat(40))).collect();
        let others = many.iter().map(|(key, value)| (&**key, &**value));
        let bare = Row::new(ObjectKey::new(Kind::BUCKET, "apps", "b"), 1, Links::default(), &Facts::new(Kind::BUCKET));
        let with = |labels| Row { labels, ..bare.clone() };
        assert_eq!(with(Row::labels(others.clone().chain([(Row::TENANT, "blue")]))).tenant(), Some("blue"));
        assert_eq!(with(Row::labels([(Row::TENANT, "blue")])).tenant(), Some("blue"));
        for none in [Row::labels(others), Row::labels([(Row::TENANT, "")]), None] {
            assert_eq!(with(none).tenant(), None);
        }
        assert_eq!(with(Row::labels([("toolkit.fluxcd.io/tenants", "blue")])).tenant(), None);
    }

    #[test]
    fn a_text_is_found_wherever_it_stands_and_in_whichever_case() {
        for needle in ["", "main", "main@sha1", "sha1:a", "b", "ab", ":aab"] {
            assert!(contains_ignoring_case("Main@SHA1:aab", needle), "{needle}");
        }
        for needle in ["x", "aabb", "main@sha1:aabc", "sha1:b"] {
            assert!(!contains_ignoring_case("Main@SHA1:aab", needle), "{needle}");
        }
        assert!(!contains_ignoring_case("", "a"));
        assert!(contains_ignoring_case("gewürzt", "würz"));
    }
}
