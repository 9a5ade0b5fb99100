use std::{fmt, str::FromStr};

use age::{plugin, ssh, x25519};

/// Whom a file is encrypted to: a public key of age.
#[derive(Clone, Debug)]
pub struct Recipient {
    text: String,
    kind: Kind,
}

#[derive(Clone, Debug)]
enum Kind {
    X25519(x25519::Recipient),
    Ssh(ssh::Recipient),
    Plugin(String),
    /// Of a kind that age itself knows and its library for Rust does not.
    Foreign,
}

/// A text that is not a recipient of age.
#[derive(Debug, thiserror::Error)]
#[error("{0:?} is not a recipient of age: age1…, ssh-ed25519 … or ssh-rsa …")]
pub struct NotRecipient(String);

impl Recipient {
    /// Whether only an installed sops can encrypt to it.
    pub(crate) fn is_foreign(&self) -> bool {
        matches!(self.kind, Kind::Foreign)
    }

    /// Whether a key behind a plugin may open what is encrypted to it.
    pub(crate) fn may_be_of_plugin(&self) -> bool {
        matches!(self.kind, Kind::Plugin(_) | Kind::Foreign)
    }

    /// What makes it the same as another: the comment behind an SSH key does not.
    fn essence(&self) -> impl Iterator<Item = &str> {
        self.text.split_ascii_whitespace().take(2)
    }

    /// It in the form in which age encrypts to it; `None` if it is foreign.
    pub(crate) fn wrapper<C: age::Callbacks>(
        &self,
        callbacks: C,
    ) -> Option<Result<Box<dyn age::Recipient>, age::EncryptError>> {
        Some(Ok(match &self.kind {
            Kind::X25519(key) => Box::new(key.clone()),
            Kind::Ssh(key) => Box::new(key.clone()),
            Kind::Plugin(name) => {
                let plugin = self.text.parse().ok()?;
                match plugin::RecipientPluginV1::new(name, &[plugin], &[], callbacks) {
                    Ok(plugin) => Box::new(plugin),
                    Err(error) => return Some(Err(age::EncryptError::PluginResolve(error))),
                }
            }
            Kind::Foreign => return None,
        }))
    }
}

impl PartialEq for Recipient {
    fn eq(&self, other: &Self) -> bool {
        self.essence().eq(other.essence())
    }
}

impl Eq for Recipient {}

impl FromStr for Recipient {
    type Err = NotRecipient;

    fn from_str(text: &str) -> Result<Self, NotRecipient> {
        let text = text.trim();
        let kind = if text.starts_with("ssh-") {
            text.parse().ok().map(Kind::Ssh)
        } else if text.starts_with("age1pq1") {
            Some(Kind::Foreign)
        } else if let Ok(key) = text.parse() {
            Some(Kind::X25519(key))
        } else {
            text.parse().ok().map(|plugin: plugin::Recipient| Kind::Plugin(plugin.plugin().to_owned()))
        };
        let kind = kind.ok_or_else(|| NotRecipient(text.to_owned()))?;
        Ok(Self { text: text.to_owned(), kind })
    }
}

impl fmt::Display for Recipient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}
