use std::{
    ffi::OsStr,
    fs::File,
    path::Path,
    process::{Child, ChildStdin, Command, Stdio},
};

use anyhow::Context;

/// A small shell that holds one end of a pipe: when the other end closes, because its owner dropped it or died in any
/// way at all, it ends the program it minds, and then the group with whatever that has started and left (a browser).
#[derive(Debug)]
pub(crate) struct Minder {
    shell: Child,
    pipe: Option<ChildStdin>,
}

impl Minder {
    /// Starts `program` with its output in `log`.
    pub(crate) fn start(
        program: &Path,
        arguments: impl IntoIterator<Item = impl AsRef<OsStr>>,
        log: &Path,
    ) -> anyhow::Result<Self> {
        const SCRIPT: &str = r#""$@" & minded=$!; cat >/dev/null; kill -KILL $minded; wait $minded; kill -KILL 0"#;
        let log = File::options().create(true).append(true).open(log).context("cannot open a log file")?;
        let mut command = Command::new("/bin/sh");
        command.args(["-c", SCRIPT, "minder"]).arg(program).args(arguments);
        Self::spawn(command.stdout(log.try_clone()?).stderr(log))
    }

    /// Removes `folder` when the owner ends; a little later than the programs that write there end.
    pub(crate) fn of_folder(folder: &Path) -> anyhow::Result<Self> {
        const SCRIPT: &str = r#"cat >/dev/null; for _ in 1 2 3 4 5; do rm -rf "$1" 2>/dev/null; sleep 0.3; done"#;
        let mut command = Command::new("/bin/sh");
        command.args(["-c", SCRIPT, "minder"]).arg(folder);
        Self::spawn(command.stdout(Stdio::null()).stderr(Stdio::null()))
    }

    /// The process of the program that is minded, if it runs.
    pub(crate) fn minded(&self, program: &Path) -> Option<u32> {
        let program = program.canonicalize().ok()?;
        let shell = self.shell.id();
        let children = std::fs::read_to_string(format!("/proc/{shell}/task/{shell}/children")).ok()?;
        let mut children = children.split_whitespace().filter_map(|child| child.parse().ok());
        children.find(|child: &u32| std::fs::read_link(format!("/proc/{child}/exe")).is_ok_and(|exe| exe == program))
    }

    fn spawn(command: &mut Command) -> anyhow::Result<Self> {
        use std::os::unix::process::CommandExt;
        // A group of its own: Ctrl-C reaches the owner, who then closes the pipe.
        let mut shell = command.stdin(Stdio::piped()).process_group(0).spawn().context("cannot start /bin/sh")?;
        let pipe = shell.stdin.take();
        Ok(Self { shell, pipe })
    }
}

impl Drop for Minder {
    fn drop(&mut self) {
        self.pipe = None;
        let _ = self.shell.wait();
    }
}
