use std::{
    sync::Arc,
    time::{Duration, UNIX_EPOCH},
};

use fanlight_model::{Identity, UserName};

use super::*;
use crate::{CookieRules, GroupNotice, KeyRing, NoSession, SessionLimits};

const MINUTE: Duration = Duration::from_mins(1);

fn sessions() -> Sessions {
    let limits = SessionLimits { emergency: 60 * MINUTE, idle: 30 * MINUTE };
    Sessions::new(Arc::new(KeyRing::random()), limits, &CookieRules { secure: true, base: String::new() })
}

fn noon() -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(1_000_000)
}

fn signed(user: &str, groups: usize, id_token: usize, refresh: usize) -> SignedIn {
    let user = UserName::new(user).expect("a name");
    let groups: Vec<_> = (0..groups).map(|number| format!("{number:036}")).collect();
    SignedIn {
        identity: Identity::new(user, groups.iter().map(String::as_str)).expect("groups"),
        notices: Vec::new(),
        expires: noon() + 5 * MINUTE,
        lifetime: 600 * MINUTE,
        refresh_token: Some("r".repeat(refresh).into()),
        id_token: "i".repeat(id_token).into(),
    }
}

/// A browser's cookies after some `Set-Cookie` headers, of which each is short enough for it.
fn browse(before: &str, set: &[String]) -> String {
    let mut cookies: Vec<&str> = before.split("; ").filter(|cookie| !cookie.is_empty()).collect();
    for header in set {
        let pair = header.split(';').next().expect("a cookie");
        assert!(pair.len() <= 4097, "{}", pair.len());
        let (name, _) = pair.split_once('=').expect("a name");
        cookies.retain(|kept| kept.split_once('=').is_some_and(|(kept, _)| kept != name));
        if !header.contains("Max-Age=0") {
            cookies.push(pair);
        }
    }
    cookies.join("; ")
}

#[test]
fn an_identity_is_accepted_a_minute_longer_than_the_provider_said_and_then_has_to_be_confirmed() {
    let sessions = sessions();
    let (opened, set) = sessions.open_oidc(&signed("dana", 2, 100, 100), noon()).expect("small");
    assert_eq!((opened.method, opened.ends), (Method::Oidc, noon() + 600 * MINUTE));
    let header = browse("", &set);
    let at = |time| sessions.read(&header, time).map(|session| session.stale);
    assert_eq!(at(noon() + 5 * MINUTE - Duration::from_secs(1)), Ok(false));
    assert_eq!(at(noon() + 5 * MINUTE), Ok(true));
    assert_eq!(at(noon() + 6 * MINUTE), Err(NoSession::RunOut));
    assert_eq!(at(noon() + 30 * MINUTE), Err(NoSession::Idle));
    let read = sessions.read(&header, noon()).expect("a session");
    assert_eq!((read.identity, read.expires), (opened.identity, Some(noon() + 5 * MINUTE)));
}

#[test]
fn a_refresh_renews_the_identity_but_neither_number_nor_end_nor_idle_mark_nor_user() {
    let sessions = sessions();
    let (session, set) = sessions.open_oidc(&signed("dana", 2, 100, 10), noon()).expect("small");
    let before = browse("", &set);
    let fresh = SignedIn { expires: noon() + 10 * MINUTE, ..signed("dana", 3, 100, 20) };
    let (renewed, set) = sessions.renew(&session, &fresh, noon()).expect("the same user");
    assert_eq!((renewed.id, renewed.ends, renewed.identity.groups().count()), (session.id, session.ends, 3));
    let after = browse(&before, &set);
    assert!(sessions.read(&after, noon() + 9 * MINUTE).is_ok_and(|session| !session.stale));
    let kept = sessions.tokens(&after, &renewed).expect("tokens");
    assert_eq!(kept.refresh.expect("a token").expose_secret().len(), 20);
    assert_eq!(sessions.read(&after, noon() + 30 * MINUTE).err(), Some(NoSession::Idle), "a refresh is no activity");
    assert_eq!(sessions.renew(&session, &signed("eve", 0, 1, 1), noon()).err(), Some(NotKept::SomebodyElse));
}

#[test]
fn tokens_belong_to_their_session_and_each_sign_in_has_a_new_number() {
    let sessions = sessions();
    let (one, first) = sessions.open_oidc(&signed("dana", 0, 10, 10), noon()).expect("small");
    let (two, second) = sessions.open_oidc(&signed("dana", 0, 10, 10), noon()).expect("small");
    assert_ne!(one.id, two.id);
    let header = browse(&browse("", &first), &second);
    assert!(sessions.tokens(&header, &two).is_some());
    assert!(sessions.tokens(&header, &one).is_none());
    let closed = browse(&header, &sessions.close());
    assert_eq!(closed, "");
}

#[test]
fn many_groups_fill_several_cookies_up_to_a_limit_that_is_named() {
    let sessions = sessions();
    let mut header = String::new();
    for groups in [200, 0, 100, 10] {
        let (_, set) = sessions.open_oidc(&signed("dana", groups, 100, 100), noon()).expect("it fits");
        header = browse(&header, &set);
        let read = sessions.read(&header, noon()).expect("a session");
        assert_eq!(read.identity.groups().count(), groups);
    }
    let error = sessions.open_oidc(&signed("dana", 300, 100, 100), noon()).expect_err("too many");
    assert!(error.to_string().starts_with("the names of 300 groups do not fit"), "{error}");
}

#[test]
fn parts_of_two_identities_never_make_a_third() {
    let sessions = sessions();
    let [one, two] =
        [0, 1].map(|_| browse("", &sessions.open_oidc(&signed("dana", 200, 1, 1), noon()).expect("fits").1));
    let part = |header: &str| {
        let name = format!("{}-1=", sessions.identity);
        header.split("; ").find(|cookie| cookie.starts_with(&name)).expect("a second part").to_owned()
    };
    let mixed = one.replace(&part(&one), &part(&two));
    assert_eq!(sessions.read(&mixed, noon()).err(), Some(NoSession::Broken));
    let missing = one.replace(&part(&one), "");
    assert_eq!(sessions.read(&missing, noon()).err(), Some(NoSession::Broken));
    for count in ["0", "1", "2", "99999999999999999999", "-1", "x"] {
        let other = one.replacen("=3.", &format!("={count}."), 1);
        assert_ne!(other, one, "three parts");
        assert_eq!(sessions.read(&other, noon()).err(), Some(NoSession::Broken), "{count}");
    }
}

#[test]
fn an_emergency_session_opens_beside_what_is_left_of_another() {
    let sessions = sessions();
    let left = browse("", &sessions.open_oidc(&signed("dana", 200, 1, 1), noon()).expect("fits").1);
    let admin = Identity::of(UserName::new("admin").expect("a name"));
    let (_, set) = sessions.open(admin.clone(), Method::Emergency, None, noon());
    assert_eq!(set.len(), 2);
    let session = sessions.read(&browse(&left, &set), noon()).expect("a session");
    assert_eq!((session.identity, session.expires, session.stale), (admin, None, false));
}

#[test]
fn tokens_that_are_too_long_are_left_out_the_hint_first() {
    let sessions = sessions();
    for (id_token, refresh, kept) in [
        (500, 500, Some((true, true))),
        (3000, 500, Some((false, true))),
        (500, 5000, Some((false, true))),
        (1, 9000, None),
    ] {
        let (session, set) = sessions.open_oidc(&signed("dana", 0, id_token, refresh), noon()).expect("small");
        let found = sessions.tokens(&browse("", &set), &session);
        let found = found.map(|tokens| (tokens.hint.is_some(), tokens.refresh.is_some()));
        assert_eq!(found, kept, "{id_token} {refresh}");
    }
}

#[test]
fn what_became_of_the_groups_is_kept_beside_the_tokens_as_far_as_there_is_room() {
    let sessions = sessions();
    let with = |notices, refresh| SignedIn { notices, ..signed("dana", 1, 100, refresh) };
    let kept = |signed: &SignedIn| {
        let (session, set) = sessions.open_oidc(signed, noon()).expect("small");
        sessions.tokens(&browse("", &set), &session).expect("tokens")
    };
    assert!(kept(&with(Vec::new(), 10)).notices.is_empty());
    let overage = kept(&with(vec![GroupNotice::Overage], 10));
    assert!(overage.notices.len() == 1 && overage.notices[0].contains("too many"), "{:?}", overage.notices);
    let many: Vec<_> = (0..100).map(|number| GroupNotice::UserInfo(format!("{number:0200}"))).collect();
    let notices = kept(&with(many.clone(), 10)).notices;
    assert!(notices.iter().map(String::len).sum::<usize>() < 700, "{notices:?}");
    assert_eq!(notices.last().map(String::as_str), Some("98 more like this"));
    let too_long = kept(&with(many, 10_000));
    assert!(too_long.refresh.is_none() && too_long.notices == notices);
}

#[test]
fn an_id_token_that_every_request_needs_is_kept_before_the_refresh_token_or_nobody_comes_in() {
    let sessions = sessions().keeping_id_tokens();
    for (id_token, refresh, kept) in [
        (500, 500, Some((true, true))),
        (3000, 2000, Some((true, true))),
        (3000, 5000, Some((true, false))),
        (7000, 1, None),
    ] {
        let opened = sessions.open_oidc(&signed("dana", 0, id_token, refresh), noon());
        let found = opened.as_ref().ok().and_then(|(session, set)| sessions.tokens(&browse("", set), session));
        let found = found.map(|tokens| (tokens.hint.is_some(), tokens.refresh.is_some()));
        assert_eq!(found, kept, "{id_token} {refresh}");
        assert_eq!(opened.err(), kept.is_none().then_some(NotKept::IdToken));
    }
}

#[test]
fn a_session_from_the_provider_that_is_dated_later_lasts_no_longer() {
    let dated = noon() + 1000 * MINUTE;
    let begins = crate::Beginning { now: noon(), dated };
    let (session, set) = sessions().open_oidc(&signed("dana", 2, 100, 100), begins).expect("small");
    assert_eq!(
        (session.started, session.ends, session.idle_ends),
        (dated, noon() + 600 * MINUTE, noon() + 30 * MINUTE)
    );
    assert!(set.iter().all(|cookie| cookie.ends_with("Max-Age=36000") || cookie.ends_with("Max-Age=0")), "{set:?}");
}
