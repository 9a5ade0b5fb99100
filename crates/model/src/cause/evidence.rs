use std::collections::BTreeMap;

use serde_json::Value;

use super::Lookup;

/// What was found behind an object so far, all of it read in the name of whoever asks.
#[derive(Debug, Clone, Default)]
pub struct Evidence(BTreeMap<Lookup, Finding>);

/// What became of a [`Lookup`].
#[derive(Debug, Clone, PartialEq)]
pub enum Finding {
    /// An object, a list, or a text.
    Found(Value),
    /// There is no such thing.
    Missing,
    /// The person may not read it.
    Denied,
    /// Fanlight's account may not read it in the person's name.
    NotLent,
    /// It could not be read, or was one too many.
    Unanswered,
}

impl Evidence {
    /// Notes a finding.
    pub fn add(&mut self, lookup: Lookup, finding: Finding) {
        self.0.insert(lookup, finding);
    }

    /// What is known of a lookup.
    pub fn get(&self, lookup: &Lookup) -> Option<&Finding> {
        self.0.get(lookup)
    }

    /// The containers whose last lines were read, as `namespace/pod/container`.
    pub fn logs(&self) -> Vec<String> {
        let read = self.0.iter().filter_map(|(lookup, finding)| match (lookup, finding) {
            (Lookup::LastWords { namespace, pod, container }, Finding::Found(_)) => {
                Some(format!("{namespace}/{pod}/{container}"))
            }
            _ => None,
        });
        read.collect()
    }

    /// Whether there is an answer to everything that was looked up.
    pub fn is_whole(&self) -> bool {
        self.0.values().all(|finding| *finding != Finding::Unanswered)
    }

    /// How many lookups there are findings of.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether nothing was looked up.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_logs_that_were_read_count_as_read() {
        let mut evidence = Evidence::default();
        let log = |pod: &str| {
            let (namespace, pod, container) = ("shop".to_owned(), pod.to_owned(), "web".to_owned());
            Lookup::LastWords { namespace, pod, container }
        };
        evidence.add(log("cart-1"), Finding::Found(Value::from("panic: no database")));
        evidence.add(log("cart-2"), Finding::Denied);
        let events = Lookup::Events { kind: "Pod".to_owned(), namespace: "shop".to_owned(), name: String::new() };
        evidence.add(events, Finding::Found(Value::Null));
        assert_eq!(evidence.logs(), ["shop/cart-1/web"]);
        assert!(evidence.is_whole(), "who may not read has an answer");
        evidence.add(log("cart-3"), Finding::Unanswered);
        assert!(!evidence.is_whole());
    }
}
