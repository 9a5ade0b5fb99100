//! Refusals, before they are believed.

use fanlight_model::Identity;
use http::StatusCode;

use crate::{
    ApiServer, ReadError,
    api_server::{Answered, As, Errand},
    lanes::LaneId,
};

impl ApiServer {
    /// Runs an errand, and again if it is refused: an API server that is starting knows neither tokens nor roles, so a
    /// refusal is believed only from one that is ready, over the very connection by which that is known. Behind a
    /// balancer another connection may lead to another one.
    pub(crate) async fn run_beyond_doubt(&self, errand: &Errand<'_>) -> Result<Answered, ReadError> {
        match self.run(errand).await {
            Err(error) if is_refusal(&error) => {
                let lane = self.ready_lane(errand.who).await?;
                self.run(&Errand { lane, ..errand.clone() }).await
            }
            outcome => outcome,
        }
    }

    /// A connection of somebody's kind to an API server that is ready; `None` if it cannot be told which ones are.
    async fn ready_lane(&self, who: As<'_>) -> Result<Option<LaneId>, ReadError> {
        match self.run(&Errand::read(prover(who), "/readyz", "/readyz")).await {
            Ok(answered) => {
                answered.lane.into_iter().for_each(|lane| self.lanes(who).prove(lane));
                Ok(answered.lane)
            }
            // Nobody may ask without a name there: that some API server is ready has to do.
            Err(error) if is_refusal(&error) => self.ready().await.map(|()| None),
            Err(error) => Err(error),
        }
    }
}

/// Who asks whether an API server is ready: the server itself; or, over connections without its credential, the one who
/// brought theirs, and nobody where it is not known whether theirs is any good.
pub(crate) fn prover(who: As<'_>) -> As<'_> {
    match who {
        As::Itself | As::Person(Identity::Impersonated(_)) => As::Itself,
        As::Person(Identity::Holder(_)) => who,
        As::Bearer(_) | As::Nobody => As::Nobody,
    }
}

/// Who asks is not known, or may not do this.
pub(crate) fn is_refusal(error: &ReadError) -> bool {
    matches!(error, ReadError::Refused { code, .. } if matches!(*code, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN))
}
