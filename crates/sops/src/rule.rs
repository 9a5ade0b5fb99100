use crate::{
    error::RuleError,
    limits::RECIPIENTS,
    recipient::Recipient,
    selector::Selector,
    value::{Map, Value},
};

/// Keys that only sops itself can use, as a rule calls them directly and in its key groups.
const FOREIGN: [&str; 7] = ["kms", "gcp_kms", "hckms", "azure_keyvault", "hc_vault_transit_uri", "hc_vault", "pgp"];

/// How deep key groups may be merged into one another.
const MERGES: usize = 8;

/// Whom a file is for, by the creation rule of a policy.
#[derive(Clone, Debug)]
pub struct Rule {
    pub(crate) groups: Vec<RuleGroup>,
    pub(crate) threshold: usize,
    pub(crate) selector: Selector,
    pub(crate) mac_only_encrypted: bool,
    /// The rule as it is written, for sops itself.
    pub(crate) written: Map,
}

/// Keys of which one is enough.
#[derive(Clone, Debug, Default)]
pub(crate) struct RuleGroup {
    pub(crate) age: Vec<Recipient>,
    pub(crate) foreign: Vec<&'static str>,
}

impl Rule {
    /// All recipients of age, over all key groups; to be compared with those of a file.
    pub fn recipients(&self) -> impl Iterator<Item = &Recipient> {
        self.groups.iter().flat_map(|group| &group.age)
    }

    /// The kinds of its keys for which an installed sops is needed, such as `pgp`, `kms` or `age1pq1…`.
    pub fn foreign(&self) -> impl Iterator<Item = &'static str> {
        let unknown = self.recipients().filter(|recipient| recipient.is_foreign()).map(|_| "age1pq1…");
        self.groups.iter().flat_map(|group| &group.foreign).copied().chain(unknown)
    }

    /// How many key groups there are, and how many of them must come together.
    pub fn key_groups(&self) -> (usize, usize) {
        (self.groups.len(), self.threshold)
    }

    /// What is encrypted by this rule, for who goes by it.
    pub fn selector(&self) -> &Selector {
        &self.selector
    }

    /// Reads a creation rule.
    pub(crate) fn of(written: &Map) -> Result<Self, RuleError> {
        let groups: Vec<RuleGroup> = match list(written, "key_groups")? {
            [] => vec![RuleGroup::direct(written)?],
            groups => groups.iter().map(|group| RuleGroup::merged(group, 0)).collect::<Result<_, _>>()?,
        };
        if let Some(empty) = groups.iter().position(|group| group.len() == 0) {
            return Err(if groups.len() == 1 { RuleError::NoRecipients } else { RuleError::EmptyGroup(empty + 1) });
        }
        if groups.iter().map(RuleGroup::len).sum::<usize>() > RECIPIENTS || groups.len() > RECIPIENTS - 1 {
            return Err(RuleError::TooManyRecipients);
        }
        let mac_only_encrypted = match written.get("mac_only_encrypted") {
            None | Some(Value::Null) => false,
            Some(Value::Bool(truth)) => *truth,
            Some(_) => return Err(wrong("mac_only_encrypted", "a truth value")),
        };
        Ok(Self {
            threshold: threshold(written, groups.len())?,
            groups,
            selector: Selector::of(written)?.unwrap_or_else(Selector::default_suffix),
            mac_only_encrypted,
            written: written.clone(),
        })
    }
}

impl RuleGroup {
    fn direct(rule: &Map) -> Result<Self, RuleError> {
        let mut group = Self::default();
        group.add(rule)?;
        Ok(group)
    }

    fn merged(value: &Value, depth: usize) -> Result<Self, RuleError> {
        let written =
            value.as_map().filter(|_| depth < MERGES).ok_or_else(|| wrong("key_groups", "a list of mappings"))?;
        let mut group = Self::default();
        for other in list(written, "merge")? {
            let other = Self::merged(other, depth + 1)?;
            group.age.extend(other.age);
            group.foreign.extend(other.foreign);
        }
        group.add(written)?;
        Ok(group)
    }

    fn add(&mut self, written: &Map) -> Result<(), RuleError> {
        for text in texts(written, "age")? {
            let recipient = text.parse()?;
            if !self.age.contains(&recipient) {
                self.age.push(recipient);
            }
        }
        for kind in FOREIGN {
            let many = match written.get(kind) {
                Some(Value::List(list)) => list.len(),
                Some(Value::Text(text)) => names(text.as_str()).count(),
                _ => 0,
            };
            self.foreign.extend(std::iter::repeat_n(kind, many));
        }
        Ok(())
    }

    fn len(&self) -> usize {
        self.age.len() + self.foreign.len()
    }
}

fn threshold(rule: &Map, groups: usize) -> Result<usize, RuleError> {
    let threshold = match rule.get("shamir_threshold") {
        None | Some(Value::Null) => 0,
        Some(Value::Int(number)) => *number,
        Some(_) => return Err(wrong("shamir_threshold", "a whole number")),
    };
    match usize::try_from(threshold) {
        // With one group there is nothing to bring together.
        Ok(_) if groups == 1 => Ok(1),
        Ok(0) => Ok(groups),
        Ok(number) if (2..=groups).contains(&number) => Ok(number),
        _ => Err(RuleError::Threshold { threshold, groups }),
    }
}

/// A list, or nothing.
fn list<'a>(map: &'a Map, field: &str) -> Result<&'a [Value], RuleError> {
    match map.get(field) {
        None | Some(Value::Null) => Ok(&[]),
        Some(Value::List(list)) => Ok(list),
        Some(_) => Err(wrong(field, "a list")),
    }
}

/// A list of strings, or one string with commas, or strings with commas in a list.
fn texts<'a>(map: &'a Map, field: &str) -> Result<Vec<&'a str>, RuleError> {
    let wrong = || wrong(field, "a string or a list of strings");
    match map.get(field) {
        None | Some(Value::Null) => Ok(Vec::new()),
        Some(Value::Text(text)) => Ok(names(text.as_str()).collect()),
        Some(Value::List(list)) => {
            let texts: Option<Vec<&str>> = list.iter().map(Value::as_text).collect();
            Ok(texts.ok_or_else(wrong)?.into_iter().flat_map(names).collect())
        }
        Some(_) => Err(wrong()),
    }
}

fn names(text: &str) -> impl Iterator<Item = &str> {
    text.split(',').map(str::trim).filter(|name| !name.is_empty())
}

fn wrong(field: &str, wanted: &'static str) -> RuleError {
    RuleError::Type { field: field.to_owned(), wanted }
}
