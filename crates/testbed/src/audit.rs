use std::{
    fs::File,
    io::{Read, Seek, SeekFrom},
    path::PathBuf,
};

use anyhow::Context;
use serde::Deserialize;

/// The API server's record of requests, from a certain moment on.
#[derive(Debug, Clone)]
pub struct AuditLog {
    path: PathBuf,
    from: u64,
}

/// One request.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AuditEntry {
    /// `list`, `watch`, `create`, …
    pub verb: String,
    /// Who connected.
    pub user: AuditUser,
    /// In whose name, if impersonated.
    pub impersonated_user: Option<AuditUser>,
    /// What for; absent for paths that are no objects.
    pub object_ref: Option<AuditObject>,
    /// How it was answered.
    pub response_status: Option<AuditStatus>,
    /// The path with its query.
    #[serde(rename = "requestURI")]
    pub uri: String,
}

/// Somebody, as the API server knows them.
#[derive(Debug, Clone, Deserialize)]
pub struct AuditUser {
    /// Name.
    pub username: String,
    /// Groups.
    #[serde(default)]
    pub groups: Vec<String>,
}

/// The object of a request.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct AuditObject {
    /// Plural name of the kind.
    pub resource: String,
    /// API group; empty for the core group.
    pub api_group: String,
    /// Namespace; empty for the whole cluster.
    pub namespace: String,
    /// Name; empty for lists.
    pub name: String,
}

/// The answer of a request.
#[derive(Debug, Clone, Deserialize)]
pub struct AuditStatus {
    /// HTTP status.
    pub code: u16,
}

impl AuditLog {
    pub(crate) fn new(path: PathBuf) -> Self {
        Self { path, from: 0 }
    }

    /// The same log without what has been written so far.
    pub fn from_now(&self) -> anyhow::Result<Self> {
        let from = std::fs::metadata(&self.path).context("the audit log")?.len();
        Ok(Self { path: self.path.clone(), from })
    }

    /// Every complete entry.
    pub fn entries(&self) -> anyhow::Result<Vec<AuditEntry>> {
        let mut file = File::open(&self.path).context("the audit log")?;
        file.seek(SeekFrom::Start(self.from))?;
        let mut text = String::new();
        file.read_to_string(&mut text)?;
        let whole = text.rfind('\n').map_or("", |end| &text[..end]);
        whole.lines().map(|line| serde_json::from_str(line).context("an audit entry")).collect()
    }
}
