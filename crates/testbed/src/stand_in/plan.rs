//! What a controller does in one go, as data: the order of its writes can be seen without doing them.

use std::time::Duration;

use super::status::Change;

/// After which time an object that waits for others looks again.
pub(super) const REQUEUE: Duration = Duration::from_secs(30);

/// One reconciliation.
#[derive(Debug, Default)]
pub(super) struct Plan {
    /// What happens, in order.
    pub(super) steps: Vec<Step>,
    /// When to try again without being asked.
    pub(super) again: Option<Duration>,
}

/// A part of a reconciliation.
#[derive(Debug)]
pub(super) enum Step {
    /// Time passes.
    Pause(Duration),
    /// One write of the status.
    Write(Vec<Change>),
    /// An Event about the object.
    Tell(Note),
    /// What the object applied is deleted; goes on only when all of it is gone, if the object wants to wait for that.
    Prune,
    /// The finalizer is taken off.
    Release,
}

/// An Event to be recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Note {
    /// Whether it is a warning.
    pub(super) warning: bool,
    /// Reason.
    pub(super) reason: String,
    /// Message.
    pub(super) message: String,
    /// Annotations, without the API group before them.
    pub(super) annotations: Vec<(&'static str, String)>,
}

impl Plan {
    pub(super) fn pause(&mut self, milliseconds: u64) {
        self.steps.push(Step::Pause(Duration::from_millis(milliseconds)));
    }

    pub(super) fn write(&mut self, changes: Vec<Change>) {
        self.steps.push(Step::Write(changes));
    }

    pub(super) fn tell(&mut self, reason: &str, message: &str, annotations: Vec<(&'static str, String)>) {
        let (reason, message) = (reason.to_owned(), message.to_owned());
        self.steps.push(Step::Tell(Note { warning: false, reason, message, annotations }));
    }

    pub(super) fn warn(&mut self, reason: &str, message: &str, annotations: Vec<(&'static str, String)>) {
        let (reason, message) = (reason.to_owned(), message.to_owned());
        self.steps.push(Step::Tell(Note { warning: true, reason, message, annotations }));
    }

    /// Tries again after some time.
    pub(super) fn again_after(mut self, time: Duration) -> Self {
        self.again = Some(time);
        self
    }
}
