//! The emergency account’s tokens in use: rotated, alone, for one session, and what they wait for.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use fanlight_cluster::rescue::{
    ACCOUNT_USER, Controllers, FIRST_TOKEN, Happening, IssuedToken, May, Occasion, Question, Silence, Trouble, Use,
};
use jiff::{Timestamp, ToSpan};
use k8s_openapi::api::core::v1::Secret;
use kube::Api;
use secrecy::{ExposeSecret, SecretString};
use serde_json::json;

use crate::{WAIT, adopted, issue, issued, with};

#[tokio::test]
async fn a_rotation_goes_through_and_the_old_token_dies_with_its_secret() -> anyhow::Result<()> {
    let (plane, admin) = adopted().await?;
    let old = issue(&admin, FIRST_TOKEN, 1).await?;
    let new = issue(&admin, "break-glass-token-g2", 2).await?;
    let names: Vec<_> = admin.token_secrets().await?.into_iter().map(|secret| secret.name).collect();
    assert_eq!(names, [FIRST_TOKEN, "break-glass-token-g2"]);
    let (old_way, new_way) = (with(&admin, issued(&old)), with(&admin, issued(&new)));
    assert!(old_way.is_accepted().await? && new_way.is_accepted().await?);

    let superseded = BTreeMap::from([("fanlight.dev/superseded-by".to_owned(), Some(new.name.clone()))]);
    let annotated = new_way.annotate_token_secret(&old, &superseded).await?;
    assert_eq!(annotated.annotations["fanlight.dev/superseded-by"], new.name);
    let stale = new_way.delete_token_secret(&old).await.expect_err("an older version");
    assert!(matches!(stale.trouble, Trouble::Conflict(_)), "{stale}");
    assert!(admin.token_secret(FIRST_TOKEN).await?.is_some(), "nothing was deleted");
    let now = admin.token_secret(FIRST_TOKEN).await?.expect("a Secret");
    assert_eq!(now.last_used, Some(Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).date()));
    new_way.delete_token_secret(&now).await?;
    new_way.delete_token_secret(&now).await?;
    assert!(old_way.await_rejection(WAIT).await?, "the old token is still good");
    let refused = old_way.cluster_uid().await.expect_err("a dead token");
    assert!(matches!(refused.trouble, Trouble::Rejected(_)), "{refused}");
    assert_eq!(refused.doing, "reading Namespace kube-system");
    assert!(!new_way.within(WAIT).await_rejection(Duration::from_millis(10)).await?);

    let again = issue(&admin, FIRST_TOKEN, 1).await?;
    let mistaken = admin.annotate_token_secret(&old, &superseded).await.expect_err("another Secret of that name");
    assert!(matches!(mistaken.trouble, Trouble::Conflict(_)), "{mistaken}");
    let mistaken = admin.await_token(&old, WAIT).await.expect_err("another Secret of that name");
    assert!(matches!(mistaken.trouble, Trouble::Conflict(_)), "{mistaken}");
    assert_ne!(again.uid, old.uid);
    drop(plane);
    Ok(())
}

#[tokio::test]
async fn only_the_sealed_ca_is_trusted_and_only_the_sealed_token_is_used() -> anyhow::Result<()> {
    let (plane, admin) = adopted().await?;
    let secret = issue(&admin, FIRST_TOKEN, 1).await?;
    let key = rcgen::KeyPair::generate()?;
    let foreign = rcgen::CertificateParams::default().self_signed(&key)?.pem();
    let rescuer = with(&admin, &IssuedToken { token: issued(&secret).token.clone(), ca_pem: foreign });
    let refused = rescuer.who().await.expect_err("a foreign CA");
    let server = admin.server().to_string();
    assert_eq!(refused.trouble, Trouble::Unreachable { server, why: Silence::ForeignCa });

    let ca_pem = issued(&secret).ca_pem.clone();
    let rescuer = with(&admin, &IssuedToken { token: SecretString::from("not-a-token"), ca_pem: ca_pem.clone() });
    let refused = rescuer.who().await.expect_err("no token");
    assert!(matches!(refused.trouble, Trouble::Rejected(_)), "{refused}");
    assert!(!rescuer.is_accepted().await?);

    plane.stop_api_server();
    let rescuer = with(&admin, issued(&secret));
    let silent = rescuer.who().await.expect_err("nobody there");
    assert!(matches!(silent.trouble, Trouble::Unreachable { why: Silence::Refused, .. }), "{silent}");
    plane.start_api_server().await?;
    assert_eq!(rescuer.who().await?.user, ACCOUNT_USER);
    Ok(())
}

#[tokio::test]
async fn the_lock_tells_who_holds_it_and_a_lapsed_one_is_taken_over() -> anyhow::Result<()> {
    let (plane, admin) = adopted().await?;
    let mut mine = admin.lock("dana@desk #1", |_| false).await?;
    let refused = admin.lock("lee@desk #1", |_| false).await.expect_err("taken");
    assert!(matches!(&refused.trouble, Trouble::Locked { holder, .. } if holder == "dana@desk #1"), "{refused}");
    mine.renew().await?;
    mine.release().await?;

    let mut theirs = admin.lock("lee@desk #1", |_| false).await?;
    let long_ago = Timestamp::now() - 10.minutes();
    plane
        .apply(&json!({"apiVersion": "coordination.k8s.io/v1", "kind": "Lease",
            "metadata": {"name": "break-glass-rotate", "namespace": "kube-system"},
            "spec": {"renewTime": format!("{long_ago:.6}")}}))
        .await?;
    let mine = admin.lock("dana@desk #2", |_| false).await?;
    let lost = theirs.renew().await.expect_err("taken over");
    assert!(matches!(lost.trouble, Trouble::Conflict(_)), "{lost}");
    theirs.release().await?;
    let refused = admin.lock("lee@desk #2", |holder| holder == "lee@desk #1").await.expect_err("taken");
    assert!(matches!(&refused.trouble, Trouble::Locked { holder, .. } if holder == "dana@desk #2"), "{refused}");
    let theirs = admin.lock("lee@desk #2", |holder| holder == "dana@desk #2").await?;
    mine.release().await?;
    theirs.release().await?;

    let both = tokio::join!(admin.lock("dana@desk #3", |_| false), admin.lock("lee@desk #3", |_| false));
    assert!(both.0.is_ok() != both.1.is_ok(), "exactly one gets it: {both:?}");
    Ok(())
}

#[tokio::test]
async fn a_token_for_one_use_dies_with_its_session() -> anyhow::Result<()> {
    let (plane, admin) = adopted().await?;
    let secret = issue(&admin, FIRST_TOKEN, 1).await?;
    let rescuer = with(&admin, issued(&secret));
    let of = Use {
        id: "01j2".to_owned(),
        person: "Dana <dana@example.com>".to_owned(),
        reason: "OIDC is down\nsince 3:00".to_owned(),
        host: "desk".to_owned(),
        tool: "fanlight/1".to_owned(),
        expires: Timestamp::now() + 1.hour(),
    };
    let session = rescuer.begin_session(&of).await?;
    let token = rescuer.session_token(&session, Duration::from_secs(1)).await?;
    assert!(token.expires >= Timestamp::now() + 9.minutes(), "{token:?}");
    assert!(!format!("{token:?}").contains(token.token.expose_secret()));
    let ca_pem = issued(&secret).ca_pem.clone();
    let in_session = with(&admin, &IssuedToken { token: token.token, ca_pem });
    let who = in_session.who().await?;
    assert_eq!(who.user, ACCOUNT_USER);
    assert!(who.credential_id().is_some_and(|id| id.starts_with("JTI=")), "{who:?}");
    assert_eq!(in_session.may(&Question::EVERYTHING).await?, May::Yes);

    let [record] = &rescuer.sessions().await?[..] else { panic!("one session") };
    assert_eq!((&record.session, &record.person, &record.reason), (&session, &of.person, &of.reason));
    assert_eq!(record.expires, Some(of.expires));
    assert_eq!(rescuer.token_secrets().await?.len(), 1, "a session is no long-lived token");
    rescuer.end_session(&session).await?;
    rescuer.end_session(&session).await?;
    assert!(in_session.await_rejection(WAIT).await?, "the session's token is still good");
    assert!(rescuer.sessions().await?.is_empty());
    let late = rescuer.session_token(&session, Duration::from_mins(10)).await.expect_err("it has ended");
    assert!(matches!(late.trouble, Trouble::Missing(_)), "{late}");

    let happening = Happening {
        occasion: Occasion::SessionStarted,
        at: Timestamp::now(),
        note: "Dana: OIDC is down".to_owned(),
        instance: "fanlight/1 on desk".to_owned(),
    };
    rescuer.tell(&happening).await?;
    let events: Api<k8s_openapi::api::events::v1::Event> = Api::namespaced(plane.admin(), "kube-system");
    let events = events.list(&Default::default()).await?;
    let event = events.iter().find(|event| event.reason.as_deref() == Some("BreakGlassSessionStarted"));
    assert_eq!(event.and_then(|event| event.type_.as_deref()), Some("Warning"));
    Ok(())
}

#[tokio::test]
async fn without_its_controllers_a_cluster_is_found_out_and_nothing_waits_for_ever() -> anyhow::Result<()> {
    let (plane, admin) = adopted().await?;
    let began = Instant::now();
    while admin.controllers().await? != Controllers::Alive {
        anyhow::ensure!(began.elapsed() < WAIT, "no lease");
    }
    plane.stop_controllers();
    let created = admin.create_token_secret("break-glass-token-g2", 2, &BTreeMap::new(), false).await?;
    let waited = Duration::from_millis(300);
    let empty = admin.await_token(&created, waited).await.expect_err("nobody fills it");
    assert_eq!(empty.trouble, Trouble::NotIssued(waited));
    assert!(empty.to_string().contains("Secret kube-system/break-glass-token-g2"), "{empty}");
    admin.delete_token_secret(&created).await?;
    let secrets: Api<Secret> = Api::namespaced(plane.admin(), "kube-system");
    assert!(secrets.get_opt("break-glass-token-g2").await?.is_none());

    let long_ago = Timestamp::now() - 10.minutes();
    let lease = json!({"apiVersion": "coordination.k8s.io/v1", "kind": "Lease",
        "metadata": {"name": "kube-controller-manager", "namespace": "kube-system"},
        "spec": {"renewTime": format!("{long_ago:.6}")}});
    plane.apply(&lease).await?;
    assert!(matches!(admin.controllers().await?, Controllers::Down { .. }));

    plane.start_controllers().await?;
    let secret = issue(&admin, "break-glass-token-g2", 2).await?;
    assert!(with(&admin, issued(&secret)).is_accepted().await?);
    Ok(())
}
