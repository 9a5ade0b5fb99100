use std::sync::Arc;

use tokio::time::{Instant, timeout, timeout_at};
use url::Url;

use super::{desk::OidcDesk, provider::Provider, settings::OidcSettings};
use crate::SourceError;

/// Whether people can sign in through the provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OidcStanding {
    /// It is not set up.
    Off,
    /// It does not work; why.
    Failing(String),
    /// They can.
    Ready,
}

/// What is known of settings and provider.
#[derive(Default)]
pub(super) struct Known {
    settings: Settings,
    provider: Option<Arc<Provider>>,
    /// Why the provider could not be read when that was last tried.
    trouble: Option<String>,
    /// When that was.
    looked: Option<Instant>,
}

#[derive(Default)]
enum Settings {
    /// Nobody looked yet.
    #[default]
    Unread,
    /// OIDC is not set up.
    Off,
    /// They are of no use; why.
    Bad(String),
    /// The Secret cannot be read; why, which is not for everybody.
    Unreadable(String),
    Good(Arc<OidcSettings>),
}

/// When the provider is looked at next.
struct Due {
    at: Instant,
    failures: u32,
}

impl Known {
    pub(super) fn standing(&self) -> OidcStanding {
        match (&self.settings, &self.provider, &self.trouble) {
            (Settings::Off, ..) => OidcStanding::Off,
            (Settings::Bad(why), ..) | (Settings::Good(_), _, Some(why)) => OidcStanding::Failing(why.clone()),
            (Settings::Good(_), Some(_), None) => OidcStanding::Ready,
            (Settings::Unreadable(_), ..) => {
                let why = "the Secret that sets it up cannot be read at this moment; the log says why";
                OidcStanding::Failing(why.to_owned())
            }
            (Settings::Unread | Settings::Good(_), None, None) | (Settings::Unread, ..) => {
                OidcStanding::Failing("the identity provider is being looked up".to_owned())
            }
        }
    }

    /// When the provider was last looked at, with these settings.
    pub(super) fn looked(&self) -> Option<Instant> {
        self.looked
    }

    /// Whether there may be a provider to look at.
    pub(super) fn is_set_up(&self) -> bool {
        matches!(self.settings, Settings::Unread | Settings::Good(_))
    }

    /// Where people come back to from the provider.
    pub(super) fn redirect_url(&self) -> Option<&Url> {
        self.good().map(|settings| &settings.redirect_url)
    }

    /// The settings, if they are of use.
    fn good(&self) -> Option<&Arc<OidcSettings>> {
        match &self.settings {
            Settings::Good(settings) => Some(settings),
            Settings::Unread | Settings::Off | Settings::Bad(_) | Settings::Unreadable(_) => None,
        }
    }

    /// The provider, even if it could not be read anew; or why there is none.
    pub(super) fn provider(&self) -> Result<Arc<Provider>, String> {
        self.provider.clone().ok_or_else(|| match self.standing() {
            OidcStanding::Failing(why) => why,
            OidcStanding::Off | OidcStanding::Ready => "sign-in through an identity provider is not set up".to_owned(),
        })
    }
}

impl OidcDesk {
    /// Keeps settings and provider up to date for as long as it is polled: the Secret is read every ten seconds, the
    /// provider's description every five minutes, and sooner when something is wrong with it.
    pub async fn run(&self) {
        let mut due = Due { at: Instant::now(), failures: 0 };
        loop {
            let look_again = Instant::now() + self.0.pace.settings;
            if self.look_at_settings().await {
                due = Due { at: Instant::now(), failures: 0 };
            }
            while Instant::now() < look_again {
                if due.at <= Instant::now() {
                    self.look_at_provider(&mut due).await;
                }
                let wake = due.at.min(look_again);
                if timeout_at(wake, self.0.look.notified()).await.is_ok() {
                    let looked = self.0.known.borrow().looked;
                    let soon = looked.map_or(Instant::now(), |at| (at + self.0.pace.retry).max(Instant::now()));
                    due.at = due.at.min(soon);
                }
            }
        }
    }

    /// Takes in the settings as they are now; whether they have changed.
    async fn look_at_settings(&self) -> bool {
        // What was read before holds while the API server does not answer.
        let Some(settings) = self.read_settings().await else { return false };
        self.0.known.send_if_modified(|known| {
            let same = match (&known.settings, &settings) {
                (Settings::Off, Settings::Off) => true,
                (Settings::Bad(before), Settings::Bad(now))
                | (Settings::Unreadable(before), Settings::Unreadable(now)) => before == now,
                (Settings::Good(before), Settings::Good(now)) => before.fingerprint() == now.fingerprint(),
                _ => false,
            };
            if !same {
                if let Settings::Unreadable(why) = &settings {
                    tracing::warn!(why, "the Secret that sets up sign-in at the identity provider cannot be read");
                }
                *known = Known { settings, ..Known::default() };
            }
            !same
        })
    }

    async fn read_settings(&self) -> Option<Settings> {
        let flags = &self.0.flags;
        let unanswered = |_| Err(SourceError::Unanswered("the API server does not answer".to_owned()));
        let secret = match &self.0.source {
            Some(source) => timeout(self.0.pace.settings, source.read()).await.unwrap_or_else(unanswered),
            None => Ok(None),
        };
        let unread = Settings::Unreadable;
        let (settings, trouble) = match secret {
            Ok(Some(secret)) => (OidcSettings::from_secret(&secret, flags), None),
            Ok(None) => (OidcSettings::from_flags(flags), None),
            Err(SourceError::Refused(why)) => (OidcSettings::from_flags(flags), Some(why)),
            // There may be a Secret, which says who is admitted and by which name: the command line alone may not.
            Err(SourceError::Unanswered(why)) => return Some(unread(why)).filter(|_| self.knows_nothing()),
        };
        if trouble.is_some() && !self.knows_nothing() {
            return None;
        }
        Some(match (settings, trouble) {
            (Ok(Some(settings)), _) => Settings::Good(Arc::new(settings)),
            (Err(error), _) => {
                Settings::Bad(format!("sign-in through the identity provider is set up wrongly: {error}"))
            }
            (Ok(None), Some(why)) => unread(why),
            (Ok(None), None) => Settings::Off,
        })
    }

    /// Whether there are no settings to hold on to while the Secret cannot be read.
    fn knows_nothing(&self) -> bool {
        matches!(self.0.known.borrow().settings, Settings::Unread | Settings::Bad(_) | Settings::Unreadable(_))
    }

    async fn look_at_provider(&self, due: &mut Due) {
        let pace = self.0.pace;
        let good = self.0.known.borrow().good().cloned();
        let Some(settings) = good else {
            due.at = Instant::now() + pace.provider;
            return;
        };
        let found = Provider::discover(settings).await;
        let wait = match &found {
            Ok(_) => {
                due.failures = 0;
                pace.provider
            }
            Err(error) => {
                tracing::warn!(%error, "the identity provider cannot be used");
                due.failures += 1;
                pace.retry.saturating_mul(2_u32.saturating_pow(due.failures - 1)).min(pace.slowest)
            }
        };
        due.at = Instant::now() + wait;
        self.0.known.send_modify(|known| {
            known.looked = Some(Instant::now());
            match found {
                Ok(provider) => {
                    known.provider = Some(Arc::new(provider));
                    known.trouble = None;
                }
                Err(error) => known.trouble = Some(error.to_string()),
            }
        });
    }
}
