//! The shared libraries that a program needs, and the loader.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, bail};

/// Where the machine has each; the image has them in the same places. Asked of the loader itself, which knows.
pub(crate) fn of(program: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let output = Command::new("ldd").arg(program).output().context("cannot start ldd")?;
    if !output.status.success() {
        bail!("ldd {}: {}", program.display(), String::from_utf8_lossy(&output.stderr).trim());
    }
    read(&String::from_utf8_lossy(&output.stdout))
}

fn read(text: &str) -> anyhow::Result<Vec<PathBuf>> {
    let mut libraries = Vec::new();
    for line in text.lines().map(str::trim) {
        let (name, place) = line.split_once(" => ").unwrap_or((line, line));
        let place = place.split(" (").next().unwrap_or_default().trim();
        if place.starts_with('/') {
            libraries.push(PathBuf::from(place));
        } else if place == "not found" {
            bail!("the library {name} is not on this machine");
        }
        // Else it is the kernel's own (linux-vdso), which is no file.
    }
    if libraries.is_empty() {
        bail!("it names no library at all: is it built for this machine?");
    }
    Ok(libraries)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_loader_and_all_libraries_are_found_and_a_missing_one_is_named() {
        let text = "\tlinux-vdso.so.1 (0x00007ffd)\n\tlibc.so.6 => /lib/x86_64-linux-gnu/libc.so.6 (0x00007f2d)\n\t/lib64/ld-linux-x86-64.so.2 (0x00007f2e)\n";
        let found = read(text).expect("libraries");
        assert_eq!(found, ["/lib/x86_64-linux-gnu/libc.so.6", "/lib64/ld-linux-x86-64.so.2"].map(PathBuf::from));
        let error = read("\tlibz.so.1 => not found\n").expect_err("a missing one").to_string();
        assert!(error.contains("libz.so.1"), "{error}");
        assert!(read("\tstatically linked\n").is_err());
    }
}
