//! The licences of everything inside an image, as one text.

use std::{collections::BTreeMap, fmt::Write, path::Path};

use anyhow::Context;

use crate::parts::Part;

/// How the names of files begin that say under which terms a crate may be passed on.
const NAMES: [&str; 5] = ["licen", "copying", "notice", "copyright", "unlicense"];

/// Each text once, after the names of the crates that come with it; then the crates that come with none, which name their
/// licence only.
pub(crate) fn text(parts: &[Part]) -> anyhow::Result<String> {
    let mut texts: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut without = Vec::new();
    for part in parts.iter().filter(|part| part.from_registry) {
        let licence = part.licence.as_deref().unwrap_or("no licence named");
        let title = format!("{} {} ({licence})", part.name, part.version);
        let found = texts_in(&part.folder).with_context(|| format!("the licence of {}", part.name))?;
        if found.is_empty() {
            without.push(title.clone());
        }
        for text in found {
            texts.entry(text).or_default().push(title.clone());
        }
    }
    let mut all = String::from("Fanlight is built on the crates below, each under its own terms.\n");
    let mut texts: Vec<_> = texts.into_iter().map(|(text, titles)| (titles, text)).collect();
    texts.sort_unstable();
    for (titles, text) in texts {
        let _ = write!(all, "\n{}\n{}\n\n{}\n", "=".repeat(80), titles.join("\n"), text.trim_end());
    }
    if !without.is_empty() {
        let _ =
            write!(all, "\n{}\nThese come without a text of their licence:\n{}\n", "=".repeat(80), without.join("\n"));
    }
    Ok(all)
}

fn texts_in(folder: &Path) -> anyhow::Result<Vec<String>> {
    let mut texts = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().to_lowercase();
        if entry.file_type()?.is_file() && NAMES.iter().any(|start| name.starts_with(start)) {
            texts.push(String::from_utf8_lossy(&std::fs::read(entry.path())?).into_owned());
        }
    }
    texts.sort_unstable();
    texts.dedup();
    Ok(texts)
}
