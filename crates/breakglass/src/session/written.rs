use std::{fs, path::PathBuf, time::Duration};

use jiff::Timestamp;
use tokio::task::JoinSet;

use super::{
    Session, SessionError, Token, TokenSource,
    folder::{Folder, write_new},
    kubeconfig::{Access, kubeconfig},
    limit::Deadline,
};

/// How long before its end a written token is replaced.
const EARLY: Duration = Duration::from_mins(2);
/// How long to wait after an attempt to replace it that failed, or that brought one that ends soon.
const AGAIN: Duration = Duration::from_secs(15);

/// A kubeconfig with the token in it, kept up to date.
struct Written<T> {
    session: Session,
    source: T,
    path: PathBuf,
    deadline: Deadline,
}

/// Writes the token into the session's kubeconfig, and replaces it before it expires until the returned task is dropped.
pub(super) async fn keep<T: TokenSource>(
    session: &Session,
    source: T,
    folder: &Folder,
    deadline: Deadline,
) -> Result<JoinSet<()>, SessionError> {
    let no_token = |why| SessionError::NoToken { cluster: session.cluster.clone(), why };
    let token = source.token().await.map_err(no_token)?;
    let path = folder.write("kubeconfig", kubeconfig(session, &Access::Written(&token)).as_bytes())?;
    let mut tasks = JoinSet::new();
    if let Some(expires) = token.expires {
        tasks.spawn(Written { session: session.clone(), source, path, deadline }.renew(expires));
    }
    Ok(tasks)
}

impl<T: TokenSource> Written<T> {
    async fn renew(self, mut expires: Timestamp) {
        loop {
            let left = Duration::try_from(expires.duration_since(self.deadline.now())).unwrap_or_default();
            let wait = left.saturating_sub(EARLY).max(AGAIN.min(left / 2));
            self.deadline.until(self.deadline.left().saturating_sub(wait)).await;
            if self.deadline.left().is_zero() {
                return;
            }
            match self.source.token().await {
                Ok(token) if self.replace(&token).is_ok() => match token.expires {
                    Some(later) => expires = later,
                    None => return,
                },
                _ => tokio::time::sleep(AGAIN).await,
            }
        }
    }

    /// In one step, so that no program reads half of it.
    fn replace(&self, token: &Token) -> std::io::Result<()> {
        let new = self.path.with_extension("new");
        let _ = fs::remove_file(&new);
        write_new(&new, kubeconfig(&self.session, &Access::Written(token)).as_bytes())?;
        fs::rename(new, &self.path)
    }
}
