use askama::Template;
use axum::http::Uri;
use fanlight_model::{Identity, LogNews, LogQuery, LogSubject, ObjectKey};

use super::{Tab, behind};
use crate::{
    App, ObjectError,
    frame::Frame,
    page::logs::{self, Panel},
    place,
};

/// What the tab with the lines of Flux's controllers is asked.
pub(super) struct LogsAsked {
    pub(super) query: LogQuery,
    /// The time of the last line that a browser has.
    pub(super) after: Option<i64>,
}

impl LogsAsked {
    pub(super) fn of(key: &ObjectKey, uri: &Uri) -> Self {
        let (query, after) = logs::asked(LogQuery::new(LogSubject::Flux(key.clone())), uri);
        // What a controller wrote before its last start is on the page of its pod.
        Self { query: LogQuery { previous: false, ..query }, after }
    }

    /// The address of the tab, with this question.
    pub(super) fn address(base: &str, key: &ObjectKey, query: &LogQuery) -> String {
        let page = place::object(base, key, Tab::Logs.slug()).unwrap_or_default();
        page + &behind(query.pairs())
    }

    pub(super) async fn read(&self, app: &App, who: &Identity) -> LogNews<ObjectError> {
        app.objects.read_logs(who, &self.query).await
    }

    /// The tab's content.
    pub(super) fn panel(&self, frame: &Frame, key: &ObjectKey, news: &LogNews<ObjectError>) -> String {
        let to = |query: &LogQuery| Self::address(&frame.base, key, query);
        let fields = vec![("name", key.name.to_string()), ("namespace", key.namespace.to_string())];
        let panel = Panel::new(frame, &self.query, &to, news).with_fields(fields);
        panel.with_text(logs::text_of(&to(&self.query))).render().unwrap_or_default()
    }

    /// The address of the tab's event stream.
    pub(super) fn stream(&self, base: &str, key: &ObjectKey) -> String {
        place::part_of(&Self::address(base, key, &self.query), "events")
    }
}

#[cfg(test)]
mod tests {
    use fanlight_model::Kind;

    use super::*;

    #[test]
    fn the_tab_keeps_what_it_is_asked_in_its_address() {
        let key = ObjectKey::new(Kind::KUSTOMIZATION, "apps", "shop");
        let uri: Uri =
            "/x?name=shop&namespace=apps&q=no+route&since=1h&previous=yes&after=17".parse().expect("an address");
        let asked = LogsAsked::of(&key, &uri);
        assert_eq!((asked.after, asked.query.previous), (Some(17), false));
        assert_eq!(
            asked.stream("/flux", &key),
            "/flux/kustomization/logs/events?name=shop&namespace=apps&since=1h&q=no+route"
        );
    }
}
