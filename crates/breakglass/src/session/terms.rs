use std::{ffi::OsString, path::PathBuf, time::Duration};

use jiff::Timestamp;

/// What a session is for and what bounds it: plain values, none of them secret.
#[derive(Debug, Clone)]
pub struct Session {
    /// The cluster's name in the fleet.
    pub cluster: String,
    /// The API server's URL.
    pub server: String,
    /// The certificate authority of the API server, and of nothing else.
    pub ca_pem: String,
    /// Which sealed credential was opened, as people call it.
    pub generation: String,
    /// Who the cluster takes the session for, as the banner says it.
    pub identity: String,
    /// The user name in the audit log of the API server.
    pub user: String,
    /// The Secret that the session's own token is bound to; without one, the shared token is used.
    pub secret: Option<String>,
    /// Who opened the session.
    pub person: String,
    /// Why.
    pub reason: String,
    /// When it begins.
    pub began: Timestamp,
    /// How long it may last.
    pub limit: Limit,
    /// How programs get the token.
    pub mode: Mode,
}

/// How long a session may last, and when a coming end is announced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limit {
    /// From the beginning to the end.
    pub length: Duration,
    /// So long before the end there is a warning; those that are no shorter than the session are left out.
    pub warnings: Vec<Duration>,
}

impl Limit {
    /// A limit of `length`, with the usual warnings 10 and 2 minutes before.
    pub fn of(length: Duration) -> Self {
        Self { length, warnings: vec![Duration::from_mins(10), Duration::from_mins(2)] }
    }
}

impl Default for Limit {
    fn default() -> Self {
        Self::of(Duration::from_hours(1))
    }
}

/// How programs of a session get the token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Mode {
    /// They ask for it: it is never written down.
    #[default]
    Broker,
    /// It stands in the kubeconfig, for programs that cannot ask.
    File,
}

/// What is run in a session.
#[derive(Debug, Clone)]
pub enum Work {
    /// The user's shell.
    Shell,
    /// A command and its arguments.
    Command {
        /// The program.
        program: OsString,
        /// Its arguments.
        arguments: Vec<OsString>,
    },
}

/// What is handed to whatever runs in a session.
#[derive(Debug)]
pub(super) struct Handed {
    pub(super) cluster: String,
    pub(super) kubeconfig: PathBuf,
    pub(super) cache: PathBuf,
    /// Identifier and nonce.
    pub(super) pass: String,
    pub(super) expires: Timestamp,
}

#[cfg(test)]
pub(super) mod test {
    use super::*;

    /// A session on `cluster`.
    pub(in super::super) fn session(cluster: &str) -> Session {
        Session {
            cluster: cluster.to_owned(),
            server: "https://kube-api.example.com:6443".to_owned(),
            ca_pem: "-----BEGIN CERTIFICATE-----\n".to_owned(),
            generation: "g3".to_owned(),
            identity: "ServiceAccount/break-glass (cluster-admin)".to_owned(),
            user: "system:serviceaccount:kube-system:break-glass".to_owned(),
            secret: None,
            person: "Alice".to_owned(),
            reason: "sign-in is down".to_owned(),
            began: Timestamp::UNIX_EPOCH,
            limit: Limit::default(),
            mode: Mode::Broker,
        }
    }
}
