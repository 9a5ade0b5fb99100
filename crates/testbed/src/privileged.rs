//! What the server under test may do in its own name: what docs/privileged-paths.md lists, and nothing else.

use std::{
    collections::BTreeSet,
    fs::File,
    io::{Read, Seek, SeekFrom},
    path::Path,
};

use anyhow::Context;

use crate::{AuditEntry, audit::AuditObject};

const DOCUMENT: &str = include_str!("../../../docs/privileged-paths.md");

/// A line of the document: these verbs on one of these.
#[derive(Debug, PartialEq, Eq)]
pub struct PrivilegedPath {
    /// The verbs.
    pub verbs: Vec<String>,
    /// What they are for.
    pub targets: Vec<Target>,
    /// The flag that gives the object another name.
    flag: Option<String>,
}

/// What a request is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// A path that is no object; at its end, `*` stands for anything.
    Path(String),
    /// All objects of a kind (`resource.group`), or one without a name.
    Kind(String),
    /// One object in the server's own namespace: kind and name.
    Object(String, String),
}

impl PrivilegedPath {
    /// Every line of the document.
    pub fn documented() -> Vec<Self> {
        let lines = DOCUMENT.lines().filter(|line| line.starts_with("| `"));
        lines.map(Self::read).collect()
    }

    /// The verbs of the document, each with its line, of which none of an account's requests in its own name is an example.
    pub fn unused(entries: &[AuditEntry], [namespace, account]: [&str; 2]) -> Vec<String> {
        let account = format!("system:serviceaccount:{namespace}:{account}");
        let own = entries.iter().filter(|entry| entry.user.username == account && entry.is_in_own_name());
        let own: Vec<_> = own.collect();
        let mut unused = Vec::new();
        for path in Self::documented() {
            let done =
                |verb: &&String| own.iter().any(|entry| entry.verb == **verb && path.covers(entry, namespace, &[]));
            unused
                .extend(path.verbs.iter().filter(|verb| !done(verb)).map(|verb| format!("{verb} {:?}", path.targets)));
        }
        unused
    }

    fn read(line: &str) -> Self {
        let mut columns = line.split('|').skip(1).map(quoted);
        let verbs = columns.next().unwrap_or_default();
        let (flags, targets): (Vec<_>, Vec<_>) =
            columns.next().unwrap_or_default().into_iter().partition(|word| word.starts_with("--"));
        Self { verbs, targets: targets.into_iter().map(Target::read).collect(), flag: flags.into_iter().next() }
    }

    /// Whether the line is about this request of a server with these arguments, in this namespace.
    fn covers(&self, entry: &AuditEntry, namespace: &str, arguments: &[String]) -> bool {
        let renamed = self.flag.as_ref().and_then(|flag| {
            // Of a flag given twice the last counts.
            arguments.iter().rev().find_map(|argument| argument.strip_prefix(flag.as_str())?.strip_prefix('='))
        });
        self.verbs.contains(&entry.verb) && self.targets.iter().any(|target| target.is_of(entry, namespace, renamed))
    }
}

impl Target {
    fn read(word: String) -> Self {
        match word.split_once('/') {
            Some(("", _)) => Self::Path(word),
            Some((kind, name)) => Self::Object(kind.to_owned(), name.to_owned()),
            None => Self::Kind(word),
        }
    }

    fn is_of(&self, entry: &AuditEntry, namespace: &str, renamed: Option<&str>) -> bool {
        let path = entry.uri.split('?').next().unwrap_or_default();
        match (self, &entry.object_ref) {
            (Self::Path(wanted), None) => match wanted.strip_suffix('*') {
                Some(beginning) => path.starts_with(beginning),
                None => path == wanted,
            },
            (Self::Kind(kind), Some(object)) => *kind == full_name(object) && object.name.is_empty(),
            (Self::Object(kind, name), Some(object)) => {
                *kind == full_name(object) && object.name == renamed.unwrap_or(name) && object.namespace == namespace
            }
            _ => false,
        }
    }
}

/// The requests that a server made in its own name from a certain moment on, which are to be documented.
#[derive(Debug)]
pub(crate) struct Privileges {
    /// The audit log, open: its folder may be gone before the server is.
    log: File,
    namespace: String,
    account: String,
    arguments: Vec<String>,
}

impl Privileges {
    /// Watches over the server that is about to run as `account` of `namespace`, before the control plane that keeps its
    /// things in `folder`.
    pub(crate) fn watch(folder: &Path, [namespace, account]: [&str; 2], arguments: &[&str]) -> anyhow::Result<Self> {
        let mut log = File::open(folder.join("audit.log")).context("the audit log")?;
        log.seek(SeekFrom::End(0))?;
        let account = format!("system:serviceaccount:{namespace}:{account}");
        let arguments = arguments.iter().map(ToString::to_string).collect();
        Ok(Self { log, namespace: namespace.to_owned(), account, arguments })
    }

    /// What was done that is not documented.
    pub(crate) fn overstepped(&mut self) -> anyhow::Result<BTreeSet<String>> {
        let mut text = Vec::new();
        self.log.read_to_end(&mut text)?;
        let text = String::from_utf8_lossy(&text);
        let named = format!("\"{}\"", self.account);
        let whole = text.rfind('\n').map_or("", |end| &text[..end]);
        let entries = whole.lines().filter(|line| line.contains(&named)).map(serde_json::from_str);
        let entries = entries.collect::<Result<Vec<AuditEntry>, _>>().context("an audit entry")?;
        Ok(undocumented(&entries, &self.account, &self.namespace, &self.arguments))
    }
}

fn undocumented(entries: &[AuditEntry], account: &str, namespace: &str, arguments: &[String]) -> BTreeSet<String> {
    let documented = PrivilegedPath::documented();
    let own = entries.iter().filter(|entry| entry.user.username == account && entry.is_in_own_name());
    let beyond = own.filter(|entry| !documented.iter().any(|path| path.covers(entry, namespace, arguments)));
    beyond.map(|entry| format!("{} {}", entry.verb, entry.uri)).collect()
}

fn full_name(object: &AuditObject) -> String {
    let kind = match &*object.subresource {
        "" => object.resource.clone(),
        part => format!("{}/{part}", object.resource),
    };
    if object.api_group.is_empty() { kind } else { format!("{kind}.{}", object.api_group) }
}

/// What stands in backquotes.
fn quoted(text: &str) -> Vec<String> {
    text.split('`').skip(1).step_by(2).map(ToOwned::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    const ACCOUNT: &str = "system:serviceaccount:glass:fanlight";

    fn entry(verb: &str, uri: &str, more: &Value) -> AuditEntry {
        let mut entry = json!({"auditID": "1", "stage": "ResponseComplete", "verb": verb, "requestURI": uri,
            "user": {"username": ACCOUNT}, "responseStatus": {"code": 200}});
        for (key, value) in more.as_object().into_iter().flatten() {
            entry[key] = value.clone();
        }
        serde_json::from_value(entry).expect("an entry")
    }

    fn of(resource: &str, namespace: &str, name: &str) -> Value {
        json!({"objectRef": {"resource": resource, "namespace": namespace, "name": name}})
    }

    fn is_documented(entry: AuditEntry, arguments: &[&str]) -> bool {
        let arguments: Vec<_> = arguments.iter().map(ToString::to_string).collect();
        undocumented(&[entry], ACCOUNT, "glass", &arguments).is_empty()
    }

    #[test]
    fn every_line_of_the_document_is_understood() {
        let documented = PrivilegedPath::documented();
        assert!(documented.len() > 5);
        assert!(documented.iter().all(|path| !path.verbs.is_empty() && !path.targets.is_empty()), "{documented:?}");
    }

    #[test]
    fn what_is_documented_may_be_done_and_hardly_anything_beside_it() {
        let secret = |name: &str, namespace: &str| entry("get", "/", &of("secrets", namespace, name));
        let renamed = ["--emergency-secret-name=hammer"];
        assert!(is_documented(secret("cluster-user-auth", "glass"), &[]));
        assert!(is_documented(secret("hammer", "glass"), &renamed));
        assert!(!is_documented(secret("hammer", "glass"), &[]));
        assert!(!is_documented(secret("cluster-user-auth", "glass"), &renamed));
        assert!(!is_documented(secret("cluster-user-auth", "other"), &[]));
        assert!(!is_documented(entry("list", "/", &of("secrets", "glass", "")), &[]));
        assert!(is_documented(entry("watch", "/", &of("namespaces", "", "")), &[]));
        assert!(!is_documented(entry("list", "/", &of("pods", "glass", "")), &[]));
        assert!(is_documented(entry("get", "/apis/apps/v1?timeout=1s", &json!({})), &[]));
        assert!(!is_documented(entry("get", "/metrics", &json!({})), &[]));
    }

    #[test]
    fn only_what_is_done_in_the_accounts_own_name_counts() {
        let list = |more: Value| {
            let mut all = of("pods", "glass", "");
            all.as_object_mut().expect("a map").extend(more.as_object().expect("a map").clone());
            is_documented(entry("list", "/", &all), &[])
        };
        assert!(list(json!({"impersonatedUser": {"username": "dana"}})));
        assert!(list(json!({"user": {"username": "dana"}})));
        assert!(list(json!({"responseStatus": {"code": 403}})), "somebody could not be impersonated");
        let forbidden =
            json!({"responseStatus": {"code": 403}, "annotations": {"authorization.k8s.io/decision": "forbid"}});
        assert!(!list(forbidden), "it was tried");
    }
}
