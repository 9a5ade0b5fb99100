//! What there is to be seen: in each namespace an object of each kind, with two marks that stand nowhere else.

use fanlight_model::{Kind, ObjectKey};
use fanlight_testbed::{
    ControlPlane,
    estate::{self, FluxObject},
};
use serde_json::{Value, json};

pub(super) const NAMESPACES: [&str; 6] = ["amber", "basil", "cedar", "dune", "elm", "fern"];
pub(super) const KINDS: [Kind; 6] = [
    Kind::KUSTOMIZATION,
    Kind::HELM_RELEASE,
    Kind::GIT_REPOSITORY,
    Kind::IMAGE_REPOSITORY,
    Kind::ALERT,
    Kind::RESOURCE_SET,
];
/// Those of which everything is asked on the page Access, one question after the other.
pub(super) const ASKED: [Kind; 3] = [Kind::KUSTOMIZATION, Kind::HELM_RELEASE, Kind::GIT_REPOSITORY];

/// An object.
pub(super) struct Planted {
    pub(super) key: ObjectKey,
    /// A word in its status and labels.
    pub(super) mark: String,
    /// The objects that it names in its own content.
    names: Vec<ObjectKey>,
    /// The Deployment that it applied, of Kustomizations.
    pub(super) runs: Option<Value>,
}

pub(super) struct Garden {
    pub(super) objects: Vec<Planted>,
}

impl Garden {
    /// Thinks it up. Every Kustomization waits for the one in the first namespace.
    pub(super) fn new() -> Self {
        let mut objects = Vec::new();
        for namespace in NAMESPACES {
            let keys = KINDS.map(|kind| ObjectKey::new(kind, namespace, word(kind.info().short)));
            let [app, _, source, ..] = keys.clone();
            for key in keys {
                let names = if key == app { vec![source.clone()] } else { Vec::new() };
                let runs = (key == app)
                    .then(|| estate::deployment(namespace, &word("till"), &format!("{}:1.0.0", word("image")), 1));
                objects.push(Planted { key, mark: word("mark"), names, runs });
            }
        }
        let hub = objects[0].key.clone();
        for app in objects.iter_mut().skip(1).filter(|one| one.key.kind == Kind::KUSTOMIZATION) {
            app.names.push(hub.clone());
        }
        Self { objects }
    }

    /// Brings every object into the cluster, saying `word` beside its mark.
    pub(super) async fn plant(&self, plane: &ControlPlane, word: &str) -> anyhow::Result<()> {
        for object in &self.objects {
            let mut written = object.written(word);
            let generation = plane.apply(&written).await?.metadata.generation;
            if !object.key.kind.info().has_status {
                continue;
            }
            // The controllers have seen what was changed meanwhile.
            written["status"]["observedGeneration"] = json!(generation);
            for condition in written["status"]["conditions"].as_array_mut().into_iter().flatten() {
                condition["observedGeneration"] = json!(generation);
            }
            plane.apply(&written).await?;
        }
        Ok(())
    }

    /// Whether something that somebody sees says how another object is called.
    pub(super) fn is_named(&self, key: &ObjectKey, sees: impl Fn(&Planted) -> bool) -> bool {
        self.objects.iter().any(|one| one.names.contains(key) && sees(one))
    }
}

/// A word that stands nowhere else.
pub(super) fn word(what: &str) -> String {
    format!("{what}-{:08x}", rand::random::<u32>())
}

impl Planted {
    pub(super) fn written(&self, word: &str) -> Value {
        let (namespace, name) = (&*self.key.namespace, &*self.key.name);
        let object = match self.key.kind {
            Kind::KUSTOMIZATION => {
                let needs = self.names.iter().filter(|key| key.kind == Kind::KUSTOMIZATION);
                let needs: Vec<_> = needs.map(|key| json!({"name": *key.name, "namespace": *key.namespace})).collect();
                let source = self.names.iter().find(|key| key.kind == Kind::GIT_REPOSITORY);
                let source = source.map(|key| json!({"name": *key.name, "namespace": *key.namespace}));
                let spec = json!({"dependsOn": needs, "sourceRef": source});
                estate::kustomization(namespace, name).with_spec(spec).having_applied(&self.runs)
            }
            Kind::HELM_RELEASE => estate::helm_release(namespace, name),
            Kind::IMAGE_REPOSITORY => estate::image_repository(namespace, name),
            Kind::RESOURCE_SET => estate::resource_set(namespace, name),
            Kind::ALERT => {
                let spec = json!({"providerRef": {"name": "chat"}, "eventSources": [{"kind": "Bucket", "name": "*"}]});
                FluxObject::new("notification.toolkit.fluxcd.io/v1beta3", "Alert", namespace, name, spec)
            }
            _ => estate::git_repository(namespace, name),
        };
        let said = format!("{word} {}", self.mark);
        let object = if self.key.kind.info().has_status {
            estate::with_ready(object, "False", "BuildFailed", &said)
        } else {
            object
        };
        let mut object = Value::from(object);
        object["metadata"]["labels"] = json!({"mark": self.mark});
        object
    }
}
