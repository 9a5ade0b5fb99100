use std::{collections::HashSet, sync::Arc, time::SystemTime};

use fanlight_model::{
    Answer, Cause, Deed, Details, Explanation, Folds, Gap, Glimpse, Graph, Kind, Link, ObjectKey, Row, State, Subject,
    Surroundings, Thing,
};
use serde_json::{Value, json};

use super::{
    ObjectPage, Tab,
    comparison::Pair,
    shown::{Around, More, Shown},
};
use crate::{frame::Frame, status::StatusView, versions::Versions};

/// Every part of the page of this Kustomization with its title, and the causes of these rows, for the style guide.
pub(in crate::page) fn specimens(
    frame: &Frame,
    object: &Value,
    rows: &[Row],
    now: SystemTime,
) -> Vec<(&'static str, String)> {
    let shown = shown(object, rows);
    let page = ObjectPage::new(frame, &shown, Tab::Details, &Folds::default(), now);
    let forbidden = Shown { may_change: Answer::No, ..self::shown(object, rows) };
    let forbidden = ObjectPage::new(frame, &forbidden, Tab::Details, &Folds::default(), now).as_buttons().to_string();
    let manifest = ObjectPage::new(frame, &shown, Tab::Manifest, &Folds::default(), now).as_manifest().to_string();
    vec![
        ("Head of an object", page.as_head().to_string()),
        ("Buttons for somebody who may not act", forbidden),
        ("Causes", causes(frame, object, rows, now)),
        ("Why it is not ready, as far as one may see", explained(frame, object, rows, now)),
        ("Who suspended it, and why", suspended(frame, object, rows, now)),
        ("Views of an object", page.as_views().to_string()),
        ("Facts, relations, conditions, labels", page.as_rest().to_string()),
        ("What it needs, and what needs it", needs(frame, object, rows, now)),
        ("What changed between two versions", compared(frame, object, rows, now)),
        ("Commands", page.as_commands().to_string()),
        ("Manifest", manifest),
    ]
}

/// One cause of each colour.
fn causes(frame: &Frame, object: &Value, rows: &[Row], now: SystemTime) -> String {
    let mut colours = Vec::new();
    let mut causes = String::new();
    for row in rows {
        let class = StatusView::of(row.state).class;
        if !colours.contains(&class) {
            colours.push(class);
            let mut shown = shown(object, rows);
            shown.details.row = row.clone();
            causes
                .push_str(&ObjectPage::new(frame, &shown, Tab::Details, &Folds::default(), now).as_cause().to_string());
        }
    }
    causes
}

/// A cause that was found, and one that may not be seen.
fn explained(frame: &Frame, object: &Value, rows: &[Row], now: SystemTime) -> String {
    let failed = rows.iter().find(|row| row.state == State::Failed);
    let thing = failed.map(|row| Thing::from(&row.key));
    let of = |group: &str, kind: &str, name: &str| Some(Thing::new(group, kind, "shop", name));
    let link = |kind: &str, name: &str, said: &str, thing: Option<Thing>| Link {
        subject: Subject { kind: kind.to_owned(), name: name.to_owned(), thing, log: None },
        said: said.to_owned(),
        quoted: name.is_empty(),
        since: None,
        count: if name.is_empty() { 14 } else { 1 },
    };
    let chain = vec![
        link("Kustomization", "apps/shop", "Health check failed: Deployment/shop/cart failed", thing),
        link("Deployment", "shop/cart", "0 of 2 replicas available", of("apps", "Deployment", "cart")),
        link("Pod", "shop/cart-7d9f8b6c5-x2kqp", "Container cart: CrashLoopBackOff, restarted 7 times", None),
        link("Event", "", "Back-off restarting failed container cart", None),
    ];
    let right = Deed { verb: "get".into(), resource: "pods".into(), subresource: "log".into(), ..Deed::default() };
    let gap = |what: &str| Gap { said: format!("you may not read {what} in `shop`"), right: Some(right.clone()) };
    let found = Explanation {
        cause: Cause::Crash,
        sentence:
            "Container `cart` keeps crashing with exit code 2, so Deployment `shop/cart` has 0 of 2 replicas available"
                .to_owned(),
        because: String::new(),
        chain: chain.clone(),
        gaps: vec![gap("logs of pods")],
        commands: vec!["kubectl logs cart-7d9f8b6c5-x2kqp --container cart --previous --namespace shop".to_owned()],
    };
    let hidden = Explanation {
        cause: Cause::Hidden,
        sentence: "Deployment `shop/cart` has 0 of 2 replicas available; why is not to be seen: you may not read pods in `shop`"
            .to_owned(),
        because: String::new(),
        chain: chain[..2].to_vec(),
        gaps: vec![gap("pods")],
        commands: Vec::new(),
    };
    let shown = |explanation| {
        let mut shown = shown(object, rows);
        shown.details.row = failed.cloned().unwrap_or(shown.details.row);
        shown.explanation = Some(Arc::new(explanation));
        ObjectPage::new(frame, &shown, Tab::Details, &Folds::default(), now).as_cause().to_string()
    };
    // Each page has one cause, and so one of each name.
    shown(found) + &shown(hidden).replace("id=\"words\"", "id=\"other-words\"")
}

/// Somebody who waits for what is not there, and is waited for.
fn needs(frame: &Frame, object: &Value, rows: &[Row], now: SystemTime) -> String {
    let mut shown = shown(object, rows);
    shown.details.row.state = State::Waiting;
    let own = Arc::new(shown.details.row.clone());
    let waiting = rows.iter().filter(|row| row.state == State::Waiting);
    let waiting = waiting.map(|row| Row { depends_on: [own.key.clone()].into(), ..row.clone() });
    let among = Among([&[(*own).clone()], &*waiting.collect::<Vec<_>>(), rows].concat());
    let mut graph = Graph::around(&own, &among);
    graph.note_expressions(&own.key, &shown.details.settings.depends_on);
    (shown.around.graph, shown.around.is_partial) = (Some(graph), true);
    ObjectPage::new(frame, &shown, Tab::Dependencies, &Folds::default(), now).as_needs().to_string()
}

/// These rows are all that there is.
struct Among(Vec<Row>);

impl Surroundings for Among {
    fn glimpses(&self, keys: &[ObjectKey]) -> Vec<Glimpse> {
        let row = |key: &ObjectKey| self.0.iter().find(|row| row.key == *key);
        let seen = |key| row(key).map_or(Glimpse::Absent, |row| Glimpse::Seen(Arc::new(row.clone())));
        keys.iter().map(seen).collect()
    }

    fn needing(&self, keys: &HashSet<ObjectKey>) -> Vec<Arc<Row>> {
        let needing = self.0.iter().filter(|row| row.needs().any(|(key, _)| keys.contains(&key)));
        needing.cloned().map(Arc::new).collect()
    }
}

/// Members that came and went, a setting that is another one, a value that is hidden.
fn compared(frame: &Frame, object: &Value, rows: &[Row], now: SystemTime) -> String {
    let versions = Versions::default();
    let seen = |version: &str, ready: &str, path: &str, members: [&str; 2]| {
        let mut object = object.clone();
        object["metadata"]["uid"] = json!("specimen");
        object["metadata"]["resourceVersion"] = json!(version);
        object["spec"]["path"] = json!(path);
        object["spec"]["postBuild"] = json!({"substitute": {"api_token": version, "replicas": "2"}});
        object["status"]["conditions"][1]["status"] = json!(ready);
        object["status"]["inventory"] =
            json!({"entries": members.map(|name| json!({"id": format!("orders_{name}_apps_Deployment"), "v": "v1"}))});
        let details = Details::read(Kind::KUSTOMIZATION, &object);
        versions.note(&object, &details, now);
        (object, details)
    };
    seen("1", "True", "./apps/old-orders", ["api", "old-worker"]);
    let (object, details) = seen("2", "False", "./apps/orders", ["api", "worker"]);
    let more = More::Versions(versions.of(&details.row.key, "specimen"), Pair::default());
    let shown = Shown { details, more, ..shown(&object, rows) };
    ObjectPage::new(frame, &shown, Tab::Compare, &Folds::default(), now).as_compare().to_string()
}

fn suspended(frame: &Frame, object: &Value, rows: &[Row], now: SystemTime) -> String {
    let mut object = object.clone();
    object["spec"]["suspend"] = json!(true);
    object["metadata"]["annotations"] = json!({
        "metadata.weave.works/suspended-by": "ada@example.com",
        "metadata.weave.works/suspended-comment": "loading the backlog",
    });
    ObjectPage::new(frame, &shown(&object, rows), Tab::Details, &Folds::default(), now).as_why().to_string()
}

fn shown(object: &Value, rows: &[Row]) -> Shown {
    let details = Details::read(Kind::KUSTOMIZATION, object);
    let depends_on = details.row.depends_on.iter().map(|key| {
        let row = rows.iter().find(|row| row.key == *key);
        (key.clone(), row.cloned().map(Into::into))
    });
    let needed_by = rows.iter().take(2).cloned().map(Into::into).collect();
    let around = Around { depends_on: depends_on.collect(), needed_by, ..Around::default() };
    Shown {
        object: object.clone(),
        may_change: Answer::Yes,
        explanation: None,
        logs: [].into(),
        more: More::Nothing,
        around,
        details,
        kinds: Vec::new(),
    }
}
