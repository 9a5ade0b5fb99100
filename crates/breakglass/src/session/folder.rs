use std::{
    fs,
    io::{ErrorKind, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

use super::{Place, Record, SessionError};

/// The directory of one session. It goes with everything in it when this is dropped.
#[derive(Debug)]
pub(super) struct Folder {
    path: PathBuf,
    removed: bool,
}

/// The name of the file that says whose directory it is.
pub(super) const RECORD: &str = "record.json";

impl Folder {
    /// Makes it, with its record, while nobody looks through `place`: a directory without a record is a dead one.
    pub(super) fn create(place: &Place, record: &Record) -> Result<Self, SessionError> {
        let _lock = place.lock()?;
        let path = place.path().join(&record.id);
        fs::DirBuilder::new().mode(0o700).create(&path).map_err(SessionError::file("make", &path))?;
        let folder = Self { path, removed: false };
        let text = serde_json::to_vec_pretty(record).map_err(std::io::Error::from);
        folder.write(RECORD, &text.map_err(SessionError::file("write", folder.path.join(RECORD)))?)?;
        Ok(folder)
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Makes a file that is not there yet.
    pub(super) fn write(&self, name: &str, content: &[u8]) -> Result<PathBuf, SessionError> {
        let path = self.path.join(name);
        write_new(&path, content).map_err(SessionError::file("write", &path))?;
        Ok(path)
    }

    /// Makes a directory.
    pub(super) fn make(&self, name: &str) -> Result<PathBuf, SessionError> {
        let path = self.path.join(name);
        fs::DirBuilder::new().mode(0o700).create(&path).map_err(SessionError::file("make", &path))?;
        Ok(path)
    }

    /// Removes it now, and says so if that fails.
    pub(super) fn remove(mut self) -> Result<(), SessionError> {
        self.removed = true;
        remove(&self.path).map_err(SessionError::file("remove", &self.path))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if !self.removed {
            let _ = remove(&self.path);
        }
    }
}

/// Makes a file for this user alone; nothing that is there already is followed or written to.
pub(super) fn write_new(path: &Path, content: &[u8]) -> std::io::Result<()> {
    let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(content)
}

/// Removes a directory; one that is gone already is fine.
pub(super) fn remove(path: &Path) -> std::io::Result<()> {
    match fs::remove_dir_all(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        done => done,
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{MetadataExt, symlink};

    use super::*;
    use crate::session::{Places, Process};

    #[test]
    fn files_are_for_this_user_alone_nothing_is_written_through_a_link_and_all_goes_at_the_end() {
        let home = tempfile::tempdir().unwrap();
        let place = Places { runtime: None, home: home.path().to_owned() }.choose().unwrap();
        let folder = Folder::create(&place, &record("a")).unwrap();
        assert!(Folder::create(&place, &record("a")).is_err(), "no two sessions share a directory");
        let path = folder.write("kubeconfig", b"text").unwrap();
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, 0o600);
        assert_eq!(fs::metadata(folder.path()).unwrap().mode() & 0o777, 0o700);

        let elsewhere = home.path().join("elsewhere");
        symlink(&elsewhere, folder.path().join("link")).unwrap();
        assert!(folder.write("link", b"text").is_err() && !elsewhere.exists());
        let path = folder.path().to_owned();
        drop(folder);
        assert!(!path.exists());
    }

    fn record(id: &str) -> Record {
        Record {
            id: id.to_owned(),
            keeper: Process::this().unwrap(),
            cluster: "alpha".to_owned(),
            person: "Alice".to_owned(),
            reason: "a test".to_owned(),
            began: jiff::Timestamp::UNIX_EPOCH,
            secret: None,
        }
    }
}
