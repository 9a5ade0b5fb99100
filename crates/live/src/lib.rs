//! Shared views that stay current, cut to what each viewer may see.
//!
//! The server has no eyes of its own. Every row kept here was read as a signed-in person who may read it: the
//! *sponsor* of a *feed*. Others share the rows of a feed as far as their own *grant* reaches, and a grant is what the
//! API server answered when asked in that person's name, never a guess and never old.
//!
//! ```text
//!   Visit ──────── wants kinds ───────►┌────────┐      plan(): who sponsors what      ┌──────┐
//!     │                                │ Desk   │────── start, stop, hand over ──────►│ Feed │──► Feeds (trait)
//!     │   Reviews (trait) ◄── asks ────│ (one   │◄───── refused, synced ──────────────│ (one │    list and watch
//!     │                                │  task) │                                     │ task │    as the sponsor
//!     │        ┌───────┐◄── answers ───└────────┘        ┌───────┐◄── changes ────────│ each)│
//!     └─reads─►│ Grant │                           reads─►│ Store │                    └──────┘
//!              └───────┘      List = Store cut by Grant   └───────┘
//! ```

mod access;
mod agenda;
mod asking;
mod backoff;
mod changes;
mod crew;
mod desk;
mod feed;
mod feeds;
mod figures;
mod gains;
mod gate;
mod grant;
mod list;
mod live;
mod pace;
mod people;
mod plan;
mod presence;
mod reviews;
mod rota;
mod sighting;
mod store;
mod summary;
mod survey;
mod visit;
mod visitor;

pub use access::{Access, Extent, KindAccess};
pub use feeds::Feeds;
pub use figures::Figures;
pub use list::{Freshness, List, Sight};
pub use live::{Live, Parts};
pub use pace::Pace;
pub use reviews::Reviews;
pub use sighting::Sighting;
pub use summary::{Counts, Summary};
pub use visit::{Scopes, Visit};
pub use visitor::{SessionKey, Visitor};
