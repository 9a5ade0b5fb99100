use std::sync::Arc;

use fanlight_identity::Session;
use fanlight_live::Visit;
use fanlight_model::{
    Answer, Deed, Events, Kind, ObjectKey, PodKey, PodUsage, Row, SourceLink, Workload, WorkloadAction, WorkloadFamily,
    WorkloadKey, WorkloadKind,
};
use serde_json::Value;

use crate::{App, ObjectError, signed::visitor};

/// Everything that is known of a workload and may be shown to one person.
pub(super) struct Shown {
    pub(super) object: Value,
    pub(super) row: Workload,
    pub(super) family: WorkloadFamily<ObjectError>,
    pub(super) aside: Aside,
    pub(super) around: Around,
}

/// What is read less often.
#[derive(Clone)]
pub(super) struct Aside {
    /// Events about the workload and what it has made, the newest first.
    pub(super) events: Result<Events, ObjectError>,
    /// Whether the person may do what can be done to it, if anything can.
    pub(super) act: Option<(WorkloadAction, Answer)>,
    /// Whether they may delete its pods.
    pub(super) delete: Answer,
    /// What its pods use.
    pub(super) usage: Result<Vec<PodUsage>, ObjectError>,
}

/// The rows of what applies it, and of where that comes from, as far as the viewer may see them.
#[derive(Default, Clone)]
pub(super) struct Around {
    pub(super) applier: Option<(ObjectKey, Option<Arc<Row>>)>,
    pub(super) source: Option<(SourceLink, Option<Arc<Row>>)>,
}

impl Shown {
    /// Reads it in the person's name, once.
    pub(super) async fn read(app: &App, session: &Session, key: &WorkloadKey) -> Result<Self, ObjectError> {
        let mut shown = Self::read_without(app, session, key).await?;
        let owner = shown.row.owner.clone();
        let (aside, around) =
            tokio::join!(Aside::read(app, session, &shown), Around::find(app, session, owner.as_ref()));
        (shown.aside, shown.around) = (aside, around);
        Ok(shown)
    }

    /// The same without what is read less often.
    pub(super) async fn read_without(app: &App, session: &Session, key: &WorkloadKey) -> Result<Self, ObjectError> {
        let who = &session.identity;
        let object = app.objects.workload(who, key).await?;
        let family = app.objects.workload_family(who, key, &object).await;
        let row = Workload::read(key.kind, &object);
        Ok(Self { object, row, family, aside: Aside::default(), around: Around::default() })
    }
}

impl Default for Aside {
    fn default() -> Self {
        Self { events: Ok(Events::default()), act: None, delete: Answer::Unknown, usage: Ok(Vec::new()) }
    }
}

impl Aside {
    pub(super) async fn read(app: &App, session: &Session, shown: &Shown) -> Self {
        let who = &session.identity;
        let key = &shown.row.key;
        let mut uids = shown.family.uids();
        uids.insert(shown.row.uid.clone());
        let action = action(key);
        let may = async |deed: Option<Deed>| match deed {
            Some(deed) => app.rights.verdict(who, &deed).await.answer,
            None => Answer::Unknown,
        };
        let has_pods = !shown.family.known_pods().is_empty();
        let usage = async {
            if !has_pods {
                return Ok(Vec::new());
            }
            app.objects.pod_usage(who, &key.namespace, &shown.object).await
        };
        let (events, act, delete, usage) = tokio::join!(
            app.objects.events_among(who, &key.namespace, uids),
            may(action.as_ref().map(WorkloadAction::deed)),
            may(has_pods.then(|| deleting(&key.namespace))),
            usage
        );
        Self { events, act: action.map(|action| (action, act)), delete, usage }
    }
}

/// What can be done to a workload as a whole.
fn action(key: &WorkloadKey) -> Option<WorkloadAction> {
    match key.kind {
        kind if kind.can_restart() => Some(WorkloadAction::Restart(key.clone())),
        WorkloadKind::CronJob => Some(WorkloadAction::Run(key.clone())),
        _ => None,
    }
}

/// The right to delete any pod of a namespace.
pub(super) fn deleting(namespace: &Arc<str>) -> Deed {
    let nobody = PodKey { namespace: Arc::clone(namespace), name: "".into(), uid: "".into() };
    WorkloadAction::DeletePod(nobody).deed()
}

impl Around {
    /// Finds them, which opens feeds of their kinds.
    async fn find(app: &App, session: &Session, owner: Option<&ObjectKey>) -> Self {
        let visitor = visitor(app, session);
        let visit = app.live.visit(&visitor, &kinds(owner, None)).await;
        let around = Self::of(owner, &visit);
        if around.source.is_none() {
            return around;
        }
        let visit = app.live.visit(&visitor, &around.kinds()).await;
        Self::of(owner, &visit)
    }

    /// What a view has of them.
    pub(super) fn of(owner: Option<&ObjectKey>, visit: &Visit) -> Self {
        let Some(owner) = owner else { return Self::default() };
        let applier = visit.row(owner);
        let link = applier.as_ref().and_then(|row| row.source.clone());
        let source = link.map(|link| {
            let row = visit.row(&link.key());
            (link, row)
        });
        Self { applier: Some((owner.clone(), applier)), source }
    }

    /// The kinds of which there should be rows.
    pub(super) fn kinds(&self) -> Vec<Kind> {
        kinds(self.applier.as_ref().map(|(key, _)| key), self.source.as_ref().map(|(link, _)| link.kind))
    }
}

fn kinds(owner: Option<&ObjectKey>, source: Option<Kind>) -> Vec<Kind> {
    owner.map(|owner| owner.kind).into_iter().chain(source).collect()
}
