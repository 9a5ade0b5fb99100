use fanlight_model::{Answer, Deed, WorkloadAction};
use serde_json::Value;

use crate::{place, workload_action};

/// Something that can be done, as a button that asks back.
pub(super) struct Button {
    /// The word in the form.
    pub(super) action: &'static str,
    pub(super) word: &'static str,
    /// What it will do.
    pub(super) text: &'static str,
    /// Why it cannot be done; empty if it can.
    pub(super) obstacle: String,
    /// Where it says what is missing, if it is a right.
    pub(super) missing: Option<String>,
}

impl Button {
    pub(super) fn of(base: &str, action: &WorkloadAction, may: Answer, object: &Value) -> Self {
        let (slug, text) = match action {
            WorkloadAction::Restart(_) => {
                ("restart", "Its pods are replaced, a few at a time, as its update strategy has it.")
            }
            WorkloadAction::Run(_) => {
                ("run", "A Job is made now, besides those of the schedule, and also if one runs.")
            }
            WorkloadAction::DeletePod(_) => ("delete-pod", "It is told to end; what made it makes another."),
        };
        let deed = action.deed();
        let forbidden = forbidden(may, &deed);
        let obstacle = match (&*forbidden, action.obstacle(object)) {
            ("", Some(obstacle)) => obstacle.to_owned(),
            _ => forbidden.clone(),
        };
        let missing = (!forbidden.is_empty()).then(|| place::may(base, &deed));
        Self { action: slug, word: workload_action::word(action), text, obstacle, missing }
    }
}

/// That a right is missing; empty if it is not. Where Kubernetes has not said, trying asks it again.
pub(super) fn forbidden(may: Answer, deed: &Deed) -> String {
    match may {
        Answer::Yes | Answer::Unknown => String::new(),
        Answer::No => {
            format!("Kubernetes does not let you {} {} in {}", deed.verb, deed.resource, deed.namespace)
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_button_is_dead_where_a_right_is_missing_or_the_object_is_not_in_the_way_of_it() {
        let restart = WorkloadAction::read("restart", "Deployment/shop/cart", "").expect("an action");
        let button = |may, object: &Value| Button::of("", &restart, may, object);
        for may in [Answer::Yes, Answer::Unknown] {
            let button = button(may, &json!({}));
            assert!(button.obstacle.is_empty() && button.missing.is_none());
        }
        let no = button(Answer::No, &json!({}));
        assert_eq!(no.obstacle, "Kubernetes does not let you patch deployments in shop");
        assert_eq!(
            no.missing.as_deref(),
            Some("/user_info?verb=patch&resource=deployments.apps&namespace=shop&name=cart#may")
        );
        let paused = button(Answer::Yes, &json!({"spec": {"paused": true}}));
        assert!(paused.obstacle.starts_with("It is paused") && paused.missing.is_none());
    }
}
