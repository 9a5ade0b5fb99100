//! What to say when something does not go as it should.

use std::{fmt::Display, time::Duration};

use fanlight_model::{ObjectKey, Stage};
use http::StatusCode;

use crate::ReadError;

/// The object could not be read, so nothing was changed.
pub(super) fn not_read(key: &impl Display, error: &ReadError) -> Stage {
    let reason = error.reason();
    Stage::Refused(match error.code() {
        Some(StatusCode::NOT_FOUND) => format!("{key} does not exist"),
        Some(StatusCode::FORBIDDEN) => format!("Getting {key} is forbidden. The API server says: {reason}"),
        _ => format!("Nothing was changed, because {key} could not be read: {reason}"),
    })
}

/// The API server is away, and there is time left.
pub(super) fn trying_again(error: &ReadError) -> Stage {
    Stage::Asked(format!("The API server is away or starting; trying again. {}", error.reason()))
}

/// The change was not made, or nobody knows.
pub(super) fn not_written(key: &impl Display, error: &ReadError) -> Stage {
    let reason = error.reason();
    match error.code() {
        _ if error.is_passing() || matches!(error, ReadError::Nonsense { .. }) => Stage::Unknown(format!(
            "The API server gave no answer, so it is not known whether the change was made; making it again does no \
             harm. {reason}"
        )),
        Some(StatusCode::FORBIDDEN) => {
            Stage::Refused(format!("Changing {key} is forbidden. The API server says: {reason}"))
        }
        Some(StatusCode::NOT_FOUND) => Stage::Refused(format!("{key} does not exist any more")),
        _ => Stage::Refused(format!("The API server refused the change: {reason}")),
    }
}

/// The change was made and the object can no longer be read.
pub(super) fn lost_from_sight(key: &impl Display, error: &ReadError) -> Stage {
    match error.code() {
        Some(StatusCode::NOT_FOUND) => Stage::Failed(format!("{key} was deleted meanwhile")),
        _ => Stage::Unknown(format!("Asked for, but you cannot see how it ends: {}", error.reason())),
    }
}

/// The same, as long as there is time left.
pub(super) fn not_answering(error: &ReadError) -> String {
    format!("Asked for; the API server is away or starting. {}", error.reason())
}

/// The time is up and the API server does not answer.
pub(super) fn away(error: &ReadError) -> Stage {
    Stage::Unknown(format!(
        "Asked for; then the API server stopped answering. Look at the object again when it is back. {}",
        error.reason()
    ))
}

/// The time is up and the controller has not handled the request.
pub(super) fn unanswered(patience: Duration) -> Stage {
    Stage::Unknown(format!(
        "Asked for, but the controller has not answered within {} s. It may still do so: look at the object again, and \
         if nothing comes, see whether its controller runs",
        patience.as_secs()
    ))
}

/// The time is up and the controller is at work after it has handled the request.
pub(super) fn unfinished(patience: Duration, text: &str) -> Stage {
    Stage::Unknown(format!(
        "The controller has taken the request and is still at work after {} s: {text}. Look at the object again",
        patience.as_secs()
    ))
}

/// What the end of a source's sync means for an object that needs it, and was not asked for therefore.
pub(super) fn because_of(source: &ObjectKey, end: Stage) -> Stage {
    match end {
        Stage::Refused(why) => Stage::Refused(format!("Not synced because of its source {source}. {why}")),
        Stage::Unknown(why) => Stage::Unknown(format!("Not synced, as nobody knows about its source {source}. {why}")),
        other => Stage::Failed(format!("Not synced, as its source {source} failed: {}", other.sentence())),
    }
}
