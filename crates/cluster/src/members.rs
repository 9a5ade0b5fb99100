//! Objects of any kind, read for a tree in the name of whoever looks at it: of each only how it is and what owns it; and how
//! any kind is served.

mod atlas;
mod release;
mod resource;

use std::collections::{BTreeMap, BTreeSet};

use fanlight_model::{Found, Identity, Lack, Lot, Want, Yield};
use futures_util::future::join_all;
use http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, value::RawValue};

use crate::{
    ApiServer, ReadError,
    api_server::{As, Errand, decode},
    evidence::encoded,
    pages::Meta,
};
pub(crate) use atlas::Atlases;
use resource::Resource;

#[derive(Deserialize)]
struct List<'a> {
    #[serde(default)]
    metadata: Meta,
    #[serde(borrow)]
    items: Vec<&'a RawValue>,
}

impl ApiServer {
    /// Up to so many objects of a kind in a namespace are read one by one, which needs less than listing them all.
    const FEW: usize = 3;
    /// Up to so many are, where the person may not list them.
    const SINGLE: usize = 8;
    /// How many objects of a list are read at once: whole ones, and metadata alone. And how often.
    const PAGE: usize = 250;
    const BARE_PAGE: usize = 1000;
    const MOST_PAGES: usize = 40;
    /// How many objects of a list are kept.
    const KEPT: usize = 20_000;

    /// Reads something for a tree in the person's name.
    pub async fn members(&self, who: &Identity, want: &Want) -> Yield {
        match want {
            Want::Release(storage) => Yield::Release(self.release_parts(who, storage).await),
            Want::Objects { lot, names } => match self.resource(who, &lot.group, &lot.kind).await {
                Err(error) => want.lacking(lack(&error)),
                Ok(resource) => self.objects(who, &resource, lot, names.as_ref()).await,
            },
        }
    }

    async fn objects(&self, who: &Identity, kind: &Resource, lot: &Lot, names: Option<&BTreeSet<String>>) -> Yield {
        match names {
            Some(names) if names.len() <= Self::FEW => self.one_by_one(who, kind, lot, names).await,
            names => {
                let (found, rest) = self.list_all(who, kind, lot, names).await;
                match names {
                    Some(names) if rest == Lack::Denied && found.is_empty() && names.len() <= Self::SINGLE => {
                        self.one_by_one(who, kind, lot, names).await
                    }
                    _ => Yield::Objects {
                        resource: kind.plural.clone(),
                        verb: "list",
                        found,
                        lacks: BTreeMap::new(),
                        rest,
                    },
                }
            }
        }
    }

    async fn one_by_one(&self, who: &Identity, kind: &Resource, lot: &Lot, names: &BTreeSet<String>) -> Yield {
        let reads = names.iter().map(async |name| (name.clone(), self.one(who, kind, lot, name).await));
        let (mut found, mut lacks) = (Vec::new(), BTreeMap::new());
        for (name, read) in join_all(reads).await {
            match read {
                Ok(one) => found.push(one),
                Err(lack) => {
                    lacks.insert(name, lack);
                }
            }
        }
        Yield::Objects { resource: kind.plural.clone(), verb: "get", found, lacks, rest: Lack::Unread }
    }

    async fn one(&self, who: &Identity, kind: &Resource, lot: &Lot, name: &str) -> Result<Found, Lack> {
        let what = format!("{}/{}/{name}", lot.kind, lot.namespace);
        let path = kind.object(&lot.namespace, name).ok_or(Lack::Absent)?;
        let errand = Errand { accept: kind.accept_one(), ..Errand::read(As::Person(who), &what, &path) };
        let read = async { decode::<Value>(&what, &self.run(&errand).await?.body) };
        let object = read.await.map_err(|error| lack_of_one(&error))?;
        Ok(Found::read(&lot.group, &lot.kind, &object))
    }

    /// Everything of a kind in a namespace, or what is wanted of it, and why there is no more.
    async fn list_all(
        &self,
        who: &Identity,
        kind: &Resource,
        lot: &Lot,
        names: Option<&BTreeSet<String>>,
    ) -> (Vec<Found>, Lack) {
        let mut found = Vec::new();
        let Some(folder) = kind.folder(&lot.namespace) else { return (found, Lack::Absent) };
        let what = format!("{} in {}", kind.plural, lot.namespace);
        let limit = if kind.bare { Self::BARE_PAGE } else { Self::PAGE };
        let mut next = String::new();
        for _ in 0..Self::MOST_PAGES {
            let path = format!("{folder}?limit={limit}{next}");
            let errand = Errand { accept: kind.accept_list(), ..Errand::read(As::Person(who), &what, &path) };
            let read = async { page(lot, names, &what, &self.run(&errand).await?.body, &mut found) };
            match read.await {
                Ok(_) if found.len() > Self::KEPT => {
                    found.truncate(Self::KEPT);
                    return (found, Lack::Unread);
                }
                Ok(more) if more.is_empty() => return (found, Lack::Absent),
                Ok(more) => next = format!("&continue={}", encoded(&more)),
                Err(error) if error.code() == Some(StatusCode::NOT_FOUND) => return (found, Lack::NotServed),
                Err(error) => return (found, lack(&error)),
            }
        }
        (found, Lack::Unread)
    }
}

/// Takes the objects of a page one after the other, so that no two of them are held whole; what leads to the next page.
/// Where names are wanted, of the others those are kept that something owns, which may be a part of the tree.
fn page(
    lot: &Lot,
    names: Option<&BTreeSet<String>>,
    what: &str,
    body: &[u8],
    found: &mut Vec<Found>,
) -> Result<String, ReadError> {
    let nonsense = |error: serde_json::Error| ReadError::Nonsense { what: what.to_owned(), why: error.to_string() };
    let list: List<'_> = serde_json::from_slice(body).map_err(nonsense)?;
    for raw in list.items {
        let object: Value = serde_json::from_str(raw.get()).map_err(nonsense)?;
        let one = Found::read(&lot.group, &lot.kind, &object);
        if !one.owners.is_empty() || names.is_none_or(|names| names.contains(&one.name)) {
            found.push(one);
        }
    }
    Ok(list.metadata.next)
}

/// Why a single object was not found, where a request for it failed.
fn lack_of_one(error: &ReadError) -> Lack {
    match error.code() {
        Some(StatusCode::NOT_FOUND) => Lack::Absent,
        _ => lack(error),
    }
}

/// Why nothing was found, where a request failed.
fn lack(error: &ReadError) -> Lack {
    match error {
        ReadError::NotImpersonated { .. } | ReadError::Nobody { .. } => Lack::NotLent,
        ReadError::Misnamed { .. } => Lack::Absent,
        ReadError::NotServed { .. } => Lack::NotServed,
        _ => match error.code() {
            Some(StatusCode::FORBIDDEN | StatusCode::UNAUTHORIZED) => Lack::Denied,
            _ => Lack::Unread,
        },
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn of_a_list_only_how_its_objects_are_is_kept() {
        let lot = Lot::new("", "ConfigMap", "shop");
        let body = json!({"metadata": {"continue": "abc"}, "items": [
            {"metadata": {"name": "a", "uid": "1", "ownerReferences": [{"uid": "o"}]}, "data": {"canary": "canary"}},
            {"metadata": {"name": "b"}}, {}]});
        let mut found = Vec::new();
        let next = page(&lot, None, "configmaps", body.to_string().as_bytes(), &mut found).expect("a list");
        assert_eq!((&*next, found.len()), ("abc", 3));
        assert_eq!((&*found[0].name, &found[0].owners[..]), ("a", &["o".to_owned()][..]));
        assert!(!format!("{found:?}").contains("canary"));
        assert!(page(&lot, None, "configmaps", b"[]", &mut found).is_err());
    }

    #[test]
    fn of_a_list_of_which_few_are_wanted_others_are_kept_only_if_something_owns_them() {
        let lot = Lot::new("", "ConfigMap", "shop");
        let body = json!({"items": [{"metadata": {"name": "a", "ownerReferences": [{"uid": "o"}]}},
            {"metadata": {"name": "b"}}, {"metadata": {"name": "c"}}]});
        let (mut found, names) = (Vec::new(), BTreeSet::from(["c".to_owned()]));
        page(&lot, Some(&names), "configmaps", body.to_string().as_bytes(), &mut found).expect("a list");
        assert_eq!(found.iter().map(|one| &*one.name).collect::<Vec<_>>(), ["a", "c"]);
    }

    #[test]
    fn who_may_not_read_is_told_apart_from_who_may_not_be_asked() {
        let refused = |code, words: &[u8]| lack(&ReadError::refused("x", code, None, words));
        assert_eq!(refused(StatusCode::FORBIDDEN, b"no"), Lack::Denied);
        assert_eq!(refused(StatusCode::TOO_MANY_REQUESTS, b"no"), Lack::Unread);
        assert_eq!(refused(StatusCode::FORBIDDEN, b"User \"fanlight\" cannot impersonate resource"), Lack::NotLent);
    }
}
