//! Whether a person, on this machine, would get in: looked at before it is needed, without touching a cluster.

use std::{
    fs, io,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

use serde::Serialize;

use crate::{Operator, fleet::Git, ledger::Ledger, status};

/// How a thing stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Health {
    /// As it should be.
    Good,
    /// Works, and could be better.
    Warning,
    /// Would be in the way in an emergency.
    Bad,
}

/// One thing that was looked at.
#[derive(Debug, Clone, Serialize)]
pub struct Finding {
    /// How it stands.
    pub health: Health,
    /// What was looked at.
    pub about: &'static str,
    /// What was found, and what to do.
    pub text: String,
}

/// Looks at everything that an emergency will rely on.
pub async fn doctor(operator: &Operator<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    keys(operator, &mut findings);
    clusters(operator, &mut findings).await;
    git(operator, &mut findings).await;
    ledger(operator, &mut findings);
    residue(operator.fleet.root(), &mut findings);
    machine(operator, &mut findings);
    findings
}

fn find(findings: &mut Vec<Finding>, health: Health, about: &'static str, text: impl Into<String>) {
    findings.push(Finding { health, about, text: text.into() });
}

fn keys(operator: &Operator<'_>, findings: &mut Vec<Finding>) {
    let keys = &operator.keys.identities;
    let sources: Vec<String> = keys.found().iter().map(|found| format!("{} ({})", found.what, found.origin)).collect();
    if sources.is_empty() {
        let why = "no age key was found: make one with age-keygen in ~/.config/sops/age/keys.txt, and have its recipient added";
        find(findings, Health::Bad, "keys", why);
    } else {
        find(findings, Health::Good, "keys", sources.join(", "));
    }
    for note in keys.notes() {
        find(findings, Health::Warning, "keys", note.clone());
    }
    for found in keys.found() {
        let file = Path::new(found.origin.split(" (").next().unwrap_or_default());
        let open = fs::metadata(file).is_ok_and(|data| data.permissions().mode() & 0o077 != 0);
        if open {
            find(findings, Health::Warning, "keys", format!("{} can be read by others: chmod 600", file.display()));
        }
    }
}

async fn clusters(operator: &Operator<'_>, findings: &mut Vec<Finding>) {
    let statuses = match status(&operator.fleet, None, &operator.keys).await {
        Ok(statuses) => statuses,
        Err(error) => return find(findings, Health::Bad, "fleet", error.to_string()),
    };
    let opened = statuses.iter().filter(|status| status.server.is_some()).count();
    let adopted = statuses.iter().filter(|status| status.adopted).count();
    let health = if opened == adopted { Health::Good } else { Health::Bad };
    let text = format!(
        "{} clusters, {adopted} with a sealed credential, {opened} of them open with these keys",
        statuses.len()
    );
    find(findings, health, "fleet", text);
    for status in statuses {
        for problem in status.problems {
            let health = if status.adopted && status.server.is_none() { Health::Bad } else { Health::Warning };
            find(findings, health, "cluster", format!("{}: {problem}", status.cluster));
        }
    }
}

async fn git(operator: &Operator<'_>, findings: &mut Vec<Finding>) {
    let git = match Git::of(&operator.fleet).await {
        Ok(git) => git,
        Err(error) => {
            let why = format!("{error}: nothing tells whether the sealed files are those of the others");
            return find(findings, Health::Warning, "git", why);
        }
    };
    match git.changes().await {
        Ok(changes) if changes.has_upstream => find(findings, Health::Good, "git", "the branch follows one elsewhere"),
        Ok(_) => find(findings, Health::Warning, "git", "the branch follows none elsewhere: nothing can be pushed"),
        Err(error) => find(findings, Health::Warning, "git", error.to_string()),
    }
    match crate::trust::signers(&operator.fleet) {
        Some(file) => find(findings, Health::Good, "signatures", format!("{} says who may seal", file.display())),
        None => find(
            findings,
            Health::Warning,
            "signatures",
            "no allowed_signers: who may write to the fleet may seal, and each machine trusts what it sees first",
        ),
    }
}

fn ledger(operator: &Operator<'_>, findings: &mut Vec<Finding>) {
    match Ledger::of(&operator.fleet).breaks() {
        Ok(breaks) if breaks.is_empty() => find(findings, Health::Good, "ledger", "whole"),
        Ok(breaks) => {
            let lines: Vec<String> = breaks.iter().map(ToString::to_string).collect();
            let why = format!("altered or cut before line {}: compare with its history in Git", lines.join(", "));
            find(findings, Health::Bad, "ledger", why);
        }
        Err(error) => find(findings, Health::Warning, "ledger", error.to_string()),
    }
}

/// Looks for credentials in clear where they would be committed.
fn residue(root: &Path, findings: &mut Vec<Finding>) {
    let mut clean = true;
    for file in files_below(&root.join("clusters"), 4) {
        let Ok(text) = read_some(&file) else { continue };
        let sealed_by_name = file.to_string_lossy().contains(".enc.");
        let has_token = text.split(|c: char| !(c.is_ascii_alphanumeric() || "._-".contains(c))).any(is_token);
        if has_token || (sealed_by_name && fanlight_sops::Header::read(&text, format(&file)).is_err()) {
            clean = false;
            let why = if has_token { "holds a token in clear" } else { "is named as if sealed, and is not" };
            find(
                findings,
                Health::Bad,
                "residue",
                format!("{} {why}: do not commit it; rotate if it was", file.display()),
            );
        }
    }
    if clean {
        find(findings, Health::Good, "residue", "nothing in clear below clusters/");
    }
}

/// Three parts of base64url, the first of which begins as JSON does.
fn is_token(word: &str) -> bool {
    let parts: Vec<&str> = word.split('.').collect();
    parts.len() == 3 && parts[0].starts_with("eyJ") && parts.iter().all(|part| part.len() >= 16)
}

fn format(file: &Path) -> fanlight_sops::Format {
    fanlight_sops::Format::of(file).unwrap_or(fanlight_sops::Format::Yaml)
}

fn read_some(file: &Path) -> io::Result<String> {
    use io::Read;
    let mut bytes = Vec::new();
    fs::File::open(file)?.take(1024 * 1024).read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn files_below(folder: &Path, depth: usize) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        match entry.file_type() {
            Ok(kind) if kind.is_file() => files.push(path),
            Ok(kind) if kind.is_dir() && depth > 0 => files.extend(files_below(&path, depth - 1)),
            _ => {}
        }
    }
    files
}

fn machine(operator: &Operator<'_>, findings: &mut Vec<Finding>) {
    match operator.around.places().choose() {
        Ok(place) => find(findings, Health::Good, "sessions", format!("lie in {}", place.path().display())),
        Err(error) => find(findings, Health::Bad, "sessions", error.to_string()),
    }
    let swaps = fs::read_to_string("/proc/swaps").unwrap_or_default();
    let on_disk = swaps.lines().skip(1).any(|line| !line.contains("zram"));
    if on_disk {
        let why = "swap is on: what is in memory, tokens included, may reach the disk unless it is encrypted";
        find(findings, Health::Warning, "memory", why);
    }
    let kubeconfig = operator.around.variable("KUBECONFIG");
    if let Some(kubeconfig) = kubeconfig {
        find(
            findings,
            Health::Good,
            "kubeconfig",
            format!("$KUBECONFIG is {kubeconfig}; adopt takes its current context"),
        );
    }
}
