//! Addresses within this site.

use axum::http::Uri;
use fanlight_model::{Kind, ObjectKey, Thing};
use url::form_urlencoded;

/// The first part of the address of an object's page, by its kind: the predecessor's where it had one.
const PAGES: [(Kind, &str); Kind::COUNT] = [
    (Kind::KUSTOMIZATION, "kustomization"),
    (Kind::HELM_RELEASE, "helm_release"),
    (Kind::GIT_REPOSITORY, "git_repo"),
    (Kind::OCI_REPOSITORY, "oci"),
    (Kind::HELM_REPOSITORY, "helm_repo"),
    (Kind::HELM_CHART, "helm_chart"),
    (Kind::BUCKET, "bucket"),
    (Kind::EXTERNAL_ARTIFACT, "external_artifact"),
    (Kind::ARTIFACT_GENERATOR, "artifact_generator"),
    (Kind::IMAGE_REPOSITORY, "image_repo"),
    (Kind::IMAGE_POLICY, "image_policy"),
    (Kind::IMAGE_UPDATE_AUTOMATION, "image_update"),
    (Kind::PROVIDER, "provider"),
    (Kind::ALERT, "alert"),
    (Kind::RECEIVER, "receiver"),
    (Kind::TERRAFORM, "terraform_object"),
    (Kind::FLUX_INSTANCE, "flux_instance"),
    (Kind::FLUX_REPORT, "flux_report"),
    (Kind::RESOURCE_SET, "resource_set"),
    (Kind::INPUT_PROVIDER, "input_provider"),
];

/// The kind whose objects have their pages below this part of an address.
pub(crate) fn kind(part: &str) -> Option<Kind> {
    PAGES.iter().find(|(_, page)| *page == part).map(|(kind, _)| *kind)
}

/// The address of a tab of an object's page; `None` for kinds without pages.
pub(crate) fn object(base: &str, key: &ObjectKey, tab: &str) -> Option<String> {
    let (_, page) = PAGES.iter().find(|(kind, _)| *kind == key.kind)?;
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.append_pair("name", &key.name).append_pair("namespace", &key.namespace);
    Some(format!("{base}/{page}/{tab}?{}", query.finish()))
}

/// The address of the page of any object; `None` for kinds without pages.
pub(crate) fn thing(base: &str, thing: &Thing) -> Option<String> {
    object(base, &thing.key()?, "details")
}

/// The address of a page that is asked something.
pub(crate) fn asking(base: &str, path: &str, pairs: Vec<(&'static str, String)>) -> String {
    if pairs.is_empty() {
        return format!("{base}/{path}");
    }
    let encoded = form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
    format!("{base}/{path}?{encoded}")
}

/// The place that a request asks for; `uri` is what is left of its address without the prefix.
pub(crate) fn here(base: &str, uri: &Uri) -> String {
    format!("{base}{}", uri.path_and_query().map_or("/", |path| path.as_str()))
}

/// The address of the front page.
pub(crate) fn home(base: &str) -> String {
    format!("{base}/")
}

/// A place within this site: anything that could lead elsewhere becomes the front page.
pub(crate) fn inside(base: &str, wanted: &str) -> String {
    let plain = wanted.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
    let local = wanted.starts_with('/') && !wanted.starts_with("//");
    let ours = wanted.strip_prefix(base).is_some_and(|rest| rest.starts_with('/'));
    if plain && local && ours { wanted.to_owned() } else { home(base) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_is_sent_to_another_site() {
        for elsewhere in [
            "//evil.example",
            "/\\evil.example",
            "https://evil.example",
            "/a\r\nb",
            "javascript:alert(1)",
            "",
            "/\t/evil",
        ] {
            assert_eq!(inside("", elsewhere), "/", "{elsewhere:?}");
        }
        assert_eq!(inside("/flux", "/other"), "/flux/");
        assert_eq!(inside("/flux", "/fluxes/other"), "/flux/");
        assert_eq!(inside("/flux", "/flux/applications"), "/flux/applications");
        assert_eq!(inside("", "/applications?status=failed"), "/applications?status=failed");
    }

    #[test]
    fn an_objects_page_has_the_address_that_the_predecessor_gave_it() {
        let key = ObjectKey::new(Kind::HELM_RELEASE, "apps", "a.b");
        let address = object("/flux", &key, "details");
        assert_eq!(address.as_deref(), Some("/flux/helm_release/details?name=a.b&namespace=apps"));
        for (owner, part) in PAGES {
            assert_eq!(kind(part), Some(owner));
        }
        for one in Kind::all() {
            assert!(object("", &ObjectKey::new(one, "apps", "a"), "yaml").is_some(), "{one}");
            assert_eq!(Kind::by_word(one.info().short), Some(one));
        }
        assert_eq!(Kind::by_word("KUSTOMIZATIONS"), Some(Kind::KUSTOMIZATION));
        assert_eq!(kind("pods"), None);
    }
}
