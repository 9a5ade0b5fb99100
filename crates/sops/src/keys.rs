//! Private keys of age, wherever they come from.

use std::{fmt, io::Read, sync::OnceLock};

use age::{armor::ArmoredReader, plugin, scrypt, secrecy::SecretString, ssh, x25519};
use zeroize::Zeroizing;

use crate::{limits, prompter::Callbacks, recipient::Recipient, shamir::Share};

/// How often a passphrase is asked for.
const ATTEMPTS: usize = 3;

/// A private key.
pub(crate) enum Key {
    X25519(Box<x25519::Identity>),
    Ssh(Box<ssh::Identity>, Recipient),
    LockedSsh {
        key: Box<ssh::EncryptedKey>,
        recipient: Recipient,
        opened: Unlocked<Box<ssh::Identity>>,
    },
    Plugin(plugin::Identity),
    LockedFile {
        ciphertext: Vec<u8>,
        opened: Unlocked<Vec<Key>>,
    },
    /// Of a kind that only sops itself can use.
    Foreign,
}

/// What is behind a passphrase once it was asked for, or why it stays closed: nobody is asked about it again.
type Unlocked<T> = OnceLock<Result<T, String>>;

/// A text that holds no keys of age, or something besides. Says nothing of the content.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NotKeys {
    #[error("line {0} is not a key of age")]
    Line(usize),
    #[error("it is not a key of SSH that age can use: ed25519, or rsa of 2048 to 4096 bits")]
    Ssh,
    #[error("it is a key of SSH in an old form, locked; `ssh-keygen -p -f FILE` brings it into the new one")]
    OldSsh,
    #[error("it is encrypted, but not to a passphrase")]
    NotPassphrase,
}

/// Reads a file of keys of age, or what came in a variable, where several may stand in a line.
pub(crate) fn age_keys(content: &[u8], several_in_a_line: bool) -> Result<Vec<Key>, NotKeys> {
    if content.starts_with(b"age-encryption") || content.starts_with(b"-----BEGIN AGE") {
        let decryptor = age::Decryptor::new(ArmoredReader::new(content)).map_err(|_| NotKeys::NotPassphrase)?;
        if decryptor.is_scrypt() {
            return Ok(vec![Key::LockedFile { ciphertext: content.to_vec(), opened: Unlocked::new() }]);
        }
        return Err(NotKeys::NotPassphrase);
    }
    let text = std::str::from_utf8(content).map_err(|_| NotKeys::Line(1))?;
    let mut keys = Vec::new();
    for (line, number) in text.lines().zip(1..).filter(|(line, _)| !line.trim().is_empty() && !line.starts_with('#')) {
        let words = line.split_ascii_whitespace();
        for word in words.take(if several_in_a_line { usize::MAX } else { 1 }) {
            keys.push(age_key(word).ok_or(NotKeys::Line(number))?);
        }
    }
    Ok(keys)
}

fn age_key(word: &str) -> Option<Key> {
    if word.starts_with("AGE-PLUGIN-") {
        word.parse().ok().map(Key::Plugin)
    } else if word.starts_with("AGE-SECRET-KEY-PQ-1") {
        Some(Key::Foreign)
    } else {
        word.parse().ok().map(|key| Key::X25519(Box::new(key)))
    }
}

/// Reads a private key of SSH.
pub(crate) fn ssh_key(content: &[u8]) -> Result<Key, NotKeys> {
    let identity = ssh::Identity::from_buffer(content, None).map_err(|_| NotKeys::Ssh)?;
    let recipient = || {
        let recipient = ssh::Recipient::try_from(identity.clone()).map_err(|_| NotKeys::Ssh)?;
        recipient.to_string().parse::<Recipient>().map_err(|_| NotKeys::Ssh)
    };
    match &identity {
        ssh::Identity::Unencrypted(_) => Ok(Key::Ssh(Box::new(identity.clone()), recipient()?)),
        ssh::Identity::Encrypted(key) => {
            Ok(Key::LockedSsh { key: Box::new(key.clone()), recipient: recipient()?, opened: Unlocked::new() })
        }
        ssh::Identity::Unsupported(ssh::UnsupportedKey::EncryptedPem) => Err(NotKeys::OldSsh),
        ssh::Identity::Unsupported(_) => Err(NotKeys::Ssh),
    }
}

/// A part of a data key that was opened, and whose key that was, where that is known.
pub(crate) type Opened = (Share, Option<Recipient>);

impl Key {
    /// Whether it may take somebody's attention to use it.
    pub(crate) fn asks(&self) -> bool {
        !matches!(self, Self::X25519(_) | Self::Ssh(..))
    }

    /// Its public half, where that is known without asking.
    pub(crate) fn recipient(&self) -> Option<Recipient> {
        match self {
            Self::X25519(key) => key.to_public().to_string().parse().ok(),
            Self::Ssh(_, recipient) | Self::LockedSsh { recipient, .. } => Some(recipient.clone()),
            Self::Plugin(_) | Self::LockedFile { .. } | Self::Foreign => None,
        }
    }

    /// Tries to open what is labelled as a recipient's; `None` if it is not for this key. `origin` is named when
    /// somebody is asked.
    pub(crate) fn open(
        &self,
        armour: &str,
        label: &Recipient,
        origin: &str,
        callbacks: &Callbacks,
    ) -> Result<Option<Opened>, String> {
        let opened = match self {
            Self::X25519(key) => unwrap(&**key, armour)?,
            Self::Ssh(key, _) => unwrap(&**key, armour)?,
            Self::LockedSsh { key, recipient, opened } if recipient == label => {
                let unlock = |passphrase| key.decrypt(passphrase).map(|key| Box::new(ssh::Identity::from(key)));
                unwrap(&**unlocked(opened, origin, callbacks, unlock)?, armour)?
            }
            Self::Plugin(key) if label.may_be_of_plugin() => {
                let plugin = plugin::IdentityPluginV1::new(key.plugin(), std::slice::from_ref(key), callbacks.clone());
                unwrap(&plugin.map_err(|error| error.to_string())?, armour)?
            }
            Self::LockedFile { ciphertext, opened } => {
                let unlock = |passphrase| unlock_file(ciphertext, passphrase);
                for key in unlocked(opened, origin, callbacks, unlock)? {
                    if let Some(opened) = key.open(armour, label, origin, callbacks)? {
                        return Ok(Some(opened));
                    }
                }
                None
            }
            Self::LockedSsh { .. } | Self::Plugin(_) | Self::Foreign => None,
        };
        Ok(opened.map(|share| (share, self.recipient())))
    }
}

/// Says what kind of key it is and whose, never the key.
impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::X25519(key) => key.to_public().fmt(f),
            Self::Ssh(_, recipient) => recipient.fmt(f),
            Self::LockedSsh { recipient, .. } => write!(f, "{recipient} (with a passphrase)"),
            Self::Plugin(key) => write!(f, "a key of age-plugin-{}", key.plugin()),
            Self::LockedFile { .. } => f.write_str("keys behind a passphrase"),
            Self::Foreign => f.write_str("a post-quantum key, for an installed sops"),
        }
    }
}

fn unwrap(identity: &dyn age::Identity, armour: &str) -> Result<Option<Share>, String> {
    let decryptor = age::Decryptor::new(ArmoredReader::new(armour.as_bytes())).map_err(|error| error.to_string())?;
    let reader = match decryptor.decrypt(std::iter::once(identity)) {
        Ok(reader) => reader,
        Err(age::DecryptError::NoMatchingKeys) => return Ok(None),
        Err(error) => return Err(error.to_string()),
    };
    // A data key has 32 bytes, a share of one 33.
    let mut share = Zeroizing::new(Vec::with_capacity(64));
    reader.take(64).read_to_end(&mut share).map_err(|error| error.to_string())?;
    Ok(Some(share))
}

fn unlocked<'a, T>(
    opened: &'a Unlocked<T>,
    origin: &str,
    callbacks: &Callbacks,
    unlock: impl Fn(SecretString) -> Result<T, age::DecryptError>,
) -> Result<&'a T, String> {
    let ask = || {
        for _ in 0..ATTEMPTS {
            let asked = callbacks.0.secret(&format!("Passphrase of {origin}"));
            let passphrase = asked.ok_or("there is nobody to ask for its passphrase")?;
            match unlock(passphrase.as_str().into()) {
                Ok(key) => return Ok(key),
                Err(age::DecryptError::KeyDecryptionFailed | age::DecryptError::DecryptionFailed) => {
                    callbacks.0.show("That is not the passphrase.");
                }
                Err(error) => return Err(error.to_string()),
            }
        }
        Err("the passphrase was wrong".to_owned())
    };
    opened.get_or_init(ask).as_ref().map_err(Clone::clone)
}

fn unlock_file(ciphertext: &[u8], passphrase: SecretString) -> Result<Vec<Key>, age::DecryptError> {
    let mut identity = scrypt::Identity::new(passphrase);
    identity.set_max_work_factor(limits::WORK);
    let decryptor = age::Decryptor::new(ArmoredReader::new(ciphertext))?;
    let reader = decryptor.decrypt(std::iter::once(&identity as &dyn age::Identity))?;
    let mut content = Zeroizing::new(Vec::with_capacity(4096));
    reader.take(limits::KEYS).read_to_end(&mut content)?;
    let keys = age_keys(&content, false).map_err(|error| std::io::Error::other(error.to_string()))?;
    Ok(keys.into_iter().filter(|key| !matches!(key, Key::LockedFile { .. })).collect())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn whatever_is_in_a_file_of_keys_is_read_or_refused(
            start in prop_oneof![
                Just(""),
                Just("age-encryption.org/v1\n-> scrypt "),
                Just("-----BEGIN AGE ENCRYPTED FILE-----\n"),
                Just("-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEAAAAA"),
                Just("-----BEGIN RSA PRIVATE KEY-----\n"),
                Just("AGE-SECRET-KEY-1"),
                Just("AGE-PLUGIN-"),
            ],
            rest in prop_oneof![any::<Vec<u8>>(), "[A-Za-z0-9+/=\n -]{0,200}".prop_map(String::into_bytes)],
        ) {
            let content = [start.as_bytes(), &rest].concat();
            let _ = age_keys(&content, false);
            let _ = ssh_key(&content);
        }
    }
}
