use super::*;

fn line(byte: u8) -> String {
    STANDARD.encode([byte; 32])
}

fn lines(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| line(*byte) + "\n").collect()
}

fn texts(text: &str) -> [KeyText<'_>; 1] {
    [KeyText { name: "keys", text }]
}

fn of(byte: u8) -> Key {
    Key::derive_from(&[byte; 32])
}

#[test]
fn a_bad_key_file_is_refused_by_its_line_and_never_quoted() {
    let good = lines(&[7, 8]);
    assert!(KeyRing::from_text(&format!("\n{good}\n")).is_ok_and(|ring| ring.current().opens().count() == 2));
    let error = KeyRing::from_text(&format!("{}\nc2VjcmV0\n", line(7))).err().expect("a short key");
    assert_eq!(error.to_string(), "line 2 of the session key file is not base64 of at least 32 bytes");
    assert_eq!(KeyRing::from_text("\n").err(), Some(KeyRingError::Empty));
    let many: Vec<_> = (0..17).collect();
    assert_eq!(KeyRing::from_text(&lines(&many)).err(), Some(KeyRingError::TooMany));
    assert!(KeyRing::from_text(&lines(&many[..16])).is_ok());
}

#[test]
fn a_key_that_is_listed_twice_is_one_key() {
    let ring = KeyRing::from_text(&lines(&[1, 2, 1])).expect("keys");
    assert_eq!(ring.current().opens().count(), 2);
}

/// A ring whose keys have been known for long.
fn settled(bytes: &[u8]) -> (KeyRing, Instant) {
    let start = Instant::now();
    let ring = KeyRing::from_texts(&texts(&lines(bytes)), start).expect("keys");
    let now = start + KeyRing::SPREAD;
    ring.settle(now);
    (ring, now)
}

fn seals(ring: &KeyRing, byte: u8) -> bool {
    *ring.current().seals() == of(byte)
}

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn a_new_first_key_opens_at_once_and_seals_when_the_other_replicas_have_it() {
    let (ring, now) = settled(&[1]);
    assert_eq!(ring.replace(&texts(&lines(&[2, 1])), now), Ok(()));
    let keys = ring.current();
    assert!(seals(&ring, 1) && keys.opens().any(|key| *key == of(2)));
    assert!(keys.opens().next().is_some_and(|key| *key == of(1)), "what seals is tried first");
    assert_eq!(ring.seals_in(now + SECOND) + SECOND, KeyRing::SPREAD);
    assert!(!ring.settle(now + KeyRing::SPREAD - SECOND) && seals(&ring, 1));
    assert!(ring.settle(now + KeyRing::SPREAD) && seals(&ring, 2));
    assert!(!ring.settle(now + KeyRing::SPREAD), "it seals already");
    assert_eq!(ring.seals_in(now + KeyRing::SPREAD), Duration::ZERO);
    assert!(ring.current().opens().any(|key| *key == of(1)));
}

#[test]
fn changes_that_come_meanwhile_let_no_key_seal_that_others_may_not_have() {
    let (ring, now) = settled(&[1]);
    let change = |bytes: &[u8], after: u32| ring.replace(&texts(&lines(bytes)), now + after * SECOND).expect("keys");
    change(&[2, 1], 0);
    change(&[3, 2, 1], 100);
    assert!(seals(&ring, 1), "a second change within the time");
    change(&[2, 3, 1], 200);
    assert!(seals(&ring, 1), "a change of their order");
    ring.settle(now + 299 * SECOND);
    assert!(seals(&ring, 1));
    ring.settle(now + 300 * SECOND);
    assert!(seals(&ring, 2), "the one that was known first");
    change(&[3, 2, 1], 350);
    assert!(seals(&ring, 2));
    ring.settle(now + 400 * SECOND);
    assert!(seals(&ring, 3));
    change(&[2, 1], 410);
    change(&[3, 2, 1], 420);
    assert!(seals(&ring, 2), "whoever has taken away a key may not have it again");
}

#[test]
fn after_a_start_the_oldest_key_seals_until_whatever_came_just_before_is_everywhere() {
    let start = Instant::now();
    let ring = KeyRing::from_texts(&texts(&lines(&[3, 2, 1])), start).expect("keys");
    assert!(seals(&ring, 1));
    ring.replace(&texts(&lines(&[4, 3, 2, 1])), start + 200 * SECOND).expect("keys");
    assert!(seals(&ring, 1));
    ring.settle(start + KeyRing::SPREAD);
    assert!(seals(&ring, 3), "the first of those that were there at the start");
    ring.settle(start + 200 * SECOND + KeyRing::SPREAD);
    assert!(seals(&ring, 4));
    let alone = KeyRing::from_texts(&texts(&lines(&[1])), start).expect("a key");
    assert!(seals(&alone, 1));
}

#[test]
fn a_key_that_was_known_before_seals_as_soon_as_it_is_first() {
    let (ring, now) = settled(&[1, 2]);
    assert_eq!(ring.replace(&texts(&lines(&[2, 1])), now), Ok(()));
    assert!(seals(&ring, 2));
}

#[test]
fn where_the_key_that_seals_is_taken_away_the_one_known_longest_seals_at_once() {
    let (ring, now) = settled(&[1]);
    assert_eq!(ring.replace(&texts(&lines(&[2])), now), Ok(()));
    assert!(seals(&ring, 2) && ring.current().opens().count() == 1);
    ring.replace(&texts(&lines(&[3, 2])), now + SECOND).expect("keys");
    ring.replace(&texts(&lines(&[4, 3])), now + 2 * SECOND).expect("keys");
    assert!(seals(&ring, 3));
}

#[test]
fn keys_that_are_of_no_use_change_nothing() {
    let (ring, now) = settled(&[1]);
    let news = ring.news();
    for bad in ["", "c2VjcmV0", "not base64"] {
        assert!(ring.replace(&texts(bad), now).is_err());
        assert!(seals(&ring, 1));
    }
    assert!(news.has_changed().is_ok_and(|changed| !changed));
}
