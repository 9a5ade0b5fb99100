//! What somebody may do, as the API server answers it.

use std::sync::Arc;

use crate::{Kind, Scope};

/// What Fanlight asks to do with a kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Verb {
    /// See all objects of a scope.
    List,
    /// Be told of changes.
    Watch,
    /// Change single objects.
    Patch,
}

impl Verb {
    /// Every verb.
    pub const ALL: [Verb; 3] = [Verb::List, Verb::Watch, Verb::Patch];

    /// The word in access rules.
    pub fn as_str(self) -> &'static str {
        match self {
            Verb::List => "list",
            Verb::Watch => "watch",
            Verb::Patch => "patch",
        }
    }
}

/// A question to the API server: may this person do this here?
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Question {
    /// What to do.
    pub verb: Verb,
    /// With objects of which kind.
    pub kind: Kind,
    /// Where.
    pub scope: Scope,
}

/// Something to do, in the words of access rules (`ResourceAttributes` of `authorization.k8s.io/v1`).
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Deed {
    /// The verb.
    pub verb: String,
    /// API group; empty for the core group.
    pub group: String,
    /// Plural name of the kind.
    pub resource: String,
    /// Part of the object; empty for the object itself.
    pub subresource: String,
    /// Namespace; empty for the whole cluster.
    pub namespace: String,
    /// Name; empty for all objects.
    pub name: String,
}

impl Deed {
    /// The resource with its part, as rules name it.
    pub fn full_resource(&self) -> String {
        match (&*self.resource, &*self.subresource) {
            (resource, "") => resource.to_owned(),
            (resource, part) => format!("{resource}/{part}"),
        }
    }
}

/// What came back for a [`Question`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Answer {
    /// Allowed.
    Yes,
    /// Refused, by an API server known to be ready.
    No,
    /// Nothing that could be believed came back. Never to be taken as *no*.
    #[default]
    Unknown,
}

/// An answer with what is known of why.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Verdict {
    /// Whether it is allowed.
    pub answer: Answer,
    /// The words of who decided; often empty.
    pub reason: String,
    /// What the server’s own account lacks, where the person may, and it may not do so in their name.
    pub lacks: Option<Deed>,
}

/// What somebody may do with the objects of one kind in one scope.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Rights {
    /// May see them all.
    pub list: bool,
    /// May be told of changes.
    pub watch: bool,
}

impl Rights {
    /// Both rights, which sponsoring a watch needs.
    pub const ALL: Rights = Rights { list: true, watch: true };
    /// Neither.
    pub const NONE: Rights = Rights { list: false, watch: false };

    /// What is left of these rights within others.
    #[must_use]
    pub fn within(self, most: Rights) -> Rights {
        Rights { list: self.list && most.list, watch: self.watch && most.watch }
    }

    /// Whether a watch may run in this person's name.
    pub fn may_sponsor(self) -> bool {
        self.list && self.watch
    }
}

/// One rule out of a `SelfSubjectRulesReview` (`authorization.k8s.io/v1`, `ResourceRule`).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Rule {
    /// Verbs, or `*`.
    pub verbs: Vec<String>,
    /// API groups, or `*`.
    pub groups: Vec<String>,
    /// Resources (`kustomizations`, `kustomizations/status`), or `*`.
    pub resources: Vec<String>,
    /// Names of single objects the rule is limited to; empty for all.
    pub names: Vec<String>,
}

/// The answer to a `SelfSubjectRulesReview` for one namespace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rules {
    /// The complete list of what is allowed.
    Complete(Arc<[Rule]>),
    /// The API server cannot list the rules (an authorizer that only answers single questions, or an evaluation
    /// error): what is listed is allowed, what is not must be asked one by one.
    Incomplete(Arc<[Rule]>),
    /// Nothing that could be believed came back.
    Unknown,
}

impl Rules {
    /// What is left of the rules if only some verbs can be used on some kinds.
    #[must_use]
    pub fn limited(self, usable: impl Fn(Verb, Kind) -> bool) -> Self {
        let cut = |rules: &[Rule]| {
            let uses = Kind::all().flat_map(|kind| Verb::ALL.map(|verb| (verb, kind)));
            let uses = uses.filter(|(verb, kind)| usable(*verb, *kind));
            uses.flat_map(|(verb, kind)| rules.iter().filter_map(move |rule| rule.narrowed(verb, kind))).collect()
        };
        match self {
            Rules::Complete(rules) => Rules::Complete(cut(&rules)),
            Rules::Incomplete(rules) => Rules::Incomplete(cut(&rules)),
            Rules::Unknown => Rules::Unknown,
        }
    }

    /// Whether objects of `kind` may be changed; unknown where that depends on which one.
    pub fn may_change(&self, kind: Kind) -> Answer {
        let (Rules::Complete(rules) | Rules::Incomplete(rules)) = self else { return Answer::Unknown };
        if rules.iter().any(|rule| rule.allows(Verb::Patch, kind)) {
            return Answer::Yes;
        }
        let some = rules.iter().any(|rule| rule.is_about(Verb::Patch, kind));
        if some || matches!(self, Rules::Incomplete(_)) { Answer::Unknown } else { Answer::No }
    }
}

impl Rule {
    /// Whether the rule allows `verb` on every object of `kind`.
    ///
    /// A rule limited to single objects allows no list: Kubernetes grants it only to requests that name the object.
    pub fn allows(&self, verb: Verb, kind: Kind) -> bool {
        self.names.is_empty() && self.is_about(verb, kind)
    }

    /// The part of the rule that is about one verb and one kind.
    fn narrowed(&self, verb: Verb, kind: Kind) -> Option<Rule> {
        self.is_about(verb, kind).then(|| Rule {
            verbs: vec![verb.as_str().to_owned()],
            groups: vec![kind.info().group.to_owned()],
            resources: vec![kind.info().plural.to_owned()],
            names: self.names.clone(),
        })
    }

    /// Whether the rule allows `verb` on any object of `kind`.
    fn is_about(&self, verb: Verb, kind: Kind) -> bool {
        let has = |list: &[String], wanted: &str| list.iter().any(|entry| entry == "*" || entry == wanted);
        let info = kind.info();
        has(&self.verbs, verb.as_str()) && has(&self.groups, info.group) && has(&self.resources, info.plural)
    }

    /// Whether the rule allows a deed, wherever it is in force.
    pub fn covers(&self, deed: &Deed) -> bool {
        let has = |list: &[String], wanted: &str| list.iter().any(|entry| entry == "*" || entry == wanted);
        let part_of_any = |entry: &String| entry.strip_prefix("*/").is_some_and(|part| part == deed.subresource);
        has(&self.verbs, &deed.verb)
            && has(&self.groups, &deed.group)
            && (has(&self.resources, &deed.full_resource()) || self.resources.iter().any(part_of_any))
            && (self.names.is_empty() || self.names.contains(&deed.name))
    }

    /// What a set of rules grants on `kind`.
    pub fn rights(rules: &[Rule], kind: Kind) -> Rights {
        let allowed = |verb| rules.iter().any(|rule| rule.allows(verb, kind));
        Rights { list: allowed(Verb::List), watch: allowed(Verb::Watch) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(verbs: &[&str], groups: &[&str], resources: &[&str], names: &[&str]) -> Rule {
        let owned = |list: &[&str]| list.iter().map(ToString::to_string).collect();
        Rule { verbs: owned(verbs), groups: owned(groups), resources: owned(resources), names: owned(names) }
    }

    #[test]
    fn wildcards_in_every_place_count() {
        let rights = Rule::rights(&[rule(&["*"], &["*"], &["*"], &[])], Kind::HELM_RELEASE);
        assert_eq!(rights, Rights::ALL);
    }

    #[test]
    fn a_rule_limited_to_named_objects_grants_no_list() {
        let only_shop = rule(&["list", "watch"], &["kustomize.toolkit.fluxcd.io"], &["kustomizations"], &["shop"]);
        assert_eq!(Rule::rights(&[only_shop], Kind::KUSTOMIZATION), Rights::NONE);
    }

    #[test]
    fn what_may_be_changed_is_refused_only_where_no_rule_and_nothing_unsaid_allows_it() {
        let group = &["kustomize.toolkit.fluxcd.io"][..];
        let may = |rules: Rules| rules.may_change(Kind::KUSTOMIZATION);
        let all: Arc<[Rule]> = [rule(&["patch"], group, &["kustomizations"], &[])].into();
        let one: Arc<[Rule]> = [rule(&["patch"], group, &["kustomizations"], &["shop"])].into();
        let none: Arc<[Rule]> = [rule(&["get", "list", "watch"], &["*"], &["*"], &[])].into();
        assert_eq!(may(Rules::Complete(Arc::clone(&all))), Answer::Yes);
        assert_eq!(may(Rules::Incomplete(all)), Answer::Yes);
        assert_eq!(may(Rules::Complete(one)), Answer::Unknown);
        assert_eq!(may(Rules::Complete(Arc::clone(&none))), Answer::No);
        assert_eq!(may(Rules::Incomplete(none)), Answer::Unknown);
        assert_eq!(may(Rules::Unknown), Answer::Unknown);
    }

    #[test]
    fn rules_of_which_only_a_part_can_be_used_are_cut_to_it() {
        let all = Rules::Complete([rule(&["*"], &["*"], &["*"], &[])].into());
        let seen = all.limited(|verb, kind| verb != Verb::Patch && kind == Kind::KUSTOMIZATION);
        assert_eq!(seen.may_change(Kind::KUSTOMIZATION), Answer::No);
        let Rules::Complete(rules) = seen else { panic!("still complete") };
        assert_eq!(Rule::rights(&rules, Kind::KUSTOMIZATION), Rights::ALL);
        assert_eq!(Rule::rights(&rules, Kind::HELM_RELEASE), Rights::NONE);
    }

    #[test]
    fn a_rule_for_some_names_covers_these_alone_and_not_all() {
        let groups = rule(&["impersonate"], &[""], &["groups"], &["dev"]);
        let deed = |name: &str| Deed {
            verb: "impersonate".to_owned(),
            resource: "groups".to_owned(),
            name: name.to_owned(),
            ..Deed::default()
        };
        assert!(groups.covers(&deed("dev")) && !groups.covers(&deed("qa")) && !groups.covers(&deed("")));
        let extras = rule(&["impersonate"], &["*"], &["userextras/fanlight.dev/user"], &[]);
        let part =
            Deed { resource: "userextras".to_owned(), subresource: "fanlight.dev/user".to_owned(), ..deed("dana") };
        assert!(extras.covers(&part) && !extras.covers(&deed("dev")));
    }

    #[test]
    fn rights_add_up_over_rules_but_a_subresource_is_not_the_resource() {
        let group = &["kustomize.toolkit.fluxcd.io"][..];
        let rules = [
            rule(&["list"], group, &["kustomizations"], &[]),
            rule(&["watch"], group, &["kustomizations/status"], &[]),
        ];
        assert_eq!(Rule::rights(&rules, Kind::KUSTOMIZATION), Rights { list: true, watch: false });
    }
}
