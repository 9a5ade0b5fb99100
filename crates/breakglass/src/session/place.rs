use std::{
    env, fs,
    io::ErrorKind,
    os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt},
    path::{Path, PathBuf},
    thread,
    time::{Duration, Instant},
};

use nix::unistd::geteuid;

use super::{SessionError, folder::write_new};

/// The directories below which session files may lie.
#[derive(Debug, Clone)]
pub struct Places {
    /// The user's runtime directory, in memory and gone at log-out.
    pub runtime: Option<PathBuf>,
    /// The user's home.
    pub home: PathBuf,
}

/// The private directory of this user's session files: theirs alone, and never one that others may write to.
#[derive(Debug, Clone)]
pub struct Place(PathBuf);

/// Where sessions lie in the runtime directory.
const IN_RUNTIME: [&str; 2] = ["fanlight", "break-glass"];
/// Where sessions lie at home.
const AT_HOME: [&str; 2] = [".fanlight", "break-glass"];

impl Places {
    /// Those of the user who runs this.
    pub fn of_user() -> Result<Self, SessionError> {
        let runtime = env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from);
        let home = env::home_dir().filter(|home| home.is_absolute()).ok_or(SessionError::NoHome)?;
        Ok(Self { runtime, home })
    }

    /// Where a new session's files go: below the runtime directory if it is as private as it should be and takes files,
    /// else at home.
    pub fn choose(&self) -> Result<Place, SessionError> {
        match self.private_runtime().and_then(|runtime| Self::prepare(runtime, IN_RUNTIME).ok()) {
            Some(place) => Ok(place),
            None => Self::prepare(&self.home, AT_HOME),
        }
    }

    /// Every place that may hold sessions of earlier, whatever the environment was like then.
    pub(super) fn existing(&self) -> Vec<Place> {
        let runtime = self.private_runtime().map(|runtime| join(runtime, IN_RUNTIME));
        let home = join(&self.home, AT_HOME);
        runtime.into_iter().chain([home]).filter(|path| private(path).is_ok()).map(Place).collect()
    }

    fn private_runtime(&self) -> Option<&Path> {
        self.runtime.as_deref().filter(|path| path.is_absolute() && private(path).is_ok())
    }

    /// Makes what is missing; the first step may be readable for others, as `~/.fanlight` may be, the last not.
    fn prepare(root: &Path, [outer, inner]: [&str; 2]) -> Result<Place, SessionError> {
        let outer = root.join(outer);
        make(&outer)?;
        ours(&outer)?;
        let inner = outer.join(inner);
        make(&inner)?;
        private(&inner)?;
        let place = Place(inner);
        place.probe()?;
        Ok(place)
    }
}

impl Place {
    /// How long another process may hold the lock, and how often is looked.
    const PATIENCE: Duration = Duration::from_secs(1);
    const GLANCE: Duration = Duration::from_millis(10);
    /// What a session writes, in bytes and with something to spare.
    const ROOM: usize = 32 * 1024;

    /// The directory.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// Holds back other processes of this user that make or look through sessions here, until the file is dropped. One
    /// that hangs must not keep anybody out of a cluster: after a while there is no lock.
    pub(super) fn lock(&self) -> Result<Option<fs::File>, SessionError> {
        let path = self.0.join("lock");
        let file = fs::OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(&path);
        let file = file.map_err(SessionError::file("open", &path))?;
        let until = Instant::now() + Self::PATIENCE;
        while file.try_lock().is_err() {
            if Instant::now() >= until {
                return Ok(None);
            }
            thread::sleep(Self::GLANCE);
        }
        Ok(Some(file))
    }

    /// Whether there is room for what a session writes.
    fn probe(&self) -> Result<(), SessionError> {
        let path = self.0.join(format!("probe-{}", std::process::id()));
        let _ = fs::remove_file(&path);
        let written = write_new(&path, &vec![0; Self::ROOM]);
        let _ = fs::remove_file(&path);
        written.map_err(SessionError::file("write", &path))
    }
}

fn join(root: &Path, [outer, inner]: [&str; 2]) -> PathBuf {
    root.join(outer).join(inner)
}

fn make(path: &Path) -> Result<(), SessionError> {
    match fs::DirBuilder::new().mode(0o700).create(path) {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => Err(SessionError::file("make", path)(error)),
        _ => Ok(()),
    }
}

/// Whether it is a directory of this user that nobody else can change.
fn ours(path: &Path) -> Result<u32, SessionError> {
    let what = fs::symlink_metadata(path).map_err(SessionError::file("look at", path))?;
    let refuse = |why| Err(SessionError::Unsafe { path: path.to_owned(), why });
    if what.is_symlink() {
        return refuse("it is a symbolic link; put a directory there");
    }
    if !what.is_dir() {
        return refuse("it is no directory; move it away");
    }
    if what.uid() != geteuid().as_raw() {
        return refuse("it belongs to another user; remove it, or change its owner");
    }
    if what.mode() & 0o022 != 0 {
        return refuse("others may write to it; run chmod go-w on it");
    }
    Ok(what.mode())
}

/// Whether it is a directory of this user that nobody else can even look into.
fn private(path: &Path) -> Result<(), SessionError> {
    match ours(path)? & 0o077 {
        0 => Ok(()),
        _ => Err(SessionError::Unsafe { path: path.to_owned(), why: "others may read it; run chmod 700 on it" }),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;

    fn mode(path: &Path, mode: u32) {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    }

    struct Ground(tempfile::TempDir, Places);

    fn ground() -> Ground {
        let root = tempfile::tempdir().unwrap();
        let (home, runtime) = (root.path().join("home"), root.path().join("runtime"));
        fs::create_dir(&home).unwrap();
        make(&runtime).unwrap();
        Ground(root, Places { runtime: Some(runtime), home })
    }

    #[test]
    fn sessions_lie_in_the_runtime_directory_and_nobody_else_can_look_into_it() {
        let Ground(_root, places) = ground();
        let place = places.choose().unwrap();
        assert_eq!(place.path(), places.runtime.as_deref().unwrap().join("fanlight/break-glass"));
        assert_eq!(fs::metadata(place.path()).unwrap().mode() & 0o777, 0o700);
    }

    #[test]
    fn a_runtime_directory_that_is_readable_relative_absent_or_a_link_is_not_used() {
        let Ground(root, places) = ground();
        let home = places.home.join(".fanlight/break-glass");
        let real = places.runtime.clone().unwrap();
        let link = root.path().join("link");
        symlink(&real, &link).unwrap();
        for runtime in
            [None, Some(PathBuf::new()), Some(PathBuf::from("run")), Some(link), Some(real.join("not there"))]
        {
            let places = Places { runtime, home: places.home.clone() };
            assert_eq!(places.choose().unwrap().path(), home, "{places:?}");
        }
        mode(&real, 0o750);
        assert_eq!(places.choose().unwrap().path(), home);
    }

    #[test]
    fn a_runtime_directory_that_takes_no_files_is_not_used() {
        let Ground(_root, places) = ground();
        fs::write(places.runtime.as_deref().unwrap().join("fanlight"), "a file").unwrap();
        let place = places.choose().unwrap();
        assert_eq!(place.path(), places.home.join(".fanlight/break-glass"));
        assert_eq!(fs::read_dir(place.path()).unwrap().count(), 0, "nothing is left of the attempt to write");
    }

    #[test]
    fn a_process_that_hangs_with_the_lock_keeps_nobody_out() {
        let Ground(_root, places) = ground();
        let place = places.choose().unwrap();
        let held = place.lock().unwrap();
        assert!(held.is_some() && place.lock().unwrap().is_none());
        drop(held);
        assert!(place.lock().unwrap().is_some());
    }

    #[test]
    fn at_home_a_link_or_a_directory_that_others_can_write_to_or_look_into_is_refused() {
        let Ground(root, places) = ground();
        let places = Places { runtime: None, ..places };
        let outer = places.home.join(".fanlight");
        let elsewhere = root.path().join("elsewhere");
        make(&elsewhere).unwrap();
        symlink(&elsewhere, &outer).unwrap();
        assert!(matches!(places.choose(), Err(SessionError::Unsafe { why, .. }) if why.contains("symbolic link")));
        fs::remove_file(&outer).unwrap();

        make(&outer).unwrap();
        mode(&outer, 0o775);
        assert!(matches!(places.choose(), Err(SessionError::Unsafe { why, .. }) if why.contains("write")));
        mode(&outer, 0o755);
        let place = places.choose().unwrap();
        mode(place.path(), 0o755);
        assert!(matches!(places.choose(), Err(SessionError::Unsafe { why, .. }) if why.contains("read")));
    }

    #[test]
    fn what_lies_where_the_directory_should_be_is_not_replaced() {
        let Ground(_root, places) = ground();
        let places = Places { runtime: None, ..places };
        fs::write(places.home.join(".fanlight"), "a file").unwrap();
        assert!(matches!(places.choose(), Err(SessionError::Unsafe { why, .. }) if why.contains("no directory")));
    }
}
