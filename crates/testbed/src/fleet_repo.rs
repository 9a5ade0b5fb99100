use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use anyhow::{Context, bail};

use crate::control_plane::tool;

/// A fleet repository as kube-dc lays it out, with a place to push to and one engineer, who has a home folder of their own
/// with an age key and a name in Git. All of it vanishes when it is dropped.
pub struct FleetRepo {
    folder: tempfile::TempDir,
    recipient: String,
}

impl FleetRepo {
    /// A fleet with these clusters: each name with the address of its API server.
    pub fn with(clusters: &[(&str, &str)]) -> anyhow::Result<Self> {
        let folder = tempfile::Builder::new().prefix("fanlight-fleet-").tempdir()?;
        let mut fleet = Self { folder, recipient: String::new() };
        fs::create_dir_all(fleet.home().join(".config/sops/age"))?;
        fleet.recipient = fleet.new_key(&fleet.home().join(".config/sops/age/keys.txt"))?;
        fs::write(
            fleet.home().join(".gitconfig"),
            "[user]\nname = Operator\nemail = operator@example.com\n[init]\ndefaultBranch = main\n[commit]\ngpgSign = false\n",
        )?;
        let (root, upstream) = (fleet.root(), fleet.upstream());
        fs::create_dir_all(&root)?;
        fleet.git_in(&fleet.home(), &["init", "--quiet", "--bare", &upstream.display().to_string()])?;
        fleet.git(&["init", "--quiet"])?;
        fleet.seal_for(&[&fleet.recipient])?;
        fs::write(root.join(".gitignore"), "age.key\n")?;
        for (name, server) in clusters {
            let cluster = root.join("clusters").join(name);
            fs::create_dir_all(&cluster)?;
            let config = format!("DOMAIN=example.com\nKUBE_API_EXTERNAL_URL={server}\n");
            fs::write(cluster.join("cluster-config.env"), config)?;
        }
        fleet.git(&["remote", "add", "origin", &upstream.display().to_string()])?;
        fleet.commit("the fleet")?;
        fleet.git(&["push", "--quiet", "--set-upstream", "origin", "main"])?;
        Ok(fleet)
    }

    /// The repository's folder.
    pub fn root(&self) -> PathBuf {
        self.folder.path().join("fleet")
    }

    /// The repository that it is pushed to.
    pub fn upstream(&self) -> PathBuf {
        self.folder.path().join("upstream.git")
    }

    /// The engineer's home folder.
    pub fn home(&self) -> PathBuf {
        self.folder.path().join("home")
    }

    /// The engineer's runtime folder, private to them.
    pub fn runtime(&self) -> anyhow::Result<PathBuf> {
        use std::os::unix::fs::DirBuilderExt;
        let runtime = self.folder.path().join("runtime");
        fs::DirBuilder::new().recursive(true).mode(0o700).create(&runtime)?;
        Ok(runtime)
    }

    /// The engineer's age recipient.
    pub fn recipient(&self) -> &str {
        &self.recipient
    }

    /// The sealed file of a cluster.
    pub fn sealed(&self, cluster: &str) -> PathBuf {
        self.root().join("clusters").join(cluster).join("break-glass-kubeconfig.enc.yaml")
    }

    /// Makes an age key in this file and returns its recipient.
    pub fn new_key(&self, file: &Path) -> anyhow::Result<String> {
        done(Command::new(tool("age-keygen")?).arg("-o").arg(file))?;
        let recipient = done(Command::new(tool("age-keygen")?).arg("-y").arg(file))?;
        Ok(String::from_utf8(recipient.stdout)?.trim().to_owned())
    }

    /// Writes the rule by which files are sealed, in kube-dc's form.
    pub fn seal_for(&self, recipients: &[&str]) -> anyhow::Result<()> {
        let rule = format!(
            "creation_rules:\n  - path_regex: '\\.enc\\.yaml$'\n    encrypted_regex: ^(data|stringData)$\n    age: {}\n",
            recipients.join(",")
        );
        fs::write(self.root().join(".sops.yaml"), rule).context("cannot write .sops.yaml")
    }

    /// Seals a text as a cluster's credential in the way kube-dc does: by the real `sops`, the token alone.
    pub fn seal_as_kube_dc(&self, cluster: &str, kubeconfig: &str) -> anyhow::Result<()> {
        fs::write(self.sealed(cluster), kubeconfig)?;
        let only = "^(token|client-key-data|client-certificate-data|password)$";
        let file = self.sealed(cluster);
        let mut sops = self.as_engineer(tool("sops")?);
        done(sops.current_dir(self.root()).args(["--encrypt", "--encrypted-regex", only, "-i"]).arg(file)).map(drop)
    }

    /// What the real `sops` reads in a cluster's sealed file.
    pub fn opened_by_sops(&self, cluster: &str) -> anyhow::Result<String> {
        let mut sops = self.as_engineer(tool("sops")?);
        let output = done(sops.current_dir(self.root()).arg("--decrypt").arg(self.sealed(cluster)))?;
        Ok(String::from_utf8(output.stdout)?)
    }

    /// The sealed token of a cluster, to look for it where it must not be.
    pub fn token(&self, cluster: &str) -> anyhow::Result<String> {
        let opened = self.opened_by_sops(cluster)?;
        let line = opened.lines().find_map(|line| line.trim_start().trim_start_matches("- ").strip_prefix("token:"));
        Ok(line.context("no token in the file")?.trim().trim_matches('"').to_owned())
    }

    /// Commits everything.
    pub fn commit(&self, message: &str) -> anyhow::Result<()> {
        self.git(&["add", "--all"])?;
        self.git(&["commit", "--quiet", "--allow-empty", "-m", message]).map(drop)
    }

    /// Runs `git` in the fleet as the engineer.
    pub fn git(&self, arguments: &[&str]) -> anyhow::Result<String> {
        self.git_in(&self.root(), arguments)
    }

    fn git_in(&self, folder: &Path, arguments: &[&str]) -> anyhow::Result<String> {
        let output = done(self.as_engineer("git").current_dir(folder).args(arguments))?;
        Ok(String::from_utf8(output.stdout)?)
    }

    /// A program as the engineer runs it: with their home and runtime folders, and nothing else of the environment but what
    /// programs need to run at all.
    pub fn as_engineer(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = Command::new(program);
        let path = std::env::var_os("PATH").unwrap_or_default();
        command.env_clear().env("HOME", self.home()).env("PATH", path).env("TERM", "dumb").env("LC_ALL", "C.UTF-8");
        if let Ok(runtime) = self.runtime() {
            command.env("XDG_RUNTIME_DIR", runtime);
        }
        command
    }
}

fn done(command: &mut Command) -> anyhow::Result<Output> {
    let output = command.output().with_context(|| format!("cannot run {}", command.get_program().display()))?;
    if !output.status.success() {
        bail!("{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    }
    Ok(output)
}
