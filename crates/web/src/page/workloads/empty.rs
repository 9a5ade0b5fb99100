use fanlight_model::WorkloadFilter;

use super::Found;

/// Why there is nothing to show.
pub(super) struct Empty {
    pub(super) title: &'static str,
    pub(super) text: String,
    /// Whether the filters are the reason.
    pub(super) filtered: bool,
    /// Whether a right is missing: then other namespaces may be worth a try.
    pub(super) refused: bool,
}

impl Empty {
    pub(super) fn why(filter: &WorkloadFilter, found: &Found, nothing_is_shown: bool) -> Option<Self> {
        let say = |title, text: &str| Self { title, text: text.to_owned(), filtered: false, refused: false };
        let found = match found {
            Ok(found) => found,
            Err(error) => {
                let text = format!("{error}. The page fills by itself when that changes.");
                return Some(say("What runs cannot be read", &text));
            }
        };
        if !nothing_is_shown {
            return None;
        }
        let all_refused = found.rows.is_empty() && !found.refused.is_empty();
        Some(if all_refused {
            let words = found.refused.values().next().map(String::as_str).unwrap_or_default();
            let text = format!("Kubernetes says: {words}.");
            Self { refused: true, ..say("You may not list what runs", &text) }
        } else if filter.is_narrow() {
            Self { filtered: true, ..say("Nothing matches", "The filters leave nothing over of what Flux applies.") }
        } else {
            say(
                "Nothing runs",
                "There is no Deployment, StatefulSet, DaemonSet, CronJob or Job with the labels of Flux where you may look.",
            )
        })
    }
}
