use std::borrow::Cow;

use serde_json::Value;

use super::{Branch, Cause, Link, Lookup, Sight, Walk, flux::unexplained, words};
use crate::{
    Details,
    cause::{ApiResource, pattern},
    details::reading::{seconds, text},
};

impl Walk<'_> {
    /// Why a release is not ready whose message alone does not tell.
    pub(super) fn release(&mut self, details: &Details, object: &Value, reason: &str, message: &str) -> Option<Branch> {
        let branch = match reason {
            "TestFailed" => self.tests(object),
            _ => self.members(details, message).or_else(|| self.labelled(details, object, message)),
        };
        let branch = branch.or_else(|| self.needs.is_empty().then(|| unexplained(&details.row)))?;
        Some(remediated(details, branch))
    }

    /// The pods of the tests that failed, which are not in the inventory.
    fn tests(&mut self, object: &Value) -> Option<Branch> {
        const POD: &str = "Pod";
        let release = &object["status"]["history"][0];
        let namespace = text(&release["namespace"]);
        let hooks = release["testHooks"].as_object().into_iter().flatten();
        let failed = hooks.filter(|(_, hook)| hook["phase"] == "Failed").take(3);
        let mut branches = Vec::new();
        for (name, hook) in failed {
            let label = words::labelled("pod", namespace, name);
            let link =
                Link::new(POD, namespace, name, "Test of the release; failed").since(seconds(&hook["lastCompleted"]));
            let kind = ApiResource::builtin(POD, Some(""))?;
            let lookup =
                Lookup::Object { kind: Cow::Borrowed(kind), namespace: namespace.to_owned(), name: name.clone() };
            let branch = match self.see(lookup) {
                None => continue,
                Some(Sight::There(pod)) => match self.pod(pod) {
                    Some(branch) => branch.so(&format!("the test of the release, {label}, failed")).after(link),
                    None if !self.needs.is_empty() => continue,
                    None => Branch::new(Cause::Hook, format!("the test of the release, {label}, failed")).then(link),
                },
                Some(Sight::Missing) => {
                    let because = format!("the test of the release, {label}, failed, and the pod is gone");
                    Branch::new(Cause::Hook, because).then(link)
                }
                Some(Sight::Hidden(gap)) => {
                    Branch::hidden(&format!("the test of the release, {label}, failed"), gap).then(link)
                }
            };
            branches.push(branch);
        }
        Self::best(branches)
    }
}

/// Says what was done about the failure.
pub(super) fn remediated(details: &Details, mut branch: Branch) -> Branch {
    let Some(ready) = details.conditions.iter().find(|condition| condition.kind == "Ready") else { return branch };
    match &*ready.reason {
        "RollbackSucceeded" => {
            let chart = pattern::find("with chart {chart}@{version} succeeded", &ready.message);
            let chart = chart.and_then(|told| Some(format!(" to `{}` `{}`", told.get("chart")?, told.get("version")?)));
            branch
                .end
                .aside
                .push(format!("the release was rolled back{}", chart.unwrap_or_default().replace("``", "")));
        }
        "UninstallSucceeded" => branch.end.aside.push("what was installed was taken away again".to_owned()),
        _ => {}
    }
    branch
}
