use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use fanlight_model::{Identity, Kind, OtherKind};
use tokio::{sync::OnceCell, time::Instant};

use super::Resource;
use crate::{
    ApiServer, ReadError,
    api_server::As,
    discover::{Served, ServedVersion},
};

/// The kinds that the API server told somebody of, kept for a while for that person alone.
#[derive(Default)]
pub(crate) struct Atlases(Mutex<HashMap<Identity, (Instant, Known)>>);

type Known = Arc<OnceCell<Arc<[Resource]>>>;

impl Atlases {
    /// How long kinds are kept: what is installed changes seldom.
    const KEPT: Duration = Duration::from_secs(120);
    /// How long it is believed that one is not there: whoever has just installed it wants to see it.
    const LACKING: Duration = Duration::from_secs(5);
    /// For how many people.
    const MOST: usize = 64;

    /// What is known and not older.
    fn of(&self, who: &Identity, age: Duration) -> Known {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.retain(|_, (since, _)| since.elapsed() < Self::KEPT);
        if let Some((since, known)) = kept.get(who)
            && since.elapsed() < age
        {
            return Arc::clone(known);
        }
        if kept.len() >= Self::MOST {
            // Whoever is not kept would have everything read for every single kind.
            let oldest = kept.iter().min_by_key(|(_, (since, _))| *since).map(|(who, _)| who.clone());
            oldest.and_then(|who| kept.remove(&who));
        }
        let known = Known::default();
        kept.insert(who.clone(), (Instant::now(), Arc::clone(&known)));
        known
    }
}

impl ApiServer {
    /// How a kind is served that manifests name like this, as far as the API server tells the person.
    pub async fn other_kind(&self, who: &Identity, group: &str, kind: &str) -> Result<OtherKind, ReadError> {
        let Resource { group, version, kind, plural, namespaced, .. } = self.resource(who, group, kind).await?;
        Ok(OtherKind { group, version, plural, name: kind, namespaced })
    }

    /// How the objects of a kind are read.
    pub(crate) async fn resource(&self, who: &Identity, group: &str, kind: &str) -> Result<Resource, ReadError> {
        if let Some(builtin) = Resource::builtin(group, kind) {
            return Ok(builtin);
        }
        let what = || kind.to_owned();
        if let Some(known) = Kind::by_group_and_name(group, kind) {
            return match self.served(known) {
                Some(served) => Ok(flux(known, &served)),
                None if self.installed().borrow().is_some() => Err(ReadError::NotServed { what: what() }),
                None => {
                    let why = "nobody has told yet which kinds it serves".to_owned();
                    Err(ReadError::Unreachable { what: what(), why })
                }
            };
        }
        for age in [Atlases::KEPT, Atlases::LACKING] {
            let all = self.discovered(who, age).await?;
            if let Some(found) = all.iter().find(|one| one.group == group && one.kind == kind) {
                return Ok(found.clone());
            }
        }
        Err(ReadError::NotServed { what: what() })
    }

    /// How the objects of a kind are read of which only the name is known; nothing if there are several of that name.
    pub(crate) async fn only(&self, who: &Identity, kind: &str) -> Result<Resource, ReadError> {
        let core = Resource::builtin("", kind);
        for age in [Atlases::KEPT, Atlases::LACKING] {
            let all = self.discovered(who, age).await?;
            let mut named = core.iter().chain(all.iter().filter(|one| one.kind == kind));
            let Some(found) = named.next() else { continue };
            if named.all(|other| other.group == found.group) {
                return Ok(found.clone());
            }
            break;
        }
        Err(ReadError::NotServed { what: kind.to_owned() })
    }

    /// All kinds that the API server tells the person of, but those of the core group.
    async fn discovered(&self, who: &Identity, age: Duration) -> Result<Arc<[Resource]>, ReadError> {
        let known = self.atlases().of(who, age);
        let read = known.get_or_try_init(async || {
            let (versions, _) = self.served_versions(As::Person(who), None, is_asked_about).await?;
            Ok::<_, ReadError>(resources(versions).into())
        });
        read.await.map(Arc::clone)
    }
}

/// Whether a group has kinds that are not known beforehand: any may.
fn is_asked_about(_: &str) -> bool {
    true
}

fn flux(kind: Kind, served: &Served) -> Resource {
    let info = kind.info();
    let [group, kind, plural] = [info.group, info.name, info.plural].map(ToOwned::to_owned);
    let version = served.version().to_owned();
    Resource { group, version, kind, plural, namespaced: served.is_namespaced(), bare: false }
}

/// What can be read, each kind at the first version that serves it.
fn resources(versions: Vec<ServedVersion>) -> Vec<Resource> {
    let (mut found, mut known) = (Vec::new(), HashSet::new());
    for ServedVersion { group, version, resources } in versions {
        for one in resources.into_iter().filter(|one| one.offers("get")) {
            if known.insert((group.clone(), one.name.clone())) {
                let (group, version) = (group.clone(), version.clone());
                let bare = false;
                let (kind, plural, namespaced) = (one.kind, one.name, one.namespaced);
                found.push(Resource { group, version, kind, plural, namespaced, bare });
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use fanlight_model::UserName;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn where_there_is_no_room_the_oldest_gives_way_to_the_newest() {
        let atlases = Atlases::default();
        let people: Vec<_> = (0..=Atlases::MOST)
            .map(|number| Identity::of(UserName::new(&format!("user-{number}")).expect("a name")))
            .collect();
        let mut first = Vec::new();
        for who in &people {
            first.push(atlases.of(who, Atlases::KEPT));
            tokio::time::advance(Duration::from_millis(1)).await;
        }
        let is_kept = |place: usize| Arc::ptr_eq(&atlases.of(&people[place], Atlases::KEPT), &first[place]);
        assert!(is_kept(Atlases::MOST) && is_kept(1) && !is_kept(0));
    }
}
