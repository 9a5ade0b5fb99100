use std::time::SystemTime;

use askama::Template;
use fanlight_model::{Version, Workload, image_link};

use crate::{frame::Frame, place, status::StatusView, when};

/// A workload as a row.
#[derive(Template)]
#[template(path = "workloads/row.html")]
pub(super) struct WorkloadRow {
    pub(super) key: String,
    pub(super) version: Version,
    status: StatusView,
    name: String,
    namespace: String,
    kind: &'static str,
    link: String,
    /// Who applies it: the name and the address of its page.
    owner: Option<(String, String)>,
    /// The first image without its registry, how many there are besides, and all of them.
    image: (String, usize, String),
    /// The page of the first image.
    image_link: Option<String>,
    ready: String,
    /// Why it is not as it should be; empty if it is.
    sentence: String,
    created: Option<(String, String)>,
    icons: String,
}

impl WorkloadRow {
    pub(super) fn of(row: &Workload, frame: &Frame, now: SystemTime) -> Self {
        let owner = row.owner.as_ref().and_then(|owner| {
            Some((format!("{}/{}", owner.namespace, owner.name), place::object(&frame.base, owner, "details")?))
        });
        let status = StatusView::of(row.state);
        Self {
            key: row.key.to_string(),
            version: row.version,
            status,
            name: row.key.name.to_string(),
            namespace: row.key.namespace.to_string(),
            kind: row.key.kind.name(),
            link: place::workload(&frame.base, &row.key),
            owner,
            image: (
                row.images.first().map(|image| without_registry(image).to_owned()).unwrap_or_default(),
                row.images.len().saturating_sub(1),
                row.images.join("\n"),
            ),
            image_link: row.images.first().and_then(|image| image_link(image)),
            ready: row.ready.map(|(have, want)| format!("{have}/{want}")).unwrap_or_default(),
            sentence: if status.class == "ready" { String::new() } else { row.sentence.clone() },
            created: when::since(row.created, now),
            icons: frame.assets.icons.clone(),
        }
    }
}

/// An image without the registry that it comes from, which is the same for most.
pub(super) fn without_registry(image: &str) -> &str {
    match image.split_once('/') {
        Some((host, rest)) if host.contains(['.', ':']) || host == "localhost" => rest,
        _ => image,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_image_is_told_without_its_registry() {
        for (image, short) in [
            ("registry.example.com/acme/cart:1.2", "acme/cart:1.2"),
            ("localhost:5000/cart@sha256:0f", "cart@sha256:0f"),
            ("acme/cart", "acme/cart"),
            ("cart", "cart"),
        ] {
            assert_eq!(without_registry(image), short);
        }
    }
}
