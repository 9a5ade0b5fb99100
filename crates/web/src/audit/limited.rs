use fanlight_model::{Identity, ObjectKey, Stage, cut};
use serde::Serialize;

/// A text in the account: made from what may stand there, never long, and without characters that steer terminals.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub(crate) struct Limited(String);

impl Limited {
    /// The most bytes.
    const MOST: usize = 256;

    /// A name as somebody typed it. Who types the password there puts it into the account, as everywhere else: that is
    /// what it costs to see which names are tried.
    pub(super) fn typed(name: &str) -> Self {
        Self::new(name)
    }

    /// Why somebody signs in, in their own words; `None` if they say nothing.
    pub(crate) fn purpose(words: &str) -> Option<Self> {
        let words = words.trim();
        (!words.is_empty()).then(|| Self::new(words))
    }

    /// Who somebody is.
    pub(crate) fn user(identity: &Identity) -> Self {
        Self::new(identity.user().as_str())
    }

    /// Which object.
    pub(crate) fn object(key: &ObjectKey) -> Self {
        Self::new(&key.to_string())
    }

    /// Which object, or kind, that is not in the table of kinds.
    pub(crate) fn other(name: &str) -> Self {
        Self::new(name)
    }

    /// What has become of an object, in Kubernetes' or the controller's words.
    pub(crate) fn stage(stage: &Stage) -> Self {
        Self::new(stage.sentence())
    }

    fn new(text: &str) -> Self {
        let steers = |char: char| {
            char.is_control()
                || matches!(char, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
        };
        let short = cut(text, Self::MOST);
        Self(short.chars().map(|char| if steers(char) { char::REPLACEMENT_CHARACTER } else { char }).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_typed_name_is_cut_and_steers_no_terminal() {
        let name = Limited::typed("ada\n\u{1b}[2J\u{202e}").0;
        assert_eq!(name, "ada\u{fffd}\u{fffd}[2J\u{fffd}");
        let long = Limited::typed(&"ä".repeat(10_000)).0;
        assert!(long.len() <= Limited::MOST && long.ends_with('…'), "{long}");
    }
}
