//! One object, decoded no further than a row needs.

use std::{borrow::Cow, collections::BTreeMap, sync::Arc};

use fanlight_model::{
    Applier, Build, Condition, ConditionStatus, Facts, Family, Kind, Links, ObjectKey, Particulars, Release, Request,
    Row, SourceLink, Suspension, Version, go_duration,
};
use serde::{Deserialize, Deserializer};
use serde_json::{Value, value::RawValue};

/// A JSON string, borrowed where it has no escapes.
#[derive(Debug, Default, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
pub(super) struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

#[derive(Deserialize)]
pub(super) struct Object<'a> {
    #[serde(borrow)]
    metadata: Metadata<'a>,
    #[serde(borrow, default, deserialize_with = "lenient")]
    spec: Spec<'a>,
    #[serde(borrow, default, deserialize_with = "lenient")]
    status: Status<'a>,
}

/// An object in full but for its metadata.
#[derive(Default, Deserialize)]
struct Whole {
    #[serde(default)]
    spec: Value,
    #[serde(default)]
    status: Value,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Metadata<'a> {
    #[serde(borrow)]
    name: Text<'a>,
    #[serde(borrow, default)]
    namespace: Text<'a>,
    #[serde(borrow)]
    resource_version: Text<'a>,
    #[serde(default, deserialize_with = "lenient")]
    generation: i64,
    #[serde(borrow, default, deserialize_with = "lenient")]
    creation_timestamp: Text<'a>,
    #[serde(borrow, default, deserialize_with = "lenient")]
    deletion_timestamp: Text<'a>,
    #[serde(borrow, default, deserialize_with = "lenient")]
    annotations: Annotations<'a>,
    #[serde(borrow, default, deserialize_with = "lenient")]
    labels: BTreeMap<Text<'a>, Text<'a>>,
}

/// The annotations that ask for something, or tell who suspended; `…/reconcile` suspends kinds without `spec.suspend`.
#[derive(Default, Deserialize)]
struct Annotations<'a> {
    #[serde(rename = "source.extensions.fluxcd.io/reconcile", borrow, default, deserialize_with = "lenient")]
    generator: Text<'a>,
    #[serde(rename = "fluxcd.controlplane.io/reconcile", borrow, default, deserialize_with = "lenient")]
    operator: Text<'a>,
    #[serde(rename = "reconcile.fluxcd.io/requestedAt", borrow, default, deserialize_with = "lenient")]
    requested: Text<'a>,
    #[serde(rename = "reconcile.fluxcd.io/forceAt", borrow, default, deserialize_with = "lenient")]
    forced: Text<'a>,
    #[serde(rename = "reconcile.fluxcd.io/resetAt", borrow, default, deserialize_with = "lenient")]
    reset: Text<'a>,
    #[serde(rename = "metadata.weave.works/suspended-by", borrow, default, deserialize_with = "lenient")]
    suspended_by: Text<'a>,
    #[serde(rename = "fluxcd.controlplane.io/suspendedBy", borrow, default, deserialize_with = "lenient")]
    operator_suspended_by: Text<'a>,
    #[serde(rename = "metadata.weave.works/suspended-comment", borrow, default, deserialize_with = "lenient")]
    suspended_comment: Text<'a>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Spec<'a> {
    #[serde(default, deserialize_with = "lenient")]
    suspend: bool,
    /// `oci` in a HelmRepository.
    #[serde(rename = "type", borrow, default, deserialize_with = "lenient")]
    sort: Text<'a>,
    #[serde(borrow, default, deserialize_with = "lenient")]
    interval: Text<'a>,
    #[serde(borrow, default, deserialize_with = "lenient")]
    retry_interval: Text<'a>,
    #[serde(borrow, default, deserialize_with = "lenient")]
    source_ref: Option<Reference<'a>>,
    #[serde(borrow, default, deserialize_with = "lenient")]
    chart_ref: Option<Reference<'a>>,
    #[serde(borrow, default, deserialize_with = "each")]
    depends_on: Vec<Named<'a>>,
    /// An object in a HelmRelease, a string in a HelmChart.
    #[serde(borrow, default, deserialize_with = "lenient")]
    chart: Chart<'a>,
}

#[derive(Deserialize)]
struct Reference<'a> {
    #[serde(borrow)]
    kind: Text<'a>,
    #[serde(borrow)]
    name: Text<'a>,
    #[serde(borrow, default)]
    namespace: Text<'a>,
}

/// Another object of the same kind.
#[derive(Deserialize)]
struct Named<'a> {
    #[serde(borrow)]
    name: Text<'a>,
    #[serde(borrow, default)]
    namespace: Text<'a>,
}

#[derive(Default)]
enum Chart<'a> {
    #[default]
    None,
    Named(Text<'a>),
    Template(ChartSpec<'a>),
}

impl<'de: 'a, 'a> Deserialize<'de> for Chart<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        struct Template<'a> {
            #[serde(borrow)]
            spec: ChartSpec<'a>,
        }
        let raw = <&RawValue>::deserialize(deserializer)?.get();
        let template = || serde_json::from_str::<Template<'_>>(raw).map(|template| Chart::Template(template.spec));
        Ok(serde_json::from_str(raw).map(Chart::Named).or_else(|_| template()).unwrap_or_default())
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ChartSpec<'a> {
    #[serde(borrow)]
    chart: Text<'a>,
    #[serde(borrow)]
    source_ref: Reference<'a>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Status<'a> {
    #[serde(default, deserialize_with = "lenient")]
    observed_generation: i64,
    #[serde(borrow, default, deserialize_with = "each")]
    conditions: Vec<WireCondition<'a>>,
    #[serde(borrow, default, deserialize_with = "lenient")]
    last_handled_reconcile_at: Text<'a>,
    #[serde(borrow, default, deserialize_with = "lenient")]
    last_applied_revision: Text<'a>,
    #[serde(borrow, default, deserialize_with = "lenient")]
    last_attempted_revision: Text<'a>,
    #[serde(borrow, default, deserialize_with = "lenient")]
    artifact: Artifact<'a>,
    #[serde(borrow, default, deserialize_with = "each")]
    history: Vec<Past<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireCondition<'a> {
    #[serde(rename = "type", borrow, default, deserialize_with = "lenient")]
    word: Text<'a>,
    #[serde(borrow, default, deserialize_with = "lenient")]
    status: Text<'a>,
    #[serde(borrow, default, deserialize_with = "lenient")]
    reason: Text<'a>,
    #[serde(borrow, default, deserialize_with = "lenient")]
    message: Text<'a>,
    #[serde(borrow, default, deserialize_with = "lenient")]
    last_transition_time: Text<'a>,
    #[serde(default, deserialize_with = "lenient")]
    observed_generation: i64,
}

/// An artifact, or the metadata of an entry of a Kustomization's history: whatever names a revision.
#[derive(Default, Deserialize)]
struct Artifact<'a> {
    #[serde(borrow, default, deserialize_with = "lenient")]
    revision: Text<'a>,
}

/// An entry of a HelmRelease's or a Kustomization's history.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Past<'a> {
    #[serde(borrow, default, deserialize_with = "lenient")]
    chart_name: Text<'a>,
    #[serde(borrow, default, deserialize_with = "lenient")]
    chart_version: Text<'a>,
    #[serde(borrow, default, deserialize_with = "lenient")]
    status: Text<'a>,
    #[serde(borrow, default, deserialize_with = "lenient")]
    last_reconciled_status: Text<'a>,
    #[serde(borrow, default, deserialize_with = "lenient")]
    first_reconciled: Text<'a>,
    #[serde(borrow, default, deserialize_with = "lenient")]
    last_reconciled: Text<'a>,
    #[serde(borrow, default, deserialize_with = "lenient")]
    metadata: Artifact<'a>,
}

/// The default where the value is of another type than expected, or null.
fn lenient<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de> + Default,
{
    let raw = <&RawValue>::deserialize(deserializer)?;
    Ok(serde_json::from_str(raw.get()).unwrap_or_default())
}

/// The entries of a list that can be understood; none where it is no list.
fn each<'de, D, T>(deserializer: D) -> Result<Vec<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    let entries: Vec<&RawValue> = lenient(deserializer)?;
    Ok(entries.into_iter().filter_map(|raw| serde_json::from_str(raw.get()).ok()).collect())
}

impl Object<'_> {
    pub(super) fn key(&self, kind: Kind) -> ObjectKey {
        ObjectKey::new(kind, &*self.metadata.namespace.0, &*self.metadata.name.0)
    }

    pub(super) fn version(&self) -> Version {
        self.metadata.resource_version.0.parse().unwrap_or_default()
    }

    /// The row; `raw` is the object as it came.
    pub(super) fn row(&self, kind: Kind, raw: &RawValue) -> Row {
        let key = self.key(kind);
        // Applications are by far the most: what only other kinds have is not looked for in them.
        if kind.info().family == Family::Application {
            let (source, depends_on) = (self.source(&key.namespace), self.depends_on(&key));
            let label = |name| self.metadata.labels.get(&Text(Cow::Borrowed(name))).map_or("", |value| &*value.0);
            let links = Links { source, depends_on, applier: Applier::of(&key, label) };
            return Row { labels: self.labels(), ..Row::new(key, self.version(), links, &self.facts(kind)) };
        }
        let Whole { spec, status } = serde_json::from_str(raw.get()).unwrap_or_default();
        let links = Links::read(kind, &spec, &key.namespace);
        let particulars = Particulars::read(kind, &spec, &status, &key.namespace);
        Row { particulars, labels: self.labels(), ..Row::new(key, self.version(), links, &self.facts(kind)) }
    }

    fn labels(&self) -> Option<Arc<str>> {
        Row::labels(self.metadata.labels.iter().map(|(key, value)| (&*key.0, &*value.0)))
    }

    pub(super) fn facts(&self, kind: Kind) -> Facts<'_> {
        let Self { metadata, spec, status } = self;
        let annotations = &metadata.annotations;
        let retry = go_duration(&spec.retry_interval.0).or_else(|| go_duration(&spec.interval.0));
        let helm = kind == Kind::HELM_RELEASE;
        Facts {
            created: seconds(&metadata.creation_timestamp.0),
            deleting_since: seconds(&metadata.deletion_timestamp.0),
            suspension: Suspension::read(kind, spec.suspend, |name| annotations.about_suspension(name)),
            passive: kind == Kind::HELM_REPOSITORY && spec.sort.0 == "oci",
            generation: metadata.generation,
            observed_generation: status.observed_generation,
            conditions: status.conditions.iter().map(WireCondition::condition).collect(),
            request: Request {
                requested: &annotations.requested.0,
                forced: &annotations.forced.0,
                reset: &annotations.reset.0,
                handled: &status.last_handled_reconcile_at.0,
            },
            retry,
            chart: match &spec.chart {
                Chart::None => "",
                Chart::Named(chart) | Chart::Template(ChartSpec { chart, .. }) => &chart.0,
            },
            artifact: &status.artifact.revision.0,
            last_applied: &status.last_applied_revision.0,
            last_attempted: &status.last_attempted_revision.0,
            builds: if helm { Vec::new() } else { status.history.iter().map(Past::build).collect() },
            releases: if helm { status.history.iter().map(Past::release).collect() } else { Vec::new() },
            ..Facts::new(kind)
        }
    }

    fn source(&self, own: &Arc<str>) -> Option<SourceLink> {
        let Spec { chart_ref, chart, source_ref, .. } = &self.spec;
        match (chart_ref, chart, source_ref) {
            (Some(reference), _, _) => reference.link(own, None),
            (None, Chart::Template(template), _) => template.source_ref.link(own, Some(&template.chart)),
            (None, Chart::Named(chart), Some(reference)) => reference.link(own, Some(chart)),
            (None, _, reference) => reference.as_ref()?.link(own, None),
        }
    }

    fn depends_on(&self, own: &ObjectKey) -> Box<[ObjectKey]> {
        let key = |one: &Named<'_>| {
            let namespace = &one.namespace.0;
            let namespace = if namespace.is_empty() { Arc::clone(&own.namespace) } else { Arc::from(&**namespace) };
            ObjectKey::new(own.kind, namespace, &*one.name.0)
        };
        self.spec.depends_on.iter().map(key).collect()
    }
}

impl Annotations<'_> {
    fn about_suspension(&self, name: &str) -> &str {
        let text = match name {
            "source.extensions.fluxcd.io/reconcile" => &self.generator,
            "fluxcd.controlplane.io/reconcile" => &self.operator,
            "metadata.weave.works/suspended-by" => &self.suspended_by,
            "fluxcd.controlplane.io/suspendedBy" => &self.operator_suspended_by,
            "metadata.weave.works/suspended-comment" => &self.suspended_comment,
            _ => return "",
        };
        &text.0
    }
}

impl Reference<'_> {
    fn link(&self, own: &Arc<str>, chart: Option<&Text<'_>>) -> Option<SourceLink> {
        let namespace = if self.namespace.0.is_empty() { Arc::clone(own) } else { Arc::from(&*self.namespace.0) };
        let chart = chart.map(|chart| Arc::from(&*chart.0));
        Some(SourceLink { kind: Kind::by_name(&self.kind.0)?, namespace, name: Arc::from(&*self.name.0), chart })
    }
}

impl WireCondition<'_> {
    fn condition(&self) -> Condition<'_> {
        Condition {
            kind: &self.word.0,
            status: ConditionStatus::read(&self.status.0),
            reason: &self.reason.0,
            message: &self.message.0,
            since: seconds(&self.last_transition_time.0),
            generation: self.observed_generation,
        }
    }
}

impl Past<'_> {
    fn build(&self) -> Build<'_> {
        Build {
            status: &self.last_reconciled_status.0,
            revision: &self.metadata.revision.0,
            first: seconds(&self.first_reconciled.0),
            last: seconds(&self.last_reconciled.0),
        }
    }

    fn release(&self) -> Release<'_> {
        Release { chart: &self.chart_name.0, version: &self.chart_version.0, status: &self.status.0 }
    }
}

/// Seconds since 1970 of an RFC 3339 time; `None` for any other text.
fn seconds(time: &str) -> Option<i64> {
    time.parse::<jiff::Timestamp>().ok().map(jiff::Timestamp::as_second)
}
