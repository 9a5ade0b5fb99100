//! Who is asking: the emergency user, sealed sessions, throttling. There is no HTTP and no Kubernetes here: the Secret
//! comes in through a trait, cookies go out as text.
//!
//! ```text
//!   sign-in ─► Throttle ─► EmergencyDesk ── reads ──► CredentialSource (trait: the Secret)
//!                              │ Admitted: Identity + Fingerprint of the Secret
//!                              ▼
//!              KeyRing ──► Sessions ── seals ──► cookies ── opens ──► Session ── still_valid? ──► EmergencyDesk
//! ```

mod credential;
mod emergency;
mod fingerprint;
mod key_ring;
mod password;
mod session;
mod sessions;
mod throttle;

pub use credential::{CredentialSource, SourceError, StoredCredential};
pub use emergency::{Admitted, EmergencyDesk, Refusal, Standing};
pub use fingerprint::Fingerprint;
pub use key_ring::{KeyRing, KeyRingError};
pub use password::{COSTS, LIMIT as PASSWORD_LIMIT, PasswordError, hash_password};
pub use session::{Method, NoSession, Session, SessionId};
pub use sessions::{CookieRules, SessionLimits, Sessions};
pub use throttle::Allowance;
