use super::{EventEntry, EventLog};

/// What somebody is told who follows the Events of one place; `E` is why nothing is known of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EventNews<E> {
    /// All there is, in place of what was known before.
    Listed(EventLog),
    /// An Event is new, or happened again.
    Happened(Box<EventEntry>),
    /// An Event is no longer kept, by its [`EventEntry::id`].
    Forgotten(String),
    /// What is known may still be read: the API server has just allowed it anew.
    Confirmed,
    /// The Events cannot be read at this moment, or must not be.
    Lost(E),
}

impl<E> EventNews<E> {
    /// The same, with another word for why.
    pub fn map_lost<F>(self, map: impl FnOnce(E) -> F) -> EventNews<F> {
        match self {
            Self::Listed(log) => EventNews::Listed(log),
            Self::Happened(event) => EventNews::Happened(event),
            Self::Forgotten(id) => EventNews::Forgotten(id),
            Self::Confirmed => EventNews::Confirmed,
            Self::Lost(why) => EventNews::Lost(map(why)),
        }
    }
}
