use serde_json::Value;

use super::{Branch, Cause, Link, Lookup, Sight, Walk, pod::quote, words};
use crate::{
    EventEntry,
    cause::rules,
    details::reading::{each, seconds, text},
    log::telling,
    workload::STARTING,
};

/// A container in trouble.
pub(super) struct Container<'a> {
    name: &'a str,
    image: &'a str,
    status: &'a Value,
    /// `resources.limits.memory`.
    memory: &'a str,
}

const IMAGE: [&str; 6] = [
    "ErrImagePull",
    "ImagePullBackOff",
    "InvalidImageName",
    "ErrImageNeverPull",
    "RegistryUnavailable",
    "ImageInspectError",
];

impl<'a> Container<'a> {
    /// The first container of a pod that waits for something it should not wait for, or has failed. Those that run
    /// before the others come first.
    pub(super) fn worst(pod: &'a Value) -> Option<Self> {
        let statuses = ["initContainerStatuses", "containerStatuses"];
        let all = statuses.into_iter().flat_map(|list| each(&pod["status"][list]));
        let status = all.into_iter().find(|status| in_trouble(status))?;
        let name = text(&status["name"]);
        let specs = ["initContainers", "containers"].into_iter().flat_map(|list| each(&pod["spec"][list]));
        let spec = specs.into_iter().find(|spec| spec["name"] == name).unwrap_or(&Value::Null);
        // The kubelet may write the image in another form than somebody has.
        let image = [text(&spec["image"]), text(&status["image"])].into_iter().find(|image| !image.is_empty());
        Some(Self {
            name,
            image: image.unwrap_or_default(),
            status,
            memory: text(&spec["resources"]["limits"]["memory"]),
        })
    }

    fn waiting(&self) -> (&'a str, &'a str) {
        let waiting = &self.status["state"]["waiting"];
        (text(&waiting["reason"]), text(&waiting["message"]))
    }

    /// How it ended last.
    fn ended(&self) -> &'a Value {
        match &self.status["state"]["terminated"] {
            Value::Null => &self.status["lastState"]["terminated"],
            ended => ended,
        }
    }

    fn since(&self) -> Option<i64> {
        seconds(&self.ended()["finishedAt"])
    }

    /// The step to the pod, from where its log is reached if the container has written one.
    pub(super) fn seen_in(&self, link: Link, namespace: &str, pod: &str) -> Link {
        let link = link.since(self.since());
        if self.ended().is_object() { link.with_log(namespace, pod, self.name) } else { link }
    }

    pub(super) fn said(&self) -> String {
        let restarts = match self.status["restartCount"].as_i64().unwrap_or_default() {
            0 => String::new(),
            1 => ", restarted once".to_owned(),
            often => format!(", restarted {often} times"),
        };
        let (reason, _) = self.waiting();
        let state = match reason {
            "" => text(&self.ended()["reason"]),
            reason => reason,
        };
        format!("Container {}: {state}{restarts}", self.name)
    }
}

fn in_trouble(status: &Value) -> bool {
    let state = &status["state"];
    if state["waiting"].is_object() {
        return !STARTING.contains(&text(&state["waiting"]["reason"]));
    }
    state["terminated"]["exitCode"].as_i64().is_some_and(|code| code != 0)
}

impl Walk<'_> {
    /// Why a container does not run.
    pub(super) fn container(&mut self, container: &Container<'_>, namespace: &str, pod: &str) -> Option<Branch> {
        let (reason, message) = container.waiting();
        if IMAGE.contains(&reason) {
            return self.image(container, namespace, pod);
        }
        let name = rules::plain(container.name);
        let context = [("namespace", namespace), ("pod", pod), ("container", container.name)];
        if !reason.is_empty() && reason != "CrashLoopBackOff" {
            let (cause, because) = rules::read(&[rules::WAITING], &format!("{reason}: {message}"), &context)
                .unwrap_or_else(|| (Cause::Unknown, format!("container `{name}` waits: {}", rules::plain(reason))));
            let branch = Branch::new(cause, because);
            return Some(if message.is_empty() { branch } else { branch.then(Link::quote("Kubelet", message)) });
        }
        let ended = container.ended();
        if ended["reason"] == "OOMKilled" {
            let limit = if container.memory.is_empty() {
                String::new()
            } else {
                format!(", `{}`", rules::plain(container.memory))
            };
            let because = format!("container `{name}` is killed for using more memory than its limit{limit}");
            return Some(Branch::new(Cause::OutOfMemory, because));
        }
        // A program that cannot be started has written nothing.
        if let Some((cause, because)) = rules::read(
            &[rules::WAITING],
            &format!("{}: {}", text(&ended["reason"]), text(&ended["message"])),
            &context,
        ) {
            return Some(Branch::new(cause, because).then(Link::quote("Kubelet", text(&ended["message"]))));
        }
        self.crash(container, namespace, pod)
    }

    fn crash(&mut self, container: &Container<'_>, namespace: &str, pod: &str) -> Option<Branch> {
        let name = rules::plain(container.name);
        let words_of = Lookup::LastWords {
            namespace: namespace.to_owned(),
            pod: pod.to_owned(),
            container: container.name.to_owned(),
        };
        // Both are asked for at once.
        let (events, last_words) = (self.events_of("Pod", namespace, pod), self.see(words_of));
        let ((events, event_gap), last_words) = (events?, last_words?);
        let liveness = events.iter().find(|event| {
            event.reason == "Unhealthy" && ["Liveness", "Startup"].iter().any(|probe| event.message.starts_with(probe))
        });
        if let Some(event) = liveness {
            let because = format!("container `{name}` is restarted again and again: {}", rules::plain(&event.message));
            return Some(Branch::new(Cause::Probe, because).then(quote(event)));
        }
        let ended = container.ended();
        let mut because = match (container.waiting().0, exit(ended)) {
            ("", exit) => format!("container `{name}` ended{exit}"),
            (_, exit) => format!("container `{name}` keeps crashing{exit}"),
        };
        let (line, log_gap) = match last_words {
            Sight::There(log) => (telling(text(log)), None),
            Sight::Missing => (None, None),
            Sight::Hidden(gap) => (None, Some(gap)),
        };
        let line = line.or_else(|| telling(text(&ended["message"])));
        let command = words::command(&[
            "kubectl",
            "logs",
            pod,
            "--container",
            container.name,
            "--previous",
            "--namespace",
            namespace,
        ]);
        if let Some(line) = &line {
            because = format!("{because}: “{}”", rules::plain(line));
        }
        let mut branch = Branch::new(Cause::Crash, because).command(command).gap(log_gap).gap(event_gap);
        if let Some(event) = events.iter().find(|event| event.warning) {
            branch = branch.then(quote(event));
        }
        Some(match line {
            Some(line) => branch.then(Link::quote("Log", line).with_log(namespace, pod, container.name)),
            None => branch,
        })
    }

    fn image(&mut self, container: &Container<'_>, namespace: &str, pod: &str) -> Option<Branch> {
        let (events, gap) = self.events_of("Pod", namespace, pod)?;
        let pulls = |event: &&EventEntry| event.message.starts_with("Failed to pull image");
        let event = events.iter().find(pulls).or_else(|| events.iter().find(|event| event.warning));
        let (reason, message) = container.waiting();
        let texts = [event.map_or("", |event| &event.message), message];
        let why = texts.iter().find_map(|text| rules::read(&[rules::IMAGE], text, &[])).map(|(_, why)| why);
        let why = why.or_else(|| texts.into_iter().find(|text| !text.is_empty()).map(rules::plain));
        let why = why.unwrap_or_else(|| rules::plain(reason));
        let (name, image) = (rules::plain(container.name), rules::plain(container.image));
        let because = format!("container `{name}` cannot pull its image `{image}`: {why}");
        let branch = Branch::new(Cause::ImagePull, because);
        Some(match event {
            Some(event) => branch.then(quote(event)),
            None if message.is_empty() => branch.gap(gap),
            None => branch.then(Link::quote("Kubelet", message)),
        })
    }
}

/// ` with exit code 1`, and what is commonly meant by it.
fn exit(ended: &Value) -> String {
    let Some(code) = ended["exitCode"].as_i64() else { return String::new() };
    let meaning = match code {
        126 => " (it cannot be executed)",
        127 => " (no such program)",
        134 => " (aborted)",
        137 => " (killed)",
        139 => " (segmentation fault)",
        143 => " (told to end)",
        _ => "",
    };
    format!(" with exit code {code}{meaning}")
}
