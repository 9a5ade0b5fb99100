//! What the page of a search has that other lists have not.

use fanlight_live::{List, Sight};
use fanlight_model::{Kind, Query};

use super::filters::{Link, first_page};

/// How many of what was found are of which kind, each leading to those alone.
pub(super) fn groups(query: &Query, list: &List, to: &impl Fn(&Query) -> String) -> Vec<Link> {
    if !query.kinds.is_empty() || list.found.len() < 2 {
        return Vec::new();
    }
    let group = |(kind, count): &(Kind, usize)| Link {
        word: kind.to_string(),
        count: Some(*count),
        link: to(&Query { kinds: vec![*kind], ..first_page(query) }),
        chosen: false,
    };
    list.found.iter().map(group).collect()
}

/// What was not searched, or not in whole, and why: of each only what the viewer may know anyway.
pub(super) fn unsearched(list: &List) -> Vec<String> {
    let of = |wanted: fn(&Sight) -> bool| {
        let kinds = list.sights.iter().filter(|(_, sight)| wanted(sight)).map(|(kind, _)| *kind);
        kinds.collect::<Vec<_>>()
    };
    let refused = of(|sight| *sight == Sight::Nothing);
    let unknown = of(|sight| *sight == Sight::Unknown);
    let partly = of(|sight| matches!(sight, Sight::Namespaces(_)));
    let mut said = Vec::new();
    let mut say = |kinds: &[Kind], before: &str, after: &str| {
        if !kinds.is_empty() {
            said.push(format!("{before}{}{after}", names(kinds)));
        }
    };
    say(&list.unread, "Still being read: ", ".");
    say(&unknown, "Kubernetes has not said whether you may list ", ": not searched so far.");
    say(&refused, "Not searched, since Kubernetes does not let you list them: ", ".");
    if !partly.is_empty() {
        said.push("Searched in the namespaces in which you may list objects, and in no others.".to_owned());
    }
    said
}

/// `Kustomization, HelmRelease and Bucket`.
fn names(kinds: &[Kind]) -> String {
    let names: Vec<_> = kinds.iter().map(|kind| kind.info().name).collect();
    match names.split_last() {
        Some((last, others)) if !others.is_empty() => format!("{} and {last}", others.join(", ")),
        Some((last, _)) => (*last).to_owned(),
        None => String::new(),
    }
}

#[cfg(test)]
pub(super) mod tests {
    use fanlight_live::Freshness;
    use fanlight_model::State;

    use super::*;

    pub(in super::super) fn list(sights: &[(Kind, Sight)], found: &[(Kind, usize)]) -> List {
        List {
            rows: Vec::new(),
            matching: 0,
            in_sight: 0,
            page: 0,
            pages: 1,
            states: [0; State::ALL.len()],
            kinds: Vec::new(),
            found: found.to_vec(),
            namespaces: Vec::new(),
            tenants: Vec::new(),
            sights: sights.to_vec(),
            unread: vec![Kind::BUCKET],
            fixed: Vec::new(),
            freshness: Freshness::Loading { ready: 0, of: 1, age: None },
        }
    }

    #[test]
    fn what_was_not_searched_is_named_with_the_reason() {
        let sights = [
            (Kind::KUSTOMIZATION, Sight::Everywhere),
            (Kind::PROVIDER, Sight::Nothing),
            (Kind::ALERT, Sight::Nothing),
            (Kind::TERRAFORM, Sight::NotInstalled),
            (Kind::RECEIVER, Sight::Unknown),
        ];
        let said = unsearched(&list(&sights, &[]));
        assert_eq!(
            said,
            [
                "Still being read: Bucket.",
                "Kubernetes has not said whether you may list Receiver: not searched so far.",
                "Not searched, since Kubernetes does not let you list them: Provider and Alert.",
            ]
        );
        let said = unsearched(&list(&[(Kind::KUSTOMIZATION, Sight::Namespaces(2))], &[]));
        assert_eq!(said.len(), 2, "{said:?}");
    }

    #[test]
    fn what_was_found_is_grouped_by_kind_unless_it_is_of_one() {
        let to = |query: &Query| format!("{:?}", query.kinds);
        let found = [(Kind::KUSTOMIZATION, 2), (Kind::BUCKET, 1)];
        let groups = |query: &Query, found| super::groups(query, &list(&[], found), &to).len();
        assert_eq!(groups(&Query::default(), &found), 2);
        assert_eq!(groups(&Query::default(), &found[..1]), 0);
        assert_eq!(groups(&Query { kinds: vec![Kind::BUCKET], ..Query::default() }, &found), 0);
    }
}
