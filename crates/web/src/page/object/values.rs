use fanlight_model::{ValuesFrom, cut};

use super::shown::{More, Shown};
use crate::{ObjectError, manifest};

/// One place from which a release takes values; later ones win.
pub(super) struct Values {
    pub(super) title: String,
    /// What there is to say about them.
    pub(super) note: String,
    /// The values; empty where they are not shown.
    pub(super) text: String,
    /// The ConfigMap that Kubernetes does not let the person read.
    pub(super) refused: Option<String>,
}

/// The most that is shown of one ConfigMap, in bytes.
const LIMIT: usize = 64 << 10;

impl Values {
    /// All of them, those that win last.
    pub(super) fn all(shown: &Shown) -> Vec<Self> {
        let mut all: Vec<_> = shown.details.values_from.iter().map(|from| Self::of(from, &shown.more)).collect();
        let own = &shown.object["spec"]["values"];
        let text = if own.is_null() { String::new() } else { manifest::plain(own) };
        let note = if text.is_empty() { "The release itself sets none." } else { "They win over all others." };
        all.push(Self { title: "In the release itself".to_owned(), note: note.to_owned(), text, refused: None });
        all
    }

    fn of(from: &ValuesFrom, more: &More) -> Self {
        let title = format!("{} {}, key {}", from.kind, from.name, from.key);
        let target = match &*from.target {
            "" => String::new(),
            target if from.literal => format!("Sets {target}, as it is. "),
            target => format!("Sets {target}. "),
        };
        let (note, text) = match more {
            _ if from.kind != "ConfigMap" => ("Hidden: what Secrets hold is shown nowhere.".to_owned(), String::new()),
            More::ConfigMaps(maps) => match maps.get(&from.name) {
                Some(Ok(data)) => match data.get(&from.key) {
                    Some(text) => (String::new(), cut(text, LIMIT)),
                    None => (missing("The ConfigMap has no such key", from.optional), String::new()),
                },
                Some(Err(ObjectError::NotFound)) => {
                    (missing("There is no such ConfigMap", from.optional), String::new())
                }
                Some(Err(ObjectError::Forbidden(words))) => (format!("Kubernetes says: {words}."), String::new()),
                Some(Err(error)) => (format!("{error}."), String::new()),
                None => ("Not read: there are too many.".to_owned(), String::new()),
            },
            _ => (String::new(), String::new()),
        };
        let is_refused = match more {
            More::ConfigMaps(maps) => matches!(maps.get(&from.name), Some(Err(ObjectError::Forbidden(_)))),
            _ => false,
        };
        let refused = (from.kind == "ConfigMap" && is_refused).then(|| from.name.clone());
        Self { title, note: format!("{target}{note}"), text, refused }
    }
}

fn missing(what: &str, optional: bool) -> String {
    let need = if optional { "which is allowed" } else { "and the release needs it" };
    format!("{what}, {need}.")
}

impl More {
    /// What a release says for itself.
    #[cfg(test)]
    fn maps(name: &str, read: Result<&[(&str, &str)], ObjectError>) -> Self {
        let owned =
            |data: &[(&str, &str)]| data.iter().map(|(key, text)| ((*key).to_owned(), (*text).to_owned())).collect();
        More::ConfigMaps([(name.to_owned(), read.map(owned))].into())
    }
}

#[cfg(test)]
mod tests {
    use fanlight_model::{Answer, Details, Kind};
    use serde_json::json;

    use super::{super::shown::Around, *};

    fn all(more: More) -> Vec<Values> {
        let object = json!({"spec": {"values": {"replicas": 2}, "valuesFrom": [
            {"kind": "ConfigMap", "name": "defaults"}, {"kind": "ConfigMap", "name": "defaults", "valuesKey": "x", "optional": true},
            {"kind": "Secret", "name": "db", "valuesKey": "password", "targetPath": "db.password"},
            {"kind": "Secret", "name": "conf", "targetPath": "file", "literal": true}]}});
        let details = Details::read(Kind::HELM_RELEASE, &object);
        Values::all(&Shown {
            object,
            details,
            may_change: Answer::Yes,
            explanation: None,
            logs: [].into(),
            more,
            around: Around::default(),
            kinds: Vec::new(),
        })
    }

    #[test]
    fn what_is_in_secrets_is_named_and_never_shown_and_the_releases_own_values_come_last() {
        let values = all(More::maps("defaults", Ok(&[("values.yaml", "replicas: 1\n")])));
        let said: Vec<_> =
            values.iter().map(|one| format!("{} | {} | {}", one.title, one.note, one.text.trim())).collect();
        assert_eq!(
            said,
            [
                "ConfigMap defaults, key values.yaml |  | replicas: 1",
                "ConfigMap defaults, key x | The ConfigMap has no such key, which is allowed. | ",
                "Secret db, key password | Sets db.password. Hidden: what Secrets hold is shown nowhere. | ",
                "Secret conf, key values.yaml | Sets file, as it is. Hidden: what Secrets hold is shown nowhere. | ",
                "In the release itself | They win over all others. | replicas: 2",
            ]
        );
    }

    #[test]
    fn a_config_map_that_cannot_be_read_says_why() {
        assert_eq!(
            all(More::maps("defaults", Err(ObjectError::NotFound)))[0].note,
            "There is no such ConfigMap, and the release needs it."
        );
        let refused = all(More::maps("defaults", Err(ObjectError::Forbidden("no".to_owned()))));
        assert_eq!((&*refused[0].note, refused[0].refused.as_deref()), ("Kubernetes says: no.", Some("defaults")));
    }
}
