use base64::engine::general_purpose::STANDARD;
use proptest::prelude::*;

use super::*;
use crate::{KeyText, SessionId};

fn ring(bytes: &[u8]) -> KeyRing {
    let text: String = bytes.iter().map(|byte| STANDARD.encode([*byte; 32]) + "\n").collect();
    let start = tokio::time::Instant::now();
    let ring = KeyRing::from_texts(&[KeyText { name: "keys", text: &text }], start).expect("keys");
    ring.settle(start + KeyRing::SPREAD);
    ring
}

fn ledger() -> Ledger {
    let mut ledger = Ledger::default();
    let session = EndedSession { user: Mark::user("ann"), started: 10, ends: 100_000 };
    ledger.add(Entry::Session(Mark::session(SessionId([1; 16])), session));
    ledger.add(Entry::User(Mark::user("bob"), 20));
    ledger.add(Entry::All(5));
    ledger
}

#[test]
fn what_is_written_is_read_again_under_every_key_of_the_ring() {
    let text = write(&ledger(), &Parsed::default(), &ring(&[1]));
    for keys in [&[1][..], &[2, 1]] {
        assert_eq!(parse(&text, &ring(keys), 0).ledger, ledger());
    }
    assert_eq!(parse(&text, &ring(&[2]), 0).ledger, Ledger::default());
    assert_eq!(parse("", &ring(&[1]), 0).ledger, Ledger::default());
    let longest = text.lines().skip(1).map(str::len).max();
    assert!(longest.is_some_and(|longest| longest < LONGEST), "{longest:?}");
}

#[test]
fn lines_of_a_replica_with_a_newer_key_are_kept_as_they_are() {
    let theirs = write(&ledger(), &Parsed::default(), &ring(&[2, 1]));
    let read = parse(&theirs, &ring(&[1]), 0);
    let mut ours = Ledger::default();
    ours.add(Entry::User(Mark::user("dan"), 30));
    let together = write(&ours, &read, &ring(&[1]));
    let all = parse(&together, &ring(&[2, 1]), 0).ledger;
    assert!(ledger().is_within(&all) && ours.is_within(&all));
    let later = parse(&theirs, &ring(&[1]), 200_000);
    assert!(later.foreign.is_empty(), "not for ever");
    let many = theirs.lines().nth(1).expect("a line").to_owned() + "\n";
    assert_eq!(parse(&many.repeat(10_000), &ring(&[1]), 0).foreign.len(), FOREIGN);
}

#[test]
fn a_line_says_nothing_once_anything_in_it_is_changed() {
    let keys = ring(&[1]);
    let text = write(&ledger(), &Parsed::default(), &keys);
    for line in text.lines().skip(1) {
        for place in 0..line.len() {
            let mut bytes = line.as_bytes().to_vec();
            bytes[place] = if bytes[place] == b'1' { b'2' } else { b'1' };
            let changed = String::from_utf8(bytes).expect("ASCII");
            assert_eq!(parse(&changed, &keys, 0).ledger, Ledger::default(), "{changed}");
        }
    }
    assert!(
        keys.replace(&[KeyText { name: "keys", text: &STANDARD.encode([3; 32]) }], tokio::time::Instant::now()).is_ok()
    );
    assert_eq!(parse(&text, &keys, 0).ledger, Ledger::default(), "the key was taken away");
}

#[test]
fn what_an_older_key_authenticates_is_written_anew_and_what_a_newer_one_does_stays() {
    let old = write(&ledger(), &Parsed::default(), &ring(&[1]));
    let read = parse(&old, &ring(&[2, 1]), 0);
    assert!(read.older == ledger() && read.ledger == ledger());
    let anew = write(&read.ledger, &read, &ring(&[2, 1]));
    assert_eq!(parse(&anew, &ring(&[2]), 0).ledger, ledger());
    assert_eq!(parse(&anew, &ring(&[2, 1]), 0).older, Ledger::default());
    // A replica that just started seals by the oldest key.
    let text = [2, 1].map(|byte| STANDARD.encode([byte; 32])).join("\n");
    let starting = KeyRing::from_text(&text).expect("keys");
    let read = parse(&anew, &starting, 0);
    assert!(read.older == Ledger::default() && read.ledger == ledger());
    let mut more = read.ledger.clone();
    more.add(Entry::User(Mark::user("dan"), 30));
    let together = write(&more, &read, &starting);
    assert_eq!(parse(&together, &ring(&[2]), 0).ledger, ledger(), "as it was");
    assert_eq!(parse(&together, &ring(&[1]), 0).ledger.entries().count(), 1, "and what is new by the older");
}

proptest! {
    #[test]
    fn whatever_is_in_the_object_nothing_is_believed_that_was_not_written_by_us(
        text in prop_oneof![".{0,300}", "((session|user|all)( [A-Za-z0-9_-]{0,24}){0,6}\n){0,9}"],
    ) {
        prop_assert_eq!(parse(&text, &ring(&[1]), 0).ledger, Ledger::default());
    }
}
