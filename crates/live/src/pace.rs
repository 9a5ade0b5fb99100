use std::time::Duration;

/// How often things happen.
#[derive(Debug, Clone)]
pub struct Pace {
    /// Nothing is served from an answer older than this.
    pub trust: Duration,
    /// How often answers in use are asked again; below [`Pace::trust`] by the time an answer takes.
    pub recheck: Duration,
    /// How often everything is asked again, for rights gained; less often where [`Pace::questions`] would not suffice.
    pub survey: Duration,
    /// How many questions about everybody may be asked in a minute; only surveys wait for that, as what is in use must
    /// be asked in time.
    pub questions: u32,
    /// How often scopes that nobody may watch are listed.
    pub poll: Duration,
    /// How many watches may run; beyond that scopes are listed in turn.
    pub watches: usize,
    /// The time between two lists in turn, whatever their scopes.
    pub turn: Duration,
    /// How long a feed outlives the last view that needed it, so that a page opened next finds it running.
    pub linger: Duration,
    /// How long a person's answers are kept after the last visit (they are asked again before use).
    pub forget: Duration,
    /// How long a page waits for its first rows before it says that they are still loading.
    pub patience: Duration,
    /// How long somebody waits who wants to know what they may do: a survey of many namespaces takes a while.
    pub thought: Duration,
    /// The least time between two notices to one view.
    pub coalesce: Duration,
    /// How long a broken feed may be silent before its rows are marked as stale.
    pub grace: Duration,
}

impl Pace {
    /// How far apart the surveys of one person are at most, where they are meant to be as far apart as this: something may
    /// come between.
    pub(crate) fn longest(survey: Duration) -> Duration {
        survey + survey / 8
    }
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            trust: Duration::from_secs(30),
            recheck: Duration::from_millis(28_500),
            survey: Duration::from_secs(240),
            questions: 3_400,
            poll: Duration::from_secs(10),
            watches: 1_500,
            turn: Duration::from_millis(50),
            linger: Duration::from_secs(45),
            forget: Duration::from_secs(600),
            patience: Duration::from_millis(1500),
            thought: Duration::from_secs(5),
            coalesce: Duration::from_millis(100),
            grace: Duration::from_secs(3),
        }
    }
}
