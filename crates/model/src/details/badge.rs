use serde_json::Value;

use super::reading::text;
use crate::cut;

/// How an object is treated apart from others, by a label or annotation of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Badge {
    /// The word for it.
    pub word: String,
    /// What it means.
    pub means: &'static str,
}

/// What an annotation or label of this name and value says of whoever applies the object.
const ANNOTATIONS: [(&str, &str, &str, &str); 8] = [
    (
        "kustomize.toolkit.fluxcd.io/reconcile",
        "disabled",
        "not applied",
        "Whoever applies it leaves it as it is in the cluster.",
    ),
    ("kustomize.toolkit.fluxcd.io/prune", "disabled", "not pruned", "It stays when it goes from its source."),
    ("kustomize.toolkit.fluxcd.io/force", "enabled", "forced", "It is made anew where a field cannot be changed."),
    ("kustomize.toolkit.fluxcd.io/ssa", "Merge", "merged", "Fields that others have set stay when it is applied."),
    ("kustomize.toolkit.fluxcd.io/ssa", "IfNotPresent", "applied once", "It is applied only where it is not there."),
    (
        "kustomize.toolkit.fluxcd.io/ssa",
        "Ignore",
        "not applied",
        "Whoever applies it leaves it as it is in the cluster.",
    ),
    ("kustomize.toolkit.fluxcd.io/substitute", "disabled", "not substituted", "Variables in it are left as they are."),
    ("helm.toolkit.fluxcd.io/driftDetection", "disabled", "may drift", "What differs from its chart is not corrected."),
];

impl Badge {
    pub(super) fn all(metadata: &Value) -> Vec<Self> {
        /// The longest value that a label can have.
        const LABEL: usize = 63;
        // Controllers take either.
        let said = |name: &str, value: &str| {
            ["annotations", "labels"].into_iter().any(|of| text(&metadata[of][name]).eq_ignore_ascii_case(value))
        };
        let treated = ANNOTATIONS.iter().filter(|(name, value, ..)| said(name, value));
        let treated = treated.map(|(_, _, word, means)| Self { word: (*word).to_owned(), means });
        let shard = Some(text(&metadata["labels"]["sharding.fluxcd.io/key"])).filter(|shard| !shard.is_empty());
        let shard = shard.map(|shard| Self {
            word: format!("shard {}", cut(shard, LABEL)),
            means: "The controllers of this shard reconcile it, and no others.",
        });
        treated.chain(shard).collect()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_treats_an_object_apart_is_told_and_what_says_the_usual_is_not() {
        let metadata = json!({"labels": {"sharding.fluxcd.io/key": "two"}, "annotations": {
            "kustomize.toolkit.fluxcd.io/prune": "Disabled", "kustomize.toolkit.fluxcd.io/ssa": "IfNotPresent",
            "kustomize.toolkit.fluxcd.io/force": "disabled", "kustomize.toolkit.fluxcd.io/substitute": 7}});
        let words: Vec<_> = Badge::all(&metadata).into_iter().map(|badge| badge.word).collect();
        assert_eq!(words, ["not pruned", "applied once", "shard two"]);
        assert_eq!(Badge::all(&json!(null)), []);
    }
}
