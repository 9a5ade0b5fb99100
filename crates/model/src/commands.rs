//! The commands that do in a terminal what a page does.

mod viewed;

pub use viewed::Viewed;

use crate::{EventFilter, Kind, ObjectKey, Query, Row, text::is_name};

/// One command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Command {
    /// What it does, in two or three words.
    pub does: &'static str,
    /// How it is typed.
    pub line: String,
}

/// A program that acts on objects of a kind, and how it calls them.
struct Tool {
    program: &'static str,
    /// What comes between the verb and the name.
    noun: &'static str,
    reconciles: bool,
    suspends: bool,
}

/// The commands for one object: to read it, and as far as a command line knows how, to act on it.
pub fn commands(key: &ObjectKey) -> Vec<Command> {
    let ObjectKey { kind, namespace, name } = key;
    let resource = kind.full_name();
    let kubectl = |verb: &str, end: &str| format!("kubectl -n {namespace} {verb} {resource} {name}{end}");
    let mut all = vec![
        Command { does: "Read it", line: kubectl("get", " -o yaml") },
        Command { does: "Describe it", line: kubectl("describe", "") },
    ];
    let Some(tool) = Tool::of(*kind) else { return all };
    let mut add = |does, verb: &str, end: &str| {
        let line = format!("{} {verb} {} {name} -n {namespace}{end}", tool.program, tool.noun);
        // Terraform's own program needs no noun.
        all.push(Command { does, line: line.replace("  ", " ") });
    };
    if tool.reconciles {
        add("Reconcile", "reconcile", "");
    }
    if [Kind::KUSTOMIZATION, Kind::HELM_RELEASE].contains(kind) {
        add("Reconcile with source", "reconcile", " --with-source");
    }
    if *kind == Kind::HELM_RELEASE {
        add("Force an upgrade", "reconcile", " --force");
        add("Reset and try again", "reconcile", " --reset");
        add("Both, with source", "reconcile", " --with-source --force --reset");
    }
    if tool.suspends {
        add("Suspend", "suspend", "");
        add("Resume", "resume", "");
    }
    all
}

/// The command that lists these kinds as a page does, as far as one command can; empty for no kinds. What is no name is
/// left out: nobody may be given a command to copy that does something else.
pub fn listing(kinds: &[Kind], query: &Query) -> String {
    if kinds.is_empty() {
        return String::new();
    }
    let names: Vec<_> = kinds.iter().map(|kind| kind.full_name()).collect();
    let tenant = match &*query.tenants {
        [one] if is_label(one) => format!(" -l {}={one}", Row::TENANT),
        _ => String::new(),
    };
    format!("kubectl get {}{}{tenant}", names.join(","), place(&query.namespaces))
}

/// The command that lists Events as a page does, as far as one command can.
pub fn happenings(filter: &EventFilter) -> String {
    // An object is looked up, and in one namespace.
    let about = match (&*filter.kinds, &*filter.namespaces) {
        ([kind], [one]) if viewed::is_of_flux(*kind) && is_name(&filter.name) && is_name(one) => {
            format!(" --for {kind}/{}", filter.name)
        }
        ([kind], _) if viewed::is_of_flux(*kind) => format!(" --for {kind}"),
        _ => String::new(),
    };
    let types = filter.warnings.map_or("", |warnings| if warnings { " --types Warning" } else { " --types Normal" });
    format!("flux events{}{about}{types}", place(&filter.namespaces))
}

/// As values of labels are: <https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/>.
fn is_label(text: &str) -> bool {
    text.len() <= 63
        && text.starts_with(|first: char| first.is_ascii_alphanumeric())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
}

/// The command that reads an object of any kind; `namespace` is empty for what is in none. Names of roles may have almost any
/// letters, and begin as options do.
pub fn reading(resource: &str, namespace: &str, name: &str) -> String {
    let place = if namespace.is_empty() { String::new() } else { format!(" -n {}", shell_word(namespace)) };
    let word = shell_word(name);
    if name.starts_with('-') {
        format!("kubectl get {resource}{place} -o yaml -- {word}")
    } else {
        format!("kubectl get {resource} {word}{place} -o yaml")
    }
}

/// A word as a shell takes it for one and for nothing else.
fn shell_word(text: &str) -> String {
    let is_plain = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._:".contains(&byte));
    if is_plain { text.to_owned() } else { format!("'{}'", text.replace('\'', r"'\''")) }
}

fn place(namespaces: &[String]) -> String {
    match namespaces {
        [one] if is_name(one) => format!(" -n {one}"),
        _ => " -A".to_owned(),
    }
}

impl Tool {
    /// The program for a kind. There is none for artifacts that other controllers make, nor for reports; and nothing
    /// reconciles what is only read when an event is sent.
    fn of(kind: Kind) -> Option<Self> {
        let flux = |noun| Self { program: "flux", noun, reconciles: true, suspends: true };
        let operator = |noun| Self { program: "flux-operator", noun, reconciles: true, suspends: true };
        Some(match kind {
            Kind::KUSTOMIZATION => flux("kustomization"),
            Kind::HELM_RELEASE => flux("helmrelease"),
            Kind::GIT_REPOSITORY => flux("source git"),
            Kind::OCI_REPOSITORY => flux("source oci"),
            Kind::HELM_REPOSITORY => flux("source helm"),
            Kind::HELM_CHART => flux("source chart"),
            Kind::BUCKET => flux("source bucket"),
            Kind::ARTIFACT_GENERATOR => Self { reconciles: false, ..flux("artifact generator") },
            Kind::IMAGE_REPOSITORY => flux("image repository"),
            Kind::IMAGE_POLICY => flux("image policy"),
            Kind::IMAGE_UPDATE_AUTOMATION => flux("image update"),
            Kind::PROVIDER => Self { reconciles: false, ..flux("alert-provider") },
            Kind::ALERT => Self { reconciles: false, ..flux("alert") },
            Kind::RECEIVER => flux("receiver"),
            Kind::TERRAFORM => Self { program: "tfctl", ..flux("") },
            Kind::FLUX_INSTANCE => operator("instance"),
            Kind::RESOURCE_SET => operator("rset"),
            Kind::INPUT_PROVIDER => operator("rsip"),
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Abilities;

    fn lines(kind: Kind) -> Vec<String> {
        commands(&ObjectKey::new(kind, "apps", "shop")).into_iter().map(|command| command.line).collect()
    }

    #[test]
    fn a_release_has_every_command_that_its_page_has_a_button_for() {
        assert_eq!(
            lines(Kind::HELM_RELEASE),
            [
                "kubectl -n apps get helmreleases.helm.toolkit.fluxcd.io shop -o yaml",
                "kubectl -n apps describe helmreleases.helm.toolkit.fluxcd.io shop",
                "flux reconcile helmrelease shop -n apps",
                "flux reconcile helmrelease shop -n apps --with-source",
                "flux reconcile helmrelease shop -n apps --force",
                "flux reconcile helmrelease shop -n apps --reset",
                "flux reconcile helmrelease shop -n apps --with-source --force --reset",
                "flux suspend helmrelease shop -n apps",
                "flux resume helmrelease shop -n apps",
            ]
        );
    }

    #[test]
    fn a_list_is_read_in_a_terminal_by_one_command_that_is_nothing_else() {
        let listed = |pairs: &[(&str, &str)]| listing(&[Kind::BUCKET], &Query::from_pairs(pairs.iter().copied()));
        let get = "kubectl get buckets.source.toolkit.fluxcd.io";
        assert_eq!(listed(&[]), format!("{get} -A"));
        assert_eq!(
            listed(&[("namespace", "apps"), ("tenant", "blue")]),
            format!("{get} -n apps -l toolkit.fluxcd.io/tenant=blue")
        );
        assert_eq!(listed(&[("namespace", "apps"), ("namespace", "data")]), format!("{get} -A"));
        for odd in ["x; reboot", "$(reboot)", "-o", "a b", "\n"] {
            assert_eq!(listed(&[("namespace", odd), ("tenant", odd)]), format!("{get} -A"), "{odd}");
        }
        assert_eq!(listing(&[], &Query::default()), "");
        let happened = |pairs: &[(&str, &str)]| happenings(&EventFilter::from_pairs(pairs.iter().copied()));
        assert_eq!(happened(&[]), "flux events -A");
        assert_eq!(
            happened(&[("kind", "hr"), ("name", "shop"), ("namespace", "apps"), ("type", "warning")]),
            "flux events -n apps --for HelmRelease/shop --types Warning"
        );
        assert_eq!(happened(&[("kind", "hr"), ("name", "x; reboot")]), "flux events -A --for HelmRelease");
        assert_eq!(happened(&[("kind", "hr"), ("name", "shop")]), "flux events -A --for HelmRelease");
        assert_eq!(
            happened(&[("kind", "ResourceSet"), ("name", "shop"), ("namespace", "apps")]),
            "flux events -n apps"
        );
    }

    #[test]
    fn a_name_with_whatever_letters_is_one_word_for_a_shell() {
        assert_eq!(shell_word("system:node.x-1"), "system:node.x-1");
        assert_eq!(shell_word("x; reboot"), "'x; reboot'");
        assert_eq!(shell_word("it's $(reboot)"), r"'it'\''s $(reboot)'");
        assert_eq!(shell_word(""), "''");
        assert_eq!(reading("pods", "shop", "cart-1"), "kubectl get pods cart-1 -n shop -o yaml");
        assert_eq!(reading("clusterroles", "", "a;b"), "kubectl get clusterroles 'a;b' -o yaml");
        assert_eq!(reading("roles", "shop", "--all"), "kubectl get roles -n shop -o yaml -- --all");
    }

    #[test]
    fn each_kind_is_called_as_the_program_calls_it() {
        let third = |kind| lines(kind).get(2).cloned().unwrap_or_default();
        for (kind, line) in [
            (Kind::KUSTOMIZATION, "flux reconcile kustomization shop -n apps"),
            (Kind::OCI_REPOSITORY, "flux reconcile source oci shop -n apps"),
            (Kind::IMAGE_UPDATE_AUTOMATION, "flux reconcile image update shop -n apps"),
            (Kind::PROVIDER, "flux suspend alert-provider shop -n apps"),
            (Kind::ARTIFACT_GENERATOR, "flux suspend artifact generator shop -n apps"),
            (Kind::TERRAFORM, "tfctl reconcile shop -n apps"),
            (Kind::RESOURCE_SET, "flux-operator reconcile rset shop -n apps"),
            (Kind::EXTERNAL_ARTIFACT, ""),
            (Kind::FLUX_REPORT, ""),
        ] {
            assert_eq!(third(kind), line, "{kind}");
        }
    }

    #[test]
    fn nothing_is_reconciled_or_suspended_by_a_command_that_cannot_be_by_a_button() {
        for kind in Kind::all() {
            let (lines, can) = (lines(kind), Abilities::of(kind));
            let any = |verb: &str| lines.iter().any(|line| line.contains(verb));
            assert!(!any(" reconcile ") || can.sync, "{kind}");
            assert!(!any(" suspend ") || can.suspend, "{kind}");
        }
    }
}
