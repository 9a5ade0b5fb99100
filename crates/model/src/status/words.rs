//! Controllers' words made plainer: what is noise to a reader is left out, nothing is made up.

use crate::cut;

/// How much of a message is looked at.
const READ: usize = 1024;

/// The first line of a message without repeats, temporary paths and the detours of error wrapping.
pub(super) fn plain(message: &str) -> String {
    let line = message.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or_default();
    let line = without_temporary_directories(&cut(line, READ));
    let mut parts: Vec<&str> = Vec::new();
    for part in line.split(": ") {
        if parts.last() != Some(&part) {
            parts.push(part);
        }
    }
    let text = timeouts(&unhealthy(&parts.join(": ")));
    text.trim_end_matches([':', ' ']).to_owned()
}

/// [`plain`], with a capital letter at its beginning.
pub(super) fn sentence(message: &str) -> String {
    capitalised(&plain(message))
}

/// The text with a capital letter at its beginning.
pub(crate) fn capitalised(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

/// The text as it continues a sentence: with a small letter at its beginning.
pub(crate) fn lower_first(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map(|first| first.to_lowercase().chain(letters).collect()).unwrap_or_default()
}

/// Paths below a controller's working directory become paths inside the source.
pub(crate) fn without_temporary_directories(text: &str) -> String {
    const DIRECTORY: &str = "/tmp/kustomization-";
    let mut clean = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once(DIRECTORY) {
        clean.push_str(before);
        let name = after.trim_start_matches(|letter: char| letter.is_ascii_digit());
        rest = name.strip_prefix('/').unwrap_or(name);
    }
    clean.push_str(rest);
    clean
}

/// `failed early due to stalled resources: [Deployment/a/b status: 'Failed']` names the objects, which is enough.
fn unhealthy(text: &str) -> String {
    let stalled = listed(text, "failed early due to stalled resources: [", "", " failed");
    listed(&stalled, "timeout waiting for: [", "timed out waiting for ", "")
}

/// Replaces `start` with its bracketed list of `X status: 'Y'` by the names alone, between `before` and `after`.
fn listed(text: &str, start: &str, before: &str, after: &str) -> String {
    let parts = text.split_once(start).and_then(|(head, rest)| Some((head, rest.split_once(']')?)));
    let Some((head, (list, tail))) = parts else { return text.to_owned() };
    let names: Vec<&str> =
        list.split(", ").map(|entry| entry.split_once(" status: ").map_or(entry, |(name, _)| name)).collect();
    format!("{head}{before}{}{after}{tail}", names.join(", "))
}

/// Go's ways of saying that the time was up.
pub(crate) fn timeouts(text: &str) -> String {
    text.replace(
        "client rate limiter Wait returned an error: rate: Wait(n=1) would exceed context deadline",
        "timed out",
    )
    .replace("context deadline exceeded", "timed out")
}

/// The text between the first two single quotes, and what follows.
pub(crate) fn quoted(text: &str) -> Option<(&str, &str)> {
    text.split_once('\'')?.1.split_once('\'')
}

/// Reads `…GitRepository.source.toolkit.fluxcd.io "fleet" not found`: kind and name of an object that is not there.
pub(crate) fn missing_object(message: &str) -> Option<(&str, &str)> {
    let (before, name) = message.strip_suffix("\" not found")?.rsplit_once(" \"")?;
    let (kind, group) = before.rsplit(' ').next()?.split_once('.')?;
    group.ends_with("toolkit.fluxcd.io").then_some((kind, name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn noise_is_left_out_and_the_rest_stays_word_for_word() {
        for (message, expected) in [
            (
                "failed to get secret 'a/b': failed to get secret 'a/b': secrets \"b\" not found",
                "failed to get secret 'a/b': secrets \"b\" not found",
            ),
            ("unable to list remote: repository not found: ", "unable to list remote: repository not found"),
            ("decode /tmp/kustomization-31/db/db.yaml and /tmp/kustomization-31/x", "decode db/db.yaml and x"),
            (
                "failed early due to stalled resources: [Deployment/a/b status: 'Failed', Job/a/c status: 'Failed']",
                "Deployment/a/b, Job/a/c failed",
            ),
            ("timeout waiting for: [Deployment/a/b status: 'InProgress']", "timed out waiting for Deployment/a/b"),
            ("timeout waiting for: [never closed", "timeout waiting for: [never closed"),
            ("\n  first\nsecond", "first"),
            ("<b>bold</b> & größer", "<b>bold</b> & größer"),
            ("", ""),
        ] {
            assert_eq!(plain(message), expected);
        }
        assert!(plain(&"ü: ".repeat(1 << 19)).len() <= READ);
    }

    #[test]
    fn an_object_that_is_not_there_is_named() {
        let message = "could not get Source object: HelmChart.source.toolkit.fluxcd.io \"no-such\" not found";
        assert_eq!(missing_object(message), Some(("HelmChart", "no-such")));
        assert_eq!(missing_object("secrets \"values\" not found"), None);
        assert_eq!(missing_object("\" not found"), None);
    }
}
