//! The order of writes, seen on plans.

use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{
    case::{Case, Verdict},
    desk::Desk,
    plan::{Plan, Step},
    status::{changed, condition, patch},
    world::{Key, World},
};
use crate::estate::{FluxObject, git_repository, helm_chart, helm_release, kustomization};

const REQUEST: &str = "2026-11-23T03:27:33.297922Z";

/// An object in its cluster, looked at again and again.
struct Scene {
    world: World,
    key: Key,
}

impl Scene {
    fn new(object: FluxObject, others: impl IntoIterator<Item = FluxObject>) -> Self {
        let mut world = World::default();
        let key = Key::of(&object);
        for object in others.into_iter().chain([object]) {
            let mut object = Value::from(object);
            object["metadata"]["generation"] = json!(1);
            world.objects.insert(Key::of(&object), Arc::new(object));
        }
        Self { world, key }
    }

    fn change(mut self, change: impl FnOnce(&mut Value)) -> Self {
        if let Some(object) = self.world.objects.get_mut(&self.key) {
            change(Arc::make_mut(object));
        }
        self
    }

    fn requested(self) -> Self {
        self.change(|object| {
            object["metadata"]["annotations"] = json!({"reconcile.fluxcd.io/requestedAt": REQUEST});
        })
    }

    fn plan(&self, verdict: Option<&Verdict>) -> Plan {
        let object = self.world.get(&self.key).unwrap();
        Case { object, world: &self.world, verdict, edited: false, now: Timestamp::UNIX_EPOCH }.plan()
    }

    /// The statuses that the plan writes, one after the other.
    fn statuses(&self, verdict: Option<&Verdict>) -> Vec<Value> {
        let object = self.world.get(&self.key).unwrap();
        let generation = object["metadata"]["generation"].as_i64().unwrap();
        let mut status = object["status"].clone();
        let mut all = Vec::new();
        for step in self.plan(verdict).steps {
            let Step::Write(changes) = step else { continue };
            let after = changed(&status, &changes, generation, Timestamp::UNIX_EPOCH);
            if patch(&status, &after).is_some() {
                all.push(after.clone());
                status = after;
            }
        }
        all
    }

    /// Each write in short: conditions as `Type=Status/Reason`, then the fields which that write changed.
    fn story(&self, verdict: Option<&Verdict>) -> Vec<String> {
        let mut before = self.world.get(&self.key).unwrap()["status"].clone();
        let mut story = Vec::new();
        for status in self.statuses(verdict) {
            let conditions = status["conditions"].as_array().into_iter().flatten();
            let mut line: Vec<_> = conditions
                .map(|one| {
                    let text = |field: &str| one[field].as_str().unwrap_or_default().to_owned();
                    format!("{}={}/{}", text("type"), text("status"), text("reason"))
                })
                .collect();
            let fields = status.as_object().unwrap().iter();
            let fields = fields.filter(|(name, value)| *name != "conditions" && before[*name] != **value);
            line.extend(fields.map(|(name, _)| format!("+{name}")));
            story.push(line.join(" "));
            before = status;
        }
        story
    }
}

fn app() -> FluxObject {
    kustomization("apps", "shop").with_spec(json!({"wait": true}))
}

fn fleet() -> FluxObject {
    git_repository("flux-system", "fleet")
}

#[test]
fn a_requested_kustomization_goes_through_unknown_and_answers_in_its_last_write() {
    let story = Scene::new(app(), [fleet()]).requested().story(None);
    let working = "Reconciling=True/Progressing Ready=Unknown/Progressing";
    assert_eq!(
        story,
        [
            working,
            working,
            working,
            &format!("{working} Healthy=Unknown/Progressing"),
            &format!("{working} Healthy=True/Succeeded"),
            "Ready=True/ReconciliationSucceeded Healthy=True/Succeeded",
            "Ready=True/ReconciliationSucceeded Healthy=True/Succeeded +history +lastHandledReconcileAt",
        ]
    );
}

#[test]
fn a_new_revision_is_attempted_while_building_and_applied_after_ready() {
    let stale = json!({"lastAppliedRevision": "main@sha1:old", "lastAttemptedRevision": "main@sha1:old"});
    let story = Scene::new(app().with_status(stale), [fleet()]).story(None);
    let at = |field: &str| story.iter().position(|line| line.contains(field)).unwrap();
    assert_eq!(at("+lastAttemptedRevision"), 2);
    assert_eq!(at("+lastAppliedRevision"), story.len() - 1);
    assert_eq!(at("Ready=True"), story.len() - 2);
}

#[test]
fn what_was_broken_fails_again_and_keeps_its_health_and_its_answer_for_the_end() {
    let healthy = ("Healthy", "True", "Succeeded", "Health check passed in 24ms");
    let broken = app().with_conditions(&[("Ready", "False", "BuildFailed", "kustomize build failed"), healthy]);
    let story = Scene::new(broken, [fleet()]).requested().story(None);
    assert_eq!(
        story[story.len() - 2..],
        [
            "Reconciling=True/ProgressingWithRetry Ready=False/BuildFailed Healthy=True/Succeeded",
            "Reconciling=True/ProgressingWithRetry Ready=False/BuildFailed Healthy=True/Succeeded +lastHandledReconcileAt",
        ]
    );
}

#[test]
fn a_mended_kustomization_succeeds() {
    let broken = app().failed("BuildFailed", "kustomize build failed");
    let story = Scene::new(broken, [fleet()]).story(Some(&Verdict::Well));
    assert!(story.last().unwrap().starts_with("Ready=True/ReconciliationSucceeded"), "{story:?}");
}

#[test]
fn a_dependant_waits_until_its_dependency_has_applied_the_same_revision() {
    let behind = kustomization("apps", "base").with_status(json!({"lastAppliedRevision": "main@sha1:old"}));
    let scene = Scene::new(app().after(&["base"]), [fleet(), behind]);
    let statuses = scene.statuses(None);
    let ready = condition(&statuses[0], "Ready").unwrap();
    assert_eq!(statuses.len(), 1);
    assert_eq!(ready["reason"], "DependencyNotReady");
    assert_eq!(ready["message"], "dependency 'apps/base' revision is not up to date");
    let plan = scene.plan(None);
    assert_eq!(plan.again.map(|time| time.as_secs()), Some(30));
    let told = |step: &Step| matches!(step, Step::Tell(note) if !note.warning && note.reason == "DependencyNotReady");
    assert!(plan.steps.iter().any(told), "waiting is no warning");
}

#[test]
fn a_suspended_kustomization_copies_the_request_and_does_nothing() {
    let story = Scene::new(app().suspended(), [fleet()]).requested().story(None);
    assert_eq!(story, ["Ready=True/ReconciliationSucceeded +lastHandledReconcileAt"]);
}

#[test]
fn suspending_moves_the_top_generation_alone_but_of_sources_also_that_of_ready() {
    let suspend = |object: FluxObject| {
        let scene = Scene::new(object.suspended(), []).change(|object| object["metadata"]["generation"] = json!(2));
        let statuses = scene.statuses(None);
        let status = statuses.last().unwrap().clone();
        (status["observedGeneration"].clone(), condition(&status, "Ready").unwrap()["observedGeneration"].clone())
    };
    assert_eq!(suspend(app()), (json!(2), json!(1)));
    assert_eq!(suspend(fleet()), (json!(2), json!(2)));
}

#[test]
fn a_release_with_nothing_to_do_stays_ready_throughout() {
    let scene = Scene::new(helm_release("apps", "cart"), [helm_chart("apps", "cart")]).requested();
    assert_eq!(
        scene.story(None),
        [
            "Reconciling=True/Progressing Ready=True/UpgradeSucceeded Released=True/UpgradeSucceeded",
            "Ready=True/UpgradeSucceeded Released=True/UpgradeSucceeded",
            "Ready=True/UpgradeSucceeded Released=True/UpgradeSucceeded +lastHandledReconcileAt",
        ]
    );
}

#[test]
fn force_is_noted_at_the_start_of_an_action_and_the_request_at_its_end() {
    let scene = Scene::new(helm_release("apps", "cart"), [helm_chart("apps", "cart")]).change(|object| {
        object["metadata"]["annotations"] =
            json!({"reconcile.fluxcd.io/requestedAt": REQUEST, "reconcile.fluxcd.io/forceAt": REQUEST});
    });
    let working = "Reconciling=True/Progressing Ready=Unknown/Progressing Released=True/UpgradeSucceeded";
    let done = "Ready=True/UpgradeSucceeded Released=True/UpgradeSucceeded";
    assert_eq!(
        scene.story(None),
        [
            &format!("Reconciling=True/Progressing {done}"),
            working,
            &format!("{working} +lastHandledForceAt"),
            &format!("Reconciling=True/Progressing {done}"),
            &format!("Reconciling=True/Progressing {done} +history +lastAttemptedReleaseActionDuration"),
            done,
            &format!("{done} +lastHandledReconcileAt"),
        ]
    );
}

#[test]
fn force_without_the_same_request_does_not_count() {
    let scene = Scene::new(helm_release("apps", "cart"), [helm_chart("apps", "cart")]).change(|object| {
        object["metadata"]["annotations"] =
            json!({"reconcile.fluxcd.io/requestedAt": REQUEST, "reconcile.fluxcd.io/forceAt": "another"});
    });
    assert_eq!(scene.story(None).len(), 3);
}

#[test]
fn a_stalled_release_loses_the_mark_for_an_instant_when_it_is_only_asked() {
    let stalled = helm_release("apps", "cart").with_conditions(&[
        ("Stalled", "True", "RetriesExceeded", "Failed to upgrade after 2 attempt(s)"),
        ("Ready", "False", "UpgradeFailed", "Helm upgrade failed"),
    ]);
    let scene = Scene::new(stalled, [helm_chart("apps", "cart")]).requested();
    assert_eq!(
        scene.story(None),
        [
            "Reconciling=True/Progressing Ready=False/UpgradeFailed",
            "Stalled=True/RetriesExceeded Ready=False/UpgradeFailed",
            "Stalled=True/RetriesExceeded Ready=False/UpgradeFailed +lastHandledReconcileAt",
        ]
    );
}

#[test]
fn reset_clears_the_counters_and_tries_an_upgrade() {
    let stalled = helm_release("apps", "cart")
        .stalled("UpgradeFailed", "Helm upgrade failed")
        .with_status(json!({"failures": 2, "upgradeFailures": 2}));
    let scene = Scene::new(stalled, [helm_chart("apps", "cart")]).change(|object| {
        object["metadata"]["annotations"] =
            json!({"reconcile.fluxcd.io/requestedAt": REQUEST, "reconcile.fluxcd.io/resetAt": REQUEST});
    });
    let statuses = scene.statuses(Some(&Verdict::Well));
    let begun = statuses.iter().find(|status| status["lastHandledResetAt"] == REQUEST).unwrap();
    assert!(begun["failures"].is_null() && begun["lastHandledReconcileAt"].is_null());
    assert_eq!(condition(begun, "Ready").unwrap()["message"], "Running 'upgrade' action with timeout of 5m0s");
    assert_eq!(statuses.last().unwrap()["lastHandledReconcileAt"], REQUEST);
}

#[test]
fn a_failed_upgrade_is_rolled_back_with_success_in_the_reason_and_failure_in_the_status() {
    let careful = helm_release("apps", "cart").with_spec(json!({"upgrade": {"remediation": {"retries": 3}}}));
    let scene = Scene::new(careful, [helm_chart("apps", "cart")]);
    let story = scene.story(Some(&Verdict::Broken("UpgradeFailed".to_owned(), "timeout".to_owned())));
    assert_eq!(
        story.last().unwrap(),
        "Reconciling=True/ProgressingWithRetry Ready=False/RollbackSucceeded Released=False/UpgradeFailed \
         Remediated=True/RollbackSucceeded"
    );
}

#[test]
fn a_source_with_nothing_new_is_only_reconciling_and_a_new_revision_is_outdated_for_an_instant() {
    let stored = "Ready=True/Succeeded ArtifactInStorage=True/Succeeded";
    let scene = Scene::new(fleet(), []).requested();
    assert_eq!(
        scene.story(None),
        [&format!("Reconciling=True/Progressing {stored}"), stored, &format!("{stored} +lastHandledReconcileAt"),]
    );
    let found = Verdict::Found("main@sha1:new".to_owned(), "Add a readme".to_owned());
    assert_eq!(
        scene.story(Some(&found))[1..],
        [
            "Reconciling=True/Progressing Ready=Unknown/Progressing ArtifactInStorage=True/Succeeded \
         ArtifactOutdated=True/NewRevision",
            &format!("{stored} +artifact"),
            &format!("{stored} +lastHandledReconcileAt"),
        ]
    );
}

#[test]
fn what_is_settled_is_left_alone_and_what_was_edited_while_suspended_is_not_taken_for_applied() {
    let world = World::default();
    let found = |object: FluxObject| {
        let mut object = Value::from(object);
        object["metadata"]["generation"] = json!(object["status"]["observedGeneration"].as_i64().unwrap_or(1).max(1));
        Desk::found(&object, &world)
    };
    assert!(found(helm_release("apps", "cart")).handled.is_some());
    assert!(found(helm_release("apps", "cart")).ingredients.is_some());
    let edited = helm_release("apps", "cart").suspended().with_status(json!({"observedGeneration": 3}));
    assert!(found(edited).ingredients.is_none());
    let new = FluxObject::new("helm.toolkit.fluxcd.io/v2", "HelmRelease", "apps", "cart", json!({}));
    assert!(found(new).handled.is_none());
}

#[test]
fn a_source_that_was_never_fetched_rests_without_conditions() {
    let new = FluxObject::new("source.toolkit.fluxcd.io/v1", "GitRepository", "apps", "late", json!({}));
    assert_eq!(Scene::new(new.suspended(), []).statuses(None), [json!({"observedGeneration": -1})]);
}
