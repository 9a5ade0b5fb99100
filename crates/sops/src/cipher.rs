//! One encrypted value: `ENC[AES256_GCM,data:…,iv:…,tag:…,type:…]`.

use aes_gcm::{
    AeadInPlace, AesGcm, KeyInit,
    aead::{consts::U32, generic_array::GenericArray},
    aes::Aes256,
};
use base64::{Engine, engine::general_purpose::STANDARD};
use rand::Rng;
use zeroize::Zeroizing;

use crate::value::Value;

const OPENING: &str = "ENC[AES256_GCM,";

/// The key of one file, under which each of its values is encrypted.
pub(crate) struct DataKey(Zeroizing<[u8; 32]>);

/// What was under the encryption of a value.
pub(crate) enum Plain {
    /// A value.
    Value(Value),
    /// A comment; sops leaves them in lists as if they were values.
    Comment,
}

/// Why an encrypted value could not be opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CipherError {
    /// It is not in the form of an encrypted value.
    #[error("not in the form ENC[AES256_GCM,data:…,iv:…,tag:…,type:…]")]
    Form,
    /// It was altered, moved to another key, or encrypted under another data key.
    #[error("it does not open: altered, moved from another key, or of another file")]
    Altered,
    /// What is inside is not of the type that stands outside.
    #[error("what is inside is not of the type that stands outside")]
    Type,
    /// Its type is unknown.
    #[error("its type is unknown")]
    UnknownType,
}

/// Whether a string has the looks of an encrypted value.
pub(crate) fn looks_encrypted(text: &str) -> bool {
    text.starts_with("ENC[")
}

impl DataKey {
    /// A new key.
    pub(crate) fn random() -> Self {
        let mut key = Zeroizing::new([0; 32]);
        rand::rng().fill_bytes(&mut *key);
        Self(key)
    }

    /// The key from its bytes, if they are as many as a key has.
    pub(crate) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        Some(Self(Zeroizing::new(bytes.try_into().ok()?)))
    }

    /// The bytes of the key.
    pub(crate) fn bytes(&self) -> &[u8] {
        &*self.0
    }

    /// Encrypts a leaf, bound to its place. `None` for what is never encrypted: null and the empty string.
    pub(crate) fn encrypt(&self, value: &Value, binding: &str) -> Option<String> {
        let (kind, mut data) = (type_of(value)?, plain_bytes(value)?);
        if data.is_empty() {
            return None;
        }
        let mut nonce = [0; 32];
        rand::rng().fill_bytes(&mut nonce);
        let nonce = GenericArray::from(nonce);
        let tag = self.gcm().encrypt_in_place_detached(&nonce, binding.as_bytes(), &mut data).ok()?;
        let [data, iv, tag] = [&data[..], &nonce[..], &tag[..]].map(|bytes| STANDARD.encode(bytes));
        Some(format!("{OPENING}data:{data},iv:{iv},tag:{tag},type:{kind}]"))
    }

    /// Opens an encrypted value at its place.
    pub(crate) fn decrypt(&self, text: &str, binding: &str) -> Result<Plain, CipherError> {
        let (data, kind) = self.decrypt_bytes(text, binding)?;
        let plain = std::str::from_utf8(&data).map_err(|_| CipherError::Type)?;
        let value = match kind {
            "str" | "bytes" => Value::from(plain),
            "int" => plain.parse().map(Value::Int).map_err(|_| CipherError::Type)?,
            "float" => Value::Float(float(plain).ok_or(CipherError::Type)?),
            "bool" => Value::Bool(truth(plain).ok_or(CipherError::Type)?),
            "time" if crate::time::is_canonical(plain) => Value::Time(plain.into()),
            "time" => return Err(CipherError::Type),
            "comment" => return Ok(Plain::Comment),
            _ => return Err(CipherError::UnknownType),
        };
        Ok(Plain::Value(value))
    }

    fn decrypt_bytes<'a>(&self, text: &'a str, binding: &str) -> Result<(Zeroizing<Vec<u8>>, &'a str), CipherError> {
        let inside = text.strip_prefix(OPENING).and_then(|rest| rest.strip_suffix(']')).ok_or(CipherError::Form)?;
        let mut fields = inside.split(',');
        let mut field = |name| fields.next().and_then(|part| part.strip_prefix(name)).ok_or(CipherError::Form);
        let (data, iv, tag, kind) = (field("data:")?, field("iv:")?, field("tag:")?, field("type:")?);
        if fields.next().is_some() {
            return Err(CipherError::Form);
        }
        let decode = |part: &str| STANDARD.decode(part).map_err(|_| CipherError::Form);
        let (mut data, iv, tag) = (Zeroizing::new(decode(data)?), decode(iv)?, decode(tag)?);
        let (Ok(iv), Ok(tag)) = (<[u8; 32]>::try_from(iv), <[u8; 16]>::try_from(tag)) else {
            return Err(CipherError::Form);
        };
        self.gcm()
            .decrypt_in_place_detached(&iv.into(), binding.as_bytes(), &mut data, &tag.into())
            .map_err(|_| CipherError::Altered)?;
        Ok((data, kind))
    }

    fn gcm(&self) -> AesGcm<Aes256, U32> {
        AesGcm::new(GenericArray::from_slice(&*self.0))
    }
}

/// The bytes of a leaf, as they are encrypted and as they enter the MAC; `None` for what has none.
pub(crate) fn plain_bytes(value: &Value) -> Option<Zeroizing<Vec<u8>>> {
    let bytes = match value {
        Value::Bool(true) => b"True".to_vec(),
        Value::Bool(false) => b"False".to_vec(),
        Value::Int(number) => number.to_string().into_bytes(),
        Value::Float(number) if number.is_infinite() => (if *number > 0.0 { "+Inf" } else { "-Inf" }).into(),
        Value::Float(number) => number.to_string().into_bytes(),
        Value::Text(text) | Value::Time(text) => text.as_str().as_bytes().to_vec(),
        Value::Null | Value::List(_) | Value::Map(_) => return None,
    };
    Some(Zeroizing::new(bytes))
}

fn type_of(value: &Value) -> Option<&'static str> {
    match value {
        Value::Bool(_) => Some("bool"),
        Value::Int(_) => Some("int"),
        Value::Float(_) => Some("float"),
        Value::Text(_) => Some("str"),
        Value::Time(_) => Some("time"),
        Value::Null | Value::List(_) | Value::Map(_) => None,
    }
}

fn float(text: &str) -> Option<f64> {
    match text {
        "+Inf" => Some(f64::INFINITY),
        "-Inf" => Some(f64::NEG_INFINITY),
        "NaN" => Some(f64::NAN),
        digits => digits.parse().ok(),
    }
}

fn truth(text: &str) -> Option<bool> {
    match text {
        "1" | "t" | "T" | "true" | "TRUE" | "True" => Some(true),
        "0" | "f" | "F" | "false" | "FALSE" | "False" => Some(false),
        _ => None,
    }
}
