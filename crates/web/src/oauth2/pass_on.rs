use axum::http::StatusCode;
use fanlight_identity::{NotHeld, TokenDesk};
use fanlight_model::{Token, TokenRefused};
use secrecy::{ExposeSecret, SecretString};

use super::failure::Reason;
use crate::audit;

/// Why somebody's ID token cannot go on to the API server with their requests.
#[derive(Debug, thiserror::Error)]
pub(super) enum NotPassedOn {
    /// It cannot be sent.
    #[error("the ID token cannot be sent to the API server: {0}")]
    Unfit(#[from] TokenRefused),
    /// The API server does not know it.
    #[error(
        "Kubernetes does not take the identity provider’s ID tokens, and Fanlight is set up to pass them on \
         (WEAVE_GITOPS_FEATURE_OIDC_AUTH_PASSTHROUGH): the API server has to trust the same issuer and client"
    )]
    NotTaken,
    /// The API server did not say.
    #[error("Kubernetes does not say whether it takes the ID token: {0}")]
    Unanswered(NotHeld),
}

impl NotPassedOn {
    pub(super) fn word(&self) -> audit::Reason {
        match self {
            NotPassedOn::Unfit(_) => audit::Reason::TOO_LARGE,
            NotPassedOn::NotTaken | NotPassedOn::Unanswered(_) => audit::Reason::NOT_TAKEN,
        }
    }
}

impl Reason for NotPassedOn {
    fn status(&self) -> StatusCode {
        match self {
            NotPassedOn::Unfit(_) | NotPassedOn::NotTaken => StatusCode::FORBIDDEN,
            NotPassedOn::Unanswered(_) => StatusCode::SERVICE_UNAVAILABLE,
        }
    }
}

/// Makes sure that the API server takes the ID token of somebody who signs in; the provider has just given it.
pub(super) async fn pass_on(desk: &TokenDesk, id_token: &SecretString) -> Result<(), NotPassedOn> {
    let token = Token::new(id_token.expose_secret())?;
    match desk.holder_vouched_for(&token).await {
        Ok(holder) => {
            tracing::debug!(user = %holder.user(), "Kubernetes takes the ID token");
            Ok(())
        }
        Err(NotHeld::Unknown) => Err(NotPassedOn::NotTaken),
        Err(error) => Err(NotPassedOn::Unanswered(error)),
    }
}
