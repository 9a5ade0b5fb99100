//! What this machine remembers of clusters it has been to: a credential that leads elsewhere is noticed, although whoever
//! can write to the fleet can seal one.

use std::{
    collections::BTreeMap,
    fs,
    io::{self, Write},
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};

use crate::{ClusterName, Credential, Error, Surroundings, fleet::Fleet};

/// How to know a cluster again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Pin {
    /// The API server's address.
    pub(crate) server: String,
    /// The fingerprint of its CA.
    pub(crate) ca: String,
    /// The uid of `kube-system`, once somebody saw it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) uid: Option<String>,
}

impl Pin {
    /// What a credential says of its cluster.
    pub(crate) fn of(credential: &Credential) -> Self {
        Self {
            server: credential.server.to_string(),
            ca: credential.ca_hash(),
            uid: credential.origin.as_ref().map(|origin| origin.cluster_uid.clone()),
        }
    }

    /// What a credential says differently, in words; what one of them does not know is no difference.
    pub(crate) fn differs(&self, now: &Self) -> Option<String> {
        let mut differences = Vec::new();
        if self.server != now.server {
            differences.push(format!("the server was {} and is {}", self.server, now.server));
        }
        if self.ca != now.ca {
            differences.push(format!("the CA was {:.16}… and is {:.16}…", self.ca, now.ca));
        }
        if let (Some(was), Some(is)) = (&self.uid, &now.uid)
            && was != is
        {
            differences.push(format!("the cluster’s identity was {was} and is {is}"));
        }
        (!differences.is_empty()).then(|| differences.join("; "))
    }

    fn merged(&self, now: &Self) -> Self {
        Self { uid: now.uid.clone().or_else(|| self.uid.clone()), ..now.clone() }
    }
}

/// The pins of this machine, by fleet and cluster.
#[derive(Debug)]
pub(crate) struct Pins {
    file: PathBuf,
    key: String,
}

type Known = BTreeMap<String, Pin>;

impl Pins {
    pub(crate) fn of(around: &Surroundings, fleet: &Fleet, cluster: &ClusterName) -> Self {
        let key = format!("{}#{cluster}", fleet.root().display());
        Self { file: around.own_folder().join("pins.json"), key }
    }

    /// What is remembered of the cluster.
    pub(crate) fn known(&self) -> Result<Option<Pin>, Error> {
        Ok(self.all()?.remove(&self.key))
    }

    /// Remembers the cluster as it is now.
    pub(crate) fn keep(&self, pin: &Pin) -> Result<(), Error> {
        let mut all = self.all()?;
        let merged = all.get(&self.key).map_or_else(|| pin.clone(), |known| known.merged(pin));
        if all.get(&self.key) == Some(&merged) {
            return Ok(());
        }
        all.insert(self.key.clone(), merged);
        let failed = |source| Error::File { operation: "write", file: self.file.clone(), source };
        replace(&self.file, &serde_json::to_vec_pretty(&all).unwrap_or_default()).map_err(failed)
    }

    fn all(&self) -> Result<Known, Error> {
        match fs::read(&self.file) {
            Ok(text) => serde_json::from_slice(&text).map_err(|error| Error::File {
                operation: "understand",
                file: self.file.clone(),
                source: io::Error::other(format!("{error}. Move it away if you trust the fleet as it is")),
            }),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Known::new()),
            Err(source) => Err(Error::File { operation: "read", file: self.file.clone(), source }),
        }
    }
}

pub(crate) fn replace(file: &Path, content: &[u8]) -> io::Result<()> {
    let folder = file.parent().unwrap_or(Path::new("."));
    private_folder(folder)?;
    let mut beside = tempfile::NamedTempFile::new_in(folder)?;
    beside.write_all(content)?;
    beside.as_file().sync_all()?;
    beside.persist(file).map(drop).map_err(|error| error.error)
}

/// Makes a folder that only its owner can enter.
fn private_folder(folder: &Path) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pin(server: &str, uid: Option<&str>) -> Pin {
        Pin { server: server.to_owned(), ca: "ab".repeat(32), uid: uid.map(ToOwned::to_owned) }
    }

    #[test]
    fn another_server_or_identity_is_a_difference_and_an_unknown_identity_is_none() {
        let known = pin("https://a", Some("1"));
        assert_eq!(known.differs(&pin("https://a", Some("1"))), None);
        assert_eq!(known.differs(&pin("https://a", None)), None);
        assert!(known.differs(&pin("https://b", Some("1"))).unwrap().contains("https://b"));
        assert!(known.differs(&pin("https://a", Some("2"))).unwrap().contains("identity"));
    }

    #[test]
    fn a_pin_is_kept_and_an_identity_once_seen_is_not_forgotten() {
        let home = tempfile::tempdir().unwrap();
        let pins = Pins { file: home.path().join("own/pins.json"), key: "fleet#prod".to_owned() };
        assert_eq!(pins.known().unwrap(), None);
        pins.keep(&pin("https://a", Some("1"))).unwrap();
        pins.keep(&pin("https://a", None)).unwrap();
        assert_eq!(pins.known().unwrap(), Some(pin("https://a", Some("1"))));
    }

    #[test]
    fn pins_that_cannot_be_understood_stop_rather_than_trust_anew() {
        let home = tempfile::tempdir().unwrap();
        let pins = Pins { file: home.path().join("pins.json"), key: "fleet#prod".to_owned() };
        fs::write(&pins.file, "{").unwrap();
        assert!(pins.known().is_err());
    }
}
