use tokio::time::Instant;

use super::{Audit, Event, Outcome, Page, Seen, Who};
use crate::request::Origin;

/// An open stream in the account: its end is written down however it comes about, also when the browser just vanishes.
pub(crate) struct Stay {
    audit: Audit,
    origin: Origin,
    who: Who,
    page: Page,
    seen: Seen,
    /// The containers whose last lines were read for what it shows, and the Secrets of Helm.
    logs: Vec<String>,
    secrets: Vec<String>,
    began: Instant,
}

impl Stay {
    /// Writes down that the stream is open.
    pub(crate) fn begin(audit: &Audit, origin: Origin, who: Who, page: Page, seen: Seen) -> Self {
        audit.note(origin, &who, &Event::StreamOpened { page, seen: seen.clone() });
        Self {
            audit: audit.clone(),
            origin,
            who,
            page,
            seen,
            logs: Vec::new(),
            secrets: Vec::new(),
            began: Instant::now(),
        }
    }

    /// It shows what was read of these logs, and in these Secrets of Helm: written down when there is one that it did not
    /// show before.
    pub(crate) fn shows(&mut self, logs: &[String], secrets: &[String]) {
        let is_new = |read: &[String], before: &[String]| read.iter().any(|one| !before.contains(one));
        if is_new(logs, &self.logs) || is_new(secrets, &self.secrets) {
            let seen = Seen { object: self.seen.object.clone(), ..Seen::default() };
            let seen = seen.and_logs(logs).and_secrets(secrets);
            self.audit.note(self.origin, &self.who, &Event::View { page: self.page, seen, outcome: Outcome::Done });
        }
        logs.clone_into(&mut self.logs);
        secrets.clone_into(&mut self.secrets);
    }
}

impl Drop for Stay {
    fn drop(&mut self) {
        let (page, seen, seconds) = (self.page, std::mem::take(&mut self.seen), self.began.elapsed().as_secs());
        self.audit.note(self.origin, &self.who, &Event::StreamClosed { page, seen, seconds });
    }
}

#[cfg(test)]
mod tests {
    use std::{env, fs, net::Ipv4Addr, process, time::SystemTime};

    use axum::http::HeaderMap;
    use fanlight_identity::Method;
    use fanlight_model::{Kind, ObjectKey};
    use prometheus_client::registry::Registry;
    use serde_json::{Value, json};

    use super::{super::AuditLog, *};
    use crate::{AuditTarget, Metrics, request::RequestId};

    #[test]
    fn a_log_or_a_secret_that_an_open_page_shows_is_written_down_when_it_is_shown_first() {
        let path = env::temp_dir().join(format!("fanlight-stay-{}", process::id()));
        let metrics = Metrics::new(&mut Registry::default());
        let log = AuditLog::open(AuditTarget::File(path.clone()), metrics.lost()).expect("a file");
        let audit = Audit::new(log.clone(), metrics, || SystemTime::UNIX_EPOCH);
        let request = RequestId::of(&HeaderMap::new());
        let origin = Origin { request, address: Ipv4Addr::LOCALHOST.into(), is_plain: false };
        let seen = Seen::object(&ObjectKey::new(Kind::KUSTOMIZATION, "apps", "shop"));
        let mut stay = Stay::begin(&audit, origin, Who::stranger(Method::Anonymous, None), Page::Object, seen);
        for logs in [&[][..], &["shop/cart-1/web"], &["shop/cart-1/web"], &[], &["shop/cart-2/web"]] {
            stay.shows(&logs.iter().copied().map(str::to_owned).collect::<Vec<_>>(), &[]);
        }
        for _ in 0..2 {
            stay.shows(&[], &["shop/sh.helm.release.v1.cart.v3".to_owned()]);
        }
        drop(stay);
        log.finish();
        let text = fs::read_to_string(&path).expect("an account");
        fs::remove_file(&path).expect("it was there");
        let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
        let told: Vec<_> =
            lines.iter().map(|line| (&line["audit"], &line["object"], &line["logs"], &line["secrets"])).collect();
        let shop = &json!("Kustomization/apps/shop");
        assert_eq!(
            told,
            [
                (&json!("stream-opened"), shop, &Value::Null, &Value::Null),
                (&json!("view"), shop, &json!(["shop/cart-1/web"]), &Value::Null),
                (&json!("view"), shop, &json!(["shop/cart-2/web"]), &Value::Null),
                (&json!("view"), shop, &Value::Null, &json!(["shop/sh.helm.release.v1.cart.v3"])),
                (&json!("stream-closed"), shop, &Value::Null, &Value::Null),
            ]
        );
    }
}
