use serde_json::Value;

use super::{Branch, Cause, Link, Walk, deletion::leftover, pod::quote, words};
use crate::{
    State, Thing,
    cause::{ApiResource, rules},
    details::reading::{each, holding, seconds, text, words as words_of},
    tree::health,
};

impl Walk<'_> {
    /// Why an object of any kind that runs nothing itself is not healthy: what it says, else what Events say of it.
    pub(super) fn other(&mut self, kind: &ApiResource, object: &Value, is_named: bool) -> Option<Branch> {
        let [namespace, name] = ["namespace", "name"].map(|field| text(&object["metadata"][field]));
        let label = words::labelled(&kind.kind, namespace, name);
        let link = |said: &str| Link::about(Thing::new(&kind.group, &kind.kind, namespace, name), said);
        let health = health(&kind.group, &kind.kind, object);
        let lacks_address = lacks_address(kind, object);
        if health.state.is_as_wanted() && !lacks_address && !is_named {
            return None;
        }
        if health.state == State::Deleting {
            let at_work =
                || Branch::new(Cause::AtWork, format!("{label} is being deleted")).then(link("To be deleted"));
            return Some(leftover(kind, object).unwrap_or_else(at_work));
        }
        let describe = || words::kubectl("describe", kind, namespace, name, &[]);
        let is_ready = holding(object, "Ready").is_some();
        if let Some(told) = rules::telling(object).filter(|_| !is_ready) {
            let because = format!("{label} is not ready: {}", rules::plain(words_of(told)));
            let since = seconds(&told["lastTransitionTime"]);
            let quote = Link::quote("Condition", words_of(told)).since(since);
            let said = format!("{} is {}", text(&told["type"]), text(&told["status"]));
            return Some(Branch::new(Cause::Unhealthy, because).then(link(&said)).then(quote).command(describe()));
        }
        let known = format!("{label} {}", if lacks_address { "has no address" } else { "is not healthy" });
        let (event, gap) = self.complaint(kind, namespace, name)?;
        let branch = match (event, gap) {
            (Some(link), _) => {
                let because = format!("{known}: {}", rules::plain(&link.said));
                Branch::new(Cause::Unhealthy, because).then(link)
            }
            (None, gap) if lacks_address => {
                Branch::new(Cause::Unhealthy, format!("{known}: no controller of load balancers has given it one"))
                    .gap(gap)
            }
            (None, gap) if !health.state.is_as_wanted() && !health.note.is_empty() => {
                Branch::new(Cause::Unhealthy, format!("{label} is not ready: {}", rules::plain(&health.note))).gap(gap)
            }
            (None, _) if is_ready => {
                Branch::new(Cause::Passing, format!("{label} was not healthy in time, and is by now"))
            }
            (None, Some(gap)) => Branch::hidden(&known, gap),
            (None, None) => Branch::new(Cause::Unknown, format!("{known}, and nothing that was found tells why")),
        };
        Some(branch.after(link("Not healthy")).command(describe()))
    }

    /// The newest Event that complains of an object, or why there is none.
    fn complaint(
        &mut self,
        kind: &ApiResource,
        namespace: &str,
        name: &str,
    ) -> Option<(Option<Link>, Option<super::Gap>)> {
        // Those about what lies in no namespace are kept in this one.
        let place = if kind.namespaced { namespace } else { "default" };
        let (events, gap) = self.events_about((&kind.group, &kind.kind), place, name)?;
        Some((events.iter().find(|event| event.warning).map(quote), gap))
    }
}

/// Whether it is a Service that waits for a load balancer.
fn lacks_address(kind: &ApiResource, object: &Value) -> bool {
    kind.group.is_empty()
        && kind.kind == "Service"
        && object["spec"]["type"] == "LoadBalancer"
        && each(&object["status"]["loadBalancer"]["ingress"]).next().is_none()
}
