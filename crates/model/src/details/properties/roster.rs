use serde_json::Value;

use crate::{
    Kind, ObjectKey, cut,
    details::reading::{each, text},
    selector::selector_text,
};

/// Several of a sort.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Roster {
    /// What they are.
    pub title: &'static str,
    /// The first of them.
    pub entries: Vec<Entry>,
    /// How many more there are.
    pub more: usize,
}

/// One of several. Absent texts are empty.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Entry {
    /// What it is called.
    pub name: String,
    /// Which objects it is.
    pub about: About,
    /// The image that belongs to it.
    pub image: String,
    /// What else is said of it.
    pub text: String,
    /// Whether it is as it should be, where that is known.
    pub ready: Option<bool>,
}

/// The objects that something is about.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum About {
    /// None that have a page.
    #[default]
    Nothing,
    /// One object.
    Object(ObjectKey),
    /// All of a kind in a namespace; in every one where none is named.
    Objects(Kind, Option<String>),
}

impl Roster {
    /// The most that are named.
    pub const NAMED: usize = 50;

    pub(super) fn new(title: &'static str, entries: impl Iterator<Item = Entry>) -> Self {
        let mut entries: Vec<_> = entries.collect();
        let more = entries.len().saturating_sub(Self::NAMED);
        entries.truncate(Self::NAMED);
        Self { title, entries, more }
    }

    /// Texts, one by one.
    pub(super) fn of_texts(title: &'static str, texts: &Value) -> Self {
        Self::new(title, each(texts).map(text).filter(|text| !text.is_empty()).map(Entry::named))
    }

    /// Objects as alerts and receivers name them: one, or all of a kind by `*`, whose labels may have to match.
    pub(super) fn of_references(title: &'static str, references: &Value, own: &str) -> Self {
        Self::new(title, each(references).filter_map(|reference| Entry::of_reference(reference, own)))
    }
}

impl Entry {
    /// The longest text kept, in bytes.
    const LIMIT: usize = 512;

    pub(super) fn named(name: &str) -> Self {
        Self { name: cut(name, Self::LIMIT), ..Self::default() }
    }

    pub(super) fn saying(self, said: &str) -> Self {
        Self { text: cut(said, Self::LIMIT), ..self }
    }

    pub(super) fn with_image(self, image: &str) -> Self {
        Self { image: cut(image, Self::LIMIT), ..self }
    }

    fn of_reference(reference: &Value, own: &str) -> Option<Self> {
        let (kind, name) = (text(&reference["kind"]), text(&reference["name"]));
        let namespace = Some(text(&reference["namespace"])).filter(|said| !said.is_empty()).unwrap_or(own);
        if kind.is_empty() || name.is_empty() {
            return None;
        }
        let about = match Kind::by_name(kind) {
            Some(kind) if name == "*" => About::Objects(kind, Some(namespace.to_owned())),
            Some(kind) => About::Object(ObjectKey::new(kind, namespace, name)),
            None => About::Nothing,
        };
        let labels = selector_text(reference);
        let filter = text(&reference["filter"]);
        let said = match (labels.is_empty(), filter.is_empty()) {
            (true, true) => String::new(),
            (false, true) => format!("with {labels}"),
            (true, false) => format!("where {filter}"),
            (false, false) => format!("with {labels}, where {filter}"),
        };
        Some(Self { about, ..Self::named(&format!("{kind} {namespace}/{name}")).saying(&said) })
    }
}
