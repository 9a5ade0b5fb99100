//! The words of source-controller.

use super::{Facts, words};
use crate::{Kind, short_revision};

/// The revision that a success tells: `stored artifact for revision 'main@sha1:…'`, `pulled 'web' chart with version
/// '1.2.0'`.
pub(super) fn stored(message: &str) -> Option<&str> {
    let told = ["stored artifact", "pulled '", "packaged '"].iter().any(|start| message.starts_with(start));
    told.then(|| message.strip_suffix('\'')?.rsplit_once('\'').map(|(_, revision)| revision))?
}

/// The revision that is being fetched: `building artifact: new upstream revision 'main@sha1:…'`.
pub(super) fn upstream(message: &str) -> Option<&str> {
    message.split_once("new upstream revision '")?.1.split_once('\'').map(|(revision, _)| revision)
}

pub(super) fn ready(kind: Kind, message: &str) -> Option<String> {
    let revision = short_revision(stored(message)?);
    if kind != Kind::HELM_CHART {
        return Some(format!("Fetched {revision}"));
    }
    let (chart, _) = words::quoted(message)?;
    let verb = if message.starts_with("packaged") { "Packaged" } else { "Pulled" };
    Some(format!("{verb} chart {chart} {revision}"))
}

pub(super) fn progressing(message: &str) -> String {
    match upstream(message) {
        Some(revision) => format!("Fetching {}", short_revision(revision)),
        None => words::sentence(message),
    }
}

pub(super) fn failed(facts: &Facts<'_>, message: &str) -> String {
    const DETOURS: [&str; 3] = [
        "failed to checkout and determine revision: ",
        "failed to determine artifact digest: ",
        "failed to fetch Helm repository index: failed to cache index to temporary file: ",
    ];
    let why = DETOURS.iter().find_map(|detour| message.strip_prefix(detour)).unwrap_or(message);
    let why = words::plain(why);
    match facts.artifact {
        "" => format!("Fetching failed: {why}"),
        kept => format!("Fetching failed, {} stays available: {why}", short_revision(kept)),
    }
}
