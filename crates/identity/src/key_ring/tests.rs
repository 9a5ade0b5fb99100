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

#[test]
fn a_new_first_key_opens_at_once_and_seals_when_the_other_replicas_have_it() {
    let ring = KeyRing::from_text(&lines(&[1])).expect("a key");
    assert_eq!(ring.replace(&texts(&lines(&[2, 1]))), Ok(KeysTaken::Opening));
    let keys = ring.current();
    assert!(*keys.seals() == of(1) && keys.opens().any(|key| *key == of(2)));
    assert!(keys.opens().next().is_some_and(|key| *key == of(1)), "what seals is tried first");
    ring.promote();
    let keys = ring.current();
    assert!(*keys.seals() == of(2) && keys.opens().any(|key| *key == of(1)));
}

#[test]
fn a_key_that_was_known_before_seals_as_soon_as_it_is_first() {
    let ring = KeyRing::from_text(&lines(&[1, 2])).expect("keys");
    assert_eq!(ring.replace(&texts(&lines(&[2, 1]))), Ok(KeysTaken::Sealing));
    assert!(*ring.current().seals() == of(2));
}

#[test]
fn where_the_key_that_seals_is_taken_away_the_new_one_seals_at_once() {
    let ring = KeyRing::from_text(&lines(&[1])).expect("a key");
    assert_eq!(ring.replace(&texts(&lines(&[2]))), Ok(KeysTaken::Sealing));
    let keys = ring.current();
    assert!(*keys.seals() == of(2) && keys.opens().count() == 1);
}

#[test]
fn keys_that_are_of_no_use_change_nothing() {
    let ring = KeyRing::from_text(&lines(&[1])).expect("a key");
    for bad in ["", "c2VjcmV0", "not base64"] {
        assert!(ring.replace(&texts(bad)).is_err());
        assert!(*ring.current().seals() == of(1));
    }
}
