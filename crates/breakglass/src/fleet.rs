//! The fleet repository: a folder `clusters/` with one folder for each cluster, usually a work tree of Git.

mod config_env;
mod git;

use std::{
    fs,
    path::{Path, PathBuf},
};

pub(crate) use config_env::external_url;
pub use git::GitError;
pub(crate) use git::{Changes, Git, LastCommit};

use crate::{ClusterName, Error, Surroundings};

/// The sealed credential within the folder of its cluster.
pub(crate) const SEALED: &str = "break-glass-kubeconfig.enc.yaml";

/// Any of these makes a folder that of a cluster.
const MARKS: [&str; 6] =
    ["cluster-config.env", SEALED, "secrets.enc.yaml", "kustomization.yaml", "kustomization.yml", "flux-system"];

/// A fleet repository on this machine.
#[derive(Debug, Clone)]
pub struct Fleet {
    root: PathBuf,
}

/// One cluster's place in a fleet.
#[derive(Debug, Clone)]
pub struct Place {
    /// The cluster.
    pub name: ClusterName,
    /// Its folder.
    pub folder: PathBuf,
}

impl Place {
    /// The file of the sealed credential, there or not.
    pub fn sealed(&self) -> PathBuf {
        self.folder.join(SEALED)
    }
}

impl Fleet {
    /// The fleet named by the flag, else by `$FANLIGHT_FLEET` or `$KUBE_DC_FLEET`, else `~/.fanlight/fleet` or
    /// `~/.kube-dc/fleet`. One that somebody named must be there: no other is taken in its place.
    pub fn find(flag: Option<&Path>, around: &Surroundings) -> Result<Self, Error> {
        let variable = |name: &'static str| around.variable(name).map(|value| (PathBuf::from(value), name));
        let named = flag
            .map(|path| (path.to_owned(), "--repo"))
            .or_else(|| variable("FANLIGHT_FLEET"))
            .or_else(|| variable("KUBE_DC_FLEET"));
        if let Some((path, by)) = named {
            let path = around.expand(&path);
            return Self::at(&path).map_err(|why| Error::NoSuchFleet { path, by, why });
        }
        let usual = [".fanlight/fleet", ".kube-dc/fleet"].map(|path| around.home.join(path));
        usual.iter().find_map(|path| Self::at(path).ok()).ok_or(Error::NoFleet)
    }

    fn at(path: &Path) -> Result<Self, String> {
        let root = fs::canonicalize(path).map_err(|error| error.to_string())?;
        if root.join("clusters").is_dir() {
            Ok(Self { root })
        } else {
            Err("it has no folder “clusters”".to_owned())
        }
    }

    /// The repository's folder.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The place of a cluster whose folder is there.
    pub fn place(&self, name: &ClusterName) -> Result<Place, Error> {
        let folder = self.root.join("clusters").join(name.as_str());
        let real = fs::canonicalize(&folder).ok().filter(|real| real.is_dir() && real.starts_with(&self.root));
        match real {
            Some(folder) => Ok(Place { name: name.clone(), folder }),
            None => Err(Error::NoSuchCluster { cluster: name.clone(), folder, known: self.names() }),
        }
    }

    /// Every cluster, in order of name.
    pub fn places(&self) -> Vec<Place> {
        let mut places = Vec::new();
        gather(&self.root.join("clusters"), "", 0, &mut places);
        places.sort_by(|one, other| one.name.cmp(&other.name));
        places
    }

    fn names(&self) -> String {
        let names: Vec<String> = self.places().into_iter().map(|place| place.name.to_string()).collect();
        if names.is_empty() { "none".to_owned() } else { names.join(", ") }
    }

    /// A file's path as Git and people know it: from the repository's root.
    pub(crate) fn relative<'a>(&self, file: &'a Path) -> &'a Path {
        file.strip_prefix(&self.root).unwrap_or(file)
    }
}

/// Folders that carry a mark are clusters; others may be groups of clusters.
fn gather(folder: &Path, prefix: &str, depth: usize, places: &mut Vec<Place>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        let name = entry.file_name().to_string_lossy().into_owned();
        let name = if prefix.is_empty() { name } else { format!("{prefix}/{name}") };
        let Ok(cluster) = name.parse::<ClusterName>() else { continue };
        if !path.is_dir() || path.is_symlink() {
            continue;
        }
        if MARKS.iter().any(|mark| path.join(mark).exists()) {
            places.push(Place { name: cluster, folder: path });
        } else if depth < 2 {
            gather(&path, &name, depth + 1, places);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn around(home: &Path, variables: &[(&str, &Path)]) -> Surroundings {
        let variables =
            variables.iter().map(|(name, value)| ((*name).to_owned(), value.display().to_string())).collect();
        Surroundings { home: home.to_owned(), variables }
    }

    fn fleet(at: &Path, clusters: &[&str]) {
        for cluster in clusters {
            fs::create_dir_all(at.join("clusters").join(cluster)).unwrap();
            fs::write(at.join("clusters").join(cluster).join("cluster-config.env"), "").unwrap();
        }
    }

    #[test]
    fn a_fleet_that_was_named_is_never_replaced_by_another() {
        let home = tempfile::tempdir().unwrap();
        fleet(&home.path().join(".fanlight/fleet"), &["prod"]);
        let around = Surroundings { variables: BTreeMap::new(), ..around(home.path(), &[]) };
        assert!(Fleet::find(None, &around).is_ok());
        let error = Fleet::find(Some(Path::new("~/typo")), &around).unwrap_err();
        assert!(error.to_string().contains("--repo"), "{error}");
    }

    #[test]
    fn the_variables_are_asked_before_the_usual_places() {
        let home = tempfile::tempdir().unwrap();
        fleet(&home.path().join(".kube-dc/fleet"), &["usual"]);
        fleet(&home.path().join("other"), &["named"]);
        let other = home.path().join("other");
        let found = Fleet::find(None, &around(home.path(), &[("KUBE_DC_FLEET", &other)])).unwrap();
        assert_eq!(found.root(), fs::canonicalize(other).unwrap());
        let nowhere = home.path().join("nowhere");
        let error = Fleet::find(None, &around(home.path(), &[("FANLIGHT_FLEET", &nowhere)])).unwrap_err();
        assert!(error.to_string().contains("FANLIGHT_FLEET"), "{error}");
    }

    #[test]
    fn clusters_are_found_in_groups_too_and_an_unknown_one_is_answered_with_the_known() {
        let home = tempfile::tempdir().unwrap();
        fleet(home.path(), &["stage", "eu/prod", "us/prod"]);
        let fleet = Fleet::find(Some(home.path()), &around(home.path(), &[])).unwrap();
        let names: Vec<String> = fleet.places().iter().map(|place| place.name.to_string()).collect();
        assert_eq!(names, ["eu/prod", "stage", "us/prod"]);
        let error = fleet.place(&"prod".parse().unwrap()).unwrap_err();
        assert!(error.to_string().contains("eu/prod, stage, us/prod"), "{error}");
    }

    #[test]
    fn a_link_that_leads_out_of_the_fleet_is_no_cluster() {
        let home = tempfile::tempdir().unwrap();
        fleet(&home.path().join("fleet"), &["prod"]);
        fs::create_dir(home.path().join("elsewhere")).unwrap();
        std::os::unix::fs::symlink(home.path().join("elsewhere"), home.path().join("fleet/clusters/evil")).unwrap();
        let fleet = Fleet::find(Some(&home.path().join("fleet")), &around(home.path(), &[])).unwrap();
        assert!(fleet.place(&"evil".parse().unwrap()).is_err());
    }
}
