//! What is there already: Flux, a dashboard of ours, a dashboard of the predecessor.

use std::fmt;

use fanlight_cluster::rescue::{Rescue, RescueError, Spot, Trouble};
use serde_json::Value;

use super::manifests::{PART_OF, RELEASES, SOURCES, Served};

/// The label by which the predecessor's programs find an installation; Fanlight's chart keeps it.
const WEAVE: &str = "weave.works/app=weave-gitops-oss";

/// A dashboard that is there.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) product: Product,
    pub(super) namespace: String,
    pub(super) name: String,
    /// Whether Flux installed it, and not the `helm` of a person.
    pub(super) by_flux: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Product {
    Fanlight,
    Weave,
    WeaveEnterprise,
}

impl fmt::Display for Product {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Fanlight => "Fanlight",
            Self::Weave => "Weave GitOps",
            Self::WeaveEnterprise => "Weave GitOps Enterprise",
        })
    }
}

/// Why nothing can be installed by Flux.
#[derive(Debug, thiserror::Error)]
pub(super) enum NoFlux {
    /// A kind is not served.
    #[error("Flux is not installed here, or is too old: the API server serves no {0}. Install it with `flux install`")]
    NotServed(&'static str),
    /// A controller is not there.
    #[error("Flux's definitions are here, but no {0}: finish its installation with `flux install` or `flux bootstrap`")]
    NoController(&'static str),
    /// A controller is there and not ready.
    #[error("Flux is not ready: {0} has no ready pod. See `kubectl --namespace {1} describe deployment {0}`")]
    NotReady(String, String),
    /// It cannot be asked.
    #[error(transparent)]
    Unanswered(#[from] RescueError),
}

/// The versions of Flux's kinds, if its controllers are there and ready.
pub(super) async fn flux(cluster: &Rescue, tell: &dyn Fn(&str)) -> Result<Served, NoFlux> {
    let sources = cluster.served(SOURCES).await?;
    let releases = cluster.served(RELEASES).await?;
    let source = sources.get("ocirepositories").and_then(|versions| versions.first());
    let release = releases.get("helmreleases").filter(|versions| versions.iter().any(|version| version == "v2"));
    let source = source.ok_or(NoFlux::NotServed("OCIRepository"))?;
    release.ok_or(NoFlux::NotServed("HelmRelease v2"))?;
    let served = Served { source: format!("{SOURCES}/{source}"), ..Served::today() };
    let all = Spot { kind: "Deployment", api: "apps/v1", plural: "deployments", namespace: "", name: "" };
    let deployments = match cluster.objects(&all, "app.kubernetes.io/part-of=flux").await {
        Err(RescueError { trouble: Trouble::Forbidden(_), .. }) => {
            tell("Whether Flux's controllers are ready is not known: you may not list Deployments.");
            return Ok(served);
        }
        deployments => deployments?,
    };
    for controller in ["source-controller", "helm-controller"] {
        let mine: Vec<_> = deployments.iter().filter(|one| text(one, "/metadata/name").contains(controller)).collect();
        let Some(first) = mine.first() else { return Err(NoFlux::NoController(controller)) };
        if !mine.iter().any(|one| one["status"]["readyReplicas"].as_i64().unwrap_or(0) > 0) {
            let place = |pointer| text(first, pointer).to_owned();
            return Err(NoFlux::NotReady(place("/metadata/name"), place("/metadata/namespace")));
        }
    }
    Ok(served)
}

/// Every dashboard that is there, as far as one may see: first what Flux installs, then what else runs.
pub(super) async fn dashboards(
    cluster: &Rescue,
    served: &Served,
    namespace: &str,
    tell: &dyn Fn(&str),
) -> Result<Vec<Found>, RescueError> {
    let releases = Spot { kind: "HelmRelease", api: &served.release, plural: "helmreleases", namespace: "", name: "" };
    let deployments = Spot { kind: "Deployment", api: "apps/v1", plural: "deployments", namespace: "", name: "" };
    let mut found = Vec::new();
    for release in everywhere(cluster, releases, "", namespace, tell).await? {
        if let Some(product) = product_of_release(&release) {
            found.push(Found::at(&release, product, true));
        }
    }
    for deployment in everywhere(cluster, deployments, WEAVE, namespace, tell).await? {
        let labels = &deployment["metadata"]["labels"];
        let known = found.iter().any(|one| {
            labels["helm.toolkit.fluxcd.io/name"] == one.name
                && labels["helm.toolkit.fluxcd.io/namespace"] == one.namespace
                || labels["app.kubernetes.io/instance"] == one.name
        });
        if !known {
            found.push(Found::at(&deployment, product_of_deployment(&deployment), false));
        }
    }
    Ok(found)
}

/// Everywhere, or in the one namespace if no more may be seen.
async fn everywhere(
    cluster: &Rescue,
    all: Spot<'_>,
    labels: &str,
    namespace: &str,
    tell: &dyn Fn(&str),
) -> Result<Vec<Value>, RescueError> {
    match cluster.objects(&all, labels).await {
        Err(RescueError { trouble: Trouble::Forbidden(_), .. }) => {
            tell(&format!(
                "You may list {} in {namespace} alone: another dashboard elsewhere would not be found.",
                all.plural
            ));
            cluster.objects(&Spot { namespace, ..all }, labels).await
        }
        outcome => outcome,
    }
}

impl Found {
    fn at(object: &Value, product: Product, by_flux: bool) -> Self {
        let [namespace, name] =
            ["/metadata/namespace", "/metadata/name"].map(|pointer| text(object, pointer).to_owned());
        // What `helm` has installed is known by the release's name.
        let instance = object["metadata"]["labels"]["app.kubernetes.io/instance"].as_str();
        let name = instance.filter(|_| !by_flux).map_or(name, ToOwned::to_owned);
        Self { product, namespace, name, by_flux }
    }
}

fn product_of_release(release: &Value) -> Option<Product> {
    match release["spec"]["chart"]["spec"]["chart"].as_str() {
        Some("weave-gitops") => return Some(Product::Weave),
        Some("mccp") => return Some(Product::WeaveEnterprise),
        Some("fanlight") => return Some(Product::Fanlight),
        _ => {}
    }
    let labels = &release["metadata"]["labels"];
    (labels[PART_OF.0] == PART_OF.1).then_some(Product::Fanlight)
}

/// Both charts leave the same labels; the image tells.
pub(crate) fn product_of_deployment(deployment: &Value) -> Product {
    let chart = deployment["metadata"]["labels"]["helm.sh/chart"].as_str().unwrap_or_default();
    let images = deployment["spec"]["template"]["spec"]["containers"].as_array().into_iter().flatten();
    let ours = images.filter_map(|one| one["image"].as_str()).any(|image| image.contains("fanlight"));
    if ours || chart.starts_with("fanlight-") { Product::Fanlight } else { Product::Weave }
}

pub(super) fn text<'a>(object: &'a Value, pointer: &str) -> &'a str {
    object.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}
