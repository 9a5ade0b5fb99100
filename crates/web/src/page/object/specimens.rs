use std::time::SystemTime;

use fanlight_model::{Answer, Details, Kind, Row};
use serde_json::{Value, json};

use super::{
    ObjectPage, Tab,
    shown::{Around, More, Shown},
};
use crate::{frame::Frame, status::StatusView};

/// Every part of the page of this Kustomization with its title, and the causes of these rows, for the style guide.
pub(in crate::page) fn specimens(
    frame: &Frame,
    object: &Value,
    rows: &[Row],
    now: SystemTime,
) -> Vec<(&'static str, String)> {
    let shown = shown(object, rows);
    let page = ObjectPage::new(frame, &shown, Tab::Details, now);
    let forbidden = Shown { may_change: Answer::No, ..self::shown(object, rows) };
    let forbidden = ObjectPage::new(frame, &forbidden, Tab::Details, now).as_buttons().to_string();
    let manifest = ObjectPage::new(frame, &shown, Tab::Manifest, now).as_manifest().to_string();
    vec![
        ("Head of an object", page.as_head().to_string()),
        ("Buttons for somebody who may not act", forbidden),
        ("Causes", causes(frame, object, rows, now)),
        ("Who suspended it, and why", suspended(frame, object, rows, now)),
        ("Facts, relations, conditions, labels", page.as_rest().to_string()),
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
            causes.push_str(&ObjectPage::new(frame, &shown, Tab::Details, now).as_cause().to_string());
        }
    }
    causes
}

fn suspended(frame: &Frame, object: &Value, rows: &[Row], now: SystemTime) -> String {
    let mut object = object.clone();
    object["spec"]["suspend"] = json!(true);
    object["metadata"]["annotations"] = json!({
        "metadata.weave.works/suspended-by": "ada@example.com",
        "metadata.weave.works/suspended-comment": "loading the backlog",
    });
    ObjectPage::new(frame, &shown(&object, rows), Tab::Details, now).as_why().to_string()
}

fn shown(object: &Value, rows: &[Row]) -> Shown {
    let details = Details::read(Kind::KUSTOMIZATION, object);
    let depends_on = details.row.depends_on.iter().map(|key| {
        let row = rows.iter().find(|row| row.key == *key);
        (key.clone(), row.cloned().map(Into::into))
    });
    let needed_by = rows.iter().take(2).cloned().map(Into::into).collect();
    let around = Around { depends_on: depends_on.collect(), needed_by, ..Around::default() };
    Shown { object: object.clone(), may_change: Answer::Yes, more: More::Nothing, around, details }
}
