//! Requests of an action: few at a time, and again while the API server is away.

use std::{future::Future, time::Duration};

use fanlight_model::{ObjectKey, Stage};
use http::StatusCode;
use serde_json::Value;
use tokio::{
    sync::Semaphore,
    time::{Instant, sleep},
};

use super::{Deed, words};
use crate::{ApiServer, ReadError};

/// A request that failed, as often as there was time for it.
pub(super) struct Failure {
    /// How it failed the last time.
    pub(super) error: ReadError,
    /// Whether it would fail again: neither the API server is away nor may it be starting.
    pub(super) is_certain: bool,
}

impl Deed {
    /// The first pause before something is tried again; later ones grow up to [`Deed::LONGEST`].
    pub(super) const SHORTEST: Duration = Duration::from_millis(250);
    const LONGEST: Duration = Duration::from_secs(2);

    pub(super) fn longer(pause: Duration) -> Duration {
        (pause * 3 / 2).min(Self::LONGEST)
    }

    /// Reads an object; if the API server is away, again until the given time, and once in any case.
    pub(super) async fn read(&self, key: &ObjectKey, until: Instant) -> Result<Value, Failure> {
        self.insist(key, until, || self.server.object(&self.who, key)).await
    }

    /// Changes an object; if the answer is lost, again: a merge patch with fixed values may be made twice.
    pub(super) async fn write(&self, key: &ObjectKey, patch: &Value) -> Result<Value, Failure> {
        self.insist(key, Instant::now() + Self::REACH, || self.server.patch(&self.who, key, patch)).await
    }

    async fn insist<T, F>(&self, key: &ObjectKey, until: Instant, attempt: impl Fn() -> F) -> Result<T, Failure>
    where
        F: Future<Output = Result<T, ReadError>>,
    {
        insist(&self.server, &self.requests, until, attempt, |stage| self.tell(key, stage)).await
    }
}

/// Makes a request, again as long as it fails for a passing reason. That something is forbidden or missing is
/// believed when it is said a second time, by an API server that is ready: one that is starting says so of
/// everything, also of the question whether it is ready.
pub(super) async fn insist<T, F>(
    server: &ApiServer,
    requests: &Semaphore,
    until: Instant,
    attempt: impl Fn() -> F,
    tell: impl Fn(Stage),
) -> Result<T, Failure>
where
    F: Future<Output = Result<T, ReadError>>,
{
    let mut pause = Deed::SHORTEST;
    let mut is_ready = false;
    loop {
        let error = match in_turn(requests, attempt()).await {
            Ok(answer) => return Ok(answer),
            Err(error) if is_denial(&error) && !is_ready => {
                if in_turn(requests, server.ready()).await.is_ok() {
                    is_ready = true;
                    continue;
                }
                error
            }
            Err(error) if error.is_passing() => {
                is_ready = false;
                error
            }
            Err(error) => return Err(Failure { error, is_certain: true }),
        };
        if Instant::now() + pause > until {
            return Err(Failure { error, is_certain: false });
        }
        if pause == Deed::SHORTEST {
            tell(words::trying_again(&error));
        }
        sleep(pause).await;
        pause = Deed::longer(pause);
    }
}

async fn in_turn<T>(requests: &Semaphore, request: impl Future<Output = T>) -> T {
    let _turn = requests.acquire().await;
    request.await
}

fn is_denial(error: &ReadError) -> bool {
    matches!(error.code(), Some(StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN | StatusCode::NOT_FOUND))
}
