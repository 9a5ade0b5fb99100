use super::{ApiResource, rules::legible};
use crate::{LogSource, ObjectKey, Thing, cut};

/// One step of the way from an object to what explains it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// What the step is about.
    pub subject: Subject,
    /// What there is to say of it.
    pub said: String,
    /// Whether that is quoted: the words of a controller, a kubelet or a program.
    pub quoted: bool,
    /// Since when, or when last, in seconds since 1970.
    pub since: Option<i64>,
    /// How often, where that was counted.
    pub count: u64,
}

/// What a [`Link`] is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subject {
    /// A kind as manifests name it, or what else it is: `Event`, `Log`.
    pub kind: String,
    /// Namespace and name; empty where the step before it says what it is about.
    pub name: String,
    /// The object, if it is one, and its API group is known.
    pub thing: Option<Thing>,
    /// The container, if it has written something that may say more.
    pub log: Option<LogSource>,
}

impl Link {
    pub(super) fn new(kind: &str, namespace: &str, name: &str, said: impl Into<String>) -> Self {
        let is_one = |known: &&ApiResource| known.namespaced != namespace.is_empty() && !name.is_empty();
        let known = ApiResource::builtin(kind, None).filter(is_one);
        let thing = known.map(|known| Thing::new(&known.group, kind, namespace, name));
        let name = if namespace.is_empty() { name.to_owned() } else { format!("{namespace}/{name}") };
        let subject = Subject { kind: kind.to_owned(), name, thing, log: None };
        Self { subject, said: said.into(), quoted: false, since: None, count: 1 }
    }

    /// A step about an object of which the API group is known.
    pub(super) fn about(thing: Thing, said: impl Into<String>) -> Self {
        let mut link = Self::new(&thing.kind, &thing.namespace, &thing.name, said);
        link.subject.thing = Some(thing);
        link
    }

    pub(super) fn flux(key: &ObjectKey, said: impl Into<String>) -> Self {
        Self::about(Thing::from(key), said)
    }

    /// The same about a container of this pod, which has run.
    pub(super) fn with_log(mut self, namespace: &str, pod: &str, container: &str) -> Self {
        let [namespace, pod, container] = [namespace, pod, container].map(ToOwned::to_owned);
        self.subject.log = Some(LogSource { namespace, pod, container });
        self
    }

    pub(super) fn quote(kind: &str, words: impl Into<String>) -> Self {
        Self { quoted: true, ..Self::new(kind, "", "", cut(&legible(&words.into()), Self::QUOTED)) }
    }

    /// How much is quoted, in bytes.
    const QUOTED: usize = 1024;

    pub(super) fn since(self, since: Option<i64>) -> Self {
        Self { since, ..self }
    }
}
