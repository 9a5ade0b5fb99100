use crate::State;

/// How it stands with a part of a tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Standing {
    /// It is there.
    There(State),
    /// It is not: somebody deleted it, or it was never made.
    Missing,
    /// It lies in another cluster, where nobody has looked.
    Elsewhere,
    /// It was not seen.
    Unseen(Lack),
}

/// Why something was not found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Lack {
    /// There is no such thing.
    Absent,
    /// The person may not read it.
    Denied,
    /// Fanlight's account may not read it in the person's name.
    NotLent,
    /// It could not be read, or was one too many.
    Unread,
    /// The API server does not know the kind.
    NotServed,
}

impl Standing {
    /// The word on the page.
    pub fn word(self) -> &'static str {
        match self {
            Self::There(state) => state.word(),
            Self::Missing => "Missing",
            Self::Elsewhere => "In another cluster",
            Self::Unseen(Lack::Denied) => "Not for you to see",
            Self::Unseen(Lack::NotLent) => "Not for Fanlight to see",
            Self::Unseen(Lack::NotServed) => "Kind not installed",
            Self::Unseen(Lack::Absent | Lack::Unread) => "Could not be read",
        }
    }

    /// Whether it keeps something from being as it should be; never of what was not seen.
    pub fn is_unhealthy(self) -> bool {
        match self {
            Self::There(state) => !state.is_as_wanted(),
            Self::Missing | Self::Unseen(Lack::NotServed) => true,
            Self::Elsewhere | Self::Unseen(_) => false,
        }
    }
}

impl From<Lack> for Standing {
    fn from(lack: Lack) -> Self {
        match lack {
            Lack::Absent => Self::Missing,
            lack => Self::Unseen(lack),
        }
    }
}
