use serde_json::Value;

use crate::details::reading::{condition, each, holding, seconds, text};

/// A container whose log is read.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LogSource {
    /// Namespace of the pod.
    pub namespace: String,
    /// The pod.
    pub pod: String,
    /// The container; empty for the only one.
    pub container: String,
}

/// Where there is something to read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LogPlaces {
    /// The containers that are read.
    pub sources: Vec<LogSource>,
    /// The names of containers to choose from.
    pub containers: Vec<String>,
    /// How many pods are read.
    pub pods: usize,
    /// How many others are not, as far as that is known.
    pub left_out: usize,
    /// Whether there are more than anybody looked at.
    pub more: bool,
    /// What of it could not be looked for, each with why.
    pub unknown: Vec<String>,
}

impl LogSource {
    /// As the account of who saw what names it: `namespace/pod/container`.
    pub fn id(&self) -> String {
        format!("{}/{}/{}", self.namespace, self.pod, self.container)
    }
}

impl LogPlaces {
    /// How many pods are read together.
    pub const PODS: usize = 20;
    /// How many containers.
    pub const SOURCES: usize = 30;

    /// The containers of some pods: one of this name in each, or all; of several pods those that run before the others
    /// only where they are not through. Of too many pods those that are not ready are read first, then the newest.
    pub fn of(pods: &[&Value], container: &str, more: bool) -> Self {
        let mut pods = pods.to_vec();
        let alone = pods.len() == 1;
        pods.sort_by_cached_key(|pod| {
            let is_ready = holding(pod, "Ready").is_some();
            let created = seconds(&pod["metadata"]["creationTimestamp"]).unwrap_or_default();
            (is_ready, std::cmp::Reverse(created), text(&pod["metadata"]["name"]).to_owned())
        });
        let (mut sources, mut containers, mut read) = (Vec::new(), Vec::<String>::new(), 0);
        let left_out = pods.len().saturating_sub(Self::PODS);
        for pod in pods.iter().take(Self::PODS) {
            let spec = &pod["spec"];
            let all_first = alone || condition(pod, "Initialized").is_some_and(|one| one["status"] == "False");
            // Those that are started again stay beside the others: https://kubernetes.io/docs/concepts/workloads/pods/sidecar-containers
            let first = each(&spec["initContainers"]).map(|one| (one, all_first || one["restartPolicy"] == "Always"));
            let others = each(&spec["containers"]).chain(each(&spec["ephemeralContainers"])).map(|one| (one, true));
            let mut any = false;
            let named = first.chain(others).map(|(one, speaks)| (text(&one["name"]), speaks));
            for (name, speaks) in named.filter(|(name, _)| !name.is_empty()) {
                if !containers.iter().any(|known| known == name) {
                    containers.push(name.to_owned());
                }
                let is_meant = if container.is_empty() { speaks } else { container == name };
                if is_meant && sources.len() < Self::SOURCES {
                    let place = |field: &str| text(&pod["metadata"][field]).to_owned();
                    sources.push(LogSource {
                        namespace: place("namespace"),
                        pod: place("name"),
                        container: name.to_owned(),
                    });
                    any = true;
                }
            }
            read += usize::from(any);
        }
        let left_out = left_out + if container.is_empty() { pods.len().min(Self::PODS) - read } else { 0 };
        Self { sources, containers, pods: read, left_out, more, unknown: Vec::new() }
    }

    /// The one container that is named, where nobody may look which there are.
    pub fn only(namespace: &str, pod: &str, container: &str) -> Self {
        let [namespace, pod, container] = [namespace, pod, container].map(ToOwned::to_owned);
        let containers = if container.is_empty() { Vec::new() } else { vec![container.clone()] };
        let source = LogSource { namespace, pod, container };
        Self { sources: vec![source], containers, pods: 1, ..Self::default() }
    }

    /// The same of several together.
    pub fn join(&mut self, other: Self) {
        let room = Self::SOURCES.saturating_sub(self.sources.len());
        let pods = |sources: &[LogSource]| {
            let mut pods: Vec<_> = sources.iter().map(|one| (&one.namespace, &one.pod)).collect();
            pods.dedup();
            pods.len()
        };
        let read = pods(&other.sources[..other.sources.len().min(room)]);
        self.left_out += other.left_out + other.pods.saturating_sub(read);
        self.sources.extend(other.sources.into_iter().take(room));
        for container in other.containers {
            if !self.containers.contains(&container) {
                self.containers.push(container);
            }
        }
        self.pods += read;
        self.more |= other.more;
        self.unknown.extend(other.unknown);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn pod(name: &str, ready: &str, second: u32) -> Value {
        json!({"metadata": {"namespace": "shop", "name": name, "creationTimestamp": format!("2026-11-30T09:41:{second:02}Z")},
            "spec": {"initContainers": [{"name": "prepare"}], "containers": [{"name": "web"}, {"name": "proxy"}]},
            "status": {"conditions": [{"type": "Ready", "status": ready}]}})
    }

    fn ids(places: &LogPlaces) -> Vec<String> {
        places.sources.iter().map(LogSource::id).collect()
    }

    #[test]
    fn of_several_pods_those_in_trouble_come_first_and_of_one_all_containers_are_read() {
        let [old, new, bad] = [pod("a", "True", 1), pod("b", "True", 2), pod("c", "False", 0)];
        let all = LogPlaces::of(&[&old, &new, &bad], "web", false);
        assert_eq!(ids(&all), ["shop/c/web", "shop/b/web", "shop/a/web"]);
        assert_eq!(all.containers, ["prepare", "web", "proxy"]);
        assert_eq!((all.pods, all.left_out), (3, 0));
        assert_eq!(ids(&LogPlaces::of(&[&old], "", false)), ["shop/a/prepare", "shop/a/web", "shop/a/proxy"]);
        assert_eq!(LogPlaces::of(&[&old, &new], "", false).sources.len(), 4, "what ran before is not read of many");
        assert!(LogPlaces::of(&[&old], "none", false).sources.is_empty());
    }

    #[test]
    fn of_several_pods_a_sidecar_is_read_and_what_runs_first_where_it_is_not_through() {
        let [mut sidecar, mut stuck] = [pod("a", "True", 1), pod("b", "False", 2)];
        sidecar["spec"]["initContainers"][0]["restartPolicy"] = json!("Always");
        stuck["status"]["conditions"] = json!([{"type": "Initialized", "status": "False"}]);
        let all = LogPlaces::of(&[&sidecar, &stuck, &pod("c", "True", 0)], "", false);
        let first: Vec<_> = ids(&all).into_iter().filter(|id| id.ends_with("/prepare")).collect();
        assert_eq!(first, ["shop/b/prepare", "shop/a/prepare"]);
        assert_eq!(LogPlaces::of(&[&pod("c", "True", 0), &pod("d", "True", 1)], "", false).containers[0], "prepare");
    }

    #[test]
    fn of_very_many_pods_some_are_left_out_and_counted() {
        let pods: Vec<_> = (0..50).map(|number| pod(&format!("p-{number:02}"), "True", number)).collect();
        let pods: Vec<_> = pods.iter().collect();
        let one = LogPlaces::of(&pods, "web", true);
        assert_eq!((one.sources.len(), one.pods, one.left_out, one.more), (20, 20, 30, true));
        let all = LogPlaces::of(&pods, "", false);
        assert_eq!((all.sources.len(), all.pods, all.left_out), (30, 15, 35));
        let mut joined = one;
        joined.join(all);
        assert_eq!((joined.sources.len(), joined.pods), (30, 25));
        assert_eq!(joined.pods + joined.left_out, 100, "every pod is read or counted");
    }
}
