use std::{borrow::Cow, time::Duration};

use serde_json::Value;

use crate::{
    cut,
    details::reading::{seconds, strings, text},
    go_duration,
    status::words::capitalised,
    without_credentials,
};

/// One thing that an object says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Property {
    /// What it is called.
    pub name: Cow<'static, str>,
    /// What it is.
    pub value: PropertyValue,
}

/// What a property is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PropertyValue {
    /// Words.
    Words(String),
    /// A name, a path, a revision: something to copy.
    Code(String),
    /// An address that people may open.
    Address(String),
    /// An image with its tag.
    Image(String),
    /// When, in seconds since 1970.
    Moment(i64),
    /// What was done, and how long it took.
    Took(String, Option<Duration>),
    /// How much, in bytes.
    Size(u64),
}

impl Property {
    /// The longest text kept, in bytes.
    const LIMIT: usize = 1024;

    pub(super) fn words(name: &'static str, words: &str) -> Option<Self> {
        Self::unless_empty(name, words, PropertyValue::Words)
    }

    pub(super) fn code(name: &'static str, code: &str) -> Option<Self> {
        Self::unless_empty(name, code, PropertyValue::Code)
    }

    pub(super) fn address(name: &'static str, address: &str) -> Option<Self> {
        Self::unless_empty(name, &without_credentials(address), PropertyValue::Address)
    }

    pub(super) fn image(name: &'static str, image: &str) -> Option<Self> {
        Self::unless_empty(name, image, PropertyValue::Image)
    }

    pub(super) fn moment(name: &'static str, moment: &Value) -> Option<Self> {
        Some(Self { name: name.into(), value: PropertyValue::Moment(seconds(moment)?) })
    }

    pub(super) fn took(name: &'static str, what: &str, duration: &Value) -> Option<Self> {
        let took = go_duration(text(duration));
        Self::unless_empty(name, what, |what| PropertyValue::Took(what, took))
    }

    pub(super) fn size(name: &'static str, bytes: &Value) -> Option<Self> {
        Some(Self { name: name.into(), value: PropertyValue::Size(bytes.as_u64()?) })
    }

    fn unless_empty(name: &'static str, said: &str, value: impl FnOnce(String) -> PropertyValue) -> Option<Self> {
        (!said.is_empty()).then(|| Self { name: name.into(), value: value(cut(said, Self::LIMIT)) })
    }
}

/// Those that are there.
pub(super) fn known<const N: usize>(all: [Option<Property>; N]) -> Vec<Property> {
    all.into_iter().flatten().collect()
}

/// What people wrote on an object for the predecessor to show. Who suspended it and why is told where that matters: it
/// stays there when the object is resumed.
pub(super) fn metadata(annotations: &Value) -> Vec<Property> {
    const PREFIX: &str = "metadata.weave.works/";
    let shown = strings(annotations).into_iter().filter_map(|(key, value)| {
        let key = key.strip_prefix(PREFIX).filter(|key| !matches!(*key, "suspended-by" | "suspended-comment"))?;
        let is_address = value.starts_with("https://") || value.starts_with("http://");
        let value = cut(&without_credentials(&value), Property::LIMIT);
        let value = if is_address { PropertyValue::Address(value) } else { PropertyValue::Words(value) };
        Some(Property { name: spaced(key).into(), value })
    });
    shown.collect()
}

/// `team-page` as people write: `Team page`.
fn spaced(key: &str) -> String {
    capitalised(&key.replace(['-', '_', '.'], " "))
}
