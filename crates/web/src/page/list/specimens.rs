use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

use fanlight_live::{Freshness, List, Sight};
use fanlight_model::{
    Action, Field, Forecast, Identity, Kind, ObjectKey, Query, Row, State, Undoing, Verification, Why,
};

use super::{
    ListPage, Listed, RowView,
    preview::{About, Line, Preview},
};
use crate::{frame::Frame, page::aside::Aside};

/// Every part of the page with its title, as a list of these rows has it, for the style guide.
pub(in crate::page) fn specimens(
    frame: &Frame,
    viewer: &Identity,
    rows: &[Row],
    now: SystemTime,
) -> Vec<(&'static str, String)> {
    // The list itself is empty, so that the page says why.
    let list = list(rows);
    let query =
        Query::from_pairs([("status", "failed"), ("kind", "Kustomization"), ("search", "orders"), ("page", "2")]);
    let applications = ListPage::of(Kind::KUSTOMIZATION);
    let asides = asides(rows);
    let page = Listed {
        rows: rows.iter().zip(&asides).map(|(row, aside)| RowView::new(applications, row, aside, frame, now)).collect(),
        order: "specimens".to_owned(),
        ..Listed::new(applications, frame, viewer, &query, &list, now)
    };
    let parts = [
        ("Note", page.as_note().to_string()),
        ("State strip", page.as_strip().to_string()),
        ("Menus and chips", page.as_filters().to_string()),
        ("Rows", page.as_table().to_string()),
        ("Empty list", page.as_empty().to_string()),
        ("Pages", page.as_pages().to_string()),
        ("Bar for somebody who may not act (tick a row)", page.as_bar().to_string()),
    ];
    parts.into_iter().chain(preview(frame, rows)).collect()
}

/// Why the first is not ready, as it was found out, and what became of signatures.
fn asides(rows: &[Row]) -> Vec<Aside> {
    let why = "Container `api` cannot pull its image `registry.example.com/orders/api:9`: not found; so Deployment \
        `orders/api` has 0 of 2 replicas available";
    let of = |(number, _): (usize, &Row)| Aside {
        why: (number == 0).then(|| why.into()),
        verified: [Verification::Right, Verification::Wrong, Verification::Pending].get(number).copied(),
    };
    rows.iter().enumerate().map(of).collect()
}

/// What a suspension would do: something, something that Git undoes, nothing.
fn preview(frame: &Frame, rows: &[Row]) -> [(&'static str, String); 2] {
    let by = ObjectKey::new(Kind::KUSTOMIZATION, "flux-system", "apps");
    let undoing = Undoing { by, why: Why::Sets(Field::Suspend) };
    let acts = |undoing| Forecast::Acts("Its controller leaves it alone from now on.".to_owned(), undoing);
    let forecasts =
        [acts(None), acts(Some(undoing)), Forecast::Idle("Already suspended by ada@example.com.".to_owned())];
    let lines = rows.iter().zip(&forecasts).map(|(row, forecast)| Line::of(row, frame, forecast)).collect();
    let query = Query::from_pairs([("namespace", "styleguide")]);
    let suspend = (&Action::Suspend { comment: None }, "suspend".to_owned());
    let page = ListPage::of(Kind::KUSTOMIZATION);
    let page = Preview::new(page, frame, About::filtered(page, frame, &query, 512), suspend, lines);
    let page = Preview { refused: true, ..page };
    [
        ("What an action is about", format!("{}{}", page.as_scope(), page.as_confirm())),
        ("What it would do", page.as_lines().to_string()),
    ]
}

fn list(rows: &[Row]) -> List {
    let mut states = [0; State::ALL.len()];
    for row in rows {
        states[row.state.index()] += 1;
    }
    let count = |kind: Kind| rows.iter().filter(|row| row.key.kind == kind).count();
    let namespace = rows.first().map(|row| (Arc::clone(&row.key.namespace), rows.len()));
    List {
        rows: Vec::new(),
        matching: rows.len(),
        in_sight: rows.len(),
        page: 1,
        pages: 3,
        states,
        found: Vec::new(),
        unread: Vec::new(),
        kinds: Kind::APPLICATIONS.map(|kind| (kind, count(kind))).into(),
        namespaces: namespace.into_iter().collect(),
        tenants: vec![("blue".into(), 1)],
        sights: Kind::APPLICATIONS.map(|kind| (kind, Sight::Everywhere)).into(),
        fixed: Kind::APPLICATIONS.iter().zip(rows).map(|(kind, row)| (*kind, Arc::clone(&row.key.namespace))).collect(),
        freshness: Freshness::Stale { age: Duration::from_secs(40) },
    }
}
