//! Suspending and resuming, as each kind spells it.

use std::fmt;

use serde_json::{Value, json};

use super::{Stage, Target, demand::REQUESTED};
use crate::{Family, Kind, Suspension};

/// Who suspended. The predecessor writes and reads it, too.
const BY: &str = "metadata.weave.works/suspended-by";
/// Why.
const COMMENT: &str = "metadata.weave.works/suspended-comment";
/// Who suspended, as the Flux Operator's page writes it. Read and cleared here, never written.
const OPERATOR_BY: &str = "fluxcd.controlplane.io/suspendedBy";

impl fmt::Display for Suspension<'_> {
    /// What follows the word “suspended”: ` by dana: “a reason”`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.by.is_empty() {
            write!(f, " by {}", self.by)?;
        }
        if !self.comment.is_empty() {
            write!(f, ": “{}”", self.comment)?;
        }
        Ok(())
    }
}

impl<'a> Suspension<'a> {
    /// The suspension that an object states, if any: `suspend` is its `spec.suspend`, `annotation` the value of one,
    /// empty if it is missing.
    pub fn read(kind: Kind, suspend: bool, annotation: impl Fn(&str) -> &'a str) -> Option<Self> {
        let suspended = match Field::of(kind) {
            Some(Field::Suspend) => suspend,
            Some(Field::Annotation(name)) => annotation(name).eq_ignore_ascii_case("disabled"),
            None => false,
        };
        let by = [BY, OPERATOR_BY].into_iter().map(&annotation).find(|by| !by.is_empty());
        suspended.then(|| Self { by: by.unwrap_or_default(), comment: annotation(COMMENT) })
    }
}

/// What one object needs for an action that is a single change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Plan {
    /// Nothing: it is already so, or must not be.
    None(Stage),
    /// This JSON merge patch (RFC 7396).
    Patch(Value),
}

/// What of an object says whether it is suspended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Field {
    /// `spec.suspend`.
    Suspend,
    /// This annotation, with the value `disabled`.
    Annotation(&'static str),
}

impl Field {
    /// That of a kind; `None` for one that cannot be suspended.
    pub(super) fn of(kind: Kind) -> Option<Self> {
        let info = kind.info();
        match info.name {
            "ExternalArtifact" => None,
            "ArtifactGenerator" => Some(Field::Annotation("source.extensions.fluxcd.io/reconcile")),
            _ if info.family == Family::Operator => Some(Field::Annotation("fluxcd.controlplane.io/reconcile")),
            _ => Some(Field::Suspend),
        }
    }

    /// Whether a set of fields, as `managedFields` writes it (`FieldsV1`), has it.
    pub(super) fn is_in(self, fields: &Value) -> bool {
        match self {
            Field::Suspend => fields["f:spec"].get("f:suspend").is_some(),
            Field::Annotation(name) => fields["f:metadata"]["f:annotations"].get(format!("f:{name}")).is_some(),
        }
    }
}

impl fmt::Display for Field {
    /// What somebody looks for in the manifest.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Field::Suspend => f.write_str("spec.suspend"),
            Field::Annotation(name) => write!(f, "the annotation {name}"),
        }
    }
}

/// Whether objects of the kind can be told to be left alone.
pub(super) fn can_be_suspended(kind: Kind) -> bool {
    Field::of(kind).is_some()
}

impl<'a> Target<'a> {
    /// Whether the object is suspended, by whom and why.
    pub fn suspension(&self) -> Option<Suspension<'a>> {
        let suspend = self.at("/spec/suspend").and_then(Value::as_bool) == Some(true);
        Suspension::read(self.key.kind, suspend, |name| self.annotation(name).unwrap_or_default())
    }

    /// What it takes to suspend the object in the name of `by`. A comment of an earlier suspension does not survive.
    pub fn suspend(&self, by: &str, comment: Option<&str>) -> Plan {
        if let Some(suspension) = self.suspension() {
            return Plan::None(Stage::Done(format!("Already suspended{suspension}")));
        }
        let comment = comment.map(str::trim).filter(|comment| !comment.is_empty());
        let mut patch = json!({"metadata": {"annotations": {BY: by, COMMENT: comment}}});
        match Field::of(self.key.kind) {
            Some(Field::Suspend) => patch["spec"]["suspend"] = json!(true),
            Some(Field::Annotation(name)) => patch["metadata"]["annotations"][name] = json!("disabled"),
            None => return never(self.key.kind),
        }
        Plan::Patch(patch)
    }

    /// What it takes to resume the object; `value` is that of a demand to reconcile, which some kinds need in order to
    /// begin at once.
    pub fn resume(&self, value: &str) -> Plan {
        let mut patch = json!({"metadata": {"annotations": {BY: null, COMMENT: null, OPERATOR_BY: null}}});
        match Field::of(self.key.kind) {
            None => return never(self.key.kind),
            _ if self.suspension().is_none() => {
                return Plan::None(Stage::Done("Not suspended, so nothing was changed".to_owned()));
            }
            Some(Field::Suspend) => patch["spec"]["suspend"] = Value::Null,
            // No change of the specification, so no news to a controller.
            Some(Field::Annotation(name)) => {
                patch["metadata"]["annotations"][name] = Value::Null;
                patch["metadata"]["annotations"][REQUESTED] = json!(value);
            }
        }
        Plan::Patch(patch)
    }
}

fn never(kind: Kind) -> Plan {
    Plan::None(Stage::Refused(format!("{kind} objects cannot be suspended: suspend what makes them")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ObjectKey;

    fn key(kind: &str) -> ObjectKey {
        ObjectKey::new(Kind::by_name(kind).expect("a kind"), "apps", "shop")
    }

    /// RFC 7396, so that the tests see what becomes of the object.
    fn merge(object: &mut Value, patch: &Value) {
        let Value::Object(fields) = patch else {
            *object = patch.clone();
            return;
        };
        if !object.is_object() {
            *object = json!({});
        }
        for (name, value) in fields {
            if value.is_null() {
                object.as_object_mut().expect("an object").remove(name);
            } else {
                merge(&mut object[name], value);
            }
        }
    }

    fn patched(object: &Value, plan: Plan) -> Value {
        let Plan::Patch(patch) = plan else { panic!("no patch: {plan:?}") };
        let mut object = object.clone();
        merge(&mut object, &patch);
        object
    }

    #[test]
    fn every_kind_that_can_be_suspended_is_so_in_its_own_spelling_and_comes_back_as_it_was() {
        for kind in Kind::all().filter(|kind| kind.info().name != "ExternalArtifact") {
            let key = key(kind.info().name);
            let before = json!({"metadata": {"annotations": {"own": "stays"}}, "spec": {"interval": "1m"}});
            let suspended = patched(&before, Target::new(&key, &before).suspend("dana", Some(" a freeze ")));
            let found = Target::new(&key, &suspended).suspension().expect("suspended");
            assert_eq!(found, Suspension { by: "dana", comment: "a freeze" }, "{kind}");
            let mut resumed = patched(&suspended, Target::new(&key, &suspended).resume("now"));
            let requested = resumed["metadata"]["annotations"].as_object_mut().and_then(|all| all.remove(REQUESTED));
            assert_eq!(requested.is_some(), matches!(Field::of(kind), Some(Field::Annotation(_))), "{kind}");
            assert_eq!(resumed, before, "{kind}");
        }
    }

    #[test]
    fn kinds_without_a_field_for_it_use_an_annotation() {
        for (kind, annotation) in [
            ("ArtifactGenerator", "source.extensions.fluxcd.io/reconcile"),
            ("ResourceSet", "fluxcd.controlplane.io/reconcile"),
        ] {
            let key = key(kind);
            let object = json!({"spec": {}});
            let suspended = patched(&object, Target::new(&key, &object).suspend("dana", None));
            assert_eq!(suspended["metadata"]["annotations"][annotation], "disabled");
            assert_eq!(suspended["spec"], json!({}));
        }
    }

    #[test]
    fn an_older_comment_does_not_outlive_a_suspension_without_one() {
        let key = key("Kustomization");
        let object = json!({"metadata": {"annotations": {COMMENT: "last year's"}}, "spec": {}});
        for comment in [None, Some(""), Some("  ")] {
            let suspended = patched(&object, Target::new(&key, &object).suspend("dana", comment));
            assert_eq!(suspended["metadata"]["annotations"], json!({BY: "dana"}));
        }
    }

    #[test]
    fn what_is_already_so_is_left_alone_and_says_by_whom() {
        let key = key("HelmRelease");
        let object = json!({"metadata": {"annotations": {BY: "erin", COMMENT: "audit"}}, "spec": {"suspend": true}});
        let plan = Target::new(&key, &object).suspend("dana", Some("mine"));
        assert_eq!(plan, Plan::None(Stage::Done("Already suspended by erin: “audit”".to_owned())));
        let object = json!({"spec": {"suspend": false}});
        assert!(matches!(Target::new(&key, &object).resume("now"), Plan::None(Stage::Done(_))));
    }

    #[test]
    fn a_kind_that_is_suspended_in_one_spelling_does_not_mind_the_others() {
        let disabled = |_: &str| "disabled";
        assert_eq!(Suspension::read(Kind::KUSTOMIZATION, false, disabled), None);
        let resource_set = key("ResourceSet").kind;
        assert_eq!(Suspension::read(resource_set, true, |_| ""), None);
        assert!(Suspension::read(resource_set, false, disabled).is_some());
        let operator = |name: &str| if name == OPERATOR_BY { "dana" } else { "" };
        let suspension = Suspension::read(Kind::HELM_RELEASE, true, operator);
        assert_eq!(suspension, Some(Suspension { by: "dana", comment: "" }));
    }

    #[test]
    fn an_external_artifact_is_refused_both_ways() {
        let key = key("ExternalArtifact");
        let object = json!({"spec": {}});
        let target = Target::new(&key, &object);
        assert!(matches!(target.suspend("dana", None), Plan::None(Stage::Refused(_))));
        assert!(matches!(target.resume("now"), Plan::None(Stage::Refused(_))));
    }
}
