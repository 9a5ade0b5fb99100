//! Images of containers.

use fanlight_model::web_link;

/// The image, and the page behind it: of its name, without tag and digest.
pub(crate) fn with_page(image: &str) -> (String, Option<String>) {
    let name = image.split('@').next().unwrap_or_default();
    let tag = name.rfind('/').and_then(|slash| name[slash..].find(':').map(|colon| slash + colon));
    (image.to_owned(), web_link(&name[..tag.unwrap_or(name.len())]))
}

#[cfg(test)]
mod tests {
    use super::with_page;

    #[test]
    fn images_lead_to_their_pages_without_tag_and_digest() {
        let link = |image: &str| with_page(image).1;
        let page = "https://ghcr.io/fluxcd/source-controller";
        assert_eq!(link("ghcr.io/fluxcd/source-controller:v1@sha256:0f").as_deref(), Some(page));
        assert_eq!(link("localhost:5000/x:1"), None);
    }
}
