use std::{
    collections::{HashMap, hash_map::Entry},
    fs::File,
    io::{Read, Seek, SeekFrom},
    path::PathBuf,
    time::Duration,
};

use anyhow::{Context, bail};
use serde::Deserialize;
use tokio::time::{Instant, sleep};

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
    /// The number of the request.
    #[serde(rename = "auditID")]
    pub id: String,
    /// How far it is.
    pub stage: AuditStage,
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
    /// What the API server's parts have noted.
    #[serde(default)]
    pub annotations: HashMap<String, String>,
}

/// How far a request is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub enum AuditStage {
    /// A watch is open.
    ResponseStarted,
    /// It was answered; a watch has ended.
    ResponseComplete,
    /// The API server stumbled over it.
    Panic,
}

/// Somebody, as the API server knows them.
#[derive(Debug, Clone, Deserialize)]
pub struct AuditUser {
    /// Name; empty for whoever brought a credential that is not known.
    #[serde(default)]
    pub username: String,
    /// Groups.
    #[serde(default)]
    pub groups: Vec<String>,
    /// Whatever else is said of them.
    #[serde(default)]
    pub extra: HashMap<String, Vec<String>>,
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
    /// Part of the object; empty for the object itself.
    pub subresource: String,
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

    /// Every request, in the order in which they were first noted.
    pub fn entries(&self) -> anyhow::Result<Vec<AuditEntry>> {
        let mut file = File::open(&self.path).context("the audit log")?;
        file.seek(SeekFrom::Start(self.from))?;
        let mut text = String::new();
        file.read_to_string(&mut text)?;
        let whole = text.rfind('\n').map_or("", |end| &text[..end]);
        let mut entries: Vec<AuditEntry> = Vec::new();
        let mut places = HashMap::new();
        for line in whole.lines() {
            let entry: AuditEntry = serde_json::from_str(line).context("an audit entry")?;
            // A watch is noted when it opens and again when it ends.
            match places.entry(entry.id.clone()) {
                Entry::Occupied(place) => entries[*place.get()] = entry,
                Entry::Vacant(place) => {
                    place.insert(entries.len());
                    entries.push(entry);
                }
            }
        }
        Ok(entries)
    }

    /// Waits until the requests are as wanted.
    pub async fn until(&self, wanted: impl Fn(&[AuditEntry]) -> bool) -> anyhow::Result<Vec<AuditEntry>> {
        let deadline = Instant::now() + Duration::from_secs(60);
        loop {
            let entries = self.entries()?;
            if wanted(&entries) {
                return Ok(entries);
            }
            if Instant::now() > deadline {
                bail!("the audit log did not become as wanted");
            }
            sleep(Duration::from_millis(50)).await;
        }
    }
}

impl AuditEntry {
    /// Whether it is about an object, or all objects, of Flux.
    pub fn is_of_flux(&self) -> bool {
        let object = self.object_ref.as_ref();
        object.is_some_and(|object| object.api_group.ends_with(".fluxcd.io") && !object.resource.is_empty())
    }

    /// Whether it is a watch that is open.
    pub fn is_open_watch(&self) -> bool {
        self.verb == "watch" && self.stage == AuditStage::ResponseStarted
    }

    /// Whether it was made in the name of who connected, not in somebody else's. A request that is refused because they may
    /// not be somebody else is noted without that other name, and without any decision about what was asked for.
    pub fn is_in_own_name(&self) -> bool {
        let decided = self.annotations.contains_key("authorization.k8s.io/decision");
        self.impersonated_user.is_none() && (decided || self.code() != Some(403))
    }

    /// How it was answered, as an HTTP status.
    pub fn code(&self) -> Option<u16> {
        self.response_status.as_ref().map(|status| status.code)
    }

    /// In whose name it was made: the impersonated user's, or that of who connected.
    pub fn name(&self) -> &str {
        &self.impersonated_user.as_ref().unwrap_or(&self.user).username
    }
}
