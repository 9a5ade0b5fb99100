use std::collections::BTreeSet;

use fanlight_identity::{BearerError, FlowError, IdentityError, NotHeld, RefreshError, Refusal};
use fanlight_live::{Scopes, Visit};
use fanlight_model::{Action, Kind, ObjectKey, Stage, WorkloadAction};
use serde::{Serialize, Serializer, ser::SerializeMap};

use super::Limited;
use crate::{ObjectError, bearer::NotAdmitted};

/// What happened. The variant's name is the line's field `audit`.
#[derive(Debug, Clone, Serialize)]
#[serde(tag = "audit", rename_all = "kebab-case", rename_all_fields = "kebab-case")]
pub(crate) enum Event {
    /// Somebody tried to sign in.
    SignIn {
        outcome: Outcome,
        #[serde(skip_serializing_if = "Option::is_none")]
        reason: Option<Reason>,
        /// Why they do, in their own words.
        #[serde(skip_serializing_if = "Option::is_none")]
        purpose: Option<Limited>,
    },
    /// Somebody signed out.
    SignOut,
    /// The provider was asked to confirm a session.
    Refresh {
        outcome: Outcome,
        #[serde(skip_serializing_if = "Option::is_none")]
        reason: Option<Reason>,
    },
    /// Somebody ended sessions of theirs; failed, if only this replica knows.
    Revocation { what: Revoked, outcome: Outcome },
    /// Somebody asked for something to be done to objects.
    Action { verb: Verb, objects: Vec<Limited> },
    /// What has become of one object of an action.
    ActionOutcome { verb: Verb, object: Limited, outcome: Outcome, reason: Limited },
    /// A page was sent, or an open one shows the log of one more container.
    View {
        page: Page,
        #[serde(flatten)]
        seen: Seen,
        outcome: Outcome,
    },
    /// A page is kept current from now on.
    StreamOpened {
        page: Page,
        #[serde(flatten)]
        seen: Seen,
    },
    /// It is no longer, since the page was closed, the session ended or the server stops. The request is that of its
    /// opening.
    StreamClosed {
        page: Page,
        #[serde(flatten)]
        seen: Seen,
        seconds: u64,
    },
}

impl Event {
    /// Somebody is signed in; `purpose` is why, in their own words.
    pub(crate) fn signed_in(purpose: Option<Limited>) -> Self {
        Event::SignIn { outcome: Outcome::Done, reason: None, purpose }
    }

    /// Somebody is not.
    pub(crate) fn not_signed_in(reason: Reason, purpose: Option<Limited>) -> Self {
        Event::SignIn { outcome: Outcome::Refused, reason: Some(reason), purpose }
    }
}

/// How something ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Outcome {
    Done,
    Refused,
    Failed,
    /// Nobody knows whether it happened.
    Unknown,
}

impl Outcome {
    pub(crate) fn word(self) -> &'static str {
        match self {
            Outcome::Done => "done",
            Outcome::Refused => "refused",
            Outcome::Failed => "failed",
            Outcome::Unknown => "unknown",
        }
    }

    /// How reading something for a page ended.
    pub(crate) fn of_reading<T>(read: &Result<T, ObjectError>) -> Self {
        read.as_ref().err().map_or(Outcome::Done, Self::of_error)
    }

    /// How reading ended that failed like this.
    pub(crate) fn of_error(error: &ObjectError) -> Self {
        match error {
            ObjectError::Forbidden(_) => Outcome::Refused,
            ObjectError::NotFound | ObjectError::NotInstalled | ObjectError::Unanswered(_) => Outcome::Failed,
        }
    }

    /// How a final stage ended.
    pub(crate) fn of(stage: &Stage) -> Self {
        match stage {
            Stage::Done(_) => Outcome::Done,
            Stage::Refused(_) => Outcome::Refused,
            Stage::Failed(_) => Outcome::Failed,
            Stage::Asked(_) | Stage::Unknown(_) => Outcome::Unknown,
        }
    }
}

/// Which sessions were ended.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Revoked {
    /// This one, by its mark.
    Session(String),
    /// All of this user.
    User(Limited),
}

/// What was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Verb {
    Sync,
    SyncWithSource,
    Force,
    ForceWithSource,
    ForceReset,
    ForceResetWithSource,
    Reset,
    ResetWithSource,
    Suspend,
    Resume,
    Restart,
    Run,
    DeletePod,
}

impl Verb {
    pub(crate) fn of(action: &Action) -> Self {
        match action {
            Action::Sync { with_source: false } => Verb::Sync,
            Action::Sync { with_source: true } => Verb::SyncWithSource,
            Action::Force { reset: false, with_source: false } => Verb::Force,
            Action::Force { reset: false, with_source: true } => Verb::ForceWithSource,
            Action::Force { reset: true, with_source: false } => Verb::ForceReset,
            Action::Force { reset: true, with_source: true } => Verb::ForceResetWithSource,
            Action::Reset { with_source: false } => Verb::Reset,
            Action::Reset { with_source: true } => Verb::ResetWithSource,
            Action::Suspend { .. } => Verb::Suspend,
            Action::Resume => Verb::Resume,
        }
    }

    pub(crate) fn of_workload(action: &WorkloadAction) -> Self {
        match action {
            WorkloadAction::Restart(_) => Verb::Restart,
            WorkloadAction::Run(_) => Verb::Run,
            WorkloadAction::DeletePod(_) => Verb::DeletePod,
        }
    }

    pub(crate) fn word(self) -> &'static str {
        match self {
            Verb::Sync => "sync",
            Verb::SyncWithSource => "sync-with-source",
            Verb::Force => "force",
            Verb::ForceWithSource => "force-with-source",
            Verb::ForceReset => "force-reset",
            Verb::ForceResetWithSource => "force-reset-with-source",
            Verb::Reset => "reset",
            Verb::ResetWithSource => "reset-with-source",
            Verb::Suspend => "suspend",
            Verb::Resume => "resume",
            Verb::Restart => "restart",
            Verb::Run => "run",
            Verb::DeletePod => "delete-pod",
        }
    }
}

/// Which page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Page {
    /// A list, by its path.
    List(&'static str),
    Events,
    Object,
    Overview,
    Runtime,
    /// Of kinds without a page of their own.
    Other,
    /// What containers write.
    Logs,
    /// What runs, as a list.
    Workloads,
    /// One of it.
    Workload,
}

impl Serialize for Page {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.word())
    }
}

impl Page {
    pub(crate) fn word(self) -> &'static str {
        match self {
            Page::List(path) => path,
            Page::Events => "events",
            Page::Object => "object",
            Page::Overview => "overview",
            Page::Runtime => "flux_runtime",
            Page::Other => "other",
            Page::Logs => "logs",
            Page::Workloads => "workloads",
            Page::Workload => "workload",
        }
    }
}

/// What a page shows.
#[derive(Debug, Clone, Default, Serialize)]
pub(crate) struct Seen {
    /// The object that it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) object: Option<Limited>,
    /// Of which kinds the viewer sees the rows, and where.
    #[serde(serialize_with = "by_kind", skip_serializing_if = "Vec::is_empty")]
    pub(crate) scopes: Vec<(Kind, Scopes)>,
    /// The namespaces of which the viewer reads Events; `*` is all of them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) events: Vec<String>,
    /// The containers whose logs were read, as `namespace/pod/container`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) logs: Vec<Limited>,
    /// The Secrets of Helm in which it was read what releases consist of, as `namespace/name`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) secrets: Vec<Limited>,
    /// The namespaces of which workloads are shown.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) workloads: Vec<String>,
}

impl Seen {
    /// The rows of a view.
    pub(crate) fn rows(visit: &Visit) -> Self {
        Self { scopes: visit.scopes(), ..Self::default() }
    }

    /// And the rows of another view.
    pub(crate) fn and_rows(mut self, visit: &Visit) -> Self {
        self.scopes.append(&mut visit.scopes());
        self
    }

    /// Events of these namespaces; `None` is all of them.
    pub(crate) fn events<'a>(namespaces: impl Iterator<Item = Option<&'a str>>) -> Self {
        Self { events: namespaces.map(|one| one.unwrap_or("*").to_owned()).collect(), ..Self::default() }
    }

    /// Workloads of these namespaces; of very many the first.
    pub(crate) fn workloads<'a>(namespaces: impl Iterator<Item = &'a str>) -> Self {
        let namespaces: BTreeSet<_> = namespaces.collect();
        Self { workloads: first(namespaces.into_iter()), ..Self::default() }
    }

    /// What is called so, of a kind without a page of its own.
    pub(crate) fn other(name: &str) -> Self {
        Self { object: Some(Limited::other(name)), ..Self::default() }
    }

    /// And what these Secrets say of releases.
    pub(crate) fn and_secrets(self, secrets: &[String]) -> Self {
        Self { secrets: secrets.iter().map(|one| Limited::other(one)).collect(), ..self }
    }

    /// And the logs of these containers.
    pub(crate) fn and_logs(self, containers: &[String]) -> Self {
        Self { logs: containers.iter().map(|one| Limited::other(one)).collect(), ..self }
    }

    /// One object.
    pub(crate) fn object(key: &ObjectKey) -> Self {
        Self { object: Some(Limited::object(key)), ..Self::default() }
    }
}

/// Namespaces by kind; `*` is all of them.
fn by_kind<S: Serializer>(scopes: &[(Kind, Scopes)], serializer: S) -> Result<S::Ok, S::Error> {
    let mut map = serializer.serialize_map(Some(scopes.len()))?;
    for (kind, scopes) in scopes {
        let names: Vec<_> = match scopes {
            Scopes::Everywhere => vec!["*".to_owned()],
            Scopes::Namespaces(all) => first(all.iter().map(|name| &**name)),
        };
        map.serialize_entry(kind.info().name, &names)?;
    }
    map.end()
}

/// So that a line stays a line, of very many names only the first.
fn first<'a>(names: impl ExactSizeIterator<Item = &'a str>) -> Vec<String> {
    const MOST: usize = 100;
    let more = names.len().saturating_sub(MOST);
    let more = (more > 0).then(|| format!("and {more} more"));
    names.take(MOST).map(ToOwned::to_owned).chain(more).collect()
}

/// Why something was refused or failed, in one of a few words. The log has the rest, under the request's number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub(crate) struct Reason(&'static str);

impl Reason {
    /// That the way to sign in is switched off.
    pub(crate) const OFF: Self = Self("off");
    /// That no reason was given where one is required.
    pub(crate) const NO_PURPOSE: Self = Self("no-purpose");
    /// That somebody is in too many groups to be remembered.
    pub(crate) const TOO_LARGE: Self = Self("too-large");
    /// That the API server does not take the provider's ID tokens.
    pub(crate) const NOT_TAKEN: Self = Self("not-taken");
    /// That the provider gave no refresh token.
    pub(crate) const NO_TOKEN: Self = Self("no-token");
}

impl From<&Refusal> for Reason {
    fn from(refusal: &Refusal) -> Self {
        Self(match refusal {
            Refusal::Throttled { .. } => "throttled",
            Refusal::NotSetUp => "not-set-up",
            Refusal::Unreadable(_) => "unreadable",
            Refusal::Wrong => "credentials",
        })
    }
}

impl From<&FlowError> for Reason {
    fn from(error: &FlowError) -> Self {
        Self(match error {
            FlowError::NotReady(_) => "not-ready",
            FlowError::Incomplete(_) => "incomplete",
            FlowError::Unknown => "not-begun-here",
            FlowError::Expired => "expired",
            FlowError::NeedsForm => "needs-form",
            FlowError::Provider(_) => "provider",
            FlowError::OtherIssuer => "other-issuer",
            FlowError::Exchange(_) => "exchange",
            FlowError::Identity(error) => return error.into(),
        })
    }
}

impl From<&RefreshError> for Reason {
    fn from(error: &RefreshError) -> Self {
        Self(match error {
            RefreshError::Refused(_) => "provider",
            RefreshError::Unreachable(_) => "unreachable",
            RefreshError::Identity(error) => return error.into(),
        })
    }
}

impl From<&NotAdmitted> for Reason {
    fn from(error: &NotAdmitted) -> Self {
        Self(match error {
            NotAdmitted::NoToken(_) | NotAdmitted::Several => "no-token",
            NotAdmitted::NotHeld(NotHeld::Unknown) => "unknown-token",
            NotAdmitted::NotHeld(NotHeld::Throttled { .. } | NotHeld::Crowded { .. }) => "throttled",
            NotAdmitted::NotHeld(NotHeld::Unanswered(_)) => "unreachable",
            NotAdmitted::Oidc(BearerError::NotReady(_)) => "not-ready",
            NotAdmitted::Oidc(BearerError::Identity(error)) => return error.into(),
        })
    }
}

impl From<&IdentityError> for Reason {
    fn from(error: &IdentityError) -> Self {
        Self(match error {
            IdentityError::Claims(_) => "claims",
            _ => "identity",
        })
    }
}
