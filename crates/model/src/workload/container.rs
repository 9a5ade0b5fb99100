use serde_json::Value;

use crate::{
    cut,
    details::reading::{each, seconds, text},
};

/// A container of a pod. Times are seconds since 1970.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Container {
    /// Its name.
    pub name: String,
    /// Whether it runs before the others.
    pub is_init: bool,
    /// What it does.
    pub state: ContainerState,
    /// Whether it is ready.
    pub ready: bool,
    /// How often it was started again.
    pub restarts: i64,
    /// How it ended the last time, before the state that it is in.
    pub last: Option<Termination>,
}

/// What a container does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ContainerState {
    /// It runs, since then.
    Running(Option<i64>),
    /// It does not run yet, or not at this moment.
    Waiting {
        /// The kubelet's word for why.
        reason: String,
        /// What the kubelet says about it.
        message: String,
    },
    /// It has ended.
    Ended(Termination),
    /// Nobody has said.
    Unknown,
}

/// How a container ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Termination {
    /// The exit code.
    pub code: i64,
    /// The kubelet's word for it.
    pub reason: String,
    /// What it left as its last message.
    pub message: String,
    /// When that was.
    pub at: Option<i64>,
}

/// The longest text of a container that is kept, in bytes.
const WORDS: usize = 300;

/// Reasons for waiting that belong to the start of any container.
pub(crate) const STARTING: [&str; 3] = ["", "ContainerCreating", "PodInitializing"];

impl Container {
    /// The containers of a pod as the API server sends it, those that run first before the others.
    pub(super) fn of(pod: &Value) -> Vec<Self> {
        let lists = [("initContainers", "initContainerStatuses"), ("containers", "containerStatuses")];
        let mut all = Vec::new();
        for (specs, statuses) in lists {
            for spec in each(&pod["spec"][specs]) {
                let status = each(&pod["status"][statuses]).find(|status| status["name"] == spec["name"]);
                // One that is always restarted runs beside the others.
                let is_init = specs == "initContainers" && spec["restartPolicy"] != "Always";
                all.push(Self::read(text(&spec["name"]), is_init, status.unwrap_or(&Value::Null)));
            }
        }
        all
    }

    fn read(name: &str, is_init: bool, status: &Value) -> Self {
        Self {
            name: name.to_owned(),
            is_init,
            state: ContainerState::read(&status["state"]),
            ready: status["ready"] == true,
            restarts: status["restartCount"].as_i64().unwrap_or_default(),
            last: Termination::read(&status["lastState"]["terminated"]),
        }
    }

    /// Whether it waits for something it should not wait for, or has failed.
    pub fn is_in_trouble(&self) -> bool {
        match &self.state {
            ContainerState::Waiting { reason, .. } => !STARTING.contains(&&**reason),
            ContainerState::Ended(end) => end.code != 0,
            ContainerState::Running(_) | ContainerState::Unknown => false,
        }
    }
}

impl ContainerState {
    fn read(state: &Value) -> Self {
        if let Some(end) = Termination::read(&state["terminated"]) {
            return Self::Ended(end);
        }
        if state["running"].is_object() {
            return Self::Running(seconds(&state["running"]["startedAt"]));
        }
        match &state["waiting"] {
            waiting if waiting.is_object() => Self::Waiting {
                reason: cut(text(&waiting["reason"]), WORDS),
                message: cut(text(&waiting["message"]).trim(), WORDS),
            },
            _ => Self::Unknown,
        }
    }

    /// In one word, as `kubectl` says it.
    pub fn word(&self) -> &str {
        match self {
            Self::Running(_) => "Running",
            Self::Waiting { reason, .. } if reason.is_empty() => "Waiting",
            Self::Waiting { reason, .. } => reason,
            Self::Ended(end) if end.reason.is_empty() => "Ended",
            Self::Ended(end) => &end.reason,
            Self::Unknown => "Not started",
        }
    }
}

impl Termination {
    fn read(ended: &Value) -> Option<Self> {
        ended.is_object().then(|| Self {
            code: ended["exitCode"].as_i64().unwrap_or_default(),
            reason: cut(text(&ended["reason"]), WORDS),
            message: cut(text(&ended["message"]).trim(), WORDS),
            at: seconds(&ended["finishedAt"]),
        })
    }

    /// `exit code 137, OOMKilled`.
    pub fn said(&self) -> String {
        match &*self.reason {
            "" => format!("exit code {}", self.code),
            reason => format!("exit code {}, {reason}", self.code),
        }
    }
}
