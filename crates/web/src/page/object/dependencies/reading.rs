//! What has to be read for the graph beside the object itself.

use std::{collections::HashMap, sync::Arc, time::Duration};

use fanlight_live::{Visit, Visitor};
use fanlight_model::{Dependency, Details, Graph, Identity, Kind, ObjectKey, Row};
use futures_util::future::join_all;
use tokio::time::{Instant, timeout_at};

use crate::App;

/// What objects say on their dependencies; `None` of those that were not read.
pub(in crate::page::object) type Expressions = HashMap<ObjectKey, Option<Vec<Dependency>>>;

/// How many objects are read for what they say on their dependencies, and how long that may take.
const READ: usize = 12;
const PATIENCE: Duration = Duration::from_secs(3);

/// The kinds of which objects may need one of this kind, over whatever is between them.
pub(in crate::page::object) fn kinds_behind(kind: Kind) -> Vec<Kind> {
    let mut kinds = vec![kind, Kind::RESOURCE_SET];
    let mut at = 0;
    while let Some(kind) = kinds.get(at).copied() {
        at += 1;
        for other in kind.users().iter().chain(kind.dependants()) {
            if !kinds.contains(other) {
                kinds.push(*other);
            }
        }
    }
    kinds
}

/// Looks at as many more kinds as it takes to see what the object needs: which these are shows only on the way.
pub(in crate::page::object) async fn widened(
    app: &App,
    visitor: &Visitor,
    own: &Arc<Row>,
    mut visit: Visit,
    kinds: &mut Vec<Kind>,
) -> Visit {
    loop {
        let new: Vec<_> =
            Graph::around(own, &visit).unknown_kinds().into_iter().filter(|kind| !kinds.contains(kind)).collect();
        if new.is_empty() {
            return visit;
        }
        kinds.extend(new);
        visit = app.live.visit(visitor, kinds).await;
    }
}

/// What those objects say on their dependencies that are nearest to the one in the middle, read in the person's name.
pub(in crate::page::object) async fn expressions(
    app: &App,
    who: &Identity,
    own: &Arc<Row>,
    visit: &Visit,
) -> Expressions {
    let graph = Graph::around(own, visit);
    let end = Instant::now() + PATIENCE;
    let keys: Vec<_> = graph.dependants().into_iter().filter(|key| **key != own.key).collect();
    let read = keys
        .iter()
        .take(READ)
        .map(|key| timeout_at(end, app.objects.read(who, key, visit.row(key).map(|row| row.version))));
    let answers = join_all(read).await;
    let said = keys.iter().zip(answers).map(|(key, answer)| {
        let said = answer.ok().and_then(Result::ok).map(|object| Details::read(key.kind, &object).settings.depends_on);
        ((*key).clone(), said)
    });
    let rest = keys.iter().skip(READ).map(|key| ((*key).clone(), None));
    said.chain(rest).collect()
}
