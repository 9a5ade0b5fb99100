use std::{
    fmt,
    fs::File,
    io::{self, Read},
    path::Path,
    process::{Command, Stdio},
};

use zeroize::Zeroizing;

use crate::{
    error::DecryptError,
    foreign::Program,
    header::Group,
    keys::{self, Key, NotKeys},
    limits,
    prompter::Callbacks,
    recipient::Recipient,
    shamir::Share,
    surroundings::Surroundings,
};

/// The private keys that are at hand: from every place where sops looks, all of them together.
pub struct Identities {
    sources: Vec<Source>,
    commands: Vec<KeyCommand>,
    empty: Vec<String>,
    notes: Vec<String>,
    callbacks: Callbacks,
    pub(crate) program: Option<Program>,
}

/// A key and where it came from.
struct Source {
    key: Key,
    origin: String,
}

/// A command that prints keys when it is told for whom.
struct KeyCommand {
    variable: &'static str,
    words: Vec<String>,
    ssh: bool,
}

/// What is known of a private key that was found, for a report on the machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// Where it came from: a variable or a file.
    pub origin: String,
    /// What it is: its public half, or what stands in for it.
    pub what: String,
    /// Its public half, if that is known without asking anybody.
    pub recipient: Option<Recipient>,
}

impl Identities {
    /// Looks in every place, and keeps what it finds and what goes wrong. Nobody is asked anything yet.
    pub fn gather(surroundings: &Surroundings) -> Self {
        let mut found = Self {
            sources: Vec::new(),
            commands: Vec::new(),
            empty: Vec::new(),
            notes: Vec::new(),
            callbacks: Callbacks(surroundings.prompter.clone()),
            program: Program::find(surroundings),
        };
        found.gather_ssh(surroundings);
        match surroundings.variable("SOPS_AGE_KEY") {
            Some(keys) => found.add_keys("SOPS_AGE_KEY", keys::age_keys(keys.as_encoded_bytes(), true)),
            None => found.empty.push("SOPS_AGE_KEY".to_owned()),
        }
        match surroundings.variable("SOPS_AGE_KEY_FILE") {
            Some(file) => {
                let path = Path::new(file);
                found.add_file(&format!("{} (SOPS_AGE_KEY_FILE)", path.display()), path);
            }
            None => found.empty.push("SOPS_AGE_KEY_FILE".to_owned()),
        }
        found.add_command("SOPS_AGE_KEY_CMD", surroundings, false);
        if let Some(folder) = &surroundings.config_dir {
            let path = folder.join("sops/age/keys.txt");
            match path.try_exists() {
                Ok(false) => found.empty.push(path.display().to_string()),
                _ => found.add_file(&path.display().to_string(), &path),
            }
        }
        found
    }

    /// The keys that were found and where, in the order in which sops looks.
    pub fn found(&self) -> Vec<Found> {
        let key = |source: &Source| Found {
            origin: source.origin.clone(),
            what: source.key.to_string(),
            recipient: source.key.recipient(),
        };
        let command = |command: &KeyCommand| Found {
            origin: command.variable.to_owned(),
            what: "a command that prints keys".to_owned(),
            recipient: None,
        };
        self.sources.iter().map(key).chain(self.commands.iter().map(command)).collect()
    }

    /// The places where there was nothing.
    pub fn empty_places(&self) -> &[String] {
        &self.empty
    }

    /// What went wrong while looking, with the place.
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// Opens the part of a data key that belongs to a key group; what goes wrong on the way is added to `complaints`.
    pub(crate) fn open(&self, group: &Group, complaints: &mut Vec<String>) -> Result<Option<Share>, DecryptError> {
        // Keys that ask nobody first; commands may ask, plugins and passphrases do.
        for source in self.sources.iter().filter(|source| !source.key.asks()) {
            if let Some(share) = self.try_all(&source.key, &source.origin, group, complaints)? {
                return Ok(Some(share));
            }
        }
        for command in &self.commands {
            if let Some(share) = self.try_command(command, group, complaints)? {
                return Ok(Some(share));
            }
        }
        for source in self.sources.iter().filter(|source| source.key.asks()) {
            if let Some(share) = self.try_all(&source.key, &source.origin, group, complaints)? {
                return Ok(Some(share));
            }
        }
        Ok(None)
    }

    /// Where keys were looked for and what went wrong, for the text of an error.
    pub(crate) fn account(&self, complaints: &[String]) -> String {
        let mut text = match self.found().as_slice() {
            [] => "No keys were found".to_owned(),
            found => {
                let found: Vec<String> = found.iter().map(|key| format!("{} from {}", key.what, key.origin)).collect();
                format!("Keys tried: {}", found.join("; "))
            }
        };
        if !self.empty.is_empty() {
            text = format!("{text}. Nothing in: {}", self.empty.join(", "));
        }
        let wrong: Vec<&str> = self.notes.iter().chain(complaints).map(String::as_str).collect();
        if wrong.is_empty() { text } else { format!("{text}. What went wrong: {}", wrong.join("; ")) }
    }

    fn try_all(
        &self,
        key: &Key,
        origin: &str,
        group: &Group,
        complaints: &mut Vec<String>,
    ) -> Result<Option<Share>, DecryptError> {
        for wrapped in &group.age {
            match key.open(&wrapped.armour, &wrapped.recipient, origin, &self.callbacks) {
                Ok(None) => {}
                Ok(Some((_, Some(actual)))) if actual != wrapped.recipient => {
                    return Err(DecryptError::Mislabelled {
                        labelled: wrapped.recipient.to_string(),
                        actual: actual.to_string(),
                    });
                }
                Ok(Some((share, _))) => return Ok(Some(share)),
                Err(reason) => complaints.push(format!("{origin}, for {}: {reason}", wrapped.recipient)),
            }
        }
        Ok(None)
    }

    fn try_command(
        &self,
        command: &KeyCommand,
        group: &Group,
        complaints: &mut Vec<String>,
    ) -> Result<Option<Share>, DecryptError> {
        for wrapped in &group.age {
            let keys = match command.run(&wrapped.recipient) {
                Ok(keys) => keys,
                Err(reason) => {
                    complaints.push(format!("{}: {reason}", command.variable));
                    continue;
                }
            };
            let one = Group { age: vec![wrapped.clone()], foreign: Vec::new() };
            for key in &keys {
                if let Some(share) = self.try_all(key, command.variable, &one, complaints)? {
                    return Ok(Some(share));
                }
            }
        }
        Ok(None)
    }

    fn gather_ssh(&mut self, surroundings: &Surroundings) {
        match surroundings.variable("SOPS_AGE_SSH_PRIVATE_KEY_FILE") {
            Some(file) => {
                let path = Path::new(file);
                self.add_ssh(format!("{} (SOPS_AGE_SSH_PRIVATE_KEY_FILE)", path.display()), path);
            }
            None => self.empty.push("SOPS_AGE_SSH_PRIVATE_KEY_FILE".to_owned()),
        }
        self.add_command("SOPS_AGE_SSH_PRIVATE_KEY_CMD", surroundings, true);
        for name in [".ssh/id_ed25519", ".ssh/id_rsa"] {
            let Some(path) = surroundings.home.as_ref().map(|home| home.join(name)) else { continue };
            match path.try_exists() {
                Ok(false) => self.empty.push(path.display().to_string()),
                _ => self.add_ssh(path.display().to_string(), &path),
            }
        }
    }

    fn add_ssh(&mut self, origin: String, path: &Path) {
        match read(path) {
            Ok(content) => match keys::ssh_key(&content) {
                Ok(key) => self.sources.push(Source { key, origin }),
                Err(error) => self.notes.push(format!("{origin}: {error}")),
            },
            Err(error) => self.notes.push(format!("{origin}: {error}")),
        }
    }

    fn add_file(&mut self, origin: &str, path: &Path) {
        match read(path) {
            Ok(content) => self.add_keys(origin, keys::age_keys(&content, false)),
            Err(error) => self.notes.push(format!("{origin}: {error}")),
        }
    }

    fn add_keys(&mut self, origin: &str, keys: Result<Vec<Key>, NotKeys>) {
        match keys {
            Ok(keys) if keys.is_empty() => self.empty.push(origin.to_owned()),
            Ok(keys) => self.sources.extend(keys.into_iter().map(|key| Source { key, origin: origin.to_owned() })),
            Err(error) => self.notes.push(format!("{origin}: {error}")),
        }
    }

    fn add_command(&mut self, variable: &'static str, surroundings: &Surroundings, ssh: bool) {
        match surroundings.variable(variable) {
            None => self.empty.push(variable.to_owned()),
            Some(line) => match line.to_str().and_then(shlex::split).filter(|words| !words.is_empty()) {
                Some(words) => self.commands.push(KeyCommand { variable, words, ssh }),
                None => self.notes.push(format!("{variable}: not a command")),
            },
        }
    }
}

/// Shows what is reported, no key.
impl fmt::Debug for Identities {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Identities").field("found", &self.found()).field("notes", &self.notes).finish_non_exhaustive()
    }
}

impl KeyCommand {
    fn run(&self, recipient: &Recipient) -> Result<Vec<Key>, String> {
        // What it has to say or to ask goes to the terminal.
        let mut command = Command::new(&self.words[0]);
        command.args(&self.words[1..]).env("SOPS_AGE_RECIPIENT", recipient.to_string());
        let mut child =
            command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().map_err(|error| error.to_string())?;
        let mut content = Zeroizing::new(Vec::with_capacity(4096));
        let read = match child.stdout.take() {
            Some(output) => output.take(limits::KEYS).read_to_end(&mut content),
            None => Ok(0),
        };
        let status = child.wait().map_err(|error| error.to_string())?;
        read.map_err(|error| error.to_string())?;
        if !status.success() {
            return Err(format!("it ended with {status}"));
        }
        let keys =
            if self.ssh { keys::ssh_key(&content).map(|key| vec![key]) } else { keys::age_keys(&content, false) };
        keys.map_err(|error| error.to_string())
    }
}

fn read(path: &Path) -> io::Result<Zeroizing<Vec<u8>>> {
    let mut content = Zeroizing::new(Vec::with_capacity(4096));
    File::open(path)?.take(limits::KEYS).read_to_end(&mut content)?;
    Ok(content)
}
