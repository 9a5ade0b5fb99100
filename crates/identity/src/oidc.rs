//! Signing in through an identity provider (OpenID Connect).
//!
//! ```text
//!   OidcSource (trait: the Secret), flags ─► OidcSettings ─► Provider ◄── Wire ◄─► discovery, keys, tokens, UserInfo
//!                                                │              │
//!   OidcDesk.run keeps both up to date           ▼              ▼
//!   OidcDesk.start ─► Pending (sealed cookie) ─► … ─► callback: code ─► tokens ─► verified claims ─► Identity
//! ```

mod bearer;
mod callback;
mod claims;
mod desk;
mod device;
mod offers;
mod pending;
mod provider;
mod return_url;
mod settings;
#[cfg(test)]
mod signing;
mod state;
mod tokens;
mod trial;
mod verify;
mod wire;

pub use bearer::bearer_token;
pub use callback::{FlowError, ProviderWords};
pub use claims::{ClaimError, Claims, GroupNotice, Mapped};
pub use desk::{Arrival, Bearer, BearerError, Departure, OidcDesk, OidcParts, OidcSource, Prompt, RefreshError};
pub use device::DeviceSignIn;
pub use offers::Offers;
pub use provider::{Provider, ProviderError};
pub use return_url::return_path;
pub use settings::{ClaimRules, OidcFlags, OidcSecret, OidcSettings, SettingsError, SettingsFingerprint};
pub use state::OidcStanding;
pub use tokens::{IdentityError, SignedIn, TokenError};
pub use trial::{KnockError, Returned, Trial, Tried};
pub use verify::VerifyError;
pub use wire::WireError;
