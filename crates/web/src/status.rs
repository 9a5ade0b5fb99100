use fanlight_model::State;

/// How a state looks: a shape, a word, a colour.
#[derive(Debug, Clone, Copy)]
pub(crate) struct StatusView {
    /// Colour and icon.
    pub(crate) class: &'static str,
    pub(crate) word: &'static str,
    pub(crate) spins: bool,
}

impl StatusView {
    pub(crate) fn of(state: State) -> Self {
        let class = match state {
            State::Failed | State::Stalled => "failed",
            State::Waiting => "waiting",
            State::Progressing | State::Deleting => "moving",
            State::NotReconciled | State::Configured => "quiet",
            State::Suspended => "suspended",
            State::Ready => "ready",
        };
        Self { class, word: state.word(), spins: state == State::Progressing }
    }
}
