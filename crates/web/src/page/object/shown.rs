use std::{collections::BTreeMap, sync::Arc};

use fanlight_identity::Session;
use fanlight_live::{Sight, Sighting, Visit};
use fanlight_model::{
    Answer, Details, Events, Explanation, Graph, Identity, Kind, ObjectKey, Row, Thing, Tree, Verification, Version,
};
use futures_util::future::join_all;
use serde_json::Value;

use super::{
    Tab,
    comparison::Pair,
    dependencies::reading::{self, Expressions},
};
use crate::{App, ObjectError, causes::Reason, signed::visitor, versions::Edition};

/// Everything that is known of an object and may be shown to one person.
pub(super) struct Shown {
    pub(super) object: Value,
    pub(super) details: Details,
    pub(super) may_change: Answer,
    /// Why it is not ready.
    pub(super) explanation: Option<Arc<Explanation>>,
    /// The containers whose last lines were read for that.
    pub(super) logs: Arc<[String]>,
    pub(super) more: More,
    pub(super) around: Around,
    /// The kinds whose rows it takes.
    pub(super) kinds: Vec<Kind>,
}

/// What only one tab shows.
pub(super) enum More {
    Nothing,
    Events(Result<Events, ObjectError>),
    Tree(Arc<Tree>),
    /// The texts of each `ConfigMap`, by its name.
    ConfigMaps(BTreeMap<String, Result<BTreeMap<String, String>, ObjectError>>),
    Expressions(Expressions),
    /// What was seen of it, the newest last, and which two of them somebody asks for.
    Versions(Vec<Arc<Edition>>, Pair),
}

/// The rows, as far as the viewer may see them, of objects that have to do with it. What they may not see is named, and
/// nothing more.
#[derive(Default)]
pub(super) struct Around {
    pub(super) source: Option<Arc<Row>>,
    pub(super) depends_on: Vec<(ObjectKey, Option<Arc<Row>>)>,
    pub(super) needed_by: Vec<Arc<Row>>,
    pub(super) made_from: Vec<(ObjectKey, Option<Arc<Row>>)>,
    pub(super) used_by: Vec<Arc<Row>>,
    /// What was seen to change, the newest first.
    pub(super) seen: Vec<Sighting>,
    /// What it needs and what needs it over all steps, for the tab that shows it.
    pub(super) graph: Option<Graph>,
    /// Whether there may be more that needs it, out of the viewer's sight.
    pub(super) is_partial: bool,
}

impl Shown {
    /// Reads all of it; the object as it is, or where a version of it is `known`, as it is then or later.
    pub(super) async fn read(
        app: &App,
        session: &Session,
        key: &ObjectKey,
        (tab, pair): (Tab, &Pair),
        known: Option<Version>,
    ) -> Result<Self, ObjectError> {
        let (who, visitor) = (&session.identity, visitor(app, session));
        let object = app.objects.read(who, key, known).await.inspect_err(|error| {
            if *error == ObjectError::NotFound {
                app.versions.forget(key);
            }
        })?;
        let details = Details::read(key.kind, &object);
        if Tab::Compare.is_of(key.kind) {
            app.versions.note(&object, &details, (app.clock)());
        }
        let mut kinds = kinds(&details, tab);
        let (mut visit, may_change, reason, mut more) = tokio::join!(
            app.live.visit(&visitor, &kinds),
            app.objects.may_change(who, key),
            app.causes.find(&*app.objects, who, key, &object),
            More::read(app, who, &details, &object, tab)
        );
        if tab == Tab::Dependencies {
            let own = Arc::new(details.row.clone());
            visit = reading::widened(app, &visitor, &own, visit, &mut kinds).await;
            more = More::Expressions(reading::expressions(app, who, &own, &visit).await);
        } else if tab == Tab::Compare {
            let uid = object["metadata"]["uid"].as_str().unwrap_or_default();
            more = More::Versions(app.versions.of(key, uid), pair.clone());
        }
        let around = Around::of(&details, &visit, &more);
        let Reason { explanation, logs } = reason;
        Ok(Self { object, details, may_change, explanation, logs, more, around, kinds })
    }

    pub(super) fn look_around(&mut self, visit: &Visit) {
        self.around = Around::of(&self.details, visit, &self.more);
    }

    /// Whether it takes rows of more kinds by now.
    pub(super) fn lacks_kinds(&self) -> bool {
        let unknown = self.around.graph.iter().flat_map(Graph::unknown_kinds);
        unknown.into_iter().any(|kind| !self.kinds.contains(&kind))
    }

    /// The Secrets of Helm that were read for it.
    pub(super) fn secrets(&self) -> &[String] {
        match &self.more {
            More::Tree(tree) => &tree.secrets,
            _ => &[],
        }
    }

    /// Which versions somebody asks for, as it stands in an address.
    pub(super) fn wish(&self) -> String {
        match &self.more {
            More::Versions(_, pair) => pair.query(),
            _ => String::new(),
        }
    }

    /// Of how many objects around it was not read what they say on their dependencies.
    pub(super) fn unread_expressions(&self) -> usize {
        match &self.more {
            More::Expressions(said) => said.values().filter(|said| said.is_none()).count(),
            _ => 0,
        }
    }
}

impl More {
    async fn read(app: &App, who: &Identity, details: &Details, object: &Value, tab: Tab) -> Self {
        /// Nobody takes values from more.
        const MAPS: usize = 16;
        let key = &details.row.key;
        match tab {
            Tab::Events => More::Events(app.objects.events(who, &Thing::from(key)).await),
            Tab::Tree => More::Tree(app.trees.read(&*app.objects, who, key, object).await),
            Tab::Values => {
                let mut names: Vec<_> = details.values_from.iter().filter(|from| from.kind == "ConfigMap").collect();
                names.dedup_by_key(|from| &from.name);
                let read = names.into_iter().take(MAPS).map(async |from| {
                    (from.name.clone(), app.objects.config_map(who, &key.namespace, &from.name).await)
                });
                More::ConfigMaps(join_all(read).await.into_iter().collect())
            }
            _ => More::Nothing,
        }
    }
}

impl Around {
    /// What became of the check of the signature of what an application applies.
    pub(super) fn vouched(&self, row: &Row) -> Option<Verification> {
        let key = row.vouched_for_by().filter(|_| Kind::APPLICATIONS.contains(&row.key.kind))?;
        let made_from = self.made_from.iter().filter_map(|(_, row)| row.as_ref());
        let source = self.source.iter().chain(made_from).find(|source| source.key == key)?;
        source.particulars.as_ref()?.verified
    }

    fn of(details: &Details, visit: &Visit, more: &More) -> Self {
        let row = &details.row;
        let known = |key: &ObjectKey| (key.clone(), visit.row(key));
        let uses = row.particulars.as_ref().map(|particulars| &*particulars.uses).unwrap_or_default();
        let chart = row.generated_chart();
        Self {
            source: row.source.as_ref().and_then(|link| visit.row(&link.key())),
            depends_on: row.depends_on.iter().map(known).collect(),
            needed_by: visit.dependants(&row.key),
            made_from: uses.iter().chain(chart.as_ref()).map(known).collect(),
            used_by: visit.users(&row.key),
            seen: visit.sightings(&row.key),
            graph: match more {
                More::Expressions(said) => Some(graph(details, visit, said)),
                _ => None,
            },
            is_partial: visit
                .sights()
                .iter()
                .any(|(_, sight)| !matches!(sight, Sight::Everywhere | Sight::NotInstalled)),
        }
    }
}

fn graph(details: &Details, visit: &Visit, said: &Expressions) -> Graph {
    let row = &details.row;
    let mut graph = Graph::around(&Arc::new(row.clone()), visit);
    graph.note_expressions(&row.key, &details.settings.depends_on);
    for (key, dependencies) in said {
        graph.note_expressions(key, dependencies.as_deref().unwrap_or_default());
    }
    graph
}

/// The kinds whose rows a page needs: the object's own, and those of everything that it has to do with.
pub(super) fn kinds(details: &Details, tab: Tab) -> Vec<Kind> {
    let row = &details.row;
    let uses = row.particulars.iter().flat_map(|particulars| particulars.uses.iter());
    let chart = row.generated_chart();
    let others = row.depends_on.iter().chain(uses).chain(chart.as_ref()).map(|key| key.kind);
    let mut kinds = vec![row.key.kind];
    let own = row.key.kind;
    let behind = if tab == Tab::Dependencies { reading::kinds_behind(own) } else { Vec::new() };
    let needing = own.users().iter().chain(own.dependants()).copied().chain(behind);
    for kind in row.source.iter().map(|link| link.kind).chain(others).chain(needing) {
        if !kinds.contains(&kind) {
            kinds.push(kind);
        }
    }
    kinds
}
