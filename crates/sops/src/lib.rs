//! Files of SOPS whose keys are age's: read, checked, written. Who may read a file is said by the fleet's `.sops.yaml`
//! alone; what only sops itself can open or seal is handed to an installed one, through pipes.
//!
//! ```text
//!   .sops.yaml ─► Policy ─► Rule ──┐                       ┌── Surroundings (home, variables, prompter)
//!                                  ▼                       ▼
//!                       Map ─► encrypt ─► text ─► decrypt ◄── Identities
//!                                          │         │
//!                      Header::read ◄──────┘         └─► Opened: Map, what stood in clear, Header
//!                 (recipients, no key needed)
//! ```

mod cipher;
mod decrypt;
mod encrypt;
mod error;
mod foreign;
mod format;
mod go_regex;
mod header;
mod identities;
mod json;
mod keys;
mod limits;
mod mac;
mod path;
mod policy;
mod prompter;
mod recipient;
mod rule;
mod selector;
mod shamir;
mod surroundings;
mod terminal;
mod time;
mod value;
mod yaml;

pub use cipher::CipherError;
pub use decrypt::{Opened, decrypt};
pub use encrypt::{Selection, encrypt};
pub use error::{DecryptError, EncryptError, ForeignError, HeaderError, Misnamed, PolicyError, RuleError, SyntaxError};
pub use format::Format;
pub use header::Header;
pub use identities::{Found, Identities};
pub use path::{Path, Step};
pub use policy::Policy;
pub use prompter::{Nobody, Prompter};
pub use recipient::{NotRecipient, Recipient};
pub use rule::Rule;
pub use selector::{Selector, SelectorError};
pub use surroundings::Surroundings;
pub use terminal::Terminal;
pub use value::{Map, Text, Value};
