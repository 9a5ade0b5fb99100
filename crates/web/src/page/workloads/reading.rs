use std::{collections::BTreeMap, sync::Arc};

use fanlight_identity::Session;
use fanlight_model::{WorkloadFilter, WorkloadPlace, Workloads};

use super::{Found, every_kind};
use crate::{App, ObjectError, page::other::namespaces};

/// What need not be found out each time that the list is read again. A failure leaves nothing of it.
#[derive(Debug, Default)]
pub(super) struct Learnt {
    /// Where there is something to list, if that was found out.
    places: Option<Vec<WorkloadPlace>>,
    /// Where nothing may be listed.
    refused: BTreeMap<WorkloadPlace, String>,
    left_out: usize,
}

/// In how many single namespaces workloads are read: each costs ten lists each time.
const NAMESPACES: usize = 20;

/// What runs, as it was read in the person's name a moment ago, or as it is now.
pub(super) async fn lately(app: &App, session: &Session, filter: &WorkloadFilter, learnt: &mut Learnt) -> Found {
    app.lately.workloads(&session.identity, &filter.namespaces, || read(app, session, filter, learnt)).await
}

async fn read(
    app: &App,
    session: &Session,
    filter: &WorkloadFilter,
    learnt: &mut Learnt,
) -> Result<Workloads, ObjectError> {
    let Learnt { places, refused, left_out } = std::mem::take(learnt);
    let (found, places) = match places {
        None => find(app, session, filter).await?,
        Some(places) => {
            let mut found = Workloads { refused, left_out, ..Workloads::default() };
            found.add(app.objects.workloads(&session.identity, places.clone()).await?);
            (found, places)
        }
    };
    let places = Some(places.into_iter().filter(|place| !found.refused.contains_key(place)).collect());
    *learnt = Learnt { places, refused: found.refused.clone(), left_out: found.left_out };
    Ok(found)
}

/// In the namespaces that are asked for; else everywhere at once, kind by kind; and of a kind that may not be listed so,
/// wherever the person sees anything of Flux. What was found, and where it was looked for.
async fn find(
    app: &App,
    session: &Session,
    filter: &WorkloadFilter,
) -> Result<(Workloads, Vec<WorkloadPlace>), ObjectError> {
    let list = |places| app.objects.workloads(&session.identity, places);
    if !filter.namespaces.is_empty() {
        let namespaces: Vec<Arc<str>> = filter.namespaces.iter().map(|name| Arc::from(&**name)).collect();
        let places: Vec<_> = namespaces.iter().flat_map(|namespace| every_kind(Some(namespace))).collect();
        return Ok((list(places.clone()).await?, places));
    }
    let mut places: Vec<_> = every_kind(None).collect();
    let mut found = list(places.clone()).await?;
    if found.refused.is_empty() {
        return Ok((found, places));
    }
    let mut namespaces = namespaces(app, session).await;
    if namespaces.is_empty() {
        return Ok((found, places));
    }
    let left_out = namespaces.len().saturating_sub(NAMESPACES);
    namespaces.truncate(NAMESPACES);
    let refused = std::mem::take(&mut found.refused);
    places.retain(|place| !refused.contains_key(place));
    let single =
        |kind| namespaces.iter().map(move |namespace| WorkloadPlace { kind, namespace: Some(Arc::clone(namespace)) });
    let singles: Vec<_> = refused.into_keys().flat_map(|place| single(place.kind)).collect();
    found.add(list(singles.clone()).await?);
    found.left_out = left_out;
    places.extend(singles);
    Ok((found, places))
}
