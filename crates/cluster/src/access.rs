//! Access reviews: what may this person do?

use std::{sync::Arc, time::Duration};

use fanlight_model::{Answer, Identity, Question, Rule, Rules};
use k8s_openapi::api::authorization::v1::{SelfSubjectAccessReview, SelfSubjectRulesReview};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Value, json};
use tokio::time::sleep;

use crate::{
    ApiServer, ReadError,
    api_server::{As, Errand, Order, decode},
    lanes::LaneId,
};

impl ApiServer {
    /// One question, asked in the person's name (`SelfSubjectAccessReview`, `authorization.k8s.io/v1`).
    pub async fn may(&self, who: &Identity, question: &Question) -> Answer {
        let info = question.kind.info();
        let attributes = json!({
            "group": info.group, "resource": info.plural, "verb": question.verb.as_str(),
            "namespace": question.scope.namespace().map_or("", |namespace| namespace),
        });
        self.review(who, attributes).await
    }

    /// One question with these `resourceAttributes`.
    pub(crate) async fn review(&self, who: &Identity, attributes: Value) -> Answer {
        const PATH: &str = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews";
        let review = json!({
            "apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectAccessReview",
            "spec": {"resourceAttributes": attributes},
        });
        // "Yes" cannot be a mistake of a starting API server: only what it has loaded allows anything.
        let is_yes = |review: &SelfSubjectAccessReview| review.status.as_ref().is_some_and(|status| status.allowed);
        match self.ask::<_, SelfSubjectAccessReview>(who, PATH, &review, is_yes).await {
            Ok(review) => match review.status {
                Some(status) if status.allowed => Answer::Yes,
                Some(status) if status.evaluation_error.is_none() || status.denied == Some(true) => Answer::No,
                _ => Answer::Unknown,
            },
            Err(error) => {
                tracing::debug!(user = %who.user(), %error, "access review not answered");
                Answer::Unknown
            }
        }
    }

    /// All rules of one namespace, asked in the person's name (`SelfSubjectRulesReview`).
    pub async fn rules(&self, who: &Identity, namespace: &str) -> Rules {
        const PATH: &str = "/apis/authorization.k8s.io/v1/selfsubjectrulesreviews";
        let review = json!({
            "apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectRulesReview",
            "spec": {"namespace": namespace},
        });
        match self.ask::<_, SelfSubjectRulesReview>(who, PATH, &review, |_| false).await {
            Ok(SelfSubjectRulesReview { status: Some(status), .. }) => {
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
                if whole { Rules::Complete(rules) } else { Rules::Incomplete(rules) }
            }
            Ok(_) => Rules::Unknown,
            Err(error) => {
                tracing::debug!(user = %who.user(), namespace, %error, "rules review not answered");
                Rules::Unknown
            }
        }
    }

    /// Asks, and asks again over the same connection if the API server behind it was not known to be ready: one that
    /// is starting answers "no" before it has loaded its roles. A connection that ends in between decides nothing.
    async fn ask<Q: Serialize, A: DeserializeOwned>(
        &self,
        who: &Identity,
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
        let errand = Errand { order: Order::Create(object.into()), ..Errand::read(As::Person(who), WHAT, path) };
        let mut round = 0;
        loop {
            round += 1;
            let asked = async {
                let first = self.run(&errand).await?;
                let answer = decode(WHAT, &first.body)?;
                let Some(lane) = first.lane else { return Ok(answer) };
                if is_beyond_doubt(&answer) || self.lanes().is_proven(lane) {
                    return Ok(answer);
                }
                self.prove(lane).await?;
                let second = self.run(&Errand { lane: Some(lane), ..errand.clone() }).await?;
                decode(WHAT, &second.body)
            };
            match asked.await {
                Err(ReadError::Unreachable { .. }) if round < ROUNDS => sleep(PAUSE * round).await,
                outcome => return outcome,
            }
        }
    }

    /// Makes sure that the API server at the other end of a lane is ready.
    pub(crate) async fn prove(&self, lane: LaneId) -> Result<(), ReadError> {
        self.run(&Errand { lane: Some(lane), ..Errand::read(As::Itself, "/readyz", "/readyz") }).await?;
        self.lanes().prove(lane);
        Ok(())
    }
}
