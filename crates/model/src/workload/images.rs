use serde_json::Value;

use super::Workload;
use crate::{
    cut,
    details::reading::{each, text},
};

/// Where objects say what their pods are made of: what makes pods, what makes Jobs, a pod itself.
const PODS: [&str; 3] = ["/spec/template/spec", "/spec/jobTemplate/spec/template/spec", "/spec"];
/// The longest image kept, in bytes: longer ones no registry has.
const LONGEST: usize = 512;

/// The images of the containers of an object of any kind that has some, each once; at most [`Workload::IMAGES`].
pub(crate) fn images(object: &Value) -> Vec<String> {
    let pods = PODS.iter().filter_map(|path| object.pointer(path));
    let containers = pods.flat_map(|pods| ["containers", "initContainers"].map(|list| &pods[list])).flat_map(each);
    let mut images: Vec<String> = Vec::new();
    for image in containers.map(|container| text(&container["image"])).filter(|image| !image.is_empty()) {
        if images.len() < Workload::IMAGES && !images.iter().any(|known| known == image) {
            images.push(cut(image, LONGEST));
        }
    }
    images
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::images;

    #[test]
    fn images_are_found_wherever_pods_are_described_and_nowhere_else() {
        let pods =
            json!({"initContainers": [{"image": "init:1"}], "containers": [{"image": "web:1"}, {"image": "web:1"}]});
        let rollout = json!({"spec": {"template": {"spec": pods}}});
        let cron = json!({"spec": {"jobTemplate": {"spec": {"template": {"spec": pods}}}}});
        for object in [rollout, cron, json!({"spec": pods})] {
            assert_eq!(images(&object), ["web:1", "init:1"], "{object}");
        }
        let odd = json!({"spec": {"containers": "no", "template": {"spec": {"containers": [7, {"image": 7}]}}}});
        assert!(images(&odd).is_empty() && images(&json!({"data": {"image": "x"}})).is_empty());
    }
}
