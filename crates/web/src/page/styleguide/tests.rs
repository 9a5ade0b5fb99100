//! Each component as HTML, compared with a file: a change of a template shows in review as what browsers will get.
//!
//! `FANLIGHT_WRITE=1 cargo test --workspace --lib components` writes them anew.

use std::{collections::BTreeSet, path::PathBuf, time::UNIX_EPOCH};

use fanlight_model::{Persona, UserName};

use super::*;

fn folder() -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "src", "page", "styleguide", "golden"].iter().collect()
}

/// The name of a component's file: its title in small letters.
fn slug(title: &str) -> String {
    let words = title.split(|letter: char| !letter.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    words.map(str::to_lowercase).collect::<Vec<_>>().join("-")
}

/// One tag a line, so that a difference is a line too.
fn lines(html: &str) -> String {
    let broken = html.replace("><", ">\n<");
    broken.lines().map(str::trim).filter(|line| !line.is_empty()).fold(String::new(), |all, line| all + line + "\n")
}

/// All of them: each specimen apart, what the page says for itself as one.
fn components() -> Vec<(String, String)> {
    let frame = Frame::specimen();
    let viewer = Identity::Impersonated(Persona::of(UserName::new("ada@example.com").expect("a name")));
    let now = UNIX_EPOCH + Duration::from_secs(1_795_406_468);
    let mut page = StyleGuide::new(&frame, &viewer, now);
    let specimens = std::mem::take(&mut page.specimens);
    let own = ("words-states-buttons-outcomes".to_owned(), lines(&page.as_content().to_string()));
    specimens.into_iter().map(|(title, html)| (slug(title), lines(&html))).chain([own]).collect()
}

#[test]
fn all_components_are_as_written() {
    let components = components();
    let names: BTreeSet<_> = components.iter().map(|(name, _)| format!("{name}.html")).collect();
    assert_eq!(names.len(), components.len(), "two have the same title");
    let write = std::env::var_os("FANLIGHT_WRITE").is_some();
    if write {
        std::fs::create_dir_all(folder()).expect("a folder");
    }
    for (name, html) in &components {
        let file = folder().join(format!("{name}.html"));
        if write {
            std::fs::write(&file, html).expect("a file");
        }
        let written = std::fs::read_to_string(&file).unwrap_or_default();
        let differs = written.lines().zip(html.lines()).position(|(written, is)| written != is);
        let line = differs.unwrap_or_else(|| written.lines().count().min(html.lines().count())) + 1;
        assert!(written == *html, "{} differs from line {line} on; FANLIGHT_WRITE=1 writes it", file.display());
    }
    let there = std::fs::read_dir(folder()).expect("a folder").flatten();
    let there: BTreeSet<_> = there.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    assert_eq!(there, names, "a file of no component, or a component without a file");
}

#[test]
fn no_component_has_a_style_or_a_handler_of_its_own_or_leads_to_a_script() {
    for (name, html) in components() {
        for word in [" style=", " onclick=", "javascript:", "<script"] {
            assert!(!html.contains(word), "{name}: {word}");
        }
    }
}
