//! Files stay short enough to be read in one go.

use std::path::Path;

use anyhow::bail;

use crate::progress::{root, say};

const AIM: usize = 400;
const LIMIT: usize = 600;

pub(crate) fn check() -> anyhow::Result<()> {
    let mut files = Vec::new();
    for folder in ["crates", "xtask"] {
        collect(&root().join(folder), &mut files)?;
    }
    files.sort_unstable_by(|a, b| b.cmp(a));
    for (lines, file) in files.iter().filter(|(lines, _)| *lines > AIM) {
        say(&format!("{lines} lines: {file}"));
    }
    if files.first().is_some_and(|(lines, _)| *lines > LIMIT) {
        bail!("a file has more than {LIMIT} lines");
    }
    Ok(())
}

fn collect(folder: &Path, files: &mut Vec<(usize, String)>) -> anyhow::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, files)?;
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let name = path.strip_prefix(root()).unwrap_or(&path).display().to_string();
            files.push((std::fs::read_to_string(&path)?.lines().count(), name));
        }
    }
    Ok(())
}
