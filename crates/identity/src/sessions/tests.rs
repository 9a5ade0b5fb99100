use base64::{Engine, engine::general_purpose::STANDARD};
use proptest::prelude::*;

use super::*;

mod hostile;

const MINUTE: Duration = Duration::from_mins(1);

fn sessions(keys: KeyRing, base: &str) -> Sessions {
    let limits = SessionLimits { emergency: 60 * MINUTE, idle: 30 * MINUTE };
    Sessions::new(Arc::new(keys), limits, &CookieRules { secure: true, base: base.to_owned() })
}

fn dana() -> Identity {
    Identity::new(UserName::new("dana").expect("a name"), ["dev"]).expect("a group")
}

fn noon() -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(1_000_000)
}

fn open(sessions: &Sessions) -> Vec<String> {
    sessions.open(dana(), Method::Emergency, None, noon()).1
}

/// What a browser would send back.
fn header(cookies: &[String]) -> String {
    cookies.iter().filter_map(|cookie| cookie.split(';').next()).collect::<Vec<_>>().join("; ")
}

#[test]
fn a_session_comes_back_as_it_was_sealed_until_it_ends() {
    let sessions = sessions(KeyRing::random(), "");
    let (opened, cookies) = sessions.open(dana(), Method::Emergency, None, noon());
    let header = header(&cookies);
    let read = sessions.read(&header, noon()).expect("a session");
    assert_eq!((read.id, read.identity, read.started, read.ends), (opened.id, dana(), noon(), noon() + 60 * MINUTE));
    assert_eq!(sessions.read(&header, noon() + 30 * MINUTE).err(), Some(NoSession::Idle));
    assert_eq!(sessions.read(&header, noon() + 60 * MINUTE).err(), Some(NoSession::Ended));
    assert_eq!(sessions.read("", noon()).err(), Some(NoSession::Absent));
}

#[test]
fn opening_pages_keeps_a_session_alive_but_never_past_its_end() {
    let sessions = sessions(KeyRing::random(), "");
    let mut cookies = open(&sessions);
    let session = sessions.read(&header(&cookies), noon()).expect("a session");
    assert!(sessions.touch(&header(&cookies), &session, noon() + MINUTE / 2).is_none(), "the mark is fresh");
    for minutes in [20, 40, 59] {
        let later = noon() + minutes * MINUTE;
        let before = header(&cookies);
        sessions.read(&before, later).expect("not idle");
        cookies[1] = sessions.touch(&before, &session, later).expect("a new mark");
    }
    assert_eq!(sessions.read(&header(&cookies), noon() + 60 * MINUTE).err(), Some(NoSession::Ended));
}

#[test]
fn cookies_are_bound_to_the_host_where_it_speaks_https() {
    let one = |cookies: Vec<String>| cookies.into_iter().next().expect("the identity");
    let https = one(open(&sessions(KeyRing::random(), "")));
    assert!(https.starts_with("__Host-fanlight-e3b0c442="), "{https}");
    assert!(https.ends_with("; HttpOnly; SameSite=Lax; Secure; Path=/; Max-Age=3600"), "{https}");
    let limits = SessionLimits { emergency: Duration::MAX, idle: MINUTE };
    let rules = CookieRules { secure: false, base: String::new() };
    let http = one(open(&Sessions::new(Arc::new(KeyRing::random()), limits, &rules)));
    assert!(http.starts_with("fanlight-e3b0c442="), "{http}");
    assert!(http.ends_with("; HttpOnly; SameSite=Lax; Path=/; Max-Age=34560000"), "{http}");
    let closed = sessions(KeyRing::random(), "").close();
    assert!(closed.iter().all(|cookie| cookie.contains("=; ") && cookie.ends_with("Max-Age=0")), "{closed:?}");
}

#[test]
fn what_was_not_sealed_here_does_not_open() {
    let ours = sessions(KeyRing::random(), "");
    let cookies = open(&ours);
    let header = header(&cookies);
    assert_eq!(sessions(KeyRing::random(), "").read(&header, noon()).err(), Some(NoSession::Broken));
    for (place, old) in header.bytes().enumerate().skip(header.find('=').expect("a value") + 1) {
        let mut bytes = header.clone().into_bytes();
        bytes[place] = if old == b'A' { b'B' } else { b'A' };
        let tampered = String::from_utf8(bytes).expect("ASCII");
        assert!(ours.read(&tampered, noon()).is_err(), "at {place}");
    }
    let long = format!("{}={}", ours.identity, "A".repeat(5000));
    assert_eq!(ours.read(&long, noon()).err(), Some(NoSession::Broken));
}

#[test]
fn one_cookie_cannot_stand_in_for_another() {
    let keys = || KeyRing::from_text(&STANDARD.encode([1; 32])).expect("a key");
    let [ours, other] = ["", "/other"].map(|base| sessions(keys(), base));
    let [one, two] = [open(&ours), open(&ours)];
    let elsewhere = header(&open(&other));
    assert_eq!(ours.read(&elsewhere, noon()).err(), Some(NoSession::Absent), "another route prefix");
    let renamed = elsewhere.replace(&other.identity, &ours.identity);
    assert_eq!(ours.read(&renamed, noon()).err(), Some(NoSession::Broken), "renamed");
    let mixed = header(&[one[0].clone(), two[1].clone()]);
    assert_eq!(ours.read(&mixed, noon()).err(), Some(NoSession::Broken), "the idle mark of another session");
    let alone = header(&one[..1]);
    assert_eq!(ours.read(&alone, noon()).err(), Some(NoSession::Absent), "no idle mark");
}

#[test]
fn a_key_that_was_rotated_out_of_first_place_still_opens() {
    let [old, new] = [STANDARD.encode([1; 32]), STANDARD.encode([2; 32])];
    let before = sessions(KeyRing::from_text(&old).expect("a key"), "");
    let cookies = header(&open(&before));
    let after = sessions(KeyRing::from_text(&format!("{new}\n{old}")).expect("two keys"), "");
    assert!(after.read(&cookies, noon()).is_ok());
    assert!(before.read(&header(&open(&after)), noon()).is_ok(), "other replicas may not have the new one yet");
    let start = tokio::time::Instant::now();
    let text = format!("{new}\n{old}");
    let keys = KeyRing::from_texts(&[crate::KeyText { name: "keys", text: &text }], start).expect("two keys");
    assert!(keys.settle(start + KeyRing::SPREAD));
    let later = sessions(keys, "");
    assert!(later.read(&cookies, noon()).is_ok());
    assert!(before.read(&header(&open(&later)), noon()).is_err(), "the new one seals");
}

proptest! {
    #[test]
    fn whatever_a_browser_sends_is_refused_quietly(value in ".{0,200}", rest in ".{0,50}") {
        let sessions = sessions(KeyRing::random(), "");
        let header = format!("{}={value}; {}={value}; {rest}", sessions.identity, sessions.idle);
        prop_assert!(sessions.read(&header, noon()).is_err());
    }
}

#[test]
fn a_session_that_is_dated_later_lasts_no_longer() {
    let sessions = sessions(KeyRing::random(), "");
    let dated = noon() + 1000 * MINUTE;
    let (session, cookies) = sessions.open(dana(), Method::Emergency, None, Beginning { now: noon(), dated });
    assert_eq!((session.started, session.ends, session.idle_ends), (dated, noon() + 60 * MINUTE, noon() + 30 * MINUTE));
    assert!(cookies.iter().all(|cookie| cookie.ends_with("Max-Age=3600")), "{cookies:?}");
    let header = header(&cookies);
    assert!(sessions.read(&header, noon()).is_ok_and(|session| session.started == dated));
    assert_eq!(sessions.read(&header, noon() + 30 * MINUTE).err(), Some(NoSession::Idle));
    assert_eq!(sessions.read(&header, noon() + 60 * MINUTE).err(), Some(NoSession::Ended));
}

#[test]
fn whoever_else_makes_a_request_leaves_the_mark_in_the_browser_as_it_is() {
    let sessions = sessions(KeyRing::random(), "");
    let (cookies, other) = (open(&sessions), sessions.open(dana(), Method::Emergency, None, noon()).0);
    assert!(sessions.touch(&header(&cookies), &other, noon() + 20 * MINUTE).is_none());
}
