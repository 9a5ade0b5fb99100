//! What an administrator can apply to give a right that is missing.

use std::fmt::Write;

use fanlight_model::{Deed, Face, Form, Guise, Persona};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::manifest;

const RBAC: &str = "rbac.authorization.k8s.io/v1";

/// Whom rights are given to.
pub(crate) struct Subject {
    kind: &'static str,
    name: String,
}

impl Subject {
    /// Whom Kubernetes takes somebody for who is impersonated: a member has only the rights of groups.
    pub(crate) fn of(guise: &Guise) -> Self {
        match &guise.face {
            Some(Face { person: Some(_), groups, .. }) => {
                Self { kind: "Group", name: groups.first().map(ToString::to_string).unwrap_or_default() }
            }
            Some(face) => Self::user(face.user.as_str()),
            None => Self::user(""),
        }
    }

    /// A user of this name.
    pub(crate) fn user(name: &str) -> Self {
        Self { kind: "User", name: name.to_owned() }
    }
}

/// Role and binding with which somebody may do this.
pub(crate) fn grant(deed: &Deed, subject: &Subject) -> String {
    let name = format!("fanlight-{}-{}", word(&deed.verb), word(&deed.full_resource()));
    let mut rule = json!({"apiGroups": [deed.group], "resources": [deed.full_resource()], "verbs": [deed.verb]});
    if !deed.name.is_empty() {
        rule["resourceNames"] = json!([deed.name]);
    }
    role(&name, Some(&*deed.namespace), &json!([rule]), &json!([subject_of(subject.kind, &subject.name)]))
}

/// Role and binding with which the server's account may act for somebody, in the form in which it acts for others: the
/// classic one beside a constrained one would undo the constraint.
pub(crate) fn impersonate(who: &Persona, account: Option<&str>, form: Form) -> String {
    let (resource, name, namespace) = match who.user().as_str().split(':').collect::<Vec<_>>()[..] {
        ["system", "serviceaccount", namespace, account] => ("serviceaccounts", account.to_owned(), Some(namespace)),
        _ => ("users", who.user().to_string(), None),
    };
    let form_of_user = match (form, namespace) {
        (Form::UserInfo, Some(_)) => Form::ServiceAccount,
        _ => form,
    };
    let rule = |form: Form, resource: &str, names: &[&str]| json!({"apiGroups": [form.group()], "resources": [resource], "resourceNames": names, "verbs": [form.verb()]});
    let user = rule(form_of_user, resource, &[&name]);
    let groups: Vec<_> = who.groups().collect();
    let groups = (!groups.is_empty()).then(|| rule(form, "groups", &groups));
    let subjects = json!([account_of(account)]);
    let name = "fanlight-impersonates-more";
    match (namespace, groups) {
        // In the namespace of the service account alone.
        (Some(_), None) => role(name, namespace, &json!([user]), &subjects),
        (Some(_), Some(groups)) => {
            let user = role(name, namespace, &json!([user]), &subjects);
            format!("{user}---\n{}", role(name, None, &json!([groups]), &subjects))
        }
        (None, groups) => role(name, None, &[user].into_iter().chain(groups).collect(), &subjects),
    }
}

/// Role and binding with which the server's account may do something for others.
pub(crate) fn empower(deed: &Deed, account: Option<&str>) -> String {
    let rule = json!({"apiGroups": [deed.group], "resources": [deed.full_resource()], "verbs": [deed.verb]});
    role("fanlight-does-more", None, &json!([rule]), &json!([account_of(account)]))
}

/// The server's own account as a subject.
fn account_of(account: Option<&str>) -> Value {
    let account = account.unwrap_or("system:serviceaccount:flux-system:fanlight");
    match account.split(':').collect::<Vec<_>>()[..] {
        ["system", "serviceaccount", namespace, name] => {
            json!({"kind": "ServiceAccount", "namespace": namespace, "name": name})
        }
        _ => subject_of("User", account),
    }
}

fn subject_of(kind: &str, name: &str) -> Value {
    json!({"apiGroup": "rbac.authorization.k8s.io", "kind": kind, "name": name})
}

/// A role and its binding: in a namespace, or for the whole cluster if there is none. The name is of these rules and subjects
/// alone, so that what is applied for one does not replace what was applied for another.
fn role(name: &str, namespace: Option<&str>, rules: &Value, subjects: &Value) -> String {
    let digest = Sha256::digest(format!("{rules}{subjects}"));
    let name = digest[..4].iter().fold(format!("{name}-"), |mut name, byte| {
        let _ = write!(name, "{byte:02x}");
        name
    });
    let mut metadata = json!({"name": name});
    let namespace = namespace.filter(|namespace| !namespace.is_empty());
    if let Some(namespace) = namespace {
        metadata["namespace"] = json!(namespace);
    }
    let prefix = if namespace.is_some() { "" } else { "Cluster" };
    let role = json!({"apiVersion": RBAC, "kind": format!("{prefix}Role"), "metadata": metadata, "rules": rules});
    let binding = json!({"apiVersion": RBAC, "kind": format!("{prefix}RoleBinding"), "metadata": metadata,
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": format!("{prefix}Role"), "name": name},
        "subjects": subjects});
    format!("{}---\n{}", manifest::yaml(&role), manifest::yaml(&binding))
}

/// A text as a part of a name.
fn word(text: &str) -> String {
    let plain =
        text.chars().map(|letter| if letter.is_ascii_alphanumeric() { letter.to_ascii_lowercase() } else { '-' });
    let word: String = plain.take(60).collect();
    match word.trim_matches('-') {
        "" => "anything".to_owned(),
        word => word.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use fanlight_model::{Form, UserName};

    use super::*;

    fn subject(user: &str, person: Option<&str>) -> Subject {
        let name = |name| UserName::new(name).expect("a plain name");
        let face = Face { user: name(user), groups: vec!["dev".into()], person: person.map(name), form: Form::Classic };
        Subject::of(&Guise { face: Some(face), left_out: Vec::new() })
    }

    fn patch(namespace: &str, name: &str) -> Deed {
        Deed {
            verb: "patch".to_owned(),
            group: "kustomize.toolkit.fluxcd.io".to_owned(),
            resource: "kustomizations".to_owned(),
            namespace: namespace.to_owned(),
            name: name.to_owned(),
            ..Deed::default()
        }
    }

    #[test]
    fn a_right_is_given_where_it_is_asked_for_and_to_whom_kubernetes_knows() {
        let yaml = grant(&patch("apps", "shop"), &subject("dana", None));
        for part in ["kind: Role\n", "namespace: apps", "- shop", "kind: User", "name: dana"] {
            assert!(yaml.contains(part), "{part}: {yaml}");
        }
        let yaml = grant(&patch("", ""), &subject(Face::MEMBER, Some("dana")));
        for part in ["kind: ClusterRoleBinding", "kind: Group", "name: dev"] {
            assert!(yaml.contains(part), "{part}: {yaml}");
        }
        assert!(!yaml.contains("resourceNames") && !yaml.contains("dana"), "{yaml}");
    }

    #[test]
    fn a_service_account_is_given_to_be_impersonated_in_its_own_namespace() {
        let robot = UserName::service_account("system:serviceaccount:ci:robot").expect("an account");
        let yaml = impersonate(&Persona::of(robot), Some("system:serviceaccount:glass:fanlight"), Form::Classic);
        for part in ["kind: RoleBinding", "namespace: ci", "- serviceaccounts", "- robot", "namespace: glass"] {
            assert!(yaml.contains(part), "{part}: {yaml}");
        }
        assert!(!yaml.contains("Cluster"), "{yaml}");
    }

    #[test]
    fn a_constrained_account_stays_constrained() {
        let dana = Persona::new(UserName::new("dana").expect("a plain name"), ["dev"]).expect("a persona");
        let yaml = impersonate(&dana, None, Form::UserInfo);
        assert_eq!(yaml.matches("- impersonate:user-info\n").count(), 2, "{yaml}");
        assert!(!yaml.contains("- impersonate\n") && yaml.contains("- authentication.k8s.io"), "{yaml}");
    }

    #[test]
    fn what_is_given_to_one_does_not_replace_what_was_given_to_another() {
        let names = |user| {
            let yaml = grant(&patch("apps", ""), &subject(user, None));
            let read = |text| serde_saphyr::from_str::<Value>(text).expect("YAML")["metadata"]["name"].clone();
            yaml.split("---\n").map(read).collect::<Vec<_>>()
        };
        let (ann, ben) = (names("ann"), names("ben"));
        assert!(ann[0] == ann[1] && ann == names("ann"));
        assert_ne!(ann[0], ben[0]);
    }

    #[test]
    fn what_the_account_lacks_is_given_to_the_account() {
        let lacks = Deed { verb: "impersonate-on:user-info:patch".to_owned(), ..patch("", "") };
        let yaml = empower(&lacks, Some("system:serviceaccount:glass:fanlight"));
        for part in ["- impersonate-on:user-info:patch", "kind: ServiceAccount", "namespace: glass", "- kustomizations"]
        {
            assert!(yaml.contains(part), "{part}: {yaml}");
        }
    }

    #[test]
    fn what_people_type_cannot_write_other_rules() {
        let evil = "x]\nrules: [{verbs: ['*']";
        let yaml = grant(&Deed { verb: evil.to_owned(), ..patch(evil, evil) }, &subject("dana", None));
        for document in yaml.split("---\n") {
            let read: Value = serde_saphyr::from_str(document).expect("YAML");
            assert_eq!(read["metadata"]["namespace"], evil, "{yaml}");
        }
    }
}
