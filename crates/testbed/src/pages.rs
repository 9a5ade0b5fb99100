//! What the documentation tells people to type.

use std::{collections::BTreeMap, path::Path};

use anyhow::Context;
use serde_json::Value;

use crate::yaml;

/// What is indented together on a page.
#[derive(Debug, Clone, PartialEq)]
pub struct Block {
    /// Where it begins, for people: `docs/install.md:26`.
    pub place: String,
    /// Its lines, without the page's indentation.
    pub text: String,
    /// What it is.
    pub kind: BlockKind,
}

/// What a block of a page is.
#[derive(Debug, Clone, PartialEq)]
pub enum BlockKind {
    /// Commands for a shell.
    Commands,
    /// A map or a list.
    Yaml(Value),
    /// What somebody sees, or a part of another language.
    Other,
}

/// The first words of commands.
const PROGRAMS: [&str; 9] =
    ["fanlight", "fanlight-server", "helm", "kubectl", "curl", "printf", "cargo", "git", "openssl"];

/// The blocks of every page, by the page's place in the repository, in the order in which they stand there.
pub fn pages(repository: &Path) -> anyhow::Result<BTreeMap<String, Vec<Block>>> {
    let mut places = vec!["README.md".to_owned()];
    gather(repository, "docs", &mut places)?;
    let mut pages = BTreeMap::new();
    for page in places {
        let text = std::fs::read_to_string(repository.join(&page)).with_context(|| page.clone())?;
        let found = blocks(&page, &text);
        pages.insert(page, found);
    }
    Ok(pages)
}

fn gather(repository: &Path, folder: &str, places: &mut Vec<String>) -> anyhow::Result<()> {
    for entry in std::fs::read_dir(repository.join(folder)).with_context(|| folder.to_owned())? {
        let entry = entry?;
        let place = format!("{folder}/{}", entry.file_name().to_string_lossy());
        if entry.file_type()?.is_dir() {
            gather(repository, &place, places)?;
        } else if Path::new(&place).extension().is_some_and(|end| end == "md") {
            places.push(place);
        }
    }
    Ok(())
}

fn blocks(page: &str, text: &str) -> Vec<Block> {
    let mut blocks: Vec<(usize, Vec<&str>)> = Vec::new();
    let mut is_open = false;
    for (at, line) in text.lines().enumerate() {
        let belongs = line.starts_with("    ");
        if belongs && !is_open {
            blocks.push((at + 1, Vec::new()));
        }
        if let Some((_, lines)) = blocks.last_mut().filter(|_| belongs) {
            lines.push(line);
        }
        is_open = belongs;
    }
    blocks.into_iter().map(|(at, lines)| Block::of(format!("{page}:{at}"), &lines)).collect()
}

impl Block {
    fn of(place: String, lines: &[&str]) -> Self {
        let depth = lines.iter().map(|line| line.len() - line.trim_start().len()).min().unwrap_or_default();
        let mut text = String::new();
        for line in lines {
            text.push_str(line.get(depth..).unwrap_or_default());
            text.push('\n');
        }
        let first = text.split_whitespace().next().unwrap_or_default();
        let sets = first.split_once("=$(").is_some_and(|(name, _)| name.bytes().all(|byte| byte.is_ascii_uppercase()));
        let kind = if sets || PROGRAMS.contains(&first) {
            BlockKind::Commands
        } else {
            let whole = yaml::documents(&text).ok().filter(|all| all.len() == 1).and_then(|mut all| all.pop());
            whole.filter(|value| value.is_object() || value.is_array()).map_or(BlockKind::Other, BlockKind::Yaml)
        };
        Self { place, text, kind }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_are_told_apart_by_what_they_begin_with() {
        let text = "1. Do it:\n\n       HASH=$(fanlight get bcrypt-hash)\n       helm list \\\n         --all\n\n   then\n\n    a: {b: 1}\n\n    ✔ ok\n";
        let blocks = blocks("docs/a.md", text);
        let places: Vec<_> = blocks.iter().map(|block| block.place.as_str()).collect();
        assert_eq!(places, ["docs/a.md:3", "docs/a.md:9", "docs/a.md:11"]);
        assert_eq!(blocks[0].text, "HASH=$(fanlight get bcrypt-hash)\nhelm list \\\n  --all\n");
        assert_eq!(blocks[0].kind, BlockKind::Commands);
        assert_eq!(blocks[1].kind, BlockKind::Yaml(serde_json::json!({"a": {"b": 1}})));
        assert_eq!(blocks[2].kind, BlockKind::Other);
    }

    /// The name by which a heading is linked to.
    fn anchor(heading: &str) -> String {
        let plain = heading.trim_start_matches('#').trim().to_lowercase();
        let kept = plain.chars().filter(|letter| letter.is_alphanumeric() || matches!(letter, ' ' | '-' | '_'));
        kept.map(|letter| if letter == ' ' { '-' } else { letter }).collect()
    }

    #[test]
    fn every_link_of_the_documentation_leads_somewhere() {
        let repository = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let mut tried = 0;
        for page in pages(&repository).expect("the pages").into_keys() {
            let text = std::fs::read_to_string(repository.join(&page)).expect("a page");
            let links = text.split("](").skip(1).filter_map(|rest| rest.split([')', ' ']).next());
            for link in links.filter(|link| !link.starts_with("http")) {
                let (place, heading) = link.split_once('#').unwrap_or((link, ""));
                let folder = repository.join(&page).parent().map(Path::to_path_buf).unwrap_or_default();
                let target = if place.is_empty() { repository.join(&page) } else { folder.join(place) };
                assert!(target.exists(), "{page}: {link} leads nowhere");
                if !heading.is_empty() {
                    let target = std::fs::read_to_string(target).expect("a page");
                    let mut headings = target.lines().filter(|line| line.starts_with('#'));
                    assert!(headings.any(|line| anchor(line) == heading), "{page}: there is no heading {link}");
                }
                tried += 1;
            }
        }
        assert!(tried > 50, "only {tried} links were found");
    }
}
