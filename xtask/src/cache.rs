//! Where built tools live: a folder per user, shared by all clones.

use std::{
    hash::{DefaultHasher, Hash, Hasher},
    path::{Path, PathBuf},
};

use anyhow::Context;
use etcetera::BaseStrategy;

/// The folder for one recipe: another recipe (sources, flags, versions) gets another folder.
pub(crate) fn folder(name: &str, recipe: &[&[u8]]) -> anyhow::Result<PathBuf> {
    let base = etcetera::choose_base_strategy().context("no home directory")?;
    let mut hasher = DefaultHasher::new();
    recipe.hash(&mut hasher);
    Ok(base.cache_dir().join("fanlight/tools").join(format!("{name}-{:016x}", hasher.finish())))
}

/// Fills `folder` by `make` unless that was done before; two makers at once do it once, and a killed one leaves nothing
/// that looks finished.
pub(crate) fn fill(folder: &Path, make: impl FnOnce(&Path) -> anyhow::Result<()>) -> anyhow::Result<()> {
    if folder.exists() {
        return Ok(());
    }
    let parent = folder.parent().context("a cache folder has a parent")?;
    std::fs::create_dir_all(parent)?;
    let lock = std::fs::File::create(folder.with_extension("lock"))?;
    lock.lock().context("cannot lock the cache")?;
    if folder.exists() {
        return Ok(());
    }
    let draft = folder.with_extension("draft");
    if draft.exists() {
        std::fs::remove_dir_all(&draft)?;
    }
    std::fs::create_dir_all(&draft)?;
    make(&draft)?;
    std::fs::rename(&draft, folder)?;
    Ok(())
}
