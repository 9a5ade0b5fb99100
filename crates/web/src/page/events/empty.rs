use fanlight_model::EventFilter;

use super::Happened;
use crate::ObjectError;

/// Why there is nothing to show.
pub(super) struct Empty {
    pub(super) title: &'static str,
    pub(super) text: String,
    /// What an administrator can apply.
    pub(super) remedy: String,
    /// Whether the filters are the reason.
    pub(super) filtered: bool,
}

impl Empty {
    pub(super) fn why(filter: &EventFilter, happened: &Happened, user: &str) -> Option<Self> {
        if happened.shown(filter).next().is_some() {
            return None;
        }
        let say = |title, text: String| Self { title, text, remedy: String::new(), filtered: false };
        Some(match happened.refusal() {
            Some(ObjectError::Forbidden(words)) => {
                let place = happened.places().find_map(|place| place.map(ToOwned::to_owned));
                let text = format!(
                    "Kubernetes says: {words}. An administrator can allow {user} to list and watch Events, for one namespace, with:"
                );
                Self { remedy: remedy(place.as_deref().unwrap_or("apps")), ..say("You may not list Events", text) }
            }
            Some(error) => say("The Events cannot be read", format!("{error}. The page fills by itself when they can.")),
            None if !happened.has_places() => Self {
                remedy: remedy("apps"),
                ..say(
                    "You may not list Events",
                    format!(
                        "Kubernetes does not let {user} list Events in the whole cluster, nor anything of Flux in any namespace. \
                         An administrator can allow it, for one namespace, with:"
                    ),
                )
            },
            None if filter.is_narrow() => Self {
                filtered: true,
                ..say("Nothing matches", "The filters leave nothing over of what happened lately.".to_owned())
            },
            None => say(
                "Nothing happened lately",
                "Kubernetes keeps Events for an hour, unless told otherwise, and there is none about objects of Flux where you may look."
                    .to_owned(),
            ),
        })
    }
}

fn remedy(namespace: &str) -> String {
    format!(
        "kind: Role\napiVersion: rbac.authorization.k8s.io/v1\nmetadata: {{name: events-view, namespace: {namespace}}}\nrules:\n\
         - apiGroups: [\"\"]\n  resources: [events]\n  verbs: [get, list, watch]"
    )
}
