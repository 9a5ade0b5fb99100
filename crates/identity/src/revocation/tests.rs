use std::sync::Mutex as Lock;

use base64::{Engine, engine::general_purpose::STANDARD};
use fanlight_model::{Identity, UserName};
use futures_util::FutureExt;

use super::*;
use crate::{CookieRules, Method, SessionLimits, Sessions};

/// An object of a namespace, as the API server keeps it.
#[derive(Default)]
struct Shelf {
    object: Lock<Option<StoredRecord>>,
    writes: Lock<usize>,
    changes: watch::Sender<u64>,
    /// What the API server says in place of an answer.
    trouble: Lock<Trouble>,
}

#[derive(Clone, Copy, PartialEq, Eq, Default)]
enum Trouble {
    #[default]
    None,
    ReadOnly,
    Forbidden,
    Silence,
    Away,
}

impl Shelf {
    fn put(&self, object: Option<StoredRecord>) {
        *self.object.lock().expect("unpoisoned") = object;
        self.changes.send_modify(|count| *count += 1);
    }

    fn create(&self, uid: &str) {
        self.put(Some(StoredRecord { uid: uid.to_owned(), version: "1".to_owned(), text: String::new() }));
    }

    fn object(&self) -> Option<StoredRecord> {
        self.object.lock().expect("unpoisoned").clone()
    }

    fn text(&self) -> String {
        self.object().expect("an object").text
    }

    fn trouble(&self, trouble: Trouble) {
        *self.trouble.lock().expect("unpoisoned") = trouble;
        self.changes.send_modify(|count| *count += 1);
    }

    fn answer<T: Send + 'static>(&self, answer: T, refused: &[Trouble]) -> BoxFuture<'static, Result<T, SourceError>> {
        let trouble = *self.trouble.lock().expect("unpoisoned");
        if trouble == Trouble::Silence {
            // Whoever asks an API server gives up at some moment.
            let giving_up = sleep(Duration::from_secs(30));
            return giving_up.map(|()| Err(SourceError::Unanswered("no answer".to_owned()))).boxed();
        }
        if trouble == Trouble::Away {
            return async { Err(SourceError::Unanswered("no connection".to_owned())) }.boxed();
        }
        let refused = refused.contains(&trouble);
        async move { if refused { Err(SourceError::Refused("configmaps is forbidden".to_owned())) } else { Ok(answer) } }.boxed()
    }
}

impl RecordSource for Shelf {
    fn read(&self) -> BoxFuture<'static, Result<Option<StoredRecord>, SourceError>> {
        self.answer(self.object(), &[Trouble::Forbidden])
    }

    fn write(&self, record: StoredRecord) -> BoxFuture<'static, Result<bool, SourceError>> {
        const REFUSED: [Trouble; 2] = [Trouble::Forbidden, Trouble::ReadOnly];
        let trouble = *self.trouble.lock().expect("unpoisoned");
        let Some(current) = self.object() else { return self.answer(false, &[]) };
        let fits = (&current.uid, &current.version) == (&record.uid, &record.version);
        if fits && trouble == Trouble::None {
            *self.writes.lock().expect("unpoisoned") += 1;
            let version = (current.version.parse::<u64>().expect("a number") + 1).to_string();
            self.put(Some(StoredRecord { version, ..record }));
        }
        self.answer(fits, &REFUSED)
    }

    fn changed(&self, since: &StoredRecord) -> BoxFuture<'static, Result<(), SourceError>> {
        let mut changes = self.changes.subscribe();
        if self.object().as_ref() != Some(since) {
            changes.mark_changed();
        }
        async move {
            let _ = changes.changed().await;
            Ok(())
        }
        .boxed()
    }
}

fn noon() -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(1_000_000)
}

fn keys(byte: u8) -> Arc<KeyRing> {
    Arc::new(KeyRing::from_text(&STANDARD.encode([byte; 32])).expect("a key"))
}

/// A replica that follows the record.
fn replica(shelf: &Arc<Shelf>) -> Revocations {
    replica_with(shelf, keys(1))
}

fn replica_with(shelf: &Arc<Shelf>, keys: Arc<KeyRing>) -> Revocations {
    let revocations = Revocations::new(Some(Arc::clone(shelf) as _), keys, noon);
    let following = revocations.clone();
    tokio::spawn(async move { following.run().await });
    revocations
}

fn name(user: &str) -> Name {
    UserName::new(user).expect("a name").name().clone()
}

fn session(user: &str, begins: impl Into<Beginning>) -> Session {
    let limits = SessionLimits { emergency: Duration::from_secs(3600), idle: Duration::from_secs(3600) };
    let sessions = Sessions::new(keys(1), limits, &CookieRules { secure: true, base: String::new() });
    sessions.open(Identity::of(UserName::new(user).expect("a name")), Method::Emergency, None, begins).0
}

/// Waits until a replica knows of the end of a session.
async fn knows(replica: &Revocations, session: &Session) {
    let mut news = replica.news();
    while !replica.is_ended(session) {
        timeout(Duration::from_secs(60), news.changed()).await.expect("in time").expect("a replica");
    }
}

async fn reaches(replica: &Revocations, reach: &Reach) {
    let mut reached = replica.0.reach.subscribe();
    let wanted = |found: &Reach| std::mem::discriminant(found) == std::mem::discriminant(reach);
    timeout(Duration::from_secs(60), reached.wait_for(wanted)).await.expect("in time").expect("a replica");
}

#[tokio::test(start_paused = true)]
async fn what_one_replica_ends_is_ended_in_all_and_after_a_restart_too() {
    let shelf = Arc::new(Shelf::default());
    shelf.create("1");
    let [one, two] = [replica(&shelf), replica(&shelf)];
    let (mine, other) = (session("ann", noon()), session("ann", noon()));
    assert_eq!(one.end(&Ending::of(&mine)).await, Reach::Everywhere);
    assert!(one.is_ended(&mine));
    knows(&two, &mine).await;
    assert!(!one.is_ended(&other) && !two.is_ended(&other));
    let everything = Ending::User { user: name("ann"), before: noon() };
    assert_eq!(two.end(&everything).await, Reach::Everywhere);
    let restarted = replica(&shelf);
    knows(&restarted, &other).await;
    assert!(!restarted.is_ended(&session("bob", noon())));
    assert!(!shelf.text().contains("ann"), "{}", shelf.text());
}

#[tokio::test(start_paused = true)]
async fn who_signs_in_again_in_the_same_second_is_signed_in() {
    let shelf = Arc::new(Shelf::default());
    shelf.create("1");
    let replica = replica(&shelf);
    let before = noon() + Duration::from_secs(5);
    replica.end(&Ending::User { user: name("ann"), before }).await;
    assert!(replica.is_ended(&session("ann", noon())));
    let began = replica.beginning(&name("ann"), noon());
    assert!(!replica.is_ended(&session("ann", began)), "although the clock of who ended it was ahead");
    assert_eq!(replica.beginning(&name("bob"), noon()), noon().into());
}

#[tokio::test(start_paused = true)]
async fn what_began_in_the_very_second_in_which_everything_is_ended_again_is_ended_too() {
    let shelf = Arc::new(Shelf::default());
    shelf.create("1");
    let replica = replica(&shelf);
    reaches(&replica, &Reach::Everywhere).await;
    let everything = Ending::User { user: name("ann"), before: noon() };
    for _ in 0..3 {
        let began = session("ann", replica.beginning(&name("ann"), noon()));
        assert!(!replica.is_ended(&began));
        replica.end(&everything).await;
        assert!(replica.is_ended(&began));
    }
    let began = session("ann", replica.beginning(&name("ann"), noon()));
    shelf.create("2");
    knows(&replica, &began).await;
}

#[tokio::test(start_paused = true)]
async fn lines_that_somebody_takes_out_come_back_and_lines_of_others_count_for_nothing() {
    let shelf = Arc::new(Shelf::default());
    shelf.create("1");
    let replica = replica(&shelf);
    let mine = session("ann", noon());
    replica.end(&Ending::of(&mine)).await;
    let (text, forged) = (shelf.text(), "all 99999999999 AAAAAAAAAAAAAAAAAAAAAA\n");
    shelf.put(Some(StoredRecord { text: forged.to_owned(), ..shelf.object().expect("an object") }));
    timeout(Duration::from_secs(60), async {
        while !shelf.text().contains(text.lines().nth(1).expect("a line")) {
            sleep(Duration::from_millis(100)).await;
        }
    })
    .await
    .expect("the line is written again");
    assert!(replica.is_ended(&mine) && !replica.is_ended(&session("bob", noon())));
}

#[tokio::test(start_paused = true)]
async fn when_the_object_vanishes_everybody_signs_in_again_and_that_is_written_into_the_next_one() {
    for is_seen in [true, false] {
        let shelf = Arc::new(Shelf::default());
        shelf.create("1");
        let one = replica(&shelf);
        reaches(&one, &Reach::Everywhere).await;
        let bob = session("bob", noon());
        assert!(!one.is_ended(&bob));
        if is_seen {
            shelf.put(None);
            reaches(&one, &Reach::HereOnly(String::new())).await;
        }
        shelf.create("2");
        knows(&one, &bob).await;
        let began = one.beginning(&name("bob"), noon());
        assert!(!one.is_ended(&session("bob", began)));
        reaches(&one, &Reach::Everywhere).await;
        knows(&replica(&shelf), &bob).await;
    }
}

#[tokio::test(start_paused = true)]
async fn without_the_object_or_the_right_to_it_sessions_end_here_and_it_is_said_why() {
    for (trouble, why) in [
        (Trouble::None, "is not there"),
        (Trouble::ReadOnly, "forbidden"),
        (Trouble::Forbidden, "forbidden"),
        (Trouble::Silence, "does not answer"),
    ] {
        let shelf = Arc::new(Shelf::default());
        shelf.trouble(trouble);
        if trouble != Trouble::None {
            shelf.create("1");
        }
        let [one, two] = [replica(&shelf), replica(&shelf)];
        let mine = session("ann", noon());
        let Reach::HereOnly(said) = one.end(&Ending::of(&mine)).await else { panic!("everywhere") };
        assert!(said.contains(why), "{said}");
        assert!(one.is_ended(&mine) && !two.is_ended(&mine));
        sleep(Duration::from_secs(20)).await;
        assert!(matches!(one.reach(), Reach::HereOnly(_)), "as long as it is so");
        // The right is given, or the object made, while they run.
        if trouble == Trouble::None {
            shelf.create("1");
        }
        shelf.trouble(Trouble::None);
        reaches(&one, &Reach::Everywhere).await;
        knows(&two, &mine).await;
    }
    let alone = Revocations::new(None, keys(1), noon);
    alone.run().await;
    let mine = session("ann", noon());
    assert!(matches!(alone.end(&Ending::of(&mine)).await, Reach::HereOnly(_)) && alone.is_ended(&mine));
}

#[tokio::test(start_paused = true)]
async fn many_replicas_that_write_at_once_lose_nothing_and_come_to_rest() {
    let shelf = Arc::new(Shelf::default());
    shelf.create("1");
    let replicas: Vec<_> = (0..5).map(|_| replica(&shelf)).collect();
    let ended: Vec<_> = replicas.iter().map(|_| session("ann", noon())).collect();
    let endings: Vec<_> = ended.iter().map(Ending::of).collect();
    futures_util::future::join_all(replicas.iter().zip(&endings).map(|(replica, ending)| replica.end(ending))).await;
    for replica in &replicas {
        for session in &ended {
            knows(replica, session).await;
        }
    }
    sleep(Duration::from_secs(60)).await;
    let writes = *shelf.writes.lock().expect("unpoisoned");
    sleep(Duration::from_secs(600)).await;
    assert_eq!(*shelf.writes.lock().expect("unpoisoned"), writes);
}

#[tokio::test(start_paused = true)]
async fn a_replica_that_could_not_read_the_record_says_so_and_knows_it_soon_after_it_can() {
    let shelf = Arc::new(Shelf::default());
    shelf.create("1");
    let mine = session("ann", noon());
    replica(&shelf).end(&Ending::of(&mine)).await;
    shelf.trouble(Trouble::Away);
    let starting = replica(&shelf);
    starting.read_once().await;
    sleep(Duration::from_secs(20)).await;
    assert!(!starting.is_known() && !starting.is_ended(&mine));
    shelf.trouble(Trouble::None);
    sleep(Duration::from_secs(3)).await;
    assert!(starting.is_known() && starting.is_ended(&mine));
}

#[tokio::test(start_paused = true)]
async fn what_nobody_will_say_is_not_waited_for() {
    for trouble in [Trouble::None, Trouble::Forbidden, Trouble::ReadOnly] {
        let shelf = Arc::new(Shelf::default());
        shelf.trouble(trouble);
        let starting = replica(&shelf);
        assert!(!starting.is_known());
        let began = Instant::now();
        starting.read_once().await;
        assert!(starting.is_known() && began.elapsed() < Duration::from_secs(1));
    }
    assert!(Revocations::new(None, keys(1), noon).is_known());
    let shelf = Arc::new(Shelf::default());
    shelf.trouble(Trouble::Away);
    let starting = replica(&shelf);
    sleep(Revocations::LENIENCE.saturating_sub(Duration::from_secs(1))).await;
    assert!(!starting.is_known());
    sleep(Duration::from_secs(5)).await;
    assert!(starting.is_known(), "in an emergency it is better than nothing");
}

#[tokio::test(start_paused = true)]
async fn what_was_ended_stays_ended_when_keys_are_rotated_and_all_replicas_begin_anew() {
    let shelf = Arc::new(Shelf::default());
    shelf.create("1");
    let ring = keys(1);
    let running = replica_with(&shelf, Arc::clone(&ring));
    let mine = session("ann", noon());
    running.end(&Ending::of(&mine)).await;
    sleep(KeyRing::SPREAD).await;
    let text = [2, 1].map(|byte| STANDARD.encode([byte; 32])).join("\n");
    ring.replace(&[crate::KeyText { name: "keys", text: &text }], Instant::now()).expect("keys");
    sleep(Duration::from_secs(10)).await;
    let only_new = || Revocations::new(Some(Arc::clone(&shelf) as _), keys(2), noon);
    let reads = async |replica: &Revocations| replica.look(&*shelf).await.expect("an answer").is_some();
    let early = only_new();
    assert!(reads(&early).await && !early.is_ended(&mine), "the former key seals so far");
    sleep(KeyRing::SPREAD).await;
    assert!(ring.settle(Instant::now()));
    sleep(Duration::from_secs(10)).await;
    let late = only_new();
    assert!(reads(&late).await && late.is_ended(&mine), "{}", shelf.text());
}

#[tokio::test(start_paused = true)]
async fn whatever_is_written_where_the_former_key_still_seals_is_written_anew_where_it_does_not() {
    let shelf = Arc::new(Shelf::default());
    shelf.create("1");
    let text = [2, 1].map(|byte| STANDARD.encode([byte; 32])).join("\n");
    let [young, settled] = [(); 2].map(|()| KeyRing::from_text(&text).expect("keys"));
    assert!(settled.settle(Instant::now() + KeyRing::SPREAD));
    let [young, _settled] = [young, settled].map(|ring| replica_with(&shelf, Arc::new(ring)));
    for nth in ["first", "second", "third"] {
        let mine = session("ann", noon());
        assert_eq!(young.end(&Ending::of(&mine)).await, Reach::Everywhere);
        sleep(Duration::from_secs(10)).await;
        let late = Revocations::new(Some(Arc::clone(&shelf) as _), keys(2), noon);
        assert!(late.look(&*shelf).await.expect("an answer").is_some());
        assert!(late.is_ended(&mine), "the {nth}: {}", shelf.text());
    }
}

#[tokio::test(start_paused = true)]
async fn replicas_that_do_not_agree_on_which_key_is_older_come_to_rest() {
    let shelf = Arc::new(Shelf::default());
    shelf.create("1");
    let replicas = [[2, 1], [1, 2]].map(|bytes| {
        let text = bytes.map(|byte| STANDARD.encode([byte; 32])).join("\n");
        let ring = KeyRing::from_text(&text).expect("keys");
        assert!(ring.settle(Instant::now() + KeyRing::SPREAD));
        replica_with(&shelf, Arc::new(ring))
    });
    for replica in &replicas {
        assert_eq!(replica.end(&Ending::of(&session("ann", noon()))).await, Reach::Everywhere);
    }
    sleep(Duration::from_secs(60)).await;
    let writes = *shelf.writes.lock().expect("unpoisoned");
    sleep(Duration::from_secs(600)).await;
    assert_eq!(*shelf.writes.lock().expect("unpoisoned"), writes);
}
