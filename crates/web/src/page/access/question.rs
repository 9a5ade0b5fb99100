use fanlight_model::{Answer, Deed, Identity, Kind, Verdict};
use serde::Deserialize;

use crate::{
    Rights,
    remedy::{self, Subject},
};

/// The form “may I …”.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Asked {
    pub(super) verb: String,
    pub(super) resource: String,
    pub(super) namespace: String,
    pub(super) name: String,
}

/// What the API server says to it.
pub(super) struct Reply {
    pub(super) class: &'static str,
    pub(super) sentence: String,
    /// The words of who decided.
    pub(super) reason: String,
    /// What an administrator can apply.
    pub(super) remedy: String,
}

impl Asked {
    pub(super) async fn answer(&self, rights: &dyn Rights, who: &Identity, subject: &Subject) -> Option<Reply> {
        let deed = self.deed()?;
        let Verdict { answer, reason, lacks } = rights.verdict(who, &deed).await;
        let (class, sentence) = match answer {
            Answer::Yes => ("ready", format!("Yes, you may {}.", describe(&deed))),
            Answer::No => ("failed", format!("No, you may not {}.", describe(&deed))),
            Answer::Unknown => ("waiting", format!("Kubernetes did not say whether you may {}.", describe(&deed))),
        };
        let remedy = match (answer, &lacks) {
            (Answer::No, None) => remedy::grant(&deed, subject),
            (_, Some(lacks)) => remedy::empower(lacks, rights.own_name().await.as_deref()),
            _ => String::new(),
        };
        Some(Reply { class, sentence, reason, remedy })
    }

    /// What is asked; `None` unless there are a verb and a resource.
    fn deed(&self) -> Option<Deed> {
        let [verb, resource, namespace, name] =
            [&self.verb, &self.resource, &self.namespace, &self.name].map(|text| text.trim());
        if verb.is_empty() || resource.is_empty() {
            return None;
        }
        let verb = verb.to_ascii_lowercase();
        let deed = Deed { verb, namespace: namespace.to_owned(), name: name.to_owned(), ..Deed::default() };
        if let Some(kind) = Kind::by_name(resource).or_else(|| Kind::by_short(resource)).or_else(|| by_plural(resource))
        {
            let info = kind.info();
            return Some(Deed { group: info.group.to_owned(), resource: info.plural.to_owned(), ..deed });
        }
        // As kubectl has it: deployments.apps/scale, pods/log.
        let (resource, subresource) = resource.split_once('/').unwrap_or((resource, ""));
        let (resource, group) = resource.split_once('.').unwrap_or((resource, ""));
        let [group, resource, subresource] = [group, resource, subresource].map(ToOwned::to_owned);
        Some(Deed { group, resource, subresource, ..deed })
    }
}

fn by_plural(plural: &str) -> Option<Kind> {
    Kind::all().find(|kind| kind.info().plural == plural)
}

fn describe(deed: &Deed) -> String {
    let group = if deed.group.is_empty() { String::new() } else { format!(" ({})", deed.group) };
    let name = if deed.name.is_empty() { String::new() } else { format!(" “{}”", deed.name) };
    let place = match &*deed.namespace {
        "" => "in all namespaces".to_owned(),
        namespace => format!("in {namespace}"),
    };
    format!("{} {}{group}{name} {place}", deed.verb, deed.full_resource())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn deed(resource: &str) -> Option<(String, String)> {
        let asked = Asked { verb: "get".to_owned(), resource: resource.to_owned(), ..Asked::default() };
        asked.deed().map(|deed| (deed.full_resource(), deed.group))
    }

    #[test]
    fn kinds_are_named_as_people_name_them() {
        let ks = Some(("kustomizations".to_owned(), "kustomize.toolkit.fluxcd.io".to_owned()));
        for name in ["Kustomization", "ks", "kustomizations", "kustomizations.kustomize.toolkit.fluxcd.io"] {
            assert_eq!(deed(name), ks, "{name}");
        }
        assert_eq!(deed("deployments.apps/scale"), Some(("deployments/scale".to_owned(), "apps".to_owned())));
        assert_eq!(deed("pods/log"), Some(("pods/log".to_owned(), String::new())));
        assert_eq!(deed(" "), None);
    }
}
