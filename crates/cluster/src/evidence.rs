//! What lies behind an object that is not ready, read in the person's name.

use std::time::Duration;

use fanlight_model::{ApiResource, Finding, Identity, Lookup};
use http::StatusCode;
use serde_json::Value;
use tokio::time::timeout;
use url::form_urlencoded::byte_serialize;

use crate::{
    ApiServer, ReadError,
    api_server::{As, Errand, decode},
};

impl ApiServer {
    /// How long one look may take: a page waits for it.
    const LOOK: Duration = Duration::from_secs(3);
    /// How many objects of a list are looked at.
    const LISTED: usize = 20;
    /// How many Events are.
    const TOLD: usize = 300;
    /// How much of a log is read.
    const LOG: usize = 16 << 10;
    /// Metadata alone: what an object holds is neither asked for nor sent.
    pub(crate) const METADATA: &str = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1";

    /// Looks something up in the person's name.
    pub async fn look_up(&self, who: &Identity, lookup: &Lookup) -> Finding {
        match timeout(Self::LOOK, self.read(who, lookup)).await {
            Ok(Ok(value)) => Finding::Found(slim(value)),
            Ok(Err(error)) => finding(&error),
            Err(_) => Finding::Unanswered,
        }
    }

    async fn read(&self, who: &Identity, lookup: &Lookup) -> Result<Value, ReadError> {
        let what = lookup.what();
        match lookup {
            Lookup::Kind { group, kind } => self.kind(who, group.as_deref(), kind).await,
            Lookup::Flux(key) => self.object(who, key).await,
            Lookup::LastWords { namespace, pod, container } => {
                let path = place(named("Pod")?, namespace, pod)?;
                // While a container waits to be started again, its log is that of the one that has ended.
                let path = format!("{path}/log?container={}&tailLines=30&limitBytes={}", encoded(container), Self::LOG);
                let answered = self.run(&Errand::read(As::Person(who), &what, &path)).await?;
                Ok(Value::String(String::from_utf8_lossy(&answered.body).into_owned()))
            }
            _ => {
                let (path, accept) = address(lookup)?;
                let errand = Errand { accept, ..Errand::read(As::Person(who), &what, &path) };
                decode(&what, &self.run(&errand).await?.body)
            }
        }
    }

    /// How a kind is called in addresses.
    async fn kind(&self, who: &Identity, group: Option<&str>, kind: &str) -> Result<Value, ReadError> {
        let resource = match group {
            Some(group) => self.resource(who, group, kind).await?,
            None => self.only(who, kind).await?,
        };
        serde_json::to_value(ApiResource::from(resource)).map_err(|_| ReadError::NotServed { what: kind.to_owned() })
    }
}

/// An object, or a list, without what explains nothing and may be long: many are held at once.
fn slim(mut value: Value) -> Value {
    fn strip(object: &mut Value) {
        if let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut) {
            metadata.remove("managedFields");
            if let Some(annotations) = metadata.get_mut("annotations").and_then(Value::as_object_mut) {
                annotations.remove("kubectl.kubernetes.io/last-applied-configuration");
            }
        }
    }
    strip(&mut value);
    for item in value.get_mut("items").and_then(Value::as_array_mut).into_iter().flatten() {
        strip(item);
        let Some(spec) = item.get_mut("spec").and_then(Value::as_object_mut) else { continue };
        // What a ReplicaSet makes its pods from, and what a pod's containers are told.
        spec.remove("template");
        for list in ["initContainers", "containers"] {
            for container in spec.get_mut(list).and_then(Value::as_array_mut).into_iter().flatten() {
                if let Some(container) = container.as_object_mut() {
                    container.retain(|field, _| ["name", "image", "resources"].contains(&&**field));
                }
            }
        }
    }
    value
}

fn address(lookup: &Lookup) -> Result<(String, &'static str), ReadError> {
    match lookup {
        Lookup::Object { kind, namespace, name } => Ok((place(kind, namespace, name)?, Errand::JSON)),
        Lookup::Metadata { kind, namespace, name } => Ok((place(kind, namespace, name)?, ApiServer::METADATA)),
        Lookup::Labelled { kind, namespace, selector } => {
            let path = folder(kind, namespace)?;
            let limit = ApiServer::LISTED;
            Ok((format!("{path}?limit={limit}&labelSelector={}", encoded(selector)), Errand::JSON))
        }
        Lookup::Events { kind, namespace, name } => {
            let mut about = format!("involvedObject.kind={kind}");
            if !name.is_empty() {
                about.push_str(",involvedObject.name=");
                about.push_str(name);
            }
            let limit = ApiServer::TOLD;
            let path = format!("/api/v1/namespaces/{}/events", segment(namespace)?);
            Ok((format!("{path}?limit={limit}&fieldSelector={}", encoded(&about)), Errand::JSON))
        }
        Lookup::Flux(_) | Lookup::Kind { .. } | Lookup::LastWords { .. } => {
            Err(ReadError::NotServed { what: lookup.what() })
        }
    }
}

fn named(kind: &str) -> Result<&'static ApiResource, ReadError> {
    ApiResource::builtin(kind, Some("")).ok_or_else(|| ReadError::NotServed { what: kind.to_owned() })
}

/// The path of an object.
pub(crate) fn place(kind: &ApiResource, namespace: &str, name: &str) -> Result<String, ReadError> {
    Ok(format!("{}/{}", folder(kind, namespace)?, segment(name)?))
}

/// The path of a kind's objects.
fn folder(kind: &ApiResource, namespace: &str) -> Result<String, ReadError> {
    let ApiResource { group, version, plural, .. } = kind;
    if ApiResource::is_secret(group, &kind.kind) {
        return Err(ReadError::NotServed { what: kind.kind.to_string() });
    }
    let root = root(group, version);
    if kind.namespaced {
        Ok(format!("{root}/namespaces/{}/{plural}", segment(namespace)?))
    } else {
        Ok(format!("{root}/{plural}"))
    }
}

/// The path of an API group at a version.
pub(crate) fn root(group: &str, version: &str) -> String {
    if group.is_empty() { format!("/api/{version}") } else { format!("/apis/{group}/{version}") }
}

/// A name that comes from a controller's words or an object may be anything: one with a slash would be another path.
/// Those of some kinds, RBAC's among them, may be any segment of a path, as `system:Team_A`; what stands there as it is
/// without an escape (RFC 3986 §2.3, and the colon, `@` and `+`) is taken.
pub(crate) fn segment(name: &str) -> Result<&str, ReadError> {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~:@+".contains(&byte);
    let fits = !matches!(name, "" | "." | "..") && name.bytes().all(is_plain);
    fits.then_some(name).ok_or_else(|| ReadError::Misnamed { what: name.to_owned() })
}

/// A value as it stands in the query of a URL.
pub(crate) fn encoded(text: &str) -> String {
    byte_serialize(text.as_bytes()).collect()
}

fn finding(error: &ReadError) -> Finding {
    match error {
        ReadError::NotImpersonated { .. } | ReadError::Nobody { .. } => Finding::NotLent,
        ReadError::Misnamed { .. } | ReadError::NotServed { .. } => Finding::Missing,
        _ => match error.code() {
            Some(StatusCode::NOT_FOUND) => Finding::Missing,
            Some(StatusCode::FORBIDDEN | StatusCode::UNAUTHORIZED) => Finding::Denied,
            _ => Finding::Unanswered,
        },
    }
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use serde_json::json;

    use super::*;

    fn path(lookup: &Lookup) -> Result<String, String> {
        address(lookup).map(|(path, _)| path).map_err(|error| error.to_string())
    }

    #[test]
    fn what_is_looked_up_is_bounded_and_its_names_stay_within_their_segment() {
        let deployment = ApiResource::builtin("Deployment", None).expect("a kind");
        let object = |namespace: &str, name: &str| Lookup::Object {
            kind: Cow::Borrowed(deployment),
            namespace: namespace.to_owned(),
            name: name.to_owned(),
        };
        assert_eq!(path(&object("shop", "cart")).as_deref(), Ok("/apis/apps/v1/namespaces/shop/deployments/cart"));
        for (namespace, name) in
            [("shop", "../secrets/x"), ("a/b", "c"), ("", "c"), ("shop", ".."), ("shop", "c?x=1"), ("shop", "a%2fb")]
        {
            assert!(path(&object(namespace, name)).is_err(), "{namespace} {name}");
        }
        let whole = "/apis/apps/v1/namespaces/shop/deployments/team:Team_A";
        assert_eq!(path(&object("shop", "team:Team_A")).as_deref(), Ok(whole));
        let pods = Lookup::Labelled {
            kind: Cow::Borrowed(ApiResource::builtin("Pod", Some("")).expect("a kind")),
            namespace: "shop".to_owned(),
            selector: "app=cart,tier in (a,b)&limit=9".to_owned(),
        };
        assert_eq!(
            path(&pods).as_deref(),
            Ok("/api/v1/namespaces/shop/pods?limit=20&labelSelector=app%3Dcart%2Ctier+in+%28a%2Cb%29%26limit%3D9")
        );
        let events = Lookup::Events { kind: "Pod".to_owned(), namespace: "shop".to_owned(), name: String::new() };
        assert_eq!(
            path(&events).as_deref(),
            Ok("/api/v1/namespaces/shop/events?limit=300&fieldSelector=involvedObject.kind%3DPod")
        );
    }

    #[test]
    fn no_secret_is_ever_looked_up() {
        let secret = |group: &'static str| ApiResource {
            group: Cow::Borrowed(group),
            kind: Cow::Borrowed("Secret"),
            plural: Cow::Borrowed("secrets"),
            ..ApiResource::builtin("Pod", None).expect("a kind").clone()
        };
        let [namespace, name] = ["shop", "token"].map(ToOwned::to_owned);
        let lookup = |group| Lookup::Metadata {
            kind: Cow::Owned(secret(group)),
            namespace: namespace.clone(),
            name: name.clone(),
        };
        assert!(path(&lookup("")).is_err());
        assert_eq!(path(&lookup("acme.io")).as_deref(), Ok("/apis/acme.io/v1/namespaces/shop/secrets/token"));
    }

    #[test]
    fn of_what_was_found_only_what_may_explain_something_is_kept() {
        let metadata = json!({"name": "cart", "managedFields": [{"manager": "kubectl"}],
            "annotations": {"kubectl.kubernetes.io/last-applied-configuration": "{}", "team": "blue"}});
        let kept = json!({"name": "cart", "annotations": {"team": "blue"}});
        let container = json!({"name": "web", "image": "web:1", "resources": {}, "env": [{"name": "A"}]});
        let pod = json!({"metadata": metadata, "spec": {"containers": [container], "volumes": []}, "status": {}});
        let set = json!({"metadata": metadata, "spec": {"replicas": 1, "template": {"spec": {}}}});
        let slimmer = slim(json!({"metadata": {"continue": "more"}, "items": [pod, set]}));
        let container = json!({"name": "web", "image": "web:1", "resources": {}});
        assert_eq!(
            slimmer,
            json!({"metadata": {"continue": "more"}, "items": [
                {"metadata": kept, "spec": {"containers": [container], "volumes": []}, "status": {}},
                {"metadata": kept, "spec": {"replicas": 1}},
            ]})
        );
        let whole = json!({"metadata": metadata, "spec": {"template": {"spec": {}}}});
        assert_eq!(slim(whole), json!({"metadata": kept, "spec": {"template": {"spec": {}}}}));
        assert_eq!(slim(json!("panic: no")), json!("panic: no"));
    }

    #[test]
    fn who_may_not_read_is_told_apart_from_what_is_not_there() {
        let refused = |code| ReadError::refused("x", code, None, b"no");
        assert_eq!(finding(&refused(StatusCode::FORBIDDEN)), Finding::Denied);
        assert_eq!(finding(&refused(StatusCode::NOT_FOUND)), Finding::Missing);
        assert_eq!(finding(&refused(StatusCode::INTERNAL_SERVER_ERROR)), Finding::Unanswered);
        let account =
            ReadError::refused("x", StatusCode::FORBIDDEN, None, b"User \"fanlight\" cannot impersonate resource");
        assert_eq!(finding(&account), Finding::NotLent);
    }
}
