use std::{
    fs,
    io::ErrorKind,
    path::{Path, PathBuf},
};

use super::{SessionError, processes};

/// A file with a token in plain text that kube-dc has left behind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KubeDcFile {
    /// Where.
    pub path: PathBuf,
    /// The process that still uses it, because of which it was left there.
    pub used_by: Option<i32>,
}

/// How deep clusters lie in a fleet: `clusters/<group>/<name>`.
const DEPTH: usize = 2;
/// What a file contains whose values are sealed.
const SEALED: &str = "ENC[AES256_GCM,";

/// Removes kubeconfigs of killed sessions of kube-dc, and drafts of sealed files that were never sealed, unless a process
/// still uses them.
pub(super) fn sweep(home: &Path, fleet: Option<&Path>) -> Result<Vec<KubeDcFile>, SessionError> {
    let mut files = kubeconfigs(&home.join(".kube-dc/break-glass"));
    let processes = working();
    let drafts = fleet.map(|fleet| drafts(&fleet.join("clusters"), DEPTH)).unwrap_or_default();
    files.extend(drafts.into_iter().map(|path| KubeDcFile { used_by: sealer(&path, &processes), path }));
    for file in files.iter().filter(|file| file.used_by.is_none()) {
        match fs::remove_file(&file.path) {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                return Err(SessionError::file("remove", &file.path)(error));
            }
            _ => {}
        }
    }
    Ok(files)
}

fn kubeconfigs(directory: &Path) -> Vec<KubeDcFile> {
    let settings: Vec<(i32, Vec<u8>)> = processes::all()
        .iter()
        .filter_map(|process| Some((process.pid, processes::variable(process.pid, "KUBECONFIG")?)))
        .collect();
    let user = |path: &Path| {
        let path = path.as_os_str().as_encoded_bytes();
        let names_it = |value: &[u8]| value.split(|byte| *byte == b':').any(|part| part == path);
        settings.iter().find(|(_, value)| names_it(value)).map(|(pid, _)| *pid)
    };
    let named = |name: &str| name.starts_with("kubeconfig-") && has_ending(name, ".yaml");
    files(directory, named).into_iter().map(|path| KubeDcFile { used_by: user(&path), path }).collect()
}

/// Drafts below `directory`: they are called as if they were sealed.
fn drafts(directory: &Path, depth: usize) -> Vec<PathBuf> {
    let named = |name: &str| name.starts_with("bg-encrypt-") && has_ending(name, ".break-glass-kubeconfig.enc.yaml");
    let mut found = files(directory, named);
    found.retain(|path| fs::read_to_string(path).is_ok_and(|text| !text.contains(SEALED)));
    if depth > 0 {
        let entries = fs::read_dir(directory).into_iter().flatten().flatten();
        let directories = entries.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()));
        found.extend(directories.flat_map(|entry| drafts(&entry.path(), depth - 1)));
    }
    found
}

fn has_ending(name: &str, ending: &str) -> bool {
    name.ends_with(ending)
}

/// The files of a directory that are called so; no links.
fn files(directory: &Path, named: impl Fn(&str) -> bool) -> Vec<PathBuf> {
    let entries = fs::read_dir(directory).into_iter().flatten().flatten();
    let wanted = entries.filter(|entry| {
        entry.file_type().is_ok_and(|kind| kind.is_file()) && entry.file_name().to_str().is_some_and(&named)
    });
    wanted.map(|entry| entry.path()).collect()
}

/// A process and the words that it was started with.
type Working = (i32, Vec<Vec<u8>>);

fn working() -> Vec<Working> {
    let alive = processes::all().into_iter().filter(|process| !process.is_zombie).map(|process| process.pid);
    alive.map(|pid| (pid, processes::words(pid))).collect()
}

/// Who is about to seal a draft: a sops to which it was given, or a kube-dc, which writes it just before.
fn sealer(draft: &Path, processes: &[Working]) -> Option<i32> {
    let draft = draft.as_os_str().as_encoded_bytes();
    let works = |words: &[Vec<u8>]| {
        words.iter().any(|word| word == draft) || processes::program(words).is_some_and(|program| program == "kube-dc")
    };
    processes.iter().find(|(_, words)| works(words)).map(|(pid, _)| *pid)
}

#[cfg(test)]
mod tests;
