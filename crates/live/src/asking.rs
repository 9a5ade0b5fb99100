//! Asking the API server what a person may do.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use fanlight_model::{Answer, Identity, Kind, Question, Rights, Rule, Rules, Scope, Verb};
use futures_util::{Stream, StreamExt, stream};
use tokio::{
    sync::Semaphore,
    time::{Instant, timeout},
};

use crate::{
    Reviews,
    grant::{Grant, Held},
    people::Kinds,
};

/// One thing to find out about a person.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Ask {
    /// What they may do with a kind in the whole cluster.
    Everywhere(Kind),
    /// What they may do with every kind in one namespace.
    Namespace(Arc<str>),
    /// Whether they may change objects of a kind in the whole cluster.
    Change(Kind),
    /// What they may change in one namespace; what they may see there is known from elsewhere.
    Changes(Arc<str>),
}

impl Ask {
    /// The namespace of which is asked what may be seen there.
    pub(crate) fn namespace(&self) -> Option<&Arc<str>> {
        match self {
            Self::Namespace(namespace) => Some(namespace),
            Self::Everywhere(_) | Self::Change(_) | Self::Changes(_) => None,
        }
    }

    /// Whether it is about the whole cluster, or about one of these namespaces.
    pub(crate) fn is_within(&self, namespaces: &BTreeSet<Arc<str>>) -> bool {
        match self {
            Self::Namespace(namespace) | Self::Changes(namespace) => namespaces.contains(namespace),
            Self::Everywhere(_) | Self::Change(_) => true,
        }
    }
}

/// What came of an [`Ask`].
#[derive(Debug)]
pub(crate) struct Told {
    pub(crate) ask: Ask,
    /// When it was asked: the age of an answer counts from its question.
    pub(crate) asked: Instant,
    /// `None` if nothing that could be believed came back.
    pub(crate) heard: Option<Heard>,
}

/// An answer, by kind.
#[derive(Debug, Default)]
pub(crate) struct Heard {
    /// What they may see; nothing is said of kinds that are not named.
    pub(crate) rights: Vec<(Kind, Rights)>,
    /// The kinds that were asked about and of which nothing that could be believed came back, while something did of others.
    pub(crate) open: Kinds,
    /// Whether they may change it.
    pub(crate) changes: Vec<(Kind, Answer)>,
}

impl Heard {
    /// Notes the answer to a question of that moment; says whether anything but its age is new.
    pub(crate) fn note(self, grant: &mut Grant, ask: &Ask, asked: Instant, trust: Duration) -> bool {
        let Self { rights, open, changes } = self;
        let mut news = false;
        match ask {
            Ask::Everywhere(_) | Ask::Change(_) => {
                for (kind, rights) in rights {
                    news |= grant.set_everywhere(kind, Held { rights, asked }, trust);
                }
                for (kind, answer) in changes {
                    news |= grant.changes.set_everywhere(kind, answer, asked);
                }
            }
            Ask::Namespace(namespace) => {
                news |= grant.set_namespace(namespace, rights, asked, trust);
                news |= grant.set_open(namespace, open);
                news |= grant.changes.set_namespace(namespace, &changes);
            }
            Ask::Changes(namespace) => news |= grant.changes.set_namespace(namespace, &changes),
        }
        news
    }
}

/// Asks, a bounded number of questions at a time.
#[derive(Clone)]
pub(crate) struct Asker {
    reviews: Arc<dyn Reviews>,
    everybody: Arc<Semaphore>,
}

impl Asker {
    /// Questions at a time about one person: measured, more makes a survey of 300 namespaces no quicker.
    pub(crate) const PER_PERSON: usize = 8;
    /// Questions at a time about everybody.
    const TOGETHER: usize = 32;
    /// So long one is waited for.
    const PATIENCE: Duration = Duration::from_secs(5);

    pub(crate) fn new(reviews: Arc<dyn Reviews>) -> Self {
        Self { reviews, everybody: Arc::new(Semaphore::new(Self::TOGETHER)) }
    }

    /// Asks all of them about one person, and tells what came of each as soon as it has. `wanted` are the kinds that matter
    /// where rules cannot be listed.
    pub(crate) fn ask_all<'a>(
        &'a self,
        who: &'a Identity,
        asks: BTreeSet<Ask>,
        wanted: Kinds,
    ) -> impl Stream<Item = Told> + 'a {
        let ask = move |ask| async move {
            let _permit = self.everybody.acquire().await;
            let asked = Instant::now();
            let heard = timeout(Self::PATIENCE, self.hear(who, &ask, wanted)).await.ok().flatten();
            Told { ask, asked, heard }
        };
        stream::iter(asks).map(ask).buffer_unordered(Self::PER_PERSON)
    }

    async fn hear(&self, who: &Identity, ask: &Ask, wanted: Kinds) -> Option<Heard> {
        match ask {
            Ask::Everywhere(kind) => {
                let rights = self.rights(who, *kind, &Scope::Cluster).await?;
                Some(Heard { rights: vec![(*kind, rights)], ..Heard::default() })
            }
            Ask::Change(kind) => {
                let may = self.may(who, Verb::Patch, *kind, &Scope::Cluster).await?;
                let answer = if may { Answer::Yes } else { Answer::No };
                Some(Heard { changes: vec![(*kind, answer)], ..Heard::default() })
            }
            Ask::Namespace(namespace) => {
                let rules = self.reviews.rules(who, namespace).await;
                let changes = changes(&rules)?;
                Some(Heard { changes, ..self.rights_in(who, namespace, &rules, wanted).await? })
            }
            Ask::Changes(namespace) => {
                let rules = self.reviews.rules(who, namespace).await;
                Some(Heard { changes: changes(&rules)?, ..Heard::default() })
            }
        }
    }

    /// Every kind's rights in a namespace, without further questions where the API server could list its rules; else
    /// only those of the wanted kinds. One of which it does not say hides none of the others.
    async fn rights_in(&self, who: &Identity, namespace: &Arc<str>, rules: &Rules, wanted: Kinds) -> Option<Heard> {
        let (rules, complete) = match rules {
            Rules::Complete(rules) => (rules, true),
            Rules::Incomplete(rules) => (rules, false),
            Rules::Unknown => return None,
        };
        let scope = Scope::Namespace(Arc::clone(namespace));
        let most = most(who);
        let mut heard = Heard::default();
        for kind in Kind::all() {
            let listed = Rule::rights(rules, kind).within(most);
            if complete || listed == most {
                heard.rights.push((kind, listed));
            } else if wanted.has(kind) {
                match self.rights(who, kind, &scope).await {
                    Some(rights) => heard.rights.push((kind, rights)),
                    None => heard.open = heard.open.with(kind),
                }
            }
        }
        Some(heard)
    }

    /// One kind's rights in one scope, question by question.
    async fn rights(&self, who: &Identity, kind: Kind, scope: &Scope) -> Option<Rights> {
        let list = self.may(who, Verb::List, kind, scope).await?;
        if !list {
            return Some(Rights::NONE);
        }
        let watch = most(who).watch && self.may(who, Verb::Watch, kind, scope).await?;
        Some(Rights { list, watch })
    }

    async fn may(&self, who: &Identity, verb: Verb, kind: Kind, scope: &Scope) -> Option<bool> {
        let question = Question { verb, kind, scope: scope.clone() };
        match self.reviews.may(who, &question).await {
            Answer::Yes => Some(true),
            Answer::No => Some(false),
            Answer::Unknown => None,
        }
    }
}

/// What somebody may do at most: in whose name no watch may run, counts as one who may not watch.
fn most(who: &Identity) -> Rights {
    Rights { list: true, watch: who.may_sponsor() }
}

/// Whether each kind may be changed, by the rules of a namespace.
fn changes(rules: &Rules) -> Option<Vec<(Kind, Answer)>> {
    (*rules != Rules::Unknown).then(|| Kind::all().map(|kind| (kind, rules.may_change(kind))).collect())
}

#[cfg(test)]
mod tests {
    use std::sync::{Mutex, PoisonError};

    use fanlight_model::{Holder, Token, UserName};
    use futures_util::{FutureExt, future::BoxFuture};

    use super::*;

    /// Allows everything, and remembers what it was asked.
    #[derive(Default)]
    struct Generous(Mutex<Vec<Verb>>);

    impl Reviews for Generous {
        fn may(&self, _: &Identity, question: &Question) -> BoxFuture<'static, Answer> {
            self.0.lock().unwrap_or_else(PoisonError::into_inner).push(question.verb);
            std::future::ready(Answer::Yes).boxed()
        }

        fn rules(&self, _: &Identity, _: &str) -> BoxFuture<'static, Rules> {
            let any = || vec!["*".to_owned()];
            let rule = Rule { verbs: any(), groups: any(), resources: any(), names: Vec::new() };
            std::future::ready(Rules::Complete([rule].into())).boxed()
        }
    }

    async fn learn(who: &Identity) -> (Vec<Rights>, Vec<Verb>) {
        let reviews = Arc::new(Generous::default());
        let asker = Asker::new(reviews.clone());
        let kind = Kind::KUSTOMIZATION;
        let asks = BTreeSet::from([Ask::Everywhere(kind), Ask::Namespace("apps".into())]);
        let told: Vec<_> = asker.ask_all(who, asks, Kinds::from_iter([kind])).collect().await;
        let heard = told.into_iter().filter_map(|told| told.heard).flat_map(|heard| heard.rights);
        let rights = heard.filter(|(about, _)| *about == kind).map(|(_, rights)| rights).collect();
        let verbs = reviews.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        (rights, verbs)
    }

    #[tokio::test]
    async fn whoever_only_makes_requests_with_a_token_counts_as_one_who_may_not_watch_whatever_they_may() {
        let list = Rights { list: true, watch: false };
        let token = Token::new("abc").expect("a token");
        let holder = Holder::new("system:serviceaccount:ci:robot", [], token).expect("a name");
        assert_eq!(learn(&Identity::Holder(holder.clone())).await, (vec![list; 2], vec![Verb::List]));
        let both = (vec![Rights::ALL; 2], vec![Verb::List, Verb::Watch]);
        assert_eq!(learn(&Identity::Holder(holder.signed_in())).await, both);
        assert_eq!(learn(&Identity::of(UserName::new("dana").expect("a name"))).await, both);
    }
}
