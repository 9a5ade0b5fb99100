//! From what controllers write to the word and the sentence a person would say.
//!
//! ```text
//!   Facts ── judge() ─┬─ deletion, suspension, nothing written yet      ─┐
//!                     ├─ a change that is not handled, a controller      ├─► Judgement: State, since when, sentence
//!                     │  that gave up                                    │
//!                     └─ Ready and Reconciling, read per kind           ─┘
//!             weave() ── the words of the predecessor's API
//! ```

mod condition;
mod facts;
mod helm;
mod judge;
mod kustomization;
mod since;
mod source;
mod state;
mod waiting;
mod weave;
pub(crate) mod words;

pub use condition::{Condition, ConditionStatus};
pub use facts::{Build, Facts, Release, Request, Suspension};
pub use judge::{Judgement, judge};
pub use state::State;
pub use weave::{WeaveStatus, weave};
