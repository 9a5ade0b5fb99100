//! What an object of Flux applied, down to the pods, with the health of each part.
//!
//! ```text
//!   object ── grow() ──► Growth::Needs(Want, …) ── read in the viewer's name ──► Known ─┐
//!               ▲                                                                       │
//!               └───────────────────────────────────────────────────────────────────────┘
//!               └──────► Growth::Grown(Tree): owners and what they own, what could not be seen
//!
//!   health: what the status of Kubernetes' own kinds means, by the rules of kstatus
//!   scene:  what of a tree is drawn, and where: filtered, folded, never too much at once
//! ```

mod found;
mod grow;
pub(crate) mod health;
mod known;
mod node;
mod scene;
mod standing;
mod thing;
mod want;

pub use found::{Applied, Found};
pub use grow::{Growth, grow};
pub(crate) use health::health;
pub use known::Known;
pub use node::{Tree, TreeNode};
pub use scene::{Folds, Placed, Scene, Shown};
pub use standing::{Lack, Standing};
pub use thing::Thing;
pub use want::{HelmStorage, Lot, Want, Yield};
