//! Whether somebody takes a change back who applies the object time and again.
//!
//! kustomize-controller, helm-controller and the Flux Operator apply by server-side apply, by force: of an object that is
//! there they change the fields that their manifest sets, and no others. Which these are the API server notes in
//! `metadata.managedFields`. So a suspension lasts beside a manifest that does not mention it, and is undone by one that
//! does, with whichever value. Only of managers named `kubectl…` kustomize-controller takes back everything.

use std::fmt;

use serde_json::Value;

use super::{Target, suspension::Field};
use crate::{Kind, ObjectKey};

/// Who applies an object time and again, and in doing so decides whether it is suspended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Undoing {
    /// The applying object: a Kustomization, for example.
    pub by: ObjectKey,
    /// Why.
    pub why: Why,
}

/// Why a change does not last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// What is applied sets this field or annotation.
    Sets(Field),
    /// It was changed by `kubectl`, whose changes are taken back.
    Kubectl,
    /// It was changed by somebody else, which hides whether what is applied sets it.
    SetsPerhaps(Field),
}

/// Those who apply: the prefix of the labels that they leave, their name as a manager of fields, their kind.
const APPLIERS: [(&str, &str, Kind); 4] = [
    ("kustomize.toolkit.fluxcd.io", "kustomize-controller", Kind::KUSTOMIZATION),
    ("helm.toolkit.fluxcd.io", "helm-controller", Kind::HELM_RELEASE),
    ("resourceset.fluxcd.controlplane.io", "flux-operator", Kind::RESOURCE_SET),
    ("fluxcd.controlplane.io", "flux-operator", Kind::FLUX_INSTANCE),
];

impl Target<'_> {
    /// Who undoes it if the object is suspended or resumed here.
    pub fn undoing(&self) -> Option<Undoing> {
        let (by, manager) = self.applier()?;
        let field = Field::of(self.key.kind)?;
        let sets = self.managers(field).any(|one| one == manager);
        sets.then_some(Undoing { by, why: Why::Sets(field) })
    }

    /// Who takes a suspension back that is there, or might.
    ///
    /// Whoever changes a field becomes its manager in place of those before, until these apply it again. So of a
    /// suspension made here it is not known any more whether the manifest sets the field.
    pub fn suspension_undoing(&self) -> Option<Undoing> {
        self.suspension()?;
        let (by, manager) = self.applier()?;
        let field = Field::of(self.key.kind)?;
        let managers: Vec<_> = self.managers(field).collect();
        let by_kubectl = by.kind == Kind::KUSTOMIZATION && managers.iter().any(|one| one.starts_with("kubectl"));
        let why = match () {
            () if managers.contains(&manager) => Why::Sets(field),
            () if by_kubectl => Why::Kubectl,
            () => Why::SetsPerhaps(field),
        };
        Some(Undoing { by, why })
    }

    /// Who applies the object and goes on doing so, with its name as a manager of fields.
    fn applier(&self) -> Option<(ObjectKey, &'static str)> {
        let label = |prefix: &str, name: &str| self.at("/metadata/labels")?.get(format!("{prefix}/{name}"))?.as_str();
        APPLIERS.into_iter().find_map(|(prefix, manager, kind)| {
            let key = ObjectKey::new(kind, label(prefix, "namespace")?, label(prefix, "name")?);
            (!self.is_left_alone_by(kind)).then_some((key, manager))
        })
    }

    /// Whether the object tells who applies it not to: kustomize-controller looks for that in labels and annotations.
    fn is_left_alone_by(&self, kind: Kind) -> bool {
        const POLICIES: [(&str, &str); 3] = [
            ("kustomize.toolkit.fluxcd.io/reconcile", "disabled"),
            ("kustomize.toolkit.fluxcd.io/ssa", "ignore"),
            ("kustomize.toolkit.fluxcd.io/ssa", "ifnotpresent"),
        ];
        let says = |(name, value): (&str, &str)| {
            let parts = ["/metadata/annotations", "/metadata/labels"];
            let mut found = parts.into_iter().filter_map(|part| self.at(part)?.get(name)?.as_str());
            found.any(|found| found.eq_ignore_ascii_case(value))
        };
        kind == Kind::KUSTOMIZATION && POLICIES.into_iter().any(says)
    }

    /// The managers that have set this field.
    fn managers(&self, field: Field) -> impl Iterator<Item = &str> {
        let entries = self.at("/metadata/managedFields").and_then(Value::as_array).into_iter().flatten();
        entries.filter(move |entry| field.is_in(&entry["fieldsV1"])).filter_map(|entry| entry["manager"].as_str())
    }
}

impl fmt::Display for Undoing {
    /// Whole sentences, on what somebody does to the object or has done.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ObjectKey { kind, namespace, name } = &self.by;
        // Helm may change only what differs between two releases.
        let (what, is, when) = match *kind {
            Kind::HELM_RELEASE => ("chart", "may be", "upgrades next or corrects drift"),
            _ => ("manifest", "is", "is reconciled next"),
        };
        match self.why {
            Why::Sets(field) => write!(
                f,
                "{kind} {namespace}/{name} applies this object from a {what} that sets {field}: suspending or resuming it \
                 here {is} undone when that {kind} {when}. Change it in Git to make it last."
            ),
            Why::Kubectl => write!(
                f,
                "kubectl made this suspension, and {kind} {namespace}/{name}, which applies the object, takes back what \
                 kubectl changes when it {when}. To make it last, resume it and suspend it here or by flux."
            ),
            Why::SetsPerhaps(field) => write!(
                f,
                "{kind} {namespace}/{name} applies this object. The suspension lasts unless its {what} sets {field}: then \
                 it {is} undone when that {kind} {when}."
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const OWNED: &str = "kustomize.toolkit.fluxcd.io";

    fn object(prefix: &str, managers: &Value) -> Value {
        let labels = json!({(format!("{prefix}/name")): "apps", (format!("{prefix}/namespace")): "flux-system"});
        json!({"metadata": {"labels": labels, "managedFields": managers}, "spec": {"suspend": true}})
    }

    fn entry(manager: &str, fields: &Value) -> Value {
        json!({"manager": manager, "operation": "Apply", "fieldsType": "FieldsV1", "fieldsV1": fields})
    }

    fn said(kind: Kind, object: &Value) -> [String; 2] {
        let key = ObjectKey::new(kind, "apps", "shop");
        let target = Target::new(&key, object);
        [target.undoing(), target.suspension_undoing()].map(|one| one.map(|one| one.to_string()).unwrap_or_default())
    }

    #[test]
    fn a_change_is_undone_exactly_by_who_applies_the_object_and_sets_the_field() {
        let sets = json!({"f:spec": {".": {}, "f:suspend": {}}});
        let other = json!({"f:spec": {"f:interval": {}}});
        let undone = "Kustomization flux-system/apps applies this object from a manifest that sets spec.suspend: suspending \
                      or resuming it here is undone when that Kustomization is reconciled next. Change it in Git to make \
                      it last.";
        let perhaps = "Kustomization flux-system/apps applies this object. The suspension lasts unless its manifest sets \
                       spec.suspend: then it is undone when that Kustomization is reconciled next.";
        for (managers, expected) in [
            (json!([entry("kustomize-controller", &sets)]), [undone; 2]),
            (json!([entry("kustomize-controller", &other), entry("kustomize-controller", &sets)]), [undone; 2]),
            (json!([entry("kustomize-controller", &other), entry("fanlight", &sets)]), ["", perhaps]),
            (json!([entry("helm-controller", &sets)]), ["", perhaps]),
            (json!("nonsense"), ["", perhaps]),
            (Value::Null, ["", perhaps]),
        ] {
            assert_eq!(said(Kind::KUSTOMIZATION, &object(OWNED, &managers)), expected, "{managers}");
        }
        let unowned =
            json!({"metadata": {"managedFields": [entry("kustomize-controller", &sets)]}, "spec": {"suspend": true}});
        assert_eq!(said(Kind::KUSTOMIZATION, &unowned), ["", ""]);
    }

    #[test]
    fn who_else_applies_objects_is_named_as_what_it_is() {
        let sets = json!({"f:spec": {"f:suspend": {}}});
        for (prefix, manager, words) in [
            (
                "helm.toolkit.fluxcd.io",
                "helm-controller",
                "HelmRelease flux-system/apps applies this object from a chart that sets",
            ),
            ("resourceset.fluxcd.controlplane.io", "flux-operator", "ResourceSet flux-system/apps applies"),
            ("fluxcd.controlplane.io", "flux-operator", "FluxInstance flux-system/apps applies"),
        ] {
            let [undone, _] = said(Kind::GIT_REPOSITORY, &object(prefix, &json!([entry(manager, &sets)])));
            assert!(undone.starts_with(words), "{undone}");
        }
    }

    #[test]
    fn an_object_that_is_not_applied_any_more_keeps_what_it_is_given() {
        let sets = json!([entry("kustomize-controller", &json!({"f:spec": {"f:suspend": {}}}))]);
        for (name, value) in [("reconcile", "disabled"), ("ssa", "Ignore"), ("ssa", "IfNotPresent")] {
            for part in ["annotations", "labels"] {
                let mut object = object(OWNED, &sets);
                object["metadata"][part][format!("{OWNED}/{name}")] = json!(value);
                assert_eq!(said(Kind::HELM_RELEASE, &object), ["", ""], "{name} {value}");
            }
        }
    }

    #[test]
    fn kinds_that_are_suspended_by_an_annotation_are_judged_by_that() {
        let annotations = json!({"f:metadata": {"f:annotations": {"f:fluxcd.controlplane.io/reconcile": {}}}});
        let object = object(OWNED, &json!([entry("kustomize-controller", &annotations)]));
        let [undone, _] = said(Kind::RESOURCE_SET, &object);
        assert!(undone.contains("sets the annotation fluxcd.controlplane.io/reconcile:"), "{undone}");
        assert_eq!(said(Kind::KUSTOMIZATION, &object)[0], "", "it is suspended by a field");
        assert_eq!(said(Kind::EXTERNAL_ARTIFACT, &object), ["", ""], "it is never suspended");
    }

    #[test]
    fn a_suspension_by_kubectl_is_known_to_be_taken_back() {
        let sets = json!({"f:spec": {"f:suspend": {}}});
        let object = object(OWNED, &json!([entry("kubectl-patch", &sets)]));
        let [undone, kubectl] = said(Kind::KUSTOMIZATION, &object);
        assert_eq!(undone, "");
        assert!(kubectl.starts_with("kubectl made this suspension, and Kustomization flux-system/apps"), "{kubectl}");
        let mut resumed = object.clone();
        resumed["spec"]["suspend"] = json!(false);
        assert_eq!(said(Kind::KUSTOMIZATION, &resumed), ["", ""]);
    }
}
