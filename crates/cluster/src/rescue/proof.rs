use std::{collections::BTreeMap, fmt, time::Duration};

use serde::Deserialize;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use super::{NAMESPACE, Rescue, RescueError, Trouble, call::backoff};

/// Who the API server takes the credential for.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Who {
    /// The user name.
    #[serde(default, rename = "username")]
    pub user: String,
    /// The groups.
    #[serde(default)]
    pub groups: Vec<String>,
    /// What else is known, for example the id of the credential.
    #[serde(default)]
    pub extra: BTreeMap<String, Vec<String>>,
}

impl Who {
    /// The id of the credential by which the audit log knows it, for example `JTI=…`.
    pub fn credential_id(&self) -> Option<&str> {
        self.extra.get("authentication.kubernetes.io/credential-id")?.first().map(String::as_str)
    }
}

/// Something that one may do or not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Question<'a> {
    /// The verb.
    pub verb: &'a str,
    /// The API group; `""` is the core group.
    pub group: &'a str,
    /// The resource, for example `secrets`.
    pub resource: &'a str,
    /// The part of it, for example `token`.
    pub subresource: &'a str,
    /// The namespace; `""` is the whole cluster.
    pub namespace: &'a str,
    /// The one object; `""` is all of them.
    pub name: &'a str,
}

impl Question<'_> {
    /// Everything, everywhere: what an administrator may do.
    pub const EVERYTHING: Question<'static> =
        Question { verb: "*", group: "*", resource: "*", subresource: "", namespace: "", name: "" };

    /// A verb on a resource of the core group in `kube-system`, for example `create` on `serviceaccounts/token`.
    pub const fn of_core<'a>(verb: &'a str, resource: &'a str, subresource: &'a str) -> Question<'a> {
        Question { verb, group: "", resource, subresource, namespace: NAMESPACE, name: "" }
    }

    /// As access reviews have it.
    pub(super) fn attributes(&self) -> Value {
        let Self { verb, group, resource, subresource, namespace, name } = self;
        json!({"verb": verb, "group": group, "resource": resource, "subresource": subresource,
            "namespace": namespace, "name": name})
    }
}

impl fmt::Display for Question<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if *self == Self::EVERYTHING {
            return f.write_str("do everything");
        }
        let Self { verb, resource, subresource, namespace, name, .. } = self;
        write!(f, "{verb} {resource}")?;
        for (mark, part) in [("/", subresource), (" ", name), (" in ", namespace)] {
            if !part.is_empty() {
                write!(f, "{mark}{part}")?;
            }
        }
        Ok(())
    }
}

/// The answer of the API server's authorizers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum May {
    /// It is allowed.
    Yes,
    /// It is not allowed; with the reason, where there is one.
    No(String),
}

#[derive(Deserialize)]
struct SelfReview {
    status: SelfStatus,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct SelfStatus {
    user_info: Who,
}

#[derive(Deserialize)]
pub(super) struct AccessReview {
    status: AccessStatus,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct AccessStatus {
    allowed: bool,
    #[serde(default)]
    reason: String,
    #[serde(default)]
    evaluation_error: String,
}

impl AccessReview {
    pub(super) fn answer(self) -> May {
        let AccessStatus { allowed, reason, evaluation_error } = self.status;
        if allowed {
            return May::Yes;
        }
        let said: Vec<_> = [reason, evaluation_error].into_iter().filter(|part| !part.is_empty()).collect();
        May::No(said.join("; "))
    }
}

impl Rescue {
    /// The first pause between questions whether a token is still accepted.
    const KNOCK: Duration = Duration::from_millis(250);

    /// Who the API server takes this credential for.
    pub async fn who(&self) -> Result<Who, RescueError> {
        let review = json!({"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"});
        let path = "/apis/authentication.k8s.io/v1/selfsubjectreviews";
        let review: SelfReview = self.post("asking who the credential is", path, &review).await?;
        Ok(review.status.user_info)
    }

    /// Whether this credential may do something. A "no" of an API server that is still starting is asked again.
    pub async fn may(&self, question: &Question<'_>) -> Result<May, RescueError> {
        let review = json!({
            "apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectAccessReview",
            "spec": {"resourceAttributes": question.attributes()},
        });
        let doing = format!("asking for the right to {question}");
        let mut asked = 0;
        loop {
            let path = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews";
            let answer = self.post::<AccessReview>(&doing, path, &review).await?.answer();
            asked += 1;
            if answer == May::Yes || asked > Self::REPEATS || self.is_ready().await {
                return Ok(answer);
            }
            sleep(backoff(Self::KNOCK, asked)).await;
        }
    }

    /// Whether the API server accepts this credential at all. An answer that something is not allowed is a yes.
    pub async fn is_accepted(&self) -> Result<bool, RescueError> {
        match self.who().await.map_err(|error| (error.trouble.clone(), error)) {
            Ok(_) | Err((Trouble::Forbidden(_), _)) => Ok(true),
            Err((Trouble::Rejected(_), _)) => Ok(false),
            Err((_, error)) => Err(error),
        }
    }

    /// Waits until the API server no longer accepts this credential; `false` if it still does after `limit`.
    ///
    /// Each API server remembers for about ten seconds that a token was good.
    pub async fn await_rejection(&self, limit: Duration) -> Result<bool, RescueError> {
        let deadline = (Instant::now() + limit).min(self.deadline);
        let mut asked = 0;
        while self.is_accepted().await? {
            let pause = backoff(Self::KNOCK, asked.min(2));
            if Instant::now() + pause >= deadline {
                return Ok(false);
            }
            sleep(pause).await;
            asked += 1;
        }
        Ok(true)
    }
}
