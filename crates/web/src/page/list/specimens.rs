use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

use fanlight_live::{Freshness, List, Sight};
use fanlight_model::{Identity, Kind, Query, Row, State};

use super::{ListPage, Listed, RowView};
use crate::frame::Frame;

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
    let page = Listed {
        rows: rows.iter().map(|row| RowView::new(applications, row, frame, now)).collect(),
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
    parts.into()
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
        sights: Kind::APPLICATIONS.map(|kind| (kind, Sight::Everywhere)).into(),
        fixed: Kind::APPLICATIONS.iter().zip(rows).map(|(kind, row)| (*kind, Arc::clone(&row.key.namespace))).collect(),
        freshness: Freshness::Stale { age: Duration::from_secs(40) },
    }
}
