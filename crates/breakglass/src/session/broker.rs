use std::{path::Path, sync::Arc, time::Duration};

use jiff::Timestamp;
use nix::unistd::geteuid;
use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{UnixListener, UnixStream},
    task::JoinSet,
    time::timeout,
};
use zeroize::Zeroizing;

use super::{
    SessionError, TokenSource,
    limit::{Deadline, after},
};

/// What is answered to a program that asks for the token.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) enum Reply {
    /// Here it is.
    Token { bearer: Zeroizing<String>, expires: Timestamp },
    /// There is none, for this reason.
    Refused(String),
}

/// Hands out a session's token over a socket, until the session ends.
pub(super) struct Broker<T> {
    pub(super) source: T,
    /// What a program has to show: identifier and nonce of the session, from its environment.
    pub(super) pass: String,
    pub(super) deadline: Deadline,
}

/// How long a program has to say what it wants.
const REQUEST: Duration = Duration::from_secs(5);
/// How long the source may take.
const SOURCE: Duration = Duration::from_secs(20);
/// How many are served at once; others wait in line.
const CROWD: usize = 32;
/// Longer passes are not read.
const LONGEST: u64 = 256;
/// How long a program may use a token before it asks again.
const TRUST: Duration = Duration::from_mins(2);
/// How long to wait when the system has no room for one more connection.
const BREATH: Duration = Duration::from_millis(100);

impl<T: TokenSource> Broker<T> {
    /// Answers at `socket` until the returned task is dropped.
    pub(super) fn open(self, socket: &Path) -> Result<JoinSet<()>, SessionError> {
        let listener =
            UnixListener::bind(socket).map_err(|source| SessionError::Broker { socket: socket.to_owned(), source })?;
        let mut tasks = JoinSet::new();
        tasks.spawn(Arc::new(self).listen(listener));
        Ok(tasks)
    }

    async fn listen(self: Arc<Self>, listener: UnixListener) {
        let mut crowd = JoinSet::new();
        loop {
            tokio::select! {
                accepted = listener.accept(), if crowd.len() < CROWD => match accepted {
                    Ok((stream, _)) => drop(crowd.spawn(Arc::clone(&self).serve(stream))),
                    Err(_) => tokio::time::sleep(BREATH).await,
                },
                Some(_) = crowd.join_next() => {}
            }
        }
    }

    /// Somebody else gets no answer at all; whoever does not stay to hear it has missed it.
    async fn serve(self: Arc<Self>, mut stream: UnixStream) {
        if !stream.peer_cred().is_ok_and(|peer| peer.uid() == geteuid().as_raw()) {
            return;
        }
        let mut pass = Vec::new();
        let read = timeout(REQUEST, (&mut stream).take(LONGEST).read_to_end(&mut pass)).await;
        let reply = match read {
            Ok(Ok(_)) if bool::from(pass.ct_eq(self.pass.as_bytes())) => self.reply().await,
            Ok(Ok(_)) => Reply::Refused("this program belongs to another session".to_owned()),
            _ => return,
        };
        let Ok(reply) = serde_json::to_vec(&reply).map(Zeroizing::new) else { return };
        let _ = timeout(REQUEST, stream.write_all(&reply)).await;
    }

    async fn reply(&self) -> Reply {
        let token = match timeout(SOURCE, self.source.token()).await {
            Ok(Ok(token)) => token,
            Ok(Err(why)) => return Reply::Refused(why),
            Err(_) => return Reply::Refused(format!("no token came within {} seconds", SOURCE.as_secs())),
        };
        let now = self.deadline.now();
        if self.deadline.left().is_zero() {
            return Reply::Refused("the break-glass session is over".to_owned());
        }
        if token.expires.is_some_and(|expires| expires <= now) {
            return Reply::Refused("the session’s token has expired and could not be renewed".to_owned());
        }
        let expires = after(now, TRUST).min(self.deadline.ends()).min(token.expires.unwrap_or(Timestamp::MAX));
        Reply::Token { bearer: token.bearer, expires }
    }
}

#[cfg(test)]
mod tests;
