//! What connections and API servers do to those who hold them.

use fanlight_testbed::{Options, estate, keys, rights::flux_rules};
use futures_util::{StreamExt, TryStreamExt, stream};

use crate::{
    house::{House, WATCH, of_flux, plane, shows},
    shared::until,
};

const ADA: &str = "ada@example.com";
const BEN: &str = "ben@example.com";

#[tokio::test]
async fn more_watches_than_one_connection_carries_are_all_alive() -> anyhow::Result<()> {
    const MANY: usize = 60;
    let plane = plane(Options::default()).await?;
    let namespaces: Vec<_> = (0..MANY).map(|number| format!("team-{number:02}")).collect();
    let furnish = |namespace: String| {
        let plane = &plane;
        async move {
            plane.create_namespace(&namespace).await?;
            plane.grant_in(&namespace, BEN, flux_rules(&WATCH)).await?;
            plane.apply(&estate::kustomization(&namespace, "shop")).await
        }
    };
    stream::iter(namespaces.clone()).map(furnish).buffer_unordered(8).try_collect::<Vec<_>>().await?;
    let house = House::before(plane).await?;
    let mut ben = house.guest(BEN).await?;
    ben.stream.until(|view| view.contains("60 in 60 namespaces") && !view.contains("Still loading")).await?;
    let open = |entries: &[_]| of_flux(entries).iter().filter(|entry| entry.is_open_watch()).count() == 2 * MANY;
    let entries = house.plane.audit().until(open).await?;
    assert!(of_flux(&entries).iter().all(|entry| entry.name() == BEN));
    for namespace in namespaces.iter().rev() {
        house.plane.apply(&estate::helm_release(namespace, "late")).await?;
    }
    ben.stream.until(|view| view.contains("120 in 60 namespaces")).await?;
    // A request beyond what a connection carries would hang until it is given up, and then be sent over another one.
    let log = house.server.log();
    assert!(!log.contains("did not answer within"), "{log}");
    Ok(())
}

#[tokio::test]
async fn connections_that_the_api_server_wants_closed_cost_nobody_anything() -> anyhow::Result<()> {
    const PEOPLE: usize = 150;
    let plane = plane(Options { goaway_chance: 0.02, ..Options::default() }).await?;
    plane.grant_everywhere(ADA, flux_rules(&WATCH)).await?;
    plane.grant_group_everywhere("visitors", flux_rules(&WATCH)).await?;
    let house = House::before(plane).await?;
    let mut ada = house.guest(ADA).await?;
    let all = ["Kustomization/apps/shop", "Kustomization/data/shop", "Kustomization/edge/shop"];
    ada.stream.until_rows(&all).await?;
    let visits = stream::iter(0..PEOPLE).map(async |number| {
        let client = house.client(&format!("visitor-{number}@example.com"), &["visitors"])?;
        // On a busy machine it may take a moment until it is known what somebody new may see.
        until(async || Ok(house.server.applications(&client, "sort=namespace").await? == all)).await
    });
    visits.buffer_unordered(8).try_collect::<Vec<()>>().await?;

    let mut expected: Vec<_> = all.iter().map(ToString::to_string).collect();
    for number in 0..20 {
        house.plane.apply(&estate::kustomization("apps", &format!("late-{number}"))).await?;
        expected.push(format!("Kustomization/apps/late-{number}"));
        let newest = expected.last().cloned().unwrap_or_default();
        let view = ada.stream.until(|view| {
            // On a busy machine a watch may take a moment to open anew; then that is said.
            assert!(all.iter().all(|row| shows(view, row)), "a row vanished: {view}");
            shows(view, &newest)
        });
        assert!(keys(&view.await?).len() >= expected.len());
    }
    until(async || {
        let page = ada.client.get(format!("{}/applications", house.server.url())).send().await?.text().await?;
        Ok(shows(&page, &expected[0]) && !page.contains("does not answer"))
    })
    .await?;
    let log = house.server.log();
    assert!(log.contains("request sent again over another connection"), "no connection was closed: {log}");
    assert!(!log.contains("not answered"), "a closed connection cost an answer: {log}");
    Ok(())
}

#[tokio::test]
async fn open_pages_recover_by_themselves_when_the_api_server_restarts_and_show_nothing_that_is_not_true()
-> anyhow::Result<()> {
    let plane = plane(Options::default()).await?;
    plane.grant_everywhere(ADA, flux_rules(&WATCH)).await?;
    plane.grant_in("apps", BEN, flux_rules(&WATCH)).await?;
    plane.grant_in("data", BEN, flux_rules(&WATCH)).await?;
    let house = House::before(plane).await?;
    let (mut ada, mut ben) = (house.guest(ADA).await?, house.guest(BEN).await?);
    ada.stream.until(|view| keys(view).len() == 3).await?;
    ben.stream.until(|view| keys(view).len() == 2).await?;

    let away = "the API server does not answer";
    for _ in 0..3 {
        house.plane.stop_api_server();
        for guest in [&mut ada, &mut ben] {
            guest.stream.until(|view| steady(view) && view.contains(away)).await?;
        }
        house.plane.start_api_server().await?;
        house.plane.delete(&estate::kustomization("data", "shop")).await?;
        house.plane.apply(&estate::kustomization("apps", "late")).await?;
        for guest in [&mut ada, &mut ben] {
            // What was read before the change, and came late to this stream, was current then.
            let late = |view: &str| shows(view, "Kustomization/apps/late") && !shows(view, "Kustomization/data/shop");
            guest.stream.until(|view| steady(view) && !view.contains(away) && late(view)).await?;
        }
        house.plane.delete(&estate::kustomization("apps", "late")).await?;
        house.plane.apply(&estate::kustomization("data", "shop")).await?;
        for guest in [&mut ada, &mut ben] {
            let restored =
                |view: &str| shows(view, "Kustomization/data/shop") && !shows(view, "Kustomization/apps/late");
            guest.stream.until(|view| steady(view) && restored(view)).await?;
        }
    }
    assert_eq!(house.page(&ben).await?, ["Kustomization/apps/shop", "Kustomization/data/shop"]);
    Ok(())
}

/// The row that nobody touches is there, whatever happens to the API server, unless the page says that nothing is known:
/// `false` then, which is allowed when what somebody may see could not be asked for half a minute.
fn steady(view: &str) -> bool {
    let unknown = view.contains("What you may see is not known at this moment");
    assert!(unknown || shows(view, "Kustomization/apps/shop"), "a page was emptied: {view}");
    !unknown
}
