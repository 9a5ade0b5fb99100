use fanlight_cluster::rescue::{Rescue, RescueError, Spot, Trouble};
use fanlight_model::cut;
use serde_json::Value;

use super::Finding;
use crate::dashboard::{Product, product_of_deployment};

/// The label that the chart puts on its Deployment.
const MARK: &str = "weave.works/app=weave-gitops-oss";
/// Where it is looked for if it may not be looked for everywhere.
const USUAL: &str = "flux-system";

/// A dashboard that is there: its Deployment.
pub(crate) struct Installed(Value);

/// Every Fanlight in this namespace, or everywhere.
pub(crate) async fn installed(cluster: &Rescue, namespace: Option<&str>) -> Result<Vec<Installed>, RescueError> {
    let all = Spot { kind: "Deployment", api: "apps/v1", plural: "deployments", namespace: "", name: "" };
    let found =
        match (namespace, cluster.objects(&Spot { namespace: namespace.unwrap_or_default(), ..all }, MARK).await) {
            (None, Err(RescueError { trouble: Trouble::Forbidden(_), .. })) => {
                cluster.objects(&Spot { namespace: USUAL, ..all }, MARK).await?
            }
            (_, found) => found?,
        };
    Ok(found.into_iter().filter(|one| product_of_deployment(one) == Product::Fanlight).map(Installed).collect())
}

impl Installed {
    fn text(&self, pointer: &str) -> &str {
        self.0.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
    }

    /// The namespace.
    pub(crate) fn namespace(&self) -> &str {
        self.text("/metadata/namespace")
    }

    /// The Deployment's name.
    pub(crate) fn name(&self) -> &str {
        self.text("/metadata/name")
    }

    /// The service account.
    pub(super) fn account(&self) -> &str {
        let account = self.text("/spec/template/spec/serviceAccountName");
        if account.is_empty() { "default" } else { account }
    }

    /// The server's container: the one with our image, else the first.
    fn container(&self) -> &Value {
        let containers = &self.0["spec"]["template"]["spec"]["containers"];
        let all = containers.as_array().into_iter().flatten();
        let ours = all.clone().find(|one| one["image"].as_str().is_some_and(|image| image.contains("fanlight")));
        ours.unwrap_or(&containers[0])
    }

    /// The image.
    pub(crate) fn image(&self) -> &str {
        self.container()["image"].as_str().unwrap_or_default()
    }

    /// The version: the chart's label, else the image's tag.
    pub(crate) fn version(&self) -> String {
        let label = self.0["metadata"]["labels"]["app.kubernetes.io/version"].as_str();
        let name = self.image().split('@').next().unwrap_or_default();
        let tag = name.rsplit('/').next().and_then(|last| last.split_once(':')).map(|(_, tag)| tag);
        let version = tag.or(label).unwrap_or("unknown");
        if version.starts_with(|first: char| first.is_ascii_digit()) {
            format!("v{version}")
        } else {
            version.to_owned()
        }
    }

    /// The last value of an argument, as the server reads them: `--flag=value`, or in the next argument.
    pub(super) fn argument(&self, flag: &str) -> Option<&str> {
        let arguments: Vec<&str> =
            self.container()["args"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        let mut last = None;
        for (at, argument) in arguments.iter().enumerate() {
            match argument.strip_prefix(flag) {
                Some("") => last = arguments.get(at + 1).copied(),
                Some(rest) => last = rest.strip_prefix('=').or(last),
                None => {}
            }
        }
        last
    }

    /// How many pods there shall be.
    pub(super) fn replicas(&self) -> i64 {
        self.0["spec"]["replicas"].as_i64().unwrap_or(1)
    }

    /// Whether people may sign in in this way.
    pub(super) fn offers(&self, method: &str) -> bool {
        let methods = self.argument("--auth-methods").unwrap_or("user-account,oidc");
        methods.split(',').any(|one| one.trim().eq_ignore_ascii_case(method))
    }

    /// The Secret that is mounted where this path is.
    pub(super) fn secret_at(&self, path: &str) -> Option<&str> {
        let mounts = self.container()["volumeMounts"].as_array()?;
        let covers = |mount: &&Value| {
            let at = mount["mountPath"].as_str().unwrap_or_default().trim_end_matches('/');
            path.strip_prefix(at).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        let volume =
            &mounts.iter().filter(covers).max_by_key(|mount| mount["mountPath"].as_str().map(str::len))?["name"];
        let volumes = self.0["spec"]["template"]["spec"]["volumes"].as_array()?;
        volumes.iter().find(|one| one["name"] == *volume)?["secret"]["secretName"].as_str()
    }

    /// Whether it runs.
    pub(super) fn finding(&self) -> Finding {
        const ABOUT: &str = "dashboard";
        let ready = self.0["status"]["readyReplicas"].as_i64().unwrap_or(0);
        let (namespace, name, wanted) = (self.namespace(), self.name(), self.replicas());
        let what = format!("{} in Deployment {namespace}/{name}, {ready} of {wanted} pods ready", self.version());
        let remedy = format!("`kubectl --namespace {namespace} describe deployment {name}`, and the pods' logs");
        match ready {
            _ if wanted == 0 => Finding::warning(ABOUT, what, "It was switched off: `kubectl scale` it"),
            0 => Finding::failure(ABOUT, format!("{what}{}", self.trouble()), remedy),
            ready if ready < wanted => Finding::warning(ABOUT, format!("{what}{}", self.trouble()), remedy),
            _ => Finding::ok(ABOUT, what),
        }
    }

    /// What the Deployment's controller says of it.
    fn trouble(&self) -> String {
        let conditions = self.0["status"]["conditions"].as_array().into_iter().flatten();
        let bad = conditions.filter(|one| one["status"] == "False").filter_map(|one| one["message"].as_str());
        bad.map(|message| format!(": {}", cut(message, 300))).next().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn server(arguments: &[&str]) -> Installed {
        Installed(
            json!({"metadata": {"labels": {"app.kubernetes.io/version": "0.1.0"}}, "spec": {"template": {"spec": {
                "containers": [
                    {"image": "registry.example.com:5000/proxy"},
                    {"image": "registry.example.com:5000/fanlight-server", "args": arguments, "volumeMounts": [
                        {"name": "keys", "mountPath": "/etc/keys"}, {"name": "etc", "mountPath": "/etc"},
                    ]},
                ],
                "volumes": [{"name": "keys", "secret": {"secretName": "session-key"}}, {"name": "etc", "emptyDir": {}}],
            }}}}),
        )
    }

    #[test]
    fn arguments_are_read_as_the_server_reads_them() {
        let server = server(&[
            "--auth-methods=oidc",
            "--oidc-secret-name",
            "sso",
            "--oidc-secret-name-x=y",
            "--auth-methods=Oidc,anonymous",
        ]);
        assert_eq!(server.argument("--oidc-secret-name"), Some("sso"));
        assert!(server.offers("oidc") && server.offers("anonymous") && !server.offers("user-account"));
        assert_eq!(server.argument("--session-key-file"), None);
    }

    #[test]
    fn the_secret_of_a_path_is_that_of_the_nearest_mount() {
        let server = server(&[]);
        assert_eq!(server.secret_at("/etc/keys/key"), Some("session-key"));
        assert_eq!(server.secret_at("/etc/keysmith"), None);
        assert_eq!(server.secret_at("/var/key"), None);
    }

    #[test]
    fn a_registrys_port_is_no_version() {
        assert_eq!(server(&[]).version(), "v0.1.0");
    }
}
