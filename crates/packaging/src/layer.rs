//! The one layer of an image: a tar archive, compressed.

use std::collections::BTreeSet;

use anyhow::Context;
use base16ct::lower;
use flate2::{Compression, GzBuilder, write::GzEncoder};
use sha2::{Digest, Sha256};
use tar::{Builder, EntryType, Header};

use crate::contents::Contents;

/// A layer as it is passed on.
pub(crate) struct Layer {
    /// The archive, compressed by gzip.
    pub(crate) bytes: Vec<u8>,
    /// The SHA-256 of the archive before it was compressed, in hexadecimal.
    pub(crate) plain: String,
}

/// Packs `contents`; all files belong to root and are as old as `born` says.
pub(crate) fn write(contents: &Contents, born: i64) -> anyhow::Result<Layer> {
    let born = u64::try_from(born).context("files cannot be older than 1970")?;
    let mut archive = Builder::new(Vec::new());
    for folder in folders(contents) {
        append(&mut archive, EntryType::Directory, &format!("{folder}/"), &[], 0o755, born)?;
    }
    for (place, file) in &contents.0 {
        let mode = if file.is_program { 0o755 } else { 0o644 };
        append(&mut archive, EntryType::Regular, place, &file.bytes, mode, born)?;
    }
    let archive = archive.into_inner().context("the archive")?;
    let plain = lower::encode_string(&Sha256::digest(&archive));
    // No name and no time in the header: both would make each run differ.
    let mut packed: GzEncoder<Vec<u8>> = GzBuilder::new().write(Vec::new(), Compression::best());
    std::io::Write::write_all(&mut packed, &archive)?;
    Ok(Layer { bytes: packed.finish()?, plain })
}

/// All folders, each after the one it is in.
fn folders(contents: &Contents) -> BTreeSet<String> {
    let mut folders = BTreeSet::from(["tmp".to_owned()]);
    for place in contents.0.keys() {
        folders.extend(place.match_indices('/').filter_map(|(at, _)| place.get(..at)).map(ToOwned::to_owned));
    }
    folders
}

fn append(
    archive: &mut Builder<Vec<u8>>,
    entry: EntryType,
    place: &str,
    bytes: &[u8],
    mode: u32,
    born: u64,
) -> anyhow::Result<()> {
    let mut header = Header::new_ustar();
    header.set_entry_type(entry);
    header.set_size(bytes.len().try_into()?);
    header.set_mode(mode);
    header.set_uid(0);
    header.set_gid(0);
    header.set_mtime(born);
    archive.append_data(&mut header, place, bytes).with_context(|| format!("cannot pack {place}"))
}
