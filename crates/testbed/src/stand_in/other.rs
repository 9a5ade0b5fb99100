//! What the other controllers do, as far as a reader of their objects notices; pure.

use serde_json::json;

use super::{
    case::{Case, Verdict},
    plan::{Plan, Step},
    status::{Change, condition},
};

/// Work for an instant, then as well or as broken as before.
pub(super) fn plan(case: &Case<'_>) -> Plan {
    let mut plan = Plan::default();
    let working = "Reconciliation in progress";
    plan.write(vec![Change::is("Reconciling", "True", "Progressing", working)]);
    plan.pause(60);
    let known = condition(case.status(), "Ready").is_some();
    match (case.verdict, case.trouble()) {
        (Some(Verdict::Broken(reason, message)), _) => {
            plan.warn(reason, message, vec![]);
            plan.write(vec![
                Change::is("Reconciling", "True", "ProgressingWithRetry", working),
                Change::is("Ready", "False", reason, message),
            ]);
        }
        (None, _) if known => {
            if let Some((reason, message)) = case.trouble() {
                plan.warn(reason, message, vec![]);
            }
            plan.write(vec![Change::Again(case.status()["conditions"].clone())]);
        }
        _ => {
            plan.tell("Succeeded", "reconciliation succeeded", vec![]);
            plan.write(vec![
                Change::Gone("Reconciling"),
                Change::is("Ready", "True", "Succeeded", "reconciliation succeeded"),
            ]);
        }
    }
    let mut last = case.answer();
    if case.trouble().is_none() && case.status()["observedGeneration"] != case.generation() {
        last.push(Change::Set("observedGeneration", json!(case.generation())));
    }
    plan.write(last);
    plan
}

/// An object that applied nothing just goes.
pub(super) fn end() -> Plan {
    Plan { steps: vec![Step::Release], again: None }
}
