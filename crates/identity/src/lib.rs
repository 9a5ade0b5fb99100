//! Who is asking: the emergency user, sealed sessions, throttling.
//!
//! ```text
//!   sign-in ─► Throttle ─► EmergencyDesk ── reads ──► CredentialSource (trait: the Secret)
//!                              │ Admitted: Identity + Fingerprint of the Secret
//!                              ▼
//!                          Sessions ── seals ──► cookies ── opens ──► Session ── still_valid? ──► EmergencyDesk
//! ```
//!
//! No HTTP and no Kubernetes here: the Secret comes in through a trait, cookies go out as text.

mod credential;
mod emergency;
mod fingerprint;
mod key_ring;
mod password;
mod session;
mod throttle;

pub use credential::{CredentialSource, SourceError, StoredCredential};
pub use emergency::{Admitted, EmergencyDesk, Refusal, Standing};
pub use fingerprint::Fingerprint;
pub use key_ring::{KeyRing, KeyRingError};
pub use password::{PasswordError, hash_password};
pub use session::{CookieRules, Method, NoSession, Session, SessionId, SessionLimits, Sessions};
