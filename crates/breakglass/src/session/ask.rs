use std::{
    io::{self, Read, Write},
    net::Shutdown,
    os::unix::net::UnixStream,
    path::{Path, PathBuf},
    time::Duration,
};

use jiff::Timestamp;
use nix::{
    sys::socket::{getsockopt, sockopt::PeerCredentials},
    unistd::geteuid,
};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::broker::Reply;

/// The hidden subcommand by which programs of a session ask for the token; `--socket PATH` follows it.
pub const TOKEN_SUBCOMMAND: &str = "__break-glass-token";

/// Why a program of a session gets no token.
#[derive(Debug, thiserror::Error)]
pub enum AskError {
    /// The program was started outside the session.
    #[error("this kubeconfig works inside its break-glass session only, and this program was not started there")]
    Outside,
    /// The session has ended, or whoever looked after it was killed.
    #[error("the break-glass session is over: nobody answers at {}", socket.display())]
    Over {
        /// Where it answered.
        socket: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// Something of another user answers.
    #[error("{} is answered by another user; no token is taken from there", .0.display())]
    Stranger(PathBuf),
    /// The answer did not come, or was cut off.
    #[error("the break-glass session does not answer at {}", socket.display())]
    Silent {
        /// Where.
        socket: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The session says why there is none.
    #[error("no token: {0}")]
    Refused(String),
    /// The program wants its answer in a form that is not known here.
    #[error("the program asks for credentials of version {0:?}, which is not known")]
    Version(String),
}

/// The two versions of the contract that are in use, of one shape.
const VERSIONS: [&str; 2] = ["client.authentication.k8s.io/v1", "client.authentication.k8s.io/v1beta1"];
/// How long the session may take to answer: it may have to renew the token.
const PATIENCE: Duration = Duration::from_secs(30);
/// Longer answers are cut off, in bytes.
const LONGEST: u64 = 64 * 1024;

/// What the program wants to know, from `KUBERNETES_EXEC_INFO`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Wanted {
    api_version: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ExecCredential<'a> {
    api_version: &'a str,
    kind: &'a str,
    status: Status<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Status<'a> {
    token: &'a str,
    expiration_timestamp: String,
}

/// Asks the session at `socket` for its token: the text for standard output, an `ExecCredential`.
///
/// `pass` is the value of `FANLIGHT_BREAK_GLASS_SESSION` and `info` that of `KUBERNETES_EXEC_INFO`, which names the
/// version to answer in.
pub fn ask(socket: &Path, pass: Option<&str>, info: Option<&str>) -> Result<Zeroizing<String>, AskError> {
    let version = version(info)?;
    let pass = pass.filter(|pass| !pass.is_empty()).ok_or(AskError::Outside)?;
    match exchange(socket, pass)? {
        Reply::Token { bearer, expires } => Ok(credential(version, &bearer, expires)),
        Reply::Refused(why) => Err(AskError::Refused(why)),
    }
}

fn exchange(socket: &Path, pass: &str) -> Result<Reply, AskError> {
    let over = |source| AskError::Over { socket: socket.to_owned(), source };
    let silent = |source| AskError::Silent { socket: socket.to_owned(), source };
    let mut stream = UnixStream::connect(socket).map_err(over)?;
    let peer = getsockopt(&stream, PeerCredentials).map_err(|error| silent(error.into()))?;
    if peer.uid() != geteuid().as_raw() {
        return Err(AskError::Stranger(socket.to_owned()));
    }
    stream.set_read_timeout(Some(PATIENCE)).map_err(silent)?;
    stream.set_write_timeout(Some(PATIENCE)).map_err(silent)?;
    stream.write_all(pass.as_bytes()).map_err(silent)?;
    stream.shutdown(Shutdown::Write).map_err(silent)?;
    let mut answer = Zeroizing::new(Vec::new());
    stream.take(LONGEST).read_to_end(&mut answer).map_err(silent)?;
    serde_json::from_slice(&answer).map_err(|error| silent(error.into()))
}

fn version(info: Option<&str>) -> Result<&'static str, AskError> {
    let Some(info) = info else { return Ok(VERSIONS[0]) };
    let wanted = serde_json::from_str::<Wanted>(info).map(|wanted| wanted.api_version).unwrap_or_default();
    VERSIONS.into_iter().find(|version| *version == wanted).ok_or(AskError::Version(wanted))
}

fn credential(api_version: &str, token: &str, expires: Timestamp) -> Zeroizing<String> {
    let expiration_timestamp = expires.strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
    let status = Status { token, expiration_timestamp };
    #[expect(clippy::expect_used, reason = "texts are always JSON")]
    let text = serde_json::to_string(&ExecCredential { api_version, kind: "ExecCredential", status }).expect("JSON");
    Zeroizing::new(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_answer_is_of_the_version_that_was_asked_for() {
        for asked in VERSIONS {
            let info = format!(r#"{{"apiVersion":"{asked}","kind":"ExecCredential","spec":{{"interactive":false}}}}"#);
            assert_eq!(version(Some(&info)).unwrap(), asked);
        }
        assert_eq!(version(None).unwrap(), VERSIONS[0]);
        for unknown in [r#"{"apiVersion":"client.authentication.k8s.io/v1alpha1"}"#, "{}", "no JSON"] {
            assert!(matches!(version(Some(unknown)), Err(AskError::Version(_))), "{unknown}");
        }
        let text = credential(VERSIONS[1], "secret", Timestamp::UNIX_EPOCH);
        let read: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(
            read,
            serde_json::json!({
                "apiVersion": VERSIONS[1],
                "kind": "ExecCredential",
                "status": { "token": "secret", "expirationTimestamp": "1970-01-01T00:00:00Z" }
            })
        );
    }

    #[test]
    fn a_program_from_outside_or_after_the_end_is_told_so() {
        let folder = tempfile::tempdir().unwrap();
        let socket = folder.path().join("broker");
        assert!(matches!(ask(&socket, None, None), Err(AskError::Outside)));
        assert!(matches!(ask(&socket, Some("a.b"), None), Err(AskError::Over { .. })));
        drop(std::os::unix::net::UnixListener::bind(&socket).unwrap());
        assert!(matches!(ask(&socket, Some("a.b"), None), Err(AskError::Over { .. })));
    }
}
