//! Asking the API server what a person may do.

use std::{collections::BTreeSet, sync::Arc};

use fanlight_model::{Answer, Identity, Kind, Question, Rights, Rule, Rules, Scope, Verb};
use futures_util::{StreamExt, stream};
use tokio::{sync::Semaphore, time::Instant};

use crate::{Reviews, people::Kinds};

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

/// Asks, a bounded number of questions at a time.
#[derive(Clone)]
pub(crate) struct Asker {
    reviews: Arc<dyn Reviews>,
    everybody: Arc<Semaphore>,
}

impl Asker {
    /// Questions at a time about one person: measured, more makes a survey of 300 namespaces no quicker.
    const PER_PERSON: usize = 8;
    /// Questions at a time about everybody.
    const TOGETHER: usize = 32;

    pub(crate) fn new(reviews: Arc<dyn Reviews>) -> Self {
        Self { reviews, everybody: Arc::new(Semaphore::new(Self::TOGETHER)) }
    }

    /// Asks all of them about one person. `wanted` are the kinds that matter where rules cannot be listed.
    pub(crate) async fn ask_all(&self, who: &Identity, asks: BTreeSet<Ask>, wanted: Kinds) -> Vec<Told> {
        stream::iter(asks)
            .map(|ask| async move {
                let _permit = self.everybody.acquire().await;
                let asked = Instant::now();
                let heard = self.hear(who, &ask, wanted).await;
                Told { ask, asked, heard }
            })
            .buffer_unordered(Self::PER_PERSON)
            .collect()
            .await
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
        let mut heard = Heard::default();
        for kind in Kind::all() {
            let listed = Rule::rights(rules, kind);
            if complete || listed == Rights::ALL {
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
        let watch = self.may(who, Verb::Watch, kind, scope).await?;
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

/// Whether each kind may be changed, by the rules of a namespace.
fn changes(rules: &Rules) -> Option<Vec<(Kind, Answer)>> {
    (*rules != Rules::Unknown).then(|| Kind::all().map(|kind| (kind, rules.may_change(kind))).collect())
}
