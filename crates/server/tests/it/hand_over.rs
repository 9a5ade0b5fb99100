//! What happens to shared watches when their sponsor goes or may no longer run them.

use std::time::{Duration, Instant};

use fanlight_testbed::{AuditEntry, FanlightServer, Options, Wire, estate, keys, rights::flux_rules};
use futures_util::{StreamExt, TryStreamExt, stream};

use crate::{
    house::{FEEDS, House, WATCH, of_flux, plane, shows},
    shared::until,
};

const ADA: &str = "ada@example.com";
const BEA: &str = "bea@example.com";
const BEN: &str = "ben@example.com";
const CLEO: &str = "cleo@example.com";

#[tokio::test]
async fn a_sponsor_who_signs_out_hands_over_without_a_list_and_without_losing_anything() -> anyhow::Result<()> {
    let plane = plane(Options::default()).await?;
    plane.grant_everywhere(ADA, flux_rules(&WATCH)).await?;
    plane.grant_everywhere(BEA, flux_rules(&WATCH)).await?;
    let house = House::before(plane).await?;
    let mut ada = house.guest(ADA).await?;
    ada.stream.until(|view| shows(view, "Kustomization/edge/shop")).await?;
    let mut bea = house.guest(BEA).await?;
    bea.stream.until(|view| shows(view, "Kustomization/edge/shop")).await?;
    let audit = house.plane.audit().from_now()?;

    let names: Vec<_> = (0..40).map(|number| format!("app-{number}")).collect();
    let writing = async {
        for name in &names {
            house.plane.apply(&estate::helm_release("apps", name)).await?;
        }
        anyhow::Ok(())
    };
    let leaving = async {
        bea.stream.until(|view| view.contains("apps/app-15")).await?;
        house.server.sign_out(&ada.client).await
    };
    let (written, left) = tokio::join!(writing, leaving);
    written?;
    left?;
    let all = |view: &str| names.iter().all(|name| shows(view, &format!("HelmRelease/apps/{name}")));
    bea.stream.until(all).await?;
    while let Some((event, _)) = ada.stream.next().await? {
        assert!(event == "pieces" || event == "end", "{event}");
    }

    let entries = audit.until(|entries| of_flux(entries).iter().filter(|entry| entry.is_open_watch()).count() == FEEDS);
    let entries = entries.await?;
    for entry in of_flux(&entries).into_iter().filter(|entry| entry.name() != ADA) {
        assert_eq!((entry.name(), entry.verb.as_str()), (BEA, "watch"));
        assert!(!entry.uri.contains("sendInitialEvents") && !entry.uri.contains("resourceVersion=0"), "{}", entry.uri);
    }

    house.server.sign_out(&bea.client).await?;
    let ended = |entries: &[_]| of_flux(entries).iter().all(|entry| !entry.is_open_watch());
    audit.until(ended).await?;
    Ok(())
}

#[tokio::test]
async fn who_loses_the_right_sees_nothing_within_half_a_minute_and_the_others_go_on() -> anyhow::Result<()> {
    let plane = plane(Options::default()).await?;
    let binding = plane.grant_everywhere(ADA, flux_rules(&WATCH)).await?;
    plane.grant_everywhere(CLEO, flux_rules(&["get", "list"])).await?;
    plane.grant_in("apps", BEN, flux_rules(&WATCH)).await?;
    let house = House::before(plane).await?;
    let (mut ada, mut ben, mut cleo) = (house.guest(ADA).await?, house.guest(BEN).await?, house.guest(CLEO).await?);
    ada.stream.until(|view| shows(view, "Kustomization/edge/shop")).await?;
    ben.stream.until(|view| shows(view, "Kustomization/apps/shop")).await?;
    cleo.stream.until(|view| shows(view, "Kustomization/edge/shop")).await?;

    house.plane.delete(&binding).await?;
    let deleted = Instant::now();
    let mut took = None;
    let refused = ada.stream.until(|view| {
        if keys(view).is_empty() {
            took.get_or_insert(deleted.elapsed());
        }
        view.contains("You may not list any applications")
    });
    refused.await?;
    // Half a minute, and what a busy machine needs to tell it.
    assert!(took.is_some_and(|took| took < Duration::from_secs(35)), "{took:?}");
    assert!(house.page(&ada).await?.is_empty());

    house.plane.apply(&estate::kustomization("apps", "late")).await?;
    house.plane.apply(&estate::kustomization("edge", "late")).await?;
    let steady =
        |view: &str, row: &str| assert!(shows(view, row), "a row vanished that was there all the time: {view}");
    let late = ben.stream.until(|view| {
        steady(view, "Kustomization/apps/shop");
        shows(view, "Kustomization/apps/late")
    });
    assert!(!late.await?.contains("edge"));
    let late = cleo.stream.until(|view| {
        steady(view, "Kustomization/edge/shop");
        shows(view, "Kustomization/apps/late") && shows(view, "Kustomization/edge/late")
    });
    late.await?;
    let open = |entries: &[_]| of_flux(entries).iter().all(|entry| !entry.is_open_watch() || entry.name() == BEN);
    house.plane.audit().until(open).await?;
    Ok(())
}

/// Whose watches of Flux's objects are open.
fn watchers(entries: &[AuditEntry]) -> Vec<&str> {
    of_flux(entries).into_iter().filter(|entry| entry.is_open_watch()).map(AuditEntry::name).collect()
}

#[tokio::test]
async fn who_sees_one_namespace_notices_nothing_of_those_who_come_and_go_and_see_everything() -> anyhow::Result<()> {
    let plane = plane(Options::default()).await?;
    plane.grant_everywhere(ADA, flux_rules(&WATCH)).await?;
    plane.grant_in("apps", BEN, flux_rules(&WATCH)).await?;
    let house = House::before(plane).await?;
    let mut ben = house.guest(BEN).await?;
    // The first list is there before the second.
    ben.stream.until(|view| keys(view) == ["Kustomization/apps/shop"] && !view.contains("Still loading")).await?;
    let audit = house.plane.audit();
    let mut rows = vec!["Kustomization/apps/shop".to_owned()];
    for round in 0..3 {
        for (phase, expected) in [("before", [BEN; FEEDS]), ("during", [ADA; FEEDS])] {
            let mut ada = None;
            if phase == "during" {
                let mut guest = house.guest(ADA).await?;
                guest.stream.until(|view| shows(view, "Kustomization/edge/shop")).await?;
                ada = Some(guest);
            }
            audit.until(|entries| watchers(entries) == expected).await?;
            let name = format!("{phase}-{round}");
            house.plane.apply(&estate::kustomization("edge", &name)).await?;
            house.plane.apply(&estate::kustomization("apps", &name)).await?;
            let newest = format!("Kustomization/apps/{name}");
            let view = ben.stream.until(|view| {
                let shown = keys(view);
                assert!(rows.iter().all(|row| shown.contains(row)), "a row vanished: {rows:?}: {view}");
                assert!(shown.iter().all(|row| row.starts_with("Kustomization/apps/")), "{view}");
                assert!(!view.contains("Still loading"), "{view}");
                shows(view, &newest)
            });
            view.await?;
            rows.push(newest);
            if let Some(ada) = ada {
                house.server.sign_out(&ada.client).await?;
            }
        }
    }
    let entries = audit.until(|entries| watchers(entries) == [BEN; FEEDS]).await?;
    // Ben's watches went on from where the others had come to.
    let listed = of_flux(&entries).into_iter().filter(|entry| entry.name() == BEN);
    let listed = listed.filter(|entry| entry.verb == "list" || entry.uri.contains("sendInitialEvents"));
    // An API server that was just started may say at first that it is not ready to.
    let listed: Vec<_> = listed.filter(|entry| entry.code() == Some(200)).map(|entry| &entry.uri).collect();
    assert_eq!(listed.len(), FEEDS, "once for each kind, at the beginning: {listed:#?}");
    Ok(())
}

#[tokio::test]
async fn each_replica_has_sponsors_of_its_own_and_what_ends_sessions_ends_watches_in_all() -> anyhow::Result<()> {
    let plane = plane(Options::default()).await?;
    plane.grant_everywhere(ADA, flux_rules(&WATCH)).await?;
    plane.grant_in("apps", BEN, flux_rules(&WATCH)).await?;
    let wire = Wire::to(&plane).await?;
    let house = House::behind(&wire, plane).await?;
    let second = house.replica("second", &wire).await?;
    let mut here = house.guest(BEN).await?;
    let mut there = house.guest_of(&second, BEN).await?;
    let ada = house.guest_of(&second, ADA).await?;
    let audit = house.plane.audit();
    let sorted = |entries: &[AuditEntry]| {
        let mut names: Vec<_> = watchers(entries).into_iter().map(ToOwned::to_owned).collect();
        names.sort();
        names
    };
    audit.until(|entries| sorted(entries) == [[ADA; FEEDS], [BEN; FEEDS]].concat()).await?;
    for guest in [&mut here, &mut there] {
        guest.stream.until_rows(&["Kustomization/apps/shop"]).await?;
    }
    second.sign_out(&ada.client).await?;
    audit.until(|entries| sorted(entries) == [BEN; 2 * FEEDS]).await?;
    house.plane.apply(&estate::kustomization("apps", "late")).await?;
    for guest in [&mut here, &mut there] {
        guest.stream.until_rows(&["Kustomization/apps/shop", "Kustomization/apps/late"]).await?;
    }
    // All these sessions hang on the emergency user's Secret.
    house.plane.set_emergency_user("fanlight", "admin", "another").await?;
    let mut told = Vec::new();
    for guest in [&mut here, &mut there] {
        while let Some((event, _)) = guest.stream.next().await? {
            told.push(event);
        }
    }
    assert_eq!(told.iter().filter(|event| *event == "end").count(), 2, "{told:?}");
    let ended = Instant::now();
    audit.until(|entries| watchers(entries).is_empty()).await?;
    // Not only when they would have ended with nobody to look at them.
    assert!(ended.elapsed() < Duration::from_secs(30), "{:?}", ended.elapsed());
    Ok(())
}

#[tokio::test]
async fn many_who_come_and_go_leave_nothing_behind() -> anyhow::Result<()> {
    const PEOPLE: usize = 20;
    let plane = plane(Options::default()).await?;
    plane.grant_group_everywhere("all", flux_rules(&WATCH)).await?;
    let house = House::before(plane).await?;
    let clients = (0..PEOPLE).map(|number| house.client(&format!("visitor-{number}@example.com"), &["all"]));
    let clients: Vec<_> = clients.collect::<anyhow::Result<_>>()?;
    let visit = async |number: usize| {
        let mut stream = house.server.stream(&clients[number % PEOPLE]).await?;
        stream.until(|view| keys(view).len() == 3).await?;
        anyhow::Ok(())
    };
    let visits = |many: usize| stream::iter(0..many).map(&visit).buffer_unordered(4).try_collect::<Vec<()>>();
    visits(40).await?;
    let (files, asked) = (open_files(&house.server)?, house.plane.audit().from_now()?);
    visits(160).await?;
    until(async || Ok(open_files(&house.server)? <= files + 2)).await?;
    let entries = asked.entries()?;
    assert!(of_flux(&entries).len() < 20, "{} requests for feeds that others run", of_flux(&entries).len());
    for client in &clients {
        house.server.sign_out(client).await?;
    }
    house.plane.audit().until(|entries| watchers(entries).is_empty()).await?;
    Ok(())
}

fn open_files(server: &FanlightServer) -> anyhow::Result<usize> {
    Ok(std::fs::read_dir(format!("/proc/{}/fd", server.process()?))?.count())
}
