use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

use askama::Template;
use fanlight_model::{LogBatch, LogLine, LogNews, LogPlaces, LogQuery, LogSource, LogStanding, LogSubject};

use super::Panel;
use crate::{ObjectError, frame::Frame, place, when};

/// Every part of the page with its title, for the style guide.
pub(in crate::page) fn specimens(frame: &Frame, now: SystemTime) -> Vec<(&'static str, String)> {
    let Some(subject) = LogSubject::of_address("deployment", "styleguide", "orders") else { return Vec::new() };
    let query = LogQuery::new(subject).with_pairs([("q", "database"), ("container", "api")]);
    let to = |query: &LogQuery| place::logs(&frame.base, "deployment", "styleguide", "orders", query.pairs());
    let panel = Panel::new(frame, &query, &to, &news(now)).with_text(super::text_of(&to(&query)));
    let log = panel.render().unwrap_or_default();
    // One element on a page has an id.
    let ids = ["lines", "lines-cut", "note", "empty", "menu-container", "menu-since", "menu-lines"];
    let log = ids.iter().fold(log, |log, id| log.replace(&format!("id=\"{id}\""), &format!("id=\"{id}-of-log\"")));
    vec![("A log", log)]
}

fn news(now: SystemTime) -> LogNews<ObjectError> {
    let source = |pod: &str| LogSource {
        namespace: "styleguide".to_owned(),
        pod: format!("orders-7d9f8c-{pod}"),
        container: "api".to_owned(),
    };
    let [one, other, third] = ["x2k4q", "b7m9z", "p0s8d"].map(source);
    let written = [
        (&one, 40, "{\"level\":\"info\",\"msg\":\"connecting to the database\",\"attempt\":1}"),
        (&other, 38, "W1130 09:41:02.123456       1 store.go:58] the database is slow"),
        (&one, 35, "level=error msg=\"no database\" error=\"connection refused\""),
        (&other, 34, "    at a line without a level, and <tags> & \u{1b}[31mcolours\u{1b}[0m"),
        (&one, 30, "panic: no database after 3 attempts"),
    ];
    let line = |(source, ago, text): (&LogSource, u64, &str)| {
        let text = format!("{} {text}", when::timestamp(now - Duration::from_secs(ago)));
        (Arc::new(source.clone()), LogLine::read(text.as_bytes(), 0))
    };
    let waits = "container \"api\" in pod \"orders-7d9f8c-p0s8d\" is waiting to start: ContainerCreating".to_owned();
    let places = LogPlaces {
        sources: vec![one.clone(), other.clone(), third.clone()],
        containers: vec!["api".to_owned(), "proxy".to_owned()],
        pods: 3,
        left_out: 4,
        ..LogPlaces::default()
    };
    let standing = LogStanding { places, troubles: vec![(third, ObjectError::Unanswered(waits))], lost: None };
    let batch = LogBatch { left_out: 0, lines: written.map(line).into() };
    LogNews { batch, standing: Some(standing) }
}
