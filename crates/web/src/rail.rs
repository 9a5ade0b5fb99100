//! The ways to the pages, as the rail shows them.

use std::collections::BTreeSet;

use fanlight_model::Kind;

use crate::place;

/// One way.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Way {
    /// The name: of its icon, and but for the front page the address below the prefix.
    pub(crate) path: &'static str,
    pub(crate) word: &'static str,
    /// The key that leads there after `g`.
    pub(crate) key: char,
    /// Kinds without any of which the way is left out; empty if it is always there.
    needs: &'static [Kind],
}

static WAYS: [Way; 10] = [
    Way { path: "overview", word: "Overview", key: 'h', needs: &[] },
    Way { path: "applications", word: "Applications", key: 'a', needs: &[] },
    Way { path: "workloads", word: "Workloads", key: 'w', needs: &[] },
    Way { path: "sources", word: "Sources", key: 's', needs: &[] },
    Way { path: "image_automation", word: "Image automation", key: 'i', needs: &[] },
    Way { path: "notifications", word: "Notifications", key: 'n', needs: &[] },
    Way { path: "events", word: "Events", key: 'e', needs: &[] },
    Way { path: "terraform", word: "Terraform", key: 't', needs: &[Kind::TERRAFORM] },
    Way { path: "operator", word: "Flux Operator", key: 'o', needs: &Kind::OPERATOR },
    Way { path: "flux_runtime", word: "Flux runtime", key: 'f', needs: &[] },
];

impl Way {
    /// The address.
    pub(crate) fn address(&self, base: &str) -> String {
        if self.path == "overview" { place::home(base) } else { format!("{base}/{}", self.path) }
    }
}

/// The ways in a cluster where these kinds are installed; all of them if that is not known.
pub(crate) fn ways(installed: Option<&BTreeSet<Kind>>) -> Vec<Way> {
    let is_there = |way: &Way| {
        way.needs.is_empty() || installed.is_none_or(|kinds| way.needs.iter().any(|kind| kinds.contains(kind)))
    };
    WAYS.into_iter().filter(is_there).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_few_clusters_have_is_offered_only_where_it_is_installed_or_nobody_knows() {
        let words = |installed: Option<&BTreeSet<Kind>>| ways(installed).iter().map(|way| way.word).collect::<Vec<_>>();
        assert!(words(None).contains(&"Terraform"));
        let flux = BTreeSet::from([Kind::KUSTOMIZATION]);
        assert!(!words(Some(&flux)).contains(&"Terraform") && words(Some(&flux)).contains(&"Image automation"));
        let operator = BTreeSet::from([Kind::RESOURCE_SET]);
        assert!(words(Some(&operator)).contains(&"Flux Operator"));
    }

    #[test]
    fn no_two_ways_have_the_same_key() {
        let keys: BTreeSet<_> = WAYS.iter().map(|way| way.key).collect();
        assert_eq!(keys.len(), WAYS.len());
    }
}
