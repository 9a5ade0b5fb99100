//! Asking the API server what a person may do.

use std::sync::Arc;

use fanlight_model::{Answer, Identity, Kind, Question, Rights, Rule, Rules, Scope, Verb};
use futures_util::{StreamExt, stream};
use tokio::{sync::Semaphore, time::Instant};

use crate::{Reviews, people::Kinds};

/// One thing to find out about a person.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Ask {
    /// What they may do with a kind in the whole cluster.
    Everywhere(Kind),
    /// What they may do with every kind in one namespace.
    Namespace(Arc<str>),
}

/// What came of an [`Ask`].
#[derive(Debug)]
pub(crate) struct Told {
    pub(crate) ask: Ask,
    /// When it was asked: the age of an answer counts from its question.
    pub(crate) asked: Instant,
    /// The rights by kind; `None` if nothing that could be believed came back.
    pub(crate) rights: Option<Vec<(Kind, Rights)>>,
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
    pub(crate) async fn ask_all(&self, who: &Identity, asks: Vec<Ask>, wanted: Kinds) -> Vec<Told> {
        stream::iter(asks)
            .map(|ask| async move {
                let _permit = self.everybody.acquire().await;
                let asked = Instant::now();
                let rights = match &ask {
                    Ask::Everywhere(kind) => {
                        self.rights(who, *kind, &Scope::Cluster).await.map(|rights| vec![(*kind, rights)])
                    }
                    Ask::Namespace(namespace) => self.rights_in(who, namespace, wanted).await,
                };
                Told { ask, asked, rights }
            })
            .buffer_unordered(Self::PER_PERSON)
            .collect()
            .await
    }

    /// Every kind's rights in a namespace, in one question where the API server can list its rules.
    async fn rights_in(&self, who: &Identity, namespace: &Arc<str>, wanted: Kinds) -> Option<Vec<(Kind, Rights)>> {
        let (rules, complete) = match self.reviews.rules(who, namespace).await {
            Rules::Complete(rules) => (rules, true),
            Rules::Incomplete(rules) => (rules, false),
            Rules::Unknown => return None,
        };
        let mut all: Vec<_> = Kind::all().map(|kind| (kind, Rule::rights(&rules, kind))).collect();
        if !complete {
            let scope = Scope::Namespace(Arc::clone(namespace));
            for (kind, rights) in all.iter_mut().filter(|(kind, rights)| wanted.has(*kind) && *rights != Rights::ALL) {
                *rights = self.rights(who, *kind, &scope).await?;
            }
        }
        Some(all)
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
