use serde_json::{Value, json};

use crate::ControlPlane;

/// As the objects are called by which the API server refuses somebody.
const NAME: &str = "testbed-throttled";

impl ControlPlane {
    /// Lets the API server, by its own priority and fairness, answer 429 to whatever these people ask, and whoever asks in
    /// their name, while it answers one request of theirs: so it lets one through at a time. Watches that are open stay so.
    pub async fn throttle(&self, people: &[&str]) -> anyhow::Result<()> {
        let [level, schema] = objects(people);
        self.apply(&level).await?;
        self.apply(&schema).await?;
        Ok(())
    }

    /// Lets the API server answer them again.
    pub async fn relent(&self) -> anyhow::Result<()> {
        let [level, schema] = objects(&[]);
        self.delete(&schema).await?;
        self.delete(&level).await
    }
}

/// A priority level without a place in it or a queue before it, and who belongs to it.
fn objects(people: &[&str]) -> [Value; 2] {
    const API: &str = "flowcontrol.apiserver.k8s.io/v1";
    let subjects: Vec<_> = people.iter().map(|name| json!({"kind": "User", "user": {"name": name}})).collect();
    let all =
        json!({"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"], "clusterScope": true, "namespaces": ["*"]});
    let limited = json!({"nominalConcurrencyShares": 0, "lendablePercent": 0, "borrowingLimitPercent": 0,
        "limitResponse": {"type": "Reject"}});
    let level = json!({"apiVersion": API, "kind": "PriorityLevelConfiguration", "metadata": {"name": NAME},
        "spec": {"type": "Limited", "limited": limited}});
    let schema = json!({"apiVersion": API, "kind": "FlowSchema", "metadata": {"name": NAME},
        "spec": {"matchingPrecedence": 10, "priorityLevelConfiguration": {"name": NAME},
            "distinguisherMethod": {"type": "ByUser"}, "rules": [{"subjects": subjects, "resourceRules": [all]}]}});
    [level, schema]
}
