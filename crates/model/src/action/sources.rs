//! What has to be synced before an object, for a sync with source.

use std::sync::Arc;

use super::Target;
use crate::{Family, Kind, ObjectKey};

/// An object that another one is made from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// Which object.
    pub key: ObjectKey,
    /// Whether it may be missing, because the object that needs it makes it.
    pub made_on_demand: bool,
}

impl Target<'_> {
    /// What to sync first, nearest to the origin first; the error is a clause on why that cannot be known.
    ///
    /// A HelmRelease with a chart template has two: the repository that the template names, and the HelmChart that
    /// helm-controller makes from the template, which is where a new version of the chart is looked for.
    ///
    /// See <https://fluxcd.io/flux/components/helm/helmreleases/#chart-template>.
    pub fn sources(&self) -> Result<Vec<Source>, String> {
        let needed = |key| Source { key, made_on_demand: false };
        match self.key.kind {
            Kind::HELM_RELEASE if self.at("/spec/chartRef").is_some() => {
                Ok(vec![needed(self.reference("/spec/chartRef")?)])
            }
            Kind::HELM_RELEASE => {
                let repository = self.reference("/spec/chart/spec/sourceRef")?;
                let chart = Source { key: self.generated_chart(&repository.namespace), made_on_demand: true };
                Ok(vec![needed(repository), chart])
            }
            Kind::KUSTOMIZATION | Kind::HELM_CHART => Ok(vec![needed(self.reference("/spec/sourceRef")?)]),
            kind if kind.info().family == Family::Terraform => Ok(vec![needed(self.reference("/spec/sourceRef")?)]),
            _ => Ok(Vec::new()),
        }
    }

    /// The object that a reference names; without a namespace, it means the object's own.
    fn reference(&self, pointer: &str) -> Result<ObjectKey, String> {
        let part = |name: &str| self.text(&format!("{pointer}/{name}"));
        let (Some(kind), Some(name)) = (part("kind"), part("name")) else {
            return Err(format!("it names no source in {}", pointer.trim_start_matches('/').replace('/', ".")));
        };
        // Nothing comes from its own kind: a chart of a chart could lead back to itself.
        let possible = |kind: &Kind| kind.info().family == Family::Source && *kind != self.key.kind;
        let known = Kind::by_name(kind).filter(possible);
        let known = known.ok_or_else(|| format!("its source is of kind {kind}, which is none of Flux's sources"))?;
        let namespace = part("namespace").map_or_else(|| Arc::clone(&self.key.namespace), Arc::from);
        Ok(ObjectKey::new(known, namespace, name))
    }

    /// The HelmChart made from a chart template: as the release's status says, or as helm-controller would name it.
    fn generated_chart(&self, namespace: &Arc<str>) -> ObjectKey {
        match self.text("/status/helmChart").and_then(|chart| chart.split_once('/')) {
            Some((namespace, name)) => ObjectKey::new(Kind::HELM_CHART, namespace, name),
            None => {
                let name = format!("{}-{}", self.key.namespace, self.key.name);
                ObjectKey::new(Kind::HELM_CHART, Arc::clone(namespace), name)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn sources(kind: &str, object: &Value) -> Result<Vec<String>, String> {
        let key = ObjectKey::new(Kind::by_name(kind).expect("a kind"), "apps", "shop");
        let sources = Target::new(&key, object).sources()?;
        Ok(sources.iter().map(|one| format!("{}{}", one.key, if one.made_on_demand { "?" } else { "" })).collect())
    }

    #[test]
    fn each_way_to_name_a_source_is_understood() {
        let chart = json!({"spec": {"chart": "shop", "sourceRef": {"kind": "HelmRepository", "name": "charts",
            "namespace": "flux-system"}}});
        let here = json!({"spec": {"chart": "./chart", "sourceRef": {"kind": "GitRepository", "name": "fleet"}}});
        for (kind, object, expected) in [
            (
                "Kustomization",
                json!({"spec": {"sourceRef": {"kind": "GitRepository", "name": "fleet", "namespace": "flux-system"}}}),
                &["GitRepository/flux-system/fleet"][..],
            ),
            ("Kustomization", json!({"spec": {"sourceRef": {"kind": "Bucket", "name": "b"}}}), &["Bucket/apps/b"]),
            (
                "HelmRelease",
                json!({"spec": {"chart": chart}, "status": {"helmChart": "flux-system/older-name"}}),
                &["HelmRepository/flux-system/charts", "HelmChart/flux-system/older-name?"],
            ),
            (
                "HelmRelease",
                json!({"spec": {"chart": chart}}),
                &["HelmRepository/flux-system/charts", "HelmChart/flux-system/apps-shop?"],
            ),
            (
                "HelmRelease",
                json!({"spec": {"chart": here}}),
                &["GitRepository/apps/fleet", "HelmChart/apps/apps-shop?"],
            ),
            (
                "HelmRelease",
                json!({"spec": {"chartRef": {"kind": "OCIRepository", "name": "shop"}}, "status": {"helmChart": ""}}),
                &["OCIRepository/apps/shop"],
            ),
            (
                "HelmChart",
                json!({"spec": {"chart": "shop", "sourceRef": {"kind": "HelmRepository", "name": "charts"}}}),
                &["HelmRepository/apps/charts"],
            ),
            (
                "Terraform",
                json!({"spec": {"sourceRef": {"kind": "OCIRepository", "name": "tf"}}}),
                &["OCIRepository/apps/tf"],
            ),
            ("GitRepository", json!({"spec": {}}), &[]),
            ("ImagePolicy", json!({"spec": {}}), &[]),
        ] {
            assert_eq!(sources(kind, &object).expect("a source"), expected, "{object}");
        }
    }

    #[test]
    fn a_source_that_cannot_be_understood_is_an_error_in_words() {
        for (object, why) in [
            (json!({"spec": {}}), "it names no source in spec.sourceRef"),
            (json!({"spec": {"sourceRef": {"kind": "GitRepository"}}}), "it names no source in spec.sourceRef"),
            (
                json!({"spec": {"sourceRef": {"kind": "Ship", "name": "a"}}}),
                "its source is of kind Ship, which is none of Flux's sources",
            ),
            (
                json!({"spec": {"sourceRef": {"kind": "Alert", "name": "a"}}}),
                "its source is of kind Alert, which is none of Flux's sources",
            ),
        ] {
            assert_eq!(sources("Kustomization", &object), Err(why.to_owned()), "{object}");
        }
    }
}
