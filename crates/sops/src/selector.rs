use std::fmt;

use regex::Regex;

use crate::{go_regex, path::Path, value::Map};

/// The six keys by which a rule or a file says what is encrypted.
const KEYS: [&str; 6] = [
    "unencrypted_suffix",
    "encrypted_suffix",
    "unencrypted_regex",
    "encrypted_regex",
    "unencrypted_comment_regex",
    "encrypted_comment_regex",
];

/// Which leaves of a document are encrypted.
#[derive(Clone, Debug)]
pub struct Selector {
    key: &'static str,
    pattern: String,
    test: Test,
}

#[derive(Clone, Debug)]
enum Test {
    /// Encrypted in any case.
    Everything,
    /// Encrypted unless, or only if, a key on the way ends so.
    Suffix { encrypts: bool },
    /// Encrypted unless, or only if, a key on the way matches.
    Regex { encrypts: bool, regex: Regex },
    /// Decided by comments, which a document read here does not keep.
    Comment,
}

/// What a selector says of a leaf.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    Encrypted,
    Clear,
    /// Only the comments around it tell.
    Unknown,
}

/// Why a selector cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SelectorError {
    /// More than one of the six stands there, which sops refuses as well.
    #[error("both {0} and {1} are set; only one may decide what is encrypted")]
    Two(&'static str, &'static str),
    /// The value is not a string.
    #[error("{0} is not a string")]
    NotText(&'static str),
    /// The regular expression does not compile.
    #[error("{key} {pattern:?} is not a regular expression that is understood here")]
    Regex {
        /// The key.
        key: &'static str,
        /// Its value.
        pattern: String,
    },
}

impl Selector {
    /// Encrypts every leaf, whatever its key.
    pub(crate) fn everything() -> Self {
        // The default would leave keys with `_unencrypted` at their end in clear.
        Self { key: KEYS[3], pattern: ".*".to_owned(), test: Test::Everything }
    }

    /// What holds where nothing is said.
    pub(crate) fn default_suffix() -> Self {
        Self { key: KEYS[0], pattern: "_unencrypted".to_owned(), test: Test::Suffix { encrypts: false } }
    }

    /// The one that stands in a rule or in a file, if any does; empty ones do not count.
    pub(crate) fn of(map: &Map) -> Result<Option<Self>, SelectorError> {
        let mut found = None;
        for key in KEYS {
            let pattern = match map.get(key) {
                None => continue,
                Some(value) => value.as_text().ok_or(SelectorError::NotText(key))?,
            };
            match &found {
                _ if pattern.is_empty() => {}
                None => found = Some(Self::new(key, pattern)?),
                Some(Self { key: other, .. }) => return Err(SelectorError::Two(other, key)),
            }
        }
        Ok(found)
    }

    fn new(key: &'static str, pattern: &str) -> Result<Self, SelectorError> {
        let encrypts = key.starts_with("encrypted");
        let unusable = || SelectorError::Regex { key, pattern: pattern.to_owned() };
        let regex = || go_regex::compile(pattern).ok_or_else(unusable);
        let test = match key {
            "unencrypted_suffix" | "encrypted_suffix" => Test::Suffix { encrypts },
            "unencrypted_regex" | "encrypted_regex" => Test::Regex { encrypts, regex: regex()? },
            _ => regex().map(|_| Test::Comment)?,
        };
        Ok(Self { key, pattern: pattern.to_owned(), test })
    }

    /// Its key in a rule or in a file.
    pub fn key(&self) -> &'static str {
        self.key
    }

    /// The suffix or the regular expression.
    pub fn pattern(&self) -> &str {
        &self.pattern
    }

    /// Whether it encrypts every leaf, whatever its key.
    pub(crate) fn is_everything(&self) -> bool {
        matches!(self.test, Test::Everything)
    }

    /// Whether comments decide.
    pub(crate) fn goes_by_comments(&self) -> bool {
        matches!(self.test, Test::Comment)
    }

    /// What it says of the leaf at a path.
    pub(crate) fn verdict(&self, path: &Path) -> Verdict {
        let (encrypts, hit) = match &self.test {
            Test::Suffix { encrypts } => (*encrypts, path.keys().any(|key| key.ends_with(&self.pattern))),
            Test::Regex { encrypts, regex } => (*encrypts, path.keys().any(|key| regex.is_match(key))),
            Test::Everything => return Verdict::Encrypted,
            Test::Comment => return Verdict::Unknown,
        };
        if encrypts == hit { Verdict::Encrypted } else { Verdict::Clear }
    }
}

impl fmt::Display for Selector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.key, self.pattern)
    }
}
