//! A cluster that answers lookups from a file.

use std::{collections::BTreeMap, fs, path::Path};

use fanlight_model::{ApiResource, Evidence, Explanation, Finding, Inquiry, Kind, Lookup, explain};
use serde_json::{Value, json};

pub(crate) fn documents(file: &str) -> Vec<Value> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
    let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let documents: Vec<Value> = serde_saphyr::from_multiple(&text).unwrap_or_else(|error| panic!("{file}: {error}"));
    documents.into_iter().filter(|document| !document.is_null()).collect()
}

/// The names of the recorded timelines, in order.
pub(crate) fn timelines() -> Vec<String> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("../testbed/fixtures/timeline");
    let names = fs::read_dir(directory).expect("timelines").map(|entry| entry.expect("an entry").path());
    let mut names: Vec<_> = names.map(|path| path.file_stem().unwrap_or_default().display().to_string()).collect();
    names.sort();
    names
}

/// A cluster that does not change, in which somebody may read everything but some resources.
pub(crate) struct Cluster {
    pub(crate) objects: Vec<Value>,
    pub(crate) denied: &'static [&'static str],
}

/// An explanation, and what it took.
pub(crate) struct Told {
    pub(crate) explanation: Option<Explanation>,
    pub(crate) rounds: usize,
    pub(crate) lookups: usize,
}

impl Cluster {
    pub(crate) fn recorded() -> Self {
        let files = ["kustomizations", "helmreleases", "helmcharts", "sources", "notifications"];
        let flux = files.into_iter().flat_map(|file| documents(&format!("../testbed/fixtures/{file}.yaml")));
        Self { objects: flux.chain(documents("tests/causes/recorded.yaml")).collect(), denied: &[] }
    }

    pub(crate) fn find(&self, id: &str) -> &Value {
        self.objects.iter().find(|object| id_of(object) == id).unwrap_or_else(|| panic!("there is no {id}"))
    }

    /// Answers whatever is asked for until there is an explanation.
    pub(crate) fn why(&self, id: &str) -> Told {
        self.why_of(self.find(id))
    }

    /// The same of an object as it was once.
    pub(crate) fn why_of(&self, object: &Value) -> Told {
        let kind = Kind::by_name(object["kind"].as_str().expect("a kind")).expect("a kind of Flux");
        let mut evidence = Evidence::default();
        for rounds in 0..12 {
            let explanation = match explain(kind, object, &evidence) {
                Inquiry::Done(explanation) => Some(explanation),
                Inquiry::Nothing => None,
                Inquiry::Needs(lookups) => {
                    for lookup in lookups {
                        assert!(evidence.get(&lookup).is_none(), "asked for twice: {lookup:?}");
                        let finding = self.look(&lookup);
                        evidence.add(lookup, finding);
                    }
                    continue;
                }
            };
            return Told { explanation, rounds, lookups: evidence.len() };
        }
        panic!("{} has no end of questions", id_of(object))
    }

    fn look(&self, lookup: &Lookup) -> Finding {
        let list = |items: Vec<&Value>| Finding::Found(json!({"items": items}));
        let of = |kind: &ApiResource, namespace: &str| {
            let (kind, namespace) = (kind.clone(), namespace.to_owned());
            self.objects.iter().filter(move |one| {
                one["kind"] == *kind.kind
                    && one["apiVersion"].as_str().is_none_or(|version| group_of(version) == kind.group)
                    && (!kind.namespaced || one["metadata"]["namespace"] == *namespace)
            })
        };
        if self.denied.iter().any(|what| lookup.what().starts_with(what)) {
            return Finding::Denied;
        }
        match lookup {
            Lookup::Flux(key) => {
                let found = self.objects.iter().find(|object| id_of(object) == key.to_string());
                found.cloned().map_or(Finding::Missing, Finding::Found)
            }
            Lookup::Object { kind, namespace, name } | Lookup::Metadata { kind, namespace, name } => {
                let found = of(kind, namespace).find(|object| object["metadata"]["name"] == *name);
                found.cloned().map_or(Finding::Missing, Finding::Found)
            }
            Lookup::Labelled { kind, namespace, selector } => {
                let pairs: Vec<_> = selector.split(',').filter_map(|pair| pair.split_once('=')).collect();
                let fits =
                    |object: &&Value| pairs.iter().all(|(key, value)| object["metadata"]["labels"][key] == **value);
                list(of(kind, namespace).filter(fits).collect())
            }
            Lookup::Events { kind, namespace, name } => {
                let about = |event: &&Value| {
                    let about = &event["involvedObject"];
                    about["kind"] == **kind && (name.is_empty() || about["name"] == **name)
                };
                let events = self.objects.iter().filter(|one| one["kind"] == "Event");
                list(events.filter(|one| one["metadata"]["namespace"] == **namespace).filter(about).collect())
            }
            Lookup::Kind { group, kind } => self.kind(group.as_deref(), kind),
            Lookup::LastWords { pod, container, .. } => {
                let log = self
                    .objects
                    .iter()
                    .find(|one| one["log"]["pod"] == **pod && one["log"]["container"] == **container);
                log.map_or(Finding::Missing, |log| Finding::Found(log["log"]["text"].clone()))
            }
        }
    }

    /// What an API server says that serves the kinds of which there are objects.
    fn kind(&self, group: Option<&str>, kind: &str) -> Finding {
        let mut served = BTreeMap::new();
        for object in self.objects.iter().filter(|object| object["kind"] == kind) {
            let Some(version) = object["apiVersion"].as_str() else { continue };
            if group.is_none_or(|group| group == group_of(version)) {
                served.insert(group_of(version), object);
            }
        }
        match served.pop_first() {
            Some((group, object)) if served.is_empty() => Finding::Found(json!({"group": group, "version": "v1",
                "kind": kind, "plural": format!("{}s", kind.to_lowercase()),
                "namespaced": object["metadata"]["namespace"].is_string()})),
            _ => Finding::Missing,
        }
    }
}

fn group_of(version: &str) -> &str {
    version.split_once('/').map_or("", |(group, _)| group)
}

pub(crate) fn id_of(object: &Value) -> String {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    format!(
        "{}/{}/{}",
        text(&object["kind"]),
        text(&object["metadata"]["namespace"]),
        text(&object["metadata"]["name"])
    )
}
