use std::time::SystemTime;

use fanlight_model::{Container, ContainerState, Pod, PodUsage, State, Termination, Thing};

use crate::{place, status::StatusView, when};

/// A pod as a line.
pub(super) struct PodLine {
    pub(super) name: String,
    pub(super) uid: String,
    pub(super) class: &'static str,
    pub(super) spins: bool,
    pub(super) word: String,
    pub(super) sentence: String,
    pub(super) node: String,
    pub(super) ready: String,
    pub(super) restarts: i64,
    pub(super) created: Option<(String, String)>,
    /// What it uses; empty if that is not known.
    pub(super) usage: String,
    /// Of its containers those that have something to tell.
    pub(super) containers: Vec<ContainerLine>,
    /// Whether it can still be deleted.
    pub(super) is_there: bool,
    /// The addresses of what it is, and of what its containers write.
    pub(super) link: String,
    pub(super) logs: String,
}

/// What a container of a pod has to tell.
pub(super) struct ContainerLine {
    pub(super) name: String,
    pub(super) word: String,
    /// What the kubelet says about it.
    pub(super) message: String,
    /// How it ended, or ended before.
    pub(super) ended: String,
    /// What it said last.
    pub(super) said: String,
    pub(super) at: Option<(String, String)>,
}

impl PodLine {
    pub(super) fn of(base: &str, pod: &Pod, usage: &[PodUsage], now: SystemTime) -> Self {
        let StatusView { class, spins, .. } = StatusView::of(pod.state);
        let (ready, all) = pod.ready();
        Self {
            name: pod.name.clone(),
            uid: pod.uid.clone(),
            class,
            spins,
            word: pod.word.clone(),
            sentence: pod.sentence.clone(),
            node: pod.node.clone(),
            ready: format!("{ready}/{all}"),
            restarts: pod.restarts(),
            created: when::since(pod.created, now),
            usage: usage.iter().find(|one| one.pod == pod.name).map(PodUsage::said).unwrap_or_default(),
            containers: pod.containers.iter().filter_map(|one| ContainerLine::of(one, now)).collect(),
            is_there: pod.state != State::Deleting,
            link: place::any(base, &Thing::new("", "Pod", &pod.namespace, &pod.name)),
            logs: place::logs(base, "pod", &pod.namespace, &pod.name, Vec::new()),
        }
    }
}

impl ContainerLine {
    /// Nothing of one that runs and always did, or that has done what it should.
    fn of(container: &Container, now: SystemTime) -> Option<Self> {
        let (now_ended, message) = match &container.state {
            ContainerState::Ended(end) if end.code != 0 => (Some(end), ""),
            ContainerState::Waiting { message, .. } => (None, &**message),
            _ => (None, ""),
        };
        let end = now_ended.or(container.last.as_ref());
        if end.is_none() && !container.is_in_trouble() {
            return None;
        }
        Some(Self {
            name: container.name.clone(),
            word: container.state.word().to_owned(),
            message: message.to_owned(),
            ended: end.map(Termination::said).unwrap_or_default(),
            said: end.map(|end| end.message.clone()).unwrap_or_default(),
            at: end.and_then(|end| when::since(end.at, now)),
        })
    }
}
