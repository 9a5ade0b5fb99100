use serde_json::{Value, json};

/// A Deployment of `registry.example.com/acme/<image>` as a Kustomization would apply it; the image's tag decides how
/// its pods do (`…-rcN` crashes, `9.9.9` cannot be pulled).
pub fn deployment(namespace: &str, name: &str, image: &str, replicas: u8) -> Value {
    let container = json!({"name": name.split('-').next_back(), "image": format!("registry.example.com/acme/{image}"),
        "imagePullPolicy": "IfNotPresent", "ports": [{"containerPort": 8080, "name": "http"}],
        "resources": {"requests": {"cpu": "50m", "memory": "64Mi"}}});
    json!({"apiVersion": "apps/v1", "kind": "Deployment",
        "metadata": {"name": name, "namespace": namespace, "labels": {"app.kubernetes.io/name": name}},
        "spec": {"replicas": replicas, "selector": {"matchLabels": {"app.kubernetes.io/name": name}},
            "template": {"metadata": {"labels": {"app.kubernetes.io/name": name}}, "spec": {"containers": [container]}}}})
}

/// A ConfigMap.
pub fn config_map(namespace: &str, name: &str, data: &Value) -> Value {
    json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "namespace": namespace}, "data": data})
}
