use super::*;

const SECOND: Duration = Duration::from_secs(1);

fn address(number: u32) -> IpAddr {
    IpAddr::V4((0x0a00_0000 + number).into())
}

/// How many attempts in a row are let through.
fn let_through(throttle: &Throttle, from: IpAddr, name: &str, now: Instant) -> u32 {
    (0..1000).take_while(|_| throttle.attempt(from, name, now).is_ok()).map(|_| 1).sum()
}

#[test]
fn guessing_one_name_is_stopped_without_stopping_others() {
    let (throttle, now) = (Throttle::new(), Instant::now());
    assert_eq!(let_through(&throttle, address(1), "admin", now), 5);
    let wait = throttle.attempt(address(1), "admin", now).err().expect("stopped");
    assert_eq!(wait, 10 * SECOND);
    assert!(throttle.attempt(address(2), "admin", now).is_ok(), "the same name from elsewhere");
    assert!(throttle.attempt(address(1), "dana", now).is_ok(), "another name from there");
    assert!(throttle.attempt(address(1), "admin", now + wait).is_ok(), "after the wait");
    assert!(throttle.attempt(address(1), "admin", now + wait).is_err(), "once");
}

#[test]
fn the_wait_for_one_name_doubles_up_to_five_minutes_and_is_forgotten_after_a_while_without_failures() {
    let (throttle, mut now) = (Throttle::new(), Instant::now());
    assert_eq!(let_through(&throttle, address(1), "admin", now), 5);
    for seconds in [10, 20, 40, 80, 160, 300, 300, 300] {
        let wait = throttle.attempt(address(1), "admin", now).err().expect("stopped");
        assert_eq!(wait, seconds * SECOND);
        now += wait;
        assert!(throttle.attempt(address(1), "admin", now).is_ok(), "after {seconds} seconds");
        assert!(throttle.attempt(address(2), "admin", now).is_ok(), "from elsewhere");
    }
    now += 15 * 60 * SECOND;
    assert_eq!(let_through(&throttle, address(1), "admin", now), 5);
}

#[test]
fn the_right_password_ends_the_wait() {
    let (throttle, mut now) = (Throttle::new(), Instant::now());
    assert_eq!(let_through(&throttle, address(1), "admin", now), 5);
    now += 10 * SECOND;
    throttle.give_back(throttle.attempt(address(1), "admin", now).expect("after the wait"));
    assert_eq!(let_through(&throttle, address(1), "admin", now), 5);
}

#[test]
fn trying_ever_new_names_is_stopped_and_said_beforehand() {
    let (throttle, now) = (Throttle::new(), Instant::now());
    for tried in 0..20 {
        let allowance = throttle.allowance(address(1), now);
        assert_eq!(allowance, Allowance { limit: 20, remaining: 20 - tried, resets_in: 3 * SECOND * tried });
        assert!(throttle.attempt(address(1), &format!("name{tried}"), now).is_ok());
    }
    assert_eq!(throttle.attempt(address(1), "another", now).err(), Some(3 * SECOND));
    assert_eq!(throttle.allowance(address(1), now + 4 * SECOND).remaining, 1);
}

#[test]
fn the_right_password_is_never_counted() {
    let (throttle, now) = (Throttle::new(), Instant::now());
    for _ in 0..100 {
        throttle.give_back(throttle.attempt(address(1), "admin", now).expect("not counted"));
    }
    assert_eq!(let_through(&throttle, address(1), "admin", now), 5, "failures still are");
}

#[test]
fn a_siege_from_everywhere_leaves_each_network_one_attempt_and_locks_nobody_out() {
    let (throttle, now) = (Throttle::new(), Instant::now());
    for number in 0..12 {
        assert_eq!(let_through(&throttle, address(number), "admin", now), 5, "before the siege");
    }
    for number in 12..100 {
        assert_eq!(let_through(&throttle, address(number), "admin", now), 1, "during the siege");
    }
    assert_eq!(let_through(&throttle, address(100), "dana", now), 5, "another name");
    let later = now + 601 * SECOND;
    assert_eq!(let_through(&throttle, address(101), "admin", later), 5, "when it is over");
}

#[test]
fn an_ipv6_customer_is_one_address() {
    let (throttle, now) = (Throttle::new(), Instant::now());
    let [one, same, other] =
        ["2001:db8::1", "2001:db8::ffff:1", "2001:db8:0:1::1"].map(|text| text.parse().expect("an address"));
    assert_eq!(let_through(&throttle, one, "admin", now), 5);
    assert_eq!(let_through(&throttle, same, "admin", now), 0);
    assert_eq!(let_through(&throttle, other, "admin", now), 5);
    let [mapped, plain]: [IpAddr; 2] = ["::ffff:192.0.2.1", "192.0.2.1"].map(|text| text.parse().expect("an address"));
    assert_eq!(network(mapped), network(plain));
}

#[test]
fn a_flood_of_addresses_does_not_fill_the_memory_nor_free_who_guessed_most() {
    let limit = u32::try_from(Buckets::<IpAddr>::LIMIT).expect("small");
    let (throttle, now) = (Throttle::new(), Instant::now());
    assert_eq!(let_through(&throttle, address(0), "admin", now), 5);
    for number in 1..limit + 100 {
        assert!(throttle.attempt(address(number), &number.to_string(), now).is_ok());
    }
    assert!(throttle.attempt(address(0), "admin", now).is_err());
    let counts = throttle.counts.lock().expect("unpoisoned");
    assert!([counts.networks.len(), counts.names.len(), counts.sieges.len()].iter().all(|len| *len <= 10_000));
}

#[test]
fn attempts_that_nobody_could_judge_make_nobody_wait_but_use_up_what_the_network_has() {
    let (throttle, now) = (Throttle::new(), Instant::now());
    for _ in 0..4 {
        throttle.attempt(address(1), "admin", now).expect("let through");
    }
    for _ in 0..10 {
        throttle.excuse(throttle.attempt(address(1), "admin", now).expect("let through"));
    }
    assert_eq!(let_through(&throttle, address(1), "admin", now), 1, "what failed before still counts");
    assert_eq!(throttle.allowance(address(1), now).remaining, 5);
}

#[test]
fn after_an_attempt_that_nobody_could_judge_nobody_waits_longer_than_they_had_to() {
    let (throttle, mut now) = (Throttle::new(), Instant::now());
    assert_eq!(let_through(&throttle, address(1), "admin", now), 5);
    now += 10 * SECOND;
    let attempt = throttle.attempt(address(1), "admin", now).expect("after the wait");
    throttle.excuse(attempt);
    let attempt = throttle.attempt(address(1), "admin", now).expect("at once");
    now += 20 * SECOND;
    throttle.attempt(address(1), "admin", now).expect("after the wait");
    throttle.excuse(attempt);
    assert_eq!(throttle.attempt(address(1), "admin", now).err(), Some(20 * SECOND), "what failed since still counts");
}

#[test]
fn what_was_not_counted_for_a_siege_does_not_lift_it() {
    let (throttle, now) = (Throttle::new(), Instant::now());
    for network in 0..60 {
        throttle.attempt(address(network), "admin", now).expect("let through");
    }
    for network in 100..140 {
        throttle.excuse(throttle.attempt(address(network), "admin", now).expect("the first from there"));
    }
    assert_eq!(let_through(&throttle, address(200), "admin", now), 1, "the siege goes on");
}
