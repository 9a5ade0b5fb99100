//! A place with keys, a fleet and the real programs.

use std::{
    collections::BTreeMap,
    ffi::OsString,
    fs,
    io::Write,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::Arc,
};

use fanlight_sops::{Format, Identities, Map, Nobody, Policy, Rule, Selection, Surroundings, Value};
use tempfile::TempDir;

/// When everything here is sealed.
pub(crate) const NOW: &str = "2026-03-04T05:06:07Z";

/// A pair of keys of age.
pub(crate) struct Pair {
    /// The file with the private one.
    pub(crate) file: PathBuf,
    /// The public one.
    pub(crate) recipient: String,
}

/// A directory that is home, fleet and work bench.
pub(crate) struct Bench {
    folder: TempDir,
}

/// What a program put out, and whether it was content.
pub(crate) struct Ran {
    pub(crate) success: bool,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Bench {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir_all(folder.path().join("fleet/clusters/a")).unwrap();
        Self { folder }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn fleet(&self) -> PathBuf {
        self.path("fleet")
    }

    pub(crate) fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        path
    }

    /// A script that can be run. Another process writes it: one that another thread starts meanwhile would hold it open,
    /// and what is open for writing cannot be run.
    pub(crate) fn program(&self, name: &str, script: &str) -> PathBuf {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        let made = run(Command::new("install").args(["-m", "755", "/dev/stdin"]).arg(&path), script);
        assert!(made.success, "{}", made.stderr);
        path
    }

    /// A new pair of keys from the real `age-keygen`.
    pub(crate) fn pair(&self, name: &str) -> Pair {
        let file = self.path(&format!("{name}.key"));
        let made = run(Command::new(tool("AGE_KEYGEN")).arg("-o").arg(&file), "");
        assert!(made.success, "{}", made.stderr);
        let public = run(Command::new(tool("AGE_KEYGEN")).arg("-y").arg(&file), "");
        Pair { file, recipient: public.stdout.trim().to_owned() }
    }

    /// The policy of the fleet.
    pub(crate) fn policy(&self, text: &str) {
        self.write("fleet/.sops.yaml", text);
    }

    /// The rule of the fleet's policy for a file below it.
    pub(crate) fn rule(&self, name: &str) -> Rule {
        let file = self.fleet().join(name);
        Policy::nearest(&file, &self.fleet()).unwrap().rule_for(&file).unwrap()
    }

    /// Surroundings in which nothing is to be found but what these variables name.
    pub(crate) fn surroundings(&self, variables: &[(&str, &Path)]) -> Surroundings {
        let variables = variables.iter().map(|(name, value)| ((*name).to_owned(), OsString::from(value)));
        Surroundings {
            home: Some(self.path("home")),
            config_dir: Some(self.path("home/.config")),
            path: None,
            variables: variables.collect(),
            prompter: Arc::new(Nobody),
        }
    }

    /// The keys of one file.
    pub(crate) fn identities(&self, keys: &Path) -> Identities {
        Identities::gather(&self.surroundings(&[("SOPS_AGE_KEY_FILE", keys)]))
    }

    /// A document, sealed here.
    pub(crate) fn seal(&self, tree: &Map, rule: &Rule, selection: Selection, format: Format) -> String {
        fanlight_sops::encrypt(tree, rule, selection, format, NOW.parse().unwrap(), &self.surroundings(&[])).unwrap()
    }

    /// Runs the real sops in the fleet, with the keys of one file and nothing else.
    pub(crate) fn sops(&self, keys: &Path, arguments: &[&str], input: &str) -> Ran {
        self.sops_with(&[("SOPS_AGE_KEY_FILE", keys)], arguments, input)
    }

    pub(crate) fn sops_with(&self, variables: &[(&str, &Path)], arguments: &[&str], input: &str) -> Ran {
        let mut command = Command::new(tool("SOPS"));
        command.env_clear().env("HOME", self.path("home")).env("PATH", std::env::var_os("PATH").unwrap());
        command.envs(variables.iter().copied().collect::<BTreeMap<_, _>>());
        run(command.current_dir(self.fleet()).args(arguments), input)
    }
}

/// Where `cargo xtask test` put a real program.
pub(crate) fn tool(name: &str) -> PathBuf {
    let variable = format!("FANLIGHT_TOOL_{name}");
    let path = std::env::var_os(&variable);
    path.map_or_else(|| panic!("{variable} is not set: run `cargo xtask test`"), PathBuf::from)
}

/// Runs a program to its end.
pub(crate) fn run(command: &mut Command, input: &str) -> Ran {
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_owned();
    let feeder = std::thread::spawn(move || stdin.write_all(input.as_bytes()));
    let output = child.wait_with_output().unwrap();
    let _ = feeder.join().unwrap();
    Ran {
        success: output.status.success(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

/// What break-glass seals, more or less.
pub(crate) fn kubeconfig() -> Map {
    let authority = "TFMwdExTMUNSVWRKVGlCRFJWSlVTVVpKUTBGVVJTMHRMUzB0Q2c9PQ==";
    let cluster =
        Map::from_iter([("certificate-authority-data", authority), ("server", "https://kube-api.example.com:6443")]);
    let user = Map::from_iter([("token", "eyJhbGciOiJSUzI1NiJ9.e30.c2lnbmF0dXJl")]);
    let mut map = Map::from_iter([("apiVersion", "v1"), ("kind", "Config")]);
    map.insert("clusters", vec![Map::from_iter([("cluster", Value::from(cluster)), ("name", "a".into())]).into()]);
    map.insert("users", vec![Map::from_iter([("name", Value::from("b")), ("user", user.into())]).into()]);
    map
}
