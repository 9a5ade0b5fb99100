//! Keys that only sops itself can use: an installed `sops` does the work, through pipes. Nothing in clear meets a disk.

use std::{
    fmt::Write as _,
    io::{self, Read, Write},
    path::PathBuf,
    process::{Command, Stdio},
};

use zeroize::Zeroizing;

use crate::{
    cipher::looks_encrypted,
    error::{ForeignError, SyntaxError},
    format::Format,
    header::Header,
    limits,
    path::Path,
    rule::Rule,
    selector::{Selector, Verdict},
    surroundings::{OVERRIDES, Surroundings},
    value::{Map, Value},
    yaml,
};

/// How much of what it says is kept for the text of an error.
const SAID: usize = 4 << 10;

/// An installed `sops`, and what is around it.
pub(crate) struct Program {
    path: PathBuf,
    surroundings: Surroundings,
}

impl Program {
    /// Looks for it in `PATH`.
    pub(crate) fn find(surroundings: &Surroundings) -> Option<Self> {
        let path = which::which_in("sops", surroundings.path.as_ref(), "/").ok()?;
        Some(Self { path, surroundings: surroundings.clone() })
    }

    /// Opens a file.
    pub(crate) fn decrypt(&self, text: &str, format: Format) -> Result<Map, ForeignError> {
        let mut command = self.command();
        command.args(["decrypt", "--input-type", format.name(), "--output-type", format.name()]);
        let output = self.run(command, text)?;
        let output = std::str::from_utf8(&output).map_err(|_| ForeignError::Output(SyntaxError::Cut))?;
        format.read(output).map_err(ForeignError::Output)
    }

    /// Encrypts a document to the keys of a rule.
    pub(crate) fn encrypt(
        &self,
        tree: &Map,
        rule: &Rule,
        selector: &Selector,
        format: Format,
    ) -> Result<String, ForeignError> {
        let failed = |error| ForeignError::Run { program: self.path.clone(), error };
        // The rule alone, with nothing in it that says another file or other leaves. It holds no secret.
        let folder = tempfile::tempdir().map_err(failed)?;
        let config = folder.path().join("policy.yaml");
        std::fs::write(&config, yaml::write(&policy(rule, selector)).as_str()).map_err(failed)?;
        let mut command = self.command();
        command.arg("--config").arg(config).args(["encrypt", "--filename-override"]);
        command.arg(format!("sealed.{}", format.name()));
        command.args(["--input-type", format.name(), "--output-type", format.name()]);
        let output = self.run(command, format.write(tree).as_str())?;
        let text = std::str::from_utf8(&output).map_err(|_| ForeignError::Output(SyntaxError::Cut))?;
        check(text, rule, selector, format)?;
        Ok(text.to_owned())
    }

    fn command(&self) -> Command {
        let mut command = Command::new(&self.path);
        for (name, _) in std::env::vars_os().filter(|(name, _)| name.as_encoded_bytes().starts_with(b"SOPS_")) {
            command.env_remove(name);
        }
        command.envs(self.surroundings.variables.iter().filter(|(name, _)| !OVERRIDES.contains(&name.as_str())));
        for (name, value) in [("HOME", &self.surroundings.home), ("XDG_CONFIG_HOME", &self.surroundings.config_dir)] {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        command
    }

    fn run(&self, mut command: Command, input: &str) -> Result<Zeroizing<Vec<u8>>, ForeignError> {
        let failed = |error| ForeignError::Run { program: self.path.clone(), error };
        let mut child =
            command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().map_err(failed)?;
        let (stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
        let mut output = Zeroizing::new(Vec::with_capacity(2 * limits::LENGTH));
        let (said, read) = std::thread::scope(|scope| {
            scope.spawn(|| stdin.map(|mut stdin| stdin.write_all(input.as_bytes())));
            let said = scope.spawn(|| stderr.map(overhear).unwrap_or_default());
            let read = stdout.map(|stdout| stdout.take(2 * limits::LENGTH as u64).read_to_end(&mut output));
            (said.join().unwrap_or_default(), read)
        });
        let status = child.wait().map_err(failed)?;
        read.transpose().map_err(failed)?;
        if status.success() {
            return Ok(output);
        }
        Err(ForeignError::Failed { status: status.to_string(), stderr: printable(&said) })
    }
}

/// Refuses what is not sealed as it was asked for, as by a sops that is older than what it was asked.
fn check(text: &str, rule: &Rule, selector: &Selector, format: Format) -> Result<(), ForeignError> {
    let (sealed, header) =
        Header::split(format.read(text).map_err(ForeignError::Output)?).map_err(ForeignError::Header)?;
    if !header.recipients().eq(rule.recipients()) {
        return Err(ForeignError::Recipients);
    }
    let mut in_clear = None;
    sealed.each_leaf(&mut Path::default(), &mut |path, leaf| {
        let sealed = leaf.is_hollow() || leaf.as_text().is_some_and(looks_encrypted);
        if !sealed && selector.verdict(path) == Verdict::Encrypted {
            in_clear.get_or_insert_with(|| path.to_string());
        }
    });
    in_clear.map_or(Ok(()), |place| Err(ForeignError::InClear(place)))
}

fn policy(rule: &Rule, selector: &Selector) -> Map {
    let told = |key: &str| key == "path_regex" || key.ends_with("_suffix") || key.ends_with("_regex");
    let kept = rule.written.iter().filter(|(key, _)| !told(key)).map(|(key, value)| (key, value.clone()));
    let mut written: Map = kept.collect();
    written.insert(selector.key(), selector.pattern());
    if selector.is_everything() {
        written.remove("mac_only_encrypted");
    }
    Map::from_iter([("creation_rules", Value::List(vec![written.into()]))])
}

/// Passes on what is said as it is said, so that a prompt is seen, and keeps the end of it.
fn overhear(mut stderr: impl Read) -> Vec<u8> {
    let (mut said, mut part) = (Vec::new(), [0; 1024]);
    while let Ok(length @ 1..) = stderr.read(&mut part) {
        let _ = io::stderr().write_all(&part[..length]);
        said.extend_from_slice(&part[..length]);
        said.drain(..said.len().saturating_sub(SAID));
    }
    said
}

fn printable(said: &[u8]) -> String {
    let mut text = String::new();
    for character in String::from_utf8_lossy(said).trim().chars() {
        if character.is_control() && character != '\n' {
            let _ = write!(text, "{}", character.escape_default());
        } else {
            text.push(character);
        }
    }
    text
}
