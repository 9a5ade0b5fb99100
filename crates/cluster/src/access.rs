//! Access reviews: what may this person do?

use std::{sync::Arc, time::Duration};

use fanlight_model::{Answer, Deed, Identity, Question, Rule, Rules, Verdict};
use k8s_openapi::api::authorization::v1::{SelfSubjectAccessReview, SelfSubjectRulesReview};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::json;
use tokio::time::sleep;

use crate::{
    ApiServer, ReadError,
    api_server::{As, Errand, Order, decode},
    doubt::prover,
    lanes::LaneId,
};

impl ApiServer {
    /// One question, asked in the person's name (`SelfSubjectAccessReview`, `authorization.k8s.io/v1`).
    pub async fn may(&self, who: &Identity, question: &Question) -> Answer {
        let info = question.kind.info();
        let namespace = question.scope.namespace().map(ToString::to_string).unwrap_or_default();
        let (verb, group, resource) = (question.verb.as_str().into(), info.group.into(), info.plural.into());
        self.verdict(who, &Deed { verb, group, resource, namespace, ..Deed::default() }).await.answer
    }

    /// Whether the person may do this, and why.
    pub async fn verdict(&self, who: &Identity, deed: &Deed) -> Verdict {
        const UNABLE: &str = "Fanlight’s own account may not do this in anybody’s name";
        let verdict = match self.review(As::Person(who), deed).await {
            Ok(verdict) => verdict,
            Err(error) => {
                tracing::debug!(user = %who.user(), %error, "access review not answered");
                return Verdict { reason: error.reason(), ..Verdict::default() };
            }
        };
        if verdict.answer != Answer::Yes {
            return verdict;
        }
        match self.lacks(who, deed).await {
            Some(lacks) => Verdict { answer: Answer::No, reason: UNABLE.to_owned(), lacks: Some(lacks) },
            None => verdict,
        }
    }

    /// Asks about one deed, in the name of `who`.
    pub(crate) async fn review(&self, who: As<'_>, deed: &Deed) -> Result<Verdict, ReadError> {
        const PATH: &str = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews";
        let review = json!({
            "apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectAccessReview",
            "spec": {"resourceAttributes": {
                "verb": deed.verb, "group": deed.group, "resource": deed.resource, "subresource": deed.subresource,
                "namespace": deed.namespace, "name": deed.name,
            }},
        });
        // "Yes" cannot be a mistake of a starting API server: only what it has loaded allows anything.
        let is_yes = |review: &SelfSubjectAccessReview| review.status.as_ref().is_some_and(|status| status.allowed);
        let answered = self.ask::<_, SelfSubjectAccessReview>(who, PATH, &review, is_yes).await?;
        let status = answered.status.unwrap_or_default();
        let answer = match &status {
            status if status.allowed => Answer::Yes,
            status if status.evaluation_error.is_none() || status.denied == Some(true) => Answer::No,
            _ => Answer::Unknown,
        };
        let reason = status.reason.filter(|reason| !reason.is_empty()).or(status.evaluation_error);
        Ok(Verdict { answer, reason: reason.unwrap_or_default(), lacks: None })
    }

    /// All rules of one namespace, asked in the person's name (`SelfSubjectRulesReview`).
    pub async fn rules(&self, who: &Identity, namespace: &str) -> Rules {
        match self.rules_review(As::Person(who), namespace).await {
            Ok(rules) => self.usable(who, rules).await,
            Err(error) => {
                tracing::debug!(user = %who.user(), namespace, %error, "rules review not answered");
                Rules::Unknown
            }
        }
    }

    /// Asks for all rules of one namespace, in the name of `who`.
    pub(crate) async fn rules_review(&self, who: As<'_>, namespace: &str) -> Result<Rules, ReadError> {
        const PATH: &str = "/apis/authorization.k8s.io/v1/selfsubjectrulesreviews";
        let review = json!({
            "apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectRulesReview",
            "spec": {"namespace": namespace},
        });
        let answered = self.ask::<_, SelfSubjectRulesReview>(who, PATH, &review, |_| false).await?;
        let Some(status) = answered.status else { return Ok(Rules::Unknown) };
        let rules: Arc<[Rule]> = status
            .resource_rules
            .into_iter()
            .map(|rule| Rule {
                verbs: rule.verbs,
                groups: rule.api_groups.unwrap_or_default(),
                resources: rule.resources.unwrap_or_default(),
                names: rule.resource_names.unwrap_or_default(),
            })
            .collect();
        let whole = !status.incomplete && status.evaluation_error.is_none_or(|error| error.is_empty());
        Ok(if whole { Rules::Complete(rules) } else { Rules::Incomplete(rules) })
    }

    /// Asks, and asks again over the same connection if the API server behind it was not known to be ready: one that
    /// is starting answers "no" before it has loaded its roles. A connection that ends in between decides nothing.
    async fn ask<Q: Serialize, A: DeserializeOwned>(
        &self,
        who: As<'_>,
        path: &str,
        review: &Q,
        is_beyond_doubt: impl Fn(&A) -> bool,
    ) -> Result<A, ReadError> {
        const WHAT: &str = "an access review";
        /// A "no" needs three answers over one connection, and a busy API server that closes connections closes many.
        const ROUNDS: u32 = 10;
        const PAUSE: Duration = Duration::from_millis(10);
        let object = serde_json::to_vec(review)
            .map_err(|error| ReadError::Nonsense { what: WHAT.to_owned(), why: error.to_string() })?;
        let errand = Errand { order: Order::Create(object.into()), ..Errand::read(who, WHAT, path) };
        let mut round = 0;
        loop {
            round += 1;
            let asked = async {
                self.prove_one(who).await;
                let first = self.run(&errand).await?;
                let answer = decode(WHAT, &first.body)?;
                let Some(lane) = first.lane else { return Ok(answer) };
                if is_beyond_doubt(&answer) || self.lanes(who).is_proven(lane) {
                    return Ok(answer);
                }
                self.prove(who, lane).await?;
                let second = self.run(&Errand { lane: Some(lane), ..errand.clone() }).await?;
                decode(WHAT, &second.body)
            };
            match asked.await {
                Err(ReadError::Unreachable { .. }) if round < ROUNDS => sleep(PAUSE * round).await,
                outcome => return outcome,
            }
        }
    }

    /// Makes sure, as far as that goes, that a question finds a lane that leads to an API server known to be ready: one
    /// of many askers proves it for all, instead of each its own, of which most would come too late where connections
    /// are closed again soon.
    async fn prove_one(&self, who: As<'_>) {
        let lanes = self.lanes(who);
        if lanes.has_proven() {
            return;
        }
        // Who comes while one is at it waits for that one's outcome, and makes no attempt of its own.
        let Some(_one) = lanes.proving().await else { return };
        if let Ok(answered) = self.run(&Errand::read(prover(who), "/readyz", "/readyz")).await
            && let Some(lane) = answered.lane
        {
            lanes.prove(lane);
        }
    }

    /// Makes sure that the API server at the other end of a lane is ready.
    pub(crate) async fn prove(&self, who: As<'_>, lane: LaneId) -> Result<(), ReadError> {
        self.run(&Errand { lane: Some(lane), ..Errand::read(prover(who), "/readyz", "/readyz") }).await?;
        self.lanes(who).prove(lane);
        Ok(())
    }
}
