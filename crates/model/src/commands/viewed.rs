use super::Command;
use crate::{Family, HelmStorage, Kind, ObjectKey, text::is_name};

/// What of an object is looked at, where a terminal can show it too.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Viewed {
    /// What happened lately.
    Events,
    /// What it applied.
    Tree,
    /// What it needs.
    Dependencies,
    /// What Flux's controllers write about it.
    Logs,
    /// What it did before.
    History,
    /// The values of a HelmRelease.
    Values,
}

impl Viewed {
    /// The commands that show the same; `stored` says where Helm keeps a release.
    pub fn commands(self, key: &ObjectKey, stored: Option<&HelmStorage>) -> Vec<Command> {
        let ObjectKey { kind, namespace, name } = key;
        let resource = kind.full_name();
        // What is no name is not put into a command: a shell would do something else.
        let stored = stored.filter(|stored| is_name(&stored.release) && is_name(&stored.storage));
        let helm = |verb: &str, end: &str| {
            stored.map(|stored| format!("helm {verb} {}{end} -n {}", stored.release, stored.storage))
        };
        let kubectl = |part: &str| format!("kubectl -n {namespace} get {resource} {name} -o jsonpath='{{{part}}}'");
        let lines = match self {
            Self::Events => [Some(events(key)), None],
            Self::Logs if is_of_flux(*kind) => {
                [Some(format!("flux logs --kind={} --name={name} --namespace={namespace}", kind.info().name)), None]
            }
            Self::Logs => [None, None],
            Self::Tree => match *kind {
                Kind::KUSTOMIZATION => [Some(format!("flux tree kustomization {name} -n {namespace}")), None],
                Kind::RESOURCE_SET => [Some(format!("flux-operator tree rset {name} -n {namespace}")), None],
                Kind::HELM_RELEASE => [helm("get manifest", ""), None],
                _ => [Some(kubectl(".status.inventory")), None],
            },
            Self::Dependencies => [Some(needs(&resource)), None],
            Self::History if *kind == Kind::HELM_RELEASE => [helm("history", ""), None],
            Self::History => [Some(kubectl(".status.history")), None],
            Self::Values => [
                helm("get values", " --all"),
                Some(format!("flux debug helmrelease {name} -n {namespace} --show-values")),
            ],
        };
        lines.into_iter().flatten().map(|line| Command { does: self.does(), line }).collect()
    }

    fn does(self) -> &'static str {
        match self {
            Self::Events => "Show its events",
            Self::Tree => "Show what it applied",
            Self::Dependencies => "Show what needs what",
            Self::Logs => "Show its logs",
            Self::History => "Show its history",
            Self::Values => "Show its values",
        }
    }
}

/// `flux` knows its own kinds only.
fn events(key: &ObjectKey) -> String {
    let ObjectKey { kind, namespace, name } = key;
    if is_of_flux(*kind) {
        return format!("flux events --for {kind}/{name} -n {namespace}");
    }
    format!("kubectl -n {namespace} get events --field-selector involvedObject.kind={kind},involvedObject.name={name}")
}

/// Whether `flux` knows the kind.
pub(super) fn is_of_flux(kind: Kind) -> bool {
    let of_others = [Kind::EXTERNAL_ARTIFACT, Kind::ARTIFACT_GENERATOR].contains(&kind);
    !of_others && !matches!(kind.info().family, Family::Operator | Family::Terraform)
}

fn needs(resource: &str) -> String {
    format!(
        "kubectl get {resource} -A -o custom-columns=\
         'NAMESPACE:.metadata.namespace,NAME:.metadata.name,NEEDS:.spec.dependsOn[*].name'"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(viewed: Viewed, kind: Kind) -> Vec<String> {
        let stored = HelmStorage {
            storage: "flux-system".to_owned(),
            release: "apps-shop".to_owned(),
            namespace: "apps".to_owned(),
            version: 3,
        };
        let commands = viewed.commands(&ObjectKey::new(kind, "apps", "shop"), Some(&stored));
        commands.into_iter().map(|command| command.line).collect()
    }

    #[test]
    fn what_is_shown_of_a_release_is_asked_of_helm_by_the_name_and_place_that_helm_knows() {
        for (viewed, line) in [
            (Viewed::History, "helm history apps-shop -n flux-system"),
            (Viewed::Values, "helm get values apps-shop --all -n flux-system"),
            (Viewed::Tree, "helm get manifest apps-shop -n flux-system"),
            (Viewed::Events, "flux events --for HelmRelease/shop -n apps"),
            (Viewed::Logs, "flux logs --kind=HelmRelease --name=shop --namespace=apps"),
        ] {
            assert_eq!(lines(viewed, Kind::HELM_RELEASE)[0], line);
        }
        let unknown = Viewed::History.commands(&ObjectKey::new(Kind::HELM_RELEASE, "apps", "shop"), None);
        assert!(unknown.is_empty(), "nobody can ask for a release that never was");
    }

    #[test]
    fn no_program_is_asked_for_kinds_that_it_does_not_know() {
        for kind in Kind::all() {
            let events = &lines(Viewed::Events, kind)[0];
            assert_eq!(events.starts_with("flux events"), is_of_flux(kind), "{kind}");
            assert_eq!(lines(Viewed::Logs, kind).is_empty(), !is_of_flux(kind), "{kind}");
        }
        assert_eq!(lines(Viewed::Tree, Kind::KUSTOMIZATION), ["flux tree kustomization shop -n apps"]);
        assert!(lines(Viewed::Tree, Kind::FLUX_INSTANCE)[0].ends_with("-o jsonpath='{.status.inventory}'"));
    }
}
