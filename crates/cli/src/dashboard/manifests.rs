//! The two objects that have Flux install the dashboard.

use fanlight_cluster::rescue::Spot;
use serde_json::{Value, json};

/// The API group of sources.
pub(super) const SOURCES: &str = "source.toolkit.fluxcd.io";
/// The API group of Helm releases.
pub(super) const RELEASES: &str = "helm.toolkit.fluxcd.io";
/// The label of what belongs to Fanlight, and its value.
pub(super) const PART_OF: (&str, &str) = ("app.kubernetes.io/part-of", "fanlight");

/// What is to be installed, and where it comes from.
pub(super) struct Release<'a> {
    pub(super) name: &'a str,
    pub(super) namespace: &'a str,
    /// Where the chart is: `oci://registry.example.com/charts/fanlight`.
    pub(super) chart: &'a str,
    /// Which versions of it: a range.
    pub(super) versions: &'a str,
    pub(super) values: &'a Value,
}

/// The versions of Flux's APIs: of `OCIRepository`, of `HelmRelease`.
pub(super) struct Served {
    pub(super) source: String,
    pub(super) release: String,
}

impl Served {
    /// What Flux 2.6 and all later ones serve.
    pub(super) fn today() -> Self {
        Self { source: format!("{SOURCES}/v1"), release: format!("{RELEASES}/v2") }
    }
}

impl Release<'_> {
    pub(super) fn source_spot<'a>(&'a self, served: &'a Served) -> Spot<'a> {
        let Self { name, namespace, .. } = self;
        Spot { kind: "OCIRepository", api: &served.source, plural: "ocirepositories", namespace, name }
    }

    pub(super) fn release_spot<'a>(&'a self, served: &'a Served) -> Spot<'a> {
        let Self { name, namespace, .. } = self;
        Spot { kind: "HelmRelease", api: &served.release, plural: "helmreleases", namespace, name }
    }

    /// Where the chart comes from.
    pub(super) fn source(&self, served: &Served) -> Value {
        json!({
            "apiVersion": served.source, "kind": "OCIRepository",
            "metadata": self.metadata("Where the chart of Fanlight comes from"),
            "spec": {
                "interval": "1h",
                "url": self.chart,
                "ref": {"semver": self.versions},
                // The chart's archive as it is, for helm-controller.
                "layerSelector": {
                    "mediaType": "application/vnd.cncf.helm.chart.content.v1.tar+gzip", "operation": "copy",
                },
            },
        })
    }

    /// The release of the chart.
    pub(super) fn release(&self, served: &Served) -> Value {
        let mut release = json!({
            "apiVersion": served.release, "kind": "HelmRelease",
            "metadata": self.metadata("Fanlight, a dashboard for Flux"),
            "spec": {"interval": "1h", "chartRef": {"kind": "OCIRepository", "name": self.name}},
        });
        if self.values.as_object().is_some_and(|values| !values.is_empty()) {
            release["spec"]["values"] = self.values.clone();
        }
        release
    }

    fn metadata(&self, description: &str) -> Value {
        let Self { name, namespace, .. } = self;
        json!({
            "name": name, "namespace": namespace,
            "labels": {
                "app.kubernetes.io/name": "fanlight-dashboard", "app.kubernetes.io/component": "ui",
                PART_OF.0: PART_OF.1, "app.kubernetes.io/created-by": "fanlight-cli",
            },
            "annotations": {"metadata.weave.works/description": description},
        })
    }
}

/// The objects as YAML documents.
pub(super) fn yaml(objects: &[Value]) -> anyhow::Result<String> {
    let mut text = String::new();
    for object in objects {
        text.push_str("---\n");
        text.push_str(&serde_saphyr::to_string(object)?);
    }
    Ok(text)
}
