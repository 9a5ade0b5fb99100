use serde_json::Value;

use super::property::{Property, known};
use crate::details::reading::text;

/// What a source has stored. Its address is one within the cluster, which people cannot open.
pub(super) fn read(artifact: &Value) -> Vec<Property> {
    known([
        Property::code("Digest", text(&artifact["digest"])),
        Property::size("Size", &artifact["size"]),
        Property::code("Path", text(&artifact["path"])),
        Property::code("URL", text(&artifact["url"])),
        Property::moment("Last update", &artifact["lastUpdateTime"]),
    ])
}
