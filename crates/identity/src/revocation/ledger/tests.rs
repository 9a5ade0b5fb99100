use std::time::{Duration, UNIX_EPOCH};

use fanlight_model::UserName;
use proptest::prelude::*;

use super::*;

struct Session {
    id: SessionId,
    user: Name,
    started: u64,
}

fn session(number: u8, user: &str, started: u64) -> Session {
    Session { id: SessionId([number; 16]), user: UserName::new(user).expect("a name").name().clone(), started }
}

fn ended(session: &Session) -> Entry {
    let (user, started) = (Mark::user(session.user.as_str()), session.started);
    Entry::Session(Mark::session(session.id), EndedSession { user, started, ends: started + 1000 })
}

fn covers(ledger: &Ledger, session: &Session) -> bool {
    ledger.covers(session.id, &session.user, UNIX_EPOCH + Duration::from_secs(session.started))
}

#[test]
fn what_is_ended_is_the_session_or_all_of_its_user_or_everything() {
    let (one, other, later) = (session(1, "ann", 10), session(2, "ann", 10), session(3, "ann", 11));
    let bob = session(4, "bob", 10);
    let covered = |ledger: &Ledger| [&one, &other, &later, &bob].map(|session| covers(ledger, session));
    let mut ledger = Ledger::default();
    assert_eq!(covered(&ledger), [false; 4]);
    ledger.add(ended(&one));
    assert_eq!(covered(&ledger), [true, false, false, false]);
    ledger.add(Entry::User(Mark::user("ann"), 10));
    assert_eq!(covered(&ledger), [true, true, false, false]);
    ledger.add(Entry::All(11));
    assert_eq!(covered(&ledger), [true; 4]);
}

#[test]
fn what_would_be_over_by_itself_is_forgotten() {
    let mut ledger = Ledger::default();
    ledger.add(ended(&session(1, "ann", 10)));
    ledger.add(Entry::User(Mark::user("bob"), 10));
    ledger.tidy(1009);
    assert_eq!(ledger.entries().count(), 2);
    ledger.tidy(1010);
    assert_eq!(ledger.entries().collect::<Vec<_>>(), [Entry::User(Mark::user("bob"), 10)]);
    ledger.tidy(10 + Ledger::KEPT);
    assert_eq!(ledger, Ledger::default());
}

#[test]
fn who_ends_very_many_sessions_loses_older_ones_and_nobody_elses() {
    let mut ledger = Ledger::default();
    for number in 0..=u8::try_from(Ledger::MOST_OF_ONE).expect("small") {
        ledger.add(ended(&session(number, "script", 100 + u64::from(number))));
    }
    let (young, old, bob) = (session(200, "script", 300), session(201, "script", 99), session(202, "bob", 99));
    ledger.tidy(0);
    assert!(ledger.entries().count() <= Ledger::MOST_OF_ONE);
    assert!(!covers(&ledger, &young) && covers(&ledger, &old) && !covers(&ledger, &bob));
    for number in 0..=100 {
        assert!(covers(&ledger, &session(number, "script", 100 + u64::from(number))), "{number}");
    }
}

#[test]
fn very_many_users_become_one_moment_and_all_that_was_ended_stays_ended() {
    let mut ledger = Ledger::default();
    let users: Vec<_> = (0..=Ledger::MOST as u64).map(|number| (format!("user-{number}"), 1000 + number)).collect();
    for (user, before) in &users {
        ledger.add(Entry::User(Mark::user(user), *before));
    }
    ledger.tidy(0);
    assert!(ledger.entries().count() <= Ledger::MOST);
    assert!(users.iter().all(|(user, before)| covers(&ledger, &session(1, user, *before))));
    assert!(!covers(&ledger, &session(1, "new", 1000 + Ledger::MOST as u64)));
}

fn entries() -> impl Strategy<Value = Vec<Entry>> {
    let entry = (0..3_u8, any::<u8>()).prop_map(|(what, number)| {
        let (user, moment) = (format!("user-{}", number % 4), u64::from(number % 50) + 1);
        match what {
            0 => ended(&session(number, &user, moment)),
            1 => Entry::User(Mark::user(&user), moment / 4),
            _ => Entry::All(moment / 8),
        }
    });
    prop::collection::vec(entry, 0..40)
}

proptest! {
    #[test]
    fn two_that_are_joined_say_what_either_said_in_whichever_order(one in entries(), two in entries()) {
        let [one, two] = [one, two].map(|entries| {
            let mut ledger = Ledger::default();
            entries.into_iter().for_each(|entry| ledger.add(entry));
            ledger.tidy(0);
            ledger
        });
        let joined = |first: &Ledger, second: &Ledger| {
            let mut first = first.clone();
            first.join(second);
            first.tidy(0);
            first
        };
        let all = joined(&one, &two);
        prop_assert_eq!(&all, &joined(&two, &one));
        prop_assert_eq!(&all, &joined(&all, &one));
        prop_assert!(one.is_within(&all) && two.is_within(&all));
        prop_assert_eq!(all.is_within(&one), all == one);
    }
}
