//! Who is asking: the emergency user, the identity provider's users, sealed sessions, throttling. There is no Kubernetes
//! here, and of HTTP only what the provider is asked: Secrets come in through traits, cookies go out as text.
//!
//! ```text
//!   sign-in ─► Throttle ─► EmergencyDesk ── reads ──► CredentialSource (trait: the Secret)
//!                              │ Admitted: Identity + Fingerprint of the Secret
//!                              ▼
//!              KeyRing ──► Sessions ── seals ──► cookies ── opens ──► Session ── still_valid? ──► EmergencyDesk
//!                              ▲                                         └─── is_ended? ──► Revocations ◄─► RecordSource
//!                              │ SignedIn: Identity + tokens
//!   sign-in ─────────────► OidcDesk ── asks ──► the identity provider; set up by OidcSource (trait: the Secret)
//!
//!   header ─► Token ─┬───► OidcDesk ── verifies an ID token ──► Identity, to be impersonated
//!                    └───► TokenDesk ── asks ──► TokenReviews (trait: the API server) ──► Identity with its own token
//! ```

mod beginning;
mod cookies;
mod credential;
mod emergency;
mod fingerprint;
mod key_ring;
mod mark;
mod oidc;
mod password;
mod revocation;
mod session;
mod sessions;
mod throttle;
mod token_desk;
mod whereabouts;

pub use beginning::Beginning;
pub use cookies::CookieRules;
pub use credential::{CredentialSource, SourceError, StoredCredential};
pub use emergency::{Admitted, EmergencyDesk, Refusal, Standing};
pub use fingerprint::Fingerprint;
pub use key_ring::{KeyRing, KeyRingError, KeyText};
pub use oidc::{
    Arrival, Bearer, BearerError, ClaimError, ClaimRules, Claims, Departure, DeviceSignIn, FlowError, GroupNotice,
    IdentityError, KnockError, Mapped, Offers, OidcDesk, OidcFlags, OidcParts, OidcSecret, OidcSettings, OidcSource,
    OidcStanding, Prompt, Provider, ProviderError, ProviderWords, RefreshError, Returned, SettingsError,
    SettingsFingerprint, SignedIn, TokenError, Trial, Tried, VerifyError, WireError, bearer_token, return_path,
};
pub use password::{COSTS, LIMIT as PASSWORD_LIMIT, PasswordError, hash_password, is_hash_of};
pub use revocation::{Ending, Reach, RecordSource, Revocations, StoredRecord};
pub use session::{Method, NoSession, Session, SessionId};
pub use sessions::{KeptTokens, NotKept, SessionLimits, Sessions};
pub use throttle::{Allowance, Repeats, network};
pub use token_desk::{NotHeld, TokenDesk, TokenReviews};
pub use whereabouts::{KnownSession, Whereabouts};
