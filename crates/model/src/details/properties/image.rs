use serde_json::Value;

use super::{
    About, Entry, Properties, Roster,
    property::{Property, known},
};
use crate::{
    Kind, ObjectKey, cut,
    details::reading::{image_reference, policy_image, text},
};

pub(super) fn read(kind: Kind, spec: &Value, status: &Value, own: &str) -> Properties {
    match kind {
        Kind::IMAGE_REPOSITORY => repository(spec, status),
        Kind::IMAGE_POLICY => policy(spec, status),
        _ => automation(spec, status, own),
    }
}

fn repository(spec: &Value, status: &Value) -> Properties {
    Properties {
        rosters: vec![
            Roster::of_texts("Latest tags", &status["lastScanResult"]["latestTags"]),
            Roster::of_texts("Tags left out", &spec["exclusionList"]),
        ],
        ..Properties::default()
    }
}

fn policy(spec: &Value, status: &Value) -> Properties {
    let previous = policy_image(&status["observedPreviousRef"], &status["observedPreviousImage"]);
    let digest = match text(&spec["digestReflectionPolicy"]) {
        "Always" => "looked up every time",
        "IfNotPresent" => "looked up once for each tag",
        _ => "",
    };
    Properties {
        own: known([
            Property::image("Previous image", &previous),
            Property::code("Only tags like", text(&spec["filterTags"]["pattern"])),
            Property::code("Ordered by", text(&spec["filterTags"]["extract"])),
            Property::words("Digest", digest),
        ]),
        ..Properties::default()
    }
}

fn automation(spec: &Value, status: &Value, own: &str) -> Properties {
    /// Nobody writes a longer message.
    const TEMPLATE: usize = 8 << 10;
    let commit = &spec["git"]["commit"];
    let author = match (text(&commit["author"]["name"]), text(&commit["author"]["email"])) {
        (name, "") => name.to_owned(),
        ("", email) => email.to_owned(),
        (name, email) => format!("{name} <{email}>"),
    };
    let observed = status["observedPolicies"].as_object().into_iter().flatten();
    let policies = observed.map(|(name, image)| {
        let about = About::Object(ObjectKey::new(Kind::IMAGE_POLICY, own, name.as_str()));
        Entry { about, ..Entry::named(name).with_image(&image_reference(image)) }
    });
    Properties {
        own: known([
            Property::code("Last push", text(&status["lastPushCommit"])),
            Property::moment("Pushed", &status["lastPushTime"]),
            Property::words("Author", &author),
            Property::words("Strategy", text(&spec["update"]["strategy"])),
        ]),
        rosters: vec![Roster::new("Policies", policies)],
        texts: vec![("Commit message template", cut(text(&commit["messageTemplate"]), TEMPLATE))],
        ..Properties::default()
    }
}
