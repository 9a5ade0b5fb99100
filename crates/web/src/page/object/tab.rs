use fanlight_model::{Family, Kind, Tree, Viewed};

/// What of an object is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tab {
    /// State, conditions, relations.
    Details,
    /// What it applied, down to the pods.
    Tree,
    /// What happened lately.
    Events,
    /// What it needs, and what needs it.
    Dependencies,
    /// What it did before.
    History,
    /// What changed between two versions.
    Compare,
    /// The values of a HelmRelease.
    Values,
    /// The object as YAML.
    Manifest,
    /// What Flux's controllers write about it.
    Logs,
}

impl Tab {
    const ALL: [Tab; 9] = [
        Tab::Details,
        Tab::Tree,
        Tab::Dependencies,
        Tab::Events,
        Tab::Logs,
        Tab::History,
        Tab::Compare,
        Tab::Values,
        Tab::Manifest,
    ];

    /// The tabs of objects of a kind.
    pub(super) fn of(kind: Kind) -> impl Iterator<Item = Tab> {
        Tab::ALL.into_iter().filter(move |tab| tab.is_of(kind))
    }

    /// Whether objects of a kind have it.
    pub(super) fn is_of(self, kind: Kind) -> bool {
        match self {
            Tab::Dependencies => kind != Kind::FLUX_REPORT,
            Tab::History => kind.info().has_status,
            // Addresses of hooks are as good as secrets, and a report changes all the time.
            Tab::Compare => kind.info().family != Family::Notification && kind != Kind::FLUX_REPORT,
            Tab::Values => kind == Kind::HELM_RELEASE,
            Tab::Tree => Tree::is_of(kind),
            _ => true,
        }
    }

    /// Whether controllers write down what they did before with objects of a kind.
    pub(super) fn keeps_history(kind: Kind) -> bool {
        matches!(kind, Kind::KUSTOMIZATION | Kind::HELM_RELEASE | Kind::RESOURCE_SET | Kind::FLUX_INSTANCE)
    }

    /// What a terminal can show of it too, for objects of a kind.
    pub(super) fn viewed(self, kind: Kind) -> Option<Viewed> {
        match self {
            Tab::Tree => Some(Viewed::Tree),
            Tab::Events => Some(Viewed::Events),
            Tab::Dependencies => Some(Viewed::Dependencies),
            Tab::History if Tab::keeps_history(kind) => Some(Viewed::History),
            Tab::Values => Some(Viewed::Values),
            Tab::Logs => Some(Viewed::Logs),
            Tab::History | Tab::Details | Tab::Compare | Tab::Manifest => None,
        }
    }

    pub(super) fn slug(self) -> &'static str {
        match self {
            Tab::Details => "details",
            Tab::Tree => "graph",
            Tab::Dependencies => "dependencies",
            Tab::Events => "events",
            Tab::History => "history",
            Tab::Compare => "compare",
            Tab::Values => "values",
            Tab::Manifest => "yaml",
            Tab::Logs => "logs",
        }
    }

    pub(super) fn word(self) -> &'static str {
        match self {
            Tab::Details => "Summary",
            Tab::Tree => "Tree",
            Tab::Dependencies => "Dependencies",
            Tab::Events => "Events",
            Tab::History => "History",
            Tab::Compare => "Compare",
            Tab::Values => "Values",
            Tab::Manifest => "Manifest",
            Tab::Logs => "Logs",
        }
    }

    /// Old links name tabs that are no pages of their own here, or not for this kind: they lead to the summary.
    pub(super) fn by_slug(kind: Kind, slug: &str) -> Self {
        Tab::of(kind).find(|tab| tab.slug() == slug).unwrap_or(Tab::Details)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_tab_is_found_again_and_what_a_kind_has_not_is_its_summary() {
        for kind in Kind::all() {
            for tab in Tab::of(kind) {
                assert_eq!(Tab::by_slug(kind, tab.slug()), tab, "{kind}");
            }
            assert_eq!(Tab::by_slug(kind, "sync"), Tab::Details, "{kind}");
        }
        assert_eq!(Tab::by_slug(Kind::KUSTOMIZATION, "values"), Tab::Details);
        assert_eq!(Tab::by_slug(Kind::GIT_REPOSITORY, "graph"), Tab::Details);
    }
}
