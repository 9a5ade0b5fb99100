//! The recorded objects: written by the real controllers, moved in time.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::Item;
use crate::yaml;

const FILES: [&str; 9] = [
    include_str!("../../fixtures/cluster.yaml"),
    include_str!("../../fixtures/workloads.yaml"),
    include_str!("../../fixtures/sources.yaml"),
    include_str!("../../fixtures/helmcharts.yaml"),
    include_str!("../../fixtures/kustomizations.yaml"),
    include_str!("../../fixtures/helmreleases.yaml"),
    include_str!("../../fixtures/notifications.yaml"),
    include_str!("../../fixtures/helm-release-secrets.yaml"),
    include_str!("../../fixtures/events.yaml"),
];

/// Every recorded object, as if the newest thing recorded happened at `now`.
pub(super) fn items(now: Timestamp) -> anyhow::Result<Vec<Item>> {
    let mut objects = Vec::new();
    for text in FILES {
        objects.extend(yaml::documents(text)?);
    }
    let mut newest = Timestamp::MIN;
    for object in &mut objects {
        each_date(object, &mut |time, _| newest = newest.max(time));
    }
    let shift = now.duration_since(newest);
    Ok(objects.into_iter().map(|object| adopt(object, shift)).collect())
}

/// The object as it can be created anew: dates moved, and its generations counted from the first one again.
fn adopt(mut object: Value, shift: SignedDuration) -> Item {
    each_date(&mut object, &mut |time, text| *text = moved(time, shift, text));
    if let Some(label) = object.pointer_mut("/metadata/labels/modifiedAt")
        && let Some(seconds) = label.as_str().and_then(|text| text.parse::<i64>().ok())
    {
        *label = json!((seconds + shift.as_secs()).to_string());
    }
    let metadata = &mut object["metadata"];
    let deleted = metadata["deletionTimestamp"].is_string();
    // To ask for the end of an object counts as a change of it.
    let recorded = metadata["generation"].as_i64().unwrap_or(1) - i64::from(deleted);
    if let Some(metadata) = metadata.as_object_mut() {
        metadata.remove("generation");
        metadata.remove("deletionTimestamp");
    }
    let status = &mut object["status"];
    let lags = |condition: &Value| condition["observedGeneration"].as_i64().is_some_and(|seen| seen < recorded);
    let edited = status["conditions"].as_array().is_some_and(|all| all.iter().any(lags));
    let renumber = |seen: &mut Value| match seen.as_i64() {
        Some(seen_then) if seen_then > 0 => {
            *seen = json!(if edited && seen_then == recorded { 2 } else { 1 });
        }
        _ => {}
    };
    for field in ["observedGeneration", "lastAttemptedGeneration"] {
        if let Some(seen) = status.get_mut(field) {
            renumber(seen);
        }
    }
    for condition in status.get_mut("conditions").and_then(Value::as_array_mut).into_iter().flatten() {
        condition.get_mut("observedGeneration").map(renumber);
    }
    if object["status"].is_null()
        && let Some(object) = object.as_object_mut()
    {
        object.remove("status");
    }
    Item { object, edited, deleted }
}

/// Visits every RFC 3339 date in a tree, but not those which say when something outside was made.
fn each_date(value: &mut Value, visit: &mut impl FnMut(Timestamp, &mut String)) {
    match value {
        Value::String(text) => {
            if text.len() >= 20
                && text.as_bytes()[10] == b'T'
                && let Ok(time) = text.parse::<Timestamp>()
            {
                visit(time, text);
            }
        }
        Value::Array(all) => all.iter_mut().for_each(|one| each_date(one, visit)),
        Value::Object(fields) => {
            let inside = fields.iter_mut().filter(|(name, _)| !name.starts_with("org.opencontainers."));
            inside.for_each(|(_, one)| each_date(one, visit));
        }
        _ => {}
    }
}

/// The later date, written as precisely as the earlier one was.
fn moved(time: Timestamp, shift: SignedDuration, text: &str) -> String {
    let later = time + shift;
    let digits = text.split_once('.').map_or(0, |(_, rest)| rest.bytes().take_while(u8::is_ascii_digit).count());
    match u8::try_from(digits).unwrap_or(9).min(9) {
        0 => super::date(later),
        digits => format!("{later:.width$}", width = usize::from(digits)),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn dates_keep_their_distance_and_their_precision() {
        let shift = SignedDuration::from_hours(24);
        let time = |text: &str| text.parse::<Timestamp>().unwrap();
        let move_on = |text: &str| moved(time(text), shift, text);
        assert_eq!(move_on("2026-11-23T03:26:27Z"), "2026-11-24T03:26:27Z");
        assert_eq!(move_on("2026-11-23T03:26:27.610010Z"), "2026-11-24T03:26:27.610010Z");
    }

    #[test]
    fn the_newest_date_is_now() {
        let now: Timestamp = "2030-01-01T00:00:00Z".parse().unwrap();
        let mut newest = Timestamp::MIN;
        for mut item in items(now).unwrap() {
            each_date(&mut item.object, &mut |time, _| newest = newest.max(time));
        }
        assert_eq!(newest, now);
    }

    #[test]
    fn what_is_applied_according_to_inventories_is_there_except_what_failed_to_be() {
        let items = items(Timestamp::UNIX_EPOCH).unwrap();
        let names: BTreeSet<String> = items.iter().map(|item| id(&item.object)).collect();
        let inventories = items.iter().filter_map(|item| item.object.pointer("/status/inventory/entries"));
        let listed = inventories.filter_map(Value::as_array).flatten().filter_map(|entry| entry["id"].as_str());
        let missing: Vec<_> = listed.filter(|id| !names.contains(*id)).collect();
        assert_eq!(missing, ["payments_settlement-invalid__Service"], "its release failed because of it");
    }

    fn id(object: &Value) -> String {
        let text = |pointer: &str| object.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
        let group = text("/apiVersion").split_once('/').map_or("", |(group, _)| group);
        [text("/metadata/namespace"), text("/metadata/name"), group, text("/kind")].join("_")
    }
}
