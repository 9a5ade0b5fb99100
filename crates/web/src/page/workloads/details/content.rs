use std::time::SystemTime;

use askama::Template;
use fanlight_model::{
    ApiResource, ContainerSummary, Deed, EventEntry, Pod, Thing, Workload, WorkloadKey, WorkloadKind,
};

use super::{
    Shown,
    button::{Button, forbidden},
    pod_line::PodLine,
    shown::deleting,
    sight::{Stop, sight},
};
use crate::{ObjectError, frame::Frame, page::object::Happening, place, status::StatusView, when};

/// What changes of the page.
#[derive(Template)]
#[template(path = "workload_content.html")]
pub(super) struct Content<'a> {
    frame: &'a Frame,
    key: &'a WorkloadKey,
    body: Body<'a>,
}

/// What was found, or why nothing was.
enum Body<'a> {
    Found(Box<Found<'a>>),
    Nothing { title: &'static str, text: String, missing: Option<String> },
}

struct Found<'a> {
    row: &'a Workload,
    status: StatusView,
    created: Option<(String, String)>,
    button: Option<Button>,
    sight: Vec<Stop>,
    /// Each with when it ended the last time.
    containers: Vec<(ContainerSummary, Option<(String, String)>)>,
    pods: Vec<PodLine>,
    /// Whether it is known of any what it uses.
    measured: bool,
    /// Why that is not known; empty if it is, or nobody measures it.
    usage_note: Note,
    /// What there is to say of the pods, or in their place.
    pods_note: Note,
    /// Why pods cannot be deleted; empty if they can.
    undeletable: Note,
    jobs: Vec<JobLine>,
    jobs_note: Note,
    /// Each with what it is about, and where that leads.
    events: Vec<(Happening, String, Option<String>)>,
    events_note: Note,
    command: String,
    /// The address of its manifest.
    manifest: String,
    /// The address of what all its pods write; nothing of a `CronJob`, whose Jobs have logs.
    logs: Option<String>,
}

/// Something to say, and where it says what is missing.
#[derive(Default)]
struct Note {
    text: String,
    missing: Option<String>,
}

/// A run of a `CronJob`.
struct JobLine {
    name: String,
    link: String,
    status: StatusView,
    sentence: String,
    created: Option<(String, String)>,
}

/// How many pods are shown.
const PODS: usize = 100;

impl<'a> Content<'a> {
    pub(super) fn new(
        frame: &'a Frame,
        key: &'a WorkloadKey,
        read: Result<&'a Shown, &'a ObjectError>,
        now: SystemTime,
    ) -> Self {
        let body = match read {
            Ok(shown) => Body::Found(Box::new(Found::new(frame, shown, now))),
            Err(error) => {
                let (title, text) = error.telling(key, String::new);
                let deed = right("get", key.kind.group(), key.kind.plural(), &key.namespace, &key.name);
                let missing = matches!(error, ObjectError::Forbidden(_)).then(|| place::may(&frame.base, &deed));
                Body::Nothing { title, text, missing }
            }
        };
        Self { frame, key, body }
    }
}

impl<'a> Found<'a> {
    fn new(frame: &'a Frame, shown: &'a Shown, now: SystemTime) -> Self {
        let Shown { object, row, family, aside, .. } = shown;
        let (kind, namespace) = (row.key.kind, &row.key.namespace);
        let list = |group: &str, plural: &str| right("list", group, plural, namespace, "");
        let pods = family.known_pods();
        let events = aside.events.as_ref().map(|events| &*events.entries).unwrap_or_default();
        Self {
            row,
            status: StatusView::of(row.state),
            created: when::since(row.created, now),
            button: aside.act.as_ref().map(|(action, may)| Button::of(&frame.base, action, *may, object)),
            sight: sight(frame, shown),
            containers: {
                let all = ContainerSummary::of(kind, object, pods).into_iter();
                all.map(|one| {
                    let at = when::since(one.last.as_ref().and_then(|end| end.at), now);
                    (one, at)
                })
                .collect()
            },
            pods: worst_first(pods)
                .map(|pod| PodLine::of(&frame.base, pod, aside.usage.as_deref().unwrap_or_default(), now))
                .collect(),
            measured: aside.usage.as_ref().is_ok_and(|usage| !usage.is_empty()),
            usage_note: aside
                .usage
                .as_ref()
                .err()
                .map(|error| Note::of_usage(frame, error, namespace))
                .unwrap_or_default(),
            pods_note: match pods.len() {
                0..=PODS => {
                    Note::of_list(frame, &family.pods, |all| (all.items.is_empty(), all.more), &list("", "pods"))
                }
                many => Note { text: format!("Of {many} pods these are the {PODS} worst off."), missing: None },
            },
            undeletable: {
                let deed = deleting(namespace);
                let text = forbidden(aside.delete, &deed);
                let missing = (!text.is_empty()).then(|| place::may(&frame.base, &deed));
                Note { text, missing }
            },
            jobs: family.known_jobs().iter().map(|job| JobLine::of(frame, job, now)).collect(),
            jobs_note: Note::of_list(
                frame,
                &family.jobs,
                |all| (all.items.is_empty(), all.more),
                &list("batch", "jobs"),
            ),
            events: events
                .iter()
                .map(|event| {
                    let about = format!("{} {}", event.kind, event.name);
                    (Happening::of(event, now), about, subject(frame, &row.key, event))
                })
                .collect(),
            events_note: Note::of_list(
                frame,
                &aside.events,
                |all| (all.entries.is_empty(), all.more),
                &list("", "events"),
            ),
            command: format!("kubectl get {} {} -n {namespace} -o yaml", kind.plural(), row.key.name),
            manifest: place::any(&frame.base, &Thing::new(kind.group(), kind.name(), namespace, &row.key.name)),
            logs: (kind != WorkloadKind::CronJob)
                .then(|| place::logs(&frame.base, kind.slug(), namespace, &row.key.name, Vec::new())),
        }
    }
}

/// Where an Event about something else than this workload leads.
fn subject(frame: &Frame, key: &WorkloadKey, event: &EventEntry) -> Option<String> {
    let kind = ApiResource::builtin(&event.kind, None)?;
    let is_here = kind.kind == key.kind.name() && *event.name == *key.name;
    let thing = Thing::new(&kind.group, &kind.kind, &event.namespace, &event.name);
    (!is_here).then(|| place::beside_logs(&frame.base, &thing))
}

impl Note {
    fn of_list<T>(
        frame: &Frame,
        read: &Result<T, ObjectError>,
        look: impl Fn(&T) -> (bool, bool),
        deed: &Deed,
    ) -> Self {
        match read.as_ref().map(look) {
            Ok((true, _)) => Self { text: format!("There are no {}.", deed.resource), missing: None },
            Ok((_, true)) => Self { text: "There are more than these.".to_owned(), missing: None },
            Ok(_) => Self::default(),
            Err(ObjectError::Forbidden(words)) => Self {
                text: format!("You may not list {} in {}. Kubernetes says: {words}.", deed.resource, deed.namespace),
                missing: Some(place::may(&frame.base, deed)),
            },
            Err(error) => Self { text: format!("The {} cannot be read: {error}.", deed.resource), missing: None },
        }
    }

    fn of_usage(frame: &Frame, error: &ObjectError, namespace: &str) -> Self {
        let deed = right("list", "metrics.k8s.io", "pods", namespace, "");
        let missing = matches!(error, ObjectError::Forbidden(_)).then(|| place::may(&frame.base, &deed));
        Self { text: format!("What they use is not shown: {error}."), missing }
    }
}

impl JobLine {
    fn of(frame: &Frame, job: &Workload, now: SystemTime) -> Self {
        Self {
            name: job.key.name.to_string(),
            link: place::workload(&frame.base, &job.key),
            status: StatusView::of(job.state),
            sentence: job.sentence.clone(),
            created: when::since(job.created, now),
        }
    }
}

fn worst_first(pods: &[Pod]) -> impl Iterator<Item = &Pod> {
    let mut pods: Vec<_> = pods.iter().collect();
    pods.sort_by(|a, b| a.state.cmp(&b.state).then_with(|| a.name.cmp(&b.name)));
    pods.into_iter().take(PODS)
}

fn right(verb: &str, group: &str, resource: &str, namespace: &str, name: &str) -> Deed {
    let [verb, group, resource, namespace, name] = [verb, group, resource, namespace, name].map(ToOwned::to_owned);
    Deed { verb, group, resource, namespace, name, ..Deed::default() }
}
