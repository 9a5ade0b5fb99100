//! What happens to shared watches when their sponsor goes or may no longer run them.

use std::time::{Duration, Instant};

use fanlight_testbed::{Options, estate, keys, rights::flux_rules};

use crate::house::{House, WATCH, of_flux, plane, shows};

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

    let entries = audit.until(|entries| of_flux(entries).iter().filter(|entry| entry.is_open_watch()).count() == 2);
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
    assert!(took.is_some_and(|took| took < Duration::from_secs(31)), "{took:?}");
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
