use crate::{
    cipher::{CipherError, DataKey, Plain, looks_encrypted},
    error::{DecryptError, ForeignError},
    format::Format,
    header::Header,
    identities::Identities,
    mac::Mac,
    path::{Path, Step},
    selector::Verdict,
    shamir,
    value::{Map, Value},
};

/// A file that was opened and whose checksum fits.
///
/// The checksum covers the values in their order, one behind the other, and neither keys nor where one value ends. What
/// is encrypted is bound to the keys on its way, not to positions in lists. So whoever can write the file, without any
/// key, can move the border between two neighbours in clear, rename or invent keys for what is in clear or empty, and
/// part or join the items of a list. `clear` names what is not bound; who reads a file for its meaning must moreover
/// refuse keys that he does not know and require those that he needs.
#[derive(Debug)]
pub struct Opened {
    /// The document, without the part of sops and without comments.
    pub tree: Map,
    /// What stood in clear or was empty.
    pub clear: Vec<Path>,
    /// What the file says of itself.
    pub header: Header,
}

/// Opens a file with the keys at hand, or by an installed sops where only that can.
pub fn decrypt(text: &str, format: Format, identities: &Identities) -> Result<Opened, DecryptError> {
    let (sealed, header) = Header::split(format.read(text)?)?;
    let mut complaints = Vec::new();
    match data_key(&header, identities, &mut complaints)? {
        Some(key) => open(sealed, header, &key),
        None => by_program(text, format, &sealed, header, identities, &complaints),
    }
}

/// Brings the data key together; `None` if too few groups open.
fn data_key(
    header: &Header,
    identities: &Identities,
    complaints: &mut Vec<String>,
) -> Result<Option<DataKey>, DecryptError> {
    let mut shares = Vec::new();
    for group in &header.groups {
        shares.extend(identities.open(group, complaints)?);
        if shares.len() == header.threshold {
            let key = if header.groups.len() == 1 { shares.pop() } else { shamir::combine(&shares) };
            let key = key.and_then(|key| DataKey::from_bytes(&key));
            return key.map(Some).ok_or(DecryptError::DataKey);
        }
    }
    Ok(None)
}

fn open(sealed: Map, header: Header, key: &DataKey) -> Result<Opened, DecryptError> {
    let mac = Mac::new(header.mac_only_encrypted);
    let mut opening = Opening { key, header: &header, mac, path: Path::default(), clear: Vec::new() };
    let tree = opening.map(sealed)?;
    let (computed, clear) = (opening.mac, opening.clear);
    match key.decrypt(&header.mac, &header.last_modified).map_err(DecryptError::Mac)? {
        Plain::Value(Value::Text(mac)) if computed.is(mac.as_str()) => Ok(Opened { tree, clear, header }),
        _ => Err(DecryptError::MacMismatch),
    }
}

struct Opening<'a> {
    key: &'a DataKey,
    header: &'a Header,
    mac: Mac,
    path: Path,
    clear: Vec<Path>,
}

impl Opening<'_> {
    fn map(&mut self, sealed: Map) -> Result<Map, DecryptError> {
        let mut map = Map::new();
        for (key, value) in sealed {
            self.path.push(Step::Key(key.clone()));
            match self.value(value)? {
                Plain::Value(value) => map.push(key, value),
                // A comment has no key; somebody gave it one.
                Plain::Comment => return Err(self.wrong(CipherError::Type)),
            }
            self.path.pop();
        }
        Ok(map)
    }

    fn value(&mut self, sealed: Value) -> Result<Plain, DecryptError> {
        match sealed {
            Value::Map(map) if !map.is_empty() => Ok(Plain::Value(self.map(map)?.into())),
            Value::List(list) if !list.is_empty() => {
                let mut open = Vec::with_capacity(list.len());
                for (place, item) in list.into_iter().enumerate() {
                    self.path.push(Step::Item(place));
                    // Comments of an encrypted list stand in it as if they were items.
                    if let Plain::Value(value) = self.value(item)? {
                        open.push(value);
                    }
                    self.path.pop();
                }
                Ok(Plain::Value(open.into()))
            }
            leaf => self.leaf(leaf),
        }
    }

    fn leaf(&mut self, leaf: Value) -> Result<Plain, DecryptError> {
        if leaf.is_hollow() {
            self.clear.push(self.path.clone());
            return Ok(Plain::Value(leaf));
        }
        let sealed = leaf.as_text().filter(|text| looks_encrypted(text));
        match (self.header.selector.verdict(&self.path), sealed) {
            (Verdict::Encrypted | Verdict::Unknown, Some(text)) => {
                let plain = self.key.decrypt(text, &self.path.binding()).map_err(|error| self.wrong(error))?;
                if let Plain::Value(value) = &plain {
                    self.mac.add(value, true);
                }
                Ok(plain)
            }
            (Verdict::Clear | Verdict::Unknown, None) => {
                self.mac.add(&leaf, false);
                self.clear.push(self.path.clone());
                Ok(Plain::Value(leaf))
            }
            (Verdict::Encrypted, None) => {
                Err(DecryptError::InClear { place: self.path.to_string(), selector: self.rule() })
            }
            (Verdict::Clear, Some(_)) => {
                Err(DecryptError::NotInClear { place: self.path.to_string(), selector: self.rule() })
            }
        }
    }

    fn rule(&self) -> String {
        self.header.selector.to_string()
    }

    fn wrong(&self, error: CipherError) -> DecryptError {
        DecryptError::Value { place: self.path.to_string(), error }
    }
}

fn by_program(
    text: &str,
    format: Format,
    sealed: &Map,
    header: Header,
    identities: &Identities,
    complaints: &[String],
) -> Result<Opened, DecryptError> {
    let tried = identities.account(complaints);
    let kinds = header.kinds_for_program();
    if kinds.is_empty() {
        let recipients: Vec<String> = header.recipients().map(ToString::to_string).collect();
        return Err(DecryptError::NoKey { recipients: recipients.join(", "), tried });
    }
    let foreign = |error| DecryptError::Foreign { kinds: kinds.join(", "), error, tried: tried.clone() };
    let program = identities.program.as_ref().ok_or_else(|| foreign(ForeignError::NotInstalled))?;
    let tree = program.decrypt(text, format).map_err(foreign)?;
    let mut clear = Vec::new();
    sealed.each_leaf(&mut Path::default(), &mut |path, leaf| {
        if !leaf.as_text().is_some_and(looks_encrypted) {
            clear.push(path.clone());
        }
    });
    Ok(Opened { tree, clear, header })
}
