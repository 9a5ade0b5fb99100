//! What Flux's controllers write about objects: the fields are those of the real ones.

use jiff::Timestamp;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::PodLogs;
use crate::estate;

impl PodLogs {
    /// Has the controllers write about these objects what their statuses say, once their pods run. Objects of controllers
    /// that do not are left out.
    pub async fn tell_of(&self, objects: impl Iterator<Item = &Value>) -> anyhow::Result<()> {
        let mut told = std::collections::BTreeMap::<&str, Vec<&Value>>::new();
        for object in objects {
            if let Some(controller) = estate::controller(object).map(|name| name.trim_start_matches("gotk-")) {
                told.entry(controller).or_default().push(object);
            }
        }
        for controller in ["helm-controller", "kustomize-controller", "notification-controller", "source-controller"] {
            let pods = self.served("flux-system", &format!("app={controller}"), 1).await?;
            let objects = told.remove(controller).unwrap_or_default();
            self.write_all(&format!("flux-system/{}/manager", pods[0]), objects.into_iter().filter_map(line))?;
        }
        Ok(())
    }

    /// Has one of Flux's controllers write about an object what its status says.
    pub fn write_about(&self, container: &str, object: &Value) -> anyhow::Result<()> {
        self.write_all(container, line(object))
    }
}

/// What the controller of an object writes when it has reconciled it, or has tried to.
fn line(object: &Value) -> Option<(Timestamp, String)> {
    let time = Timestamp::now();
    let kind = object["kind"].as_str()?;
    let (name, namespace) = (&object["metadata"]["name"], &object["metadata"]["namespace"]);
    let conditions = object["status"]["conditions"].as_array()?;
    let ready = conditions.iter().find(|condition| condition["type"] == "Ready")?;
    let (group, _) = object["apiVersion"].as_str()?.split_once('/')?;
    let [a, b, c, d, ..] = Sha256::digest(format!("{kind}{namespace}{name}")).0;
    let mut line = json!({"level": "info", "ts": format!("{time:.3}"), "msg": "", "controller": kind.to_lowercase(),
        "controllerGroup": group, "controllerKind": kind, kind: {"name": name, "namespace": namespace},
        "namespace": namespace, "name": name,
        "reconcileID": format!("{a:02x}{b:02x}{c:02x}{d:02x}-5a1c-4b1e-9d5f-2c6f0e9a7b31")});
    match ready["status"].as_str()? {
        "True" => line["msg"] = json!("Reconciliation finished in 412.7ms, next run in 10m0s"),
        "False" => {
            line["level"] = json!("error");
            line["msg"] = json!("Reconciliation failed after 1.043s, next try in 2m0s");
            line["error"] = ready["message"].clone();
        }
        _ => line["msg"] = ready["message"].clone(),
    }
    Some((time, line.to_string()))
}
