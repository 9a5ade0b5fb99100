//! What there are pictures of.

use fanlight_testbed::Estate;
use serde_json::Value;

/// A page: the name of its picture, and its address.
pub(crate) const PAGES: [(&str, &str); 43] = [
    ("overview", "/"),
    ("applications", "/applications"),
    ("sources", "/sources"),
    ("image-repositories", "/image_automation/repositories"),
    ("image-policies", "/image_automation/policies"),
    ("image-updates", "/image_automation/updates"),
    ("providers", "/notifications/providers"),
    ("alerts", "/notifications/alerts"),
    ("receivers", "/notifications/receivers"),
    ("happenings", "/events?type=warning"),
    ("terraform", "/terraform"),
    ("operator", "/operator"),
    ("filtered", "/applications?status=failed&kind=Kustomization"),
    ("preview", "/applications/act?action=suspend&namespace=web"),
    ("kustomization", "/kustomization/details?name=orders&namespace=orders"),
    ("helm-release", "/helm_release/details?name=orders-api&namespace=orders"),
    ("suspended", "/kustomization/details?name=web-staging&namespace=web"),
    ("manifest", "/kustomization/yaml?name=orders&namespace=orders"),
    ("access", "/user_info"),
    ("sessions", "/sessions"),
    ("git-repository", "/git_repo/details?name=flux-system&namespace=flux-system"),
    ("image-policy", "/image_policy/details?name=accounts&namespace=flux-system"),
    ("events", "/kustomization/events?name=orders&namespace=orders"),
    ("dependencies", "/kustomization/dependencies?name=payments-worker&namespace=payments"),
    ("compare", COMPARED),
    ("tree", "/kustomization/graph?name=orders&namespace=orders"),
    ("tree-root", "/kustomization/graph?name=flux-system&namespace=flux-system"),
    ("history", "/kustomization/history?name=catalog&namespace=catalog"),
    ("values", "/helm_release/values?name=recommender&namespace=catalog"),
    ("flux-runtime", "/flux_runtime"),
    ("search", "/search?q=orders"),
    ("search-empty", "/search"),
    ("search-nothing", "/search?q=kind:ks+status:failed+nothing-like-it"),
    ("other-kind", "/other/promotions.delivery.fluxcd.io"),
    ("other-object", "/other/promotions.delivery.fluxcd.io/details?name=to-production&namespace=orders"),
    ("logs", "/logs/catalog/deployment/catalog"),
    ("logs-of-flux", "/kustomization/logs?name=orders&namespace=orders"),
    ("workloads", "/workloads"),
    ("workload", "/workloads/deployment/orders/orders"),
    ("workload-ready", "/workloads/deployment/web/web"),
    ("cron-job", "/workloads/cronjob/catalog/catalog-reindex"),
    ("policies", "/policies"),
    ("styleguide", "/styleguide"),
];

/// The page of two versions of an object.
pub(crate) const COMPARED: &str = "/helm_release/compare?name=directory&namespace=identity";

/// The pages that somebody may print.
pub(crate) const ON_PAPER: [&str; 3] = ["applications", "kustomization", "manifest"];

/// What is not there.
pub(crate) const MISSING: [(&str, &str); 5] = [
    ("missing-page", "/nothing-like-it"),
    ("missing-object", "/kustomization/details?name=none&namespace=orders"),
    ("missing-workload", "/workloads/deployment/orders/none"),
    ("missing-kind", "/other/widgets.acme.fluxcd.io"),
    ("nothing-to-do", "/applications/act?action=suspend&search=nothing-like-it"),
];

/// One object of each kind of Flux: what its picture is called, and its address.
pub(crate) fn objects(estate: &Estate) -> Vec<(String, String)> {
    let mut all: Vec<(String, String)> = Vec::new();
    for object in estate.objects() {
        let text = |pointer: &str| object.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
        let kind = text("/kind").to_lowercase();
        let name = format!("object-{kind}");
        let is_of_flux = text("/apiVersion").contains("fluxcd.");
        if is_of_flux && all.iter().all(|(other, _)| *other != name) {
            all.push((name, format!("/o/{kind}/{}/{}", text("/metadata/namespace"), text("/metadata/name"))));
        }
    }
    all
}
