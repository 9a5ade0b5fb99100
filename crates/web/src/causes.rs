mod budget;
mod kept;
mod lines;
mod seeker;

use std::{iter::repeat, sync::Arc, time::Duration};

use fanlight_model::{Evidence, Explanation, Finding, Identity, Inquiry, Lookup, ObjectKey, explain};
use futures_util::future::{BoxFuture, join_all};
use serde_json::Value;
use tokio::{
    sync::Semaphore,
    time::{Instant, timeout_at},
};

use crate::Objects;
pub(crate) use kept::Kept;
pub(crate) use lines::{Hint, Lines, Mine, Said};
pub(crate) use seeker::Seeker;

/// Why objects are not ready: found out when a page asks, in the name of whoever looks at it, and kept for a moment for
/// that person alone.
pub struct Causes {
    /// The same for lists.
    pub(crate) lines: Arc<Lines>,
    /// Each with `metadata.resourceVersion` of its object.
    kept: Kept<(String, Reason)>,
    /// How many more may be found out at the same time.
    seats: Semaphore,
}

/// Looks something up, in whoever's name.
type Look<'a> = dyn Fn(&Lookup) -> BoxFuture<'static, Finding> + Sync + 'a;

/// How much may be done for one explanation.
#[derive(Clone, Copy)]
struct Limits<'a> {
    /// How many lookups.
    lookups: usize,
    /// Until when.
    end: Instant,
    /// Of whoever looks anything up, if they have no seat already.
    seats: Option<&'a Semaphore>,
}

/// What is known of why an object is not ready.
#[derive(Clone, Default)]
pub(crate) struct Reason {
    /// Why it is not; nothing if it is, or if it is only at work.
    pub(crate) explanation: Option<Arc<Explanation>>,
    /// The containers whose last lines were read for that, as `namespace/pod/container`.
    pub(crate) logs: Arc<[String]>,
}

impl Default for Causes {
    fn default() -> Self {
        let kept = Kept::new(Self::KEPT, Self::MOST, |_: &(String, Reason)| 1);
        Self { lines: Arc::default(), kept, seats: Semaphore::new(Self::AT_ONCE) }
    }
}

impl Causes {
    /// How long an explanation is kept: what is behind an object changes without the object.
    const KEPT: Duration = Duration::from_secs(5);
    /// How many are kept.
    const MOST: usize = 1000;
    /// How many are found out at the same time.
    const AT_ONCE: usize = 4;
    /// How many lookups one of them may take, and in how many rounds.
    const LOOKUPS: usize = 24;
    const ROUNDS: usize = 8;
    /// How long a page waits for one.
    const PATIENCE: Duration = Duration::from_secs(4);
    /// How old evidence may be when it is told, and how much older it becomes until what replaces it is found.
    pub(crate) const LAG: Duration = Duration::from_secs(Self::KEPT.as_secs() + Self::PATIENCE.as_secs());

    /// Why an object is not ready.
    pub(crate) async fn find(&self, objects: &dyn Objects, who: &Identity, key: &ObjectKey, object: &Value) -> Reason {
        // What is read may be forbidden from the next moment on.
        let at = Instant::now();
        let version = object["metadata"]["resourceVersion"].as_str().unwrap_or_default();
        let asked = (who.clone(), key.clone());
        if let Some((_, reason)) = self.kept.get(&asked).filter(|(known, _)| known == version) {
            return reason;
        }
        let look = |lookup: &Lookup| objects.look_up(who, lookup);
        let mut evidence = Evidence::default();
        let limits = Limits { lookups: Self::LOOKUPS, end: at + Self::PATIENCE, seats: Some(&self.seats) };
        let explanation = find_out((key, object), limits, &look, &mut evidence).await.map(Arc::new);
        let reason = Reason { explanation, logs: evidence.logs().into() };
        self.kept.keep(asked, at, (version.to_owned(), reason.clone()));
        reason
    }
}

/// What is beyond the limits counts as not answered, and the explanation says so.
async fn find_out(
    (key, object): (&ObjectKey, &Value),
    limits: Limits<'_>,
    look: &Look<'_>,
    evidence: &mut Evidence,
) -> Option<Explanation> {
    let mut seat = None;
    for round in 0.. {
        let needed = match explain(key.kind, object, evidence) {
            Inquiry::Done(explanation) => return Some(explanation),
            Inquiry::Nothing => return None,
            Inquiry::Needs(needed) => needed,
        };
        if let Some(seats) = limits.seats.filter(|_| seat.is_none()) {
            seat = timeout_at(limits.end, seats.acquire()).await.ok();
        }
        let left = if round < Causes::ROUNDS { limits.lookups.saturating_sub(evidence.len()) } else { 0 };
        let looks: Vec<_> = needed.iter().take(left).map(|lookup| timeout_at(limits.end, look(lookup))).collect();
        let findings = join_all(looks).await.into_iter().map(|found| found.unwrap_or(Finding::Unanswered));
        for (lookup, finding) in needed.into_iter().zip(findings.chain(repeat(Finding::Unanswered))) {
            evidence.add(lookup, finding);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use fanlight_model::{Cause, Kind};
    use futures_util::FutureExt;
    use serde_json::json;

    use super::*;

    fn application(depends_on: &str) -> Value {
        json!({"metadata": {"namespace": "apps", "name": "shop"}, "spec": {"dependsOn": [{"name": depends_on}]},
            "status": {"conditions": [{"type": "Ready", "status": "False", "reason": "DependencyNotReady",
                "message": format!("dependency 'apps/{depends_on}' is not ready")}]}})
    }

    #[tokio::test(start_paused = true)]
    async fn somebody_who_never_answers_holds_no_page_up_and_no_chain_goes_on_for_ever() {
        let seats = Semaphore::new(1);
        let limits =
            || Limits { lookups: Causes::LOOKUPS, end: Instant::now() + Causes::PATIENCE, seats: Some(&seats) };
        let key = ObjectKey::new(Kind::KUSTOMIZATION, "apps", "shop");
        let begun = Instant::now();
        let never = |_: &Lookup| std::future::pending().boxed();
        let mut evidence = Evidence::default();
        let told = find_out((&key, &application("db")), limits(), &never, &mut evidence).await.expect("an explanation");
        assert_eq!(told.cause, Cause::Hidden);
        assert_eq!(
            told.gaps.iter().map(|gap| &*gap.said).collect::<Vec<_>>(),
            ["kustomizations in `apps` could not be read"]
        );
        assert!(begun.elapsed() <= Causes::PATIENCE + Duration::from_millis(10));

        let asked = AtomicUsize::new(0);
        let next = |_: &Lookup| {
            let number = asked.fetch_add(1, Ordering::Relaxed);
            let mut object = application(&format!("db-{}", number + 1));
            object["metadata"]["name"] = json!(format!("db-{number}"));
            std::future::ready(Finding::Found(object)).boxed()
        };
        let mut evidence = Evidence::default();
        let told =
            find_out((&key, &application("db-0")), limits(), &next, &mut evidence).await.expect("an explanation");
        assert_eq!(told.cause, Cause::Unknown, "{}", told.sentence);
        assert!(asked.into_inner() <= Causes::ROUNDS);
    }
}
