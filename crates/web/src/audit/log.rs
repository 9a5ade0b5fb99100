use std::{
    convert::Infallible,
    fs::File,
    io::{self, Write},
    os::unix::fs::{MetadataExt, OpenOptionsExt},
    path::{Path, PathBuf},
    str::FromStr,
    sync::mpsc::{Receiver, SyncSender, sync_channel},
    thread,
    time::Duration,
};

use prometheus_client::metrics::counter::Counter;

/// Where the account is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AuditTarget {
    /// Standard output, among the lines of the log.
    Stdout,
    /// A file, which nobody but its owner may read.
    File(PathBuf),
}

impl FromStr for AuditTarget {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(if text == "stdout" { Self::Stdout } else { Self::File(text.into()) })
    }
}

/// The way to the thread that writes the account. Cheap to clone.
///
/// No request ever waits for it: lines that cannot be written, or that come faster than they can be, are lost, counted,
/// and their loss is said in the log once.
#[derive(Clone)]
pub struct AuditLog {
    post: SyncSender<Message>,
    lost: Counter,
}

enum Message {
    Line(Vec<u8>),
    Reopen,
    /// Everything so far is to be written; what is sent back says that it is.
    Finish(SyncSender<()>),
}

impl AuditLog {
    /// How many lines may wait.
    const WAITING: usize = 8192;

    /// Opens it; lost lines are counted by `lost`.
    pub fn open(target: AuditTarget, lost: Counter) -> io::Result<Self> {
        let out = match target {
            AuditTarget::Stdout => Out::Stdout,
            AuditTarget::File(path) => Out::File { file: append(&path)?, path },
        };
        let (post, inbox) = sync_channel(Self::WAITING);
        let writer = Writer { out, lost: lost.clone(), torn: false, stuck: false };
        thread::Builder::new().name("audit".to_owned()).spawn(move || writer.run(&inbox))?;
        Ok(Self { post, lost })
    }

    /// Opens the file anew, as after it was moved away.
    pub fn reopen(&self) {
        let _ = self.post.try_send(Message::Reopen);
    }

    /// Waits, a little, until everything so far is written.
    pub fn finish(&self) {
        const PATIENCE: Duration = Duration::from_secs(2);
        let (told, done) = sync_channel(1);
        if self.post.try_send(Message::Finish(told)).is_ok() {
            let _ = done.recv_timeout(PATIENCE);
        }
    }

    pub(super) fn write(&self, mut line: Vec<u8>) {
        line.push(b'\n');
        if self.post.try_send(Message::Line(line)).is_err() {
            self.lost.inc();
        }
    }
}

enum Out {
    Stdout,
    File { file: File, path: PathBuf },
}

struct Writer {
    out: Out,
    lost: Counter,
    /// Whether the last line was lost, and may have left its beginning.
    torn: bool,
    /// Whether the file could not be opened anew when that was last tried.
    stuck: bool,
}

impl Writer {
    fn run(mut self, inbox: &Receiver<Message>) {
        for message in inbox {
            match message {
                Message::Line(line) => self.line(line),
                Message::Reopen => self.reopen(),
                Message::Finish(told) => {
                    let _ = told.send(());
                }
            }
        }
    }

    fn line(&mut self, mut line: Vec<u8>) {
        if self.is_moved() {
            self.reopen();
        }
        if self.torn && matches!(self.out, Out::File { .. }) {
            line.insert(0, b'\n');
        }
        let written = match &mut self.out {
            // A whole line at once, so that lines of the log do not come between.
            Out::Stdout => io::stdout().lock().write_all(&line),
            Out::File { file, .. } => file.write_all(&line),
        };
        match written {
            Ok(()) if self.torn => {
                self.torn = false;
                tracing::warn!(
                    lost = self.lost.get(),
                    "the audit log can be written again; these many lines were lost so far"
                );
            }
            Ok(()) => {}
            Err(error) => {
                self.lost.inc();
                if !self.torn {
                    tracing::error!(%error, "the audit log cannot be written; what happens is not written down until it can");
                }
                self.torn = true;
            }
        }
    }

    /// Whether the file is no longer at its path.
    fn is_moved(&self) -> bool {
        let Out::File { file, path } = &self.out else { return false };
        match (file.metadata(), path.metadata()) {
            (Ok(open), Ok(there)) => (open.dev(), open.ino()) != (there.dev(), there.ino()),
            _ => true,
        }
    }

    /// The file that is open stays until another one is.
    fn reopen(&mut self) {
        if let Out::File { file, path } = &mut self.out {
            match append(path) {
                Ok(new) => (*file, self.stuck) = (new, false),
                Err(error) => {
                    if !self.stuck {
                        tracing::error!(%error, file = %path.display(), "the audit log cannot be opened anew");
                    }
                    self.stuck = true;
                }
            }
        }
    }
}

fn append(path: &Path) -> io::Result<File> {
    File::options().create(true).append(true).mode(0o600).open(path)
}
