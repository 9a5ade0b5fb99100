//! What Helm writes of a release, read as it is unpacked: the files of its chart may be many times as long as its manifest,
//! and are not kept.

use std::{
    cell::Cell,
    fmt,
    io::{self, BufReader, Read},
};

use serde::de::{Deserializer as _, IgnoredAny, MapAccess, Visitor};
use zeroize::Zeroizing;

/// The longest manifest that is looked at, and the longest name of anything beside it.
pub(super) const MANIFEST: usize = 4 << 20;
const NAME: usize = 4 << 10;
/// How much is unpacked at most: packed, no release is longer than a Secret may be.
const WHOLE: usize = 32 << 20;

/// The manifest of a release; none if it cannot be understood, or if there is too much of it.
pub(super) fn manifest(unpacked: impl Read) -> Option<Zeroizing<String>> {
    let left = Cell::new(WHOLE);
    let bounded = Bounded { from: BufReader::new(unpacked), left: &left };
    serde_json::Deserializer::from_reader(bounded).deserialize_map(Manifest(&left)).ok()
}

/// Something to read that ends when nothing is left.
struct Bounded<'a, R> {
    from: R,
    left: &'a Cell<usize>,
}

impl<R: Read> Read for Bounded<'_, R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let most = into.len().min(self.left.get());
        let came = self.from.read(&mut into[..most])?;
        self.left.set(self.left.get() - came);
        Ok(came)
    }
}

/// Takes the manifest out of a release; with how much may still be read.
struct Manifest<'a>(&'a Cell<usize>);

impl Manifest<'_> {
    /// Reads no more than so much at once.
    fn within<T>(&self, most: usize, read: impl FnOnce() -> T) -> T {
        let spare = self.0.get().saturating_sub(most);
        self.0.set(self.0.get() - spare);
        let came = read();
        self.0.set(self.0.get() + spare);
        came
    }
}

impl<'de> Visitor<'de> for Manifest<'_> {
    type Value = Zeroizing<String>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a release")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut release: A) -> Result<Self::Value, A::Error> {
        let mut manifest = Zeroizing::new(String::new());
        while let Some(name) = self.within(NAME, || release.next_key::<String>())? {
            if name == "manifest" {
                manifest = Zeroizing::new(self.within(MANIFEST, || release.next_value())?);
            } else {
                release.next_value::<IgnoredAny>()?;
            }
        }
        Ok(manifest)
    }
}
