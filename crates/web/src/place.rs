//! Addresses within this site.

use std::borrow::Cow;

use axum::http::Uri;
use fanlight_model::{Deed, Kind, LogSource, ObjectKey, Thing, WorkloadKey, WorkloadKind};
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

/// The address of the page of any object: for a pod that of its logs, and where its kind has no page of its own that of what
/// all objects have in common.
pub(crate) fn thing(base: &str, thing: &Thing) -> String {
    own(base, thing).unwrap_or_else(|| any(base, thing))
}

/// The same where there is a link to the logs of pods already.
pub(crate) fn beside_logs(base: &str, one: &Thing) -> String {
    if is_pod(one) { any(base, one) } else { thing(base, one) }
}

/// The address of the page that an object's kind alone has, for a pod that of its logs.
pub(crate) fn own(base: &str, thing: &Thing) -> Option<String> {
    if let Some(key) = thing.key() {
        return object(base, &key, "details");
    }
    if is_pod(thing) {
        return Some(logs(base, "pod", &thing.namespace, &thing.name, Vec::new()));
    }
    let kind = WorkloadKind::by_group_and_name(&thing.group, &thing.kind)?;
    Some(workload(base, &WorkloadKey::new(kind, &*thing.namespace, &*thing.name)))
}

/// How addresses name the API group that has no name: no other is called so, since theirs have dots or are Kubernetes' own.
pub(crate) const CORE: &str = "core";
/// What stands in addresses for the namespace of what is in none: no namespace is called so.
pub(crate) const NO_NAMESPACE: &str = "-";

/// The address of the page that shows of an object, whatever it is, what all have in common.
pub(crate) fn any(base: &str, thing: &Thing) -> String {
    let or = |text: &str, other: &str| segment(if text.is_empty() { other } else { text });
    let Thing { group, kind, namespace, name } = thing;
    let (group, namespace) = (or(group, CORE), or(namespace, NO_NAMESPACE));
    format!("{base}/other/{group}/{}/{namespace}/{}", segment(kind), segment(name))
}

fn is_pod(thing: &Thing) -> bool {
    thing.group.is_empty() && thing.kind == "Pod"
}

/// The address of the logs of a pod, or of the pods of a workload: its kind as addresses name it, and what is asked.
pub(crate) fn logs(base: &str, kind: &str, namespace: &str, name: &str, pairs: Vec<(&'static str, String)>) -> String {
    let [kind, namespace, name] = [kind, namespace, name].map(segment);
    asking(base, &format!("logs/{namespace}/{kind}/{name}"), pairs)
}

/// The address of the log of one container.
pub(crate) fn container_log(base: &str, source: &LogSource) -> String {
    let container = Some(("container", source.container.clone())).filter(|(_, name)| !name.is_empty());
    logs(base, "pod", &source.namespace, &source.pod, container.into_iter().collect())
}

/// Names fit into addresses as they are; what is none must not become another address.
pub(crate) fn segment(text: &str) -> String {
    form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

/// The address of a workload's page.
pub(crate) fn workload(base: &str, key: &WorkloadKey) -> String {
    let [namespace, name] = [&key.namespace, &key.name].map(|part| segment(part));
    format!("{base}/workloads/{}/{namespace}/{name}", key.kind.slug())
}

/// The address where it says whether somebody may do this, and what is missing.
pub(crate) fn may(base: &str, deed: &Deed) -> String {
    let mut pairs =
        vec![("verb", deed.verb.clone()), ("resource", resource(deed)), ("namespace", deed.namespace.clone())];
    if !deed.name.is_empty() {
        pairs.push(("name", deed.name.clone()));
    }
    format!("{}#may", asking(base, "user_info", pairs))
}

/// What a right is about, as kubectl has it: `deployments.apps/scale`.
pub(crate) fn resource(deed: &Deed) -> String {
    let mut resource = deed.resource.clone();
    for (sign, part) in [('.', &deed.group), ('/', &deed.subresource)] {
        if !part.is_empty() {
            resource.push(sign);
            resource.push_str(part);
        }
    }
    resource
}

/// The address of a page that is asked something.
pub(crate) fn asking(base: &str, path: &str, pairs: Vec<(&'static str, String)>) -> String {
    if pairs.is_empty() {
        return format!("{base}/{path}");
    }
    let encoded = form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
    format!("{base}/{path}?{encoded}")
}

/// What a request asks, as [`asking`] writes it.
pub(crate) fn asked(uri: &Uri) -> Vec<(Cow<'_, str>, Cow<'_, str>)> {
    form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes()).collect()
}

/// The place that a request asks for; `uri` is what is left of its address without the prefix.
pub(crate) fn here(base: &str, uri: &Uri) -> String {
    format!("{base}{}", uri.path_and_query().map_or("/", |path| path.as_str()))
}

/// The address of a part of a page, such as its stream.
pub(crate) fn part_of(address: &str, part: &str) -> String {
    match address.split_once('?') {
        Some((path, query)) => format!("{path}/{part}?{query}"),
        None => format!("{address}/{part}"),
    }
}

/// The address of the page that a stream keeps current.
pub(crate) fn page_of_stream(stream: &str) -> String {
    let (path, query) = stream.split_at(stream.find('?').unwrap_or(stream.len()));
    format!("{}{query}", path.strip_suffix("/events").unwrap_or(path))
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
    use fanlight_model::WorkloadKind;

    use super::*;

    #[test]
    fn what_a_stream_sends_leads_back_to_its_page() {
        let page = "/kustomization/events?name=shop&namespace=apps/events";
        assert_eq!(page_of_stream("/kustomization/events/events?name=shop&namespace=apps/events"), page);
        assert_eq!(page_of_stream("/below/applications/events"), "/below/applications");
    }

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
    fn logs_have_an_address_that_names_cannot_change() {
        let source = LogSource { namespace: "shop".to_owned(), pod: "cart-1".to_owned(), container: "web".to_owned() };
        assert_eq!(container_log("/flux", &source), "/flux/logs/shop/pod/cart-1?container=web");
        assert_eq!(logs("", "job", "a/b", "c?d", Vec::new()), "/logs/a%2Fb/job/c%3Fd");
    }

    #[test]
    fn every_object_has_an_address_its_own_if_its_kind_has_one() {
        let to = |group: &str, kind: &str, namespace: &str, name: &str| {
            let one = Thing::new(group, kind, namespace, name);
            (thing("/flux", &one), beside_logs("/flux", &one))
        };
        let both = |address: &str| (address.to_owned(), address.to_owned());
        assert_eq!(to("", "ConfigMap", "shop", "settings"), both("/flux/other/core/ConfigMap/shop/settings"));
        let role = to("rbac.authorization.k8s.io", "ClusterRole", "", "system:a");
        assert_eq!(role, both("/flux/other/rbac.authorization.k8s.io/ClusterRole/-/system%3Aa"));
        assert_eq!(to("apps", "Deployment", "shop", "cart"), both("/flux/workloads/deployment/shop/cart"));
        assert_eq!(to("acme.io", "Deployment", "a/b", "c?d"), both("/flux/other/acme.io/Deployment/a%2Fb/c%3Fd"));
        let pod = to("", "Pod", "shop", "cart-1");
        assert_eq!(pod, ("/flux/logs/shop/pod/cart-1".to_owned(), "/flux/other/core/Pod/shop/cart-1".to_owned()));
        let bucket = to("source.toolkit.fluxcd.io", "Bucket", "apps", "a");
        assert_eq!(bucket, both("/flux/bucket/details?name=a&namespace=apps"));
    }

    #[test]
    fn a_workload_and_a_right_have_addresses_that_names_cannot_change() {
        let key = WorkloadKey::new(WorkloadKind::CronJob, "a/b", "c?d");
        assert_eq!(workload("/flux", &key), "/flux/workloads/cronjob/a%2Fb/c%3Fd");
        let deed = Deed { verb: "get".into(), resource: "pods".into(), subresource: "log".into(), ..Deed::default() };
        assert_eq!(may("", &deed), "/user_info?verb=get&resource=pods%2Flog&namespace=#may");
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
