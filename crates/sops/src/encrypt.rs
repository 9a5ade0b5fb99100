use age::{Encryptor, armor::ArmoredWriter, armor::Format as Armour};
use jiff::Timestamp;
use std::io::Write;

use crate::{
    cipher::{DataKey, looks_encrypted},
    error::{EncryptError, ForeignError},
    foreign::Program,
    format::Format,
    header::{self, Group, Header, Wrapped},
    limits,
    mac::Mac,
    path::{Path, Step},
    prompter::Callbacks,
    recipient::Recipient,
    rule::Rule,
    selector::{Selector, Verdict},
    shamir,
    surroundings::Surroundings,
    time,
    value::{Map, Value},
};

/// Bytes of a key: readers take no longer ones where we write them.
const KEY_LENGTH: usize = 256;

/// Which leaves are encrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Selection {
    /// Every one, whatever the rule says; then each is bound to its keys, and none can be added or altered.
    Everything,
    /// Those that the rule says.
    OfRule,
}

/// Encrypts a document for the recipients of a rule, in the form of sops. All is checked before anything is encrypted.
pub fn encrypt(
    tree: &Map,
    rule: &Rule,
    selection: Selection,
    format: Format,
    now: Timestamp,
    surroundings: &Surroundings,
) -> Result<String, EncryptError> {
    surroundings.check_overrides()?;
    let (selector, mac_only_encrypted) = match selection {
        Selection::Everything => (Selector::everything(), false),
        Selection::OfRule => (rule.selector.clone(), rule.mac_only_encrypted),
    };
    if selector.goes_by_comments() {
        return Err(EncryptError::Comments(selector.key()));
    }
    if tree.get(header::KEY).is_some() {
        return Err(unwritable(header::KEY, "the key is taken by sops itself"));
    }
    check_map(tree, &selector, format, &mut Path::default())?;
    let text = if rule.foreign().next().is_some() {
        by_program(tree, rule, &selector, format, surroundings)?
    } else {
        let key = DataKey::random();
        let groups = wrap(&key, rule, &Callbacks(surroundings.prompter.clone()))?;
        let mut header = Header::new(groups, rule.threshold, selector, now);
        header.mac_only_encrypted = mac_only_encrypted;
        let mut sealed = seal(tree, &key, &mut header)?;
        sealed.push(header::KEY.to_owned(), header.to_map().into());
        format.write(&sealed).as_str().to_owned()
    };
    if text.len() > limits::LENGTH {
        return Err(unwritable("the document", "encrypted, it is longer than 1 MiB"));
    }
    Ok(text)
}

/// Encrypts the values and sets the checksum.
fn seal(tree: &Map, key: &DataKey, header: &mut Header) -> Result<Map, EncryptError> {
    let mut sealing =
        Sealing { key, selector: &header.selector, mac: Mac::new(header.mac_only_encrypted), path: Path::default() };
    let sealed = sealing.map(tree)?;
    let mac = Value::from(sealing.mac.finish().as_str());
    header.mac =
        key.encrypt(&mac, &header.last_modified).ok_or_else(|| EncryptError::Cipher("the checksum".to_owned()))?;
    Ok(sealed)
}

struct Sealing<'a> {
    key: &'a DataKey,
    selector: &'a Selector,
    mac: Mac,
    path: Path,
}

impl Sealing<'_> {
    fn map(&mut self, map: &Map) -> Result<Map, EncryptError> {
        let mut sealed = Map::new();
        for (key, value) in map.iter() {
            self.path.push(Step::Key(key.to_owned()));
            sealed.push(key.to_owned(), self.value(value)?);
            self.path.pop();
        }
        Ok(sealed)
    }

    fn value(&mut self, value: &Value) -> Result<Value, EncryptError> {
        match value {
            Value::Map(map) => self.map(map).map(Value::Map),
            Value::List(list) => {
                let mut sealed = Vec::with_capacity(list.len());
                for (place, item) in list.iter().enumerate() {
                    self.path.push(Step::Item(place));
                    sealed.push(self.value(item)?);
                    self.path.pop();
                }
                Ok(Value::List(sealed))
            }
            leaf => {
                let encrypted = self.selector.verdict(&self.path) == Verdict::Encrypted;
                self.mac.add(leaf, encrypted);
                if !encrypted || leaf.is_hollow() {
                    return Ok(leaf.clone());
                }
                let sealed = self.key.encrypt(leaf, &self.path.binding());
                sealed.map(Value::from).ok_or_else(|| EncryptError::Cipher(self.path.to_string()))
            }
        }
    }
}

/// Encrypts the data key to everyone: whole to each recipient, or a share of it to each key group.
fn wrap(key: &DataKey, rule: &Rule, callbacks: &Callbacks) -> Result<Vec<Group>, EncryptError> {
    let shares = match u8::try_from(rule.groups.len()) {
        Ok(groups @ 2..) => shamir::split(key.bytes(), groups, u8::try_from(rule.threshold).unwrap_or(groups)),
        _ => vec![key.bytes().to_vec().into()],
    };
    let group = |(group, share): (&crate::rule::RuleGroup, &shamir::Share)| {
        let wrapped = group.age.iter().map(|recipient| {
            let armour = wrap_to(recipient, share, callbacks)
                .map_err(|reason| EncryptError::Recipient { recipient: recipient.to_string(), reason })?;
            Ok(Wrapped { recipient: recipient.clone(), armour })
        });
        Ok(Group { age: wrapped.collect::<Result<_, EncryptError>>()?, foreign: Vec::new() })
    };
    rule.groups.iter().zip(&shares).map(group).collect()
}

fn wrap_to(recipient: &Recipient, share: &[u8], callbacks: &Callbacks) -> Result<String, String> {
    let wrapper =
        recipient.wrapper(callbacks.clone()).ok_or("only sops itself can")?.map_err(|error| error.to_string())?;
    let encryptor = Encryptor::with_recipients(std::iter::once(&*wrapper)).map_err(|error| error.to_string())?;
    let mut armour = Vec::new();
    let write = || -> std::io::Result<()> {
        let mut writer = encryptor.wrap_output(ArmoredWriter::wrap_output(&mut armour, Armour::AsciiArmor)?)?;
        writer.write_all(share)?;
        writer.finish()?.finish()?;
        Ok(())
    };
    write().map_err(|error| error.to_string())?;
    // Lines end here as they do there, whatever the machine.
    String::from_utf8(armour).map(|text| text.replace('\r', "")).map_err(|error| error.to_string())
}

fn by_program(
    tree: &Map,
    rule: &Rule,
    selector: &Selector,
    format: Format,
    surroundings: &Surroundings,
) -> Result<String, EncryptError> {
    let foreign = |error| EncryptError::Foreign { kinds: rule.foreign().collect::<Vec<_>>().join(", "), error };
    let program = Program::find(surroundings).ok_or_else(|| foreign(ForeignError::NotInstalled))?;
    program.encrypt(tree, rule, selector, format).map_err(foreign)
}

fn check_map(map: &Map, selector: &Selector, format: Format, path: &mut Path) -> Result<(), EncryptError> {
    for (key, value) in map.iter() {
        path.push(Step::Key(key.to_owned()));
        if key.len() > KEY_LENGTH {
            return Err(unwritable(
                &format!("{}…", key.chars().take(20).collect::<String>()),
                "the key is longer than 256 bytes",
            ));
        }
        check(value, selector, format, path)?;
        path.pop();
    }
    Ok(())
}

fn check(value: &Value, selector: &Selector, format: Format, path: &mut Path) -> Result<(), EncryptError> {
    if path.steps().len() > limits::DEPTH {
        return Err(unwritable("the document", "it is nested more than 64 levels deep"));
    }
    let encrypted = selector.verdict(path) == Verdict::Encrypted;
    let wrong = match value {
        Value::Map(map) => return check_map(map, selector, format, path),
        Value::List(list) => {
            for (place, item) in list.iter().enumerate() {
                path.push(Step::Item(place));
                check(item, selector, format, path)?;
                path.pop();
            }
            return Ok(());
        }
        Value::Text(text) if !encrypted && looks_encrypted(text.as_str()) => "it stays in clear and looks encrypted",
        Value::Time(time) if !time::is_canonical(time.as_str()) => "it is not a time as sops spells it",
        leaf if !format.carries(leaf) => "a number that is not finite cannot stand in JSON",
        _ => return Ok(()),
    };
    Err(unwritable(&path.to_string(), wrong))
}

fn unwritable(place: &str, what: &'static str) -> EncryptError {
    EncryptError::Unwritable { place: place.to_owned(), what }
}
