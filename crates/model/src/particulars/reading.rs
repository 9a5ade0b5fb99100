//! Reading what is particular to a kind, whatever is there.

use serde_json::Value;

use super::{Particulars, Verification};
use crate::{
    Family, Kind, ObjectKey, cut,
    details::reading::{each, policy_image, seconds, text},
    go_duration, host, without_credentials,
};

/// The object's parts.
struct Parts<'a> {
    spec: &'a Value,
    status: &'a Value,
    /// Its namespace.
    own: &'a str,
}

impl Particulars {
    /// What an object of `kind` in the namespace `own` says; `None` for applications.
    pub fn read(kind: Kind, spec: &Value, status: &Value, own: &str) -> Option<Box<Self>> {
        let parts = Parts { spec, status, own };
        let mut read = match kind.info().family {
            Family::Application => return None,
            Family::Source => parts.source(kind),
            Family::Image => parts.image(kind),
            Family::Notification => parts.notification(kind),
            Family::Terraform => parts.terraform(),
            Family::Operator => parts.operator(kind),
        };
        read.every = go_duration(text(&spec["interval"]));
        Some(Box::new(read))
    }

    fn of(address: &str, wanted: &str, found: &str) -> Self {
        let [address, wanted, found] = [address, wanted, found].map(|text| cut(text, Self::LIMIT).into());
        Self { address, wanted, found, ..Self::default() }
    }
}

impl Parts<'_> {
    fn source(&self, kind: Kind) -> Particulars {
        let Self { spec, status, own } = self;
        let url = without_credentials(text(&spec["url"]));
        let read = match kind {
            Kind::GIT_REPOSITORY => Particulars {
                uses: keys(&spec["include"], |entry| named(Kind::GIT_REPOSITORY, &entry["repository"], own)),
                ..Particulars::of(&url, &git_reference(&spec["ref"]), "")
            },
            Kind::OCI_REPOSITORY => Particulars::of(&url, &oci_reference(&spec["ref"]), ""),
            Kind::HELM_CHART => Particulars::of("", text_or(&spec["version"], "*"), ""),
            Kind::BUCKET => {
                let address = [text(&spec["endpoint"]), text(&spec["bucketName"])].join("/");
                Particulars::of(&address, text(&spec["prefix"]), "")
            }
            Kind::ARTIFACT_GENERATOR => Particulars {
                uses: keys(&spec["sources"], |entry| named(Kind::by_name(text(&entry["kind"]))?, entry, own)),
                ..Particulars::of("", "", &count(each(&status["inventory"]).count(), "artifact"))
            },
            Kind::EXTERNAL_ARTIFACT => Particulars::default(),
            _ => Particulars::of(&url, "", ""),
        };
        let moment = seconds(&status["artifact"]["lastUpdateTime"]);
        Particulars { moment, verified: self.verified(), ..read }
    }

    fn verified(&self) -> Option<Verification> {
        if !self.spec["verify"].is_object() {
            return None;
        }
        let told = each(&self.status["conditions"]).find(|one| one["type"] == "SourceVerified");
        Some(match told.map(|one| text(&one["status"])) {
            Some("True") => Verification::Right,
            Some("False") => Verification::Wrong,
            _ => Verification::Pending,
        })
    }

    fn image(&self, kind: Kind) -> Particulars {
        let Self { spec, status, .. } = self;
        match kind {
            Kind::IMAGE_REPOSITORY => {
                let scan = &status["lastScanResult"];
                let tags = scan["tagCount"].as_u64().map(|tags| count(tags, "tag")).unwrap_or_default();
                Particulars { moment: seconds(&scan["scanTime"]), ..Particulars::of(text(&spec["image"]), "", &tags) }
            }
            Kind::IMAGE_POLICY => {
                let rule = rule(&spec["policy"]);
                Particulars::of("", &rule, &policy_image(&status["latestRef"], &status["latestImage"]))
            }
            _ => {
                let branch = text_or(&spec["git"]["checkout"]["ref"]["branch"], "");
                let push = &spec["git"]["push"];
                let pushed = text_or(&push["branch"], text(&push["refspec"]));
                let branches = match (branch, pushed) {
                    (branch, "") => branch.to_owned(),
                    (branch, pushed) if branch == pushed || branch.is_empty() => pushed.to_owned(),
                    (branch, pushed) => format!("{branch} → {pushed}"),
                };
                let commit: String = text(&status["lastPushCommit"]).chars().take(7).collect();
                let moment = seconds(&status["lastAutomationRunTime"]);
                Particulars { moment, ..Particulars::of(text(&spec["update"]["path"]), &branches, &commit) }
            }
        }
    }

    fn notification(&self, kind: Kind) -> Particulars {
        let Self { spec, status, .. } = self;
        match kind {
            Kind::PROVIDER => {
                Particulars::of(host(text(&spec["address"])), text(&spec["type"]), text(&spec["channel"]))
            }
            Kind::ALERT => Particulars::of("", text_or(&spec["eventSeverity"], "info"), &listed(&spec["eventSources"])),
            _ => {
                let path = text_or(&status["webhookPath"], text(&status["url"]));
                Particulars::of(path, text(&spec["type"]), &listed(&spec["resources"]))
            }
        }
    }

    fn terraform(&self) -> Particulars {
        let plan = &self.status["plan"];
        let approval = match text(&self.spec["approvePlan"]) {
            "auto" => "approved by itself",
            "" => "to be approved",
            "disable" => "never applied",
            plan => plan,
        };
        let found = match (text(&plan["pending"]), text(&plan["lastApplied"])) {
            ("", "") => String::new(),
            ("", applied) => format!("{applied} applied"),
            (pending, _) => format!("{pending} waits"),
        };
        Particulars::of(text(&self.spec["path"]), approval, &found)
    }

    fn operator(&self, kind: Kind) -> Particulars {
        let Self { spec, status, own } = self;
        let distribution = &spec["distribution"];
        match kind {
            Kind::FLUX_INSTANCE => {
                let runs = text(&status["lastAppliedRevision"]);
                let runs = runs.split('@').next().unwrap_or_default();
                Particulars::of(text(&distribution["registry"]), text(&distribution["version"]), runs)
            }
            Kind::FLUX_REPORT => Particulars::of("", "", text(&distribution["version"])),
            Kind::RESOURCE_SET => {
                let inputs = each(&spec["inputs"]).count() + each(&spec["inputsFrom"]).count();
                let objects = each(&status["inventory"]["entries"]).count();
                Particulars {
                    uses: keys(&spec["inputsFrom"], |entry| {
                        let kind = Kind::by_name(text_or(&entry["kind"], Kind::INPUT_PROVIDER.info().name))?;
                        named(kind, entry, own)
                    }),
                    ..Particulars::of("", &count(inputs, "input"), &count(objects, "object"))
                }
            }
            _ => {
                let inputs = each(&status["exportedInputs"]).count();
                Particulars::of(&without_credentials(text(&spec["url"])), text(&spec["type"]), &count(inputs, "input"))
            }
        }
    }
}

/// What of a Git repository is fetched; source-controller looks in this order.
fn git_reference(reference: &Value) -> String {
    let part = |name: &str| text(&reference[name]);
    match [part("commit"), part("name"), part("semver"), part("tag"), part("branch")] {
        ["", "", "", "", ""] => "master".to_owned(),
        ["", "", "", "", branch] => branch.to_owned(),
        ["", "", "", tag, _] => format!("tag {tag}"),
        ["", "", semver, ..] => format!("tags {semver}"),
        ["", name, ..] => name.to_owned(),
        [commit, ..] => format!("commit {}", commit.chars().take(7).collect::<String>()),
    }
}

/// What of an OCI repository is fetched; source-controller looks in this order.
fn oci_reference(reference: &Value) -> String {
    let part = |name: &str| text(&reference[name]);
    match [part("digest"), part("semver"), part("tag")] {
        ["", "", ""] => "latest".to_owned(),
        ["", "", tag] => tag.to_owned(),
        ["", semver, _] => format!("tags {semver}"),
        [digest, ..] => digest.chars().take("sha256:".len() + 12).collect(),
    }
}

/// The rule of an image policy: which, and its value.
fn rule(policy: &Value) -> String {
    for (name, value) in [("semver", "range"), ("alphabetical", "order"), ("numerical", "order")] {
        if policy[name].is_object() {
            let value = text_or(&policy[name][value], if value == "order" { "asc" } else { "" });
            return format!("{name} {value}");
        }
    }
    String::new()
}

/// Objects that alerts and receivers are about: `Kustomization apps/*, GitRepository fleet, and 3 more`.
fn listed(references: &Value) -> String {
    const NAMED: usize = 8;
    let name = |entry: &Value| match (text(&entry["namespace"]), text(&entry["name"])) {
        ("", name) => format!("{} {name}", text(&entry["kind"])),
        (namespace, name) => format!("{} {namespace}/{name}", text(&entry["kind"])),
    };
    let names: Vec<_> = each(references).map(name).take(NAMED).collect();
    let more = each(references).count() - names.len();
    let rest = if more > 0 { format!(", and {more} more") } else { String::new() };
    // What is cut is what is named, not that there is more.
    cut(&names.join(", "), Particulars::LIMIT - rest.len()) + &rest
}

fn named(kind: Kind, reference: &Value, own: &str) -> Option<ObjectKey> {
    let name = text(&reference["name"]);
    (!name.is_empty()).then(|| ObjectKey::new(kind, text_or(&reference["namespace"], own), name))
}

fn keys(entries: &Value, key: impl Fn(&Value) -> Option<ObjectKey>) -> Box<[ObjectKey]> {
    each(entries).filter_map(key).take(Particulars::USES).collect()
}

fn text_or<'a>(value: &'a Value, otherwise: &'a str) -> &'a str {
    match text(value) {
        "" => otherwise,
        text => text,
    }
}

/// `1 tag`, `31 tags`.
fn count(number: impl TryInto<u64>, word: &str) -> String {
    let number = number.try_into().unwrap_or(u64::MAX);
    format!("{number} {word}{}", if number == 1 { "" } else { "s" })
}
