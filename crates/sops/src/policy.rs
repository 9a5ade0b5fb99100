use std::{
    io,
    path::{Component, Path, PathBuf},
};

use crate::{
    error::{Misnamed, PolicyError, RuleError},
    go_regex,
    limits::LENGTH,
    rule::Rule,
    value::{Map, Value},
};

const NAME: &str = ".sops.yaml";

/// A `.sops.yaml`: who may read which files of a fleet.
#[derive(Clone, Debug)]
pub struct Policy {
    path: PathBuf,
    rules: Vec<Map>,
}

impl Policy {
    /// The `.sops.yaml` nearest above a file, never above the root of the fleet: one in the home directory would hand
    /// the fleet's secrets to whoever it names.
    pub fn nearest(file: &Path, fleet: &Path) -> Result<Self, PolicyError> {
        let outside = || PolicyError::Outside { file: file.to_owned(), fleet: fleet.to_owned() };
        let below = file.strip_prefix(fleet).map_err(|_| outside())?;
        if below.components().any(|part| !matches!(part, Component::Normal(_) | Component::CurDir)) {
            return Err(outside());
        }
        let mut misnamed = Misnamed::default();
        for folder in file.ancestors().skip(1).take_while(|folder| folder.starts_with(fleet)) {
            let path = folder.join(NAME);
            if path.symlink_metadata().is_ok() {
                return Self::load(path, fleet);
            }
            let other = folder.join(".sops.yml");
            if misnamed.0.is_none() && other.exists() {
                misnamed = Misnamed(Some(other));
            }
        }
        Err(PolicyError::Missing { file: file.to_owned(), fleet: fleet.to_owned(), misnamed })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The rule for a file under the name that it has in the end: the first that fits.
    pub fn rule_for(&self, file: &Path) -> Result<Rule, PolicyError> {
        let folder = self.path.parent().unwrap_or(Path::new(""));
        let name = file.strip_prefix(folder).unwrap_or(file).to_string_lossy();
        for (rule, number) in self.rules.iter().zip(1..) {
            let wrap = |error| PolicyError::Rule { policy: self.path.clone(), number, error };
            if fits(rule, &name).map_err(wrap)? {
                return Rule::of(rule).map_err(wrap);
            }
        }
        Err(PolicyError::NoRule { policy: self.path.clone(), file: file.to_owned() })
    }

    fn load(path: PathBuf, fleet: &Path) -> Result<Self, PolicyError> {
        let read = |error| PolicyError::Read { policy: path.clone(), error };
        let target = path.canonicalize().map_err(read)?;
        if !target.starts_with(fleet.canonicalize().map_err(read)?) {
            return Err(PolicyError::LeadsOut { policy: path, target });
        }
        if target.metadata().map_err(read)?.len() > LENGTH as u64 {
            return Err(read(io::Error::new(io::ErrorKind::FileTooLarge, "it is longer than 1 MiB")));
        }
        let text = std::fs::read_to_string(&target).map_err(read)?;
        let shape = |reason: String| PolicyError::Shape { policy: path.clone(), reason };
        // Unlike sealed files, policies are written by hand, with anchors and all.
        let root: Value = serde_saphyr::from_str(&text).map_err(|error| shape(error.to_string()))?;
        let rules = root.as_map().and_then(|root| root.get("creation_rules")).and_then(Value::as_list);
        let rules = rules.ok_or_else(|| shape("there is no list of creation_rules".to_owned()))?;
        let rules: Option<Vec<Map>> = rules.iter().map(|rule| rule.as_map().cloned()).collect();
        let rules = rules.ok_or_else(|| shape("a creation rule is not a mapping".to_owned()))?;
        Ok(Self { path, rules })
    }
}

fn fits(rule: &Map, name: &str) -> Result<bool, RuleError> {
    match rule.get("path_regex") {
        None | Some(Value::Null) => Ok(true),
        // An empty one matches everything, as any regular expression does that is not anchored.
        Some(Value::Text(pattern)) => match go_regex::compile(pattern.as_str()) {
            Some(regex) => Ok(regex.is_match(name)),
            None => Err(RuleError::PathRegex(pattern.as_str().to_owned())),
        },
        Some(_) => Err(RuleError::Type { field: "path_regex".to_owned(), wanted: "a string" }),
    }
}
