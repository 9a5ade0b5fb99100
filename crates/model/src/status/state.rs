use std::fmt;

/// The status of an object in one word, worst first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum State {
    /// The last attempt failed; the controller tries again.
    Failed,
    /// The controller gave up until something changes.
    Stalled,
    /// Held back by a dependency or a source.
    Waiting,
    /// The controller is at work.
    Progressing,
    /// Marked for deletion and not gone yet.
    Deleting,
    /// No controller has written anything about it yet.
    NotReconciled,
    /// Somebody told the controller to leave it alone.
    Suspended,
    /// As wanted.
    Ready,
    /// Of a kind that never has a status: it is there, and that is all there is to know.
    Configured,
}

impl State {
    /// Every state, worst first.
    pub const ALL: [State; 9] = [
        State::Failed,
        State::Stalled,
        State::Waiting,
        State::Progressing,
        State::Deleting,
        State::NotReconciled,
        State::Suspended,
        State::Ready,
        State::Configured,
    ];

    /// Whether the object is not as it is meant to be, and says so itself.
    pub fn is_in_trouble(self) -> bool {
        matches!(self, State::Failed | State::Stalled | State::Waiting)
    }

    /// The word on the page.
    pub fn word(self) -> &'static str {
        match self {
            State::Failed => "Failed",
            State::Stalled => "Stalled",
            State::Waiting => "Waiting",
            State::Progressing => "Progressing",
            State::Deleting => "Deleting",
            State::NotReconciled => "Not reconciled yet",
            State::Suspended => "Suspended",
            State::Ready => "Ready",
            State::Configured => "Configured",
        }
    }

    /// The word in URLs: [`State::word`] in lower case, with hyphens.
    pub fn slug(self) -> &'static str {
        match self {
            State::Failed => "failed",
            State::Stalled => "stalled",
            State::Waiting => "waiting",
            State::Progressing => "progressing",
            State::Deleting => "deleting",
            State::NotReconciled => "not-reconciled",
            State::Suspended => "suspended",
            State::Ready => "ready",
            State::Configured => "configured",
        }
    }

    /// The state with this [`State::slug`], whatever its case.
    pub fn by_slug(slug: &str) -> Option<State> {
        State::ALL.into_iter().find(|state| state.slug().eq_ignore_ascii_case(slug))
    }

    /// Whether it is as somebody wants it, and be that left alone.
    pub(crate) fn is_as_wanted(self) -> bool {
        matches!(self, State::Suspended | State::Ready | State::Configured)
    }

    /// The state's place in [`State::ALL`].
    pub fn index(self) -> usize {
        self as usize
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

#[cfg(test)]
mod tests {
    use super::State;

    #[test]
    fn every_slug_is_read_back() {
        for state in State::ALL {
            assert_eq!(State::by_slug(state.slug()), Some(state));
            assert_eq!(State::ALL[state.index()], state);
        }
    }
}
