use std::{io, path::PathBuf};

use crate::{cipher::CipherError, recipient::NotRecipient, selector::SelectorError};

/// Why a text could not be read as a document. Keys may be named, values never are.
#[derive(Debug, thiserror::Error)]
pub enum SyntaxError {
    /// It is longer than is read.
    #[error("it is longer than 1 MiB")]
    TooLong,
    /// It is nested deeper than is read.
    #[error("it is nested more than 64 levels deep")]
    TooDeep,
    /// It is not YAML.
    #[error("line {line}: {reason}")]
    Yaml {
        /// The line, from 1.
        line: usize,
        /// What the parser says.
        reason: String,
    },
    /// It is not JSON.
    #[error("line {line}, column {column}: {what}")]
    Json {
        /// The line, from 1.
        line: usize,
        /// The column, from 1.
        column: usize,
        /// What is wrong.
        what: &'static str,
    },
    /// It ends in the middle.
    #[error("it ends too early")]
    Cut,
    /// Its root is something else than a mapping.
    #[error("the document is a {kind}, not a mapping")]
    NotMapping {
        /// What it is.
        kind: &'static str,
    },
    /// There is more than one document in it.
    #[error("line {line}: a second document begins; files of several documents are not read")]
    SecondDocument {
        /// The line, from 1.
        line: usize,
    },
    /// A key is not a string.
    #[error("line {line}: a key is not a string")]
    Key {
        /// The line, from 1.
        line: usize,
    },
    /// A key stands twice in one mapping.
    #[error("line {line}: the key {key:?} stands twice")]
    DuplicateKey {
        /// The key.
        key: String,
        /// The line of the second one, from 1.
        line: usize,
    },
    /// Something is used that would be lost or change its meaning.
    #[error("line {line}: {what} is not supported in sealed files")]
    Mark {
        /// What it is.
        what: &'static str,
        /// The line, from 1.
        line: usize,
    },
    /// A whole number is larger than 64 bits.
    #[error("line {line}: a whole number is too large; quote it")]
    Integer {
        /// The line, from 1.
        line: usize,
    },
}

/// Why the `sops` part of a file was not accepted.
#[derive(Debug, thiserror::Error)]
pub enum HeaderError {
    /// There is none: the file is not encrypted.
    #[error("there is no sops part: the file is not encrypted")]
    Missing,
    /// A field is missing or empty.
    #[error("sops.{0} is missing or empty")]
    Field(&'static str),
    /// A field is of another type than it should be.
    #[error("sops.{field} is not a {wanted}")]
    Type {
        /// The field.
        field: String,
        /// What it should be.
        wanted: &'static str,
    },
    /// The version is not one.
    #[error("sops.version {0:?} is not a version")]
    Version(String),
    /// The time of the last change is not one.
    #[error("sops.lastmodified {0:?} is not a time")]
    LastModified(String),
    /// What it says about what is encrypted cannot be used.
    #[error("sops: {0}")]
    Selector(#[from] SelectorError),
    /// A recipient is not one.
    #[error("sops.age: {0}")]
    Recipient(#[from] NotRecipient),
    /// There are more recipients than are read.
    #[error("sops: more than 256 recipients")]
    TooManyRecipients,
    /// The data key, encrypted to a recipient, is longer than is read.
    #[error("sops.age: the data key for {0} is longer than 16 KiB")]
    WrappedKey(String),
    /// There are no keys.
    #[error("sops: there are no keys in it")]
    NoKeys,
    /// The threshold does not fit the number of key groups.
    #[error("sops.shamir_threshold {threshold} does not fit {groups} key groups")]
    Threshold {
        /// How many groups must open.
        threshold: i64,
        /// How many there are.
        groups: usize,
    },
}

/// Why the rules of a fleet could not be had.
#[derive(Debug, thiserror::Error)]
pub enum PolicyError {
    /// The file does not lie below the fleet.
    #[error("{} does not lie below {}", file.display(), fleet.display())]
    Outside {
        /// The file.
        file: PathBuf,
        /// The root of the fleet.
        fleet: PathBuf,
    },
    /// There is no `.sops.yaml` between the file and the root of the fleet.
    #[error("there is no .sops.yaml above {} up to {}{}", file.display(), fleet.display(), misnamed.hint())]
    Missing {
        /// The file.
        file: PathBuf,
        /// The root of the fleet.
        fleet: PathBuf,
        /// One that is there under a name that sops does not look at.
        misnamed: Misnamed,
    },
    /// The `.sops.yaml` is a link to something outside the fleet.
    #[error("{} leads out of the fleet, to {}", policy.display(), target.display())]
    LeadsOut {
        /// The link.
        policy: PathBuf,
        /// Where it leads.
        target: PathBuf,
    },
    /// The `.sops.yaml` could not be read.
    #[error("cannot read {}: {error}", policy.display())]
    Read {
        /// The policy.
        policy: PathBuf,
        /// What the system says.
        error: io::Error,
    },
    /// The `.sops.yaml` is not a document, or not of the shape of one.
    #[error("{}: {reason}", policy.display())]
    Shape {
        /// The policy.
        policy: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// No rule is for the file.
    #[error("no creation rule of {} is for {}", policy.display(), file.display())]
    NoRule {
        /// The policy.
        policy: PathBuf,
        /// The file.
        file: PathBuf,
    },
    /// The rule that is for the file cannot be used.
    #[error("{}, creation rule {number}: {error}", policy.display())]
    Rule {
        /// The policy.
        policy: PathBuf,
        /// Which rule, from 1.
        number: usize,
        /// What is wrong with it.
        error: RuleError,
    },
}

/// A `.sops.yml` that sops would overlook.
#[derive(Debug, Clone, Default)]
pub struct Misnamed(pub(crate) Option<PathBuf>);

impl Misnamed {
    fn hint(&self) -> String {
        self.0.as_ref().map_or_else(String::new, |path| format!(" ({} has the wrong ending)", path.display()))
    }
}

/// Why a creation rule cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum RuleError {
    /// Its `path_regex` does not compile.
    #[error("path_regex {0:?} is not a regular expression that is understood here")]
    PathRegex(String),
    /// What it says about what is encrypted cannot be used.
    #[error(transparent)]
    Selector(#[from] SelectorError),
    /// A recipient is not one.
    #[error(transparent)]
    Recipient(#[from] NotRecipient),
    /// A field is of another type than it should be.
    #[error("{field} is not {wanted}")]
    Type {
        /// The field.
        field: String,
        /// What it should be.
        wanted: &'static str,
    },
    /// It names nobody.
    #[error("it names no recipient")]
    NoRecipients,
    /// It names more recipients than are written.
    #[error("it names more than 256 recipients")]
    TooManyRecipients,
    /// One of its key groups is empty.
    #[error("key group {0} is empty")]
    EmptyGroup(usize),
    /// The threshold does not fit the number of key groups.
    #[error("shamir_threshold {threshold} does not fit {groups} key groups")]
    Threshold {
        /// How many groups must open.
        threshold: i64,
        /// How many there are.
        groups: usize,
    },
}

/// Why a document was not encrypted. Nothing has been written then.
#[derive(Debug, thiserror::Error)]
pub enum EncryptError {
    /// A variable of the environment would have another sops encrypt to somebody else.
    #[error("{0} is set and would override the recipients of .sops.yaml; unset it")]
    Override(String),
    /// The document holds something that a file of this format cannot, or that would not come back as it is.
    #[error("{place}: {what}")]
    Unwritable {
        /// Where.
        place: String,
        /// What.
        what: &'static str,
    },
    /// The rule goes by comments, and a document held here has none.
    #[error("{0} goes by comments, which are not kept here")]
    Comments(&'static str),
    /// The data key could not be encrypted to a recipient.
    #[error("cannot encrypt to {recipient}: {reason}")]
    Recipient {
        /// The recipient.
        recipient: String,
        /// What age says.
        reason: String,
    },
    /// A value could not be encrypted.
    #[error("{0} could not be encrypted")]
    Cipher(String),
    /// The rule has keys that only sops itself can use.
    #[error("the rule has keys that need the program sops ({kinds}): {error}")]
    Foreign {
        /// The kinds of the keys.
        kinds: String,
        /// What went wrong with it.
        error: ForeignError,
    },
}

/// Why a file was not opened.
#[derive(Debug, thiserror::Error)]
pub enum DecryptError {
    /// It is not a document.
    #[error(transparent)]
    Syntax(#[from] SyntaxError),
    /// Its `sops` part was not accepted.
    #[error(transparent)]
    Header(#[from] HeaderError),
    /// None of the identities opens it.
    #[error("no key opens it. It is encrypted to {recipients}. {tried}")]
    NoKey {
        /// To whom it is encrypted.
        recipients: String,
        /// Where keys were looked for, and what went wrong there.
        tried: String,
    },
    /// A key opened what is labelled as another's: the labels were altered.
    #[error("the part labelled {labelled} opens with the key of {actual}: the recipients were altered")]
    Mislabelled {
        /// Whose it claims to be.
        labelled: String,
        /// Whose it is.
        actual: String,
    },
    /// What came out is not a data key.
    #[error("what is encrypted to the recipients is not a data key of sops")]
    DataKey,
    /// A value does not open.
    #[error("{place}: {error}")]
    Value {
        /// Where.
        place: String,
        /// What is wrong.
        error: CipherError,
    },
    /// A value that must be encrypted stands in clear.
    #[error(
        "{place} stands in clear, although the file says that it is encrypted ({selector}): it was added or altered"
    )]
    InClear {
        /// Where.
        place: String,
        /// What the file says is encrypted.
        selector: String,
    },
    /// A value that must stand in clear is encrypted.
    #[error("{place} is encrypted, although the file says that it stands in clear ({selector}): the rule was altered")]
    NotInClear {
        /// Where.
        place: String,
        /// What the file says is encrypted.
        selector: String,
    },
    /// The checksum does not open: it or the time of the last change was altered.
    #[error("sops.mac does not open ({0}): it or sops.lastmodified was altered")]
    Mac(CipherError),
    /// The checksum is another: values were altered, added, taken away or moved.
    #[error("the checksum does not fit: values were altered, added, taken away or moved")]
    MacMismatch,
    /// It has keys that only sops itself can use.
    #[error("none of the own keys opens it, and its other keys need the program sops ({kinds}): {error}. {tried}")]
    Foreign {
        /// The kinds of the keys.
        kinds: String,
        /// What went wrong with it.
        error: ForeignError,
        /// Where keys were looked for, and what went wrong there.
        tried: String,
    },
}

/// Why the program `sops` did not help.
#[derive(Debug, thiserror::Error)]
pub enum ForeignError {
    /// It is not installed.
    #[error("it is not in PATH")]
    NotInstalled,
    /// It could not be run.
    #[error("cannot run {}: {error}", program.display())]
    Run {
        /// Where it is.
        program: PathBuf,
        /// What the system says.
        error: io::Error,
    },
    /// It failed.
    #[error("it ended with {status}: {stderr}")]
    Failed {
        /// How it ended.
        status: String,
        /// What it said.
        stderr: String,
    },
    /// What it put out is not a document.
    #[error("what it put out cannot be read: {0}")]
    Output(SyntaxError),
    /// What it put out is not a sealed file.
    #[error("what it put out is not a sealed file: {0}")]
    Header(HeaderError),
    /// It sealed for others than it was told to.
    #[error("it sealed for others than the rule names")]
    Recipients,
    /// It left something in clear.
    #[error("it left {0} in clear")]
    InClear(String),
}
