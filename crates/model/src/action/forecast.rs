//! What an action would do to an object, said beforehand.

use super::{Abilities, Action, Plan, Stage, Target, Undoing};
use crate::status::words::lower_first;

/// What an action would do to one object as it is now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Forecast {
    /// Something, in a sentence; and who would undo it.
    Acts(String, Option<Undoing>),
    /// Nothing; why, in a sentence.
    Idle(String),
}

impl Target<'_> {
    /// What the action would do, as far as the object tells. Rights are the API server's to know.
    pub fn forecast(&self, action: &Action) -> Forecast {
        match action {
            Action::Suspend { comment } => {
                self.change(self.suspend("", comment.as_deref()), "Its controller leaves it alone from now on.")
            }
            Action::Resume if self.suspension().is_none() => Forecast::Idle("It is not suspended.".to_owned()),
            Action::Resume => self.change(self.resume(""), "Its controller looks after it again, and begins at once."),
            Action::Sync { .. } | Action::Force { .. } | Action::Reset { .. } => self.reconciliation(action),
        }
    }

    fn change(&self, plan: Plan, sentence: &str) -> Forecast {
        match plan {
            Plan::Patch(_) => Forecast::Acts(sentence.to_owned(), self.undoing()),
            Plan::None(Stage::Done(why) | Stage::Refused(why)) => Forecast::Idle(format!("{why}.")),
            Plan::None(stage) => Forecast::Idle(stage.sentence().to_owned()),
        }
    }

    fn reconciliation(&self, action: &Action) -> Forecast {
        if let Some(obstacle) = self.obstacle() {
            return Forecast::Idle(format!("It is not reconciled: {obstacle}."));
        }
        let sentence = match action {
            Action::Force { .. } | Action::Reset { .. } if !Abilities::of(self.key.kind).force => {
                return Forecast::Idle(format!("{} objects can be neither forced nor reset.", self.key.kind));
            }
            Action::Force { reset: true, .. } => {
                "Failed attempts are forgotten, and Helm upgrades once although nothing changed."
            }
            Action::Force { .. } => "Helm upgrades once although nothing changed.",
            Action::Reset { .. } => "Failed attempts are forgotten, and it is reconciled.",
            _ => "It is reconciled.",
        };
        let sources = if action.with_source() { self.sources() } else { Ok(Vec::new()) };
        let names: Vec<_> = match sources {
            Err(why) => return Forecast::Idle(format!("It is not reconciled with its source: {why}.")),
            Ok(sources) => sources.iter().map(|source| source.key.to_string()).collect(),
        };
        let sentence = if names.is_empty() {
            sentence.to_owned()
        } else {
            format!("After {}: {}", names.join(" and "), lower_first(sentence))
        };
        Forecast::Acts(sentence, None)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::{Kind, ObjectKey};

    fn forecast(kind: Kind, action: &Action, object: &Value) -> Forecast {
        Target::new(&ObjectKey::new(kind, "apps", "shop"), object).forecast(action)
    }

    fn acts(sentence: &str) -> Forecast {
        Forecast::Acts(sentence.to_owned(), None)
    }

    fn idle(why: &str) -> Forecast {
        Forecast::Idle(why.to_owned())
    }

    const SUSPEND: Action = Action::Suspend { comment: None };
    const WITH_SOURCE: Action = Action::Sync { with_source: true };
    const FORCE: Action = Action::Force { reset: true, with_source: true };

    #[test]
    fn each_object_is_told_what_comes_to_it_and_what_does_not() {
        let ready = json!({"spec": {"sourceRef": {"kind": "GitRepository", "name": "fleet"}}});
        let suspended = json!({"spec": {"suspend": true},
            "metadata": {"annotations": {"metadata.weave.works/suspended-by": "dana"}}});
        let (ks, alert) = (Kind::KUSTOMIZATION, Kind::ALERT);
        for (kind, action, object, expected) in [
            (ks, &WITH_SOURCE, &ready, acts("After GitRepository/apps/fleet: it is reconciled.")),
            (
                ks,
                &WITH_SOURCE,
                &Value::Null,
                idle("It is not reconciled with its source: it names no source in spec.sourceRef."),
            ),
            (
                ks,
                &Action::Sync { with_source: false },
                &suspended,
                idle("It is not reconciled: it is suspended by dana; resume it first."),
            ),
            (ks, &SUSPEND, &ready, acts("Its controller leaves it alone from now on.")),
            (ks, &SUSPEND, &suspended, idle("Already suspended by dana.")),
            (ks, &Action::Resume, &suspended, acts("Its controller looks after it again, and begins at once.")),
            (ks, &Action::Resume, &ready, idle("It is not suspended.")),
            (ks, &FORCE, &ready, idle("Kustomization objects can be neither forced nor reset.")),
            (
                alert,
                &WITH_SOURCE,
                &ready,
                idle("It is not reconciled: there is nothing to reconcile: it is read whenever an event is sent."),
            ),
            (
                Kind::EXTERNAL_ARTIFACT,
                &SUSPEND,
                &ready,
                idle("ExternalArtifact objects cannot be suspended: suspend what makes them."),
            ),
        ] {
            assert_eq!(forecast(kind, action, object), expected, "{kind} {action:?}");
        }
    }

    #[test]
    fn what_flux_can_be_asked_for_together_is_said_together() {
        let by_chart = json!({"spec": {"chartRef": {"kind": "OCIRepository", "name": "shop"}}});
        assert_eq!(
            forecast(Kind::HELM_RELEASE, &FORCE, &by_chart),
            acts(
                "After OCIRepository/apps/shop: failed attempts are forgotten, and Helm upgrades once although nothing \
                 changed."
            )
        );
        assert_eq!(
            forecast(Kind::HELM_RELEASE, &Action::Reset { with_source: false }, &by_chart),
            acts("Failed attempts are forgotten, and it is reconciled.")
        );
    }

    #[test]
    fn of_a_change_it_is_told_who_undoes_it_and_of_a_reconciliation_nobody_does() {
        let object = json!({"metadata": {
            "labels": {"kustomize.toolkit.fluxcd.io/name": "apps", "kustomize.toolkit.fluxcd.io/namespace": "flux-system"},
            "managedFields": [{"manager": "kustomize-controller", "fieldsV1": {"f:spec": {"f:suspend": {}}}}]}});
        let undone = |action| match forecast(Kind::GIT_REPOSITORY, action, &object) {
            Forecast::Acts(_, undoing) => undoing.is_some(),
            Forecast::Idle(why) => panic!("{why}"),
        };
        assert!(undone(&SUSPEND) && !undone(&WITH_SOURCE));
    }
}
