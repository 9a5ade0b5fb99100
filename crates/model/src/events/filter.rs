use super::EventEntry;
use crate::{Kind, text::is_name};

/// Which Events somebody wants to see, as the URL says.
///
/// Values of one sort add up (*or*), different sorts narrow each other (*and*).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EventFilter {
    /// Only about these kinds; empty for all of Flux.
    pub kinds: Vec<Kind>,
    /// Only in these namespaces; empty for all.
    pub namespaces: Vec<String>,
    /// Only about objects of this name; empty for all.
    pub name: String,
    /// Only with these reasons; empty for all.
    pub reasons: Vec<String>,
    /// Only warnings, or only others.
    pub warnings: Option<bool>,
}

impl EventFilter {
    /// Of each sort so many values are read at most.
    const VALUES: usize = 20;
    /// Kinds of which a cluster has most Events, and none of Flux's: left out by the API server, so that they are not sent.
    const OTHERS: [&str; 14] = [
        "Pod",
        "ReplicaSet",
        "Deployment",
        "StatefulSet",
        "DaemonSet",
        "Job",
        "CronJob",
        "Node",
        "HorizontalPodAutoscaler",
        "PersistentVolumeClaim",
        "Service",
        "Ingress",
        "Certificate",
        "Lease",
    ];

    /// Reads the parameters of a URL; what is not understood is left out.
    ///
    /// `kind=HelmRelease` (or `hr`), `namespace=apps`, `reason=BuildFailed`, each any number of times; `name=shop`,
    /// `type=warning` or `type=normal`.
    pub fn from_pairs<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let mut filter = Self::default();
        for (name, value) in pairs {
            let value = value.trim();
            match name {
                "kind" => put(&mut filter.kinds, Kind::by_name(value).or_else(|| Kind::by_short(value))),
                "namespace" => put(&mut filter.namespaces, is_name(value).then(|| value.to_owned())),
                "reason" => put(&mut filter.reasons, is_reason(value).then(|| value.to_owned())),
                "name" if is_name(value) => value.clone_into(&mut filter.name),
                "type" => filter.warnings = read_type(value),
                _ => {}
            }
        }
        filter
    }

    /// The parameters that [`EventFilter::from_pairs`] reads back to the same filter.
    pub fn pairs(&self) -> Vec<(&'static str, String)> {
        let kinds = self.kinds.iter().map(|kind| ("kind", kind.info().name.to_owned()));
        let namespaces = self.namespaces.iter().map(|namespace| ("namespace", namespace.clone()));
        let reasons = self.reasons.iter().map(|reason| ("reason", reason.clone()));
        let name = Some(("name", self.name.clone())).filter(|(_, name)| !name.is_empty());
        let word = self.warnings.map(|warning| ("type", if warning { "warning" } else { "normal" }.to_owned()));
        kinds.chain(namespaces).chain(reasons).chain(name).chain(word).collect()
    }

    /// Whether anything is left out that is about Flux's objects.
    pub fn is_narrow(&self) -> bool {
        *self != Self::default()
    }

    /// Whether an Event is wanted.
    pub fn wants(&self, event: &EventEntry) -> bool {
        let kind = |kind: Kind| self.kinds.is_empty() || self.kinds.contains(&kind);
        event.about.is_some_and(kind)
            && (self.namespaces.is_empty() || self.namespaces.contains(&event.namespace))
            && (self.reasons.is_empty() || self.reasons.contains(&event.reason))
            && (self.name.is_empty() || self.name == event.name)
            && self.warnings.is_none_or(|wanted| wanted == event.warning)
    }

    /// What the API server can leave out by itself, as a field selector that may stand in a URL: it knows no *or*.
    pub fn selector(&self) -> String {
        let mut parts = Vec::new();
        match &self.kinds[..] {
            [kind] => parts.push(format!("involvedObject.kind%3D{kind}")),
            _ => parts.extend(Self::OTHERS.map(|kind| format!("involvedObject.kind!%3D{kind}"))),
        }
        if !self.name.is_empty() {
            parts.push(format!("involvedObject.name%3D{}", self.name));
        }
        if let [reason] = &self.reasons[..] {
            parts.push(format!("reason%3D{reason}"));
        }
        if let Some(warning) = self.warnings {
            parts.push(format!("type{}%3DWarning", if warning { "" } else { "!" }));
        }
        parts.join("%2C")
    }
}

fn put<T: PartialEq>(values: &mut Vec<T>, value: Option<T>) {
    if let Some(value) = value.filter(|value| values.len() < EventFilter::VALUES && !values.contains(value)) {
        values.push(value);
    }
}

fn read_type(value: &str) -> Option<bool> {
    match value {
        "warning" => Some(true),
        "normal" => Some(false),
        _ => None,
    }
}

fn is_reason(text: &str) -> bool {
    (1..=128).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const PAIRS: [(&str, &str); 6] = [
        ("kind", "Kustomization"),
        ("kind", "HelmRelease"),
        ("namespace", "apps"),
        ("reason", "BuildFailed"),
        ("name", "shop"),
        ("type", "warning"),
    ];

    #[test]
    fn a_filter_is_read_back_from_its_own_parameters_and_nonsense_is_left_out() {
        let filter = EventFilter::from_pairs(PAIRS);
        let pairs = filter.pairs();
        assert_eq!(pairs.len(), PAIRS.len());
        assert_eq!(EventFilter::from_pairs(pairs.iter().map(|(name, value)| (*name, &**value))), filter);
        assert_eq!(EventFilter::from_pairs([("kind", "hr")]).kinds, [Kind::HELM_RELEASE]);
        let nonsense = [
            ("kind", "Pod"),
            ("namespace", "../x"),
            ("reason", "a,type=Normal"),
            ("name", "a/b"),
            ("type", "x"),
            ("name", "shop%2Ca"),
        ];
        assert!(!EventFilter::from_pairs(nonsense).is_narrow());
        let many: Vec<_> = (0..99).map(|number| format!("team-{number}")).collect();
        assert_eq!(EventFilter::from_pairs(many.iter().map(|name| ("namespace", &**name))).namespaces.len(), 20);
    }

    #[test]
    fn the_api_server_leaves_out_what_it_can_and_the_rest_is_left_out_here() {
        let one =
            EventFilter::from_pairs([("kind", "ks"), ("name", "shop"), ("reason", "BuildFailed"), ("type", "normal")]);
        assert_eq!(
            one.selector(),
            "involvedObject.kind%3DKustomization%2CinvolvedObject.name%3Dshop%2Creason%3DBuildFailed%2Ctype!%3DWarning"
        );
        let several = EventFilter::from_pairs(PAIRS);
        assert!(several.selector().contains("involvedObject.kind!%3DPod%2C"), "{}", several.selector());
        let event = |kind: &str, group: &str, reason: &str, word: &str| {
            EventEntry::read(&json!({"type": word, "reason": reason, "involvedObject":
                {"apiVersion": format!("{group}/v1"), "kind": kind, "namespace": "apps", "name": "shop"}}))
        };
        let group = "kustomize.toolkit.fluxcd.io";
        assert!(several.wants(&event("Kustomization", group, "BuildFailed", "Warning")));
        assert!(!several.wants(&event("Kustomization", group, "BuildFailed", "Normal")));
        assert!(!several.wants(&event("Kustomization", group, "Other", "Warning")));
        assert!(!several.wants(&event("Kustomization", "elsewhere.example.com", "BuildFailed", "Warning")));
        let all = EventFilter::default();
        assert!(!all.wants(&event("Bucket", "s3.example.com", "Made", "Normal")), "another’s kind of the same name");
        assert!(all.wants(&event("Bucket", "source.toolkit.fluxcd.io", "Made", "Normal")));
    }
}
