use serde_json::Value;

use super::{
    Properties, PropertyValue, Roster,
    property::{Property, known},
};
use crate::{
    Kind, cut,
    details::reading::{each, strings, text},
};

pub(super) fn read(kind: Kind, spec: &Value, own: &str) -> Properties {
    match kind {
        Kind::ALERT => alert(spec, own),
        Kind::RECEIVER => receiver(spec, own),
        _ => Properties::default(),
    }
}

fn alert(spec: &Value, own: &str) -> Properties {
    const LIMIT: usize = 256;
    let added = strings(&spec["eventMetadata"]).into_iter();
    let added =
        added.map(|(key, value)| Property { name: key.into(), value: PropertyValue::Words(cut(&value, LIMIT)) });
    Properties {
        own: known([Property::words("Summary", text(&spec["summary"]))]),
        panels: vec![("Added to messages", added.collect())],
        rosters: vec![
            Roster::of_references("Events of", &spec["eventSources"], own),
            Roster::of_texts("Only messages like", &spec["inclusionList"]),
            Roster::of_texts("No messages like", &spec["exclusionList"]),
        ],
        ..Properties::default()
    }
}

fn receiver(spec: &Value, own: &str) -> Properties {
    let events: Vec<_> = each(&spec["events"]).map(text).filter(|event| !event.is_empty()).collect();
    Properties {
        own: known([
            Property::words("On events", &events.join(", ")),
            Property::code("Only objects where", text(&spec["resourceFilter"])),
        ]),
        rosters: vec![Roster::of_references("Reconciles", &spec["resources"], own)],
        ..Properties::default()
    }
}
