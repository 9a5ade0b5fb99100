use std::time::UNIX_EPOCH;

use proptest::prelude::*;

use super::*;

fn flows() -> PendingFlows {
    PendingFlows::new(Arc::new(KeyRing::random()), &CookieRules { secure: true, base: String::new() })
}

fn at(seconds: u64) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(1_000_000 + seconds)
}

/// A browser's cookies after some `Set-Cookie` headers.
fn browse(before: &str, set: &[String]) -> String {
    let mut cookies: Vec<(String, String)> = Cookies::names(before, "")
        .into_iter()
        .map(|name| (name.to_owned(), before.split(&format!("{name}=")).nth(1).expect("a value").to_owned()))
        .map(|(name, rest)| (name, rest.split(';').next().unwrap_or_default().to_owned()))
        .collect();
    for header in set {
        let (name, value) = header.split(';').next().and_then(|pair| pair.split_once('=')).expect("a cookie");
        cookies.retain(|(kept, _)| kept != name);
        if !header.contains("Max-Age=0") {
            cookies.push((name.to_owned(), value.to_owned()));
        }
    }
    cookies.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("; ")
}

fn begin(flows: &PendingFlows, header: &str, page: &str, now: SystemTime) -> (Pending, String) {
    let (pending, set) = flows.begin(header, page.to_owned(), false, &mut rand::rng(), now);
    assert!(set.iter().all(|cookie| cookie.contains("HttpOnly; SameSite=Lax; Secure; Path=/")), "{set:?}");
    (pending, browse(header, &set))
}

#[test]
fn two_tabs_sign_in_at_once_and_each_state_is_good_once_and_for_a_while() {
    let flows = flows();
    let (one, header) = begin(&flows, "other=1", "/one", at(0));
    let (two, header) = begin(&flows, &header, "/two", at(1));
    assert_eq!(flows.find(&header, &one.state, at(2)).expect("pending").page, "/one");
    assert_eq!(flows.find(&header, &two.state, at(2)).expect("pending").nonce, two.nonce);
    assert_eq!(flows.find(&header, &one.state, at(15 * 60)).err(), Some(NotPending::Expired));
    let after = browse(&header, &[flows.forget(&one)]);
    assert_eq!(flows.find(&after, &one.state, at(2)).err(), Some(NotPending::Unknown));
    assert!(flows.find(&after, &two.state, at(2)).is_ok());
    assert_ne!((one.state, one.nonce, one.verifier), (two.state, two.nonce, two.verifier));
}

#[test]
fn the_ninth_tab_costs_the_oldest_its_sign_in() {
    let flows = flows();
    let (mut header, mut begun) = (String::new(), Vec::new());
    for number in 0..9 {
        let (pending, after) = begin(&flows, &header, "/", at(number));
        header = after;
        begun.push(pending);
    }
    let live = begun.iter().map(|pending| flows.find(&header, &pending.state, at(9)).is_ok()).collect::<Vec<_>>();
    assert_eq!(live, [false, true, true, true, true, true, true, true, true]);
    let (_, later) = begin(&flows, &header, "/", at(3600));
    assert_eq!(Cookies::names(&later, &flows.stem).len(), 1, "what is over is swept");
}

#[test]
fn long_pages_never_make_the_cookies_longer_than_proxies_let_through() {
    let flows = flows();
    let mut header = String::new();
    for number in 0..9 {
        let (pending, after) = begin(&flows, &header, &format!("/{}", "x".repeat(2047)), at(number));
        header = after;
        assert!(flows.find(&header, &pending.state, at(number)).is_ok());
        assert!(header.len() < 7000, "{}", header.len());
    }
}

#[test]
fn what_another_browser_or_server_began_is_unknown() {
    let ours = flows();
    let (pending, header) = begin(&ours, "", "/", at(0));
    assert_eq!(flows().find(&header, &pending.state, at(0)).err(), Some(NotPending::Unknown));
    assert_eq!(ours.find("", &pending.state, at(0)).err(), Some(NotPending::Unknown));
    let alike = format!("{}{}", &pending.state[..12], "A".repeat(31));
    assert_eq!(ours.find(&header, &alike, at(0)).err(), Some(NotPending::Unknown));
    let (other, _) = begin(&ours, "", "/", at(0));
    let renamed = header.replace(&ours.name(&pending.state), &ours.name(&other.state));
    assert_eq!(ours.find(&renamed, &other.state, at(0)).err(), Some(NotPending::Unknown), "bound to its name");
}

proptest! {
    #[test]
    fn whatever_comes_back_is_refused_quietly(state in ".{0,60}", value in ".{0,100}", tail in ".{0,40}") {
        let flows = flows();
        let header = format!("{}={value}; {}x={value}; {tail}", flows.name(&state), flows.stem);
        prop_assert!(flows.find(&header, &state, at(0)).is_err());
        let (pending, set) = flows.begin(&header, "/".to_owned(), true, &mut rand::rng(), at(0));
        let after = set.last().and_then(|cookie| cookie.split(';').next()).unwrap_or_default().to_owned();
        prop_assert!(flows.find(&after, &pending.state, at(0)).is_ok());
    }
}
