use fanlight_live::{Freshness, List, Sight};
use fanlight_model::{Identity, Kind, Query};

use super::ListPage;

/// Why a list is empty.
pub(super) struct Empty {
    pub(super) title: String,
    pub(super) text: String,
    /// What an administrator can apply.
    pub(super) remedy: String,
    /// Whether the filters are the reason.
    pub(super) filtered: bool,
}

impl Empty {
    pub(super) fn why(page: &ListPage, query: &Query, list: &List, who: &Identity) -> Option<Self> {
        if !list.rows.is_empty() {
            return None;
        }
        let all = |wanted: Sight| list.sights.iter().all(|(_, sight)| *sight == wanted);
        let any = |wanted: Sight| list.sights.iter().any(|(_, sight)| *sight == wanted);
        let say = |title: &str, text: &str| Self {
            title: title.to_owned(),
            text: text.to_owned(),
            remedy: String::new(),
            filtered: false,
        };
        let asked = page.kinds_for(query);
        let (noun, kinds) = (page.noun, plurals(&asked));
        let installed_by = asked.first().map_or(page.installed_by, |kind| ListPage::of(*kind).installed_by);
        let filtered = query.is_filtered()
            && list.freshness == Freshness::Current
            && !any(Sight::Unknown)
            && !all(Sight::Nothing)
            && !all(Sight::NotInstalled);
        let too_many = format!("Nothing was looked for: that is more than {} words. Leave some out.", Query::WORDS);
        Some(if query.has_too_many_words() {
            Self { filtered: true, ..say("Too many words", &too_many) }
        } else if page.is_search() && (filtered || list.in_sight > 0) {
            Self { filtered: true, ..say("Nothing found", "Nothing that you may see has all of that in it.") }
        } else if list.in_sight > 0 || filtered {
            Self { filtered: true, ..say("Nothing matches", "The filters leave nothing over.") }
        } else if all(Sight::NotInstalled) {
            let title = format!("{} not installed", capital(noun));
            say(&title, &format!("This cluster does not know {kinds}. {installed_by}"))
        } else if any(Sight::Unknown) {
            say(
                "What you may see is not known at this moment",
                "Kubernetes has not answered lately. The page fills by itself when it does.",
            )
        } else if matches!(list.freshness, Freshness::Loading { .. }) {
            say("Still loading", "The first lists are being read.")
        } else if any(Sight::Nothing) {
            let user = who.user();
            let kinds = if query.kinds.is_empty() && page.is_search() { "them".to_owned() } else { kinds };
            let text = format!(
                "Kubernetes does not let {user} list {kinds} in any namespace. An administrator can allow it, for one namespace, with:"
            );
            Self { remedy: remedy(page, &asked), ..say(&format!("You may not list any {noun}"), &text) }
        } else {
            let kinds = if page.is_search() { "object of Flux".to_owned() } else { names(page.kinds, " and no ") };
            say(&format!("There are no {noun} yet"), &format!("No {kinds} exists where you may look."))
        })
    }
}

/// `Kustomizations or HelmReleases`.
fn plurals(kinds: &[Kind]) -> String {
    let plural = |kind: &Kind| match kind.info().name.strip_suffix('y') {
        Some(stem) => format!("{stem}ies"),
        None if kind.info().name == "Terraform" => "Terraform objects".to_owned(),
        None => format!("{}s", kind.info().name),
    };
    let plurals: Vec<_> = kinds.iter().map(plural).collect();
    match plurals.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, others)) => format!("{} or {last}", others.join(", ")),
        None => String::new(),
    }
}

fn names(kinds: &[Kind], between: &str) -> String {
    let names: Vec<_> = kinds.iter().map(|kind| kind.info().name).collect();
    names.join(between)
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

/// A role for the page's kinds, one rule for each API group.
fn remedy(page: &ListPage, kinds: &[Kind]) -> String {
    let mut groups: Vec<(&str, Vec<&str>)> = Vec::new();
    for info in kinds.iter().map(|kind| kind.info()) {
        match groups.iter_mut().find(|(group, _)| *group == info.group) {
            Some((_, plurals)) => plurals.push(info.plural),
            None => groups.push((info.group, vec![info.plural])),
        }
    }
    let rule = |(group, plurals): &(&str, Vec<&str>)| {
        format!("- apiGroups: [{group}]\n  resources: [{}]\n  verbs: [get, list, watch]", plurals.join(", "))
    };
    let rules: Vec<_> = groups.iter().map(rule).collect();
    let name = page.path.replace(['/', '_'], "-");
    format!(
        "kind: Role\napiVersion: rbac.authorization.k8s.io/v1\nmetadata: {{name: flux-{name}-view, namespace: apps}}\nrules:\n{}",
        rules.join("\n")
    )
}

#[cfg(test)]
mod tests {
    use fanlight_model::{Persona, UserName};

    use super::*;

    #[test]
    fn the_remedy_names_each_api_group_once() {
        let sources = ListPage::of(Kind::BUCKET);
        let remedy = remedy(sources, sources.kinds);
        assert_eq!(remedy.matches("apiGroups").count(), 2, "{remedy}");
        assert!(remedy.contains("resources: [gitrepositories, ocirepositories,"), "{remedy}");
        assert!(
            remedy.contains("- apiGroups: [source.extensions.fluxcd.io]\n  resources: [artifactgenerators]"),
            "{remedy}"
        );
    }

    #[test]
    fn a_search_for_one_kind_tells_of_that_kind_alone() {
        let query = Query::from_pairs([("q", "kind:tf shop")]);
        let list = |sight| super::super::search::tests::list(&[(Kind::TERRAFORM, sight)], &[]);
        let ben = Persona::of(UserName::new("ben@example.com").expect("a plain name"));
        let who = Identity::Impersonated(ben);
        let why = |sight| {
            let current = List { freshness: Freshness::Current, ..list(sight) };
            Empty::why(&super::super::list_page::SEARCH, &query, &current, &who).expect("it is empty")
        };
        let missing = why(Sight::NotInstalled);
        assert!(
            missing.text.starts_with("This cluster does not know Terraform objects. They come with tofu"),
            "{}",
            missing.text
        );
        let refused = why(Sight::Nothing);
        assert!(refused.remedy.contains("terraforms") && !refused.remedy.contains("buckets"), "{}", refused.remedy);
        assert_eq!(why(Sight::Everywhere).title, "Nothing found");
        let many: Vec<_> = (0..99).map(|n| format!("shop-{n}")).collect();
        let query = Query::from_pairs([("search", many.join(" ").as_str())]);
        let why = Empty::why(ListPage::of(Kind::BUCKET), &query, &list(Sight::Everywhere), &who).expect("it is empty");
        assert!(why.filtered && why.text.contains("more than 16 words"), "{}", why.text);
    }

    #[test]
    fn kinds_are_named_in_the_plural() {
        assert_eq!(plurals(&Kind::APPLICATIONS), "Kustomizations or HelmReleases");
        assert_eq!(plurals(&[Kind::IMAGE_POLICY]), "ImagePolicies");
        assert_eq!(plurals(&[Kind::TERRAFORM]), "Terraform objects");
    }
}
