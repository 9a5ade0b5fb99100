use axum::http::HeaderValue;
use proptest::prelude::*;

use super::*;

fn proxies(networks: &[&str]) -> Proxies {
    Proxies::new(networks.iter().map(|network| network.parse().expect("a network")).collect())
}

fn ip(text: &str) -> IpAddr {
    text.parse().expect("an address")
}

fn headers(name: &'static str, values: &[&str]) -> HeaderMap {
    let values = values.iter().map(|value| HeaderValue::from_bytes(value.as_bytes()).expect("a value"));
    values.map(|value| (name.parse().expect("a name"), value)).collect()
}

#[test]
fn the_nearest_address_that_is_no_proxy_of_ours_is_the_callers() {
    let proxies = proxies(&["10.0.0.0/8", "192.0.2.7", "fd00::/8"]);
    for (peer, forwarded, caller) in [
        ("203.0.113.9", &[][..], "203.0.113.9"),
        ("203.0.113.9", &["198.51.100.1"], "203.0.113.9"),
        ("10.1.2.3", &[], "10.1.2.3"),
        ("10.1.2.3", &["198.51.100.1"], "198.51.100.1"),
        // What stands left of the caller was sent by the caller.
        ("10.1.2.3", &["1.1.1.1, 198.51.100.1"], "198.51.100.1"),
        ("10.1.2.3", &["1.1.1.1", "198.51.100.1"], "198.51.100.1"),
        ("10.1.2.3", &["198.51.100.1, 192.0.2.7", "10.9.9.9"], "198.51.100.1"),
        ("10.1.2.3", &["10.4.4.4,10.5.5.5"], "10.4.4.4"),
        ("10.1.2.3", &["198.51.100.1:4711"], "198.51.100.1"),
        ("10.1.2.3", &["[2001:db8::1]:4711"], "2001:db8::1"),
        ("10.1.2.3", &["[2001:db8::1]"], "2001:db8::1"),
        ("10.1.2.3", &["::ffff:198.51.100.1"], "198.51.100.1"),
        ("::ffff:10.1.2.3", &["198.51.100.1"], "198.51.100.1"),
        ("fd00::1", &["198.51.100.1"], "198.51.100.1"),
        // Nobody knows who is behind what cannot be read.
        ("10.1.2.3", &["198.51.100.1, unknown"], "10.1.2.3"),
        ("10.1.2.3", &["198.51.100.1, ,10.4.4.4"], "10.4.4.4"),
        ("10.1.2.3", &["198.51.100.1, é"], "10.1.2.3"),
        ("10.1.2.3", &[""], "10.1.2.3"),
    ] {
        let found = proxies.caller(ip(peer), &headers(FORWARDED_FOR, forwarded)).address;
        assert_eq!(found, ip(caller), "{peer} {forwarded:?}");
    }
}

#[test]
fn where_no_proxy_is_named_nothing_is_believed() {
    let caller = Proxies::default().caller(ip("10.0.0.1"), &headers(FORWARDED_FOR, &["198.51.100.1"]));
    assert_eq!(caller, Caller { address: ip("10.0.0.1"), is_plain: false });
}

#[test]
fn only_a_proxy_of_ours_can_say_that_it_was_asked_by_plain_http() {
    let proxies = proxies(&["10.0.0.0/8"]);
    for (peer, said, is_plain) in [
        ("10.0.0.1", &["http"][..], true),
        ("10.0.0.1", &["HTTP"], true),
        ("10.0.0.1", &["https"], false),
        ("10.0.0.1", &["https, http"], false),
        ("10.0.0.1", &["http", "https"], false),
        ("10.0.0.1", &["wss"], false),
        ("10.0.0.1", &[], false),
        ("203.0.113.9", &["http"], false),
    ] {
        assert_eq!(proxies.caller(ip(peer), &headers(FORWARDED_PROTO, said)).is_plain, is_plain, "{peer} {said:?}");
    }
}

#[test]
fn a_network_is_an_address_or_a_prefix_and_never_everybody() {
    let network = |text: &str| text.parse::<ProxyNetwork>();
    assert_eq!(network("10.1.2.3/8"), network("10.0.0.0/8"));
    assert_eq!(network("192.0.2.7"), network("192.0.2.7/32"));
    assert_eq!(network(" fd00::1 "), network("fd00::1/128"));
    for (wrong, why) in [
        ("", "neither an address nor a network"),
        ("ingress", "“ingress” is neither an address nor a network such as 10.0.0.0/8"),
        ("10.0.0.0/33", "neither"),
        ("10.0.0/8", "neither"),
        ("0.0.0.0/0", "would believe everybody"),
        ("::/0", "would believe everybody"),
    ] {
        let error = network(wrong).expect_err(wrong);
        assert!(error.contains(why), "{wrong}: {error}");
    }
}

/// Few addresses, so that proxies and others meet often.
fn some_address() -> impl Strategy<Value = IpAddr> {
    (0..4_u8, prop_oneof![Just(10_u8), Just(198)]).prop_map(|(last, first)| IpAddr::from([first, 0, 0, last]))
}

proptest! {
    #[test]
    fn whatever_a_stranger_sends_the_address_is_that_of_the_connection(value in proptest::collection::vec(any::<u8>(), 0..60)) {
        let mut headers = HeaderMap::new();
        if let Ok(value) = HeaderValue::from_bytes(&value) {
            headers.insert(FORWARDED_FOR, value.clone());
            headers.insert(FORWARDED_PROTO, value);
        }
        let caller = proxies(&["10.0.0.0/8"]).caller(ip("203.0.113.9"), &headers);
        prop_assert_eq!(caller, Caller { address: ip("203.0.113.9"), is_plain: false });
    }

    #[test]
    fn whatever_comes_through_a_proxy_no_address_is_made_up(value in "[0-9a-f:.,\\[\\] é%]{0,60}") {
        let mut headers = HeaderMap::new();
        headers.insert(FORWARDED_FOR, HeaderValue::from_bytes(value.as_bytes()).expect("a value"));
        let found = proxies(&["10.0.0.0/8"]).caller(ip("10.0.0.1"), &headers).address;
        let written: Vec<_> = value.split(',').filter_map(|hop| address(hop.trim())).collect();
        prop_assert!(found == ip("10.0.0.1") || written.contains(&found), "{}", found);
    }

    #[test]
    fn a_caller_cannot_choose_an_address_by_what_they_send_themselves(
        sent in proptest::collection::vec(some_address(), 0..4),
        caller in some_address().prop_filter("no proxy", |address| *address >= ip("198.0.0.0")),
        passed in proptest::collection::vec(0..4_u8, 0..4),
        split in any::<bool>(),
    ) {
        let passed = passed.into_iter().map(|last| IpAddr::from([10, 0, 0, last]));
        let noted: Vec<_> = sent.into_iter().chain([caller]).chain(passed).map(|address| address.to_string()).collect();
        let values = if split { noted } else { vec![noted.join(", ")] };
        let values: Vec<_> = values.iter().map(String::as_str).collect();
        let found = proxies(&["10.0.0.0/8"]).caller(ip("10.0.0.1"), &headers(FORWARDED_FOR, &values));
        prop_assert_eq!(found.address, caller);
    }
}
