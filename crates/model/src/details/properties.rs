//! What only some kinds say of themselves, beyond what lists show of them.

mod artifact;
mod helm;
mod image;
mod kustomize;
mod notification;
mod operator;
mod property;
mod roster;

use serde_json::Value;

pub use property::{Property, PropertyValue};
pub use roster::{About, Entry, Roster};

use crate::{Family, Kind};

/// What an object says of itself that other kinds do not have. Absent texts are left out.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Properties {
    /// One by one.
    pub own: Vec<Property>,
    /// Those that belong together, below a title each.
    pub panels: Vec<(&'static str, Vec<Property>)>,
    /// What there are several of.
    pub rosters: Vec<Roster>,
    /// Texts of several lines, each with its title.
    pub texts: Vec<(&'static str, String)>,
}

impl Properties {
    /// Reads an object of `kind` in the namespace `own`.
    pub(super) fn read(kind: Kind, object: &Value, own: &str) -> Self {
        let (spec, status) = (&object["spec"], &object["status"]);
        let mut read = match kind.info().family {
            Family::Application if kind == Kind::HELM_RELEASE => helm::read(spec, status),
            Family::Application => kustomize::read(spec),
            Family::Image => image::read(kind, spec, status, own),
            Family::Notification => notification::read(kind, spec, own),
            Family::Operator => operator::read(kind, spec, status, own),
            Family::Source | Family::Terraform => Self::default(),
        };
        read.panels.push(("Artifact", artifact::read(&status["artifact"])));
        read.panels.push(("Metadata", property::metadata(&object["metadata"]["annotations"])));
        read.panels.retain(|(_, properties)| !properties.is_empty());
        read.rosters.retain(|roster| !roster.entries.is_empty());
        read.texts.retain(|(_, text)| !text.trim().is_empty());
        read
    }
}

#[cfg(test)]
mod tests;
