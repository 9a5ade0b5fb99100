//! Situations that were not recorded from real controllers; those that were are in the tests of `cluster`.

use super::super::{Build, Release, Request, Suspension};
use super::*;

const MAIN: &str = "main@sha1:ba66396785f97042590e94c06645dac9ed1d1c82";

fn condition(kind: &'static str, status: &str, reason: &'static str, message: &'static str) -> Condition<'static> {
    Condition { kind, status: ConditionStatus::read(status), reason, message, since: Some(100), generation: 1 }
}

fn ready(status: &str, reason: &'static str, message: &'static str) -> Condition<'static> {
    condition("Ready", status, reason, message)
}

fn facts(kind: Kind, conditions: Vec<Condition<'static>>) -> Facts<'static> {
    Facts { generation: 1, observed_generation: 1, conditions, ..Facts::new(kind) }
}

fn kind(name: &str) -> Kind {
    Kind::by_name(name).expect("a kind")
}

fn assert_told(facts: &Facts<'_>, state: State, sentence: &str) {
    let judged = judge(facts);
    assert_eq!((judged.state, &*judged.sentence), (state, sentence), "{facts:?}");
}

/// Judges an object of kind `name` whose `Ready` condition says this.
fn assert_ready_told(name: &str, [status, reason, message]: [&'static str; 3], state: State, sentence: &str) {
    assert_told(&facts(kind(name), vec![ready(status, reason, message)]), state, sentence);
}

#[test]
fn an_object_without_a_ready_condition_is_told_by_what_else_there_is() {
    let nobody = "No controller has looked at it yet";
    assert_told(&facts(Kind::KUSTOMIZATION, vec![]), State::NotReconciled, nobody);
    let odd = condition("Odd", "True", "X", "x");
    assert_told(&facts(Kind::KUSTOMIZATION, vec![odd]), State::NotReconciled, nobody);
    let stalled = condition("Stalled", "True", "InvalidSpec", "no such field");
    assert_told(&facts(Kind::KUSTOMIZATION, vec![stalled]), State::Stalled, "Gave up: no such field");
    let busy = condition("Reconciling", "True", "Progressing", "reconciliation in progress");
    assert_told(&facts(Kind::BUCKET, vec![busy]), State::Progressing, "Reconciliation in progress");
    assert_told(&facts(kind("Provider"), vec![]), State::Configured, "Configured; this kind has no status");
}

#[test]
fn the_ready_condition_is_told_as_a_person_would() {
    let failed = |reason, message| ["False", reason, message];
    for (message, sentence) in [
        ("dependency 'a/b' not found: gone", "Waiting for a/b: not found: gone"),
        ("dependency 'a/b' is not ready", "Waiting for a/b to become ready"),
        ("no idea", "Waiting for a dependency: no idea"),
    ] {
        assert_ready_told("HelmRelease", failed("DependencyNotReady", message), State::Waiting, sentence);
    }
    assert_ready_told("Kustomization", failed("", ""), State::Failed, "Failed");
    assert_ready_told("Kustomization", failed("Odd", "it went\nwrong"), State::Failed, "It went");
    let listening = "Receiver initialized for path: /hook/1";
    assert_ready_told("Receiver", ["True", "Succeeded", listening], State::Ready, "Listening for webhooks");
    assert_ready_told("ImagePolicy", ["True", "Succeeded", "tag is 1.2"], State::Ready, "Tag is 1.2");
    assert_ready_told("ImageRepository", ["Unknown", "ProgressingWithRetry", "slow"], State::Failed, "Slow");
    let plan = ["Unknown", "TerraformPlannedWithChanges", "Plan generated"];
    assert_ready_told("Terraform", plan, State::Waiting, "Waiting for its plan to be approved");
}

#[test]
fn work_under_way_is_told_by_what_is_being_done() {
    let at_work = |name, message| {
        let conditions = vec![
            ready("Unknown", "Progressing", "reconciliation in progress"),
            condition("Reconciling", "True", "Progressing", message),
        ];
        Facts { chart: "webapp", ..facts(kind(name), conditions) }
    };
    let fetching = at_work(
        "Kustomization",
        "Fetching manifests for revision main@sha1:ba66396785f97042590e94c06645dac9ed1d1c82 with a timeout of 9m",
    );
    assert_told(&fetching, State::Progressing, "Fetching main@ba66396");
    let installing = at_work("HelmRelease", "Running 'install' action with timeout of 5m0s");
    assert_told(&installing, State::Progressing, "Installing webapp");
    assert_told(&at_work("GitRepository", "building artifact"), State::Progressing, "Building artifact");

    let stored = ready("True", "Succeeded", "stored artifact for revision 'v1'");
    let later = Condition { since: Some(101), ..condition("Reconciling", "True", "Progressing", "in progress") };
    let looking = facts(Kind::GIT_REPOSITORY, vec![stored, later]);
    assert_told(&looking, State::Ready, "Fetched v1; checking it again");
}

#[test]
fn an_install_that_was_taken_back_says_why() {
    let uninstalled = "Helm uninstall succeeded for release a/b.v1 with chart webapp@1.0.0";
    let failed = "Helm install failed for release a/b with chart webapp@1.0.0: context deadline exceeded";
    let conditions = vec![
        ready("False", "UninstallSucceeded", uninstalled),
        condition("Released", "False", "InstallFailed", failed),
    ];
    let facts = facts(Kind::HELM_RELEASE, conditions);
    assert_told(&facts, State::Failed, "Uninstalled after a failed install: timed out");
}

#[test]
fn who_suspended_and_why_stands_in_the_sentence() {
    let applied = ready(
        "True",
        "ReconciliationSucceeded",
        "Applied revision: main@sha1:ba66396785f97042590e94c06645dac9ed1d1c82",
    );
    let suspended = |by, comment| Facts {
        suspension: Some(Suspension { by, comment }),
        ..facts(Kind::KUSTOMIZATION, vec![applied.clone()])
    };
    let table = [
        (
            "maria",
            "freeze until Monday\nsee the plan",
            "Suspended by maria: “freeze until Monday”; main@ba66396 stays applied",
        ),
        ("", "freeze", "Suspended: “freeze”; main@ba66396 stays applied"),
        ("maria", "", "Suspended by maria; main@ba66396 stays applied"),
    ];
    for (by, comment, sentence) in table {
        assert_told(&suspended(by, comment), State::Suspended, sentence);
    }
    let failing =
        Facts { last_applied: MAIN, conditions: vec![ready("False", "BuildFailed", "no")], ..suspended("", "") };
    assert_told(&failing, State::Suspended, "Suspended; main@ba66396 stays applied, its last attempt failed");
    let deleting = Facts { deleting_since: Some(7), ..failing };
    assert_told(&deleting, State::Deleting, "Being deleted; removing what it applied");
    assert_eq!(judge(&deleting).since, Some(7));
}

#[test]
fn a_change_comes_before_what_was_said_about_the_object_before_it() {
    for old in [ready("False", "BuildFailed", "no"), ready("True", "ReconciliationSucceeded", "Applied revision: v1")] {
        let stalled = condition("Stalled", "True", "RetriesExceeded", "Failed to install after 1 attempt(s)");
        let facts = Facts { generation: 2, ..facts(Kind::HELM_RELEASE, vec![old, stalled]) };
        assert_told(&facts, State::Progressing, "Changed; the controller has not picked it up yet");
        assert_eq!(judge(&facts).since, None);
    }
    let silent = Condition { generation: 0, ..ready("False", "Odd", "no") };
    assert_told(&Facts { generation: 9, ..facts(kind("Terraform"), vec![silent]) }, State::Failed, "No");
}

#[test]
fn another_try_of_a_revision_that_failed_says_so() {
    let building =
        "Building manifests for revision main@sha1:ba66396785f97042590e94c06645dac9ed1d1c82 with a timeout of 9m";
    let failed = Build { status: "HealthCheckFailed", revision: MAIN, first: Some(1), last: Some(2) };
    let retry = Facts {
        last_applied: MAIN,
        last_attempted: MAIN,
        builds: vec![failed],
        ..facts(
            Kind::KUSTOMIZATION,
            vec![ready("Unknown", "Progressing", ""), condition("Reconciling", "True", "Progressing", building)],
        )
    };
    assert_told(&retry, State::Progressing, "Building main@ba66396; the last attempt failed");
    let looking = Facts { builds: vec![], ..retry };
    assert_told(&looking, State::Ready, "Applied main@ba66396; checking it again");
}

#[test]
fn a_request_counts_only_while_somebody_will_handle_it() {
    let request = Request { requested: "2", reset: "2", handled: "1", ..Request::default() };
    let release = Release { chart: "webapp", version: "1.0.0", status: "deployed" };
    let installed = Facts {
        request,
        releases: vec![release],
        ..facts(
            Kind::HELM_RELEASE,
            vec![ready(
                "True",
                "InstallSucceeded",
                "Helm install succeeded for release a/b.v1 with chart webapp@1.0.0",
            )],
        )
    };
    assert_told(&installed, State::Ready, "Installed webapp 1.0.0; sync and reset requested");
    assert!(judge(&installed).syncing);
    let without = |change: fn(&mut Facts<'_>)| {
        let mut facts = installed.clone();
        change(&mut facts);
        judge(&facts).syncing
    };
    assert!(!without(|facts| facts.request.requested = ""));
    assert!(!without(|facts| facts.request.handled = "2"));
    assert!(!without(|facts| facts.suspension = Some(Suspension::default())));
    assert!(!without(|facts| facts.deleting_since = Some(1)));
    assert!(!without(|facts| facts.kind = Kind::by_name("Alert").expect("a kind")));
}

#[test]
fn what_the_sentence_says_already_is_not_said_twice() {
    let policy = facts(kind("ImagePolicy"), vec![ready("True", "Succeeded", "latest tag is 1.2")]);
    assert_eq!(judge(&policy).message, "");
    let failed = facts(Kind::KUSTOMIZATION, vec![ready("False", "BuildFailed", "kustomize build failed: no")]);
    assert_eq!(judge(&failed).message, "kustomize build failed: no");
}

#[test]
fn a_next_try_in_the_far_future_is_none() {
    let last = Condition { since: Some(i64::MAX), ..ready("False", "BuildFailed", "no") };
    let facts = Facts { retry: Some(std::time::Duration::MAX), ..facts(Kind::KUSTOMIZATION, vec![last]) };
    assert_eq!(judge(&facts).next_try, None);
}
