use serde_json::Value;

use super::{
    Entry, Properties, Roster,
    property::{Property, known},
};
use crate::details::reading::{each, text};

pub(super) fn read(spec: &Value) -> Properties {
    let checks = each(&spec["healthChecks"]).count();
    let waits = match (spec["wait"] == true, checks) {
        (true, _) => "until all it applies is healthy".to_owned(),
        (false, 0) => String::new(),
        (false, 1) => "until one object is healthy".to_owned(),
        (false, checks) => format!("until {checks} objects are healthy"),
    };
    let forced = if spec["force"] == true { "what cannot be changed is made anew" } else { "" };
    let from = each(&spec["postBuild"]["substituteFrom"]).map(|from| {
        let said = if from["optional"] == true { "which may be missing" } else { "" };
        Entry::named(&format!("{} {}", text(&from["kind"]), text(&from["name"]))).saying(said)
    });
    Properties {
        own: known([
            Property::words("Waits", &waits),
            Property::words("Force", forced),
            Property::words("Decryption", text(&spec["decryption"]["provider"])),
        ]),
        rosters: vec![Roster::new("Variables from", from), Roster::of_texts("Components", &spec["components"])],
        ..Properties::default()
    }
}
