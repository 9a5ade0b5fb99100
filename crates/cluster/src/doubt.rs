//! Refusals, before they are believed.

use std::time::Duration;

use fanlight_model::Identity;
use http::StatusCode;
use tokio::time::sleep;

use crate::{
    ApiServer, ReadError,
    api_server::{Answered, As, Errand},
    lanes::LaneId,
};

impl ApiServer {
    /// Runs an errand, and again if it is refused: an API server that is starting knows neither tokens nor roles, so a
    /// refusal is believed only from one that is ready, over the very connection by which that is known. Behind a
    /// balancer another connection may lead to another one.
    ///
    /// An API server closes the connection of whoever it does not know, and of others with it: that decides nothing.
    pub(crate) async fn run_beyond_doubt(&self, errand: &Errand<'_>) -> Result<Answered, ReadError> {
        const ROUNDS: u32 = 5;
        const PAUSE: Duration = Duration::from_millis(10);
        match self.run(errand).await {
            Err(error) if is_refusal(&error) => {}
            outcome => return outcome,
        }
        let mut round = 0;
        loop {
            round += 1;
            let lane = self.ready_lane(errand.who).await?;
            match self.run(&Errand { lane, ..errand.clone() }).await {
                Err(ReadError::Unreachable { .. }) if round < ROUNDS => sleep(PAUSE * round).await,
                outcome => return outcome,
            }
        }
    }

    /// A connection of somebody's kind to an API server that is ready; `None` if it cannot be told which ones are, so that
    /// it has to do that some API server is.
    async fn ready_lane(&self, who: As<'_>) -> Result<Option<LaneId>, ReadError> {
        let prover = prover(who);
        if matches!(prover, As::Beside) && !self.goes_beside() {
            return self.ready().await.map(|()| None);
        }
        let answered = self.run(&Errand::read(prover, "/readyz", "/readyz")).await?;
        answered.lane.into_iter().for_each(|lane| self.lanes(who).prove(lane));
        Ok(answered.lane)
    }
}

/// Who asks whether an API server is ready: the server itself; or, over connections without its credential, the one who
/// brought theirs, unless it is not known whether that is any good.
pub(crate) fn prover(who: As<'_>) -> As<'_> {
    match who {
        As::Itself | As::Person(Identity::Impersonated(_)) => As::Itself,
        As::Person(Identity::Holder(_)) => who,
        As::Bearer(_) | As::Beside => As::Beside,
    }
}

/// Who asks is not known, or may not do this.
pub(crate) fn is_refusal(error: &ReadError) -> bool {
    matches!(error, ReadError::Refused { code, .. } if matches!(*code, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN))
}
