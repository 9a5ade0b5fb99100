//! What people do to objects, and what has become of it.
//!
//! ```text
//!   Target (an object as read) ── obstacle, sources, suspend, resume ──► refusals, other objects first, merge patches
//!        │   └─ forecast: what an action will do to it; undoing: who takes that back
//!        └─ Demand (one demand to reconcile) ── patch ──► … the object read again … ── progress ──► Progress ──► Stage
//! ```

mod abilities;
mod demand;
mod forecast;
mod sources;
mod suspension;
mod target;
mod undoing;

pub use abilities::Abilities;
pub use demand::{Demand, Progress};
pub use forecast::Forecast;
pub use sources::Source;
pub use suspension::{Field, Plan};
pub use target::{Obstacle, Target};
pub use undoing::{Undoing, Why};

use crate::ObjectKey;

/// Something that a person does to objects.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Have the controller reconcile now, as `flux reconcile` does.
    Sync {
        /// Reconcile what the object comes from first, and use what that brings.
        with_source: bool,
    },
    /// Have Helm upgrade a release although nothing changed, as `flux reconcile helmrelease --force` does.
    Force {
        /// Have it forget failed attempts too.
        reset: bool,
        /// As with [`Action::Sync`].
        with_source: bool,
    },
    /// Have a release that gave up forget its failed attempts and try again, as `flux reconcile helmrelease --reset`
    /// does.
    Reset {
        /// As with [`Action::Sync`].
        with_source: bool,
    },
    /// Have the controller leave the object alone, as `flux suspend` does.
    Suspend {
        /// Why, for whoever finds it suspended.
        comment: Option<String>,
    },
    /// Take a suspension back, as `flux resume` does; the controller reconciles at once.
    Resume,
}

impl Action {
    /// Whether what the objects come from is reconciled first.
    pub fn with_source(&self) -> bool {
        match self {
            Action::Sync { with_source } | Action::Force { with_source, .. } | Action::Reset { with_source } => {
                *with_source
            }
            Action::Suspend { .. } | Action::Resume => false,
        }
    }
}

/// What has become of one object of an [`Action`]; the sentence is for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Under way: asked for, and the controller has not finished so far.
    Asked(String),
    /// Final: done.
    Done(String),
    /// Final: nothing was changed, and why. A right that is missing is named in the API server's words.
    Refused(String),
    /// Final: it was tried and failed, in the API server's or the controller's words.
    Failed(String),
    /// Final: nobody knows whether it happened, and what to do about that.
    Unknown(String),
}

impl Stage {
    /// Whether nothing more comes for this object.
    pub fn is_final(&self) -> bool {
        !matches!(self, Stage::Asked(_))
    }

    /// The sentence.
    pub fn sentence(&self) -> &str {
        let (Stage::Asked(text)
        | Stage::Done(text)
        | Stage::Refused(text)
        | Stage::Failed(text)
        | Stage::Unknown(text)) = self;
        text
    }
}

/// One piece of news about one object of an [`Action`], or of whatever else is named by a `K`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step<K = ObjectKey> {
    /// Which object.
    pub key: K,
    /// What has become of it.
    pub stage: Stage,
}
