use fanlight_live::{Freshness, List, Sight};
use fanlight_model::{Identity, Query};

/// Why a list is empty.
pub(super) struct Empty {
    pub(super) title: String,
    pub(super) text: String,
    /// What an administrator can apply.
    pub(super) remedy: String,
    /// Whether the filters are the reason.
    pub(super) filtered: bool,
}

impl Empty {
    pub(super) fn why(query: &Query, list: &List, who: &Identity) -> Option<Self> {
        if !list.rows.is_empty() {
            return None;
        }
        let all = |wanted: Sight| list.sights.iter().all(|(_, sight)| *sight == wanted);
        let any = |wanted: Sight| list.sights.iter().any(|(_, sight)| *sight == wanted);
        let say = |title: &str, text: &str| Self {
            title: title.to_owned(),
            text: text.to_owned(),
            remedy: String::new(),
            filtered: false,
        };
        let user = who.user();
        Some(
            if list.in_sight > 0
                || (query.is_filtered()
                    && list.freshness == Freshness::Current
                    && !any(Sight::Unknown)
                    && !all(Sight::Nothing))
            {
                Self { filtered: true, ..say("Nothing matches", "The filters leave nothing over.") }
            } else if all(Sight::NotInstalled) {
                say("Flux is not installed", "The cluster knows neither Kustomizations nor HelmReleases of Flux.")
            } else if any(Sight::Unknown) {
                say(
                    "What you may see is not known at this moment",
                    "Kubernetes has not answered lately. The page fills by itself when it does.",
                )
            } else if matches!(list.freshness, Freshness::Loading { .. }) {
                say("Still loading", "The first lists are being read.")
            } else if any(Sight::Nothing) {
                Self {
                    title: "You may not list any applications".to_owned(),
                    text: format!(
                        "Kubernetes does not let {user} list Kustomizations or HelmReleases in any namespace. An administrator can allow it, for one namespace, with:"
                    ),
                    remedy: REMEDY.to_owned(),
                    filtered: false,
                }
            } else {
                say("There are no applications yet", "No Kustomization and no HelmRelease exists where you may look.")
            },
        )
    }
}

const REMEDY: &str = "kind: Role
apiVersion: rbac.authorization.k8s.io/v1
metadata: {name: flux-applications-view, namespace: apps}
rules:
- apiGroups: [kustomize.toolkit.fluxcd.io]
  resources: [kustomizations]
  verbs: [get, list, watch]
- apiGroups: [helm.toolkit.fluxcd.io]
  resources: [helmreleases]
  verbs: [get, list, watch]";
