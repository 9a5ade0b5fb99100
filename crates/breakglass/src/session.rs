//! A guarded shell or command with an emergency credential. What the credential is and where it comes from is not known
//! here: a cluster's address, a name for the banner and a [`TokenSource`] come in.
//!
//! ```text
//!   Places ─► Place ─► folder of the session ── record (who, where; no secret) ──► sweep, after kill -9
//!                        │ kubeconfig without a token: exec `fanlight __break-glass-token`
//!   TokenSource ─► broker ◄── socket, peer's user, nonce ──── ask ◄── kubectl
//!                        │ answers until the end
//!   run: signals, terminal, time limit ─► shell or command ─► its whole family is ended ─► folder is removed
//! ```

mod ask;
mod banner;
mod broker;
mod ending;
mod environment;
mod error;
mod family;
mod folder;
mod harden;
mod kubeconfig;
mod leftovers;
mod limit;
mod place;
mod processes;
mod prompt;
mod record;
mod run;
mod seat;
mod signals;
mod start;
mod sweep;
mod terms;
mod token;
mod written;

pub use ask::{AskError, TOKEN_SUBCOMMAND, ask};
pub use environment::{Surrounding, surrounding};
pub use error::SessionError;
pub use harden::{forbid_core_dumps, forbid_readers};
pub use leftovers::KubeDcFile;
pub use place::{Place, Places};
pub use record::{Process, Record};
pub use run::{Ended, How, TIME_LIMIT_STATUS, run};
pub use sweep::{Swept, sweep};
pub use terms::{Limit, Mode, Session, Work};
pub use token::{Token, TokenSource};
