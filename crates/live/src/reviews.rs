use fanlight_model::{Answer, Identity, Question, Rules};
use futures_util::future::BoxFuture;

/// Who answers what a person may do: the API server, asked in that person's name.
pub trait Reviews: Send + Sync + 'static {
    /// One question (`SelfSubjectAccessReview`).
    fn may(&self, who: &Identity, question: &Question) -> BoxFuture<'static, Answer>;

    /// All rules of one namespace (`SelfSubjectRulesReview`).
    fn rules(&self, who: &Identity, namespace: &str) -> BoxFuture<'static, Rules>;
}
