//! What the API server sends, decoded no further than a row needs.
//!
//! Every field may be missing or of another type than expected: one odd object must not hide the others.

use std::{borrow::Cow, sync::Arc};

use fanlight_model::{
    Change, Condition, ConditionStatus, Facts, Kind, ObjectKey, Row, SourceLink, Version, cut, judge,
};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

/// One line of a watch.
pub(crate) enum Event {
    Change(Change),
    Error { code: u16, message: String },
}

/// One page of a list.
pub(crate) struct Page {
    pub(crate) rows: Vec<Arc<Row>>,
    pub(crate) version: Version,
    /// The token for the next page.
    pub(crate) next: Option<String>,
}

/// A JSON string, borrowed where it has no escapes.
#[derive(Debug, Default, Deserialize)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

#[derive(Deserialize)]
struct WatchEvent<'a> {
    #[serde(rename = "type", borrow)]
    word: Cow<'a, str>,
    #[serde(borrow)]
    object: &'a RawValue,
}

#[derive(Deserialize)]
struct Failure {
    #[serde(default)]
    code: u16,
    #[serde(default)]
    message: String,
}

#[derive(Deserialize)]
struct List<'a> {
    metadata: ListMeta,
    #[serde(borrow)]
    items: Vec<&'a RawValue>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ListMeta {
    resource_version: String,
    #[serde(rename = "continue", default)]
    next: String,
}

#[derive(Deserialize)]
struct Object<'a> {
    #[serde(borrow)]
    metadata: Metadata<'a>,
    #[serde(borrow, default, deserialize_with = "lenient")]
    spec: Spec<'a>,
    #[serde(borrow, default, deserialize_with = "lenient")]
    status: Status<'a>,
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
    #[serde(borrow, default)]
    deletion_timestamp: Text<'a>,
    #[serde(borrow, default)]
    annotations: Annotations<'a>,
}

/// The annotations that suspend kinds without `spec.suspend`.
#[derive(Default, Deserialize)]
struct Annotations<'a> {
    #[serde(rename = "source.extensions.fluxcd.io/reconcile", borrow, default)]
    generator: Text<'a>,
    #[serde(rename = "fluxcd.controlplane.io/reconcile", borrow, default)]
    operator: Text<'a>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Spec<'a> {
    #[serde(default, deserialize_with = "lenient")]
    suspend: bool,
    #[serde(borrow, default, deserialize_with = "lenient")]
    source_ref: Option<Reference<'a>>,
    #[serde(borrow, default, deserialize_with = "lenient")]
    chart_ref: Option<Reference<'a>>,
    /// An object in a HelmRelease, a string in a HelmChart.
    #[serde(borrow, default, deserialize_with = "lenient")]
    chart: Option<ChartTemplate<'a>>,
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

#[derive(Deserialize)]
struct ChartTemplate<'a> {
    #[serde(borrow)]
    spec: ChartSpec<'a>,
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
    #[serde(borrow, default, deserialize_with = "lenient")]
    conditions: Vec<WireCondition<'a>>,
    #[serde(borrow, default, deserialize_with = "lenient")]
    last_applied_revision: Text<'a>,
    #[serde(borrow, default, deserialize_with = "lenient")]
    artifact: Option<Artifact<'a>>,
    #[serde(borrow, default, deserialize_with = "lenient")]
    history: Vec<Release<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireCondition<'a> {
    #[serde(rename = "type", borrow, default)]
    word: Text<'a>,
    #[serde(borrow, default)]
    status: Text<'a>,
    #[serde(borrow, default)]
    reason: Text<'a>,
    #[serde(borrow, default)]
    message: Text<'a>,
    #[serde(borrow, default)]
    last_transition_time: Text<'a>,
}

#[derive(Deserialize)]
struct Artifact<'a> {
    #[serde(borrow, default)]
    revision: Text<'a>,
}

/// An entry of a HelmRelease's history; a Kustomization's has no chart.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Release<'a> {
    #[serde(borrow, default)]
    chart_version: Text<'a>,
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

/// Understands one line of a watch of `kind`.
pub(crate) fn event(kind: Kind, line: &[u8]) -> Result<Event, serde_json::Error> {
    let event: WatchEvent<'_> = serde_json::from_slice(line)?;
    if event.word == "ERROR" {
        let failure: Failure = serde_json::from_str(event.object.get())?;
        return Ok(Event::Error { code: failure.code, message: cut(&failure.message, Row::MESSAGE_LIMIT) });
    }
    let object: Object<'_> = match &*event.word {
        "BOOKMARK" => return bookmark(event.object.get()).map(Event::Change),
        _ => serde_json::from_str(event.object.get())?,
    };
    Ok(Event::Change(match &*event.word {
        "DELETED" => Change::Deleted(object.key(kind), object.version()),
        _ => Change::Applied(Arc::new(object.row(kind))),
    }))
}

/// A bookmark carries nothing but a version: not even a name.
fn bookmark(object: &str) -> Result<Change, serde_json::Error> {
    #[derive(Deserialize)]
    struct Bookmark {
        metadata: ListMeta,
    }
    let bookmark: Bookmark = serde_json::from_str(object)?;
    Ok(Change::Mark(bookmark.metadata.resource_version.parse().unwrap_or_default()))
}

/// Understands one page of a list of `kind`; objects that cannot be understood are left out and logged.
pub(crate) fn page(kind: Kind, body: &[u8]) -> Result<Page, serde_json::Error> {
    let list: List<'_> = serde_json::from_slice(body)?;
    let understood = |raw: &&RawValue| match serde_json::from_str::<Object<'_>>(raw.get()) {
        Ok(object) => Some(Arc::new(object.row(kind))),
        Err(error) => {
            tracing::warn!(%kind, %error, "an object cannot be understood");
            None
        }
    };
    Ok(Page {
        rows: list.items.iter().filter_map(understood).collect(),
        version: list.metadata.resource_version.parse().unwrap_or_default(),
        next: (!list.metadata.next.is_empty()).then_some(list.metadata.next),
    })
}

impl Object<'_> {
    fn key(&self, kind: Kind) -> ObjectKey {
        ObjectKey::new(kind, &*self.metadata.namespace.0, &*self.metadata.name.0)
    }

    fn version(&self) -> Version {
        self.metadata.resource_version.0.parse().unwrap_or_default()
    }

    fn row(&self, kind: Kind) -> Row {
        let key = self.key(kind);
        let facts = self.facts(kind);
        let judged = judge(&facts);
        Row {
            version: self.version(),
            state: judged.state,
            since: judged.since,
            message: cut(judged.message, Row::MESSAGE_LIMIT).into(),
            source: self.source(&key.namespace),
            revision: self.revision(kind).into(),
            key,
        }
    }

    fn facts(&self, kind: Kind) -> Facts<'_> {
        let annotations = &self.metadata.annotations;
        let off = |text: &Text<'_>| text.0.eq_ignore_ascii_case("disabled");
        Facts {
            deleting_since: seconds(&self.metadata.deletion_timestamp.0),
            suspended: self.spec.suspend || off(&annotations.generator) || off(&annotations.operator),
            has_status: kind.info().has_status,
            conditions: self.status.conditions.iter().map(WireCondition::condition).collect(),
        }
    }

    fn source(&self, own: &Arc<str>) -> Option<SourceLink> {
        let Spec { chart_ref, chart, source_ref, .. } = &self.spec;
        if let Some(reference) = chart_ref {
            return reference.link(own, None);
        }
        if let Some(template) = chart {
            return template.spec.source_ref.link(own, Some(Arc::from(&*template.spec.chart.0)));
        }
        source_ref.as_ref()?.link(own, None)
    }

    fn revision(&self, kind: Kind) -> &str {
        if kind == Kind::HELM_RELEASE {
            return self.status.history.first().map_or("", |release| &release.chart_version.0);
        }
        match &self.status.artifact {
            Some(artifact) => &artifact.revision.0,
            None => &self.status.last_applied_revision.0,
        }
    }
}

impl Reference<'_> {
    fn link(&self, own: &Arc<str>, chart: Option<Arc<str>>) -> Option<SourceLink> {
        let namespace = if self.namespace.0.is_empty() { Arc::clone(own) } else { Arc::from(&*self.namespace.0) };
        Some(SourceLink { kind: Kind::by_name(&self.kind.0)?, namespace, name: Arc::from(&*self.name.0), chart })
    }
}

impl WireCondition<'_> {
    fn condition(&self) -> Condition<'_> {
        Condition {
            kind: &self.word.0,
            status: match &*self.status.0 {
                "True" => ConditionStatus::True,
                "False" => ConditionStatus::False,
                _ => ConditionStatus::Unknown,
            },
            reason: &self.reason.0,
            message: &self.message.0,
            since: seconds(&self.last_transition_time.0),
        }
    }
}

/// Seconds since 1970 of an RFC 3339 time; `None` for any other text.
fn seconds(time: &str) -> Option<i64> {
    time.parse::<jiff::Timestamp>().ok().map(jiff::Timestamp::as_second)
}

#[cfg(test)]
mod tests {
    use fanlight_model::State;
    use serde_json::json;

    use super::*;

    fn row(kind: Kind, object: &serde_json::Value) -> Row {
        let line = json!({"type": "MODIFIED", "object": object}).to_string();
        match event(kind, line.as_bytes()) {
            Ok(Event::Change(Change::Applied(row))) => Arc::unwrap_or_clone(row),
            _ => panic!("not a row: {line}"),
        }
    }

    #[test]
    fn a_kustomization_becomes_a_row() {
        let row = row(
            Kind::KUSTOMIZATION,
            &json!({
                "metadata": {"name": "shop", "namespace": "apps", "resourceVersion": "42", "managedFields": [{"x": 1}]},
                "spec": {"interval": "10m", "sourceRef": {"kind": "GitRepository", "name": "fleet", "namespace": "flux-system"}},
                "status": {
                    "lastAppliedRevision": "main@sha1:ba66396785f97042590e94c06645dac9ed1d1c82",
                    "conditions": [{"type": "Ready", "status": "False", "reason": "HealthCheckFailed",
                        "message": "said \"no\"\nand ünïcode", "lastTransitionTime": "2026-11-23T04:01:08Z"}],
                },
            }),
        );
        assert_eq!(row.key, ObjectKey::new(Kind::KUSTOMIZATION, "apps", "shop"));
        assert_eq!((row.version, row.state, row.since), (42, State::Failed, Some(1_795_406_468)));
        assert_eq!(&*row.message, "said \"no\"\nand ünïcode");
        assert_eq!(row.source.expect("a source").namespace, "flux-system".into());
    }

    #[test]
    fn a_helm_release_names_its_chart_and_the_version_that_is_installed() {
        let row = row(
            Kind::HELM_RELEASE,
            &json!({
                "metadata": {"name": "billing", "namespace": "apps", "resourceVersion": "7"},
                "spec": {"suspend": true, "chart": {"spec": {"chart": "billing", "version": ">=2",
                    "sourceRef": {"kind": "HelmRepository", "name": "charts"}}}},
                "status": {"history": [{"chartVersion": "2.8.1"}, {"chartVersion": "2.8.0"}]},
            }),
        );
        assert_eq!((row.state, &*row.revision), (State::Suspended, "2.8.1"));
        assert_eq!(row.source.expect("a source").to_string(), "charts/billing");
    }

    #[test]
    fn fields_that_are_missing_or_of_another_type_leave_a_row_that_says_less() {
        let meta = json!({"name": "odd", "resourceVersion": "1"});
        for object in [
            json!({"metadata": meta}),
            json!({"metadata": meta, "spec": null, "status": []}),
            json!({"metadata": meta, "spec": {"chart": "a-string", "suspend": "yes", "sourceRef": 5}, "status": {"conditions": {}, "history": "x"}}),
            json!({"metadata": meta, "status": {"conditions": [{"type": 1}], "artifact": 7, "lastAppliedRevision": {}}}),
        ] {
            let row = row(Kind::HELM_RELEASE, &object);
            assert_eq!((row.state, row.source, &*row.revision), (State::NotReconciled, None, ""), "{object}");
        }
    }

    #[test]
    fn a_huge_message_is_cut() {
        let row = row(
            Kind::KUSTOMIZATION,
            &json!({"metadata": {"name": "a", "resourceVersion": "1"}, "status": {"conditions": [
                {"type": "Ready", "status": "True", "message": "x".repeat(1 << 20)}]}}),
        );
        assert!(row.message.len() <= Row::MESSAGE_LIMIT);
    }

    #[test]
    fn bookmarks_deletions_and_errors_are_told_apart() {
        let mark = br#"{"type":"BOOKMARK","object":{"kind":"Kustomization","metadata":{"resourceVersion":"99"}}}"#;
        assert!(matches!(event(Kind::KUSTOMIZATION, mark), Ok(Event::Change(Change::Mark(99)))));
        let gone = br#"{"type":"DELETED","object":{"metadata":{"name":"a","namespace":"b","resourceVersion":"5"}}}"#;
        assert!(matches!(event(Kind::KUSTOMIZATION, gone), Ok(Event::Change(Change::Deleted(_, 5)))));
        let error = br#"{"type":"ERROR","object":{"kind":"Status","code":410,"message":"too old"}}"#;
        assert!(matches!(event(Kind::KUSTOMIZATION, error), Ok(Event::Error { code: 410, .. })));
    }

    #[test]
    fn one_odd_object_does_not_hide_the_others_of_its_page() {
        let body = json!({"metadata": {"resourceVersion": "10", "continue": "token"}, "items": [
            {"metadata": {"name": "a", "namespace": "n", "resourceVersion": "1"}}, {"metadata": 5}]});
        let page = page(Kind::KUSTOMIZATION, body.to_string().as_bytes()).expect("a page");
        assert_eq!((page.rows.len(), page.version, page.next.as_deref()), (1, 10, Some("token")));
    }
}
