use std::{
    fs,
    io::{self, Read, Write},
    path::{Path, PathBuf},
};

use fanlight_sops::{Format, Header, Identities, Policy, Recipient, Rule, Selection};
use secrecy::{ExposeSecret, SecretString};
use tempfile::NamedTempFile;

use crate::{
    ClusterName, Credential, Error, Keys, Origin,
    credential::{self, Shape},
    fleet::{Fleet, Place},
};

/// No sealed file is larger, in bytes.
const LIMIT: u64 = 1024 * 1024;

/// How the names of drafts begin and end.
const DRAFT: (&str, &str) = (".break-glass-", ".sealed");

/// A sealed file as it was read: the ciphertext, and what can be seen without a key.
#[derive(Debug, Clone)]
pub(crate) struct Sealed {
    /// Where it is.
    pub(crate) file: PathBuf,
    /// The ciphertext.
    pub(crate) text: String,
}

/// What is to be said of a file some of which stands in clear.
pub(crate) const PARTLY_CLEAR: &str = "only the token is sealed, as kube-dc does; `rotate` seals all of it";

/// A sealed file that was opened and found safe.
#[derive(Debug, Clone)]
pub(crate) struct Opened {
    /// What was in it.
    pub(crate) credential: Credential,
    /// Whether some of it stands in clear, as in kube-dc's files.
    pub(crate) partly_clear: bool,
}

impl Sealed {
    /// Reads the sealed file of a cluster.
    pub(crate) fn of(place: &Place) -> Result<Self, Error> {
        let file = place.sealed();
        match read_limited(&file) {
            Ok(text) => Ok(Self { file, text }),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                Err(Error::NotAdopted { cluster: place.name.clone(), file })
            }
            Err(source) => Err(Error::File { operation: "read", file, source }),
        }
    }

    /// What can be seen without a key.
    pub(crate) fn header(&self) -> Result<Header, Error> {
        Header::read(&self.text, Format::Yaml).map_err(|source| self.cannot_open(source))
    }

    /// Opens it in memory and reads it strictly.
    pub(crate) fn open(&self, cluster: &ClusterName, keys: &Identities) -> Result<Opened, Error> {
        let opened =
            fanlight_sops::decrypt(&self.text, Format::Yaml, keys).map_err(|source| self.cannot_open(source))?;
        let not_safe = |why: String| Error::Unsafe { file: self.file.clone(), why };
        let (credential, shape) = credential::read(cluster, &opened.tree).map_err(not_safe)?;
        let partly_clear = !opened.clear.is_empty();
        if shape == Shape::Ours && partly_clear {
            let clear = opened.clear.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
            return Err(not_safe(format!("not everything in it is sealed: {clear}")));
        }
        Ok(Opened { credential, partly_clear })
    }

    fn cannot_open(&self, source: fanlight_sops::DecryptError) -> Error {
        Error::CannotOpen { file: self.file.clone(), source: Box::new(source) }
    }
}

/// Ciphertext that was opened again and compared, ready to take its place.
#[derive(Debug)]
pub(crate) struct Draft {
    file: PathBuf,
    text: String,
}

/// For whom the fleet's policy has a cluster's credential sealed.
pub(crate) fn rule(fleet: &Fleet, place: &Place) -> Result<Rule, Error> {
    let file = place.sealed();
    let policy = Policy::nearest(&file, fleet.root());
    policy.and_then(|policy| policy.rule_for(&file)).map_err(|source| Error::NoRule { file, source: Box::new(source) })
}

/// The recipients of a rule or a file, in order, to be compared.
pub(crate) fn names<'a>(recipients: impl Iterator<Item = &'a Recipient>) -> Vec<String> {
    let mut names: Vec<String> = recipients.map(ToString::to_string).collect();
    names.sort();
    names.dedup();
    names
}

/// So many recipients, in words.
pub(crate) fn counted(recipients: usize) -> String {
    if recipients == 1 { "1 recipient".to_owned() } else { format!("{recipients} recipients") }
}

impl Draft {
    /// Tries out sealing and writing with something of the right form that is worth nothing, before anything is changed for it.
    pub(crate) fn rehearse(place: &Place, like: &Credential, rule: &Rule, keys: &Keys) -> Result<(), Error> {
        let now = jiff::Timestamp::now();
        let origin = Origin {
            cluster_uid: "rehearsal".to_owned(),
            secret: "rehearsal".to_owned(),
            secret_uid: "rehearsal".to_owned(),
            generation: 1,
            created: now,
        };
        let rehearsal =
            Credential { token: SecretString::from("rehearsal-of-sealing"), origin: Some(origin), ..like.clone() };
        Self::seal(place, &rehearsal, rule, keys, now)?.write(place, &rehearsal, keys).map(drop)
    }

    /// Seals in memory, every leaf, and opens the result again: what comes out is what went in, and the person who seals is
    /// one of those who can open.
    pub(crate) fn seal(
        place: &Place,
        credential: &Credential,
        rule: &Rule,
        keys: &Keys,
        now: jiff::Timestamp,
    ) -> Result<Self, Error> {
        let file = place.sealed();
        let tree = credential::write(&place.name, credential);
        let text = fanlight_sops::encrypt(&tree, rule, Selection::Everything, Format::Yaml, now, &keys.around)
            .map_err(|source| Error::CannotSeal { file: file.clone(), source: Box::new(source) })?;
        let draft = Self { file, text };
        draft.compare(&draft.text, place, credential, keys)?;
        Ok(draft)
    }

    /// Puts the ciphertext in its place: a file beside it that holds ciphertext only, read back, then one rename.
    pub(crate) fn put(self, place: &Place, credential: &Credential, keys: &Keys) -> Result<(), Error> {
        let beside = self.write(place, credential, keys)?;
        let file = &self.file;
        let failed = |operation| move |source| Error::File { operation, file: file.clone(), source };
        beside.persist(file).map_err(|error| failed("replace")(error.error))?;
        fs::File::open(&place.folder).and_then(|folder| folder.sync_all()).map_err(failed("write down the renaming of"))
    }

    /// Writes the ciphertext to a file beside the one that it is for, and reads it back; without more it vanishes again.
    fn write(&self, place: &Place, credential: &Credential, keys: &Keys) -> Result<NamedTempFile, Error> {
        let file = &self.file;
        let failed = |operation| move |source| Error::File { operation, file: file.clone(), source };
        clear_drafts(&place.folder);
        let mut beside = tempfile::Builder::new()
            .prefix(DRAFT.0)
            .suffix(DRAFT.1)
            .tempfile_in(&place.folder)
            .map_err(failed("write beside"))?;
        beside.write_all(self.text.as_bytes()).map_err(failed("write beside"))?;
        beside.as_file().sync_all().map_err(failed("write beside"))?;
        let written = read_limited(beside.path()).map_err(failed("read back"))?;
        self.compare(&written, place, credential, keys)?;
        Ok(beside)
    }

    fn compare(&self, text: &str, place: &Place, wanted: &Credential, keys: &Keys) -> Result<(), Error> {
        let differs = |why: &str| Error::ReadBack { file: self.file.clone(), why: why.to_owned() };
        if text.contains(wanted.token.expose_secret()) {
            return Err(differs("the token stands in it in clear"));
        }
        let back =
            Sealed { file: self.file.clone(), text: text.to_owned() }.open(&place.name, &keys.identities)?.credential;
        let same = back.server == wanted.server
            && back.ca == wanted.ca
            && back.origin == wanted.origin
            && back.token_hash() == wanted.token_hash();
        if same { Ok(()) } else { Err(differs("its content differs")) }
    }
}

/// Removes what a program that was killed while it wrote has left: ciphertext, but nothing to be committed. Whoever seals
/// holds the folder's lock, so that nobody is writing now.
fn clear_drafts(folder: &Path) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.starts_with(DRAFT.0) && name.ends_with(DRAFT.1) {
            let _ = fs::remove_file(entry.path());
        }
    }
}

fn read_limited(file: &Path) -> io::Result<String> {
    let mut text = String::new();
    fs::File::open(file)?.take(LIMIT + 1).read_to_string(&mut text)?;
    if text.len() as u64 > LIMIT { Err(io::Error::other("it is larger than 1 MiB")) } else { Ok(text) }
}
