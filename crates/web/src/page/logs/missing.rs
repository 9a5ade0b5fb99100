use url::form_urlencoded;

use crate::ObjectError;

/// A right that somebody does not have, as the API server names it when it refuses something.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Missing<'a> {
    verb: &'a str,
    resource: &'a str,
    group: &'a str,
    namespace: &'a str,
}

impl<'a> Missing<'a> {
    /// `… cannot get resource "pods/log" in API group "" in the namespace "shop"`; nothing of other words.
    pub(super) fn of(error: &'a ObjectError) -> Option<Self> {
        let ObjectError::Forbidden(words) = error else { return None };
        let (_, said) = words.split_once("\" cannot ")?;
        let (verb, rest) = said.split_once(" resource \"")?;
        let (resource, rest) = rest.split_once("\" in API group \"")?;
        let (group, rest) = rest.split_once('"')?;
        let namespace =
            rest.split_once("namespace \"").and_then(|(_, rest)| rest.split('"').next()).unwrap_or_default();
        Some(Self { verb, resource, group, namespace })
    }

    pub(super) fn sentence(&self) -> String {
        let place = if self.namespace.is_empty() { String::new() } else { format!(" in {}", self.namespace) };
        format!("You may not read all of it: “{}” on {} is missing{place}.", self.verb, self.full_resource())
    }

    /// The address of the page that says who can give it, and how.
    pub(super) fn link(&self, base: &str) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.append_pair("verb", self.verb).append_pair("resource", &self.full_resource());
        if !self.namespace.is_empty() {
            query.append_pair("namespace", self.namespace);
        }
        format!("{base}/user_info?{}#may", query.finish())
    }

    /// As kubectl has it: `deployments.apps/scale`.
    fn full_resource(&self) -> String {
        let group = if self.group.is_empty() { String::new() } else { format!(".{}", self.group) };
        match self.resource.split_once('/') {
            Some((resource, part)) => format!("{resource}{group}/{part}"),
            None => format!("{}{group}", self.resource),
        }
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
