use jiff::Timestamp;

use crate::{
    error::HeaderError,
    format::Format,
    limits::{RECIPIENTS, WRAPPED},
    recipient::Recipient,
    selector::Selector,
    value::{Map, Value},
};

/// The key under which a file says how it is encrypted.
pub(crate) const KEY: &str = "sops";

/// The release of sops whose files these are.
const VERSION: &str = "3.13.3";

/// The kinds of keys that only sops itself can use, as a file calls them.
const FOREIGN: [&str; 6] = ["kms", "gcp_kms", "hckms", "azure_kv", "hc_vault", "pgp"];

/// What a file says of itself in clear: for whom it is, since when, by which rule. Nothing in it is authenticated until
/// the file is opened, and the recipients and the rule not even then.
#[derive(Clone, Debug)]
pub struct Header {
    pub(crate) groups: Vec<Group>,
    pub(crate) threshold: usize,
    pub(crate) selector: Selector,
    pub(crate) mac_only_encrypted: bool,
    pub(crate) last_modified: String,
    pub(crate) mac: String,
    version: String,
}

/// Keys of which one is enough for the part of the data key that is theirs.
#[derive(Clone, Debug, Default)]
pub(crate) struct Group {
    /// That part, encrypted to recipients of age.
    pub(crate) age: Vec<Wrapped>,
    /// The kinds of its other keys.
    pub(crate) foreign: Vec<&'static str>,
}

/// A part of the data key, encrypted to one recipient.
#[derive(Clone, Debug)]
pub(crate) struct Wrapped {
    pub(crate) recipient: Recipient,
    pub(crate) armour: String,
}

impl Header {
    /// Reads the header of a file; no key is needed.
    pub fn read(text: &str, format: Format) -> Result<Self, crate::DecryptError> {
        let (_, header) = Self::split(format.read(text)?)?;
        Ok(header)
    }

    /// A header to be written, before its checksum is known.
    pub(crate) fn new(groups: Vec<Group>, threshold: usize, selector: Selector, now: Timestamp) -> Self {
        Self {
            groups,
            threshold,
            selector,
            mac_only_encrypted: false,
            last_modified: now.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
            mac: String::new(),
            version: VERSION.to_owned(),
        }
    }

    /// All recipients of age, over all key groups.
    pub fn recipients(&self) -> impl Iterator<Item = &Recipient> {
        self.groups.iter().flat_map(|group| &group.age).map(|wrapped| &wrapped.recipient)
    }

    /// The kinds of its keys that are not of age, such as `pgp` or `kms`.
    pub fn foreign(&self) -> impl Iterator<Item = &'static str> {
        self.groups.iter().flat_map(|group| &group.foreign).copied()
    }

    /// The kinds of its keys that only sops itself can use.
    pub(crate) fn kinds_for_program(&self) -> Vec<&'static str> {
        let unknown = self.recipients().filter(|recipient| recipient.is_foreign()).map(|_| "age1pq1…");
        let mut kinds: Vec<_> = self.foreign().chain(unknown).collect();
        kinds.dedup();
        kinds
    }

    /// How many key groups there are, and how many of them must come together.
    pub fn key_groups(&self) -> (usize, usize) {
        (self.groups.len(), self.threshold)
    }

    /// When the file was last changed, by its own account.
    pub fn last_modified(&self) -> Timestamp {
        self.last_modified.parse().unwrap_or_default()
    }

    /// The version of sops that it was written by, or as if by.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// What is encrypted, by its own account.
    pub fn selector(&self) -> &Selector {
        &self.selector
    }

    /// Takes the header out of a document.
    pub(crate) fn split(mut document: Map) -> Result<(Map, Self), HeaderError> {
        let header = match document.remove(KEY) {
            None => return Err(HeaderError::Missing),
            Some(Value::Map(header)) => Self::of(&header)?,
            Some(_) => return Err(HeaderError::Type { field: String::new(), wanted: "mapping" }),
        };
        Ok((document, header))
    }

    fn of(map: &Map) -> Result<Self, HeaderError> {
        let text = |field| match map.get(field) {
            Some(Value::Text(text)) if !text.as_str().is_empty() => Ok(text.as_str().to_owned()),
            None | Some(Value::Null | Value::Text(_)) => Err(HeaderError::Field(field)),
            Some(_) => Err(HeaderError::Type { field: field.to_owned(), wanted: "string" }),
        };
        let (version, last_modified) = (text("version")?, text("lastmodified")?);
        if !is_version(&version) {
            return Err(HeaderError::Version(version));
        }
        if last_modified.parse::<Timestamp>().is_err() {
            return Err(HeaderError::LastModified(last_modified));
        }
        let groups = groups(map)?;
        Ok(Self {
            threshold: threshold(map, groups.len())?,
            groups,
            selector: Selector::of(map)?.unwrap_or_else(Selector::default_suffix),
            mac_only_encrypted: truth(map, "mac_only_encrypted")?,
            mac: text("mac")?,
            last_modified,
            version,
        })
    }

    /// The header as it stands in a file, its keys in order.
    pub(crate) fn to_map(&self) -> Map {
        let mut entries = match self.groups.as_slice() {
            [group] => vec![("age", group.to_value())],
            groups => vec![
                (
                    "key_groups",
                    groups
                        .iter()
                        .map(|group| Map::from_iter([("age", group.to_value())]).into())
                        .collect::<Vec<_>>()
                        .into(),
                ),
                ("shamir_threshold", Value::Int(i64::try_from(self.threshold).unwrap_or(i64::MAX))),
            ],
        };
        entries.extend([
            (self.selector.key(), self.selector.pattern().into()),
            ("lastmodified", self.last_modified.as_str().into()),
            ("mac", self.mac.as_str().into()),
            ("version", self.version.as_str().into()),
        ]);
        if self.mac_only_encrypted {
            entries.push(("mac_only_encrypted", true.into()));
        }
        entries.sort_by_key(|(key, _)| *key);
        entries.into_iter().collect()
    }
}

impl Group {
    fn to_value(&self) -> Value {
        let entry = |wrapped: &Wrapped| {
            let recipient = wrapped.recipient.to_string();
            Map::from_iter([("enc", wrapped.armour.as_str()), ("recipient", &recipient)]).into()
        };
        Value::List(self.age.iter().map(entry).collect())
    }

    fn of(map: &Map) -> Result<Self, HeaderError> {
        let mut group = Self::default();
        for entry in list(map, "age")? {
            let field = |field| match entry.as_map().and_then(|entry| entry.text(field)) {
                Some(text) => Ok(text),
                None => Err(HeaderError::Type { field: format!("age.{field}"), wanted: "string" }),
            };
            let (recipient, armour) = (field("recipient")?.parse()?, field("enc")?.to_owned());
            if armour.len() > WRAPPED {
                return Err(HeaderError::WrappedKey(field("recipient")?.to_owned()));
            }
            group.age.push(Wrapped { recipient, armour });
        }
        for kind in FOREIGN {
            group.foreign.extend(list(map, kind)?.iter().map(|_| kind));
        }
        Ok(group)
    }

    pub(crate) fn len(&self) -> usize {
        self.age.len() + self.foreign.len()
    }
}

/// The key groups: keys that stand directly in the header are one, and then no others count.
fn groups(map: &Map) -> Result<Vec<Group>, HeaderError> {
    let direct = Group::of(map)?;
    let groups = if direct.len() > 0 {
        vec![direct]
    } else {
        let group = |group: &Value| match group.as_map() {
            Some(group) => Group::of(group),
            None => Err(HeaderError::Type { field: "key_groups".to_owned(), wanted: "list of mappings" }),
        };
        list(map, "key_groups")?.iter().map(group).collect::<Result<_, _>>()?
    };
    if groups.is_empty() {
        return Err(HeaderError::NoKeys);
    }
    if groups.iter().map(Group::len).sum::<usize>() > RECIPIENTS || groups.len() > RECIPIENTS - 1 {
        return Err(HeaderError::TooManyRecipients);
    }
    Ok(groups)
}

fn threshold(map: &Map, groups: usize) -> Result<usize, HeaderError> {
    let threshold = match map.get("shamir_threshold") {
        None | Some(Value::Null) => 0,
        Some(Value::Int(number)) => *number,
        Some(_) => return Err(HeaderError::Type { field: "shamir_threshold".to_owned(), wanted: "whole number" }),
    };
    match usize::try_from(threshold) {
        // With one group there is nothing to bring together.
        Ok(_) if groups == 1 => Ok(1),
        Ok(0) => Ok(groups),
        Ok(number) if (2..=groups).contains(&number) => Ok(number),
        _ => Err(HeaderError::Threshold { threshold, groups }),
    }
}

fn truth(map: &Map, field: &str) -> Result<bool, HeaderError> {
    match map.get(field) {
        None | Some(Value::Null) => Ok(false),
        Some(Value::Bool(truth)) => Ok(*truth),
        Some(_) => Err(HeaderError::Type { field: field.to_owned(), wanted: "truth value" }),
    }
}

fn list<'a>(map: &'a Map, field: &str) -> Result<&'a [Value], HeaderError> {
    match map.get(field) {
        None | Some(Value::Null) => Ok(&[]),
        Some(Value::List(list)) => Ok(list),
        Some(_) => Err(HeaderError::Type { field: field.to_owned(), wanted: "list" }),
    }
}

fn is_version(text: &str) -> bool {
    let release = text.split(['-', '+']).next().unwrap_or_default();
    let numbers: Vec<&str> = release.split('.').collect();
    numbers.len() == 3 && numbers.iter().all(|number| number.parse::<u32>().is_ok())
}
