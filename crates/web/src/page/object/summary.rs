use std::time::SystemTime;

use fanlight_model::{About, Badge, Entry, Kind, Query, Roster, cut, image_link};
use serde_json::Value;

use super::{Fact, Shown, facts::facts};
use crate::{frame::Frame, manifest, page::list::ListPage, place, status::StatusView, versions::without_secrets};

/// What there is to know of an object, beside how it is.
#[derive(Default)]
pub(super) struct Summary<'a> {
    pub(super) badges: &'a [Badge],
    pub(super) facts: Vec<Fact>,
    /// Facts that belong together.
    pub(super) panels: Vec<(&'static str, Vec<Fact>)>,
    pub(super) rosters: Vec<RosterView<'a>>,
    pub(super) texts: Vec<TextView>,
}

/// Several of a sort.
pub(super) struct RosterView<'a> {
    pub(super) title: &'static str,
    pub(super) entries: Vec<EntryView<'a>>,
    /// How many more there are.
    pub(super) more: usize,
}

/// One of them.
pub(super) struct EntryView<'a> {
    pub(super) name: &'a str,
    pub(super) link: Option<String>,
    /// Whether the name is set like code.
    pub(super) code: bool,
    pub(super) image: &'a str,
    pub(super) image_link: Option<String>,
    pub(super) text: &'a str,
    pub(super) status: Option<StatusView>,
}

/// A text of several lines.
pub(super) struct TextView {
    pub(super) title: &'static str,
    /// What there is to say about it.
    pub(super) note: String,
    pub(super) text: String,
}

impl<'a> Summary<'a> {
    pub(super) fn of(frame: &Frame, shown: &'a Shown, now: SystemTime) -> Self {
        let properties = &shown.details.properties;
        let panel = |(title, own): &(&'static str, Vec<_>)| {
            (*title, own.iter().filter_map(|property| Fact::of(property, now)).collect())
        };
        let written = properties.texts.iter();
        let written = written.map(|(title, text)| TextView { title, note: String::new(), text: text.clone() });
        Self {
            badges: &shown.details.badges,
            facts: facts(frame, shown, now),
            panels: properties.panels.iter().map(panel).collect(),
            rosters: properties.rosters.iter().map(|roster| RosterView::of(frame, roster)).collect(),
            texts: written.chain(inputs(shown.details.row.key.kind, &shown.object)).collect(),
        }
    }
}

impl<'a> RosterView<'a> {
    fn of(frame: &Frame, roster: &'a Roster) -> Self {
        let entries = roster.entries.iter().map(|entry| EntryView::of(frame, entry)).collect();
        Self { title: roster.title, entries, more: roster.more }
    }
}

impl<'a> EntryView<'a> {
    fn of(frame: &Frame, entry: &'a Entry) -> Self {
        let status = entry.ready.map(|ready| {
            let (class, word) = if ready { ("ready", "Ready") } else { ("failed", "Not ready") };
            StatusView { class, word, spins: false }
        });
        Self {
            name: &entry.name,
            link: link(frame, &entry.about),
            code: entry.about == About::Nothing && entry.image.is_empty(),
            image: &entry.image,
            image_link: image_link(&entry.image),
            text: &entry.text,
            status,
        }
    }
}

/// The page of an object, or the list of all that are meant.
fn link(frame: &Frame, about: &About) -> Option<String> {
    match about {
        About::Nothing => None,
        About::Object(key) => place::object(&frame.base, key, "details"),
        About::Objects(kind, namespace) => {
            let list = ListPage::of(*kind);
            let kinds = if list.kinds.len() > 1 { vec![*kind] } else { Vec::new() };
            let query = Query { kinds, namespaces: namespace.iter().cloned().collect(), ..Query::default() };
            Some(place::asking(&frame.base, list.path, query.pairs()))
        }
    }
}

/// What a set of resources is made with, or what is offered for that.
fn inputs(kind: Kind, object: &Value) -> Vec<TextView> {
    let places: &[(&'static str, &str)] = match kind {
        Kind::RESOURCE_SET => &[("Inputs", "/spec/inputs")],
        Kind::INPUT_PROVIDER => {
            &[("Exported inputs", "/status/exportedInputs"), ("Default values", "/spec/defaultValues")]
        }
        _ => &[],
    };
    places.iter().filter_map(|(title, place)| TextView::of_inputs(title, object.pointer(place)?)).collect()
}

impl TextView {
    /// How many inputs are shown, and how much of them, in bytes.
    const INPUTS: usize = 50;
    const LIMIT: usize = 16 << 10;

    fn of_inputs(title: &'static str, inputs: &Value) -> Option<Self> {
        let (shown, left_out) = match inputs {
            Value::Array(all) => {
                let shown: Vec<_> = all.iter().take(Self::INPUTS).cloned().collect();
                (Value::Array(shown), all.len().saturating_sub(Self::INPUTS))
            }
            one => (one.clone(), 0),
        };
        let is_empty = match &shown {
            Value::Array(all) => all.is_empty(),
            Value::Object(all) => all.is_empty(),
            _ => true,
        };
        let text = manifest::plain(&without_secrets(&shown));
        let note = match left_out {
            0 if text.len() > Self::LIMIT => "This is how they begin.".to_owned(),
            0 => String::new(),
            more => format!("These are the first; there are {more} more."),
        };
        (!is_empty).then(|| Self { title, note, text: cut(&text, Self::LIMIT) })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn inputs_are_told_without_what_looks_secret_and_no_more_than_a_page_can_bear() {
        let object = json!({"status": {"exportedInputs": [{"id": "102", "branch": "banner", "api_token": "hunter2"}]},
            "spec": {"defaultValues": {"env": "https://u:hunter2@h.example/x"}, "inputs": []}});
        let told = inputs(Kind::INPUT_PROVIDER, &object);
        assert_eq!(told.iter().map(|one| one.title).collect::<Vec<_>>(), ["Exported inputs", "Default values"]);
        assert!(told[0].text.contains("branch: banner") && told[0].text.contains(manifest::MASK), "{}", told[0].text);
        assert!(told.iter().all(|one| !one.text.contains("hunter2")));
        assert!(inputs(Kind::RESOURCE_SET, &object).is_empty(), "there are none");
        let many: Vec<_> = (0..80).map(|number| json!({"tenant": format!("t{number}")})).collect();
        let many = inputs(Kind::RESOURCE_SET, &json!({"spec": {"inputs": many}}));
        assert_eq!(many[0].note, "These are the first; there are 30 more.");
        let long = inputs(Kind::RESOURCE_SET, &json!({"spec": {"inputs": [{"a": "x".repeat(1 << 20)}]}}));
        assert_eq!((&*long[0].note, long[0].text.len() <= TextView::LIMIT), ("This is how they begin.", true));
    }

    #[test]
    fn what_an_alert_is_about_leads_to_the_object_or_to_the_list_of_all_that_are_meant() {
        let frame = Frame::specimen();
        let to = |kind, namespace: Option<&str>| {
            link(&frame, &About::Objects(kind, namespace.map(ToOwned::to_owned))).unwrap_or_default()
        };
        let all = to(Kind::KUSTOMIZATION, Some("apps"));
        assert!(all.ends_with("/applications?kind=Kustomization&namespace=apps"), "{all}");
        let none = to(Kind::IMAGE_POLICY, None);
        assert!(none.ends_with("/image_automation/policies"), "there are only those: {none}");
        assert_eq!(link(&frame, &About::Nothing), None);
    }
}
