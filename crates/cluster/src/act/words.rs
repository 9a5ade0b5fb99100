//! What to say when a request of an action fails.

use fanlight_model::{ObjectKey, Stage};
use http::StatusCode;

use crate::ReadError;

/// The object could not be read, so nothing was changed.
pub(super) fn not_read(key: &ObjectKey, error: &ReadError) -> Stage {
    let reason = error.reason();
    Stage::Refused(match error.code() {
        Some(StatusCode::NOT_FOUND) => format!("{key} does not exist"),
        Some(StatusCode::FORBIDDEN) => format!("You may not get {key}. The API server says: {reason}"),
        _ => format!("Nothing was changed, because {key} could not be read: {reason}"),
    })
}

/// The change was not made, or nobody knows.
pub(super) fn not_written(key: &ObjectKey, error: &ReadError) -> Stage {
    let reason = error.reason();
    match error.code() {
        _ if error.is_passing() || matches!(error, ReadError::Nonsense { .. }) => Stage::Unknown(format!(
            "The API server gave no answer, so it is not known whether the change was made; making it again does no \
             harm. {reason}"
        )),
        Some(StatusCode::FORBIDDEN) => {
            Stage::Refused(format!("You may not patch {key}. The API server says: {reason}"))
        }
        Some(StatusCode::NOT_FOUND) => Stage::Refused(format!("{key} does not exist any more")),
        _ => Stage::Refused(format!("The API server refused the change: {reason}")),
    }
}

/// The change was made and the object can no longer be read.
pub(super) fn lost_from_sight(key: &ObjectKey, error: &ReadError) -> Stage {
    match error.code() {
        Some(StatusCode::NOT_FOUND) => Stage::Failed(format!("{key} was deleted meanwhile")),
        _ => Stage::Unknown(format!("Asked for, but you cannot see how it ends: {}", error.reason())),
    }
}

/// The time is up and the API server does not answer.
pub(super) fn away(error: &ReadError) -> Stage {
    Stage::Unknown(format!(
        "Asked for; then the API server stopped answering. Look at the object again when it is back. {}",
        error.reason()
    ))
}
