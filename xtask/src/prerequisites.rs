//! What must be on the machine before a chore can start; all that is missing is said at once.

use std::process::Command;

use anyhow::bail;

use crate::progress::{run, say};

/// A program that a chore needs.
pub(crate) struct Prerequisite {
    name: &'static str,
    probe: &'static [&'static str],
    least: Option<(u32, u32)>,
    remedy: &'static str,
    /// The Debian package that brings it, where that is new enough.
    debian: Option<&'static str>,
}

/// Builds the control plane.
pub(crate) const GO: Prerequisite = Prerequisite {
    name: "Go",
    probe: &["go", "version"],
    least: Some((1, 26)),
    remedy: "install it from https://go.dev/dl (distributions are often older), or any Go ≥ 1.21 with GOTOOLCHAIN=auto",
    debian: None,
};

/// Makes a hash that is not ours, for the tests of signing in.
pub(crate) const HTPASSWD: Prerequisite = Prerequisite {
    name: "htpasswd",
    probe: &["htpasswd", "-nbBC", "4", "probe", "probe"],
    least: None,
    remedy: "apt-get install apache2-utils",
    debian: Some("apache2-utils"),
};

/// Shows pages in tests and takes pictures.
pub(crate) const CHROMIUM: Prerequisite = Prerequisite {
    name: "Chromium",
    probe: &["chromium", "--version"],
    least: Some((120, 0)),
    remedy: "apt-get install chromium fonts-dejavu-core (or put any Chromium on the PATH as `chromium`)",
    debian: Some("chromium fonts-dejavu-core"),
};

/// Drives Chromium.
pub(crate) const CHROMEDRIVER: Prerequisite = Prerequisite {
    name: "chromedriver",
    probe: &["chromedriver", "--version"],
    least: Some((120, 0)),
    remedy: "apt-get install chromium-driver (the same version as Chromium)",
    debian: Some("chromium-driver"),
};

/// Fetches the accessibility checker of the browser tests.
pub(crate) const NPM: Prerequisite = Prerequisite {
    name: "npm",
    probe: &["npm", "--version"],
    least: Some((8, 0)),
    remedy: "install Node.js with npm: https://nodejs.org, or apt-get install npm",
    debian: Some("npm"),
};

/// Makes the keys of SSH that files are sealed for in tests.
pub(crate) const SSH_KEYGEN: Prerequisite = Prerequisite {
    name: "ssh-keygen",
    // It has no way to tell its version; ssh comes with it.
    probe: &["ssh", "-V"],
    least: None,
    remedy: "apt-get install openssh-client",
    debian: Some("openssh-client"),
};

/// Runs Keycloak.
pub(crate) const JAVA: Prerequisite = Prerequisite {
    name: "Java",
    probe: &["java", "--version"],
    least: Some((17, 0)),
    remedy: "apt-get install default-jre-headless (or any Java ≥ 17 on the PATH)",
    debian: Some("default-jre-headless"),
};

/// Fetches Keycloak.
pub(crate) const MAVEN: Prerequisite = Prerequisite {
    name: "Maven",
    probe: &["mvn", "--version"],
    least: Some((3, 6)),
    remedy: "apt-get install maven (or https://maven.apache.org)",
    debian: Some("maven"),
};

const RUST: Prerequisite = Prerequisite {
    name: "Rust",
    probe: &["rustc", "--version"],
    least: Some((1, 95)),
    remedy: "rustup update stable (https://rustup.rs)",
    debian: None,
};

const C_COMPILER: Prerequisite = Prerequisite {
    name: "a C compiler",
    probe: &["cc", "--version"],
    least: None,
    remedy: "apt-get install gcc libc6-dev",
    debian: Some("gcc libc6-dev"),
};

/// Lists everything that is missing, installs Debian packages where it may, and fails if something is still missing.
pub(crate) fn demand(more: &[Prerequisite]) -> anyhow::Result<()> {
    let all = || [RUST, C_COMPILER].into_iter().chain(more.iter().map(Prerequisite::copy));
    let missing: Vec<_> = all().filter(|one| one.problem().is_some()).collect();
    if missing.is_empty() {
        return Ok(());
    }
    for one in &missing {
        say(&format!("missing: {}: {}; {}", one.name, one.problem().unwrap_or_default(), one.remedy));
    }
    let packages: Vec<_> = missing.iter().filter_map(|one| one.debian).flat_map(str::split_whitespace).collect();
    if !packages.is_empty() && is_root_on_debian() {
        say(&format!("installing Debian packages: {}", packages.join(" ")));
        run(Command::new("apt-get").args(["update", "-qq"]))?;
        run(Command::new("apt-get").args(["install", "-y", "-qq"]).args(&packages))?;
    }
    if all().any(|one| one.problem().is_some()) {
        bail!("something is missing on this machine (see above)");
    }
    Ok(())
}

/// Whether all of these are there; what is missing is said, as something that can be done without.
pub(crate) fn allow(optional: &[Prerequisite]) -> bool {
    let missing: Vec<_> = optional.iter().filter_map(|one| Some((one, one.problem()?))).collect();
    for (one, problem) in &missing {
        say(&format!("missing, done without: {}: {problem}; {}", one.name, one.remedy));
    }
    missing.is_empty()
}

impl Prerequisite {
    fn copy(&self) -> Self {
        Self { ..*self }
    }

    /// Why it does not serve, if it does not.
    fn problem(&self) -> Option<String> {
        let (program, arguments) = self.probe.split_first()?;
        let Ok(output) = Command::new(program).args(arguments).output() else {
            return Some(format!("{program} not found"));
        };
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let (least, found) = (self.least?, version(&text));
        match found {
            Some(found) if found >= least => None,
            Some(found) => Some(format!("found {}.{}, at least {}.{} is needed", found.0, found.1, least.0, least.1)),
            None => Some(format!("{program} does not tell its version")),
        }
    }
}

/// The first `major.minor` in a text.
fn version(text: &str) -> Option<(u32, u32)> {
    text.split(|letter: char| !letter.is_ascii_digit() && letter != '.').find_map(|word| {
        let mut parts = word.split('.');
        Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
    })
}

fn is_root_on_debian() -> bool {
    let root = Command::new("id").arg("-u").output().is_ok_and(|output| output.stdout.trim_ascii() == b"0");
    root && std::path::Path::new("/etc/debian_version").exists()
}

#[cfg(test)]
mod tests {
    use super::version;

    #[test]
    fn versions_are_found_in_what_programs_print() {
        assert_eq!(version("go version go1.26.8 linux/amd64"), Some((1, 26)));
        assert_eq!(version("rustc 1.95.0 (59807616e 2026-04-14)"), Some((1, 95)));
        assert_eq!(version("no digits"), None);
    }
}
