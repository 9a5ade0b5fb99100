use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use fanlight_model::{Growth, Identity, Known, Lack, ObjectKey, Tree, Want, Yield, grow};
use futures_util::{StreamExt, future::BoxFuture, stream};
use serde_json::Value;
use tokio::{
    sync::Semaphore,
    time::{Instant, timeout_at},
};

use crate::{Objects, causes::Kept};

/// What objects applied: read when a page asks, in the name of whoever looks at it, and kept for a moment for that person
/// alone, since they open and close parts of it.
pub struct Trees {
    kept: Kept<Arc<Tree>>,
    /// How many more may be read at the same time.
    seats: Semaphore,
}

/// Reads something, in whoever's name.
type Reading<'a> = dyn Fn(&Want) -> BoxFuture<'static, Yield> + Sync + 'a;

impl Default for Trees {
    fn default() -> Self {
        let kept = Kept::new(Self::KEPT, Self::MOST, |tree: &Arc<Tree>| tree.nodes.len());
        Self { kept, seats: Semaphore::new(Self::AT_ONCE) }
    }
}

impl Trees {
    /// How long a tree is kept.
    const KEPT: Duration = Duration::from_secs(5);
    /// How many parts of trees are kept together.
    const MOST: usize = 100_000;
    /// How many are read at the same time, and how much of one.
    const AT_ONCE: usize = 4;
    const ABREAST: usize = 8;
    /// How much may be wanted for one, and how many objects and entries of inventories read: so many more at most as are
    /// read abreast.
    const WANTS: usize = 160;
    const OBJECTS: usize = 60_000;
    /// How long a page waits for one.
    const PATIENCE: Duration = Duration::from_secs(6);

    /// What an object applied.
    pub(crate) async fn read(
        &self,
        objects: &dyn Objects,
        who: &Identity,
        key: &ObjectKey,
        object: &Value,
    ) -> Arc<Tree> {
        // What is read may be forbidden from the next moment on.
        let at = Instant::now();
        let asked = (who.clone(), key.clone());
        if let Some(kept) = self.kept.get(&asked) {
            return kept;
        }
        let reading = |want: &Want| objects.members(who, want);
        let tree = Arc::new(self.grow(key, object, &reading).await);
        self.kept.keep(asked, at, Arc::clone(&tree));
        tree
    }

    /// What is beyond the limits counts as not read, and the tree says so.
    async fn grow(&self, key: &ObjectKey, object: &Value, read: &Reading<'_>) -> Tree {
        let end = Instant::now() + Self::PATIENCE;
        let (mut known, mut wanted, mut seat) = (Known::default(), 0, None);
        let came_so_far = &AtomicUsize::new(0);
        loop {
            let wants = match grow(key, object, &known) {
                Growth::Grown(tree) => return tree,
                Growth::Needs(wants) => wants,
            };
            if seat.is_none() {
                seat = timeout_at(end, self.seats.acquire()).await.ok();
            }
            let left = if seat.is_none() { 0 } else { Self::WANTS.saturating_sub(wanted) };
            wanted += wants.len();
            let reads = wants.into_iter().enumerate().map(|(place, want)| async move {
                let has_room = place < left && came_so_far.load(Ordering::Relaxed) < Self::OBJECTS;
                let came = if has_room { timeout_at(end, read(&want)).await.ok() } else { None };
                let came = came.unwrap_or_else(|| want.lacking(Lack::Unread));
                came_so_far.fetch_add(weight(&came), Ordering::Relaxed);
                (want, came)
            });
            let reads: Vec<_> = stream::iter(reads).buffer_unordered(Self::ABREAST).collect().await;
            for (want, came) in reads {
                known.add(want, came);
            }
        }
    }
}

/// How many objects came, and entries of what they applied.
fn weight(came: &Yield) -> usize {
    match came {
        Yield::Objects { found, .. } => {
            let entries = found.iter().filter_map(|one| Some(one.applied.as_ref()?.entries.len()));
            found.len() + entries.sum::<usize>()
        }
        Yield::Release(read) => read.as_ref().map_or(0, Vec::len),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use fanlight_model::{Found, Kind, Standing};
    use futures_util::FutureExt;
    use serde_json::json;

    use super::*;

    fn kustomization(name: &str, applied: &[String]) -> Value {
        let entries: Vec<_> = applied.iter().map(|id| json!({"id": id, "v": "v1"})).collect();
        json!({"metadata": {"namespace": "apps", "name": name}, "status": {"inventory": {"entries": entries}}})
    }

    fn key() -> ObjectKey {
        ObjectKey::new(Kind::KUSTOMIZATION, "apps", "shop")
    }

    fn came(found: impl Iterator<Item = Found>) -> BoxFuture<'static, Yield> {
        let came = Yield::Objects {
            resource: "kustomizations".to_owned(),
            verb: "get",
            found: found.collect(),
            lacks: BTreeMap::new(),
            rest: Lack::Absent,
        };
        std::future::ready(came).boxed()
    }

    #[tokio::test(start_paused = true)]
    async fn somebody_who_never_answers_holds_no_page_up() {
        let trees = Trees::default();
        let begun = Instant::now();
        let object = kustomization("shop", &["shop_cart_apps_Deployment".to_owned()]);
        let tree = trees.grow(&key(), &object, &|_| std::future::pending().boxed()).await;
        assert!(begun.elapsed() <= Trees::PATIENCE + Duration::from_millis(10));
        assert_eq!(tree.nodes[1].standing, Standing::Unseen(Lack::Unread));
        assert_eq!(
            tree.gaps.iter().map(|gap| &*gap.said).collect::<Vec<_>>(),
            ["Deployment in `shop` could not be read"]
        );
    }

    #[tokio::test(start_paused = true)]
    async fn what_has_no_end_is_read_to_the_limit_and_said_to_be_unread_beyond() {
        let asked = AtomicUsize::new(0);
        let read = |want: &Want| {
            let number = asked.fetch_add(1, Ordering::Relaxed);
            let Want::Objects { names, .. } = want else {
                return std::future::ready(want.lacking(Lack::Denied)).boxed();
            };
            // Each applies another one, each in a namespace of its own.
            let found = names.iter().flatten().map(|name| {
                let next = (0..50)
                    .map(|one| format!("n{number}-{one}_{number}-{one}_kustomize.toolkit.fluxcd.io_Kustomization"));
                Found::read(
                    "kustomize.toolkit.fluxcd.io",
                    "Kustomization",
                    &kustomization(name, &next.collect::<Vec<_>>()),
                )
            });
            came(found)
        };
        let object = kustomization("shop", &["a_b_kustomize.toolkit.fluxcd.io_Kustomization".to_owned()]);
        let tree = Trees::default().grow(&key(), &object, &read).await;
        assert_eq!(asked.into_inner(), Trees::WANTS);
        assert!(!tree.gaps.is_empty() && tree.nodes.len() > Trees::WANTS);
    }

    #[tokio::test(start_paused = true)]
    async fn as_soon_as_enough_has_come_nothing_more_is_read() {
        let asked = AtomicUsize::new(0);
        let applied: Vec<_> = (0..10_000).map(|one| format!("n_{one}__ConfigMap")).collect();
        let read = |want: &Want| {
            asked.fetch_add(1, Ordering::Relaxed);
            let Want::Objects { lot, names } = want else { return std::future::pending().boxed() };
            let found = names.iter().flatten();
            let found = found.map(|name| Found::read(&lot.group, &lot.kind, &kustomization(name, &applied)));
            came(found)
        };
        let parts: Vec<_> =
            (0..100).map(|one| format!("n{one}_part_kustomize.toolkit.fluxcd.io_Kustomization")).collect();
        let tree = Trees::default().grow(&key(), &kustomization("shop", &parts), &read).await;
        assert!((6..6 + Trees::ABREAST).contains(&asked.into_inner()));
        let unread = tree.gaps.iter().filter(|gap| gap.said.ends_with("could not be read")).count();
        assert!(unread > 80, "{unread}");
    }
}
