use fanlight_model::{Kind, Query};

use super::column::Column;

/// One page that lists objects: which, under which address, and in which columns.
#[derive(Debug)]
pub(crate) struct ListPage {
    /// The address below the prefix, without a slash at its beginning; also its name in the account.
    pub(crate) path: &'static str,
    /// What the page is called.
    pub(crate) title: &'static str,
    /// The entry of the rail that leads here.
    pub(crate) place: &'static str,
    pub(crate) kinds: &'static [Kind],
    /// What its objects are called in a sentence.
    pub(crate) noun: &'static str,
    /// The columns between name and age.
    pub(crate) columns: &'static [Column],
    /// Pages that belong together are views of one: the path of each, and its word.
    pub(crate) tabs: &'static [(&'static str, &'static str)],
    /// What brings the kinds into a cluster.
    pub(crate) installed_by: &'static str,
}

const IMAGE_TABS: [(&str, &str); 3] = [
    ("image_automation/repositories", "Image repositories"),
    ("image_automation/policies", "Image policies"),
    ("image_automation/updates", "Update automations"),
];
const NOTIFICATION_TABS: [(&str, &str); 3] = [
    ("notifications/providers", "Providers"),
    ("notifications/alerts", "Alerts"),
    ("notifications/receivers", "Receivers"),
];
const FLUX: &str = "They come with Flux: flux install, or flux bootstrap.";
const IMAGES: &str = "They come with two more controllers of Flux: flux install \
    --components-extra=image-reflector-controller,image-automation-controller.";

static PAGES: [ListPage; 10] = [
    ListPage {
        path: "applications",
        title: "Applications",
        place: "applications",
        kinds: &Kind::APPLICATIONS,
        noun: "applications",
        columns: &[Column::Kind, Column::Source, Column::Message],
        tabs: &[],
        installed_by: FLUX,
    },
    ListPage {
        path: "sources",
        title: "Sources",
        place: "sources",
        kinds: &Kind::SOURCES,
        noun: "sources",
        columns: &[Column::Kind, Column::Address("From"), Column::Reference, Column::Every, Column::Moment("Fetched")],
        tabs: &[],
        installed_by: FLUX,
    },
    ListPage {
        path: "image_automation/repositories",
        title: "Image automation",
        place: "image_automation",
        kinds: &[Kind::IMAGE_REPOSITORY],
        noun: "image repositories",
        columns: &[Column::Address("Image"), Column::Found("Tags"), Column::Every, Column::Moment("Scanned")],
        tabs: &IMAGE_TABS,
        installed_by: IMAGES,
    },
    ListPage {
        path: "image_automation/policies",
        title: "Image automation",
        place: "image_automation",
        kinds: &[Kind::IMAGE_POLICY],
        noun: "image policies",
        columns: &[Column::Image, Column::Wanted("Policy"), Column::From("Image repository")],
        tabs: &IMAGE_TABS,
        installed_by: IMAGES,
    },
    ListPage {
        path: "image_automation/updates",
        title: "Image automation",
        place: "image_automation",
        kinds: &[Kind::IMAGE_UPDATE_AUTOMATION],
        noun: "update automations",
        columns: &[
            Column::Pushed,
            Column::From("Source"),
            Column::Wanted("Branch"),
            Column::Every,
            Column::Moment("Last run"),
        ],
        tabs: &IMAGE_TABS,
        installed_by: IMAGES,
    },
    ListPage {
        path: "notifications/providers",
        title: "Notifications",
        place: "notifications",
        kinds: &[Kind::PROVIDER],
        noun: "providers",
        columns: &[Column::Wanted("Type"), Column::Address("Sends to"), Column::Found("Channel")],
        tabs: &NOTIFICATION_TABS,
        installed_by: FLUX,
    },
    ListPage {
        path: "notifications/alerts",
        title: "Notifications",
        place: "notifications",
        kinds: &[Kind::ALERT],
        noun: "alerts",
        columns: &[Column::From("Provider"), Column::Wanted("Severity"), Column::Found("Events of")],
        tabs: &NOTIFICATION_TABS,
        installed_by: FLUX,
    },
    ListPage {
        path: "notifications/receivers",
        title: "Notifications",
        place: "notifications",
        kinds: &[Kind::RECEIVER],
        noun: "receivers",
        columns: &[Column::Wanted("Type"), Column::Address("Path"), Column::Found("Reconciles")],
        tabs: &NOTIFICATION_TABS,
        installed_by: FLUX,
    },
    ListPage {
        path: "terraform",
        title: "Terraform",
        place: "terraform",
        kinds: &[Kind::TERRAFORM],
        noun: "Terraform objects",
        columns: &[Column::Source, Column::Plan, Column::Message],
        tabs: &[],
        installed_by: "They come with tofu-controller (https://flux-iac.github.io/tofu-controller).",
    },
    ListPage {
        path: "operator",
        title: "Flux Operator",
        place: "operator",
        kinds: &Kind::OPERATOR,
        noun: "Flux Operator objects",
        columns: &[Column::Kind, Column::Inputs, Column::Message],
        tabs: &[],
        installed_by: "They come with the Flux Operator (https://fluxoperator.dev).",
    },
];

/// What is searched for, in all kinds at once.
pub(crate) static SEARCH: ListPage = ListPage {
    path: "search",
    title: "Search",
    place: "search",
    kinds: &Kind::ALL,
    noun: "objects",
    columns: &[Column::Kind, Column::Gist, Column::Message],
    tabs: &[],
    installed_by: FLUX,
};

impl ListPage {
    /// Every list.
    pub(crate) fn all() -> &'static [ListPage] {
        &PAGES
    }

    /// Every list, and the search.
    pub(crate) fn every() -> impl Iterator<Item = &'static ListPage> {
        PAGES.iter().chain([&SEARCH])
    }

    /// The list under this path.
    pub(crate) fn by_path(path: &str) -> Option<&'static ListPage> {
        ListPage::every().find(|page| page.path == path)
    }

    /// Whether it shows what is asked for, and nothing unasked.
    pub(crate) fn is_search(&self) -> bool {
        self.path == SEARCH.path
    }

    /// The kinds of which the answer to a question is made: those that it names, where that spares looking at all others.
    pub(super) fn kinds_for(&self, query: &Query) -> Vec<Kind> {
        match (self.is_search(), query.is_filtered()) {
            (false, _) => self.kinds.to_vec(),
            (true, false) => Vec::new(),
            (true, true) => self.kinds.iter().copied().filter(|kind| query.wants_kind(*kind)).collect(),
        }
    }

    /// Further kinds, of whose objects its rows tell something.
    pub(super) fn beside(&self) -> &'static [Kind] {
        /// Those of which signatures can be verified.
        const SIGNED: [Kind; 3] = [Kind::GIT_REPOSITORY, Kind::OCI_REPOSITORY, Kind::HELM_CHART];
        if self.kinds == Kind::APPLICATIONS { &SIGNED } else { &[] }
    }

    /// The list that shows objects of this kind.
    pub(crate) fn of(kind: Kind) -> &'static ListPage {
        PAGES.iter().find(|page| page.kinds.contains(&kind)).unwrap_or(&PAGES[0])
    }

    /// The word of its tab, else its title.
    pub(crate) fn word(&self) -> &'static str {
        self.tabs.iter().find(|(path, _)| *path == self.path).map_or(self.title, |(_, word)| word)
    }

    /// Whether it has a column that says what its objects' controllers say.
    pub(super) fn has_message(&self) -> bool {
        self.columns.contains(&Column::Message)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_is_on_exactly_one_list() {
        for kind in Kind::all() {
            let lists = PAGES.iter().filter(|page| page.kinds.contains(&kind));
            assert_eq!(lists.count(), 1, "{kind}");
            assert!(ListPage::of(kind).kinds.contains(&kind));
        }
    }

    #[test]
    fn a_search_looks_only_at_the_kinds_that_it_is_about_and_at_none_before_anything_is_asked() {
        let asked = |text| SEARCH.kinds_for(&Query::from_pairs([("q", text)])).len();
        assert_eq!(
            [asked(""), asked("shop"), asked("kind:hr shop"), asked("ns:apps")],
            [0, Kind::COUNT, 1, Kind::COUNT]
        );
        assert_eq!(ListPage::of(Kind::BUCKET).kinds_for(&Query::default()), Kind::SOURCES);
    }

    #[test]
    fn every_list_is_found_by_its_path_and_is_among_its_own_tabs() {
        for page in ListPage::all() {
            assert_eq!(ListPage::by_path(page.path).map(|found| found.path), Some(page.path));
            assert!(page.tabs.is_empty() || page.tabs.iter().any(|(path, _)| *path == page.path), "{}", page.path);
            assert!(page.tabs.iter().all(|(path, _)| ListPage::by_path(path).is_some()), "{}", page.path);
        }
    }
}
