use super::{
    Cause,
    rules::{self, Rules},
    walk::words,
};
use crate::{Family, Kind, ObjectKey, Row, SourceLink, State, status};

/// What the words of one object say of why it is not ready, before anything else is looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Clue {
    /// It waits for something that it depends on.
    Waits {
        /// That.
        on: ObjectKey,
        /// What is said of it: `is not ready`.
        rest: String,
    },
    /// It waits for something that is not Flux's.
    Foreign,
    /// Its source is not there.
    SourceMissing {
        /// Kind of the source, as manifests name it.
        kind: String,
        /// Its name.
        name: String,
    },
    /// Its source has nothing for it.
    Source(ObjectKey),
    /// They tell the cause; with what a person would say.
    Means(Cause, String),
    /// They do not tell it. These applications, which it applied, they call not healthy.
    Others(Vec<ObjectKey>),
}

impl Clue {
    /// What a row says of its object.
    pub fn of(row: &Row) -> Self {
        if !row.message.is_empty() {
            return Self::read(row, "", &row.message);
        }
        // The sentence is the message then, but for its capital letter.
        match Self::read(row, "", &status::words::lower_first(&row.sentence)) {
            Self::Others(_) => Self::read(row, "", &row.sentence),
            clue => clue,
        }
    }

    /// What the controller says: one word, and its message.
    pub(super) fn read(row: &Row, reason: &str, message: &str) -> Self {
        if let Some((on, rest)) = words::dependency(row, message) {
            return Self::Waits { on, rest: rest.to_owned() };
        }
        if words::awaited(message).is_some() {
            return Self::Foreign;
        }
        if let Some(repository) = awaited_repository(row, reason) {
            return Self::Waits { on: repository, rest: message.to_owned() };
        }
        if let Some((kind, name)) = status::words::missing_object(message) {
            // Some controllers say how the kind is called in addresses.
            let kind = Kind::by_word(kind).map_or(kind, |kind| kind.info().name);
            return Self::SourceMissing { kind: kind.to_owned(), name: name.to_owned() };
        }
        if let Some(source) = awaited_source(row, reason, message) {
            return Self::Source(source);
        }
        if let Some((cause, because)) = rules::read(tables(row.key.kind, message), message, &[]) {
            return Self::Means(cause, because);
        }
        let applications = words::unhealthy(message).into_iter().filter_map(|one| {
            let kind = Kind::by_name(&one.kind).filter(|kind| Kind::APPLICATIONS.contains(kind))?;
            Some(ObjectKey::new(kind, one.namespace, one.name))
        });
        Self::Others(applications.collect())
    }

    /// The objects by which it may be explained.
    pub fn leads(&self) -> &[ObjectKey] {
        match self {
            Self::Waits { on, .. } | Self::Source(on) => std::slice::from_ref(on),
            Self::Others(all) => all,
            Self::Foreign | Self::SourceMissing { .. } | Self::Means(..) => &[],
        }
    }
}

/// What the words mean of which a kind's controller makes its messages.
fn tables(kind: Kind, message: &str) -> &'static [Rules] {
    match kind {
        Kind::HELM_RELEASE => rules::RELEASE,
        _ if kind.info().family == Family::Source => rules::SOURCE,
        Kind::KUSTOMIZATION => rules::APPLIER,
        // What it gets from a registry it is as a source.
        Kind::FLUX_INSTANCE if message.starts_with("fetch failed: ") => rules::SOURCE,
        Kind::RESOURCE_SET | Kind::FLUX_INSTANCE => rules::OPERATOR,
        Kind::TERRAFORM => rules::TERRAFORM,
        _ if kind.info().family == Family::Image => rules::IMAGES,
        _ => rules::OTHER,
    }
}

/// The image repository that a policy waits for: its message does not name it.
fn awaited_repository(row: &Row, reason: &str) -> Option<ObjectKey> {
    let waits = reason == "DependencyNotReady" || row.state == State::Waiting;
    row.source.as_ref().filter(|_| waits && row.key.kind == Kind::IMAGE_POLICY).map(SourceLink::key)
}

/// The source that an object waits for.
fn awaited_source(row: &Row, reason: &str, message: &str) -> Option<ObjectKey> {
    let named = || {
        let (kind, rest) = message.split_once(" '")?;
        let (id, rest) = rest.split_once('\'')?;
        let (namespace, name) = id.split_once('/')?;
        Some((ObjectKey::new(Kind::by_name(kind)?, namespace, name), rest))
    };
    // A row has no reasons: what waits for something else than a dependency waits for its source, if it says so.
    let says_so = || {
        message.starts_with("no artifact available for ")
            || named().is_some_and(|(_, rest)| rest.starts_with(" is not ready"))
    };
    let waits = matches!(reason, "SourceNotReady" | "NoSourceArtifact")
        || message.starts_with("Source artifact not found")
        || message.starts_with("Source is not ready")
        || (row.state == State::Waiting && says_so());
    if !waits {
        return None;
    }
    let named = named().map(|(key, _)| key);
    named.or_else(|| row.generated_chart()).or_else(|| row.source.as_ref().map(SourceLink::key))
}
