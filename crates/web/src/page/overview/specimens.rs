use std::{sync::Arc, time::SystemTime};

use fanlight_live::{Counts, Freshness, Sight, Summary};
use fanlight_model::{Applier, Kind, Row, State};

use super::{Breadth, Controllers, MOST, Overview, Sync};
use crate::{ObjectError, frame::Frame, page::aside::Aside};

/// Every part of the page with its title, where there are these objects, for the style guide.
pub(in crate::page) fn specimens(frame: &Frame, rows: &[Row], now: SystemTime) -> Vec<(&'static str, String)> {
    let summary = summary(rows);
    let refused = ObjectError::Forbidden("deployments.apps is forbidden".to_owned());
    let controllers = Controllers::of(Err(&refused));
    let roots = rows.iter().filter(|row| row.state == State::Ready).take(1).map(|row| {
        let root = Row { applier: Applier::Itself, ..row.clone() };
        let source = Row { revision: "main@sha1:b7e29a4410c35d8f6a7b8c9d0e1f2a3b4c5d6e7f".into(), ..row.clone() };
        Sync::of(&root, Some(&source), frame, Some(now))
    });
    let asides = asides(&summary);
    let page = Overview {
        roots: roots.collect(),
        ..Overview::without_roots(frame, (Breadth::Applications, &summary, &asides), &controllers, Some(now))
    };
    let parts = [
        ("Sentence on the cluster", page.as_lead().to_string()),
        ("What fails", page.as_failing().to_string()),
        ("Where Git begins", page.as_sync().to_string()),
        ("Controllers that somebody may not see", page.as_controllers().to_string()),
        ("Counts", page.as_counts().to_string()),
        ("What changed", page.as_latest().to_string()),
    ];
    parts.into()
}

/// Why the first is not ready, as it was found out.
fn asides(summary: &Summary) -> Vec<Aside> {
    let why =
        "Container `api` keeps crashing with exit code 1, so Deployment `orders/api` has 0 of 2 replicas available";
    let of = |number| Aside { why: (number == 0).then(|| why.into()), ..Aside::default() };
    (0..summary.failing.len()).map(of).collect()
}

fn summary(rows: &[Row]) -> Summary {
    let mut counts = [Counts::default(); 2];
    for row in rows {
        if let Some(counts) = counts.get_mut(row.key.kind.index()) {
            counts[row.state.index()] += 1;
        }
    }
    let named = |failing: bool| {
        let fails = |row: &&Row| matches!(row.state, State::Failed | State::Stalled) == failing;
        rows.iter().filter(fails).take(MOST).map(|row| Arc::new(row.clone())).collect::<Vec<_>>()
    };
    Summary {
        kinds: Kind::APPLICATIONS.into_iter().zip(counts).collect(),
        namespaces: 1,
        failing: named(true),
        latest: named(false),
        roots: Vec::new(),
        more_roots: 0,
        sights: vec![(Kind::KUSTOMIZATION, Sight::Namespaces(1)), (Kind::PROVIDER, Sight::Nothing)],
        freshness: Freshness::Current,
    }
}
