use std::{
    env,
    ffi::{OsStr, OsString},
};

use super::terms::Handed;

/// The session in which this process runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Surrounding {
    /// Its cluster; `None` if it was opened by kube-dc, which does not say.
    pub cluster: Option<String>,
}

/// Whether this process runs inside a break-glass session, Fanlight's or kube-dc's: `lookup` reads the environment.
pub fn surrounding(lookup: impl Fn(&str) -> Option<OsString>) -> Option<Surrounding> {
    let set = |name| lookup(name).filter(|value| !value.is_empty());
    let cluster = set(CLUSTER).map(|cluster| cluster.to_string_lossy().into_owned());
    let inside = cluster.is_some() || set(PASS).is_some() || set(KUBE_DC).is_some();
    inside.then_some(Surrounding { cluster })
}

/// The cluster of the session.
const CLUSTER: &str = "FANLIGHT_BREAK_GLASS";
/// Identifier and nonce of the session.
pub(super) const PASS: &str = "FANLIGHT_BREAK_GLASS_SESSION";
/// When it ends.
const EXPIRES: &str = "FANLIGHT_BREAK_GLASS_EXPIRES";
/// What kube-dc sets.
const KUBE_DC: &str = "KUBE_DC_BREAK_GLASS";

/// What does not go into a session: keys that open sealed files, and what would send programs to another cluster.
const DROPPED: [&str; 6] =
    ["SOPS_", "AGE_", "HELM_KUBE", "KUBERNETES_MASTER", "KUBERNETES_EXEC_INFO", "KUBE_CONFIG_PATH"];

/// The variables that shells set again after the user's own files, which may well set them.
pub(super) fn pinned(handed: &Handed) -> [(&'static str, &OsStr); 2] {
    [("KUBECONFIG", handed.kubeconfig.as_os_str()), ("KUBECACHEDIR", handed.cache.as_os_str())]
}

/// The environment of a session: `own`, without what does not belong there.
pub(super) fn environment(
    own: impl IntoIterator<Item = (OsString, OsString)>,
    handed: &Handed,
) -> Vec<(OsString, OsString)> {
    let kept = |name: &OsStr| {
        let name = name.as_encoded_bytes();
        !DROPPED.iter().any(|dropped| name.starts_with(dropped.as_bytes()))
    };
    let mut variables: Vec<_> = own.into_iter().filter(|(name, _)| kept(name)).collect();
    let expires = handed.expires.strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
    let ours = [(CLUSTER, handed.cluster.as_str()), (PASS, &handed.pass), (EXPIRES, &expires), (KUBE_DC, "1")];
    let ours = ours.map(|(name, value)| (name, OsStr::new(value)));
    // Of two with the same name, the later one counts.
    variables.extend(ours.into_iter().chain(pinned(handed)).map(|(name, value)| (name.into(), value.into())));
    variables
}

/// That of this process.
pub(super) fn own() -> impl Iterator<Item = (OsString, OsString)> {
    env::vars_os()
}

#[cfg(test)]
mod tests {
    use std::{collections::HashMap, path::PathBuf};

    use jiff::Timestamp;

    use super::*;

    fn inherited(own: &[(&str, &str)]) -> HashMap<String, String> {
        let handed = Handed {
            cluster: "alpha".to_owned(),
            kubeconfig: PathBuf::from("/run/kubeconfig"),
            cache: PathBuf::from("/run/cache"),
            pass: "id.nonce".to_owned(),
            expires: Timestamp::UNIX_EPOCH,
        };
        let own = own.iter().map(|(name, value)| (OsString::from(name), OsString::from(value)));
        let text = |value: OsString| value.into_string().unwrap();
        environment(own, &handed).into_iter().map(|(name, value)| (text(name), text(value))).collect()
    }

    #[test]
    fn keys_and_ways_to_other_clusters_do_not_go_into_a_session() {
        let inside = inherited(&[
            ("SOPS_AGE_KEY", "AGE-SECRET-KEY-1"),
            ("AGE_KEY", "x"),
            ("HELM_KUBECONTEXT", "other"),
            ("KUBERNETES_MASTER", "https://other"),
            ("PATH", "/bin"),
            ("EDITOR", "vi"),
        ]);
        assert!(!inside.keys().any(|name| DROPPED.iter().any(|dropped| name.starts_with(dropped))), "{inside:?}");
        assert_eq!((inside["PATH"].as_str(), inside["EDITOR"].as_str()), ("/bin", "vi"));
    }

    #[test]
    fn programs_find_the_cluster_and_learn_that_they_are_inside() {
        let inside = inherited(&[("KUBECONFIG", "/a:/b"), ("KUBECACHEDIR", "/c")]);
        assert_eq!(inside["KUBECONFIG"], "/run/kubeconfig");
        assert_eq!(inside["KUBECACHEDIR"], "/run/cache");
        assert_eq!(inside[EXPIRES], "1970-01-01T00:00:00Z");
        let lookup = |name: &str| inside.get(name).map(OsString::from);
        assert_eq!(surrounding(lookup), Some(Surrounding { cluster: Some("alpha".to_owned()) }));
    }

    #[test]
    fn a_session_of_kube_dc_is_one_too_and_an_empty_variable_is_none() {
        let kube_dc = |name: &str| (name == "KUBE_DC_BREAK_GLASS").then(|| "1".into());
        assert_eq!(surrounding(kube_dc), Some(Surrounding { cluster: None }));
        assert_eq!(surrounding(|_| Some(OsString::new())), None);
        assert_eq!(surrounding(|_| None), None);
    }
}
