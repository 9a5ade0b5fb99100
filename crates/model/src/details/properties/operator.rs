use serde_json::Value;

use super::{
    About, Entry, Properties, Roster,
    property::{Property, known},
};
use crate::{
    Kind,
    details::reading::{each, image_named, text},
    go_duration,
};

pub(super) fn read(kind: Kind, spec: &Value, status: &Value, own: &str) -> Properties {
    match kind {
        Kind::FLUX_INSTANCE => instance(spec, status, own),
        Kind::FLUX_REPORT => report(spec),
        Kind::RESOURCE_SET => set(spec),
        _ => provider(spec, status),
    }
}

fn instance(spec: &Value, status: &Value, own: &str) -> Properties {
    let (cluster, sync) = (&spec["cluster"], &spec["sync"]);
    let distribution = &spec["distribution"];
    let is = |said: &Value, yes: &'static str, no: &'static str| match said.as_bool() {
        Some(true) => yes,
        Some(false) => no,
        None => "",
    };
    // What runs is said with its image, what is only asked for by name.
    let running = each(&status["components"]).map(|component| {
        let image = image_named(text(&component["repository"]), component);
        Entry::named(text(&component["name"])).with_image(&image)
    });
    let components = match running.collect::<Vec<_>>() {
        none if none.is_empty() => Roster::of_texts("Components", &spec["components"]),
        running => Roster::new("Components", running.into_iter()),
    };
    let shards = each(&spec["sharding"]["shards"]).map(text).collect::<Vec<_>>().join(", ");
    Properties {
        own: known([
            Property::address("Manifests", text(&distribution["artifact"])),
            Property::words("Variant", text(&distribution["variant"])),
            Property::words("Shards", &shards),
            Property::words("Storage", text(&spec["storage"]["size"])),
        ]),
        panels: vec![
            (
                "Cluster",
                known([
                    Property::words("Type", text(&cluster["type"])),
                    Property::words("Size", text(&cluster["size"])),
                    Property::code("Domain", text(&cluster["domain"])),
                    Property::words("Tenants", is(&cluster["multitenant"], "kept apart", "not kept apart")),
                    Property::code("Tenants’ service account", text(&cluster["tenantDefaultServiceAccount"])),
                    Property::words("Network policies", is(&cluster["networkPolicy"], "yes", "no")),
                ]),
            ),
            ("Sync", sync_of(sync, own)),
        ],
        rosters: vec![components],
        ..Properties::default()
    }
}

fn sync_of(sync: &Value, own: &str) -> Vec<Property> {
    let name = match text(&sync["name"]) {
        "" if sync.is_object() => own,
        name => name,
    };
    known([
        Property::words("Kind", text(&sync["kind"])),
        Property::code("Name", name),
        Property::address("URL", text(&sync["url"])),
        Property::code("Reference", text(&sync["ref"])),
        Property::code("Path", text(&sync["path"])),
        Property::words("Every", text(&sync["interval"])),
        Property::words("Provider", text(&sync["provider"])),
    ])
}

fn report(spec: &Value) -> Properties {
    let (cluster, distribution, sync) = (&spec["cluster"], &spec["distribution"], &spec["sync"]);
    let count = |value: &Value| value.as_u64().map(|count| count.to_string()).unwrap_or_default();
    let components = each(&spec["components"]).map(|component| Entry {
        ready: component["ready"].as_bool(),
        ..Entry::named(text(&component["name"]))
            .with_image(text(&component["image"]))
            .saying(text(&component["status"]))
    });
    let reconcilers = each(&spec["reconcilers"]).map(|reconciler| {
        let kind = text(&reconciler["kind"]);
        let about = Kind::by_name(kind).map_or(About::Nothing, |kind| About::Objects(kind, None));
        Entry { about, ..Entry::named(kind).saying(&statistics(&reconciler["stats"])) }
    });
    Properties {
        panels: vec![
            (
                "Cluster",
                known([
                    Property::words("Kubernetes", text(&cluster["serverVersion"])),
                    Property::words("Platform", text(&cluster["platform"])),
                    Property::words("Nodes", &count(&cluster["nodes"])),
                ]),
            ),
            (
                "Distribution",
                known([
                    Property::words("Status", text(&distribution["status"])),
                    Property::words("Entitlement", text(&distribution["entitlement"])),
                    Property::words("Managed by", text(&distribution["managedBy"])),
                    Property::words("Operator", text(&spec["operator"]["version"])),
                ]),
            ),
            (
                "Sync",
                known([
                    Property::code("Of", text(&sync["id"])),
                    Property::address("Source", text(&sync["source"])),
                    Property::code("Path", text(&sync["path"])),
                    Property::words("Status", text(&sync["status"])),
                ]),
            ),
        ],
        rosters: vec![Roster::new("Components", components), Roster::new("Objects", reconcilers)],
        ..Properties::default()
    }
}

/// `12 running, 1 failing, 2 suspended, 3.4 MiB`.
fn statistics(stats: &Value) -> String {
    let of = |name: &str| stats[name].as_u64().map(|count| format!("{count} {name}"));
    let size = Some(text(&stats["totalSize"]).to_owned()).filter(|size| !size.is_empty());
    let parts = [of("running"), of("failing"), of("suspended"), size];
    parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
}

fn set(spec: &Value) -> Properties {
    let strategy = match text(&spec["inputStrategy"]["name"]) {
        "Permute" => "every combination",
        "Flatten" => "one after the other",
        other => other,
    };
    let waits = if spec["wait"] == true { "until all it applies is healthy" } else { "" };
    Properties {
        own: known([Property::words("Inputs are taken", strategy), Property::words("Waits", waits)]),
        ..Properties::default()
    }
}

fn provider(spec: &Value, status: &Value) -> Properties {
    let schedule = each(&spec["schedule"]).map(|one| {
        let zone = Some(text(&one["timeZone"])).filter(|zone| !zone.is_empty()).unwrap_or("UTC");
        let window = go_duration(text(&one["window"])).filter(|window| !window.is_zero());
        let window = window.map(|_| format!(", for {}", text(&one["window"]))).unwrap_or_default();
        Entry::named(text(&one["cron"])).saying(&format!("{zone}{window}"))
    });
    Properties {
        own: known([
            Property::moment("Next run", &status["nextSchedule"]["when"]),
            Property::code("Last exported", text(&status["lastExportedRevision"])),
        ]),
        rosters: vec![Roster::new("Schedule", schedule)],
        ..Properties::default()
    }
}
