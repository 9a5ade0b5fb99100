use fanlight_model::Deed;

use crate::{ObjectError, place};

/// A right that somebody does not have, as the API server names it when it refuses something.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Missing(Deed);

impl Missing {
    /// `… cannot get resource "pods/log" in API group "" in the namespace "shop"`; nothing of other words.
    pub(super) fn of(error: &ObjectError) -> Option<Self> {
        let ObjectError::Forbidden(words) = error else { return None };
        let (_, said) = words.split_once("\" cannot ")?;
        let (verb, rest) = said.split_once(" resource \"")?;
        let (resource, rest) = rest.split_once("\" in API group \"")?;
        let (group, rest) = rest.split_once('"')?;
        let namespace =
            rest.split_once("namespace \"").and_then(|(_, rest)| rest.split('"').next()).unwrap_or_default();
        let (resource, subresource) = resource.split_once('/').unwrap_or((resource, ""));
        let [verb, group, resource] = [verb, group, resource].map(ToOwned::to_owned);
        let [subresource, namespace] = [subresource, namespace].map(ToOwned::to_owned);
        Some(Self(Deed { verb, group, resource, subresource, namespace, ..Deed::default() }))
    }

    pub(super) fn sentence(&self) -> String {
        let Self(deed) = self;
        let place = if deed.namespace.is_empty() { String::new() } else { format!(" in {}", deed.namespace) };
        format!("You may not read all of it: “{}” on {} is missing{place}.", deed.verb, place::resource(deed))
    }

    /// The address of the page that says who can give it, and how.
    pub(super) fn link(&self, base: &str) -> String {
        let Self(deed) = self;
        let mut pairs = vec![("verb", deed.verb.clone()), ("resource", place::resource(deed))];
        if !deed.namespace.is_empty() {
            pairs.push(("namespace", deed.namespace.clone()));
        }
        format!("{}#may", place::asking(base, "user_info", pairs))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_api_servers_words_name_the_right() {
        let words = |words: &str| ObjectError::Forbidden(words.to_owned());
        let here = words(
            "deployments.apps \"cart\" is forbidden: User \"ada\" cannot get resource \"deployments\" in API group \"apps\" in the namespace \"shop\"",
        );
        let missing = Missing::of(&here).expect("a right");
        assert_eq!(missing.link("/flux"), "/flux/user_info?verb=get&resource=deployments.apps&namespace=shop#may");
        let everywhere = words(
            "pods is forbidden: User \"ada\" cannot list resource \"pods\" in API group \"\" at the cluster scope",
        );
        assert_eq!(
            Missing::of(&everywhere).map(|missing| missing.link("")).as_deref(),
            Some("/user_info?verb=list&resource=pods#may")
        );
        assert_eq!(Missing::of(&words("no")), None);
        assert_eq!(Missing::of(&ObjectError::NotFound), None);
    }
}
